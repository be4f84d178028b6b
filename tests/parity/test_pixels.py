"""Tables, windows, palettes and chains of them, against highdicom as a black box.

Where highdicom departs from the standard or fails, `DEPARTURES` says how and what is done here instead; each has a
test, here or beside the module.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from hdgpu.array.interop import to_numpy
from hdgpu.content.lut import LUT, VOILUT, ModalityLUT, PresentationLUT
from hdgpu.content.modality import ModalityLUTTransformation
from hdgpu.content.palette import PaletteColorLUTTransformation
from hdgpu.content.palette_table import PaletteColorLUT, SegmentedPaletteColorLUT
from hdgpu.content.presentation import PresentationLUTTransformation
from hdgpu.content.voi import VOILUTTransformation
from tests.conftest import ArrayLibrary

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")

DEPARTURES = {
    "integers for slope and intercept": "highdicom raises TypeError; they are taken as the numbers they are",
    "big endian lut_data": "highdicom writes the bytes as they are; they are put into DICOM's order",
    "an entry count or first value outside the type of the array": "highdicom raises OverflowError; values are clamped",
    "LINEAR window narrower than 1": "highdicom applies it upside down; the standard forbids it: ValueError",
    "LINEAR window of width 1": "highdicom gives NaN at its step; it is the standard's step",
    "window and VOI LUT explanations": "highdicom looks among one kind only; both are looked at, one kind first",
    "equal entries scaled": "highdicom gives NaN; LookupTableError, for there is nothing to scale",
    "float16 of a 16-bit table scaled": "highdicom raises TypeError; it is rounded to the type",
    "integers that may run over": "highdicom overlooks some that a negative slope makes; ValueError",
    "float32": "highdicom computes in float32; here in float64, rounded once",
    "65536 entries": "highdicom cannot read them again; they are read",
    "segmented palettes": "highdicom refuses what it has expanded, and indirect segments; all three kinds are expanded",
    "palette out of a data set": "highdicom fails to combine its tables; they are combined",
    "first value or length of 8-bit palettes": "highdicom wants 256 at most; PS3.3 C.7.6.3.1.5 does not",
}
# Of these highdicom cannot read the entries that it has written.
UNREADABLE = ("segments", "LUT of 65536")
OURS = {
    "LUT": LUT,
    "VOILUT": VOILUT,
    "ModalityLUT": ModalityLUT,
    "PresentationLUT": PresentationLUT,
    "ModalityLUTTransformation": ModalityLUTTransformation,
    "VOILUTTransformation": VOILUTTransformation,
    "PresentationLUTTransformation": PresentationLUTTransformation,
    "PaletteColorLUT": PaletteColorLUT,
    "SegmentedPaletteColorLUT": SegmentedPaletteColorLUT,
    "PaletteColorLUTTransformation": PaletteColorLUTTransformation,
}
WORDS = np.array([30000, 7, 65535, 9, 10, 11, 12], np.uint16)
BYTES = np.array([3, 7, 255, 9, 10], np.uint8)


class Library:
    """The same classes under the same names, ours or highdicom's."""

    def __init__(self, classes: Callable[[str], Any]) -> None:
        self._classes = classes

    def __getattr__(self, name: str) -> Any:
        return self._classes(name)


BOTH = (Library(OURS.__getitem__), Library(lambda name: getattr(highdicom, name)))
Make = Callable[[Any], Any]
VALID: dict[str, Make] = {
    "LUT": lambda hd: hd.LUT(5, WORDS, "text"),
    "LUT of bytes": lambda hd: hd.LUT(0, BYTES),
    "LUT of 65536": lambda hd: hd.LUT(65535, np.arange(65536, dtype=np.uint16)),
    "VOILUT": lambda hd: hd.VOILUT(5, BYTES, "x"),
    "PresentationLUT": lambda hd: hd.PresentationLUT(5, WORDS),
    "ModalityLUT": lambda hd: hd.ModalityLUT("HU", 5, WORDS, "x"),
    "ModalityLUT, other type": lambda hd: hd.ModalityLUT("private", 5, BYTES),
    "modality, rescale": lambda hd: hd.ModalityLUTTransformation(-1024.5, 1 / 3, "HU"),
    "modality, tiny": lambda hd: hd.ModalityLUTTransformation(1e300, 1.23456789e-200, "US"),
    "modality, LUT": lambda hd: hd.ModalityLUTTransformation(modality_lut=hd.ModalityLUT("OD", 5, WORDS)),
    "VOI, window": lambda hd: hd.VOILUTTransformation(40, 400),
    "VOI, windows": lambda hd: hd.VOILUTTransformation([40.0, 1 / 3], [400.0, 5 / 3], ["a", "b"], "LINEAR_EXACT"),
    "VOI, narrow": lambda hd: hd.VOILUTTransformation(40.0, 0.5, "a", "SIGMOID"),
    "VOI, LUTs": lambda hd: hd.VOILUTTransformation(voi_luts=[hd.VOILUT(5, WORDS, "a"), hd.VOILUT(5, BYTES)]),
    "VOI, both": lambda hd: hd.VOILUTTransformation((4.0,), (5.0,), voi_luts=(hd.VOILUT(5, WORDS, "a"),)),
    "presentation": lambda hd: hd.PresentationLUTTransformation(),
    "presentation, inverse": lambda hd: hd.PresentationLUTTransformation("INVERSE"),
    "presentation, LUT": lambda hd: hd.PresentationLUTTransformation(presentation_lut=hd.PresentationLUT(0, WORDS)),
    "palette, colour": lambda hd: hd.PaletteColorLUT(3, BYTES, "Green"),
    "palette": lambda hd: hd.PaletteColorLUTTransformation(
        *(hd.PaletteColorLUT(3, WORDS + i, color) for i, color in enumerate(("red", "green", "blue"))), "1.2.3"
    ),
    "palette of colors": lambda hd: hd.PaletteColorLUTTransformation.from_colors(["red", "#ff7733", "RGB(1, 2, 3)"], 7),
    "combined palette": lambda hd: hd.PaletteColorLUTTransformation.from_combined_lut(
        np.arange(30, dtype=np.uint16).reshape(10, 3) * 2000, 5, "1.2.3"
    ),
    "segments": lambda hd: hd.SegmentedPaletteColorLUT(3, np.array([0, 1, 5, 1, 4, 9], np.uint8), "red"),
}
INVALID: dict[str, Make] = {
    "negative first": lambda hd: hd.LUT(-5, WORDS),
    "large first": lambda hd: hd.LUT(70000, WORDS),
    "fractional first": lambda hd: hd.LUT(1.5, WORDS),
    "NumPy first": lambda hd: hd.LUT(np.int64(3), WORDS),
    "empty": lambda hd: hd.LUT(0, WORDS[:0]),
    "int16": lambda hd: hd.LUT(0, WORDS.astype("i2")),
    "uint32": lambda hd: hd.VOILUT(0, WORDS.astype("u4")),
    "two axes": lambda hd: hd.LUT(0, WORDS[:6].reshape(2, 3)),
    "a list": lambda hd: hd.LUT(0, [1, 2]),
    "65537 entries": lambda hd: hd.LUT(0, np.zeros(65537, np.uint16)),
    "long text": lambda hd: hd.LUT(0, WORDS, "x" * 65),
    "number as text": lambda hd: hd.LUT(0, WORDS, 5),
    "lut_type": lambda hd: hd.ModalityLUT(5, 0, WORDS),
    "no modality": lambda hd: hd.ModalityLUTTransformation(),
    "no slope": lambda hd: hd.ModalityLUTTransformation(1.0, None, "HU"),
    "no type": lambda hd: hd.ModalityLUTTransformation(1.0, 2.0),
    "rescale and LUT": lambda hd: hd.ModalityLUTTransformation(1.0, 2.0, "HU", hd.ModalityLUT("HU", 0, WORDS)),
    "slope and LUT": lambda hd: hd.ModalityLUTTransformation(None, 2.0, None, hd.ModalityLUT("HU", 0, WORDS)),
    "wrong LUT": lambda hd: hd.ModalityLUTTransformation(modality_lut=hd.VOILUT(0, WORDS)),
    "NaN slope": lambda hd: hd.ModalityLUTTransformation(1.0, float("nan"), "HU"),
    "infinite intercept": lambda hd: hd.ModalityLUTTransformation(float("inf"), 1.0, "HU"),
    "no VOI": lambda hd: hd.VOILUTTransformation(),
    "no width": lambda hd: hd.VOILUTTransformation(1.0),
    "no center": lambda hd: hd.VOILUTTransformation(window_width=1.0),
    "one width for two": lambda hd: hd.VOILUTTransformation([1.0, 2.0], [1.0]),
    "a bare width for two": lambda hd: hd.VOILUTTransformation([1.0, 2.0], 1.0),
    "widths for one": lambda hd: hd.VOILUTTransformation(1.0, [1.0]),
    "one explanation for two": lambda hd: hd.VOILUTTransformation([1.0, 2.0], [1.0, 2.0], ["a"]),
    "a bare explanation for two": lambda hd: hd.VOILUTTransformation([1.0, 2.0], [1.0, 2.0], "a"),
    "no centers": lambda hd: hd.VOILUTTransformation([], []),
    "width 0": lambda hd: hd.VOILUTTransformation(1.0, 0.0),
    "negative width": lambda hd: hd.VOILUTTransformation(1.0, -1.0),
    "width 0, exact": lambda hd: hd.VOILUTTransformation(1.0, 0.0, voi_lut_function="LINEAR_EXACT"),
    "NaN width": lambda hd: hd.VOILUTTransformation(1.0, float("nan")),
    "NaN center": lambda hd: hd.VOILUTTransformation(float("nan"), 1.0),
    "text as center": lambda hd: hd.VOILUTTransformation("1", "2"),
    "unknown function": lambda hd: hd.VOILUTTransformation(1.0, 2.0, voi_lut_function="foo"),
    "function alone": lambda hd: hd.VOILUTTransformation(voi_lut_function="LINEAR"),
    "explanation alone": lambda hd: hd.VOILUTTransformation(window_explanation="a", voi_luts=[hd.VOILUT(0, WORDS)]),
    "no LUTs": lambda hd: hd.VOILUTTransformation(voi_luts=[]),
    "a bare LUT": lambda hd: hd.VOILUTTransformation(voi_luts=hd.VOILUT(0, WORDS)),
    "an array as LUT": lambda hd: hd.VOILUTTransformation(voi_luts=[WORDS]),
    "long explanation": lambda hd: hd.VOILUTTransformation(1.0, 2.0, "x" * 65),
    "shape and LUT": lambda hd: hd.PresentationLUTTransformation("INVERSE", hd.PresentationLUT(0, WORDS)),
    "unknown shape": lambda hd: hd.PresentationLUTTransformation("foo"),
    "wrong presentation LUT": lambda hd: hd.PresentationLUTTransformation(None, hd.VOILUT(0, WORDS)),
    "purple": lambda hd: hd.PaletteColorLUT(0, BYTES, "purple"),
    "colours swapped": lambda hd: hd.PaletteColorLUTTransformation(*_tables(hd, ("green", "red", "blue"))),
    "an array as table": lambda hd: hd.PaletteColorLUTTransformation(*_tables(hd)[:2], BYTES),
    "another length": lambda hd: hd.PaletteColorLUTTransformation(*_tables(hd)[:2], _blue(hd, 0, BYTES[:3])),
    "another first value": lambda hd: hd.PaletteColorLUTTransformation(*_tables(hd)[:2], _blue(hd, 1, BYTES)),
    "other bits": lambda hd: hd.PaletteColorLUTTransformation(*_tables(hd)[:2], _blue(hd, 0, WORDS[:5])),
    "no colors": lambda hd: hd.PaletteColorLUTTransformation.from_colors([]),
    "unknown color": lambda hd: hd.PaletteColorLUTTransformation.from_colors(["foo"]),
    "transparent color": lambda hd: hd.PaletteColorLUTTransformation.from_colors(["#ff773380"]),
    "combined, int32": lambda hd: hd.PaletteColorLUTTransformation.from_combined_lut(np.zeros((3, 3), "i4")),
    "combined, turned": lambda hd: hd.PaletteColorLUTTransformation.from_combined_lut(np.zeros((3, 9), "u1")),
    "combined, empty": lambda hd: hd.PaletteColorLUTTransformation.from_combined_lut(np.zeros((0, 3), "u1")),
    "unknown segment": lambda hd: hd.SegmentedPaletteColorLUT(0, np.array([3, 1, 1], "u1"), "red"),
    "nothing to extract": lambda hd: hd.PaletteColorLUTTransformation.extract_from_dataset(Dataset()),
    "no colour to extract": lambda hd: hd.PaletteColorLUT.extract_from_dataset(Dataset(), "red"),
    "no dataset": lambda hd: hd.LUT.from_dataset(3),
    "empty dataset": lambda hd: hd.VOILUT.from_dataset(Dataset()),
}


def _tables(hd: Any, colors: tuple[str, ...] = ("red", "green", "blue")) -> list[Any]:
    return [hd.PaletteColorLUT(0, BYTES, color) for color in colors]


def _blue(hd: Any, first: int, entries: np.ndarray) -> Any:
    return hd.PaletteColorLUT(first, entries, "blue")


def error_of(call: Callable[[], Any]) -> type[Exception] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except Exception as error:
            return type(error)
    return None


@pytest.mark.parametrize("name", VALID)
def test_data_sets_are_equal(name: str) -> None:
    ours, theirs = (VALID[name](library) for library in BOTH)
    assert ours.to_json_dict() == theirs.to_json_dict()
    assert isinstance(ours, Dataset)


@pytest.mark.parametrize("name", VALID)
def test_properties_are_equal(name: str) -> None:
    ours, theirs = (VALID[name](library) for library in BOTH)
    for attribute in ("first_mapped_value", "number_of_entries", "bits_per_entry", "is_segmented"):
        assert getattr(ours, attribute, None) == getattr(theirs, attribute, None)
    for attribute in ("lut_data", "combined_lut_data", "segmented_lut_data"):
        if hasattr(type(theirs), attribute) and name not in UNREADABLE:
            mine, other = getattr(ours, attribute), getattr(theirs, attribute)
            np.testing.assert_array_equal(mine, other)
            assert mine.dtype == other.dtype
    for method in ("has_lut", "has_window"):
        assert (hasattr(ours, method) and getattr(ours, method)()) == (
            hasattr(theirs, method) and getattr(theirs, method)()
        )


@pytest.mark.parametrize("name", INVALID)
def test_refusals_are_of_the_same_type(name: str) -> None:
    ours, theirs = (error_of(lambda library=library: INVALID[name](library)) for library in BOTH)
    assert theirs is not None
    assert ours is not None
    assert issubclass(ours, theirs)


def test_signatures_are_equal() -> None:
    import inspect

    for name, ours in OURS.items():
        theirs = getattr(highdicom, name)
        for member in ("__init__", "apply", "from_dataset", "extract_from_dataset", "from_colors", "from_combined_lut",
                       "get_scaled_lut_data", "get_inverted_lut_data"):  # fmt: skip
            if member in vars(theirs) or (hasattr(theirs, member) and member != "__init__"):
                mine, other = (inspect.signature(getattr(one, member)).parameters for one in (ours, theirs))
                assert list(mine) == list(other), (name, member)
                assert [p.default for p in mine.values()] == [p.default for p in other.values()], (name, member)


# --- Values -----------------------------------------------------------------------------------------------------------

integers = st.sampled_from(["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"])


@st.composite
def arrays(draw: st.DrawFn, dtypes: st.SearchStrategy[str] = integers) -> np.ndarray:
    dtype = np.dtype(draw(dtypes))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    if dtype.kind == "f":
        return generator.normal(0, 3000, (3, 40)).astype(dtype)
    info = np.iinfo(dtype)
    spread = draw(st.sampled_from([100, 5000, 1 << 40]))
    low, high = max(int(info.min), -spread), min(int(info.max), spread)
    values = generator.integers(low, high, (3, 40), dtype, endpoint=True)
    values.flat[:2] = info.min, info.max
    return values


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    dtype = draw(st.sampled_from(["uint8", "uint16"]))
    count = draw(st.integers(2, 400))
    entries = np.random.default_rng(draw(st.integers(0, 99))).integers(
        0, np.iinfo(dtype).max, count, dtype, endpoint=True
    )
    entries[:2] = draw(st.sampled_from([(0, 1), (5, 200), (255, 0)]))
    return draw(st.integers(0, 500)), entries


def equal(ours: Any, theirs: np.ndarray) -> None:
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


@given(tables(), arrays(), st.sampled_from([None, "uint8", "uint16", "int16", "int32", "float32", "float64", "bool"]))
def test_tables(table: tuple[int, np.ndarray], values: np.ndarray, dtype: str | None) -> None:
    ours, theirs = (library.LUT(*table) for library in BOTH)
    expected = error_of(lambda: theirs.apply(values, dtype))
    if expected is OverflowError:  # of which highdicom does not know that it is below or above all values
        equal(ours.apply(values), theirs.apply(values.astype(np.int64)))
    elif expected is not None:
        with pytest.raises(expected):
            ours.apply(values, dtype)
    else:
        equal(ours.apply(values, dtype), theirs.apply(values, dtype))


ranges = st.sampled_from([(0.0, 1.0), (0, 255), (-1.3, 7.7), (-2000.0, -1000.5), (1e-3, 1e5)])


@given(tables(), ranges, st.booleans(), st.sampled_from(["float64", "float32"]))
def test_scaled_and_inverted_entries(
    table: tuple[int, np.ndarray], output_range: tuple[float, float], invert: bool, dtype: str
) -> None:
    ours, theirs = (library.VOILUT(*table) for library in BOTH)
    equal(ours.get_inverted_lut_data(), theirs.get_inverted_lut_data())
    exact = theirs.get_scaled_lut_data(output_range, invert=invert)
    equal(ours.get_scaled_lut_data(output_range, dtype, invert), exact.astype(dtype))


decimals = st.floats(-5000, 5000).map(lambda value: round(value, 3))


def _can_hold(output: np.dtype, stored: np.dtype, slope: float, intercept: float) -> bool:
    if output.kind == "f":
        return True
    if output.kind == "b" or stored.kind == "f":
        return False
    ends = [int(end) * slope + intercept for end in (np.iinfo(stored).min, np.iinfo(stored).max)]
    return bool(np.iinfo(output).min <= min(ends) and max(ends) <= np.iinfo(output).max)


@given(
    arrays(st.sampled_from(["uint8", "int16", "uint16", "int32", "float32", "float64"])),
    decimals,
    decimals,
    st.sampled_from([None, "float64", "float32", "float16", "int16", "int32", "uint16", "int64", "bool"]),
)
def test_rescaling(values: np.ndarray, intercept: float, slope: float, dtype: str | None) -> None:
    if dtype is not None and np.dtype(dtype).kind in "iu":
        intercept, slope = round(intercept), round(slope)
    ours, theirs = (library.ModalityLUTTransformation(float(intercept), float(slope), "HU") for library in BOTH)
    refused = error_of(lambda: theirs.apply(values, dtype))
    if refused is None and dtype is not None and not _can_hold(np.dtype(dtype), values.dtype, slope, intercept):
        refused = ValueError
    if refused is not None:
        with pytest.raises(refused):
            ours.apply(values, dtype)
        return
    if dtype in ("float32", "float16"):
        with np.errstate(over="ignore"):
            equal(ours.apply(values, dtype), theirs.apply(values).astype(dtype))
    elif dtype is not None and np.dtype(dtype).kind in "iu":
        equal(ours.apply(values, dtype), (values.astype(object) * slope + intercept).astype(dtype))
    else:
        equal(ours.apply(values, dtype), theirs.apply(values, dtype))


widths = st.floats(0.01, 6000).map(lambda value: round(value, 3))


@given(
    arrays(st.sampled_from(["uint8", "int8", "uint16", "int16", "int32", "float32", "float64"])),
    decimals,
    widths,
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID", None]),
    ranges,
    st.booleans(),
    st.sampled_from([None, "float64", "float32"]),
)
@example(np.linspace(-35, -30, 99), -31.929, 5.7 - 1.001, "LINEAR", (-99.11, 2.17), False, "float64")
def test_windows(
    values: np.ndarray,
    center: float,
    width: float,
    function: str | None,
    output_range: tuple[float, float],
    invert: bool,
    dtype: str | None,
) -> None:
    if function in ("LINEAR", None):
        width += 1.001
    ours, theirs = (library.VOILUTTransformation(center, width, voi_lut_function=function) for library in BOTH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs.apply(values, output_range, invert=invert)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        equal(ours.apply(values, output_range, 0, dtype, invert), expected.astype(dtype or "float64"))


@given(tables(), arrays(), ranges, st.booleans(), st.sampled_from([None, "float64", "float32"]))
def test_voi_tables(
    table: tuple[int, np.ndarray],
    values: np.ndarray,
    output_range: tuple[float, float],
    invert: bool,
    dtype: str | None,
) -> None:
    ours, theirs = (library.VOILUTTransformation(voi_luts=[library.VOILUT(*table)]) for library in BOTH)
    expected = theirs.apply(values.astype(np.int64), output_range, invert=invert)
    equal(ours.apply(values, output_range, 0, dtype, invert), expected.astype(dtype or "float64"))


@given(tables(), arrays(), st.sampled_from([None, "uint16", "float32"]))
def test_palettes(table: tuple[int, np.ndarray], values: np.ndarray, dtype: str | None) -> None:
    first, entries = table[0] % 256, table[1][:256]
    combined = np.stack([entries, entries[::-1], entries], axis=-1)
    ours, theirs = (library.PaletteColorLUTTransformation.from_combined_lut(combined, first) for library in BOTH)
    equal(ours.apply(values, dtype), theirs.apply(values.astype(np.int64), dtype))


SELECTORS = [0, 1, -1, -2, "a", "b"]
NO_SELECTORS = [2, -3, "z"]


@pytest.mark.parametrize("prefer_lut", [False, True])
def test_selection(prefer_lut: bool) -> None:
    values = np.arange(-50, 400)
    ours, theirs = (
        library.VOILUTTransformation(
            [40.0, 50.0],
            [400.0, 10.0],
            ["a", "b"],
            voi_luts=[library.VOILUT(5, WORDS, "a"), library.VOILUT(0, BYTES, "b")],
        )
        for library in BOTH
    )
    for selector in SELECTORS:
        arguments = {"voi_transform_selector": selector, "prefer_lut": prefer_lut}
        equal(ours.apply(values, **arguments), theirs.apply(values, **arguments))
    for selector in NO_SELECTORS:
        for one in (ours, theirs):
            with pytest.raises(IndexError):
                one.apply(values, voi_transform_selector=selector, prefer_lut=prefer_lut)


@settings(max_examples=30)
@given(arrays(st.sampled_from(["uint8", "int16", "uint16", "int32"])), tables(), st.booleans())
def test_every_array_library(xp: ArrayLibrary, values: np.ndarray, table: tuple[int, np.ndarray], invert: bool) -> None:
    """The same values, on the same device."""
    given_values = xp.asarray(values)
    window = VOILUTTransformation(40.0, 371.5)
    sigmoid = VOILUTTransformation(40.0, 371.5, voi_lut_function="SIGMOID")
    voi_table = VOILUTTransformation(voi_luts=[VOILUT(*table)])
    rescale = ModalityLUTTransformation(-1024.3, 0.7, "HU")
    palette = PaletteColorLUTTransformation.from_combined_lut(np.stack([table[1]] * 3, axis=-1), table[0])
    for one, options in (
        (LUT(*table), {}),
        (LUT(*table), {"dtype": "float32"}),
        (palette, {}),
        (rescale, {}),
        (rescale, {"dtype": "float32"}),
        (ModalityLUTTransformation(-1024.0, 3.0, "HU"), {"dtype": "int64"}),
        (window, {"invert": invert, "output_range": (0, 255)}),
        (window, {"invert": invert, "dtype": "float32"}),
        (voi_table, {"invert": invert}),
    ):
        result = one.apply(given_values, **options)
        assert xp.is_mine(result)
        equal(to_numpy(result), one.apply(values, **options))
    result = sigmoid.apply(given_values, invert=invert)
    assert xp.is_mine(result)
    # each library has an exponential of its own, right to an ulp of its argument's size
    np.testing.assert_allclose(to_numpy(result), sigmoid.apply(values, invert=invert), rtol=1e-13, atol=1e-300)

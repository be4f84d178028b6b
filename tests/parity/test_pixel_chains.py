"""Chains of transforms, from the file on, against highdicom's classes one after the other, and against its images.

highdicom's images fold a LINEAR window into stored values before they take half a unit off, look up at a stride where
a VOI LUT follows a slope, do not scale a VOI LUT after a Modality LUT, and cut tables short for 8 bits: there its own
classes in turn are the oracle.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sr.coding import Code

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.instance import Instance
from hdgpu.errors import HdgpuError, UnsupportedTransformError
from hdgpu.pixels import run
from hdgpu.pixels.attributes import read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from hdgpu.pixels.transform import TransformKind
from tests.conftest import ArrayLibrary
from tests.kernels.frames import transform_frames
from tests.make_icc_profile import gamma, matrix_profile
from tests.make_series import make_dataset

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")
STORED = ("uint8", "int8", "uint16", "int16", "uint32", "int32")


def table_item(first: int, entries: np.ndarray, **attributes: Any) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 65536, first, 8 * entries.itemsize])
    item.add_new("LUTData", "OW", entries.tobytes() + b"\0" * (entries.nbytes % 2))
    for name, value in attributes.items():
        setattr(item, name, value)
    return item


def stored_values(dtype: str, bits: int, seed: int) -> np.ndarray:
    """Return a frame of values that Bits Stored can express, with both ends among them."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if np.dtype(dtype).kind == "i" else (0, (1 << bits) - 1)
    generator = np.random.default_rng(seed)
    values = generator.integers(low, high, (7, 9), np.int64, endpoint=True)
    values[1:3] = generator.integers(max(low, -900), min(high, 900), (2, 9), np.int64, endpoint=True)
    values.flat[:2] = low, high
    return values.astype(dtype)


@dataclass
class Case:
    """A data set, options, and what highdicom's classes make of it in turn."""

    dataset: Dataset
    stored: np.ndarray
    options: dict[str, Any]
    attributes: dict[str, Any]

    def expected(self) -> np.ndarray:
        values: Any = self.stored
        attributes, invert = self.attributes, self.inverts()
        if "ModalityLUTSequence" in attributes:
            table = highdicom.ModalityLUT.from_dataset(attributes["ModalityLUTSequence"][0])
            if invert and not self.options["apply_voi_transform"]:
                return np.asarray(int(table.lut_data.min()) + int(table.lut_data.max()) - table.apply(self.wide), float)
            values = table.apply(self.wide)
        elif "RescaleSlope" in attributes:
            affine = (float(attributes[f"Rescale{name}"]) for name in ("Intercept", "Slope"))
            values = highdicom.ModalityLUTTransformation(*affine, "US").apply(values)
        if not self.options["apply_voi_transform"]:
            if not invert:
                return np.asarray(values, float)
            pixel = Instance(header_of_dataset(self.dataset)).pixel
            slope, intercept = (float(attributes.get(f"Rescale{n}", d)) for n, d in (("Slope", 1), ("Intercept", 0)))
            return sum(end * slope + intercept for end in pixel.stored_range) - values
        transform = Dataset()
        for name in ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"):
            if name in attributes:
                setattr(transform, name, attributes[name])
        transform.__class__ = highdicom.VOILUTTransformation
        if "VOILUTSequence" in attributes:
            transform.VOILUTSequence = [highdicom.VOILUT.from_dataset(attributes["VOILUTSequence"][0])]
            values = np.asarray(values).astype(np.int64)
        output_range = self.options["voi_output_range"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return transform.apply(np.asarray(values), output_range, invert=invert)

    @property
    def wide(self) -> np.ndarray:
        return self.stored.astype(np.int64)

    def inverts(self) -> bool:
        shape = self.attributes.get("PresentationLUTShape", "")
        return shape == "INVERSE" or (not shape and self.attributes["PhotometricInterpretation"] == "MONOCHROME1")

    def stages(self) -> int:
        voi = self.options["apply_voi_transform"]
        modality = "ModalityLUTSequence" in self.attributes or "RescaleSlope" in self.attributes
        return voi + modality + (self.inverts() and not voi)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dtype = draw(st.sampled_from(STORED))
    size = 8 * np.dtype(dtype).itemsize
    bits = draw(st.sampled_from([size, size - 4, size - 1]))
    stored = stored_values(dtype, bits, draw(st.integers(0, 99)))
    first = 0 if np.dtype(dtype).kind == "u" else draw(st.sampled_from([-100, -5, 7]))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    entries = generator.integers(0, 4000, draw(st.integers(2, 500)), np.uint16)
    entries[:2] = 11, 2000
    attributes: dict[str, Any] = {
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PhotometricInterpretation": draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])),
    }
    modality = draw(st.sampled_from(["none", "rescale", "whole", "table"]))
    if modality == "table":
        attributes["ModalityLUTSequence"] = [table_item(first, entries, ModalityLUTType="US")]
    elif modality != "none":
        slopes = st.sampled_from(["1", "2", "-3"]) if modality == "whole" else st.sampled_from(["0.1", "1.37", "-0.7"])
        attributes["RescaleSlope"] = draw(slopes)
        attributes["RescaleIntercept"] = draw(st.sampled_from(["0", "-1024", "7"]))
    voi = draw(st.sampled_from(["none", "LINEAR", "LINEAR_EXACT", "SIGMOID", "default", "table"]))
    if voi == "table" and modality != "rescale":
        attributes["VOILUTSequence"] = [table_item(draw(st.sampled_from([0, 40, 300])), entries[::-1].copy())]
    elif voi not in ("none", "table"):
        attributes["WindowCenter"] = draw(st.sampled_from(["40", "-600.5", "1000.25"]))
        attributes["WindowWidth"] = draw(st.sampled_from(["1.5", "400", "4095.75"]))
        if voi != "default":
            attributes["VOILUTFunction"] = voi
    if draw(st.booleans()):
        attributes["PresentationLUTShape"] = draw(st.sampled_from(["IDENTITY", "INVERSE"]))
    options = {
        "apply_voi_transform": "WindowCenter" in attributes or "VOILUTSequence" in attributes,
        "voi_output_range": draw(st.sampled_from([(0.0, 1.0), (0.0, 255.0), (-3.5, 12.25)])),
    }
    return Case(make_dataset(stored, **attributes), stored, options, attributes)


def ulps(ours: np.ndarray, theirs: np.ndarray, scale: float) -> float:
    """Return the largest difference in units in the last place of the largest value that occurs on the way."""
    return float(np.max(np.abs(ours - theirs)) / np.spacing(max(scale, float(np.max(np.abs(theirs))))))


@settings(max_examples=300)
@given(cases())
def test_chains(case: Case) -> None:
    """Bit for bit, but for the inversion that is folded into slope and intercept; float32 is float64 rounded once."""
    ours = hd.get_volume_from_series([case.dataset], **case.options).array[0]
    theirs = case.expected()
    if case.inverts() and not case.options["apply_voi_transform"] and "RescaleSlope" in case.attributes:
        slope, intercept = (abs(float(case.attributes[f"Rescale{name}"])) for name in ("Slope", "Intercept"))
        assert ulps(ours, theirs, 2 * float(np.abs(case.stored.astype(float)).max()) * slope + 2 * intercept) <= 4
    else:
        np.testing.assert_array_equal(ours, theirs)
    single = hd.get_volume_from_series([case.dataset], dtype=np.float32, **case.options).array[0]
    np.testing.assert_array_equal(single, ours.astype(np.float32))
    if not case.options["apply_voi_transform"] and np.array_equal(ours, np.rint(ours)):
        whole = hd.get_volume_from_series([case.dataset], dtype=np.int64, **case.options).array[0]
        np.testing.assert_array_equal(whole, ours)


@settings(max_examples=150)
@given(cases())
def test_images(case: Case) -> None:
    """Where highdicom's images are right they say the same."""
    linear = case.attributes.get("VOILUTFunction", "LINEAR") == "LINEAR" and "WindowCenter" in case.attributes
    slope = float(case.attributes.get("RescaleSlope", 1))
    is_table = "ModalityLUTSequence" in case.attributes
    has_table = is_table or "VOILUTSequence" in case.attributes
    if ("VOILUTSequence" in case.attributes and (slope != 1 or is_table)) or (linear and slope != 1):
        return
    if has_table and case.stored.itemsize == 1:  # of whose tables highdicom takes too short a part
        return
    try:
        theirs = highdicom.Image.from_dataset(case.dataset).get_frame(1, **case.options)
    except OverflowError:  # of a table that begins beyond the type of the stored values
        return
    ours = hd.get_volume_from_series([case.dataset], **case.options).array[0]
    if case.stages() <= 1 or (is_table and not case.options["apply_voi_transform"]):
        np.testing.assert_array_equal(ours, theirs)
    else:
        width = float(case.attributes.get("WindowWidth", 1))
        size = max(1.0, float(np.abs(case.stored.astype(float)).max()) * abs(slope) / width)
        assert ulps(ours, theirs, size * max(map(abs, case.options["voi_output_range"]))) <= 4


@settings(max_examples=60)
@given(cases(), st.sampled_from(["float64", "float32"]))
def test_without_the_extension_and_on_every_library(xp: ArrayLibrary, case: Case, dtype: str) -> None:
    instance = Instance(header_of_dataset(case.dataset))
    numbers = [case.attributes.get(f"Rescale{name}", "nan") for name in ("Slope", "Intercept")]
    slope, intercept = (np.array([float(number)]) for number in numbers)
    attributes = read_attributes(instance, {})
    transform = compile_transform(instance.pixel, slope, intercept, attributes, TransformOptions(**case.options), dtype)
    with pytest.MonkeyPatch.context() as patch:
        compiled = np.empty(case.stored.shape, dtype)
        run.transform_frame(transform, 0, case.stored, compiled)
        patch.setattr(run, "extension", lambda: None)
        plain = np.empty(case.stored.shape, dtype)
        run.transform_frame(transform, 0, case.stored, plain)
    np.testing.assert_array_equal(compiled, plain)
    stored = xp.asarray(np.stack([case.stored, case.stored]))
    result = transform_frames(transform, stored, [0, 0])
    assert xp.is_mine(result)
    for frame in to_numpy(result):
        if transform.kind is TransformKind.STEPS and case.attributes.get("VOILUTFunction") == "SIGMOID":
            np.testing.assert_allclose(frame, plain, rtol=1e-6 if dtype == "float32" else 1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(frame, plain)


# --- Real-world values, switches and selectors ------------------------------------------------------------------------

CODE = Code("mm", "UCUM", "mm")


def real_world_map(label: str, unit: str = "ml", *, first: int = -400, last: int = 400, **values: Any) -> Dataset:
    item = Dataset()
    item.LUTLabel = label
    for name, value in (("First", first), ("Last", last)):
        item.add_new(f"RealWorldValue{name}ValueMapped", "SS", value)
    for name, value in values.items():
        setattr(item, f"RealWorldValue{name}", value)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
    item.MeasurementUnitsCodeSequence = [code]
    return item


FRAME = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
RESCALE = {"RescaleSlope": "3", "RescaleIntercept": "1"}
WINDOWS = {"WindowCenter": ["0", "5"], "WindowWidth": ["101", "11"], "WindowCenterWidthExplanation": ["A", "B"]}
MAPS = {
    "RealWorldValueMappingSequence": [
        real_world_map("A", Slope=2.0, Intercept=-10.5),
        real_world_map("B", "mm", Slope=0.1, Intercept=3.3),
        real_world_map("T", LUTData=[float(i) / 3 for i in range(801)]),
    ]
}
OWN = highdicom.VOILUTTransformation(window_center=3.0, window_width=7.0)
SWITCHES: list[dict[str, Any]] = [
    {},
    {"apply_real_world_transform": True},
    {"apply_real_world_transform": False},
    {"apply_modality_transform": True},
    {"apply_modality_transform": False},
    {"apply_real_world_transform": True, "apply_modality_transform": True},
    {"apply_voi_transform": True},
    {"apply_voi_transform": None},
    {"apply_voi_transform": True, "apply_modality_transform": False},
    {"apply_voi_transform": None, "apply_modality_transform": False},
    {"apply_voi_transform": True, "apply_real_world_transform": True},
    {"apply_voi_transform": True, "apply_real_world_transform": False},
    {"apply_voi_transform": None, "apply_real_world_transform": False},
    {"apply_presentation_lut": False},
    {"apply_palette_color_lut": True},
    {"apply_palette_color_lut": False},
    {"apply_icc_profile": True},
    {"apply_icc_profile": False},
    {"apply_icc_profile": True, "apply_palette_color_lut": False},
    *[
        {"real_world_value_map_selector": selector}
        for selector in (1, -1, -3, 3, -4, "B", "Z", CODE, Code("s", "UCUM", "s"))
    ],
    *[
        {"apply_voi_transform": True, "voi_transform_selector": selector}
        for selector in (1, -2, 2, "B", "Z", 1.5, None, OWN)
    ],
    {"apply_voi_transform": None, "voi_transform_selector": OWN},
    {"apply_voi_transform": False, "voi_transform_selector": OWN},
    {"apply_voi_transform": True, "voi_output_range": (1.0, 0.0)},
    {"apply_voi_transform": True, "voi_output_range": (0.0, 255.0)},
    {"apply_voi_transform": True, "dtype": np.uint8},
    {"dtype": np.float32},
    {"dtype": np.int32},
]
PALETTE = {e.keyword: e.value for e in highdicom.PaletteColorLUTTransformation.from_colors(["red", "green", "blue"], 2)}
FILES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "rescale": RESCALE,
    "windows": WINDOWS,
    "rescale 1 and windows": {"RescaleSlope": "1", "RescaleIntercept": "-40", **WINDOWS},
    "maps": MAPS,
    "maps, rescale 1 and windows": {"RescaleSlope": "1", "RescaleIntercept": "-40", **WINDOWS, **MAPS},
    "inverse": {"PresentationLUTShape": "INVERSE", **MAPS},
    "modality LUT": {
        "ModalityLUTSequence": [table_item(-200, np.arange(400, dtype=np.uint16) * 3, ModalityLUTType="HU")]
    },
    "VOI LUTs": {
        "VOILUTSequence": [table_item(-50, np.arange(100, dtype=np.uint16), LUTExplanation=name) for name in "AB"]
    },
    "palette": {"PhotometricInterpretation": "PALETTE COLOR", **RESCALE, **WINDOWS, **PALETTE},
    "palette that is not there": {"PhotometricInterpretation": "PALETTE COLOR"},
}
# highdicom stores values that do not fit, and has no real-world tables but into float64.
STRICT = {
    "maps": {"dtype": np.int32},
    "maps, rescale 1 and windows": {"dtype": np.int32},
    "inverse": {"dtype": np.int32},
}


@functools.cache
def both_images(name: str) -> tuple[Dataset, Any]:
    dataset = make_dataset(abs(FRAME).astype(np.uint16) if "palette" in name else FRAME, **FILES[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dataset, highdicom.Image.from_dataset(dataset)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("options", SWITCHES, ids=str)
def test_switches(name: str, options: dict[str, Any]) -> None:
    """The values or the kind of error that highdicom's images give."""
    dataset, image = both_images(name)
    if (
        name == "rescale"
        and options.get("voi_transform_selector") is OWN
        and options["apply_voi_transform"] is not False
    ):
        values = highdicom.ModalityLUTTransformation(1.0, 3.0, "US").apply(FRAME)  # as above
        np.testing.assert_array_equal(hd.get_volume_from_series([dataset], **options).array[0], OWN.apply(values))
        return
    asked = options
    if options == {"apply_palette_color_lut": False}:
        asked = {**options, "apply_icc_profile": False}  # which highdicom insists on
    if STRICT.get(name) == options:
        with pytest.raises(ValueError, match="int32"):
            hd.get_volume_from_series([dataset], **options)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = image.get_frame(1, **asked)
        except Exception as error:
            with pytest.raises(type(error)) as raised:
                hd.get_volume_from_series([dataset], **options)
            assert isinstance(raised.value, HdgpuError | ValueError | TypeError)
            return
    ours = hd.get_volume_from_series([dataset], **options).array[0]
    assert ours.dtype == theirs.dtype
    if theirs.dtype == np.float32:
        theirs = theirs.astype(np.float64)
        np.testing.assert_allclose(ours, theirs, rtol=2e-6)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=4 * np.spacing(np.abs(theirs).max()))


@pytest.mark.parametrize("selector", [0, 2])
def test_stored_values_that_no_real_world_map_maps(selector: int) -> None:
    for first, last in ((-299, 400), (-400, 298)):
        table = (
            {"LUTData": [float(i) for i in range(last - first + 1)]} if selector else {"Slope": 2.0, "Intercept": 1.0}
        )
        dataset = make_dataset(
            FRAME, RealWorldValueMappingSequence=[real_world_map("A", first=first, last=last, **table)]
        )
        with pytest.raises(ValueError, match="lie outside"):
            hd.get_volume_from_series([dataset])
        with pytest.raises(ValueError, match="outside the"):
            highdicom.Image.from_dataset(dataset).get_frame(1)


PROFILE = matrix_profile([(0.7, 0.28), (0.2, 0.7), (0.14, 0.05), (0.3457, 0.3585)], gamma(1.8))


@pytest.mark.parametrize("apply", [None, True, False])
@pytest.mark.parametrize("dtype", ["float64", "uint8"])
@pytest.mark.parametrize("kind", ["RGB", "palette"])
def test_colour_management(kind: str, dtype: str, apply: bool | None) -> None:
    generator = np.random.default_rng(4)
    if kind == "RGB":
        dataset = make_dataset(generator.integers(0, 256, (300, 70, 3), np.uint8), ICCProfile=PROFILE)
    else:
        entries = generator.integers(0, 256, (256, 3), np.uint8)
        palette = highdicom.PaletteColorLUTTransformation.from_combined_lut(entries)
        attributes = {element.keyword: element.value for element in palette}
        stored = generator.integers(0, 256, (30, 40), np.uint8)
        dataset = make_dataset(stored, PhotometricInterpretation="PALETTE COLOR", ICCProfile=PROFILE, **attributes)
    theirs = highdicom.Image.from_dataset(dataset).get_frame(1, dtype=dtype, apply_icc_profile=apply)
    ours = hd.get_volume_from_series([dataset], dtype=dtype, apply_icc_profile=apply).array[0]
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_colours_that_are_not_managed() -> None:
    wide = make_dataset(np.zeros((3, 4, 3), np.uint16), ICCProfile=PROFILE)
    with pytest.raises(UnsupportedTransformError, match="apply_icc_profile=False"):
        hd.get_volume_from_series([wide])
    assert hd.get_volume_from_series([wide], apply_icc_profile=False).array.shape == (1, 3, 4, 3)
    grey = make_dataset(FRAME, ICCProfile=PROFILE)
    np.testing.assert_array_equal(hd.get_volume_from_series([grey]).array[0], FRAME)

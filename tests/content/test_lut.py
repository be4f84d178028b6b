"""Encodings that files use, and what is refused: what highdicom cannot be asked about."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels.processing import _expand_segmented_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hdgpu.content.lut import LUT, VOILUT, ModalityLUT
from hdgpu.content.modality import ModalityLUTTransformation
from hdgpu.content.palette import PaletteColorLUTTransformation
from hdgpu.content.palette_table import PaletteColorLUT, SegmentedPaletteColorLUT
from hdgpu.content.voi import VOILUTTransformation
from hdgpu.errors import LookupTableError, MissingAttributeError, TransformSelectionError

ENTRIES = np.array([30000, 7, 65535], np.uint16)
ENCODED = ENTRIES.astype("<u2").tobytes()


def item(descriptor: Any = (3, 0, 16), data: Any = ENCODED, *, vr: str = "US", data_vr: str = "OW") -> Dataset:
    dataset = Dataset()
    dataset.add_new("LUTDescriptor", vr, list(descriptor))
    dataset.add_new("LUTData", data_vr, data)
    return dataset


@pytest.mark.parametrize(
    ("dataset", "first", "entries"),
    [
        (item(), 0, ENTRIES),
        (item(data=ENTRIES.tolist(), data_vr="US"), 0, ENTRIES),
        (item(data=ENTRIES.astype("i2").tolist(), data_vr="SS"), 0, ENTRIES),
        (item((1, 5, 16), 7, data_vr="US"), 5, np.array([7], np.uint16)),
        (item((3, -5, 16), vr="SS"), -5, ENTRIES),
        (item((3, 0, 12), np.array([0, 5, 4095], "<u2").tobytes()), 0, np.array([0, 5, 4095], np.uint16)),
        (item((3, 0, 8), b"\1\2\3\0"), 0, np.array([1, 2, 3], np.uint8)),
        (item((3, 0, 8), b"\1\2\3", data_vr="OB"), 0, np.array([1, 2, 3], np.uint8)),
        (item((3, 0, 8), [1, 2, 3], data_vr="US"), 0, np.array([1, 2, 3], np.uint8)),
        (item((3, 0, 8), b"\1\0\2\0\3\0"), 0, np.array([1, 2, 3], np.uint8)),
        (item((0, 0, 16), np.arange(65536, dtype="<u2").tobytes()), 0, np.arange(65536, dtype=np.uint16)),
        (item((-25536, 0, 16), np.arange(40000, dtype="<u2").tobytes(), vr="SS"), 0, np.arange(40000, dtype=np.uint16)),
    ],
    ids=str,
)
def test_encodings(dataset: Dataset, first: int, entries: np.ndarray) -> None:
    table = LUT.from_dataset(dataset)
    assert (table.first_mapped_value, table.number_of_entries) == (first, len(entries))
    np.testing.assert_array_equal(table.lut_data, entries)
    assert table.lut_data.dtype == entries.dtype
    below_and_above = np.array([first - 1, first + len(entries)])
    np.testing.assert_array_equal(table.apply(below_and_above), entries[[0, -1]])


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (item(data=ENTRIES[:2].tobytes()), "expected 3 entries of 16 bits, found 4 bytes"),
        (item(data=ENTRIES.tobytes() + b"\0\0"), "found 8 bytes"),
        (item((0, 0, 16)), "expected 65536 entries"),
        (item((3, 0, 8), b"\1\2"), "expected 3 entries of 8 bits"),
        (item((3, 0, 8), ENTRIES.tobytes()), "larger than the descriptor allows"),
        (item((3, 0, 7)), "expected 8 to 16 bits, found 7"),
        (item((3, 0, 17)), "expected 8 to 16 bits, found 17"),
        (item((3, 0)), "expected 3 integers"),
        (item(data=[1.5, 2, 3], data_vr="FD"), "found 0 entries"),
        (item(data=[1, 2, 70000], data_vr="UL"), "found 0 entries"),
        (item(data=b"\1\2\3"), "found 3 bytes"),
    ],
    ids=str,
)
def test_damaged_tables(dataset: Dataset, expected: str) -> None:
    with pytest.raises(LookupTableError, match=expected) as raised:
        LUT.from_dataset(dataset)
    assert isinstance(raised.value, RuntimeError | ValueError)


@pytest.mark.parametrize("keyword", ["LUTDescriptor", "LUTData"])
def test_missing_attributes(keyword: str) -> None:
    dataset = item()
    del dataset[keyword]
    with pytest.raises(MissingAttributeError, match=keyword):
        VOILUT.from_dataset(dataset)


def test_from_dataset_copies_or_converts() -> None:
    dataset = item()
    copied = ModalityLUT.from_dataset(dataset)
    assert type(copied) is ModalityLUT
    assert type(dataset) is Dataset
    copied.LUTExplanation = "changed"
    assert "LUTExplanation" not in dataset
    assert LUT.from_dataset(dataset, copy=False) is dataset
    assert type(dataset) is LUT


def written(dataset: Dataset, syntax: str) -> Dataset:
    file = BytesIO()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(
        file, dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian
    )
    file.seek(0)
    return pydicom.dcmread(file, force=True)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize(
    "entries", [ENTRIES, np.array([3, 7, 255, 9], np.uint8), np.array([3, 7, 255], np.uint8)], ids=str
)
def test_written_and_read_again(syntax: str, entries: np.ndarray) -> None:
    dataset = ModalityLUTTransformation(modality_lut=ModalityLUT("HU", 5, entries))
    dataset.PixelRepresentation = 0
    read = ModalityLUT.from_dataset(written(dataset, syntax).ModalityLUTSequence[0])
    assert read.first_mapped_value == 5
    np.testing.assert_array_equal(read.lut_data, entries)
    palette = PaletteColorLUTTransformation.from_combined_lut(np.stack([entries] * 3, axis=-1), 5)
    palette.PixelRepresentation = 0
    again = PaletteColorLUTTransformation.extract_from_dataset(written(palette, syntax))
    np.testing.assert_array_equal(again.combined_lut_data, palette.combined_lut_data)


def test_big_endian_words() -> None:
    """Bytes under OW are words in the file's order, which pydicom hands on as they are."""
    for entries, bits in ((ENTRIES, 16), (np.array([1, 2, 3], np.uint8), 8)):
        encoded = entries.tobytes() + b"\0" * (entries.nbytes % 2)
        swapped = np.frombuffer(encoded, np.uint16).byteswap().tobytes()
        dataset = item((3, 0, bits), swapped)
        dataset.set_original_encoding(False, False)
        np.testing.assert_array_equal(LUT.from_dataset(dataset).lut_data, entries)
    np.testing.assert_array_equal(LUT(0, ENTRIES.astype(">u2")).lut_data, ENTRIES)


def test_constant_tables_cannot_be_scaled() -> None:
    constant = VOILUT(0, np.array([7, 7], np.uint8))
    with pytest.raises(LookupTableError, match="all entries of the table are equal"):
        constant.get_scaled_lut_data()
    np.testing.assert_array_equal(constant.get_inverted_lut_data(), [7, 7])


def test_values_beyond_the_type_of_the_array() -> None:
    beyond = LUT(300, ENTRIES)
    np.testing.assert_array_equal(beyond.apply(np.array([0, 255], np.uint8)), [30000, 30000])
    np.testing.assert_array_equal(
        LUT.from_dataset(item((3, -9, 16), vr="SS")).apply(np.array([0, 9], np.uint8)), [65535] * 2
    )
    ends = np.array([0, 1 << 63, (1 << 64) - 1], np.uint64)
    np.testing.assert_array_equal(LUT(5, ENTRIES).apply(ends), [30000, 65535, 65535])


@pytest.mark.parametrize("values", [np.array([1.0]), np.array([True]), [1, 2], 3], ids=str)
def test_what_cannot_be_looked_up(values: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        LUT(0, ENTRIES).apply(values)


# --- Windows ----------------------------------------------------------------------------------------------------------


def test_windows_that_the_standard_forbids() -> None:
    for width in (0.0, 0.5, 0.999):
        with pytest.raises(ValueError, match="1 or more"):
            VOILUTTransformation(1.0, width)
    for function in ("LINEAR_EXACT", "SIGMOID"):
        VOILUTTransformation(1.0, 0.5, voi_lut_function=function)
        with pytest.raises(ValueError, match="more than 0"):
            VOILUTTransformation(1.0, 0.0, voi_lut_function=function)


@pytest.mark.parametrize("invert", [False, True])
def test_a_window_of_width_one_is_a_step(invert: bool) -> None:
    """PS3.3 C.11.2.1.2.1: the lower end up to and with center - 0.5."""
    values = np.array([-1e300, 39.0, 39.5, np.nextafter(39.5, 40), 40.0, 1e300])
    expected = np.array([0, 0, 0, 10, 10, 10.0])
    result = VOILUTTransformation(40.0, 1.0).apply(values, (0, 10), invert=invert)
    np.testing.assert_array_equal(result, expected[::-1] if invert else expected)


@given(st.floats(-1e4, 1e4), st.floats(1, 1e4), st.booleans())
def test_linear_is_the_standards_pseudo_code(center: float, width: float, invert: bool) -> None:
    """PS3.3 C.11.2.1.2.1."""
    transform = VOILUTTransformation(center, width)
    center, width = float(transform.WindowCenter), float(transform.WindowWidth)
    values = np.concatenate([np.linspace(center - width, center + width, 101), np.array([-1e9, 1e9])])
    lower, upper = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ramp = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    expected = np.where(values <= lower, 0, np.where(values > upper, 255, ramp))
    slack = 1e-8 + 1e-9 / max(width - 1, 1e-12)  # of which a ramp as steep as this makes much
    near = (np.abs(values - lower) < 1e-9) | (np.abs(values - upper) < 1e-9)
    result = transform.apply(values, (0, 255), invert=invert)
    np.testing.assert_allclose((255 - result if invert else result)[~near], expected[~near], atol=min(slack, 255))


def test_selection_lists_what_there_is() -> None:
    both = VOILUTTransformation(1.0, 2.0, "bone", voi_luts=[VOILUT(0, ENTRIES, "lung")])
    values = np.array([0, 1, 2])
    np.testing.assert_array_equal(
        both.apply(values, voi_transform_selector="lung"), both.apply(values, prefer_lut=True)
    )
    with pytest.raises(TransformSelectionError, match=r"expected 'skin', found LUT 'lung', window 'bone'"):
        both.apply(values, voi_transform_selector="skin")


@pytest.mark.parametrize("output_range", [(1, 0), (3, 3), (0, float("nan")), (0, float("inf"))])
def test_output_ranges_that_are_none(output_range: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="output_range"):
        VOILUTTransformation(1.0, 2.0).apply(np.array([1]), output_range)


# --- Palettes ---------------------------------------------------------------------------------------------------------


@st.composite
def segments(draw: st.DrawFn) -> tuple[list[int], int]:
    """Draw discrete and linear segments of 8 or 16 bits."""
    largest = draw(st.sampled_from([255, 65535]))
    value = st.integers(0, largest)
    data = [0, 1, draw(value)]
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            values = draw(st.lists(value, min_size=1, max_size=5))
            data += [0, len(values), *values]
        else:
            data += [1, draw(st.integers(1, 30)), draw(value)]
    return data, largest


@given(segments())
def test_segments_expand_as_in_pydicom(drawn: tuple[list[int], int]) -> None:
    data, largest = drawn
    dtype = np.uint8 if largest == 255 else np.uint16
    table = SegmentedPaletteColorLUT(0, np.array(data, dtype), "red")
    np.testing.assert_array_equal(
        table.lut_data, _expand_segmented_lut(tuple(data), "<B" if dtype is np.uint8 else "<H")
    )
    assert table.number_of_entries == len(table.lut_data)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_indirect_segments(dtype: type) -> None:
    """PS3.3 C.7.9.2.3: segments are repeated from an offset in bytes on, going on from the last value."""
    begin = [0, 2, 10, 20, 1, 2, 40]
    offset = 4 * np.dtype(dtype).itemsize  # of the linear segment
    words = [offset, 0] if dtype is np.uint16 else [offset, 0, 0, 0]
    data = [*begin, 0, 1, 100, 2, 1, *words]
    expected = [10, 20, 30, 40, 100, 70, 40]
    table = SegmentedPaletteColorLUT(0, np.array(data, dtype), "red")
    np.testing.assert_array_equal(table.lut_data, expected)
    np.testing.assert_array_equal(table.apply(np.array([5, 99])), [70, 40])
    if dtype is np.uint8:
        np.testing.assert_array_equal(table.lut_data, _expand_segmented_lut(tuple(data), "<B"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1, 3, 50], "nothing to start from"),
        ([2, 1, 0, 0], "an indirect segment refers to no segment|unknown type|nothing"),
        ([0, 3, 1, 2], "cut short"),
        ([0, 1, 5, 1, 4], "cut short"),
        ([0, 1, 5, 2, 1, 3, 0], "refers to no segment"),
        ([0, 1, 5, 2, 1, 100, 0], "refers to no segment"),
        ([0, 1, 5, 2, 1, 6, 0], "unknown type"),  # to itself
        ([0, 1, 5, 7, 1, 0], "unknown type"),
        ([0, 0], "some"),
        ([0, 1, 5, 1, 65535, 9, 1, 65535, 9], "too many"),
    ],
    ids=str,
)
def test_damaged_segments(data: list[int], expected: str) -> None:
    with pytest.raises(LookupTableError, match=expected):
        SegmentedPaletteColorLUT(0, np.array(data, np.uint16), "red")


def test_segmented_palette_applies() -> None:
    data = np.array([0, 1, 5, 1, 4, 9], np.uint16)
    tables = [
        SegmentedPaletteColorLUT(3, data * np.array([1, 1, 1 + i] * 2, np.uint16), color)
        for i, color in enumerate(("red", "green", "blue"))
    ]
    palette = PaletteColorLUTTransformation(*tables)
    assert palette.is_segmented
    again = PaletteColorLUTTransformation.extract_from_dataset(palette)
    for one in (palette, again):
        assert isinstance(one.green_lut, SegmentedPaletteColorLUT)
        np.testing.assert_array_equal(one.combined_lut_data, np.outer(range(5, 10), (1, 2, 3)))
        np.testing.assert_array_equal(one.apply(np.array([0, 5, 9]))[:, 0], [5, 7, 9])


def test_tables_that_disagree_with_their_descriptor() -> None:
    palette = PaletteColorLUTTransformation.from_colors(["red", "green", "blue"])
    palette.GreenPaletteColorLookupTableDescriptor = [5, 0, 8]
    with pytest.raises(LookupTableError, match="GreenPalette.*expected 5 entries"):
        PaletteColorLUTTransformation.extract_from_dataset(palette)
    palette.GreenPaletteColorLookupTableDescriptor = [3, 1, 8]
    with pytest.raises(LookupTableError, match="differ in first_mapped_value"):
        PaletteColorLUTTransformation.extract_from_dataset(palette)


def test_extracted_tables_are_their_own() -> None:
    image = Dataset()
    image.update(PaletteColorLUTTransformation.from_colors(["red", "green", "blue"], 4))
    image.PatientName = "nobody"
    table = PaletteColorLUT.extract_from_dataset(image, "BLUE")
    assert "PatientName" not in table
    image.BluePaletteColorLookupTableDescriptor = [1, 0, 8]
    assert (table.number_of_entries, table.first_mapped_value, table.color) == (3, 4, "blue")

"""Native frames built by hand, against pydicom and against what they were built from."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import PixelDataSizeError, UnsupportedPixelError
from tests.codecs.frames_of import assert_equal, decode, pydicom_array

LITTLE, BIG, ENCAPSULATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.98"
RANDOM = np.random.default_rng(7)


def make_dataset(value: bytes, syntax: str, vr: str, **attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    defaults = {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelRepresentation": 0,
        "BitsAllocated": 8,
    }
    for keyword, attribute in {**defaults, **attributes}.items():
        setattr(dataset, keyword, attribute)
    if "BitsStored" not in dataset:
        dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = value
    dataset["PixelData"].VR = vr
    return dataset


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (3, 5), (1, 1), (7, 9)])
def test_bits_of_frames_that_begin_within_a_byte(syntax: str, rows: int, columns: int) -> None:
    frames = RANDOM.integers(0, 2, (5, rows, columns), dtype=np.uint8)
    packed = np.packbits(frames.ravel(), bitorder="little").tobytes()
    dataset = make_dataset(
        packed + bytes(len(packed) % 2), syntax, "OB", BitsAllocated=1, Rows=rows, Columns=columns, NumberOfFrames=5
    )
    # All frames at once: pydicom cuts a single one short if it lies in one byte more than its length takes up.
    np.testing.assert_array_equal(pydicom_array(dataset, None), frames)
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(decode(dataset, index)[0], frame)


@pytest.mark.parametrize("columns", [4, 6])
def test_ybr_full_422(columns: int) -> None:
    packed = RANDOM.integers(0, 256, 2 * 5 * columns, dtype=np.uint8).tobytes()
    attributes = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "YBR_FULL_422"}
    dataset = make_dataset(packed, LITTLE, "OB", Rows=5, Columns=columns, **attributes)
    assert_equal(decode(dataset)[0], pydicom_array(dataset))


def test_ybr_full_422_of_odd_columns_ends_rows_in_half_a_pair() -> None:
    pixel = ImagePixel(2, 3, 3, "YBR_FULL_422", 8, 8, 7)
    packed = bytes([10, 20, 128, 128, 30, 0, 128, 128, 40, 50, 128, 128, 60, 0, 128, 128])
    found, _ = route_for(LITTLE, pixel).decode(packed, np.empty((2, 3, 3), np.uint8))
    np.testing.assert_array_equal(found, np.repeat([[[10], [20], [30]], [[40], [50], [60]]], 3, axis=2))


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8"])
@pytest.mark.parametrize("syntax", [LITTLE, BIG])
@pytest.mark.parametrize("planar", [0, 1])
def test_colour_by_pixel_and_by_plane(dtype: str, syntax: str, planar: int) -> None:
    info = np.iinfo(dtype)
    colour = RANDOM.integers(info.min, info.max, (4, 5, 3), dtype=dtype)
    stored = colour.transpose(2, 0, 1) if planar else colour
    value = stored.astype(np.dtype(dtype).newbyteorder("<" if syntax == LITTLE else ">")).tobytes()
    bits = info.bits
    attributes = {"SamplesPerPixel": 3, "PlanarConfiguration": planar, "PhotometricInterpretation": "RGB"}
    attributes |= {"BitsAllocated": bits, "PixelRepresentation": int(info.min < 0)}
    dataset = make_dataset(value, syntax, "OB" if bits == 8 else "OW", Rows=4, Columns=5, **attributes)
    found, _ = decode(dataset)
    np.testing.assert_array_equal(found, colour)
    assert_equal(found, pydicom_array(dataset))


def test_ybr_full_by_plane() -> None:
    ybr = RANDOM.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    attributes = {"SamplesPerPixel": 3, "PlanarConfiguration": 1, "PhotometricInterpretation": "YBR_FULL"}
    dataset = make_dataset(ybr.transpose(2, 0, 1).tobytes(), LITTLE, "OB", Rows=6, Columns=4, **attributes)
    np.testing.assert_array_equal(decode(dataset)[0], convert_color_space(ybr, "YBR_FULL", "RGB"))


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (3, 3), (1, 1)])
@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_big_endian_bytes_and_words(rows: int, columns: int, vr: str) -> None:
    frames = RANDOM.integers(0, 256, (4, rows, columns), dtype=np.uint8)
    value = frames.tobytes() + bytes(frames.size % 2)
    if vr == "OW":
        value = np.frombuffer(value, np.uint16).byteswap().tobytes()
    dataset = make_dataset(value, BIG, vr, Rows=rows, Columns=columns, NumberOfFrames=4)
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(decode(dataset, index)[0], frame)
        assert_equal(decode(dataset, index)[0], pydicom_array(dataset, index))


def test_big_endian_bytes_call_for_the_value_representation() -> None:
    with pytest.raises(UnsupportedPixelError, match="OB or OW"):
        route_for(BIG, ImagePixel(2, 2, bits_allocated=8, bits_stored=8, high_bit=7))


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("syntax", [LITTLE, BIG])
def test_unused_bits_are_cleared(signed: int, syntax: str) -> None:
    value = RANDOM.integers(0, 1 << 16, (5, 5)).astype("<u2" if syntax == LITTLE else ">u2").tobytes()
    attributes = {"BitsAllocated": 16, "BitsStored": 12, "PixelRepresentation": signed}
    dataset = make_dataset(value, syntax, "OW", Rows=5, Columns=5, **attributes)
    found, _ = decode(dataset)
    assert_equal(found, pydicom_array(dataset))
    assert (found.min() < 0) == bool(signed)
    assert found.max() < 4096


@pytest.mark.parametrize("signed", [False, True])
def test_stored_values_are_a_read_only_view_where_nothing_is_to_be_done(signed: bool) -> None:
    pixel = ImagePixel(2, 3, bits_allocated=16, bits_stored=12, high_bit=11, pixel_representation=int(signed))
    data = bytearray(np.array([[0, 1, 2], [3, 4, 2047]], "<i2").tobytes())
    found, name = route_for(LITTLE, pixel).decode(data, np.zeros((2, 3), pixel.dtype))
    assert name == "native"
    assert not found.flags.writeable
    data[0] = 9
    assert found[0, 0] == 9


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_floating_point(keyword: str, dtype: str) -> None:
    values = RANDOM.normal(size=(3, 4)).astype(dtype)
    bits = values.dtype.itemsize * 8
    pixel = ImagePixel(3, 4, bits_allocated=bits, bits_stored=bits, high_bit=bits - 1, keyword=keyword)
    found, _ = route_for(LITTLE, pixel).decode(values.tobytes(), np.empty((3, 4), dtype))
    np.testing.assert_array_equal(found, values)


def test_encapsulated_uncompressed_with_its_padding() -> None:
    pixel = ImagePixel(3, 3, bits_allocated=8, bits_stored=8, high_bit=7)
    route = route_for(ENCAPSULATED, pixel)
    found, _ = route.decode(bytes(range(9)) + b"\0", np.empty((3, 3), np.uint8))
    assert route.encapsulated
    np.testing.assert_array_equal(found, np.arange(9).reshape(3, 3))


@pytest.mark.parametrize("length", [0, 1, 17, 19, 36])
@pytest.mark.parametrize("syntax", [LITTLE, BIG, ENCAPSULATED])
def test_wrong_length_raises(length: int, syntax: str) -> None:
    pixel = ImagePixel(3, 3)
    with pytest.raises(PixelDataSizeError, match="expected 18 bytes"):
        route_for(syntax, pixel).decode(bytes(length), np.empty((3, 3), np.uint16))

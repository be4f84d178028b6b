"""decode_frame and encode_frame: arrays of every library, devices, and arguments that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdgpu.enum import (
    PhotometricInterpretationValues,
    PixelDataKeywords,
    PixelRepresentationValues,
    PlanarConfigurationValues,
)
from hdgpu.errors import (
    DeviceUnavailableError,
    FrameDecodeError,
    FrameNumberError,
    HdgpuError,
    InvalidAttributeError,
    MissingAttributeError,
    PixelDataSizeError,
    UnsupportedPixelError,
    UnsupportedTransferSyntaxError,
)
from hdgpu.frame import decode_frame, encode_frame, get_lossy_compression_attributes
from tests.codecs.test_encoded import smooth
from tests.conftest import ArrayLibrary

PREFIX = "1.2.840.10008.1.2"
NATIVE, BIG_ENDIAN, RLE, BASELINE = (PREFIX + suffix for suffix in (".1", ".2", ".5", ".4.50"))
LOSSLESS = [PREFIX + suffix for suffix in (".5", ".4.57", ".4.70", ".4.80", ".4.90", ".4.110", ".4.201", ".4.202")]
IMAGE = smooth("uint16", bits=12)
GREY = (16, 12, "MONOCHROME2")
SHAPE = (*IMAGE.shape, 1)


def test_arrays_of_every_library_are_encoded(xp: ArrayLibrary) -> None:
    for dtype, arguments in (("uint16", GREY), ("int16", (16, 13, "MONOCHROME2", 1))):
        host = IMAGE.astype(dtype)
        assert encode_frame(xp.asarray(host), RLE, *arguments) == encode_frame(host, RLE, *arguments)
    flipped = np.ascontiguousarray(IMAGE[::-1])
    assert encode_frame(xp.asarray(flipped), NATIVE, *GREY) == flipped.tobytes()


def test_strides_and_byte_order_do_not_matter() -> None:
    expected = {uid: encode_frame(IMAGE, uid, *GREY) for uid in [NATIVE, *LOSSLESS]}
    big = IMAGE.astype(">u2")
    for same in (big, np.asfortranarray(IMAGE), np.repeat(IMAGE, 2, axis=1)[:, ::2], IMAGE[::-1][::-1]):
        for uid, data in expected.items():
            assert encode_frame(same, uid, *GREY) == data


def test_an_axis_for_one_sample_is_taken() -> None:
    image = IMAGE[:, :, None]
    assert encode_frame(image, NATIVE, *GREY, 0, 0) == IMAGE.tobytes()
    with pytest.raises(MissingAttributeError):
        encode_frame(image, NATIVE, *GREY)
    with pytest.raises(UnsupportedPixelError, match="expected absent"):
        encode_frame(image, PREFIX + ".4.80", *GREY, 0, 0)


def test_the_array_is_left_as_it_was() -> None:
    for uid in [NATIVE, *LOSSLESS]:
        given = IMAGE.copy()
        given.flags.writeable = False
        encode_frame(given, uid, *GREY)
        np.testing.assert_array_equal(given, IMAGE)


def test_decoded_on_the_device_asked_for(device: str) -> None:
    from hdgpu.array.device import device_of
    from hdgpu.array.interop import to_numpy

    for uid in (NATIVE, RLE):
        found = decode_frame(encode_frame(IMAGE, uid, *GREY), uid, *SHAPE, *GREY, device=device)
        assert device_of(found).kind == device
        np.testing.assert_array_equal(to_numpy(found), IMAGE)


def test_a_device_that_is_not_there_raises_before_anything_is_decoded() -> None:
    with pytest.raises(DeviceUnavailableError):
        decode_frame(b"garbage", RLE, *SHAPE, *GREY, device="cuda:99")


def test_members_of_the_enumerations_are_taken() -> None:
    image = smooth("uint8", colour=True)
    members = (
        PhotometricInterpretationValues.YBR_RCT,
        PixelRepresentationValues.UNSIGNED_INTEGER,
        PlanarConfigurationValues.COLOR_BY_PIXEL,
    )
    uid = PREFIX + ".4.202"
    data = encode_frame(image, uid, 8, 8, *members)
    assert data == encode_frame(image, uid, 8, 8, "YBR_RCT", 0, 0)
    found = decode_frame(data, uid, *image.shape, 8, 8, *members, 0, PixelDataKeywords.PIXEL_DATA)
    np.testing.assert_array_equal(found, image)


def test_the_result_is_memory_of_its_own() -> None:
    data = bytearray(IMAGE.tobytes())
    found = decode_frame(data, NATIVE, *SHAPE, *GREY)
    data[:] = bytes(len(data))
    np.testing.assert_array_equal(found, IMAGE)
    found[...] = 0


@pytest.mark.parametrize("size", [(5, 7), (8, 8), (3, 3)])
def test_bits_that_share_bytes(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 2, (11, *size), dtype=np.uint8)
    packed = np.packbits(frames, axis=None, bitorder="little").tobytes()
    count = size[0] * size[1]
    for index, frame in enumerate(frames):
        first, last = index * count // 8, -(-(index + 1) * count // 8)
        found = decode_frame(packed[first:last], NATIVE, *size, 1, 1, 1, "MONOCHROME2", index=index)
        np.testing.assert_array_equal(found, frame)
        assert found.dtype == np.uint8


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")])
def test_floating_samples(keyword: str, dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=(3, 5)).astype(dtype)
    bits = 8 * values.itemsize
    for sign in (None, 0):
        found = decode_frame(values.tobytes(), NATIVE, 3, 5, 1, bits, bits, "MONOCHROME2", sign, pixel_keyword=keyword)
        np.testing.assert_array_equal(found, values)
        assert found.dtype == values.dtype
    found = decode_frame(values.tobytes(), NATIVE, 3, 5, 1, bits, None, "MONOCHROME2", pixel_keyword=keyword)
    np.testing.assert_array_equal(found, values)
    with pytest.raises(UnsupportedPixelError):
        decode_frame(values.tobytes(), RLE, 3, 5, 1, bits, bits, "MONOCHROME2", pixel_keyword=keyword)


def test_big_endian_bytes_need_the_value_representation() -> None:
    with pytest.raises(UnsupportedPixelError, match="OB or OW"):
        decode_frame(b"\1\2\3\4", BIG_ENDIAN, 2, 2, 1, 8, 8, "MONOCHROME2")
    for vr, expected in (("OB", [1, 2, 3, 4]), ("OW", [2, 1, 4, 3])):
        found = decode_frame(b"\1\2\3\4", BIG_ENDIAN, 2, 2, 1, 8, 8, "MONOCHROME2", vr=vr)
        assert found.ravel().tolist() == expected
    assert decode_frame(b"\1\2", BIG_ENDIAN, 1, 1, 1, 16, 16, "MONOCHROME2").tolist() == [[0x102]]


# --- Bad input --------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "rows": IMAGE.shape[0],
    "columns": IMAGE.shape[1],
    "samples_per_pixel": 1,
    "bits_allocated": 16,
    "bits_stored": 12,
    "photometric_interpretation": "MONOCHROME2",
}


@pytest.mark.parametrize("uid", [NATIVE, *LOSSLESS])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"rows": 0}, InvalidAttributeError),
        ({"rows": -61}, InvalidAttributeError),
        ({"columns": 65536}, InvalidAttributeError),
        ({"rows": 62}, (PixelDataSizeError, FrameDecodeError)),
        ({"columns": 82}, (PixelDataSizeError, FrameDecodeError)),
        ({"samples_per_pixel": 3, "photometric_interpretation": "RGB"}, MissingAttributeError),
        ({"samples_per_pixel": 2}, (MissingAttributeError, UnsupportedPixelError)),
        ({"bits_stored": 17}, InvalidAttributeError),
        ({"bits_stored": 0}, InvalidAttributeError),
        ({"bits_allocated": 12}, UnsupportedPixelError),
        ({"photometric_interpretation": "HSV?"}, InvalidAttributeError),
        ({"photometric_interpretation": "RGB"}, UnsupportedPixelError),
        ({"pixel_representation": 2}, InvalidAttributeError),
        ({"pixel_representation": None}, InvalidAttributeError),
        ({"planar_configuration": 3}, InvalidAttributeError),
        ({"index": -1}, FrameNumberError),
        ({"pixel_keyword": "Pixels"}, InvalidAttributeError),
        ({"transfer_syntax_uid": "1.2.3"}, UnsupportedTransferSyntaxError),
        ({"transfer_syntax_uid": ""}, UnsupportedTransferSyntaxError),
        ({"value": b""}, (PixelDataSizeError, FrameDecodeError)),
        ({"value": b"\1\2\3\4" * 60}, (PixelDataSizeError, FrameDecodeError)),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_arguments_raise(uid: str, change: dict[str, Any], error: type[Exception]) -> None:
    arguments = {"value": encode_frame(IMAGE, uid, *GREY), "transfer_syntax_uid": uid, **GOOD, **change}
    with pytest.raises(error) as caught:
        decode_frame(**arguments)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, HdgpuError)


@pytest.mark.parametrize("uid", [*LOSSLESS, BASELINE, PREFIX + ".4.81", PREFIX + ".4.91", PREFIX + ".4.203"])
def test_every_cut_raises(uid: str) -> None:
    image = smooth("uint8")
    data = encode_frame(image, uid, 8, 8, "MONOCHROME2")
    for length in {*range(0, len(data) - 2, 97), len(data) // 2, len(data) - 2}:
        with pytest.raises(HdgpuError):
            decode_frame(data[:length], uid, *image.shape, 1, 8, 8, "MONOCHROME2")
    padded = data + b"\0" * (len(data) % 2)
    decode_frame(padded, uid, *image.shape, 1, 8, 8, "MONOCHROME2")


def test_native_frames_of_another_length_raise() -> None:
    data = IMAGE.tobytes()
    for other in (data[:-1], data[:-2], data + b"\0\0", data * 2):
        with pytest.raises(PixelDataSizeError):
            decode_frame(other, NATIVE, *SHAPE, *GREY)


def test_colour_needs_planar_configuration() -> None:
    image = smooth("uint8", colour=True)
    for uid, photometric in ((NATIVE, "RGB"), (RLE, "RGB"), (BASELINE, "YBR_FULL_422")):
        with pytest.raises(MissingAttributeError, match="Planar Configuration"):
            encode_frame(image, uid, 8, 8, photometric)
        with pytest.raises(MissingAttributeError, match="Planar Configuration"):
            decode_frame(encode_frame(image, uid, 8, 8, photometric, 0, 0), uid, *image.shape, 8, 8, photometric)


@pytest.mark.parametrize("uid", [NATIVE, BASELINE, *LOSSLESS])
def test_frames_that_no_encoder_takes(uid: str) -> None:
    image, bits = smooth("uint8"), np.zeros((8, 8), np.int8)
    cases: list[tuple[np.ndarray, tuple[Any, ...]]] = [
        (image, (8, 8, "RGB")),
        (image, (8, 8, "YBR_FULL")),
        (smooth("uint8", colour=True), (8, 8, "MONOCHROME2", 0, 0)),
        (bits, (1, 1, "MONOCHROME2", 1)),
    ]
    if uid not in (NATIVE, RLE):
        cases += [(image, (8, 8, "MONOCHROME2", 0, order)) for order in (0, 1)]
    if uid != RLE:
        cases.append((smooth("uint8", colour=True), (8, 8, "RGB", 0, 1)))
    for array, arguments in cases:
        with pytest.raises(UnsupportedPixelError):
            encode_frame(array, uid, *arguments)


def test_planar_configuration_matters_to_native_frames_alone() -> None:
    image = smooth("uint8", colour=True)
    planes = image.transpose(2, 0, 1).tobytes()
    np.testing.assert_array_equal(decode_frame(planes, NATIVE, *image.shape, 8, 8, "RGB", 0, 1), image)
    for uid, photometric in ((RLE, "RGB"), (PREFIX + ".4.80", "RGB"), (PREFIX + ".4.201", "YBR_RCT")):
        data = encode_frame(image, uid, 8, 8, photometric, 0, 0)
        np.testing.assert_array_equal(decode_frame(data, uid, *image.shape, 8, 8, photometric, 0, 1), image)


@pytest.mark.parametrize("uid", ["1.2.3", "", PREFIX + ".4.102", PREFIX + ".4.93", None])
def test_loss_is_not_made_up(uid: Any) -> None:
    with pytest.raises(UnsupportedTransferSyntaxError):
        get_lossy_compression_attributes(uid)

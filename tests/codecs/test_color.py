"""YCbCr to RGB against pydicom, and which streams are YCbCr."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydicom.pixels.processing import convert_color_space

import hdgpu
from hdgpu.codecs.color import jpeg_is_ybr, ybr_to_rgb
from hdgpu.codecs.sniff.jpeg import read_jpeg_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, UnsupportedPixelError
from hdgpu.pixels import reference
from tests.codecs.frames_of import frame_bytes
from tests.make_series import make_dataset
from tests.sample_files import SAMPLE_FILES


@pytest.mark.parametrize("first", range(0, 256, 64))
def test_all_colours_are_converted_as_pydicom_does(first: int) -> None:
    ybr = np.empty((64, 256, 256, 3), np.uint8)
    ybr[..., 0] = np.arange(first, first + 64)[:, None, None]
    ybr[..., 1] = np.arange(256)[:, None]
    ybr[..., 2] = np.arange(256)
    np.testing.assert_array_equal(ybr_to_rgb(ybr, ybr.copy()), convert_color_space(ybr, "YBR_FULL", "RGB"))


def test_conversion_in_place() -> None:
    ybr = np.random.default_rng(1).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    expected = convert_color_space(ybr, "YBR_FULL", "RGB")
    assert ybr_to_rgb(ybr, ybr) is ybr
    np.testing.assert_array_equal(ybr, expected)


@pytest.mark.parametrize(
    ("adobe", "jfif", "ids", "photometric", "is_ybr"),
    [
        (0, False, (1, 2, 3), "RGB", False),
        (0, False, (1, 2, 3), "YBR_FULL_422", False),
        (0, True, (1, 2, 3), "YBR_FULL_422", True),
        (0, True, (1, 2, 3), "RGB", False),
        (1, False, (1, 2, 3), "RGB", True),
        (1, False, (82, 71, 66), "RGB", False),
        (1, False, (82, 71, 66), "YBR_FULL", True),
        (None, True, (1, 2, 3), "RGB", True),
        (None, True, (1, 2, 3), "YBR_FULL", True),
        (None, False, (82, 71, 66), "YBR_FULL_422", False),
        (None, False, (114, 103, 98), "YBR_FULL_422", False),
        (None, False, (0, 1, 2), "RGB", False),
        (None, False, (1, 2, 3), "YBR_FULL_422", True),
    ],
)
def test_colour_space_of_a_stream(
    adobe: int | None, jfif: bool, ids: tuple[int, ...], photometric: str, is_ybr: bool
) -> None:
    (file,) = (file for file in SAMPLE_FILES if file.name == "SC_rgb_jpeg_dcmtk.dcm")
    header = read_jpeg_header(frame_bytes(file.read(), 0))
    header = dataclasses.replace(header, adobe_transform=adobe, jfif=jfif, component_ids=ids)
    assert jpeg_is_ybr(header, ImagePixel(100, 100, 3, photometric, 8, 8, 7)) is is_ybr
    if is_ybr:
        with pytest.raises(UnsupportedPixelError):
            jpeg_is_ybr(header, ImagePixel(100, 100, 3, photometric, 16, 12, 11))


@pytest.mark.parametrize("adobe", [2, 0xCA])
def test_impossible_colour_transform_raises(adobe: int) -> None:
    """YCCK, number 2, has four components.  Pillow takes such a stream for YCbCr, and libjpeg refuses it."""
    (file,) = (file for file in SAMPLE_FILES if file.name == "SC_rgb_jpeg_dcmtk.dcm")
    header = dataclasses.replace(read_jpeg_header(frame_bytes(file.read(), 0)), adobe_transform=adobe)
    with pytest.raises(FrameDecodeError, match="impossible colour transform"):
        jpeg_is_ybr(header, ImagePixel(100, 100, 3, "RGB", 8, 8, 7))


def partial_range(ybr: np.ndarray) -> np.ndarray:
    """Convert as PS3.3 C.7.6.3.1.2 has it, in float64."""
    y, blue, red = (ybr[..., index].astype(float) for index in range(3))
    luma = 1.1644 * (y - 16)
    rgb = [
        luma + 1.596 * (red - 128),
        luma - 0.3917 * (blue - 128) - 0.8129 * (red - 128),
        luma + 2.0173 * (blue - 128),
    ]
    return np.stack(rgb, axis=-1).clip(0, 255)


def test_partial_range() -> None:
    ybr = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    rgb = ybr_to_rgb(ybr, ybr.copy(), partial=True)
    assert np.abs(rgb - partial_range(ybr)).max() <= 0.501
    differing = rgb != reference.ybr_to_rgb(ybr, partial=True)  # where a half is rounded
    assert differing.mean() < 1e-3
    ends = np.array([[16, 128, 128], [235, 128, 128], [81, 90, 240]], np.uint8)  # black, white, red
    assert ybr_to_rgb(ends, ends.copy(), partial=True).tolist() == [[0, 0, 0], [255, 255, 255], [254, 0, 0]]


def test_frames_of_partial_range() -> None:
    generator = np.random.default_rng(1)
    luma, chroma = generator.integers(16, 236, (6, 8)), generator.integers(16, 241, (2, 6, 4))
    whole = np.stack([luma, *np.repeat(chroma, 2, axis=2)], axis=-1).astype(np.uint8)
    pairs = np.stack([luma[:, ::2], luma[:, 1::2], *chroma], axis=-1).astype(np.uint8)
    dataset = make_dataset(whole, PhotometricInterpretation="YBR_PARTIAL_422", PixelData=pairs.tobytes())
    array = hdgpu.Image.from_dataset(dataset).get_frame(1)
    assert np.abs(array - partial_range(whole)).max() <= 0.501
    planes = make_dataset(whole)
    planes.compress("1.2.840.10008.1.2.5", encoding_plugin="pylibjpeg")
    planes.PhotometricInterpretation = "YBR_PARTIAL_420"
    np.testing.assert_array_equal(hdgpu.Image.from_dataset(planes).get_frame(1), array)

"""YCbCr to RGB against pydicom, and which streams are YCbCr."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydicom.pixels.processing import convert_color_space

from hdgpu.codecs.color import jpeg_is_ybr, ybr_to_rgb
from hdgpu.codecs.sniff_jpeg import read_jpeg_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, UnsupportedPixelError
from tests.codecs.frames_of import frame_bytes
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

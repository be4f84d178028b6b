"""What the tests of the codecs share: a data set's frames as the engine would hand them over, and pydicom's word."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder

from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel

_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def image_pixel(dataset: Dataset) -> ImagePixel:
    return ImagePixel(
        dataset.Rows,
        dataset.Columns,
        dataset.SamplesPerPixel,
        dataset.PhotometricInterpretation,
        dataset.BitsAllocated,
        dataset.get("BitsStored", dataset.BitsAllocated),
        dataset.get("HighBit", dataset.BitsAllocated - 1),
        dataset.get("PixelRepresentation", 0),
        int(dataset.get("PlanarConfiguration") or 0),
        next(keyword for keyword in _KEYWORDS if keyword in dataset),
    )


def frame_bytes(dataset: Dataset, index: int) -> bytes:
    pixel = image_pixel(dataset)
    element = dataset[pixel.keyword]
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return get_frame(element.value, index, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
    first, last = index * pixel.frame_bits // 8, -(-(index + 1) * pixel.frame_bits // 8)
    if element.VR == "OW" and pixel.bits_allocated == 8:  # whole words
        first, last = first - first % 2, last + last % 2
    return element.value[first:last]


def decode(dataset: Dataset, index: int = 0) -> tuple[np.ndarray[Any, Any], str]:
    pixel = image_pixel(dataset)
    route = route_for(dataset.file_meta.TransferSyntaxUID, pixel, vr=dataset[pixel.keyword].VR)
    return route.decode(frame_bytes(dataset, index), np.empty(pixel.frame_shape, pixel.dtype), index=index)


def pydicom_array(dataset: Dataset, index: int | None = 0) -> np.ndarray[Any, Any]:
    return get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, index=index)[0]


def assert_equal(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], *, exact: bool = True) -> None:
    """Assert equality, or for lossy streams nearness: at most 5 a sample, and less than 0.2 on average of many."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype.newbyteorder("=")
    if exact:
        np.testing.assert_array_equal(found, expected)
        return
    difference = np.abs(found.astype(np.int64) - expected.astype(np.int64))
    assert difference.max() <= 5
    assert difference.mean() < 0.2 or difference.size < 64  # each may be rounded the other way

"""YCbCr to RGB (PS3.3 C.7.6.3.1.2), and which JPEG streams are YCbCr.

The conversion equals pydicom's ``convert_color_space`` for every one of the 2**24 inputs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import clamp
from hdgpu.array.namespace import Array, array_namespace
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, UnsupportedPixelError

__all__ = ["fused_ybr_to_rgb", "jpeg_is_ybr", "stored_to_rgb", "ybr_to_rgb"]

_RGB_COMPONENT_IDS = (tuple(b"RGB"), tuple(b"rgb"))

_YBR_TO_RGB = np.array(
    [[1, 1, 1], [0, -0.114 * 1.772 / 0.587, 1.772], [1.402, -0.299 * 1.402 / 0.587, 0]], dtype=np.float32
)
_NEUTRAL = np.array([0, 128, 128], dtype=np.float32)
# Luma from 16 to 235, chroma from 16 to 240.
_PARTIAL_YBR_TO_RGB = np.array([[1.1644, 1.1644, 1.1644], [0, -0.3917, 2.0173], [1.5960, -0.8129, 0]], dtype=np.float32)
_PARTIAL_NEUTRAL = np.array([16, 128, 128], dtype=np.float32)
# Pixels at a time, so that their float32 copy stays in the second-level cache: twice as fast as a frame at once.
_BLOCK = 8192


def ybr_to_rgb(
    ybr: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8], *, partial: bool = False
) -> npt.NDArray[np.uint8]:
    """Convert YCbCr to RGB.

    Parameters
    ----------
    ybr : numpy.ndarray of uint8
        Shape (..., 3), C-contiguous.
    out : numpy.ndarray of uint8
        Same shape, C-contiguous; may be `ybr` itself.
    partial : bool
        Whether the samples are of partial range: YBR_PARTIAL_422 and YBR_PARTIAL_420 instead of YBR_FULL.

    Returns
    -------
    numpy.ndarray
        `out`.
    """
    neutral, matrix = (_PARTIAL_NEUTRAL, _PARTIAL_YBR_TO_RGB) if partial else (_NEUTRAL, _YBR_TO_RGB)
    source, target = ybr.reshape(-1, 3), out.reshape(-1, 3)
    for start in range(0, len(source), _BLOCK):
        block = source[start : start + _BLOCK].astype(np.float32)
        block -= neutral
        block = block @ matrix
        block += np.float32(0.5)
        np.floor(block, out=block)
        np.clip(block, 0, 255, out=block)
        target[start : start + _BLOCK] = block
    return out


def fused_ybr_to_rgb(ybr: Array, *, partial: bool = False) -> Array:
    """Convert YCbCr to RGB on any array library, product and sum of each step rounded once.

    Where NumPy's matrix product fuses its steps so, too, this equals :func:`ybr_to_rgb` for all colours; elsewhere a
    few halves are rounded otherwise.

    Parameters
    ----------
    ybr : array
        (..., 3) uint8.
    partial : bool
        Whether the samples are of partial range.

    Returns
    -------
    array
        (..., 3) uint8, new.
    """
    xp = array_namespace(ybr)
    neutral, matrix = (_PARTIAL_NEUTRAL, _PARTIAL_YBR_TO_RGB) if partial else (_NEUTRAL, _YBR_TO_RGB)
    luma, blue, red = (xp.astype(ybr[..., i], xp.float64) - float(neutral[i]) for i in range(3))

    def rounded(values: Array) -> Array:  # products and sums of these numbers are exact in float64
        return xp.astype(xp.astype(values, xp.float32), xp.float64)

    samples = []
    for of_luma, of_blue, of_red in matrix.T.tolist():
        value = rounded(rounded(rounded(luma * of_luma) + blue * of_blue) + red * of_red)
        samples.append(xp.floor(rounded(value + 0.5)))
    return xp.astype(clamp(xp.stack(samples, axis=-1), 0, 255), xp.uint8)


def stored_to_rgb(out: npt.NDArray[np.uint8], pixel: ImagePixel) -> npt.NDArray[np.uint8]:
    """Convert a frame in place if its Photometric Interpretation is one of YCbCr that decoders leave as it is."""
    photometric = pixel.photometric_interpretation
    if photometric.startswith(("YBR_FULL", "YBR_PARTIAL")):
        return ybr_to_rgb(out, out, partial=photometric.startswith("YBR_PARTIAL"))
    return out


def jpeg_is_ybr(header: JpegHeader, pixel: ImagePixel) -> bool:
    """Whether the components of a JPEG or JPEG-LS stream are YCbCr.

    Photometric Interpretation alone does not tell: it is often left at RGB when an encoder has transformed the colour.
    The stream's own word counts more: the Adobe segment, JFIF (which is YCbCr by definition), and component
    identifiers that spell RGB.  Photometric Interpretation decides where these are silent or contradict each other.

    Parameters
    ----------
    header : JpegHeader
        The stream's header.
    pixel : ImagePixel
        What the data set says.

    Raises
    ------
    UnsupportedPixelError
        If they are YCbCr, but not of 8 bits.
    FrameDecodeError
        If the Adobe segment says neither YCbCr nor not: libraries guess, each in its own way.
    """
    if pixel.samples_per_pixel == 1:
        return False
    if header.adobe_transform not in (None, 0, 1):
        raise FrameDecodeError(
            "the JPEG stream's Adobe segment has an impossible colour transform",
            expected="0 or 1",
            found=header.adobe_transform,
        )
    evidence = set()
    if header.adobe_transform in (0, 1):
        evidence.add(header.adobe_transform == 1)
    if header.jfif:
        evidence.add(True)
    if header.component_ids in _RGB_COMPONENT_IDS:
        evidence.add(False)
    is_ybr = evidence.pop() if len(evidence) == 1 else pixel.photometric_interpretation.startswith("YBR")
    if is_ybr and pixel.dtype != np.uint8:
        raise UnsupportedPixelError("YCbCr is converted for unsigned samples of 8 bits only", found=pixel.dtype)
    return is_ybr

"""The compiled transform: whatever chain a file calls for, folded into one step per frame.

Affine after affine is one affine, so modality slope and intercept and the presentation inversion end in one slope and
one intercept per frame.  What cannot be compiled is refused by name; nothing is left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import MissingTransformError, OutputTypeError, UnsupportedTransformError
from hdgpu.pixels.options import TransformOptions, TransformPresence

__all__ = ["PixelTransform", "TransformKind", "compile_transform"]

Float = npt.NDArray[np.float64]
# Integers up to here are exact in float32.
_EXACT_FLOAT32 = 1 << 24


class TransformKind(Enum):
    """What has to be done to a stored value."""

    IDENTITY = "identity"
    AFFINE = "affine"


@dataclass(frozen=True, slots=True)
class PixelTransform:
    """Stored values to output values, for the frames of one pixel description.

    Attributes
    ----------
    kind : TransformKind
    slope, intercept : numpy.ndarray
        (n,) float64, output = stored * slope + intercept, per frame; all 1 and 0 for the identity.
    dtype : numpy.dtype
        Data type of the output.
    exact_in_float32 : bool
        Whether float32 arithmetic gives the float64 result: slope and intercept are integers and no value or product
        is beyond 2**24.
    """

    kind: TransformKind
    slope: Float
    intercept: Float
    dtype: np.dtype[Any]
    exact_in_float32: bool


def compile_transform(
    pixel: ImagePixel,
    slope: Float,
    intercept: Float,
    presence: TransformPresence,
    options: TransformOptions,
    dtype: npt.DTypeLike,
) -> PixelTransform:
    """Compile the chain of transforms of some frames.

    Parameters
    ----------
    pixel : ImagePixel
        How the frames are stored.
    slope, intercept : numpy.ndarray
        (n,) float64, Rescale Slope and Intercept of each frame; NaN where absent.
    presence : TransformPresence
        What else the instance has.
    options : TransformOptions
        What of it is wanted.
    dtype : data type
        Of the output: integer or floating.

    Returns
    -------
    PixelTransform

    Raises
    ------
    MissingTransformError
        If the options insist on what is not there.
    UnsupportedTransformError
        If a transform that is there and wanted cannot be compiled.
    OutputTypeError
        If `dtype` cannot express the values.
    """
    output = np.dtype(dtype)
    if output.kind not in "iuf":
        raise OutputTypeError("not a data type for voxels", expected="an integer or floating type", found=output)
    color = pixel.samples_per_pixel > 1
    _refuse_what_is_not_compiled(pixel, presence, options)
    absent = np.isnan(slope)
    if color or options.apply_modality_transform is False or absent.all():
        slope, intercept = np.ones_like(slope), np.zeros_like(intercept)
    else:
        slope, intercept = np.where(absent, 1.0, slope), np.where(absent, 0.0, intercept)
    if options.apply_presentation_lut and not color and _is_inverse(pixel, presence):
        slope, intercept = _invert(slope, intercept, pixel)
    if bool((slope == 1).all() and (intercept == 0).all()):
        return PixelTransform(TransformKind.IDENTITY, slope, intercept, output, exact_in_float32=True)
    _check_output(slope, intercept, output)
    return PixelTransform(TransformKind.AFFINE, slope, intercept, output, _is_exact(slope, intercept, pixel))


def _refuse_what_is_not_compiled(pixel: ImagePixel, presence: TransformPresence, options: TransformOptions) -> None:
    """Refuse transforms that are there and wanted, and insistence on ones that are not there."""
    palette = pixel.photometric_interpretation == "PALETTE COLOR"
    color = palette or pixel.samples_per_pixel > 1
    real_world = (presence.real_world, options.apply_real_world_transform, "apply_real_world_transform")
    wanted = (
        (Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE, *real_world),
        (
            Tag.MODALITY_LUT_SEQUENCE,
            presence.modality_lut,
            options.apply_modality_transform,
            "apply_modality_transform",
        ),
        (Tag.VOI_LUT_SEQUENCE, presence.voi, options.apply_voi_transform, "apply_voi_transform"),
        (Tag.PHOTOMETRIC_INTERPRETATION, palette, options.apply_palette_color_lut, "apply_palette_color_lut"),
        (Tag.ICC_PROFILE, presence.icc_profile and color, options.apply_icc_profile, "apply_icc_profile"),
    )
    for tag, present, want, name in wanted:
        if want is not False and present:
            raise UnsupportedTransformError(
                "this version does not apply the transform that the file holds",
                tag=describe_tag(tag),
                remedy=f"Pass {name}=False for the values without it.",
            )
        if want and not present and tag != Tag.MODALITY_LUT_SEQUENCE:  # slope and intercept serve as well
            raise MissingTransformError(f"{name}=True, but the file has no such transform", tag=describe_tag(tag))


def _is_inverse(pixel: ImagePixel, presence: TransformPresence) -> bool:
    shape = presence.presentation_lut_shape
    return shape == "INVERSE" or (not shape and pixel.photometric_interpretation == "MONOCHROME1")


def _invert(slope: Float, intercept: Float, pixel: ImagePixel) -> tuple[Float, Float]:
    """Fold in the inversion: what the smallest stored value gives and what the largest gives change places."""
    low, high = pixel.stored_range
    return -slope, slope * (low + high) + intercept


def _check_output(slope: Float, intercept: Float, output: np.dtype[Any]) -> None:
    if output.kind == "f":
        return
    fractional = (slope != np.rint(slope)) | (intercept != np.rint(intercept))
    if fractional.any():
        at = int(np.flatnonzero(fractional)[0])
        raise OutputTypeError(
            f"{output} cannot hold fractions",
            expected="a floating type",
            found=f"slope {slope[at]:g} and intercept {intercept[at]:g}",
        )


def _is_exact(slope: Float, intercept: Float, pixel: ImagePixel) -> bool:
    whole = (slope == np.rint(slope)).all() and (intercept == np.rint(intercept)).all()
    if pixel.keyword != "PixelData" or not whole:
        return False
    # The container, not Bits Stored: unused high bits may be set.
    largest = 1 << (pixel.dtype.itemsize * 8 - pixel.pixel_representation)
    return bool((np.abs(slope) * largest + np.abs(intercept)).max() <= _EXACT_FLOAT32)

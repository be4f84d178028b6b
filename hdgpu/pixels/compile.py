"""What a file says and what the caller wants become a compiled transform.

The order of transforms, and which stands for another, are PS3.3 C.7.6.16.2.11, C.11.1, C.11.2 and C.11.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import LookupTableError, MissingTransformError, OutputTypeError, UnsupportedTransformError
from hdgpu.pixels.attributes import TransformAttributes
from hdgpu.pixels.lookup import LookupTable
from hdgpu.pixels.options import TransformOptions, select_real_world_map, select_voi
from hdgpu.pixels.real_world import RealWorldMap
from hdgpu.pixels.steps import ColorManagement, Lookup, Step, voi_step
from hdgpu.pixels.transform import Float, PixelTransform, TransformKind
from hdgpu.pixels.window import Window

__all__ = ["compile_transform"]

# Integers up to here are exact in float32.
_EXACT_FLOAT32 = 1 << 24
_EXACT_FLOAT64 = 1 << 53
_PALETTE = "PALETTE COLOR"
_SLOPE = Tag.RESCALE_SLOPE


class _Chain(NamedTuple):
    """What is to be done to a frame: the slope and intercept of the file, or these, and what follows them."""

    steps: tuple[Step, ...] = ()
    rescale: bool = False
    affine: tuple[float, float] = (1.0, 0.0)
    invert: bool = False  # what slope and intercept give
    valid: tuple[float, float] = (-np.inf, np.inf)


def compile_transform(
    pixel: ImagePixel,
    slope: Float,
    intercept: Float,
    attributes: Sequence[TransformAttributes],
    options: TransformOptions,
    dtype: npt.DTypeLike,
    number: npt.NDArray[np.int64] | None = None,
) -> PixelTransform:
    """Compile the chain of transforms of some frames.

    Parameters
    ----------
    pixel : ImagePixel
        How the frames are stored.
    slope, intercept : numpy.ndarray
        (n,) float64, Rescale Slope and Intercept of each frame; NaN where absent.
    attributes : sequence of TransformAttributes
        What else there is, for all frames or for each frame of an instance; none stands for nothing.
    options : TransformOptions
        What of it is wanted.
    dtype : data type
        Of the output: integer or floating.
    number : numpy.ndarray, optional
        (n,) int64, number of each frame in its instance, from zero; needed where the attributes differ.

    Returns
    -------
    PixelTransform

    Raises
    ------
    MissingTransformError
        If the options insist on what is not there.
    TransformSelectionError
        If a selector matches nothing.
    UnsupportedTransformError
        If a transform that is there and wanted cannot be compiled.
    LookupTableError, InvalidAttributeError, MissingAttributeError
        If a table, window or map that is wanted is damaged.
    OutputTypeError
        If `dtype` cannot express the values.
    """
    output = np.dtype(dtype)
    if output.kind not in "iuf":
        raise OutputTypeError("not a data type for voxels", expected="an integer or floating type", found=output)
    rescaled = _rescaled_range(pixel, slope, intercept, options)
    chains = [_chain(pixel, each, options, rescaled) for each in attributes or (None,)]
    which = np.zeros(len(slope), np.int64)
    if len(chains) > 1 and number is not None:
        which = np.minimum(number, len(chains) - 1)
    slope, intercept = _affine(chains, which, slope, intercept, pixel)
    programs = tuple(chain.steps for chain in chains)
    _check_whole_numbers(programs, which, slope, intercept)
    kind = _kind(programs, slope, intercept, which, pixel, output)
    if kind is TransformKind.AFFINE:
        _check_output(slope, intercept, output)
    limits = np.array([chain.valid for chain in chains])[which]
    is_palette = any(isinstance(step, Lookup) and step.entries.ndim == 2 for step in programs[0])
    return PixelTransform(
        kind,
        slope,
        intercept,
        output,
        kind is TransformKind.IDENTITY or _is_exact(slope, intercept, pixel),
        pixel.dtype,
        (*pixel.frame_shape, 3) if is_palette else pixel.frame_shape,
        programs,
        which,
        pixel.stored_range,
        limits if np.isfinite(limits).any() else None,
    )


def _rescaled_range(
    pixel: ImagePixel, slope: Float, intercept: Float, options: TransformOptions
) -> tuple[float, float] | None:
    """Return the range of the values after Rescale Slope and Intercept, None if they are insisted on and absent."""
    absent = np.isnan(slope)
    if options.apply_modality_transform and absent.any():
        return None
    if pixel.keyword != "PixelData":
        return -np.inf, np.inf
    ends = [np.where(absent, end, slope * end + intercept) for end in map(float, pixel.stored_range)]
    return float(np.min(ends)), float(np.max(ends))


def _chain(
    pixel: ImagePixel,
    attributes: TransformAttributes | None,
    options: TransformOptions,
    rescaled: tuple[float, float] | None,
) -> _Chain:
    """Return what is to be done to the frames that the attributes concern."""
    palette = pixel.photometric_interpretation == _PALETTE
    color = palette or pixel.samples_per_pixel > 1
    _insist(options.apply_palette_color_lut, "apply_palette_color_lut", palette, Tag.PHOTOMETRIC_INTERPRETATION)
    if color:
        return _color_chain(pixel, attributes, options)
    _insist(options.apply_icc_profile, "apply_icc_profile", False, Tag.ICC_PROFILE)
    return _grey_chain(pixel, attributes, options, rescaled)


def _insist(want: bool | None, name: str, present: bool, tag: Tag) -> None:
    if want and not present:
        raise MissingTransformError(f"{name}=True, but the file has no such transform", tag=describe_tag(tag))


def _color_chain(pixel: ImagePixel, attributes: TransformAttributes | None, options: TransformOptions) -> _Chain:
    for name in ("apply_real_world_transform", "apply_modality_transform", "apply_voi_transform"):
        if getattr(options, name):
            raise MissingTransformError(
                f"{name}=True, but the transform is for grey values",
                tag=describe_tag(Tag.PHOTOMETRIC_INTERPRETATION),
                found=pixel.photometric_interpretation,
            )
    profile = attributes.icc_profile if attributes is not None else None
    managed = profile is not None and options.apply_icc_profile is not False
    if pixel.photometric_interpretation != _PALETTE:
        _insist(options.apply_icc_profile, "apply_icc_profile", managed, Tag.ICC_PROFILE)
        return _Chain((_color_management(profile, pixel.dtype),) if profile is not None and managed else ())
    if options.apply_palette_color_lut is False:
        return _Chain()
    table = _for_stored(attributes.palette() if attributes else _no_palette(), pixel)
    _insist(options.apply_icc_profile, "apply_icc_profile", managed, Tag.ICC_PROFILE)
    entries = table.entries
    if profile is not None and managed:  # of the few colours that there are, not of each pixel
        entries = _color_management(profile, entries.dtype).apply(np.ascontiguousarray(entries))
    return _Chain((Lookup(table.first, entries),))


def _color_management(profile: bytes, dtype: np.dtype[Any]) -> ColorManagement:
    if dtype != np.uint8:
        raise UnsupportedTransformError(
            "colours are managed in 8 bits only",
            tag=describe_tag(Tag.ICC_PROFILE),
            found=dtype,
            remedy="Pass apply_icc_profile=False for the values without it.",
        )
    return ColorManagement(profile)


def _no_palette() -> LookupTable:
    raise MissingTransformError("the palette is not there", tag=describe_tag(Tag.RED_PALETTE_DESCRIPTOR))


def _grey_chain(
    pixel: ImagePixel,
    attributes: TransformAttributes | None,
    options: TransformOptions,
    rescaled: tuple[float, float] | None,
) -> _Chain:
    has_map = attributes is not None and attributes.has_real_world
    _insist(
        options.apply_real_world_transform,
        "apply_real_world_transform",
        has_map,
        Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE,
    )
    wants_map = options.apply_real_world_transform is not False and not options.apply_modality_transform
    if attributes is not None and has_map and wants_map:
        if options.apply_voi_transform:
            raise MissingTransformError(
                "apply_voi_transform=True, but a real-world value map takes the place of modality and VOI transform",
                tag=describe_tag(Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE),
                remedy="Pass apply_real_world_transform=False for a VOI transform.",
            )
        chosen = select_real_world_map(attributes.real_world_maps(), options.real_world_value_map_selector)
        return _real_world_chain(chosen, pixel)
    invert = options.apply_presentation_lut and _is_inverse(pixel, attributes)
    table = None
    if attributes is not None and attributes.has_modality_table and options.apply_modality_transform is not False:
        table = _for_stored(attributes.modality_table(), pixel)
    rescale = table is None and options.apply_modality_transform is not False
    _insist(options.apply_modality_transform, "apply_modality_transform", not rescale or rescaled is not None, _SLOPE)
    voi = _voi(attributes, options)
    steps: list[Step] = []
    if table is not None:
        entries = table.entries
        if invert and voi is None:  # within the range of the entries
            entries = int(entries.min()) + int(entries.max()) - entries.astype(np.int64)
        steps.append(Lookup(table.first, entries))
    if voi is not None:
        if isinstance(voi, LookupTable):
            _refuse_float(pixel, Tag.VOI_LUT_SEQUENCE)
            voi = voi.for_values(*((table.entries.min(), table.entries.max()) if table else rescaled or (0, 0)))
        steps.append(voi_step(voi, options.voi_output_range, invert=invert))
    return _Chain(tuple(steps), rescale, invert=invert and not steps)


def _voi(attributes: TransformAttributes | None, options: TransformOptions) -> Window | LookupTable | None:
    if options.apply_voi_transform is False:
        return None
    own = options.own_voi
    if own is not None:
        return own
    if attributes is None or not attributes.has_voi:
        _insist(options.apply_voi_transform, "apply_voi_transform", False, Tag.WINDOW_CENTER)
        return None
    return select_voi(attributes.voi(), options.voi_transform_selector)


def _real_world_chain(chosen: RealWorldMap, pixel: ImagePixel) -> _Chain:
    first, last = chosen.first, chosen.last
    if pixel.pixel_representation and first >= 1 << 15 and not chosen.sign_is_known:
        first, last = first - (1 << 16), last - (1 << 16)
    if chosen.values is None:
        assert chosen.slope is not None
        assert chosen.intercept is not None
        return _Chain(affine=(chosen.slope, chosen.intercept), valid=(first, last))
    _refuse_float(pixel, Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE)
    return _Chain((Lookup(int(first), chosen.values),), valid=(first, last))


def _for_stored(table: LookupTable, pixel: ImagePixel) -> LookupTable:
    """Return a table that stored values are looked up in."""
    _refuse_float(pixel, Tag.MODALITY_LUT_SEQUENCE)
    return table.for_values(*pixel.stored_range)


def _refuse_float(pixel: ImagePixel, tag: Tag) -> None:
    if pixel.keyword != "PixelData":
        raise LookupTableError(
            "a lookup table maps integers", tag=describe_tag(tag), found=f"floating stored values in {pixel.keyword}"
        )


def _is_inverse(pixel: ImagePixel, attributes: TransformAttributes | None) -> bool:
    shape = "" if attributes is None else attributes.presentation_lut_shape
    return shape == "INVERSE" or (not shape and pixel.photometric_interpretation == "MONOCHROME1")


def _affine(
    chains: Sequence[_Chain], which: npt.NDArray[np.int64], slope: Float, intercept: Float, pixel: ImagePixel
) -> tuple[Float, Float]:
    """Return the slope and intercept of each frame.

    An inversion is folded in: what the smallest stored value gives and what the largest gives change places.
    """
    absent = np.isnan(slope) | ~np.array([chain.rescale for chain in chains])[which]
    own = np.array([chain.affine for chain in chains])[which]
    slope, intercept = np.where(absent, own[:, 0], slope), np.where(absent, own[:, 1], intercept)
    invert = np.array([chain.invert for chain in chains])[which]
    if invert.any():
        low, high = pixel.stored_range
        intercept = np.where(invert, slope * (low + high) + intercept, intercept)
        slope = np.where(invert, -slope, slope)
    return slope, intercept


def _check_whole_numbers(
    programs: Sequence[tuple[Step, ...]], which: npt.NDArray[np.int64], slope: Float, intercept: Float
) -> None:
    """Refuse a table after a slope or an intercept that make fractions: what lies between two entries is nothing."""
    looks_up = np.array([bool(steps) and isinstance(steps[0], Lookup) for steps in programs])[which]
    fractional = looks_up & ((slope != np.rint(slope)) | (intercept != np.rint(intercept)))
    if fractional.any():
        at = int(np.flatnonzero(fractional)[0])
        raise UnsupportedTransformError(
            "a VOI LUT maps whole numbers, but the modality transform makes fractions",
            tag=describe_tag(Tag.VOI_LUT_SEQUENCE),
            found=f"slope {slope[at]:g} and intercept {intercept[at]:g}",
            remedy="Pass apply_voi_transform=False, or a window of your own as voi_transform_selector.",
        )


def _kind(
    programs: Sequence[tuple[Step, ...]],
    slope: Float,
    intercept: Float,
    which: npt.NDArray[np.int64],
    pixel: ImagePixel,
    output: np.dtype[Any],
) -> TransformKind:
    if not any(programs):
        is_identity = bool((slope == 1).all() and (intercept == 0).all())
        return TransformKind.IDENTITY if is_identity else TransformKind.AFFINE
    if any(isinstance(step, ColorManagement) for steps in programs for step in steps):
        return TransformKind.STEPS
    fractional = any(not isinstance(step, Lookup) or step.entries.dtype.kind == "f" for s in programs for step in s)
    if output.kind != "f" and fractional:
        raise OutputTypeError(
            f"{output} cannot hold fractions",
            expected="a floating type",
            found="a VOI transform or a real-world value map by table",
        )
    if pixel.keyword != "PixelData" or pixel.dtype.itemsize > 2:
        return TransformKind.STEPS
    if (slope == slope[0]).all() and (intercept == intercept[0]).all():
        tables = len(np.unique(which))
    else:
        tables = len({*zip(slope.tolist(), intercept.tolist(), which.tolist(), strict=True)})
    looked_up, filled = len(slope) * pixel.frame_samples, tables << 8 * pixel.dtype.itemsize
    return TransformKind.TABLE if looked_up >= filled or tables == 1 else TransformKind.STEPS


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
    largest = float(np.maximum(np.abs(slope), np.abs(intercept)).max())
    if output.itemsize == 8 and largest > _EXACT_FLOAT64:  # as after the inversion of unsigned samples of 64 bits
        raise OutputTypeError(
            "slope and intercept are too large to be exact",
            expected=f"up to 2**53 for {output}",
            found=f"{largest:g}",
            remedy="Pass another dtype, for example float64.",
        )


def _is_exact(slope: Float, intercept: Float, pixel: ImagePixel) -> bool:
    whole = (slope == np.rint(slope)).all() and (intercept == np.rint(intercept)).all()
    if pixel.keyword != "PixelData" or not whole:
        return False
    # The container, not Bits Stored: unused high bits may be set.
    largest = 1 << (pixel.dtype.itemsize * 8 - pixel.pixel_representation)
    return bool((np.abs(slope) * largest + np.abs(intercept)).max() <= _EXACT_FLOAT32)

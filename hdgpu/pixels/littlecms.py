"""LittleCMS on the host: ICC profiles opened and checked, and colours transformed from them to sRGB."""

from __future__ import annotations

import importlib
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import HdgpuError, InvalidAttributeError, MissingDependencyError

__all__ = ["check_profile", "littlecms_transform", "sample_profile", "transform_on_host"]

_HEADER = 128
# Signatures of ICC.1:2022 7.2: the classes that turn device colours into those of the connection space.
_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")
# Pixels at a time, so that Pillow's copies stay in the cache.
_BLOCK = 1 << 16


def check_profile(profile: bytes) -> None:
    """Make sure that the bytes are a whole ICC profile from RGB (ICC.1:2022 7.2 and 7.3).

    LittleCMS leaves out what lies beyond the end of a profile, and so may take another transform than the one meant.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If the profile is empty, cut off, none at all, or not one from RGB; a ValueError.
    """
    if not profile:
        raise _unreadable("there is no ICC profile")
    if len(profile) < _HEADER + 4:
        raise _unreadable("the ICC profile is cut off", expected="132 bytes at least", found=f"{len(profile)} bytes")
    if profile[36:40] != b"acsp":
        raise _unreadable("this is no ICC profile", expected="the signature b'acsp' at byte 36", found=profile[36:40])
    size = int.from_bytes(profile[:4], "big")
    if len(profile) < size:
        raise _unreadable("the ICC profile is cut off", expected=f"{size} bytes", found=f"{len(profile)} bytes")
    _check_tags(profile, size)
    if profile[16:20] != b"RGB ":
        raise _unreadable("the ICC profile is not one of RGB colours", expected=b"RGB ", found=profile[16:20])
    if profile[12:16] not in _CLASSES:
        expected = " or ".join(map(repr, _CLASSES))
        raise _unreadable(
            "the ICC profile is not one of a device or of a colour space", expected=expected, found=profile[12:16]
        )


def _check_tags(profile: bytes, size: int) -> None:
    count = int.from_bytes(profile[_HEADER : _HEADER + 4], "big")
    first = _HEADER + 4
    if first + 12 * count > size:
        raise _unreadable("the ICC profile's list of tags is cut off", expected=f"{count} tags", found=f"{size} bytes")
    for at in range(first, first + 12 * count, 12):
        start, length = (int.from_bytes(profile[at + i : at + i + 4], "big") for i in (4, 8))
        if start + length > size:
            raise _unreadable(
                f"the ICC profile's tag {profile[at : at + 4]!r} lies beyond its end",
                expected=f"{size} bytes",
                found=f"an end at byte {start + length}",
            )


def _unreadable(problem: str, **parts: Any) -> HdgpuError:
    remedy = "Pass apply_icc_profile=False for the colours as stored."
    return InvalidAttributeError(problem, tag=describe_tag(Tag.ICC_PROFILE), remedy=remedy, **parts)


@lru_cache(maxsize=16)
def littlecms_transform(profile: bytes) -> ImageCms.ImageCmsTransform:
    """Return LittleCMS's transform from 8-bit RGB to 8-bit sRGB, as Pillow builds it: for one profile once.

    The intent is perceptual, whichever the profile's header names, the destination LittleCMS's own sRGB, and no flag is
    set.  To ask for black point compensation would change nothing: with this intent, LittleCMS decides on it.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If there is no profile, or none that LittleCMS can use; a ValueError.
    """
    check_profile(profile)
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.ImageCmsTransform(source, _srgb(), "RGB", "RGB")
    except (OSError, ValueError) as error:
        raise _unreadable("LittleCMS cannot use the ICC profile", found=error) from error


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def transform_on_host(profile: bytes, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Transform colours with LittleCMS, which releases the interpreter's lock.

    Parameters
    ----------
    profile : bytes
    rgb : numpy.ndarray
        (..., 3) uint8.

    Returns
    -------
    numpy.ndarray
        New array of the same shape.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If there is no profile, or none that LittleCMS can use; a ValueError.
    """
    transform = littlecms_transform(profile)
    pixels = rgb.reshape(-1, 3)
    out = np.empty_like(pixels, order="C")
    for start in range(0, len(pixels), _BLOCK):
        image = Image.fromarray(pixels[np.newaxis, start : start + _BLOCK])
        out[start : start + _BLOCK] = np.asarray(transform.apply_in_place(image))[0]
    return out.reshape(rgb.shape)


def sample_profile(profile: bytes, rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Transform colours with LittleCMS in float32: the same transform, but neither rounded nor kept within 0 and 1.

    Pillow offers 8 bits only; imagecodecs has LittleCMS with other data types.

    Parameters
    ----------
    profile : bytes
        Checked before.
    rgb : numpy.ndarray
        (n, 3) float64, 0 to 1.

    Returns
    -------
    numpy.ndarray
        (n, 3) float64, sRGB as encoded.
    """
    try:
        imagecodecs = importlib.import_module("imagecodecs")
        available = imagecodecs.CMS.available
    except ImportError:
        available = False
    if not available:
        raise MissingDependencyError("imagecodecs with LittleCMS is not installed", remedy="pip install imagecodecs")
    values = imagecodecs.cms_transform(
        rgb.astype(np.float32)[:, np.newaxis],
        profile,
        _srgb().tobytes(),
        colorspace="rgb",
        outcolorspace="rgb",
        intent=imagecodecs.CMS.INTENT.PERCEPTUAL,
        flags=0,
    )
    return np.asarray(values, dtype=np.float64).reshape(rgb.shape)

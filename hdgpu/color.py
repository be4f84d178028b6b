"""Colours: in CIELab, as DICOM stores single ones, and in images with an ICC profile."""

from __future__ import annotations

from hdgpu.array.namespace import Array, is_array
from hdgpu.content.cielab import CIELabColor
from hdgpu.errors import UnsupportedPixelError
from hdgpu.pixels.icc import apply_icc_profile
from hdgpu.pixels.littlecms import littlecms_transform

__all__ = ["CIELabColor", "ColorManager"]


class ColorManager:
    """Colour management with an ICC profile (PS3.3 C.11.15): stored colours to sRGB, with perceptual intent.

    Parameters
    ----------
    icc_profile : bytes
        Value of ICC Profile (0028,2000).

    Raises
    ------
    TypeError
        If the profile is not given as bytes.
    hdgpu.errors.InvalidAttributeError
        If the profile is empty, cut off, none at all, not one from RGB, or one that LittleCMS cannot use; a ValueError.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import ImageCms
    >>> manager = ColorManager(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    >>> manager.transform_frame(np.array([[[10, 200, 30]]], dtype=np.uint8))
    array([[[ 10, 200,  30]]], dtype=uint8)
    """

    def __init__(self, icc_profile: bytes) -> None:
        # an attribute without a value is None in pydicom
        self._profile = b"" if icc_profile is None else bytes(memoryview(icc_profile))
        littlecms_transform(self._profile)

    def transform_frame(self, array: Array) -> Array:
        """Transform a frame.

        A NumPy array is transformed by LittleCMS, and equals highdicom's result.  An array of another library stays on
        its device, where colours are interpolated in a table of the profile: to the same integers on every library and
        device, which differ from LittleCMS's by 1 of 255 at most.

        Parameters
        ----------
        array : array
            (rows, columns, 3) uint8, of any library and on any device.

        Returns
        -------
        array
            New array of the same shape, type, library and device.

        Raises
        ------
        TypeError
            If it is not an array of uint8.
        hdgpu.errors.UnsupportedPixelError
            If it does not have three dimensions and three samples per pixel, as a greyscale frame; a ValueError.
        hdgpu.errors.UnsupportedTransformError
            If the array is not NumPy's and no table of the profile comes as near to LittleCMS.
        """
        if is_array(array) and array.ndim != 3:
            raise UnsupportedPixelError(
                "an ICC profile is applied to frames of colours",
                expected="an array of (rows, columns, 3)",
                found=f"shape {tuple(array.shape)}",
            )
        return apply_icc_profile(self._profile, array)

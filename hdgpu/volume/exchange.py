"""Volumes to and from the images of other libraries: NiBabel, SimpleITK and ITK.

Indices keep their order, and every voxel stays where it is in space; these libraries store the first index fastest, so
an image made from a C-ordered array is a copy.  NiBabel's affines lead to RAS, the others' to LPS as DICOM's do.
"""

from __future__ import annotations

import importlib
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import dtype_name
from hdgpu.array.host_copy import contiguous
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array
from hdgpu.enum import CoordinateSystemNames, NiBabelImageClasses
from hdgpu.errors import MissingDependencyError, VolumeError
from hdgpu.geometry.affine import Float64Array, affine_from_components
from hdgpu.geometry.orientation import in_convention
from hdgpu.volume import intensity

if TYPE_CHECKING:
    import itk
    import SimpleITK
    from nibabel.spatialimages import SpatialImage

__all__ = ["ImageExchange"]

_RAS, _LPS = "RAH", "LPH"  # H, the head, is what others call superior
_LONG_DOUBLE = np.dtype(np.longdouble).name

# For each library the data types that it has not, and what holds their values.
_NIFTI = {"bool": "uint8", "float16": "float32", "bfloat16": "float32", _LONG_DOUBLE: "float64"}
_ANALYZE = _NIFTI | {
    "int8": "int16", "uint16": "int16", "uint32": "int32", "int64": "int32", "uint64": "int32",
}  # fmt: skip
_MGH = _NIFTI | {
    "int8": "int16", "uint32": "int32", "int64": "int32", "uint64": "int32", "float64": "float32",
    _LONG_DOUBLE: "float32",
}  # fmt: skip
_MINC = {"bool": "uint8", "bfloat16": "float32"}
_OF_NIBABEL = {
    NiBabelImageClasses.NIFTI1IMAGE: _NIFTI,
    NiBabelImageClasses.NIFTI2IMAGE: _NIFTI,
    NiBabelImageClasses.MGHIMAGE: _MGH,
    NiBabelImageClasses.MINC1IMAGE: _MINC,
    NiBabelImageClasses.MINC2IMAGE: _MINC,
    NiBabelImageClasses.ANALYZEIMAGE: _ANALYZE,
}
_SIMPLEITK = {"bool": "uint8", "float16": "float32", "bfloat16": "float32", _LONG_DOUBLE: "float64"}
_ITK = _SIMPLEITK | {"int8": "int16", "int64": "int32"}


class ImageExchange(ABC):
    """Conversions between volumes and other libraries' images; arrays on a GPU are copied to the host."""

    _array: Array
    _affine: Float64Array

    @classmethod
    @abstractmethod
    def _plain(
        cls,
        array: Array,
        affine: Float64Array,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None,
    ) -> Self:
        """Return a volume without channels."""

    @classmethod
    def from_nibabel(
        cls,
        nibabel_image: SpatialImage,
        coordinate_system: CoordinateSystemNames | str = "PATIENT",
        frame_of_reference_uid: str | None = None,
    ) -> Self:
        """Create a volume from a NiBabel image.

        Parameters
        ----------
        nibabel_image : nibabel.spatialimages.SpatialImage
            Image of three axes.  A scaling in its header is applied, which makes the voxels float64.
        coordinate_system : CoordinateSystemNames or str, optional
            ``"PATIENT"`` or ``"SLIDE"``.
        frame_of_reference_uid : str or None, optional
            Frame of Reference UID, if known.

        Raises
        ------
        TypeError
            If it is no such image.
        hdgpu.errors.VolumeError
            If it has not three axes, or its affine is sheared (also a ValueError).
        """
        affine = getattr(nibabel_image, "affine", None)
        if affine is None or not hasattr(nibabel_image, "dataobj"):
            raise TypeError(f"A NiBabel image is needed, not {type(nibabel_image).__name__}.")
        array = np.asanyarray(nibabel_image.dataobj)
        _check_dimensions("NiBabel", array.ndim, components=1)
        lps = in_convention(np.asarray(affine, dtype=np.float64), _LPS, source=_RAS)
        return cls._plain(array, lps, coordinate_system, frame_of_reference_uid)

    def to_nibabel(self, image_class: str | NiBabelImageClasses = NiBabelImageClasses.NIFTI1IMAGE) -> SpatialImage:
        """Convert the volume to a NiBabel image.

        Parameters
        ----------
        image_class : NiBabelImageClasses or str, optional
            Class of the image: ``"Nifti1Image"``, ``"Nifti2Image"``, ``"MGHImage"``, ``"Minc1Image"``,
            ``"Minc2Image"`` or ``"AnalyzeImage"``.  A data type that it cannot store is cast to one that can hold the
            values, with a warning, except for bool.

        Raises
        ------
        hdgpu.errors.MissingDependencyError
            If NiBabel is not installed (also an ImportError).
        hdgpu.errors.VolumeError
            If the volume has channels (also a ValueError).
        hdgpu.errors.OutputTypeError
            If the values are out of the range that the class can store (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), "PATIENT").to_nibabel().shape
        (2, 3, 4)
        """
        chosen = NiBabelImageClasses(image_class)
        nib = _library("nibabel", extra="nifti")
        array = self._exported(f"NiBabel's {chosen.value}", _OF_NIBABEL[chosen])
        affine = in_convention(self._affine, _RAS, source=_LPS)
        # NiBabel takes 64-bit integers only from those who say that they mean it
        said = {"dtype": array.dtype} if _OF_NIBABEL[chosen] is _NIFTI else {}
        image: SpatialImage = getattr(nib, chosen.value)(array, affine, **said)
        if hasattr(image.header, "set_xyzt_units"):
            image.header.set_xyzt_units("mm")
        return image

    @classmethod
    def from_simpleitk(
        cls,
        simpleitk_image: SimpleITK.Image,
        coordinate_system: CoordinateSystemNames | str = "PATIENT",
        frame_of_reference_uid: str | None = None,
    ) -> Self:
        """Create a volume from a SimpleITK image, whose voxels are copied.

        Parameters
        ----------
        simpleitk_image : SimpleITK.Image
            Image of three axes and one component.
        coordinate_system : CoordinateSystemNames or str, optional
            ``"PATIENT"`` or ``"SLIDE"``.
        frame_of_reference_uid : str or None, optional
            Frame of Reference UID, if known.

        Raises
        ------
        TypeError
            If it is no such image.
        hdgpu.errors.MissingDependencyError
            If SimpleITK is not installed (also an ImportError).
        hdgpu.errors.VolumeError
            If it has not three axes, or several components (also a ValueError).
        """
        sitk = _library("SimpleITK", extra="simpleitk")
        if not isinstance(simpleitk_image, sitk.Image):
            raise TypeError(f"A SimpleITK image is needed, not {type(simpleitk_image).__name__}.")
        components = simpleitk_image.GetNumberOfComponentsPerPixel()
        _check_dimensions("SimpleITK", simpleitk_image.GetDimension(), components)
        affine = affine_from_components(
            simpleitk_image.GetSpacing(), simpleitk_image.GetDirection(), simpleitk_image.GetOrigin()
        )
        return cls._plain(
            sitk.GetArrayFromImage(simpleitk_image).transpose(), affine, coordinate_system, frame_of_reference_uid
        )

    def to_simpleitk(self) -> SimpleITK.Image:
        """Convert the volume to a SimpleITK image.

        bool becomes uint8, float16 and bfloat16 float32 and long double float64, with a warning except for bool.

        Raises
        ------
        hdgpu.errors.MissingDependencyError
            If SimpleITK is not installed (also an ImportError).
        hdgpu.errors.VolumeError
            If the volume has channels (also a ValueError).
        hdgpu.errors.OutputTypeError
            If the values are out of the range of float64 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), "PATIENT").to_simpleitk().GetSize()
        (2, 3, 4)
        """
        sitk = _library("SimpleITK", extra="simpleitk")
        image: Any = sitk.GetImageFromArray(contiguous(self._exported("SimpleITK", _SIMPLEITK).transpose()))
        spacing, direction, origin = self._components()
        image.SetSpacing(spacing.tolist())
        image.SetDirection(direction.ravel().tolist())
        image.SetOrigin(origin.tolist())
        return cast("SimpleITK.Image", image)

    @classmethod
    def from_itk(
        cls,
        itk_image: itk.Image,
        coordinate_system: CoordinateSystemNames | str = "PATIENT",
        frame_of_reference_uid: str | None = None,
    ) -> Self:
        """Create a volume from an ITK image, whose voxels are copied.

        Parameters
        ----------
        itk_image : itk.Image
            Image of three axes and one component.
        coordinate_system : CoordinateSystemNames or str, optional
            ``"PATIENT"`` or ``"SLIDE"``.
        frame_of_reference_uid : str or None, optional
            Frame of Reference UID, if known.

        Raises
        ------
        TypeError
            If it is no such image.
        hdgpu.errors.MissingDependencyError
            If ITK is not installed (also an ImportError).
        hdgpu.errors.VolumeError
            If it has not three axes, or several components (also a ValueError).
        """
        library = _library("itk", extra="itk")
        if not isinstance(itk_image, library.DataObject):
            raise TypeError(f"An ITK image is needed, not {type(itk_image).__name__}.")
        components = itk_image.GetNumberOfComponentsPerPixel()
        _check_dimensions("ITK", itk_image.GetImageDimension(), components)
        direction = library.array_from_matrix(itk_image.GetDirection())
        affine = affine_from_components(list(itk_image.GetSpacing()), direction, list(itk_image.GetOrigin()))
        array = library.array_from_image(itk_image).transpose()
        return cls._plain(array, affine, coordinate_system, frame_of_reference_uid)

    def to_itk(self) -> itk.Image:
        """Convert the volume to an ITK image.

        bool becomes uint8, int8 int16, int64 int32, float16 and bfloat16 float32 and long double float64, with a
        warning except for bool.

        Raises
        ------
        hdgpu.errors.MissingDependencyError
            If ITK is not installed (also an ImportError).
        hdgpu.errors.VolumeError
            If the volume has channels (also a ValueError).
        hdgpu.errors.OutputTypeError
            If the values are out of the range of the type cast to (also a ValueError).
        """
        library = _library("itk", extra="itk")
        image = library.image_from_array(contiguous(self._exported("ITK", _ITK).transpose()))
        spacing, direction, origin = self._components()
        image.SetSpacing(spacing.tolist())
        image.SetDirection(direction)
        image.SetOrigin(origin.tolist())
        return image

    def _components(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Return spacing, direction and position of the affine."""
        columns = self._affine[:3, :3]
        spacing = np.sqrt((columns**2).sum(axis=0))
        return spacing, columns / spacing, self._affine[:3, 3]

    def _exported(self, library: str, casts: dict[str, str]) -> npt.NDArray[Any]:
        """Return the array on the host, in a type that the library has."""
        array = self._array
        if array.ndim != 3:
            raise VolumeError(
                f"{library} is given volumes without channels only",
                found=f"shape {tuple(array.shape)}",
                remedy="Choose one value of each channel with get_channel",
            )
        name = dtype_name(array.dtype)
        target = casts.get(name)
        if target is not None:
            array = intensity.cast(array, target)
            if name != "bool":
                warnings.warn(f"{library} has no {name}: the voxels are cast to {target}.", UserWarning, stacklevel=3)
        return to_numpy(array)


def _library(name: str, *, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependencyError(f"{name} is not installed", remedy=f'`pip install "hdgpu[{extra}]"`') from error


def _check_dimensions(library: str, dimensions: int, components: int) -> None:
    if dimensions != 3 or components != 1:
        raise VolumeError(
            f"a {library} image of other than three axes and one component does not make a volume",
            found=f"{dimensions} axes, {components} components",
        )

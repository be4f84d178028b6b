"""From the array indices of one volume to those of another."""

from __future__ import annotations

import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, array_namespace, is_array
from hdgpu.errors import OutputTypeError
from hdgpu.geometry.points import outside
from hdgpu.geometry.transformer import Transformer
from hdgpu.volume.comparison import require_shared_space
from hdgpu.volume.placement import Placement, require_inside

__all__ = ["VolumeToVolumeTransformer"]


class VolumeToVolumeTransformer(Transformer):
    """Transformation from array indices of one volume to those of another.

    Parameters
    ----------
    volume_from, volume_to : Volume or VolumeGeometry
        Volumes whose indices are put in, and come out.
    round_output : bool, optional
        Whether to round to the nearest voxel, halfway between two to the one of even index.
    check_bounds : bool, optional
        Whether to raise if the result lies outside the volume: rounded, by its index; else, by more than half a voxel.

    Raises
    ------
    TypeError
        If one of the two is no volume.
    hdgpu.errors.CoordinateSystemError, hdgpu.errors.GeometryMismatchError
        If they are in different coordinate systems, or in frames of reference known to be different (also a
        RuntimeError).

    Examples
    --------
    >>> import numpy as np
    >>> from hdgpu.volume import VolumeGeometry
    >>> volume = VolumeGeometry(np.diag([2.0, 1.0, 1.0, 1.0]), (10, 20, 30), "PATIENT")
    >>> VolumeToVolumeTransformer(volume, volume[2:, ::-1])(np.array([[3, 0, 5]]))
    array([[ 1., 19.,  5.]])
    """

    def __init__(
        self, volume_from: Placement, volume_to: Placement, round_output: bool = False, check_bounds: bool = False
    ) -> None:
        require_shared_space(volume_from, volume_to)
        super().__init__(volume_to.inverse_affine @ volume_from.affine)
        self._spatial_shape = volume_to.spatial_shape
        self._round_output = round_output
        self._check_bounds = check_bounds

    def __call__(self, indices: Array | npt.ArrayLike) -> Array:
        """Transform array indices.

        Parameters
        ----------
        indices : array or array-like
            Indices in the first volume, counted from zero, with sub-voxel precision if wanted; shape (n, 3).

        Returns
        -------
        array
            Indices in the second volume, of the library and on the device of those given, shape (n, 3).  Rounded, they
            are of the same type if that is a signed integer, else int64; not rounded, of the same type if that is
            floating-point, else float64.  Rounding and checking have to wait for a GPU.

        Raises
        ------
        hdgpu.errors.VolumeError
            If `indices` has the wrong shape, or is not finite and to be rounded (also a ValueError).
        hdgpu.errors.OutOfBoundsError
            If an index is out of bounds (also a ValueError).
        hdgpu.errors.OutputTypeError
            If the type of the indices given cannot hold those that come out (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> volume = VolumeGeometry(np.eye(4), (10, 20, 30), "PATIENT")
        >>> coarse = VolumeGeometry(np.diag([2.0, 2.0, 2.0, 1.0]), (5, 10, 15), "PATIENT")
        >>> VolumeToVolumeTransformer(volume, coarse, round_output=True)([[8, 7, 3]])
        array([[4, 4, 2]])
        """
        mapped = self._map(indices, "indices")
        if self._check_bounds:
            require_inside(mapped, self._spatial_shape, 0 if self._round_output else 0.5)
        return _of_type_given(mapped, indices) if is_array(indices) else mapped


def _of_type_given(mapped: Array, indices: Array) -> Array:
    """Return int64 or float64 indices in the type of those given, if it is of the same kind."""
    xp = array_namespace(mapped)
    kind = "signed integer" if xp.isdtype(mapped.dtype, "integral") else "real floating"
    if not xp.isdtype(indices.dtype, kind) or indices.dtype == mapped.dtype:
        return mapped
    if kind == "signed integer":
        low, high = int(xp.iinfo(indices.dtype).min), int(xp.iinfo(indices.dtype).max)
        rows = outside(mapped, [low] * 3, [high] * 3)
        if rows.size:
            raise OutputTypeError(
                f"{dtype_name(indices.dtype)} cannot hold the indices that come out",
                expected=f"between {low} and {high}",
                found=f"{to_numpy(mapped[int(rows[0]), :]).tolist()} in row {rows[0]}",
                remedy="Pass the indices as int64",
            )
    with on_device_of(mapped):
        return xp.astype(mapped, indices.dtype)

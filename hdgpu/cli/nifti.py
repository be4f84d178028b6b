"""A writer for single-file NIfTI-1 (https://nifti.nimh.nih.gov/nifti-1).

Our arrays are indexed (slice, row, column) and our affines lead to LPS millimetres (PS3.3 C.7.6.2.1.1).  NIfTI stores
its first axis fastest and leads to RAS, so the bytes of a C-ordered array need no move: the file's axes are
(column, row, slice), the affine's columns follow them, and its first two rows change sign.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from hdgpu.errors import OutputTypeError, PixelDataSizeError

__all__ = ["lps_to_nifti_affine", "write_nifti"]

_HEADER = np.dtype(
    [
        ("sizeof_hdr", "<i4"), ("data_type", "S10"), ("db_name", "S18"), ("extents", "<i4"), ("session_error", "<i2"),
        ("regular", "S1"), ("dim_info", "u1"), ("dim", "<i2", 8), ("intent_p", "<f4", 3), ("intent_code", "<i2"),
        ("datatype", "<i2"), ("bitpix", "<i2"), ("slice_start", "<i2"), ("pixdim", "<f4", 8), ("vox_offset", "<f4"),
        ("scl_slope", "<f4"), ("scl_inter", "<f4"), ("slice_end", "<i2"), ("slice_code", "u1"), ("xyzt_units", "u1"),
        ("cal_max", "<f4"), ("cal_min", "<f4"), ("slice_duration", "<f4"), ("toffset", "<f4"), ("glmax", "<i4"),
        ("glmin", "<i4"), ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "<i2"), ("sform_code", "<i2"),
        ("quatern", "<f4", 3), ("qoffset", "<f4", 3), ("srow", "<f4", (3, 4)), ("intent_name", "S16"),
        ("magic", "S4"),
    ]
)  # fmt: skip
_DATATYPES = {
    "uint8": 2, "int16": 4, "int32": 8, "float32": 16, "float64": 64, "int8": 256, "uint16": 512, "uint32": 768,
    "int64": 1024, "uint64": 1280,
}  # fmt: skip
_RGB24 = 128
_MILLIMETRES = 2
_SCANNER_ANATOMICAL = 1
_DATA_OFFSET = 352  # the header's 348 bytes and four that say that no extension follows
_LARGEST_DIMENSION = 32767
_ORTHOGONAL_WITHIN = 1e-4  # cosine between two axes; a gantry tilt of 0.006 degrees
_CHUNK_BYTES = 1 << 24


def lps_to_nifti_affine(affine: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn an affine from (slice, row, column) to LPS into one from (column, row, slice) to RAS.

    Parameters
    ----------
    affine : array_like, shape (4, 4)
        Homogeneous transform from indices to LPS millimetres.

    Returns
    -------
    numpy.ndarray, shape (4, 4)
        Homogeneous transform from NIfTI's indices to RAS millimetres.

    Examples
    --------
    >>> lps = [[0, 0, 0.5, -10], [0, 0.5, 0, -20], [2, 0, 0, 30], [0, 0, 0, 1]]
    >>> lps_to_nifti_affine(lps)
    array([[-0.5,  0. ,  0. , 10. ],
           [ 0. , -0.5,  0. , 20. ],
           [ 0. ,  0. ,  2. , 30. ],
           [ 0. ,  0. ,  0. ,  1. ]])
    """
    permuted = np.asarray(affine, np.float64)[:, [2, 1, 0, 3]]
    result: npt.NDArray[np.float64] = permuted * np.array([[-1.0], [-1.0], [1.0], [1.0]])
    return result + 0.0  # makes of -0.0 a 0.0


def write_nifti(path: Path, array: npt.NDArray[Any], affine: npt.ArrayLike) -> None:
    """Write a volume as ``.nii``, or gzipped as ``.nii.gz``.

    Parameters
    ----------
    path : Path
        File to write; the suffix ``.gz`` decides whether it is gzipped.
    array : numpy.ndarray, shape (slices, rows, columns) or (slices, rows, columns, 3)
        Voxels; with three channels, of type uint8.
    affine : array_like, shape (4, 4)
        From (slice, row, column) to LPS millimetres.

    Raises
    ------
    OutputTypeError
        If NIfTI has no such data type.
    PixelDataSizeError
        If the array is no volume, or an axis is longer than the 32767 that NIfTI-1 can express.
    """
    header = _header(array, lps_to_nifti_affine(affine))
    voxels = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    with open(path, "wb") as file:
        if path.suffix == ".gz":
            # without name and time the same volume gives the same bytes
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as zipped:
                _write(zipped, header, voxels)
        else:
            _write(file, header, voxels)


def _write(file: IO[bytes] | gzip.GzipFile, header: bytes, voxels: npt.NDArray[Any]) -> None:
    file.write(header)
    flat = voxels.reshape(-1).view(np.uint8)
    for start in range(0, flat.size, _CHUNK_BYTES):
        file.write(flat[start : start + _CHUNK_BYTES].data)


def _header(array: npt.NDArray[Any], affine: npt.NDArray[np.float64]) -> bytes:
    shape = array.shape[:3]
    if array.ndim not in (3, 4) or not all(0 < length <= _LARGEST_DIMENSION for length in shape):
        raise PixelDataSizeError(
            "NIfTI-1 cannot express this shape", expected=f"three axes of 1 to {_LARGEST_DIMENSION}", found=array.shape
        )
    header = np.zeros((), _HEADER)
    header["sizeof_hdr"] = _HEADER.itemsize
    header["regular"] = b"r"
    header["dim"] = (3, *reversed(shape), 1, 1, 1, 1)
    header["datatype"] = _datatype(array)
    header["bitpix"] = array.dtype.itemsize * 8 * (3 if array.ndim == 4 else 1)
    header["vox_offset"] = _DATA_OFFSET
    header["scl_slope"] = 1
    header["xyzt_units"] = _MILLIMETRES
    header["descrip"] = b"hdgpu"
    header["magic"] = b"n+1"
    _set_transforms(header, affine)
    return header.tobytes() + bytes(_DATA_OFFSET - _HEADER.itemsize)


def _datatype(array: npt.NDArray[Any]) -> int:
    if array.ndim == 4:
        if array.shape[3] != 3 or array.dtype != np.uint8:
            raise OutputTypeError(
                "NIfTI holds channels as RGB only",
                expected="3 channels of uint8",
                found=f"{array.shape[3]} of {array.dtype}",
            )
        return _RGB24
    if array.dtype.name not in _DATATYPES:
        raise OutputTypeError("NIfTI has no such data type", expected=" or ".join(_DATATYPES), found=array.dtype.name)
    return _DATATYPES[array.dtype.name]


def _set_transforms(header: npt.NDArray[Any], affine: npt.NDArray[np.float64]) -> None:
    """Set the sform and, unless the axes are sheared, which no quaternion can say, the qform."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    axes = affine[:3, :3] / spacing
    handedness = 1.0 if np.linalg.det(axes) > 0 else -1.0
    header["pixdim"] = (handedness, *spacing, 0, 0, 0, 0)
    header["sform_code"] = _SCANNER_ANATOMICAL
    header["srow"] = affine[:3]
    if np.abs(axes.T @ axes - np.eye(3)).max() < _ORTHOGONAL_WITHIN:
        header["qform_code"] = _SCANNER_ANATOMICAL
        header["quatern"] = _quaternion(axes * [1.0, 1.0, handedness])
        header["qoffset"] = affine[:3, 3]


def _quaternion(rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return b, c and d of the unit quaternion with a >= 0 of a rotation.

    As the eigenvector of the largest eigenvalue (Bar-Itzhack 2000): stable for every angle, and right in the sense of
    least squares where the axes are orthogonal but for rounding.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    matrix = np.array(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, yy - xx - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, zz - xx - yy],
        ]
    )
    quaternion = np.linalg.eigh(matrix)[1][:, -1]
    vector: npt.NDArray[np.float64] = quaternion[1:] if quaternion[0] >= 0 else -quaternion[1:]
    return vector

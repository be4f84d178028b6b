"""From arrays to the namespace of functions that works on them.  The only importer of array_api_compat."""

from __future__ import annotations

import importlib
from typing import Any, TypeAlias

import array_api_compat
import numpy as np
from array_api_compat import is_cupy_array, is_numpy_array, is_torch_array

__all__ = [
    "Array",
    "Namespace",
    "array_namespace",
    "is_array",
    "is_cupy_array",
    "is_numpy_array",
    "is_torch_array",
    "library_name",
    "namespace_of_library",
    "native_device",
]

Array: TypeAlias = Any
"""An array of any library that follows the array API standard."""

Namespace: TypeAlias = Any
"""A module with the functions of the array API standard."""


def is_array(value: object) -> bool:
    """Return whether the value is an array of a library that follows the array API standard.

    NumPy scalars, lists and masked arrays are none: a mask would be lost on the way.

    Examples
    --------
    >>> import numpy as np
    >>> is_array(np.zeros((2, 3))), is_array(np.float64(1)), is_array([1, 2])
    (True, False, False)
    """
    return bool(array_api_compat.is_array_api_obj(value)) and not isinstance(value, np.generic | np.ma.MaskedArray)


def array_namespace(*arrays: Array) -> Namespace:
    """Return the array API namespace that all of the arrays share.

    Raises
    ------
    TypeError
        If there is no array, if one is not of the array API, or if they are of different libraries.

    Examples
    --------
    >>> import numpy as np
    >>> xp = array_namespace(np.zeros(3), np.ones(3))
    >>> float(xp.sum(np.ones(3)))
    3.0
    """
    return array_api_compat.array_namespace(*arrays)


def namespace_of_library(library: str) -> Namespace:
    """Return array_api_compat's namespace for ``"numpy"``, ``"cupy"`` or ``"torch"``, importing the library.

    Raises
    ------
    ImportError
        If the library is not installed.
    """
    return importlib.import_module(f"array_api_compat.{library}")


def library_name(array: Array) -> str:
    """Return the import name of the library that the array belongs to.

    Examples
    --------
    >>> import numpy as np
    >>> library_name(np.zeros(3))
    'numpy'
    """
    return str(array_namespace(array).__name__).removeprefix("array_api_compat.")


def native_device(array: Array) -> Any:
    """Return the device of the array as its own library names it, to pass to that library's creation functions."""
    return array_api_compat.device(array)

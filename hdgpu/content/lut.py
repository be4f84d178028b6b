"""Lookup tables of grey values as data sets (PS3.3 C.11.1, C.11.2 and C.11.4)."""

from __future__ import annotations

import copy as copy_module
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import dtype_name, host_dtype
from hdgpu.array.namespace import Array, is_array
from hdgpu.attributes.values import attribute_value
from hdgpu.enum import RescaleTypeValues
from hdgpu.errors import MissingAttributeError
from hdgpu.pixels import reference
from hdgpu.pixels.lookup import Descriptor, LookupTable, read_descriptor, read_table
from hdgpu.pixels.window import check_output_range

__all__ = [
    "LUT",
    "VOILUT",
    "ModalityLUT",
    "PresentationLUT",
    "check_table",
    "little_endian_bytes",
    "look_up",
]

_MAX_ENTRIES = 1 << 16


class LUT(Dataset):
    """A lookup table: the value `first_mapped_value` maps to the first entry, the next one to the second, and so on.

    Values below the first and above the last one mapped get the first and the last entry.

    Parameters
    ----------
    first_mapped_value : int
        0 to 65535.  Tables with negative ones are read with `from_dataset`.
    lut_data : numpy.ndarray
        (n,) uint8 or uint16, 1 to 65536 entries.
    lut_explanation : str, optional
        What the table means, at most 64 characters.

    Raises
    ------
    TypeError
        If `first_mapped_value` is not an int, or `lut_data` not an array of NumPy.
    ValueError
        If one of them is not as described above.

    Examples
    --------
    >>> import numpy as np
    >>> lut = LUT(10, np.array([5, 7, 11], dtype=np.uint8))
    >>> lut.apply(np.array([[0, 10], [11, 300]]))
    array([[ 5,  5],
           [ 7, 11]], dtype=uint8)
    """

    def __init__(self, first_mapped_value: int, lut_data: npt.NDArray[Any], lut_explanation: str | None = None) -> None:
        super().__init__()
        check_table(first_mapped_value, lut_data)
        count = len(lut_data) % _MAX_ENTRIES
        self.LUTDescriptor = [count, first_mapped_value, 8 * lut_data.itemsize]
        self.LUTData = little_endian_bytes(lut_data)
        if lut_explanation is not None:
            self.LUTExplanation = attribute_value(lut_explanation, "LUTExplanation")

    @classmethod
    def from_dataset(cls, dataset: Dataset, copy: bool = True) -> Self:
        """Make one of a data set with the attributes of a table.

        Parameters
        ----------
        dataset : pydicom.Dataset
        copy : bool
            Whether the data set is left as it is; else it becomes the table itself.

        Raises
        ------
        TypeError
            If it is not a data set.
        AttributeError
            If LUT Descriptor or LUT Data is absent (`MissingAttributeError`).
        RuntimeError
            If they contradict each other (`LookupTableError`).
        """
        if not isinstance(dataset, Dataset):
            raise TypeError(f"A LUT is made of a pydicom.Dataset, not of {type(dataset).__name__}.")
        read_table(dataset)
        table = copy_module.deepcopy(dataset) if copy else dataset
        table.__class__ = cls
        return table  # type: ignore[return-value]

    def _table(self) -> LookupTable:
        return read_table(self)

    def _descriptor(self) -> Descriptor:
        if "LUTDescriptor" not in self:
            raise MissingAttributeError("the attribute is absent", tag="'LUTDescriptor'")
        return read_descriptor(self.LUTDescriptor)

    @property
    def lut_data(self) -> npt.NDArray[Any]:
        """(n,) uint8 or uint16, the entries; read-only where they are the data set's own bytes.

        Raises
        ------
        RuntimeError
            If they are not what LUT Descriptor says (`LookupTableError`).
        """
        return self._table().entries

    @property
    def number_of_entries(self) -> int:
        """Number of entries, 1 to 65536."""
        return self._descriptor().count

    @property
    def first_mapped_value(self) -> int:
        """Value that maps to the first entry, as LUT Descriptor has it."""
        return self._descriptor().first

    @property
    def bits_per_entry(self) -> int:
        """Bits of an entry: 8 or 16; 9 to 15 where a file says so, and then entries are uint16, too."""
        return self._descriptor().bits

    def apply(self, array: Array, dtype: npt.DTypeLike | Any = None) -> Array:
        """Look the values of an array up.

        Parameters
        ----------
        array : array
            Integers, of any shape, library and device.
        dtype : data type, optional
            Of the result; one that holds every value of the entries' own type, which is the default.

        Returns
        -------
        array
            Of the shape, library and device of `array`.

        Raises
        ------
        ValueError
            If the array is not of integers, or `dtype` no integer or floating type.
        TypeError
            If `dtype` does not hold every value of the entries' type.
        """
        table = self._table()
        return look_up(array, table.first, table.entries, dtype)

    def get_inverted_lut_data(self) -> npt.NDArray[Any]:
        """Return the entries turned round within the range that they span: the smallest becomes the largest.

        Returns
        -------
        numpy.ndarray
            (n,) uint8 or uint16.

        Examples
        --------
        >>> import numpy as np
        >>> LUT(0, np.array([10, 11, 20], dtype=np.uint8)).get_inverted_lut_data()
        array([20, 19, 10], dtype=uint8)
        """
        entries = self.lut_data
        ends = int(entries.min()) + int(entries.max())
        return (ends - entries.astype(np.int64)).astype(entries.dtype)

    def get_scaled_lut_data(
        self,
        output_range: tuple[float, float] = (0.0, 1.0),
        dtype: npt.DTypeLike = np.float64,
        invert: bool = False,
    ) -> npt.NDArray[Any]:
        """Return the entries scaled so that the smallest and the largest are the ends of a range.

        Parameters
        ----------
        output_range : tuple of float
            Lower and upper end.
        dtype : data type
            Floating.
        invert : bool
            Whether the smallest becomes the upper end.

        Returns
        -------
        numpy.ndarray
            (n,) of `dtype`, computed in float64 and rounded once.

        Raises
        ------
        ValueError
            If the range is empty or turned round, `dtype` is not floating, or all entries are equal.

        Examples
        --------
        >>> import numpy as np
        >>> LUT(0, np.array([10, 11, 20], dtype=np.uint8)).get_scaled_lut_data((0, 255))
        array([  0. ,  25.5, 255. ])
        """
        output = np.dtype(np.float64 if dtype is None else dtype)
        if output.kind != "f":
            raise ValueError(f"The entries are scaled into a floating type, not into {output}.")
        ends = check_output_range(output_range)
        return reference.scale_entries(self.lut_data, ends, invert=invert).astype(output)


class ModalityLUT(LUT):
    """An item of the Modality LUT Sequence (PS3.3 C.11.1).

    Parameters
    ----------
    lut_type : RescaleTypeValues or str
        Units of the entries.
    first_mapped_value, lut_data, lut_explanation
        See `LUT`.
    """

    def __init__(
        self,
        lut_type: RescaleTypeValues | str,
        first_mapped_value: int,
        lut_data: npt.NDArray[Any],
        lut_explanation: str | None = None,
    ) -> None:
        super().__init__(first_mapped_value, lut_data, lut_explanation)
        given = lut_type.value if isinstance(lut_type, RescaleTypeValues) else lut_type
        self.ModalityLUTType = attribute_value(given, "ModalityLUTType")


class VOILUT(LUT):
    """An item of the VOI LUT Sequence (PS3.3 C.11.2); its parameters are those of `LUT`."""


class PresentationLUT(LUT):
    """An item of the Presentation LUT Sequence (PS3.3 C.11.4); its parameters are those of `LUT`."""


def check_table(first_mapped_value: Any, lut_data: Any) -> None:
    """Check the first mapped value and the entries that a table shall be made of.

    Raises
    ------
    TypeError, ValueError
        As `LUT` says.
    """
    if not isinstance(first_mapped_value, int):
        raise TypeError(f"first_mapped_value is an int, not {type(first_mapped_value).__name__}.")
    if not isinstance(lut_data, np.ndarray):
        raise TypeError(f"lut_data is a numpy.ndarray, not {type(lut_data).__name__}.")
    if lut_data.ndim != 1 or not 1 <= len(lut_data) <= _MAX_ENTRIES:
        raise ValueError(f"lut_data has one axis with 1 to 65536 entries, not the shape {lut_data.shape}.")
    if lut_data.dtype.kind != "u" or lut_data.itemsize > 2:
        raise ValueError(f"lut_data is of uint8 or uint16, not of {lut_data.dtype}.")
    if not 0 <= first_mapped_value < _MAX_ENTRIES:
        raise ValueError(f"first_mapped_value is 0 to 65535, not {first_mapped_value}.")


def little_endian_bytes(entries: npt.NDArray[Any]) -> bytes:
    """Return the entries as the bytes of LUT data, which pydicom writes as they are."""
    return entries.astype(entries.dtype.newbyteorder("<"), copy=False).tobytes()


def look_up(array: Array, first: int, entries: npt.NDArray[Any], dtype: Any) -> Array:
    """Look the values of an array up, into a data type: see `LUT.apply`."""
    if not is_array(array):
        raise TypeError(f"Values are looked up in an array, not in {type(array).__name__}.")
    output = entries.dtype if dtype is None else np.dtype(dtype_name(dtype))
    if output.kind not in "iuf":
        raise ValueError(f"Values are looked up into integers or floating numbers, not into {output}.")
    if not np.can_cast(entries.dtype, output, "safe"):
        raise TypeError(f"{output} does not hold every value of {entries.dtype}.")
    if host_dtype(array).kind not in "iu":
        raise ValueError(f"A lookup table maps integers, not values of type {array.dtype}.")
    with on_device_of(array):
        return reference.lookup(array, first, reference.upload(entries.astype(output), array))

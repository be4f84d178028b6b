"""Tables of one colour of a palette as data sets (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9)."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from hdgpu.array.namespace import Array
from hdgpu.content.lut import check_table, little_endian_bytes, look_up
from hdgpu.errors import MissingAttributeError
from hdgpu.pixels.lookup import Descriptor, expand_segments, is_little_endian, read_descriptor, read_entries

__all__ = ["COLORS", "ColorTable", "PaletteColorLUT", "SegmentedPaletteColorLUT"]

COLORS = ("red", "green", "blue")


class ColorTable(Dataset):
    """What plain and segmented tables of one colour have in common."""

    _data_keyword: ClassVar[str]

    def __init__(self, descriptor: Descriptor, data: npt.NDArray[Any], color: str) -> None:
        super().__init__()
        self._name_color(color)
        values = [descriptor.count % (1 << 16), descriptor.first, descriptor.bits]
        setattr(self, self._descriptor_name, values)
        encoded = little_endian_bytes(data)
        setattr(self, self._data_name, encoded + b"\0" * (len(encoded) % 2))

    def _name_color(self, color: str) -> None:
        """Remember the colour, and the keywords of its attributes."""
        if not isinstance(color, str):
            raise TypeError(f"color is 'red', 'green' or 'blue', not {color!r}.")
        if color.lower() not in COLORS:
            raise ValueError(f"color is 'red', 'green' or 'blue', not {color!r}.")
        self._color = color.lower()
        self._descriptor_name = f"{color.capitalize()}PaletteColorLookupTableDescriptor"
        self._data_name = self._data_keyword.format(color.capitalize())

    @classmethod
    def extract_from_dataset(cls, dataset: Dataset, color: str) -> Self:
        """Take the table of one colour out of a data set with much else in it, such as an image.

        Parameters
        ----------
        dataset : pydicom.Dataset
        color : {"red", "green", "blue"}

        Raises
        ------
        AttributeError
            If it has no such table (`MissingAttributeError`).
        RuntimeError
            If its data contradict its descriptor (`LookupTableError`).
        """
        table = cls.__new__(cls)
        Dataset.__init__(table)
        table._name_color(color)
        for name in (table._descriptor_name, table._data_name):
            if name not in dataset:
                raise MissingAttributeError("the attribute is absent", tag=f"'{name}'")
            # a copy of the element: the data set may go on to be changed
            table.add_new(dataset[name].tag, dataset[name].VR, dataset[name].value)
        if not is_little_endian(dataset):
            value = dataset[table._data_name].value
            data = np.frombuffer(value, ">u2", len(value) // 2)
            table[table._data_name].value = little_endian_bytes(data.astype(np.uint16))
        table.lut_data  # noqa: B018 - raises if it is damaged
        return table

    def _descriptor(self) -> Descriptor:
        return read_descriptor(self[self._descriptor_name].value, self._descriptor_name)

    def _data(self, descriptor: Descriptor) -> npt.NDArray[Any]:
        element = self[self._data_name]
        return read_entries(element.value, descriptor, self._data_name, vr=str(element.VR))

    @property
    def lut_data(self) -> npt.NDArray[Any]:
        """(n,) uint8 or uint16, the entries.

        Raises
        ------
        RuntimeError
            If they are not what the descriptor says (`LookupTableError`).
        """
        return self._data(self._descriptor())

    @property
    def color(self) -> str:
        """``"red"``, ``"green"`` or ``"blue"``."""
        return self._color

    @property
    def number_of_entries(self) -> int:
        """Number of entries, 1 to 65536."""
        return self._descriptor().count

    @property
    def first_mapped_value(self) -> int:
        """Value that maps to the first entry, as the descriptor has it."""
        return self._descriptor().first

    @property
    def bits_per_entry(self) -> int:
        """Bits of an entry: 8 or 16."""
        return self._descriptor().bits


class PaletteColorLUT(ColorTable):
    """The table of one colour of a palette.

    Parameters
    ----------
    first_mapped_value : int
        Value that maps to the first entry, 0 to 65535.
    lut_data : numpy.ndarray
        (n,) uint8 or uint16.
    color : {"red", "green", "blue"}

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described above.

    Examples
    --------
    >>> import numpy as np
    >>> red = PaletteColorLUT(0, np.array([0, 128, 255], dtype=np.uint8), color="red")
    >>> red.apply(np.array([2, 1, 0, 7]))
    array([255, 128,   0, 255], dtype=uint8)
    """

    _data_keyword = "{}PaletteColorLookupTableData"

    def __init__(self, first_mapped_value: int, lut_data: npt.NDArray[Any], color: str) -> None:
        check_table(first_mapped_value, lut_data)
        super().__init__(Descriptor(len(lut_data), first_mapped_value, 8 * lut_data.itemsize), lut_data, color)

    def apply(self, array: Array, dtype: npt.DTypeLike | Any = None) -> Array:
        """Look the values of an array up: see `hdgpu.LUT.apply`."""
        return look_up(array, self.first_mapped_value, self.lut_data, dtype)


class SegmentedPaletteColorLUT(ColorTable):
    """The table of one colour of a palette, as segments: single values, straight lines, and repetitions.

    Parameters
    ----------
    first_mapped_value : int
        Value that maps to the first entry, 0 to 65535.
    segmented_lut_data : numpy.ndarray
        (m,) uint8 or uint16: opcode, length and values of each segment (PS3.3 C.7.9.2).
    color : {"red", "green", "blue"}

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described above, or the segments are damaged (`LookupTableError`).

    Examples
    --------
    >>> import numpy as np
    >>> segments = np.array([0, 1, 10, 1, 4, 50], dtype=np.uint8)  # the value 10, and a line of 4 more up to 50
    >>> SegmentedPaletteColorLUT(0, segments, color="red").lut_data
    array([10, 20, 30, 40, 50], dtype=uint8)
    """

    _data_keyword = "Segmented{}PaletteColorLookupTableData"

    def __init__(self, first_mapped_value: int, segmented_lut_data: npt.NDArray[Any], color: str) -> None:
        check_table(first_mapped_value, segmented_lut_data)
        count = len(expand_segments(segmented_lut_data))
        super().__init__(
            Descriptor(count, first_mapped_value, 8 * segmented_lut_data.itemsize), segmented_lut_data, color
        )

    @property
    def segmented_lut_data(self) -> npt.NDArray[Any]:
        """(m,) uint8 or uint16, the segments, with a zero at the end if bytes were padded."""
        bits = self._descriptor().bits
        count = len(self[self._data_name].value) // (1 if bits == 8 else 2)
        return self._data(Descriptor(count, 0, bits))

    @property
    def lut_data(self) -> npt.NDArray[Any]:
        """(n,) uint8 or uint16, the entries that the segments stand for."""
        return expand_segments(self.segmented_lut_data, self._descriptor().count, self._data_name)

    def apply(self, array: Array, dtype: npt.DTypeLike | Any = None) -> Array:
        """Look the values of an array up: see `hdgpu.LUT.apply`."""
        return look_up(array, self.first_mapped_value, self.lut_data, dtype)

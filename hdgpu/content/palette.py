"""Palettes as data sets (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from hdgpu.array.namespace import Array
from hdgpu.content.lut import check_table, little_endian_bytes, look_up
from hdgpu.errors import LookupTableError, MissingAttributeError
from hdgpu.pixels.lookup import Descriptor, expand_segments, is_little_endian, read_descriptor, read_entries

__all__ = ["PaletteColorLUT", "PaletteColorLUTTransformation", "SegmentedPaletteColorLUT"]

_COLORS = ("red", "green", "blue")


class _ColorTable(Dataset):
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
        if color.lower() not in _COLORS:
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


class PaletteColorLUT(_ColorTable):
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


class SegmentedPaletteColorLUT(_ColorTable):
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


class PaletteColorLUTTransformation(Dataset):
    """A palette: tables for red, green and blue.

    Parameters
    ----------
    red_lut, green_lut, blue_lut : PaletteColorLUT or SegmentedPaletteColorLUT
        Of the same first mapped value, number of entries and size of entries.
    palette_color_lut_uid : str, optional
        UID of the palette.

    Raises
    ------
    TypeError
        If one of them is no table of a colour.
    ValueError
        If one is of another colour, or they disagree.

    Examples
    --------
    >>> import numpy as np
    >>> palette = PaletteColorLUTTransformation.from_colors(["black", "red", "#ff7733"])
    >>> palette.apply(np.array([[2, 1]], dtype=np.uint8))
    array([[[255, 119,  51],
            [255,   0,   0]]], dtype=uint8)
    """

    def __init__(
        self,
        red_lut: PaletteColorLUT | SegmentedPaletteColorLUT,
        green_lut: PaletteColorLUT | SegmentedPaletteColorLUT,
        blue_lut: PaletteColorLUT | SegmentedPaletteColorLUT,
        palette_color_lut_uid: str | None = None,
    ) -> None:
        super().__init__()
        tables: tuple[Any, ...] = (red_lut, green_lut, blue_lut)
        for table, color in zip(tables, _COLORS, strict=True):
            if not isinstance(table, _ColorTable):
                kind = type(table).__name__
                raise TypeError(f"{color}_lut is a PaletteColorLUT or SegmentedPaletteColorLUT, not {kind}.")
            if table.color != color:
                raise ValueError(f"{color}_lut is a table of {table.color}.")
        _check_alike(tables)
        for table in tables:
            for element in table:
                self.add_new(element.tag, element.VR, element.value)
        if palette_color_lut_uid is not None:
            self.PaletteColorLookupTableUID = palette_color_lut_uid

    @classmethod
    def from_combined_lut(
        cls, lut_data: npt.NDArray[Any], first_mapped_value: int = 0, palette_color_lut_uid: str | None = None
    ) -> Self:
        """Make a palette of one array.

        Parameters
        ----------
        lut_data : numpy.ndarray
            (n, 3) uint8 or uint16: red, green and blue of each entry.
        first_mapped_value : int
            Value that maps to the first entry.
        palette_color_lut_uid : str, optional

        Raises
        ------
        ValueError
            If the array is not of that shape or type.
        """
        if lut_data.ndim != 2 or lut_data.shape[1] != 3:
            raise ValueError(f"lut_data has the shape (number of entries, 3), not {lut_data.shape}.")
        red, green, blue = (
            PaletteColorLUT(first_mapped_value, lut_data[:, index], color) for index, color in enumerate(_COLORS)
        )
        return cls(red, green, blue, palette_color_lut_uid)

    @classmethod
    def from_colors(
        cls, colors: Sequence[str], first_mapped_value: int = 0, palette_color_lut_uid: str | None = None
    ) -> Self:
        """Make a palette of 8 bits of a list of colours.

        Parameters
        ----------
        colors : sequence of str
            Names or codes that Pillow's ``ImageColor.getrgb`` takes: ``"red"``, ``"#ff7733"``, ``"rgb(255, 0, 0)"``.
        first_mapped_value : int
            Value that maps to the first colour.
        palette_color_lut_uid : str, optional

        Raises
        ------
        ValueError
            If there is none, or one is unknown or not opaque.
        """
        from PIL.ImageColor import getrgb

        if not len(colors):
            raise ValueError("There is no color.")
        triples = [getrgb(color) for color in colors]
        if any(len(triple) != 3 for triple in triples):
            raise ValueError("The colors of a palette have no transparency.")
        return cls.from_combined_lut(np.array(triples, np.uint8), first_mapped_value, palette_color_lut_uid)

    @classmethod
    def extract_from_dataset(cls, dataset: Dataset) -> Self:
        """Take a palette out of a data set with much else in it, such as an image.

        Parameters
        ----------
        dataset : pydicom.Dataset

        Raises
        ------
        AttributeError
            If it has no palette (`MissingAttributeError`).
        RuntimeError, ValueError
            If the tables contradict their descriptors, or each other (`LookupTableError`).
        """
        red, green, blue = (_extract(dataset, color) for color in _COLORS)
        return cls(red, green, blue, dataset.get("PaletteColorLookupTableUID", None))

    @property
    def red_lut(self) -> PaletteColorLUT | SegmentedPaletteColorLUT:
        """Table of red."""
        return _extract(self, "red")

    @property
    def green_lut(self) -> PaletteColorLUT | SegmentedPaletteColorLUT:
        """Table of green."""
        return _extract(self, "green")

    @property
    def blue_lut(self) -> PaletteColorLUT | SegmentedPaletteColorLUT:
        """Table of blue."""
        return _extract(self, "blue")

    @property
    def is_segmented(self) -> bool:
        """Whether the table of red is segmented."""
        return "SegmentedRedPaletteColorLookupTableData" in self

    @property
    def first_mapped_value(self) -> int:
        """Value that maps to the first entry, as the descriptors have it."""
        return self.red_lut.first_mapped_value

    @property
    def number_of_entries(self) -> int:
        """Number of entries, 1 to 65536."""
        return self.red_lut.number_of_entries

    @property
    def bits_per_entry(self) -> int:
        """Bits of an entry: 8 or 16."""
        return self.red_lut.bits_per_entry

    @property
    def combined_lut_data(self) -> npt.NDArray[Any]:
        """(n, 3) uint8 or uint16: red, green and blue of each entry."""
        return np.stack([_extract(self, color).lut_data for color in _COLORS], axis=-1)

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
            (..., 3), red, green and blue along a new last axis, in the library and on the device of `array`.

        Raises
        ------
        ValueError
            If the array is not of integers, or `dtype` no integer or floating type.
        TypeError
            If `dtype` does not hold every value of the entries' type.
        """
        return look_up(array, self.first_mapped_value, self.combined_lut_data, dtype)


def _extract(dataset: Dataset, color: str) -> PaletteColorLUT | SegmentedPaletteColorLUT:
    segmented = SegmentedPaletteColorLUT._data_keyword.format(color.capitalize()) in dataset
    kind = SegmentedPaletteColorLUT if segmented else PaletteColorLUT
    return kind.extract_from_dataset(dataset, color)


def _check_alike(tables: Sequence[_ColorTable]) -> None:
    for name in ("number_of_entries", "first_mapped_value", "bits_per_entry"):
        values = [getattr(table, name) for table in tables]
        if len(set(values)) > 1:
            raise LookupTableError(f"the tables of red, green and blue differ in {name}", found=values)

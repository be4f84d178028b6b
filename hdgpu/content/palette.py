"""Palettes as data sets (PS3.3 C.7.6.3.1.5 and C.7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from hdgpu.array.namespace import Array
from hdgpu.content.lut import look_up
from hdgpu.content.palette_table import COLORS, ColorTable, PaletteColorLUT, SegmentedPaletteColorLUT
from hdgpu.errors import LookupTableError

__all__ = ["PaletteColorLUTTransformation"]


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
        for table, color in zip(tables, COLORS, strict=True):
            if not isinstance(table, ColorTable):
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
            PaletteColorLUT(first_mapped_value, lut_data[:, index], color) for index, color in enumerate(COLORS)
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
        red, green, blue = (_extract(dataset, color) for color in COLORS)
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
        return np.stack([_extract(self, color).lut_data for color in COLORS], axis=-1)

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


def _check_alike(tables: Sequence[ColorTable]) -> None:
    for name in ("number_of_entries", "first_mapped_value", "bits_per_entry"):
        values = [getattr(table, name) for table in tables]
        if len(set(values)) > 1:
            raise LookupTableError(f"the tables of red, green and blue differ in {name}", found=values)

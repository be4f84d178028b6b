"""Dimension indices of a multi-frame image (PS3.3 C.7.6.17): by which attributes its frames are told apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag

from hdgpu.dicom.header import Header
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import InvalidAttributeError, UnknownReferenceError
from hdgpu.frames.tiling import read_tiles
from hdgpu.geometry.tiled_full import is_tiled_full
from hdgpu.image.frame_access import FrameAccess

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Dimensions"]


class Dimensions(ABC):
    """The dimensions of an image, none if it has no Multi-frame Dimension module."""

    @property
    @abstractmethod
    def _access(self) -> FrameAccess:
        """Access to the frames as the data set describes them now."""

    @property
    def dimension_index_pointers(self) -> list[BaseTag]:
        """Tags of the attributes that are dimensions, in their order."""
        header = self._access.instance.header
        pointers = [item.binary_integers(Tag.DIMENSION_INDEX_POINTER, "HH") for item in _dimensions(header)]
        return [BaseTag(group << 16 | element) for group, element in pointers]

    def are_dimension_indices_unique(self, dimension_index_pointers: Sequence[int | BaseTag | str]) -> bool:
        """Check whether the values of some dimensions, taken together, are different for every frame.

        Parameters
        ----------
        dimension_index_pointers : sequence of int or str
            Tags or keywords of dimensions of this image.

        Raises
        ------
        ValueError
            If one is no keyword of DICOM.
        hdgpu.errors.UnknownReferenceError
            If one is not a dimension of this image (also a KeyError).
        hdgpu.errors.InvalidAttributeError
            If the frames do not have one value for each dimension (also a ValueError).

        Examples
        --------
        >>> import hdgpu as hd
        >>> from pydicom.data import get_testdata_file
        >>> image = hd.imread(get_testdata_file("eCT_Supplemental.dcm"))
        >>> image.dimension_index_pointers
        [(0020,9056), (0020,9057)]
        >>> image.are_dimension_indices_unique(["InStackPositionNumber"])
        True
        """
        access, known = self._access, self.dimension_index_pointers
        columns = [_column(each, known, access.instance.name) for each in dimension_index_pointers]
        if not columns:
            return access.count <= 1
        values = self._dimension_index_values()[:, columns]
        return len(np.unique(values, axis=0)) == len(values)

    def _dimension_index_values(self) -> npt.NDArray[np.int64]:
        """Return (frames, dimensions) the index of each frame along each dimension."""
        instance, pointers = self._access.instance, self.dimension_index_pointers
        dataset: Dataset = cast("Any", self)
        if is_tiled_full(dataset):
            tiles = read_tiles(dataset, instance)
            column_of: dict[int, Any] = {
                Tag.ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX: tiles.row,
                Tag.COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX: tiles.column,
                Tag.Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM: tiles.plane,
                Tag.OPTICAL_PATH_IDENTIFIER: tiles.channel,
                Tag.REFERENCED_SEGMENT_NUMBER: tiles.channel,
            }
            nothing = np.zeros(len(tiles.row), np.int64)
            return np.stack([column_of.get(int(pointer), nothing) for pointer in pointers], axis=1)
        rows = []
        for number, (content,) in enumerate(instance.functional_groups([Tag.FRAME_CONTENT_SEQUENCE])):
            values = content.binary_integers(Tag.DIMENSION_INDEX_VALUES, "I") if content is not None else ()
            if len(values) != len(pointers):
                raise InvalidAttributeError(
                    "the frame has not one index for each dimension",
                    source=instance.name,
                    frame=number + 1,
                    tag=describe_tag(Tag.DIMENSION_INDEX_VALUES),
                    expected=f"{len(pointers)} values",
                    found=f"{len(values)}",
                )
            rows.append(values)
        return np.array(rows, np.int64).reshape(-1, len(pointers))


def _dimensions(header: Header) -> list[Header]:
    items = list(header.items(Tag.DIMENSION_INDEX_SEQUENCE))
    for item in items:
        if len(item.binary_integers(Tag.DIMENSION_INDEX_POINTER, "HH")) != 2:
            raise InvalidAttributeError(
                "a dimension does not say which attribute it is",
                source=header.source.name,
                tag=describe_tag(Tag.DIMENSION_INDEX_POINTER),
            )
    return items


def _column(pointer: int | BaseTag | str, known: Sequence[BaseTag], name: str) -> int:
    """Return which of the dimensions is meant."""
    if isinstance(pointer, str):
        number = tag_for_keyword(pointer)
        if number is None:
            raise ValueError(f"{pointer!r} is no keyword of DICOM.")
    else:
        number = int(pointer) if isinstance(pointer, int) else -1
    if number not in known:
        raise UnknownReferenceError(
            "the image has no such dimension",
            source=name,
            expected=", ".join(map(str, known)) or "none, for it has no dimensions",
            found=repr(pointer),
        )
    return known.index(BaseTag(number))

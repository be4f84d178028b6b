"""One row a frame: what is needed to place and transform it, as NumPy columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.header import Header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import InvalidAttributeError

__all__ = ["FrameTable"]

_MACROS = (
    Tag.PLANE_POSITION_SEQUENCE,
    Tag.PLANE_ORIENTATION_SEQUENCE,
    Tag.PIXEL_MEASURES_SEQUENCE,
    Tag.PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
)
_NAN = float("nan")
# Attributes that the files of a series share, but for a few values: by functional group macro, and number of values.
_ORIENTATION = (Tag.IMAGE_ORIENTATION_PATIENT, 6)
_MEASURES = ((Tag.PIXEL_SPACING, 2), (Tag.SPACING_BETWEEN_SLICES, 1))
_RESCALE = ((Tag.RESCALE_SLOPE, 1), (Tag.RESCALE_INTERCEPT, 1))
_SHARED_VALUES = 11


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Columns over all frames of some instances, in the order of the instances.

    Attributes
    ----------
    instance : numpy.ndarray
        (n,) int64, index of the instance that holds the frame.
    number : numpy.ndarray
        (n,) int64, zero-based frame number in the instance.
    position : numpy.ndarray
        (n, 3) float64, Image Position (Patient) in mm; NaN where absent.
    orientation : numpy.ndarray
        (n, 6) float64, Image Orientation (Patient); NaN where absent.
    spacing : numpy.ndarray
        (n, 2) float64, Pixel Spacing in mm, between rows and between columns; NaN where absent.
    between_slices : numpy.ndarray
        (n,) float64, Spacing Between Slices in mm; NaN where absent.
    slope, intercept : numpy.ndarray
        (n,) float64, Rescale Slope and Rescale Intercept; NaN where both are absent.
    """

    instance: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    position: npt.NDArray[np.float64]
    orientation: npt.NDArray[np.float64]
    spacing: npt.NDArray[np.float64]
    between_slices: npt.NDArray[np.float64]
    slope: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.instance)

    @classmethod
    def from_instances(cls, instances: Sequence[Instance]) -> FrameTable:
        """Make the table from headers alone.

        Raises
        ------
        InvalidAttributeError
            If an attribute cannot be read, or the functional groups do not match Number of Frames.
        """
        columns = _Columns()
        counts = [instance.number_of_frames for instance in instances]
        for instance, count in zip(instances, counts, strict=True):
            if Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE in instance.header:
                columns.add_functional_groups(instance, count)
            elif count:
                columns.add(instance.header, instance.header, instance.header, instance.header)
                columns.add_unplaced(count - 1)
        first = np.repeat(np.cumsum(counts, dtype=np.int64) - np.array(counts, np.int64), counts)
        total = sum(counts)
        shared = np.array(list(columns.known.values())).reshape(-1, _SHARED_VALUES)[columns.shared]
        slope, intercept = shared[:, 9], shared[:, 10]
        return cls(
            instance=np.repeat(np.arange(len(counts)), counts),
            number=np.arange(total) - first,
            position=np.array(columns.position).reshape(total, 3),
            orientation=shared[:, :6],
            spacing=shared[:, 6:8],
            between_slices=shared[:, 8],
            slope=np.where(np.isnan(slope) & ~np.isnan(intercept), 1.0, slope),
            intercept=np.where(np.isnan(intercept) & ~np.isnan(slope), 0.0, intercept),
        )


class _Columns:
    """The columns while they grow: the position of each frame, and which of the known sets of other values it has."""

    def __init__(self) -> None:
        self.position: list[tuple[float, ...]] = []
        self.shared: list[int] = []
        self.known: dict[tuple[bytes | None, ...], tuple[float, ...]] = {}
        self._index: dict[tuple[bytes | None, ...], int] = {}

    def add(
        self, position: Header | None, orientation: Header | None, measures: Header | None, rescale: Header | None
    ) -> None:
        """Add a row from the headers or functional group items that hold its attributes."""
        self.position.append((position and position.decimals(Tag.IMAGE_POSITION_PATIENT, 3)) or (_NAN,) * 3)
        key = (
            _raw(orientation, Tag.IMAGE_ORIENTATION_PATIENT),
            _raw(measures, Tag.PIXEL_SPACING),
            _raw(measures, Tag.SPACING_BETWEEN_SLICES),
            _raw(rescale, Tag.RESCALE_SLOPE),
            _raw(rescale, Tag.RESCALE_INTERCEPT),
        )
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self._index)
            sources = ((orientation, _ORIENTATION), *((measures, one) for one in _MEASURES))
            parsed = [_decimals(*one) for one in (*sources, *((rescale, one) for one in _RESCALE))]
            self.known[key] = tuple(number for numbers in parsed for number in numbers)
        self.shared.append(index)

    def add_unplaced(self, count: int) -> None:
        """Add frames after the first of an instance that has no functional groups: nothing says where they lie."""
        self.position += [(_NAN,) * 3] * count
        self.shared += [self.shared[-1]] * count

    def add_functional_groups(self, instance: Instance, count: int) -> None:
        """Add the frames of an enhanced multi-frame instance."""
        before = len(self.position)
        for items in instance.functional_groups(_MACROS):
            self.add(*items)
        found = len(self.position) - before
        if found != count:
            raise InvalidAttributeError(
                "the functional groups do not match the number of frames",
                source=instance.name,
                tag=describe_tag(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
                expected=f"{count} items",
                found=f"{found}",
            )


def _raw(header: Header | None, tag: Tag) -> bytes | None:
    return None if header is None else header.values.get(tag)


def _decimals(header: Header | None, attribute: tuple[Tag, int]) -> tuple[float, ...]:
    tag, count = attribute
    return (header and header.decimals(tag, count)) or (_NAN,) * count

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
# Values that the files of a series share are parsed once: (tag, number of values) by column.
_POSITION = (Tag.IMAGE_POSITION_PATIENT, 3)
_ORIENTATION = (Tag.IMAGE_ORIENTATION_PATIENT, 6)
_SPACING = (Tag.PIXEL_SPACING, 2)
_BETWEEN_SLICES = (Tag.SPACING_BETWEEN_SLICES, 1)
_SLOPE = (Tag.RESCALE_SLOPE, 1)
_INTERCEPT = (Tag.RESCALE_INTERCEPT, 1)


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
        slope, intercept = np.array(columns.slope), np.array(columns.intercept)
        return cls(
            instance=np.repeat(np.arange(len(counts)), counts),
            number=np.arange(total) - first,
            position=np.array(columns.position).reshape(total, 3),
            orientation=np.array(columns.orientation).reshape(total, 6),
            spacing=np.array(columns.spacing).reshape(total, 2),
            between_slices=np.array(columns.between_slices).reshape(total),
            slope=np.where(np.isnan(slope) & ~np.isnan(intercept), 1.0, slope).reshape(total),
            intercept=np.where(np.isnan(intercept) & ~np.isnan(slope), 0.0, intercept).reshape(total),
        )


class _Columns:
    """The columns while they grow."""

    def __init__(self) -> None:
        self.position: list[tuple[float, ...]] = []
        self.orientation: list[tuple[float, ...]] = []
        self.spacing: list[tuple[float, ...]] = []
        self.between_slices: list[tuple[float, ...]] = []
        self.slope: list[tuple[float, ...]] = []
        self.intercept: list[tuple[float, ...]] = []
        self._known: dict[tuple[int, bytes | None], tuple[float, ...]] = {}

    def add(
        self, position: Header | None, orientation: Header | None, spacing: Header | None, rescale: Header | None
    ) -> None:
        """Add a row from the headers or functional group items that hold its attributes."""
        tag, count = _POSITION
        self.position.append((position and position.decimals(tag, count)) or (_NAN,) * count)
        self.orientation.append(self._shared(orientation, *_ORIENTATION))
        self.spacing.append(self._shared(spacing, *_SPACING))
        self.between_slices.append(self._shared(spacing, *_BETWEEN_SLICES))
        self.slope.append(self._shared(rescale, *_SLOPE))
        self.intercept.append(self._shared(rescale, *_INTERCEPT))

    def add_unplaced(self, count: int) -> None:
        """Add frames after the first of an instance that has no functional groups: nothing says where they lie."""
        for _ in range(count):
            self.position.append((_NAN,) * 3)
            for column in (self.orientation, self.spacing, self.between_slices, self.slope, self.intercept):
                column.append(column[-1])

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

    def _shared(self, header: Header | None, tag: Tag, count: int) -> tuple[float, ...]:
        raw = header.values.get(tag) if header is not None else None
        key = (tag, raw)
        known = self._known.get(key)
        if known is None:
            numbers = header.decimals(tag, count) if header is not None else None
            known = self._known[key] = numbers or (_NAN,) * count
        return known

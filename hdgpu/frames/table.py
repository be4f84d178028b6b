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
_PIXEL_SPACING, _BETWEEN_SLICES = (Tag.PIXEL_SPACING, 2), (Tag.SPACING_BETWEEN_SLICES, 1)
_SLOPE, _INTERCEPT, _DOSE_SCALING = (Tag.RESCALE_SLOPE, 1), (Tag.RESCALE_INTERCEPT, 1), (Tag.DOSE_GRID_SCALING, 1)
_SHARED_VALUES = 11
# Cosine between the normal of planes that are transverse, and the axis of the body.
_TRANSVERSE = 0.999


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
        (n,) float64, Rescale Slope, or Dose Grid Scaling of a dose (PS3.3 C.8.8.3), and Rescale Intercept; NaN where
        all are absent.
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
        """Make the table of all frames from headers alone.

        Raises
        ------
        InvalidAttributeError
            If an attribute cannot be read, or the functional groups do not match Number of Frames.
        """
        columns = _Columns()
        counts = [instance.number_of_frames for instance in instances]
        for instance, count in zip(instances, counts, strict=True):
            columns.add_frames(instance, range(count))
        first = np.repeat(np.cumsum(counts, dtype=np.int64) - np.array(counts, np.int64), counts)
        return columns.table(np.repeat(np.arange(len(counts)), counts), np.arange(sum(counts)) - first)

    @classmethod
    def of_frames(cls, instance: Instance, frames: npt.NDArray[np.int64]) -> FrameTable:
        """Make the table of some frames of one instance; the functional groups of the others are not read.

        Parameters
        ----------
        instance : Instance
        frames : numpy.ndarray
            (n,) int64, zero-based numbers of the frames, ascending and each once.

        Raises
        ------
        InvalidAttributeError
            If an attribute cannot be read, or there are no functional groups for one of the frames.
        """
        columns = _Columns()
        columns.add_frames(instance, frames.tolist())
        return columns.table(np.zeros(len(frames), np.int64), frames)

    @classmethod
    def bare(cls, frames: npt.NDArray[np.int64]) -> FrameTable:
        """Make the table of some frames of one instance without reading anything that is said of them."""
        nowhere = np.full((len(frames), 6), _NAN)
        places, measures, nothing = nowhere[:, :3], nowhere[:, :2], nowhere[:, 0]
        return cls(np.zeros(len(frames), np.int64), frames, places, nowhere, measures, nothing, nothing, nothing)


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
            _raw(rescale, Tag.DOSE_GRID_SCALING),
        )
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self._index)
            slope = _SLOPE if _raw(rescale, Tag.RESCALE_SLOPE) else _DOSE_SCALING
            self.known[key] = (
                *_decimals(orientation, _ORIENTATION),
                *_decimals(measures, _PIXEL_SPACING),
                *_decimals(measures, _BETWEEN_SLICES),
                *_decimals(rescale, slope),
                *_decimals(rescale, _INTERCEPT),
            )
        self.shared.append(index)

    def add_frames(self, instance: Instance, frames: Sequence[int]) -> None:
        """Add these zero-based frames of an instance."""
        header, count = instance.header, len(frames)
        if Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE in header:
            self._add_functional_groups(instance, frames)
        elif Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE in header:
            self._add_groups(instance, instance.shared_functional_groups(_MACROS))
            self._repeat(count, self.position.pop())
        elif count:
            self.add(header, header, header, header)
            if instance.number_of_frames > 1:
                positions = _positions_of_frames(instance, self.position.pop())
                self._repeat(count, (_NAN,) * 3)
                self.position[-count:] = [positions[frame] for frame in frames]

    def _repeat(self, count: int, position: tuple[float, ...]) -> None:
        """Let as many frames have the values added last, and this position."""
        self.position += [position] * count
        self.shared += [self.shared.pop()] * count

    def _add_groups(self, instance: Instance, items: Sequence[Header | None]) -> None:
        """Add a frame that has functional groups; multi-frame secondary captures have no group of rescale (C.8.6.3)."""
        position, orientation, measures, rescale = items
        self.add(position, orientation, measures, rescale or instance.header)

    def _add_functional_groups(self, instance: Instance, frames: Sequence[int]) -> None:
        before = len(self.position)
        every = len(frames) == instance.number_of_frames
        for items in instance.functional_groups(_MACROS, None if every else set(frames)):
            self._add_groups(instance, items)
        found = len(self.position) - before
        if found != len(frames):
            raise InvalidAttributeError(
                "the functional groups do not match the number of frames",
                source=instance.name,
                tag=describe_tag(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
                expected=f"{len(frames)} items" if every else f"at least {max(frames) + 1} items",
                found=f"{found}" if every else "fewer",
            )

    def table(self, instance: npt.NDArray[np.int64], number: npt.NDArray[np.int64]) -> FrameTable:
        """Return the columns as arrays."""
        shared = np.array(list(self.known.values())).reshape(-1, _SHARED_VALUES)[self.shared]
        slope, intercept = shared[:, 9], shared[:, 10]
        return FrameTable(
            instance=instance,
            number=number,
            position=np.array(self.position).reshape(len(number), 3),
            orientation=shared[:, :6],
            spacing=shared[:, 6:8],
            between_slices=shared[:, 8],
            slope=np.where(np.isnan(slope) & ~np.isnan(intercept), 1.0, slope),
            intercept=np.where(np.isnan(intercept) & ~np.isnan(slope), 0.0, intercept),
        )


def _positions_of_frames(instance: Instance, first: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return where the frames of an image without functional groups lie.

    What the image says of its position is the first frame's.  Where the others lie is said of doses alone, in mm along
    the normal (PS3.3 C.8.8.3.2): from the first frame, or for transverse planes as patient coordinates.
    """
    header, count = instance.header, instance.number_of_frames
    positions = [first] + [(_NAN,) * 3] * (count - 1)
    orientation = header.decimals(*_ORIENTATION)
    if Tag.GRID_FRAME_OFFSET_VECTOR not in header or orientation is None:
        return positions
    offsets = header.decimals(Tag.GRID_FRAME_OFFSET_VECTOR, count) or positions[-1]
    normal = np.cross(orientation[:3], orientation[3:])
    if offsets[0] == 0:
        return [tuple((np.array(first) + offset * normal).tolist()) for offset in offsets]
    if abs(normal[2]) > _TRANSVERSE and offsets[0] == first[2]:
        return [(*first[:2], offset) for offset in offsets]
    return positions


def _raw(header: Header | None, tag: Tag) -> bytes | None:
    return None if header is None else header.values.get(tag)


def _decimals(header: Header | None, attribute: tuple[Tag, int]) -> tuple[float, ...]:
    tag, count = attribute
    return (header and header.decimals(tag, count)) or (_NAN,) * count

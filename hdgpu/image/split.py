"""Which frames of a series belong to one stack each: by what differs between them, and in the order of acquisition."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag
from hdgpu.errors import DuplicatePositionError
from hdgpu.frames.table import FrameTable
from hdgpu.geometry.stack import StackDiagnosis, StackVerdict, diagnose_stack

__all__ = ["find_copies", "part_of", "split_frames"]

Rows = npt.NDArray[np.int64]

# As the diagnosis of a stack has it: direction cosines may differ by so much, pixel spacings by so large a part.
_TOLERANCE = 1e-4
_CHUNK = 1 << 22


class _Frame(NamedTuple):
    """What is said of a frame, apart from where it lies.

    Attributes
    ----------
    labels : tuple
        Values that may tell frames at one position apart.
    acquired : tuple of int
        Ascends with the order of acquisition.
    number : int
        Instance Number, or 0.
    """

    labels: tuple[Hashable, ...]
    acquired: tuple[int, ...]
    number: int


def find_copies(instances: Sequence[Instance]) -> dict[int, int]:
    """Return which instances are copies of an earlier one, and of which: they have one SOP Instance UID.

    Raises
    ------
    DuplicatePositionError
        If two have one SOP Instance UID, but not the same content.
    """
    first: dict[str, int] = {}
    copies: dict[int, int] = {}
    for index, instance in enumerate(instances):
        original = first.setdefault(instance.sop_instance_uid or f"#{index}", index)
        if original == index:
            continue
        if not _are_equal(instances[original], instance):
            raise DuplicatePositionError(
                "two files have one SOP Instance UID, and differ",
                source=instance.name,
                context=f"SOP Instance UID {instance.sop_instance_uid}",
                found=f"the other one is {instances[original].name}",
                remedy="Keep one of them.",
            )
        copies[index] = original
    return copies


def _are_equal(one: Instance, other: Instance) -> bool:
    size = one.source.size
    if one.header.values != other.header.values or size != other.source.size:
        return False
    ranges = [(start, min(_CHUNK, size - start)) for start in range(0, size, _CHUNK)]
    return all(one.source.read_at(*each) == other.source.read_at(*each) for each in ranges)


def part_of(instances: Sequence[Instance], table: FrameTable, rows: Rows) -> tuple[list[Instance], FrameTable]:
    """Return the instances that hold these rows of a table, and the table of these rows alone.

    Parameters
    ----------
    instances : sequence of Instance
    table : FrameTable
        Of all their frames.
    rows : numpy.ndarray
        (n,) int64, ascending.
    """
    used, instance = np.unique(table.instance[rows], return_inverse=True)
    columns = {each.name: getattr(table, each.name)[rows] for each in fields(table)}
    return [instances[index] for index in used], replace(table, **{**columns, "instance": instance.astype(np.int64)})


def split_frames(instances: Sequence[Instance], table: FrameTable) -> list[Rows]:
    """Return the rows of each stack, ascending; the stacks in the order in which they were acquired.

    Parameters
    ----------
    instances : sequence of Instance
        Those without frames are in no stack.
    table : FrameTable
        Of all their frames.

    Returns
    -------
    list of numpy.ndarray
        (n,) int64 each, and each row in one of them.

    Raises
    ------
    DuplicatePositionError
        If several frames lie at one position, and nothing says which belong together.
    """
    frames = _frames(instances, table)
    stacks: list[Rows] = []
    for rows in _alike(instances, table):
        diagnosis = diagnose_stack(table.position[rows], table.orientation[rows])
        if diagnosis.verdict is StackVerdict.DUPLICATES:
            stacks += _split_by_labels(rows, _planes(diagnosis), frames, diagnosis)
        else:
            stacks.append(rows)
    return sorted(stacks, key=lambda rows: min(frames[row].acquired for row in rows))


def _frames(instances: Sequence[Instance], table: FrameTable) -> list[_Frame]:
    """Return what is said of each frame."""
    frames: list[_Frame] = []
    numbers = np.split(table.number, np.flatnonzero(np.diff(table.instance)) + 1)
    holders = [instances[index] for index in dict.fromkeys(table.instance.tolist())]
    for instance, wanted in zip(holders, numbers, strict=True):
        header = instance.header
        image_type, b_value = (header.values.get(tag, b"") for tag in (Tag.IMAGE_TYPE, Tag.DIFFUSION_B_VALUE))
        time, acquisition, number, echo = (
            _number(header.text(tag))
            for tag in (
                Tag.TEMPORAL_POSITION_IDENTIFIER, Tag.ACQUISITION_NUMBER, Tag.INSTANCE_NUMBER, Tag.ECHO_NUMBERS,
            )
        )  # fmt: skip
        for frame, dimensions in zip(wanted.tolist(), _dimensions(instance, wanted.tolist()), strict=True):
            labels = (image_type, b_value, time, acquisition, echo, *dimensions)
            frames.append(_Frame(labels, (time, acquisition, number, echo, *dimensions, frame), number))
    return frames


def _number(text: str) -> int:
    return int(text) if text.lstrip("+-").isdigit() else 0


def _dimensions(instance: Instance, numbers: list[int]) -> Iterable[tuple[int, ...]]:
    """Yield the Dimension Index Values of these frames (PS3.3 C.7.6.17)."""
    if Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE not in instance.header:
        return [()] * len(numbers)
    contents = instance.functional_groups([Tag.FRAME_CONTENT_SEQUENCE], set(numbers))
    return [content.binary_integers(Tag.DIMENSION_INDEX_VALUES, "I") if content else () for (content,) in contents]


def _alike(instances: Sequence[Instance], table: FrameTable) -> list[Rows]:
    """Return the rows of frames that agree in size, frame of reference, orientation and pixel spacing."""
    groups: dict[Hashable, list[int]] = {}
    for row, index in enumerate(table.instance.tolist()):
        header = instances[index].header
        key = instances[index].pixel.frame_shape, header.text(Tag.FRAME_OF_REFERENCE_UID)
        groups.setdefault(key, []).append(row)
    spacing = np.log(np.where(table.spacing > 0, table.spacing, np.nan))
    is_placed = ~np.isnan(table.position).any(axis=1, keepdims=True)
    geometry = np.concatenate([table.orientation, spacing, is_placed], axis=1)
    parts: list[Rows] = []
    for group in groups.values():
        rows = np.array(group, np.int64)
        while len(rows):
            first, others = geometry[rows[0]], geometry[rows]
            same = ((np.abs(others - first) <= _TOLERANCE) | (np.isnan(others) & np.isnan(first))).all(axis=1)
            parts.append(rows[same])
            rows = rows[~same]
    return parts


def _planes(diagnosis: StackDiagnosis) -> Rows:
    """Return for each frame a number of the plane that it lies in."""
    planes = np.arange(len(diagnosis.order))
    for group in diagnosis.duplicates:
        planes[list(group)] = group[0]
    return planes


def _split_by_labels(rows: Rows, planes: Rows, frames: list[_Frame], diagnosis: StackDiagnosis) -> list[Rows]:
    """Split frames of which several lie in one plane by what tells those apart, and else by their order."""
    deepest = max(map(len, diagnosis.duplicates))
    telling = []
    for column in zip(*(frames[row].labels for row in rows), strict=False):
        _, values = np.unique([repr(label) for label in column], return_inverse=True)
        # What has more values than there are frames in a plane differs from plane to plane, like a time of acquisition.
        if values.max() < deepest and any(len(set(values[list(group)])) > 1 for group in diagnosis.duplicates):
            telling.append(values)
    labels = np.stack(telling or [np.zeros(len(rows), np.int64)], axis=1)
    _, parts = np.unique(labels, axis=0, return_inverse=True)
    stacks: list[Rows] = []
    for part in range(parts.max() + 1):
        places = np.flatnonzero(parts.reshape(-1) == part)
        stacks += _split_by_order(rows[places], planes[places], frames, diagnosis)
    return stacks


def _split_by_order(rows: Rows, planes: Rows, frames: list[_Frame], diagnosis: StackDiagnosis) -> list[Rows]:
    """Return the rows that come first in their planes, those that come second, and so on.

    Raises
    ------
    DuplicatePositionError
        If that is not beyond doubt: frames are not numbered, or one that is missing may let others take its place.
    """
    order = sorted(range(len(rows)), key=lambda place: frames[rows[place]].acquired)
    ranks = np.zeros(len(rows), np.int64)
    met: dict[int, list[tuple[int, ...]]] = {}
    for place in order:
        before, acquired = met.setdefault(int(planes[place]), []), frames[rows[place]].acquired
        if before and before[-1] == acquired:
            raise _undecided("frames at one position do not differ in Instance Number", diagnosis)
        ranks[place] = len(before)
        before.append(acquired)
    if len({len(each) for each in met.values()}) > 1:
        # Only of a scan that was stopped within a stack can it be told: all frames before are there, stack by stack.
        numbers = [frames[rows[place]].number for place in order]
        if numbers != list(range(1, len(rows) + 1)) or (np.diff(ranks[order]) < 0).any():
            raise _undecided("there are not as many frames at each position", diagnosis)
    return [rows[ranks == rank] for rank in range(ranks.max() + 1)]


def _undecided(problem: str, diagnosis: StackDiagnosis) -> DuplicatePositionError:
    return DuplicatePositionError(
        f"it cannot be told which frames belong to one stack: {problem}",
        found=diagnosis.detail,
        remedy="Give load_volume a list of the files of one stack.",
        diagnosis=diagnosis,
    )

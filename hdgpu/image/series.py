"""A series: the instances that share a Series Instance UID, and what can be said of them without decoding a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag
from hdgpu.errors import DuplicatePositionError, EmptySeriesError, HdgpuError
from hdgpu.frames.table import FrameTable
from hdgpu.geometry.stack import StackDiagnosis, StackVerdict, diagnose_planes, diagnose_stack
from hdgpu.image.split import find_copies, part_of, split_frames

__all__ = ["Series", "group_series"]


class Series:
    """Instances of one series.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series.
    frames : FrameTable, optional
        Rows of those of their frames that belong to the series; all by default.
    ignored, skipped
        See below.

    Attributes
    ----------
    instances : tuple of Instance
        In the order in which they were found; `files` has them in the order of the stack.
    ignored : tuple of str
        Files that were met in the search that found the series and are not DICOM, and hidden folders, which are not
        looked into: the same for all series of one search.
    skipped : tuple of HdgpuError
        Likewise, why files could not be read, where the caller asked for `on_error="skip"`; and which are copies.

    Examples
    --------
    >>> import hdgpu as hd
    >>> hd.read_series("folder/")  # doctest: +SKIP
    [Series 4: 'axial' CT, 28 files, 28 frames of 512 x 512, Explicit VR Little Endian, regular: 5 mm apart]
    """

    def __init__(
        self,
        instances: Sequence[Instance],
        *,
        frames: FrameTable | None = None,
        ignored: Sequence[str] = (),
        skipped: Sequence[HdgpuError] = (),
    ) -> None:
        if not instances:
            raise EmptySeriesError("a series needs at least one file")
        self.instances = tuple(instances)
        self.ignored, self.skipped = tuple(ignored), tuple(skipped)
        self._frames = frames

    @cached_property
    def frames(self) -> FrameTable:
        """One row for each frame, in the order of `instances`."""
        return FrameTable.from_instances(self.instances) if self._frames is None else self._frames

    @cached_property
    def diagnosis(self) -> StackDiagnosis:
        """Whether the frames form a regular stack, and what is wrong if they do not."""
        return self.diagnose()

    def diagnose(self, *, regrid: bool = False, **tolerances: float | None) -> StackDiagnosis:
        """Diagnose otherwise than by default.

        Parameters
        ----------
        regrid : bool, optional
            Whether parallel slices do as well that `load_volume` could interpolate onto a regular grid.
        **tolerances
            Those that `hdgpu.geometry.stack.diagnose_stack` takes.
        """
        frames = self.frames
        given = np.arange(len(frames))
        if not len(frames):
            return StackDiagnosis(StackVerdict.EMPTY, given, detail="there is no pixel data")
        if any(instance.is_mosaic for instance in self.instances):
            detail = "each frame shows the slices of a volume side by side"
            return StackDiagnosis(StackVerdict.MOSAIC, given, detail=detail)
        sizes = Counter(instance.pixel.frame_shape for instance in self.instances if instance.number_of_frames)
        if len(sizes) > 1:
            detail = ", ".join(f"{count} of {' x '.join(map(str, size))}" for size, count in sizes.most_common())
            return StackDiagnosis(StackVerdict.MIXED_SIZES, given, detail=detail)
        references = {instance.header.text(Tag.FRAME_OF_REFERENCE_UID) for instance in self.instances}
        if len(references) > 1:
            return StackDiagnosis(StackVerdict.MIXED_GEOMETRY, given, detail=f"{len(references)} frames of reference")
        diagnosis = diagnose_stack(frames.position, frames.orientation, **tolerances)
        if regrid and diagnosis.verdict in (StackVerdict.TILT, StackVerdict.IRREGULAR):
            diagnosis = diagnose_planes(frames.position, frames.orientation)
        if not diagnosis.is_regular:
            return diagnosis
        if np.isnan(frames.spacing).any() or (frames.spacing <= 0).any():
            return StackDiagnosis(StackVerdict.NO_GEOMETRY, given, detail="there is no usable pixel spacing")
        spread = np.ptp(frames.spacing, axis=0).max()
        if spread > 1e-4 * frames.spacing.min():
            detail = f"pixel spacings that differ by up to {spread:.4g} mm"
            return StackDiagnosis(StackVerdict.MIXED_GEOMETRY, given, detail=detail)
        return diagnosis

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Names of the files, in the order of the stack as far as there is one."""
        in_order = self.frames.instance[self.diagnosis.order].tolist() or range(len(self.instances))
        return tuple(dict.fromkeys(self.instances[index].name for index in in_order))

    def split(self) -> list[Series]:
        """Return the series in parts that may each be a volume, by headers alone.

        Each part has frames of one size, frame of reference, orientation and pixel spacing.  Where several of them lie
        at one position, there is a part for each: what tells them apart is Temporal Position Identifier, Acquisition
        Number, Echo Numbers, Image Type, the b-value or the dimensions of an enhanced image, and else the order of
        their Instance Numbers.  Whether a part is a regular stack, its own `diagnosis` says.

        Returns
        -------
        list of Series
            In the order of acquisition; the series itself if there is nothing to split.  Files without pixel data are
            in none, and copies of a file, which have its SOP Instance UID, are among the `skipped`.

        Raises
        ------
        DuplicatePositionError
            If it cannot be told for sure which frames belong together, or files of one SOP Instance UID differ.

        Examples
        --------
        >>> import hdgpu as hd
        >>> from pathlib import Path
        >>> from pydicom.data import get_testdata_file
        >>> (angio,) = hd.read_series(Path(get_testdata_file("DICOMDIR")).parent / "98892003" / "MR700")
        >>> angio.diagnosis.describe(), [part.diagnosis.describe() for part in angio.split()]
        ('mixed orientations: 6 of 7 frames are not parallel to the first', ['single slice', ...])

        A series in time, as an array of four axes:

        >>> np.stack([hd.load_volume(part).array for part in series.split()])  # doctest: +SKIP
        """
        instances, table = self.instances, self.frames
        copies = find_copies(instances)
        kept = np.flatnonzero(~np.isin(table.instance, list(copies)))
        stacks = split_frames(*part_of(instances, table, kept)) if len(kept) else [kept]
        parts = [part_of(instances, table, kept[rows]) for rows in stacks]
        if len(parts) == 1 and len(parts[0][0]) in (0, len(instances)):
            return [self]
        skipped = [
            *self.skipped,
            *(
                DuplicatePositionError(f"a copy of {instances[first].name}", source=instances[copy].name)
                for copy, first in copies.items()
            ),
        ]
        return [Series(held, frames=rows, ignored=self.ignored, skipped=skipped) for held, rows in parts]

    @property
    def study_instance_uid(self) -> str:
        """Study Instance UID."""
        return self.instances[0].series_key[0]

    @property
    def series_instance_uid(self) -> str:
        """Series Instance UID."""
        return self.instances[0].series_key[1]

    @property
    def series_number(self) -> int | None:
        """Series Number, if there is one."""
        text = self.instances[0].header.text(Tag.SERIES_NUMBER)
        return int(text) if text.lstrip("+-").isdigit() else None

    @property
    def series_description(self) -> str:
        """Series Description."""
        return self.instances[0].header.long_text(Tag.SERIES_DESCRIPTION)

    @property
    def modality(self) -> str:
        """Modality, as ``"CT"``."""
        return self.instances[0].header.text(Tag.MODALITY)

    @property
    def frame_of_reference_uid(self) -> str | None:
        """Frame of Reference UID, if there is one."""
        return self.instances[0].header.text(Tag.FRAME_OF_REFERENCE_UID) or None

    @property
    def number_of_frames(self) -> int:
        """Number of frames over all instances."""
        if self._frames is not None:
            return len(self._frames)
        return sum(instance.number_of_frames for instance in self.instances)

    @property
    def rows(self) -> int | None:
        """Rows of a frame, if there is pixel data."""
        return self.instances[0].pixel.rows if self.number_of_frames else None

    @property
    def columns(self) -> int | None:
        """Columns of a frame, if there is pixel data."""
        return self.instances[0].pixel.columns if self.number_of_frames else None

    @property
    def pixel_spacing(self) -> tuple[float, float] | None:
        """Distance between rows and between columns in mm, if it is known."""
        if not self.number_of_frames or np.isnan(self.frames.spacing[0]).any():
            return None
        between_rows, between_columns = self.frames.spacing[0].tolist()
        return between_rows, between_columns

    @property
    def transfer_syntax_uid(self) -> str:
        """Transfer Syntax UID of the first instance."""
        return self.instances[0].transfer_syntax_uid

    @property
    def transfer_syntax_name(self) -> str:
        """Names of all transfer syntaxes in the series."""
        from pydicom.uid import UID

        return ", ".join(dict.fromkeys(UID(instance.transfer_syntax_uid).name for instance in self.instances))

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(instance.source.size for instance in self.instances)

    def summary(self) -> dict[str, Any]:
        """Return what a listing shows, without any patient data, as JSON types."""
        return {
            "series_instance_uid": self.series_instance_uid,
            "series_number": self.series_number,
            "series_description": self.series_description,
            "modality": self.modality,
            "files": len(self.instances),
            "frames": self.number_of_frames,
            "rows": self.rows,
            "columns": self.columns,
            "pixel_spacing": self.pixel_spacing,
            "slice_spacing": self.diagnosis.spacing if self.diagnosis.is_regular else None,
            "transfer_syntax": self.transfer_syntax_name,
            "geometry": self.diagnosis.describe(),
        }

    def __repr__(self) -> str:
        number = "" if self.series_number is None else f" {self.series_number}"
        files = f"{len(self.instances)} file{'s' * (len(self.instances) > 1)}"
        frames = f"{self.number_of_frames} frame{'s' * (self.number_of_frames != 1)}"
        size = f" of {self.rows} x {self.columns}" if self.number_of_frames else ""
        return (
            f"<Series{number}: {self.series_description!r} {self.modality}, {files}, {frames}{size},"
            f" {self.transfer_syntax_name}, {self.diagnosis.describe()}>"
        )


def group_series(
    instances: Sequence[Instance], *, ignored: Sequence[str] = (), skipped: Sequence[HdgpuError] = ()
) -> list[Series]:
    """Group instances by Study and Series Instance UID, in the order of study and series number."""
    groups: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.series_key, []).append(instance)
    ignored, skipped = tuple(ignored), tuple(skipped)
    series = [Series(group, ignored=ignored, skipped=skipped) for group in groups.values()]
    return sorted(series, key=lambda one: (one.study_instance_uid, one.series_number or 0, one.series_instance_uid))

"""A series: the instances that share a Series Instance UID, and what can be said of them without decoding a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError, NoPixelDataError, TruncatedFileError
from hdgpu.frames.table import FrameTable
from hdgpu.geometry.stack import StackDiagnosis, StackVerdict, diagnose_stack

__all__ = ["Series", "group_series", "select_series"]

_LISTED = 8  # names of series that an error message lists at most


class Series:
    """Instances of one series.

    Parameters
    ----------
    instances : sequence of Instance
        At least one, of one series.

    Attributes
    ----------
    instances : tuple of Instance
        In the order in which they were found; `files` has them in the order of the stack.

    Examples
    --------
    >>> import hdgpu as hd
    >>> hd.read_series("folder/")  # doctest: +SKIP
    [Series 4: 'axial' CT, 28 files, 28 frames of 512 x 512, Explicit VR Little Endian, regular: 5 mm apart]
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        if not instances:
            raise EmptySeriesError("a series needs at least one file")
        self.instances = tuple(instances)

    @cached_property
    def frames(self) -> FrameTable:
        """One row for each frame, in the order of `instances`."""
        return FrameTable.from_instances(self.instances)

    @cached_property
    def diagnosis(self) -> StackDiagnosis:
        """Whether the frames form a regular stack, and what is wrong if they do not."""
        return self.diagnose()

    def diagnose(self, **tolerances: float | None) -> StackDiagnosis:
        """Diagnose with other tolerances than the default: those that `hdgpu.geometry.stack.diagnose_stack` takes."""
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
        return len(self.frames)

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
            "slice_spacing": self.diagnosis.spacing,
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


def group_series(instances: Sequence[Instance]) -> list[Series]:
    """Group instances by Study and Series Instance UID, in the order of study and series number."""
    groups: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.series_key, []).append(instance)
    series = [Series(group) for group in groups.values()]
    return sorted(series, key=lambda one: (one.study_instance_uid, one.series_number or 0, one.series_instance_uid))


def select_series(all_series: Sequence[Series], wanted: str | int | None, source: object) -> Series:
    """Return the one series that is meant.

    Parameters
    ----------
    all_series : sequence of Series
    wanted : str, int or None
        Series Instance UID or Series Number; None if there is but one with pixel data.
    source : object
        What error messages call the place searched.

    Raises
    ------
    EmptySeriesError, NoPixelDataError
        If there is nothing to choose from, or nothing that is called so.
    AmbiguousSeriesError
        If there are several.
    TruncatedFileError
        If a file may be of the series, but is cut off before it could say so.
    """
    if not all_series:
        raise EmptySeriesError("there is no DICOM file", source=source)
    images = [series for series in all_series if series.number_of_frames]
    if not images:
        raise NoPixelDataError("there is no file with pixel data", source=source)
    matching = images
    if wanted is not None:
        matching = [one for one in images if wanted in (one.series_instance_uid, one.series_number)]
        if not matching and str(wanted).isdigit():
            matching = [one for one in images if one.series_number == int(wanted)]
    if len(matching) == 1:
        _refuse_strays(all_series, matching[0])
        return matching[0]
    names = [f"{one.series_instance_uid} (number {one.series_number})" for one in (matching or images)[:_LISTED]]
    listing = ", ".join(names + ["..."] * (len(matching or images) > _LISTED))
    if not matching:
        raise EmptySeriesError("no series is the one asked for", source=source, expected=wanted, found=listing)
    raise AmbiguousSeriesError(
        f"there are {len(matching)} series",
        source=source,
        expected="one",
        found=listing,
        remedy="Choose one with series= (--series on the command line): a Series Instance UID or Series Number.",
    )


def _refuse_strays(all_series: Sequence[Series], chosen: Series) -> None:
    """Refuse a file that may be one of the chosen series, but was cut off before it could say so."""
    kinds = ("", chosen.instances[0].header.text(Tag.SOP_CLASS_UID))
    for series in all_series:
        if not series.series_instance_uid and not series.number_of_frames:
            for instance in series.instances:
                if instance.header.text(Tag.SOP_CLASS_UID) in kinds:
                    raise TruncatedFileError(
                        "the file has neither pixel data nor a series to belong to",
                        source=instance.name,
                        tag=describe_tag(Tag.SERIES_INSTANCE_UID),
                        remedy="Copy or export the file again, or take it out of the folder.",
                    )

"""Which of several series is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError, NoPixelDataError, TruncatedFileError
from hdgpu.image.series import Series

__all__ = ["select_series", "unique_names"]

_LISTED = 8  # names of series that an error message lists at most


def unique_names(all_series: Sequence[Series]) -> list[str]:
    """Return the names by which each can be chosen: Series Instance UID, after that of the study where need be."""
    count = Counter(series.series_instance_uid for series in all_series)
    return [
        f"{series.study_instance_uid}/{series.series_instance_uid}"
        if count[series.series_instance_uid] > 1
        else series.series_instance_uid
        for series in all_series
    ]


def select_series(all_series: Sequence[Series], wanted: str | int | None, source: object) -> Series:
    """Return the one series that is meant.

    Parameters
    ----------
    all_series : sequence of Series
    wanted : str, int or None
        Series Instance UID, or Study and Series Instance UID with a slash between them, or Series Number; None if there
        is but one with pixel data.
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
    named = [one for one in all_series if wanted is None or _is_called(one, wanted)]
    # Of the others nothing more is read than what they are called, lest damage to them should matter.
    matching = [one for one in named if one.number_of_frames]
    if len(matching) == 1:
        _refuse_strays(all_series, matching[0])
        return matching[0]
    images = matching or [one for one in all_series if one.number_of_frames]
    if not images:
        raise NoPixelDataError("there is no file with pixel data", source=source)
    names = [f"{name} (number {one.series_number})" for name, one in zip(unique_names(images), images, strict=True)]
    listing = ", ".join(names[:_LISTED] + ["..."] * (len(images) > _LISTED))
    if not matching:
        raise EmptySeriesError("no series is the one asked for", source=source, expected=wanted, found=listing)
    raise AmbiguousSeriesError(
        f"there are {len(matching)} series",
        source=source,
        expected="one",
        found=listing,
        remedy="Choose one with `series=`: by its UID as it stands here, or its number.",
    )


def _is_called(series: Series, wanted: str | int) -> bool:
    uid, number = series.series_instance_uid, series.series_number
    if isinstance(wanted, str) and wanted.isdigit():
        return wanted == uid or int(wanted) == number
    return wanted in (uid, number, f"{series.study_instance_uid}/{uid}")


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

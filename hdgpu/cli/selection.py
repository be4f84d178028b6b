"""Finding series under a path, and the one that a command is about."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hdgpu.cli.progress import progress
from hdgpu.cli.table import printable
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError

if TYPE_CHECKING:
    from hdgpu.image.series import Series

__all__ = ["add_source_arguments", "find_series", "select_series"]

_LISTED = 8


def add_source_arguments(parser: argparse.ArgumentParser, name: str = "source") -> None:
    """Add the positional source and ``--series``."""
    parser.add_argument(name, metavar=name.upper(), help="DICOM file, or folder searched with its subfolders")
    parser.add_argument(
        "--series", metavar="UID|NUMBER", help="Series Instance UID or Series Number, where SOURCE holds several series"
    )


def find_series(source: str) -> list[Series]:
    """Read the headers under `source`, with a progress bar on a terminal."""
    from hdgpu.image.load import read_series

    with progress("reading headers") as callback:
        return read_series(source, progress=callback)


def select_series(series: Sequence[Series], wanted: str | None, *, source: str) -> Series:
    """Return the one series that is meant.

    Parameters
    ----------
    series : sequence of Series
        Those found.
    wanted : str or None
        Series Instance UID or Series Number; None if there is but one.
    source : str
        Where they were found, for messages.

    Raises
    ------
    EmptySeriesError
        If there is none, or none that is called so.
    AmbiguousSeriesError
        If there are several.
    """
    images = [one for one in series if one.number_of_frames]
    found = [one for one in images if wanted is None or wanted in _names(one)]
    if not found:
        problem = "there is no image" if wanted is None else f"there is no image series {printable(wanted)}"
        raise EmptySeriesError(problem, source=source, remedy=f"`hdgpu info {source}` lists what is there.")
    if len(found) > 1:
        names = [f"{one.series_instance_uid} (number {one.series_number})" for one in found[:_LISTED]]
        more = ["..."] * (len(found) > _LISTED)
        raise AmbiguousSeriesError(
            f"there are {len(found)} series",
            source=source,
            expected="one",
            found=", ".join(names + more),
            remedy="Choose one with --series.",
        )
    return found[0]


def _names(series: Series) -> set[str]:
    number = () if series.series_number is None else (str(series.series_number),)
    return {series.series_instance_uid, *number}

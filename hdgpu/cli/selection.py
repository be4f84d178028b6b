"""Arguments that commands share: series under a path, the one that a command is about, and counts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hdgpu.cli.messages import print_error
from hdgpu.cli.progress import progress

if TYPE_CHECKING:
    from hdgpu.image.series import Series

__all__ = ["add_on_error", "add_regrid", "add_source_arguments", "chosen_series", "positive", "print_ignored"]


def add_source_arguments(parser: argparse.ArgumentParser, name: str = "source") -> None:
    """Add the positional source, ``--series`` and ``--on-error``."""
    parser.add_argument(name, metavar=name.upper(), help="DICOM file, or folder searched with its subfolders")
    parser.add_argument(
        "--series",
        metavar="UID|NUMBER",
        help="Series Instance UID or Series Number, where SOURCE holds several series; STUDY-UID/SERIES-UID where"
        " several studies have a series of that UID",
    )
    add_on_error(parser)


def add_on_error(parser: argparse.ArgumentParser) -> None:
    """Add ``--on-error``."""
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what a file that cannot be read is: an error, or named and left out (raise)",
    )


def add_regrid(parser: argparse.ArgumentParser) -> None:
    """Add ``--regrid``."""
    parser.add_argument(
        "--regrid",
        action="store_true",
        help="interpolate slices of a tilted gantry, and such at uneven distances, onto a regular grid",
    )


def chosen_series(source: str, wanted: str | None, on_error: str) -> Series:
    """Read the headers under `source`, and return the series that ``--series`` means, or the only one."""
    from hdgpu.image.load import read_series
    from hdgpu.image.series_selection import select_series

    with progress("reading headers") as callback:
        found = read_series(source, on_error=on_error, progress=callback)
    series = select_series(found, wanted, source)
    for problem in series.skipped:
        print_error(problem, "skipped")
    return series


def print_ignored(names: Sequence[str]) -> None:
    """Print which files are not DICOM, if there are any."""
    from hdgpu.report import describe_ignored

    if names:
        print(f"ignored {describe_ignored(names)}")


def positive(text: str) -> int:
    """Return the number that an option was given: 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number

"""Arguments that commands share: series under a path, the one that a command is about, and counts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hdgpu.cli.progress import progress

if TYPE_CHECKING:
    from hdgpu.image.series import Series

__all__ = ["add_source_arguments", "chosen_series", "positive"]


def add_source_arguments(parser: argparse.ArgumentParser, name: str = "source") -> None:
    """Add the positional source and ``--series``."""
    parser.add_argument(name, metavar=name.upper(), help="DICOM file, or folder searched with its subfolders")
    parser.add_argument(
        "--series", metavar="UID|NUMBER", help="Series Instance UID or Series Number, where SOURCE holds several series"
    )


def chosen_series(source: str, wanted: str | None) -> Series:
    """Read the headers under `source`, and return the series that ``--series`` means, or the only one."""
    from hdgpu.image.load import read_series
    from hdgpu.image.series import select_series

    with progress("reading headers") as callback:
        found = read_series(source, progress=callback)
    return select_series(found, wanted, source)


def positive(text: str) -> int:
    """Return the number that an option was given: 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number

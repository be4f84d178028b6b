"""``hdgpu info``: which series lie under a path, and whether each makes a volume."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdgpu.cli.messages import print_error
from hdgpu.cli.selection import add_on_error, print_ignored
from hdgpu.cli.table import format_table, printable, shorten
from hdgpu.errors import EmptySeriesError, HdgpuError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from hdgpu.dicom.discover import Discovery
    from hdgpu.image.series import Series

__all__ = ["add_parser", "run", "series_record", "series_table"]

_DESCRIPTION_WIDTH = 28
_SYNTAX_WIDTH = 34
_HEADER = ("number", "modality", "description", "frames", "size", "spacing mm", "transfer syntax", "geometry")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "info",
        help="list the series under a path",
        description="List the series under each PATH; without a PATH, the version and the machine.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="DICOM file, or folder searched with its subfolders")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_on_error(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Print the table, or the environment where no path is given; 1 if what cannot be read was not to be skipped."""
    from hdgpu.image.series import group_series

    if not arguments.paths:
        return _run_without_path(as_json=arguments.json)
    found = _find(arguments.paths)
    broken, readable = list(found.broken), []
    for one in group_series(found.instances):
        try:
            _ = one.diagnosis  # reads and checks what the table shows
        except HdgpuError as error:
            broken.append(error)
        else:
            readable.append(one)
    if arguments.json:
        print(json.dumps([series_record(one) for one in readable], indent=2))
    elif readable:
        print(series_table(readable))
    if not arguments.json:
        print_ignored(found.ignored)
    skip = arguments.on_error == "skip"
    for problem in broken:
        print_error(problem, "skipped" if skip else "error")
    return int(bool(broken) and not skip)


def _find(paths: Sequence[str]) -> Discovery:
    """Return what is under all paths together, and why files could not be read."""
    from hdgpu.cli.progress import progress
    from hdgpu.dicom.discover import discover

    with progress("reading headers") as callback:
        found = discover(paths, collect_errors=True, progress=callback)
    if not found.instances and not found.broken:
        raise EmptySeriesError("there is no DICOM file", source=", ".join(paths))
    return found


def series_table(series: Sequence[Series]) -> str:
    """Return a table with one row for each series and, below it, a line for each that is not regular.

    Where Series Numbers do not tell the rows apart, there is a column of UIDs, as ``--series`` takes them.
    """
    from hdgpu.image.series_selection import unique_names

    header, rows = list(_HEADER), [_row(one) for one in series]
    names = [row[0] for row in rows]
    if len(series) > 1 and ("-" in names or len(set(names)) < len(series)):
        header.append("UID")
        names = unique_names(series)
        rows = [[*row, name] for row, name in zip(rows, names, strict=True)]
    notes = [
        f"series {name}: {printable(one.diagnosis.describe())}"
        for name, one in zip(names, series, strict=True)
        if not one.diagnosis.is_regular
    ]
    return "\n".join([format_table(header, rows, right=("number", "frames")), *([""] if notes else []), *notes])


def series_record(series: Series) -> dict[str, Any]:
    """Return what ``--json`` prints of a series: nothing that names the patient."""
    return {
        **series.summary(),
        "study_instance_uid": series.study_instance_uid,
        "transfer_syntax_uid": str(series.transfer_syntax_uid),
        "verdict": str(series.diagnosis.verdict),
        "size_bytes": series.size_bytes,
        "folder": _folder(series),
    }


def _folder(series: Series) -> str | None:
    """Return the lowest folder that holds all files, None if they are not all files of this machine."""
    paths = [Path(name) for name in series.files]
    return os.path.commonpath([path.absolute().parent for path in paths]) if all(map(Path.exists, paths)) else None


def _row(series: Series) -> list[str]:
    return [
        "-" if series.series_number is None else str(series.series_number),
        printable(series.modality) or "-",
        shorten(printable(series.series_description), _DESCRIPTION_WIDTH) or "-",
        str(series.number_of_frames),
        f"{series.rows} x {series.columns}" if series.number_of_frames else "-",
        _spacing(series),
        shorten(series.transfer_syntax_name, _SYNTAX_WIDTH),
        str(series.diagnosis.verdict),
    ]


def _spacing(series: Series) -> str:
    """Return slice, row and column spacing, with a dash for what is not known, or not the same everywhere."""
    between = series.diagnosis.spacing if series.diagnosis.is_regular else None
    values = (between, *(series.pixel_spacing or (None, None)))
    return " x ".join("-" if value is None else f"{value:.4g}" for value in values)


def _run_without_path(*, as_json: bool) -> int:
    from hdgpu.cli.environment import environment, summary

    found = environment()
    print(json.dumps(found, indent=2) if as_json else summary(found))
    return 0

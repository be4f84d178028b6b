"""Entry point of the command line: parses, dispatches, and turns errors into exit statuses.

Nothing here imports NumPy: ``hdgpu --help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence

from hdgpu.cli import bench, convert, doctor, info, preview, transcode
from hdgpu.cli.messages import print_error
from hdgpu.errors import HdgpuError

__all__ = ["build_parser", "main"]

_COMMANDS = (info, convert, preview, transcode, doctor, bench)
_FAILURE = 1
_INTERRUPTED = 128 + signal.SIGINT


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with one subparser for each command.

    Examples
    --------
    >>> arguments = build_parser().parse_args(["convert", "series", "volume.nii.gz", "--dtype", "int16"])
    >>> arguments.destination.name, arguments.dtype
    ('volume.nii.gz', 'int16')
    """
    parser = argparse.ArgumentParser(prog="hdgpu", description="DICOM files in, volumes out.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        subparser = command.add_parser(subparsers)
        # SUPPRESS: the subparser's own default would overwrite a --debug given before the command
        subparser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        0 for success, 1 for an error, 130 after Ctrl-C.  A usage error exits with 2 from within argparse.
    """
    arguments = build_parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a series description may hold what the terminal cannot show
    try:
        with warnings.catch_warnings():
            # pydicom quotes the values that it warns of, and a patient's name may be one of them
            warnings.filterwarnings("ignore", module=r"pydicom\b")
            status = int(arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # the reader (`head`, a pager) has gone; without this the interpreter complains once more when it exits
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILURE
    except (HdgpuError, OSError) as error:
        if arguments.debug:
            traceback.print_exc()
        print_error(error)
        return _FAILURE
    return status

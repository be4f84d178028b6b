"""``hdgpu transcode``: files into another transfer syntax, every frame compared before anything is written."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hdgpu.cli.messages import print_error
from hdgpu.cli.selection import positive
from hdgpu.cli.table import format_table
from hdgpu.codecs.syntaxes import LOSSLESS_SYNTAXES, LOSSY_SYNTAXES, SYNTAXES

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from hdgpu.image.transcode import TranscodeReport

__all__ = ["add_parser", "run"]

_ACTIONS = {
    "transcoded": "transcoded",
    "copied": "copied: in the transfer syntax already, or without pixel data",
    "kept": "left out: there is a file of that name",
    "failed": "failed",
}


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "transcode",
        help="write files in another transfer syntax",
        description="Write files in another transfer syntax.  Every frame is decoded again and compared before its "
        "file is written.  Exit status 1 if a file failed; the others are written all the same.",
        epilog=f"Lossless: {', '.join(LOSSLESS_SYNTAXES)}.  With --lossy: {', '.join(LOSSY_SYNTAXES)}.",
    )
    parser.add_argument("source", metavar="SRC", help="DICOM file, or folder searched with its subfolders")
    parser.add_argument("destination", metavar="DST", help="folder to write into; for a file also the file to write")
    parser.add_argument("--syntax", required=True, choices=SYNTAXES, metavar="NAME", help="transfer syntax to write")
    parser.add_argument("--lossy", action="store_true", help="allow transfer syntaxes that lose something")
    parser.add_argument("--jpeg-quality", type=int, metavar="N", help="of lossy JPEG: 1 to 100 (95)")
    parser.add_argument("--psnr", type=float, metavar="DB", help="of lossy JPEG 2000 and HTJ2K: signal to noise (100)")
    parser.add_argument("--max-error", type=int, metavar="N", help="of near-lossless JPEG-LS: largest difference (0)")
    parser.add_argument("--overwrite", "--force", action="store_true", help="replace files that exist")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 or auto: a GPU encodes what it can (cpu)")
    parser.add_argument("--workers", type=positive, metavar="N", help="threads")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Transcode, and print the account; 1 if a file failed."""
    from hdgpu.cli.progress import progress
    from hdgpu.codecs.loss import Loss
    from hdgpu.image.transcode import transcode

    with progress("transcoding") as callback:
        report = transcode(
            arguments.source,
            arguments.destination,
            arguments.syntax,
            lossy=arguments.lossy,
            loss=Loss(arguments.jpeg_quality, arguments.psnr, arguments.max_error),
            overwrite=arguments.overwrite,
            device=arguments.device,
            workers=arguments.workers,
            progress=callback,
        )
    for one in report.failed:
        print_error(one.error)
    print(_account(report))
    return int(bool(report.failed))


def _account(report: TranscodeReport) -> str:
    rows = []
    for action, meaning in _ACTIONS.items():
        files = report.of(action)
        if not files:
            continue
        row = [str(len(files)), "", "", "", "", meaning]
        if action == "transcoded":
            before, after = sum(one.bytes_before for one in files), sum(one.bytes_after for one in files)
            frames = sum(one.frames for one in files)
            row[1:5] = str(frames), f"{before / 1e6:.3f}", f"{after / 1e6:.3f}", f"{before / after:.2f}"
        rows.append(row)
    header = ("files", "frames", "MB before", "MB after", "ratio", "")
    lines = [format_table(header, rows, right=header[:-1]), f"{report.seconds:.1f} s"]
    if report.ignored:
        lines.append(f"{len(report.ignored)} files left out that are not DICOM, or a DICOMDIR")
    return "\n".join(lines)

"""``hdgpu doctor``: what is installed, what that decodes, what is missing and how to get it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from hdgpu.cli.table import format_table

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["add_parser", "run"]


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "doctor",
        help="say what is installed, what is missing and how to get it",
        description="Say what is installed, what that decodes, what is missing and how to get it. "
        "Exit status 1 if something required is missing.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 if something required is missing."""
    from hdgpu.cli.environment import environment, missing_libraries
    from hdgpu.cli.gpu import gpu_decoding

    found = environment()
    found["gpu"] = gpu_decoding(found)
    found["missing"] = missing_libraries(found)
    broken = any(one["required"] for one in found["missing"])
    # the routes import the libraries: with one of those missing, say that rather than fail on it
    found["transfer_syntaxes"] = [] if broken else _transfer_syntaxes()
    print(json.dumps(found, indent=2) if arguments.json else _text(found))
    return int(broken)


def _transfer_syntaxes() -> list[dict[str, str]]:
    from hdgpu.codecs.route import supported_transfer_syntaxes, transfer_syntax_name

    return [
        {"uid": uid, "name": transfer_syntax_name(uid), "decoder": decoder}
        for uid, decoder in supported_transfer_syntaxes().items()
    ]


def _text(found: dict[str, Any]) -> str:
    parts = [
        f"hdgpu {found['hdgpu']} on Python {found['python']}, {found['platform']}",
        _libraries(found["libraries"]),
        _devices(found),
        _gpu(found["gpu"]),
        _routes(found["transfer_syntaxes"]),
        _missing(found["missing"], found["gpu"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _libraries(versions: dict[str, str | None]) -> str:
    return format_table(("library", "version"), [[name, version or "-"] for name, version in versions.items()])


def _devices(found: dict[str, Any]) -> str:
    cuda = found["cuda"]
    compiled = "with" if found["compiled"] else "without"
    rows = [["cpu", f"{found['cores']} cores, {compiled} the compiled extension"]]
    if cuda["available"]:
        rows += [[f"cuda:{index}", name] for index, name in enumerate(cuda["device_names"])]
    else:
        rows.append(["cuda", f"not available: {cuda['problem']}"])
    return format_table(("device", "found"), rows)


def _gpu(gpu: dict[str, Any]) -> str:
    rows = [[one["name"], one["found"] or "-", one["problem"], one["install"]] for one in gpu["pieces"]]
    lines = [gpu["state"], "", format_table(("for the GPU", "found", "problem", "install with"), rows)]
    for one in gpu["devices"]:
        kernels = f"kernels do not compile: {one['kernels']}" if one["kernels"] else "kernels compile"
        lines += ["", f"{one['name']}: {kernels}"]
        if one["decoder"]:
            lines.append(f"{one['name']}: nvImageCodec does not open: {one['decoder']}")
        else:
            lines.append(f"{one['name']}: nvImageCodec decodes {', '.join(one['streams']) or 'nothing'}")
        if one["host"]:
            lines.append(f"{one['name']}: the host decodes {', '.join(one['host'])}")
    return "\n".join(lines)


def _routes(syntaxes: list[dict[str, str]]) -> str:
    rows = [[one["name"], one["uid"], one["decoder"]] for one in syntaxes]
    return format_table(("transfer syntax", "UID", "decoder"), rows) if rows else ""


def _missing(missing: list[dict[str, Any]], gpu: dict[str, Any]) -> str:
    if not missing:
        also = any(one["problem"] for one in gpu["pieces"])
        return "Nothing is missing but for the GPU." if also else "Nothing is missing."
    rows = [
        [one["name"], "yes" if one["required"] else "no", one["problem"], one["purpose"], one["install"]]
        for one in missing
    ]
    return format_table(("missing", "required", "problem", "needed for", "install with"), rows)

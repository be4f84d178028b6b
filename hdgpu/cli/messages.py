"""Errors as the command line says them."""

from __future__ import annotations

import sys

__all__ = ["print_error"]

# The library names its keyword arguments in a remedy; who typed a command needs the option.
_OPTIONS = {
    "Pass overwrite=True": "Add --force",
    "Pass lossy=True": "Add --lossy",
    'Pass on_error="skip"': "Add --on-error skip",
    "Choose one with `series=`": "Choose one with --series",
    "Pass `regrid=True` to `load_volume`": "Add --regrid",
}


def print_error(error: object, what: str = "error") -> None:
    """Print an error on standard error, in one line, and before it what becomes of it."""
    text = " ".join(str(error).split())
    for argument, option in _OPTIONS.items():
        text = text.replace(argument, option)
    print(f"hdgpu: {what}: {text}", file=sys.stderr)

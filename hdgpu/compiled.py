"""The compiled extension, if it is there.

It does the plain cases of hot loops without the interpreter and its lock: scanning headers, reading native and RLE
frames, checking the Huffman codes of JPEG, transforming stored values, and resampling.  For each of them there is a way
in Python too, which takes over wherever the extension declines, and for everything where there is none.
"""

from __future__ import annotations

import functools
import importlib
import os
from types import ModuleType

__all__ = ["extension"]

ENVIRONMENT_VARIABLE = "HDGPU_COMPILED"


@functools.cache
def extension() -> ModuleType | None:
    """Return ``hdgpu._compiled``, or None if it was not built or ``HDGPU_COMPILED=0`` asks to do without it."""
    if os.environ.get(ENVIRONMENT_VARIABLE) == "0":
        return None
    try:
        return importlib.import_module("hdgpu._compiled")
    except ImportError:
        return None

"""The compiled extension, if it is there.

It does the plain cases of the hot loops without the interpreter and its lock: scanning headers, reading native and
RLE frames, decoding lossless JPEG-LS and JPEG 2000, checking the Huffman codes of JPEG, transforming and looking up
stored values, resampling, copying arrays whose axes were turned, and converting to half precision.  Each of them exists
in Python or in a library too, which takes over wherever the extension declines, and for everything where there is none.
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

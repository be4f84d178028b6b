"""The codec libraries, imported when a frame first needs them: ``import hdgpu`` stays quick."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType

from hdgpu.errors import MissingDependencyError

__all__ = ["imagecodecs", "libjpeg", "openjpeg", "pillow", "pyjpegls", "pylibjpeg_rle"]


@cache
def _load(module: str, package: str, requirement: str | None = None) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        problem = f"{package} is not installed ({error})"
        raise MissingDependencyError(problem, remedy=f"pip install {requirement or package}") from error


def imagecodecs() -> ModuleType:
    """Return imagecodecs."""
    return _load("imagecodecs", "imagecodecs")


def libjpeg() -> ModuleType:
    """Return the JPEG library of pylibjpeg, which hdgpu does not install by itself: its licence is the GPL."""
    return _load("libjpeg", "pylibjpeg-libjpeg", '"hdgpu[libjpeg]"')


def openjpeg() -> ModuleType:
    """Return the JPEG 2000 library of pylibjpeg."""
    return _load("openjpeg", "pylibjpeg-openjpeg")


def pillow() -> ModuleType:
    """Return the module of Pillow that writes JPEG."""
    return _load("PIL.Image", "pillow")


def pyjpegls() -> ModuleType:
    """Return pyjpegls."""
    return _load("jpeg_ls", "pyjpegls")


def pylibjpeg_rle() -> ModuleType:
    """Return the RLE library of pylibjpeg."""
    return _load("rle", "pylibjpeg-rle")

"""Real DICOM files on this machine: pydicom's, pydicom-data's, and real series where a checkout has them at hand."""

from __future__ import annotations

import functools
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

REAL_SERIES = Path(os.environ.get("HDGPU_REAL_SERIES", Path(__file__).parents[2] / "shared" / "data"))


@functools.cache
def every_file() -> list[Path]:
    """Return every file of pydicom and pydicom-data, DICOM or not."""
    import pydicom.data

    folders = [Path(pydicom.data.__file__).parent]
    try:
        import data_store

        folders.append(Path(data_store.__path__[0]))
    except ImportError:
        pass
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".py"]


def real_series(archive: str) -> Path:
    """Return the folder of an unpacked archive of real series, or skip the test."""
    source = REAL_SERIES / archive
    if not source.exists():
        pytest.skip(f"needs {archive} in the folder that HDGPU_REAL_SERIES names")
    return _unpacked(source)


@functools.cache
def _unpacked(archive: Path) -> Path:
    target = Path(tempfile.gettempdir()) / "hdgpu-real-series" / archive.stem
    if not target.exists():
        part = Path(tempfile.mkdtemp(dir=_made(target.parent)))
        with zipfile.ZipFile(archive) as file:
            file.extractall(part)
        try:
            part.rename(target)
        except OSError:  # another worker was faster
            assert target.exists()
    return target


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

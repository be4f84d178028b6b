"""Writing results so that a target is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hdgpu.errors import SourceError

__all__ = ["atomic_target", "refuse_overwrite"]


def refuse_overwrite(target: Path, *, force: bool) -> None:
    """Raise unless `target` can be written.

    Asked before the work starts, so that nobody waits for a volume that then has nowhere to go.

    Raises
    ------
    SourceError
        If the target exists and `force` is not set, or if its folder does not exist.
    """
    if target.exists() and not force:
        raise SourceError("the target exists already", source=target, remedy="Pass overwrite=True to replace it.")
    if not target.absolute().parent.is_dir():
        raise SourceError("the folder to write into does not exist", source=target.parent)


@contextmanager
def atomic_target(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a path to write to, which takes the place of `target` when the block ends without an error.

    Parameters
    ----------
    target : Path
        File or folder to make.  It keeps its name's suffixes in the temporary path, which lies beside it: a rename
        is atomic within one file system only.
    force : bool, optional
        Replace a target that exists.

    Raises
    ------
    SourceError
        As :func:`refuse_overwrite`.
    """
    refuse_overwrite(target, force=force)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.absolute().parent))
    try:
        written = folder / target.name
        yield written
        if written.is_dir() and target.exists():  # a rename replaces a file, but no folder that holds something
            target.rename(folder / "replaced")
        written.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Progress on a terminal, and silence everywhere else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["ProgressBar", "progress"]

_WIDTH = 30
_SECONDS_BETWEEN_DRAWINGS = 0.1


class ProgressBar:
    """A bar that redraws itself in one line; any thread may call it.

    Parameters
    ----------
    label : str
        What is being done.
    stream : file object
        Where to draw.

    Examples
    --------
    >>> import io
    >>> stream = io.StringIO()
    >>> bar = ProgressBar("reading", stream)
    >>> bar(2, 4)
    >>> stream.getvalue().strip()
    'reading [###############               ] 2/4'
    """

    def __init__(self, label: str, stream: TextIO) -> None:
        self._label = label
        self._stream = stream
        self._last_drawn = -_SECONDS_BETWEEN_DRAWINGS
        self._length = 0
        self._lock = threading.Lock()

    def __call__(self, done: int, total: int) -> None:
        """Draw the state `done` of `total`; a call soon after another one is not drawn unless it is the last."""
        with self._lock:
            now = time.monotonic()
            if done < total and now - self._last_drawn < _SECONDS_BETWEEN_DRAWINGS:
                return
            self._last_drawn = now
            filled = _WIDTH * done // max(total, 1)
            text = f"{self._label} [{'#' * filled:{_WIDTH}}] {done}/{total}"
            self._stream.write("\r" + text.ljust(self._length))
            self._stream.flush()
            self._length = len(text)

    def clear(self) -> None:
        """Remove the bar from the line."""
        self._stream.write("\r" + " " * self._length + "\r")
        self._stream.flush()


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a progress callable while standard error is a terminal, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = ProgressBar(label, sys.stderr)
    try:
        yield bar
    finally:
        bar.clear()

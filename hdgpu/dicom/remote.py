"""Files that fsspec reaches: ``memory://``, ``http://``, ``s3://`` and others.

A request costs a journey to the server and back, so requests are few: the head of a file is kept, ranges that lie close
to one another are fetched together, and small reads bring what surrounds them.  An answer is never taken on trust:
its length is checked, and a request that fails is made again before it is given up.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from hdgpu.dicom.source import Source
from hdgpu.errors import MissingDependencyError, SourceError

__all__ = ["UrlSource", "merge_ranges", "url_beside"]

# Ranges with no more than this between them are one request: it takes longer to ask again than to read on.
_LARGEST_GAP = 1 << 17
_LARGEST_REQUEST = 1 << 24
# Reads up to this size bring the block around them along: item headers and offset tables.
_SMALL = 1 << 12
_BLOCK = 1 << 16
_BLOCKS_KEPT = 32
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2
_CLIENT_ERRORS = range(400, 500)
_WORTH_WAITING = (408, 429)  # timeout, and too many requests


class UrlSource(Source):
    """One file of a file system of fsspec.

    Parameters
    ----------
    url : str

    Raises
    ------
    hdgpu.errors.MissingDependencyError
        If fsspec, or what it needs for this kind of URL, is not installed.
    hdgpu.errors.SourceError
        If the file is not there, is a folder, or has no known size.
    """

    is_remote = True

    def __init__(self, url: str) -> None:
        self.name = url
        self._connect()
        self._head: bytes = b""
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        # Set once a server has been found to ignore ranges and to answer with the whole file.
        self._whole: bytes | None = None

    def _connect(self) -> None:
        try:
            import fsspec

            self._filesystem, self._path = fsspec.url_to_fs(self.name)
            info = self._filesystem.info(self._path)
        except ImportError as error:
            raise MissingDependencyError(
                f"reading from this URL needs a library that is not installed: {error}",
                source=self.name,
                remedy='Install it: pip install "hdgpu[remote]".',
            ) from error
        except Exception as error:  # each file system raises what its own library does
            raise SourceError(f"cannot be reached: {_reason(error)}", source=self.name) from error
        if info.get("type") == "directory":
            raise SourceError(
                "this is a folder, and folders are listed on the local file system only",
                source=self.name,
                remedy="Give a list of URLs: [fs.unstrip_protocol(path) for path in fs.find(folder)] with fsspec's fs.",
            )
        if info.get("size") is None:
            raise SourceError("its server does not tell the size of the file", source=self.name)
        self._size = int(info["size"])

    def __reduce__(self) -> tuple[Any, ...]:
        return UrlSource, (self.name,)

    @property
    def size(self) -> int:
        """Number of bytes when the source was made."""
        return self._size

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes, or all there are; those that were asked for before are not fetched again."""
        length = min(length, self._size)
        with self._lock:
            if length > len(self._head):
                self._head += self._fetch(len(self._head), length - len(self._head))
            return self._head[:length]

    def _read(self, offset: int, length: int) -> bytes | memoryview:
        length = min(length, self._size - offset)
        if offset + length <= len(self._head):
            return memoryview(self._head)[offset : offset + length]
        if length > _SMALL:
            return self._fetch(offset, length)
        first, last = offset // _BLOCK, (offset + max(length, 1) - 1) // _BLOCK
        around = b"".join(self._block(number) for number in range(first, last + 1))
        return memoryview(around)[offset - first * _BLOCK :][:length]

    def _block(self, number: int) -> bytes:
        """Return a block of the file, remembered from an earlier read or fetched."""
        with self._lock:
            block = self._blocks.pop(number, None)
            if block is None:
                start = number * _BLOCK
                block = self._fetch(start, min(_BLOCK, self._size - start))
                if len(self._blocks) >= _BLOCKS_KEPT:
                    self._blocks.popitem(last=False)
            self._blocks[number] = block
            return block

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | memoryview]:
        """Return the bytes of several ranges, with as few requests as their places allow, made at the same time."""
        self._check_ranges(ranges)
        merged = list(merge_ranges(ranges))
        answers: list[Any] = [None] * len(merged)
        if len(merged) > 1 and self._whole is None:
            starts = [start for start, _ in merged]
            ends = [start + length for start, length in merged]
            paths = [self._path] * len(merged)
            # An exception stands in the place of an answer that failed: that range is asked for again, below.
            answers = self._filesystem.cat_ranges(paths, starts, ends, on_error="return")
        pieces: dict[int, memoryview] = {}
        for (start, length), answer in zip(merged, answers, strict=True):
            complete = isinstance(answer, bytes) and len(answer) == length
            pieces[start] = memoryview(answer if complete else self._fetch(start, length))
        places = sorted(pieces)
        return [_cut(pieces, places, offset, length) for offset, length in ranges]

    def _fetch(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes of the file: asked for again where an answer fails or is short."""
        if self._whole is not None:
            return self._whole[offset : offset + length]
        if not length:
            return b""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                data = bytes(self._filesystem.cat_file(self._path, start=offset, end=offset + length))
            except Exception as error:  # each file system raises what its own library does
                if attempt == _ATTEMPTS or not _may_pass(error):
                    raise SourceError(f"cannot be read: {_reason(error)}", source=self.name) from error
            else:
                if len(data) == length:
                    return data
                if len(data) == self._size:
                    self._whole = data
                    return data[offset : offset + length]
                if attempt == _ATTEMPTS:
                    raise SourceError(
                        f"its server answers with other than the range at byte {offset}",
                        source=self.name,
                        expected=f"{length} bytes",
                        found=f"{len(data)} bytes",
                        remedy="Copy the file and read the copy.",
                    )
            time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")


def url_beside(url: str, parts: Sequence[str]) -> str:
    """Return the URL of a file, given by its folders and its name, that lies beside another one.

    Examples
    --------
    >>> url_beside("memory://disc/DICOMDIR", ["IMAGES", "IM1"]), url_beside("zip://DICOMDIR::s3://b/a.zip", ["IM1"])
    ('memory://disc/IMAGES/IM1', 'zip://IM1::s3://b/a.zip')
    >>> url_beside("https://server/disc/DICOMDIR?token=a/b", ["IM1"])
    'https://server/disc/IM1?token=a/b'
    """
    first, *chained = url.split("::")
    path, *query = first.split("?", 1)
    return "::".join(["?".join(["/".join([path.rsplit("/", 1)[0], *parts]), *query]), *chained])


def merge_ranges(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ranges that cover the given ones: those that lie close together as one, up to a bounded size.

    Parameters
    ----------
    ranges : sequence of (int, int)
        Offset and length of each, in any order.

    Examples
    --------
    >>> list(merge_ranges([(1_000_000, 50), (0, 10), (20, 10)]))
    [(0, 30), (1000000, 50)]
    """
    start = end = None
    for offset, length in sorted(ranges):
        if start is None or end is None:
            start, end = offset, offset + length
        elif offset - end <= _LARGEST_GAP and max(end, offset + length) - start <= _LARGEST_REQUEST:
            end = max(end, offset + length)
        else:
            yield start, end - start
            start, end = offset, offset + length
    if start is not None and end is not None:
        yield start, end - start


def _cut(pieces: dict[int, memoryview], places: list[int], offset: int, length: int) -> memoryview:
    from bisect import bisect_right

    place = places[bisect_right(places, offset) - 1]
    return pieces[place][offset - place : offset - place + length]


def _may_pass(error: Exception) -> bool:
    """Tell whether a request that failed so may succeed when made again."""
    status = getattr(error, "status", None)
    if status in _CLIENT_ERRORS and status not in _WORTH_WAITING:
        return False
    return not isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError, ImportError))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

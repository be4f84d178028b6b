"""Where bytes come from: a path, bytes, a file object or a URL, all read by range and from any thread."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO, Any
from urllib.parse import unquote

from hdgpu.errors import SourceError, TruncatedFileError

__all__ = [
    "BytesSource",
    "FileObjectSource",
    "OpenFileSource",
    "PathSource",
    "ReadBuffer",
    "Source",
    "local_path",
    "open_source",
]

_FILE_URI = "file://"


class ReadBuffer:
    """Memory that one thread reads into again and again, so that a thousand frames cost one allocation."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def view(self, length: int) -> memoryview:
        """Return `length` bytes to fill: they hold until the next call."""
        if len(self._bytes) < length:
            self._bytes = bytearray(length)
        return memoryview(self._bytes)[:length]


class Source(ABC):
    """Random access to the bytes of one file.

    A source holds no open file of its own, so that ten thousand of them cost no file descriptor, any thread may read,
    and a source pickles as its name.

    Attributes
    ----------
    name : str
        What error messages call it.
    is_remote : bool
        Whether each read costs a journey, so that it is worth while to ask for much at once.
    """

    name: str
    is_remote = False

    @property
    def open_path(self) -> str | None:
        """Path by which the compiled extension can open the file, None if there is none."""
        return None

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of bytes."""

    @abstractmethod
    def _read(self, offset: int, length: int) -> bytes | memoryview:
        """Return at most `length` bytes from `offset`: fewer only at the end."""

    def head(self, length: int) -> bytes | memoryview:
        """Return the first `length` bytes, or all there are."""
        return self._read(0, length)

    def read_at(self, offset: int, length: int, buffer: ReadBuffer | None = None) -> bytes | memoryview:
        """Return exactly `length` bytes from `offset`.

        Parameters
        ----------
        offset, length : int
        buffer : ReadBuffer, optional
            Memory to use where bytes have to be copied: the result then holds until the buffer's next use.

        Raises
        ------
        TruncatedFileError
            If the file ends before.
        """
        self._check_ranges([(offset, length)])  # before any memory is asked for
        data = self._read(offset, length) if buffer is None else self._read_into(offset, length, buffer)
        if len(data) != length:
            raise self._truncated(offset, length, len(data))
        return data

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes | memoryview]:
        """Return the bytes of several ranges, each an offset and a length; what a source far away fetches together.

        Raises
        ------
        TruncatedFileError
            If the file ends before the end of one.
        """
        self._check_ranges(ranges)
        return [self.read_at(offset, length) for offset, length in ranges]

    def check_unchanged(self) -> None:  # noqa: B027 - most sources cannot tell
        """Make sure that the bytes are still those that were there when the source was first read.

        Raises
        ------
        SourceError
            If the file has been changed or replaced since.
        """

    def _check_ranges(self, ranges: Sequence[tuple[int, int]]) -> None:
        for offset, length in ranges:
            if offset < 0 or length < 0 or offset + length > self.size:
                raise self._truncated(offset, length)

    def _read_into(self, offset: int, length: int, buffer: ReadBuffer) -> bytes | memoryview:
        """Read with a buffer at hand: only a source that gains by it uses it."""
        return self._read(offset, length)

    def _truncated(self, offset: int, length: int, got: int | None = None) -> TruncatedFileError:
        available = max(self.size - offset, 0) if got is None else got
        return TruncatedFileError(
            f"the file ends within the data at byte {offset}",
            source=self.name,
            expected=f"{length} bytes",
            found=f"{available} bytes",
            remedy="Copy or export the file again.",
        )


class PathSource(Source):
    """A file of the local file system, opened for each read and closed again."""

    def __init__(self, path: str | os.PathLike[str], size: int | None = None) -> None:
        self.name = os.fspath(path)
        self._size = size
        self._version: tuple[int, int, int] | None = None

    @property
    def size(self) -> int:
        """Number of bytes, as first seen."""
        if self._size is None:
            try:
                self._size = os.stat(self.name).st_size
            except OSError as error:
                raise self._unreadable(error) from error
        return self._size

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes and note the size, with one opening of the file."""
        try:
            descriptor = os.open(self.name, os.O_RDONLY)
            try:
                self._note_version(os.fstat(descriptor))
                return os.pread(descriptor, length, 0)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unreadable(error) from error

    def _note_version(self, status: os.stat_result) -> None:
        self._size = status.st_size
        self._version = (status.st_size, status.st_mtime_ns, status.st_ino)

    def check_unchanged(self) -> None:
        """Compare size, time of change and identity of the file with those of when it was opened."""
        try:
            status = os.stat(self.name)
        except OSError as error:
            raise self._unreadable(error) from error
        self._compare_version(status)

    def _compare_version(self, status: os.stat_result) -> None:
        if self._version is None:
            self._note_version(status)
        elif self._version != (status.st_size, status.st_mtime_ns, status.st_ino):
            raise SourceError("the file was changed while it was in use", source=self.name, remedy="Open it again.")

    @property
    def open_path(self) -> str:
        """Path by which the file is opened."""
        return self.name

    def _read(self, offset: int, length: int) -> memoryview:
        return self._read_into(offset, length, ReadBuffer())

    def _read_into(self, offset: int, length: int, buffer: ReadBuffer) -> memoryview:
        view = buffer.view(length)
        try:
            descriptor = os.open(self.name, os.O_RDONLY)
            try:
                return self._fill(descriptor, offset, view)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unreadable(error) from error

    def _fill(self, descriptor: int, offset: int, view: memoryview) -> memoryview:
        """Read until the view is full or the file ends, and return what was filled."""
        try:
            done = os.preadv(descriptor, [view], offset)
            while 0 < done < len(view):
                more = os.preadv(descriptor, [view[done:]], offset + done)
                if not more:
                    break
                done += more
        except OSError as error:
            raise self._unreadable(error) from error
        return view[:done]

    def _unreadable(self, error: OSError) -> SourceError:
        return SourceError(f"cannot be read: {error.strerror or error}", source=self.name)


class OpenFileSource(PathSource):
    """A local file that stays open: it can be read even after it was deleted.

    Parameters
    ----------
    path : str or os.PathLike
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        try:
            self._descriptor = os.open(self.name, os.O_RDONLY)
        except OSError as error:
            raise self._unreadable(error) from error
        weakref.finalize(self, os.close, self._descriptor)
        self._note_version(os.fstat(self._descriptor))

    @property
    def open_path(self) -> str:
        """Path by which the open file can be opened again, whatever has become of its name."""
        return f"/proc/self/fd/{self._descriptor}"

    def head(self, length: int) -> bytes:
        """Return the first `length` bytes."""
        return os.pread(self._descriptor, length, 0)

    def check_unchanged(self) -> None:
        """Compare size and time of change of the file with those of when it was opened."""
        self._compare_version(os.fstat(self._descriptor))

    def _read_into(self, offset: int, length: int, buffer: ReadBuffer) -> memoryview:
        return self._fill(self._descriptor, offset, buffer.view(length))

    def __reduce__(self) -> tuple[Any, ...]:
        return PathSource, (self.name,)


class BytesSource(Source):
    """Bytes in memory."""

    def __init__(self, data: bytes | bytearray | memoryview, name: str = "<bytes>") -> None:
        self.name = name
        self._data = memoryview(data).cast("B")

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self._data)

    def _read(self, offset: int, length: int) -> memoryview:
        return self._data[offset : offset + length]

    def __reduce__(self) -> tuple[Any, ...]:
        return BytesSource, (bytes(self._data), self.name)


class FileObjectSource(Source):
    """A seekable binary file object of the caller; one thread at a time reads from it.

    Parameters
    ----------
    file : binary file object
    number : str, optional
        What tells a file object without a name from others.
    """

    def __init__(self, file: IO[bytes], number: str = "") -> None:
        self.name = str(getattr(file, "name", f"<{type(file).__name__}{number}>"))
        self._file = file
        self._lock = threading.Lock()
        with self._lock:
            self._size = file.seek(0, os.SEEK_END)

    @property
    def size(self) -> int:
        """Number of bytes when the source was made."""
        return self._size

    def _read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)


def local_path(file: Any) -> str | None:
    """Return the path of the local file system that is meant, or None if it is a URL or anything else.

    Parameters
    ----------
    file : str, os.PathLike or anything else
        A URI of a file is percent-encoded (RFC 8089), as `pathlib.Path.as_uri` returns it.

    Examples
    --------
    >>> local_path("file:///data/a%20folder"), local_path("data/a%20folder"), local_path("memory://data")
    ('/data/a folder', 'data/a%20folder', None)
    """
    path = os.fspath(file) if isinstance(file, (str, os.PathLike)) else None
    if not isinstance(path, str):
        return None
    if path.startswith(_FILE_URI):
        return unquote(path.removeprefix(_FILE_URI).removeprefix("localhost"))
    return None if "://" in path else path


def open_source(file: Any, number: int | None = None) -> Source:
    """Return the source for a path, a URL, bytes, a binary file object or a source.

    Parameters
    ----------
    file : str, os.PathLike, bytes-like, binary file object or Source
    number : int, optional
        Place in a list, which is in the name of what has no name of its own.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> bytes(open_source(b"some bytes").read_at(5, 5))
    b'bytes'
    >>> open_source(b"some bytes", 3).name
    '<bytes 3>'
    """
    if isinstance(file, Source):
        return file
    path = local_path(file)
    if path is not None:
        return PathSource(path)
    if isinstance(file, (str, os.PathLike)):
        from hdgpu.dicom.remote import UrlSource

        return UrlSource(os.fspath(file))
    place = "" if number is None else f" {number}"
    if isinstance(file, (bytes, bytearray, memoryview)):
        return BytesSource(file, f"<bytes{place}>")
    if hasattr(file, "read") and hasattr(file, "seek"):
        return FileObjectSource(file, place)
    raise TypeError(f"expected a path, a URL, bytes or a binary file object, got {type(file).__name__}")

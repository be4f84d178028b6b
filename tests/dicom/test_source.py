from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hdgpu.dicom.source import ReadBuffer, Source, open_source
from hdgpu.errors import SourceError, TruncatedFileError

CONTENT = bytes(range(256)) * 40


@pytest.fixture(params=["path", "bytes", "file object", "url"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    if request.param == "url":
        fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install hdgpu[remote]")
        fsspec.filesystem("memory").pipe_file("/content", CONTENT)
    makers: dict[str, Callable[[], object]] = {
        "path": lambda: path,
        "bytes": lambda: CONTENT,
        "file object": lambda: io.BytesIO(CONTENT),
        "url": lambda: "memory://content",
    }
    return open_source(makers[request.param]())


def test_reads_ranges(source: Source) -> None:
    assert source.size == len(CONTENT)
    assert bytes(source.head(10)) == CONTENT[:10]
    assert bytes(source.head(1 << 20)) == CONTENT
    assert bytes(source.read_at(300, 77)) == CONTENT[300:377]
    assert bytes(source.read_at(len(CONTENT), 0)) == b""
    buffer = ReadBuffer()
    assert bytes(source.read_at(5, 4000, buffer)) == CONTENT[5:4005]
    assert bytes(source.read_at(7, 10, buffer)) == CONTENT[7:17]


@pytest.mark.parametrize(("offset", "length"), [(len(CONTENT) - 3, 4), (1 << 40, 1), (0, 1 << 50), (-1, 1), (3, -1)])
def test_reading_past_the_end_raises_before_memory_is_taken(source: Source, offset: int, length: int) -> None:
    with pytest.raises(TruncatedFileError, match="the file ends within the data"):
        source.read_at(offset, length, ReadBuffer())


def test_threads_may_read_at_once(source: Source) -> None:
    failures = []

    def work(start: int) -> None:
        for offset in range(start, len(CONTENT) - 100, 997):
            if bytes(source.read_at(offset, 100)) != CONTENT[offset : offset + 100]:
                failures.append(offset)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_file_that_shrinks_after_it_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    source = open_source(path)
    assert source.size == len(CONTENT)
    path.write_bytes(CONTENT[:100])
    for buffer in (None, ReadBuffer()):
        with pytest.raises(TruncatedFileError, match="found 50 bytes"):
            source.read_at(50, 100, buffer)


def test_missing_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        open_source(tmp_path / "nowhere").head(10)
    with pytest.raises(OSError, match="nowhere"):
        open_source(tmp_path / "nowhere").read_at(0, 1)
    with pytest.raises(TypeError, match="expected a path"):
        open_source(3)


def test_uri_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "größe #1 100%"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    source = open_source(path.as_uri())
    assert (source.open_path, source.size) == (str(path), len(CONTENT))
    assert open_source(f"file://localhost{path}").open_path == str(path)


def test_folder_by_url() -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install hdgpu[remote]")
    fsspec.filesystem("memory").pipe_file("/a-folder/content", CONTENT)
    with pytest.raises(
        SourceError, match=r"a-folder: this is a folder, .*local file system only\. Give a list of URLs"
    ):
        open_source("memory://a-folder")
    system, folder = fsspec.url_to_fs("memory://a-folder")
    (url,) = [system.unstrip_protocol(path) for path in system.find(folder)]
    assert bytes(open_source(url).head(10)) == CONTENT[:10]


def test_pickles_by_name(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    assert len(pickle.dumps(open_source(path))) < 500
    assert bytes(pickle.loads(pickle.dumps(open_source(path))).read_at(1, 2)) == CONTENT[1:3]
    assert bytes(pickle.loads(pickle.dumps(open_source(CONTENT))).read_at(1, 2)) == CONTENT[1:3]

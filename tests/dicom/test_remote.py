"""Files on a server: few requests, and never other bytes than those of the file."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hdgpu.dicom.remote
from hdgpu.dicom.remote import merge_ranges
from hdgpu.dicom.source import open_source
from hdgpu.errors import SourceError, TruncatedFileError
from tests.http_server import serve

pytest.importorskip("aiohttp", reason="needs aiohttp: pip install hdgpu[remote]")
CONTENT = np.random.default_rng(3).integers(0, 256, 3 << 20, dtype=np.uint8).tobytes()


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(hdgpu.dicom.remote, "_PAUSE_SECONDS", 0.0)
    with serve(content=CONTENT) as started:
        yield started


@pytest.fixture
def source(site):
    return open_source(f"{site.url}/content")


def test_the_head_is_fetched_once(site, source):
    for length in (10, 8192, 4096, 1 << 16):
        assert bytes(source.head(length)) == CONTENT[:length]
    assert bytes(source.read_at(5, 1000)) == CONTENT[5:1005]
    assert site.requests == [(0, 10), (10, 8182), (8192, (1 << 16) - 8192)]


def test_small_reads_share_a_request(site, source):
    for offset in range(1 << 20, (1 << 20) + 60_000, 997):
        assert bytes(source.read_at(offset, 8)) == CONTENT[offset : offset + 8]
    assert len(site.requests) == 1


def test_ranges_that_lie_close_share_a_request(site, source):
    ranges = [(2_000_000 + 30_000 * number, 20_000) for number in reversed(range(16))] + [(100, 50)]
    assert [bytes(each) for each in source.read_ranges(ranges)] == [CONTENT[o : o + n] for o, n in ranges]
    assert len(site.requests) == 2
    assert site.bytes_asked < 2 * sum(length for _, length in ranges)


def test_a_connection_that_is_cut_is_tried_again(site, source):
    site.failures = 2
    assert bytes(source.read_at(1000, 100_000)) == CONTENT[1000:101_000]
    assert len(site.requests) == 3
    site.failures = 1
    ranges = [(0, 5000), (1_000_000, 5000), (2_000_000, 5000)]
    assert [bytes(each) for each in source.read_ranges(ranges)] == [CONTENT[o : o + n] for o, n in ranges]


def test_a_connection_that_is_always_cut_raises(site, source):
    site.failures = 1000
    with pytest.raises(SourceError, match="content: cannot be read"):
        source.read_at(1000, 100_000)
    with pytest.raises(SourceError, match="content: cannot be read"):
        source.read_ranges([(0, 5000), (1_000_000, 5000)])


def test_a_server_that_ignores_ranges(site):
    site.ignores_ranges = True
    source = open_source(f"{site.url}/content")
    assert bytes(source.read_at(2_000_000, 5)) == CONTENT[2_000_000:2_000_005]
    assert bytes(source.read_at(1_000_000, 100_000)) == CONTENT[1_000_000:1_100_000]
    ranges = [(0, 5000), (1_000_000, 5000)]
    assert [bytes(each) for each in source.read_ranges(ranges)] == [CONTENT[o : o + n] for o, n in ranges]
    assert len(site.requests) == 1  # the file is kept once it had to be fetched


@pytest.mark.parametrize(("status", "requests"), [(403, 1), (500, 3), (503, 3)])
def test_refusals(site, source, status, requests, monkeypatch):
    asked = []
    fetch = source._filesystem.cat_file
    monkeypatch.setattr(source._filesystem, "cat_file", lambda *args, **kw: asked.append(1) or fetch(*args, **kw))
    site.status = status
    with pytest.raises(SourceError, match="cannot be read"):
        source.read_at(0, 100_000)
    assert len(asked) == requests


def test_a_file_that_became_shorter(site, source):
    assert source.size == len(CONTENT)
    site.files["content"] = CONTENT[: 1 << 20]
    with pytest.raises(SourceError, match=r"other than the range|cannot be read"):
        source.read_at((1 << 20) - 5000, 10_000)
    with pytest.raises(SourceError):
        source.read_ranges([(0, 10), ((1 << 20) - 5000, 10_000)])


def test_files_that_are_not_there(site):
    with pytest.raises(SourceError, match="cannot be reached"):
        open_source(f"{site.url}/nothing")
    with pytest.raises(SourceError, match="cannot be reached"):
        open_source("http://127.0.0.1:1/nothing")
    with pytest.raises(SourceError, match="cannot be reached"):
        open_source("nosuchprotocol://somewhere")


def test_ranges_past_the_end(site, source):
    for ranges in ([(0, 5), (len(CONTENT) - 1, 2)], [(-1, 5)], [(5, -1)]):
        with pytest.raises(TruncatedFileError):
            source.read_ranges(ranges)
    assert not site.requests


def test_it_pickles_as_its_name(source):
    source.head(1 << 20)
    pickled = pickle.dumps(source)
    assert len(pickled) < 500
    assert bytes(pickle.loads(pickled).read_at(77, 5000)) == CONTENT[77:5077]


@given(st.lists(st.tuples(st.integers(0, 1 << 26), st.integers(0, 1 << 20)), min_size=1))
def test_merged_ranges_hold_all_and_little_else(ranges):
    merged = list(merge_ranges(ranges))
    for offset, length in ranges:
        assert any(start <= offset and offset + length <= start + size for start, size in merged)
    for (start, size), (following, _) in itertools.pairwise(merged):
        assert start < following
        assert size <= (1 << 24) or (start, size) in ranges

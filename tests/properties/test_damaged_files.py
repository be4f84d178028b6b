"""Real files, damaged at random: what comes out is what pydicom makes of the same bytes, or a named error."""

from __future__ import annotations

import functools
import io
import threading
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.codecs.route import route_for
from hdgpu.dicom.frame_index import index_frames
from hdgpu.dicom.header import read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import BytesSource
from hdgpu.errors import HdgpuError
from tests.real_files import every_file

SECONDS = 10.0
# An error or a small frame takes little memory, whatever sizes the damaged file claims.
MEBIBYTES = 256
LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


@functools.cache
def samples() -> list[Path]:
    """Return the small files that hold pixel data."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in every_file():
            if path.suffix == ".dcm" and path.stat().st_size < 150_000:
                try:
                    pydicom.dcmread(path).pixel_array  # noqa: B018
                except Exception:
                    continue
                found.append(path)
    return found


def decode_ours(raw: bytes) -> list[np.ndarray]:
    instance = Instance(read_header(BytesSource(raw, "damaged.dcm")))
    pixel = instance.pixel
    route = route_for(instance.transfer_syntax_uid, pixel)
    index = index_frames(instance)
    frames = []
    for frame in range(index.count):
        out = np.full(pixel.frame_shape, 99, pixel.dtype)
        frames.append(route.decode(index.read(instance.source, frame), out, index=frame)[0])
    return frames


def decode_pydicom(raw: bytes) -> np.ndarray | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(io.BytesIO(raw), force=True)
            array = dataset.pixel_array
        except Exception:
            return None
    return array if int(dataset.get("NumberOfFrames") or 1) > 1 else array[None]


def equal(ours: list[np.ndarray], theirs: np.ndarray | None, tolerance: int) -> bool:
    if theirs is None or len(ours) != len(theirs) or ours[0].shape != theirs[0].shape:
        return False
    if tolerance:
        return all(
            np.abs(a.astype(np.int64) - b.astype(np.int64)).max() <= tolerance
            for a, b in zip(ours, theirs, strict=True)
        )
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@st.composite
def damage(draw: st.DrawFn) -> tuple[Path, bytes]:
    """Draw a file and damage it: a few bytes changed, cut off, taken out or put in, or a length changed."""
    path = draw(st.sampled_from(samples()))
    raw = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 3))):
        # Half of the damage goes to the header, which is the smaller part.
        place = draw(st.integers(0, len(raw) - 1) | st.integers(0, min(len(raw) - 1, 3000)))
        kind = draw(st.sampled_from(["flip", "set", "length", "cut", "delete", "insert"]))
        if kind == "flip":
            raw[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set":
            raw[place] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
        elif kind == "length":
            value = draw(st.sampled_from([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE]) | st.integers(0, 1 << 20))
            raw[place : place + 4] = value.to_bytes(4, "little")
        elif kind == "cut":
            del raw[max(place, 1) :]
        elif kind == "delete":
            del raw[place : place + draw(st.integers(1, 8))]
        else:
            raw[place:place] = draw(st.binary(min_size=1, max_size=8))
        if not raw:
            raw = bytearray(b"\0")
    return path, bytes(raw)


@settings(max_examples=600)
@given(damage())
def test_damaged_file_gives_what_pydicom_gives_or_an_error(damaged: tuple[Path, bytes]) -> None:
    path, raw = damaged
    threads = threading.active_count()
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = decode_ours(raw)
    except HdgpuError:
        return
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.perf_counter() - started < SECONDS
        assert peak < MEBIBYTES << 20
        assert threading.active_count() == threads
    tolerance = 5 if any(syntax.encode() in raw for syntax in LOSSY) else 0
    # Where pydicom stumbles over an attribute that has no bearing on the pixels, the whole file tells what is right.
    assert equal(ours, decode_pydicom(raw), tolerance) or equal(ours, decode_pydicom(path.read_bytes()), tolerance)

"""Real files, damaged at random: what comes out is what pydicom makes of the same bytes, or a named error.

The examples are the same in every run, so that a rare find does not stop work on something else.  For other ones, set
HDGPU_DAMAGED_FILES to how many there shall be: 15 000 take about two minutes.
"""

from __future__ import annotations

import functools
import io
import os
import threading
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array

from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.dicom.frame_index import index_frames
from hdgpu.dicom.header import read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import BytesSource
from hdgpu.errors import HdgpuError
from tests.real_files import every_file

SECONDS = 10.0
# An error or a small frame takes little memory, whatever sizes the damaged file claims.
MEBIBYTES = 256
BROAD = os.environ.get("HDGPU_DAMAGED_FILES")


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


@dataclass
class Decoded:
    """What came of a file, and of what bytes."""

    instance: Instance
    frames: list[np.ndarray]
    encoded: list[bytes]

    @property
    def lossy(self) -> bool:
        """Whether any frame is a DCT or an irreversible wavelet, which standards let decoders round as they like."""
        headers = [sniff(data).header for data in self.encoded if data.startswith((b"\xff\xd8", b"\xff\x4f"))]
        return any(
            (isinstance(header, JpegHeader) and header.sof in (0xC0, 0xC1))
            or (isinstance(header, Jpeg2000Header) and not header.reversible)
            for header in headers
        )


def decode_ours(raw: bytes) -> Decoded:
    instance = Instance(read_header(BytesSource(raw, "damaged.dcm")))
    pixel = instance.pixel
    route = route_for(instance.transfer_syntax_uid, pixel, vr=instance.pixel_data.vr)
    index = index_frames(instance)
    decoded = Decoded(instance, [], [])
    for frame in range(index.count):
        out = np.full(pixel.frame_shape, 99, pixel.dtype)
        data = index.read(instance.source, frame)
        decoded.frames.append(route.decode(data, out, index=frame)[0])
        if route.encapsulated:
            decoded.encoded.append(bytes(data))
    return decoded


def same_as_pydicom(ours: Decoded, raw: bytes, path: Path) -> bool:
    """Whether pydicom reads the same from the damaged file; or where it reads nothing, from what is not damaged."""
    damaged = list(readings(raw, ours.lossy))
    if damaged:
        return any(equal(ours, theirs) for theirs in damaged)
    # pydicom stumbles over something that has no bearing on the pixels: then the whole file tells what is right, or,
    # if the pixels are damaged besides, the whole file's attributes together with the damaged file's pixels.
    whole = path.read_bytes()
    return any(equal(ours, theirs) for theirs in (*readings(whole, ours.lossy), *transplanted(ours, whole)))


def readings(source: bytes | pydicom.Dataset, lossy: bool) -> Iterator[np.ndarray]:
    """Yield what pydicom reads.  Of a lossy frame, each of its decoders has a reading of its own.

    Damage often leaves a JPEG stream well-formed, but with blocks of extreme colour.  By default pydicom takes libjpeg,
    which clips them and interpolates chroma between them otherwise than libjpeg-turbo, by up to the whole range.  With
    the plugin for Pillow it takes libjpeg-turbo, as we do, and then so strict a comparison is possible as that of
    :func:`equal`.
    """
    for plugin in ("", "pillow", "pylibjpeg") if lossy else ("",):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(io.BytesIO(source), force=True) if isinstance(source, bytes) else source
                array = pixel_array(dataset, decoding_plugin=plugin)
            except BaseException as error:  # pylibjpeg-rle panics, which is no Exception
                if isinstance(error, KeyboardInterrupt):
                    raise
                continue
        yield array if int(dataset.get("NumberOfFrames") or 1) > 1 else array[None]


def transplanted(ours: Decoded, whole: bytes) -> Iterator[np.ndarray]:
    """Yield what pydicom reads from the whole file with the damaged file's pixels, if their attributes are the same."""
    original = Instance(read_header(BytesSource(whole, "whole.dcm")))
    if (original.pixel, original.transfer_syntax_uid) != (ours.instance.pixel, ours.instance.transfer_syntax_uid):
        return
    dataset = pydicom.dcmread(io.BytesIO(whole))
    element = ours.instance.pixel_data
    if ours.encoded:
        dataset.NumberOfFrames = len(ours.encoded)
        dataset.PixelData = encapsulate([codestream(data) for data in ours.encoded])
    else:
        assert element.length is not None
        dataset.PixelData = bytes(ours.instance.source.read_at(element.offset, element.length))
    dataset["PixelData"].is_undefined_length = bool(ours.encoded)
    yield from readings(dataset, ours.lossy)


def codestream(data: bytes) -> bytes:
    """Drop the boxes of a JP2 file: what they say, or fail to say, has no bearing on the samples in DICOM."""
    header = sniff(data).header if data.startswith(b"\x00\x00\x00\x0cjP  ") else None
    return data[header.offset : header.end] if isinstance(header, Jpeg2000Header) else data


def equal(ours: Decoded, theirs: np.ndarray) -> bool:
    """Whether frames are the same: exactly, or where they are lossy but for one step of rounding."""
    frames = ours.frames
    if len(frames) != len(theirs) or frames[0].shape != theirs[0].shape:
        return False
    if ours.lossy:
        return all(
            np.abs(a.astype(np.int64) - b.astype(np.int64)).max() <= 1 for a, b in zip(frames, theirs, strict=True)
        )
    return all(np.array_equal(a, b) for a, b in zip(frames, theirs, strict=True))


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


@settings(max_examples=int(BROAD or 600), derandomize=BROAD is None, database=None)
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
        assert threading.active_count() <= threads
    assert same_as_pydicom(ours, raw, path)

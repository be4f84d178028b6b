"""Cases of the kernels that decode frames: colours, packed bits, byte order, RLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_cases import DISTINCT, Case, Goal, by_reference, ct_frames, frames_for

from demo.phantom import slice_hu
from hdgpu.array.interop import to_numpy
from hdgpu.codecs.device.native import ByteOrder, decode_native
from hdgpu.codecs.device.rle import decode_frames
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.frame import encode_frame
from hdgpu.pixels.tetrahedral import ONE, IccTable, apply_table

RLE = "1.2.840.10008.1.2.5"
# Of an ICC profile that is more than primaries and curves.
_NODES = 33


def _colors(xp: Any, count: int, side: int) -> Any:
    """Return pictures with smooth parts and some noise, (count, side, side, 3) uint8."""
    grey = ct_frames(xp, count, side)
    return xp.stack([(grey >> shift).astype("uint8") for shift in (4, 3, 2)], axis=-1)


def color_table(xp: Any, size: int) -> Case:
    """Colours by an ICC profile: there is no plain expression but the reference, which does it in integers."""
    count, side = frames_for(size, 6)
    rgb = _colors(xp, count, side)
    positions = np.tile(np.linspace(0, 1, 256) ** 1.2, (3, 1))
    grid = np.indices((_NODES,) * 3).reshape(3, -1).T / (_NODES - 1)
    curve = np.rint(np.linspace(0, 1, ONE + 1) ** (1 / 2.2) * 255).astype(np.uint8)
    icc = IccTable.of(positions, grid @ np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0, 0.1, 0.9]]).T, curve)

    def run() -> Any:
        return apply_table(icc, rgb)

    return Case("ICC profile, RGB", ("color_table",), 2 * rgb.nbytes, run, by_reference(run))


def _ybr(name: str, xp: Any, size: int, pixel: Callable[[int], ImagePixel], unpack: Callable[..., Any]) -> Case:
    count, side = frames_for(size, 6)
    described = pixel(side)
    some = np.random.default_rng(8).integers(0, 256, (DISTINCT, described.frame_bits // 8), np.uint8)
    raw = xp.asarray(some)[xp.arange(count) % DISTINCT].reshape(-1)
    starts = np.arange(count) * described.frame_bits
    matrix = xp.asarray([[1, 0, 1.402], [1, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1, 1.772, 0]], "float32")

    def plain() -> Any:
        ybr = unpack(raw, count, side).astype("float32")
        ybr[..., 1:] -= 128
        return xp.clip(xp.floor(ybr @ matrix.T + 0.5), 0, 255).astype("uint8")

    moved = raw.nbytes + count * side * side * 3
    # at a half, matrix products may fall to either side
    return Case(
        name, ("ybr",), moved, lambda: decode_native(raw, starts, described).stored, plain, plain_tolerance=1.01 / 255
    )


def ybr_pixels(xp: Any, size: int) -> Case:
    return _ybr(
        "YBR_FULL by pixel", xp, size, lambda side: ImagePixel(side, side, 3, "YBR_FULL", 8, 8, 7),
        lambda raw, count, side: raw.reshape(count, side, side, 3),
    )  # fmt: skip


def ybr_planes(xp: Any, size: int) -> Case:
    return _ybr(
        "YBR_FULL by plane", xp, size, lambda side: ImagePixel(side, side, 3, "YBR_FULL", 8, 8, 7, 0, 1),
        lambda raw, count, side: raw.reshape(count, 3, side, side).transpose(0, 2, 3, 1),
    )  # fmt: skip


def ybr_pairs(xp: Any, size: int) -> Case:
    def unpack(raw: Any, count: int, side: int) -> Any:
        pairs = raw.reshape(count, side, side // 2, 4)
        luma = pairs[..., :2].reshape(count, side, side, 1)
        return xp.concatenate([luma, xp.repeat(pairs[..., 2:], 2, axis=2)], axis=-1)

    return _ybr("YBR_FULL_422", xp, size, lambda side: ImagePixel(side, side, 3, "YBR_FULL_422", 8, 8, 7), unpack)


def unpack_bits(xp: Any, size: int) -> Case:
    """Ask nothing of the ratio: the plain expression is one pass itself."""
    count, side = frames_for(size, 1.125)
    bits = side * side
    raw = xp.asarray(np.random.default_rng(9).integers(0, 256, count * bits // 8, np.uint8))
    pixel = ImagePixel(side, side, bits_allocated=1, bits_stored=1, high_bit=0)
    return Case(
        "unpack bits", ("unpack_bits",), raw.nbytes + count * bits,
        lambda: decode_native(raw, np.arange(count) * bits, pixel).stored,
        lambda: xp.unpackbits(raw, bitorder="little").reshape(count, side, side), goal=Goal(times=None),
    )  # fmt: skip


def _samples(
    name: str, xp: Any, size: int, pixel: dict[str, int], order: ByteOrder, plain: Callable[[Any], Any], goal: Goal
) -> Case:
    count, side = frames_for(size, 4)
    described = ImagePixel(side, side, **pixel)  # type: ignore[arg-type]
    raw = ct_frames(xp, count, side).view("uint8").reshape(-1)
    starts = np.arange(count) * described.frame_bits
    return Case(
        name, ("samples",), 2 * raw.nbytes, lambda: decode_native(raw, starts, described, order).stored,
        lambda: plain(raw).reshape(count, side, side), goal=goal,
    )  # fmt: skip


def samples_big_endian(xp: Any, size: int) -> Case:
    """Ask nothing of the ratio: the plain expression is one pass itself."""
    return _samples(
        "big endian, 16 bits", xp, size, {}, "big",
        lambda raw: raw.reshape(-1, 2)[:, ::-1].reshape(-1).view("uint16"), Goal(times=None),
    )  # fmt: skip


def samples_signed(xp: Any, size: int) -> Case:
    def plain(raw: Any) -> Any:
        values = raw.view("int16") & 0x0FFF
        return xp.where(values & 0x0800, values - 0x1000, values)

    described = {"bits_stored": 12, "high_bit": 11, "pixel_representation": 1}
    return _samples("12 bits, signed", xp, size, described, "little", plain, Goal())


def rle(xp: Any, size: int) -> Case:
    """No expression of arrays decodes RLE; the samples are known."""
    count, side = frames_for(size, 3)
    some = [(slice_hu(number, DISTINCT, side) + 1024).astype(np.uint16) for number in range(min(count, DISTINCT))]
    encoded = [encode_frame(frame, RLE, 16, 12, "MONOCHROME2") for frame in some]
    which = [number % len(some) for number in range(count)]
    data = xp.asarray(np.frombuffer(b"".join(encoded[number] for number in which), np.uint8))
    lengths = np.array([len(encoded[number]) for number in which], np.int64)
    offsets = np.cumsum(lengths) - lengths
    pixel = ImagePixel(side, side, bits_stored=12, high_bit=11)

    def run() -> Any:
        decoded, flags = decode_frames(data, offsets, lengths, pixel)
        run.flags = flags  # type: ignore[attr-defined]
        return decoded

    def expected() -> Any:
        assert not to_numpy(run.flags).any()  # type: ignore[attr-defined]
        return xp.asarray(np.stack(some))[xp.asarray(which)]

    out = count * side * side * 2
    return Case("RLE, 16 bits", ("rle",), data.nbytes + out, run, expected=expected, goal=Goal(times=None, output=20e9))


CASES = (
    color_table, ybr_pixels, ybr_planes, ybr_pairs, unpack_bits, samples_big_endian, samples_signed, rle,
)  # fmt: skip

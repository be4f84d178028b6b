"""ICC profiles written byte by byte (ICC.1:2022), of each kind that a camera, a scanner or a display may have."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

# Chromaticities of red, green, blue and white.
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585))
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))


def gamma(exponent: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(exponent * 256))


def sampled(values: Any) -> bytes:
    return b"curv" + struct.pack(">II", 0, len(values)) + _u16(values)


def parametric(*parameters: float) -> bytes:
    kind = {1: 0, 3: 1, 4: 2, 5: 3, 7: 4}[len(parameters)]
    return b"para" + struct.pack(">IHH", 0, kind, 0) + _s15(parameters)


def matrix_profile(
    chromaticities: Sequence[tuple[float, float]], curves: bytes | Sequence[bytes], **header: Any
) -> bytes:
    """Return a profile of three primaries and tone curves."""
    matrix = _to_xyz(chromaticities)
    each = [curves] * 3 if isinstance(curves, bytes) else curves
    tags = {
        name: b"XYZ \0\0\0\0" + _s15(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)
    }
    return profile({**tags, **dict(zip((b"rTRC", b"gTRC", b"bTRC"), each, strict=True))}, **header)


def lut_profile(kind: str, points: int = 17, exponent: float = 2.2, **scanner: float) -> bytes:
    """Return the profile of a scanner whose filters overlap, as a table of type mft1, mft2 or mAB to CIELab."""
    curves = np.tile(np.linspace(0, 1, 256) ** exponent, (3, 1))
    straight = np.tile(np.linspace(0, 1, 256), (3, 1))
    lab = _lab(_scanned(np.stack(np.meshgrid(*[np.linspace(0, 1, points)] * 3, indexing="ij"), -1), **scanner))
    start = bytes([3, 3, points, 0]) + _s15(np.eye(3).ravel())
    if kind == "mft1":
        nodes = np.rint([2.55, 1, 1] * lab + [0, 128, 128]).clip(0, 255).astype("u1")
        ramps = [np.rint(each * 255).astype("u1").tobytes() for each in (curves, straight)]
        tag = b"mft1\0\0\0\0" + start + ramps[0] + nodes.tobytes() + ramps[1]
    elif kind == "mft2":
        nodes = (lab * [652.8, 256, 256] + [0, 32768, 32768]) / 0xFFFF
        tag = b"mft2\0\0\0\0" + start + struct.pack(">HH", 256, 256) + _u16(curves) + _u16(nodes) + _u16(straight)
    else:
        nodes = (lab + np.array([0, 128, 128])) / [100, 255, 255]
        grid = bytes([points] * 3 + [0] * 13) + bytes([2, 0, 0, 0]) + _u16(nodes)
        parts = [_padded(b"curv" + bytes(8)) * 3, _s15([*np.eye(3).ravel(), 0, 0, 0]), _padded(b"curv" + bytes(8)) * 3]
        parts += [_padded(grid), _padded(gamma(exponent)) * 3]
        offsets = 32 + np.cumsum([0, *map(len, parts)])[:5]
        tag = b"mAB \0\0\0\0" + bytes([3, 3, 0, 0]) + struct.pack(">5I", *offsets) + b"".join(parts)
    return profile({b"A2B0": tag}, pcs=b"Lab ", version=4 if kind == "mAB" else 2)


def profile(
    tags: dict[bytes, bytes],
    *,
    space: bytes = b"RGB ",
    pcs: bytes = b"XYZ ",
    kind: bytes = b"scnr",
    version: int = 2,
    intent: int = 0,
) -> bytes:
    """Return a profile with the tags and a header (7.2)."""
    if version == 2:
        name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    else:
        name = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", 8, 28) + "test".encode("utf-16-be")
    tags = {b"desc": name, b"wtpt": b"XYZ \0\0\0\0" + _s15(_D50), **tags}
    listed, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for signature, tag in tags.items():
        listed += struct.pack(">4sII", signature, start + len(data), len(tag))
        data += _padded(tag)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(data), version << 24, kind, space, pcs, b"acsp")
    return (header + bytes(24) + struct.pack(">I", intent) + _s15(_D50)).ljust(128, b"\0") + listed + data


def _s15(values: Any) -> bytes:
    return np.rint(np.asarray(values) * 65536).astype(">i4").tobytes()


def _u16(values: Any) -> bytes:
    return np.rint(np.clip(values, 0, 1) * 0xFFFF).astype(">u2").tobytes()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _to_xyz(chromaticities: Sequence[tuple[float, float]]) -> Any:
    """Return the matrix from linear RGB to XYZ, adapted to D50."""
    red, green, blue, white = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in chromaticities)
    primaries = np.stack([red, green, blue], axis=1)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ _D50 / (_BRADFORD @ white)) @ _BRADFORD
    return adapt @ (primaries * np.linalg.solve(primaries, white))


def _scanned(light: Any, flare: float = 0.004, white: float = 0.9, overlap: float = 0.12) -> Any:
    """Return XYZ of linear scanner values."""
    mixed = light @ (np.full((3, 3), overlap / 2) + np.eye(3) * (1 - 1.5 * overlap)) / (1 - overlap / 2)
    dye = 1 - 0.08 * np.prod(1 - light, axis=-1, keepdims=True)
    return (flare + (white - flare) * mixed) ** 1.05 * dye @ _to_xyz(SRGB).T


def _lab(xyz: Any) -> Any:
    relative = xyz / _D50
    x, y, z = np.moveaxis(
        np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative * (29 / 6) ** 2 / 3 + 4 / 29), -1, 0
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)

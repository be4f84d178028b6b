"""Cases of the kernels that turn stored values into output values, straight to their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from kernel_cases import Case, Goal, ct_frames, frames_for

from hdgpu.pixels.run import scatter_frames
from hdgpu.pixels.steps import Lookup, RampStep, Step
from hdgpu.pixels.transform import PixelTransform, TransformKind
from hdgpu.pixels.window import Window


@dataclass(frozen=True)
class Scatter:
    """Frames, and where they go: in a random order, perhaps cropped, into slices that perhaps run backwards."""

    xp: Any
    stored: Any
    out: Any
    destination: np.ndarray
    regions: np.ndarray | None = None

    @classmethod
    def of(cls, xp: Any, stored: Any, dtype: str, samples: tuple[int, ...] = ()) -> Scatter:
        """Return whole frames, and slices for them."""
        destination = np.random.default_rng(4).permutation(len(stored))
        return cls(xp, stored, xp.zeros((*stored.shape, *samples), dtype), destination)

    def cropped_into(self, view: tuple[slice, ...]) -> Scatter:
        """Return the same with an eighth of the frames' rows and columns cut off, into such a view of the output."""
        count, rows, columns = self.stored.shape
        cut = rows // 16
        out = self.xp.zeros((count, rows - 2 * cut, columns - 2 * cut), self.out.dtype)[view]
        region = (0, 0, *out.shape[1:], cut, cut)
        return Scatter(self.xp, self.stored, out, self.destination, np.tile(np.array(region, np.int64), (count, 1)))

    @property
    def part(self) -> Any:
        """The stored values that are wanted."""
        if self.regions is None:
            return self.stored
        _, _, rows, columns, top, left = self.regions[0].tolist()
        return self.stored[:, top : top + rows, left : left + columns]

    def run(self, transform: PixelTransform) -> Callable[[], Any]:
        """Return what transforms the frames."""
        rows = range(len(self.stored))

        def run() -> Any:
            flags = scatter_frames(transform, self.stored, rows, self.out, self.destination, self.regions)
            assert flags is None
            return self.out

        return run

    def plain(self, values: Callable[[Any], Any]) -> Callable[[], Any]:
        """Return what computes all values, and then puts them into their places."""
        places = self.xp.asarray(self.destination)

        def plain() -> Any:
            out = self.xp.empty(self.out.shape, self.out.dtype)
            out[places] = values(self.part)
            return out

        return plain

    @property
    def moved(self) -> int:
        """The bytes of both."""
        return int(self.part.nbytes + self.out.nbytes)


def _transform(
    kind: TransformKind,
    scatter: Scatter,
    steps: tuple[Step, ...] = (),
    slope: np.ndarray | None = None,
    intercept: np.ndarray | None = None,
    stored_range: tuple[int, int] = (0, 4095),
) -> PixelTransform:
    count = len(scatter.stored)
    return PixelTransform(
        kind,
        np.ones(count) if slope is None else slope,
        np.zeros(count) if intercept is None else intercept,
        np.dtype(scatter.out.dtype.name),
        slope is not None or kind is TransformKind.IDENTITY,
        np.dtype(scatter.stored.dtype.name),
        tuple(scatter.stored.shape[1:]) + tuple(scatter.out.shape[3:]),
        (steps,),
        np.zeros(count, np.int64),
        stored_range,
    )


def _slopes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept of each frame: integers, as nearly all are, so that float32 gives the exact values."""
    random = np.random.default_rng(5)
    return random.integers(1, 4, count).astype(float), random.integers(-1024, 0, count).astype(float)


def _affine(name: str, xp: Any, size: int, dtype: str, view: tuple[slice, ...] | None = None) -> Case:
    count, side = frames_for(size, 2 + np.dtype(dtype).itemsize)
    scatter = Scatter.of(xp, ct_frames(xp, count, side).view("int16"), dtype)
    if view is not None:
        scatter = scatter.cropped_into(view)
    slope, intercept = _slopes(count)
    there = [xp.asarray(each.astype(np.float32))[:, None, None] for each in (slope, intercept)]
    return Case(
        name, ("transform",), scatter.moved,
        scatter.run(_transform(TransformKind.AFFINE, scatter, slope=slope, intercept=intercept)),
        scatter.plain(lambda stored: (stored.astype("float32") * there[0] + there[1]).astype(dtype)),
        goal=Goal(0.85),
    )  # fmt: skip


def affine(xp: Any, size: int) -> Case:
    return _affine("slope, int16 to float32", xp, size, "float32")


def affine_rows_flipped(xp: Any, size: int) -> Case:
    return _affine("slope, cropped, rows flipped", xp, size, "float32", (slice(None, None, -1), slice(None, None, -1)))


def affine_columns_flipped(xp: Any, size: int) -> Case:
    return _affine("slope, cropped, columns flipped", xp, size, "float32", (..., slice(None, None, -1)))


def affine_to_half(xp: Any, size: int) -> Case:
    return _affine("slope, int16 to float16", xp, size, "float16")


def identity(xp: Any, size: int) -> Case:
    """Ask nothing of the ratio: the plain expression is one pass itself."""
    count, side = frames_for(size, 4)
    scatter = Scatter.of(xp, ct_frames(xp, count, side), "uint16")
    run = scatter.run(_transform(TransformKind.IDENTITY, scatter))
    return Case(
        "identity, uint16", ("transform",), scatter.moved, run, scatter.plain(lambda s: s), goal=Goal(0.85, None)
    )


def window(xp: Any, size: int) -> Case:
    count, side = frames_for(size, 8)
    scatter = Scatter.of(xp, ct_frames(xp, count, side).astype("float32"), "float32")
    chosen = Window(1064, 400)

    def plain(stored: Any) -> Any:
        low = np.float32(chosen.center - chosen.width / 2)
        return xp.clip((stored - low) / np.float32(chosen.width - 1), 0, 1)

    steps = (RampStep(chosen.ramp((0.0, 1.0), invert=False)),)
    return Case(
        "window, float32", ("transform",), scatter.moved, scatter.run(_transform(TransformKind.STEPS, scatter, steps)),
        scatter.plain(plain), plain_tolerance=1e-6, goal=Goal(0.85),
    )  # fmt: skip


def table(xp: Any, size: int) -> Case:
    """Make one table of a Modality LUT and a VOI LUT."""
    count, side = frames_for(size, 6)
    scatter = Scatter.of(xp, ct_frames(xp, count, side), "float32")
    random = np.random.default_rng(6)
    modality = np.sort(random.integers(0, 4096, 4000, np.uint16))
    voi = np.sort(random.random(4000, np.float32))
    luts = [(8, xp.asarray(modality)), (16, xp.asarray(voi))]

    def plain(values: Any) -> Any:
        for first, entries in luts:
            values = entries[xp.clip(values.astype("int32") - first, 0, len(entries) - 1)]
        return values

    steps = (Lookup(8, modality), Lookup(16, voi))
    return Case(
        "table, uint16 to float32", ("transform",), scatter.moved,
        scatter.run(_transform(TransformKind.TABLE, scatter, steps)), scatter.plain(plain), goal=Goal(0.7),
    )  # fmt: skip


def palette(xp: Any, size: int) -> Case:
    count, side = frames_for(size, 4)
    scatter = Scatter.of(xp, (ct_frames(xp, count, side) >> 4).astype("uint8"), "uint8", (3,))
    entries = np.random.default_rng(7).integers(0, 256, (240, 3), np.uint8)
    channels = [xp.asarray(entries[:, channel].copy()) for channel in range(3)]

    def plain(stored: Any) -> Any:
        index = xp.clip(stored.astype("int32") - 4, 0, len(entries) - 1)
        return xp.stack([channel[index] for channel in channels], axis=-1)

    run = scatter.run(_transform(TransformKind.TABLE, scatter, (Lookup(4, entries),), stored_range=(0, 255)))
    return Case("palette, uint8 to RGB", ("palette",), scatter.moved, run, scatter.plain(plain), goal=Goal(0.7))


CASES = (
    affine, affine_rows_flipped, affine_columns_flipped, affine_to_half, identity, window, table, palette,
)  # fmt: skip

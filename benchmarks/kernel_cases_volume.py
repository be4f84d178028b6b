"""Cases of the kernels that resample volumes, and that take and apply their statistics."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from kernel_cases import Case, Goal

from hdgpu.volume.intensity import normalize_mean_std
from hdgpu.volume.resampling.device import coefficients
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.run import resampled
from hdgpu.volume.resampling.spline import filter_along
from hdgpu.volume.statistics import statistics_of

ORDERS = {"nearest": 0, "linear": 1, "cubic": 3}
DEGREES = 10
NO_GOAL = Goal(times=None)


def ndimage(xp: Any) -> Any:
    """Return SciPy's filters for the arrays of a namespace."""
    return import_module("scipy.ndimage" if xp is np else "cupyx.scipy.ndimage")


def smooth(xp: Any, shape: tuple[int, ...], dtype: str = "float32") -> Any:
    """Return waves of the range of a CT."""
    waves = [xp.sin(xp.arange(size, dtype="float32") * rate) for size, rate in zip(shape, (0.21, 0.13, 0.17))]  # noqa: B905
    return (500 * waves[0][:, None, None] * waves[1][:, None] + 400 * waves[2]).astype(dtype)


def turned(shape: tuple[int, ...]) -> np.ndarray:
    """Return the affine of a grid turned about the centre of another one of the same shape, about no axis of it."""
    x, y, z = np.array([2, 3, 6]) / 7
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(DEGREES)
    affine = np.eye(4)
    affine[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    center = (np.array(shape) - 1) / 2
    affine[:3, 3] = center - affine[:3, :3] @ center
    return affine


def _resample(name: str, xp: Any, kind: str, kernel: str, array: Any, affine: np.ndarray, shape: Any) -> Case:
    index_map = IndexMap.between(np.eye(4), affine, shape)

    def run() -> Any:
        return resampled(array, index_map, shape, interpolation=kind, fill_value=0.0, dtype=None)

    steps = index_map.steps
    # a diagonal, given as such, is interpolated along one axis after another
    matrix = xp.asarray(steps.diagonal().copy() if index_map.axes else steps)

    def by_scipy() -> Any:
        return ndimage(xp).affine_transform(
            array, matrix, index_map.offset.tolist(), output_shape=shape, order=ORDERS[kind], mode="constant", cval=0.0
        )

    peers = {"grid_sample": _by_torch(array, index_map, shape, kind)} if _torch_takes(xp, kind) else {}
    moved = array.nbytes + int(np.prod(shape)) * array.itemsize
    goal = Goal(0.6, 3) if kind == "linear" else NO_GOAL
    # voxels at the border, and places halfway between voxels, are others' elsewhere
    return Case(
        name, (kernel, "spline_filter"), moved, run, by_scipy, plain_tolerance=1e-3, goal=goal, peers=peers,
        unlike=0.3 if max(shape) < 64 else 0.05,
    )  # fmt: skip


def _across(xp: Any, size: int, kind: str) -> Case:
    side = max(12, round((size / 8) ** (1 / 3)))
    shape = (side,) * 3
    return _resample(
        f"turned by {DEGREES} degrees, {kind}", xp, kind, "resample_across", smooth(xp, shape), turned(shape), shape
    )


def across_nearest(xp: Any, size: int) -> Case:
    return _across(xp, size, "nearest")


def across_linear(xp: Any, size: int) -> Case:
    return _across(xp, size, "linear")


def across_cubic(xp: Any, size: int) -> Case:
    return _across(xp, size, "cubic")


def along_linear(xp: Any, size: int) -> Case:
    """To a spacing of 0.8: twice as many voxels."""
    side = max(12, round((size / (4 * (1 + 0.8**-3))) ** (1 / 3)))
    affine = np.diag([0.8, 0.8, 0.8, 1.0])
    affine[:3, 3] = -0.1
    return _resample(
        "to a finer grid, linear", xp, "linear", "resample_along", smooth(xp, (side,) * 3), affine,
        (round(side / 0.8),) * 3,
    )  # fmt: skip


def _torch_takes(xp: Any, kind: str) -> bool:
    if xp is np or kind == "cubic":  # which it has for pictures only
        return False
    try:
        torch = import_module("torch")
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def _by_torch(array: Any, index_map: IndexMap, shape: Any, kind: str) -> Callable[[], Any]:
    """Return torch's resampling: from -1 to 1 along each axis, the last one first."""
    torch, xp = import_module("torch"), import_module("cupy")
    image = torch.from_dlpack(array)[None, None]
    half, halves = (np.array(array.shape) - 1) / 2, (np.array(shape) - 1) / 2
    steps = index_map.steps * halves / half[:, None]
    offset = (index_map.offset + index_map.steps @ halves) / half - 1
    theta = np.concatenate([steps[::-1, ::-1], offset[::-1, None]], axis=1)
    theta = torch.as_tensor(theta.astype(np.float32), device=image.device)[None]
    mode = {"linear": "bilinear", "nearest": "nearest"}[kind]

    def run() -> Any:
        grid = torch.nn.functional.affine_grid(theta, (1, 1, *shape), align_corners=True)
        return xp.from_dlpack(torch.nn.functional.grid_sample(image, grid, mode, align_corners=True)[0, 0])

    return run


# --- The spline, and statistics ---------------------------------------------------------------------------------------


def _spline(xp: Any, size: int, axis: int, name: str) -> Case:
    side = max(12, round((size / 8) ** (1 / 3)))
    array = smooth(xp, (side,) * 3)[..., None]

    def expected() -> Any:
        values = array.copy()
        filter_along(values, axis)
        return values

    def plain() -> Any:
        return ndimage(xp).spline_filter1d(array[..., 0], 3, axis, output=np.float32, mode="mirror")[..., None]

    return Case(
        name, ("spline_filter",), 2 * array.nbytes, lambda: coefficients(array, (axis,), "float32"), plain, expected,
        plain_tolerance=1e-5,
    )  # fmt: skip


def spline_across_lines(xp: Any, size: int) -> Case:
    return _spline(xp, size, 0, "spline filter, first axis")


def spline_along_lines(xp: Any, size: int) -> Case:
    return _spline(xp, size, 2, "spline filter, last axis")


def _statistics(xp: Any, size: int, dtype: str) -> Case:
    side = max(12, round((size / np.dtype(dtype).itemsize) ** (1 / 3)))
    array = smooth(xp, (side,) * 3, dtype)

    def run() -> Any:
        return xp.stack([each.reshape(()) for each in statistics_of(array, per_channel=False)])  # type: ignore[union-attr]

    def plain() -> Any:
        found = array.min(), array.max(), array.mean(dtype=np.float64), array.std(dtype=np.float64)
        return xp.stack([each.astype("float64") for each in found])

    def expected() -> Any:  # of float64 to begin with: CuPy's deviation of float32 is less exact, whatever the dtype
        wide = array.astype("float64")
        return xp.stack([wide.min(), wide.max(), wide.mean(), wide.std()])

    return Case(
        f"statistics, {dtype}", ("statistics",), array.nbytes, run, plain, expected, tolerance=1e-12,
        plain_tolerance=1e-7,
    )  # fmt: skip


def statistics_float32(xp: Any, size: int) -> Case:
    return _statistics(xp, size, "float32")


def statistics_int16(xp: Any, size: int) -> Case:
    return _statistics(xp, size, "int16")


def normalize(xp: Any, size: int) -> Case:
    """To a mean of 0 and a deviation of 1; the bytes are those of the second pass, and the times are of both."""
    side = max(12, round((size / 8) ** (1 / 3)))
    array = smooth(xp, (side,) * 3)

    def plain() -> Any:
        return (array - array.mean(dtype=np.float64).astype("float32")) / array.std(dtype=np.float64).astype("float32")

    return Case(
        "normalize, float32", ("normalize",), 2 * array.nbytes, lambda: normalize_mean_std(array, 0.0, 1.0, False),
        plain, tolerance=1e-6, plain_tolerance=1e-6,
    )  # fmt: skip


CASES = (
    across_linear, across_nearest, across_cubic, along_linear, spline_across_lines, spline_along_lines,
    statistics_float32, statistics_int16, normalize,
)  # fmt: skip

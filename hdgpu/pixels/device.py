"""Stored values to output values with the CUDA kernels, straight to their places: one pass over device memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.kernels import Program, element_strides, grid_for, launch, program, takes, type_name
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.pixels.grid import Places, pixel_grids
from hdgpu.pixels.reference import upload
from hdgpu.pixels.steps import ColorManagement, RampStep, SigmoidStep, Step
from hdgpu.pixels.tetrahedral import scatter_colors
from hdgpu.pixels.transform import PixelTransform, TransformKind

__all__ = ["operation_of", "scatter_frames"]

# Stored elements that a thread of each kernel takes.
_RUN = {"transform": 8, "palette": 16}
# What the kernel reads and writes: no integers of 64 bits, which are not all float64 numbers.
_STORED = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"})
_WRITTEN = _STORED | {"float16", "bfloat16"}
# Columns of `FrameParameters` in kernels/pixel_value.cuh.
_PARAMETERS = 10


def operation_of(transform: PixelTransform, rows: Sequence[int], stored: Array, out: Array) -> str | None:
    """Return the operation of the kernel that transforms these frames; None if the kernel has none for them."""
    if not rows or not takes(stored, out) or type_name(stored) not in _STORED or type_name(out) not in _WRITTEN:
        return None
    if transform.kind is not TransformKind.STEPS:
        palette = transform.kind is TransformKind.TABLE and transform.table(rows[0]).ndim == 2
        return "PALETTE" if palette else transform.kind.name
    programs = [transform.programs[number] for number in {*transform.program[list(rows)].tolist()}]
    for kind, name in ((RampStep, "RAMP"), (SigmoidStep, "SIGMOID")):
        if all(len(steps) == 1 and isinstance(steps[0], kind) for steps in programs):
            return name
    return "COLORS" if _are_colors(transform, list(rows), programs, stored, out) else None


def _are_colors(
    transform: PixelTransform, at: list[int], programs: list[tuple[Step, ...]], stored: Array, out: Array
) -> bool:
    """Return whether all that is done is one colour management, into a type that holds all colours of 8 bits."""
    steps = [steps[0] for steps in programs if len(steps) == 1 and isinstance(steps[0], ColorManagement)]
    return (
        len(steps) == len(programs)
        and len({step.profile for step in steps}) == 1
        and bool((transform.slope[at] == 1).all() and (transform.intercept[at] == 0).all())
        and transform.valid is None
        and type_name(stored) == "uint8"
        and type_name(out) != "int8"
    )


def scatter_frames(
    transform: PixelTransform,
    operation: str,
    stored: Array,
    rows: Sequence[int],
    out: Array,
    destination: Places,
    regions: Places | None,
) -> Array | None:
    """Write the output values of frames, or of a rectangle of each, to their places; nothing is waited for.

    Parameters
    ----------
    transform : PixelTransform
    operation : str
        Of `operation_of`.
    stored : array
        (m, rows, columns) or (m, rows, columns, samples), of a library whose arrays kernels take.
    rows : sequence of int
        (m,) row of each frame in the table that the transform was compiled for.
    out : array
        (slices, rows, columns) or with samples, of the same library on the same device; its axes may be strided,
        flipped and permuted.
    destination : numpy.ndarray
        (m,) int64, index of each frame along the first axis of `out`.
    regions : numpy.ndarray or None
        (m, 6) int64, a `Region` for each frame; None for all of it.

    Returns
    -------
    array or None
        (m,) int32: not 0 for frames with values that do not fit into the type of `out`, or that may not be mapped.
        None if there can be no such values.
    """
    if operation == "COLORS":
        from hdgpu.pixels.icc import icc_table  # here only: few images need Pillow

        step = transform.programs[transform.program[rows[0]]][0]
        assert isinstance(step, ColorManagement)
        scatter_colors(icc_table(step.profile), stored, out, destination, regions)
        return None
    check = (not transform.always_fits) + 2 * (transform.valid is not None)
    device, xp = native_device(stored), array_namespace(stored)
    flags = xp.zeros(len(rows), dtype=xp.int32, device=device) if check else None
    tables, which = _tables(transform, rows, out) if operation in ("TABLE", "PALETTE") else (None, None)
    kernel = _kernel(transform, operation, stored, out, check)
    parameters = upload(_parameters(transform, rows, which), stored)
    # of a palette the samples lie in the output alone
    apart = element_strides(out)[3:] if operation == "PALETTE" else ()
    for grid in pixel_grids(stored, out, destination, regions):
        launch(
            kernel, grid_for(-(-grid.columns // _RUN[kernel.name]), grid.rows, len(rows)), stored,
            stored, out, upload(grid.places, stored), parameters, tables, flags, len(rows), grid.rows, grid.columns,
            *grid.stored_strides, *grid.out_strides, *apart, 0 if tables is None else tables.shape[1],
        )  # fmt: skip
    return flags


def _kernel(transform: PixelTransform, operation: str, stored: Array, out: Array, check: int) -> Program:
    types = {"STORED": type_name(stored), "OUT": type_name(out)}
    if operation == "PALETTE":
        return program("palette", **types, CHECK=check)
    working = "float32" if transform.exact_in_float32 and operation in ("IDENTITY", "AFFINE") else "float64"
    return program("transform", **types, WORKING=working, OPERATION=operation, CHECK=check)


def _tables(transform: PixelTransform, rows: Sequence[int], out: Array) -> tuple[Array, list[int]]:
    """Return the tables of some frames, of the type of `out`, and the number of each frame's.

    They are (tables, entries), or (tables, entries, 4) of palettes, where the last of four samples is not used.
    """
    numbers: dict[int, int] = {}
    tables: list[npt.NDArray[Any]] = []
    which = []
    for row in rows:
        table = transform.table(row)
        if id(table) not in numbers:
            numbers[id(table)] = len(tables)
            tables.append(table)
        which.append(numbers[id(table)])
    together = np.stack(tables)
    if together.ndim == 3:
        together = np.pad(together, ((0, 0), (0, 0), (0, 1)))
    return array_namespace(out).astype(upload(together, out), out.dtype, copy=False), which


def _parameters(transform: PixelTransform, rows: Sequence[int], which: Sequence[int] | None) -> npt.NDArray[np.float64]:
    """Return `FrameParameters` for some frames."""
    at = list(rows)
    parameters = np.zeros((len(at), _PARAMETERS))
    parameters[:, 0], parameters[:, 1] = transform.slope[at], transform.intercept[at]
    for line, program_number in zip(parameters, transform.program[at].tolist(), strict=True):
        steps = transform.programs[program_number]
        if steps and which is None:
            line[2:7] = _step_parameters(steps[0])
    limits = np.full((len(at), 2), (-np.inf, np.inf)) if transform.valid is None else transform.valid[at]
    parameters[:, 7:9] = limits
    if which is not None:
        parameters[:, 9] = which
    return parameters


def _step_parameters(step: Step) -> tuple[float, ...]:
    if isinstance(step, RampStep):
        return (*step.ramp[:3], *step.ramp.limits)
    assert isinstance(step, SigmoidStep)
    return step.window.center, step.window.width, 4.0 if step.invert else -4.0, *step.output_range

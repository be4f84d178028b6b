"""The compiled resampling against the reference on the array API: equal bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu import compiled
from hdgpu.volume import Volume
from hdgpu.volume.resampling import host, reference, slabs
from tests.volume.resampling import DTYPES, KINDS, make_grid, pairs_of_grids, random_array, without

__all__ = ["without"]

extension = compiled.extension()
pytestmark = pytest.mark.skipif(
    extension is None, reason="needs the compiled extension: a C++ compiler at installation"
)

TURNED = [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]


def assert_equal(volume, without, **options):
    fast, slow = volume.resample(**options), without(volume, **options)
    np.testing.assert_array_equal(fast.array, slow.array, strict=True)
    return fast.array


@pytest.mark.parametrize("kind", KINDS)
@given(
    grids=pairs_of_grids(),
    source=st.sampled_from(DTYPES),
    target=st.sampled_from([None, *DTYPES]),
    seed=st.integers(0, 9),
)
@settings(max_examples=150)
def test_any_grid_and_types(without, kind, grids, source, target, seed):
    if target is not None and not np.can_cast(source, target):
        target = None
    volume = Volume(random_array(grids[0].spatial_shape, source, seed), grids[0].affine, "PATIENT")
    assert_equal(volume, without, geometry=grids[1], interpolation=kind, fill_value=3, dtype=target)


@pytest.mark.parametrize("kind", KINDS)
@given(grids=pairs_of_grids(), data=st.data())
@settings(max_examples=60)
def test_voxels_that_are_not_finite(without, kind, grids, data):
    array = random_array(grids[0].spatial_shape, "float32")
    places = st.tuples(*[st.integers(0, size - 1) for size in array.shape])
    for _ in range(data.draw(st.integers(1, 3))):
        array[data.draw(places)] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 3e38]))
    volume = Volume(array, grids[0].affine, "PATIENT")
    assert_equal(volume, without, geometry=grids[1], interpolation=kind, fill_value=np.nan)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "direction", [np.eye(3), TURNED, np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0]]
)
def test_long_rows_and_many_threads(without, monkeypatch, kind, direction):
    """Several parts, several runs of planes, rows longer than a block, and views with channels last."""
    monkeypatch.setattr(host, "_WORTH_THREADS", 1)
    monkeypatch.setattr(reference, "_AT_A_TIME", 40000)
    array = random_array((23, 41, 310, 2), "int16")[::-1, :, ::-1]
    volume = Volume(array, np.diag([2.0, 1.0, 0.5, 1.0]), "PATIENT", channels={"DiffusionBValue": [0.0, 1000.0]})
    grid = make_grid((17, 25, 400), (2.1, 1.3, 0.5), direction, np.array(volume.center_position) + 0.3)
    result = assert_equal(volume, without, geometry=grid, interpolation=kind, fill_value=-9)
    assert 0.1 < (result == -9).mean() < 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
@pytest.mark.parametrize("channels", [0, 2])
def test_volumes_in_another_orientation(without, monkeypatch, kind, dtype, channels):
    """Sources that are turned slab by slab: of several slabs, with parts of the target outside."""
    monkeypatch.setattr(host, "_WORTH_THREADS", 1)
    monkeypatch.setattr(slabs, "_BYTES", 1)
    monkeypatch.setattr(slabs, "_FEWEST", 3)
    monkeypatch.setenv("HDGPU_THREADS", "2")
    described = {"DiffusionBValue": [float(each) for each in range(channels)]} if channels else None
    array = random_array((23, 19, 37, channels)[: 4 if channels else 3], dtype)
    volume = Volume(array, np.diag([2.0, 1.0, 0.5, 1.0]), "PATIENT", channels=described)
    for orientation in ("FPL", "RAH", "PHR", "LFA", "HLA"):
        turned = volume.to_patient_orientation(orientation)
        for spacing in (0.7, (2.5, 0.5, 3.0)):
            fine = assert_equal(turned, without, spacing=spacing, interpolation=kind)
            assert fine.flags.c_contiguous
        for shift in (-1.0, 1.0):
            center = np.array(volume.center_position) + shift * np.array([7.3, -4.0, 3.1])
            grid = make_grid((30, 31, 29), 0.9, np.eye(3), center).to_patient_orientation(orientation)
            outside = assert_equal(turned, without, geometry=grid, interpolation=kind, fill_value=-9)
            assert 0.1 < (outside == -9).mean() < 0.9
        assert_equal(volume, without, geometry=turned.pad(2), interpolation=kind, fill_value=-9)


@pytest.mark.parametrize("kind", KINDS)
def test_places_at_borders_and_between_two_voxels(without, kind):
    """Grids whose places are multiples of a quarter: on edges, halfway, and at voxels."""
    volume = Volume(random_array((5, 6, 7), "int16"), np.eye(4), "PATIENT")
    for shift in (0.0, 0.25, 0.5, 1e-7, -1e-7):
        for spacing in (0.25, 0.5, 1.0, (0.25, 1.0, 0.5)):
            grid = make_grid((12, 9, 14), spacing, np.eye(3), np.array([2.0, 2.5, 3.0]) + shift)
            assert_equal(volume, without, geometry=grid, interpolation=kind, fill_value=-9)
    grid = make_grid((7, 7, 7), 1.0, TURNED, (2.0, 2.5, 3.0))
    assert_equal(volume, without, geometry=grid, interpolation=kind, fill_value=-9)


@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "complex64"])
def test_elements_of_any_kind_are_picked(dtype):
    """By their size alone, along axes and across them."""
    assert extension is not None
    array = random_array((3, 4, 5), "int8").astype(dtype)
    out = np.zeros((3, 4, 5), dtype)
    tables = tuple((0, np.arange(size, dtype=np.int32)[::-1, None].copy(), np.empty(0)) for size in array.shape)
    fill = np.ones((), dtype).tobytes()
    extension.resample_along("", array, out, tables, fill, 0, 3)
    np.testing.assert_array_equal(out, array[::-1, ::-1, ::-1])
    backwards = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
    extension.resample_across("", 0, array, out, (2.0, 3.0, 5.0), backwards, fill, 0, 3)
    np.testing.assert_array_equal(out[..., 1:], array[::-1, ::-1, :0:-1])
    assert (out[..., 0] == 1).all()


def test_it_is_used_where_it_can_be():
    array = np.zeros((3, 4, 5, 1), np.int16)
    assert host.suitable(array, np.dtype("f4"), 1) is extension
    assert host.suitable(array[::2, :, ::-1], np.dtype("i2"), 3) is extension
    assert host.suitable(array.astype("i8"), np.dtype("i8"), 0) is extension
    for unsuitable in (array.astype("i8"), array.astype("f2"), array.astype(">i2"), array.tolist()):
        assert host.suitable(unsuitable, np.dtype("f4"), 1) is None
    crooked = np.zeros(3 * 4 * 5, dtype=[("a", "u1"), ("b", "<i2")])["b"].reshape(3, 4, 5, 1)
    assert host.suitable(crooked, np.dtype("i2"), 0) is None
    volume = Volume(crooked[..., 0], np.eye(4), "PATIENT")
    assert volume.resample(spacing=0.7).array.shape == (4, 6, 7)


def table(index, weights=()):
    return 0, np.array(index, np.int32), np.array(weights, np.float32)


@pytest.mark.parametrize(
    ("types", "index", "weights", "planes"),
    [
        ("hfh", [[0], [3]], [], (0, 2)),  # an index too large
        ("hfh", [[-1], [0]], [], (0, 2)),
        ("hfh", [[0, 1], [1, 2]], [0.5], (0, 2)),  # a weight too few
        ("hfh", [[0, 1, 2], [0, 1, 2]], [], (0, 2)),
        ("hfh", [[0], [1], [2]], [], (0, 2)),  # more than the target has
        ("hfh", [[0], [1]], [], (0, 3)),
        ("hfh", [[0], [1]], [], (-1, 2)),
        ("hff", [[0], [1]], [], (0, 2)),  # not the target's type
        ("bfh", [[0], [1]], [], (0, 2)),
        ("hih", [[0], [1]], [], (0, 2)),
        ("hf", [[0], [1]], [], (0, 2)),
        ("", [[0, 1], [1, 2]], [0.5, 0.5], (0, 2)),
    ],
)
def test_tables_that_do_not_fit_are_refused(types, index, weights, planes):
    assert extension is not None
    source, out = np.zeros((3, 1, 1), np.int16), np.zeros((2, 1, 1), np.int16)
    one = table([[0]])
    with pytest.raises(ValueError, match=r"."):
        extension.resample_along(types, source, out, (table(index, weights), one, one), b"\0\0", *planes)


def test_arrays_that_do_not_fit_are_refused():
    assert extension is not None
    source, out = np.zeros((3, 4, 5), np.int16), np.zeros((3, 4, 5), np.int16)
    offset, steps = (0.0,) * 3, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    for types, order, array, fill, last in (
        ("hfh", 1, source[0], b"\0\0", 3),
        ("hfh", 2, source, b"\0\0", 3),
        ("hfh", 3, source, b"\0\0", 3),  # coefficients are floating
        ("hfh", 1, source, b"\0", 3),
        ("hfh", 1, source, b"\0\0", 4),
        ("hff", 1, source, b"\0\0", 3),
        ("", 0, source.astype("i4"), b"\0\0", 3),
    ):
        with pytest.raises(ValueError, match=r"."):
            extension.resample_across(types, order, array, out, offset, steps, fill, 0, last)
    read_only = out.copy()
    read_only.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        extension.resample_across("hfh", 1, source, read_only, offset, steps, b"\0\0", 0, 3)
    starts = (np.empty(0, np.float32),) * 3
    for types, coefficients, wrong, last in (
        ("hf", np.zeros((3, 4, 6), np.float32), starts, 3),
        ("hf", np.zeros((3, 4, 5), np.float64), starts, 3),
        ("if", np.zeros((3, 4, 5), np.float32), starts, 3),
        ("hf", np.zeros((3, 4, 5), np.float32), (np.zeros(4, np.float32), *starts[1:]), 3),
        ("hf", np.zeros((3, 4, 5), np.float32), starts, 4),
    ):
        with pytest.raises(ValueError, match=r"."):
            extension.spline_filter(types, source, coefficients, wrong, False, 0, last)

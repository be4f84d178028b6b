from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.codecs.route import Route, route_for
from hdgpu.dicom.frame_index import index_frames
from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.instance import Instance
from hdgpu.errors import FrameDecodeError
from hdgpu.frames.engine import run_plan
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from tests.make_series import make_dataset, make_series


@given(st.permutations(range(12)))
def test_stack_plan_fills_every_slice_once(order: list[int]) -> None:
    plan = ScatterPlan.stack(np.array(order), (3, 4), "f4")
    assert sorted(plan.destination) == list(range(12))
    assert plan.shape == (12, 3, 4)
    assert plan.nbytes == 12 * 12 * 4


@pytest.mark.parametrize("destination", [[0, 1], [0, 1, 1], [0, 1, 3], [-1, 0, 1], [0, 1, 2, 3]])
def test_plan_that_leaves_a_slice_or_fills_it_twice(destination: list[int]) -> None:
    with pytest.raises(ValueError, match="destinations"):
        ScatterPlan(np.arange(3), np.array(destination), (3, 4, 4), np.dtype("f4"))


def test_size_is_counted_without_overflow() -> None:
    plan = ScatterPlan(np.arange(1), np.arange(1), (1, 1 << 40, 1 << 40), np.dtype("f8"))
    assert plan.nbytes == 1 << 83


def painted(plan: ScatterPlan) -> np.ndarray:
    """Count how often each pixel is filled, one by one."""
    count = np.zeros(plan.shape[:3], int)
    assert plan.regions is not None
    for place, (top, left, rows, columns, _, _) in zip(plan.destination, plan.regions, strict=True):
        count[place, top : top + rows, left : left + columns] += 1
    count[plan.blank] += 1
    return count


def tiles(slices: int, rows: int, columns: int, high: int, wide: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut slices into tiles, the last of which are smaller."""
    places, regions = [], []
    for place in range(slices):
        for top in range(0, rows, high):
            for left in range(0, columns, wide):
                places.append(place)
                regions.append((top, left, min(high, rows - top), min(wide, columns - left), 0, 0))
    return np.array(places), np.array(regions)


sizes = st.integers(1, 9)


@given(st.integers(1, 3), sizes, sizes, sizes, sizes)
def test_tiles_fill_every_pixel_once(slices: int, rows: int, columns: int, high: int, wide: int) -> None:
    places, regions = tiles(slices, rows, columns, high, wide)
    plan = ScatterPlan(np.arange(len(places)), places, (slices, rows, columns), np.dtype("u1"), regions)
    assert (painted(plan) == 1).all()


@given(st.integers(1, 2), sizes, sizes, sizes, sizes, st.data())
def test_tiles_that_do_not_are_refused(
    slices: int, rows: int, columns: int, high: int, wide: int, data: st.DataObject
) -> None:
    places, regions = tiles(slices, rows, columns, high, wide)
    changed = regions.copy()
    changed[data.draw(st.integers(0, len(regions) - 1)), data.draw(st.integers(0, 3))] += data.draw(
        st.sampled_from([-1, 1])
    )
    with pytest.raises(ValueError, match="exactly once"):
        ScatterPlan(np.arange(len(places)), places, (slices, rows, columns), np.dtype("u1"), changed)
    with pytest.raises(ValueError, match="exactly once"):
        ScatterPlan(np.arange(len(places) - 1), places[1:], (slices, rows, columns), np.dtype("u1"), regions[1:])
    twice = np.concatenate([places, places[:1]]), np.concatenate([regions, regions[:1]])
    with pytest.raises(ValueError, match="exactly once"):
        ScatterPlan(
            np.arange(len(twice[0])), twice[0], (slices, rows, columns), np.dtype("u1"), twice[1], blank=np.array([0])
        )


def test_blank_slices_may_be_filled_in_part() -> None:
    places, regions = tiles(2, 5, 6, 2, 3)
    for dropped in (places != 0, np.arange(len(places)) != 1):
        plan = ScatterPlan(
            np.arange(dropped.sum()), places[dropped], (2, 5, 6), np.dtype("u1"), regions[dropped], np.array([0])
        )
        assert plan.blank.tolist() == [0]
        with pytest.raises(ValueError, match="exactly once"):
            dataclasses.replace(plan, blank=np.array([1]))


def test_stack_with_blank_slices_and_a_crop() -> None:
    plan = ScatterPlan.stack(np.array([4, -1, 0]), (5, 6, 3), "f4", crop=(range(1, 4), range(2, 6)))
    assert plan.shape == (3, 3, 4, 3)
    assert plan.frame.tolist() == [4, 0]
    assert plan.destination.tolist() == [0, 2]
    assert plan.blank.tolist() == [1]
    assert plan.regions is not None
    assert plan.regions.tolist() == [[0, 0, 3, 4, 1, 2]] * 2
    assert ScatterPlan.stack(np.array([0]), (5, 6), "f4", crop=(range(5), range(6))).regions is None


def test_ten_thousand_tiles_are_checked_at_once() -> None:
    places, regions = tiles(1, 40_000, 40_000, 400, 400)
    started = time.perf_counter()
    ScatterPlan(np.arange(len(places)), places, (1, 40_000, 40_000), np.dtype("u1"), regions)
    assert time.perf_counter() - started < 1.0


def prepared(count: int, dtype: str = "float32") -> tuple[Any, ...]:
    datasets, voxels = make_series(count)
    instances = [Instance(header_of_dataset(dataset, f"file {i}")) for i, dataset in enumerate(datasets)]
    table = FrameTable.from_instances(instances)
    transform = compile_transform(instances[0].pixel, table.slope, table.intercept, (), TransformOptions(), dtype)
    route = route_for(instances[0].transfer_syntax_uid, instances[0].pixel)
    readers = [FrameReader(instance, index_frames(instance), route, transform) for instance in instances]
    return table, readers, voxels


@given(st.permutations(range(20)), st.integers(1, 5))
def test_every_frame_lands_where_it_is_planned(order: list[int], workers: int) -> None:
    table, readers, voxels = prepared(20)
    plan = ScatterPlan.stack(np.array(order), (5, 4), "f4")
    out = np.full(plan.shape, np.nan, np.float32)
    tally = run_plan(plan, table, readers, out, workers=workers)
    np.testing.assert_array_equal(out, voxels[order])
    assert tally.frames_per_route == {"native": 20}


@pytest.mark.parametrize("dtype", ["float32", "int16", "float64"])
@settings(max_examples=25)
@given(st.permutations(range(-2, 6)), st.data())
def test_parts_of_frames_and_blank_slices(dtype: str, order: list[int], data: st.DataObject) -> None:
    table, readers, voxels = prepared(6, dtype)
    rows, columns = (
        range(start, data.draw(st.integers(start + 1, size)))
        for start, size in ((data.draw(st.integers(0, 4)), 5), (data.draw(st.integers(0, 3)), 4))
    )
    plan = ScatterPlan.stack(np.array(order), (5, 4), dtype, crop=(rows, columns))
    out = np.full(plan.shape, 99, dtype)
    run_plan(plan, table, readers, out, workers=2)
    cropped = voxels[:, rows.start : rows.stop, columns.start : columns.stop]
    for place, index in enumerate(order):
        np.testing.assert_array_equal(out[place], cropped[index] if index >= 0 else 0)


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.data())
def test_tiles_make_up_a_matrix(rows: int, columns: int, planes: int, data: st.DataObject) -> None:
    """Each of the tiles of 5 x 4, which the matrix cuts at its lower and right edges, lands in its place."""
    count = planes * rows * columns
    table, readers, voxels = prepared(count)
    height = data.draw(st.integers(5 * rows - 4, 5 * rows))
    width = data.draw(st.integers(4 * columns - 3, 4 * columns))
    places, regions = tiles(planes, height, width, 5, 4)
    order = np.array(data.draw(st.permutations(range(count))))
    plan = ScatterPlan(np.arange(count)[order], places[order], (planes, height, width), np.dtype("f4"), regions[order])
    out = np.full(plan.shape, np.nan, np.float32)
    run_plan(plan, table, readers, out, workers=2)
    whole = voxels.reshape(planes, rows, columns, 5, 4).swapaxes(2, 3).reshape(planes, 5 * rows, 4 * columns)
    np.testing.assert_array_equal(out, whole[:, :height, :width])


@pytest.mark.parametrize("failing", [{3}, {17, 4, 30}, {0, 39}, set(range(40))])
def test_first_failure_in_order_wins_and_threads_end(failing: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    table, readers, _ = prepared(40)
    decode = Route.decode

    def fail_sometimes(self: Route, data: Any, out: Any, **options: Any) -> Any:
        broken = [place for place in failing if data == readers[place].index.read(readers[place].instance.source, 0)]
        if broken:
            time.sleep(0.02 * (broken[0] == min(failing)))  # so that a later frame fails before
            raise FrameDecodeError("broken on purpose")
        return decode(self, data, out, **options)

    monkeypatch.setattr(Route, "decode", fail_sometimes)
    plan = ScatterPlan.stack(np.arange(40), (5, 4), "f4")
    before = threading.active_count()
    for _ in range(10):
        with pytest.raises(FrameDecodeError, match=f"^file {min(failing)}, frame 1, transfer syntax"):
            run_plan(plan, table, readers, np.empty(plan.shape, plan.dtype), workers=4)
    assert threading.active_count() <= before  # one of another test may have ended meanwhile


@pytest.mark.parametrize(
    ("frames", "workers", "each"), [(1, 1, 1), (1, 4, 4), (2, 5, 2), (3, 3, 1), (8, 2, 1), (1, None, 6), (4, None, 1)]
)
def test_workers_share_frames_where_there_are_fewer_of_them(
    frames: int, workers: int | None, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, readers, _ = prepared(frames)
    decode, given_to_a_frame = Route.decode, []

    def note(self: Route, data: Any, out: Any, *, threads: int = 0, **options: Any) -> Any:
        given_to_a_frame.append(threads)
        return decode(self, data, out, **options)

    monkeypatch.setattr(Route, "decode", note)
    monkeypatch.setattr("hdgpu.frames.engine.default_workers", lambda: 6)
    plan = ScatterPlan.stack(np.arange(frames), (5, 4), "f4")
    run_plan(plan, table, readers, np.empty(plan.shape, plan.dtype), workers=workers)
    assert given_to_a_frame == [each] * frames


def test_failure_of_the_progress_callback_ends_the_threads() -> None:
    table, readers, _ = prepared(40)
    plan = ScatterPlan.stack(np.arange(40), (5, 4), "f4")

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, table, readers, np.empty(plan.shape, plan.dtype), workers=3, progress=stop)
    assert threading.active_count() <= before  # one of another test may have ended meanwhile


def test_frame_table_columns() -> None:
    single, _ = make_series(2, RescaleSlope="2")
    multi = make_dataset(np.zeros((6, 4), "int16"), Rows=2, NumberOfFrames=3, RescaleIntercept="5")
    table = FrameTable.from_instances([Instance(header_of_dataset(dataset)) for dataset in [*single, multi]])
    assert table.instance.tolist() == [0, 1, 2, 2, 2]
    assert table.number.tolist() == [0, 0, 0, 1, 2]
    np.testing.assert_array_equal(table.slope, [2, 2, 1, 1, 1])
    np.testing.assert_array_equal(table.intercept, [0, 0, 5, 5, 5])
    np.testing.assert_array_equal(table.position[:3], [[-10, -20, 0], [-10, -20, -2], [0, 0, 0]])
    assert np.isnan(table.position[3:]).all()  # nothing says where the frames after the first are
    assert len(FrameTable.from_instances([])) == 0

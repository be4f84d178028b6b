from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu import errors
from hdgpu.geometry.affine import stacking_normal
from hdgpu.geometry.stack import StackVerdict, diagnose_stack

AXIAL = np.array([1.0, 0, 0, 0, 1, 0])


def stack(
    heights: list[float] | np.ndarray, orientation: np.ndarray = AXIAL, tilt: float = 0.0
) -> tuple[np.ndarray, ...]:
    """Positions at some heights along the normal, shifted along the columns by a tilt in degrees."""
    normal = stacking_normal(orientation)
    heights = np.asarray(heights, float)[:, None]
    positions = np.array([5.0, -7.0, 11.0]) + heights * normal + heights * np.tan(np.radians(tilt)) * orientation[3:]
    return positions, np.tile(orientation, (len(heights), 1))


def oblique(angle: float, lean: float) -> np.ndarray:
    row = np.array([np.cos(angle), np.sin(angle), 0.0])
    column = np.array([-np.sin(angle) * np.cos(lean), np.cos(angle) * np.cos(lean), np.sin(lean)])
    return np.concatenate([row, column])


@given(st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(0.05, 20), st.permutations(range(9)), st.floats(-1e-3, 1e-3))
def test_regular_in_any_order(angle: float, lean: float, spacing: float, order: list[int], noise: float) -> None:
    heights = np.arange(9) * spacing
    heights[4] += noise * spacing
    positions, orientations = stack(heights, oblique(angle, lean))
    diagnosis = diagnose_stack(positions[order], orientations)
    assert diagnosis.verdict is StackVerdict.REGULAR
    assert [order[index] for index in diagnosis.order] == list(range(9))
    assert diagnosis.spacing == pytest.approx(spacing)
    assert diagnosis.deviation == pytest.approx(abs(noise) * spacing, abs=1e-9)
    diagnosis.check()


def test_single_and_none() -> None:
    assert diagnose_stack(*stack([3.0])).verdict is StackVerdict.SINGLE
    with pytest.raises(errors.MissingGeometryError, match="no frames"):
        diagnose_stack(np.zeros((0, 3)), np.zeros((0, 6))).check()


@given(st.integers(3, 30), st.data(), st.floats(0.1, 10))
def test_gap_is_found_where_it_is(count: int, data: st.DataObject, spacing: float) -> None:
    missing = data.draw(st.integers(1, count - 2))
    heights = np.delete(np.arange(count) * spacing, missing)
    if count < 4:  # two slices say nothing about a third
        return
    diagnosis = diagnose_stack(*stack(heights))
    assert diagnosis.verdict is StackVerdict.GAP
    (gap,) = diagnosis.gaps
    assert (gap.after, gap.missing) == (missing - 1, 1)
    assert gap.distance == pytest.approx(2 * spacing)
    with pytest.raises(
        errors.MissingSliceError, match=f"1 slice missing after slice {missing} of {count - 1}"
    ) as caught:
        diagnosis.check("a series")
    assert caught.value.diagnosis is diagnosis


def test_several_gaps() -> None:
    diagnosis = diagnose_stack(*stack([0, 1, 2, 5, 6, 8, 9, 10, 11]))
    assert [(gap.after, gap.missing) for gap in diagnosis.gaps] == [(2, 2), (4, 1)]
    assert diagnosis.describe() == (
        "gap: 3 slices missing after slice 3 of 9 (3 mm where 1 mm is usual) and at 1 more place"
    )


@pytest.mark.parametrize("degrees", [0.5, 5.0, 18.5, -18.5, 40.0])
def test_tilt_is_measured(degrees: float) -> None:
    diagnosis = diagnose_stack(*stack(np.arange(28) * 4.8, oblique(0.1, 0.2), degrees))
    assert diagnosis.verdict is StackVerdict.TILT
    assert diagnosis.tilt_degrees == pytest.approx(abs(degrees))
    with pytest.raises(errors.GantryTiltError, match=f"{abs(degrees):.4g} degrees"):
        diagnosis.check()


def test_slice_shifted_along_its_plane() -> None:
    positions, orientations = stack(np.arange(10.0))
    positions[6, 1] += 0.3
    diagnosis = diagnose_stack(positions, orientations)
    assert diagnosis.verdict is StackVerdict.IRREGULAR
    assert "shifted along its plane by 0.3 mm" in diagnosis.describe()


def test_irregular_says_by_how_much() -> None:
    diagnosis = diagnose_stack(*stack([0, 1, 2, 3.4, 4, 5]))
    assert diagnosis.verdict is StackVerdict.IRREGULAR
    assert diagnosis.deviation == pytest.approx(0.4)
    with pytest.raises(errors.IrregularSpacingError, match="from 0.6 to 1.4 mm, 0.4 mm off"):
        diagnosis.check()


def test_distances_that_drift() -> None:
    """Each is within a hundredth of the mean, and half-way slices lie two distances from where the affine has them."""
    heights = np.concatenate([np.arange(201) * 0.9905, 198.1 + np.arange(1, 201) * 1.0095])
    diagnosis = diagnose_stack(*stack(heights))
    assert diagnosis.verdict is StackVerdict.IRREGULAR
    assert "slice 201 of 401 lies 1.9 mm from its place in a stack of slices 1 mm apart" in diagnosis.describe()
    assert diagnose_stack(*stack(heights), atol=2).is_regular


def test_tolerances() -> None:
    heights = [0, 1, 2, 3.02, 4, 5]
    assert diagnose_stack(*stack(heights)).verdict is StackVerdict.IRREGULAR
    assert diagnose_stack(*stack(heights), rtol=0.03).is_regular
    assert diagnose_stack(*stack(heights), atol=0.03).is_regular
    assert not diagnose_stack(*stack(heights), atol=0.01).is_regular
    with pytest.raises(TypeError, match="may not be given together"):
        diagnose_stack(*stack(heights), atol=1, rtol=1)


def test_duplicates_are_grouped() -> None:
    diagnosis = diagnose_stack(*stack([0, 1, 0, 2, 1, 3]))
    assert diagnosis.verdict is StackVerdict.DUPLICATES
    assert diagnosis.duplicates == ((0, 2), (1, 4))
    with pytest.raises(errors.DuplicatePositionError, match="6 frames at 4 positions, up to 2 at one"):
        diagnosis.check()
    assert "1 position, up to 3" in diagnose_stack(*stack([2, 2, 2])).describe()


def test_tiles_of_one_plane_are_not_called_copies() -> None:
    positions, orientations = stack([0, 0, 1])
    positions[1, 0] += 50
    assert "share a plane but not a place" in diagnose_stack(positions, orientations).describe()


def test_mixed_orientations_and_absent_geometry() -> None:
    positions, orientations = stack([0, 1, 2])
    turned = orientations.copy()
    turned[2] = oblique(0.01, 0)
    with pytest.raises(errors.MixedOrientationError, match="1 of 3 frames are not parallel"):
        diagnose_stack(positions, turned).check()
    positions[1, 2] = np.nan
    with pytest.raises(errors.MissingGeometryError, match="1 of 3 frames have no position"):
        diagnose_stack(positions, orientations).check()


def test_every_verdict_but_the_good_ones_has_an_error() -> None:
    from hdgpu.geometry.stack import _ERRORS

    assert set(_ERRORS) == set(StackVerdict) - {StackVerdict.REGULAR, StackVerdict.SINGLE}
    assert all(issubclass(kind, errors.StackError) for kind in _ERRORS.values())

"""Whatever is done to a volume in space: the value found at a physical point is what it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.array.interop import to_numpy
from hdgpu.volume import Volume
from tests.volume.orientations import AXES, ORIENTATIONS

SHAPE = (4, 5, 6)
PADDING = -7
EDGES = {"mode": "CONSTANT", "constant_value": PADDING}

small = st.integers(0, 3)


def affine_of(seed, mirrored):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.random(random_state=seed).as_matrix() * [0.4, 1.5, 3.0]
    affine[:3, 0] *= -1 if mirrored else 1
    affine[:3, 3] = [-100.0, 50.0, 7.0]
    return affine


def index(draw, volume):
    def along(size):
        start, stop = sorted(draw(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
        step = draw(st.integers(1, 2))
        return slice(start, stop + 1, step) if draw(st.booleans()) else slice(stop, start - 1 if start else None, -step)

    return volume[tuple(along(size) for size in volume.spatial_shape)]


def fitting(draw, volume):
    return [draw(st.integers(1, size)) for size in volume.spatial_shape]


def match(draw, volume):
    there = volume.get_geometry().flip_spatial(draw(st.lists(st.integers(0, 2)))).pad(draw(small))
    return volume.match_geometry(there[draw(st.integers(0, there.shape[0] - 1)) :], **EDGES)


OPERATIONS = {
    "index": index,
    "flip": lambda draw, volume: volume.flip_spatial(draw(st.lists(st.integers(0, 2)))),
    "permute": lambda draw, volume: volume.permute_spatial_axes(draw(st.sampled_from(AXES))),
    "swap": lambda draw, volume: volume.swap_spatial_axes(*draw(st.sampled_from(AXES))[:2]),
    "crop": lambda draw, volume: volume.crop_to_spatial_shape(fitting(draw, volume)),
    "pad": lambda draw, volume: volume.pad(draw(st.tuples(*[st.tuples(small, small)] * 3)), **EDGES),
    "pad to": lambda draw, volume: volume.pad_to_spatial_shape(
        [size + draw(small) for size in volume.spatial_shape], **EDGES
    ),
    "pad or crop": lambda draw, volume: volume.pad_or_crop_to_spatial_shape(
        draw(st.tuples(*[st.integers(1, 7)] * 3)), **EDGES
    ),
    "orient": lambda draw, volume: volume.to_patient_orientation(draw(st.sampled_from(ORIENTATIONS))),
    "handedness": lambda draw, volume: volume.ensure_handedness("LEFT_HANDED", flip_axis=draw(st.integers(0, 2))),
    "match geometry": match,
    "match orientation": lambda draw, volume: volume.match_orientation(
        Volume(np.zeros(SHAPE), affine_of(draw(st.integers(0, 99)), False), "PATIENT")
    ),
    "random flip": lambda draw, volume: volume.random_flip_spatial(rng=draw(st.integers(0, 99))),
    "random permute": lambda draw, volume: volume.random_permute_spatial_axes(rng=draw(st.integers(0, 99))),
    "random crop": lambda draw, volume: volume.random_spatial_crop(fitting(draw, volume), rng=draw(st.integers(0, 99))),
}  # fmt: skip


@given(data=st.data(), names=st.lists(st.sampled_from(list(OPERATIONS)), min_size=1, max_size=5))
@settings(max_examples=80)
def test_values_stay_where_they_are(xp, data, names):
    original = np.arange(1, 121, dtype=np.int32).reshape(SHAPE)
    volume = Volume(
        xp.asarray(original), affine_of(data.draw(st.integers(0, 99)), data.draw(st.booleans())), "PATIENT", "1.2.3"
    )
    moved = volume
    for name in names:
        moved = OPERATIONS[name](data.draw, moved)
    assert moved.array.shape == moved.get_geometry().spatial_shape
    assert xp.is_mine(moved.array)

    array = to_numpy(moved.array)
    indices = np.indices(array.shape).reshape(3, -1).T
    before = volume.map_reference_to_indices(moved.map_indices_to_reference(indices))
    nearest = np.rint(before).astype(int)
    np.testing.assert_allclose(before, nearest, atol=1e-8)
    inside = ((nearest >= 0) & (nearest < SHAPE)).all(axis=1)
    values = array[tuple(indices.T)]
    # what was cropped away and padded again is padding, too
    kept = inside & (values != PADDING)
    np.testing.assert_array_equal(values[kept], original[tuple(nearest[kept].T)])
    assert (values[~inside] == PADDING).all()
    # a padded place within the original comes about only by cropping before padding
    if not {"index", "crop", "pad or crop", "random crop", "match geometry"} & set(names):
        assert (inside == kept).all()
        assert kept.sum() == original.size


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_operation_does_something(name):
    """The chain above would hold for operations that return the volume as it is."""
    volume = Volume(np.arange(120).reshape(SHAPE), affine_of(5, False), "PATIENT")
    drawn = []

    @given(data=st.data())
    @settings(max_examples=40, database=None)
    def draw(data):
        drawn.append(OPERATIONS[name](data.draw, volume))

    draw()
    assert any(not each.geometry_equal(volume) for each in drawn)

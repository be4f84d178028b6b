"""Random operations: the same draws as highdicom's by default, and reproducible on every library with a source."""

import highdicom
import numpy as np
import pytest

from hdgpu.array.interop import to_numpy
from hdgpu.errors import VolumeError, VolumeIndexError
from hdgpu.volume import Volume, VolumeGeometry

SHAPE = (3, 4, 5)
HOST = np.arange(60, dtype=np.int32).reshape(SHAPE)
CALLS = [
    ("random_flip_spatial", ()),
    ("random_flip_spatial", ((2, 0),)),
    ("random_permute_spatial_axes", ()),
    ("random_permute_spatial_axes", ((2, 1),)),
    ("random_permute_spatial_axes", ((1, 2, 0),)),
    ("random_spatial_crop", ((2, 2, 2),)),
    ("random_spatial_crop", ((3, 1, 5),)),
]


def make(xp):
    return Volume(xp.asarray(HOST), np.eye(4), "PATIENT")


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_seeding_numpy_gives_highdicoms_draws(name, arguments):
    """Ten in a row, so that the same amount of chance is used up, too."""
    ours = Volume(HOST, np.eye(4), "PATIENT")
    theirs = highdicom.Volume(HOST, np.eye(4), "PATIENT")
    draws = []
    for volume in (ours, theirs):
        np.random.seed(5)  # noqa: NPY002
        draws.append([getattr(volume, name)(*arguments).array for _ in range(10)])
    for one, other in zip(*draws, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({each.tobytes() + bytes(each.shape) for each in draws[0]}) > 1


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_a_source_gives_the_same_on_every_library(xp, name, arguments):
    np.random.seed(3)  # noqa: NPY002
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    results = [getattr(make(xp), name)(*arguments, rng=7) for _ in range(2)]
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    expected = getattr(Volume(HOST, np.eye(4), "PATIENT"), name)(*arguments, rng=np.random.default_rng(7))
    for result in results:
        np.testing.assert_array_equal(to_numpy(result.array), expected.array)
        np.testing.assert_array_equal(result.affine, expected.affine)
        assert xp.is_mine(result.array)
    geometry = getattr(VolumeGeometry(np.eye(4), SHAPE, "PATIENT"), name)(*arguments, rng=7)
    assert geometry.geometry_equal(expected, tol=None)


def test_a_generator_goes_on():
    rng = np.random.default_rng(0)
    geometry = VolumeGeometry(np.eye(4), (50, 50, 50), "PATIENT")
    first, second = (geometry.random_spatial_crop((1, 1, 1), rng=rng).position for _ in range(2))
    assert first != second


def test_every_outcome_comes_about_as_often_as_it_should():
    rng = np.random.default_rng(1)
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    flips = [tuple(np.diag(geometry.random_flip_spatial(rng=rng).affine)[:3]) for _ in range(800)]
    orders = [geometry.random_permute_spatial_axes(rng=rng).spatial_shape for _ in range(600)]
    crops = [geometry.random_spatial_crop((2, 4, 3), rng=rng).position for _ in range(600)]
    for drawn, outcomes in ((flips, 8), (orders, 6), (crops, 6)):
        counts = [drawn.count(each) for each in set(drawn)]
        assert len(counts) == outcomes
        assert all(abs(count - 100) < 45 for count in counts)  # 4.5 standard deviations


def test_one_axis_may_be_flipped():
    """As the documentation has it; highdicom 0.28 refuses it."""
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    for axes in (1, [1], np.array([1]), np.int64(1)):
        positions = {geometry.random_flip_spatial(axes, rng=seed).position for seed in range(20)}
        assert positions == {(0.0, 0.0, 0.0), (0.0, 3.0, 0.0)}


def test_another_axis_stays_where_it_is():
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    shapes = {geometry.random_permute_spatial_axes((2, 0), rng=seed).spatial_shape for seed in range(20)}
    assert shapes == {(3, 4, 5), (5, 4, 3)}


def test_views_of_numpy():
    volume = Volume(HOST, np.eye(4), "PATIENT")
    for name, arguments in CALLS:
        assert np.shares_memory(getattr(volume, name)(*arguments, rng=0).array, HOST)


@pytest.mark.parametrize("axes", [(0, 3), (-1, 0), (0, 0), (0, 1, 1), (0, 1, 2, 0), ()])
def test_axes_that_are_none(axes):
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    for method in (geometry.random_flip_spatial, geometry.random_permute_spatial_axes):
        with pytest.raises(VolumeError, match="axes"):
            method(axes)
    with pytest.raises(VolumeError, match="2 to 3"):
        geometry.random_permute_spatial_axes((1,))


@pytest.mark.parametrize("axes", [None, 1.5, ("a", "b"), (0.0, 1.0)])
def test_axes_are_integers(axes):
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    for method in (geometry.random_flip_spatial, geometry.random_permute_spatial_axes):
        with pytest.raises(TypeError):
            method(axes)


def test_a_shape_that_is_no_sequence_and_one_that_is_too_large():
    geometry = VolumeGeometry(np.eye(4), (20, 80, 90), "PATIENT")
    for crop in (geometry.crop_to_spatial_shape, geometry.random_spatial_crop):
        with pytest.raises(TypeError, match=r"three sizes, as \(64, 64, 64\)"):
            crop(64)
        with pytest.raises(VolumeError, match="pad_or_crop_to_spatial_shape"):
            crop((64, 64, 64))


def test_crops_that_are_none():
    geometry = VolumeGeometry(np.eye(4), SHAPE, "PATIENT")
    for shape in ((4, 4, 5), (2, 2), (2, 2, 2, 2)):
        with pytest.raises(VolumeError):
            geometry.random_spatial_crop(shape)
    with pytest.raises(VolumeIndexError):
        geometry.random_spatial_crop((0, 4, 5))
    with pytest.raises(TypeError):
        geometry.random_spatial_crop((2.0, 2, 2))


@pytest.mark.parametrize("rng", ["seed", 1.5, -1])
def test_sources_that_are_none(rng):
    with pytest.raises((TypeError, ValueError)):
        VolumeGeometry(np.eye(4), SHAPE, "PATIENT").random_flip_spatial(rng=rng)

"""What tiles do beside highdicom's, and what is refused; parity is in tests/parity/test_spatial.py."""

import numpy as np
import pytest

from hdgpu.errors import InvalidAttributeError, MissingAttributeError, VolumeError
from hdgpu.spatial import (
    compute_tile_positions_per_frame,
    get_tile_array,
    iter_tiled_full_frame_data,
    tile_pixel_matrix,
)
from tests.geometry import images


@pytest.mark.parametrize("sizes", [(0, 5, 2, 2), (4, 5, 0, 2), (4, -5, 2, 2)])
def test_sizes_are_positive(sizes):
    with pytest.raises(VolumeError):
        tile_pixel_matrix(*sizes)
    with pytest.raises(VolumeError):
        compute_tile_positions_per_frame(*sizes[2:], *sizes[:2], [0, 0, 0], images.SLIDE, [1, 1])


@pytest.mark.parametrize("sizes", [(4.5, 5, 2, 2), ("4", 5, 2, 2)])
def test_sizes_are_integers(sizes):
    with pytest.raises(TypeError):
        tile_pixel_matrix(*sizes)


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (-1, 1), (5, 1), (1, 6)])
def test_tiles_outside_are_refused(xp, place):
    with pytest.raises(VolumeError, match="offset"):
        get_tile_array(xp.asarray(np.zeros((4, 5))), *place, 2, 2)


@pytest.mark.parametrize("size", [(0, 2), (2, -1)])
def test_tiles_have_a_size(size):
    with pytest.raises(VolumeError, match="at least one"):
        get_tile_array(np.zeros((4, 5)), 1, 1, *size)


def test_a_tile_is_a_view_where_nothing_is_filled_up():
    pixels = np.arange(60).reshape(4, 5, 3)
    assert np.shares_memory(get_tile_array(pixels, 2, 2, 3, 4), pixels)
    assert np.shares_memory(get_tile_array(pixels, 4, 5, 3, 4, pad=False), pixels)
    assert not np.shares_memory(get_tile_array(pixels, 4, 5, 3, 4), pixels)


def test_an_array_has_rows_and_columns():
    with pytest.raises(VolumeError, match="rows and columns"):
        get_tile_array(np.arange(4), 1, 1, 2, 2)


def test_tiles_in_no_fixed_order_are_refused():
    for other in (images.sparse(), images.multi_frame(), images.single_frame()):
        with pytest.raises(InvalidAttributeError):
            iter_tiled_full_frame_data(other)
    for absent in ("TotalPixelMatrixRows", "ImageOrientationSlide", "SharedFunctionalGroupsSequence"):
        with pytest.raises(MissingAttributeError, match=absent if "Shared" not in absent else "pixel measures"):
            iter_tiled_full_frame_data(images.without(images.tiled(), absent))


def test_the_height_of_the_origin_counts():
    """In micrometres (PS3.3 C.8.12.6.1), where highdicom leaves it out."""
    image = images.tiled(focal_planes=2, between=0.004, origin={"ZOffsetInSlideCoordinateSystem": 7.0})
    heights = [z for *_, z in iter_tiled_full_frame_data(image)]
    np.testing.assert_allclose(heights, [0.007] * 9 + [0.011] * 9, rtol=1e-12)


def test_focal_planes_at_an_unknown_distance_are_refused():
    with pytest.raises(MissingAttributeError, match="SpacingBetweenSlices"):
        iter_tiled_full_frame_data(images.tiled(focal_planes=2))

"""The picture of the mid-planes."""

from itertools import permutations, product

import numpy as np
import pytest

from hdgpu.volume import RGB_COLOR_CHANNEL_DESCRIPTOR, Volume
from hdgpu.volume.picture import draw_mid_planes, mid_planes

# (z, y, x) from superior to inferior, anterior to posterior, right to left: as a radiologist holds it
CANONICAL = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
CANONICAL_AFFINE = np.array([[0, 0, 0.5, -1], [0, 0.7, 0, -2], [-3.0, 0, 0, 9], [0, 0, 0, 1]])


def volume(array, affine):
    channels = {RGB_COLOR_CHANNEL_DESCRIPTOR: ["R", "G", "B"]} if array.ndim == 4 else None
    return Volume(array, affine, "PATIENT", channels=channels)


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product([False, True], repeat=3)))
def test_planes_do_not_depend_on_how_the_array_lies(axes, flips):
    array = CANONICAL.transpose(axes)
    affine = CANONICAL_AFFINE[:, [*axes, 3]]
    for axis, flipped in enumerate(flips):
        if flipped:
            array = np.flip(array, axis)
            affine = affine.copy()
            affine[:, 3] += affine[:, axis] * (array.shape[axis] - 1)
            affine[:, axis] *= -1
    expected = [(CANONICAL, (0.7, 0.5), 0), (CANONICAL, (3.0, 0.5), 1), (CANONICAL, (3.0, 0.7), 2)]

    planes = mid_planes(volume(array, affine))

    for (plane, steps), (whole, expected_steps, across) in zip(planes, expected, strict=True):
        middles = {whole.shape[across] // 2, (whole.shape[across] - 1) // 2}
        assert any(np.array_equal(plane, whole.take(middle, across)) for middle in middles)
        assert steps == pytest.approx(expected_steps)


def test_proportions_are_those_of_the_body():
    array = np.zeros((10, 20, 40), np.float32)  # 50, 20 and 40 mm
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [5.0, 0, 0, 0], [0, 0, 0, 1]])

    picture = draw_mid_planes(volume(array, affine))

    scale = 512 / 50
    assert picture.mode == "L"
    assert picture.size == (round(40 * scale) + round(40 * scale) + round(20 * scale) + 2 * 4, 512)


def test_window():
    array = np.full((3, 3, 3), 40.0, np.float32)
    array[:, :, 0], array[:, :, 2] = -1000, 1000

    picture = draw_mid_planes(volume(array, CANONICAL_AFFINE), window=(40, 400))

    axial = np.asarray(picture)[:, : int(picture.height * 0.5)]
    assert axial.min() == 0
    assert axial.max() == 255


def test_voxels_that_are_no_number_are_black():
    array = np.full((3, 3, 3), np.nan, np.float32)
    assert np.asarray(draw_mid_planes(volume(array, CANONICAL_AFFINE))).max() == 0


def test_every_library_gives_the_same_picture(xp):
    expected = draw_mid_planes(volume(CANONICAL, CANONICAL_AFFINE))
    picture = draw_mid_planes(volume(xp.asarray(CANONICAL), CANONICAL_AFFINE))
    assert picture.tobytes() == expected.tobytes()


def test_a_type_that_numpy_has_not():
    torch = pytest.importorskip("torch")
    picture = draw_mid_planes(volume(torch.from_numpy(CANONICAL).to(torch.bfloat16), CANONICAL_AFFINE))
    assert np.asarray(picture).max() == 255


def test_colour():
    array = np.zeros((3, 3, 3, 3), np.uint8)
    array[..., 0] = 255
    picture = draw_mid_planes(volume(array, CANONICAL_AFFINE))
    assert picture.getpixel((5, picture.height // 2)) == (255, 0, 0)

"""The picture of the mid-planes."""

from itertools import permutations, product
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from hdgpu.cli.main import main
from hdgpu.cli.preview import mid_planes, write_preview

# (z, y, x) from superior to inferior, anterior to posterior, right to left: as a radiologist holds it
CANONICAL = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
CANONICAL_AFFINE = np.array([[0, 0, 0.5, -1], [0, 0.7, 0, -2], [-3.0, 0, 0, 9], [0, 0, 0, 1]])


def volume(array, affine):
    return SimpleNamespace(array=array, affine=np.asarray(affine, float))


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


def test_proportions_are_those_of_the_body(tmp_path):
    array = np.zeros((10, 20, 40), np.float32)  # 50, 20 and 40 mm
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [5.0, 0, 0, 0], [0, 0, 0, 1]])

    width, height = write_preview(volume(array, affine), tmp_path / "a.png")

    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (width, height)
        assert picture.mode == "L"
    scale = 512 / 50
    assert height == 512
    assert width == round(40 * scale) + round(40 * scale) + round(20 * scale) + 2 * 4


def test_window(tmp_path):
    array = np.full((3, 3, 3), 40.0, np.float32)
    array[:, :, 0], array[:, :, 2] = -1000, 1000

    write_preview(volume(array, CANONICAL_AFFINE), tmp_path / "a.png", window=(40, 400))

    with Image.open(tmp_path / "a.png") as picture:
        axial = np.asarray(picture)[:, : int(picture.height * 0.5)]
    assert axial.min() == 0
    assert axial.max() == 255


def test_voxels_that_are_no_number_are_black(tmp_path):
    array = np.full((3, 3, 3), np.nan, np.float32)
    write_preview(volume(array, CANONICAL_AFFINE), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert np.asarray(picture).max() == 0


def test_colour(tmp_path):
    array = np.zeros((3, 3, 3, 3), np.uint8)
    array[..., 0] = 255
    write_preview(volume(array, CANONICAL_AFFINE), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.getpixel((5, picture.height // 2)) == (255, 0, 0)


def test_width_must_be_positive(tmp_path, capsys):
    assert main(["preview", "nowhere", str(tmp_path / "a.png"), "--window", "-600", "0"]) == 1
    assert "width must be positive" in capsys.readouterr().err

"""The NIfTI writer against nibabel's reader."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.cli.nifti import lps_to_nifti_affine, write_nifti
from hdgpu.errors import OutputTypeError, PixelDataSizeError

AFFINE = np.array([[0.0, 0.1, 0.7, -10.0], [0.2, 0.7, -0.1, -20.0], [2.5, -0.05, 0.0, 30.0], [0.0, 0.0, 0.0, 1.0]])
DTYPES = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def ras(affine, index):
    """Return the RAS point of a (slice, row, column) index by way of LPS."""
    return np.array([-1, -1, 1]) * (np.asarray(affine) @ [*index, 1])[:3]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nibabel_reads_the_same_voxels_at_the_same_points(tmp_path, dtype, suffix):
    array = np.random.default_rng(0).uniform(0, 100, (4, 5, 6)).astype(dtype)
    path = tmp_path / f"volume{suffix}"

    write_nifti(path, array, AFFINE)

    image = nib.load(path)
    voxels = np.asanyarray(image.dataobj)
    assert voxels.dtype == dtype
    np.testing.assert_array_equal(voxels, array.transpose(2, 1, 0))
    for index in [(0, 0, 0), (3, 0, 0), (0, 4, 0), (0, 0, 5), (3, 4, 5)]:
        np.testing.assert_allclose(image.affine @ [*index[::-1], 1], [*ras(AFFINE, index), 1], rtol=1e-6)
    assert image.header.get_xyzt_units()[0] == "mm"


def test_any_memory_layout_and_byte_order(tmp_path):
    array = np.arange(24, dtype=">i2").reshape(4, 3, 2).T[:, ::-1]

    write_nifti(tmp_path / "a.nii", array, np.eye(4))

    np.testing.assert_array_equal(np.asanyarray(nib.load(tmp_path / "a.nii").dataobj), array.transpose(2, 1, 0))


def test_same_volume_gives_same_bytes(tmp_path):
    array = np.ones((2, 3, 4), np.int16)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, array, AFFINE)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@settings(max_examples=50, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(0.1, 10)] * 3),
    flipped=st.booleans(),
)
def test_qform_equals_sform(tmp_path_factory, angles, spacing, flipped):
    directions = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing * [-1 if flipped else 1, 1, 1]
    affine[:3, 3] = [-100, 50, 20]
    path = tmp_path_factory.mktemp("qform") / "a.nii"

    write_nifti(path, np.zeros((2, 3, 4), np.uint8), affine)

    header = nib.load(path).header
    sform, sform_code = header.get_sform(coded=True)
    qform, qform_code = header.get_qform(coded=True)
    assert (sform_code, qform_code) == (1, 1)
    np.testing.assert_allclose(sform, lps_to_nifti_affine(affine), atol=1e-4)
    # the format keeps b, c and d in float32 and has the reader find a = sqrt(1 - b² - c² - d²): near half a turn only
    # half of the digits are left
    np.testing.assert_allclose(qform, sform, atol=1e-3 * max(spacing))
    np.testing.assert_allclose(header.get_zooms(), spacing[::-1], rtol=1e-6)


def test_sheared_axes_have_no_qform(tmp_path):
    affine = np.diag([2.5, 0.7, 0.7, 1.0])
    affine[1, 0] = 0.5

    write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8), affine)

    image = nib.load(tmp_path / "a.nii")
    assert image.header.get_qform(coded=True)[1] == 0
    np.testing.assert_allclose(image.affine, lps_to_nifti_affine(affine), rtol=1e-6)


def test_rgb(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), np.uint8)

    write_nifti(tmp_path / "a.nii", array, np.eye(4))

    voxels = np.asanyarray(nib.load(tmp_path / "a.nii").dataobj)
    np.testing.assert_array_equal(np.stack([voxels[name] for name in "RGB"], -1), array.transpose(2, 1, 0, 3))


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((2, 2, 2), np.float16), OutputTypeError),
        (np.zeros((2, 2, 2, 3), np.uint16), OutputTypeError),
        (np.zeros((2, 2, 2, 2), np.uint8), OutputTypeError),
        (np.zeros((2, 2), np.uint8), PixelDataSizeError),
        (np.zeros((1, 1, 32768), np.uint8), PixelDataSizeError),
    ],
)
def test_what_nifti_cannot_hold(tmp_path, array, error):
    with pytest.raises(error):
        write_nifti(tmp_path / "a.nii", array, np.eye(4))
    assert not list(tmp_path.iterdir())

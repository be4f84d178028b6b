"""Volumes of torch tensors in host memory: bfloat16, which NumPy has not, and the ways that they share with NumPy."""

import numpy as np
import pytest

from hdgpu.errors import OutputTypeError
from hdgpu.volume import Volume
from hdgpu.volume.resampling import host, reference
from tests.volume.resampling import DTYPES, KINDS, make_grid, random_array

torch = pytest.importorskip("torch")

AFFINE = np.diag([2.0, 1.0, 0.5, 1.0])
TURNED = [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]


def tensor_volume(dtype="float32", shape=(7, 9, 11)):
    host_array = random_array(shape, "float32" if dtype == "bfloat16" else dtype)
    return Volume(torch.from_numpy(host_array).to(getattr(torch, dtype)), AFFINE, "PATIENT")


def grids():
    center = tensor_volume().center_position
    return [make_grid((9, 8, 7), 1.1, direction, center) for direction in (np.eye(3), TURNED)]


@pytest.mark.skipif(host.extension() is None, reason="needs the compiled extension")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_take_the_way_of_numpy(monkeypatch, kind, dtype):
    """With the same bits, and without a copy on the way there."""
    for name in ("resample_along", "resample_across"):
        monkeypatch.setattr(reference, name, lambda *_: pytest.fail("the way of torch"))
    volume = tensor_volume(dtype)
    for tensor in (volume, volume.permute_spatial_axes((2, 0, 1))):
        for grid in grids():
            found = tensor.resample(geometry=grid, interpolation=kind, fill_value=3)
            expected = tensor.with_array(tensor.numpy()).resample(geometry=grid, interpolation=kind, fill_value=3)
            assert found.dtype == getattr(torch, dtype)
            np.testing.assert_array_equal(found.numpy(), expected.array, strict=True)


def test_what_torch_records_stays_with_torch():
    volume = tensor_volume()
    volume.array.requires_grad_()
    for grid in grids():
        found = volume.resample(geometry=grid)
        expected = volume.with_array(volume.numpy()).resample(geometry=grid)
        np.testing.assert_allclose(found.numpy(), expected.array, rtol=1e-5, atol=1e-4)
        (gradient,) = torch.autograd.grad(found.array.sum(), volume.array)
        inside = tensor_volume().with_array(torch.ones(7, 9, 11)).resample(geometry=grid).array.sum()
        assert float(gradient.sum()) == pytest.approx(float(inside), rel=1e-4)  # weights that add up to one


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_is_resampled_as_float32_and_rounded(kind):
    volume = tensor_volume("bfloat16")
    wide = volume.astype("float32")
    for grid in grids():
        expected = wide.resample(geometry=grid, interpolation=kind, fill_value=0.1).array
        found = volume.resample(geometry=grid, interpolation=kind, fill_value=0.1)
        assert torch.equal(found.array, expected.to(torch.bfloat16))
        for each in ("bfloat16", torch.bfloat16):
            narrowed = wide.resample(geometry=grid, interpolation=kind, fill_value=0.1, dtype=each)
            assert torch.equal(narrowed.array, found.array)
        widened = volume.resample(geometry=grid, interpolation=kind, fill_value=0.1, dtype=torch.float32)
        assert widened.dtype == torch.float32
        assert torch.equal(widened.array, expected)


def test_bfloat16_is_clipped_and_converted():
    volume = tensor_volume("bfloat16")
    clipped = volume.clip(0, 1)
    assert clipped.dtype == torch.bfloat16
    assert torch.equal(clipped.array, volume.array.clamp(0, 1))
    assert torch.equal(volume.astype(np.int16).array, volume.array.to(torch.int16))
    for each in ("float32", "int16", "uint8"):
        values = torch.arange(24).reshape(2, 3, 4).to(getattr(torch, each))
        for target in ("bfloat16", torch.bfloat16):
            assert torch.equal(Volume(values, AFFINE, "PATIENT").astype(target).array, values.to(torch.bfloat16))


@pytest.mark.parametrize("value", [3.4e38, -3.4e38])
def test_values_that_bfloat16_cannot_hold(value):
    """Of float32, whose range is a little larger."""
    volume = Volume(torch.full((2, 3, 4), value), AFFINE, "PATIENT")
    with pytest.raises(OutputTypeError, match="bfloat16"):
        volume.astype("bfloat16")
    with pytest.raises(OutputTypeError, match="bfloat16"):
        volume.resample(spacing=1.0, dtype="bfloat16", interpolation="nearest")
    with pytest.raises(OutputTypeError, match="uint8"):
        tensor_volume("bfloat16").astype("uint8")
    volume.array[...] = float("inf")
    assert volume.astype("bfloat16").array.isinf().all()


def test_libraries_without_bfloat16():
    volume = Volume(np.zeros((2, 3, 4)), AFFINE, "PATIENT")
    for use in (volume.astype, lambda dtype: volume.resample(spacing=1.0, dtype=dtype)):
        with pytest.raises(OutputTypeError, match=r"numpy.*bfloat16"):
            use("bfloat16")


@pytest.mark.parametrize("convert", ["to_nibabel", "to_simpleitk"])
def test_bfloat16_is_exported_as_float32(convert):
    library = pytest.importorskip({"to_nibabel": "nibabel", "to_simpleitk": "SimpleITK"}[convert])
    volume = tensor_volume("bfloat16")
    with pytest.warns(UserWarning, match="bfloat16"):
        image = getattr(volume, convert)()
    values = image.dataobj if convert == "to_nibabel" else library.GetArrayFromImage(image).T
    np.testing.assert_array_equal(np.asarray(values), volume.array.to(torch.float32).numpy())

import sys

import numpy as np
import pytest

from hdgpu.array.interop import dlpack_capsule, dlpack_device, to_numpy, to_torch
from hdgpu.errors import MissingDependencyError
from tests.conftest import torch_for

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_to_numpy_from_any_library(xp, dtype):
    host = np.array([[0, 1], [1, 0]], dtype=dtype)
    result = to_numpy(xp.asarray(host))
    assert type(result) is np.ndarray
    assert result.dtype == host.dtype
    np.testing.assert_array_equal(result, host)


def test_to_numpy_leaves_numpy_alone():
    host = np.zeros(3)
    assert to_numpy(host) is host


def test_to_numpy_shares_torchs_memory_and_leaves_the_graph():
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(3)
    to_numpy(tensor)[0] = 5.0
    assert tensor.tolist() == [5.0, 0.0, 0.0]
    assert to_numpy(torch.ones(3, requires_grad=True) * 2).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_to_torch_from_any_library(xp, dtype):
    torch = torch_for(xp)
    host = np.array([[0, 1], [1, 0]], dtype=dtype)
    tensor = to_torch(xp.asarray(host))
    assert isinstance(tensor, torch.Tensor)
    assert str(tensor.dtype) == f"torch.{dtype}"
    np.testing.assert_array_equal(tensor.cpu().numpy(), host)


@pytest.mark.filterwarnings("error")
def test_to_torch_shares_what_it_can_and_copies_what_it_cannot():
    pytest.importorskip("torch")
    host = np.arange(6, dtype=np.int16).reshape(2, 3)
    assert to_torch(host).data_ptr() == host.ctypes.data
    assert to_torch(host[:, ::2]).data_ptr() == host.ctypes.data
    np.testing.assert_array_equal(to_torch(host[::-1, ::-1]).numpy(), host[::-1, ::-1])
    np.testing.assert_array_equal(to_torch(host.astype(">i2")).numpy(), host)
    frozen = host.copy()
    frozen.flags.writeable = False
    to_torch(frozen)[0, 0] = 99
    assert frozen[0, 0] == 0


def test_to_torch_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"hdgpu\[torch\]"):
        to_torch(np.zeros(3))


def test_dlpack_is_handed_through(xp):
    array = xp.asarray([1.0, 2.0])
    assert dlpack_device(array) == tuple(int(each) for each in array.__dlpack_device__())
    assert "dltensor" in repr(dlpack_capsule(array))


def test_a_flipped_array_is_exported_as_a_copy():
    """torch ends the process when it imports negative strides."""
    torch = pytest.importorskip("torch")

    class Exporter:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return dlpack_capsule(self.array, **options)

        def __dlpack_device__(self):
            return dlpack_device(self.array)

    flipped = np.arange(6).reshape(2, 3)[:, ::-1]
    assert torch.from_dlpack(Exporter(flipped)).tolist() == [[2, 1, 0], [5, 4, 3]]
    with pytest.raises(BufferError):
        np.from_dlpack(Exporter(flipped), copy=False)

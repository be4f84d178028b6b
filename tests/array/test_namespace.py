import subprocess
import sys

import numpy as np
import pytest

from hdgpu.array.namespace import array_namespace, is_array, library_name, native_device


@pytest.mark.usefixtures("its_device")
def test_namespace_and_name_follow_the_array(xp):
    array = xp.asarray([1.0, 2.0])
    assert library_name(array) == xp.name
    assert is_array(array)
    total = array_namespace(array).sum(array)
    assert float(total) == 3.0
    assert native_device(total) == native_device(array)


@pytest.mark.parametrize("value", [[1, 2], (1,), 1.0, np.float64(1.0), None, "a", np.ma.masked_array([1, 2])])
def test_lists_scalars_and_masked_arrays_are_no_arrays(value):
    assert not is_array(value)


def test_libraries_do_not_mix():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError):
        array_namespace(np.zeros(1), torch.zeros(1))


def test_import_is_light():
    code = "import sys, hdgpu.volume, hdgpu.array.interop; print(sorted({'torch', 'cupy'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

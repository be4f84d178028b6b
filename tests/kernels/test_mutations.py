from __future__ import annotations

import pytest

from tests.kernels.mutation import is_found, mutated_kernels, mutations_of

EACH = [(kernel, number) for kernel in mutated_kernels() for number in range(len(mutations_of(kernel)))]


@pytest.mark.parametrize(("kernel", "number"), EACH)
def test_a_broken_kernel_is_found(kernel: str, number: int) -> None:
    found, printed = is_found(kernel, number)
    assert found, f"{mutations_of(kernel)[number]} was not found:\n{printed[-2000:]}"

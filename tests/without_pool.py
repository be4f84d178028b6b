"""Plugin of pytest by which each array of CuPy has memory of its own: ``pytest -p tests.without_pool``.

Within the memory of a pool nothing is out of bounds to a sanitizer.
"""

from __future__ import annotations

import pytest

__all__ = ["pytest_configure"]


def pytest_configure(config: pytest.Config) -> None:
    """Have CuPy allocate by the driver."""
    import cupy

    cupy.cuda.set_allocator(None)

"""A small phantom as DICOM files, written by the demo's own writer."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SLICES, SIZE = 6, 32


@pytest.fixture(scope="session")
def phantom():
    """The module demo/phantom.py, which is not packaged."""
    path = Path(__file__).parents[2] / "demo" / "phantom.py"
    spec = importlib.util.spec_from_file_location("phantom", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def phantom_folder(phantom, tmp_path_factory):
    """Folder with one series of six slices in shuffled files."""
    folder = tmp_path_factory.mktemp("series") / "phantom"
    phantom.write_phantom(folder, slices=SLICES, size=SIZE)
    return folder


@pytest.fixture(scope="session")
def phantom_hu(phantom):
    """The phantom's voxels, from inferior to superior."""
    return np.stack([phantom.slice_hu(number, SLICES, SIZE) for number in range(SLICES)])

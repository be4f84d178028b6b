"""Every way of reading on a GPU, as on the host."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import is_cupy_array
from hdgpu.codecs.device_route import NATIVE, RLE
from hdgpu.frame import encode_frame
from tests.image.sample_parity import assert_frames_alike, assert_stored_values_alike
from tests.make_series import make_series, write_series
from tests.sample_files import SAMPLE_FILES, SampleFile

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("gpu")]
DEVICE = "cuda:0"
# The others are bare frames.
FILES = [file for file in SAMPLE_FILES if file.package != "wsidicom-data"]


@pytest.fixture
def gpu() -> None:
    """Skip where there is none."""
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_frames_are_as_on_the_host(file: SampleFile) -> None:
    assert_frames_alike(file, DEVICE)


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
def test_stored_values_are_as_on_the_host(file: SampleFile) -> None:
    report = assert_stored_values_alike(file, DEVICE)
    if report is not None:
        assert report.device == DEVICE
        assert sum(report.frames_per_route.values()) == file.frames


@pytest.mark.parametrize(("syntax", "route"), [("1.2.840.10008.1.2.1", NATIVE), ("1.2.840.10008.1.2.5", RLE)])
def test_a_volume_is_made_on_the_device(tmp_path: Path, syntax: str, route: str) -> None:
    """More frames than one batch of a lane, in no order, and none of them by the host."""
    from pydicom.encaps import encapsulate

    datasets, voxels = make_series(40, (33, 47), "int16", RescaleSlope=2, RescaleIntercept=-7)
    for dataset, frame in zip(datasets, voxels, strict=True):
        dataset.file_meta.TransferSyntaxUID = syntax
        if route == RLE:
            dataset.PixelData = encapsulate([encode_frame(frame, syntax, 16, 16, "MONOCHROME2", 1)])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
    write_series(datasets, tmp_path)
    volume = hd.load_volume(tmp_path, device=DEVICE)
    assert is_cupy_array(volume.array)
    assert volume.report.frames_per_route == {route: 40}
    host = hd.load_volume(tmp_path, device="cpu")
    np.testing.assert_array_equal(to_numpy(volume.array), host.array)
    np.testing.assert_array_equal(volume.affine, host.affine)
    assert set(np.unique(host.array)) == set(np.unique(voxels * 2.0 - 7))

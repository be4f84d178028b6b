"""Peak memory of a load: the volume, the bytes as stored, and little else.  Measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless

from tests.make_series import make_series, write_series

MEASURE = """
import resource, sys
import hdgpu as hd
hd.load_volume(sys.argv[1])  # what is loaded and imported once
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
volume = hd.load_volume(sys.argv[2])
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * 1024, volume.array.nbytes, volume.report.encoded_bytes)
"""


@pytest.mark.parametrize("syntax", ["native", "JPEG-LS"])
def test_peak_memory(tmp_path: Path, syntax: str) -> None:
    small, _ = make_series(2)
    large, voxels = make_series(96, (512, 512))
    if syntax == "JPEG-LS":
        for dataset in [*small, *large]:
            noise = dataset.pixel_array & 0xFF  # full-range noise does not compress
            dataset.compress(JPEGLSLossless, noise, generate_instance_uid=False)
    write_series(small, tmp_path / "small")
    write_series(large, tmp_path / "large")
    output = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "small", tmp_path / "large"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    grown, volume, encoded = map(int, output.split())
    assert volume == voxels.size * np.dtype("float32").itemsize
    # Half of what is promised for growth beside the volume and the encoded bytes, which need not be held at all.
    assert grown <= volume + (32 << 20)
    assert grown <= volume + encoded + (64 << 20)

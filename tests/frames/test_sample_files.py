"""Every sample file through the whole path (header, offsets, route, engine), as a file and as a data set."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hdgpu.errors import HdgpuError
from tests.codecs.frames_of import assert_equal
from tests.frames.stored_values import stored_values
from tests.sample_files import INEXACT, OVERLONG, SAMPLE_FILES, UNDECODABLE, SampleFile


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "data set"])
@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
def test_equal_to_pydicom_or_a_named_error(file: SampleFile, as_file: bool) -> None:
    dataset = file.read()
    if as_file and file.package == "wsidicom-data":
        pytest.skip("a bare frame, no file")
    source = file.path() if as_file else dataset
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if file.name == "OT-PAL-8-face.dcm":  # no transfer syntax; that it is implicit VR little endian says enough
            expected = np.frombuffer(dataset.PixelData, np.uint8).reshape(file.rows, file.columns)
        elif file.name in {**UNDECODABLE, **OVERLONG}:
            with pytest.raises(HdgpuError):
                stored_values(source)
            return
        else:
            expected = dataset.pixel_array
    expected = expected if file.frames > 1 else expected[None]
    assert_equal(stored_values(source)[0], expected, exact=file.name not in INEXACT)

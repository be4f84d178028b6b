"""Every sample file through the whole path (header, offsets, route, engine), as a file and as a data set."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from hdgpu.codecs.route import route_for
from hdgpu.dicom.discover import discover
from hdgpu.dicom.frame_index import index_frames
from hdgpu.errors import HdgpuError
from hdgpu.frames.engine import run_plan
from hdgpu.frames.plain import plain_kind
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from tests.codecs.frames_of import assert_equal
from tests.sample_files import INEXACT, OVERLONG, SAMPLE_FILES, UNDECODABLE, SampleFile


def stored_values(source: Any) -> np.ndarray:
    """Decode all frames of an instance to stored values, as a volume would be filled with them."""
    (instance,) = discover(source).instances
    frames = FrameTable.bare(np.arange(instance.number_of_frames))
    pixel = instance.pixel
    route = route_for(instance.transfer_syntax_uid, pixel, vr=instance.pixel_data.vr)
    options = TransformOptions(apply_presentation_lut=False, apply_palette_color_lut=False)
    transform = compile_transform(pixel, frames.slope, frames.intercept, (), options, pixel.dtype)
    reader = FrameReader(instance, index_frames(instance), route, transform, plain_kind(route, transform, instance))
    plan = ScatterPlan.stack(np.arange(len(frames)), pixel.frame_shape, pixel.dtype)
    out = np.empty(plan.shape, plan.dtype)
    run_plan(plan, frames, [reader], out, workers=2)
    return out


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
    assert_equal(stored_values(source), expected, exact=file.name not in INEXACT)

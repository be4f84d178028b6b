"""The stored values of an instance through the whole path: header, offsets, route, engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from hdgpu.codecs.route import route_for
from hdgpu.dicom.discover import discover
from hdgpu.dicom.frame_index import index_frames
from hdgpu.frames.plain import plain_kind
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.image.decode import DecodeOptions, decode_plan
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from hdgpu.report import DecodeReport


def stored_values(source: Any, device: str = "cpu") -> tuple[Any, DecodeReport]:
    """Decode all frames of an instance to stored values on a device, as a volume would be filled with them."""
    (instance,) = discover(source).instances
    frames = FrameTable.bare(np.arange(instance.number_of_frames))
    pixel = instance.pixel
    route = route_for(instance.transfer_syntax_uid, pixel, vr=instance.pixel_data.vr)
    options = TransformOptions(apply_presentation_lut=False, apply_palette_color_lut=False)
    transform = compile_transform(pixel, frames.slope, frames.intercept, (), options, pixel.dtype)
    reader = FrameReader(instance, index_frames(instance), route, transform, plain_kind(route, transform, instance))
    plan = ScatterPlan.stack(np.arange(len(frames)), pixel.frame_shape, pixel.dtype)
    return decode_plan(plan, frames, [reader], DecodeOptions.of(device, workers=2))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.array.kernels import grid_for, launch, launching_on_host, program
from hdgpu.codecs.color import fused_ybr_to_rgb, ybr_to_rgb
from hdgpu.codecs.device.native import decode_native
from hdgpu.dicom.image_pixel import ImagePixel
from tests.kernels.native_frames import bytes_of, in_plain_steps, on_host
from tests.kernels.on_host import HostLauncher

MUTATIONS = [
    ("ybr.cuh", "fmaf(red, matrix.green_of_cr, fmaf(blue", "fmaf(red, -matrix.green_of_cr, fmaf(blue", "test_every"),
    ("ybr.cuh", "fmaf(red, matrix.red_of_cr, grey)", "red * matrix.red_of_cr + grey", "test_every"),
    ("ybr.cuh", "value + 0.5f", "value + 0.498f", "test_every"),
    ("ybr.cuh", "whole > 255.0f ? 255.0f", "whole > 255.0f ? 254.0f", "test_every"),
    ("ybr.cuh", "2.0173f", "2.0172f", "test_every"),
    ("ybr.cu", "plane % RUN == 0", "true", "test_any_layout"),
    ("ybr.cu", "pair[column & 1]", "pair[0]", "test_any_layout"),
    ("ybr.cu", "pair[i & 1]", "pair[0]", "test_any_layout"),
    ("ybr.cu", "(columns + 1) / 2 * 4", "columns * 2", "test_any_layout"),
    ("ybr.cu", "columns - at >= RUN && ", "", "test_any_layout"),
    ("ybr.cu", "is_aligned<ColorRun>(to + 3 * at)", "true", "test_rows_that"),
]


@pytest.mark.parametrize("partial", [0, 1])
def test_every_colour(partial: int) -> None:
    """All 2^24, as the plain steps; and as the host, where its matrix product fuses its steps."""
    number = np.arange(1 << 24, dtype=np.uint32)
    ybr = np.stack([number >> 16, number >> 8 & 255, number & 255], axis=-1).astype(np.uint8)
    out, start = np.empty_like(ybr), np.zeros(1, np.int64)
    with launching_on_host(HostLauncher()):
        kernel = program("ybr", LAYOUT="PIXELS", PARTIAL=partial)
        launch(kernel, grid_for(1 << 21), ybr, ybr, start, out, 1, 1, 1 << 24)
    some = np.random.default_rng(0).integers(0, 1 << 24, 1 << 20)
    np.testing.assert_array_equal(out[some], fused_ybr_to_rgb(ybr[some], partial=bool(partial)))
    host = ybr_to_rgb(ybr, np.empty_like(ybr), partial=bool(partial))
    fuses = ybr_to_rgb(np.array([[0, 178, 78]], np.uint8), np.empty((1, 3), np.uint8))[0, 1] == 19
    assert (host != out).any(axis=1).mean() <= (0 if fuses else 1e-4)


@settings(max_examples=80)
@given(
    st.sampled_from(["PIXELS", "PLANES", "PAIRS", "PARTIAL"]), st.integers(1, 6), st.integers(1, 40),
    st.sampled_from([8, 8, 8, 6]), st.integers(0, 3), st.sampled_from(["little", "big", "words"]), st.data(),
)  # fmt: skip
def test_any_layout(
    launcher: HostLauncher,
    layout: str,
    rows: int,
    columns: int,
    stored: int,
    frames: int,
    order: str,
    data: st.DataObject,
) -> None:
    """As the host decodes, swapped bytes and unused bits included."""
    photometric = {"PAIRS": "YBR_FULL_422", "PARTIAL": "YBR_PARTIAL_422"}.get(layout, "YBR_FULL")
    pixel = ImagePixel(
        rows, columns, 3, photometric, 8, stored, stored - 1, planar_configuration=int(layout == "PLANES")
    )
    length = pixel.frame_bits // 8
    apart, offset = length + data.draw(st.integers(0, 1)), data.draw(st.sampled_from([0, 0, 8, 1, 2]))
    raw = bytes_of((offset + 3 * apart + 1) // 2 * 2, data.draw(st.integers(0, 99)))
    starts = 8 * (offset + apart * np.arange(frames))
    given, flags = decode_native(raw, starts, pixel, order)
    assert flags is None
    assert "ybr" in launcher.launched or not frames
    np.testing.assert_array_equal(given, in_plain_steps(raw, starts, pixel, order).stored)
    host = on_host(raw, starts, pixel, order)
    assert np.abs(host.astype(int) - given).max(initial=0) <= 1  # for test_every_colour to judge


def test_rows_that_do_not_begin_on_a_word(launcher: HostLauncher) -> None:
    """Output that is aligned only to its elements, for each layout."""
    data = bytes_of(4 * 24, 0)
    for layout, source in (("PIXELS", data.reshape(-1, 3)), ("PLANES", data.reshape(3, -1).T)):
        memory = np.zeros(4 * 24 + 32, np.uint8)
        begin = -memory.ctypes.data % 16 + 1
        out, start = memory[begin : begin + 96], np.zeros(1, np.int64)
        launch(program("ybr", LAYOUT=layout, PARTIAL=0), grid_for(4), data, data, start, out, 1, 1, 32)
        np.testing.assert_array_equal(out.reshape(-1, 3), fused_ybr_to_rgb(source))
        assert not memory[:begin].any()
        assert not memory[begin + 96 :].any()

"""Colours bit for bit those of highdicom, and refused where it refuses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import hdgpu.color
from hdgpu.errors import HdgpuError, UnsupportedTransformError
from tests.make_icc_profile import gamma, lut_profile, matrix_profile, parametric, sampled
from tests.pixels.test_icc import PROFILES

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")

STORED = st.tuples(*[st.integers(0, 0xFFFF)] * 3)
DARK = st.tuples(st.integers(0, 9000), *[st.integers(0x8080 - 3000, 0x8080 + 3000)] * 2)


def rgb_of(color: Any, **options: Any) -> tuple[int, ...] | str:
    try:
        return tuple(color.to_rgb(**options))
    except ValueError:
        return "ValueError"


@settings(max_examples=500)
@given(STORED | DARK)
@example((5281, 32182, 31300))  # so near to a half that the rounding of the constants counts
def test_cielab_to_rgb(stored: tuple[int, int, int]) -> None:
    ours = hdgpu.color.CIELabColor.from_dicom_value(stored)
    theirs = highdicom.color.CIELabColor.from_dicom_value(stored)
    assert (ours.lab, ours.value) == (theirs.lab, theirs.value)
    assert rgb_of(ours) == rgb_of(theirs)
    assert rgb_of(ours, clip=True) == rgb_of(theirs, clip=True)


@settings(max_examples=500)
@given(st.tuples(*[st.integers(0, 255) | st.floats(0, 255)] * 3))
def test_rgb_to_cielab(rgb: tuple[float, float, float]) -> None:
    assert hdgpu.color.CIELabColor.from_rgb(*rgb).value == highdicom.color.CIELabColor.from_rgb(*rgb).value


@settings(max_examples=500)
@given(st.floats(0, 100), st.floats(-128, 127), st.floats(-128, 127))
def test_cielab_is_rounded_alike(l_star: float, a_star: float, b_star: float) -> None:
    ours = hdgpu.color.CIELabColor(l_star, a_star, b_star)
    assert ours.value == highdicom.color.CIELabColor(l_star, a_star, b_star).value


@given(st.integers(0, 0xFFFE))
def test_ties_are_rounded_alike(stored: int) -> None:
    lab = ((stored + 0.5) * 100 / 0xFFFF, (stored + 0.5) * 255 / 0xFFFF - 128, (stored + 0.5) * 255 / 0xFFFF - 128)
    assert hdgpu.color.CIELabColor(*lab).value == highdicom.color.CIELabColor(*lab).value


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        ("CIELabColor", (100.1, 0, 0)),
        ("CIELabColor", (50, 127.1, 0)),
        ("CIELabColor", (50, 0, float("nan"))),
        ("CIELabColor", ("50", 0, 0)),
        ("CIELabColor.from_dicom_value", ((1, 2),)),
        ("CIELabColor.from_dicom_value", ((1, 2, 65536),)),
        ("CIELabColor.from_dicom_value", ((1, 2, 3.0),)),
        ("CIELabColor.from_dicom_value", (5,)),
        ("CIELabColor.from_rgb", (0, 0, 255.1)),
        ("CIELabColor.from_rgb", ("0", 0, 0)),
        ("CIELabColor.from_string", ("no colour",)),
        ("CIELabColor.from_string", ("rgb(300, 0, 0)",)),
        ("ColorManager", (b"",)),
        ("ColorManager", (None,)),
        ("ColorManager", ("profile",)),
        ("ColorManager", (b"x" * 500,)),
        ("ColorManager", (lut_profile("mft2", 2)[:100],)),
    ],
)
def test_same_exceptions(make: str, arguments: tuple[Any, ...]) -> None:
    raised = []
    for module in (hdgpu.color, highdicom.color):
        name, _, method = make.partition(".")
        function = getattr(module, name)
        with pytest.raises((TypeError, ValueError)) as caught:
            (getattr(function, method) if method else function)(*arguments)
        raised.append(TypeError if isinstance(caught.value, TypeError) else ValueError)
    assert raised[0] is raised[1]


@pytest.mark.parametrize("name", PROFILES)
def test_frames_equal(name: str) -> None:
    profile = PROFILES[name]()
    rgb = np.random.default_rng(8).integers(0, 256, (150, 333, 3), dtype=np.uint8)
    for frame in (rgb, rgb[::-1, ::2], np.asfortranarray(rgb)):
        ours = hdgpu.color.ColorManager(profile).transform_frame(frame)
        theirs = highdicom.color.ColorManager(profile).transform_frame(frame)
        np.testing.assert_array_equal(ours, theirs, strict=True)


CURVE = (
    st.builds(gamma, st.floats(0.5, 3))
    | st.builds(lambda g: parametric(g, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04), st.floats(2.2, 2.6))
    | st.builds(lambda g, n: sampled(np.linspace(0.03, 0.97, n) ** g), st.floats(0.5, 3), st.integers(2, 600))
)
NEAR = st.floats(-0.02, 0.02)


def test_a_curve_with_a_jump_is_refused_where_no_table_meets_it() -> None:
    curves = [parametric(2.0, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04), gamma(2.0)]
    curves.append(sampled(np.linspace(0.03, 0.97, 2) ** 0.5))
    primaries = [(0.64, 0.33), (0.25, 0.65), (0.165625, 0.044375), (0.3127, 0.3290)]
    with pytest.raises(UnsupportedTransformError, match="no table of the ICC profile meets LittleCMS"):
        hdgpu.pixels.icc.icc_table.__wrapped__(matrix_profile(primaries, curves))


@settings(max_examples=30, derandomize=True)
@given(st.lists(CURVE, min_size=3, max_size=3), st.lists(NEAR, min_size=6, max_size=6), st.integers(0, 3))
def test_profiles_drawn_at_random(curves: list[bytes], shifts: list[float], intent: int) -> None:
    """highdicom, LittleCMS's table and ours, whatever the curves, the primaries and the header's intent."""
    primaries = [(0.64 + shifts[0], 0.33 + shifts[1]), (0.25 + shifts[2], 0.65 + shifts[3])]
    primaries += [(0.15 + shifts[4], 0.06 + shifts[5]), (0.3127, 0.3290)]
    profile = matrix_profile(primaries, curves, intent=intent)
    rgb = np.random.default_rng(9).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    theirs = highdicom.color.ColorManager(profile).transform_frame(rgb)
    np.testing.assert_array_equal(hdgpu.color.ColorManager(profile).transform_frame(rgb), theirs)
    try:
        table = hdgpu.pixels.icc.icc_table.__wrapped__(profile)
    except HdgpuError as error:
        pytest.fail(str(error))
    difference = np.abs(hdgpu.pixels.tetrahedral.apply_table(table, rgb).astype(int) - theirs)
    assert difference.max() <= 1


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5, 3)])
def test_same_exception_for_frames_without_three_dimensions(shape: tuple[int, ...]) -> None:
    for module in (hdgpu.color, highdicom.color):
        with pytest.raises(ValueError, match=r"dimensions|frames of colours"):
            module.ColorManager(lut_profile("mft2", 5)).transform_frame(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int8])
def test_same_exception_for_other_types(dtype: Any) -> None:
    for module in (hdgpu.color, highdicom.color):
        with pytest.raises(TypeError):
            module.ColorManager(lut_profile("mft2", 5)).transform_frame(np.zeros((4, 5, 3), dtype))

"""Colours in CIELab, and the colour management of frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from hdgpu.array.interop import to_numpy
from hdgpu.color import CIELabColor, ColorManager
from hdgpu.errors import InvalidAttributeError, UnsupportedPixelError
from hdgpu.pixels.icc import icc_table
from hdgpu.pixels.tetrahedral import apply_table
from tests.conftest import ArrayLibrary
from tests.make_icc_profile import ADOBE, gamma, lut_profile, matrix_profile

STORED = st.integers(0, 0xFFFF)
LEVEL = st.integers(0, 255)


@pytest.mark.parametrize(
    ("lab", "stored"),
    [
        ((0.0, -128.0, -128.0), (0x0000, 0x0000, 0x0000)),
        ((100.0, 127.0, 127.0), (0xFFFF, 0xFFFF, 0xFFFF)),
        ((50.0, 0.0, 0.0), (0x8000, 0x8080, 0x8080)),
    ],
)
def test_values_of_the_standard(lab: tuple[float, ...], stored: tuple[int, ...]) -> None:
    """PS3.3 C.10.7.1.1."""
    assert CIELabColor(*lab).value == stored
    assert CIELabColor.from_dicom_value(stored).lab == pytest.approx(lab, abs=0.001)


@given(st.tuples(STORED, STORED, STORED))
def test_stored_values_survive(stored: tuple[int, int, int]) -> None:
    color = CIELabColor.from_dicom_value(stored)
    assert CIELabColor(*color.lab) == color
    assert (color.l_star, color.a_star, color.b_star) == color.lab
    assert color.value == stored


@given(st.tuples(LEVEL, LEVEL, LEVEL))
def test_rgb_survives(rgb: tuple[int, int, int]) -> None:
    assert CIELabColor.from_rgb(*rgb).to_rgb() == rgb


def test_primaries_are_where_they_belong() -> None:
    """Of sRGB, as Lindbloom's calculator gives them for D65."""
    expected = {
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
    }
    for rgb, lab in expected.items():
        assert CIELabColor.from_rgb(*rgb).lab == pytest.approx(lab, abs=0.03)


@pytest.mark.parametrize("name", ["red", "Crimson", "#f73", "RGB(1, 2, 3)", "hsl(120, 100%, 50%)"])
def test_names(name: str) -> None:
    assert CIELabColor.from_string(name).to_rgb() == ImageColor.getrgb(name)


@pytest.mark.parametrize("name", ["no colour", "#ff773380", "rgba(1, 2, 3, 4)"])
def test_names_of_no_colour(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown color|opacity"):
        CIELabColor.from_string(name)


@pytest.mark.parametrize("lab", [(100.1, 0, 0), (-0.1, 0, 0), (50, 127.1, 0), (50, 0, -128.1), (float("nan"), 0, 0)])
def test_components_out_of_range(lab: tuple[float, ...]) -> None:
    with pytest.raises(InvalidAttributeError, match="_star is out of range"):
        CIELabColor(*lab)


@pytest.mark.parametrize("stored", [(-1, 0, 0), (0, 65536, 0), (1, 2), (1, 2, 3, 4)])
def test_stored_values_out_of_range(stored: tuple[int, ...]) -> None:
    with pytest.raises(InvalidAttributeError, match=r"out of range|three components"):
        CIELabColor.from_dicom_value(stored)


def test_stored_values_are_integers() -> None:
    with pytest.raises(TypeError):
        CIELabColor.from_dicom_value((1.0, 2.0, 3.0))  # type: ignore[arg-type]
    assert CIELabColor.from_dicom_value(np.array([1, 2, 3], np.uint16)).value == (1, 2, 3)  # type: ignore[arg-type]


def test_colours_that_srgb_does_not_have() -> None:
    color = CIELabColor(50.0, 100.0, -100.0)
    with pytest.raises(InvalidAttributeError, match="clip=True"):
        color.to_rgb()
    assert color.to_rgb(clip=True) == (180, 0, 255)
    with pytest.raises(InvalidAttributeError, match="0 to 255"):
        CIELabColor.from_rgb(0, 256, 0)


def test_equal_colours_are_equal() -> None:
    assert CIELabColor(50, 0, 0) == CIELabColor.from_dicom_value((0x8000, 0x8080, 0x8080))
    assert len({CIELabColor(50, 0, 0), CIELabColor(50, 0, 0), CIELabColor(51, 0, 0)}) == 2
    assert CIELabColor(50, 0, 0) != (0x8000, 0x8080, 0x8080)
    assert repr(CIELabColor(50, 0, 0)) == "CIELabColor(50.0008, 0.0000, 0.0000)"


# --- Colour management ------------------------------------------------------------------------------------------------

PROFILE = lut_profile("mft2", 9)
RGB = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)


def test_frames_stay_where_they_are(xp: ArrayLibrary) -> None:
    out = ColorManager(PROFILE).transform_frame(xp.asarray(RGB))
    assert xp.is_mine(out)
    if xp.name != "numpy":
        np.testing.assert_array_equal(to_numpy(out), apply_table(icc_table(PROFILE), RGB))
    assert np.abs(to_numpy(out) - ColorManager(PROFILE).transform_frame(RGB).astype(int)).max() <= 1


def test_profiles_of_other_types() -> None:
    expected = ColorManager(PROFILE).transform_frame(RGB)
    np.testing.assert_array_equal(ColorManager(bytearray(PROFILE)).transform_frame(RGB), expected)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes"):
        ColorManager("profile.icc")  # type: ignore[arg-type]


@pytest.mark.parametrize("absent", [None, b""])
def test_absent_profile(absent: bytes | None) -> None:
    with pytest.raises(InvalidAttributeError, match=r"\(0028,2000\) 'ICC Profile': there is no ICC profile"):
        ColorManager(absent)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5, 3), (4, 5, 1), (4, 5, 4)])
def test_frames_that_are_not_of_colours(xp: ArrayLibrary, shape: tuple[int, ...]) -> None:
    with pytest.raises(UnsupportedPixelError, match="ICC profile is applied to"):
        ColorManager(matrix_profile(ADOBE, gamma(2.2))).transform_frame(xp.asarray(np.zeros(shape, np.uint8)))

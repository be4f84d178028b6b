"""ICC profiles: the table against LittleCMS, its integers against their definition, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from hdgpu.array.device import Device
from hdgpu.array.interop import to_numpy
from hdgpu.errors import InvalidAttributeError, UnsupportedPixelError, UnsupportedTransformError
from hdgpu.pixels import icc, littlecms, tetrahedral
from hdgpu.pixels.icc import apply_icc_profile, icc_table
from hdgpu.pixels.littlecms import check_profile, littlecms_transform, transform_on_host
from hdgpu.pixels.tetrahedral import LARGEST_NODE, ONE, IccTable, apply_table
from tests.conftest import ArrayLibrary
from tests.make_icc_profile import (
    ADOBE,
    BT2020,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    gamma,
    lut_profile,
    matrix_profile,
    parametric,
    profile,
    sampled,
)

LEVELS = np.linspace(0, 1, 256)
PROFILES = {
    "sRGB": lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "crayons": lambda: (Path(pydicom.data.__file__).parent / "test_files" / "crayons.icc").read_bytes(),
    "Adobe RGB": lambda: matrix_profile(ADOBE, gamma(563 / 256)),
    "ProPhoto RGB": lambda: matrix_profile(PROPHOTO, parametric(1.8, 1, 0, 1 / 16, 1 / 32), version=4),
    "Display P3": lambda: matrix_profile(DISPLAY_P3, parametric(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
    "BT.2020": lambda: matrix_profile(BT2020, sampled(LEVELS**2.2), kind=b"mntr"),
    "camera": lambda: matrix_profile(ADOBE, [sampled(LEVELS**exponent) for exponent in (1.9, 2.1, 2.3)]),
    "flare": lambda: matrix_profile(SRGB, sampled(np.linspace(0.05, 0.9, 256) ** 2)),
    "ripple": lambda: matrix_profile(ADOBE, [sampled(np.sort(np.random.default_rng(i).random(256))) for i in range(3)]),
    "scanner mft1": lambda: lut_profile("mft1", 33),
    "scanner mft2": lambda: lut_profile("mft2"),
    "scanner mAB": lambda: lut_profile("mAB"),
    "dark scanner": lambda: lut_profile("mft2", flare=0.03, white=0.7),
    "bright scanner": lambda: lut_profile("mft1", 33, 1.1, flare=0.133, white=0.61),
    "scanner cut off": lambda: lut_profile("mft2", white=1.25),
    "scanner beyond white": lambda: lut_profile("mft2", 16, 2.17, flare=0.006, white=0.969, overlap=0.227),
    "scanner beyond black": lambda: lut_profile("mAB", 7, 1.24, flare=0.002, white=0.68, overlap=0.07),
}


@pytest.fixture(params=PROFILES)
def any_profile(request: pytest.FixtureRequest) -> bytes:
    return PROFILES[request.param]()


def some_colors(seed: int, count: int = 1 << 16) -> Any:
    """Return colours that the table was not tried on when it was made."""
    return np.random.default_rng(seed).integers(0, 256, (count, 3), dtype=np.uint8)


def littlecms_image(icc_profile: bytes, rgb: Any) -> Any:
    """Return what Pillow makes of a whole image."""
    import io

    source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    return np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), transform))


# --- Against LittleCMS ------------------------------------------------------------------------------------------------


def test_table_is_within_one_of_littlecms(any_profile: bytes) -> None:
    rgb = np.concatenate([some_colors(1), np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(-1, 3)])
    table = icc_table(any_profile)
    difference = np.abs(apply_table(table, rgb) - transform_on_host(any_profile, rgb).astype(int))
    assert difference.max() <= 1
    assert difference.mean() < 0.025
    assert (table.largest_error, table.mean_error) == pytest.approx((difference.max(), difference.mean()), abs=0.01)


@pytest.mark.parametrize(("name", "points"), [("ProPhoto RGB", 9), ("scanner mft2", 33), ("flare", 33)])
def test_no_more_nodes_than_needed(name: str, points: int) -> None:
    assert icc_table(PROFILES[name]()).points == points


def test_host_route_is_littlecms_itself(any_profile: bytes) -> None:
    rgb = some_colors(2, 300 * 301).reshape(300, 301, 3)
    np.testing.assert_array_equal(apply_icc_profile(any_profile, rgb), littlecms_image(any_profile, rgb))


@pytest.mark.parametrize("shape", [(0, 5, 3), (3,), (7, 3), (2, 3, 4, 3)])
def test_host_route_keeps_the_shape(shape: tuple[int, ...]) -> None:
    rgb = some_colors(3, int(np.prod(shape)) // 3).reshape(shape)
    out = apply_icc_profile(PROFILES["Adobe RGB"](), rgb)
    assert out.shape == shape
    assert out.flags.writeable
    if out.size:
        np.testing.assert_array_equal(
            out.reshape(1, -1, 3), littlecms_image(PROFILES["Adobe RGB"](), rgb.reshape(1, -1, 3))
        )


def test_host_route_takes_views_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(littlecms, "_BLOCK", 37)
    rgb = some_colors(4, 20 * 30).reshape(20, 30, 3)[::-2, 3:, ::-1]
    expected = littlecms_image(PROFILES["scanner mft2"](), np.ascontiguousarray(rgb))
    np.testing.assert_array_equal(transform_on_host(PROFILES["scanner mft2"](), rgb), expected)


def test_a_table_that_does_not_meet_littlecms_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a profile needs is tried, not guessed: without the grids a scanner's profile has no table."""
    fewer = lambda each: iter([icc._matrix_table(each)])  # noqa: E731
    monkeypatch.setattr(icc, "_candidates", fewer)
    with pytest.raises(UnsupportedTransformError, match="meets LittleCMS") as caught:
        icc_table.__wrapped__(PROFILES["scanner mft2"]())
    assert caught.value.found > 1


def test_tables_are_made_once() -> None:
    one, equal = PROFILES["Adobe RGB"](), PROFILES["Adobe RGB"]()
    assert one is not equal
    assert icc_table(one) is icc_table(equal)
    rgb = np.zeros((2, 3), np.uint8)
    apply_table(icc_table(one), rgb)
    before = tetrahedral._on_device.cache_info()
    apply_table(icc_table(equal), rgb)
    after = tetrahedral._on_device.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
    assert after.maxsize
    assert icc_table.cache_info().maxsize


def test_a_device_is_known_by_name() -> None:
    """CuPy's devices cannot be hashed, and each array has another object for its device."""
    places = {tetrahedral._Place(Device("cuda", index), [object()]) for index in (0, 0, 1)}
    assert len(places) == 2


# --- The integers -----------------------------------------------------------------------------------------------------


def defined(table: IccTable, color: Any) -> list[int]:
    """Compute one colour in Python's integers, word for word as IccTable defines it."""
    step = (table.points**2, table.points, 1)
    lowest = sum(int(table.corners[axis, value]) for axis, value in enumerate(color))
    f = [int(table.fractions[axis, value]) for axis, value in enumerate(color)]
    i, j, k = sorted(range(3), key=lambda axis: -f[axis])
    weights = (
        (lowest, 2**14 - f[i]),
        (lowest + step[i], f[i] - f[j]),
        (lowest + step[i] + step[j], f[j] - f[k]),
        (lowest + sum(step), f[k]),
    )
    values = []
    for channel in range(3):
        total = sum(int(table.nodes[node, channel]) * weight for node, weight in weights) + 2**13
        assert -(2**31) <= total < 2**31
        values.append(int(table.output[min(max(total >> 14, 0), 2**15)]))
    return values


@pytest.mark.parametrize("name", ["ProPhoto RGB", "scanner mAB"])
def test_same_integers_on_every_library(xp: ArrayLibrary, name: str) -> None:
    table = icc_table(PROFILES[name]())
    corners = np.stack(np.meshgrid(*[[0, 1, 254, 255]] * 3), -1).reshape(-1, 3)
    equal = np.array([[100, 100, 7], [100, 7, 100], [7, 100, 100], [7, 7, 100], [7, 100, 7], [100, 7, 7], [50, 50, 50]])
    rgb = np.concatenate([corners, equal, some_colors(5, 300)]).astype(np.uint8)
    out = apply_icc_profile(PROFILES[name](), xp.asarray(rgb)) if xp.name != "numpy" else apply_table(table, rgb)
    assert xp.is_mine(out)
    assert to_numpy(out).dtype == np.uint8
    np.testing.assert_array_equal(to_numpy(out), [defined(table, color) for color in rgb.tolist()])


@settings(max_examples=40)
@given(st.data())
def test_any_table_gives_what_is_defined(data: st.DataObject) -> None:
    """Whatever the nodes, up to the largest: nothing overflows, and equal fractions give no choice."""
    points = data.draw(st.integers(2, 4))
    random = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    largest = data.draw(st.sampled_from([0.1, 1.0, 2.5, LARGEST_NODE / ONE, 100.0]))
    nodes = random.choice([-1.0, 0.0, 0.5, 1.0], (points**3, 3)) * largest
    nodes += random.normal(0, 0.1, nodes.shape)
    positions = random.choice(np.linspace(0, 1, data.draw(st.integers(2, 200))), (3, 256))
    table = IccTable.of(positions, nodes, random.integers(0, 256, ONE + 1, dtype=np.uint8))
    rgb = random.integers(0, 256, (50, 3), dtype=np.uint8)
    np.testing.assert_array_equal(apply_table(table, rgb), [defined(table, color) for color in rgb.tolist()])


def test_shapes_views_and_blocks(xp: ArrayLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    table = icc_table(PROFILES["camera"]())
    rgb = some_colors(6, 4 * 5 * 6).reshape(4, 5, 6, 3)
    expected = apply_table(table, rgb)
    monkeypatch.setattr(tetrahedral, "_HOST_BLOCK", 7)
    monkeypatch.setattr(tetrahedral, "_DEVICE_BLOCK", 7)
    np.testing.assert_array_equal(to_numpy(apply_table(table, xp.asarray(rgb))), expected)
    np.testing.assert_array_equal(to_numpy(apply_table(table, xp.asarray(rgb)[1:3, :, ::2, :])), expected[1:3, :, ::2])
    np.testing.assert_array_equal(to_numpy(apply_table(table, xp.asarray(rgb[0, 0, 0]))), expected[0, 0, 0])
    assert apply_table(table, xp.asarray(rgb[:0])).shape == (0, 5, 6, 3)


def test_input_is_left_alone(xp: ArrayLibrary) -> None:
    rgb = some_colors(7, 50)
    given_ = xp.asarray(rgb)
    apply_icc_profile(PROFILES["Adobe RGB"](), given_)
    np.testing.assert_array_equal(to_numpy(given_), rgb)


# --- What is refused --------------------------------------------------------------------------------------------------

WHOLE = matrix_profile(ADOBE, gamma(2.2))


def patched(at: int, data: bytes) -> bytes:
    return WHOLE[:at] + data + WHOLE[at + len(data) :]


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b"", "no ICC profile"),
        (WHOLE[:60], "cut off .*132 bytes at least, found 60 bytes"),
        (WHOLE[:-1], f"cut off .*expected {len(WHOLE)} bytes, found {len(WHOLE) - 1} bytes"),
        (b"\xff\xd8" * 300, "no ICC profile .*acsp"),
        (patched(128, b"\0\1\0\0"), "list of tags is cut off"),
        (patched(132 + 8, b"\0\1\0\0"), "tag b'desc' lies beyond its end"),
        (patched(16, b"CMYK"), "not one of RGB .*found b'CMYK'"),
        (patched(16, b"GRAY"), "not one of RGB .*found b'GRAY'"),
        (patched(12, b"link"), "not one of a device .*found b'link'"),
        (patched(20, b"RGB "), "LittleCMS cannot use"),
        (profile({}), "LittleCMS cannot use"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(damaged: bytes, message: str) -> None:
    for refuse in (littlecms_transform, icc_table):
        with pytest.raises(InvalidAttributeError, match=message) as caught:
            refuse(damaged)
        assert "'ICC Profile'" in str(caught.value)


def test_every_cut_is_noticed() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(ValueError, match="ICC profile"):
            check_profile(WHOLE[:length])
    check_profile(WHOLE + b"\0")  # DICOM pads to an even length


@pytest.mark.parametrize("shape", [(), (4, 5), (4, 5, 1), (4, 5, 4)])
def test_other_than_three_samples_are_refused(xp: ArrayLibrary, shape: tuple[int, ...]) -> None:
    with pytest.raises(UnsupportedPixelError, match="three samples in the last axis"):
        apply_icc_profile(WHOLE, xp.asarray(np.zeros(shape, np.uint8)))


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint16", "bool"])
def test_other_types_than_uint8_are_refused(xp: ArrayLibrary, dtype: str) -> None:
    with pytest.raises(TypeError, match=f"uint8, not {dtype}"):
        apply_icc_profile(WHOLE, xp.asarray(np.zeros((2, 3)), dtype=dtype))


def test_lists_are_refused() -> None:
    with pytest.raises(TypeError, match="not in list"):
        apply_icc_profile(WHOLE, [[1, 2, 3]])

"""Padding: against NumPy's on the same array, in every array library, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.enum import PadModes
from hdgpu.errors import OutputTypeError, VolumeError, VolumeIndexError
from hdgpu.volume import Volume, VolumeGeometry
from hdgpu.volume.padding import Fill, Window

AFFINE = np.array([[0.0, 0, 2, 10], [0, -3, 0, 20], [1.5, 0, 0, 30], [0, 0, 0, 1]])
SHAPE = (2, 3, 4)
CHANNELS = {"DiffusionBValue": [0.0, 500.0, 1000.0], "EchoTime": [5.0, 10.0]}
WIDTHS = [[1, 2], [0, 3], [4, 0]]
STATISTICS = ["MINIMUM", "MAXIMUM", "MEAN", "MEDIAN"]


def voxels(dtype="int16", channels=()):
    values = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 90, (*SHAPE, *channels))
    return values.astype(dtype)


def make(array, channels=None):
    return Volume(array, AFFINE, "PATIENT", "1.2.3", channels)


def numpys(host, **options):
    """Return NumPy's padding with constants, or with its edge mode."""
    return np.pad(host, [*WIDTHS, *[[0, 0]] * (host.ndim - 3)], **options)


# --- Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
)
@pytest.mark.parametrize("mode", ["CONSTANT", "EDGE", *STATISTICS])
def test_every_type_and_mode(xp, dtype, mode):
    if xp.name == "torch" and dtype == "uint64" and mode in ("MINIMUM", "MAXIMUM"):
        pytest.skip("torch has no extremes of uint64")
    host = voxels(dtype)
    result = make(xp.asarray(host)).pad(WIDTHS, mode=mode, constant_value=1)
    if mode == "EDGE":
        expected = numpys(host, mode="edge")
    else:
        # assigned to the array as NumPy assigns: towards zero
        value = {"CONSTANT": 1, "MINIMUM": host.min(), "MAXIMUM": host.max(), "MEAN": host.mean(dtype=np.float64)}
        value["MEDIAN"] = np.median(host)
        expected = numpys(host, constant_values=np.asarray(value[mode]).astype(dtype))
    np.testing.assert_array_equal(to_numpy(result.array), expected)
    assert dtype_name(result.dtype) == dtype
    assert xp.is_mine(result.array)
    assert result.position == (10.0 + 2.0 * -4, 20.0, 30.0 - 1.5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("mode", ["CONSTANT", "EDGE", *STATISTICS])
def test_half_precision(dtype, mode):
    torch = pytest.importorskip("torch")
    tensor = torch.asarray(voxels("float32") * 700).to(getattr(torch, dtype))
    result = make(tensor).pad(1, mode=mode, constant_value=3.0)
    assert result.dtype == tensor.dtype
    value = {
        "CONSTANT": 3.0,
        "EDGE": tensor[0, 0, 0],
        "MINIMUM": tensor.min(),
        "MAXIMUM": tensor.max(),
        "MEAN": tensor.to(torch.float64).mean(),  # of 24 numbers whose sum half precision cannot hold
        "MEDIAN": np.median(tensor.to(torch.float64).numpy()),
    }[mode]
    assert float(result.array[0, 0, 0]) == float(torch.asarray(value).to(tensor.dtype))


@pytest.mark.parametrize("mode", STATISTICS)
@pytest.mark.parametrize("channels", [{}, {"EchoTime": [5.0, 10.0]}, CHANNELS])
@pytest.mark.parametrize("per_channel", [False, True])
def test_statistics_of_channels(xp, mode, channels, per_channel):
    host = voxels("float64", tuple(map(len, channels.values()))) ** 2
    result = make(xp.asarray(host), channels).pad(1, mode=mode, per_channel=per_channel)
    statistic = {"MINIMUM": np.min, "MAXIMUM": np.max, "MEAN": np.mean, "MEDIAN": np.median}[mode]
    expected = statistic(host, axis=(0, 1, 2)) if per_channel else np.full(host.shape[3:], statistic(host))
    np.testing.assert_allclose(to_numpy(result.array)[0, 0, 0], expected, rtol=1e-14)
    np.testing.assert_array_equal(to_numpy(result.array)[1:-1, 1:-1, 1:-1], host)


@pytest.mark.parametrize(
    ("channels", "constants"),
    [
        ({"EchoTime": [5.0, 10.0]}, [7, -8]),
        (CHANNELS, [[1, 2], [3, 4], [5, 6]]),
        (CHANNELS, np.arange(6).reshape(3, 2)),
    ],
)
def test_a_constant_for_each_channel(xp, channels, constants):
    host = voxels(channels=tuple(map(len, channels.values())))
    result = make(xp.asarray(host), channels).pad([0, 1], constant_value=constants, per_channel=True)
    array = to_numpy(result.array)
    np.testing.assert_array_equal(array[-1], np.broadcast_to(constants, array[-1].shape))
    np.testing.assert_array_equal(array[:, :, -1], np.broadcast_to(constants, array[:, :, -1].shape))
    np.testing.assert_array_equal(array[:-1, :-1, :-1], host)


@pytest.mark.parametrize("values", [[0, 1, np.nan, 3], [0, np.inf, 1, 2], [-np.inf, np.inf, 1, 2], [np.inf] * 4])
@pytest.mark.parametrize("mode", STATISTICS)
def test_values_that_are_not_finite(xp, values, mode):
    host = np.array(values).reshape(1, 1, -1)
    statistic = {"MINIMUM": np.min, "MAXIMUM": np.max, "MEAN": np.mean, "MEDIAN": np.median}[mode]
    with np.errstate(invalid="ignore"):
        expected = statistic(host)
        result = make(xp.asarray(host)).pad(1, mode=mode)
    np.testing.assert_array_equal(to_numpy(result.array)[0, 0, 0], expected)


@pytest.mark.parametrize(
    ("values", "expected"), [([-1, -2, -2, -5], -2), ([-1, -2], -1), ([1, 2], 1), ([-3, -3, -2], -3)]
)
def test_means_and_medians_of_integers_lose_their_fraction(xp, values, expected):
    host = np.array(values, dtype=np.int16).reshape(1, 1, -1)
    assert int(to_numpy(make(xp.asarray(host)).pad(1, mode="MEDIAN").array)[0, 0, 0]) == expected
    assert int(to_numpy(make(xp.asarray(host)).pad(1, mode="MEAN").array)[0, 0, 0]) == math.trunc(np.mean(values))


@pytest.mark.parametrize("mode", ["MEAN", "MEDIAN"])
@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_the_largest_integers_do_not_wrap(xp, dtype, mode):
    largest = int(np.iinfo(dtype).max)
    result = make(xp.asarray(np.full((1, 1, 2), largest, dtype=dtype))).pad(1, mode=mode)
    value = int(to_numpy(result.array)[0, 0, 0])
    assert 0 <= largest - value < 4096  # float64 comes no closer


def test_layouts_of_memory():
    """Fortran order, a step, another byte order and a read-only array: what NumPy has and others have not."""
    host = voxels("float32")
    expected = numpys(host, mode="edge")
    read_only = host.copy()
    read_only.flags.writeable = False
    for array in (np.asfortranarray(host), np.repeat(host, 2, axis=2)[..., ::2], host.astype(">f4"), read_only):
        result = make(array).pad(WIDTHS, mode="EDGE")
        np.testing.assert_array_equal(result.array, expected)
        assert result.dtype == array.dtype


def test_only_the_result_is_allocated():
    """No temporary of the size of the array: not by the mean of half precision numbers, either."""
    import tracemalloc

    array = np.ones((64, 64, 64), dtype=np.float16)
    for mode in PadModes:
        if mode is PadModes.MEDIAN:
            continue  # which has to sort
        tracemalloc.start()
        result = make(array).pad(1, mode=mode)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < result.array.nbytes * 1.2, mode


@pytest.mark.usefixtures("its_device")
def test_the_result_is_always_a_new_array(xp):
    volume = make(xp.asarray(voxels()))
    for result in (volume.pad(0), volume.pad_to_spatial_shape(SHAPE), volume.pad_or_crop_to_spatial_shape((1, 3, 4))):
        result.array[0, 0, 0] = 99
    np.testing.assert_array_equal(to_numpy(volume.array), voxels())


def test_the_rest_is_kept(xp):
    report = object()
    volume = Volume(xp.asarray(voxels(channels=(1,))), AFFINE, "SLIDE", "1.2.3", {"EchoTime": [5.0]}, report=report)
    result = volume.pad(1)
    assert (result.frame_of_reference_uid, result.coordinate_system.value) == ("1.2.3", "SLIDE")
    assert result.get_channel_values("EchoTime") == [5.0]
    assert result.report is report


# --- Shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pad_width", "widths"),
    [
        (1, [[1, 1]] * 3),
        (np.int64(1), [[1, 1]] * 3),
        ([1, 2], [[1, 2]] * 3),
        (((1,), (2,), (0,)), [[1, 1], [2, 2], [0, 0]]),
        ([(1, 2), (3, 4), (5, 6)], [[1, 2], [3, 4], [5, 6]]),
        (np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8), [[1, 2], [3, 4], [5, 6]]),
    ],
)
def test_arrangements_of_widths(pad_width, widths):
    expected = np.pad(voxels(), widths, constant_values=-1)
    result = make(voxels()).pad(pad_width, constant_value=-1)
    np.testing.assert_array_equal(result.array, expected)
    np.testing.assert_allclose(
        result.map_indices_to_reference([[before for before, _ in widths]]), [make(voxels()).position], atol=1e-12
    )
    assert make(voxels()).get_geometry().pad(pad_width).geometry_equal(result, tol=None)


@pytest.mark.parametrize(
    "pad_width",
    [-1, (1, -1), [[1], [1], [-1]], [[0, 0], [0, 0], [0, -2]], (1,), (1, 2, 3), [[1]], [[1, 2]], [[1, 2], [1], [1]],
     [[1, 2, 3]] * 3, [], [[]] * 3],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["volume", "geometry"])
def test_widths_that_are_none(pad_width, kind):
    padded = make(voxels()) if kind == "volume" else make(voxels()).get_geometry()
    with pytest.raises(VolumeError, match="pad_width"):
        padded.pad(pad_width)


@pytest.mark.parametrize("pad_width", [1.0, True, None, "1", [1.0, 2.0], [[1.5], [1], [1]]])
def test_widths_are_integers(pad_width):
    with pytest.raises(TypeError, match="pad_width"):
        make(voxels()).pad(pad_width)


def test_shapes_that_cannot_be_padded_to():
    volume = make(voxels())
    for shape in ((1, 3, 4), (3, 3), (3, 3, 4, 5)):
        with pytest.raises(VolumeError, match="shape"):
            volume.pad_to_spatial_shape(shape)
    for shape in ((0, 3, 4), (5, -1, 4)):
        with pytest.raises(VolumeIndexError):
            volume.pad_or_crop_to_spatial_shape(shape)
    for method in (volume.pad_to_spatial_shape, volume.pad_or_crop_to_spatial_shape):
        with pytest.raises(TypeError):
            method((2.5, 3, 4))
        with pytest.raises(TypeError, match="three sizes"):
            method(5)


def test_a_crop_comes_before_the_statistic():
    host = np.array([9, 1, 1, 9], dtype=np.uint8).reshape(1, 1, 4)
    assert make(host).pad_or_crop_to_spatial_shape((2, 1, 2), mode="MAXIMUM").array[1].tolist() == [[1, 1]]


# --- Constants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "constant"),
    [
        ("uint8", 256), ("uint8", -1), ("uint8", 1.5), ("uint8", np.nan), ("uint8", np.inf), ("int16", 1e10),
        ("int16", -32769), ("int64", 2**63), ("int64", 2.0**63), ("bool", 2), ("bool", 0.5), ("bool", np.nan),
        ("float32", 1e39), ("float32", 2**2000), ("float64", 2**2000),
    ],
)  # fmt: skip
def test_constants_that_a_type_cannot_hold(xp, dtype, constant):
    """highdicom wraps most of these: 300 becomes 44 in uint8."""
    with pytest.raises(OutputTypeError, match="constant_value"):
        make(xp.asarray(voxels(dtype))).pad(1, constant_value=constant)


@pytest.mark.parametrize(
    ("dtype", "constant"),
    [("uint8", 255.0), ("int64", 2**63 - 1), ("bool", True), ("bool", 0.0), ("float32", np.inf), ("float64", 2**60),
     ("float32", np.nan), ("int16", np.float32(-7)), ("int16", np.array(3))],
)  # fmt: skip
def test_constants_that_a_type_holds(xp, dtype, constant):
    result = make(xp.asarray(voxels(dtype))).pad(1, constant_value=constant)
    np.testing.assert_array_equal(to_numpy(result.array)[0, 0, 0], np.asarray(constant).astype(dtype))


@pytest.mark.parametrize("constant", ["1", None, 1 + 2j])
def test_constants_are_numbers(constant):
    with pytest.raises(TypeError, match="constant_value"):
        make(voxels("float64")).pad(1, constant_value=constant)


def test_constants_must_match_the_channels():
    volume = make(voxels(channels=(2,)), {"EchoTime": [5.0, 10.0]})
    with pytest.raises(VolumeError, match="per_channel"):  # in highdicom, the first before and the second after
        volume.pad(1, constant_value=[1, 2])
    for constants in ([1], [1, 2, 3], [[1, 2]]):
        with pytest.raises(VolumeError, match="constants"):
            volume.pad(1, constant_value=constants, per_channel=True)
    with pytest.raises(VolumeError):
        make(voxels()).pad(1, constant_value=[1], per_channel=True)
    assert make(voxels()).pad(1, constant_value=1, per_channel=True).array[0, 0, 0] == 1


@pytest.mark.parametrize("mode", ["REFLECT", None, 3, ""])
def test_unknown_modes(mode):
    with pytest.raises(ValueError, match="PadModes"):
        make(voxels()).pad(1, mode=mode)
    # a geometry has no voxels, and ignores what they would be
    assert make(voxels()).get_geometry().pad(1, mode=mode).spatial_shape == (4, 5, 6)


# --- Windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("its_device")
@given(
    starts=st.tuples(*[st.integers(-6, 6)] * 3),
    sizes=st.tuples(*[st.integers(1, 5)] * 3),
    mode=st.sampled_from(["EDGE", "CONSTANT", "MAXIMUM"]),
)
@settings(max_examples=60)
def test_windows_anywhere(xp, starts, sizes, mode):
    """Beside the volume, too: an index is clipped to it, or else is outside."""
    host = voxels()
    result = Window(starts, sizes).of_array(xp.asarray(host), Fill(mode, 91, False))
    indices = [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    nearest = np.ix_(*(np.clip(each, 0, there - 1) for each, there in zip(indices, SHAPE, strict=True)))
    expected = host[nearest]
    if mode != "EDGE":
        inside = [(each >= 0) & (each < there) for each, there in zip(indices, SHAPE, strict=True)]
        outside = ~(inside[0][:, None, None] & inside[1][:, None] & inside[2])
        expected[outside] = 91 if mode == "CONSTANT" else host.max()
    np.testing.assert_array_equal(to_numpy(result), expected)
    geometry = VolumeGeometry(AFFINE, SHAPE, "PATIENT")
    np.testing.assert_allclose(
        Window(starts, sizes).of_affine(AFFINE)[:3, 3], geometry.map_indices_to_reference([starts])[0], atol=1e-12
    )

"""Voxel values: against highdicom on the same calls, in every array library."""

import highdicom
import numpy as np
import pytest

from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.errors import OutputTypeError, VolumeError
from hdgpu.volume import Volume

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"]
FLOATS = ["float32", "float64"]


def line(values, dtype=None):
    return np.asarray(values, dtype=dtype).reshape(1, 1, -1)


def ours(xp, array, channels=None):
    return Volume(xp.asarray(array), np.eye(4), "PATIENT", channels=channels)


def theirs(array, channels=None):
    return highdicom.Volume(array, np.eye(4), "PATIENT", channels=channels)


def check_against(result, expected, xp, **tolerance):
    assert dtype_name(result.dtype) == expected.dtype.name
    np.testing.assert_allclose(to_numpy(result.array), expected.array, **{"rtol": 0, "atol": 0, **tolerance})
    assert xp.is_mine(result.array)


# --- Casting ----------------------------------------------------------------------------------------------------------

VALUES = {
    "uint8": [0, 1, 255],
    "int8": [-128, 0, 127],
    "uint16": [0, 255, 65535],
    "int16": [-32768, 5, 32767],
    "int32": [-(2**31), 0, 2**31 - 1],
    "int64": [-(2**40), 3, 2**40],
    "float32": [-1.75, 0.5, 1000.25],
    "float64": [0.0, 254.9, 1e300],
}


@pytest.mark.parametrize("target", ["bool", *VALUES])
@pytest.mark.parametrize("source", VALUES)
@pytest.mark.parametrize("scale", [0, 1])
def test_astype_is_highdicoms(xp, source, target, scale):
    array = line(VALUES[source], source) * np.asarray(scale, dtype=source)
    try:
        expected = theirs(array).astype(np.dtype(target))
    except ValueError:
        with pytest.raises(OutputTypeError):
            ours(xp, array).astype(target)
    else:
        check_against(ours(xp, array).astype(target), expected, xp)


def test_astype_takes_the_types_of_the_library_and_of_python(xp):
    volume = ours(xp, line([0, 1, 2], "int16"))
    assert dtype_name(volume.astype(float).dtype) == "float64"
    assert dtype_name(volume.astype(xp.namespace.float32).dtype) == "float32"


@pytest.mark.usefixtures("its_device")
def test_astype_copies_and_leaves_the_volume_alone(xp):
    volume = ours(xp, line([0, 1, 2], "int16"))
    volume.astype("int16").array[0, 0, 0] = 9
    assert to_numpy(volume.array).ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_integer(xp, value):
    volume = ours(xp, line([value, 1.0]))
    for target in ("int32", "int64", "uint8"):
        with pytest.raises(OutputTypeError):
            volume.astype(target)
    with pytest.raises(OutputTypeError):
        volume.astype(bool)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so_in_a_smaller_float(xp, value):
    np.testing.assert_array_equal(
        to_numpy(ours(xp, line([value, 1.5])).astype("float32").array), line([value, 1.5], "float32")
    )


def test_the_first_number_that_an_integer_cannot_hold(xp):
    """2**63 as float64 wraps around in highdicom."""
    with pytest.raises(OutputTypeError):
        ours(xp, line([2.0**63, 0.0])).astype("int64")
    assert int(ours(xp, line([2.0**62, 0.0])).astype("int64").array[0, 0, 0]) == 2**62


@pytest.mark.parametrize("dtype", [object, str, complex, "datetime64[s]"])
def test_other_types_are_no_voxel_types(dtype):
    with pytest.raises((OutputTypeError, TypeError)):
        Volume(line([1.0, 2.0]), np.eye(4), "PATIENT").astype(dtype)
    with pytest.raises(VolumeError, match="found"):
        Volume(np.zeros((2, 3, 4), dtype=dtype), np.eye(4), "PATIENT")


# --- Clipping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize(
    "bounds", [(3, 7), (None, 7), (3, None), (None, None), (-1, 5), (2, 300), (2.5, 7.5), (np.float64(2), None)]
)
def test_clip_is_highdicoms(xp, dtype, bounds):
    array = line(np.arange(10), dtype)
    check_against(ours(xp, array).clip(*bounds), theirs(array).clip(*bounds), xp)


@pytest.mark.parametrize("bounds", [(300, None), (None, -1), (300, 400), (-5, -1)])
def test_bounds_that_the_type_cannot_hold(xp, bounds):
    array = line([1, 100, 200], "uint8")
    with pytest.raises(OverflowError):
        theirs(array).clip(*bounds)
    with pytest.raises(OutputTypeError):
        ours(xp, array).clip(*bounds)


@pytest.mark.parametrize("bound", ["3", [1, 2], np.array([1, 2]), 1j])
def test_bounds_are_numbers(bound):
    with pytest.raises(TypeError):
        Volume(line([1, 2]), np.eye(4), "PATIENT").clip(bound, None)


@pytest.mark.usefixtures("its_device")
def test_clip_leaves_the_volume_alone(xp):
    volume = ours(xp, line([1.0, 2.0, 3.0]))
    volume.clip(None, None).array[0, 0, 0] = 9.0
    volume.clip(2.0, 2.0)
    assert to_numpy(volume.array).ravel().tolist() == [1.0, 2.0, 3.0]


# --- Normalising ------------------------------------------------------------------------------------------------------


def samples(dtype, shape=(3, 4, 5, 2)):
    values = np.random.default_rng(0).normal(50, 20, shape)
    values[..., -1] += 17
    return values.astype(dtype)


TOLERANCE = {"float32": {"atol": 1e-5}, "float64": {"atol": 1e-12}}


def tolerance(dtype):
    return TOLERANCE.get(dtype, TOLERANCE["float64"])


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("options", [{}, {"per_channel": True}, {"output_min": -1.0, "output_max": 3}])
def test_normalize_min_max_is_highdicoms(xp, dtype, options):
    array, channels = samples(dtype), {"EchoTime": [1.0, 2.0]}
    array = np.clip(array, 0, 100)  # highdicom overflows on the full range of a signed type
    expected = theirs(array, channels).normalize_min_max(**options)
    check_against(ours(xp, array, channels).normalize_min_max(**options), expected, xp, **tolerance(dtype))


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("options", [{}, {"per_channel": False}, {"output_mean": 2, "output_std": 3.0}])
def test_normalize_mean_std_is_highdicoms(xp, dtype, options):
    array, channels = samples(dtype), {"EchoTime": [1.0, 2.0]}
    expected = theirs(array, channels).normalize_mean_std(**options)
    check_against(ours(xp, array, channels).normalize_mean_std(**options), expected, xp, **tolerance(dtype))


def test_normalizing_on_numpy_is_highdicoms_bit_for_bit():
    array = samples("float64", (3, 4, 5))
    for name in ("normalize_min_max", "normalize_mean_std"):
        result = getattr(Volume(array, np.eye(4), "PATIENT"), name)().array
        np.testing.assert_array_equal(result, getattr(theirs(array), name)().array)


def test_normalizing_leaves_the_volume_alone(xp):
    for dtype in ("float64", "int16"):
        array = samples(dtype, (3, 4, 5, 1))
        volume = ours(xp, array, {"EchoTime": [1.0]})
        volume.normalize_min_max()
        volume.normalize_mean_std()
        np.testing.assert_array_equal(to_numpy(volume.array), array)


def test_a_constant_has_no_range(xp):
    volume = ours(xp, line([3.0, 3.0, 3.0]))
    assert to_numpy(volume.normalize_min_max(-1, 5).array).ravel().tolist() == [-1.0] * 3
    assert to_numpy(volume.normalize_mean_std(output_mean=7).array).ravel().tolist() == [7.0] * 3


def test_the_full_range_of_a_signed_type(xp):
    """highdicom subtracts in int8 and gives 128 for the zero."""
    result = ours(xp, line([-128, 0, 127], "int8")).normalize_min_max()
    np.testing.assert_allclose(to_numpy(result.array).ravel(), [0.0, 128 / 255, 1.0])


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_half_precision_does_not_overflow(library):
    """highdicom's deviation of such values is infinite, and its result all zero."""
    array = np.arange(240, dtype="float16").reshape(4, 5, 6, 2) * 100
    if library == "torch":
        array = pytest.importorskip("torch").asarray(array)
    volume = Volume(array, np.eye(4), "PATIENT", channels={"EchoTime": [1.0, 2.0]})
    result = volume.normalize_mean_std()
    assert dtype_name(result.dtype) == "float16"
    assert float(result.numpy().astype(float).std()) == pytest.approx(1.0, abs=1e-2)


def test_bool_is_normalized(xp):
    result = ours(xp, line([True, False, True])).normalize_min_max(0, 10)
    assert to_numpy(result.array).ravel().tolist() == [10.0, 0.0, 10.0]


def test_outputs_that_are_none():
    volume = Volume(line([1.0, 2.0]), np.eye(4), "PATIENT")
    for low, high in ((1, 1), (1, 0), (0, np.nan)):
        with pytest.raises(VolumeError):
            volume.normalize_min_max(low, high)
    for deviation in (0, -1, np.nan):
        with pytest.raises(VolumeError):
            volume.normalize_mean_std(output_std=deviation)

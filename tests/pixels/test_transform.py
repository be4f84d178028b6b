from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.array.interop import to_numpy
from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.instance import Instance
from hdgpu.errors import MissingTransformError, OutputTypeError
from hdgpu.pixels.attributes import TransformAttributes, read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from hdgpu.pixels.reference import affine
from hdgpu.pixels.run import transform_frame
from hdgpu.pixels.transform import PixelTransform, TransformKind
from tests.conftest import ArrayLibrary
from tests.make_series import make_dataset

STORED_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32")


def pixel_of(dtype: str, **fields: Any) -> ImagePixel:
    kind = np.dtype(dtype)
    bits = kind.itemsize * 8
    known = {
        "bits_allocated": bits,
        "bits_stored": bits,
        "high_bit": bits - 1,
        "pixel_representation": kind.kind == "i",
    }
    return ImagePixel(3, 1, **{**known, **fields})


def compiled(pixel: ImagePixel, slope: float, intercept: float, dtype: Any, **options: Any) -> PixelTransform:
    attributes = options.pop("attributes", ())
    return compile_transform(
        pixel, np.array([slope]), np.array([intercept]), attributes, TransformOptions(**options), dtype
    )


def attributes_of(**attributes: Any) -> tuple[TransformAttributes, ...]:
    """Return what a data set with these attributes says."""
    header = header_of_dataset(make_dataset(np.zeros((3, 4), np.uint16), **attributes))
    return read_attributes(Instance(header), {})


def run(transform: PixelTransform, stored: np.ndarray) -> np.ndarray:
    out = np.empty(stored.shape, transform.dtype)
    transform_frame(transform, 0, stored, out)
    return out


def values_of(dtype: str, seed: int, count: int = 50_000) -> np.ndarray:
    info = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(info.min, info.max, count, dtype, endpoint=True)
    values[:2] = info.min, info.max
    return values


slopes = st.one_of(st.sampled_from([1.0, 2.0, -1.0, 0.5, 0.1]), st.floats(-1e4, 1e4, allow_subnormal=False))
intercepts = st.one_of(st.sampled_from([0.0, -1024.0, 0.3]), st.floats(-1e5, 1e5, allow_subnormal=False))


@given(st.sampled_from(STORED_TYPES), slopes, intercepts, st.integers(0, 99))
def test_host_pass_equals_reference(dtype: str, slope: float, intercept: float, seed: int) -> None:
    """float64 bit for bit; float32 is the float64 result rounded once."""
    stored = values_of(dtype, seed)
    reference = affine(stored[None], np.array([slope]), np.array([intercept]))[0]
    pixel = pixel_of(dtype)
    np.testing.assert_array_equal(run(compiled(pixel, slope, intercept, np.float64), stored), reference)
    np.testing.assert_array_equal(
        run(compiled(pixel, slope, intercept, np.float32), stored), reference.astype(np.float32)
    )


@given(st.sampled_from(STORED_TYPES), st.integers(-3, 3), st.integers(-2000, 2000), st.sampled_from(["int32", "int16"]))
def test_integer_output_is_right_or_refused(dtype: str, slope: int, intercept: int, output: str) -> None:
    stored = values_of(dtype, 1, 1000)
    expected = stored.astype(object) * slope + intercept
    info = np.iinfo(output)
    transform = compiled(pixel_of(dtype), slope, intercept, output)
    if expected.min() < info.min or expected.max() > info.max:
        with pytest.raises(OutputTypeError, match=f"do not fit into {output}"):
            run(transform, stored)
    else:
        np.testing.assert_array_equal(run(transform, stored), expected.astype(output))


def test_in_place_where_stored_and_output_are_one_array() -> None:
    stored = values_of("int16", 5) // 4
    expected = stored * np.int16(2) - np.int16(7)
    transform_frame(compiled(pixel_of("int16"), 2, -7, "int16"), 0, stored, stored)
    np.testing.assert_array_equal(stored, expected)


def test_identity() -> None:
    stored = values_of("uint16", 2)
    for slope, intercept in ((1.0, 0.0), (np.nan, np.nan)):
        transform = compiled(pixel_of("uint16"), slope, intercept, np.float32)
        assert transform.kind is TransformKind.IDENTITY
        np.testing.assert_array_equal(run(transform, stored), stored.astype(np.float32))
    assert compiled(pixel_of("uint16"), 2, 1, "f4", apply_modality_transform=False).kind is TransformKind.IDENTITY


def test_identity_into_a_smaller_type_looks_at_the_values() -> None:
    transform = compiled(pixel_of("uint16"), 1, 0, "uint8")
    np.testing.assert_array_equal(run(transform, np.array([0, 255], "uint16")), [0, 255])
    with pytest.raises(OutputTypeError, match="values from 0 to 256"):
        run(transform, np.array([0, 256], "uint16"))


def test_float16_never_overflows_silently() -> None:
    transform = compiled(pixel_of("uint16"), 2, 0, np.float16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(run(transform, np.array([0, 1000], "uint16")), [0, 2000])
        with pytest.raises(OutputTypeError, match="float16"):
            run(transform, np.array([0, 40000], "uint16"))


@pytest.mark.parametrize("dtype", ["uint16", "int16"])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -1000)])
def test_inversion_swaps_the_ends_of_the_range(dtype: str, bits: int, slope: int, intercept: int) -> None:
    pixel = pixel_of(dtype, bits_stored=bits, high_bit=bits - 1, photometric_interpretation="MONOCHROME1")
    ends = np.array(pixel.stored_range, dtype)
    values = run(compiled(pixel, slope, intercept, np.float64), ends)
    np.testing.assert_array_equal(values, (ends.astype(float) * slope + intercept)[::-1])
    plain = run(compiled(pixel, slope, intercept, np.float64, apply_presentation_lut=False), ends)
    np.testing.assert_array_equal(plain, ends.astype(float) * slope + intercept)


def test_presentation_lut_shape_goes_before_the_photometric_interpretation() -> None:
    inverse, identity = attributes_of(PresentationLUTShape="INVERSE"), attributes_of(PresentationLUTShape="IDENTITY")
    assert compiled(pixel_of("uint8"), 1, 0, "f4", attributes=inverse).slope[0] == -1
    one = pixel_of("uint8", photometric_interpretation="MONOCHROME1")
    assert compiled(one, 1, 0, "f4", attributes=identity).slope[0] == 1


@pytest.mark.parametrize("dtype", ["bool", "complex64", "U3"])
def test_output_types_that_are_none(dtype: str) -> None:
    with pytest.raises(OutputTypeError, match="not a data type for voxels"):
        compiled(pixel_of("uint8"), 1, 0, dtype)


def test_fractions_into_integers() -> None:
    with pytest.raises(OutputTypeError, match="int16 cannot hold fractions.*slope 0.5"):
        compiled(pixel_of("uint8"), 0.5, 0, "int16")


@pytest.mark.parametrize("switch", ["apply_real_world_transform", "apply_voi_transform", "apply_icc_profile"])
def test_insistence_on_what_is_not_there(switch: str) -> None:
    with pytest.raises(MissingTransformError, match=f"{switch}=True"):
        compiled(pixel_of("uint8"), 1, 0, "f4", **{switch: True})


def test_both_real_world_and_modality() -> None:
    with pytest.raises(ValueError, match="may not both be True"):
        TransformOptions(apply_real_world_transform=True, apply_modality_transform=True)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_reference_on_every_array_library(xp: ArrayLibrary, dtype: str) -> None:
    stored = np.arange(24).reshape(2, 3, 4).astype(dtype)
    result = affine(xp.asarray(stored), np.array([0.1, 2.0]), np.array([-3.0, 0.7]))
    assert xp.is_mine(result)
    expected = stored.astype(float) * np.array([0.1, 2.0])[:, None, None] + np.array([-3.0, 0.7])[:, None, None]
    np.testing.assert_array_equal(to_numpy(result), expected)

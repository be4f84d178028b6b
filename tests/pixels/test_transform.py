from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import convert_color_space
from pydicom.uid import RLELossless

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.content.palette import PaletteColorLUTTransformation
from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.instance import Instance
from hdgpu.errors import (
    InvalidAttributeError,
    LookupTableError,
    MissingAttributeError,
    MissingTransformError,
    OutputTypeError,
    UnmappedValueError,
    UnsupportedTransformError,
)
from hdgpu.pixels.attributes import TransformAttributes, read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.lookup import LookupTable
from hdgpu.pixels.options import TransformOptions
from hdgpu.pixels.reference import affine, ybr_to_rgb
from hdgpu.pixels.run import transform_frame
from hdgpu.pixels.transform import PixelTransform, TransformKind
from tests.conftest import ArrayLibrary
from tests.kernels.frames import transform_frames
from tests.make_series import make_dataset, make_series, write_series

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


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -1000), (0.1, 3.7), (0.25, 0)])
def test_float16_is_rounded_once(monkeypatch: pytest.MonkeyPatch, dtype: str, slope: float, intercept: float) -> None:
    """With the compiled extension and without it."""
    transform = compiled(pixel_of(dtype), slope, intercept, np.float16)
    stored = np.clip(values_of(dtype, 3, 1001), -30000, 30000).astype(dtype)
    expected = (stored.astype(np.float64) * slope + intercept).astype(np.float16)
    np.testing.assert_array_equal(run(transform, stored), expected, strict=True)
    monkeypatch.setattr("hdgpu.pixels.run.extension", lambda: None)
    np.testing.assert_array_equal(run(transform, stored), expected, strict=True)


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


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_reference_on_every_array_library(xp: ArrayLibrary, dtype: str) -> None:
    stored = np.arange(24).reshape(2, 3, 4).astype(dtype)
    result = affine(xp.asarray(stored), np.array([0.1, 2.0]), np.array([-3.0, 0.7]))
    assert xp.is_mine(result)
    expected = stored.astype(float) * np.array([0.1, 2.0])[:, None, None] + np.array([-3.0, 0.7])[:, None, None]
    np.testing.assert_array_equal(to_numpy(result), expected)


# --- Tables and steps -------------------------------------------------------------------------------------------------

WINDOW = {"WindowCenter": "40", "WindowWidth": "400"}


def many(pixel: ImagePixel, slopes: list[float], dtype: Any = "f4", **attributes: Any) -> PixelTransform:
    options = TransformOptions(apply_voi_transform=None)
    intercepts = np.zeros(len(slopes))
    return compile_transform(pixel, np.array(slopes), intercepts, attributes_of(**attributes), options, dtype)


def test_which_kind_of_transform() -> None:
    """A table for all frames that share it, unless it is larger than what is looked up in it."""
    small, large = pixel_of("uint16"), ImagePixel(512, 512)
    assert many(small, [1.0]).kind is TransformKind.IDENTITY
    assert many(small, [2.0, 3.0]).kind is TransformKind.AFFINE
    assert many(small, [2.0] * 3, **WINDOW).kind is TransformKind.TABLE
    assert many(small, [2.0, 3.0], **WINDOW).kind is TransformKind.STEPS
    assert many(pixel_of("uint8"), [2.0] * 300, **WINDOW).kind is TransformKind.TABLE
    assert many(large, [2.0, 3.0], **WINDOW).kind is TransformKind.TABLE
    assert many(pixel_of("uint32"), [2.0], **WINDOW).kind is TransformKind.STEPS


def test_tables_are_kept_but_not_without_end() -> None:
    slopes = [float(1 + index) for index in range(70)]
    transform = many(ImagePixel(512, 512), slopes, **WINDOW)
    first = transform.table(0)
    assert transform.table(0) is first
    assert not first.flags.writeable
    for row in range(len(slopes)):
        transform.table(row)
    assert transform.table(0) is not first
    np.testing.assert_array_equal(transform.table(0), first)
    assert len(transform._tables.made) == 64


def test_frames_take_their_own_table() -> None:
    transform = many(ImagePixel(512, 512), [1.0, 2.0, 1.0], "f8", **WINDOW)
    stored = np.arange(0, 400, 7, dtype=np.uint16)
    for row, slope in enumerate((1.0, 2.0, 1.0)):
        out = np.empty(stored.shape)
        transform_frame(transform, row, stored, out)
        np.testing.assert_array_equal(out, np.clip((stored * slope + 160.0) * (1 / 399), 0, 1))
    several = transform_frames(transform, np.stack([stored, stored]), [1, 0])
    np.testing.assert_array_equal(several[0], np.clip((stored * 2.0 + 160.0) * (1 / 399), 0, 1))


def table_of(first: int, entries: list[int]) -> dict[str, Any]:
    item = Dataset()
    item.LUTDescriptor, item.LUTData, item.ModalityLUTType = (
        [len(entries), first, 16],
        np.array(entries, "<u2").tobytes(),
        "US",
    )
    return {"ModalityLUTSequence": [item]}


@pytest.mark.usefixtures("its_device")
def test_integers_out_of_a_table_fit_or_are_refused(xp: ArrayLibrary) -> None:
    """Values that no stored value leads to do not matter."""
    attributes = attributes_of(**table_of(0, [5, 200, 255, 300]))
    stored = np.array([[0, 1, 2]], np.uint16)
    two_bits = pixel_of("uint16", bits_stored=2, high_bit=1)
    for dtype in ("uint8", "int8"):
        with pytest.raises(OutputTypeError, match=f"do not fit into {dtype}"):
            run(compiled(two_bits, np.nan, np.nan, dtype, attributes=attributes), stored)
    one_bit = pixel_of("uint16", bits_stored=1, high_bit=0)
    transform = compiled(one_bit, np.nan, np.nan, "uint8", attributes=attributes)
    np.testing.assert_array_equal(run(transform, stored[:, :2]), [[5, 200]])
    result = transform_frames(transform, xp.asarray(stored[None, :, :2]), [0])
    assert xp.is_mine(result)
    np.testing.assert_array_equal(to_numpy(result), [[[5, 200]]])
    with pytest.raises(OutputTypeError, match="do not fit into uint8"):
        transform_frames(compiled(pixel_of("uint16"), 1, 1, "uint8"), xp.asarray(np.array([[[255]]], "u2")), [0])


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("stored_type", ["int64", "uint64", "int32", "uint32"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 1), (3, -7), (-5, 2**53), (2**30 + 1, 12345)])
def test_integers_of_64_bits_are_exact(stored_type: str, dtype: str, slope: int, intercept: int) -> None:
    """Beyond 2**53, where float64 has holes; what does not fit is refused, and nothing wraps."""
    limits, outer = np.iinfo(dtype), np.iinfo(stored_type)
    ends = sorted((end - intercept) // slope for end in (limits.min + abs(slope), limits.max - abs(slope)))
    low, high = max(ends[0], outer.min), min(ends[1], outer.max)
    stored = np.array([[low, low + 1, (low + high) // 2, high - 1, high]], stored_type)
    transform = compiled(pixel_of(stored_type), slope, intercept, dtype)
    expected = np.array([[value * slope + intercept for value in stored[0].tolist()]], dtype)
    assert max(map(abs, expected[0].tolist())) >= 2**53 or stored_type.endswith("32")
    np.testing.assert_array_equal(run(transform, stored), expected)
    np.testing.assert_array_equal(transform_frames(transform, stored[None], [0])[0], expected)
    for beyond in (outer.min, outer.max):
        if not limits.min <= beyond * slope + intercept <= limits.max:
            with pytest.raises(OutputTypeError, match=f"do not fit into {dtype}"):
                run(transform, np.array([[beyond]], stored_type))


@pytest.mark.usefixtures("its_device")
def test_integers_of_64_bits_are_exact_in_any_library(xp: ArrayLibrary) -> None:
    stored = np.array([[[-(2**31), -1, 2**31 - 1]]], np.int32)
    transform = compiled(pixel_of("int32"), 2**31 + 1, 3, "int64")
    result = transform_frames(transform, xp.asarray(stored), [0])
    assert to_numpy(result).tolist() == [[[value * (2**31 + 1) + 3 for value in stored.ravel().tolist()]]]


def test_what_cannot_be_exact_is_refused() -> None:
    """The range of unsigned samples of 64 bits, within which they are inverted, is no float64."""
    pixel = pixel_of("uint64", photometric_interpretation="MONOCHROME1")
    with pytest.raises(OutputTypeError, match=r"too large to be exact.*2\*\*53 for uint64"):
        compiled(pixel, 1, 0, "uint64")
    assert compiled(pixel, 1, 0, "uint64", apply_presentation_lut=False).kind is TransformKind.IDENTITY
    assert compiled(pixel, 1, 0, "float64").kind is TransformKind.AFFINE
    signed = compiled(pixel_of("int64", photometric_interpretation="MONOCHROME1"), 1, 0, "int64")
    np.testing.assert_array_equal(run(signed, np.array([[2**62 + 1]])), [[-(2**62) - 2]])
    floating = ImagePixel(3, 1, bits_allocated=64, bits_stored=64, keyword="DoubleFloatPixelData")
    with pytest.raises(OutputTypeError, match="do not fit into int64"):
        run(compiled(floating, 1, 0, "int64"), np.array([[2.0**63]]))


def test_table_in_place() -> None:
    transform = compiled(
        pixel_of("uint16"), np.nan, np.nan, "uint16", attributes=attributes_of(**table_of(1, [7, 9, 11]))
    )
    stored = np.array([0, 3, 2, 1, 60000] * 1000, np.uint16)
    transform_frame(transform, 0, stored, stored, stream=True)
    np.testing.assert_array_equal(stored, [7, 11, 9, 7, 11] * 1000)


def test_floating_stored_values() -> None:
    pixel = ImagePixel(3, 1, bits_allocated=32, bits_stored=32, keyword="FloatPixelData")
    stored = np.array([-3.5, 0.25, np.nan], np.float32)
    np.testing.assert_array_equal(run(compiled(pixel, 2, 1, "f8"), stored), stored.astype(float) * 2 + 1)
    window = compiled(pixel, 1, 0, "f8", attributes=attributes_of(**WINDOW), apply_voi_transform=True)
    np.testing.assert_array_equal(run(window, stored), np.clip((stored.astype(float) + 160) * (1 / 399), 0, 1))
    for attributes, options in (
        (attributes_of(**table_of(0, [1, 2])), {}),
        (attributes_of(VOILUTSequence=table_of(0, [1, 2])["ModalityLUTSequence"]), {"apply_voi_transform": True}),
    ):
        with pytest.raises(LookupTableError, match="maps integers.*floating"):
            compiled(pixel, 1, 0, "f8", attributes=attributes, **options)


def test_voi_table_after_fractions() -> None:
    attributes = attributes_of(VOILUTSequence=table_of(0, [1, 2])["ModalityLUTSequence"])
    with pytest.raises(UnsupportedTransformError, match="maps whole numbers.*slope 0.5"):
        compiled(pixel_of("uint16"), 0.5, 0, "f8", attributes=attributes, apply_voi_transform=True)


@pytest.mark.parametrize(
    ("first", "sign_is_known", "values", "expected"),
    [
        (65530, True, (0, 65535), 65530),
        (65530, False, (0, 65535), 65530),
        (65530, False, (-2048, 2047), -6),
        (65530, True, (-2048, 2047), -6),  # all values would be below it
        (-6, True, (0, 65535), -6),
        (-25536, True, (0, 65535), 40000),  # all values would be above its end
        (65436, False, (-(1 << 31), (1 << 31) - 1), -100),
        (65436, True, (-(1 << 31), (1 << 31) - 1), 65436),
        (5000, True, (0, 255), 5000),
    ],
)
def test_sign_of_the_first_mapped_value(
    first: int, sign_is_known: bool, values: tuple[int, int], expected: int
) -> None:
    table = LookupTable(first, np.zeros(100, np.uint16), sign_is_known=sign_is_known)
    assert table.for_values(*values).first == expected


@pytest.mark.usefixtures("its_device")
def test_reference_of_colour_equals_the_decoders(xp: ArrayLibrary) -> None:
    generator = np.random.default_rng(0)
    colors = np.concatenate([generator.integers(0, 256, (50_000, 3), np.uint8), np.eye(3, dtype=np.uint8) * 255])
    result = ybr_to_rgb(xp.asarray(colors))
    assert xp.is_mine(result)
    expected = convert_color_space(colors[None], "YBR_FULL", "RGB")[0]
    np.testing.assert_array_equal(to_numpy(result), expected)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("cell", [1, 2, 3, 4, 6, 8, 12, 24])
@pytest.mark.parametrize("stream", [False, True])
def test_compiled_look_up(width: int, cell: int, stream: bool) -> None:
    """All cells, the last of the table and of the output among them, with nothing written beyond."""
    extension = pytest.importorskip("hdgpu._compiled", reason="the extension is not built")
    generator = np.random.default_rng(cell)
    entries = 1 << 8 * width
    table = generator.integers(0, 256, (entries, cell), np.uint8)
    for count in (0, 1, 2, 1023, 1024, 1025, 3000):
        for shift in (0, 1, 16):
            stored = generator.integers(0, entries, count, f"u{width}")
            stored[: count // 2] = entries - 1
            memory = np.full(shift + count * cell + 64, 77, np.uint8)
            out = memory[shift : shift + count * cell]
            extension.look_up_frame(stored, out, table, width, cell, stream)
            np.testing.assert_array_equal(out.reshape(count, cell), table[stored])
            assert (memory[:shift] == 77).all()
            assert (memory[shift + count * cell :] == 77).all()


def test_compiled_look_up_refuses_other_sizes() -> None:
    extension = pytest.importorskip("hdgpu._compiled", reason="the extension is not built")
    stored, table, out = np.zeros(8, np.uint16), np.zeros(65536, np.float32), np.zeros(8, np.float32)
    for arguments in (
        (stored, out[:7], table, 2, 4, False),
        (stored, out, table[:-1], 2, 4, False),
        (stored, out, table, 1, 4, False),
        (stored, out, table, 3, 4, False),
        (stored, out, table, 2, 5, False),
        (stored, out, table, 2, 0, False),
        (stored, out, table, 2, -4, False),
        (stored[:7], out, table, 2, 4, False),
    ):
        with pytest.raises(ValueError, match="do not go together"):
            extension.look_up_frame(*arguments)


@pytest.mark.parametrize(
    ("name", "value", "error", "match"),
    [
        ("GreenPaletteColorLookupTableDescriptor", [3, 1, 8], LookupTableError, "disagree"),
        ("GreenPaletteColorLookupTableDescriptor", [6, 0, 8], LookupTableError, "expected 6 entries"),
        ("GreenPaletteColorLookupTableDescriptor", None, MissingAttributeError, "Green Palette"),
        ("BluePaletteColorLookupTableData", None, MissingAttributeError, "Blue Palette"),
        ("BluePaletteColorLookupTableData", b"\1\2", LookupTableError, "expected 3 entries"),
    ],
)
def test_damaged_palettes(name: str, value: Any, error: type[Exception], match: str) -> None:
    palette = {item.keyword: item.value for item in PaletteColorLUTTransformation.from_colors(["red", "green", "blue"])}
    pixel = pixel_of("uint16", photometric_interpretation="PALETTE COLOR")
    good = compiled(pixel, 1, 0, "uint8", attributes=attributes_of(**palette))
    assert good.frame_shape == (3, 1, 3)
    del palette[name]
    damaged = attributes_of(**palette, **({} if value is None else {name: value}))
    with pytest.raises(error, match=match):
        compiled(pixel, 1, 0, "uint8", attributes=damaged)
    assert compiled(pixel, 1, 0, "uint8", attributes=damaged, apply_palette_color_lut=False).frame_shape == (3, 1)


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        ({}, MissingAttributeError, "neither slope and intercept nor a table"),
        ({"Slope": 1.0}, MissingAttributeError, "neither slope and intercept nor a table"),
        ({"Slope": float("nan"), "Intercept": 0.0}, InvalidAttributeError, "not finite"),
        ({"LUTData": [1.0, 2.0]}, LookupTableError, "expected 11 values from 0 to 10, found 2"),
        ({"Slope": 1.0, "Intercept": 0.0, "FirstValueMapped": 11}, InvalidAttributeError, "nothing is mapped"),
        ({"Slope": 1.0, "Intercept": 0.0, "LastValueMapped": None}, MissingAttributeError, "what it maps"),
    ],
    ids=str,
)
def test_damaged_real_world_maps(values: dict[str, Any], error: type[Exception], match: str) -> None:
    item = Dataset()
    item.LUTLabel = "map"
    for name, value in {"FirstValueMapped": 0, "LastValueMapped": 10, **values}.items():
        if value is not None:
            setattr(item, f"RealWorldValue{name}", value)
            if name.endswith("Mapped"):
                item[f"RealWorldValue{name}"].VR = "US"
    damaged = attributes_of(RealWorldValueMappingSequence=[item])
    with pytest.raises(error, match=match):
        compiled(pixel_of("uint16"), 1, 0, "f8", attributes=damaged)
    assert compiled(pixel_of("uint16"), 1, 0, "f8", attributes=damaged, apply_real_world_transform=False).valid is None


@pytest.mark.parametrize("rle", [False, True])
@pytest.mark.parametrize("last", [99, 100])
def test_plain_frames_are_checked_against_the_map(tmp_path: Path, rle: bool, last: int) -> None:
    """The compiled loader hands back frames with values that are not mapped, and the engine names them."""
    item = Dataset()
    item.LUTLabel, item.RealWorldValueSlope, item.RealWorldValueIntercept = "map", 2.0, -1.0
    for name, value in (("First", 0), ("Last", last)):
        item.add_new(f"RealWorldValue{name}ValueMapped", "US", value)
    datasets, voxels = make_series(3, (8, 8), "uint8", RealWorldValueMappingSequence=[item])
    stored = voxels % 100
    stored[1, 3, 4] = 100
    for dataset, frame in zip(datasets, stored, strict=True):
        dataset.PixelData = frame.tobytes()
    if rle:
        for dataset in datasets:
            dataset.compress(RLELossless)
    write_series(datasets, tmp_path)
    if last == 100:
        volume = hd.get_volume_from_series([tmp_path])
        np.testing.assert_array_equal(volume.array, stored * 2.0 - 1)
    else:
        with pytest.raises(UnmappedValueError, match="frame 1.*from 0 to 99, found values from 0 to 100"):
            hd.get_volume_from_series([tmp_path])


@pytest.mark.parametrize(("first", "last"), [(40000, 40063), (-5, 70000), (-40063, -40000)])
def test_numbers_of_a_mapped_range_have_their_sign(first: int, last: int) -> None:
    """Numbers of double precision are no words, whatever the value representation of the others."""
    stored = np.arange(first, first + 64, dtype=np.int32).reshape(8, 8)
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"):
        item, unit = Dataset(), Dataset()
        item.DoubleFloatRealWorldValueFirstValueMapped = float(first)
        item.DoubleFloatRealWorldValueLastValueMapped = float(last)
        item.LUTLabel, item.RealWorldValueSlope, item.RealWorldValueIntercept = "map", 2.0, 0.5
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "1", "UCUM", "no units"
        item.MeasurementUnitsCodeSequence = [unit]
        dataset = make_dataset(stored, transfer_syntax=syntax, RealWorldValueMappingSequence=[item])
        np.testing.assert_array_equal(hd.Image.from_dataset(dataset).get_frame(1), stored * 2.0 + 0.5)
    attributes = attributes_of(RealWorldValueMappingSequence=[item])
    assert compiled(pixel_of("int32"), 1, 0, "f8", attributes=attributes).valid.tolist() == [[first, last]]


@pytest.mark.parametrize(("first", "last"), [(-400, -1), (-400, 400), (0, 400)])
@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_signs_of_a_mapped_range(first: int, last: int, dtype: str) -> None:
    """Data sets are looked at in implicit VR, which does not say that the range is signed."""
    item = Dataset()
    item.LUTLabel, item.RealWorldValueSlope, item.RealWorldValueIntercept = "map", 2.0, 0.0
    for name, value in (("First", first), ("Last", last)):
        item.add_new(f"RealWorldValue{name}ValueMapped", "SS", value)
    attributes = attributes_of(RealWorldValueMappingSequence=[item])
    transform = compiled(pixel_of(dtype), 1, 0, "f8", attributes=attributes)
    assert transform.valid is not None
    assert transform.valid.tolist() == [[first, last]]

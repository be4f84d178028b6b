"""Every palette, table, window and colour among the sample files, through the engine, against pydicom."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.processing import apply_windowing

from hdgpu.codecs.route import route_for
from hdgpu.content.palette import PaletteColorLUTTransformation
from hdgpu.dicom.discover import discover
from hdgpu.dicom.frame_index import index_frames
from hdgpu.errors import HdgpuError, InvalidAttributeError
from hdgpu.frames.engine import run_plan
from hdgpu.frames.plain import plain_kind
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.pixels.attributes import read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from tests.real_files import real_series
from tests.sample_files import EXCEPTIONS, INEXACT, SAMPLE_FILES, SampleFile

FILES = [file for file in SAMPLE_FILES if file.package != "wsidicom-data" and file.name not in EXCEPTIONS]
LOSSY_COLOR = [
    file
    for file in SAMPLE_FILES
    if file.name in INEXACT and file.samples == 3 and file.frames < 100 and file.package != "wsidicom-data"
]
REAL = ("ct_vendors.zip", "mr_vendors.zip")
# Name of a file -> its twin in little endian: pydicom does not swap the words of a palette that is not segmented.
UNSWAPPED = {"OBXXXX1A_expb.dcm": "OBXXXX1A.dcm", "OBXXXX1A_expb_2frame.dcm": "OBXXXX1A_2frame.dcm"}


def output_values(source: Any, dtype: Any = np.float64, **switches: Any) -> np.ndarray:
    """Return all frames of an instance, transformed as a volume's would be."""
    (instance,) = discover(source).instances
    frames = FrameTable.bare(np.arange(instance.number_of_frames))
    route = route_for(instance.transfer_syntax_uid, instance.pixel, vr=instance.pixel_data.vr)
    rescale = [instance.header.decimals(tag, 1) or (np.nan,) for tag in (0x00281053, 0x00281052)]
    slope, intercept = (np.full(len(frames), value[0]) for value in rescale)
    options = TransformOptions(**{"apply_presentation_lut": False, "apply_real_world_transform": False, **switches})
    transform = compile_transform(
        instance.pixel, slope, intercept, read_attributes(instance, {}), options, dtype, frames.number
    )
    plain = plain_kind(route, transform, instance)
    plan = ScatterPlan.stack(np.arange(len(frames)), transform.frame_shape, dtype)
    out = np.empty(plan.shape, plan.dtype)
    run_plan(plan, frames, [FrameReader(instance, index_frames(instance), route, transform, plain)], out, workers=2)
    return out[0] if len(out) == 1 else out


@cache
def read(file: SampleFile) -> tuple[Dataset, np.ndarray]:
    dataset = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dataset, dataset.pixel_array


def holding(*keywords: str) -> list[SampleFile]:
    return [file for file in FILES if any(keyword in file.read() for keyword in keywords)]


def without_jpeg2000(*keywords: str) -> list[SampleFile]:
    """Leave out files that take long to decode and have twins in other transfer syntaxes."""
    return [file for file in holding(*keywords) if ".4.9" not in file.transfer_syntax]


@pytest.mark.parametrize("file", [f for f in FILES if f.photometric == "PALETTE COLOR"], ids=lambda file: file.name)
def test_palettes(file: SampleFile) -> None:
    dataset, indices = read(file)
    twin = next((other for other in FILES if other.name == UNSWAPPED.get(file.name)), file)
    expected = apply_color_lut(indices, read(twin)[0])
    np.testing.assert_array_equal(output_values(file.path(), np.uint16), expected)
    np.testing.assert_array_equal(output_values(file.path(), np.uint16, apply_palette_color_lut=False), indices)
    palette = PaletteColorLUTTransformation.extract_from_dataset(dataset)
    np.testing.assert_array_equal(palette.apply(indices), expected)
    assert palette.is_segmented == ("SegmentedRedPaletteColorLookupTableData" in dataset)


@pytest.mark.parametrize(
    "path", sorted((Path(pydicom.__file__).parent / "data" / "palettes").glob("*.dcm")), ids=lambda path: path.stem
)
def test_palettes_of_the_standard(path: Path) -> None:
    dataset = pydicom.dcmread(path, force=True)
    indices = np.arange(256, dtype=np.uint8)
    expected = apply_color_lut(indices, dataset)
    np.testing.assert_array_equal(PaletteColorLUTTransformation.extract_from_dataset(dataset).apply(indices), expected)


@pytest.mark.parametrize("file", without_jpeg2000("ModalityLUTSequence", "RescaleSlope"), ids=lambda file: file.name)
def test_modality_transforms(file: SampleFile) -> None:
    dataset, stored = read(file)
    np.testing.assert_array_equal(output_values(file.path()), apply_modality_lut(stored, dataset))


@pytest.mark.parametrize("file", holding("VOILUTSequence"), ids=lambda file: file.name)
def test_voi_tables(file: SampleFile) -> None:
    dataset, stored = read(file)
    values = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    entries = np.array(dataset.VOILUTSequence[0].LUTData)
    expected = (values - float(entries.min())) * (1 / (entries.max() - entries.min()))
    np.testing.assert_array_equal(output_values(file.path(), apply_voi_transform=True), expected)


def check_windows(dataset: Dataset, stored: np.ndarray, source: Any) -> None:
    """Compare every window of a file: pydicom scales to the range of what Rescale Slope and Intercept may give."""
    modality = apply_modality_lut(stored, dataset)
    low, high = ((-1 << dataset.BitsStored - 1, (1 << dataset.BitsStored - 1) - 1) if dataset.PixelRepresentation
                 else (0, (1 << dataset.BitsStored) - 1))  # fmt: skip
    if "RescaleSlope" in dataset:
        low, high = (float(dataset.RescaleSlope) * end + float(dataset.RescaleIntercept) for end in (low, high))
    for index in range(dataset["WindowCenter"].VM):
        expected = apply_windowing(modality, dataset, index=index)
        found = output_values(
            source, apply_voi_transform=True, voi_transform_selector=index, voi_output_range=(low, high)
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * (high - low))


@pytest.mark.parametrize("file", without_jpeg2000("WindowCenter"), ids=lambda file: file.name)
def test_windows(file: SampleFile) -> None:
    dataset, stored = read(file)
    check_windows(dataset, stored, file.path())


@pytest.mark.parametrize("file", [file for file in FILES if file.samples == 3], ids=lambda file: file.name)
def test_colors(file: SampleFile) -> None:
    """RGB, whatever the file holds: pydicom converts YCbCr, too."""
    np.testing.assert_array_equal(output_values(file.path(), np.float64), read(file)[1])


@pytest.mark.parametrize("file", LOSSY_COLOR, ids=lambda file: file.name)
def test_lossy_colors(file: SampleFile) -> None:
    """Nearly: decoders round otherwise."""
    found = output_values(file.path(), np.float64)
    assert np.abs(found - read(file)[1]).mean() < 2


@pytest.mark.parametrize("archive", REAL)
def test_real_files(archive: str) -> None:
    """Some thirty files of each archive: windows, rescaling and colours of four vendors."""
    paths = [path for path in sorted(real_series(archive).rglob("*")) if path.is_file()]
    seen = 0
    for path in paths[:: max(1, len(paths) // 30)]:
        try:
            dataset = pydicom.dcmread(path)
            stored = dataset.pixel_array
        except Exception:
            continue
        if "WindowCenter" in dataset:
            check_windows(dataset, stored, path)
        np.testing.assert_array_equal(output_values(path), apply_modality_lut(stored, dataset))
        seen += 1
    assert seen > 10


def test_every_frame_has_its_own_transforms() -> None:
    """A window and a real-world value map for each frame of an enhanced image (PS3.3 C.7.6.16.2.10, C.7.6.16.2.11)."""
    (file,) = (file for file in SAMPLE_FILES if file.name == "eCT_Supplemental.dcm")
    dataset = file.read()
    stored = dataset.pixel_array.astype(float)
    for index, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        window, units = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = 10 * index, 100 + index
        group.FrameVOILUTSequence = [window]
        units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = "ml", "UCUM", "ml"
        one = Dataset()
        one.LUTLabel, one.RealWorldValueSlope, one.RealWorldValueIntercept = "map", 0.5 * index, -index
        one.RealWorldValueFirstValueMapped, one.RealWorldValueLastValueMapped = 0, 4095
        one.MeasurementUnitsCodeSequence = [units]
        group.RealWorldValueMappingSequence = [one]
    index = np.arange(len(stored))[:, None, None]
    width = 100.0 + index
    expected = np.clip((stored - (10 * index - width / 2)) * (1 / (width - 1)), 0, 1)
    np.testing.assert_array_equal(output_values(dataset, apply_voi_transform=True), expected)
    mapped = output_values(dataset, apply_real_world_transform=True, real_world_value_map_selector="map")
    np.testing.assert_array_equal(mapped, stored * (0.5 * index) + -index)
    dataset.PerFrameFunctionalGroupsSequence[1].RealWorldValueMappingSequence[0].RealWorldValueLastValueMapped = 5
    with pytest.raises(HdgpuError, match=r"frame 2.*lie outside"):
        output_values(dataset, apply_real_world_transform=True)
    dataset.PerFrameFunctionalGroupsSequence[0].FrameVOILUTSequence[0].WindowWidth = 0
    with pytest.raises(InvalidAttributeError, match="not a width of a LINEAR window"):
        output_values(dataset, apply_voi_transform=True)

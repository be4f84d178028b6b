"""Every sample file, on the first and on the second route, against pydicom."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from hdgpu.codecs.route import Route, route_for
from hdgpu.codecs.sniff.codestream import Codestream, sniff
from hdgpu.errors import FrameDecodeError, HdgpuError, PixelDataSizeError
from tests.codecs.frames_of import assert_equal, decode, frame_bytes, image_pixel, pydicom_array
from tests.sample_files import EXCEPTIONS, INEXACT, SAMPLE_FILES, UNDECODABLE, SampleFile

ALL = pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
DECODABLE = pytest.mark.parametrize(
    "file", [file for file in SAMPLE_FILES if file.name not in UNDECODABLE], ids=lambda file: file.name
)
# Of the syntaxes that have more than one route.
ENCODED = [
    file
    for file in SAMPLE_FILES
    if file.name not in UNDECODABLE and file.transfer_syntax.startswith(("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5"))
]
FORMATS = {"5": "jpeg", "7": "jpeg", "8": "jpegls", "9": "jpeg2000"}


def test_exceptions_name_files_of_the_table() -> None:
    assert EXCEPTIONS.keys() <= {file.name for file in SAMPLE_FILES}


@ALL
def test_table_tells_what_the_file_holds(file: SampleFile) -> None:
    dataset = file.read()
    assert (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel) == (file.rows, file.columns, file.samples)
    assert (dataset.BitsAllocated, dataset.BitsStored) == (file.bits_allocated, file.bits_stored)
    assert str(dataset.file_meta.get("TransferSyntaxUID", "")) == file.transfer_syntax


@DECODABLE
def test_equal_to_pydicom(file: SampleFile) -> None:
    dataset = file.read()
    for index in sorted({0, file.frames // 2, file.frames - 1}):
        found, _ = decode(dataset, index)
        assert_equal(found, pydicom_array(dataset, index), exact=file.name not in INEXACT)


@pytest.mark.parametrize("file", ENCODED, ids=lambda file: file.name)
def test_second_route_is_equal_to_pydicom_or_declines(file: SampleFile) -> None:
    dataset = file.read()
    pixel = image_pixel(dataset)
    *_, first, second = route_for(file.transfer_syntax, pixel).attempts
    route = Route(second[0], True, pixel, (second,))
    out = np.empty(pixel.frame_shape, pixel.dtype)
    try:
        found, name = route.decode(frame_bytes(dataset, 0), out)
    except FrameDecodeError as error:
        assert "not tried, for the first route can tell damage" in str(error)  # noqa: PT017
        assert decode(dataset)[1] == first[0]
    else:
        assert name == second[0]
        assert_equal(found, pydicom_array(dataset))


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "MR_truncated.dcm"])
def test_undecodable_raises(name: str) -> None:
    (file,) = (file for file in SAMPLE_FILES if file.name == name)
    with pytest.raises((FrameDecodeError, PixelDataSizeError)):
        decode(file.read())
    with pytest.raises((RuntimeError, ValueError)):
        pydicom_array(file.read())


@pytest.mark.parametrize("file", [f for f in ENCODED if "1.2.4." in f.transfer_syntax], ids=lambda file: file.name)
def test_sniffed_codestream_is_that_of_the_table(file: SampleFile) -> None:
    stream = sniff(frame_bytes(file.read(), 0))
    assert isinstance(stream, Codestream)
    assert stream.format == FORMATS[file.transfer_syntax.removeprefix("1.2.840.10008.1.2.4.")[0]]
    assert (stream.rows, stream.columns, stream.components) == (file.rows, file.columns, file.samples)
    assert stream.precision <= file.bits_allocated


@pytest.mark.parametrize("file", ENCODED, ids=lambda file: file.name)
@pytest.mark.parametrize("attribute", ["rows", "columns", "samples_per_pixel"])
def test_other_size_than_the_codestream_raises(file: SampleFile, attribute: str) -> None:
    dataset = file.read()
    pixel = image_pixel(dataset)
    values: dict[str, Any] = {
        attribute: {"rows": pixel.rows + 1, "columns": pixel.columns + 1}.get(attribute, 4 - pixel.samples_per_pixel)
    }
    if attribute == "samples_per_pixel":
        values["photometric_interpretation"] = "RGB" if pixel.samples_per_pixel == 1 else "MONOCHROME2"
    other = dataclasses.replace(pixel, **values)
    route = route_for(file.transfer_syntax, other)
    # An RLE frame does not tell its rows and columns, only that it decodes to too few pixels.
    expected = HdgpuError if file.transfer_syntax.endswith(".5") else PixelDataSizeError
    with pytest.raises(expected):
        route.decode(frame_bytes(dataset, 0), np.empty(other.frame_shape, other.dtype))

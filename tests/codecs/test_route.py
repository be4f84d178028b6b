"""Which route takes which transfer syntax and which samples."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from hdgpu.codecs.route import route_for, supported_transfer_syntaxes
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedPixelError, UnsupportedTransferSyntaxError

PREFIX = "1.2.840.10008.1.2"
GREY = ImagePixel(4, 4)
COLOUR = ImagePixel(4, 4, 3, "RGB", 8, 8, 7)


def changed(pixel: ImagePixel, **values: object) -> ImagePixel:
    return dataclasses.replace(pixel, **values)  # type: ignore[arg-type]


ROUTES = [
    *[(suffix, "native", False) for suffix in ("", ".1", ".1.99")],
    (".2", "native", False),
    (".1.98", "native", True),
    (".5", "imagecodecs:rle", True),
    *[(f".4.{n}", "imagecodecs:jpeg", True) for n in (50, 51, 57, 70)],
    *[(f".4.{n}", "compiled:jpegls" if extension() else "imagecodecs:jpegls", True) for n in (80, 81)],
    *[(f".4.{n}", "compiled:jpeg2k" if extension() else "imagecodecs:jpeg2k", True) for n in (90, 91)],
    *[(f".4.{n}", "imagecodecs:jpeg2k", True) for n in (92, 93, 201, 202, 203)],
    *[(f".4.{n}", "imagecodecs:jpegxl", True) for n in (110, 112)],
]


@pytest.mark.parametrize(("suffix", "name", "encapsulated"), ROUTES)
def test_route_of_a_transfer_syntax(suffix: str, name: str, encapsulated: bool) -> None:
    route = route_for(PREFIX + suffix, GREY)
    assert route.name.startswith(name)
    assert route.encapsulated is encapsulated
    assert supported_transfer_syntaxes()[PREFIX + suffix] == name


def test_every_supported_syntax_stands_in_the_table() -> None:
    listed = {PREFIX + suffix for suffix, _, _ in ROUTES} | {PREFIX + ".4.111"}
    assert listed == supported_transfer_syntaxes().keys()


def test_jpeg_recompression_takes_eight_bits() -> None:
    assert route_for(PREFIX + ".4.111", changed(COLOUR, photometric_interpretation="YBR_FULL_422")).encapsulated
    with pytest.raises(UnsupportedPixelError):
        route_for(PREFIX + ".4.111", GREY)


@pytest.mark.parametrize(
    ("uid", "name"), [(PREFIX + ".4.100", "MPEG2 Main Profile / Main Level"), ("1.2.3", "1.2.3"), ("", "")]
)
def test_unsupported_syntax_is_named(uid: str, name: str) -> None:
    with pytest.raises(UnsupportedTransferSyntaxError, match=rf"{uid}.*{name}.*Transcode"):
        route_for(uid, GREY)


@pytest.mark.parametrize(
    ("suffix", "pixel"),
    [
        (".1", changed(COLOUR, photometric_interpretation="YBR_ICT")),
        (".1", changed(COLOUR, photometric_interpretation="YBR_PARTIAL_420")),
        (".1", changed(COLOUR, photometric_interpretation="MONOCHROME2")),
        (".1", changed(GREY, photometric_interpretation="RGB")),
        (".1", changed(COLOUR, photometric_interpretation="YBR_FULL", bits_allocated=16)),
        (".1", changed(COLOUR, photometric_interpretation="YBR_FULL", pixel_representation=1)),
        (".5", changed(GREY, bits_allocated=1, bits_stored=1)),
        (".5", changed(GREY, bits_allocated=32, bits_stored=32, keyword="FloatPixelData")),
        (".4.50", changed(GREY, bits_allocated=32)),
        (".4.50", changed(COLOUR, photometric_interpretation="YBR_RCT")),
        (".4.80", changed(GREY, bits_allocated=64)),
        (".4.110", changed(COLOUR, photometric_interpretation="YBR_FULL")),
    ],
)
def test_unsupported_samples(suffix: str, pixel: ImagePixel) -> None:
    with pytest.raises(UnsupportedPixelError, match="found"):
        route_for(PREFIX + suffix, pixel)


@pytest.mark.parametrize(
    "out", [np.empty((4, 5), np.uint16), np.empty((4, 4), np.int16), np.empty((4, 8), np.uint16)[:, ::2]]
)
def test_unfit_scratch_array(out: np.ndarray) -> None:
    with pytest.raises(ValueError, match="C-contiguous uint16 of shape"):
        route_for(PREFIX, GREY).decode(bytes(32), out)


def test_no_codec_library_is_imported_before_it_is_needed() -> None:
    libraries = "{'imagecodecs', 'libjpeg', 'openjpeg', 'jpeg_ls', 'rle', 'pylibjpeg', 'pydicom'}"
    code = f"import sys, hdgpu.codecs.route; print(sorted({libraries} & sys.modules.keys()))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"

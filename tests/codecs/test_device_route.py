from __future__ import annotations

import dataclasses

import imagecodecs
import numpy as np
import pytest

from hdgpu.codecs.device.nvimgcodec import KINDS
from hdgpu.codecs.device.route import DeviceRoute, frame_route, instance_route, stream_route
from hdgpu.codecs.encode.htj2k import encode_irreversible, encode_reversible
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError
from tests.codecs.frames_of import frame_bytes, image_pixel
from tests.sample_files import SAMPLE_FILES, SampleFile

ALL = frozenset(KINDS)
COLOUR_IN_DOUBT = "the JPEG stream's colour is RGB, or in doubt"
UNTRANSFORMED = "components without a colour transform"
NO_GPU = "no GPU decodes this transfer syntax"
NOT_CHECKED = "the JPEG stream's codes are damaged, or nothing here checks them"
LIE_HIGH = "samples that lie high within those of the codestream"
LOSSLESS = "lossless JPEG in colour, or of up to 8 bits"

# Route of each sample file whose frames nvImageCodec might take, where it can do all that it ever can.
TAKEN = {
    "jpeg": ["JPEG_Baseline_(Process_1)-GRAYSCALE-8.jpg"],
    "jpeg-colour": [
        *(f"SC_rgb_dcmtk_+eb+cy+{kind}.dcm" for kind in ("n1", "n2", "np", "s2", "s4")),
        *("SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm", "SC_rgb_small_odd_jpeg.dcm", "examples_ybr_color.dcm"),
        *("color3d_jpeg_baseline.dcm", "JPEG_Baseline_(Process_1)-YBR-8.jpg"),
    ],
    "jpeg-lossless": ["JPEG_Lossless,_Non-Hierarchical_(Process_14)-GRAYSCALE-16.jpg"],
    "jpeg2000": [
        *("MR2_J2KI.dcm", "MR2_J2KR.dcm", "RG1_J2KI.dcm", "RG1_J2KR.dcm", "RG3_J2KI.dcm", "RG3_J2KR.dcm"),
        *(f"JPEG_2000_Image_Compression-GRAYSCALE-{bits}.jp2" for bits in (8, 16)),
        *(f"JPEG_2000_Image_Compression_(Lossless_Only)-GRAYSCALE-{bits}.jp2" for bits in (8, 16)),
        "emri_small_jpeg_2k_lossless.dcm",
        *("693_J2KI.dcm", "693_J2KR.dcm", "JPEG2000.dcm", "MR_small_jp2klossless.dcm", "explicit_VR-UN.dcm"),
    ],
    "jpeg2000-colour": [
        *("GDCMJ2K_TextGBR.dcm", "examples_jpeg2k.dcm", "US1_J2KI.dcm", "US1_J2KR.dcm"),
        *(f"JPEG_2000_Image_Compression{kind}-YBR-8.jp2" for kind in ("", "_(Lossless_Only)")),
    ],
}  # fmt: skip
LEFT_TO_THE_HOST = {
    "the codestream's sign is not the data set's": ["J2K_pixelrep_mismatch.dcm"],
    "the JPEG stream has a scan of only some coefficients, up to 0": ["JPEG-lossy.dcm"],
    "JPEG other than baseline of 8 bits": ["JPGExtended.dcm", "JPEG_Extended_(Process_2_and_4)-GRAYSCALE-12.jpg"],
    COLOUR_IN_DOUBT: [
        *("SC_jpeg_no_color_transform.dcm", "SC_jpeg_no_color_transform_2.dcm", "SC_rgb_dcmtk_+eb+cr.dcm"),
        *("SC_rgb_jpeg.dcm", "SC_rgb_jpeg_app14_dcmd.dcm", "JPEG_Baseline_(Process_1)-RGB-8.jpg"),
    ],
    UNTRANSFORMED: [
        "SC_rgb_gdcm_KY.dcm",
        *(f"JPEG_2000_Image_Compression{kind}-RGB-8.jp2" for kind in ("", "_(Lossless_Only)")),
    ],
    LOSSLESS: [
        *("SC_rgb_jpeg_gdcm.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm"),
        *(f"JPEG_Lossless,_Non-Hierarchical_(Process_14)-{kind}-8.jpg" for kind in ("GRAYSCALE", "RGB", "YBR")),
    ],
    "JPEG with signed samples": ["JPEG-LL.dcm"],
    "the JPEG stream's precision is not Bits Stored": ["bad_sequence.dcm"],
}
EXPECTED = {name: DeviceRoute(f"nvimgcodec:{kind}") for kind, names in TAKEN.items() for name in names}
EXPECTED |= {name: DeviceRoute(None, why) for why, names in LEFT_TO_THE_HOST.items() for name in names}
DAMAGED = ("JPEG2000-embedded-sequence-delimiter.dcm",)  # of an absurd number of tiles: refused on every route


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
def test_route_of_every_sample_file(file: SampleFile) -> None:
    if file.transfer_syntax.endswith("none"):
        pytest.skip("is no file of a transfer syntax")
    dataset = file.read()
    if "TransferSyntaxUID" not in dataset.file_meta:
        pytest.skip("needs a transfer syntax")
    pixel = image_pixel(dataset)
    route = route_for(dataset.file_meta.TransferSyntaxUID, pixel, vr=dataset[pixel.keyword].VR)
    whole = instance_route(route, ALL)
    if whole is not None:
        suffix = file.transfer_syntax.removeprefix("1.2.840.10008.1.2")
        native = not dataset.file_meta.TransferSyntaxUID.is_encapsulated
        expected = "cuda:native" if native else "cuda:rle" if suffix == ".5" else None
        assert whole == DeviceRoute(expected, "" if expected else NO_GPU)
        assert file.name not in EXPECTED
    elif file.name in DAMAGED:
        with pytest.raises(HdgpuError):
            frame_route(frame_bytes(dataset, 0), route, ALL)
    else:
        expected = EXPECTED[file.name]
        if extension() is None and expected.decoder in ("nvimgcodec:jpeg", "nvimgcodec:jpeg-colour"):
            expected = DeviceRoute(None, NOT_CHECKED)
        assert frame_route(frame_bytes(dataset, 0), route, ALL)[0] == expected


def test_the_table_names_sample_files_only() -> None:
    assert EXPECTED.keys() <= {file.name for file in SAMPLE_FILES}


def jpeg2000(frame: np.ndarray, **options: object) -> tuple[bytes, ImagePixel]:
    bits = 8 * frame.itemsize
    samples = frame.shape[2] if frame.ndim == 3 else 1
    pixel = ImagePixel(
        *frame.shape[:2], samples, "MONOCHROME2" if samples == 1 else "YBR_RCT", bits, bits, bits - 1,
        int(frame.dtype.kind == "i"),
    )  # fmt: skip
    return imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True, **options), pixel


def test_kinds_that_do_not_work_are_left_to_the_host() -> None:
    data, pixel = jpeg2000(np.zeros((40, 50), np.uint16))
    assert stream_route(sniff(data), pixel, ALL).decoder == "nvimgcodec:jpeg2000"
    route = stream_route(sniff(data), pixel, ALL - {"jpeg2000"})
    assert route == DeviceRoute(None, "nvImageCodec does not decode jpeg2000 here")


def signed_stream(bits: int, syntax: str, boxed: bool) -> tuple[bytes, ImagePixel]:
    """Return a codestream with the least and the greatest of its samples."""
    allocated = 8 if bits <= 8 else 16
    least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    frame = np.random.default_rng(bits).integers(least, most, (40, 50), f"i{allocated // 8}", endpoint=True)
    pixel = ImagePixel(40, 50, 1, "MONOCHROME2", allocated, bits, bits - 1, 1)
    if syntax == "htj2k":
        return encode_reversible(frame, pixel, Loss()), pixel
    options = {"reversible": True} if syntax == "jpeg2000" else {"reversible": False, "level": 40}
    codec = "JP2" if boxed else "J2K"
    return imagecodecs.jpeg2k_encode(frame, codecformat=codec, bitspersample=bits, **options), pixel


@pytest.mark.parametrize("bits", [2, 7, 8, 9, 12, 15, 16])
@pytest.mark.parametrize(
    ("syntax", "boxed"), [("jpeg2000", False), ("jpeg2000", True), ("lossy", False), ("htj2k", False)]
)
def test_signed_samples_go_as_unsigned(bits: int, syntax: str, boxed: bool) -> None:
    """A decoder gives the same samples, half of their range higher."""
    data, pixel = signed_stream(bits, syntax, boxed)
    assert sniff(data).signed
    route = route_for("1.2.840.10008.1.2.4.201" if syntax == "htj2k" else "1.2.840.10008.1.2.4.91", pixel)
    chosen, stream = frame_route(data, route, ALL)
    assert chosen.decoder == f"nvimgcodec:{'htj2k' if syntax == 'htj2k' else 'jpeg2000'}"
    assert (sniff(stream).signed, sniff(stream).precision) == (False, bits)
    decoded = [imagecodecs.jpeg2k_decode(each).astype(int) for each in (data, stream)]
    np.testing.assert_array_equal(decoded[1] - (1 << (bits - 1)), decoded[0])


@pytest.mark.parametrize("lossless", [True, False])
def test_samples_that_lie_high_are_left_to_the_host(lossless: bool) -> None:
    """Others of fewer bits than the codestream are looked at when they are decoded."""
    frame = np.zeros((40, 50), np.uint16)
    data = imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=lossless, level=0 if lossless else 40)
    for pixel, expected in (
        (ImagePixel(40, 50), DeviceRoute("nvimgcodec:jpeg2000")),
        (ImagePixel(40, 50, bits_stored=12, high_bit=11), DeviceRoute("nvimgcodec:jpeg2000")),
        (ImagePixel(40, 50, bits_stored=12, high_bit=15), DeviceRoute(None, LIE_HIGH)),
    ):
        assert stream_route(sniff(data), pixel, ALL) == expected
    twelve = imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True, bitspersample=12)
    assert stream_route(sniff(twelve), ImagePixel(40, 50, bits_stored=14, high_bit=13), ALL).decoder


def test_colour_of_more_than_eight_bits_is_left_to_the_host() -> None:
    data, pixel = jpeg2000(np.zeros((40, 50, 3), np.uint16), mct=True)
    assert stream_route(sniff(data), pixel, ALL).reason == "JPEG 2000 in colour of more than 8 bits"


def test_htj2k_in_colour() -> None:
    pixel = ImagePixel(40, 50, 3, "YBR_RCT", 8, 8, 7)
    data = encode_reversible(np.zeros((40, 50, 3), np.uint8), pixel, Loss())
    assert stream_route(sniff(data), pixel, ALL).decoder == "nvimgcodec:htj2k-colour"


def test_a_container_of_another_size_is_left_to_the_host() -> None:
    data, pixel = jpeg2000(np.zeros((40, 50), np.uint8))
    wide = dataclasses.replace(pixel, bits_allocated=16)
    assert stream_route(sniff(data), wide, ALL).reason == "8 bits in containers of 16"


def test_damaged_huffman_codes_are_left_to_the_host_which_refuses_them() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    data = bytearray(imagecodecs.jpeg8_encode(frame))
    pixel = ImagePixel(64, 64, 1, "MONOCHROME2", 8, 8, 7)
    route = route_for("1.2.840.10008.1.2.4.50", pixel)
    if extension() is not None:
        assert frame_route(bytes(data), route, ALL)[0].decoder == "nvimgcodec:jpeg"
    data[-200:-100] = bytes(100)
    assert frame_route(bytes(data), route, ALL)[0].reason == NOT_CHECKED


def test_a_codestream_of_another_transfer_syntax_is_refused() -> None:
    """As on the host, though the device could decode it."""
    data, pixel = jpeg2000(np.zeros((40, 50), np.uint8))
    with pytest.raises(FrameDecodeError, match="not of the transfer syntax's format"):
        frame_route(data, route_for("1.2.840.10008.1.2.4.50", pixel), ALL)


def test_lossy_htj2k_is_the_hosts() -> None:
    """It may have passes that nvJPEG2000 leaves out without a word."""
    frame = (np.arange(64 * 80).reshape(64, 80) * 7 % 4096).astype(np.uint16)
    pixel = ImagePixel(64, 80)
    lossless, lossy = encode_reversible(frame, pixel, Loss()), encode_irreversible(frame, pixel, Loss(psnr=40.0))
    assert stream_route(sniff(lossless), pixel, ALL).decoder == "nvimgcodec:htj2k"
    assert stream_route(sniff(lossy), pixel, ALL) == DeviceRoute(None, "lossy HTJ2K")


def test_boxes_are_taken_off() -> None:
    frame = np.zeros((40, 50), np.uint16)
    _, pixel = jpeg2000(frame)
    boxed = imagecodecs.jpeg2k_encode(frame, codecformat="JP2", reversible=True)
    chosen, codestream = frame_route(boxed, route_for("1.2.840.10008.1.2.4.90", pixel), ALL)
    assert chosen.decoder == "nvimgcodec:jpeg2000"
    assert codestream.startswith(b"\xff\x4f\xff\x51")
    assert len(codestream) < len(boxed)


def test_without_nvimagecodec_all_streams_are_the_hosts() -> None:
    route = route_for("1.2.840.10008.1.2.4.90", ImagePixel(4, 4))
    assert instance_route(route, frozenset()) == DeviceRoute(
        None, "nvImageCodec is not installed, or decodes nothing here"
    )

"""Signed samples in every transfer syntax that may hold them (PS3.5 8.2): read back by pydicom and highdicom, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.syntaxes import LOSSLESS_SYNTAXES
from hdgpu.dicom.discover import discover
from hdgpu.dicom.frame_index import index_frames
from hdgpu.errors import FrameEncodeError, UnsupportedPixelError
from hdgpu.image.transcode import Transcoded, transcode
from tests.codecs.test_encoded import smooth

NO_SIGN = ("jpeg-xl-lossless", "jpeg-baseline", "jpeg-extended")
LOSSLESS = [name for name in LOSSLESS_SYNTAXES if name not in NO_SIGN]


def written(folder: Path, image: np.ndarray, bits: int, *, high_bit: int | None = None) -> Path:
    """Write a native file: at the extremes of its bits, and around zero."""
    dataset = dcmread(get_testdata_file("MR_small.dcm", download=False))
    lowest, highest = -1 << (bits - 1), (1 << (bits - 1)) - 1
    image.flat[:6] = lowest, highest, -1, 0, lowest + 1, highest - 1
    dataset.Rows, dataset.Columns = image.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.PixelRepresentation = 8 * image.itemsize, bits, 1
    dataset.HighBit = bits - 1 if high_bit is None else high_bit
    dataset.PixelData = (image << (dataset.HighBit + 1 - bits)).tobytes() + b"\0" * (image.nbytes % 2)
    dataset["PixelData"].VR = "OB" if image.itemsize == 1 else "OW"
    dataset.save_as(folder / "source.dcm")
    return folder / "source.dcm"


def only(source: Path, target: Path, name: str, **options: object) -> Transcoded:
    (one,) = transcode(source, target, name, **options).files
    return one


@pytest.mark.parametrize(("dtype", "bits"), [("int8", 8), ("int8", 5), ("int16", 16), ("int16", 12), ("int16", 7)])
@pytest.mark.parametrize("name", LOSSLESS)
def test_every_sample_comes_back_whoever_reads_it(name: str, dtype: str, bits: int, tmp_path: Path) -> None:
    image = smooth(dtype, bits=bits)
    source, target = written(tmp_path, image, bits), tmp_path / "a.dcm"
    outcome = only(source, target, name)
    assert outcome.error is None
    (instance,) = discover([target]).instances
    assert (instance.pixel.bits_stored, instance.pixel.high_bit, instance.pixel.pixel_representation) == (
        bits,
        bits - 1,
        1,
    )
    route = route_for(instance.transfer_syntax_uid, instance.pixel)
    data = bytes(index_frames(instance).read(instance.source, 0))
    read = 0
    for _, decoder in route.attempts:
        out = np.empty_like(image)
        try:
            found = decoder(data, instance.pixel, out, 0)
        except ValueError:  # is for others: padded RLE, JPEG that cannot be verified
            continue
        if found is not None:
            np.testing.assert_array_equal(found, image)
            read += 1
    assert read
    if "jpeg2000" in name or "htj2k" in name:
        assert (sniff(data).precision, sniff(data).signed) == (bits, True)
    if name != "encapsulated-uncompressed":  # which pydicom does not know
        np.testing.assert_array_equal(dcmread(target).pixel_array, image)


@pytest.mark.parametrize("bits", [16, 12])
@pytest.mark.parametrize("name", ["jpeg-ls-lossless", "jpeg2000-lossless", "htj2k-lossless"])
def test_highdicom_reads_it(name: str, bits: int, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    image = smooth("int16", bits=bits)
    assert only(written(tmp_path, image, bits), tmp_path / "a.dcm", name).error is None
    np.testing.assert_array_equal(highdicom.imread(tmp_path / "a.dcm").get_stored_frame(1), image)


@pytest.mark.parametrize("name", ["jpeg-ls-lossless", "jpeg2000-lossless"])
def test_samples_at_the_upper_end_of_their_containers(name: str, tmp_path: Path) -> None:
    """High Bit is 15 of 12 bits in the source, and 11 in the target."""
    image = smooth("int16", bits=12)
    assert only(written(tmp_path, image, 12, high_bit=15), tmp_path / "a.dcm", name).error is None
    found = dcmread(tmp_path / "a.dcm")
    assert (found.HighBit, found.BitsStored) == (11, 12)
    np.testing.assert_array_equal(found.pixel_array, image)


@pytest.mark.parametrize(
    ("name", "loss", "most"),
    [
        ("jpeg-ls", Loss(max_error=3), 3),
        ("jpeg-ls", Loss(), 0),
        ("jpeg2000", Loss(psnr=70), 12),
        ("htj2k", Loss(psnr=70), 12),
    ],
)
def test_what_is_lost_of_them_is_little(name: str, loss: Loss, most: int, tmp_path: Path) -> None:
    """Around zero, above all, where JPEG-LS has 0 beside the largest of its samples."""
    image = (smooth("int16", bits=12) // 3).astype(np.int16)
    source = written(tmp_path, image, 12)
    dataset = dcmread(source)
    dataset.PixelData = (image := np.clip(image, -1000, 1000)).tobytes()
    dataset.save_as(source)
    assert only(source, tmp_path / "a.dcm", name, lossy=True, loss=loss).error is None
    difference = np.abs(dcmread(tmp_path / "a.dcm").pixel_array.astype(int) - image)
    assert difference.max() <= most
    assert (difference.max() > 0) == (most > 0)


def test_a_sample_that_would_change_its_sign_is_not_written(tmp_path: Path) -> None:
    """Near-lossless JPEG-LS may take the largest value for the smallest: between them lies one step of the code."""
    image = np.where(smooth("int16", bits=12) % 2, 2047, -2048).astype(np.int16)
    source = written(tmp_path, image, 12)
    outcome = only(source, tmp_path / "a.dcm", "jpeg-ls", lossy=True, loss=Loss(max_error=3))
    assert isinstance(outcome.error, FrameEncodeError)
    assert "other samples" in str(outcome.error)
    assert not (tmp_path / "a.dcm").exists()


def test_the_names_of_those_that_take_them_are_given(tmp_path: Path) -> None:
    source = written(tmp_path, smooth("int16", bits=12), 12)
    error = only(source, tmp_path / "a.dcm", "jpeg-xl-lossless").error
    assert isinstance(error, UnsupportedPixelError)
    assert "(0028,0103) 'Pixel Representation'" in str(error)
    assert str(error).endswith(f"Choose {' or '.join(LOSSLESS)}.")
    error = only(source, tmp_path / "a.dcm", "jpeg-extended", lossy=True).error
    assert str(error).endswith("Choose jpeg-ls or jpeg2000 or htj2k.")
    dose = get_testdata_file("rtdose.dcm", download=False)
    error = only(Path(dose), tmp_path / "a.dcm", "jpeg-ls", lossy=True).error
    assert str(error).endswith("Choose native-implicit or native or deflated or encapsulated-uncompressed.")

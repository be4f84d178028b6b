"""Series on disk in one transfer syntax after the other: what the benchmarks of whole series load."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from demo.phantom import INTERCEPT, SLICE_SPACING_MM, slice_hu
from hdgpu.errors import HdgpuError
from hdgpu.frame import encode_frame
from tests.make_series import make_dataset

SYNTAXES = {
    "native": UID("1.2.840.10008.1.2.1"),
    "JPEG 2000": UID("1.2.840.10008.1.2.4.90"),
    "HTJ2K": UID("1.2.840.10008.1.2.4.201"),
    "JPEG baseline": UID("1.2.840.10008.1.2.4.50"),
    "JPEG lossless": UID("1.2.840.10008.1.2.4.70"),
    "RLE": UID("1.2.840.10008.1.2.5"),
    "JPEG-LS": UID("1.2.840.10008.1.2.4.80"),
}
# Slices of the phantom that differ; more of them are these over again, at other places.
DISTINCT = 64


def write_variant(sources: Sequence[Path], target: Path, change: Callable[[Dataset], None]) -> list[Path]:
    """Write each file of a series once it has been changed, unless that was done before.

    Parameters
    ----------
    sources : sequence of Path
    target : Path
        Folder for the files, which keep their names.
    change : callable
        Changes a data set; called from several threads.
    """

    def write(source: Path) -> Path:
        path = target / source.name
        if not path.exists():
            dataset = dcmread(source)
            change(dataset)
            _save(dataset, path)
        return path

    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(write, sources))


def encoder(name: str) -> Callable[[Dataset], None]:
    """Return what encodes the native frame of a data set; equal frames once.

    Raises
    ------
    hdgpu.errors.HdgpuError
        By what is returned, if the transfer syntax has no such frames.
    """
    known: dict[bytes, bytes] = {}

    def change(dataset: Dataset) -> None:
        if name == "native":
            dataset.file_meta.TransferSyntaxUID = SYNTAXES[name]
            return
        if name == "JPEG baseline":
            _to_8_bits(dataset)
        key = hashlib.sha256(dataset.PixelData).digest()
        if key not in known:
            known[key] = encode_frame(
                dataset.pixel_array, SYNTAXES[name], dataset.BitsAllocated, dataset.BitsStored,
                dataset.PhotometricInterpretation, dataset.PixelRepresentation,
            )  # fmt: skip
        dataset.file_meta.TransferSyntaxUID = SYNTAXES[name]
        dataset.PixelData = encapsulate([known[key]])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True

    return change


def _to_8_bits(dataset: Dataset) -> None:
    """Keep the upper bits; the slope then brings the values back, nearly."""
    shift = dataset.BitsStored - 8
    if dataset.PixelRepresentation or shift < 0:
        raise ValueError("only unsigned samples of 8 bits or more are cut to 8 bits")
    frame = (dataset.pixel_array >> shift).astype(np.uint8)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = frame.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.RescaleSlope = float(dataset.get("RescaleSlope", 1)) * (1 << shift)
    dataset.RescaleIntercept = dataset.get("RescaleIntercept", 0)


def write_phantom(target: Path, slices: int, size: int) -> list[Path]:
    """Write the noisy thorax as a native CT of 12 bits, unless that was done before; in no order."""
    target.mkdir(parents=True, exist_ok=True)
    names = np.random.default_rng(1).permutation(slices)
    paths = [target / f"IM{names[number]:05d}.dcm" for number in range(slices)]

    def write(kind: int) -> None:
        missing = [number for number in range(kind, slices, DISTINCT) if not paths[number].exists()]
        stored = (slice_hu(kind, DISTINCT, size) - INTERCEPT).astype(np.uint16) if missing else None
        for number in missing:
            dataset = make_dataset(
                stored, ImagePositionPatient=[0, 0, SLICE_SPACING_MM * number], InstanceNumber=number + 1,
                BitsStored=12, HighBit=11, RescaleSlope=1, RescaleIntercept=INTERCEPT, RescaleType="HU",
                PatientName="Phantom", PatientID="PHANTOM",
            )  # fmt: skip
            _save(dataset, paths[number])

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(write, range(min(DISTINCT, slices))))
    return paths


def _save(dataset: Dataset, path: Path) -> None:
    part = path.with_suffix(".part")
    dataset.save_as(part, enforce_file_format=True)
    part.rename(path)  # a run that was interrupted leaves no half file


def variants(
    series: str, native: Sequence[Path], folder: Path, names: Sequence[str]
) -> Iterator[tuple[str, list[Path] | Exception]]:
    """Write a series in transfer syntaxes; yield its name and the files, or the error that tells why there are none."""
    for name in names:
        try:
            yield name, write_variant(native, folder / series / name.replace(" ", "_"), encoder(name))
        except (HdgpuError, ValueError) as error:
            yield name, error

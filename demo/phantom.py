"""A CT phantom of known voxels, written as a folder of JPEG 2000 lossless DICOM files in no order at all.

python demo/phantom.py FOLDER [--slices 160] [--size 512]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, JPEG2000Lossless, generate_uid

INTERCEPT = -1024
BITS_STORED = 12
FIELD_OF_VIEW_MM = 360.0
SLICE_SPACING_MM = 1.25
NOISE_HU = 12.0
RECORD = "phantom.json"

# HU, center and half axes; x to the left, y to posterior, z to superior, the body's half length being 1
_ELLIPSOIDS = (
    (-90, (0.0, 0.0, 0.0), (0.86, 0.64, 9.0)),  # fat below the skin
    (45, (0.0, 0.0, 0.0), (0.80, 0.58, 9.0)),  # muscle
    (-850, (-0.38, -0.06, 0.15), (0.30, 0.42, 0.95)),  # right lung
    (-850, (0.38, -0.06, 0.15), (0.30, 0.42, 0.95)),  # left lung
    (55, (0.10, -0.16, -0.05), (0.24, 0.24, 0.45)),  # heart
    (280, (0.12, -0.14, -0.05), (0.10, 0.11, 0.25)),  # contrast medium in it
    (280, (0.05, 0.24, 0.0), (0.05, 0.05, 9.0)),  # aorta
    (110, (-0.32, -0.02, -1.0), (0.38, 0.40, 0.55)),  # liver
    (250, (0.0, 0.38, 0.0), (0.12, 0.11, 9.0)),  # vertebra
    (700, (0.0, 0.36, 0.0), (0.10, 0.08, 9.0)),
    (20, (0.0, 0.47, 0.0), (0.035, 0.035, 9.0)),  # spinal canal
    (65, (-0.45, 0.10, 0.30), (0.05, 0.06, 0.08)),  # a nodule in the right lung
)
_TABLE_HU = 80
_AIR_HU = -1000


def slice_hu(number: int, slices: int, size: int) -> npt.NDArray[np.int16]:
    """Return slice `number`, counted from inferior, in Hounsfield units: shape (size, size)."""
    half = (size - 1) / 2
    y, x = np.ogrid[0:size, 0:size]
    x, y = (x - half) / half, (y - half) / half
    z = 2 * number / max(slices - 1, 1) - 1
    image = np.full((size, size), _AIR_HU, np.float32)
    image[(np.abs(x) < 0.9) & (np.abs(y - 0.74 - 0.12 * x**2) < 0.03)] = _TABLE_HU
    for hu, (cx, cy, cz), (ax, ay, az) in _ELLIPSOIDS:
        inside = ((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + ((z - cz) / az) ** 2 <= 1
        image[inside] = hu
    _add_ribs(image, x, y, z)
    # each slice has noise of its own, the same whenever and by whichever thread it is drawn
    noise = np.random.default_rng((number, slices, size)).standard_normal(image.shape, np.float32)
    image += NOISE_HU * noise
    return np.clip(np.rint(image), INTERCEPT, INTERCEPT + (1 << BITS_STORED) - 1).astype(np.int16)


def _add_ribs(image: npt.NDArray[np.float32], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], z: float) -> None:
    """Add ribs: a ring around the lungs, cut by planes that fall from the spine to the sternum."""
    radius = (x / 0.76) ** 2 + (y / 0.55) ** 2
    phase = (z + 0.25 * y) * 6
    image[(radius > 0.86) & (radius < 1.0) & (np.abs(phase - np.round(phase)) < 0.2) & (np.abs(x) > 0.12)] = 450


def write_phantom(folder: Path, *, slices: int = 160, size: int = 512) -> dict[str, object]:
    """Write the phantom unless `folder` holds it already, and return its record.

    Parameters
    ----------
    folder : Path
        Made anew if it holds anything else than this very phantom.
    slices, size : int, optional
        Number of slices, and rows and columns of each.

    Returns
    -------
    dict
        ``slices``, ``size``, ``writer``, ``files`` and ``sha256``: of the voxels in HU as little-endian int16, slices
        from inferior to superior.
    """
    record = folder / RECORD
    # another version of this file is another phantom
    wanted = {"slices": slices, "size": size, "writer": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}
    if record.exists():
        known: dict[str, object] = json.loads(record.read_text())
        if known == {**known, **wanted, "files": len(list(folder.glob("*.dcm")))}:
            return known
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = np.random.default_rng(1).permutation(slices)
    shared = _shared_attributes()
    digest = hashlib.sha256()

    def write(number: int) -> bytes:
        image = slice_hu(number, slices, size)
        data_set = _data_set(shared, image, number, slices)
        data_set.save_as(folder / f"IM{names[number]:05d}.dcm", enforce_file_format=True)
        return image.astype("<i2").tobytes()

    with ThreadPoolExecutor(2) as pool:
        for voxels in pool.map(write, range(slices)):
            digest.update(voxels)
    # written last: a run that was interrupted leaves no record, and the next one starts again
    made: dict[str, object] = {**wanted, "files": slices, "sha256": digest.hexdigest()}
    record.write_text(json.dumps(made, indent=2) + "\n")
    return made


def _shared_attributes() -> Dataset:
    """Return what is the same in all files: patient, study, series and frame of reference."""
    shared = Dataset()
    shared.StudyInstanceUID, shared.SeriesInstanceUID = generate_uid(), generate_uid()
    shared.FrameOfReferenceUID = generate_uid()
    now = datetime.now()
    shared.StudyDate, shared.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    shared.StudyID, shared.SeriesNumber, shared.SeriesDescription = "1", 1, "Phantom, thorax"
    shared.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    shared.Modality = "CT"
    shared.Manufacturer = "hdgpu"
    shared.PatientName, shared.PatientID = "Phantom", "PHANTOM"
    shared.PatientBirthDate = shared.PatientSex = shared.AccessionNumber = ""
    shared.ReferringPhysicianName = ""
    return shared


def _data_set(shared: Dataset, image: npt.NDArray[np.int16], number: int, slices: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = JPEG2000Lossless
    data_set = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    data_set.update(shared)
    data_set.SOPClassUID = meta.MediaStorageSOPClassUID
    data_set.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data_set.InstanceNumber = slices - number
    _set_plane(data_set, image.shape[0], number, slices)
    _set_pixels(data_set, image)
    return data_set


def _set_plane(data_set: FileDataset, size: int, number: int, slices: int) -> None:
    spacing = FIELD_OF_VIEW_MM / size
    corner = -spacing * (size - 1) / 2
    data_set.PatientPosition = "HFS"
    data_set.PositionReferenceIndicator = ""
    data_set.PixelSpacing = [spacing, spacing]
    data_set.SliceThickness = SLICE_SPACING_MM
    data_set.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data_set.ImagePositionPatient = [corner, corner, (number - (slices - 1) / 2) * SLICE_SPACING_MM]


def _set_pixels(data_set: FileDataset, image: npt.NDArray[np.int16]) -> None:
    stored = (image.astype(np.int32) - INTERCEPT).astype(np.uint16)
    codestream = imagecodecs.jpeg2k_encode(
        stored, level=0, reversible=True, codecformat="J2K", bitspersample=BITS_STORED, mct=False
    )
    data_set.Rows, data_set.Columns = image.shape
    data_set.SamplesPerPixel = 1
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 16, BITS_STORED, BITS_STORED - 1
    data_set.PixelRepresentation = 0
    data_set.RescaleIntercept, data_set.RescaleSlope, data_set.RescaleType = INTERCEPT, 1, "HU"
    data_set.WindowCenter, data_set.WindowWidth = 40, 400
    data_set.PixelData = encapsulate([codestream])


def main() -> None:
    """Write the phantom from the command line."""
    parser = argparse.ArgumentParser(description="Write a CT phantom as JPEG 2000 lossless DICOM files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slices", type=int, default=160)
    parser.add_argument("--size", type=int, default=512)
    arguments = parser.parse_args()
    record = write_phantom(arguments.folder, slices=arguments.slices, size=arguments.size)
    print(f"{arguments.folder}: {record['files']} files")


if __name__ == "__main__":
    main()

"""Small series made for a test: data sets and files whose voxels and geometry are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def make_dataset(pixels: np.ndarray, **attributes: Any) -> FileDataset:
    """Make a CT image of one frame; `attributes` are set last, and None deletes one."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # pydicom fills it in when it writes
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[pixels.tobytes().hex(), str(attributes)])
    meta.TransferSyntaxUID = attributes.pop("transfer_syntax", ExplicitVRLittleEndian)
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.4"
    dataset.FrameOfReferenceUID = "1.2.3.5"
    dataset.Modality = "CT"
    dataset.SeriesNumber = 1
    dataset.ImagePositionPatient = [0, 0, 0]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.PixelSpacing = [0.5, 0.75]
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OW"
    for name, value in attributes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    return dataset


def make_series(
    count: int = 6, shape: tuple[int, ...] = (5, 4), dtype: str = "int16", spacing: float = 2.0, **attributes: Any
) -> tuple[list[FileDataset], np.ndarray]:
    """Make a stack of axial slices, and the voxels that a volume of it holds: slices from head to feet."""
    generator = np.random.default_rng(7)
    info = np.iinfo(dtype)
    voxels = generator.integers(info.min, info.max, (count, *shape), dtype, endpoint=True)
    datasets = [
        make_dataset(
            voxels[index],
            **{"ImagePositionPatient": [-10, -20, -spacing * index], "InstanceNumber": index + 1, **attributes},
        )
        for index in range(count)
    ]
    return datasets, voxels


def write_series(datasets: list[Dataset], folder: Path) -> list[Path]:
    """Write data sets in an order that is not that of the stack."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for place, index in enumerate(np.random.default_rng(3).permutation(len(datasets)).tolist()):
        path = folder / f"IM{place:03d}"
        datasets[index].save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def nested_sequences() -> list[Dataset]:
    """Return items of undefined length that hold a sequence of undefined length with a position that is none."""
    inner, middle = Dataset(), Dataset()
    inner.ImagePositionPatient = [9, 9, 9]
    inner.is_undefined_length_sequence_item = True
    middle.PlanePositionSequence = [inner, inner]
    middle["PlanePositionSequence"].is_undefined_length = True
    middle.is_undefined_length_sequence_item = True
    return [middle, middle]

"""What people use today to get a series onto a GPU: each loads files into one float32 array there.

A peer that is missing, or cannot decode a transfer syntax, raises; what it says is the reason that is printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from series_files import SYNTAXES
from series_host import load_highdicom

from hdgpu.array.device import Device
from hdgpu.array.streams import runtime_of

Loader = Callable[[Sequence[Path]], Any]
# What nvImageCodec has a decoder for.
NVIMGCODEC = ("JPEG 2000", "HTJ2K", "JPEG baseline", "JPEG lossless")


@dataclass(frozen=True)
class Place:
    """Where arrays are wanted: on the current CUDA device as CuPy's, or on the host.

    Parameters
    ----------
    device : str
        ``"cuda"`` or ``"cpu"``.
    """

    device: str

    @property
    def xp(self) -> Any:
        """CuPy, or NumPy."""
        return import_module("cupy") if self.device == "cuda" else np

    def wait(self) -> None:
        """Return when the device has done all that was asked of it."""
        if self.device == "cuda":
            self.xp.cuda.Device().synchronize()

    def release(self) -> None:
        """Give back what hdgpu keeps from load to load."""
        if self.device == "cuda":
            runtime_of(Device("cuda", 0)).release()


def peers(place: Place, batch: int) -> dict[str, Loader]:
    """Return the peers by name, the fair rival last."""
    upload = place.xp.asarray
    return {
        "highdicom": lambda paths: upload(load_highdicom(list(paths))),
        "pydicom, threads": lambda paths: upload(with_threads(paths)),
        "pydicom, plugin": lambda paths: upload(with_plugin(paths)),
        "nvImageCodec": Rival(place, batch).load,
    }


# --- pydicom ----------------------------------------------------------------------------------------------------------


def in_order(datasets: list[pydicom.Dataset]) -> list[pydicom.Dataset]:
    """Return data sets by their place along the normal of the slices."""
    cosines = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(cosines[3:], cosines[:3])
    return sorted(datasets, key=lambda dataset: float(np.dot(normal, np.array(dataset.ImagePositionPatient, float))))


def rescale(datasets: Sequence[pydicom.Dataset]) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept of each data set, (n,) float32 each."""
    pairs = [(dataset.get("RescaleSlope", 1), dataset.get("RescaleIntercept", 0)) for dataset in datasets]
    slope, intercept = np.array(pairs, np.float32).T
    return slope, intercept


def stream_of(dataset: pydicom.Dataset) -> bytes:
    """Return the only frame of a data set, encoded."""
    return bytes(next(generate_frames(dataset.PixelData, number_of_frames=1)))


def decoded(dataset: pydicom.Dataset) -> np.ndarray:
    """Decode the frame of a data set with imagecodecs, or take it as it is."""
    import imagecodecs

    dtype = np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}")
    shape = dataset.Rows, dataset.Columns
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        return np.frombuffer(dataset.PixelData, dtype, shape[0] * shape[1]).reshape(shape)
    if syntax == SYNTAXES["RLE"]:
        return np.frombuffer(imagecodecs.dicomrle_decode(stream_of(dataset), dtype), dtype).reshape(shape)
    name = {uid: each for each, uid in SYNTAXES.items()}[syntax]
    decode = {
        "JPEG 2000": lambda data: imagecodecs.jpeg2k_decode(data, numthreads=1),
        "HTJ2K": lambda data: imagecodecs.jpeg2k_decode(data, numthreads=1),
        "JPEG baseline": imagecodecs.jpeg8_decode,
        "JPEG lossless": imagecodecs.ljpeg_decode,
        "JPEG-LS": imagecodecs.jpegls_decode,
    }[name]
    return decode(stream_of(dataset)).reshape(shape)


def with_threads(paths: Sequence[Path]) -> np.ndarray:
    """Read with pydicom, decode with imagecodecs, rescale, all in threads, and put the slices into one array."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        datasets = in_order(list(pool.map(pydicom.dcmread, paths)))
        slope, intercept = rescale(datasets)
        volume = np.empty((len(datasets), datasets[0].Rows, datasets[0].Columns), np.float32)

        def work(index: int) -> None:
            np.multiply(decoded(datasets[index]), slope[index], out=volume[index], casting="unsafe")
            volume[index] += intercept[index]

        list(pool.map(work, range(len(datasets))))
    return volume


def with_plugin(paths: Sequence[Path]) -> np.ndarray:
    """Decode frame by frame with nvImageCodec's plugin for pydicom."""
    plugin = import_module("nvidia.nvimgcodec.tools.dicom.pydicom_plugin")
    datasets = in_order([pydicom.dcmread(path) for path in paths])
    if not plugin.is_available(datasets[0].file_meta.TransferSyntaxUID):
        raise ValueError("the plugin does not have the transfer syntax")
    plugin.register()
    try:
        label = plugin.NVIMGCODEC_PLUGIN_LABEL
        frames = [pydicom.pixels.pixel_array(dataset, decoding_plugin=label) for dataset in datasets]
    finally:
        plugin.unregister()  # the others use pydicom, too
    slope, intercept = rescale(datasets)
    return np.stack(frames).astype(np.float32) * slope[:, None, None] + intercept[:, None, None]


# --- nvImageCodec -----------------------------------------------------------------------------------------------------


class Rival:
    """Batches with one nvImageCodec decoder, stacked and rescaled on the device: what a careful user writes.

    Parameters
    ----------
    place : Place
    batch : int
        Frames of a call.
    """

    def __init__(self, place: Place, batch: int) -> None:
        self._place = place
        self._batch = batch
        self._decoder: Any = None

    def decode(self, streams: Sequence[bytes]) -> list[Any]:
        """Return the images of grey codestreams, on the device."""
        library = import_module("nvidia.nvimgcodec")
        if self._decoder is None:
            host = self._place.device == "cpu"
            self._decoder = library.Decoder(
                device_id=library.NVIMGCODEC_DEVICE_CPU_ONLY if host else 0,
                backends=[library.Backend(library.CPU_ONLY)] if host else None,
            )
        parameters = library.DecodeParams(
            allow_any_depth=True, apply_exif_orientation=False, color_spec=library.ColorSpec.GRAY
        )
        images: list[Any] = []
        for start in range(0, len(streams), self._batch):
            opened = [library.CodeStream(stream) for stream in streams[start : start + self._batch]]
            images += self._decoder.decode(opened, params=parameters)
        self._place.wait()
        failed = sum(image is None for image in images)
        if failed:
            raise ValueError(f"nvImageCodec decodes {len(images) - failed} of {len(images)} frames")
        return images

    def load(self, paths: Sequence[Path]) -> Any:
        """Read with pydicom, decode, stack and rescale."""
        xp = self._place.xp
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            datasets = in_order(list(pool.map(pydicom.dcmread, paths)))
        if datasets[0].file_meta.TransferSyntaxUID not in [SYNTAXES[name] for name in NVIMGCODEC]:
            raise ValueError("nvImageCodec has no decoder for the transfer syntax")
        images = self.decode([stream_of(dataset) for dataset in datasets])
        slope, intercept = (xp.asarray(each)[:, None, None] for each in rescale(datasets))
        stored = xp.stack([xp.asarray(image) for image in images])
        return stored.reshape(stored.shape[:3]).astype("float32") * slope + intercept

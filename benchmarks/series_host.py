"""Files on disk to a float32 volume on the host: hdgpu beside what people use today.

Every peer loads the same files in the same process, one after the other, round after round, so that all of them see
the same machine.  The files are in the page cache.  Printed are medians, ratios of each round's times, and the
limit: the codec alone over the same frames already in memory, with the same threads.

    python benchmarks/series_host.py FOLDER [--rounds 5] [--json benchmarks/results/series_host.json]

FOLDER holds one series of single-frame files in a native transfer syntax; the variants are written beside it, into
benchmarks/data/.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
from common import table, write_json

sys.path.insert(0, str(Path(__file__).parents[1]))

from series_files import write_variant

import hdgpu
from hdgpu.dicom.frame_index import index_frames

warnings.simplefilter("ignore")
SYNTAXES = {
    "native": pydicom.uid.ImplicitVRLittleEndian,
    "RLE": pydicom.uid.RLELossless,
    "JPEG 2000": pydicom.uid.JPEG2000Lossless,
    "JPEG-LS": pydicom.uid.JPEGLSLossless,
}
# Ratios that the project promises: (against highdicom's, against SimpleITK's documented call).
FLOORS = {"native": (40, 4), "RLE": (25, 30), "JPEG 2000": (4.5, 3), "JPEG-LS": (15, 2.5)}


def write_variants(folder: Path, destination: Path) -> dict[str, list[Path]]:
    """Write the series in each transfer syntax, unless that was done before."""
    sources = sorted(path for path in folder.iterdir() if path.is_file())

    def encoder(syntax: pydicom.uid.UID) -> Callable[[pydicom.Dataset], None]:
        plugin = "pylibjpeg" if syntax != SYNTAXES["JPEG-LS"] else "pyjpegls"
        return lambda dataset: dataset.compress(syntax, encoding_plugin=plugin) if syntax.is_compressed else None

    return {
        name: write_variant(sources, destination / name.replace(" ", "_"), encoder(syntax))
        for name, syntax in SYNTAXES.items()
    }


def load_hdgpu(paths: list[Path]) -> np.ndarray:
    return hdgpu.load_volume(paths[0].parent, device="cpu").array


def load_highdicom(paths: list[Path]) -> np.ndarray:
    """As its documentation has it: float64 is its default, and what is wanted here is float32."""
    import highdicom

    volume = highdicom.get_volume_from_series([pydicom.dcmread(path) for path in paths])
    return volume.array.astype(np.float32)


def load_highdicom_float32(paths: list[Path]) -> np.ndarray:
    """Asked for float32, which is faster."""
    import highdicom

    return highdicom.get_volume_from_series([pydicom.dcmread(path) for path in paths], dtype=np.float32).array


def load_simpleitk(paths: list[Path]) -> np.ndarray:
    """As its documentation has it."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(paths[0].parent)))
    return SimpleITK.GetArrayFromImage(reader.Execute()).astype(np.float32)


def load_simpleitk_float32(paths: list[Path]) -> np.ndarray:
    """Asked for float32, which is faster."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(paths[0].parent)))
    reader.SetOutputPixelType(SimpleITK.sitkFloat32)
    return SimpleITK.GetArrayFromImage(reader.Execute())


def load_pydicom(paths: list[Path]) -> np.ndarray:
    datasets = [pydicom.dcmread(path) for path in paths]
    cosines = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(cosines[3:], cosines[:3])
    datasets.sort(key=lambda dataset: float(np.dot(normal, np.array(dataset.ImagePositionPatient, float))))
    return np.stack([dataset.pixel_array.astype(np.float32) for dataset in datasets])


PEERS: dict[str, Callable[[list[Path]], np.ndarray]] = {
    "hdgpu": load_hdgpu,
    "highdicom": load_highdicom,
    "highdicom, float32": load_highdicom_float32,
    "SimpleITK": load_simpleitk,
    "SimpleITK, float32": load_simpleitk_float32,
    "pydicom": load_pydicom,
}


def codec_alone(paths: list[Path], workers: int) -> Callable[[], float]:
    """Return a function that times the bare decoding of all frames from memory, in `workers` threads."""
    import imagecodecs

    instances = hdgpu.read_series(paths)[0].instances
    frames = [bytes(index_frames(instance).read(instance.source, 0)) for instance in instances]
    pixel = instances[0].pixel
    decoders = {
        SYNTAXES["RLE"]: lambda data, out: imagecodecs.dicomrle_decode(data, "<u2", out=out.reshape(-1).view("u1")),
        SYNTAXES["JPEG 2000"]: lambda data, out: imagecodecs.jpeg2k_decode(data, numthreads=1, out=out),
        SYNTAXES["JPEG-LS"]: lambda data, out: imagecodecs.jpegls_decode(data, out=out),
    }
    native = lambda data, out: np.copyto(out, np.frombuffer(data, out.dtype).reshape(out.shape))  # noqa: E731
    decode = decoders.get(instances[0].transfer_syntax_uid, native)
    # JPEG-LS and JPEG 2000 carry their own sign, or none.
    local = threading.local()

    def work(part: list[bytes]) -> None:
        if not hasattr(local, "out"):
            local.out = np.empty(pixel.frame_shape, pixel.dtype)
        for data in part:
            try:
                decode(data, local.out)
            except ValueError:
                local.out = np.empty(pixel.frame_shape, f"u{pixel.dtype.itemsize}")
                decode(data, local.out)

    def run() -> float:
        with ThreadPoolExecutor(workers) as pool:
            started = time.perf_counter()
            list(pool.map(work, [frames[i : i + 8] for i in range(0, len(frames), 8)]))
            return time.perf_counter() - started

    return run


def timed(load: Callable[[list[Path]], np.ndarray], paths: list[Path]) -> tuple[float, np.ndarray]:
    gc.collect()
    started = time.perf_counter()
    array = load(paths)
    return time.perf_counter() - started, array


def measure(name: str, paths: list[Path], rounds: int) -> dict[str, object]:
    """Time all peers over one variant."""
    workers = len(os.sched_getaffinity(0))
    limit = codec_alone(paths, workers)
    seconds: dict[str, list[float]] = {peer: [] for peer in [*PEERS, "codec alone"]}
    expected = None
    for round_ in range(rounds + 1):  # the first one warms up
        for peer, load in PEERS.items():
            elapsed, array = timed(load, paths)
            seconds[peer].append(elapsed)
            if round_ == 0:
                expected = array if expected is None else expected
                same = np.array_equal(array, expected) or np.array_equal(array[::-1], expected)
                assert same, f"{peer} gives other voxels for {name}"
            del array
        seconds["codec alone"].append(limit())
    expected = None
    return {"syntax": name, "workers": workers, "seconds": {peer: times[1:] for peer, times in seconds.items()}}


def summarise(result: dict[str, object]) -> list[object]:
    """Return one row: medians, and the median over the rounds of the ratio of each peer to hdgpu."""
    seconds: dict[str, list[float]] = result["seconds"]  # type: ignore[assignment]
    ours = seconds["hdgpu"]
    ratio = {
        peer: statistics.median(theirs / one for theirs, one in zip(times, ours, strict=True))
        for peer, times in seconds.items()
    }
    result["median_seconds"] = {peer: statistics.median(times) for peer, times in seconds.items()}
    result["ratio_to_hdgpu"] = ratio
    result["limit_ratio"] = statistics.median(o / limit for o, limit in zip(ours, seconds["codec alone"], strict=True))
    floors = FLOORS[str(result["syntax"])]
    return [
        result["syntax"],
        *[f"{result['median_seconds'][peer] * 1e3:.0f} ms" for peer in PEERS],  # type: ignore[index]
        *[f"{ratio[peer]:.1f}x" for peer in list(PEERS)[1:]],
        f"{result['limit_ratio']:.2f}",
        " and ".join(
            f"{peer} {'yes' if ratio[peer] >= floor else 'NO'}"
            for peer, floor in zip(("highdicom", "SimpleITK"), floors, strict=True)
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=SYNTAXES, action="append", help="this variant alone; may be repeated")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    variants = write_variants(options.folder, Path(__file__).parent / "data")
    results = [measure(name, variants[name], options.rounds) for name in options.only or SYNTAXES]
    rows = [summarise(result) for result in results]
    titles = ["syntax", *PEERS, *[f"vs {peer}" for peer in list(PEERS)[1:]], "to codec", "floors"]
    print(table(titles, rows))
    write_json(options.json, {"results": results})


if __name__ == "__main__":
    main()

"""Stored values to output values on the host, one thread: hdgpu's compiled transform beside highdicom and NumPy.

200 frames of 512 x 512 in uint16, 12 bits stored, already in memory, go frame by frame into one float32 volume (uint16
RGB for the palette): through slope, intercept and a window; through a Modality LUT and a VOI LUT; through a palette.
highdicom's classes are applied one after the other; the NumPy chain is what a careful user would write.  Every peer
works on the same frames in the same process, round after round.  `copy` is the same number of bytes, read and written,
copied from array to array.

    python benchmarks/pixels_host.py [--rounds 5] [--json benchmarks/results/pixels_host.json]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
from common import table, write_json

from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.instance import Instance
from hdgpu.pixels.attributes import read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from hdgpu.pixels.run import transform_frame

SHAPE = (200, 512, 512)
SLOPE, INTERCEPT, CENTER, WIDTH = 1.0, -1024.0, 40.0, 400.0
# Ratios that the project promises: against highdicom, and against NumPy.
FLOORS = (3, 2)
Frame = np.ndarray
Apply = Callable[[Frame, Frame], None]


def smooth_volume() -> np.ndarray:
    """Make values like those of a CT: neighbours alike, with some noise."""
    generator = np.random.default_rng(1)
    x, y = np.meshgrid(*[np.linspace(-1, 1, size) for size in SHAPE[1:]])
    body = 1024 * (x * x + y * y < 0.7) + 200 * np.sin(7 * x) * np.cos(5 * y)
    frames = np.empty(SHAPE, np.uint16)
    for index in range(len(frames)):
        frames[index] = np.clip(body + generator.normal(0, 30, SHAPE[1:]) + index, 0, 4095)
    return frames


def dataset_with(**attributes: Any) -> Instance:
    """Return an instance with these attributes, which the transform is compiled for."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.Rows, dataset.Columns = SHAPE[1:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = b"\0\0"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return Instance(header_of_dataset(dataset))


def ours(dtype: str, attributes: dict[str, Any], **options: Any) -> Apply:
    """Compile the transform once, as a load does, and return what applies it to a frame."""
    instance = dataset_with(**attributes)
    slope, intercept = (np.array([attributes.get(f"Rescale{name}", np.nan)], float) for name in ("Slope", "Intercept"))
    transform = compile_transform(
        instance.pixel, slope, intercept, read_attributes(instance, {}), TransformOptions(**options), dtype
    )
    return lambda stored, out: transform_frame(transform, 0, stored, out, stream=True)


def window_chain() -> dict[str, Apply]:
    modality = highdicom.ModalityLUTTransformation(INTERCEPT, SLOPE, "HU")
    voi = highdicom.VOILUTTransformation(CENTER, WIDTH)

    def theirs(stored: Frame, out: Frame) -> None:
        out[...] = voi.apply(modality.apply(stored, dtype=np.float32), dtype=np.float32)

    def plain(stored: Frame, out: Frame) -> None:
        values = stored.astype(np.float32) * np.float32(SLOPE) + np.float32(INTERCEPT)
        low = CENTER - WIDTH / 2
        out[...] = np.clip((values - np.float32(low)) * np.float32(1 / (WIDTH - 1)), 0, 1)

    attributes = {"RescaleSlope": SLOPE, "RescaleIntercept": INTERCEPT, "WindowCenter": CENTER, "WindowWidth": WIDTH}
    return {"hdgpu": ours("float32", attributes, apply_voi_transform=True), "highdicom": theirs, "NumPy": plain}


def table_chain() -> dict[str, Apply]:
    generator = np.random.default_rng(2)
    modality_entries = np.sort(generator.integers(0, 4096, 4096, np.uint16))
    voi_entries = np.sort(generator.integers(0, 65536, 4096, np.uint16))
    modality_item = highdicom.ModalityLUT("US", 0, modality_entries)
    voi_item = highdicom.VOILUT(0, voi_entries)
    modality = highdicom.ModalityLUTTransformation(modality_lut=modality_item)
    voi = highdicom.VOILUTTransformation(voi_luts=[voi_item])

    def theirs(stored: Frame, out: Frame) -> None:
        out[...] = voi.apply(modality.apply(stored), dtype=np.float32)

    least, largest = int(voi_entries.min()), int(voi_entries.max())
    scaled = ((voi_entries.astype(np.float64) - least) * (1 / (largest - least))).astype(np.float32)

    def plain(stored: Frame, out: Frame) -> None:
        values = modality_entries[np.clip(stored, 0, len(modality_entries) - 1)]
        out[...] = scaled[np.clip(values, 0, len(scaled) - 1)]

    attributes = {"ModalityLUTSequence": [modality_item], "VOILUTSequence": [voi_item]}
    return {"hdgpu": ours("float32", attributes, apply_voi_transform=True), "highdicom": theirs, "NumPy": plain}


def palette_chain() -> dict[str, Apply]:
    entries = np.random.default_rng(3).integers(0, 65536, (4096, 3), np.uint16)
    palette = highdicom.PaletteColorLUTTransformation.from_combined_lut(entries)

    def theirs(stored: Frame, out: Frame) -> None:
        out[...] = palette.apply(stored)

    def plain(stored: Frame, out: Frame) -> None:
        out[...] = entries[np.clip(stored, 0, len(entries) - 1)]

    attributes = {"PhotometricInterpretation": "PALETTE COLOR", **{item.keyword: item.value for item in palette}}
    return {"hdgpu": ours("uint16", attributes), "highdicom": theirs, "NumPy": plain}


CHAINS = {
    "slope and window": (window_chain, "float32", ()),
    "two LUTs": (table_chain, "float32", ()),
    "palette": (palette_chain, "uint16", (3,)),
}


def seconds_of(apply: Apply, volume: np.ndarray, out: np.ndarray) -> float:
    started = time.perf_counter()
    for stored, target in zip(volume, out, strict=True):
        apply(stored, target)
    return time.perf_counter() - started


def copy_seconds(moved: int) -> float:
    """Return how long it takes to copy half as many bytes, of which each is read once and written once."""
    source, target = np.ones(moved // 2, np.uint8), np.ones(moved // 2, np.uint8)
    started = time.perf_counter()
    np.copyto(target, source)
    return time.perf_counter() - started


def measure(name: str, volume: np.ndarray, rounds: int) -> dict[str, Any]:
    """Time all peers over one chain."""
    make, dtype, samples = CHAINS[name]
    peers = make()
    out = np.zeros((*SHAPE, *samples), dtype)
    expected: np.ndarray | None = None
    seconds: dict[str, list[float]] = {peer: [] for peer in [*peers, "copy"]}
    for round_ in range(rounds + 1):  # the first one warms up
        for peer, apply in peers.items():
            elapsed = seconds_of(apply, volume, out)
            if round_:
                seconds[peer].append(elapsed)
                continue
            expected = out[::20].copy() if expected is None else expected
            np.testing.assert_allclose(out[::20], expected, rtol=2e-5, atol=2e-6, err_msg=f"{peer}, {name}")
        if round_:
            seconds["copy"].append(copy_seconds(volume.nbytes + out.nbytes))
    return {"chain": name, "output": dtype, "bytes": volume.nbytes + out.nbytes, "seconds": seconds}


def summarise(result: dict[str, Any]) -> list[object]:
    """Return one row: medians, and the medians over the rounds of each peer's ratio to hdgpu."""
    seconds: dict[str, list[float]] = result["seconds"]
    own = seconds["hdgpu"]
    ratio = {
        peer: statistics.median(other / one for other, one in zip(times, own, strict=True))
        for peer, times in seconds.items()
    }
    result["median_seconds"] = {peer: statistics.median(times) for peer, times in seconds.items()}
    result["ratio_to_hdgpu"] = ratio
    met = [ratio[peer] >= floor for peer, floor in zip(("highdicom", "NumPy"), FLOORS, strict=True)]
    return [
        result["chain"],
        *[f"{result['median_seconds'][peer] * 1e3:.0f} ms" for peer in seconds],
        f"{ratio['highdicom']:.1f}x",
        f"{ratio['NumPy']:.1f}x",
        f"{ratio['copy']:.2f}",
        " ".join("yes" if one else "NO" for one in met),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    volume = smooth_volume()
    results = [measure(name, volume, options.rounds) for name in CHAINS]
    rows = [summarise(result) for result in results]
    titles = ["chain", "hdgpu", "highdicom", "NumPy", "copy", "vs highdicom", "vs NumPy", "of copy bandwidth", "floors"]
    print(table(titles, rows))
    write_json(options.json, {"results": results})


if __name__ == "__main__":
    main()

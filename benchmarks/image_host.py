"""Multi-frame and tiled images on the host: hdgpu.Image beside highdicom's, and wsidicom for tiles.

An enhanced CT of 1,000 frames of 512 x 512 as JPEG 2000, JPEG-LS and native, opened and read whole, and one random
frame of it opened lazily; and a region of 2,048 x 2,048 of a total pixel matrix of 40,000 x 40,000 in 10,000 tiles of
JPEG.
All in one process, in turn, from the page cache; printed are medians, and medians of each round's ratio.

    python benchmarks/image_host.py [--rounds 3] [--frames 1000] [--json benchmarks/results/image_host.json]

The files are written once, into benchmarks/data/.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from common import table, write_json

sys.path.insert(0, str(Path(__file__).parents[1]))

import highdicom

import hdgpu
from demo.phantom import slice_hu
from tests.make_multiframe import item, make_enhanced, make_tiled

warnings.simplefilter("ignore")
DATA = Path(__file__).parent / "data"
SYNTAXES: dict[str, tuple[str, Any]] = {
    "native": ("1.2.840.10008.1.2.1", None),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
    "JPEG 2000": (
        "1.2.840.10008.1.2.4.90",
        lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True, mct=False),
    ),
}
# Ratios that the project promises: whole against highdicom's, and one lazy frame.
FLOORS = {"native": 15, "JPEG-LS": 15, "JPEG 2000": 4.5}
LAZY_FLOOR = 10
DISTINCT = 100  # slices of the phantom, repeated
MATRIX, TILE, REGION = 40_000, 400, 2_048


def write_stack(name: str, frames: int) -> Path:
    """Write the enhanced CT in one transfer syntax, unless that was done before."""
    path = DATA / f"enhanced_{frames}_{name.replace(' ', '_')}.dcm"
    if path.exists():
        return path
    syntax, encode = SYNTAXES[name]
    with ThreadPoolExecutor() as pool:
        slices = list(
            pool.map(lambda number: (slice_hu(number, DISTINCT, 512) + 1024).astype(np.uint16), range(DISTINCT))
        )
        encoded = [None] * DISTINCT if encode is None else list(pool.map(encode, slices))
    known = {id(image): data for image, data in zip(slices, encoded, strict=True)}
    voxels = [slices[number % DISTINCT] for number in range(frames)]
    positions = [(0.0, 0.0, 1.25 * number) for number in range(frames)]
    dataset = make_enhanced(
        np.stack(voxels) if encode is None else _Frames(voxels),  # type: ignore[arg-type]
        positions,
        rescale=[(1, -1024)] * frames,
        encode=None if encode is None else lambda frame: known[id(frame)],
        transfer_syntax=syntax,
        BitsStored=12,
        HighBit=11,
    )
    _save(dataset, path)
    return path


class _Frames(list):  # type: ignore[type-arg]
    """Frames that are one object where they are the same, so that each is encoded once."""


def write_slide() -> Path:
    """Write the tiled image: its tiles are some hundred different ones in no order."""
    path = DATA / "slide.dcm"
    if path.exists():
        return path
    generator = np.random.default_rng(0)
    texture = [
        np.kron(generator.integers(60, 250, (50, 50, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(128)
    ]
    tiles = [imagecodecs.jpeg_encode(tile, level=90, colorspace="RGB", outcolorspace="YCBCR") for tile in texture]
    chosen = iter(generator.integers(0, len(tiles), (MATRIX // TILE) ** 2).tolist())
    blank = np.broadcast_to(np.zeros((1, 1, 1, 1, 3), np.uint8), (1, 1, MATRIX, MATRIX, 3))
    dataset = make_tiled(
        blank,
        (TILE, TILE),
        encode=lambda frame: tiles[next(chosen)],
        transfer_syntax="1.2.840.10008.1.2.4.50",
        PhotometricInterpretation="YBR_FULL_422",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        ImagedVolumeWidth=40.0,
        ImagedVolumeHeight=80.0,
        ImagedVolumeDepth=0.003,
        SpecimenLabelInImage="NO",
        FocusMethod="AUTO",
        ExtendedDepthOfField="NO",
        LossyImageCompression="01",
        ContainerIdentifier="1",
        AcquisitionDateTime="20260101120000",
    )
    dataset.OpticalPathSequence = [
        item(
            OpticalPathIdentifier="1",
            IlluminationTypeCodeSequence=[
                item(CodeValue="111744", CodingSchemeDesignator="DCM", CodeMeaning="Brightfield")
            ],
        )
    ]
    _save(dataset, path)
    return path


def _save(dataset: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    dataset.save_as(path.with_suffix(".part"), enforce_file_format=True)
    path.with_suffix(".part").rename(path)


def alternate(peers: dict[str, Callable[[], np.ndarray]], rounds: int, *, same: bool = True) -> dict[str, list[float]]:
    """Time the peers in turn, after one round that warms up and compares what they give."""
    seconds: dict[str, list[float]] = {peer: [] for peer in peers}
    for number in range(rounds + 1):
        expected = None
        for peer, load in peers.items():
            gc.collect()
            started = time.perf_counter()
            array = load()
            seconds[peer].append(time.perf_counter() - started)
            if number == 0 and same:
                expected = array if expected is None else expected
                assert np.array_equal(array, expected), f"{peer} gives other values"
            del array
    return {peer: times[1:] for peer, times in seconds.items()}


def summary(
    name: str, seconds: dict[str, list[float]], floor: tuple[str, float]
) -> tuple[dict[str, Any], list[object]]:
    """Return what goes into the results, and a row of the table."""
    ours = seconds["hdgpu"]
    median = {peer: statistics.median(times) for peer, times in seconds.items()}
    ratio = {
        peer: statistics.median(theirs / one for theirs, one in zip(times, ours, strict=True))
        for peer, times in seconds.items()
    }
    peer, least = floor
    row = [
        name,
        *(f"{median[each] * 1e3:.1f} ms" if each in median else "" for each in ("hdgpu", "highdicom", "wsidicom")),
        *(f"{ratio[each]:.1f}x" if each in ratio else "" for each in ("highdicom", "wsidicom")),
        f"{peer} {least}x: {'yes' if ratio[peer] >= least else 'NO'}",
    ]
    return {"task": name, "seconds": seconds, "median_seconds": median, "ratio_to_hdgpu": ratio}, row


def stack_tasks(name: str, path: Path, frames: int, rounds: int) -> list[tuple[dict[str, Any], list[object]]]:
    """Time the enhanced CT, whole and one frame of it."""
    numbers = iter(np.random.default_rng(1).integers(1, frames + 1, 10_000).tolist())
    number = [1]

    def lazily(module: Any) -> np.ndarray:
        return module.imread(path, lazy_frame_retrieval=True).get_frame(number[0], dtype=np.float32)

    def next_number() -> np.ndarray:
        number[0] = next(numbers)
        return lazily(hdgpu)

    whole = {
        "hdgpu": lambda: hdgpu.imread(path).get_frames(dtype=np.float32),
        "highdicom": lambda: highdicom.imread(path).get_frames(dtype=np.float32),
    }
    one = {"hdgpu": next_number, "highdicom": lambda: lazily(highdicom)}
    return [
        summary(f"{name}, whole", alternate(whole, rounds), ("highdicom", FLOORS[name])),
        summary(f"{name}, one frame", alternate(one, 5 * rounds), ("highdicom", LAZY_FLOOR)),
    ]


def region_task(path: Path, rounds: int) -> tuple[dict[str, Any], list[object]]:
    """Time a region of the tiled image, opened before; wsidicom's decoder of JPEG gives slightly other colours."""
    from wsidicom import WsiDicom

    ours, theirs = hdgpu.imread(path, lazy_frame_retrieval=True), highdicom.imread(path, lazy_frame_retrieval=True)
    slide = WsiDicom.open(path)
    generator = np.random.default_rng(2)
    place = [0, 0]

    def ours_at_a_new_place() -> np.ndarray:
        place[:] = generator.integers(0, MATRIX - REGION, 2).tolist()
        return region(ours)

    def region(image: Any) -> np.ndarray:
        top, left = place
        return image.get_total_pixel_matrix(top, top + REGION, left, left + REGION, as_indices=True, dtype=np.uint8)

    peers = {
        "hdgpu": ours_at_a_new_place,
        "highdicom": lambda: region(theirs),
        "wsidicom": lambda: np.asarray(slide.read_region((place[1], place[0]), 0, (REGION, REGION))),
    }
    first = {peer: read().astype(int) for peer, read in peers.items()}
    for peer, array in first.items():
        difference = np.abs(array - first["hdgpu"])
        assert array.shape == first["hdgpu"].shape, f"{peer} gives another shape"
        assert difference.mean() < 2, f"{peer} gives another region: {difference.mean()}"
    return summary(f"region of {REGION} x {REGION}", alternate(peers, 5 * rounds, same=False), ("wsidicom", 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--only", choices=[*SYNTAXES, "region"], action="append")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chosen = options.only or [*SYNTAXES, "region"]
    outcomes = []
    for name in chosen:
        if name == "region":
            outcomes.append(region_task(write_slide(), options.rounds))
        else:
            outcomes += stack_tasks(name, write_stack(name, options.frames), options.frames, options.rounds)
    titles = ["task", "hdgpu", "highdicom", "wsidicom", "vs highdicom", "vs wsidicom", "floor"]
    print(table(titles, [row for _, row in outcomes]))
    write_json(options.json, {"results": [result for result, _ in outcomes]})


if __name__ == "__main__":
    main()

"""The demo: finds series, says what they are, loads one as a volume, and checks what came out.

Usage: ``python demo/demo.py [FOLDER] [--output demo-output]``

Without a folder it takes the multi-frame CT and MR that pydicom-data carries, and a CT phantom that it writes itself.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from phantom import write_phantom
from pydicom.data import get_testdata_file

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.cli.convert import write_volume
from hdgpu.cli.info import series_table
from hdgpu.cli.preview import write_preview
from hdgpu.cli.progress import progress

if TYPE_CHECKING:
    from hdgpu.image.series import Series
    from hdgpu.volume.volume import Volume

SAMPLES = ("eCT_Supplemental.dcm", "emri_small.dcm", "emri_small_jpeg_2k_lossless.dcm")


def main() -> int:
    """Run the demo and return its exit status: 1 if something could not be read or came out wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="DICOM files of your own")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="where to write (demo-output)")
    parser.add_argument("--slices", type=int, default=160, help="slices of the phantom (160)")
    parser.add_argument("--size", type=int, default=512, help="rows and columns of the phantom (512)")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.folder is not None:
            return own_folder(arguments.folder, arguments.output)
        return samples(arguments.output, arguments.slices, arguments.size)
    except hd.errors.HdgpuError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def own_folder(folder: str, output: Path) -> int:
    """List the series of a folder and load the largest that forms a regular stack."""
    title("The series")
    with progress("reading headers") as callback:
        series = hd.read_series(folder, progress=callback)
    print(series_table(series))
    regular = [one for one in series if one.diagnosis.is_regular]
    if not regular:
        print("\nNone of them forms a regular stack, so that there is no volume to load.")
        return 1
    volume = load(max(regular, key=lambda one: one.number_of_frames))
    write_results(volume, output)
    return 0


def samples(output: Path, slices: int, size: int) -> int:
    """List and load the samples and the phantom, and check the phantom's voxels."""
    title("The phantom")
    start = time.perf_counter()
    record = write_phantom(output / "phantom", slices=slices, size=size)
    print(f"{slices} x {size} x {size}, JPEG 2000 lossless, in {output / 'phantom'}: {since(start)}")

    title("The series")
    paths = [get_testdata_file(name, download=False) for name in SAMPLES]
    missing = [name for name, path in zip(SAMPLES, paths, strict=True) if path is None]
    if missing:
        print(f"{', '.join(missing)}: not found; pydicom-data is not installed\n")
    real = [one for path in paths if path is not None for one in hd.read_series(path)]
    (ours,) = hd.read_series(output / "phantom")
    print(series_table([*real, ours]))

    title("The samples")
    for series in real:
        print(outcome(series))
    volume = load(ours)
    write_results(volume, output)
    return check(volume, str(record["sha256"]))


def outcome(series: Series) -> str:
    """Load a sample, and say what came of it: a volume, or a refusal with a name."""
    name = f"{series.modality}, {series.transfer_syntax_name}"
    try:
        volume = hd.load_volume(series)
    except hd.errors.MissingGeometryError as error:
        return f"{name}: refused, as it must be\n  {type(error).__name__}: {error}"
    shape = " x ".join(map(str, volume.array.shape))
    spacing = " x ".join(f"{value:.4g}" for value in volume.spacing)
    return f"{name}: {shape}, {volume.array.dtype}, spacing {spacing} mm"


def load(series: Series) -> Volume:
    """Load a series and print the time by stage and the decode report."""
    title("The volume")
    start = time.perf_counter()
    with progress("decoding") as callback:
        volume = hd.load_volume(series, dtype=np.float32, progress=callback)
    seconds = time.perf_counter() - start
    print(f"{' x '.join(map(str, volume.array.shape))}, {volume.array.dtype}, in {seconds:.2f} s from call to volume")
    print(volume.report.describe())
    return volume


def write_results(volume: Volume, output: Path) -> None:
    """Leave a NIfTI file and a picture."""
    title("The results")
    start = time.perf_counter()
    write_volume(volume, output / "volume.nii.gz", force=True)
    print(f"{output / 'volume.nii.gz'}: {since(start)}")
    start = time.perf_counter()
    write_preview(volume, output / "midplanes.png", force=True)
    print(f"{output / 'midplanes.png'}: {since(start)}")


def check(volume: Volume, expected: str) -> int:
    """Compare the phantom's voxels with those that were written."""
    array = to_numpy(volume.array)
    if volume.affine[2, 0] < 0:  # slices run from superior to inferior
        array = array[::-1]
    found = hashlib.sha256(np.ascontiguousarray(array, "<i2")).hexdigest()
    equal = found == expected and np.array_equal(array, np.rint(array))
    print("\nThe phantom's voxels equal those that were written." if equal else "\nTHE PHANTOM'S VOXELS DIFFER.")
    return 0 if equal else 1


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'=' * len(text)}", flush=True)


def since(start: float) -> str:
    """Return the seconds since `start`."""
    return f"{time.perf_counter() - start:.2f} s"


if __name__ == "__main__":
    raise SystemExit(main())

"""Collect the wheels that hdgpu needs on a machine without a network.

    python docker/collect_wheels.py wheels --python 3.12 [--without torch cupy-cuda13x ...] [--dry-run]

takes what pip chooses for another Python on Linux x86-64, builds hdgpu's own wheel, leaves out what the machine has
already, and prints how large each is and how large all are.  There:

    python3 -m pip install --no-index --no-deps wheels/*.whl
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
# pip takes a wheel only for one of the platforms that it is given: those up to glibc's version, and a wheel built here.
OLD_PLATFORMS = ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64")


def platforms(glibc: int) -> list[str]:
    """Return the platforms of a machine with glibc 2.`glibc`.

    Examples
    --------
    >>> platforms(18)[:3]
    ['manylinux_2_18_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_16_x86_64']
    """
    return [*(f"manylinux_2_{minor}_x86_64" for minor in range(glibc, 4, -1)), *OLD_PLATFORMS]


def target_options(python: str, glibc: int) -> list[str]:
    """Return pip's options for another machine."""
    abi = f"cp{python.replace('.', '')}"
    tags = [("--platform", each) for each in platforms(glibc)] + [("--abi", each) for each in (abi, "abi3", "none")]
    return [
        "--only-binary=:all:", "--implementation", "cp", "--python-version", python,
        *(word for tag in tags for word in tag),
    ]  # fmt: skip


def pip(*arguments: str) -> str:
    """Run pip, and return what it prints; its failure is this script's."""
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"pip {' '.join(arguments[:1])} failed:\n{done.stderr.strip()}")
    return done.stdout


def normalized(name: str) -> str:
    """Return a name as packages are compared by (PEP 503).

    Examples
    --------
    >>> normalized("Array_API.compat")
    'array-api-compat'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def resolved(requirements: Sequence[str], options: Sequence[str]) -> dict[str, str]:
    """Return name and version of all that pip would install, itself and what it needs; nothing is kept."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["install", "--quiet", "--dry-run", "--ignore-installed", "--target", folder, "--report", "-"]
        report = json.loads(pip(*command, *options, *requirements))
    found = [each["metadata"] for each in report["install"]]
    return {normalized(each["name"]): each["version"] for each in found}


def own_wheel(folder: Path) -> Path:
    """Build hdgpu's wheel."""
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("hdgpu-*.whl")
    return wheel


def remaining(wanted: dict[str, str], without: Sequence[str]) -> dict[str, str]:
    """Return what is not there already, hdgpu aside."""
    there = {"hdgpu", *map(normalized, without)}
    return {name: version for name, version in sorted(wanted.items()) if name not in there}


def download(folder: Path, wanted: dict[str, str], options: Sequence[str]) -> None:
    """Download wheels of these versions and nothing else."""
    if wanted:
        exactly = [f"{name}=={version}" for name, version in wanted.items()]
        pip("download", "--quiet", "--no-deps", "--dest", str(folder), *options, *exactly)


def sizes(folder: Path) -> str:
    """Return a line for each wheel, the largest last, and one for all of them."""
    lines = [(wheel.stat().st_size, wheel.name) for wheel in folder.glob("*.whl")]
    return "\n".join(
        f"{size / 2**20:9.1f} MiB  {name}"
        for size, name in [*sorted(lines), (sum(size for size, _ in lines), f"in {len(lines)} wheels")]
    )


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the wheels go: empty, or not there yet")
    parser.add_argument("--python", default="3.12", help="version of the other machine's Python (3.12)")
    parser.add_argument("--glibc", type=int, default=28, metavar="N", help="its glibc is 2.N, or later (28)")
    parser.add_argument("--extra", action="append", help="of hdgpu; may be repeated (cuda13)")
    parser.add_argument("--add", nargs="+", default=[], metavar="REQUIREMENT", help="what else is wanted")
    parser.add_argument("--without", nargs="+", default=[], metavar="NAME", help="what is there already")
    parser.add_argument("--dry-run", action="store_true", help="print what would be collected")
    options = parser.parse_args(given)
    if options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty: two versions of a wheel stop an installation")
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Collect, or say what would be collected, and return the exit status."""
    options = arguments_of(given)
    target = target_options(options.python, options.glibc)
    with tempfile.TemporaryDirectory() as folder:
        own = own_wheel(Path(folder))
        extras = ",".join(options.extra or ["cuda13"])
        wanted = remaining(resolved([f"{own}[{extras}]", *options.add], target), options.without)
        if options.dry_run:
            print("\n".join([own.name, *(f"{name} {version}" for name, version in wanted.items())]))
            return 0
        options.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(own, options.folder)
    download(options.folder, wanted, target)
    print(sizes(options.folder))
    print(f"\nThere: python3 -m pip install --no-index --no-deps {options.folder}/*.whl")
    return 0


if __name__ == "__main__":
    sys.exit(main())

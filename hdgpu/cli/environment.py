"""What this machine has: Python, libraries, devices.  For ``hdgpu info`` without a path and for ``hdgpu doctor``."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
from dataclasses import asdict
from typing import Any

from hdgpu.cli.gpu import GPU_LIBRARIES

__all__ = ["OPTIONAL", "REQUIRED", "environment", "import_problem", "missing_libraries", "summary", "version_of"]

REQUIRED = {
    "numpy": "numpy",
    "array-api-compat": "array_api_compat",
    "pydicom": "pydicom",
    "imagecodecs": "imagecodecs",
    "pyjpegls": "jpeg_ls",
    "pylibjpeg-openjpeg": "openjpeg",
    "pylibjpeg-rle": "rle",
    "pillow": "PIL",
}
"""Distributions without which something that hdgpu promises does not work, and the module that each one gives."""

OPTIONAL = {
    "pylibjpeg-libjpeg": (
        "JPEG of 12 bits, in several scans or with restart markers (its licence is the GPL)",
        'pip install "hdgpu[libjpeg]"',
    ),
    "zarr": ("`hdgpu convert` to .zarr", 'pip install "hdgpu[zarr]"'),
    "fsspec": ("reading from URLs", 'pip install "hdgpu[remote]"'),
    "torch": ("volumes as torch tensors", 'pip install "hdgpu[torch]"'),
}
"""Distributions that add something, what that is, and the command that installs each."""


def environment() -> dict[str, Any]:
    """Return versions and devices, as what JSON can hold; no library but CuPy is imported."""
    import hdgpu as hd
    from hdgpu.array.device import cuda_status
    from hdgpu.compiled import extension

    status = cuda_status()
    return {
        "hdgpu": hd.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "compiled": extension() is not None,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "libraries": {name: version_of(name) for name in (*REQUIRED, *OPTIONAL, *GPU_LIBRARIES)},
        "cuda": asdict(status) | {"device_names": list(status.device_names)},
    }


def summary(found: dict[str, Any]) -> str:
    """Return the environment in one line."""
    cuda = found["cuda"]
    gpu = ", ".join(cuda["device_names"]) if cuda["available"] else f"none ({cuda['problem']})"
    libraries = ", ".join(f"{name} {found['libraries'][name]}" for name in ("numpy", "pydicom", "imagecodecs"))
    return f"hdgpu {found['hdgpu']}: Python {found['python']}, {libraries}, {found['cores']} cores, GPU: {gpu}"


def missing_libraries(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is not there, or there but broken: its name, what is wrong, what it is for and how to install it.

    Parameters
    ----------
    found : dict
        As :func:`environment` returns it.

    Returns
    -------
    list of dict
        ``name``, ``required`` (bool), ``problem``, ``purpose`` and ``install``, the required ones first.
    """
    libraries = found["libraries"]
    missing = [
        _missing(name, "everything", f"pip install {name}", problem=problem, required=True)
        for name, module in REQUIRED.items()
        if (problem := "not installed" if libraries[name] is None else import_problem(module))
    ]
    missing += [
        _missing(name, purpose, command) for name, (purpose, command) in OPTIONAL.items() if libraries[name] is None
    ]
    if not found["compiled"]:
        command = "pip install --force-reinstall --no-deps . (from a clone, with a C++ compiler)"
        purpose = "native, RLE and lossless JPEG-LS and JPEG 2000 series at full speed"
        missing.append(_missing("compiled extension", purpose, command, problem="not built"))
    return missing


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None; the library itself is not imported.

    Examples
    --------
    >>> version_of("no-such-distribution") is None
    True
    """
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def import_problem(module: str) -> str:
    """Return why a module cannot be imported, or an empty string if it can.

    Examples
    --------
    >>> import_problem("json"), import_problem("no_such_module")
    ('', "cannot be imported: No module named 'no_such_module'")
    """
    try:
        importlib.import_module(module)
    except Exception as error:  # a library that is built for another NumPy raises whatever it likes
        return f"cannot be imported: {error}"
    return ""


def _missing(
    name: str, purpose: str, install: str, *, problem: str = "not installed", required: bool = False
) -> dict[str, Any]:
    return {"name": name, "required": required, "problem": problem, "purpose": purpose, "install": install}

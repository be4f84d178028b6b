"""Devices by name, and moving arrays between them.

A device is named ``"cpu"``, ``"cuda"`` (CuPy's current device) or ``"cuda:1"``.  Asking for a GPU that is not there
raises :class:`~hdgpu.errors.DeviceUnavailableError` with what was found; NumPy is never put in its place silently.
Only ``"auto"`` chooses, and whoever uses it can ask the result which device it was.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdgpu.array.namespace import (
    Array,
    Namespace,
    is_cupy_array,
    is_numpy_array,
    is_torch_array,
    library_name,
    namespace_of_library,
    native_device,
)
from hdgpu.errors import DeviceUnavailableError, InvalidAttributeError

__all__ = [
    "CPU",
    "CudaStatus",
    "Device",
    "begin_cuda",
    "check_fallback",
    "cuda_status",
    "device_of",
    "get_default_device",
    "namespace_of_device",
    "native_byte_order",
    "on_device_of",
    "parse_device",
    "set_default_device",
    "to_device",
]

ENVIRONMENT_VARIABLE = "HDGPU_DEVICE"
_NAMES = "'cpu', 'cuda', 'cuda:0' (or another index) or 'auto'"


@dataclass(frozen=True, slots=True)
class Device:
    """A place where arrays lie.

    Parameters
    ----------
    kind : str
        ``"cpu"`` or ``"cuda"``; for arrays of other libraries, their own name of the device.
    index : int or None
        Number of the device, counted from zero; None for the CPU.

    Examples
    --------
    >>> str(Device("cuda", 1)), str(Device("cpu"))
    ('cuda:1', 'cpu')
    """

    kind: str
    index: int | None = None

    def __str__(self) -> str:
        return self.kind if self.index is None else f"{self.kind}:{self.index}"


CPU = Device("cpu")


@dataclass(frozen=True, slots=True)
class CudaStatus:
    """What was found of CuPy, of the CUDA driver and of its devices.

    Attributes
    ----------
    available : bool
        Whether arrays can be put on a GPU.
    problem : str
        Why not, as a clause; empty where it is available.
    cupy_version : str or None
        Version of CuPy, None where it is not installed.
    driver_version, runtime_version : int or None
        As CUDA numbers them: 13020 is 13.2.  The driver's is 0 where there is no driver.
    device_names : tuple of str
        Name of each device, in the order of their indices.
    """

    available: bool
    problem: str = ""
    cupy_version: str | None = None
    driver_version: int | None = None
    runtime_version: int | None = None
    device_names: tuple[str, ...] = ()


def cuda_status() -> CudaStatus:
    """Return what there is to run on: asked anew each time, never raises.

    Examples
    --------
    >>> status = cuda_status()
    >>> status.available or len(status.problem) > 0
    True
    """
    try:
        import cupy
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "cupy"
        return CudaStatus(False, "CuPy is not installed" if missing else f"CuPy cannot be imported: {error}")
    try:
        _check_not_forked()
    except DeviceUnavailableError as error:
        return CudaStatus(False, error.problem, cupy_version=str(cupy.__version__))
    runtime = cupy.cuda.runtime
    driver = _asked(runtime.driverGetVersion)
    found: dict[str, Any] = {
        "cupy_version": str(cupy.__version__),
        "driver_version": driver,
        "runtime_version": _asked(runtime.runtimeGetVersion),
    }
    try:
        count = int(runtime.getDeviceCount())
        names = tuple(_text(runtime.getDeviceProperties(index)["name"]) for index in range(count))
    except RuntimeError as error:
        problem = f"there is no usable CUDA driver: {error}" if not driver else f"CUDA does not start: {error}"
        return CudaStatus(False, problem, **found)
    if not names:
        return CudaStatus(False, "the CUDA driver lists no device", **found)
    begin_cuda()
    return CudaStatus(True, "", **found, device_names=names)


def _asked(version: Any) -> int | None:
    try:
        return int(version())
    except RuntimeError:
        return None


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


_cuda_began_in: int | None = None


def begin_cuda() -> None:
    """Note that CUDA is used in this process from now on.

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        In a process that was forked after CUDA had begun, be it by a look at what devices there are: CUDA does not
        survive that.
    """
    global _cuda_began_in
    _check_not_forked()
    _cuda_began_in = os.getpid()


def _check_not_forked() -> None:
    if _cuda_began_in not in (None, os.getpid()):
        raise DeviceUnavailableError(
            "CUDA was in use when this process was forked, and cannot be used in it",
            found=f"process {os.getpid()}, forked from {_cuda_began_in}",
            remedy='Start processes with multiprocessing.get_context("spawn"), or use the GPU first in the child',
        )


# --- Names ------------------------------------------------------------------------------------------------------------

_default_device: Device | None = None


def set_default_device(device: str | Device | None) -> None:
    """Set the device that ``device=None`` stands for; None goes back to ``HDGPU_DEVICE``, or else the CPU.

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        If the device is not there; the default then stays as it was.

    Examples
    --------
    >>> set_default_device("cpu")
    >>> str(get_default_device())
    'cpu'
    >>> set_default_device(None)
    """
    global _default_device
    _default_device = None if device is None else parse_device(device)


def get_default_device() -> Device:
    """Return the device that ``device=None`` stands for.

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        If ``HDGPU_DEVICE`` names a device that is not there.
    """
    if _default_device is not None:
        return _default_device
    return parse_device(os.environ.get(ENVIRONMENT_VARIABLE) or "cpu")


def parse_device(device: str | Device | None) -> Device:
    """Return the device of that name, having made sure that it is there.

    Parameters
    ----------
    device : str, Device or None
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``; ``"auto"`` for the GPU if CuPy sees one and else the CPU; None for the
        default device.

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        If the device is not there.
    hdgpu.errors.InvalidAttributeError
        If there is no device of such a name.

    Examples
    --------
    >>> parse_device("cpu")
    Device(kind='cpu', index=None)
    """
    if device is None:
        return get_default_device()
    if device == "auto":
        status = cuda_status()
        return _cuda_device(None, status) if status.available else CPU
    named = device if isinstance(device, Device) else _device_named(device)
    return _cuda_device(named.index, cuda_status()) if named.kind == "cuda" else named


def check_fallback(fallback: str) -> None:
    """Raise ValueError for what is no way to go on with frames that a GPU does not decode."""
    if fallback not in ("cpu", "error"):
        raise ValueError(f"fallback is 'cpu' or 'error', not {fallback!r}")


def _device_named(name: str) -> Device:
    if not isinstance(name, str):
        raise TypeError(f"A device is named by a string, as {_NAMES}, not by {type(name).__name__}.")
    kind, colon, index = name.partition(":")
    if name == "cpu":
        return CPU
    if kind != "cuda" or (colon and not (index.isascii() and index.isdigit())):
        raise InvalidAttributeError("there is no such device name", expected=_NAMES, found=repr(name))
    return Device("cuda", int(index) if colon else None)


def _cuda_device(index: int | None, status: CudaStatus) -> Device:
    """Return the CUDA device of that index (None: CuPy's current one) if the status says that it is there."""
    name = "cuda" if index is None else f"cuda:{index}"
    _check_not_forked()
    if not status.available:
        remedy = 'Install a GPU driver and `pip install "hdgpu[cuda13]"`, then run `hdgpu doctor`'
        raise DeviceUnavailableError(f"device {name!r} is not available: {status.problem}", remedy=remedy)
    if index is None:
        import cupy

        return Device("cuda", int(cupy.cuda.runtime.getDevice()))
    if index >= len(status.device_names):
        there = ", ".join(f"cuda:{i} ({each})" for i, each in enumerate(status.device_names))
        raise DeviceUnavailableError(f"there is no device {name!r}", found=there, remedy="Run `hdgpu doctor`")
    return Device("cuda", index)


# --- Arrays -----------------------------------------------------------------------------------------------------------


def namespace_of_device(device: str | Device | None) -> Namespace:
    """Return the namespace whose arrays lie on the device: NumPy's for the CPU, CuPy's for a GPU.

    Examples
    --------
    >>> namespace_of_device("cpu").zeros(2)
    array([0., 0.])
    """
    parsed = parse_device(device)
    if parsed.kind not in ("cpu", "cuda"):
        raise DeviceUnavailableError(f"no array library here creates arrays on {str(parsed)!r}")
    return namespace_of_library("cupy" if parsed.kind == "cuda" else "numpy")


def device_of(array: Array) -> Device:
    """Return the device on which the array lies.

    Examples
    --------
    >>> import numpy as np
    >>> str(device_of(np.zeros(3)))
    'cpu'
    """
    if is_numpy_array(array):
        return CPU
    native = native_device(array)
    if is_cupy_array(array):
        return Device("cuda", int(native.id))
    if is_torch_array(array):
        return Device(native.type, native.index)
    return CPU if "cpu" in str(native).lower() else Device(str(native))


def on_device_of(array: Array) -> AbstractContextManager[Any]:
    """Return a context in which the array's device is the current one.

    CuPy computes on its current device, and copies to it, wherever its arrays lie; other libraries follow the array.
    """
    return array.device if is_cupy_array(array) else nullcontext()


def to_device(array: Array, device: str | Device | None) -> Array:
    """Return the array on another device: the array itself where it is there already, else a copy.

    NumPy arrays become CuPy arrays and back; torch tensors stay torch tensors, and need no CuPy.

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        If the device is not there, or if the array's library has no such device.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.zeros(3)
    >>> to_device(array, "cpu") is array
    True
    """
    if is_torch_array(array):
        return _torch_to_device(array, device)
    target = parse_device(device)
    if target == device_of(array):
        return array
    if is_cupy_array(array) and target == CPU:
        import cupy

        return cupy.asnumpy(array)
    if target.kind == "cuda" and (is_cupy_array(array) or is_numpy_array(array)):
        import cupy

        with cupy.cuda.Device(target.index):
            # CuPy holds numbers in the byte order of the machine only
            return cupy.asarray(native_byte_order(array) if is_numpy_array(array) else array)
    if target == CPU:
        return np.from_dlpack(array)
    raise DeviceUnavailableError(f"arrays of {library_name(array)} cannot be put on {str(target)!r}")


def _torch_to_device(tensor: Array, device: str | Device | None) -> Array:
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = get_default_device() if device is None else device
    named = chosen if isinstance(chosen, Device) else _device_named(chosen)
    if named.kind == "cuda" and (named.index or 0) >= torch.cuda.device_count():
        raise DeviceUnavailableError(
            f"device {str(named)!r} is not available to torch {torch.__version__}",
            found=f"{torch.cuda.device_count()} CUDA devices",
            remedy="Install a torch built for CUDA, or run `hdgpu doctor`",
        )
    return tensor.to(str(named))


def native_byte_order(array: Array) -> Array:
    """Return the NumPy array with the machine's byte order: itself where it has it, else a copy."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))

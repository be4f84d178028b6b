"""Volumes in files: an .npz archive of NumPy's, with the array, the affine and the rest as JSON.

Such a file holds no code: nothing in it is unpickled, and channel values are numbers, text or colours.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from hdgpu.array.device import Device, to_device
from hdgpu.array.host_copy import contiguous
from hdgpu.array.interop import to_numpy
from hdgpu.errors import SourceError, VolumeError
from hdgpu.output import atomic_target
from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor, Channels

if TYPE_CHECKING:
    from hdgpu.volume.volume import Volume

    AnyVolume = TypeVar("AnyVolume", bound=Volume)

__all__ = ["load_archive", "save_archive"]

_FORMAT = "hdgpu.Volume"
_VERSION = 1
# what NumPy and zipfile raise for bytes that are no archive of theirs
_DAMAGED = (KeyError, TypeError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_VALUE_TYPES: dict[str, type] = {"str": str, "int": int, "float": float}
# Endings of other formats, and what writes these; a name may end in anything else.
_NIBABEL = "Use nibabel.save(volume.to_nibabel(), path)"
_CONVERT = f"{_NIBABEL}, or `hdgpu convert`"
_SIMPLEITK = "Use SimpleITK.WriteImage(volume.to_simpleitk(), path)"
_NUMPY = "Use numpy.save(path, volume.numpy()) for the voxels alone, or a name that ends in .npz"
_TORCH = "Use torch.save(volume.torch(), path) for the voxels alone, or a name that ends in .npz"
_NOT_WRITTEN = "Use a name that ends in .npz, or volume.numpy() and a library of that format"
_OTHER_FORMATS = {
    **dict.fromkeys((".nii", ".nii.gz"), _CONVERT),
    **dict.fromkeys((".hdr", ".img", ".mgh", ".mgz", ".mnc"), _NIBABEL),
    **dict.fromkeys((".nrrd", ".nhdr", ".mha", ".mhd"), _SIMPLEITK),
    ".zarr": "Use `hdgpu convert`, or zarr and volume.numpy()",
    ".npy": _NUMPY,
    **dict.fromkeys((".pt", ".pth"), _TORCH),
    **dict.fromkeys((".dcm", ".h5", ".hdf5", ".mat", ".tif", ".tiff", ".png", ".jpg", ".jpeg"), _NOT_WRITTEN),
    **dict.fromkeys((".gz", ".zip", ".json", ".pkl", ".csv"), _NOT_WRITTEN),
}


def save_archive(volume: Volume, path: str | os.PathLike[str], *, compress: bool) -> None:
    """Write a volume: the file is there whole or not at all, and takes the place of one that was there.

    Raises
    ------
    hdgpu.errors.SourceError
        If the file cannot be written (also an OSError).
    hdgpu.errors.VolumeError
        If the values of a channel are of an enumeration other than that of colours, or the name of the file ends as
        that of another format (also a ValueError).
    """
    path = Path(path)
    _refuse_other_formats(path)
    described = {
        "format": _FORMAT,
        "version": _VERSION,
        "coordinate_system": volume.coordinate_system.value,
        "frame_of_reference_uid": volume.frame_of_reference_uid,
        "channels": [_described(each, volume.get_channel_values(each)) for each in volume.channel_descriptors],
    }
    array = to_numpy(volume.array)
    if not array.flags.f_contiguous:  # which NumPy writes as it is
        array = contiguous(array)
    write = np.savez_compressed if compress else np.savez
    with atomic_target(path, force=True) as temporary, open(temporary, "wb") as file:
        write(file, array=array, affine=volume.affine, volume=np.array(json.dumps(described)))


def _refuse_other_formats(path: Path) -> None:
    """Raise for a name by which readers would take the file for one of another format."""
    ends = [each for each in _OTHER_FORMATS if path.name.lower().endswith(each)]
    if ends:
        ending = max(ends, key=len)
        raise VolumeError(
            "Volume.save writes .npz files only",
            source=path,
            expected="a name that ends in .npz",
            found=ending,
            remedy=_OTHER_FORMATS[ending],
        )


def _described(descriptor: ChannelDescriptor, values: list[Any]) -> dict[str, Any]:
    """Return a channel as what JSON holds."""
    if descriptor == RGB_COLOR_CHANNEL_DESCRIPTOR:
        return {"identifier": descriptor.keyword, "type": "color", "values": [each.value for each in values]}
    if descriptor.is_enumerated:
        raise VolumeError(
            f"channel {descriptor} cannot be saved",
            expected="numbers, text or colours as its values",
            found=descriptor.value_type.__name__,
        )
    name = next(name for name, each in _VALUE_TYPES.items() if issubclass(descriptor.value_type, each))
    plain = [_VALUE_TYPES[name](each) for each in values]
    return {"identifier": descriptor.keyword, "custom": descriptor.is_custom, "type": name, "values": plain}


def load_archive(cls: type[AnyVolume], path: str | os.PathLike[str], *, device: str | Device | None) -> AnyVolume:
    """Read a volume that was saved, and put its array on a device.

    Raises
    ------
    hdgpu.errors.SourceError
        If there is no such file, or it cannot be read (also an OSError).
    hdgpu.errors.VolumeError
        If it is not a volume that was saved, or is damaged (also a ValueError).
    """
    try:
        array, affine, described = _read(path)
        system, frame_of_reference = described["coordinate_system"], described["frame_of_reference_uid"]
        channels = _channels(described["channels"])
        volume = cls(array, affine, system, frame_of_reference, channels)
    except OSError as error:
        raise SourceError("the file cannot be read", source=path, found=error.strerror or str(error)) from error
    except VolumeError as error:
        raise error.at(source=path) from None
    except _DAMAGED as error:
        raise VolumeError(
            "the file is not a volume that was saved, or it is damaged",
            source=path,
            expected="an .npz file of Volume.save",
            found=str(error),
        ) from error
    return volume.with_array(to_device(volume.array, device))


def _read(path: str | os.PathLike[str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], dict[str, Any]]:
    """Return the array, the affine and the description in a file."""
    with open(path, "rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        with archive:
            described = json.loads(str(archive["volume"]))
            if described["format"] != _FORMAT or described["version"] != _VERSION:
                raise ValueError(f"format {described['format']!r}, version {described['version']!r}")
            return archive["array"], archive["affine"], described


def _channels(described: list[dict[str, Any]]) -> Channels:
    """Return the channels that JSON describes."""
    channels: Channels = {}
    for each in described:
        if each["type"] == "color":
            channels[RGB_COLOR_CHANNEL_DESCRIPTOR] = each["values"]
            continue
        own_type = _VALUE_TYPES[each["type"]] if each["custom"] else None
        channels[ChannelDescriptor(each["identifier"], each["custom"], own_type)] = each["values"]
    return channels

"""How a notebook shows a volume: its mid-planes, and a table of what it is.  No attribute of the patient is in it."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from hdgpu.array.functions import dtype_name
from hdgpu.array.namespace import library_name
from hdgpu.enum import CoordinateSystemNames
from hdgpu.geometry.orientation import orientation_text
from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor
from hdgpu.volume.picture import draw_mid_planes

if TYPE_CHECKING:
    from hdgpu.volume.volume import Volume

__all__ = ["volume_html"]

_LONGEST_PIXELS = 256
_MOST_VALUES = 6


def volume_html(volume: Volume) -> str:
    """Return an HTML fragment with the three mid-planes of a volume and a table of its geometry and array.

    Parameters
    ----------
    volume : Volume
        On any device: only the three planes are copied to the host.  Of channels other than red, green and blue the
        first is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from hdgpu.volume import Volume
    >>> text = volume_html(Volume(np.zeros((10, 20, 30), np.int16), np.eye(4), "PATIENT"))
    >>> text.startswith("<div>"), "10 &times; 20 &times; 30" in text
    (True, True)
    """
    rows = "".join(
        f'<tr><th style="text-align:left">{name}</th><td style="text-align:left">{value}</td></tr>'
        for name, value in _rows(volume)
    )
    picture = _encoded_picture(volume)
    image = f'<img alt="axial, coronal and sagittal mid-plane" src="data:image/png;base64,{picture}"/>'
    return f"<div>{image}<table>{rows}</table></div>"


def _encoded_picture(volume: Volume) -> str:
    buffer = io.BytesIO()
    draw_mid_planes(_drawable(volume), longest_pixels=_LONGEST_PIXELS).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _drawable(volume: Volume) -> Volume:
    """Return the volume at the first value of each channel that is no colour."""
    shown = [each for each in volume.channel_descriptors if each != RGB_COLOR_CHANNEL_DESCRIPTOR]
    return volume.get_channel(**{each.keyword: volume.get_channel_values(each)[0] for each in shown})


def _rows(volume: Volume) -> list[tuple[str, str]]:
    """Return names and values of the table, as HTML."""
    rows = [
        ("shape", " &times; ".join(map(str, volume.shape))),
        ("data type", escape(dtype_name(volume.dtype))),
        ("device", f"{escape(str(volume.device))} ({escape(library_name(volume.array))})"),
        ("spacing", " &times; ".join(f"{each:.6g}" for each in volume.spacing) + " mm"),
        ("position", "(" + ", ".join(f"{each:.6g}" for each in volume.position) + ") mm"),
        ("coordinate system", volume.coordinate_system.value),
    ]
    if volume.coordinate_system is CoordinateSystemNames.PATIENT:
        rows.insert(4, ("orientation", orientation_text(volume.get_closest_patient_orientation())))
    return rows + [(escape(str(each)), _values(volume, each)) for each in volume.channel_descriptors]


def _values(volume: Volume, descriptor: ChannelDescriptor) -> str:
    """Return the values along a channel axis: the first of them where they are many, none where they are text.

    Text may be a name or an identifier (PS3.15 E), and what is shown stays in the notebook's file.
    """
    values = volume.get_channel_values(descriptor)
    if not descriptor.is_enumerated and issubclass(descriptor.value_type, str):
        return f"{len(values)} values"
    shown = ", ".join(escape(str(getattr(each, "value", each))) for each in values[:_MOST_VALUES])
    return shown if len(values) <= _MOST_VALUES else f"{shown}, ... ({len(values)} values)"

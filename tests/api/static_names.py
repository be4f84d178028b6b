"""What type checkers see of the public names: `make type` checks this file, and nothing calls what is in it.

``assert_type`` fails where a name is Any; and a comment that ignores an error fails where there is none.
"""

from __future__ import annotations

from typing import assert_type

import hdgpu as hd
from hdgpu import Volume, sr
from hdgpu.array.device import Device
from hdgpu.image.series import Series


def right_uses(volume: Volume) -> hd.Volume:
    """Use names of every kind, by the package and from it."""
    assert_type(hd.load_volume("folder"), Volume)
    assert_type(hd.read_series("folder"), list[Series])
    assert_type(hd.get_default_device(), Device)
    assert_type(hd.spatial.is_tiled_image(hd.imread("file")), bool)
    assert_type(hd.sr.CodedConcept("1", "DCM", "name"), sr.CodedConcept)
    return volume


def wrong_uses() -> None:
    """Misspell names, and pass what a function does not take."""
    hd.lod_volume("folder")  # type: ignore[attr-defined]
    sr.CodedConzept("1", "DCM", "name")  # type: ignore[attr-defined]
    hd.load_volume("folder", workers="2")  # type: ignore[arg-type]

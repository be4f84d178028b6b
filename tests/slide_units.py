"""z on a slide: in micrometres in data sets (PS3.3 C.8.12.6.1), where highdicom 0.28 reads and writes millimetres."""

from __future__ import annotations

import copy
from typing import TypeVar

from pydicom import DataElement, Dataset, Sequence

T = TypeVar("T", Dataset, Sequence)
_Z_OFFSET = "ZOffsetInSlideCoordinateSystem"


def as_highdicom_reads(value: T) -> T:
    """Return a copy with z as highdicom takes it."""
    return _scaled(value, 1e-3)


def as_the_standard_has_it(value: T) -> T:
    """Return a copy of what highdicom made, with z in micrometres."""
    return _scaled(value, 1e3)


def _scaled(value: T, factor: float) -> T:
    def scale(_: Dataset, element: DataElement) -> None:
        if element.keyword == _Z_OFFSET and element.value is not None:
            element.value = round(float(element.value) * factor, 9)

    made = copy.deepcopy(value)
    for dataset in made if isinstance(made, Sequence) else (made,):
        dataset.walk(scale)
    return made

"""Attributes of a data set that geometry needs, at its root or in functional groups (PS3.3 C.7.6.16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.datadict import tag_for_keyword
from pydicom.tag import Tag

from hdgpu.errors import MissingAttributeError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["functional_group", "is_multiframe_image", "optional", "required", "shared_group"]

_STANDARD_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."

# Storage classes whose IOD has the Multi-frame or the Multi-frame Functional Groups Module, retired ones included
# (PS3.3 A.1, PS3.4 B.5): what follows the common root.
_MULTIFRAME = (
    "2.1 2.2 3 3.1 4.1 4.2 4.3 4.4 5 6.2 6.3 7.1 7.2 7.3 7.4 12.1 12.1.1 12.2 12.2.1 13.1.1 13.1.2 13.1.3 13.1.4 "
    "13.1.5 14.1 14.2 20 30 66.4 66.7 66.8 77.2 77.1.1.1 77.1.2.1 77.1.4.1 77.1.5.1 77.1.5.2 77.1.5.4 77.1.5.5 "
    "77.1.5.6 77.1.5.8 77.1.6 77.1.8 77.1.9 128.1 130 481.1 481.2 481.23 481.24 601.2"
)
_MULTIFRAME_CLASSES = frozenset(_STORAGE_ROOT + each for each in _MULTIFRAME.split())


def optional(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an attribute, or None if it is absent or empty."""
    value = dataset.get(keyword)
    empty = value is None or (hasattr(value, "__len__") and not len(value))
    return None if empty else value


def required(dataset: Dataset, keyword: str, frame_number: int | None = None) -> Any:
    """Return the value of an attribute.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If it is absent or empty (also an AttributeError and a ValueError).

    Examples
    --------
    >>> from pydicom import Dataset
    >>> required(Dataset(), "Rows")
    Traceback (most recent call last):
    hdgpu.errors.MissingAttributeError: (0028,0010) 'Rows': the attribute is absent or empty
    """
    value = optional(dataset, keyword)
    if value is None:
        tag = Tag(tag_for_keyword(keyword) or 0)
        name = f"({tag.group:04X},{tag.element:04X}) {keyword!r}"
        raise MissingAttributeError("the attribute is absent or empty", frame=frame_number, tag=name)
    return value


def shared_group(dataset: Dataset, keyword: str) -> Dataset | None:
    """Return the item of a functional group that all frames share, or None."""
    return _first_item(_first_item(dataset, "SharedFunctionalGroupsSequence"), keyword)


def functional_group(dataset: Dataset, keyword: str, frame_number: int) -> Dataset | None:
    """Return the item of a functional group, shared or of one frame (counted from 1), or None if it is in neither."""
    shared = shared_group(dataset, keyword)
    frames = optional(dataset, "PerFrameFunctionalGroupsSequence")
    if shared is not None or frames is None or frame_number > len(frames):
        return shared
    return _first_item(frames[frame_number - 1], keyword)


def _first_item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    items = None if dataset is None else optional(dataset, keyword)
    return None if items is None else items[0]


def is_multiframe_image(dataset: Dataset) -> bool:
    """Return whether a data set is of a kind of image that may have several frames: not whether it has.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Its SOP Class says what kind it is.  A private class says nothing: Number of Frames does then.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If there is no SOP Class UID (also an AttributeError).

    Examples
    --------
    >>> from pydicom import Dataset
    >>> dataset = Dataset()
    >>> dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"  # Enhanced CT
    >>> is_multiframe_image(dataset)
    True
    """
    sop_class = str(required(dataset, "SOPClassUID"))
    if sop_class.startswith(_STANDARD_ROOT):
        return sop_class in _MULTIFRAME_CLASSES
    return int(optional(dataset, "NumberOfFrames") or 1) > 1

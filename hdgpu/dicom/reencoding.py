"""What pydicom has read, as bytes for our own walk: attributes in implicit VR little endian (PS3.5 A.1)."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np

from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import InvalidAttributeError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["encode_implicit", "to_little_endian"]

# Bytes of a word of the value representations that are strings of words (PS3.5 7.3).
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def encode_implicit(dataset: Dataset, name: str, wanted: Collection[int], *, swap: bool = False) -> bytes:
    """Write the wanted attributes of a data set, or of an item of a sequence.

    Parameters
    ----------
    dataset : pydicom.Dataset
    name : str
        What error messages call it.
    wanted : collection of int
        Tags.
    swap : bool, optional
        Whether it is from a big endian file, in which pydicom leaves the bytes of words as they are.

    Raises
    ------
    InvalidAttributeError
        If a value cannot be read, or cannot be expressed in DICOM.
    """
    from pydicom import Dataset as NewDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    subset = NewDataset()
    for tag in wanted:
        if tag in dataset:
            try:
                subset[tag] = deepcopy(dataset[tag]) if swap else dataset[tag]
            except Exception as error:  # pydicom converts a raw value only here, and raises nearly anything
                raise InvalidAttributeError(f"unreadable value: {error}", source=name, tag=describe_tag(tag)) from error
    if swap:
        to_little_endian(subset)
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = True, True
    try:
        write_dataset(file, subset)
    except Exception as error:  # likewise
        raise InvalidAttributeError(f"the data set holds values that DICOM cannot: {error}", source=name) from error
    return bytes(file.getvalue())


def to_little_endian(dataset: Dataset) -> None:
    """Swap the words of a data set from a big endian file in place, those within items, too; but not Pixel Data."""
    pixel_data = dataset.get(int(Tag.PIXEL_DATA))
    for element in dataset.iterall():
        size = _WORDS.get(str(element.VR))
        if size and element.value and element is not pixel_data:
            value = bytes(element.value)
            whole = len(value) // size * size
            element.value = np.frombuffer(value[:whole], f">u{size}").astype(f"<u{size}").tobytes() + value[whole:]

"""Data sets that are parsed by pydicom only when one of their attributes is first asked for.

Opening an image takes our own header scan, a thousandth of what it takes to make a data set of it; many callers never
look at an attribute.  Those who do find an ordinary `pydicom.Dataset`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from io import BytesIO
from types import MappingProxyType
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement, convert_raw_data_element

from hdgpu.dicom.header import Header, header_of_dataset
from hdgpu.dicom.source import Source
from hdgpu.dicom.tags import WANTED, Tag

__all__ = ["OnDemandDataset", "read_dataset"]

# Attributes of a data set, other than its elements, that reading a file sets.
_READ_WITH_THE_ELEMENTS = frozenset({
    "buffer", "file_meta", "filename", "fileobj_type", "preamble", "timestamp", "_is_implicit_VR",
    "_is_little_endian", "_read_charset", "_read_implicit", "_read_little",
})  # fmt: skip
_FRAMES_DEPEND_ON = WANTED.keys() | {Tag.FLOAT_PIXEL_DATA, Tag.DOUBLE_FLOAT_PIXEL_DATA, Tag.PIXEL_DATA}


class OnDemandDataset(Dataset):
    """A data set that is parsed when it is first looked at.

    It also notes whether an attribute that frames are decoded by was set or deleted since the data set was read, be it
    by way of its element.  Changes within the items of a sequence go unnoticed.
    """

    _elements: Any = None
    _read_elements: Callable[[], Dataset] | None = None
    _reading: Any = None
    _is_changed = False
    # Elements that were asked for, and what their values were; replaced as a whole, never changed.
    _handed_out: Mapping[int, tuple[Any, Any]] = MappingProxyType({})

    def _read_on_demand(self, read: Callable[[], Dataset]) -> None:
        """Let the elements be those of the data set that `read` returns, once they are asked for."""
        for name in _READ_WITH_THE_ELEMENTS & self.__dict__.keys():
            del self.__dict__[name]  # so that __getattr__ is asked for them
        object.__setattr__(self, "_reading", threading.RLock())
        object.__setattr__(self, "_read_elements", read)

    @property
    def _dict(self) -> Any:
        if self._read_elements is not None:
            self._read_now()
        return self._elements

    @_dict.setter
    def _dict(self, elements: Mapping[Any, Any]) -> None:
        object.__setattr__(self, "_elements", elements)

    def _read_now(self) -> None:
        with self._reading:
            read = self._read_elements
            if read is None:  # another thread was faster
                return
            dataset = read()
            for name in _READ_WITH_THE_ELEMENTS & dataset.__dict__.keys():
                self.__dict__[name] = dataset.__dict__[name]
            object.__setattr__(self, "_elements", dataset._dict)
            object.__setattr__(self, "_read_elements", None)

    def __getattr__(self, name: str) -> Any:
        if name in _READ_WITH_THE_ELEMENTS and self._read_elements is not None:
            self._read_now()
            if name in self.__dict__:
                return self.__dict__[name]
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if not name.startswith("_"):
            self._note_change(tag_for_keyword(name))

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._note_change(tag_for_keyword(name))

    def __getitem__(self, key: Any) -> Any:
        element = super().__getitem__(key)
        tag = None if isinstance(key, slice) else int(element.tag)
        if tag in _FRAMES_DEPEND_ON and element.VR != "SQ":
            known = self._handed_out
            if tag not in known:
                object.__setattr__(self, "_handed_out", {**known, tag: (element, deepcopy(element.value))})
        return element

    @property
    def has_changed(self) -> bool:
        """Whether an attribute that frames are decoded by was changed since `settle` was called."""
        return self._is_changed or any(element.value != value for element, value in self._handed_out.values())

    @property
    def asked_for(self) -> Collection[int]:
        """Tags of the elements that were asked for, by way of which values may change."""
        return self._handed_out.keys()

    def settle(self, watched: Collection[int] | None = None) -> None:
        """Take the attributes as they are for unchanged.

        Parameters
        ----------
        watched : collection of int, optional
            Tags that were asked for by others than whoever settles; all that were asked for by default.
        """
        object.__setattr__(self, "_is_changed", False)
        elements = [
            (tag, element) for tag, (element, _) in self._handed_out.items() if watched is None or tag in watched
        ]
        object.__setattr__(self, "_handed_out", {tag: (each, deepcopy(each.value)) for tag, each in elements})

    def __setitem__(self, key: Any, element: Any) -> None:
        before = None if isinstance(key, slice) else self._dict.get(key)
        super().__setitem__(key, element)
        # pydicom puts the parsed element into the place of the raw one when it is first looked at
        was_raw = isinstance(before, RawDataElement) and not isinstance(element, RawDataElement)
        if was_raw and (element.VR == "SQ" or _parsed(before, self) == element.value):
            return
        self._note_change(None if isinstance(key, slice) else int(element.tag))

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        object.__setattr__(self, "_is_changed", True)

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove an element and return it, as `pydicom.Dataset.pop`."""
        object.__setattr__(self, "_is_changed", True)
        return super().pop(key, *default)

    def current_header(self) -> Header:
        """Return what frames are decoded and placed by: of the file, unless attributes were set or deleted since."""
        return header_of_dataset(self)

    def _note_change(self, tag: int | None) -> None:
        if tag in _FRAMES_DEPEND_ON:
            object.__setattr__(self, "_is_changed", True)

    def __getstate__(self) -> dict[str, Any]:
        if self._read_elements is not None:
            self._read_now()
        state = dict(self.__dict__)
        for name in ("_reading", "_read_elements", "_handed_out"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _parsed(element: Any, dataset: Any) -> Any:
    return convert_raw_data_element(element, ds=dataset).value


def read_dataset(source: Source, header: Header, *, with_pixels: bool) -> Dataset:
    """Read the data set that is in a file.

    Parameters
    ----------
    source : Source
    header : Header
        Of the same file.
    with_pixels : bool
        Whether to read the pixel data, too.  Without it, one range of the file is read where the scanner found its way.
    """
    element = header.pixel_data
    in_place = element is not None and header.source is source  # else it lies in another buffer
    size = source.size if with_pixels or element is None or not in_place else element.offset
    dataset: Any = dcmread(BytesIO(source.read_at(0, size)), stop_before_pixels=not with_pixels, force=True)
    dataset.filename = source.name
    return dataset  # type: ignore[no-any-return]

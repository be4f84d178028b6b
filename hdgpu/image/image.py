"""One image: a data set whose frames can be read, placed and transformed."""

from __future__ import annotations

import copy as copying
import os
from typing import IO, Any, Self

from pydicom import Dataset

from hdgpu.content.sop_class import SOPClass
from hdgpu.dicom.header import Header, header_of_dataset, read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.on_demand import OnDemandDataset, read_dataset
from hdgpu.dicom.source import BytesSource, OpenFileSource, Source, open_source
from hdgpu.image.dimensions import Dimensions
from hdgpu.image.frame_access import FrameAccess
from hdgpu.image.source_images import SourceImages
from hdgpu.image.spatial_reading import SpatialReading
from hdgpu.uid import UID

__all__ = ["Image", "imread"]

# A file from this size on is not read into memory, but kept open.
_LARGE = 16 << 20


class Image(OnDemandDataset, SOPClass, SpatialReading, Dimensions, SourceImages):
    """An image of any kind: single-frame or multi-frame, stacked or tiled, as a `pydicom.Dataset`.

    It is made by :func:`imread`, :meth:`from_file` or :meth:`from_dataset`.  Its attributes are those of the data set,
    which is parsed when the first of them is asked for.  Frames are read by what the header says; an attribute of the
    data set that is set or deleted later is heeded, one within the items of a sequence is not.

    Any number of threads may read from one image.  A pickled image that was read lazily is its path and where its
    frames lie, without any pixel.
    """

    # The data set comes first among the bases, or else no data set could become an image; its own is not wanted.
    pixel_array = SpatialReading.pixel_array

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            "An image is not made by calling its class, but by imread, Image.from_file or Image.from_dataset."
        )

    @classmethod
    def _empty(cls) -> Self:
        made = cls.__new__(cls)
        Dataset.__init__(made)
        return made

    @classmethod
    def from_dataset(cls, dataset: Dataset, copy: bool = True) -> Self:
        """Create an image from a data set in memory.

        Parameters
        ----------
        dataset : pydicom.Dataset
        copy : bool, optional
            Whether to leave the data set as it is, and copy it.  If not, it becomes the image itself.

        Raises
        ------
        TypeError
            If it is no data set.
        hdgpu.errors.MissingAttributeError
            If it has no SOP Class UID, or no transfer syntax (also an AttributeError).
        """
        if not isinstance(dataset, Dataset):
            raise TypeError(f"An image is made from a pydicom.Dataset, not from {type(dataset).__name__}.")
        dataset.SOPClassUID  # noqa: B018 - raises
        image: Any = copying.deepcopy(dataset) if copy else dataset
        elements = image.__dict__.pop("_dict", None)
        image.__class__ = cls
        if elements is not None:
            image._dict = elements
        object.__setattr__(image, "_is_changed", True)  # nothing is known of its frames yet
        return image  # type: ignore[no-any-return]

    @classmethod
    def from_file(cls, fp: str | bytes | os.PathLike[str] | IO[bytes], lazy_frame_retrieval: bool = False) -> Self:
        """Read an image from a file.

        Parameters
        ----------
        fp : str, os.PathLike, bytes or binary file object
            Path, URL that fsspec reaches, or file; bytes are the path where highdicom takes them so, or the contents of
            a file.
        lazy_frame_retrieval : bool, optional
            Whether frames are read from the file when they are asked for, instead of the whole file at once.  A file
            object then has to stay open.

        Raises
        ------
        hdgpu.errors.SourceError
            If it cannot be read (also an OSError).
        hdgpu.errors.NotDicomError, hdgpu.errors.TruncatedFileError, hdgpu.errors.InvalidAttributeError
            If it is not DICOM, or damaged (also a ValueError).
        """
        source = open_source(fp)
        if not lazy_frame_retrieval:
            source = _kept(source)
        image = cls._empty()
        image._open(source, is_lazy=lazy_frame_retrieval)
        return image

    def _open(self, source: Source, *, is_lazy: bool, access: FrameAccess | None = None) -> None:
        """Let the image be that of a source."""
        known = access or FrameAccess(Instance(read_header(source)))
        self.__dict__.update(_source=source, _is_lazy=is_lazy, _known_access=known)
        header = known.instance.header
        self._read_on_demand(lambda: read_dataset(source, header, with_pixels=not is_lazy))

    @property
    def _access(self) -> FrameAccess:
        known: FrameAccess | None = self.__dict__.get("_known_access")
        if known is not None and not self.has_changed:
            return known
        watched = set(self.asked_for)
        header = header_of_dataset(self)  # asks for all there is: nobody else has these elements
        if known is not None and header.pixel_data is None:  # it is still in the file
            header.pixel_data, header.source = known.instance.header.pixel_data, known.instance.source
        fresh = FrameAccess(Instance(header))
        self.__dict__.update(_known_access=fresh)
        self.settle(watched)
        return fresh

    def current_header(self) -> Header:
        """Return what frames are decoded and placed by: of the file, unless attributes were set or deleted since."""
        return self._access.instance.header

    @property
    def transfer_syntax_uid(self) -> UID:
        """Transfer syntax in which the frames are encoded."""
        return UID(self._access.instance.transfer_syntax_uid)

    def __getstate__(self) -> dict[str, Any]:
        if self._is_lazy_and_untouched:
            return {"source": self.__dict__["_source"], "access": self._access}
        state = super().__getstate__()
        if not self.__dict__.get("_is_lazy"):  # else the pixels are in the file alone
            for name in ("_known_access", "_source", "_is_lazy"):
                state.pop(name, None)
        return {**state, "_is_changed": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "source" in state:
            Dataset.__init__(self)
            self._open(state["source"], is_lazy=True, access=state["access"])
        else:
            super().__setstate__(state)

    @property
    def _is_lazy_and_untouched(self) -> bool:
        return bool(self.__dict__.get("_is_lazy")) and self._read_elements is not None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        copied = type(self).__new__(type(self))
        if memo is not None:
            memo[id(self)] = copied
        copied.__setstate__(copying.deepcopy(self.__getstate__(), memo))
        return copied


def _kept(source: Source) -> Source:
    """Return a source that stays what it is whatever becomes of the name of the file."""
    if source.open_path is not None and source.size >= _LARGE:
        return OpenFileSource(source.open_path)  # a copy in memory would cost as much as reading the frames
    return BytesSource(source.read_at(0, source.size), source.name)


def imread(fp: str | bytes | os.PathLike[str] | IO[bytes], lazy_frame_retrieval: bool = False) -> Image:
    """Read an image from a file: see :meth:`Image.from_file`.

    Examples
    --------
    >>> import hdgpu as hd
    >>> from pydicom.data import get_testdata_file
    >>> image = hd.imread(get_testdata_file("CT_small.dcm"), lazy_frame_retrieval=True)
    >>> image.number_of_frames, image.Modality, image.get_frame(1).shape
    (1, 'CT', (128, 128))
    """
    return Image.from_file(fp, lazy_frame_retrieval)

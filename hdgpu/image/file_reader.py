"""Read the frames of one file by their number, each for itself."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from hdgpu.array.device import Device, on_device_of
from hdgpu.array.namespace import Array
from hdgpu.dicom.header import Header, read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import Source, open_source
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import (
    ClosedReaderError,
    HdgpuError,
    InvalidAttributeError,
    NoPixelDataError,
    SourceError,
    SourceNotFoundError,
    UnsupportedTransformError,
)
from hdgpu.image.decode import DecodeOptions
from hdgpu.image.frame_access import STORED_VALUES, FrameAccess
from hdgpu.image.selection import frame_indices
from hdgpu.pixels.icc import apply_icc_profile
from hdgpu.uid import UID

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["ImageFileReader"]


class ImageFileReader:
    """Reader of single frames, which leaves all others where they are.

    Only the header is read when it is opened, and of the pixel data what says where its frames are.  Any number of
    threads may read frames from one reader.

    Parameters
    ----------
    filename : str, os.PathLike, bytes, binary file object or pydicom.filebase.DicomIO
        A DICOM file: its path, a URL that fsspec reaches, its bytes, or a file that is open and seekable, which stays
        open.

    Raises
    ------
    TypeError
        If it is none of these.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> with ImageFileReader(get_testdata_file("examples_ybr_color.dcm")) as image:
    ...     print(image.number_of_frames, image.metadata.Modality)
    ...     print(image.read_frame(29).shape)
    30 US
    (240, 320, 3)
    """

    def __init__(self, filename: str | os.PathLike[str] | bytes | IO[bytes] | Any) -> None:
        # A path or URL is not looked at before it is opened, and then anew each time.
        self._file = os.fspath(filename) if isinstance(filename, (str, os.PathLike)) else open_source(filename)
        self._access: FrameAccess | None = None
        self._metadata: Dataset | None = None
        self._is_open = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Open the file and read its header; nothing happens if it is open already.

        Raises
        ------
        FileNotFoundError
            If there is no such file (:class:`hdgpu.errors.SourceNotFoundError`).
        OSError
            If it cannot be read (:class:`hdgpu.errors.SourceError`).
        ValueError
            If it is not DICOM, if it is damaged, or if it holds no image (:class:`hdgpu.errors.NotDicomError`,
            :class:`~hdgpu.errors.TruncatedFileError`, :class:`~hdgpu.errors.InvalidAttributeError`,
            :class:`~hdgpu.errors.NoPixelDataError`).
        """
        if not self._is_open:
            try:
                self._source = open_source(self._file)
                self._access = FrameAccess(Instance(_read_image_header(self._source)))
            except SourceError as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    raise SourceNotFoundError(error.problem, **error.parts()) from error.__cause__
                raise
            self._metadata = None
            self._is_open = True

    def close(self) -> None:
        """Let no more frames be read; what is known of the image stays known.  A file object is not closed."""
        self._is_open = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ImageFileReader of {self.filename}: {'open' if self._is_open else 'closed'}>"

    @property
    def filename(self) -> str:
        """Path of the file, its URL, or what else it is called."""
        return self._file if isinstance(self._file, str) else self._file.name

    @property
    def metadata(self) -> Dataset:
        """All attributes but the pixel data, with the file meta information; one object, that is not copied.

        Raises
        ------
        hdgpu.errors.ClosedReaderError
            If the file was never opened; an OSError.
        """
        header = self._opened().instance.header
        with self._lock:
            if self._metadata is None:
                self._metadata = _read_metadata(self._source, header)
            return self._metadata

    @property
    def number_of_frames(self) -> int:
        """Number of frames.

        Raises
        ------
        hdgpu.errors.ClosedReaderError
            If the file was never opened; an OSError.
        hdgpu.errors.InvalidAttributeError
            If Number of Frames is no number, or less than 1; a ValueError.
        """
        return self._opened().instance.number_of_frames

    @property
    def transfer_syntax_uid(self) -> UID:
        """Transfer Syntax UID.

        Raises
        ------
        hdgpu.errors.ClosedReaderError
            If the file was never opened; an OSError.
        """
        return UID(self._opened().instance.transfer_syntax_uid)

    def read_frame_raw(self, index: int) -> bytes:
        """Read one frame as it is encoded.

        Parameters
        ----------
        index : int
            Counted from zero.

        Returns
        -------
        bytes
            Its codestream, fragments joined; or native samples.  Native frames that share bytes with their neighbours
            (of one bit a sample, or an odd number of bytes in big endian words) come with all bytes that hold any of
            their samples.

        Raises
        ------
        hdgpu.errors.FrameNumberError
            If there is no such frame; a ValueError and an IndexError.
        hdgpu.errors.ClosedReaderError
            If the reader is not open; an OSError and a ValueError.
        hdgpu.errors.TruncatedFileError, hdgpu.errors.PixelDataSizeError, hdgpu.errors.FrameIndexError
            If the pixel data is cut short, or not laid out as it says; each a ValueError.
        hdgpu.errors.SourceError
            If the bytes cannot be read; an OSError.
        """
        access, number = self._located(index)
        return access.raw(number)

    def read_frame(
        self,
        index: int,
        correct_color: bool = True,
        *,
        device: str | Device | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Read and decode one frame.

        Parameters
        ----------
        index : int
            Counted from zero.
        correct_color : bool, default True
            Whether colours are transformed to sRGB by the image's ICC profile: of the image itself, or else of its
            optical path.  Where there is none they stay as they are, and so do the indices of palette colours.
        device : str, optional
            Where the array is wanted: ``"cpu"``, ``"cuda"``, ...; the default device if None.
        fallback : {"cpu", "error"}
            Who decodes what a GPU does not: see `hdgpu.image.decode.DecodeOptions`.

        Returns
        -------
        array
            Stored values: (rows, columns), or (rows, columns, 3) RGB.  NumPy's on the CPU, CuPy's on a GPU.

        Raises
        ------
        hdgpu.errors.HdgpuError
            As :meth:`read_frame_raw`; and further those of :func:`hdgpu.frame.decode_frame`, with the frame's number.
        hdgpu.errors.InvalidAttributeError
            If the ICC profile cannot be used; a ValueError.
        hdgpu.errors.UnsupportedTransformError
            If the samples are not of 8 bits, or optical paths have profiles that differ and nothing says which path
            the frame is of; or if, on a GPU, no table meets what the profile makes on the host.
        """
        how = DecodeOptions.of(device, None, fallback)
        access, number = self._located(index)
        instance = access.instance
        try:
            array = access.frame(number, STORED_VALUES, access.stored_dtype(), how)
            if correct_color and array.ndim == 3:
                with on_device_of(array):
                    array = _corrected(array, *access.icc_profiles.of_frames({number}))
        except HdgpuError as error:
            syntax = f"transfer syntax {instance.transfer_syntax_uid}"
            raise error.at(source=instance.name, frame=number + 1, context=syntax) from error.__cause__
        return array

    def _opened(self) -> FrameAccess:
        """Return what was learnt of the file when it was opened, be it closed by now."""
        if self._access is None:
            raise self._not_open()
        return self._access

    def _located(self, index: int) -> tuple[FrameAccess, int]:
        """Return access to the frames, with the number of the one that is asked for."""
        access = self._opened()
        if not self._is_open:
            raise self._not_open()
        (number,) = frame_indices([index], access.count, as_indices=True, source=access.instance.name).tolist()
        return access, number

    def _not_open(self) -> ClosedReaderError:
        remedy = "Call open(), or use the reader in a with statement."
        return ClosedReaderError("the reader is not open", source=self.filename, remedy=remedy)


def _read_image_header(source: Source) -> Header:
    """Read the header of a file that holds an image."""
    header = read_header(source)
    if header.pixel_data is None:
        raise NoPixelDataError("the file holds no image", source=source.name, tag=describe_tag(Tag.PIXEL_DATA))
    return header


def _read_metadata(source: Source, header: Header) -> Dataset:
    from hdgpu.dicom.on_demand import read_dataset  # which imports pydicom

    try:
        return read_dataset(source, header, with_pixels=False)
    except HdgpuError:
        raise
    except Exception as error:  # pydicom raises nearly anything on damaged input
        raise InvalidAttributeError(
            f"the data set is damaged: {type(error).__name__}: {error}", source=source.name
        ) from error


def _corrected(rgb: Array, profile: bytes | None) -> Array:
    """Transform colours to sRGB, if there is a profile."""
    if profile is None:
        return rgb
    if rgb.dtype != np.uint8:
        raise UnsupportedTransformError(
            "ICC profiles are applied to colours of 8 bits only",
            tag=describe_tag(Tag.ICC_PROFILE),
            found=rgb.dtype,
            remedy="Pass correct_color=False for the values without it.",
        )
    return apply_icc_profile(profile, rgb)

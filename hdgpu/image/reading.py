"""What an image gives of its frames: their bytes, their stored values, and their values after the transforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import CPU, Device
from hdgpu.array.namespace import Array
from hdgpu.errors import EmptySeriesError
from hdgpu.image.decode import DecodeOptions
from hdgpu.image.frame_access import STORED_VALUES, FrameAccess
from hdgpu.image.selection import frame_indices
from hdgpu.pixels.options import TransformOptions

__all__ = ["FrameReading"]


class FrameReading(ABC):
    """Frames of an image by their number.  Any number of threads may read at once."""

    @property
    @abstractmethod
    def _access(self) -> FrameAccess:
        """Access to the frames as the data set describes them now."""

    @property
    def number_of_frames(self) -> int:
        """Number of frames in the image."""
        return self._access.count

    @property
    def pixel_array(self) -> npt.NDArray[Any]:
        """Stored values of all frames, in their order.

        (frames, rows, columns), or (frames, rows, columns, 3) for colour; the first axis is left out if there is one
        frame.
        """
        stored: npt.NDArray[Any] = self.get_stored_frames(device=CPU)
        return stored[0] if len(stored) == 1 else stored

    def _indices(self, numbers: Iterable[int] | None, *, as_indices: bool) -> npt.NDArray[np.int64]:
        access = self._access
        access.require_pixels()
        return frame_indices(numbers, access.count, as_indices=as_indices, source=access.instance.name)

    def get_raw_frame(self, frame_number: int, as_index: bool = False) -> bytes:
        """Get the bytes of a frame as they are encoded.

        Parameters
        ----------
        frame_number : int
            Counted from 1 as in DICOM.
        as_index : bool, optional
            Whether it is counted from 0 instead.

        Returns
        -------
        bytes
            One codestream, or native samples.  Of native frames of 1-bit samples that do not begin or end on a byte,
            the bytes that hold any bit of the frame.

        Raises
        ------
        TypeError
            If the number is no integer.
        hdgpu.errors.FrameNumberError
            If there is no such frame (also an IndexError).
        hdgpu.errors.FrameIndexError, hdgpu.errors.TruncatedFileError, hdgpu.errors.SourceError
            If the file does not hold its bytes.
        """
        return self._access.raw(int(self._indices([frame_number], as_indices=as_index)[0]))

    def get_stored_frame(
        self,
        frame_number: int,
        as_index: bool = False,
        *,
        device: str | Device | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the stored values of a frame: decompressed, and nothing more.

        Parameters
        ----------
        frame_number : int
            Counted from 1 as in DICOM.
        as_index : bool, optional
            Whether it is counted from 0 instead.
        device : str, Device or None, optional
            Where the array shall be; None for the default device.
        fallback : {"cpu", "error"}
            Who decodes what a GPU does not: see `hdgpu.image.decode.DecodeOptions`.

        Returns
        -------
        array
            (rows, columns), or (rows, columns, 3) for colour, of the stored data type.

        Raises
        ------
        TypeError, hdgpu.errors.FrameNumberError
            As :meth:`get_raw_frame`.
        hdgpu.errors.HdgpuError
            If the frame cannot be decoded; the kind of error says why.
        """
        dtype = self._access.stored_dtype()
        return self._frame(frame_number, as_index, STORED_VALUES, dtype, DecodeOptions.of(device, None, fallback))

    def get_stored_frames(
        self,
        frame_numbers: Iterable[int] | None = None,
        as_indices: bool = False,
        *,
        device: str | Device | None = None,
        workers: int | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the stored values of several frames, down the first axis.

        Parameters
        ----------
        frame_numbers : iterable of int or None, optional
            In any order, and as often as one likes; None for all.
        as_indices : bool, optional
            Whether they are counted from 0 instead of 1.
        device : str, Device or None, optional
            Where the array shall be; None for the default device.
        workers : int, optional
            Decoding threads; one for each core by default.
        fallback : {"cpu", "error"}
            As for :meth:`get_stored_frame`.

        Raises
        ------
        TypeError, hdgpu.errors.HdgpuError
            As :meth:`get_stored_frame`.
        hdgpu.errors.EmptySeriesError
            If no frame is asked for (also a ValueError).
        """
        dtype = self._access.stored_dtype()
        how = DecodeOptions.of(device, workers, fallback)
        return self._frames(frame_numbers, as_indices, STORED_VALUES, dtype, how)

    def _frame(
        self, number: int, as_index: bool, options: TransformOptions, dtype: npt.DTypeLike, how: DecodeOptions
    ) -> Array:
        (index,) = self._indices([number], as_indices=as_index).tolist()
        return self._access.frame(index, options, dtype, how)

    def _frames(
        self,
        numbers: Iterable[int] | None,
        as_indices: bool,
        options: TransformOptions,
        dtype: npt.DTypeLike,
        how: DecodeOptions,
    ) -> Array:
        indices = self._indices(numbers, as_indices=as_indices)
        if not len(indices):
            raise EmptySeriesError("no frame is asked for", source=self._access.instance.name)
        return self._access.frames(indices, options, dtype, how)

    def get_frame(
        self,
        frame_number: int,
        as_index: bool = False,
        *,
        dtype: npt.DTypeLike = np.float64,
        apply_real_world_transform: bool | None = None,
        real_world_value_map_selector: Any = 0,
        apply_modality_transform: bool | None = None,
        apply_voi_transform: bool | None = False,
        voi_transform_selector: Any = 0,
        voi_output_range: tuple[float, float] = (0.0, 1.0),
        apply_presentation_lut: bool = True,
        apply_palette_color_lut: bool | None = None,
        apply_icc_profile: bool | None = None,
        device: str | Device | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the values of a frame, after the transforms that the image describes.

        Parameters
        ----------
        frame_number : int
            Counted from 1 as in DICOM.
        as_index : bool, optional
            Whether it is counted from 0 instead.
        dtype : data type, optional
            Of the array.
        apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, apply_voi_transform, \
voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, apply_icc_profile
            Which transforms, and which of several: see `hdgpu.pixels.options.TransformOptions`.
        device : str, Device or None, optional
            Where the array shall be; None for the default device.
        fallback : {"cpu", "error"}
            Who decodes what a GPU does not: see `hdgpu.image.decode.DecodeOptions`.

        Returns
        -------
        array
            (rows, columns), or (rows, columns, 3) for colour.

        Raises
        ------
        TypeError, hdgpu.errors.FrameNumberError
            As :meth:`get_raw_frame`.
        hdgpu.errors.MissingTransformError
            If a transform is insisted on that is not there (also a RuntimeError).
        hdgpu.errors.OutputTypeError
            If `dtype` cannot hold the values (also a ValueError).
        hdgpu.errors.HdgpuError
            If the frame cannot be decoded; the kind of error says why.

        Examples
        --------
        >>> import hdgpu as hd
        >>> from pydicom.data import get_testdata_file
        >>> image = hd.imread(get_testdata_file("eCT_Supplemental.dcm"))
        >>> image.get_frame(2, apply_real_world_transform=False).shape
        (512, 512)
        """
        options = TransformOptions.of(locals())
        return self._frame(frame_number, as_index, options, dtype, DecodeOptions.of(device, 1, fallback))

    def get_frames(
        self,
        frame_numbers: Iterable[int] | None = None,
        as_indices: bool = False,
        *,
        dtype: npt.DTypeLike = np.float64,
        apply_real_world_transform: bool | None = None,
        real_world_value_map_selector: Any = 0,
        apply_modality_transform: bool | None = None,
        apply_voi_transform: bool | None = False,
        voi_transform_selector: Any = 0,
        voi_output_range: tuple[float, float] = (0.0, 1.0),
        apply_presentation_lut: bool = True,
        apply_palette_color_lut: bool | None = None,
        apply_icc_profile: bool | None = None,
        device: str | Device | None = None,
        workers: int | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the values of several frames, down the first axis, after the transforms that the image describes.

        Parameters
        ----------
        frame_numbers : iterable of int or None, optional
            In any order, and as often as one likes; None for all.
        as_indices : bool, optional
            Whether they are counted from 0 instead of 1.
        dtype, apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, \
apply_voi_transform, voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, \
apply_icc_profile, device, fallback
            As for :meth:`get_frame`.
        workers : int, optional
            Decoding threads; one for each core by default.

        Raises
        ------
        TypeError, hdgpu.errors.HdgpuError
            As :meth:`get_frame`.
        hdgpu.errors.EmptySeriesError
            If no frame is asked for (also a ValueError).
        """
        options = TransformOptions.of(locals())
        return self._frames(frame_numbers, as_indices, options, dtype, DecodeOptions.of(device, workers, fallback))

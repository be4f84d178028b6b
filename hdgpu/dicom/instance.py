"""An instance (PS3.3: SOP Instance): one file's attributes, checked and typed, and where its frames lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from hdgpu.dicom.elements import PixelDataElement
from hdgpu.dicom.header import Header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.source import Source
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import (
    InvalidAttributeError,
    MissingAttributeError,
    NoPixelDataError,
    PixelDataSizeError,
    TruncatedFileError,
    UnsupportedPixelError,
)

__all__ = ["Instance"]

_PIXEL_TAGS = (
    Tag.ROWS,
    Tag.COLUMNS,
    Tag.SAMPLES_PER_PIXEL,
    Tag.PHOTOMETRIC_INTERPRETATION,
    Tag.BITS_ALLOCATED,
    Tag.BITS_STORED,
    Tag.HIGH_BIT,
    Tag.PIXEL_REPRESENTATION,
    Tag.PLANAR_CONFIGURATION,
)
_KEYWORDS: dict[int, str] = {
    Tag.PIXEL_DATA: "PixelData",
    Tag.FLOAT_PIXEL_DATA: "FloatPixelData",
    Tag.DOUBLE_FLOAT_PIXEL_DATA: "DoubleFloatPixelData",
}
# The files of a series share the module byte for byte: it is parsed and checked once.
_PIXELS: dict[tuple[object, ...], ImagePixel] = {}
_MAX_PIXELS = 1024
# Of one pixel of one bit each, frames can be no shorter.
_FRAMES_PER_BYTE = 8


class Instance:
    """One SOP instance.

    Parameters
    ----------
    header : Header

    Attributes
    ----------
    source : Source
        Where the bytes are.
    header : Header
        All attributes that were read.
    transfer_syntax_uid : str
    """

    __slots__ = ("_number_of_frames", "_pixel", "header", "source", "transfer_syntax_uid")

    def __init__(self, header: Header) -> None:
        self.header = header
        self.source: Source = header.source
        self.transfer_syntax_uid = header.transfer_syntax_uid
        self._pixel: ImagePixel | None = None
        self._number_of_frames: int | None = None

    @property
    def name(self) -> str:
        """What error messages call the file."""
        return self.source.name

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID."""
        return self.header.text(Tag.SOP_INSTANCE_UID)

    @property
    def series_key(self) -> tuple[str, str]:
        """Study and Series Instance UID."""
        return self.header.text(Tag.STUDY_INSTANCE_UID), self.header.text(Tag.SERIES_INSTANCE_UID)

    @property
    def is_mosaic(self) -> bool:
        """Whether its frames show the slices of a volume side by side, as Siemens writes EPI series."""
        return b"MOSAIC" in self.header.values.get(Tag.IMAGE_TYPE, b"")

    @property
    def number_of_frames(self) -> int:
        """Number of Frames; 1 where it is absent, 0 where there is no pixel data."""
        if self._number_of_frames is None:
            self._number_of_frames = self._count_frames()
        return self._number_of_frames

    def _count_frames(self) -> int:
        if self.header.pixel_data is None:
            return 0
        count = self.header.integer(Tag.NUMBER_OF_FRAMES, 1)
        if count < 1:
            raise InvalidAttributeError(
                "impossible number of frames",
                source=self.name,
                tag=describe_tag(Tag.NUMBER_OF_FRAMES),
                expected="1 or more",
                found=count,
            )
        if count > _FRAMES_PER_BYTE * self.source.size:  # before any memory is asked for a row for each
            raise PixelDataSizeError(
                "the file is far too short for so many frames",
                source=self.name,
                tag=describe_tag(Tag.NUMBER_OF_FRAMES),
                expected=f"at most {_FRAMES_PER_BYTE * self.source.size} in {self.source.size} bytes",
                found=count,
            )
        return count

    @property
    def pixel_data(self) -> PixelDataElement:
        """Where the pixel data lies.

        Raises
        ------
        NoPixelDataError
            If there is none.
        TruncatedFileError
            If it does not lie wholly within the file.
        """
        element = self.header.pixel_data
        if element is None:
            raise NoPixelDataError("the file holds no pixel data", source=self.name, tag=describe_tag(Tag.PIXEL_DATA))
        if element.offset + (element.length or 0) > self.source.size:
            raise TruncatedFileError(
                "the file ends within its pixel data",
                source=self.name,
                tag=describe_tag(element.tag),
                expected=f"{element.length} bytes",
                found=f"{max(self.source.size - element.offset, 0)} bytes",
                remedy="Copy or export the file again.",
            )
        return element

    @property
    def pixel(self) -> ImagePixel:
        """The Image Pixel module, checked.

        Raises
        ------
        MissingAttributeError, InvalidAttributeError, UnsupportedPixelError
            If the frames cannot be decoded by what it says.
        """
        if self._pixel is None:
            values = self.header.values
            key = (*[values.get(tag) for tag in _PIXEL_TAGS], self.header.encoding.order, self.pixel_data.tag)
            known = _PIXELS.get(key)
            if known is None:
                if len(_PIXELS) >= _MAX_PIXELS:
                    _PIXELS.clear()
                known = _PIXELS[key] = self._parse_pixel()
            self._pixel = known
        return self._pixel

    def _parse_pixel(self) -> ImagePixel:
        # What says how to read the samples is not guessed: a default would give other values where it is only missing.
        header = self.header
        is_float = self.pixel_data.tag != Tag.PIXEL_DATA
        allocated = header.unsigned_short(Tag.BITS_ALLOCATED)
        stored = header.unsigned_short(Tag.BITS_STORED, allocated if is_float else None)
        try:
            return ImagePixel(
                rows=header.unsigned_short(Tag.ROWS),
                columns=header.unsigned_short(Tag.COLUMNS),
                samples_per_pixel=header.unsigned_short(Tag.SAMPLES_PER_PIXEL),
                photometric_interpretation=self._required_text(Tag.PHOTOMETRIC_INTERPRETATION),
                bits_allocated=allocated,
                bits_stored=stored,
                high_bit=header.unsigned_short(Tag.HIGH_BIT, stored - 1),
                pixel_representation=header.unsigned_short(Tag.PIXEL_REPRESENTATION, 0 if is_float else None),
                planar_configuration=header.unsigned_short(Tag.PLANAR_CONFIGURATION, 0),
                keyword=_KEYWORDS[self.pixel_data.tag],
            )
        except (InvalidAttributeError, UnsupportedPixelError) as error:
            raise error.at(source=self.name) from None

    def _required_text(self, tag: Tag) -> str:
        text = self.header.text(tag)
        if not text:
            raise MissingAttributeError("the attribute is absent or empty", source=self.name, tag=describe_tag(tag))
        return text

    def functional_groups(
        self, sequences: Sequence[Tag], frames: Collection[int] | None = None
    ) -> Iterator[tuple[Header | None, ...]]:
        """Yield for each frame the first item of each of `sequences` (PS3.3 C.7.6.16).

        The frame's own functional groups go before the shared ones; None where neither has the sequence.  With `frames`
        only those of these zero-based numbers are read, in ascending order.
        """
        common = self.shared_functional_groups(sequences)
        for group in self.header.items(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames):
            yield tuple([_first(group, tag) or other for tag, other in zip(sequences, common, strict=True)])

    def shared_functional_groups(self, sequences: Sequence[Tag]) -> tuple[Header | None, ...]:
        """Return the first item of each of `sequences` in the functional groups that all frames share."""
        shared = next(self.header.items(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE), None)
        return tuple([_first(shared, sequence) for sequence in sequences])


def _first(header: Header | None, sequence: Tag) -> Header | None:
    return next(header.items(sequence), None) if header is not None else None

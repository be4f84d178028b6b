"""The header of an instance: the few attributes that hdgpu needs, and where the pixel data lies.

Files are read by the scanner of :mod:`hdgpu.dicom.elements`.  What it declines (no preamble, unusual value
representations, tags out of order, damage) pydicom reads, and a pydicom data set of the caller is taken as it is.
Both end in the same form: value bytes by tag, so that there is one place where values are parsed.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hdgpu.compiled import extension
from hdgpu.dicom.elements import (
    UNDEFINED,
    Elements,
    Encoding,
    Layout,
    NeedMoreBytes,
    NotUnderstood,
    PixelDataElement,
    RunsPastEnd,
    scan_elements,
    sequence_items,
)
from hdgpu.dicom.reencoding import encode_implicit
from hdgpu.dicom.source import BytesSource, PathSource, Source
from hdgpu.dicom.tags import WANTED, WANTED_AT_ROOT, Tag, describe_tag
from hdgpu.errors import InvalidAttributeError, MissingAttributeError, NotDicomError, TruncatedFileError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Header", "read_header"]

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

_EXPLICIT = Encoding(explicit=True)
_ENCODINGS = {IMPLICIT_LITTLE: Encoding(explicit=False), EXPLICIT_BIG: Encoding(explicit=True, order=">")}
_HEAD_BYTES = 1 << 13  # enough for most single-frame files; more is read where it is not
_BATCH = 64  # files that are scanned at a time
# Of US and SS the compiled walk takes the first, and leaves files with the other one to the walk in Python.
_WANTED_TABLE = b"".join(struct.pack("<I2s", tag, max(vrs)) for tag, vrs in sorted(WANTED_AT_ROOT.items()))
_META_START = 132
_TRANSFER_SYNTAX = b"\x02\0\x10\0UI"


class Header:
    """Attributes of one data set or item, parsed on demand.

    Parameters
    ----------
    elements : Elements
        Value bytes by tag.
    encoding : Encoding
        Gives the byte order of binary values.
    source : Source
        Where the pixel data is.
    transfer_syntax_uid : str
    buffer : bytes-like
        The bytes that `elements` refers to with its sequences.
    """

    __slots__ = ("_buffer", "_sequences", "encoding", "pixel_data", "source", "transfer_syntax_uid", "values")

    def __init__(
        self,
        elements: Elements,
        encoding: Encoding,
        source: Source,
        transfer_syntax_uid: str,
        buffer: bytes | memoryview,
    ) -> None:
        self.values = elements.values
        self.pixel_data: PixelDataElement | None = elements.pixel_data
        self.encoding = encoding
        self.source = source
        self.transfer_syntax_uid = transfer_syntax_uid
        self._sequences = elements.sequences
        # The bytes are kept only where they are needed: a thousand headers should not hold a thousand file heads.
        self._buffer = buffer if elements.sequences else b""

    def text(self, tag: int, default: str = "") -> str:
        """Return a string value without its padding."""
        value = self.values.get(tag)
        if not value:
            return default
        return value.rstrip(b"\0 ").decode("ascii", "replace").strip()

    def long_text(self, tag: int) -> str:
        """Return a string value that may be in any character set (PS3.3 C.12.1.1.2)."""
        from pydicom.charset import convert_encodings, decode_bytes

        names = self.text(Tag.SPECIFIC_CHARACTER_SET).split("\\")
        value = self.values.get(tag, b"").rstrip(b"\0 ")
        if value.isascii():
            return value.decode("ascii").strip()
        return decode_bytes(value, convert_encodings(names), {0x5C}).strip()

    def unsigned_short(self, tag: int, default: int | None = None) -> int:
        """Return a value of VR US."""
        value = self.values.get(tag)
        if not value:
            return self._default(tag, default)
        if len(value) < 2:
            raise self._invalid(tag, "two bytes", value)
        return int(struct.unpack_from(self.encoding.order + "H", value)[0])

    def binary_integers(self, tag: int, code: str) -> tuple[int, ...]:
        """Return the values of VR US ("H"), UL ("I"), SL ("i") or AT ("HH"); none if it is absent or empty."""
        value = self.values.get(tag, b"")
        pattern = struct.Struct(self.encoding.order + code)
        if len(value) % pattern.size:
            raise self._invalid(tag, f"a multiple of {pattern.size} bytes", value)
        return tuple(number for numbers in pattern.iter_unpack(value) for number in numbers)

    def integer(self, tag: int, default: int | None = None) -> int:
        """Return a value of VR IS."""
        value = self.values.get(tag, b"").strip(b"\0 ")
        if not value:
            return self._default(tag, default)
        whole, _, fraction = value.partition(b".")  # some write "1.0"
        try:
            if fraction.strip(b"0") or b"_" in whole:
                raise ValueError
            return int(whole)
        except ValueError:
            raise self._invalid(tag, "an integer", value) from None

    def decimals(self, tag: int, count: int) -> tuple[float, ...] | None:
        """Return the `count` finite values of an attribute of VR DS, or None if it is absent or empty."""
        value = self.values.get(tag, b"").strip(b"\0 ")
        if not value:
            return None
        try:
            numbers = tuple([float(part) for part in value.split(b"\\")])
        except ValueError:
            raise self._invalid(tag, "decimal numbers", value) from None
        if b"_" in value:  # Python alone takes "2_0" for a number (PS3.5 6.2)
            raise self._invalid(tag, "decimal numbers", value)
        if len(numbers) != count or not math.isfinite(sum(numbers)):
            raise self._invalid(tag, f"{count} finite numbers", value)
        return numbers

    def items(self, tag: int, numbers: Collection[int] | None = None) -> Iterator[Header]:
        """Yield the items of a sequence, each a header of its own; only those of the given zero-based numbers, if any.

        The others are passed over unread.
        """
        span = self._sequences.get(tag)
        if span is None:
            return
        last = None if numbers is None else max(numbers, default=-1)
        try:
            for number, (start, end) in enumerate(sequence_items(self._buffer, span)):
                if numbers is not None and number not in numbers:
                    if last is not None and number > last:
                        return
                    continue
                yield self._item(start, end, span.encoding)
        except (NeedMoreBytes, NotUnderstood, struct.error) as error:
            raise InvalidAttributeError(
                f"the sequence is damaged: {error}", source=self.source.name, tag=describe_tag(tag)
            ) from error

    def _item(self, start: int, end: int, encoding: Encoding) -> Header:
        try:
            elements, buffer = scan_elements(self._buffer, start, end, encoding, WANTED), self._buffer
        except RunsPastEnd:
            raise
        except NotUnderstood:  # a sequence of VR UN, say, which pydicom knows (PS3.5 6.2.2)
            from io import BytesIO

            from pydicom.filereader import read_dataset

            file = BytesIO(bytes(self._buffer[start:end]))
            dataset = read_dataset(file, not encoding.explicit, encoding.order == "<", end - start)
            buffer = encode_implicit(dataset, self.source.name, WANTED, swap=encoding.order == ">")
            encoding = Encoding(explicit=False)
            elements = scan_elements(buffer, 0, len(buffer), encoding, WANTED)
        return Header(elements, encoding, self.source, self.transfer_syntax_uid, buffer)

    @property
    def has_sequences(self) -> bool:
        """Whether there is any of the sequences that are read."""
        return bool(self._sequences)

    def sequence_bytes(self, tag: int) -> bytes:
        """Return the encoded items of a sequence, for comparison; nothing if it is absent."""
        span = self._sequences.get(tag)
        return b"" if span is None else bytes(self._buffer[span.start : span.end])

    def datasets(self, tag: int) -> list[Dataset]:
        """Return the items of a sequence with all their attributes, as pydicom reads them."""
        from io import BytesIO

        from pydicom.charset import convert_encodings
        from pydicom.filereader import read_sequence

        span = self._sequences.get(tag)
        encoded = self.sequence_bytes(tag)
        if span is None or not encoded:
            return []
        character_sets = convert_encodings(self.text(Tag.SPECIFIC_CHARACTER_SET).split("\\"))
        implicit, little = not span.encoding.explicit, span.encoding.order == "<"
        try:
            return list(read_sequence(BytesIO(encoded), implicit, little, len(encoded), character_sets))
        except Exception as error:  # pydicom raises nearly anything on damaged input
            raise InvalidAttributeError(
                f"the sequence is damaged: {error}", source=self.source.name, tag=describe_tag(tag)
            ) from error

    def __contains__(self, tag: int) -> bool:
        return tag in self.values or tag in self._sequences

    def _default(self, tag: int, default: int | None) -> int:
        if default is None:
            raise MissingAttributeError(
                "the attribute is absent or empty", source=self.source.name, tag=describe_tag(tag)
            )
        return default

    def _invalid(self, tag: int, expected: str, value: bytes) -> InvalidAttributeError:
        found = repr(value[:64].decode("ascii", "replace"))
        return InvalidAttributeError(
            "unreadable value", source=self.source.name, tag=describe_tag(tag), expected=expected, found=found
        )


def read_header(source: Source, layout: Layout | None = None) -> Header:
    """Read the header of a DICOM file.

    Parameters
    ----------
    source : Source
    layout : Layout, optional
        Shared between files read one after the other, it makes the second of two alike faster.

    Returns
    -------
    Header

    Raises
    ------
    NotDicomError
        If the bytes are no DICOM data set.
    TruncatedFileError
        If the file ends within its header.
    SourceError
        If the bytes cannot be had.
    """
    size = _HEAD_BYTES
    while True:
        head = source.head(size)
        try:
            return _scan(source, head, layout)
        except NeedMoreBytes:
            if len(head) < size:
                raise _cut_short(source) from None
            size *= 8
        except RunsPastEnd as error:
            if not _may_be_mislabelled(head):
                raise _cut_short(source) from error
            break
        except (NotUnderstood, struct.error, zlib.error):
            break
    return _read_with_pydicom(source, head)


def scan_headers(items: Sequence[Any]) -> Iterator[Header | None]:
    """Yield a header for each item that is the path of a plain file, by way of the compiled extension.

    None stands for all else: `read_header` then reads it, or says what is wrong with it.
    """
    compiled = extension()
    for start in range(0, len(items), _BATCH):
        paths = [_local_path(item) for item in items[start : start + _BATCH]]
        local = [path for path in paths if path is not None]
        scanned = iter(compiled.scan_headers(local, _WANTED_TABLE) if compiled else [None] * len(local))
        for path in paths:
            found = None if path is None else next(scanned)
            yield None if path is None or found is None else _header_of_scan(path, *found)


def _local_path(item: Any) -> str | None:
    path = os.fspath(item) if isinstance(item, (str, os.PathLike)) else None
    return path if isinstance(path, str) and "://" not in path else None


def _header_of_scan(
    path: str,
    size: int,
    syntax: str,
    explicit: bool,
    values: dict[int, bytes],
    pixel_tag: int,
    vr: str,
    offset: int,
    length: int,
) -> Header:
    pixel_data = PixelDataElement(pixel_tag, vr, offset, None if length == UNDEFINED else length) if pixel_tag else None
    encoding = _EXPLICIT if explicit else _ENCODINGS[IMPLICIT_LITTLE]
    return Header(Elements(values, {}, pixel_data), encoding, PathSource(path, size), syntax, b"")


def _cut_short(source: Source) -> TruncatedFileError:
    return TruncatedFileError(
        "the file ends within its header, or a length in the header is damaged",
        source=source.name,
        found=f"{source.size} bytes",
        remedy="Copy or export the file again.",
    )


def _may_be_mislabelled(head: bytes | memoryview) -> bool:
    """Tell whether the data set looks like explicit VR where its transfer syntax says implicit: pydicom reads that."""
    start = _META_START + 12 + int.from_bytes(head[140:144], "little")
    says_implicit = IMPLICIT_LITTLE.encode() + b"\0" in bytes(head[_META_START:start])
    return says_implicit and bytes(head[start + 4 : start + 6]).isalpha()


def _transfer_syntax(meta: bytes) -> str:
    """Find (0002,0010): before it come UIDs and a version alone, which cannot hold the bytes of its tag."""
    at = meta.find(_TRANSFER_SYNTAX) + len(_TRANSFER_SYNTAX)
    length = int.from_bytes(meta[at : at + 2], "little")
    syntax = meta[at + 2 : at + 2 + length].rstrip(b"\0 ")
    if at < len(_TRANSFER_SYNTAX) or not syntax.replace(b".", b"").isdigit():
        raise NotUnderstood("no transfer syntax")
    return syntax.decode("ascii")


def _scan(source: Source, head: bytes | memoryview, layout: Layout | None) -> Header:
    if len(head) < _META_START + 12 or head[128:132] != b"DICM":
        raise NotUnderstood("no preamble")
    if head[132:136] != b"\x02\0\0\0" or head[136:138] != b"UL":
        raise NotUnderstood("no group length")
    start = _META_START + 12 + int.from_bytes(head[140:144], "little")
    if start > len(head):
        raise NeedMoreBytes if start < source.size else RunsPastEnd("the meta information runs past the end")
    syntax = _transfer_syntax(bytes(head[_META_START:start]))
    if syntax == DEFLATED:
        inflated = zlib.decompress(source.read_at(start, source.size - start), -zlib.MAX_WBITS)
        source, head, start = BytesSource(inflated, source.name), inflated, 0
    encoding = _ENCODINGS.get(syntax, _EXPLICIT)
    elements = scan_elements(head, start, source.size, encoding, WANTED_AT_ROOT, layout)
    return Header(elements, encoding, source, syntax, head)


def _read_with_pydicom(source: Source, head: bytes | memoryview) -> Header:
    """Read what the scanner declined; `head` serves to tell a data set without preamble from something else."""
    from io import BytesIO

    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    preamble = bytes(head[128:132]) == b"DICM"
    # Data sets without preamble begin with group 2 or 8, little or big endian.
    if not preamble and bytes(head[:2]) not in (b"\x02\0", b"\x08\0", b"\0\x08"):
        raise NotDicomError(
            "not a DICOM file",
            source=source.name,
            expected="'DICM' at byte 128",
            found=repr(bytes(head[128:132])) if len(head) >= _META_START else f"{len(head)} bytes",
        )
    try:
        dataset = dcmread(BytesIO(source.read_at(0, source.size)), force=not preamble)
        return header_of_dataset(dataset, source.name)
    except (InvalidAttributeError, MissingAttributeError, TruncatedFileError):
        raise
    except (EOFError, struct.error) as error:
        raise TruncatedFileError(f"the file ends within its header: {error}", source=source.name) from error
    except (InvalidDicomError, Exception) as error:  # pydicom raises nearly anything on damaged input
        if not preamble:
            raise NotDicomError(f"not a DICOM file: {error}", source=source.name) from error
        raise InvalidAttributeError(
            f"the data set is damaged: {type(error).__name__}: {error}", source=source.name
        ) from error


def header_of_dataset(dataset: Dataset, name: str | None = None) -> Header:
    """Return the header of a pydicom data set: its pixel data stays where it is, in memory.

    Parameters
    ----------
    dataset : pydicom.Dataset
    name : str, optional
        What error messages call it; the data set's own file name by default.

    Raises
    ------
    MissingAttributeError
        If there is no transfer syntax to read the pixel data by.
    InvalidAttributeError
        If a value cannot be expressed in DICOM.
    """
    name = name or str(getattr(dataset, "filename", None) or "<dataset>")
    syntax = _syntax_of_dataset(dataset, name)
    subset = encode_implicit(dataset, name, WANTED_AT_ROOT, swap=syntax == EXPLICIT_BIG)
    encoding = Encoding(explicit=False)
    try:
        elements = scan_elements(subset, 0, len(subset), encoding, WANTED_AT_ROOT)
    except (NeedMoreBytes, NotUnderstood, struct.error) as error:
        raise InvalidAttributeError(f"the data set is damaged: {error}", source=name) from error
    elements.pixel_data, source = _pixel_data_of_dataset(dataset, syntax, name)
    return Header(elements, encoding, source, syntax, subset)


def _syntax_of_dataset(dataset: Dataset, name: str) -> str:
    meta: Any = getattr(dataset, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID", "") or "") if meta is not None else ""
    if syntax:
        return syntax
    implicit, little = getattr(dataset, "original_encoding", (None, None))
    if implicit is None or little is None:
        raise MissingAttributeError(
            "there is no transfer syntax to read the pixel data by",
            source=name,
            tag=describe_tag(Tag.TRANSFER_SYNTAX_UID),
            remedy="Set file_meta.TransferSyntaxUID.",
        )
    if not little:
        return EXPLICIT_BIG
    return IMPLICIT_LITTLE if implicit else EXPLICIT_LITTLE


def _pixel_data_of_dataset(dataset: Dataset, syntax: str, name: str) -> tuple[PixelDataElement | None, BytesSource]:
    for tag in (Tag.PIXEL_DATA, Tag.FLOAT_PIXEL_DATA, Tag.DOUBLE_FLOAT_PIXEL_DATA):
        if tag not in dataset:
            continue
        element = dataset[tag]
        value = element.value or b""
        encapsulated = bool(element.is_undefined_length) or _is_encapsulated(syntax)
        length = None if encapsulated else len(value)
        return PixelDataElement(int(tag), str(element.VR), 0, length), BytesSource(value, name)
    return None, BytesSource(b"", name)


def _is_encapsulated(syntax: str) -> bool:
    from pydicom.uid import UID

    uid = UID(syntax)
    return uid.is_transfer_syntax and not uid.is_private and uid.is_encapsulated

"""Lookup tables as files hold them: descriptor, data and segments (PS3.3 C.11.1, C.11.2, C.7.6.3.1.5 and C.7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.errors import LookupTableError, MissingAttributeError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Descriptor", "LookupTable", "expand_segments", "read_descriptor", "read_entries", "read_table", "values_of"]

Entries = npt.NDArray[Any]
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2  # types of segments, PS3.3 C.7.9.2
_MAX_ENTRIES = 1 << 16
_WORDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The three values of a LUT Descriptor.

    Attributes
    ----------
    count : int
        Number of entries, 1 to 65536.
    first : int
        Value that maps to the first entry, as it was read: 65535 may mean -1 (see `LookupTable.for_values`).
    bits : int
        Bits of each entry, 8 to 16.
    """

    count: int
    first: int
    bits: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the entries: uint8 or uint16."""
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """A table of integers.

    Attributes
    ----------
    first : int
        Value that maps to the first entry.
    entries : numpy.ndarray
        (m,) uint8 or uint16, or (m, 3) for a palette.
    explanation : str
        LUT Explanation, if there is one.
    sign_is_known : bool
        Whether `first` was read with the sign that it has; else it is unsigned, and may stand for a negative one.
    """

    first: int
    entries: Entries
    explanation: str = ""
    sign_is_known: bool = True

    def for_values(self, smallest: float, largest: float) -> LookupTable:
        """Return the table with its first value read with the sign that suits the values that are looked up.

        Whether the descriptor is signed or not depends on what the table is applied to, and implicit VR does not tell
        (PS3.3 C.11.1.1, C.11.2.1.1).  Files err, too.  So where a table, with the sign that it should have, begins
        above all values or ends below them, and with the other one does not, it has the other one.
        """
        unsigned = self.first % _WORDS
        signed = unsigned - _WORDS if unsigned >= _WORDS // 2 else unsigned
        wanted = self.first if self.sign_is_known else signed if smallest < 0 else unsigned
        last = len(self.entries) - 1
        for first in (wanted, signed, unsigned):
            if first <= largest and first + last >= smallest:
                return replace(self, first=first, sign_is_known=True)
        return replace(self, first=wanted, sign_is_known=True)


def read_descriptor(values: Any, name: str = "LUT Descriptor") -> Descriptor:
    """Check the values of a LUT Descriptor.

    Parameters
    ----------
    values : sequence of int
        As pydicom gives them; the first and second may have been read as signed or unsigned.
    name : str
        What error messages call the attribute.

    Raises
    ------
    LookupTableError
        If they are not three integers, or the last one is not a number of bits from 8 to 16.
    """
    try:
        count, first, bits = (int(value) for value in values)
    except (TypeError, ValueError) as error:
        raise LookupTableError("unreadable descriptor", tag=name, expected="3 integers", found=repr(values)) from error
    if not 8 <= bits <= 16:
        raise LookupTableError("unusable size of the entries", tag=name, expected="8 to 16 bits", found=bits)
    return Descriptor(count % _MAX_ENTRIES or _MAX_ENTRIES, first, bits)


def read_entries(
    value: Any, descriptor: Descriptor, name: str = "LUT Data", *, vr: str = "OW", little_endian: bool = True
) -> Entries:
    """Read the entries of a table.

    Parameters
    ----------
    value : bytes, int or sequence of int
        LUT Data: bytes under OW and OB, numbers under US and SS.
    descriptor : Descriptor
    name : str
        What error messages call the attribute.
    vr : str
        Its value representation.
    little_endian : bool
        Byte order of the words under OW.

    Returns
    -------
    numpy.ndarray
        (count,) uint8 or uint16, in the machine's byte order.

    Raises
    ------
    LookupTableError
        If there are more or fewer entries than the descriptor announces, or an entry has more bits.
    """
    words = _words(value, descriptor, vr, little_endian)
    if len(words) != descriptor.count:
        raise LookupTableError(
            "the table is not as long as its descriptor says",
            tag=name,
            expected=f"{descriptor.count} entries of {descriptor.bits} bits",
            found=f"{len(value)} bytes" if isinstance(value, bytes | bytearray) else f"{len(words)} entries",
        )
    if descriptor.bits == 8 and words.itemsize > 1 and words.max() > 0xFF:
        raise LookupTableError(
            "an entry is larger than the descriptor allows", tag=name, expected="up to 255", found=words.max()
        )
    return words.astype(descriptor.dtype, copy=False)


def _words(value: Any, descriptor: Descriptor, vr: str, little_endian: bool) -> Entries:
    if not isinstance(value, bytes | bytearray):
        numbers = np.atleast_1d(np.asarray([] if value is None else value))
        are_integers = numbers.ndim == 1 and numbers.dtype.kind in "iu"
        if not are_integers or numbers.max() >= 1 << 16 or numbers.min() < -(1 << 15):
            return np.empty(0, np.uint16)
        return numbers.astype(np.int64).astype(np.uint16)  # negative ones were unsigned, under SS
    padded = descriptor.count + descriptor.count % 2
    packed = descriptor.bits == 8 and len(value) in (descriptor.count, padded)
    if packed and (vr != "OW" or little_endian or len(value) % 2):
        return np.frombuffer(value, np.uint8, descriptor.count)
    if len(value) % 2:
        return np.empty(0, np.uint16)
    words = np.frombuffer(value, "<u2" if little_endian else ">u2")
    if not packed:
        return words.astype(np.uint16)
    return words.astype("<u2").view(np.uint8)[: descriptor.count]  # the first entry is the lower half of the word


def read_table(item: Dataset) -> LookupTable:
    """Read an item of the Modality or VOI LUT Sequence, or a data set that holds the same attributes.

    Raises
    ------
    MissingAttributeError
        If LUT Descriptor or LUT Data is absent.
    LookupTableError
        If they contradict each other.
    """
    for keyword in ("LUTDescriptor", "LUTData"):
        if keyword not in item:
            raise MissingAttributeError("the attribute is absent", tag=f"'{keyword}'")
    element = item["LUTData"]
    descriptor = read_descriptor(item.LUTDescriptor)
    little_endian = is_little_endian(item)
    entries = read_entries(element.value, descriptor, vr=str(element.VR), little_endian=little_endian)
    explanation = str(item.get("LUTExplanation", "") or "")
    return LookupTable(descriptor.first, entries, explanation, not is_implicit(item))


def is_little_endian(dataset: Dataset) -> bool:
    """Whether words of bytes in the data set are little endian: as it was read, or else as everything is now."""
    return getattr(dataset, "original_encoding", (None, None))[1] is not False


def is_implicit(dataset: Dataset) -> bool:
    """Whether the data set was read from implicit VR, so that nobody wrote down which numbers are signed."""
    return getattr(dataset, "original_encoding", (None, None))[0] is True


def values_of(dataset: Dataset, keyword: str) -> Sequence[Any]:
    """Return the values of an attribute, of which pydicom hands out a single one bare."""
    value = dataset.get(keyword, None)
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str | int | float) else tuple(value)


def expand_segments(segments: Entries, count: int | None = None, name: str = "segmented data") -> Entries:
    """Expand the data of a segmented palette (PS3.3 C.7.9.2).

    Parameters
    ----------
    segments : numpy.ndarray
        (m,) uint8 or uint16: opcodes, lengths and values; a zero that pads them may follow.
    count : int, optional
        Number of entries after the expansion, if it is known.
    name : str
        What error messages call the attribute.

    Returns
    -------
    numpy.ndarray
        (count,) of the type of the segments.  Values on a linear segment are rounded to the nearest, half to even, as
        pydicom has it.

    Raises
    ------
    LookupTableError
        If a segment is cut short, refers to what is no segment or to another indirect one, begins without a value to
        go on from, or if the entries are not as many as they should be.
    """
    expansion = _Expansion(segments, count or _MAX_ENTRIES, name)
    at = 0
    # An even number of bytes is padded by at most one entry of 8 bits.
    while at + 1 < len(expansion.data):
        at = expansion.segment(at)
    if not expansion.entries or (count is not None and len(expansion.entries) != count):
        raise LookupTableError(
            "the segments do not expand to as many entries as there should be",
            tag=name,
            expected=count or "some",
            found=len(expansion.entries),
        )
    return np.array(expansion.entries, segments.dtype)


class _Expansion:
    """The entries as far as they are expanded."""

    def __init__(self, segments: Entries, limit: int, name: str) -> None:
        self.data: list[int] = segments.tolist()
        self.entries: list[int] = []
        self._limit = limit
        self._wide = segments.itemsize > 1
        self._name = name

    def segment(self, at: int, *, indirect: bool = True) -> int:
        """Expand the segment at an index of the data, and return the index after it."""
        kind, length = self._values(at, 2)
        at += 2
        if kind == _DISCRETE:
            self._extend(self._values(at, length))
            return at + length
        if kind == _LINEAR:
            self._interpolate(length, self._values(at, 1)[0])
            return at + 1
        if kind == _INDIRECT and indirect:
            words = 2 if self._wide else 4
            self._copy(length, self._values(at, words))
            return at + words
        raise self._error("unknown type of segment", expected="0, 1 or 2" if indirect else "0 or 1", found=kind)

    def _interpolate(self, length: int, last: int) -> None:
        if not self.entries:
            raise self._error("the first segment is linear, with nothing to start from")
        if length:
            start = self.entries[-1]
            step = (last - start) / length
            self._extend([int(value) for value in np.around(np.linspace(start + step, last, length))])

    def _copy(self, count: int, words: list[int]) -> None:
        """Expand again `count` segments from an offset in bytes, low part first."""
        bits = 16 if self._wide else 8
        offset = sum(word << bits * place for place, word in enumerate(words))
        at, half = divmod(offset, bits // 8)
        if half or at >= len(self.data):
            raise self._error("an indirect segment refers to no segment", found=f"byte {offset}")
        for _ in range(count):
            at = self.segment(at, indirect=False)

    def _values(self, at: int, count: int) -> list[int]:
        values = self.data[at : at + count]
        if len(values) < count:
            raise self._error("a segment is cut short", expected=f"{count} values", found=len(values))
        return values

    def _extend(self, values: list[int]) -> None:
        self.entries += values
        if len(self.entries) > self._limit:  # an indirect segment multiplies what is small
            raise self._error("the segments expand to too many entries", expected=f"at most {self._limit}")

    def _error(self, problem: str, **facts: Any) -> LookupTableError:
        return LookupTableError(problem, tag=self._name, **facts)

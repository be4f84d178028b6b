"""Did a JPEG decoder use up the entropy-coded bytes exactly?  The question libjpeg-turbo answers with a mere warning.

A decoder of JPEG (ISO/IEC 10918-1) that meets damaged Huffman codes goes on with whatever the bits happen to mean, and
in the end is short of bits or has some left; imagecodecs does not pass on libjpeg-turbo's warning about it.  Nearly all
damage shows in this way and in no other.  Three checks find it:

- *Lossless* streams: the samples tell what Huffman codes they were made of, so the bits can be counted again, and how
  many of them are set.
- *DCT* streams, with the compiled extension: it walks the Huffman codes, which takes a fraction of decoding.
- *DCT* streams, without it, or where it is not sure: the image is decoded with one row of MCUs more than it has.  The
  first of these is decoded from the up to seven bits that pad the last byte and then from zeros, all further ones are
  left flat, at medium grey.  If already the first one is flat, then the bits ran out early; if a later one is not, then
  there were bits left.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.sniff.jpeg import JpegHeader, end_of_image
from hdgpu.compiled import extension
from hdgpu.errors import FrameDecodeError

__all__ = ["TallerStream", "check_dct_codes", "check_lossless_bits", "check_restart_markers", "scan_bytes"]

# libjpeg's own limit on rows, JPEG_MAX_DIMENSION.
_MOST_ROWS = 65_500
# In a lossless stream's table of bits: a difference that the Huffman table has no code for.
_NO_CODE = (1 << 30) + (1 << 20)
# There, each bit that is set counts for this many more, so that one sum tells the number of both; int32 is the faster.
_SET = 1 << 25


def scan_bytes(data: bytes, header: JpegHeader) -> bytes:
    """Return the entropy-coded bytes of a stream with a single scan, still stuffed.

    Parameters
    ----------
    data : bytes
        The whole stream.  Bytes after EOI are not looked at.
    header : JpegHeader
        Its header.

    Raises
    ------
    FrameDecodeError
        If there is no EOI, or another marker before it.
    """
    scan = data[header.scan_offset : end_of_image(data, header)].rstrip(
        b"\xff"
    )  # fill bytes may stand before a marker (B.1.1.2)
    if scan.count(b"\xff") != scan.count(b"\xff\x00"):
        raise FrameDecodeError("the JPEG stream has a marker amid its entropy-coded bytes")
    return scan


def check_restart_markers(data: bytes, header: JpegHeader) -> None:
    """Raise :class:`FrameDecodeError` unless a stream of a single scan has its restart markers in order (E.1.4).

    They show that no restart interval is lost, but not whether one is damaged.
    """
    scan = data[header.scan_offset : end_of_image(data, header)]
    found = re.findall(rb"\xff+([^\x00\xff])", scan)
    expected = -(-_mcus(header) // header.restart_interval) - 1 if header.restart_interval else 0
    if found != [bytes([0xD0 + index % 8]) for index in range(expected)]:
        raise FrameDecodeError(
            "the JPEG stream's restart markers are not all there and in order", expected=expected, found=len(found)
        )


def _mcu_size(header: JpegHeader) -> tuple[int, int]:
    """Rows and columns of an MCU, in data units: blocks, or samples of a lossless stream."""
    if len(header.sampling) == 1:  # then an MCU is one data unit, whatever its sampling factors (A.2.2)
        return 1, 1
    return max(v for _, v in header.sampling), max(h for h, _ in header.sampling)


def _mcus(header: JpegHeader) -> int:
    """MCUs of a stream's only scan."""
    unit = 1 if header.is_lossless else 8
    down, across = _mcu_size(header)
    return -(-header.columns // (unit * across)) * -(-header.rows // (unit * down))


# --- Lossless ---------------------------------------------------------------------------------------------------------


def check_lossless_bits(samples: Samples, data: bytes, header: JpegHeader) -> None:
    """Count the bits that decoded samples took up, and compare with those there are (ISO/IEC 10918-1 H.1.2).

    That their number is right is not enough: for a code that is in no table libjpeg-turbo skips 17 bits and goes on as
    if they were a difference of zero.  Where zeros have codes of one bit it is then 16 bits short in the end, and makes
    up 16 zeros.  So the bits that are set are counted as well: a code that is in no table is nearly all ones.

    Parameters
    ----------
    samples : numpy.ndarray of unsigned integers
        Shape (rows, columns) or (rows, columns, components), as decoded.
    data : bytes
        The stream: one scan of all components, without restart intervals, point transform or subsampling.
    header : JpegHeader
        Its header.

    Raises
    ------
    FrameDecodeError
        If they are not equal but for the up to seven bits that pad the last byte.
    """
    scan = scan_bytes(data, header).replace(b"\xff\x00", b"\xff")
    tables = dict(header.huffman_tables)  # of two tables for one destination the later one holds (B.2.4.2)
    total = 0
    for index, (_, selector) in enumerate(header.scan_components):
        table = tables.get(selector >> 4)
        if table is None:
            raise FrameDecodeError("the JPEG stream lacks a Huffman table that its scan calls for")
        plane = samples if samples.ndim == 2 else samples[:, :, index]
        differences = _differences(plane, header.scan_parameters[0], header.precision)
        total += int(np.take(_bits_of_differences(table), differences).sum(dtype=np.int64))
    bits, bits_set = 8 * len(scan), int(np.bitwise_count(np.frombuffer(scan, np.uint8)).sum(dtype=np.int64))
    padding = (bits - total) % _SET
    # Padding is all ones (F.1.2.3), from some encoders all zeros.
    padding_value = scan[-1] % (1 << padding) if scan and padding < 8 else -1
    without_padding = bits - padding + (bits_set - padding_value.bit_count()) * _SET
    if padding_value not in (0, (1 << min(padding, 8)) - 1) or total != without_padding:
        raise FrameDecodeError(
            "the decoded samples do not account for the entropy-coded bytes",
            expected=f"{bits} bits, {bits_set} of them set",
            found=f"{total % _SET} and {total // _SET}",
        )


def _differences(plane: Samples, predictor: int, precision: int) -> npt.NDArray[np.uint16]:
    """Recompute what was Huffman-coded: each sample less its prediction, modulo 2**16 (H.1.1, H.1.2.1)."""
    x = plane.astype(np.uint16)
    left, above, corner = x[1:, :-1], x[:-1, 1:], x[:-1, :-1]
    if predictor == 1:
        prediction = left
    elif predictor == 2:
        prediction = above
    elif predictor == 3:
        prediction = corner
    elif predictor in (4, 5, 6, 7):
        ra, rb, rc = (side.astype(np.int32) for side in (left, above, corner))
        wide = {4: ra + rb - rc, 5: ra + ((rb - rc) >> 1), 6: rb + ((ra - rc) >> 1), 7: (ra + rb) >> 1}[predictor]
        prediction = wide.astype(np.uint16)
    else:
        raise FrameDecodeError("the lossless JPEG stream has an unknown predictor", expected="1 to 7", found=predictor)
    differences = np.empty_like(x)
    differences[0, 0] = (int(x[0, 0]) - (1 << (precision - 1))) % (1 << 16)
    np.subtract(x[0, 1:], x[0, :-1], out=differences[0, 1:])
    np.subtract(x[1:, 0], x[:-1, 0], out=differences[1:, 0])
    np.subtract(x[1:, 1:], prediction, out=differences[1:, 1:])
    return differences


@lru_cache(maxsize=16)
def _bits_of_differences(table: bytes) -> npt.NDArray[np.int32]:
    """Bits that each difference modulo 2**16 takes up: the code of its category and the bits that follow (H.1.2.2).

    To their number, `_SET` is added for each of them that is set.
    """
    counts, symbols = table[:16], table[16:]
    lengths = [length for length, count in enumerate(counts, start=1) for _ in range(count)]
    bits_of_category = np.full(17, _NO_CODE, dtype=np.int32)
    code, previous = 0, 0
    for length, category in zip(lengths, symbols, strict=True):
        code <<= length - previous  # codes of one length are consecutive numbers (C.2)
        previous = length
        if category <= 16:  # nothing follows category 16: it is one value
            bits_of_category[category] = length + category % 16 + code.bit_count() * _SET
        code += 1
    differences = np.arange(1 << 16, dtype=np.uint16).astype(np.int16).astype(np.int32)
    categories = np.frexp(np.abs(differences).astype(np.float64))[1]  # the exponent is the number of bits
    # What follows is the difference, or if that is negative one less, cut to as many bits (F.1.2.1.1).
    following = (differences - (differences < 0)) & ((1 << categories % 16) - 1)
    bits: npt.NDArray[np.int32] = bits_of_category[categories] + np.bitwise_count(following) * np.int32(_SET)
    return bits


# --- DCT --------------------------------------------------------------------------------------------------------------


def check_dct_codes(data: bytes, header: JpegHeader) -> bool | None:
    """Walk the Huffman codes of a sequential DCT stream (ISO/IEC 10918-1 F.2.2).

    Parameters
    ----------
    data : bytes
        The stream: one scan of all components, without restart intervals.
    header : JpegHeader
        Its header.

    Returns
    -------
    bool or None
        Whether every block is there and well-formed, with nothing but padding left up to EOI; ``None`` without the
        compiled extension, and where it is not sure.
    """
    compiled = extension()
    if compiled is None or tuple(identifier for identifier, _ in header.scan_components) != header.component_ids:
        return None
    single = len(header.sampling) == 1
    components = bytearray()
    for (across, down), (_, selector) in zip(header.sampling, header.scan_components, strict=True):
        if not (1 <= across <= 4 and 1 <= down <= 4):
            return None
        components += bytes((1 if single else across * down, selector >> 4, selector & 15))
    tables = header.huffman_tables
    sound: bool | None = compiled.check_jpeg_scan(
        data, header.scan_offset, header.precision, _mcus(header), bytes(components), tables
    )
    return sound


def _check_categories(header: JpegHeader) -> None:
    """Raise if a Huffman table has codes for coefficients out of range: decoders clip them or wrap them (F.1.2)."""
    for destination, table in header.huffman_tables:
        is_ac = destination >> 4
        most = header.precision + (2 if is_ac else 3)
        if any((symbol & 15 if is_ac else symbol) > most for symbol in table[16:]):
            raise FrameDecodeError("the JPEG stream's Huffman table has codes for coefficients out of range")


class TallerStream:
    """A sequential DCT stream, changed to announce one row of MCUs more than it has.

    Parameters
    ----------
    data : bytes
        The stream: one scan of all components, without restart intervals.
    header : JpegHeader
        Its header.

    Attributes
    ----------
    data : bytes
        The changed stream.
    rows : int
        What it announces.
    keeps_pixels : bool
        Whether the image's own rows decode as without the change.  With vertically subsampled chroma the last row does
        not: its chroma is interpolated with that of the row below.

    Raises
    ------
    FrameDecodeError
        If the stream has no EOI, stray markers, or is too tall for the change.
    """

    def __init__(self, data: bytes, header: JpegHeader) -> None:
        scan = scan_bytes(data, header)
        _check_categories(header)
        down, across = _mcu_size(header)
        self._mcu_columns, self._mcu_rows = 8 * across, 8 * down
        # Interpolated chroma reaches two pixels into the neighbouring MCU.
        self._margin_columns, self._margin_rows = 2 * (across > 1), 2 * (down > 1)
        self._first_row = -(-header.rows // self._mcu_rows) * self._mcu_rows
        # A narrow image has but one MCU a row; then the next row must show that nothing is left.
        self._is_narrow = header.columns <= self._mcu_columns + self._margin_columns
        self.rows = self._first_row + (1 + self._is_narrow) * self._mcu_rows
        self.keeps_pixels = down == 1
        if self.rows > _MOST_ROWS:
            raise FrameDecodeError("the JPEG stream is too tall to be checked", found=f"{header.rows} rows")
        at = header.sof_offset + 5
        self.data = data[:at] + self.rows.to_bytes(2, "big") + data[at + 2 :]
        self._grey = 1 << (header.precision - 1)
        # At the least each block takes up a bit for DC and one for the end of block.
        across_count, down_count = -(-header.columns // self._mcu_columns), self._first_row // self._mcu_rows
        self._may_be_all_grey = 8 * len(scan) >= 2 * across_count * down_count

    def check(self, samples: Samples) -> None:
        """Raise :class:`FrameDecodeError` unless the decoder used up the entropy-coded bytes exactly.

        Parameters
        ----------
        samples : numpy.ndarray
            The changed stream, decoded: shape (``rows``, columns) or (``rows``, columns, components).
        """
        extra = samples[self._first_row + self._margin_rows :]
        first = extra[: self._mcu_rows - self._margin_rows, : self._mcu_columns]
        beside = extra[:, self._mcu_columns + self._margin_columns :]
        rest = extra[self._mcu_rows :] if self._is_narrow else beside
        if (first == self._grey).all() and not (self._may_be_all_grey and (samples == self._grey).all()):
            raise FrameDecodeError("the JPEG stream's entropy-coded bytes run out before the last pixel")
        if (rest != self._grey).any():
            raise FrameDecodeError("the JPEG stream has entropy-coded bytes left after the last pixel")

"""The size header and the image metadata of a JPEG XL codestream (ISO/IEC 18181-1 D, boxes 18181-2)."""

from __future__ import annotations

from dataclasses import dataclass

from hdgpu.codecs.sniff.boxes import boxes_of
from hdgpu.errors import FrameDecodeError

__all__ = ["JpegXlHeader", "read_jpegxl_header"]

_BARE = b"\xff\x0a"
# The header's fields take up some dozen bytes; a box of codestream may be split, but not there.
_HEADER_BYTES = 64
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


@dataclass(frozen=True, slots=True)
class JpegXlHeader:
    """What the header says.

    Parameters
    ----------
    rows, columns, components : int
        Size in pixels, and colour channels (1 or 3).
    precision : int
        Bits of a sample.
    floating : bool
        Whether samples are floating point.
    orientation : int
        As in Exif, 1 for upright.
    extra_channels : int
        Alpha and the like, besides the colour.
    """

    rows: int
    columns: int
    components: int
    precision: int
    floating: bool
    orientation: int
    extra_channels: int


class _Bits:
    """Reads fields from the least significant bit on (18181-1 B.2)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise FrameDecodeError("the JPEG XL codestream ends inside its header")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def take_u32(self, *choices: tuple[int, int]) -> int:
        """Read two bits that select an (offset, number of bits) pair, and the value."""
        offset, count = choices[self.take(2)]
        return offset + self.take(count)


def read_jpegxl_header(data: bytes) -> JpegXlHeader:
    """Read the header of a codestream, bare or in its container.

    Raises
    ------
    FrameDecodeError
        If there is no codestream in the boxes, or it ends inside the header.
    """
    bits = _Bits(_codestream_start(data))
    rows, columns = _size(bits)
    if bits.take(1):  # all fields of the image metadata have their defaults
        return JpegXlHeader(rows, columns, 3, 8, False, 1, 0)
    orientation = _extra_fields(bits) if bits.take(1) else 1
    floating, precision = _bit_depth(bits)
    bits.take(1)  # modular_16bit_buffers
    extra_channels = bits.take_u32((0, 0), (1, 0), (2, 4), (1, 12))
    for _ in range(extra_channels):
        if not bits.take(1):
            raise FrameDecodeError("the JPEG XL codestream has extra channels of an unusual kind")
    bits.take(1)  # xyb_encoded
    default_colour = bits.take(1)
    grey = False
    if not default_colour:
        bits.take(1)  # want_icc
        grey = bits.take_u32((0, 0), (1, 0), (2, 4), (18, 6)) == 1
    return JpegXlHeader(rows, columns, 1 if grey else 3, precision, floating, orientation, extra_channels)


def _codestream_start(data: bytes) -> bytes:
    """Return the first bytes after the codestream's signature."""
    if data.startswith(_BARE):
        return data[2 : 2 + _HEADER_BYTES]
    for box in boxes_of(data):
        if box.kind in (b"jxlc", b"jxlp"):
            start = box.start + (4 if box.kind == b"jxlp" else 0)  # jxlp begins with the number of its part
            if data[start : start + 2] == _BARE:
                return data[start + 2 : start + 2 + _HEADER_BYTES]
            break
    raise FrameDecodeError("the JPEG XL boxes hold no codestream")


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    rows = _extent(bits, small)
    ratio = bits.take(3)
    if ratio:
        numerator, denominator = _RATIOS[ratio]
        return rows, rows * numerator // denominator
    return rows, _extent(bits, small)


def _extent(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.take(5) + 1)
    return bits.take_u32((1, 9), (1, 13), (1, 18), (1, 30))


def _extra_fields(bits: _Bits) -> int:
    """Read orientation and reject what no DICOM frame has: previews and animations."""
    orientation = 1 + bits.take(3)
    if bits.take(1):  # intrinsic size, of no meaning here
        _size(bits)
    if bits.take(1) or bits.take(1):
        raise FrameDecodeError("the JPEG XL codestream holds a preview or an animation")
    return orientation


def _bit_depth(bits: _Bits) -> tuple[bool, int]:
    if bits.take(1):
        precision = bits.take_u32((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)  # exponent
        return True, precision
    return False, bits.take_u32((8, 0), (10, 0), (12, 0), (1, 6))

"""The main header of a JPEG 2000 codestream (ISO/IEC 15444-1 A), high throughput (15444-15) or not."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hdgpu.codecs.sniff.boxes import boxes_of
from hdgpu.errors import FrameDecodeError, PixelDataSizeError

__all__ = ["Jpeg2000Header", "as_unsigned", "check_tile_parts", "precision_of", "read_jpeg2000_header"]

_SOC_SIZ = b"\xff\x4f\xff\x51"
_SOT_START = b"\xff\x90\x00\x0a"
_CAP, _COD, _SOT, _EOC = 0xFF50, 0xFF52, 0xFF90, 0xFFD9
# Encoders of slides and radiographs cut frames into tens of tiles, at most thousands.  Isot counts tiles in 16 bits.
_MOST_TILES = 65_535
_HT_CODE_BLOCKS = 0x40
_SSIZ = 42  # byte of a bare codestream: sign and precision of the first component; those of the others follow
_SIGN = 0x80


@dataclass(frozen=True, slots=True)
class Jpeg2000Header:
    """What the main header says.

    Parameters
    ----------
    offset, end : int
        Where the codestream lies in the bytes: after the boxes' headers of a JP2 file, else from 0 to the end.
    tile_parts : int
        Where the first tile-part begins.
    rows, columns, components : int
        Size of the image area and number of components.
    precision : int
        Bits of a sample, the same for all components.
    signed : bool
        Whether samples are two's complement.
    subsampled : bool
        Whether any component is stored at a lower resolution.
    high_throughput : bool
        Whether code blocks are coded as in ISO/IEC 15444-15 (HTJ2K).
    reversible : bool
        Whether the 5-3 wavelet is used.
    colour_transform : bool
        Whether the first three components went through RCT or ICT.
    """

    offset: int
    end: int
    tile_parts: int
    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    subsampled: bool
    high_throughput: bool
    reversible: bool
    colour_transform: bool


def read_jpeg2000_header(data: bytes) -> Jpeg2000Header:
    """Read the main header of a codestream, bare or inside a JP2 file.

    Raises
    ------
    FrameDecodeError
        If the header is cut short or inconsistent.
    PixelDataSizeError
        If the image area is empty or negative, or the number of tiles absurd.
    """
    offset, end = _codestream_extent(data)
    if data[offset : offset + 4] != _SOC_SIZ:
        raise FrameDecodeError("the JPEG 2000 codestream does not begin with SOC and SIZ")
    try:
        return _read_main_header(data, offset, end)
    except (struct.error, IndexError):
        raise FrameDecodeError("the JPEG 2000 codestream ends inside its main header") from None


def check_tile_parts(data: bytes, header: Jpeg2000Header) -> None:
    """Follow the lengths of the tile-parts to EOC (A.4.2).

    OpenJPEG would take what follows a codestream that is cut short, such as padding, for the rest of it.

    Raises
    ------
    FrameDecodeError
        If a tile-part does not end where the next one or EOC begins.
    """
    position = header.tile_parts
    while (marker := int.from_bytes(data[position : position + 2], "big")) == _SOT:
        length = int.from_bytes(data[position + 6 : position + 10], "big")
        if length == 0:  # the last tile-part, which lasts until EOC; padding may follow
            if data.find(_SOT_START, position + 4, header.end) >= 0:  # packets cannot look like it (B.10.1)
                break
            position = data.rfind(b"\xff\xd9", position, header.end)
        elif length < 14:  # SOT and SOD alone
            break
        else:
            position += length
    if marker != _EOC:
        raise FrameDecodeError("the JPEG 2000 codestream's tile-parts are cut short or damaged")


def as_unsigned(data: bytes, header: Jpeg2000Header) -> bytes:
    """Return the bare codestream of unsigned samples: the signed ones plus half of their range.

    All that the sign means to a decoder is that nothing is added to samples in the end, and where they are cut off
    (G.1); so the two codestreams are the same but for Ssiz, lossless or not.

    Parameters
    ----------
    data : bytes
        Codestream of signed samples, bare or inside a JP2 file.
    header : Jpeg2000Header
        Of `data`.
    """
    codestream = bytearray(data[header.offset : header.end])
    for component in range(header.components):
        codestream[_SSIZ + 3 * component] &= ~_SIGN
    return bytes(codestream)


def precision_of(codestream: bytes) -> int:
    """Return the bits of a sample of a bare codestream whose header has been read before.

    Examples
    --------
    >>> precision_of(bytes(42) + bytes([0x80 | 11]))
    12
    """
    return (codestream[_SSIZ] & ~_SIGN) + 1


def _codestream_extent(data: bytes) -> tuple[int, int]:
    """Find the contiguous codestream box of a JP2 file (I.5.4); a bare codestream is all of it."""
    if data.startswith(_SOC_SIZ):
        return 0, len(data)
    for box in boxes_of(data):
        if box.kind == b"jp2c":
            if box.end > len(data):
                raise FrameDecodeError("the JPEG 2000 codestream is shorter than its box announces")
            return box.start, box.end
    raise FrameDecodeError("the JP2 boxes hold no codestream")


def _read_main_header(data: bytes, offset: int, end: int) -> Jpeg2000Header:
    x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0, components = struct.unpack_from(">8IH", data, offset + 8)
    columns, rows = x1 - x0, y1 - y0
    _check_tiles((x1, y1, x0, y0), (tile_width, tile_height, tile_x0, tile_y0))
    sizes = [struct.unpack_from(">3B", data, offset + _SSIZ + 3 * i) for i in range(components)]
    depths = {size[0] for size in sizes}
    if len(depths) != 1:
        raise FrameDecodeError("the JPEG 2000 codestream's components differ in precision", found=sorted(depths))
    depth = depths.pop()

    high_throughput = reversible = colour_transform = False
    position = offset + 4 + struct.unpack_from(">H", data, offset + 4)[0]
    while (marker := struct.unpack_from(">H", data, position)[0]) != _SOT:
        length = struct.unpack_from(">H", data, position + 2)[0]
        if marker < 0xFF00 or length < 2:
            raise FrameDecodeError(f"the JPEG 2000 codestream has no marker at byte {position - offset}")
        if marker == _CAP:
            high_throughput = True
        elif marker == _COD:
            colour_transform = data[position + 8] != 0
            high_throughput = high_throughput or bool(data[position + 12] & _HT_CODE_BLOCKS)
            reversible = data[position + 13] == 1
        position += 2 + length
    return Jpeg2000Header(
        offset=offset,
        end=end,
        tile_parts=position,
        rows=rows,
        columns=columns,
        components=components,
        precision=(depth & ~_SIGN) + 1,
        signed=bool(depth & _SIGN),
        subsampled=any(size[1:] != (1, 1) for size in sizes),
        high_throughput=high_throughput,
        reversible=reversible,
        colour_transform=colour_transform,
    )


def _check_tiles(image: tuple[int, int, int, int], tiles: tuple[int, int, int, int]) -> None:
    """Reject an empty image area and tiles that would make a library allocate without bound (B.3)."""
    x1, y1, x0, y0 = image
    width, height, tile_x0, tile_y0 = tiles
    if x1 <= x0 or y1 <= y0:
        raise PixelDataSizeError(
            "the JPEG 2000 codestream's image area is empty", found=f"{y1 - y0} rows and {x1 - x0} columns"
        )
    if not (width and height and tile_x0 <= x0 < tile_x0 + width and tile_y0 <= y0 < tile_y0 + height):
        raise FrameDecodeError("the JPEG 2000 codestream's tiles do not cover its image area")
    count = -(-(x1 - tile_x0) // width) * -(-(y1 - tile_y0) // height)
    if count > _MOST_TILES:
        raise PixelDataSizeError(
            "the JPEG 2000 codestream has too many tiles", expected=f"at most {_MOST_TILES}", found=count
        )

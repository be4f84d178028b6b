"""The marker segments in front of the first scan of a JPEG (ISO/IEC 10918-1) or JPEG-LS (ISO/IEC 14495-1) stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hdgpu.errors import FrameDecodeError

__all__ = ["JpegHeader", "check_largest_sample", "end_of_image", "read_jpeg_header"]

_DHT, _SOI, _EOI, _SOS, _DQT, _DNL, _DRI, _APP0, _APP14, _LSE = (
    0xC4,
    0xD8,
    0xD9,
    0xDA,
    0xDB,
    0xDC,
    0xDD,
    0xE0,
    0xEE,
    0xF8,
)
_SOF = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC} | {0xF7}
_WITHOUT_SEGMENT = frozenset({0x01, *range(0xD0, 0xD8), _SOI, _EOI})
_SOF_PROGRESSIVE, _SOF_JPEG_LS = 0xC2, 0xF7


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands in front of the first scan's entropy-coded bytes.

    Parameters
    ----------
    sof : int
        Low byte of the frame header's marker: 0xC0 baseline, 0xC1 extended, 0xC2 progressive, 0xC3 lossless, 0xF7
        JPEG-LS.
    sof_offset : int
        Where that marker begins.
    rows, columns, precision : int
        Size of the image in pixels and bits of a sample.
    component_ids : tuple of int
        One identifier a component; ``(82, 71, 66)`` is ``"RGB"``.
    sampling : tuple of (int, int)
        Horizontal and vertical sampling factor of each component.
    jfif : bool
        Whether there is a JFIF segment, which implies YCbCr (ISO/IEC 10918-5).
    adobe_transform : int or None
        Of the Adobe APP14 segment: 0 none, 1 YCbCr, 2 YCCK; ``None`` without a whole segment.
    restart_interval : int
        MCUs between restart markers, 0 for none.
    huffman_tables : tuple of (int, bytes)
        Class and destination (``Tc << 4 | Th``) with the 16 counts and the symbols, in the order of the stream.
    scan_components : tuple of (int, int)
        Identifier and table selector byte of each component of the first scan.
    scan_parameters : tuple of (int, int, int)
        The last three bytes of the scan header: Ss, Se, Ah/Al, where Ss is the predictor of a lossless stream; NEAR,
        ILV and point transform of a JPEG-LS stream.
    scan_offset : int
        Where the entropy-coded bytes begin.
    largest_sample : int
        MAXVAL of the preset parameters of a JPEG-LS stream, 0 for the largest one of its precision.
    """

    sof: int
    sof_offset: int
    rows: int
    columns: int
    precision: int
    component_ids: tuple[int, ...]
    sampling: tuple[tuple[int, int], ...]
    jfif: bool
    adobe_transform: int | None
    restart_interval: int
    huffman_tables: tuple[tuple[int, bytes], ...]
    scan_components: tuple[tuple[int, int], ...]
    scan_parameters: tuple[int, int, int]
    scan_offset: int
    largest_sample: int

    @property
    def is_jpeg_ls(self) -> bool:
        """Whether this is JPEG-LS."""
        return self.sof == _SOF_JPEG_LS

    @property
    def is_lossless(self) -> bool:
        """Whether this is lossless JPEG (Annex H), which is not JPEG-LS."""
        return self.sof == 0xC3

    @property
    def has_single_scan(self) -> bool:
        """Whether one scan holds all there is: a sequential stream's components are all in the first one."""
        return self.sof != _SOF_PROGRESSIVE and len(self.scan_components) == len(self.component_ids)

    @property
    def near(self) -> int:
        """Largest error of a near-lossless JPEG-LS stream."""
        return self.scan_parameters[0]


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Read all marker segments up to the first scan.

    Parameters
    ----------
    data : bytes
        Stream that begins with SOI.

    Raises
    ------
    FrameDecodeError
        If the stream ends before the first scan, a segment is malformed, or there is no frame header.
    """
    frame: tuple[int, int, bytes] | None = None
    jfif, adobe_transform, restart_interval = False, None, 0
    largest_sample = 0
    huffman_tables: list[tuple[int, bytes]] = []
    for marker, offset, body in _segments(data):
        if marker in _SOF:
            frame = _single_frame_header(frame, marker, offset, body)
        elif marker == _APP0:
            jfif = jfif or body.startswith(b"JFIF")
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:
            adobe_transform = body[11]
        elif marker == _DRI and len(body) == 2:
            restart_interval = int.from_bytes(body, "big")
        elif marker == _DHT:
            huffman_tables += _huffman_tables(body)
        elif marker == _LSE and body.startswith(b"\x01"):
            largest_sample = int.from_bytes(body[1:3], "big")
        elif marker == _SOS:
            if frame is None:
                raise FrameDecodeError("the JPEG stream has a scan before its frame header")
            kind, sof_offset, fields = frame
            count = fields[5]
            per_component = [fields[6 + 3 * i : 9 + 3 * i] for i in range(count)]
            scan_components, scan_parameters = _scan_header(body)
            return JpegHeader(
                sof=kind,
                sof_offset=sof_offset,
                rows=int.from_bytes(fields[1:3], "big"),
                columns=int.from_bytes(fields[3:5], "big"),
                precision=fields[0],
                component_ids=tuple(part[0] for part in per_component),
                sampling=tuple((part[1] >> 4, part[1] & 15) for part in per_component),
                jfif=jfif,
                adobe_transform=adobe_transform,
                restart_interval=restart_interval,
                huffman_tables=tuple(huffman_tables),
                scan_components=scan_components,
                scan_parameters=scan_parameters,
                scan_offset=offset + 4 + len(body),
                largest_sample=largest_sample,
            )
    raise FrameDecodeError("the JPEG stream ends before its first scan")


def check_largest_sample(header: JpegHeader) -> None:
    """Insist that samples of a JPEG-LS stream use the whole range of its precision.

    Streams that preset a smaller range are legitimate, but hardly exist: mostly the bytes are damaged.  It shows in no
    other way, and CharLS and libjpeg decode them to quite different images.

    Raises
    ------
    FrameDecodeError
        If they use less or more.
    """
    largest = (1 << header.precision) - 1
    if header.largest_sample not in (0, largest):
        raise FrameDecodeError(
            "the JPEG-LS stream presets an unusual range of samples",
            expected=f"0 to {largest}",
            found=f"0 to {header.largest_sample}",
        )


def end_of_image(data: bytes, header: JpegHeader) -> int:
    """Return where the stream's EOI is, the first one after its header: entropy-coded bytes cannot look like it.

    Raises
    ------
    FrameDecodeError
        If there is none: the stream is cut short, which not every library notices, or not soon.
    """
    end = data.find(b"\xff\xd9", header.scan_offset)
    if end < 0:
        raise FrameDecodeError("the JPEG stream ends without EOI: it is cut short")
    return end


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (marker, offset of the marker, body without the length) of each segment up to the end of the stream."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            raise FrameDecodeError(
                f"the JPEG stream has no marker at byte {offset}", found=data[offset : offset + 2].hex()
            )
        marker = data[offset + 1]
        if marker == 0xFF:  # any number of fill bytes may stand before a marker (B.1.1.2)
            offset += 1
            continue
        if marker in _WITHOUT_SEGMENT or marker == 0x00:
            raise FrameDecodeError(f"the JPEG stream has a misplaced marker at byte {offset}", found=f"ff{marker:02x}")
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        end = offset + 2 + length
        if length < 2 or end > len(data):
            raise FrameDecodeError(f"the JPEG stream's segment at byte {offset} is cut short", found=f"ff{marker:02x}")
        yield marker, offset, data[offset + 4 : end]
        offset = end


def _single_frame_header(
    earlier: tuple[int, int, bytes] | None, marker: int, offset: int, body: bytes
) -> tuple[int, int, bytes]:
    if earlier is not None:
        raise FrameDecodeError("the JPEG stream has two frame headers")
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        raise FrameDecodeError("the JPEG stream's frame header has an impossible length", found=f"{len(body)} bytes")
    return marker, offset, body


def _scan_header(body: bytes) -> tuple[tuple[tuple[int, int], ...], tuple[int, int, int]]:
    if len(body) < 4 or len(body) != 4 + 2 * body[0]:
        raise FrameDecodeError("the JPEG stream's scan header has an impossible length", found=f"{len(body)} bytes")
    components = tuple((body[1 + 2 * i], body[2 + 2 * i]) for i in range(body[0]))
    return components, (body[-3], body[-2], body[-1])


def _huffman_tables(body: bytes) -> list[tuple[int, bytes]]:
    """Split a DHT segment, which may define several tables (B.2.4.2)."""
    tables, offset = [], 0
    while offset < len(body):
        end = offset + 17 + sum(body[offset + 1 : offset + 17])
        if offset + 17 > len(body) or end > len(body):
            raise FrameDecodeError("the JPEG stream's Huffman table is cut short")
        tables.append((body[offset], body[offset + 1 : end]))
        offset = end
    return tables

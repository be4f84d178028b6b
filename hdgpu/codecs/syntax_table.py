"""Which decoder takes which transfer syntax, on the host and on a device, as a table for the README.

Nothing is said here: the routes are asked, about frames of every kind that they tell apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hdgpu.codecs.device.nvimgcodec import KINDS
from hdgpu.codecs.device.route import instance_route, stream_route
from hdgpu.codecs.route import route_for, supported_transfer_syntaxes, transfer_syntax_name
from hdgpu.codecs.sniff.codestream import Codestream
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.codecs.syntaxes import SYNTAXES, TRANSFER_SYNTAXES
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedPixelError

__all__ = ["syntax_table"]

_ROOT = "1.2.840.10008.1.2"
_ALL = frozenset(KINDS)
_HEADER = ("transfer syntax", f"UID: {_ROOT}", "on the host", "on a GPU", "on the host even so")
_BASELINE, _EXTENDED, _LOSSLESS = 0xC0, 0xC1, 0xC3
_JPEG = {
    SYNTAXES["jpeg-baseline"]: _BASELINE,
    SYNTAXES["jpeg-extended"]: _EXTENDED,
    SYNTAXES["jpeg-lossless-p14"]: _LOSSLESS,
    SYNTAXES["jpeg-lossless"]: _LOSSLESS,
}


def syntax_table() -> str:
    """Return the table in Markdown: transfer syntaxes of which all is the same share a row.

    Examples
    --------
    >>> print(syntax_table().splitlines()[0])
    | transfer syntax | UID: 1.2.840.10008.1.2 | on the host | on a GPU | on the host even so |
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    for uid in supported_transfer_syntaxes():
        rows.setdefault(_row(uid), []).append(uid)
    lines = [_HEADER, ("---",) * len(_HEADER)]
    for row, uids in rows.items():
        names = "; ".join(transfer_syntax_name(uid) for uid in uids)
        lines.append((names, ", ".join(uid.removeprefix(_ROOT) or "itself" for uid in uids), *row))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(uid: str) -> tuple[str, str, str]:
    """Return the host's decoders in their order, the device's, and why frames are for the host all the same."""
    host: dict[str, None] = {}  # in place of a set, for the order
    device: dict[str, None] = {}
    reasons: dict[str, None] = {}
    for pixel, stream in _frames(uid):
        try:
            route = route_for(uid, pixel, vr="OW")
        except UnsupportedPixelError:
            continue
        host[", then ".join(f"`{name}`" for name, _ in route.attempts)] = None
        chosen = instance_route(route, _ALL)
        if chosen is None:
            if stream is None:
                continue
            chosen = stream_route(stream, pixel, _ALL)
        if chosen.decoder:
            device[f"`{chosen.decoder}`"] = None
        else:
            reasons[chosen.reason] = None
    return " or ".join(host), ", ".join(device) or "-", "; ".join(reasons) or "-"


# --- Frames of every kind ---------------------------------------------------------------------------------------------


def _frames(uid: str) -> Iterator[tuple[ImagePixel, Codestream | None]]:
    """Yield descriptions of frames, with that of a codestream where the transfer syntax has some that matters."""
    family = TRANSFER_SYNTAXES[uid].family
    if family == "jpeg":
        yield from _jpeg_frames(_JPEG[uid])
    elif family in ("jpeg2000", "jpeg2000-part2", "htj2k"):
        yield from _jpeg2000_frames(high_throughput=family == "htj2k")
    else:
        for bits in (8, 16, 32, 64):
            yield _grey(bits), None
        yield dataclasses.replace(_grey(16), bits_stored=12, high_bit=15), None
        yield _colour("YBR_FULL"), None
        yield _colour("YBR_PARTIAL_422"), None


def _jpeg_frames(sof: int) -> Iterator[tuple[ImagePixel, Codestream]]:
    for bits in {_BASELINE: (8,), _EXTENDED: (8, 12), _LOSSLESS: (8, 12, 16)}[sof]:
        grey = _grey(bits)
        yield grey, _jpeg(sof, grey)
        yield grey, _jpeg(sof, grey, restart_interval=8)
        yield dataclasses.replace(grey, pixel_representation=1), _jpeg(sof, grey)
        yield grey, dataclasses.replace(_jpeg(sof, grey, precision=bits - 1), precision=bits - 1)
    if sof == _LOSSLESS:
        yield _colour("RGB"), _jpeg(sof, _colour("RGB"), component_ids=(82, 71, 66))
        return
    colour = _colour("YBR_FULL_422")
    for first in ((1, 1), (2, 1), (2, 2), (4, 1)):
        yield colour, _jpeg(sof, colour, jfif=True, sampling=(first, (1, 1), (1, 1)))
    yield _colour("RGB"), _jpeg(sof, colour, component_ids=(82, 71, 66))


def _jpeg2000_frames(*, high_throughput: bool) -> Iterator[tuple[ImagePixel, Codestream]]:
    for bits in (8, 12, 16):
        for sign in (0, 1):
            grey = dataclasses.replace(_grey(bits), pixel_representation=sign)
            yield grey, _jpeg2000(grey, high_throughput)
    grey = _grey(16)
    yield grey, dataclasses.replace(_jpeg2000(grey, high_throughput), signed=True)
    yield dataclasses.replace(grey, bits_stored=12, high_bit=15), _jpeg2000(grey, high_throughput)
    yield _grey(24), _jpeg2000(_grey(24), high_throughput)
    for photometric, transformed in (("YBR_RCT", True), ("RGB", False), ("YBR_FULL", True)):
        colour = _colour(photometric)
        yield colour, _jpeg2000(colour, high_throughput, colour_transform=transformed)
    yield _colour("YBR_RCT"), _jpeg2000(_colour("YBR_RCT"), high_throughput, subsampled=True)
    deep = dataclasses.replace(_colour("YBR_RCT"), bits_allocated=16, bits_stored=12, high_bit=11)
    yield deep, _jpeg2000(deep, high_throughput)
    yield grey, _jpeg2000(grey, high_throughput, reversible=False)


def _grey(bits: int) -> ImagePixel:
    allocated = next(size for size in (8, 16, 32, 64) if bits <= size)
    return ImagePixel(64, 64, 1, "MONOCHROME2", allocated, bits, bits - 1)


def _colour(photometric: str) -> ImagePixel:
    return ImagePixel(64, 64, 3, photometric, 8, 8, 7)


def _jpeg(sof: int, pixel: ImagePixel, **different: object) -> Codestream:
    count = pixel.samples_per_pixel
    ids = (1, 2, 3)[:count]
    lossless = sof == _LOSSLESS
    header = JpegHeader(
        sof=sof,
        sof_offset=0,
        rows=pixel.rows,
        columns=pixel.columns,
        precision=pixel.bits_stored,
        component_ids=ids,
        sampling=((1, 1),) * count,
        jfif=False,
        adobe_transform=None,
        restart_interval=0,
        huffman_tables=(),
        scan_components=tuple((one, 0) for one in ids),
        scan_parameters=(1, 0, 0) if lossless else (0, 63, 0),
        scan_offset=0,
        largest_sample=0,
    )
    header = dataclasses.replace(header, **different)  # type: ignore[arg-type]
    return Codestream("jpeg", pixel.rows, pixel.columns, count, pixel.bits_stored, False, header)


def _jpeg2000(
    pixel: ImagePixel,
    high_throughput: bool,
    *,
    colour_transform: bool = False,
    subsampled: bool = False,
    reversible: bool = True,
) -> Codestream:
    size = pixel.rows, pixel.columns, pixel.samples_per_pixel, pixel.bits_stored, bool(pixel.pixel_representation)
    header = Jpeg2000Header(0, 0, 0, *size, subsampled, high_throughput, reversible, colour_transform or subsampled)
    return Codestream("jpeg2000", *size, header)

"""The transfer syntaxes that are read or written (PS3.5 A); the command line's help imports nothing else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LOSSLESS_SYNTAXES", "LOSSY_SYNTAXES", "SYNTAXES", "TRANSFER_SYNTAXES", "TransferSyntax"]

_ROOT = "1.2.840.10008.1.2"
_UNKNOWN = ""


class TransferSyntax(NamedTuple):
    """One transfer syntax.

    Attributes
    ----------
    uid : str
        (0002,0010) Transfer Syntax UID.
    name : str
        As PS3.6 A has it, but shorter.
    family : str
        Whose decoders it shares, and what frames can be.
    short_name : str
        On the command line; empty where no frames are written in it.
    lossy_method : str or None
        Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1); None where nothing can be lost, and empty where it is not
        known whether something was.
    """

    uid: str
    name: str
    family: str
    short_name: str = ""
    lossy_method: str | None = None


_TABLE = (
    TransferSyntax("", "Implicit VR Little Endian", "native", "native-implicit"),
    TransferSyntax(".1", "Explicit VR Little Endian", "native", "native"),
    TransferSyntax(".1.99", "Deflated Explicit VR Little Endian", "native", "deflated"),  # of the data set, not a frame
    TransferSyntax(".2", "Explicit VR Big Endian", "native"),
    TransferSyntax(
        ".1.98", "Encapsulated Uncompressed Explicit VR Little Endian", "encapsulated", "encapsulated-uncompressed"
    ),
    TransferSyntax(".5", "RLE Lossless", "rle", "rle"),
    TransferSyntax(".4.50", "JPEG Baseline (Process 1)", "jpeg", "jpeg-baseline", "ISO_10918_1"),
    TransferSyntax(".4.51", "JPEG Extended (Process 2 and 4)", "jpeg", "jpeg-extended", "ISO_10918_1"),
    TransferSyntax(".4.57", "JPEG Lossless, Non-Hierarchical (Process 14)", "jpeg", "jpeg-lossless-p14"),
    TransferSyntax(".4.70", "JPEG Lossless, First-Order Prediction", "jpeg", "jpeg-lossless"),
    TransferSyntax(".4.80", "JPEG-LS Lossless", "jpeg-ls", "jpeg-ls-lossless"),
    TransferSyntax(".4.81", "JPEG-LS Lossy (Near-Lossless)", "jpeg-ls", "jpeg-ls", "ISO_14495_1"),
    TransferSyntax(".4.90", "JPEG 2000 (Lossless Only)", "jpeg2000", "jpeg2000-lossless"),
    TransferSyntax(".4.91", "JPEG 2000", "jpeg2000", "jpeg2000", "ISO_15444_1"),
    TransferSyntax(".4.92", "JPEG 2000 Part 2 Multi-component (Lossless Only)", "jpeg2000-part2"),
    TransferSyntax(".4.93", "JPEG 2000 Part 2 Multi-component", "jpeg2000-part2", lossy_method=_UNKNOWN),
    TransferSyntax(".4.201", "HTJ2K (Lossless Only)", "htj2k", "htj2k-lossless"),
    TransferSyntax(".4.202", "HTJ2K with RPCL Options (Lossless Only)", "htj2k", "htj2k-rpcl-lossless"),
    TransferSyntax(".4.203", "HTJ2K", "htj2k", "htj2k", "ISO_15444_15"),
    TransferSyntax(".4.110", "JPEG XL Lossless", "jpeg-xl", "jpeg-xl-lossless"),
    TransferSyntax(".4.112", "JPEG XL", "jpeg-xl", lossy_method=_UNKNOWN),
    TransferSyntax(".4.111", "JPEG XL JPEG Recompression", "jpeg-xl-jpeg", lossy_method=_UNKNOWN),
)

TRANSFER_SYNTAXES = {_ROOT + each.uid: each._replace(uid=_ROOT + each.uid) for each in _TABLE}
"""All of them by UID."""

SYNTAXES = {each.short_name: uid for uid, each in TRANSFER_SYNTAXES.items() if each.short_name}
"""UIDs of those that frames are written in, by their short names."""

LOSSLESS_SYNTAXES = {name: uid for name, uid in SYNTAXES.items() if TRANSFER_SYNTAXES[uid].lossy_method is None}
"""Those of them that give every sample back."""

LOSSY_SYNTAXES = {name: uid for name, uid in SYNTAXES.items() if name not in LOSSLESS_SYNTAXES}
"""Those of them that may lose something."""

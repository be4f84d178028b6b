"""Short names of the transfer syntaxes that frames are written in; imports nothing, for the command line's help."""

from __future__ import annotations

__all__ = ["LOSSLESS_SYNTAXES", "LOSSY_SYNTAXES", "SYNTAXES"]

_ROOT = "1.2.840.10008.1.2"

LOSSLESS_SYNTAXES = {
    "native": f"{_ROOT}.1",
    "native-implicit": _ROOT,
    "deflated": f"{_ROOT}.1.99",
    "encapsulated-uncompressed": f"{_ROOT}.1.98",
    "rle": f"{_ROOT}.5",
    "jpeg-lossless": f"{_ROOT}.4.70",
    "jpeg-lossless-p14": f"{_ROOT}.4.57",
    "jpeg-ls-lossless": f"{_ROOT}.4.80",
    "jpeg2000-lossless": f"{_ROOT}.4.90",
    "jpeg-xl-lossless": f"{_ROOT}.4.110",
    "htj2k-lossless": f"{_ROOT}.4.201",
    "htj2k-rpcl-lossless": f"{_ROOT}.4.202",
}
"""Those that give every sample back."""

LOSSY_SYNTAXES = {
    "jpeg-baseline": f"{_ROOT}.4.50",
    "jpeg-extended": f"{_ROOT}.4.51",
    "jpeg-ls": f"{_ROOT}.4.81",
    "jpeg2000": f"{_ROOT}.4.91",
    "htj2k": f"{_ROOT}.4.203",
}
"""Those that may lose something."""

SYNTAXES = {**LOSSLESS_SYNTAXES, **LOSSY_SYNTAXES}

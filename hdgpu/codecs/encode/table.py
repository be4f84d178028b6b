"""Which encoder writes the frames of a transfer syntax, and which frames it takes (PS3.5 8.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.encode import htj2k, jpeg, jpeg2000
from hdgpu.codecs.encode.jpeg_ls import encode_jpeg_ls
from hdgpu.codecs.encode.jpeg_xl import encode_jpeg_xl
from hdgpu.codecs.encode.native import encode_little_endian
from hdgpu.codecs.encode.rle import encode_rle
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.syntaxes import SYNTAXES
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedTransferSyntaxError

__all__ = ["Encoder", "encoder_for"]

_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_INDEX = _GREY | {"PALETTE COLOR"}


_BYTE_OR_WORD = frozenset({8, 16})


@dataclass(frozen=True)
class Encoder:
    """An encoder, and which frames it takes: where highdicom has the transfer syntax, those that highdicom takes.

    Attributes
    ----------
    encode : callable
    photometric : frozenset of str
        Photometric Interpretation of what it writes.
    signed : frozenset of str
        Those of them with which samples may be signed.
    signed_alone : bool
        Whether frames of them are encoded by themselves, too, and not for files only: highdicom's are not.
    bits_allocated : frozenset of int
        Colour of one bit is for native frames only, whatever is said here.
    bits_stored : range
    loss : str
        Which of the members of :class:`Loss` counts; nothing for those that give all samples back.
    planar : bool
        Whether Planar Configuration may be 1, or present at all for one sample a pixel.
    compresses : bool
    """

    encode: Callable[[Samples, ImagePixel, Loss], bytes]
    photometric: frozenset[str]
    signed: frozenset[str] = frozenset()
    signed_alone: bool = True
    bits_allocated: frozenset[int] = _BYTE_OR_WORD
    bits_stored: range = range(1, 17)
    loss: str = ""
    planar: bool = False
    compresses: bool = True

    def photometric_of(self, samples_per_pixel: int) -> frozenset[str]:
        """Return which Photometric Interpretations go with so many samples per pixel."""
        return self.photometric & _INDEX if samples_per_pixel == 1 else self.photometric - _INDEX


_NATIVE = Encoder(
    encode_little_endian,
    photometric=_INDEX | {"RGB", "YBR_FULL"},
    signed=_INDEX | {"RGB", "YBR_FULL"},
    bits_allocated=frozenset({1, 8, 16, 32, 64}),
    bits_stored=range(1, 65),
    compresses=False,
)
_RLE = Encoder(encode_rle, photometric=_INDEX | {"RGB", "YBR_FULL"}, signed=_GREY, planar=True)
_BASELINE = Encoder(
    jpeg.encode_baseline,
    photometric=_INDEX | {"YBR_FULL_422"},
    bits_allocated=frozenset({8}),
    bits_stored=range(8, 9),
    loss="jpeg_quality",
)
_EXTENDED = Encoder(
    jpeg.encode_extended,
    photometric=_GREY,
    bits_allocated=frozenset({16}),
    bits_stored=range(12, 13),
    loss="jpeg_quality",
)
_LOSSLESS_JPEG = Encoder(jpeg.encode_lossless, photometric=_INDEX | {"RGB"}, signed=_GREY, bits_stored=range(2, 17))
_JPEG_LS = Encoder(
    encode_jpeg_ls, photometric=_INDEX | {"RGB"}, signed=_GREY, signed_alone=False, bits_stored=range(2, 17)
)
_NEAR_LOSSLESS = dataclasses.replace(_JPEG_LS, photometric=_GREY | {"RGB"}, loss="max_error")
_JPEG_2000_LOSSLESS = Encoder(
    jpeg2000.encode_reversible,
    photometric=_INDEX | {"YBR_RCT"},
    signed=_GREY,
    signed_alone=False,
    bits_allocated=_BYTE_OR_WORD | {1},
)
_JPEG_2000 = Encoder(
    jpeg2000.encode_irreversible,
    photometric=_GREY | {"YBR_ICT"},
    signed=_GREY,
    signed_alone=False,
    loss="psnr",
)
_HTJ2K_LOSSLESS = Encoder(
    htj2k.encode_reversible,
    photometric=_INDEX | {"YBR_RCT"},
    signed=_GREY,
    bits_allocated=_BYTE_OR_WORD | {1},
)
_HTJ2K = Encoder(htj2k.encode_irreversible, photometric=_GREY | {"YBR_ICT"}, signed=_GREY, loss="psnr")
_JPEG_XL = Encoder(encode_jpeg_xl, photometric=_GREY | {"RGB"})

# By the short names of the transfer syntaxes.
_ENCODERS = {
    "native-implicit": _NATIVE,
    "native": _NATIVE,
    "deflated": _NATIVE,
    "encapsulated-uncompressed": _NATIVE,
    "rle": _RLE,
    "jpeg-baseline": _BASELINE,
    "jpeg-extended": _EXTENDED,
    "jpeg-lossless-p14": _LOSSLESS_JPEG,
    "jpeg-lossless": _LOSSLESS_JPEG,
    "jpeg-ls-lossless": _JPEG_LS,
    "jpeg-ls": _NEAR_LOSSLESS,
    "jpeg2000-lossless": _JPEG_2000_LOSSLESS,
    "jpeg2000": _JPEG_2000,
    "htj2k-lossless": _HTJ2K_LOSSLESS,
    "htj2k-rpcl-lossless": _HTJ2K_LOSSLESS,
    "htj2k": _HTJ2K,
    "jpeg-xl-lossless": _JPEG_XL,
}
_ENCODER_OF = {uid: _ENCODERS[name] for name, uid in SYNTAXES.items()}


def encoder_for(transfer_syntax_uid: str) -> Encoder:
    """Return the encoder of a transfer syntax.

    Raises
    ------
    UnsupportedTransferSyntaxError
        If there is none.
    """
    encoder = _ENCODER_OF.get(str(transfer_syntax_uid))
    if encoder is None:
        raise UnsupportedTransferSyntaxError(
            "there is no encoder for the transfer syntax",
            tag="(0002,0010) 'Transfer Syntax UID'",
            expected=" or ".join(_ENCODER_OF),
            found=transfer_syntax_uid,
        )
    return encoder

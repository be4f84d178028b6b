"""First route of JPEG 2000: the compiled extension, for plain lossless streams.

In these nearly all the time goes into the bits of the code-blocks (ISO/IEC 15444-1 C, D).  The extension decodes them
about twice as fast as OpenJPEG; ``compiled/jpeg2000_blocks.hpp`` says how.
"""

from __future__ import annotations

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpeg2000 import precision_of
from hdgpu.codecs.stored import keep_to_bits_stored
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["decode_jpeg2000"]


def decode_jpeg2000(data: bytes, pixel: ImagePixel, out: Samples, index: int, threads: int = 1) -> Samples | None:
    """Decode a JPEG 2000 codestream if it is plain, lossless and beyond any doubt.

    Plain is a bare codestream of one component or three, of up to 16 bits, coded with the reversible 5-3 wavelet and
    without code-block styles, regions of interest or changes between tiles or components.  Any number of tiles,
    tile-parts, resolutions, layers and precincts, all progressions and the reversible colour transform are.

    Parameters
    ----------
    data : bytes
        The codestream, with or without padding.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        C-contiguous, of ``pixel.frame_shape`` and ``pixel.dtype``.
    index : int
        Of no meaning here.
    threads : int, default 1
        How many may share the work.

    Returns
    -------
    numpy.ndarray or None
        `out`, or None where the stream is not plain, not whole, or not of the size that the data set announces: the
        next decoder takes it, or says what is wrong.  `out` is undefined then.

    Raises
    ------
    FrameDecodeError
        As :func:`~hdgpu.codecs.stored.keep_to_bits_stored`.
    """
    compiled = extension()
    if compiled is None or pixel.dtype.itemsize > 2 or pixel.photometric_interpretation.startswith("YBR_FULL"):
        return None
    is_signed = bool(pixel.pixel_representation)
    done = compiled.decode_jpeg2000(data, out, pixel.rows, pixel.columns, pixel.samples_per_pixel, is_signed, threads)
    if not done:
        return None
    if precision_of(data) > pixel.bits_stored:
        keep_to_bits_stored(out, sniff(data), pixel)
    return out

"""First route of JPEG-LS: the compiled extension, for plain lossless streams.

In these nearly all the time goes into the way from one sample to the next, which waits for it (ITU-T T.87 A).  The
extension takes it about 1.9 times as fast as CharLS; ``compiled/jpegls_scan.hpp`` says how.
"""

from __future__ import annotations

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.stored import keep_to_bits_stored
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["decode_jpeg_ls"]

_SOI_SOF = b"\xff\xd8\xff\xf7"
_PRECISION = 6  # byte of a stream that begins so: the frame header's first, after its length


def decode_jpeg_ls(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples | None:
    """Decode a JPEG-LS stream if it is plain, lossless and beyond any doubt.

    Plain is one component of 2 to 16 bits, in one scan without restart intervals and mapping tables.  Preset thresholds
    and RESET are taken, another MAXVAL than that of the precision is not.

    Parameters
    ----------
    data : bytes
        The stream, with or without padding.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        C-contiguous, of ``pixel.frame_shape`` and ``pixel.dtype``.
    index : int
        Of no meaning here.

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
    if compiled is None or pixel.samples_per_pixel != 1 or pixel.dtype.itemsize > 2:
        return None
    done = compiled.decode_jpeg_ls(data, out, pixel.rows, pixel.columns, bool(pixel.pixel_representation))
    if not done:
        return None
    # Read where it mostly is, for reading the header takes as long as some rows of a frame.
    if pixel.bits_stored < 16 and not (data.startswith(_SOI_SOF) and data[_PRECISION] <= pixel.bits_stored):
        keep_to_bits_stored(out, sniff(data), pixel)
    return out

"""JPEG 2000 by pylibjpeg-openjpeg."""

from __future__ import annotations

import threading

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.libraries import openjpeg
from hdgpu.codecs.loss import PSNR, Loss
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedPixelError

__all__ = ["encode_irreversible", "encode_reversible"]

_SRGB, _GREY = 1, 2
# OpenJPEG splits an image five times, and warns of levels without a sample.
_SMALLEST = 32
# The library keeps the interpreter's lock but where it writes, and crashes if another thread then begins to encode.
_ONE_AT_A_TIME = threading.Lock()


def encode_reversible(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossless codestream, RGB through the reversible colour transform.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`.

    Raises
    ------
    UnsupportedPixelError
        If the frame has fewer than 32 rows or columns.
    """
    return _encode(samples, pixel, None)


def encode_irreversible(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossy codestream, RGB through the irreversible colour transform.

    Parameters and errors are those of :func:`encode_reversible`; `loss.psnr` counts.
    """
    return _encode(samples, pixel, [PSNR if loss.psnr is None else float(loss.psnr)])


def _encode(samples: Samples, pixel: ImagePixel, psnr: list[float] | None) -> bytes:
    if min(pixel.rows, pixel.columns) < _SMALLEST:
        raise UnsupportedPixelError(
            "the frame is too small for the JPEG 2000 encoder",
            expected=f"at least {_SMALLEST} rows and columns",
            found=f"{pixel.rows} rows and {pixel.columns} columns",
        )
    dtype = np.dtype(f"<{samples.dtype.kind}{1 if pixel.bits_stored <= 8 else 2}")
    options = {} if psnr is None else {"signal_noise_ratios": psnr}
    data = samples.astype(dtype, copy=False).tobytes()
    with _ONE_AT_A_TIME:
        encoded = openjpeg().utils.encode_buffer(
            data,
            pixel.columns,
            pixel.rows,
            pixel.samples_per_pixel,
            pixel.bits_stored,
            bool(pixel.pixel_representation),
            photometric_interpretation=_GREY if pixel.samples_per_pixel == 1 else _SRGB,
            use_mct=pixel.samples_per_pixel > 1,
            **options,
        )
    return bytes(encoded)

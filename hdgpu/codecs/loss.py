"""How much an encoder may lose, each in the measure of its format."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["JPEG_QUALITY", "PSNR", "Loss"]

# What encoders lose where nothing is said: as little as highdicom lets them.
JPEG_QUALITY = 95
PSNR = 100.0


@dataclass(frozen=True, slots=True)
class Loss:
    """What a caller allows an encoder to lose; None leaves it to the encoder.

    Parameters
    ----------
    jpeg_quality : int, optional
        1 to 100, as libjpeg counts; 95 by default.
    psnr : float, optional
        Peak signal-to-noise ratio of JPEG 2000 and HTJ2K, in dB of the range of Bits Stored; 100 by default.
    max_error : int, optional
        Largest difference of a sample that near-lossless JPEG-LS may make; 0 by default.
    """

    jpeg_quality: int | None = None
    psnr: float | None = None
    max_error: int | None = None

    def given(self) -> tuple[str, ...]:
        """Return the names of those that are not left to the encoder.

        Examples
        --------
        >>> Loss(psnr=60).given()
        ('psnr',)
        """
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)

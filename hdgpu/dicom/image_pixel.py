"""The Image Pixel module (PS3.3 C.7.6.3): how the samples of one frame are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hdgpu.errors import InvalidAttributeError, UnsupportedPixelError

__all__ = ["ImagePixel"]

_FLOAT_KEYWORDS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}


@dataclass(frozen=True, slots=True)
class ImagePixel:
    """Description of the stored samples, equal for all frames of an instance.

    Parameters
    ----------
    rows, columns : int
        Size of a frame in pixels, each 1 to 65535.
    samples_per_pixel : int
        1 (grey or palette index) or 3 (colour).
    photometric_interpretation : str
        As stored, for example ``"MONOCHROME2"`` or ``"YBR_FULL_422"``.
    bits_allocated, bits_stored, high_bit : int
        Bits of the container, of the sample in it, and the sample's most significant bit.
    pixel_representation : int
        0 for unsigned samples, 1 for two's complement.
    planar_configuration : int
        0 for RGBRGB, 1 for RR..GG..BB; meaningful for native colour only.
    keyword : str
        The attribute that holds the samples: ``"PixelData"``, ``"FloatPixelData"`` or ``"DoubleFloatPixelData"``.

    Attributes
    ----------
    dtype : numpy.dtype
        Data type of the decoded stored values, in the machine's byte order.
    frame_shape : tuple of int
        Shape of one decoded frame: (rows, columns) or (rows, columns, samples).
    frame_samples : int
        Number of samples of one decoded frame.
    frame_bits : int
        Number of bits that one native frame takes up (PS3.5 8.1.1 and, for YBR_FULL_422, PS3.3 C.7.6.3.1.2).

    Raises
    ------
    InvalidAttributeError
        If a value lies outside what PS3.3 C.7.6.3 allows.
    UnsupportedPixelError
        If the combination is lawful or nearly so, but nothing here decodes it.

    Examples
    --------
    >>> pixel = ImagePixel(512, 512, bits_allocated=16, bits_stored=12, high_bit=11)
    >>> pixel.frame_shape, pixel.dtype, pixel.frame_bits
    ((512, 512), dtype('uint16'), 4194304)
    """

    rows: int
    columns: int
    samples_per_pixel: int = 1
    photometric_interpretation: str = "MONOCHROME2"
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    pixel_representation: int = 0
    planar_configuration: int = 0
    keyword: str = "PixelData"
    # Derived once: they are asked for with every frame.
    dtype: np.dtype[Any] = field(init=False, repr=False, compare=False)
    frame_shape: tuple[int, ...] = field(init=False, repr=False, compare=False)
    frame_samples: int = field(init=False, repr=False, compare=False)
    frame_bits: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for tag, value in (("(0028,0010) 'Rows'", self.rows), ("(0028,0011) 'Columns'", self.columns)):
            if not 0 < value < 1 << 16:
                raise InvalidAttributeError("impossible image size", tag=tag, expected="1 to 65535", found=value)
        if self.samples_per_pixel not in (1, 3):
            raise UnsupportedPixelError(
                "unusable number of samples",
                tag="(0028,0002) 'Samples per Pixel'",
                expected="1 or 3",
                found=self.samples_per_pixel,
            )
        if self.samples_per_pixel > 1 and self.planar_configuration not in (0, 1):
            raise InvalidAttributeError(
                "unknown order of the samples",
                tag="(0028,0006) 'Planar Configuration'",
                expected="0 or 1",
                found=self.planar_configuration,
            )
        if self.pixel_representation not in (0, 1):
            raise InvalidAttributeError(
                "unknown sign of the samples",
                tag="(0028,0103) 'Pixel Representation'",
                expected="0 or 1",
                found=self.pixel_representation,
            )
        self._check_bits()
        self._derive()

    def _check_bits(self) -> None:
        allocated = (_FLOAT_KEYWORDS[self.keyword],) if self.keyword in _FLOAT_KEYWORDS else (1, 8, 16, 32, 64)
        if self.bits_allocated not in allocated:
            raise UnsupportedPixelError(
                "unusable size of the sample's container",
                tag="(0028,0100) 'Bits Allocated'",
                expected=" or ".join(map(str, allocated)),
                found=self.bits_allocated,
            )
        if not 1 <= self.bits_stored <= self.bits_allocated:
            raise InvalidAttributeError(
                "the sample does not fit into its container",
                tag="(0028,0101) 'Bits Stored'",
                expected=f"1 to {self.bits_allocated}",
                found=self.bits_stored,
            )

    def _derive(self) -> None:
        kind = "f" if self.keyword in _FLOAT_KEYWORDS else "i" if self.pixel_representation else "u"
        shape: tuple[int, ...] = (self.rows, self.columns)
        samples = stored = self.rows * self.columns * self.samples_per_pixel
        if self.samples_per_pixel > 1:
            shape = (*shape, self.samples_per_pixel)
        if self.is_422:
            stored = self.rows * (self.columns + self.columns % 2) * 2
        object.__setattr__(self, "dtype", np.dtype(f"{kind}{max(self.bits_allocated, 8) // 8}"))
        object.__setattr__(self, "frame_shape", shape)
        object.__setattr__(self, "frame_samples", samples)
        object.__setattr__(self, "frame_bits", stored * self.bits_allocated)

    @property
    def is_422(self) -> bool:
        """Whether two pixels of a native frame share their chroma."""
        return self.photometric_interpretation in ("YBR_FULL_422", "YBR_PARTIAL_422")

    @property
    def low_bit(self) -> int:
        """Bit of the container in which the samples of a native frame begin: 0 but in old files (PS3.5 8.1.1).

        A High Bit below Bits Stored - 1, in which no sample fits, is taken for a mistake.
        """
        if self.keyword != "PixelData" or not self.bits_stored <= self.high_bit < self.bits_allocated:
            return 0
        return self.high_bit + 1 - self.bits_stored

    @property
    def stored_range(self) -> tuple[int, int]:
        """Smallest and largest value that Bits Stored can express (PS3.3 C.7.6.3.1.4)."""
        if self.pixel_representation:
            half = 1 << (self.bits_stored - 1)
            return -half, half - 1
        return 0, (1 << self.bits_stored) - 1

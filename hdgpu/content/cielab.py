"""Colours in CIELab, as DICOM stores them (PS3.3 C.10.7.1.1).

The conversion to and from sRGB uses the matrices of IEC 61966-2-1 with four decimals and the white point D65, without
adaptation to the D50 of the profile connection space: so does highdicom, and colours agree with it to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Self

from PIL import ImageColor

from hdgpu.errors import InvalidAttributeError

__all__ = ["CIELabColor"]

_Triple = tuple[float, float, float]

_RGB_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_XYZ_TO_RGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
_WHITE = (0.95047, 1.0, 1.08883)
# Where the cube root of CIELab gives way to a straight line (CIE 15).
_KNEE = 6 / 29
_LARGEST = 0xFFFF
# Name, and what the smallest and the largest stored value stand for.
_COMPONENTS = (
    ("l_star", 0.0, 100.0, "0.0 (black) to 100.0 (white)"),
    ("a_star", -128.0, 127.0, "-128.0 (green) to 127.0 (red)"),
    ("b_star", -128.0, 127.0, "-128.0 (blue) to 127.0 (yellow)"),
)


class CIELabColor:
    """Colour in CIELab, kept as the three 16-bit integers that DICOM stores.

    Parameters
    ----------
    l_star : float
        Lightness, from 0.0 (black) to 100.0 (white).
    a_star : float
        From -128.0 (green) to 127.0 (red).
    b_star : float
        From -128.0 (blue) to 127.0 (yellow).

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If a component is out of its range; a ValueError.

    Examples
    --------
    >>> color = CIELabColor(50.0, 34.0, 12.4)
    >>> color.value
    (32768, 41634, 36083)
    >>> color.to_rgb()
    (177, 95, 99)
    """

    def __init__(self, l_star: float, a_star: float, b_star: float) -> None:
        stored = []
        for given, (name, low, high, described) in zip((l_star, a_star, b_star), _COMPONENTS, strict=True):
            if not low <= given <= high:
                raise InvalidAttributeError(f"{name} is out of range", expected=described, found=given)
            # ties go to the even integer, as NumPy rounds
            stored.append(round(float(given - low) * _LARGEST / (high - low)))
        self._value = (stored[0], stored[1], stored[2])

    @classmethod
    def from_dicom_value(cls, value: Sequence[int]) -> Self:
        """Create a colour from the integers of an attribute such as Recommended Display CIELab Value (0062,000D).

        Parameters
        ----------
        value : sequence of int
            Three integers from 0 to 65535, as :attr:`value` gives them.

        Raises
        ------
        TypeError
            If they are no integers.
        hdgpu.errors.InvalidAttributeError
            If there are not three, or if one is out of range; a ValueError.

        Examples
        --------
        >>> CIELabColor.from_dicom_value((49107, 39048, 53188)).to_rgb()
        (255, 165, 0)
        """
        if len(value) != 3:
            raise InvalidAttributeError("a colour has three components", expected=3, found=len(value))
        stored = tuple(index(each) for each in value)
        if min(stored) < 0 or max(stored) > _LARGEST:
            raise InvalidAttributeError("a component is out of range", expected="0 to 65535", found=stored)
        color = cls.__new__(cls)
        color._value = stored  # type: ignore[assignment]
        return color

    @classmethod
    def from_rgb(cls, r: float, g: float, b: float) -> Self:
        """Create a colour from sRGB components.

        Parameters
        ----------
        r, g, b : float
            From 0 to 255.

        Raises
        ------
        hdgpu.errors.InvalidAttributeError
            If a component is out of range; a ValueError.

        Examples
        --------
        >>> CIELabColor.from_rgb(0, 255, 0).lab
        (87.73632410162509, -86.1828793774319, 83.1828793774319)
        """
        given = (r, g, b)
        if not all(0 <= each <= 255 for each in given):
            raise InvalidAttributeError("an RGB component is out of range", expected="0 to 255", found=given)
        xyz = _product(_RGB_TO_XYZ, _each(_linear, (float(r) / 255, float(g) / 255, float(b) / 255)))
        x, y, z = (_lightness(part / white) for part, white in zip(xyz, _WHITE, strict=True))
        return cls(116 * y - 16, 500 * (x - y), 200 * (y - z))

    @classmethod
    def from_string(cls, color: str) -> Self:
        """Create a colour from its name in CSS, or another notation that ``PIL.ImageColor.getrgb`` reads.

        Parameters
        ----------
        color : str
            ``"red"``, ``"#ff7733"``, ``"rgb(255, 255, 0)"``, ``"hsl(120, 100%, 50%)"``; upper and lower case are alike.

        Raises
        ------
        ValueError
            If there is no such colour, or if it is given with an opacity, which CIELab has not.

        Examples
        --------
        >>> CIELabColor.from_string("turquoise").to_rgb()
        (64, 224, 208)
        """
        components = ImageColor.getrgb(color)
        if len(components) != 3:
            raise InvalidAttributeError("a colour with an opacity is no CIELab colour", expected="RGB", found=color)
        return cls.from_rgb(*components)

    @property
    def value(self) -> tuple[int, int, int]:
        """Tuple of int: The components as DICOM stores them: 0 to 65535 over the range of each."""
        return self._value

    @property
    def l_star(self) -> float:
        """float: Lightness, from 0.0 to 100.0."""
        return self.lab[0]

    @property
    def a_star(self) -> float:
        """float: From -128.0 (green) to 127.0 (red)."""
        return self.lab[1]

    @property
    def b_star(self) -> float:
        """float: From -128.0 (blue) to 127.0 (yellow)."""
        return self.lab[2]

    @property
    def lab(self) -> tuple[float, float, float]:
        """Tuple of float: L*, a* and b*, as exactly as the stored integers give them."""
        l_star, a_star, b_star = self._value
        return l_star * (100 / _LARGEST), a_star * (255 / _LARGEST) - 128, b_star * (255 / _LARGEST) - 128

    def to_rgb(self, clip: bool = False) -> tuple[int, int, int]:
        """Return the colour in sRGB.

        Parameters
        ----------
        clip : bool, optional
            Whether a colour that sRGB does not have is brought to the nearest bound, component by component.

        Returns
        -------
        tuple of int
            Red, green and blue, from 0 to 255, rounded to the nearest.

        Raises
        ------
        hdgpu.errors.InvalidAttributeError
            If sRGB does not have the colour and `clip` is False; a ValueError.

        Examples
        --------
        >>> CIELabColor(50.0, 100.0, -100.0).to_rgb(clip=True)
        (180, 0, 255)
        """
        l_star, a_star, b_star = self.lab
        y = (l_star + 16) / 116
        relative = _each(_intensity, (a_star / 500 + y, y, y - b_star / 200))
        x, y, z = (part * white for part, white in zip(relative, _WHITE, strict=True))
        r, g, b = (round(255 * _encoded(part)) for part in _product(_XYZ_TO_RGB, (x, y, z)))
        if not clip and (min(r, g, b) < 0 or max(r, g, b) > 255):
            raise InvalidAttributeError(
                "sRGB does not have this colour",
                expected="components from 0 to 255",
                found=(r, g, b),
                remedy="Pass clip=True for the nearest that it has.",
            )
        return min(max(r, 0), 255), min(max(g, 0), 255), min(max(b, 0), 255)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, CIELabColor) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "{}({:.4f}, {:.4f}, {:.4f})".format(type(self).__name__, *self.lab)


def _product(matrix: tuple[_Triple, _Triple, _Triple], vector: _Triple) -> _Triple:
    a, b, c = vector
    first, second, third = (row[0] * a + row[1] * b + row[2] * c for row in matrix)
    return first, second, third


def _each(function: Callable[[float], float], vector: _Triple) -> _Triple:
    a, b, c = vector
    return function(a), function(b), function(c)


def _linear(encoded: float) -> float:
    """Undo the transfer function of sRGB."""
    return ((encoded + 0.055) / 1.055) ** 2.4 if encoded > 0.04045 else encoded / 12.92


def _encoded(linear: float) -> float:
    """Apply the transfer function of sRGB."""
    return 1.055 * linear ** (1 / 2.4) - 0.055 if linear > 0.0031308 else 12.92 * linear


def _lightness(relative: float) -> float:
    """Return CIELab's f of a tristimulus value relative to white."""
    return relative ** (1 / 3) if relative > _KNEE**3 else relative / (3 * _KNEE**2) + 4 / 29


def _intensity(lightness: float) -> float:
    """Undo CIELab's f, with the slope of the line rounded as it is commonly written."""
    return lightness**3 if lightness > _KNEE else (lightness - 4 / 29) / 7.787

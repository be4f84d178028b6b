"""How a content class is declared: the attributes of its items, what reads and compares them, and how numbers are put.

A class for a macro of the standard that is a sequence of one item derives from :class:`MacroSequence`.  It names the
attributes that the item has, and its constructor checks its arguments and hands their values over; conversion from
what was read from a file, comparison and copying follow from the declaration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar, Self

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import DSfloat

from hdgpu.dicom.tags import describe_tag
from hdgpu.errors import InvalidAttributeError, MissingAttributeError

__all__ = ["MacroSequence", "decimal_string"]


def decimal_string(value: Any, keyword: str) -> DSfloat:
    """Return a number as a value of an attribute of representation DS, in at most 16 characters (PS3.5 6.2).

    It is written rounded to what these can hold; until then it compares and computes as the number that it is.

    Raises
    ------
    TypeError
        If it is no number.
    hdgpu.errors.InvalidAttributeError
        If it is not finite, or a text that is no number (also a ValueError).

    Examples
    --------
    >>> str(decimal_string(-1 / 3, "SliceThickness"))
    '-0.3333333333333'
    """
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidAttributeError(
            "the value cannot be encoded", tag=attribute_name(keyword), expected="a finite number", found=repr(value)
        )
    return DSfloat(number, auto_format=True)


def attribute_name(keyword: str) -> str:
    """Return an attribute as error messages show it."""
    return describe_tag(int(tag_for_keyword(keyword) or 0))


class MacroSequence(Sequence):
    """A sequence of one item, whose attributes are known.

    Attributes
    ----------
    _layouts : tuple of tuples of str
        Keywords of the attributes that the item must have: of all those in one of these tuples.
    _optional : tuple of str
        Keywords of the attributes that it may have besides.
    """

    _layouts: ClassVar[tuple[tuple[str, ...], ...]]
    _optional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        item = Dataset()
        for keyword, value in attributes.items():
            setattr(item, keyword, value)
        super().__init__([item])

    @classmethod
    def from_sequence(cls, sequence: Sequence, copy: bool = True) -> Self:
        """Create an instance from a sequence, as it was read from a file.

        Parameters
        ----------
        sequence : pydicom.sequence.Sequence
            The sequence.
        copy : bool, optional
            Whether to leave the sequence as it is and return a deep copy; otherwise the sequence itself becomes an
            instance of this class.

        Raises
        ------
        TypeError
            If it is not a sequence of pydicom.
        hdgpu.errors.InvalidAttributeError
            If it has not exactly one item (also a ValueError).
        hdgpu.errors.MissingAttributeError
            If the item lacks an attribute that it must have (also an AttributeError).
        """
        if not isinstance(sequence, Sequence):
            raise TypeError(f"Argument 'sequence' must be a pydicom.sequence.Sequence, not {type(sequence).__name__}.")
        if len(sequence) != 1:
            raise InvalidAttributeError(
                f"a {cls.__name__} has one item", expected="1 item", found=f"{len(sequence)} items"
            )
        missing = [[keyword for keyword in layout if keyword not in sequence[0]] for layout in cls._layouts]
        if all(missing):
            raise MissingAttributeError(
                f"the item of the sequence is not that of a {cls.__name__}",
                expected=" or ".join(", ".join(map(attribute_name, layout)) for layout in cls._layouts),
                found=", ".join(sorted(element.keyword for element in sequence[0])) or "an empty item",
            )
        converted = deepcopy(sequence) if copy else sequence
        converted.__class__ = cls
        return converted  # type: ignore[return-value]

    def _values(self) -> dict[str, Any]:
        return _declared_values(self[0], type(self))

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a sequence of one item with exactly the same values of the known attributes."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) == 1 and self._values() == _declared_values(other[0], type(self))

    def __ne__(self, other: object) -> bool:  # pydicom's compares in its own way
        return not self == other

    # as pydicom's sequences, it can change
    __hash__ = None  # type: ignore[assignment]


def _declared_values(item: Dataset, kind: type[MacroSequence]) -> dict[str, Any]:
    """Return the values of those attributes of the item that the class knows."""
    keywords = {*kind._optional, *(keyword for layout in kind._layouts for keyword in layout)}
    return {keyword: item[keyword].value for keyword in keywords if keyword in item}

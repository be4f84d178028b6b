"""Attributes of a class of DICOM content, each declared once: keyword, type, checks and documentation.

The classes that declare them are in `hdgpu.attributes.containers`.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from pydicom.datadict import dictionary_VM
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hdgpu.attributes.values import attribute_name, attribute_value, read_value
from hdgpu.errors import InvalidAttributeError, MissingAttributeError

if TYPE_CHECKING:
    from hdgpu.attributes.containers import DeclaredDataset

__all__ = ["Attribute", "Choice", "Item", "Items", "Value", "Values"]

T = TypeVar("T")


class Attribute(property, Generic[T]):
    """An attribute of a class, and the property that reads it.

    Parameters
    ----------
    keyword : str
        Keyword of the attribute.
    kind : str
        Type of the attribute (PS3.5 7.4): ``"1"`` has a value, ``"2"`` is there but may be empty, ``"3"`` may be
        absent or empty, ``"1C"`` may be absent and has a value otherwise: the constructor knows the condition.
    doc : str
        What it is: the documentation of the property.
    """

    def __init__(self, keyword: str, kind: str = "1", doc: str = "") -> None:
        super().__init__(lambda owner: self.read(owner._item()))
        self.__doc__ = doc
        self.keyword = keyword
        self.kind = kind

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, instance: Any, owner: type | None = None) -> T: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return super().__get__(instance, owner)

    def put(self, item: Dataset, value: Any) -> None:
        """Set the attribute, if there is a value or it must be there."""
        if value is None and not self.is_required:
            return
        encoded = self.empty if value is None and self.kind == "2" else self.encoded(value)
        if self.kind.startswith("1") and (encoded is None or (hasattr(encoded, "__len__") and not len(encoded))):
            raise InvalidAttributeError(
                "the attribute must have a value",
                tag=attribute_name(self.keyword),
                expected="a value",
                found=repr(value),
            )
        setattr(item, self.keyword, encoded)

    # what an attribute without a value is set to
    empty: Any = None

    @property
    def is_required(self) -> bool:
        """Whether the attribute must be there."""
        return self.kind in ("1", "2")

    def encoded(self, value: Any) -> Any:
        """Return an argument as the attribute holds it, checked."""
        raise NotImplementedError

    def read(self, item: Dataset) -> T:
        """Return the attribute's value as the property gives it."""
        raise NotImplementedError

    def check(self, item: Dataset) -> None:
        """Check that the attribute of an item that was read is as it has to be."""
        if self.is_required and self.keyword not in item:
            raise MissingAttributeError(
                "the item lacks an attribute",
                tag=attribute_name(self.keyword),
                found=", ".join(sorted(element.keyword for element in item)) or "an empty item",
            )

    def convert(self, item: Dataset) -> None:
        """Turn what the attribute of an item that was read holds into our classes, in place."""


class Value(Attribute[T]):
    """An attribute with one value of its value representation."""

    def encoded(self, value: Any) -> Any:
        """Return the value, checked."""
        return attribute_value(value, self.keyword)

    def read(self, item: Dataset) -> T:
        """Return the value, or None if the attribute is absent."""
        if not self.is_required and self.keyword not in item:
            return None  # type: ignore[return-value]
        return read_value(item[self.keyword].value, self.keyword)  # type: ignore[no-any-return]


class Values(Value[T]):
    """An attribute with one value or several; read as a list."""

    def encoded(self, value: Any) -> Any:
        """Return the values, checked."""
        multiplicity = dictionary_VM(self.keyword)
        count = int(multiplicity) if multiplicity.isdecimal() else None
        is_single = count is None and (isinstance(value, str) or not hasattr(value, "__iter__"))
        values = [attribute_value(each, self.keyword) for each in ([value] if is_single else value)]
        if count is not None and len(values) != count:
            raise InvalidAttributeError(
                "the attribute has the wrong number of values",
                tag=attribute_name(self.keyword),
                expected=count,
                found=len(values),
            )
        return values[0] if len(values) == 1 else values

    def read(self, item: Dataset) -> T:
        """Return a list of the values, or None if the attribute is absent."""
        if not self.is_required and self.keyword not in item:
            return None  # type: ignore[return-value]
        element = item[self.keyword]
        values = [] if element.VM == 0 else [element.value] if element.VM == 1 else element.value
        return [read_value(each, self.keyword) for each in values]  # type: ignore[return-value]


class Choice(Attribute[T]):
    """An attribute whose values are those of an enumeration.

    Parameters
    ----------
    keyword : str
        Keyword of the attribute.
    enumeration : type
        The enumeration; the constructor takes its members and their values.
    kind, doc : str
        As for every attribute.
    """

    def __init__(self, keyword: str, enumeration: type[Enum], kind: str = "1", doc: str = "") -> None:
        super().__init__(keyword, kind, doc)
        self.enumeration = enumeration

    def encoded(self, value: Any) -> Any:
        """Return the value of the member."""
        return None if value == "" and self.kind == "2" else self.enumeration(value).value

    def read(self, item: Dataset) -> T:
        """Return the member, or None if there is no value."""
        value = item.get(self.keyword)
        return None if not value and self.kind != "1" else self.enumeration(value)  # type: ignore[return-value]

    def check(self, item: Dataset) -> None:
        """Check that the attribute is there, and that the enumeration has its value."""
        super().check(item)
        self.read(item)


class Items(Attribute[T]):
    """An attribute that is a sequence, whose items are of one class.

    Parameters
    ----------
    keyword : str
        Keyword of the attribute.
    item_class : type
        Class of the items, one of :class:`DeclaredDataset`.
    kind, doc : str
        As for every attribute.
    """

    empty = ()

    def __init__(self, keyword: str, item_class: type[DeclaredDataset], kind: str = "1", doc: str = "") -> None:
        super().__init__(keyword, kind, doc)
        self.item_class = item_class

    def encoded(self, value: Any) -> Any:
        """Return the items, checked."""
        if isinstance(value, (str, Dataset)) or not isinstance(value, SequenceOf):
            raise TypeError(
                f"{attribute_name(self.keyword)} must be a sequence of {self.item_class.__name__}, "
                f"not {type(value).__name__}."
            )
        return Sequence([self.item_class._of(each) for each in value])

    def read(self, item: Dataset) -> T:
        """Return a list of the items, or None if the attribute is absent."""
        if not self.is_required and self.keyword not in item:
            return None  # type: ignore[return-value]
        return list(item[self.keyword].value)  # type: ignore[return-value]

    def check(self, item: Dataset) -> None:
        """Check that the sequence is there, and its items."""
        super().check(item)
        items = item.get(self.keyword) or ()
        if self.kind == "1" and not items:
            raise MissingAttributeError("the sequence has no item", tag=attribute_name(self.keyword))
        for each in items:
            self.item_class._check(each)

    def convert(self, item: Dataset) -> None:
        """Turn the items into instances of their class, in place."""
        for each in item.get(self.keyword) or ():
            self.item_class._convert(each)


class Item(Items[T]):
    """An attribute that is a sequence of one item."""

    def encoded(self, value: Any) -> Any:
        """Return the item in a sequence, checked."""
        return Sequence([self.item_class._of(value)])

    def read(self, item: Dataset) -> T:
        """Return the item, or None if there is none."""
        items = item.get(self.keyword)
        if not items and self.kind != "1":
            return None  # type: ignore[return-value]
        return item[self.keyword].value[0]  # type: ignore[no-any-return]

    def check(self, item: Dataset) -> None:
        """Check that there is one item, if the sequence is there, and that item."""
        super().check(item)
        items = item.get(self.keyword) or ()
        if len(items) > 1:
            raise InvalidAttributeError(
                "the sequence has too many items", tag=attribute_name(self.keyword), expected=1, found=len(items)
            )

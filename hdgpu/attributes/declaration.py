"""How a class of DICOM content says what it holds: each attribute once, with type, checks and documentation.

A class derives from :class:`DeclaredDataset`, or from :class:`MacroSequence` if it is a sequence of one item, and names
its attributes in its body.  The name is that of the argument of its constructor, which hands its arguments on; a name
without a leading underscore is a property besides::

    class Equipment(DeclaredDataset):
        manufacturer = Value("Manufacturer", "1", "Who made it.")
        _station = Value("StationName", "3")

        def __init__(self, manufacturer: str, station: str | None = None) -> None:
            super().__init__(manufacturer=manufacturer, station=station)

Setting and checking values, properties, conversion of what was read from a file, comparison and copying all follow
from the declaration.
"""

from __future__ import annotations

import json
from collections.abc import Sequence as SequenceOf
from copy import deepcopy
from enum import Enum
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from pydicom.datadict import dictionary_VM
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hdgpu.attributes.values import attribute_name, attribute_value, read_value
from hdgpu.errors import InvalidAttributeError, MissingAttributeError

__all__ = ["Attribute", "Choice", "DeclaredDataset", "Item", "Items", "MacroSequence", "Value", "Values"]

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


class _Declared:
    """What data sets and sequences of one item that declare their attributes have in common.

    Attributes
    ----------
    _one_of : tuple of tuples of str
        Keywords of attributes: the item must have all those in one of these tuples.  Without a tuple nothing is asked
        beyond what the declarations say.
    """

    # with a layout of its own, and before them among the bases, it would keep instances of pydicom's classes from
    # becoming ours
    __slots__ = ()

    _attributes: ClassVar[dict[str, Attribute[Any]]] = {}
    _one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name.lstrip("_"): each for name, each in vars(cls).items() if isinstance(each, Attribute)}
        cls._attributes = {**cls._attributes, **own}

    def _item(self) -> Dataset:
        """Return the data set that has the attributes."""
        raise NotImplementedError

    def _set(self, **arguments: Any) -> None:
        """Set attributes from arguments of the constructor, each under its name in the class."""
        for name, value in arguments.items():
            self._attributes[name].put(self._item(), value)

    @classmethod
    def _check(cls, item: Dataset) -> None:
        """Check that an item that was read is one of this class."""
        for attribute in cls._attributes.values():
            attribute.check(item)
        if cls._one_of and all(any(keyword not in item for keyword in group) for group in cls._one_of):
            raise MissingAttributeError(
                f"the item is not that of a {cls.__name__}",
                expected=" or ".join(", ".join(map(attribute_name, group)) for group in cls._one_of),
                found=", ".join(sorted(element.keyword for element in item)) or "an empty item",
            )

    @classmethod
    def _convert_attributes(cls, item: Dataset) -> None:
        for attribute in cls._attributes.values():
            attribute.convert(item)

    @classmethod
    def _declared_values(cls, item: Dataset) -> dict[str, Any]:
        """Return the values of those attributes of the item that the class knows."""
        keywords = {each.keyword for each in cls._attributes.values()}.union(*cls._one_of)
        return {keyword: item[keyword].value for keyword in keywords if keyword in item}


class DeclaredDataset(Dataset, _Declared):
    """A data set that declares its attributes."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self._set(**arguments)

    def _item(self) -> Dataset:
        return self

    def to_json(self, *arguments: Any, **options: Any) -> str:
        """Return the data set as DICOM JSON: as pydicom does, which cannot yet where dates are objects.

        Parameters
        ----------
        *arguments, **options
            Those of ``pydicom.Dataset.to_json``.
        """
        if len(arguments) < 3 and options.get("dump_handler") is None:
            options["dump_handler"] = partial(json.dumps, sort_keys=True, default=str)
        return super().to_json(*arguments, **options)

    @classmethod
    def _of(cls, value: Any) -> Self:
        """Return an argument as an instance of this class, if it may stand for one."""
        if not isinstance(value, cls):
            raise TypeError(f"Expected an instance of {cls.__name__}, not one of {type(value).__name__}.")
        return value

    @classmethod
    def _convert(cls, dataset: Dataset) -> Self:
        """Turn a data set that was checked into an instance of this class, in place."""
        cls._convert_attributes(dataset)
        dataset.__class__ = cls
        return dataset  # type: ignore[return-value]

    @classmethod
    def from_dataset(cls, dataset: Dataset, copy: bool = True) -> Self:
        """Create an instance from a data set, as it was read from a file.

        Parameters
        ----------
        dataset : pydicom.Dataset
            The data set.
        copy : bool, optional
            Whether to leave the data set as it is and return a deep copy; otherwise the data set itself becomes an
            instance of this class.

        Raises
        ------
        TypeError
            If it is not a data set.
        hdgpu.errors.MissingAttributeError
            If an attribute is absent that must be there (also an AttributeError and a ValueError).
        hdgpu.errors.InvalidAttributeError
            If a sequence that has one item has more (also a ValueError).
        """
        if not isinstance(dataset, Dataset):
            raise TypeError(f"Argument 'dataset' must be a pydicom.Dataset, not {type(dataset).__name__}.")
        cls._check(dataset)
        return cls._convert(deepcopy(dataset) if copy else dataset)


class MacroSequence(Sequence, _Declared):
    """A sequence of one item, which declares the attributes of the item."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__([Dataset()])
        self._set(**arguments)

    def _item(self) -> Dataset:
        return self[0]

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
        cls._check(sequence[0])
        converted = deepcopy(sequence) if copy else sequence
        cls._convert_attributes(converted[0])
        converted.__class__ = cls
        return converted  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a sequence of one item with exactly the same values of the known attributes."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) == 1 and self._declared_values(self[0]) == self._declared_values(other[0])

    def __ne__(self, other: object) -> bool:  # pydicom's compares in its own way
        return not self == other

    # as pydicom's sequences, it can change
    __hash__ = None  # type: ignore[assignment]

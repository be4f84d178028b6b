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
from copy import deepcopy
from functools import partial
from typing import Any, ClassVar, Self

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hdgpu.attributes.declaration import Attribute
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import InvalidAttributeError, MissingAttributeError

__all__ = ["DeclaredDataset", "MacroSequence"]


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

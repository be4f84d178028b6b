"""Templates of content items: which items a sequence has, by name, and how often (PS3.16)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.content_item import ContentItem, ContentSequence
from hdgpu.sr.value_types import CodeContentItem, DateTimeContentItem, NumContentItem, TextContentItem

__all__ = ["Row", "TemplateSequence"]

T = TypeVar("T")
# The class of content items for a value, by what the value is.
_CLASS_FOR: tuple[tuple[type | tuple[type, ...], type[ContentItem]], ...] = (
    ((Code, CodedConcept), CodeContentItem),
    (str, TextContentItem),
    (datetime, DateTimeContentItem),
)


class Row(property, Generic[T]):
    """A row of a template: items of one name, and the property that reads their value.

    Parameters
    ----------
    name : pydicom.sr.coding.Code
        Name of the items.
    doc : str
        What they are: the documentation of the property.
    *kinds : type
        Classes that the items may have.
    least, most : int or None
        How many items there may be; None for any number, of which the property gives a list.
    unit : pydicom.sr.coding.Code, optional
        Unit of numbers.
    """

    def __init__(
        self,
        name: Code,
        doc: str,
        *kinds: type[ContentItem],
        least: int = 1,
        most: int | None = 1,
        unit: Code | None = None,
    ) -> None:
        super().__init__(lambda owner: self.read(owner._content_items()))
        self.__doc__ = doc
        self.name = name
        self.kinds = kinds
        self.least = least
        self.most = most
        self.unit = unit

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, instance: Any, owner: type | None = None) -> T: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return super().__get__(instance, owner)

    def made(self, value: Any) -> list[ContentItem]:
        """Return the items for an argument: several for a list, none for None."""
        if value is None and not self.least:
            return []
        return [self._item(each) for each in (value if self.most is None else [value])]

    def _item(self, value: Any) -> ContentItem:
        if self.unit is not None:
            return NumContentItem(self.name, value, self.unit)
        if DateTimeContentItem in self.kinds:  # as text, too
            return DateTimeContentItem(self.name, value)
        for types, kind in _CLASS_FOR:
            if isinstance(value, types) and kind in self.kinds:
                return kind(self.name, value)  # type: ignore[arg-type, call-arg]
        expected = " or ".join("a code" if kind is CodeContentItem else "a str" for kind in self.kinds)
        raise TypeError(f"'{self.name.meaning}' must be {expected}, not {type(value).__name__}.")

    def found(self, items: Iterable[Any]) -> list[Any]:
        """Return those of the items that are of this row."""
        return [item for item in items if item.name == self.name and isinstance(item, self.kinds)]

    def read(self, items: Iterable[Any] | None) -> T:
        """Return the value of the item, None without one, or a list of values where there may be several."""
        values = [item.value for item in self.found(items or ())]
        if self.most is None:
            return values  # type: ignore[return-value]
        return values[0] if values else None  # type: ignore[return-value]

    def check(self, items: Iterable[Any]) -> None:
        """Check that there are as many items as there may be."""
        count = len(self.found(items))
        expected = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
        if count < self.least:
            raise MissingAttributeError(f"there is no item '{self.name.meaning}'", expected=expected, found=count)
        if self.most is not None and count > self.most:
            raise InvalidAttributeError(
                f"there are too many items '{self.name.meaning}'", expected=expected, found=count
            )


class TemplateSequence(ContentSequence):
    """Sequence of the content items of a template, outside of structured reports, which names its rows."""

    _rows: ClassVar[dict[str, Row[Any]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name.lstrip("_"): each for name, each in vars(cls).items() if isinstance(each, Row)}
        cls._rows = {**cls._rows, **own}

    def __init__(self, **arguments: Any) -> None:
        items = [item for name, row in self._rows.items() for item in row.made(arguments.get(name))]
        super().__init__(items, is_sr=False)
        self._check_rows(self)

    def _content_items(self) -> Iterable[Any]:
        return self

    @classmethod
    def _check_rows(cls, items: Iterable[Any]) -> None:
        """Check that the items of the template are there, each as often as it may be."""
        for row in cls._rows.values():
            row.check(items)

    @classmethod
    def _among(cls, items: Iterable[Any]) -> Self:
        """Return a sequence of those of the items that are of this template."""
        rows = cls._rows.values()
        created = cls.__new__(cls)
        wanted = [item for item in items if any(row.found([item]) for row in rows)]
        ContentSequence.__init__(created, wanted, is_sr=False)
        return created

    @classmethod
    def from_sequence(
        cls,
        sequence: Iterable[Dataset],
        is_root: bool = False,
        is_sr: bool = True,
        copy: bool = True,
    ) -> Self:
        """Create a sequence of the content items of the template from data sets, as they were read from a file.

        Parameters
        ----------
        sequence : sequence of pydicom.Dataset
            The data sets.
        is_root, is_sr : bool, optional
            As for ``ContentSequence``. The items of these templates are written outside of structured reports: such
            ones are read with ``is_sr=False``.
        copy : bool, optional
            Whether to leave the data sets as they are and take deep copies; otherwise they themselves become content
            items.

        Raises
        ------
        TypeError, hdgpu.errors.ContentTreeError, ValueError
            As for ``ContentSequence``.
        hdgpu.errors.MissingAttributeError
            If an item of the template or an attribute of an item is absent (also an AttributeError and a ValueError).
        hdgpu.errors.InvalidAttributeError
            If an item of the template is there too often (also a ValueError).
        """
        created = super().from_sequence(sequence, is_root, is_sr, copy)
        cls._check_rows(created)
        return created

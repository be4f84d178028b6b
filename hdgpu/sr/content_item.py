"""The tree of content items: items with a name, and sequences of them (PS3.3 C.17.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any, ClassVar, Self

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Attribute, Choice, Item
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import ContentTreeError, InvalidAttributeError, MissingAttributeError
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.enum import RelationshipTypeValues, ValueTypeValues

__all__ = ["ContentItem", "ContentItems", "ContentSequence"]


class ContentItems(Attribute["ContentSequence | None"]):
    """An attribute that is a sequence of content items.

    Parameters
    ----------
    keyword, kind, doc : str
        As for every attribute.
    is_sr : bool or None
        Whether the items are of a structured report; None for those below an item, which are what that is.
    """

    def __init__(self, keyword: str, kind: str = "1", doc: str = "", *, is_sr: bool | None = None) -> None:
        super().__init__(keyword, kind, doc)
        self.is_sr = is_sr

    def encoded(self, value: Any) -> ContentSequence:
        """Return the items in a sequence that checks them."""
        return ContentSequence(value, is_sr=bool(self.is_sr))

    def read(self, item: Dataset) -> ContentSequence | None:
        """Return the sequence, or None if the attribute is absent."""
        items: ContentSequence | None = item.get(self.keyword)
        return items

    def check(self, item: Dataset) -> None:
        """Check that the sequence is there, its items, and theirs."""
        super().check(item)
        for child in item.get(self.keyword) or ():
            _class_of(child)._check(child)

    def convert(self, item: Dataset) -> None:
        """Turn the items into content items, in place."""
        children = item.get(self.keyword)
        if children is not None:
            is_sr = all("RelationshipType" in child for child in children) if self.is_sr is None else self.is_sr
            converted = [_class_of(child)._convert(child) for child in children]
            setattr(item, self.keyword, ContentSequence(converted, is_sr=is_sr))


class ContentItem(DeclaredDataset):
    """Content item: a name, a value of some type, and how it relates to the item that holds it (PS3.3 C.17.3.2).

    Parameters
    ----------
    value_type : ValueTypeValues or str
        Type of the value.
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    relationship_type : RelationshipTypeValues or str or None
        How it relates to its parent; None at the root of a tree and outside of structured reports.

    Raises
    ------
    TypeError
        If the name is no code.
    ValueError
        If there is no such type of value or relationship.
    """

    value_type = Choice[ValueTypeValues]("ValueType", ValueTypeValues, "1", "Type of the value.")
    name = Item[CodedConcept]("ConceptNameCodeSequence", CodedConcept, "1", "Concept that names the item.")
    relationship_type = Choice[RelationshipTypeValues | None](
        "RelationshipType", RelationshipTypeValues, "3", "How the item relates to its parent, if it has one."
    )
    _children = ContentItems("ContentSequence", "3")

    # that of the items of a class
    _value_type: ClassVar[ValueTypeValues]

    def __init__(
        self,
        value_type: str | ValueTypeValues,
        name: Code | CodedConcept,
        relationship_type: str | RelationshipTypeValues | None,
    ) -> None:
        super().__init__(value_type=value_type, name=name, relationship_type=relationship_type)

    @classmethod
    def _check(cls, item: Dataset) -> None:
        super()._check(item)
        if item.ValueType != cls._value_type.value:
            raise InvalidAttributeError(
                f"the item is no {cls.__name__}",
                tag=attribute_name("ValueType"),
                expected=cls._value_type.value,
                found=item.ValueType,
            )


def _class_of(item: Dataset) -> type[ContentItem]:
    """Return the class for a content item that was read, by its value type."""
    from hdgpu.sr.value_types import ITEM_CLASSES  # which derive from the class above

    if "ValueType" not in item:
        raise MissingAttributeError("the item is no content item", tag=attribute_name("ValueType"))
    return ITEM_CLASSES[ValueTypeValues(item.ValueType)]


class ContentSequence(Sequence):
    """Sequence of content items, which checks what is put into it.

    Parameters
    ----------
    items : sequence of ContentItem or None, optional
        The content items.
    is_root : bool, optional
        Whether it is the root of the tree of a structured report: then it takes containers without relationship type.
    is_sr : bool, optional
        Whether it is of a structured report. Otherwise it is of an acquisition, protocol or workflow context, whose
        items have no relationship types.

    Raises
    ------
    TypeError
        If something else than a content item is put in, or something else than a container at the root.
    hdgpu.errors.InvalidAttributeError
        If it is a root, and not of a structured report (also a ValueError).
    hdgpu.errors.ContentTreeError
        If an item has a relationship type where it may have none, or none where it needs one (also an AttributeError).

    Examples
    --------
    >>> from pydicom.sr.codedict import codes
    >>> from hdgpu.sr.value_types import TextContentItem
    >>> comment = TextContentItem(codes.DCM.Comment, "all well", "CONTAINS")
    >>> [item.value for item in ContentSequence([comment]).find(codes.DCM.Comment)]
    ['all well']
    """

    def __init__(
        self,
        items: Iterable[ContentItem] | None = None,
        is_root: bool = False,
        is_sr: bool = True,
    ) -> None:
        if is_root and not is_sr:
            raise InvalidAttributeError("the root of a content tree is of a structured report", found="is_sr=False")
        # first: what is put in is checked against them
        self._is_root = is_root
        self._is_sr = is_sr
        super().__init__(items)

    @property
    def is_root(self) -> bool:
        """Whether it is the root of the tree of a structured report."""
        return self._is_root

    @property
    def is_sr(self) -> bool:
        """Whether it is of a structured report."""
        return self._is_sr

    def _validate(self, item: Any) -> ContentItem:  # type: ignore[override]
        """Return an item that is put in, by whichever method, if it may be in this sequence."""
        if not isinstance(item, ContentItem):
            raise TypeError(f"A ContentSequence has content items, not {type(item).__name__}.")
        has_relationship = "RelationshipType" in item
        if self._is_root and item.value_type is not ValueTypeValues.CONTAINER:
            raise TypeError(f"The root of a content tree is a ContainerContentItem, not a {type(item).__name__}.")
        if has_relationship == (self._is_sr and not self._is_root):
            return item
        where = "at the root" if self._is_root else "in a structured report" if self._is_sr else "outside of reports"
        raise ContentTreeError(
            f"a content item {where} has {'no' if has_relationship else 'a'} relationship type",
            tag=attribute_name("RelationshipType"),
            expected="none" if has_relationship else "a relationship type",
            found=item.get("RelationshipType", "none"),
        )

    def __iter__(self) -> Iterator[ContentItem]:
        return super().__iter__()  # type: ignore[return-value]

    def append(self, val: ContentItem) -> None:  # type: ignore[override]
        """Append a content item.

        Parameters
        ----------
        val : ContentItem
            The item; what it must be is said at the class, as for every method that puts items in.
        """
        super().append(val)

    def extend(self, val: Iterable[ContentItem]) -> None:  # type: ignore[override]
        """Append content items.

        Parameters
        ----------
        val : iterable of ContentItem
            The items. If one may not be in, none is appended.
        """
        super().extend(val)

    def insert(self, position: int, val: ContentItem) -> None:  # type: ignore[override]
        """Insert a content item.

        Parameters
        ----------
        position : int
            Index that it will have.
        val : ContentItem
            The item.
        """
        super().insert(position, val)

    def index(self, val: ContentItem) -> int:  # type: ignore[override]
        """Return the index of the first item that is equal to a content item.

        Raises
        ------
        TypeError
            If the argument is no content item.
        hdgpu.errors.InvalidAttributeError
            If there is none (also a ValueError).
        """
        if not isinstance(val, ContentItem):
            raise TypeError(f"A ContentSequence has content items, not {type(val).__name__}.")
        for position, item in enumerate(self):
            if item is val or item == val:
                return position
        raise InvalidAttributeError("the content item is not in the sequence", found=val.name.meaning)

    def find(self, name: Code | CodedConcept) -> ContentSequence:
        """Return a sequence of the items that have a name, in their order.

        Parameters
        ----------
        name : pydicom.sr.coding.Code or CodedConcept
            Name of the items.

        Raises
        ------
        TypeError
            If it is no code.
        """
        wanted = CodedConcept.from_code(name)
        return self._part(item for item in self if item.name == wanted)

    def get_nodes(self) -> ContentSequence:
        """Return a sequence of the items that have items below them: a Content Sequence (0040,A730)."""
        return self._part(item for item in self if "ContentSequence" in item)

    def _part(self, items: Iterable[Any]) -> ContentSequence:
        return ContentSequence(items, is_root=self._is_root, is_sr=self._is_sr)

    @classmethod
    def from_sequence(
        cls,
        sequence: Iterable[Dataset],
        is_root: bool = False,
        is_sr: bool = True,
        copy: bool = True,
    ) -> Self:
        """Create a sequence of content items from data sets, as they were read from a file.

        Parameters
        ----------
        sequence : sequence of pydicom.Dataset
            The data sets.
        is_root, is_sr : bool, optional
            As for the class.
        copy : bool, optional
            Whether to leave the data sets as they are and take deep copies; otherwise they themselves become content
            items.

        Raises
        ------
        TypeError
            If there is something else than a data set, or something else than a container at the root.
        hdgpu.errors.MissingAttributeError
            If an attribute is absent that an item of its value type must have (also an AttributeError).
        hdgpu.errors.ContentTreeError
            If an item has a relationship type where it may have none, or none where it needs one (also an
            AttributeError).
        ValueError
            If there is no such type of value or relationship.
        """
        datasets = list(sequence)
        for dataset in datasets:
            if not isinstance(dataset, Dataset):
                raise TypeError(f"A content item is read from a pydicom.Dataset, not from {type(dataset).__name__}.")
            _class_of(dataset)._check(dataset)
        if copy:
            datasets = deepcopy(datasets)
        created = cls.__new__(cls)
        items = [_class_of(dataset)._convert(dataset) for dataset in datasets]
        ContentSequence.__init__(created, items, is_root, is_sr)
        return created

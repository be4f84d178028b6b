"""References to other SOP instances, and content items that are such (PS3.3 10.3 and C.18.3 to C.18.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.sr.coding import Code

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Item, Value, Values
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import InvalidAttributeError
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.content_item import ContentItem
from hdgpu.sr.enum import RelationshipTypeValues, ValueTypeValues
from hdgpu.uid import UID

__all__ = ["CompositeContentItem", "ImageContentItem", "InstanceReference", "WaveformContentItem"]


class InstanceReference(DeclaredDataset):
    """Reference to a SOP instance, or to frames, segments or channels of one.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str or hdgpu.UID
        Class and identifier of the instance.
    frame_numbers, segment_numbers : int or sequence of int or None, optional
        Frames and segments, counted from 1; all without.
    waveform_channels : sequence of int or None, optional
        Numbers of multiplex group and channel, in turn.

    Raises
    ------
    TypeError
        If an identifier is no text or a number no integer.
    hdgpu.errors.InvalidAttributeError
        If an identifier is none, a number is below 1, or there are no numbers where some are given (also a
        ValueError).
    """

    sop_class_uid = Value[UID]("ReferencedSOPClassUID", "1", "Class of the instance.")
    sop_instance_uid = Value[UID]("ReferencedSOPInstanceUID", "1", "Identifier of the instance.")
    frame_numbers = Values[list[int] | None]("ReferencedFrameNumber", "1C", "Frames, counted from 1; None for all.")
    segment_numbers = Values[list[int] | None](
        "ReferencedSegmentNumber", "1C", "Segments, counted from 1; None for all."
    )
    waveform_channels = Values[list[int] | None]("ReferencedWaveformChannels", "1C", "Groups and channels, in turn.")

    def __init__(
        self,
        sop_class_uid: str | UID,
        sop_instance_uid: str | UID,
        frame_numbers: int | Sequence[int] | None = None,
        segment_numbers: int | Sequence[int] | None = None,
        waveform_channels: Sequence[int] | None = None,
    ) -> None:
        super().__init__(
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            frame_numbers=frame_numbers,
            segment_numbers=segment_numbers,
            waveform_channels=waveform_channels,
        )
        for name in ("frame_numbers", "segment_numbers"):
            numbers = getattr(self, name)
            if numbers is not None and min(numbers) < 1:
                keyword = self._attributes[name].keyword
                raise InvalidAttributeError(
                    "numbers are counted from 1", tag=attribute_name(keyword), expected="1 or more", found=min(numbers)
                )


_Name = Code | CodedConcept
_Relationship = RelationshipTypeValues | str | None


class CompositeContentItem(ContentItem):
    """Content item that refers to a composite SOP instance.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    referenced_sop_class_uid, referenced_sop_instance_uid : str or hdgpu.UID
        Class and identifier of the instance.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code or an identifier no text.
    ValueError
        If there is no such type of relationship, or an identifier is none.
    """

    _value_type = ValueTypeValues.COMPOSITE
    _reference = Item[InstanceReference]("ReferencedSOPSequence", InstanceReference)

    def __init__(
        self,
        name: _Name,
        referenced_sop_class_uid: str | UID,
        referenced_sop_instance_uid: str | UID,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        self._set(reference=InstanceReference(referenced_sop_class_uid, referenced_sop_instance_uid))

    @property
    def value(self) -> tuple[UID, UID]:
        """Class and identifier of the instance."""
        return self._reference.sop_class_uid, self._reference.sop_instance_uid

    @property
    def referenced_sop_class_uid(self) -> UID:
        """Class of the instance."""
        return self._reference.sop_class_uid

    @property
    def referenced_sop_instance_uid(self) -> UID:
        """Identifier of the instance."""
        return self._reference.sop_instance_uid


class ImageContentItem(CompositeContentItem):
    """Content item that refers to an image.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    referenced_sop_class_uid, referenced_sop_instance_uid : str or hdgpu.UID
        Class and identifier of the image.
    referenced_frame_numbers, referenced_segment_numbers : int or sequence of int or None, optional
        Frames and segments that are meant, counted from 1; all without.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code, an identifier no text or a number no integer.
    ValueError
        If there is no such type of relationship, an identifier is none or a number below 1.
    """

    _value_type = ValueTypeValues.IMAGE

    def __init__(
        self,
        name: _Name,
        referenced_sop_class_uid: str | UID,
        referenced_sop_instance_uid: str | UID,
        referenced_frame_numbers: int | Sequence[int] | None = None,
        referenced_segment_numbers: int | Sequence[int] | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(name, referenced_sop_class_uid, referenced_sop_instance_uid, relationship_type)
        self._set(
            reference=InstanceReference(
                referenced_sop_class_uid,
                referenced_sop_instance_uid,
                referenced_frame_numbers,
                referenced_segment_numbers,
            )
        )

    @property
    def referenced_frame_numbers(self) -> list[int] | None:
        """Frames that are meant, counted from 1; None for all."""
        return self._reference.frame_numbers

    @property
    def referenced_segment_numbers(self) -> list[int] | None:
        """Segments that are meant, counted from 1; None for all."""
        return self._reference.segment_numbers


class WaveformContentItem(CompositeContentItem):
    """Content item that refers to a waveform.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    referenced_sop_class_uid, referenced_sop_instance_uid : str or hdgpu.UID
        Class and identifier of the waveform.
    referenced_waveform_channels : sequence of (int, int) or None, optional
        Channels that are meant: number of the multiplex group and of the channel in it; all without.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code, an identifier no text, or channels are no pairs of integers.
    ValueError
        If there is no such type of relationship, or an identifier is none.
    """

    _value_type = ValueTypeValues.WAVEFORM

    def __init__(
        self,
        name: _Name,
        referenced_sop_class_uid: str | UID,
        referenced_sop_instance_uid: str | UID,
        referenced_waveform_channels: Sequence[tuple[int, int]] | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(name, referenced_sop_class_uid, referenced_sop_instance_uid, relationship_type)
        channels = None if referenced_waveform_channels is None else _flattened(referenced_waveform_channels)
        self._set(
            reference=InstanceReference(
                referenced_sop_class_uid, referenced_sop_instance_uid, waveform_channels=channels
            )
        )

    @property
    def referenced_waveform_channels(self) -> list[tuple[int, int]] | None:
        """Channels that are meant, each as multiplex group and channel; None for all."""
        flat = self._reference.waveform_channels
        return None if flat is None else list(zip(flat[::2], flat[1::2], strict=True))


def _flattened(pairs: Any) -> list[int]:
    """Return the numbers of pairs, one after the other."""
    numbers: list[int] = []
    for pair in pairs:
        if len(pair) != 2:
            raise TypeError(f"A channel is a pair of multiplex group and channel, not {pair!r}.")
        numbers += pair
    return numbers

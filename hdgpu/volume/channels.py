"""Channels: the axes of a volume beyond those of space, each described by a DICOM attribute or a name of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from pydicom.datadict import dictionary_description, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.tag import BaseTag, Tag

from hdgpu.enum import RGBColorChannels
from hdgpu.errors import VolumeError

__all__ = [
    "RGB_COLOR_CHANNEL_DESCRIPTOR",
    "ChannelDescriptor",
    "ChannelIdentifier",
    "ChannelValue",
    "Channels",
    "ChannelsLike",
    "channel_index",
    "find_channel",
    "parse_channels",
]

_TYPE_OF_VR: dict[str, type] = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"), str),
    **dict.fromkeys(("IS", "SL", "SS", "SV", "UL", "US", "UV"), int),
    **dict.fromkeys(("DS", "FD", "FL"), float),
}


class ChannelDescriptor:
    """Descriptor of a channel (non-spatial) axis of a volume.

    Parameters
    ----------
    identifier : str, int or ChannelDescriptor
        Keyword or tag of the DICOM attribute whose value varies along the axis; with `is_custom` any other name.
    is_custom : bool
        Whether the identifier is a name of one's own.
    value_type : type or None
        Python type of the values along the axis, for a custom identifier and only then: int, float, str, an
        enumeration or a subclass of one of these.  That of a DICOM attribute follows from its value representation.

    Raises
    ------
    TypeError
        If the identifier is of the wrong type, or `value_type` is missing or superfluous.
    hdgpu.errors.VolumeError
        If there is no such attribute, its values are no numbers or strings, or a custom name is a DICOM keyword.

    Examples
    --------
    >>> ChannelDescriptor("DiffusionBValue").value_type
    <class 'float'>
    >>> ChannelDescriptor(0x00189087).description
    'Diffusion b-value'
    >>> ChannelDescriptor("model", is_custom=True, value_type=str)
    model
    """

    __slots__ = ("_is_custom", "_keyword", "_tag", "_value_type")

    _keyword: str
    _tag: BaseTag | None
    _value_type: type
    _is_custom: bool

    def __init__(
        self,
        identifier: str | int | ChannelDescriptor,
        is_custom: bool = False,
        value_type: type | None = None,
    ) -> None:
        if isinstance(identifier, ChannelDescriptor):
            self._keyword, self._tag = identifier._keyword, identifier._tag
            self._value_type, self._is_custom = identifier._value_type, identifier._is_custom
        elif not isinstance(identifier, str | int):
            raise TypeError("Argument 'identifier' must be an int or str.")
        elif is_custom:
            self._keyword, self._tag, self._is_custom = _custom_name(identifier), None, True
            self._value_type = _custom_type(value_type)
        else:
            if value_type is not None:
                raise TypeError("Argument 'value_type' should only be specified for a custom channel identifier.")
            self._keyword, self._tag, self._value_type = _attribute(identifier)
            self._is_custom = False

    @property
    def keyword(self) -> str:
        """DICOM keyword or custom name."""
        return self._keyword

    @property
    def tag(self) -> BaseTag | None:
        """DICOM tag of the attribute; None for custom descriptors."""
        return self._tag

    @property
    def description(self) -> str | None:
        """Name of the DICOM attribute, as the standard writes it; None for custom descriptors."""
        return None if self._tag is None else dictionary_description(self._tag)

    @property
    def is_custom(self) -> bool:
        """Whether the descriptor is custom, as opposed to a DICOM attribute."""
        return self._is_custom

    @property
    def value_type(self) -> type:
        """Python type of the quantity that varies along the axis."""
        return self._value_type

    @property
    def is_enumerated(self) -> bool:
        """Whether the values are those of an enumeration."""
        return issubclass(self._value_type, Enum)

    def __eq__(self, other: object) -> bool:
        return self._keyword == other._keyword if isinstance(other, ChannelDescriptor) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._keyword)

    def __str__(self) -> str:
        return self._keyword

    __repr__ = __str__


ChannelIdentifier: TypeAlias = str | int | ChannelDescriptor
ChannelValue: TypeAlias = Any  # str, int, float or Enum
ChannelsLike: TypeAlias = Mapping[Any, Sequence[ChannelValue]]
Channels: TypeAlias = dict[ChannelDescriptor, list[ChannelValue]]


def _custom_name(identifier: str | int) -> str:
    if not isinstance(identifier, str):
        raise TypeError("Custom identifiers must be specified via a string.")
    if not identifier or tag_for_keyword(identifier) is not None:
        raise VolumeError("a custom channel identifier must not be empty or a DICOM keyword", found=repr(identifier))
    return identifier


def _custom_type(value_type: type | None) -> type:
    if value_type is None:
        raise TypeError("Argument 'value_type' must be specified when defining a custom channel identifier.")
    if not isinstance(value_type, type):
        raise TypeError("Argument 'value_type' must be a type.")
    if not issubclass(value_type, str | int | float | Enum):
        raise VolumeError(
            "argument 'value_type' must be str, int, float, Enum or a subclass", found=value_type.__name__
        )
    return value_type


def _attribute(identifier: str | int) -> tuple[str, BaseTag, type]:
    """Return keyword, tag and Python type of the attribute of that keyword or tag."""
    number = tag_for_keyword(identifier) if isinstance(identifier, str) else identifier
    keyword = None if number is None else keyword_for_tag(number)
    if number is None or not keyword:
        raise VolumeError(
            "there is no DICOM attribute of such a channel identifier",
            found=repr(identifier),
            remedy="Pass is_custom=True for a name of your own",
        )
    tag = Tag(number)
    vr = dictionary_VR(tag)
    # "US or SS" and the like: an integer either way
    value_type = _TYPE_OF_VR.get(vr) or (int if set(vr.split(" or ")) == {"US", "SS"} else None)
    if value_type is None:
        raise VolumeError(
            f"the values of {keyword} cannot describe a channel", expected="numbers or text", found=f"VR {vr}"
        )
    return keyword, tag, value_type


RGB_COLOR_CHANNEL_DESCRIPTOR = ChannelDescriptor("RGBColorChannel", is_custom=True, value_type=RGBColorChannels)
"""Descriptor of the axis along which the colours of an RGB image lie."""


def parse_channels(channels: ChannelsLike | None, channel_shape: Sequence[int]) -> Channels:
    """Return descriptors and values, having made sure that they describe the channel axes of that shape.

    Raises
    ------
    TypeError
        If values are not of their descriptor's type.
    hdgpu.errors.VolumeError
        If the number of descriptors or of values does not match the shape, or two descriptors are the same.
    """
    given = {} if channels is None else channels
    if len(given) != len(channel_shape):
        raise VolumeError(
            "the number of items in 'channels' does not match the channel axes of the array",
            expected=len(channel_shape),
            found=len(given),
        )
    parsed: Channels = {}
    for (identifier, values), size in zip(given.items(), channel_shape, strict=True):
        descriptor = ChannelDescriptor(identifier)
        if descriptor in parsed:
            raise VolumeError("channel identifiers must represent unique attributes", found=f"{descriptor} twice")
        if len(values) != size:
            raise VolumeError(
                f"the number of values of channel {descriptor} does not match its axis",
                expected=size,
                found=len(values),
            )
        parsed[descriptor] = [_checked_value(descriptor, value) for value in values]
    return parsed


def _checked_value(descriptor: ChannelDescriptor, value: ChannelValue) -> ChannelValue:
    if descriptor.is_enumerated:
        return descriptor.value_type(value)
    if not isinstance(value, descriptor.value_type):
        raise TypeError(
            f"Values of channel {descriptor} must be of type {descriptor.value_type.__name__}, "
            f"not {type(value).__name__}."
        )
    return value


def find_channel(channels: Channels, identifier: ChannelIdentifier) -> int:
    """Return the position of a channel among the channels: 0 is axis 3 of the array.

    Raises
    ------
    TypeError
        If the identifier is neither keyword, tag nor descriptor.
    hdgpu.errors.VolumeError
        If the channels have none like it.
    """
    if not isinstance(identifier, str | int | ChannelDescriptor):
        raise TypeError(f"Invalid type for channel identifier: {type(identifier).__name__}")
    for number, descriptor in enumerate(channels):
        if identifier in (descriptor, descriptor.keyword, descriptor.tag):
            return number
    raise VolumeError(
        "the volume has no such channel", expected=", ".join(map(str, channels)) or "no channel", found=repr(identifier)
    )


def channel_index(descriptor: ChannelDescriptor, values: Sequence[ChannelValue], value: ChannelValue) -> int:
    """Return the index of a value along its channel, the first where there are several.

    Raises
    ------
    TypeError
        If the value is not of the descriptor's type.
    hdgpu.errors.VolumeError
        If the value is not among them.
    """
    wanted = _checked_value(descriptor, value)
    try:
        return list(values).index(wanted)
    except ValueError:
        raise VolumeError(f"channel {descriptor} has no such value", expected=list(values), found=repr(value)) from None

"""What a volume can do with its channel axes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

from hdgpu.array.namespace import Array, array_namespace
from hdgpu.errors import VolumeError
from hdgpu.volume.channels import (
    ChannelDescriptor,
    ChannelIdentifier,
    Channels,
    ChannelsLike,
    ChannelValue,
    channel_index,
    find_channel,
)

__all__ = ["ChannelAxes"]


class ChannelAxes(ABC):
    """Operations on the channel axes of an array, which come after its three spatial ones."""

    _array: Array
    _channels: Channels

    @abstractmethod
    def _derived(self, array: Array, channels: ChannelsLike | None = None) -> Self:
        """Return a volume with another array and other channels."""

    @property
    def number_of_channel_dimensions(self) -> int:
        """Number of channel axes."""
        return len(self._channels)

    @property
    def channel_shape(self) -> tuple[int, ...]:
        """Shape of the array along the channel axes."""
        return tuple(self._array.shape[3:])

    @property
    def channel_descriptors(self) -> tuple[ChannelDescriptor, ...]:
        """Descriptor of each channel axis."""
        return tuple(self._channels)

    def get_channel_values(self, channel_identifier: ChannelIdentifier) -> list[ChannelValue]:
        """Get a copy of the values along a channel axis.

        Parameters
        ----------
        channel_identifier : ChannelDescriptor, str or int
            Descriptor, keyword or tag of the channel.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the volume has no such channel (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> channels = {"DiffusionBValue": [0.0, 1000.0]}
        >>> volume = Volume(np.zeros((2, 3, 4, 2)), np.eye(4), "PATIENT", channels=channels)
        >>> volume.get_channel_values("DiffusionBValue")
        [0.0, 1000.0]
        """
        return list(self._channels[self.channel_descriptors[find_channel(self._channels, channel_identifier)]])

    def get_channel(self, *, keepdims: bool = False, **kwargs: ChannelValue) -> Self:
        """Get the volume at one value along one or more channel axes.

        Parameters
        ----------
        keepdims : bool
            Whether to keep these axes, with one element.
        **kwargs
            Value for each channel, by its keyword.

        Raises
        ------
        TypeError
            If a value is not of the channel's type.
        hdgpu.errors.VolumeError
            If the volume has no such channel, or the channel no such value (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> array = np.arange(48).reshape(2, 3, 4, 2)
        >>> volume = Volume(array, np.eye(4), "PATIENT", channels={"DiffusionBValue": [0.0, 1000.0]})
        >>> volume.get_channel(DiffusionBValue=1000.0).array[0, 0]
        array([1, 3, 5, 7])
        """
        channels = dict(self._channels)
        index: list[int | slice] = [slice(None)] * self._array.ndim
        for keyword, value in kwargs.items():
            number = find_channel(self._channels, keyword)
            descriptor = self.channel_descriptors[number]
            position = channel_index(descriptor, self._channels[descriptor], value)
            index[3 + number] = slice(position, position + 1) if keepdims else position
            if keepdims:
                channels[descriptor] = [self._channels[descriptor][position]]
            else:
                del channels[descriptor]
        return self._derived(self._array[tuple(index)], channels)

    def permute_channel_axes(self, channel_identifiers: Sequence[ChannelIdentifier]) -> Self:
        """Get a volume with the channel axes in another order.

        Parameters
        ----------
        channel_identifiers : sequence
            Descriptors, keywords or tags of all channels of the volume, in the new order.

        Raises
        ------
        hdgpu.errors.VolumeError
            If these are not all the channels of the volume, each once (also a ValueError).
        """
        return self.permute_channel_axes_by_index([find_channel(self._channels, each) for each in channel_identifiers])

    def permute_channel_axes_by_index(self, indices: Sequence[int]) -> Self:
        """Get a volume with the channel axes in another order.

        Parameters
        ----------
        indices : sequence of int
            For each new channel axis, the number of the channel that it is now: 0 is axis 3 of the array.

        Raises
        ------
        hdgpu.errors.VolumeError
            If these are not all the channels of the volume, each once (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> channels = {"DiffusionBValue": [0.0, 1000.0], "EchoTime": [10.0]}
        >>> volume = Volume(np.zeros((2, 3, 4, 2, 1)), np.eye(4), "PATIENT", channels=channels)
        >>> volume.permute_channel_axes_by_index([1, 0]).channel_descriptors
        (EchoTime, DiffusionBValue)
        """
        if sorted(indices) != list(range(len(self._channels))):
            raise VolumeError(
                "a permutation names each channel of the volume once",
                expected=list(range(len(self._channels))),
                found=list(indices),
            )
        descriptors = [self.channel_descriptors[number] for number in indices]
        axes = (0, 1, 2, *(3 + number for number in indices))
        array = array_namespace(self._array).permute_dims(self._array, axes)
        return self._derived(array, {each: self._channels[each] for each in descriptors})

    def squeeze_channel(self, channel_descriptors: Sequence[ChannelIdentifier] | None = None) -> Self:
        """Get a volume without channel axes of one element.

        Parameters
        ----------
        channel_descriptors : sequence or None
            Descriptors, keywords or tags of the channels to remove; None for all of one element.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the volume has no such channel, or it has several elements (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.zeros((2, 3, 4, 1)), np.eye(4), "PATIENT", channels={"EchoTime": [10.0]})
        >>> volume.squeeze_channel().shape
        (2, 3, 4)
        """
        if channel_descriptors is None:
            removed = {number for number, size in enumerate(self.channel_shape) if size == 1}
        else:
            removed = {find_channel(self._channels, each) for each in channel_descriptors}
        for number in removed:
            if self.channel_shape[number] != 1:
                raise VolumeError(
                    f"channel {self.channel_descriptors[number]} cannot be squeezed",
                    expected="one element",
                    found=self.channel_shape[number],
                )
        kept = {each: self._channels[each] for n, each in enumerate(self._channels) if n not in removed}
        index = tuple(0 if axis - 3 in removed else slice(None) for axis in range(self._array.ndim))
        return self._derived(self._array[index], kept)

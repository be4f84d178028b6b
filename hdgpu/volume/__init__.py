"""Volumes: arrays of voxels that know where they lie."""

from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor
from hdgpu.volume.geometry import VolumeGeometry
from hdgpu.volume.transformer import VolumeToVolumeTransformer
from hdgpu.volume.volume import Volume

__all__ = ["RGB_COLOR_CHANNEL_DESCRIPTOR", "ChannelDescriptor", "Volume", "VolumeGeometry", "VolumeToVolumeTransformer"]

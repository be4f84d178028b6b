"""Single frames: decode and encode them without a data set around."""

from hdgpu.codecs.single_frame import decode_frame, encode_frame, get_lossy_compression_attributes

__all__ = ["decode_frame", "encode_frame", "get_lossy_compression_attributes"]

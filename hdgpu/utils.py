"""Positions of planes and tiles: the names of ``highdicom.utils``."""

from __future__ import annotations

from hdgpu.content.plane_positions import (
    are_plane_positions_tiled_full,
    compute_plane_position_slide_per_frame,
    compute_plane_position_tiled_full,
    get_plane_positions_of_image,
    get_plane_positions_of_series,
)
from hdgpu.geometry.attributes import is_tiled_image
from hdgpu.geometry.functional_groups import is_multiframe_image
from hdgpu.geometry.tiled_full import iter_tiled_full_frame_data
from hdgpu.geometry.tiles import get_tile_array, tile_pixel_matrix

__all__ = [
    "are_plane_positions_tiled_full",
    "compute_plane_position_slide_per_frame",
    "compute_plane_position_tiled_full",
    "get_plane_positions_of_image",
    "get_plane_positions_of_series",
    "get_tile_array",
    "is_multiframe_image",
    "is_tiled_image",
    "iter_tiled_full_frame_data",
    "tile_pixel_matrix",
]

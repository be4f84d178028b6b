"""Positions of pixels, images and volumes in space: the names of ``highdicom.spatial``.

What they do is in `hdgpu.geometry`, one idea a module.  Coordinates are arrays of any library, and stay in it and on
their device; positions, orientations and affines are few and on the host.

Examples
--------
>>> import numpy as np
>>> import hdgpu as hd
>>> from pydicom import examples
>>> transformer = hd.spatial.PixelToReferenceTransformer.for_image(examples.ct)
>>> transformer(np.array([[0, 0], [127, 127]])).round(2).tolist()
[[-158.14, -179.04, -75.7], [-74.13, -95.03, -75.7]]
"""

from __future__ import annotations

from hdgpu.geometry.attributes import get_image_coordinate_system, is_tiled_image
from hdgpu.geometry.conventions import VOLUME_INDEX_CONVENTION
from hdgpu.geometry.functional_groups import is_multiframe_image
from hdgpu.geometry.image_affine import (
    create_affine_matrix_from_attributes,
    create_affine_matrix_from_components,
    create_rotation_matrix,
    get_normal_vector,
)
from hdgpu.geometry.image_to_image import ImageToImageTransformer, PixelToPixelTransformer
from hdgpu.geometry.image_to_reference import (
    ImageToReferenceTransformer,
    PixelToReferenceTransformer,
    map_pixel_into_coordinate_system,
)
from hdgpu.geometry.orientation import (
    LPS_PATIENT_REFERENCE_CONVENTION,
    PATIENT_ORIENTATION_OPPOSITES,
    RAS_PATIENT_REFERENCE_CONVENTION,
    convert_affine_to_convention,
    get_closest_patient_orientation,
    rotation_for_patient_orientation,
)
from hdgpu.geometry.planes import are_points_coplanar
from hdgpu.geometry.positions import get_plane_sort_index, get_volume_positions
from hdgpu.geometry.reference_to_image import (
    ReferenceToImageTransformer,
    ReferenceToPixelTransformer,
    map_coordinate_into_pixel_matrix,
)
from hdgpu.geometry.series_positions import get_dataset_sort_index, get_series_volume_positions, sort_datasets
from hdgpu.geometry.tiled_full import iter_tiled_full_frame_data
from hdgpu.geometry.tiles import compute_tile_positions_per_frame, get_tile_array, tile_pixel_matrix

__all__ = [
    "LPS_PATIENT_REFERENCE_CONVENTION",
    "PATIENT_ORIENTATION_OPPOSITES",
    "RAS_PATIENT_REFERENCE_CONVENTION",
    "VOLUME_INDEX_CONVENTION",
    "ImageToImageTransformer",
    "ImageToReferenceTransformer",
    "PixelToPixelTransformer",
    "PixelToReferenceTransformer",
    "ReferenceToImageTransformer",
    "ReferenceToPixelTransformer",
    "are_points_coplanar",
    "compute_tile_positions_per_frame",
    "convert_affine_to_convention",
    "create_affine_matrix_from_attributes",
    "create_affine_matrix_from_components",
    "create_rotation_matrix",
    "get_closest_patient_orientation",
    "get_dataset_sort_index",
    "get_image_coordinate_system",
    "get_normal_vector",
    "get_plane_sort_index",
    "get_series_volume_positions",
    "get_tile_array",
    "get_volume_positions",
    "is_multiframe_image",
    "is_tiled_image",
    "iter_tiled_full_frame_data",
    "map_coordinate_into_pixel_matrix",
    "map_pixel_into_coordinate_system",
    "rotation_for_patient_orientation",
    "sort_datasets",
    "tile_pixel_matrix",
]

"""The single-frame images of a series: in which order they lie, and at which places of a regular volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hdgpu.enum import AxisHandedness
from hdgpu.errors import EmptySeriesError, InvalidAttributeError, MixedOrientationError
from hdgpu.geometry.affine import as_vector, checked_orientation
from hdgpu.geometry.conventions import VOLUME_INDEX_CONVENTION, IndexConventionLike
from hdgpu.geometry.functional_groups import is_multiframe_image, optional, required
from hdgpu.geometry.positions import get_plane_sort_index, get_volume_positions

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["get_dataset_sort_index", "get_series_volume_positions", "sort_datasets"]

_Cosines = tuple[float, ...]


def get_dataset_sort_index(
    datasets: Sequence[Dataset],
    index_convention: IndexConventionLike = VOLUME_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
) -> list[int]:
    """Get the order in which parallel single-frame images lie along their normal.

    Parameters
    ----------
    datasets : sequence of pydicom.Dataset
        Images of the same orientation.
    index_convention, handedness
        Which way they are ordered: see `hdgpu.geometry.positions.get_plane_sort_index`.

    Returns
    -------
    list of int
        For each place in the stack, the index of the image that lies there.

    Raises
    ------
    hdgpu.errors.EmptySeriesError
        If there is no image (also an IndexError).
    hdgpu.errors.InvalidAttributeError
        If one is of a multi-frame kind (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If one has no position or no orientation (also an AttributeError).
    hdgpu.errors.MixedOrientationError
        If they differ in orientation (also a ValueError).
    """
    _require_single_frames(datasets)
    orientations = [_orientation(dataset) for dataset in datasets]
    for each in orientations:
        if not np.allclose(each, orientations[0]):
            raise MixedOrientationError("the images differ in orientation", expected=orientations[0], found=each)
    return get_plane_sort_index(_positions(datasets), orientations[0], index_convention, handedness)


def sort_datasets(
    datasets: Sequence[Dataset],
    index_convention: IndexConventionLike = VOLUME_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
) -> list[Dataset]:
    """Sort parallel single-frame images along their normal: see `get_dataset_sort_index` for parameters and errors."""
    return [datasets[each] for each in get_dataset_sort_index(datasets, index_convention, handedness)]


def get_series_volume_positions(
    datasets: Sequence[Dataset],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    perpendicular_tol: float | None = None,
    orientation_tol: float | None = None,
    sort: bool = True,
    allow_missing_positions: bool = False,
    allow_duplicate_positions: bool = False,
    index_convention: IndexConventionLike = VOLUME_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
    enforce_handedness: bool = False,
) -> tuple[float | None, list[int] | None]:
    """Get the spacing of single-frame images and the place of each of them, if together they are a regular volume.

    Parameters
    ----------
    datasets : sequence of pydicom.Dataset
        Images of a series.  One by itself is a volume with a spacing of 1 mm.
    orientation_tol : float, optional
        By how much the cosines between rows, and between columns, of an image and of most may differ from 1.  None to
        insist on equal orientations.
    rtol, atol, perpendicular_tol, sort, allow_missing_positions, allow_duplicate_positions, index_convention, \
handedness, enforce_handedness
        See `hdgpu.geometry.positions.get_volume_positions`.  Where positions may be missing, Spacing Between Slices
        (0018,0088) of the first image is taken for the spacing, if it is there.

    Returns
    -------
    spacing : float or None
        Spacing between images in mm.  None if they are no volume.
    positions : list of int or None
        Place of each image in the volume, counted from 0.  None if they are no volume.

    Raises
    ------
    hdgpu.errors.EmptySeriesError
        If there is no image (also a ValueError).
    hdgpu.errors.InvalidAttributeError
        If one is of a multi-frame kind (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If one has no position or no orientation (also an AttributeError).
    TypeError, hdgpu.errors.VolumeError
        If options contradict each other: see `hdgpu.geometry.positions.get_volume_positions`.

    Examples
    --------
    >>> from pydicom import examples
    >>> get_series_volume_positions([examples.ct])
    (1.0, [0])
    """
    if len(datasets) == 1:
        return 1.0, [0]
    _require_single_frames(datasets)
    orientation = _common_orientation([_orientation(dataset) for dataset in datasets], orientation_tol)
    if orientation is None:
        return None, None
    hint = optional(datasets[0], "SpacingBetweenSlices") if allow_missing_positions else None
    return get_volume_positions(
        _positions(datasets),
        orientation,
        rtol=rtol,
        atol=atol,
        perpendicular_tol=perpendicular_tol,
        sort=sort,
        allow_missing_positions=allow_missing_positions,
        allow_duplicate_positions=allow_duplicate_positions,
        spacing_hint=float(hint) if hint else None,
        index_convention=index_convention,
        handedness=handedness,
        enforce_handedness=enforce_handedness,
    )


def _require_single_frames(datasets: Sequence[Dataset]) -> None:
    if not len(datasets):
        raise EmptySeriesError("there is no image")
    for number, dataset in enumerate(datasets):
        if is_multiframe_image(dataset):
            raise InvalidAttributeError(
                "single-frame images are needed",
                tag="(0008,0016) 'SOPClassUID'",
                found=f"a multi-frame kind, {dataset.SOPClassUID}, in data set {number}",
            )


def _orientation(dataset: Dataset) -> _Cosines:
    return tuple(checked_orientation(required(dataset, "ImageOrientationPatient")).tolist())


def _positions(datasets: Sequence[Dataset]) -> list[list[float]]:
    return [
        as_vector(required(dataset, "ImagePositionPatient"), 3, "ImagePositionPatient").tolist() for dataset in datasets
    ]


def _common_orientation(orientations: list[_Cosines], tolerance: float | None) -> _Cosines | None:
    """Return the orientation that most images have, or None if one differs from it by more than the tolerance."""
    ((common, _),) = Counter(orientations).most_common(1)
    rows, columns = np.reshape(common, (2, 3))
    for each in {*orientations} - {common}:
        other_rows, other_columns = np.reshape(each, (2, 3))
        least = min(float(rows @ other_rows), float(columns @ other_columns))
        if tolerance is None or least < 1.0 - tolerance:
            return None
    return common

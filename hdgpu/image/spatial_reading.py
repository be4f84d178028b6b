"""What an image gives of its place in space: its geometry, and volumes and matrices put together from its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import Device
from hdgpu.array.namespace import Array
from hdgpu.enum import CoordinateSystemNames, RGBColorChannels
from hdgpu.errors import InvalidAttributeError, MissingAttributeError, StackError, TilingError, VolumeIndexError
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.tiling import TileTable, read_tiles
from hdgpu.geometry.attributes import get_image_coordinate_system, is_tiled_image
from hdgpu.image.decode import DecodeOptions
from hdgpu.image.placement import (
    FrameStack,
    Tolerances,
    coordinate_system_of,
    matrix_affine,
    require_no_duplicates,
    stack_frames,
)
from hdgpu.image.reading import FrameReading
from hdgpu.image.selection import selected_range
from hdgpu.pixels.options import TransformOptions
from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR
from hdgpu.volume.geometry import VolumeGeometry
from hdgpu.volume.volume import Volume

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["SpatialReading"]


class SpatialReading(FrameReading):
    """Volumes and total pixel matrices: only the frames are read that the part asked for needs."""

    _tiles_of: tuple[object, TileTable] | None = None

    @property
    def _dataset(self) -> Dataset:
        """The image as the data set that it is."""
        return cast("Dataset", self)

    @property
    def coordinate_system(self) -> CoordinateSystemNames | None:
        """Coordinate system in which the image is placed; None if it has no frame of reference, or no place in it."""
        return get_image_coordinate_system(self._dataset)

    @property
    def is_tiled(self) -> bool:
        """Whether the frames are tiles of a total pixel matrix."""
        return is_tiled_image(self._dataset)

    def is_indexable_as_total_pixel_matrix(self) -> bool:
        """Return whether rows and columns of a total pixel matrix can be asked for.

        That is so if the image is tiled, and says of each frame where it lies.
        """
        if not self.is_tiled:
            return False
        try:
            self._tiles()
        except TilingError:  # it says where, and that is wrong: asking for it tells
            return True
        except (MissingAttributeError, InvalidAttributeError):
            return False
        return True

    def _tiles(self) -> TileTable:
        access = self._access
        known = self._tiles_of
        if known is not None and known[0] is access:
            return known[1]
        access.require_pixels()
        tiles = read_tiles(self._dataset, access.instance)
        object.__setattr__(self, "_tiles_of", (access, tiles))
        return tiles

    def _stack(self, tolerances: Tolerances, *, allow_missing_positions: bool) -> FrameStack:
        access = self._access
        access.require_pixels()
        return stack_frames(access.instance, access.table, tolerances, allow_missing_positions=allow_missing_positions)

    def get_volume_geometry(
        self,
        *,
        rtol: float | None = None,
        atol: float | None = None,
        perpendicular_tol: float | None = None,
        allow_missing_positions: bool = False,
        allow_duplicate_positions: bool = True,
    ) -> VolumeGeometry | None:
        """Get the geometry of the volume that the frames form: a stack of planes, or a matrix of tiles.

        Of several focal planes it is that of the first frame.

        Parameters
        ----------
        rtol, atol : float, optional
            By how much distances between slices may differ from their mean, as a part of it (0.01 by default) or in mm.
        perpendicular_tol : float, optional
            By how much the cosine between the direction of stacking and the normal may differ from 1 (0.001 by
            default).
        allow_missing_positions : bool, optional
            Whether there may be positions without a frame.
        allow_duplicate_positions : bool, optional
            Whether several frames may lie at one position.

        Returns
        -------
        VolumeGeometry or None
            None if the frames form no volume.

        Raises
        ------
        TypeError
            If both `rtol` and `atol` are given.
        """
        dataset, name = self._dataset, self._access.instance.name
        system = get_image_coordinate_system(dataset)
        if system is None:
            return None
        uid = dataset.get("FrameOfReferenceUID")
        if self.is_tiled:
            rows, columns = int(dataset.TotalPixelMatrixRows), int(dataset.TotalPixelMatrixColumns)
            return VolumeGeometry(matrix_affine(dataset, self._access.instance), (1, rows, columns), system, uid)
        try:
            stack = self._stack(
                Tolerances(rtol, atol, perpendicular_tol), allow_missing_positions=allow_missing_positions
            )
            if not allow_duplicate_positions:
                require_no_duplicates(stack, name)
        except StackError:
            return None
        pixel = self._access.instance.pixel
        return VolumeGeometry(stack.affine, (len(stack.order), pixel.rows, pixel.columns), system, uid)

    def get_volume(
        self,
        *,
        slice_start: int | None = None,
        slice_end: int | None = None,
        row_start: int | None = None,
        row_end: int | None = None,
        column_start: int | None = None,
        column_end: int | None = None,
        as_indices: bool = False,
        dtype: npt.DTypeLike = np.float64,
        apply_real_world_transform: bool | None = None,
        real_world_value_map_selector: Any = 0,
        apply_modality_transform: bool | None = None,
        apply_voi_transform: bool | None = False,
        voi_transform_selector: Any = 0,
        voi_output_range: tuple[float, float] = (0.0, 1.0),
        apply_presentation_lut: bool = True,
        apply_palette_color_lut: bool | None = None,
        apply_icc_profile: bool | None = None,
        allow_missing_positions: bool = False,
        rtol: float | None = None,
        atol: float | None = None,
        perpendicular_tol: float | None = None,
        channel: str | int | None = None,
        focal_plane: int | None = None,
        device: str | Device | None = None,
        workers: int | None = None,
        fallback: str = "cpu",
    ) -> Volume:
        """Put the frames together as a volume: a stack of planes, or a matrix of tiles of one slice.

        Parameters
        ----------
        slice_start, slice_end : int or None, optional
            First slice, and one beyond the last, in the order of the volume.
        row_start, row_end, column_start, column_end : int or None, optional
            First row and column, and one beyond the last; of the total pixel matrix if the image is tiled.
        as_indices : bool, optional
            Whether these are counted from 0 instead of 1.  Negative numbers count from the end in any case.
        dtype, apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, \
apply_voi_transform, voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, \
apply_icc_profile, device, workers, fallback
            As for :meth:`get_frames`.
        allow_missing_positions : bool, optional
            Whether slices or tiles may be left zero because there is no frame for them.
        rtol, atol, perpendicular_tol : float, optional
            As for :meth:`get_volume_geometry`.
        channel, focal_plane : optional
            As for :meth:`get_total_pixel_matrix`.

        Raises
        ------
        hdgpu.errors.VolumeIndexError
            If a bound lies outside, or nothing is selected (also a ValueError and an IndexError).
        hdgpu.errors.CoordinateSystemError
            If the image has no frame of reference (also a RuntimeError).
        hdgpu.errors.StackError, hdgpu.errors.TilingError
            If the frames form no volume: the kind of error says why (also a RuntimeError).
        hdgpu.errors.HdgpuError
            If a frame cannot be decoded or transformed.

        Examples
        --------
        >>> import hdgpu as hd
        >>> from pydicom.data import get_testdata_file
        >>> image = hd.imread(get_testdata_file("eCT_Supplemental.dcm"))
        >>> volume = image.get_volume(slice_start=2, row_end=101, apply_real_world_transform=False)
        >>> volume.shape
        (1, 100, 512)
        """
        options = TransformOptions.of(locals())
        how = DecodeOptions.of(device, workers, fallback)
        dataset, access = self._dataset, self._access
        system = coordinate_system_of(dataset, access.instance.name)
        bounds = (slice_start, slice_end, row_start, row_end, column_start, column_end)
        if self.is_tiled:
            tiles = self._tiles()
            first_tile = int(np.argmax(tiles.plane == (focal_plane or 0)))  # which there is was seen to by then
            sizes = (1, *tiles.matrix)
            slices, rows, columns = _ranges(bounds, sizes, as_indices)
            place = channel, focal_plane
            array, report = self._matrix(
                tiles, rows, columns, options, dtype, place, how, allow_missing=allow_missing_positions
            )
            affine = matrix_affine(dataset, access.instance, first_tile)
        else:
            stack = self._stack(
                Tolerances(rtol, atol, perpendicular_tol), allow_missing_positions=allow_missing_positions
            )
            require_no_duplicates(stack, access.instance.name)
            affine, sizes = stack.affine, (len(stack.order), access.instance.pixel.rows, access.instance.pixel.columns)
            slices, rows, columns = _ranges(bounds, sizes, as_indices)
            order = stack.order[slices.start : slices.stop]

            def planner(frame_shape: tuple[int, ...]) -> ScatterPlan:
                return ScatterPlan.stack(order, frame_shape, dtype, crop=(rows, columns))

            numbers = np.sort(order[order >= 0])
            array, report = access.run(planner, numbers, options, dtype, how)
        first_voxel = np.array([slices.start, rows.start, columns.start, 1.0])
        affine = affine.copy()
        affine[:3, 3] = (affine @ first_voxel)[:3]
        channels = {RGB_COLOR_CHANNEL_DESCRIPTOR: list(RGBColorChannels)} if array.ndim == 4 else None
        return Volume(array, affine, system, dataset.get("FrameOfReferenceUID"), channels, report=report)

    def get_total_pixel_matrix(
        self,
        row_start: int | None = None,
        row_end: int | None = None,
        column_start: int | None = None,
        column_end: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        apply_real_world_transform: bool | None = None,
        real_world_value_map_selector: Any = 0,
        apply_modality_transform: bool | None = None,
        apply_voi_transform: bool | None = False,
        voi_transform_selector: Any = 0,
        voi_output_range: tuple[float, float] = (0.0, 1.0),
        apply_presentation_lut: bool = True,
        apply_palette_color_lut: bool | None = None,
        apply_icc_profile: bool | None = None,
        as_indices: bool = False,
        *,
        channel: str | int | None = None,
        focal_plane: int | None = None,
        device: str | Device | None = None,
        workers: int | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the total pixel matrix of a tiled image, or a region of it, from the tiles that it touches alone.

        Parameters
        ----------
        row_start, row_end, column_start, column_end : int or None, optional
            First row and column, and one beyond the last.
        dtype, apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, \
apply_voi_transform, voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, \
apply_icc_profile, device, workers, fallback
            As for :meth:`get_frames`.
        as_indices : bool, optional
            Whether rows and columns are counted from 0 instead of 1.  Negative ones count from the end in any case.
        channel : str or int, optional
            Optical path identifier, or segment number: needed if there are several.
        focal_plane : int, optional
            Number of the focal plane, from 0 for the one nearest to the slide: needed if there are several.

        Returns
        -------
        array
            (rows, columns), or (rows, columns, 3) for colour.

        Raises
        ------
        hdgpu.errors.TilingError
            If the image is not tiled, tiles of the region are missing, or several lie on one another (also a
            RuntimeError).
        hdgpu.errors.VolumeIndexError
            If a bound lies outside (also a ValueError).
        hdgpu.errors.HdgpuError
            If a frame cannot be decoded or transformed.
        """
        options = TransformOptions.of(locals())
        how = DecodeOptions.of(device, workers, fallback)
        if not self.is_tiled:
            raise TilingError("the image is not tiled", source=self._access.instance.name)
        tiles = self._tiles()
        rows = selected_range(row_start, row_end, tiles.matrix[0], as_indices=as_indices, what="row")
        columns = selected_range(column_start, column_end, tiles.matrix[1], as_indices=as_indices, what="column")
        array, _ = self._matrix(tiles, rows, columns, options, dtype, (channel, focal_plane), how)
        return array[0, ...]

    def _matrix(
        self,
        tiles: TileTable,
        rows: range,
        columns: range,
        options: TransformOptions,
        dtype: npt.DTypeLike,
        place: tuple[str | int | None, int | None],
        how: DecodeOptions,
        *,
        allow_missing: bool = False,
    ) -> tuple[Array, Any]:
        channel, focal_plane = place
        chosen: Any = {"channel": channel, "focal_plane": focal_plane, "allow_missing": allow_missing}

        def planner(frame_shape: tuple[int, ...]) -> ScatterPlan:
            return tiles.plan_region(rows, columns, frame_shape[2:], dtype, **chosen)

        # The shape of a frame does not change which frames there are.
        numbers = np.sort(planner((1, 1)).frame)
        return self._access.run(planner, numbers, options, dtype, how)


def _ranges(
    bounds: tuple[int | None, ...], sizes: tuple[int, int, int], as_indices: bool
) -> tuple[range, range, range]:
    """Return the slices, rows and columns that are selected."""
    slices, rows, columns = (
        selected_range(start, end, size, as_indices=as_indices, what=what)
        for start, end, size, what in zip(bounds[::2], bounds[1::2], sizes, ("slice", "row", "column"), strict=True)
    )
    if not (slices and rows and columns):
        raise VolumeIndexError("the bounds select nothing", found=bounds)
    return slices, rows, columns

"""What DICOM says of the planes of Volume and VolumeGeometry, with frames stacked down axis 0 (PS3.3 C.7.6.16.2)."""

from __future__ import annotations

import operator

from hdgpu.content.plane import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import VolumeIndexError
from hdgpu.volume.placement import Placement

__all__ = ["Planes"]


class Planes(Placement):
    """The functional groups that place the planes of a volume in space."""

    def get_pixel_measures(self) -> PixelMeasuresSequence:
        """Get the pixel measures of the volume, with frames down axis 0, rows down axis 1 and columns down axis 2.

        The slice thickness is the spacing between slices, for a volume has no gaps.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.diag([2.5, 0.5, 0.5, 1.0]), (2, 3, 4), "PATIENT").get_pixel_measures()[0].SliceThickness
        '2.5'
        """
        return PixelMeasuresSequence(self.pixel_spacing, self.spacing_between_slices, self.spacing_between_slices)

    def get_plane_orientation(self) -> PlaneOrientationSequence:
        """Get the orientation of the planes, with frames down axis 0, rows down axis 1 and columns down axis 2.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").get_plane_orientation().cosines
        (0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
        """
        return PlaneOrientationSequence(self.coordinate_system, self.direction_cosines)

    def get_plane_position(self, plane_index: int) -> PlanePositionSequence:
        """Get the position of a plane: in the slide coordinate system as the first tile of a total pixel matrix.

        Parameters
        ----------
        plane_index : int
            Index of the plane down axis 0, counted from zero.

        Raises
        ------
        hdgpu.errors.VolumeIndexError
            If there is no such plane; there are no negative indices here (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").get_plane_position(1)[0].ImagePositionPatient
        [1.0, 0.0, 0.0]
        """
        index, count = operator.index(plane_index), self.spatial_shape[0]
        if not 0 <= index < count:
            raise VolumeIndexError("there is no such plane", expected=f"0 to {count - 1}", found=plane_index)
        (position,) = self.map_indices_to_reference([[index, 0, 0]]).tolist()
        in_slide = self.coordinate_system is CoordinateSystemNames.SLIDE
        return PlanePositionSequence(self.coordinate_system, position, (1, 1) if in_slide else None)

    def get_plane_positions(self) -> list[PlanePositionSequence]:
        """Get the positions of all planes, in the order in which they are stacked down axis 0.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> len(VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").get_plane_positions())
        2
        """
        return [self.get_plane_position(index) for index in range(self.spatial_shape[0])]

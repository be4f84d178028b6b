"""Which ICC profile the colours of a frame have: the image's own, or else that of the frame's optical path.

Slides have none of their own, but one for each optical path (PS3.3 C.11.15, C.8.12.5).
"""

from __future__ import annotations

from collections.abc import Collection

from hdgpu.dicom.header import Header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import UnsupportedTransformError
from hdgpu.geometry.tiles import tile_grid

__all__ = ["IccProfiles"]


class IccProfiles:
    """The ICC profiles of an instance.

    Parameters
    ----------
    instance : Instance

    Raises
    ------
    InvalidAttributeError
        If the Optical Path Sequence is damaged.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        own = instance.header.values.get(Tag.ICC_PROFILE) or None
        paths = [] if own else list(instance.header.items(Tag.OPTICAL_PATH_SEQUENCE))
        self._names = [path.text(Tag.OPTICAL_PATH_IDENTIFIER) for path in paths]
        self._profiles = [path.values.get(Tag.ICC_PROFILE) or None for path in paths] or [own]

    def of_frames(self, frames: Collection[int] | None = None) -> tuple[bytes | None, ...]:
        """Return the profile of each frame, one for all where they share it; None stands for no profile.

        Parameters
        ----------
        frames : collection of int, optional
            Zero-based numbers; all by default.  The profiles are in ascending order of them.

        Raises
        ------
        UnsupportedTransformError
            If optical paths have profiles that differ, and nothing says which path a frame is of.
        InvalidAttributeError
            If the functional groups are damaged.
        """
        if len(set(self._profiles)) == 1:
            return (self._profiles[0],)
        return tuple([self._profiles[path] for path in self._paths(frames)])

    def _paths(self, frames: Collection[int] | None) -> list[int]:
        """Return the number of each frame's optical path: named in functional groups, or told by the frames' order."""
        instance, tag = self._instance, Tag.OPTICAL_PATH_IDENTIFICATION_SEQUENCE
        if Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE in instance.header:
            return [self._named(path) for (path,) in instance.functional_groups([tag], frames)]
        numbers = range(instance.number_of_frames) if frames is None else sorted(frames)
        (shared,) = instance.shared_functional_groups([tag])
        if shared is not None:
            return [self._named(shared)] * len(numbers)
        per_path = self._frames_per_path()
        return [number // per_path for number in numbers]

    def _named(self, identification: Header | None) -> int:
        name = None if identification is None else identification.text(Tag.OPTICAL_PATH_IDENTIFIER)
        if name is None or self._names.count(name) != 1:
            raise self._in_doubt(repr(name) if name else "none")
        return self._names.index(name)

    def _frames_per_path(self) -> int:
        """Return how many frames of a TILED_FULL image follow each other before the path changes (PS3.3 C.7.6.17.3)."""
        header, pixel = self._instance.header, self._instance.pixel
        rows, columns, planes = (
            (header.binary_integers(tag, "I") or (0,))[0]
            for tag in (
                Tag.TOTAL_PIXEL_MATRIX_ROWS,
                Tag.TOTAL_PIXEL_MATRIX_COLUMNS,
                Tag.TOTAL_PIXEL_MATRIX_FOCAL_PLANES,
            )
        )
        if not (rows and columns):
            raise self._in_doubt("none")
        high, wide = tile_grid(rows, columns, pixel.rows, pixel.columns)
        per_path = high * wide * max(planes, 1)
        if self._instance.number_of_frames != per_path * len(self._profiles):  # one of a concatenation, perhaps
            raise self._in_doubt("none")
        return per_path

    def _in_doubt(self, found: str) -> UnsupportedTransformError:
        return UnsupportedTransformError(
            "the optical paths have different ICC profiles, and nothing says which of them a frame is of",
            source=self._instance.name,
            tag=describe_tag(Tag.OPTICAL_PATH_IDENTIFIER),
            expected=" or ".join(map(repr, self._names)),
            found=found,
            remedy="Leave the colours as they are: apply_icc_profile=False, or correct_color=False of a reader.",
        )

"""The images that an image was derived from, and its frames found by them (PS3.3 C.7.6.16.2.6)."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import Device
from hdgpu.array.namespace import Array
from hdgpu.dicom.header import Header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag
from hdgpu.errors import InvalidAttributeError, SourceImageError, UnknownReferenceError
from hdgpu.frames.plan import ScatterPlan
from hdgpu.image.decode import DecodeOptions
from hdgpu.image.frame_access import FrameAccess
from hdgpu.pixels.options import TransformOptions
from hdgpu.uid import UID

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["SourceImages"]

_LOGGER = logging.getLogger(__name__)


class _Reference(NamedTuple):
    """A reference from a frame, counted from zero, to a source image, or to a frame of one, counted from 1."""

    frame: int
    uid: str
    source_frame: int | None
    locations_preserved: str


class SourceImages(ABC):
    """Source images of an image."""

    @property
    @abstractmethod
    def _access(self) -> FrameAccess:
        """Access to the frames as the data set describes them now."""

    def get_source_image_uids(self) -> list[tuple[UID, UID, UID]]:
        """Get the source images: for each its Study, Series and SOP Instance UID.

        A source that a frame refers to is left out, with a line in the log, if nothing says of which series it is.
        """
        dataset: Dataset = cast("Any", self)
        listed = list(dict.fromkeys(_listed_instances(dataset)))
        known = {uid for _, _, uid in listed}
        for uid in dict.fromkeys(reference.uid for reference in _references(self._access.instance)):
            if uid not in known:
                _LOGGER.warning("%s: nothing says of which series source image %s is", self._access.instance.name, uid)
        return listed

    def get_pixels_by_source_instance(
        self,
        source_sop_instance_uids: Sequence[str],
        ignore_spatial_locations: bool = False,
        assert_missing_frames_are_empty: bool = False,
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
        *,
        device: str | Device | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the frames that were derived from single-frame images.

        Parameters
        ----------
        source_sop_instance_uids : sequence of str
            SOP Instance UIDs of source images: one frame for each goes down the first axis.
        ignore_spatial_locations : bool, optional
            Whether the frames are wanted even if the image does not say that their pixels lie where those of the
            source image do.
        assert_missing_frames_are_empty : bool, optional
            Whether zeros stand for a source image that no frame refers to, instead of an error.
        dtype, apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, \
apply_voi_transform, voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, \
apply_icc_profile, device, fallback
            As for :meth:`get_frames`.

        Raises
        ------
        TypeError
            If the UIDs are no sequence.
        ValueError
            If there is none.
        hdgpu.errors.UnknownReferenceError
            If no frame refers to one (also a KeyError).
        hdgpu.errors.SourceImageError
            If no frame has a source, several have the same, or locations are not known to be preserved (also a
            RuntimeError).
        """
        options = TransformOptions.of(locals())
        how = DecodeOptions.of(device, None, fallback)
        if isinstance(source_sop_instance_uids, str):
            raise TypeError("The UIDs of the source images are a sequence, not a single one.")
        uids = list(source_sop_instance_uids)
        if not uids:
            raise ValueError("There is no UID of a source image.")
        references = self._all_references()
        missing = [uid for uid in uids if uid not in {each.uid for each in references}]
        if missing and not assert_missing_frames_are_empty:
            raise self._unknown(missing, references)
        groups = [[each for each in references if each.uid == uid] for uid in uids]
        return self._derived(groups, ignore_spatial_locations, options, dtype, how)

    def get_pixels_by_source_frame(
        self,
        source_sop_instance_uid: str,
        source_frame_numbers: Sequence[int] | None = None,
        ignore_spatial_locations: bool = False,
        assert_missing_frames_are_empty: bool = False,
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
        *,
        device: str | Device | None = None,
        fallback: str = "cpu",
    ) -> Array:
        """Get the frames that were derived from frames of a multi-frame image.

        Parameters
        ----------
        source_sop_instance_uid : str
            SOP Instance UID of the source image.
        source_frame_numbers : sequence of int or None, optional
            Its frames, counted from 1: one frame for each goes down the first axis.  None for all from 1 to the last
            that a frame refers to.  Zeros stand for those up to there that no frame refers to.
        ignore_spatial_locations, assert_missing_frames_are_empty, dtype, apply_real_world_transform, \
real_world_value_map_selector, apply_modality_transform, apply_voi_transform, voi_transform_selector, \
voi_output_range, apply_presentation_lut, apply_palette_color_lut, apply_icc_profile, device, fallback
            As for :meth:`get_pixels_by_source_instance`.

        Raises
        ------
        ValueError
            If there is no frame number, or one below 1.
        hdgpu.errors.UnknownReferenceError
            If no frame refers to the image, or a number lies beyond the last that one refers to (also a KeyError and
            a ValueError).
        hdgpu.errors.SourceImageError
            If no frame has a source, several have the same, frames of the source are not told apart, or locations are
            not known to be preserved (also a RuntimeError).
        """
        options = TransformOptions.of(locals())
        how = DecodeOptions.of(device, None, fallback)
        everything = self._all_references()
        references = [each for each in everything if each.uid == source_sop_instance_uid]
        if not references and not assert_missing_frames_are_empty:
            raise self._unknown([source_sop_instance_uid], everything)
        last = max((each.source_frame or 0 for each in references), default=0)
        if references and not last:
            raise SourceImageError(
                "the frames do not say from which frames of the source image they were derived",
                source=self._access.instance.name,
                found=source_sop_instance_uid,
                remedy="Use get_pixels_by_source_instance",
            )
        numbers = list(range(1, last + 1) if source_frame_numbers is None else source_frame_numbers)
        if not numbers or min(numbers) < 1:
            raise ValueError(f"Frames of a source image are counted from 1, and at least one is asked for: {numbers}")
        if max(numbers) > last and not assert_missing_frames_are_empty:
            raise UnknownReferenceError(
                "no frame refers to that frame of the source image, nor to a later one",
                source=self._access.instance.name,
                expected=f"1 to {last}",
                found=max(numbers),
                remedy="assert_missing_frames_are_empty=True gives zeros for it",
            )
        groups = [[each for each in references if each.source_frame == number] for number in numbers]
        return self._derived(groups, ignore_spatial_locations, options, dtype, how)

    def _all_references(self) -> list[_Reference]:
        references = list(_references(self._access.instance))
        if not references:
            raise SourceImageError("no frame says what it was derived from", source=self._access.instance.name)
        return references

    def _unknown(self, uids: Sequence[str], references: Sequence[_Reference]) -> UnknownReferenceError:
        known = list(dict.fromkeys(each.uid for each in references))
        return UnknownReferenceError(
            "no frame was derived from that image",
            source=self._access.instance.name,
            expected=f"one of {len(known)}, the first of which is {known[0]}" if known else None,
            found=", ".join(uids),
            remedy="assert_missing_frames_are_empty=True gives zeros for it",
        )

    def _derived(
        self,
        groups: Sequence[Sequence[_Reference]],
        ignore_spatial_locations: bool,
        options: TransformOptions,
        dtype: npt.DTypeLike,
        how: DecodeOptions,
    ) -> Array:
        """Return the frame of each group of references, and zeros for an empty one."""
        for group in groups:
            self._check_group(group, ignore_spatial_locations)
        order = np.array([group[0].frame if group else -1 for group in groups], np.int64)

        def planner(frame_shape: tuple[int, ...]) -> ScatterPlan:
            return ScatterPlan.stack(order, frame_shape, dtype)

        return self._access.run(planner, np.unique(order[order >= 0]), options, dtype, how)[0]

    def _check_group(self, group: Sequence[_Reference], ignore_spatial_locations: bool) -> None:
        name = self._access.instance.name
        frames = sorted({each.frame + 1 for each in group})
        if len(frames) > 1:
            raise SourceImageError(
                "several frames were derived from the same source",
                source=name,
                found=f"frames {', '.join(map(str, frames))} from {group[0].uid}",
                remedy="Read them with get_frames",
            )
        unknown = [each for each in group if each.locations_preserved != "YES"]
        if unknown and not ignore_spatial_locations:
            raise SourceImageError(
                "the image does not say that the pixels of the frame lie where those of its source do",
                source=name,
                frame=unknown[0].frame + 1,
                tag="(0028,135A) 'Spatial Locations Preserved'",
                expected="YES",
                found=unknown[0].locations_preserved or "nothing",
                remedy="Pass ignore_spatial_locations=True to get it all the same",
            )


def _listed_instances(dataset: Dataset) -> Iterator[tuple[UID, UID, UID]]:
    """Yield the instances that the image lists as referenced, and their series."""
    own: Any = dataset.get("StudyInstanceUID")
    series = [(own, each) for each in dataset.get("ReferencedSeriesSequence") or ()]
    for study in dataset.get("SourceImageEvidenceSequence") or ():
        series += [(study.StudyInstanceUID, each) for each in study.get("ReferencedSeriesSequence") or ()]
    for study in dataset.get("StudiesContainingOtherReferencedInstancesSequence") or ():
        series += [(study.StudyInstanceUID, each) for each in study.get("ReferencedSeriesSequence") or ()]
    for study_uid, item in series:
        for keyword in ("ReferencedInstanceSequence", "ReferencedSOPSequence"):
            for instance in item.get(keyword) or ():
                yield UID(study_uid), UID(item.SeriesInstanceUID), UID(instance.ReferencedSOPInstanceUID)


def _references(instance: Instance) -> Iterator[_Reference]:
    """Yield what the frames say they were derived from."""
    shared = next(instance.header.items(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE), None)
    for frame, group in enumerate(instance.header.items(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)):
        for holder in (group, shared):
            if holder is not None and Tag.DERIVATION_IMAGE_SEQUENCE in holder:
                yield from _references_in(holder, frame, instance.name)
                break


def _references_in(holder: Header, frame: int, name: str) -> Iterator[_Reference]:
    for derivation in holder.items(Tag.DERIVATION_IMAGE_SEQUENCE):
        for item in derivation.items(Tag.SOURCE_IMAGE_SEQUENCE):
            uid, preserved = item.text(Tag.REFERENCED_SOP_INSTANCE_UID), item.text(Tag.SPATIAL_LOCATIONS_PRESERVED)
            numbers = item.text(Tag.REFERENCED_FRAME_NUMBER)
            try:
                source_frames = [int(part) for part in numbers.split("\\")] if numbers else [None]
            except ValueError:
                raise InvalidAttributeError(
                    "a reference to a source frame is no number", source=name, frame=frame + 1, found=numbers
                ) from None
            yield from (_Reference(frame, uid, number, preserved) for number in source_frames)

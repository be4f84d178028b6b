"""References to images."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from operator import index

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import SegmentationStorage

from hdgpu.attributes.values import attribute_name
from hdgpu.content.storage_classes import is_image
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.geometry.functional_groups import functional_group, is_multiframe_image, required
from hdgpu.sr.references import InstanceReference

__all__ = ["ReferencedImageSequence"]

_Numbers = int | SequenceOf[int] | None


class ReferencedImageSequence(Sequence):
    """References to images, or to frames or segments of one: the Image SOP Instance Reference macro (PS3.3 10.3).

    Parameters
    ----------
    referenced_images : sequence of pydicom.Dataset
        The images, one or more.
    referenced_frame_number : int or sequence of int or None, optional
        Frames of a single multi-frame image, counted from 1.
    referenced_segment_number : int or sequence of int or None, optional
        Segments of a single segmentation, counted from 1.

    Raises
    ------
    TypeError
        If there are no data sets, or frames or segments are given of an image that has none.
    hdgpu.errors.InvalidAttributeError
        If there is no image, a data set is none, one is there twice, frames or segments are given and there are
        several images, or the image has no such frame or segment, or not both together (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If an image lacks class, identifier or number of frames (also an AttributeError).
    """

    def __init__(
        self,
        referenced_images: SequenceOf[Dataset] | None = None,
        referenced_frame_number: _Numbers = None,
        referenced_segment_number: _Numbers = None,
    ) -> None:
        if not isinstance(referenced_images, (SequenceOf, Sequence)) or not all(
            isinstance(each, Dataset) for each in referenced_images
        ):
            raise TypeError("Argument 'referenced_images' must be a sequence of pydicom.Dataset.")
        _check_images(referenced_images)
        if referenced_frame_number is not None or referenced_segment_number is not None:
            if len(referenced_images) > 1:
                raise InvalidAttributeError(
                    "frames or segments are of one image", expected="1 image", found=f"{len(referenced_images)} images"
                )
            image = referenced_images[0]
            frames = _checked_frames(image, referenced_frame_number)
            if referenced_segment_number is not None:
                _check_segments(image, _integers(referenced_segment_number), frames)
        super().__init__(
            InstanceReference(
                image.SOPClassUID, image.SOPInstanceUID, referenced_frame_number, referenced_segment_number
            )
            for image in referenced_images
        )


def _check_images(images: SequenceOf[Dataset]) -> None:
    """Check that there are images, each once."""
    if not images:
        raise InvalidAttributeError("there is no image to refer to", expected="1 image or more")
    seen = set()
    for image in images:
        if not is_image(image):
            raise InvalidAttributeError(
                "the data set is no image", tag=attribute_name("SOPClassUID"), found=image.SOPClassUID
            )
        uid = image.get("SOPInstanceUID")
        if not uid:
            raise MissingAttributeError("the image has no identifier", tag=attribute_name("SOPInstanceUID"))
        if uid in seen:
            raise InvalidAttributeError("an image is there twice", tag=attribute_name("SOPInstanceUID"), found=uid)
        seen.add(uid)


def _integers(numbers: int | SequenceOf[int]) -> list[int]:
    """Return one number or several in a list."""
    return [index(each) for each in numbers] if isinstance(numbers, SequenceOf) else [index(numbers)]


def _checked_frames(image: Dataset, numbers: _Numbers) -> list[int]:
    """Return the numbers, if the image has such frames."""
    if numbers is None:
        return []
    if not is_multiframe_image(image):
        raise TypeError("Argument 'referenced_frame_number' is for a multi-frame image, and this is none.")
    count = int(required(image, "NumberOfFrames"))
    frames = _integers(numbers)
    for frame in frames:
        if not 1 <= frame <= count:
            raise InvalidAttributeError(
                "the image has no such frame",
                tag=attribute_name("ReferencedFrameNumber"),
                expected=f"1 to {count}",
                found=frame,
            )
    return frames


def _check_segments(image: Dataset, segments: list[int], frames: list[int]) -> None:
    """Check that an image is a segmentation with these segments, and that each of the frames shows one of them."""
    if image.SOPClassUID != SegmentationStorage:
        raise TypeError("Argument 'referenced_segment_number' is for a segmentation, and the image is none.")
    there = {int(required(each, "SegmentNumber")) for each in required(image, "SegmentSequence")}
    for segment in segments:
        if segment not in there:
            raise InvalidAttributeError(
                "the image has no such segment",
                tag=attribute_name("ReferencedSegmentNumber"),
                expected=", ".join(map(str, sorted(there))),
                found=segment,
            )
    for frame in frames:
        group = functional_group(image, "SegmentIdentificationSequence", frame)
        if group is None:
            raise MissingAttributeError(
                "nothing says what the frame shows", frame=frame, tag=attribute_name("SegmentIdentificationSequence")
            )
        shown = int(required(group, "ReferencedSegmentNumber"))
        if shown not in segments:
            raise InvalidAttributeError(
                "the frame shows none of the segments",
                frame=frame,
                tag=attribute_name("ReferencedSegmentNumber"),
                expected=shown,
                found=segments,
            )

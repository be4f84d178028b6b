"""What a file says about the transforms of its pixels, read when it is asked for: an unused table may be damaged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hdgpu.dicom.header import Header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import HdgpuError, InvalidAttributeError, LookupTableError, MissingAttributeError
from hdgpu.pixels.icc_profiles import IccProfiles
from hdgpu.pixels.lookup import (
    Descriptor,
    LookupTable,
    expand_segments,
    read_descriptor,
    read_entries,
    read_table,
    values_of,
)
from hdgpu.pixels.real_world import RealWorldMap, read_real_world_map
from hdgpu.pixels.window import Window, parse_windows

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["TransformAttributes", "VoiTransforms", "read_attributes", "voi_of_dataset"]

_PALETTE = (
    (Tag.RED_PALETTE_DESCRIPTOR, Tag.RED_PALETTE_DATA, Tag.SEGMENTED_RED_PALETTE_DATA),
    (Tag.GREEN_PALETTE_DESCRIPTOR, Tag.GREEN_PALETTE_DATA, Tag.SEGMENTED_GREEN_PALETTE_DATA),
    (Tag.BLUE_PALETTE_DESCRIPTOR, Tag.BLUE_PALETTE_DATA, Tag.SEGMENTED_BLUE_PALETTE_DATA),
)
_OWN = (
    Tag.PRESENTATION_LUT_SHAPE,
    Tag.SPECIFIC_CHARACTER_SET,
    *(tag for tags in _PALETTE for tag in tags),
)
_WINDOW = (Tag.WINDOW_CENTER, Tag.WINDOW_WIDTH, Tag.WINDOW_CENTER_WIDTH_EXPLANATION, Tag.VOI_LUT_FUNCTION)
_OWN_AND_WINDOW = (*_OWN, *_WINDOW)


class VoiTransforms(NamedTuple):
    """The windows and VOI LUTs of a frame."""

    windows: tuple[Window, ...]
    tables: tuple[LookupTable, ...]


class TransformAttributes:
    """The attributes of a frame that concern its values.

    Parameters
    ----------
    header : Header
        Of the instance.
    real_world, voi : Header or None
        What holds the Real World Value Mapping Sequence, and the windows and VOI LUTs: the header itself, or the
        frame's functional groups.
    icc_profile : bytes or None
        Profile of the frame's colours.

    Attributes
    ----------
    presentation_lut_shape : str
    icc_profile : bytes or None
    """

    def __init__(
        self, header: Header, real_world: Header | None, voi: Header | None, icc_profile: bytes | None
    ) -> None:
        self._header = header
        self._real_world = real_world
        self._voi = voi
        self.presentation_lut_shape = header.text(Tag.PRESENTATION_LUT_SHAPE)
        self.icc_profile = icc_profile

    @property
    def has_real_world(self) -> bool:
        """Whether there are real-world value maps."""
        return self._real_world is not None

    @property
    def has_modality_table(self) -> bool:
        """Whether there is a Modality LUT."""
        return _has_items(self._header, Tag.MODALITY_LUT_SEQUENCE)

    @property
    def has_voi(self) -> bool:
        """Whether there is a window or a VOI LUT."""
        voi = self._voi
        return voi is not None and (bool(voi.text(Tag.WINDOW_CENTER)) or _has_items(voi, Tag.VOI_LUT_SEQUENCE))

    def modality_table(self) -> LookupTable:
        """Return the Modality LUT (PS3.3 C.11.1)."""
        return _table(self._header.datasets(Tag.MODALITY_LUT_SEQUENCE)[0], Tag.MODALITY_LUT_SEQUENCE)

    def real_world_maps(self) -> tuple[RealWorldMap, ...]:
        """Return the real-world value maps."""
        assert self._real_world is not None
        tag = Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE
        return tuple(read_real_world_map(item) for item in self._real_world.datasets(tag))

    def voi(self) -> VoiTransforms:
        """Return the windows and VOI LUTs (PS3.3 C.11.2)."""
        voi = self._voi
        assert voi is not None
        centers, widths = (_decimals(voi, tag) for tag in (Tag.WINDOW_CENTER, Tag.WINDOW_WIDTH))
        explanations = voi.long_text(Tag.WINDOW_CENTER_WIDTH_EXPLANATION)
        windows = parse_windows(
            centers,
            widths,
            [text.strip() for text in explanations.split("\\")] if explanations else [],
            voi.text(Tag.VOI_LUT_FUNCTION),
        )
        items = voi.datasets(Tag.VOI_LUT_SEQUENCE)
        return VoiTransforms(windows, tuple(_table(item, Tag.VOI_LUT_SEQUENCE) for item in items))

    def palette(self) -> LookupTable:
        """Return the palette (PS3.3 C.7.6.3.1.5 and C.7.9): its entries are (m, 3).

        Raises
        ------
        MissingAttributeError
            If it is not there.
        LookupTableError
            If its tables disagree with each other or with their descriptors.
        """
        tables = [self._palette_table(*tags) for tags in _PALETTE]
        kinds = {(table.first, len(table.entries), table.entries.dtype) for table in tables}
        if len(kinds) > 1:
            found = ", ".join(f"{count} entries of {dtype} from {first} on" for first, count, dtype in kinds)
            raise LookupTableError("the tables of red, green and blue disagree", expected="tables alike", found=found)
        return replace(tables[0], entries=np.stack([table.entries for table in tables], axis=-1))

    def _palette_table(self, descriptor_tag: Tag, data_tag: Tag, segmented_tag: Tag) -> LookupTable:
        header = self._header
        order = header.encoding.order
        encoded = header.values.get(descriptor_tag, b"")
        tag = data_tag if data_tag in header.values else segmented_tag
        if not encoded or tag not in header.values:
            missing = describe_tag(descriptor_tag if not encoded else data_tag)
            raise MissingAttributeError("the palette is not there", tag=missing)
        words = np.frombuffer(encoded[: len(encoded) // 2 * 2], order + "u2")
        descriptor = read_descriptor(words, describe_tag(descriptor_tag))
        value, little = header.values[tag], order == "<"
        if tag == data_tag:
            entries = read_entries(value, descriptor, describe_tag(tag), little_endian=little)
        else:
            width = descriptor.dtype.itemsize
            whole = Descriptor(len(value) // width, 0, descriptor.bits)
            data = read_entries(value, whole, describe_tag(tag), little_endian=little)
            entries = expand_segments(data, descriptor.count, describe_tag(tag))
        return LookupTable(descriptor.first, entries, sign_is_known=False)


def read_attributes(
    instance: Instance,
    known: dict[Any, TransformAttributes],
    *,
    real_world: bool = True,
    voi: bool = True,
    icc: bool = True,
    frames: Collection[int] | None = None,
) -> tuple[TransformAttributes, ...]:
    """Return what concerns the values of each frame of an instance: one for all, or one for each.

    Parameters
    ----------
    instance : Instance
    known : dict
        Kept by the caller from one instance of a series to the next: what is the same becomes the same object.
    real_world, voi, icc : bool
        Whether real-world value maps, windows and VOI LUTs, and ICC profiles of colours matter.  Slices often differ in
        their windows.
    frames : collection of int, optional
        Zero-based numbers of the frames that matter; the others are not read, and are not in what is returned.

    Raises
    ------
    InvalidAttributeError
        If the functional groups are damaged.
    UnsupportedTransformError
        If ICC profiles differ, and nothing says which of them a frame has.
    """
    header = instance.header
    icc = icc and (instance.pixel.samples_per_pixel > 1 or instance.pixel.photometric_interpretation == "PALETTE COLOR")
    profiles = IccProfiles(instance).of_frames(frames) if icc else (None,)
    own: tuple[Any, ...] = tuple(map(header.values.get, _OWN_AND_WINDOW if voi else _OWN))
    if not header.has_sequences:
        own = (*own, *profiles)
        plain = known.get(own)
        if plain is None:
            plain = known[own] = TransformAttributes(header, None, header if voi else None, *profiles)
        return (plain,)
    own = (*own, header.sequence_bytes(Tag.MODALITY_LUT_SEQUENCE))
    shared = next(header.items(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE), None)

    def of_frame(group: Header | None, profile: bytes | None) -> TransformAttributes:
        holders = [one for one in (group, shared, header) if one is not None]
        maps = _real_world_header(holders) if real_world else None
        windows = _voi_header(holders) if voi else None
        key = (
            own,
            profile,
            maps and maps.sequence_bytes(Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE),
            windows and tuple(map(windows.values.get, _WINDOW)),
            windows and windows.sequence_bytes(Tag.VOI_LUT_SEQUENCE),
        )
        found = known.get(key)
        if found is None:
            found = known[key] = TransformAttributes(header, maps, windows, profile)
        return found

    groups = header.items(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames) if real_world or voi else ()
    if len(profiles) > 1:  # one for each frame; there may be no groups
        found = tuple(of_frame(*each) for each in zip_longest(groups, profiles))
    else:
        found = tuple(of_frame(group, *profiles) for group in groups) or (of_frame(None, *profiles),)
    return found[:1] if len(set(found)) == 1 else found


def _real_world_header(holders: Sequence[Header]) -> Header | None:
    return next((one for one in holders if _has_items(one, Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE)), None)


def _has_items(header: Header, tag: Tag) -> bool:
    return tag in header and next(header.items(tag), None) is not None


def _voi_header(holders: Sequence[Header]) -> Header:
    for holder in holders[:-1]:
        item = next(holder.items(Tag.FRAME_VOI_LUT_SEQUENCE), None)
        if item is not None:
            return item
    return holders[-1]


def voi_of_dataset(dataset: Dataset) -> VoiTransforms:
    """Return the windows and VOI LUTs of a data set with the attributes of the VOI LUT module."""
    explanations = values_of(dataset, "WindowCenterWidthExplanation")
    windows = parse_windows(
        [float(value) for value in values_of(dataset, "WindowCenter")],
        [float(value) for value in values_of(dataset, "WindowWidth")],
        [str(value) for value in explanations],
        str(dataset.get("VOILUTFunction", "") or ""),
    )
    tables = tuple(read_table(item) for item in dataset.get("VOILUTSequence", None) or ())
    return VoiTransforms(windows, tables)


def _decimals(header: Header, tag: Tag) -> tuple[float, ...]:
    text = header.text(tag)
    return (header.decimals(tag, text.count("\\") + 1) or ()) if text else ()


def _table(item: Dataset, tag: Tag) -> LookupTable:
    try:
        return read_table(item)
    except HdgpuError as error:
        raise error.at(context=describe_tag(tag)) from error.__cause__
    except Exception as error:  # pydicom converts a value only when it is asked for, and raises nearly anything
        raise InvalidAttributeError(f"the table is damaged: {error}", tag=describe_tag(tag)) from error

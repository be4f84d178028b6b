"""The attributes that hdgpu reads, each once: tag, keyword and the value representations it is understood in."""

from __future__ import annotations

from enum import IntEnum

from pydicom.datadict import dictionary_description, dictionary_VR

from hdgpu.dicom.elements import SEQUENCE

__all__ = ["WANTED", "Tag", "describe_tag"]


class Tag(IntEnum):
    """Attribute tags (PS3.6), named by their keywords in the project's spelling."""

    TRANSFER_SYNTAX_UID = 0x00020010
    DIRECTORY_RECORD_SEQUENCE = 0x00041220
    REFERENCED_FILE_ID = 0x00041500
    SPECIFIC_CHARACTER_SET = 0x00080005
    IMAGE_TYPE = 0x00080008
    SOP_CLASS_UID = 0x00080016
    SOP_INSTANCE_UID = 0x00080018
    MODALITY = 0x00080060
    SERIES_DESCRIPTION = 0x0008103E
    SLICE_THICKNESS = 0x00180050
    SPACING_BETWEEN_SLICES = 0x00180088
    STUDY_INSTANCE_UID = 0x0020000D
    SERIES_INSTANCE_UID = 0x0020000E
    SERIES_NUMBER = 0x00200011
    ACQUISITION_NUMBER = 0x00200012
    INSTANCE_NUMBER = 0x00200013
    IMAGE_POSITION_PATIENT = 0x00200032
    IMAGE_ORIENTATION_PATIENT = 0x00200037
    FRAME_OF_REFERENCE_UID = 0x00200052
    PLANE_POSITION_SEQUENCE = 0x00209113
    PLANE_ORIENTATION_SEQUENCE = 0x00209116
    SAMPLES_PER_PIXEL = 0x00280002
    PHOTOMETRIC_INTERPRETATION = 0x00280004
    PLANAR_CONFIGURATION = 0x00280006
    NUMBER_OF_FRAMES = 0x00280008
    ROWS = 0x00280010
    COLUMNS = 0x00280011
    PIXEL_SPACING = 0x00280030
    BITS_ALLOCATED = 0x00280100
    BITS_STORED = 0x00280101
    HIGH_BIT = 0x00280102
    PIXEL_REPRESENTATION = 0x00280103
    WINDOW_CENTER = 0x00281050
    RESCALE_INTERCEPT = 0x00281052
    RESCALE_SLOPE = 0x00281053
    ICC_PROFILE = 0x00282000
    MODALITY_LUT_SEQUENCE = 0x00283000
    VOI_LUT_SEQUENCE = 0x00283010
    PIXEL_MEASURES_SEQUENCE = 0x00289110
    FRAME_VOI_LUT_SEQUENCE = 0x00289132
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x00289145
    REAL_WORLD_VALUE_MAPPING_SEQUENCE = 0x00409096
    PRESENTATION_LUT_SHAPE = 0x20500020
    SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009229
    PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009230
    EXTENDED_OFFSET_TABLE = 0x7FE00001
    EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002
    FLOAT_PIXEL_DATA = 0x7FE00008
    DOUBLE_FLOAT_PIXEL_DATA = 0x7FE00009
    PIXEL_DATA = 0x7FE00010


def _understood(tag: Tag) -> frozenset[bytes]:
    vr = dictionary_VR(tag).encode()
    return SEQUENCE if vr == b"SQ" else frozenset((vr,))


# Pixel data ends the walk by itself.
WANTED: dict[int, frozenset[bytes]] = {int(tag): _understood(tag) for tag in Tag if tag < Tag.FLOAT_PIXEL_DATA}


def describe_tag(tag: int) -> str:
    """Return a tag as error messages show it.

    Examples
    --------
    >>> describe_tag(Tag.ROWS)
    "(0028,0010) 'Rows'"
    """
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) '{dictionary_description(tag)}'"

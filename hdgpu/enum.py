"""Enumerated values and defined terms of the standard, and the choices that functions here take."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AnatomicalOrientationTypeValues",
    "AxisHandedness",
    "ContentQualificationValues",
    "CoordinateSystemNames",
    "DimensionOrganizationTypeValues",
    "InterpolationMethods",
    "LateralityValues",
    "NiBabelImageClasses",
    "PadModes",
    "PatientOrientationValuesBiped",
    "PatientOrientationValuesQuadruped",
    "PatientSexValues",
    "PhotometricInterpretationValues",
    "PixelDataKeywords",
    "PixelIndexDirections",
    "PixelRepresentationValues",
    "PlanarConfigurationValues",
    "PresentationLUTShapeValues",
    "RGBColorChannels",
    "RescaleTypeValues",
    "SpecificCharacterSetValues",
    "UniversalEntityIDTypeValues",
    "VOILUTFunctionValues",
]


# --- Space ------------------------------------------------------------------------------------------------------------


class CoordinateSystemNames(Enum):
    """Coordinate systems of a frame of reference (PS3.3 C.7.6.2.1.1 and C.8.12.4.1.1)."""

    PATIENT = "PATIENT"
    SLIDE = "SLIDE"


class AxisHandedness(Enum):
    """Handedness of the three axes of an array in the frame of reference, in the order of the axes."""

    LEFT_HANDED = "LEFT_HANDED"
    """Thumb, index finger and middle finger of a left hand point along the first, second and third axis."""

    RIGHT_HANDED = "RIGHT_HANDED"
    """Thumb, index finger and middle finger of a right hand point along the first, second and third axis."""


class PixelIndexDirections(Enum):
    """Direction in the image in which a pixel index increases."""

    L = "L"
    """Left: across the rows, from right to left."""

    R = "R"
    """Right: across the rows, from left to right."""

    U = "U"
    """Up: along the columns, from bottom to top."""

    D = "D"
    """Down: along the columns, from top to bottom."""


class AnatomicalOrientationTypeValues(Enum):
    """Anatomical Orientation Type (0010,2210)."""

    BIPED = "BIPED"
    QUADRUPED = "QUADRUPED"


class PatientOrientationValuesBiped(Enum):
    """Patient Orientation (0020,0020) where Anatomical Orientation Type is BIPED (PS3.3 C.7.6.1.1.1)."""

    A = "A"
    """Anterior"""
    P = "P"
    """Posterior"""
    R = "R"
    """Right"""
    L = "L"
    """Left"""
    H = "H"
    """Head"""
    F = "F"
    """Foot"""


class PatientOrientationValuesQuadruped(Enum):
    """Patient Orientation (0020,0020) where Anatomical Orientation Type is QUADRUPED (PS3.3 C.7.6.1.1.1)."""

    LE = "LE"
    """Left"""
    RT = "RT"
    """Right"""
    D = "D"
    """Dorsal"""
    V = "V"
    """Ventral"""
    CR = "CR"
    """Cranial"""
    CD = "CD"
    """Caudal"""
    R = "R"
    """Rostral"""
    M = "M"
    """Medial"""
    L = "L"
    """Lateral"""
    PR = "PR"
    """Proximal"""
    DI = "DI"
    """Distal"""
    PA = "PA"
    """Palmar"""
    PL = "PL"
    """Plantar"""


class LateralityValues(Enum):
    """Laterality (0020,0060) and Image Laterality (0020,0062)."""

    R = "R"
    """Right"""
    L = "L"
    """Left"""


class DimensionOrganizationTypeValues(Enum):
    """Dimension Organization Type (0020,9311)."""

    THREE_DIMENSIONAL = "3D"
    THREE_DIMENSIONAL_TEMPORAL = "3D_TEMPORAL"
    TILED_FULL = "TILED_FULL"
    TILED_SPARSE = "TILED_SPARSE"


# --- Pixels -----------------------------------------------------------------------------------------------------------


class PixelDataKeywords(Enum):
    """Keywords of the attributes that hold pixel data (PS3.3 C.7.6.3, C.7.6.24 and C.7.6.25)."""

    PIXEL_DATA = "PixelData"
    FLOAT_PIXEL_DATA = "FloatPixelData"
    DOUBLE_FLOAT_PIXEL_DATA = "DoubleFloatPixelData"


class PhotometricInterpretationValues(Enum):
    """Photometric Interpretation (0028,0004) (PS3.3 C.7.6.3.1.2)."""

    MONOCHROME1 = "MONOCHROME1"
    MONOCHROME2 = "MONOCHROME2"
    PALETTE_COLOR = "PALETTE COLOR"
    RGB = "RGB"
    YBR_FULL = "YBR_FULL"
    YBR_FULL_422 = "YBR_FULL_422"
    YBR_PARTIAL_420 = "YBR_PARTIAL_420"
    YBR_ICT = "YBR_ICT"
    YBR_RCT = "YBR_RCT"


class PlanarConfigurationValues(Enum):
    """Planar Configuration (0028,0006) (PS3.3 C.7.6.3.1.3)."""

    COLOR_BY_PIXEL = 0
    COLOR_BY_PLANE = 1


class PixelRepresentationValues(Enum):
    """Pixel Representation (0028,0103)."""

    UNSIGNED_INTEGER = 0
    COMPLEMENT = 1


class RGBColorChannels(Enum):
    """Channels of a colour image."""

    R = "R"
    """Red"""
    G = "G"
    """Green"""
    B = "B"
    """Blue"""


class RescaleTypeValues(Enum):
    """Rescale Type (0028,1054): units of the values after the modality transform (PS3.3 C.11.1.1.2)."""

    OD = "OD"
    """Thousands of optical density: 2140 stands for an optical density of 2.140."""
    HU = "HU"
    """Hounsfield units (CT)."""
    US = "US"
    """Unspecified."""
    MGML = "MGML"
    """Milligrams per millilitre."""
    Z_EFF = "Z_EFF"
    """Effective atomic number."""
    ED = "ED"
    """Electron density in 10^23 electrons per millilitre."""
    EDW = "EDW"
    """Electron density relative to that of water at standard temperature and pressure."""
    HU_MOD = "HU_MOD"
    """Modified Hounsfield units."""
    PCT = "PCT"
    """Per cent."""


class VOILUTFunctionValues(Enum):
    """VOI LUT Function (0028,1056) (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


class PresentationLUTShapeValues(Enum):
    """Presentation LUT Shape (2050,0020) (PS3.3 C.11.6)."""

    IDENTITY = "IDENTITY"
    """The values are passed on as they are."""
    INVERSE = "INVERSE"
    """As IDENTITY, but the smallest value is the brightest and the largest the darkest."""


# --- Operations -------------------------------------------------------------------------------------------------------


class PadModes(Enum):
    """Where the values come from with which an array is padded."""

    CONSTANT = "CONSTANT"
    """A given constant."""
    EDGE = "EDGE"
    """The nearest voxel of the array."""
    MINIMUM = "MINIMUM"
    """The minimum of the array."""
    MAXIMUM = "MAXIMUM"
    """The maximum of the array."""
    MEAN = "MEAN"
    """The mean of the array."""
    MEDIAN = "MEDIAN"
    """The median of the array."""


class InterpolationMethods(Enum):
    """How values between voxels are found."""

    NEAREST = "NEAREST"
    """The value of the nearest voxel."""
    LINEAR = "LINEAR"
    """Linear in each of the axes."""


# --- Description ------------------------------------------------------------------------------------------------------


class NiBabelImageClasses(Enum):
    """NiBabel's classes of images that a volume can be converted to."""

    NIFTI1IMAGE = "Nifti1Image"
    """NIfTI-1, the usual one."""
    NIFTI2IMAGE = "Nifti2Image"
    """NIfTI-2, for axes longer than 32767."""
    MGHIMAGE = "MGHImage"
    """FreeSurfer's format."""
    MINC1IMAGE = "Minc1Image"
    """MINC 1."""
    MINC2IMAGE = "Minc2Image"
    """MINC 2."""
    ANALYZEIMAGE = "AnalyzeImage"
    """Analyze 7.5, the predecessor of NIfTI."""


class ContentQualificationValues(Enum):
    """Content Qualification (0018,9004)."""

    PRODUCT = "PRODUCT"
    RESEARCH = "RESEARCH"
    SERVICE = "SERVICE"


class PatientSexValues(Enum):
    """Patient's Sex (0010,0040)."""

    M = "M"
    """Male"""
    F = "F"
    """Female"""
    O = "O"  # noqa: E741 - the standard's term
    """Other"""


class UniversalEntityIDTypeValues(Enum):
    """Universal Entity ID Type (0040,0033)."""

    DNS = "DNS"
    """Internet dotted name, in ASCII or as integers."""
    EUI64 = "EUI64"
    """IEEE Extended Unique Identifier."""
    ISO = "ISO"
    """International Standards Organization Object Identifier."""
    URI = "URI"
    """Uniform Resource Identifier."""
    UUID = "UUID"
    """DCE Universal Unique Identifier."""
    X400 = "X400"
    """X.400 MHS identifier."""
    X500 = "X500"
    """X.500 directory name."""


class SpecificCharacterSetValues(Enum):
    """Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2).

    Unlike in highdicom 0.28, where it doubles the supplementary Kanji set, KOREAN_CODE_EXTENSIONS has the standard's
    value.
    """

    LATIN_ALPHABET_NO_1 = "ISO_IR 100"
    LATIN_ALPHABET_NO_2 = "ISO_IR 101"
    LATIN_ALPHABET_NO_3 = "ISO_IR 109"
    LATIN_ALPHABET_NO_4 = "ISO_IR 110"
    CYRILLIC = "ISO_IR 144"
    ARABIC = "ISO_IR 127"
    GREEK = "ISO_IR 126"
    HEBREW = "ISO_IR 138"
    LATIN_ALPHABET_NO_5 = "ISO_IR 148"
    LATIN_ALPHABET_NO_9 = "ISO_IR 203"
    JAPANESE = "ISO_IR 13"
    THAI = "ISO_IR 166"
    DEFAULT_REPERTOIRE_CODE_EXTENSIONS = "ISO 2022 IR 6"
    LATIN_ALPHABET_NO_1_CODE_EXTENSIONS = "ISO 2022 IR 100"
    LATIN_ALPHABET_NO_2_CODE_EXTENSIONS = "ISO 2022 IR 101"
    LATIN_ALPHABET_NO_3_CODE_EXTENSIONS = "ISO 2022 IR 109"
    LATIN_ALPHABET_NO_4_CODE_EXTENSIONS = "ISO 2022 IR 110"
    CYRILLIC_CODE_EXTENSIONS = "ISO 2022 IR 144"
    ARABIC_CODE_EXTENSIONS = "ISO 2022 IR 127"
    GREEK_CODE_EXTENSIONS = "ISO 2022 IR 126"
    HEBREW_CODE_EXTENSIONS = "ISO 2022 IR 138"
    LATIN_ALPHABET_NO_5_CODE_EXTENSIONS = "ISO 2022 IR 148"
    LATIN_ALPHABET_NO_9_CODE_EXTENSIONS = "ISO 2022 IR 203"
    JAPANESE_CODE_EXTENSIONS = "ISO 2022 IR 13"
    THAI_CODE_EXTENSIONS = "ISO 2022 IR 166"
    JAPANESE_KANJI_CODE_EXTENSIONS = "ISO 2022 IR 87"
    JAPANESE_KANJI_SUPPLEMENTARY_CODE_EXTENSIONS = "ISO 2022 IR 159"
    KOREAN_CODE_EXTENSIONS = "ISO 2022 IR 149"
    SIMPLIFIED_CHINESE_CODE_EXTENSIONS = "ISO 2022 IR 58"
    UNICODE_IN_UTF8 = "ISO_IR 192"
    GB18030 = "GB18030"
    GBK = "GBK"

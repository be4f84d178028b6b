"""DICOM files in, device-resident volumes out.

The names of highdicom's core API, and ours beyond it, load on first use: ``import hdgpu`` itself costs next to nothing.

Examples
--------
>>> import hdgpu as hd
>>> volume = hd.load_volume("folder/")  # doctest: +SKIP
>>> volume.array, volume.affine, volume.spacing  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; the redundant aliases say that the names are public
    from hdgpu import color as color
    from hdgpu import compat as compat
    from hdgpu import errors as errors
    from hdgpu import frame as frame
    from hdgpu import io as io
    from hdgpu import spatial as spatial
    from hdgpu import sr as sr
    from hdgpu import utils as utils
    from hdgpu import valuerep as valuerep
    from hdgpu.array.device import get_default_device as get_default_device
    from hdgpu.array.device import set_default_device as set_default_device
    from hdgpu.content.equipment import ContributingEquipment as ContributingEquipment
    from hdgpu.content.identification import AlgorithmIdentificationSequence as AlgorithmIdentificationSequence
    from hdgpu.content.identification import (
        ContentCreatorIdentificationCodeSequence as ContentCreatorIdentificationCodeSequence,
    )
    from hdgpu.content.issuer import IssuerOfIdentifier as IssuerOfIdentifier
    from hdgpu.content.lut import LUT as LUT
    from hdgpu.content.lut import VOILUT as VOILUT
    from hdgpu.content.lut import ModalityLUT as ModalityLUT
    from hdgpu.content.lut import PresentationLUT as PresentationLUT
    from hdgpu.content.modality import ModalityLUTTransformation as ModalityLUTTransformation
    from hdgpu.content.palette import PaletteColorLUTTransformation as PaletteColorLUTTransformation
    from hdgpu.content.palette_table import PaletteColorLUT as PaletteColorLUT
    from hdgpu.content.palette_table import SegmentedPaletteColorLUT as SegmentedPaletteColorLUT
    from hdgpu.content.plane import PixelMeasuresSequence as PixelMeasuresSequence
    from hdgpu.content.plane import PlaneOrientationSequence as PlaneOrientationSequence
    from hdgpu.content.plane import PlanePositionSequence as PlanePositionSequence
    from hdgpu.content.presentation import PresentationLUTTransformation as PresentationLUTTransformation
    from hdgpu.content.referenced_image import ReferencedImageSequence as ReferencedImageSequence
    from hdgpu.content.sop_class import SOPClass as SOPClass
    from hdgpu.content.specimen import SpecimenDescription as SpecimenDescription
    from hdgpu.content.specimen import SpecimenPreparationStep as SpecimenPreparationStep
    from hdgpu.content.specimen_procedures import SpecimenCollection as SpecimenCollection
    from hdgpu.content.specimen_procedures import SpecimenProcessing as SpecimenProcessing
    from hdgpu.content.specimen_procedures import SpecimenSampling as SpecimenSampling
    from hdgpu.content.specimen_procedures import SpecimenStaining as SpecimenStaining
    from hdgpu.content.voi import VOILUTTransformation as VOILUTTransformation
    from hdgpu.enum import AnatomicalOrientationTypeValues as AnatomicalOrientationTypeValues
    from hdgpu.enum import AxisHandedness as AxisHandedness
    from hdgpu.enum import ContentQualificationValues as ContentQualificationValues
    from hdgpu.enum import CoordinateSystemNames as CoordinateSystemNames
    from hdgpu.enum import DimensionOrganizationTypeValues as DimensionOrganizationTypeValues
    from hdgpu.enum import InterpolationMethods as InterpolationMethods
    from hdgpu.enum import LateralityValues as LateralityValues
    from hdgpu.enum import PadModes as PadModes
    from hdgpu.enum import PatientOrientationValuesBiped as PatientOrientationValuesBiped
    from hdgpu.enum import PatientOrientationValuesQuadruped as PatientOrientationValuesQuadruped
    from hdgpu.enum import PatientSexValues as PatientSexValues
    from hdgpu.enum import PhotometricInterpretationValues as PhotometricInterpretationValues
    from hdgpu.enum import PixelDataKeywords as PixelDataKeywords
    from hdgpu.enum import PixelIndexDirections as PixelIndexDirections
    from hdgpu.enum import PixelRepresentationValues as PixelRepresentationValues
    from hdgpu.enum import PlanarConfigurationValues as PlanarConfigurationValues
    from hdgpu.enum import PresentationLUTShapeValues as PresentationLUTShapeValues
    from hdgpu.enum import RescaleTypeValues as RescaleTypeValues
    from hdgpu.enum import RGBColorChannels as RGBColorChannels
    from hdgpu.enum import SpecificCharacterSetValues as SpecificCharacterSetValues
    from hdgpu.enum import UniversalEntityIDTypeValues as UniversalEntityIDTypeValues
    from hdgpu.enum import VOILUTFunctionValues as VOILUTFunctionValues
    from hdgpu.image.image import Image as Image
    from hdgpu.image.image import imread as imread
    from hdgpu.image.load import get_volume_from_series as get_volume_from_series
    from hdgpu.image.load import load_volume as load_volume
    from hdgpu.image.load import read_series as read_series
    from hdgpu.image.series import Series as Series
    from hdgpu.report import DecodeReport as DecodeReport
    from hdgpu.uid import UID as UID
    from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR as RGB_COLOR_CHANNEL_DESCRIPTOR
    from hdgpu.volume.channels import ChannelDescriptor as ChannelDescriptor
    from hdgpu.volume.geometry import VolumeGeometry as VolumeGeometry
    from hdgpu.volume.transformer import VolumeToVolumeTransformer as VolumeToVolumeTransformer
    from hdgpu.volume.volume import Volume as Volume

try:
    __version__ = version("hdgpu")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

# Public name -> module that defines it.
_HOME = {
    "AlgorithmIdentificationSequence": "content.identification",
    "AnatomicalOrientationTypeValues": "enum",
    "AxisHandedness": "enum",
    "ChannelDescriptor": "volume.channels",
    "ContentCreatorIdentificationCodeSequence": "content.identification",
    "ContentQualificationValues": "enum",
    "ContributingEquipment": "content.equipment",
    "CoordinateSystemNames": "enum",
    "DecodeReport": "report",
    "DimensionOrganizationTypeValues": "enum",
    "Image": "image.image",
    "InterpolationMethods": "enum",
    "IssuerOfIdentifier": "content.issuer",
    "LUT": "content.lut",
    "LateralityValues": "enum",
    "ModalityLUT": "content.lut",
    "ModalityLUTTransformation": "content.modality",
    "PadModes": "enum",
    "PaletteColorLUT": "content.palette_table",
    "PaletteColorLUTTransformation": "content.palette",
    "PatientOrientationValuesBiped": "enum",
    "PatientOrientationValuesQuadruped": "enum",
    "PatientSexValues": "enum",
    "PhotometricInterpretationValues": "enum",
    "PixelDataKeywords": "enum",
    "PixelIndexDirections": "enum",
    "PixelMeasuresSequence": "content.plane",
    "PixelRepresentationValues": "enum",
    "PlanarConfigurationValues": "enum",
    "PlaneOrientationSequence": "content.plane",
    "PlanePositionSequence": "content.plane",
    "PresentationLUT": "content.lut",
    "PresentationLUTShapeValues": "enum",
    "PresentationLUTTransformation": "content.presentation",
    "RGBColorChannels": "enum",
    "RGB_COLOR_CHANNEL_DESCRIPTOR": "volume.channels",
    "ReferencedImageSequence": "content.referenced_image",
    "RescaleTypeValues": "enum",
    "SOPClass": "content.sop_class",
    "SegmentedPaletteColorLUT": "content.palette_table",
    "Series": "image.series",
    "SpecificCharacterSetValues": "enum",
    "SpecimenCollection": "content.specimen_procedures",
    "SpecimenDescription": "content.specimen",
    "SpecimenPreparationStep": "content.specimen",
    "SpecimenProcessing": "content.specimen_procedures",
    "SpecimenSampling": "content.specimen_procedures",
    "SpecimenStaining": "content.specimen_procedures",
    "UID": "uid",
    "UniversalEntityIDTypeValues": "enum",
    "VOILUT": "content.lut",
    "VOILUTFunctionValues": "enum",
    "VOILUTTransformation": "content.voi",
    "Volume": "volume.volume",
    "VolumeGeometry": "volume.geometry",
    "VolumeToVolumeTransformer": "volume.transformer",
    "get_default_device": "array.device",
    "get_volume_from_series": "image.load",
    "imread": "image.image",
    "load_volume": "image.load",
    "read_series": "image.load",
    "set_default_device": "array.device",
}

# Public modules, imported when first asked for.
_MODULES = ("color", "compat", "errors", "frame", "io", "spatial", "sr", "utils", "valuerep")

__all__ = ["__version__", *_MODULES, *_HOME]

if not TYPE_CHECKING:  # else any name at all would be one

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return importlib.import_module(f"hdgpu.{name}")
        home = _HOME.get(name)
        if home is None:
            raise AttributeError(f"module 'hdgpu' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"hdgpu.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)

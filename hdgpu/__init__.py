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
from typing import Any

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

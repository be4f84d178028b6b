"""What a data set says of its pixel data, written anew for another transfer syntax (PS3.3 C.7.6.3, PS3.5 A.4)."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import TYPE_CHECKING

from hdgpu.codecs.single_frame import get_lossy_compression_attributes
from hdgpu.codecs.syntaxes import SYNTAXES
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import MissingAttributeError, UnsupportedPixelError
from hdgpu.uid import UID

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = [
    "describe_pixels",
    "mark_lossy",
    "refuse_what_would_be_lost",
    "set_encapsulated",
    "set_native",
    "set_transfer_syntax",
]

# Offsets of the basic offset table are of 32 bits (PS3.5 A.4), as is the length of native pixel data.
LARGEST_OFFSET = (1 << 32) - 1
LARGEST_NATIVE = (1 << 32) - 2
# Where nobody has said that the pixels were lossy once, JPEG that is not lossless does (PS3.3 C.7.6.1.1.5): the other
# transfer syntaxes that may lose something may also not.
_ALWAYS_LOSSY = (SYNTAXES["jpeg-baseline"], SYNTAXES["jpeg-extended"])


def refuse_what_would_be_lost(dataset: Dataset) -> None:
    """Insist that all there is in Pixel Data are the samples, and that no icon is compressed.

    Raises
    ------
    UnsupportedPixelError
        If overlays lie in the unused bits of the samples, or an icon would be in a transfer syntax that is not the
        file's any more.
    """
    for group in range(0x6000, 0x6020, 2):
        allocated = dataset.get((group, 0x0100))
        if allocated is not None and (group, 0x3000) not in dataset and int(allocated.value or 1) != 1:
            raise UnsupportedPixelError(
                "an overlay lies in the unused bits of Pixel Data, and would be lost",
                tag=f"({group:04X},0100) 'Overlay Bits Allocated'",
                expected=1,
                found=allocated.value,
                remedy="Move it to Overlay Data first.",
            )
    for element in dataset.iterall():
        if element.tag == 0x7FE00010 and element.is_undefined_length and element is not dataset.get(0x7FE00010):
            raise UnsupportedPixelError(
                "an icon, or another image within the data set, is compressed",
                tag="(0088,0200) 'Icon Image Sequence'",
                remedy="Delete it: it is a smaller copy of the image.",
            )


def set_transfer_syntax(dataset: Dataset, before: str, after: str) -> None:
    """Write the file meta information, and that the pixels were lossy if the old transfer syntax alone said so.

    Raises
    ------
    MissingAttributeError
        If the data set has no SOP Class or Instance UID, without which it is no instance.
    """
    from pydicom.dataset import FileMetaDataset, validate_file_meta

    for tag in (Tag.SOP_CLASS_UID, Tag.SOP_INSTANCE_UID):
        if tag not in dataset or not dataset[tag].value:
            raise MissingAttributeError("a file cannot be written without it", tag=describe_tag(tag))
    meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(after)
    for keyword in ("ImplementationClassUID", "ImplementationVersionName"):  # of who wrote the file: now pydicom
        meta.pop(keyword, None)
    meta.FileMetaInformationGroupLength = 0  # has it written, with what it is
    validate_file_meta(meta, enforce_standard=True)
    dataset.file_meta, dataset.preamble = meta, getattr(dataset, "preamble", None) or bytes(128)
    if before in _ALWAYS_LOSSY and dataset.get("LossyImageCompression") != "01":
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = get_lossy_compression_attributes(before)[1]


def describe_pixels(dataset: Dataset, pixel: ImagePixel) -> None:
    """Write the attributes that depend on the transfer syntax."""
    dataset.PhotometricInterpretation = pixel.photometric_interpretation
    dataset.HighBit = pixel.high_bit
    if pixel.samples_per_pixel > 1:
        dataset.PlanarConfiguration = pixel.planar_configuration
    else:
        dataset.pop("PlanarConfiguration", None)


def set_native(dataset: Dataset, value: bytes, pixel: ImagePixel, *, implicit: bool) -> None:
    """Put native pixel data in.

    Raises
    ------
    UnsupportedPixelError
        If it is longer than its length can say.
    """
    if len(value) > LARGEST_NATIVE:
        raise UnsupportedPixelError(
            "native pixel data is shorter than 4 GiB",
            expected=f"at most {LARGEST_NATIVE} bytes",
            found=len(value),
            remedy="Choose encapsulated-uncompressed, or one that compresses.",
        )
    _drop_offset_tables(dataset)
    dataset.PixelData = value + b"\0" * (len(value) % 2)
    # PS3.5 A.1 and A.2
    dataset["PixelData"].VR = "OW" if implicit or pixel.bits_allocated > 8 else "OB"
    dataset["PixelData"].is_undefined_length = False


def set_encapsulated(dataset: Dataset, frames: Sequence[bytes]) -> None:
    """Put frames in, an item each: with a basic offset table or, where that is too small, an extended one."""
    from pydicom.encaps import encapsulate, encapsulate_extended

    _drop_offset_tables(dataset)
    before_last = sum(len(frame) + len(frame) % 2 + 8 for frame in frames[:-1])
    if before_last > LARGEST_OFFSET:
        extended = encapsulate_extended(list(frames))
        dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = extended
    else:
        dataset.PixelData = encapsulate(list(frames))
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


def _drop_offset_tables(dataset: Dataset) -> None:
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        dataset.pop(keyword, None)


def mark_lossy(dataset: Dataset, transfer_syntax_uid: str, ratio: float) -> None:
    """Make the data set one of a derived image, with a new SOP Instance UID (PS3.3 C.7.6.1.1.2 to 5, C.12.4.1).

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed.
    transfer_syntax_uid : str
    ratio : float
        Bytes of the samples to bytes of the codestreams.
    """
    from pydicom import Dataset as NewDataset

    from hdgpu.sr.coding import CodedConcept

    source = NewDataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    source.PurposeOfReferenceCodeSequence = [CodedConcept("121320", "DCM", "Uncompressed predecessor")]
    _append(dataset, "SourceImageSequence", source)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID()
    for element in dataset.iterall():
        if element.keyword in ("ImageType", "FrameType") and element.value:
            element.value = ["DERIVED", *list(element.value)[1:]]
    dataset.DerivationDescription = "Lossy compression"
    _append(dataset, "DerivationCodeSequence", CodedConcept("113040", "DCM", "Lossy Compression"))
    dataset.LossyImageCompression = "01"
    _append(dataset, "LossyImageCompressionRatio", f"{ratio:.4g}")
    _append(dataset, "LossyImageCompressionMethod", get_lossy_compression_attributes(transfer_syntax_uid)[1])


def _append(dataset: Dataset, keyword: str, value: object) -> None:
    """Add a value, or an item, to those that an attribute has."""
    found = dataset.get(keyword)
    several = isinstance(found, MutableSequence)  # pydicom's, and its sequences of items
    values = list(found) if several else [] if found in (None, "") else [found]
    setattr(dataset, keyword, [*values, value])

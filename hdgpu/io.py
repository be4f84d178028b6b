"""Reading of single frames from DICOM files."""

from hdgpu.image.file_reader import ImageFileReader

__all__ = ["ImageFileReader"]

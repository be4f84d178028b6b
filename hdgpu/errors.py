"""The tree of exceptions.

Every exception about files, data and the machine derives from :class:`HdgpuError` and, besides, from the built-in that
a caller of highdicom or pydicom would catch (``ValueError``, ``RuntimeError``, ...).  An argument of a wrong type is
a plain ``TypeError``.

A message is put together from parts, so that it always says the same things in the same order: which file, which
frame, which attribute, what is wrong, what was expected, what was found and what to do about it.  The parts stay
available as attributes.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AmbiguousSeriesError",
    "ArrayConversionError",
    "ClosedReaderError",
    "ContentTreeError",
    "CoordinateSystemError",
    "DeviceUnavailableError",
    "DuplicatePositionError",
    "EmptySeriesError",
    "FrameDecodeError",
    "FrameEncodeError",
    "FrameIndexError",
    "FrameNumberError",
    "GantryTiltError",
    "GeometryMismatchError",
    "HdgpuError",
    "InvalidAttributeError",
    "IrregularSpacingError",
    "KernelCompileError",
    "LookupTableError",
    "MissingAttributeError",
    "MissingDependencyError",
    "MissingGeometryError",
    "MissingSliceError",
    "MissingTransformError",
    "MixedGeometryError",
    "MixedOrientationError",
    "MixedSizeError",
    "MosaicError",
    "NoPixelDataError",
    "NotCoveredError",
    "NotCoveredNameError",
    "NotDicomError",
    "OutOfBoundsError",
    "OutOfMemoryError",
    "OutputTypeError",
    "PixelDataSizeError",
    "SourceError",
    "SourceImageError",
    "SourceNotFoundError",
    "StackError",
    "TilingError",
    "TransformSelectionError",
    "TruncatedFileError",
    "UnknownReferenceError",
    "UnmappedValueError",
    "UnsupportedPixelError",
    "UnsupportedTransferSyntaxError",
    "UnsupportedTransformError",
    "VolumeError",
    "VolumeIndexError",
]


class HdgpuError(Exception):
    """Base of every exception of hdgpu.

    Parameters
    ----------
    problem : str
        What is wrong, as a clause without a full stop.
    source : object, optional
        Name of the file (or other source) concerned.
    frame : int, optional
        Frame number, counted from 1 as in DICOM.
    context : str, optional
        What else identifies it: transfer syntax, SOP Instance UID.
    tag : str, optional
        Attribute concerned, as ``"(0028,0010) 'Rows'"``.
    expected, found : object, optional
        What the rest of the data calls for, and what is there instead.
    remedy : str, optional
        What the user can do about it.

    Examples
    --------
    >>> print(HdgpuError("the frame is too short", source="a.dcm", frame=3, expected="512 bytes", found="12 bytes"))
    a.dcm, frame 3: the frame is too short (expected 512 bytes, found 12 bytes)
    """

    def __init__(
        self,
        problem: str,
        *,
        source: object = None,
        frame: int | None = None,
        context: str | None = None,
        tag: str | None = None,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.source = None if source is None else str(source)
        self.frame = frame
        self.context = context
        self.tag = tag
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        frame = f"frame {self.frame}" if self.frame else None
        where = [part for part in (self.source, frame, self.context, self.tag) if part]
        known = (("expected", self.expected), ("found", self.found))
        facts = [f"{name} {value}" for name, value in known if value is not None]
        text = ", ".join(where) + ": " * bool(where) + self.problem
        if facts:
            text += f" ({', '.join(facts)})"
        return f"{text}. {self.remedy}" if self.remedy else text

    def parts(self) -> dict[str, Any]:
        """Return the keyword arguments that make an equal exception."""
        names = ("source", "frame", "context", "tag", "expected", "found", "remedy")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def at(self, **where: Any) -> HdgpuError:
        """Return the same error with more said about where: what is known already is kept."""
        return type(self)(self.problem, **{**where, **self.parts()})

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.problem, self.parts())


def _rebuild(kind: type[HdgpuError], problem: str, parts: dict[str, Any]) -> HdgpuError:
    return kind(problem, **parts)


# --- Files and their attributes ---------------------------------------------------------------------------------------


class SourceError(HdgpuError, OSError):
    """A path, URL or file object could not be opened or read."""

    def __str__(self) -> str:  # OSError would render its arguments as an errno
        return self._message()


class SourceNotFoundError(SourceError, FileNotFoundError):
    """There is no file of that name."""


class ClosedReaderError(SourceError, ValueError):
    """A reader was asked for what it can tell only while it is open."""


class NotDicomError(HdgpuError, ValueError):
    """The bytes are not a DICOM data set."""


class TruncatedFileError(HdgpuError, ValueError, EOFError):
    """The file ends before the data that it announces."""


class MissingAttributeError(HdgpuError, AttributeError, ValueError):
    """An attribute that is needed here is absent or empty."""


class InvalidAttributeError(HdgpuError, ValueError):
    """An attribute has a value that cannot be, or that contradicts another."""


class ContentTreeError(HdgpuError, AttributeError, ValueError):
    """A content item has a relationship type where it may have none, or none where it needs one (PS3.3 C.17.3.2)."""


class NoPixelDataError(HdgpuError, AttributeError, ValueError):
    """The data set has no Pixel Data, Float Pixel Data or Double Float Pixel Data."""


class PixelDataSizeError(HdgpuError, ValueError):
    """Rows, Columns, Samples per Pixel and Number of Frames disagree with the bytes or with the codestream."""


class FrameIndexError(HdgpuError, ValueError):
    """The fragments or the offset table of encapsulated pixel data (PS3.5 A.4) are damaged."""


class FrameNumberError(HdgpuError, IndexError, ValueError):
    """There is no frame of that number."""


# --- Decoding ---------------------------------------------------------------------------------------------------------


class UnsupportedTransferSyntaxError(HdgpuError, ValueError, NotImplementedError):
    """There is no decoder, or no encoder, for the transfer syntax."""


class UnsupportedPixelError(HdgpuError, ValueError, NotImplementedError):
    """A combination of Image Pixel attributes that no decoder, or no encoder, here takes."""


class FrameDecodeError(HdgpuError, RuntimeError, ValueError):
    """A frame's codestream is damaged: nothing of it is returned."""


class FrameEncodeError(HdgpuError, RuntimeError, ValueError):
    """An encoder failed, or wrote what does not decode to the samples that it was given: nothing of it is returned."""


# --- Pixel transforms -------------------------------------------------------------------------------------------------


class MissingTransformError(HdgpuError, RuntimeError, ValueError):
    """A pixel transform that the caller insists on is not in the file."""


class UnsupportedTransformError(HdgpuError, NotImplementedError):
    """The file calls for a pixel transform that this version does not apply."""


class TransformSelectionError(HdgpuError, IndexError):
    """A selector matches none of the pixel transforms that there are."""


class UnmappedValueError(HdgpuError, ValueError):
    """A stored value lies outside of what the real-world value map maps."""


class LookupTableError(HdgpuError, RuntimeError, ValueError):
    """The data of a lookup table contradict its descriptor, or those of another one that belongs to it."""


class OutputTypeError(HdgpuError, ValueError):
    """The output data type cannot hold the values of the pixel transform."""


# --- Series and stacks ------------------------------------------------------------------------------------------------


class EmptySeriesError(HdgpuError, ValueError, IndexError):
    """There is no image where at least one is needed."""


class AmbiguousSeriesError(HdgpuError, ValueError):
    """There are several series and the call does not say which."""


class StackError(HdgpuError, ValueError, RuntimeError):
    """The frames do not form one regular stack.

    Attributes
    ----------
    diagnosis : hdgpu.geometry.StackDiagnosis or None
        What was measured.
    """

    def __init__(self, problem: str, *, diagnosis: Any = None, **parts: Any) -> None:
        self.diagnosis = diagnosis
        super().__init__(problem, **parts)

    def parts(self) -> dict[str, Any]:
        """Return the keyword arguments that make an equal exception."""
        return {**super().parts(), "diagnosis": self.diagnosis}


class MissingGeometryError(StackError, AttributeError):
    """There is no position, orientation or pixel spacing."""


class MosaicError(StackError):
    """Frames show the slices of a volume side by side: their position and orientation are of none of them."""


class MixedGeometryError(StackError):
    """Frames differ in frame of reference, pixel spacing or pixel description."""


class MixedOrientationError(StackError):
    """Frames differ in orientation."""


class MixedSizeError(StackError):
    """Frames differ in rows or columns."""


class DuplicatePositionError(StackError):
    """Several frames lie at one position."""


class MissingSliceError(StackError):
    """The spacing is regular but for one gap or more."""


class IrregularSpacingError(StackError):
    """The spacing between slices varies."""


class GantryTiltError(StackError):
    """The slices are stacked at an angle to their normal."""


class TilingError(HdgpuError, ValueError, RuntimeError):
    """The tiles asked for are not there, are there twice, or do not lie within the total pixel matrix."""


class UnknownReferenceError(HdgpuError, KeyError, ValueError):
    """There is no dimension, or no source image, of that name."""

    __str__ = Exception.__str__  # that of KeyError puts quotation marks around it


class SourceImageError(HdgpuError, RuntimeError, ValueError):
    """Frames cannot be found by the images that they were derived from."""


# --- Volumes ----------------------------------------------------------------------------------------------------------


class VolumeError(HdgpuError, ValueError):
    """An affine, shape, channel or argument that does not make a volume."""


class VolumeIndexError(VolumeError, IndexError):
    """An index lies outside the volume or selects no voxel."""


class CoordinateSystemError(VolumeError, RuntimeError):
    """The operation has no meaning in the volume's coordinate system."""


class GeometryMismatchError(VolumeError, RuntimeError):
    """Two volumes whose geometries do not go together: grids that do not coincide, or different frames of reference."""


class OutOfBoundsError(VolumeError, RuntimeError):
    """A position lies outside the volume."""


class ArrayConversionError(HdgpuError, TypeError):
    """An array does not turn into one of NumPy's by itself: it lies on a device, or is part of a graph of torch's."""


# --- Machines ---------------------------------------------------------------------------------------------------------


class DeviceUnavailableError(HdgpuError, RuntimeError):
    """The device asked for is not there."""


class OutOfMemoryError(HdgpuError, MemoryError):
    """The memory of the host or of a device does not hold what is asked for."""


class KernelCompileError(HdgpuError, RuntimeError):
    """A CUDA kernel cannot be compiled for a device."""


class MissingDependencyError(HdgpuError, ImportError):
    """An optional library is not installed."""


# --- The peer ---------------------------------------------------------------------------------------------------------


class NotCoveredError(HdgpuError, ImportError):
    """A module of highdicom that hdgpu has no counterpart of."""


class NotCoveredNameError(HdgpuError, AttributeError):
    """A name in a module of highdicom that hdgpu has no counterpart of."""

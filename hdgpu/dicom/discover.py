"""Find the instances in whatever the caller hands over: folders of anything, files, DICOMDIR, data sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from hdgpu.dicom.elements import Layout
from hdgpu.dicom.header import Header, header_of_dataset, read_header, scan_headers
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.on_demand import OnDemandDataset
from hdgpu.dicom.source import PathSource, open_source
from hdgpu.dicom.tags import Tag
from hdgpu.errors import HdgpuError, NotDicomError, SourceError

__all__ = ["Discovery", "discover"]


class Discovery:
    """The instances found, and what was passed over.

    Attributes
    ----------
    instances : list of Instance
        In the order in which they were met.
    ignored : list of str
        Names of files in folders that are not DICOM.
    broken : list of HdgpuError
        Why files in folders that are DICOM could not be read; empty unless they were asked to be collected.
    """

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self.ignored: list[str] = []
        self.broken: list[HdgpuError] = []


def discover(
    sources: Any, *, collect_errors: bool = False, progress: Callable[[int, int], None] | None = None
) -> Discovery:
    """Read the headers of all instances in `sources`.

    Parameters
    ----------
    sources : path, URL, bytes, binary file object, pydicom.Dataset, or an iterable of these
        A folder is searched with all folders below it, and what is not DICOM in it is passed over; a path that is
        named must be DICOM.  A DICOMDIR stands for the files that it lists.
    collect_errors : bool
        Note DICOM files that cannot be read in `Discovery.broken`, instead of raising for the first one.
    progress : callable, optional
        Called with the number of files looked at and the number of all.

    Raises
    ------
    SourceError, NotDicomError, TruncatedFileError, InvalidAttributeError
        If a file cannot be read.
    """
    found = Discovery()
    work: list[tuple[bool, Any]] = []
    for item in _flatten(sources):
        if isinstance(item, (str, os.PathLike)) and Path(item).is_dir():
            work += [(False, path) for path in _files_below(os.fspath(item))]
        else:
            work.append((True, item))
    layout = Layout()
    scanned = scan_headers([item for _, item in work])
    for done, ((named, item), header) in enumerate(zip(work, scanned, strict=True)):
        if header is not None:
            found.instances.append(Instance(header))
        elif named:
            _add_named(found, item, layout)
        else:
            _add_found(found, item, layout, collect_errors)
        if progress is not None:
            progress(done + 1, len(work))
    return found


def _flatten(sources: Any) -> Iterator[Any]:
    single = (str, os.PathLike, bytes, bytearray, memoryview)
    if isinstance(sources, single) or _is_dataset(sources) or hasattr(sources, "read"):
        yield sources
    elif isinstance(sources, Iterable):
        yield from sources
    else:
        raise TypeError(f"expected paths, files or data sets, got {type(sources).__name__}")


def _is_dataset(item: Any) -> bool:
    # A data set cannot come from anywhere but an imported pydicom, which need not be imported for this.
    return any(base.__module__.startswith("pydicom.") and base.__name__ == "Dataset" for base in type(item).__mro__)


def _files_below(folder: str) -> Iterator[str]:
    """Yield the files below a folder, in the order of their names, so that results do not depend on the disk."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(f"cannot be listed: {error.strerror}", source=folder) from error
    for entry in entries:
        if entry.is_dir():
            yield from _files_below(entry.path)
        elif entry.is_file():
            yield entry.path


def _add_found(found: Discovery, path: str, layout: Layout, collect_errors: bool) -> None:
    """Add a file that a folder holds; a DICOMDIR lists files that the walk finds by itself."""
    try:
        header = read_header(PathSource(path), layout)
    except NotDicomError:
        found.ignored.append(path)
    except HdgpuError as error:
        if not collect_errors:
            raise
        found.broken.append(error)
    else:
        if Tag.DIRECTORY_RECORD_SEQUENCE in header:
            found.ignored.append(path)
        else:
            found.instances.append(Instance(header))


def _add_named(found: Discovery, item: Any, layout: Layout) -> None:
    if isinstance(item, OnDemandDataset):
        header = item.current_header()
    else:
        header = header_of_dataset(item) if _is_dataset(item) else read_header(open_source(item), layout)
    if Tag.DIRECTORY_RECORD_SEQUENCE in header:
        found.instances += [Instance(read_header(PathSource(path), layout)) for path in _files_of_dicomdir(header)]
    else:
        found.instances.append(Instance(header))


def _files_of_dicomdir(header: Header) -> list[str]:
    """Return the paths of the files that a DICOMDIR refers to (PS3.3 F.3.2.2)."""
    folder = Path(header.source.name).parent
    records = header.items(Tag.DIRECTORY_RECORD_SEQUENCE)
    names = [record.text(Tag.REFERENCED_FILE_ID) for record in records]
    return [str(folder.joinpath(*name.split("\\"))) for name in names if name]

"""Find the instances in whatever the caller hands over: folders of anything, files, DICOMDIR, data sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hdgpu.dicom.elements import Layout
from hdgpu.dicom.folder import files_below, is_meant_as_dicom
from hdgpu.dicom.header import Header, header_of_dataset, read_header, scan_headers
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.on_demand import OnDemandDataset
from hdgpu.dicom.remote import url_beside
from hdgpu.dicom.source import PathSource, local_path, open_source
from hdgpu.dicom.tags import Tag
from hdgpu.errors import HdgpuError, NotDicomError, SourceError

__all__ = ["Discovery", "discover"]

_PREAMBLE = 132  # bytes before the first element, with the prefix
_SKIP = 'Pass on_error="skip" to leave it out.'


class Discovery:
    """The instances found, and what was passed over.

    Attributes
    ----------
    instances : list of Instance
        In the order in which they were met.
    ignored : list of str
        Names of files in folders that are not DICOM, and of hidden folders, which are not looked into.
    directories : list of str
        Names of DICOMDIRs that were passed over, because they were met together with files from their folders.
    broken : list of HdgpuError
        Why files could not be read; empty unless they were asked to be collected.
    """

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self.ignored: list[str] = []
        self.directories: list[str] = []
        self.broken: list[HdgpuError] = []


class _Item(NamedTuple):
    """One file to read: the path of a local one, or whatever else was handed over."""

    what: Any
    is_named: bool
    number: int | None = None  # place in the list that was handed over
    directory: str = ""  # DICOMDIR that refers to it


def discover(
    sources: Any, *, collect_errors: bool = False, progress: Callable[[int, int], None] | None = None
) -> Discovery:
    """Read the headers of all instances in `sources`.

    Parameters
    ----------
    sources : path, URL, bytes, binary file object, pydicom.Dataset, or an iterable of these
        A folder is searched with all folders below it, and what is not DICOM in it is passed over, unless its name or
        its emptiness says that it was meant to be; a path that is named must be DICOM.  A DICOMDIR stands for the files
        that it lists, unless it is handed over with files from its folder: it is then passed over.
    collect_errors : bool
        Note files that cannot be read in `Discovery.broken`, instead of raising for the first one.  Of a single file
        that is named, the error is raised all the same.
    progress : callable, optional
        Called with the number of files looked at and the number of all.

    Raises
    ------
    SourceError, NotDicomError, TruncatedFileError, InvalidAttributeError
        If a file cannot be read.
    """
    found = Discovery()
    listed: list[_Item] = []
    for header in _read(found, _items(sources, found, collect_errors), collect_errors, progress):
        if _is_among_its_files(header, found):
            found.directories.append(header.source.name)
        else:
            listed += _files_of_dicomdir(header)
    nested = _read(found, listed, collect_errors, progress)
    found.directories += [header.source.name for header in nested]
    return found


def _items(sources: Any, found: Discovery, collect_errors: bool) -> list[_Item]:
    """Return the files to read, with those of folders in the place of the folders."""
    items: list[_Item] = []
    for number, what in enumerate(_flatten(sources), start=1):
        path = local_path(what)
        if path is None:
            items.append(_Item(what, True, None if what is sources else number))
        elif Path(path).is_dir():
            files, hidden, errors = files_below(path)
            if errors and not collect_errors:
                raise errors[0]
            items += [_Item(file, False) for file in files]
            found.ignored += hidden
            found.broken += errors
        else:
            items.append(_Item(path, True))
    return items


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


def _read(
    found: Discovery, items: Sequence[_Item], collect_errors: bool, progress: Callable[[int, int], None] | None
) -> list[Header]:
    """Add the instances that the items are, and return the headers of those that are a DICOMDIR and were named."""
    layout = Layout()
    directories: list[Header] = []
    scanned = scan_headers([item.what for item in items])
    for done, (item, header) in enumerate(zip(items, scanned, strict=True)):
        if header is None:
            header = _header(found, item, layout, collect_errors, len(items))
        if header is None:
            pass
        elif Tag.DIRECTORY_RECORD_SEQUENCE not in header:
            found.instances.append(Instance(header))
        elif item.is_named:
            directories.append(header)
        else:  # the walk finds the files that it lists by itself
            found.directories.append(header.source.name)
        if progress is not None:
            progress(done + 1, len(items))
    return directories


def _header(found: Discovery, item: _Item, layout: Layout, collect_errors: bool, count: int) -> Header | None:
    """Return the header of one of `count` items, or None if it is ignored, or broken and that is noted."""
    try:
        return _header_of(item, layout)
    except HdgpuError as caught:
        error: HdgpuError = caught
    if isinstance(error, NotDicomError) and not item.is_named:
        if not is_meant_as_dicom(item.what, PathSource(item.what).head(_PREAMBLE)):
            found.ignored.append(item.what)
            return None
        error = _with(error, remedy="Copy or export the file again, or take it out of the folder.")
    if item.directory:
        error = error.at(context=f"to which {item.directory} refers")
    if collect_errors and (count > 1 or not item.is_named):
        found.broken.append(error)
        return None
    if count > 1:
        error = _with(error, remedy=" ".join(filter(None, (error.remedy, _SKIP))))
    raise error from error.__cause__


def _with(error: HdgpuError, **parts: Any) -> HdgpuError:
    changed = type(error)(error.problem, **{**error.parts(), **parts})
    changed.__cause__ = error.__cause__
    return changed


def _header_of(item: _Item, layout: Layout) -> Header:
    if isinstance(item.what, OnDemandDataset):
        return item.what.current_header()
    if not _is_dataset(item.what):
        return read_header(open_source(item.what, item.number), layout)
    name = getattr(item.what, "filename", None)
    return header_of_dataset(item.what, None if name or item.number is None else f"<dataset {item.number}>")


def _is_among_its_files(dicomdir: Header, found: Discovery) -> bool:
    """Tell whether files from the folder of a DICOMDIR were handed over beside it: it then says nothing new."""
    met = [instance.name for instance in found.instances] + [str(error.source) for error in found.broken]
    folder = Path(dicomdir.source.name).absolute().parent
    return any(Path(name).absolute().is_relative_to(folder) for name in met)


def _files_of_dicomdir(dicomdir: Header) -> Iterator[_Item]:
    """Yield the files that a DICOMDIR refers to (PS3.3 F.3.2.2)."""
    name = dicomdir.source.name
    is_url = "://" in name
    if not is_url and not Path(name).is_file():
        raise SourceError(
            "a DICOMDIR lists files that lie beside it, and where this one lies is not known",
            source=name,
            remedy="Give its path, or the folder.",
        )
    identifiers = (record.text(Tag.REFERENCED_FILE_ID) for record in dicomdir.items(Tag.DIRECTORY_RECORD_SEQUENCE))
    for identifier in dict.fromkeys(filter(None, identifiers)):
        parts = [part.strip() for part in identifier.split("\\")]
        path = url_beside(name, parts) if is_url else str(Path(name).parent.joinpath(*parts))
        yield _Item(path, True, directory=name)

"""Files below a folder: each once, however many links lead to it, and which of them were meant to be DICOM."""

from __future__ import annotations

import os
from pathlib import Path

from hdgpu.errors import SourceError

__all__ = ["files_below", "is_meant_as_dicom"]

_SUFFIXES = (".dcm", ".dicom", ".ima")


def files_below(folder: str) -> tuple[list[str], list[str], list[SourceError]]:
    """Return the files below a folder, what was left out, and why folders could not be listed.

    Files come in the order of their names, so that results do not depend on the disk, and those behind symbolic links
    after all others.  Each folder is visited once, and a link to a file that is met anyhow is passed over.  Hidden
    folders are left out: they hold what programs keep for themselves, like old versions of the same files.

    Parameters
    ----------
    folder : str

    Returns
    -------
    files : list of str
    left_out : list of str
        Hidden folders, and links that lead nowhere and do not look as if they were to lead to DICOM.
    errors : list of SourceError
    """
    walk = _Walk()
    walk.visit(folder, os.path.realpath(folder))
    walk.follow_links()
    return walk.files, walk.left_out, walk.errors


class _Walk:
    def __init__(self) -> None:
        self.files: list[str] = []
        self.left_out: list[str] = []
        self.errors: list[SourceError] = []
        self._links_to_folders: list[str] = []
        self._links_to_files: list[str] = []
        self._visited: set[str] = set()

    def visit(self, folder: str, real: str) -> None:
        """Note the files below a folder, whose canonical path is `real`, and the links to be followed later."""
        self._visited.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self.errors.append(SourceError(f"cannot be listed: {error.strerror}", source=folder))
            return
        for entry in entries:
            if entry.is_symlink():
                self._note_link(entry)
            elif entry.is_file():
                self.files.append(entry.path)
            elif entry.is_dir():
                self._descend(entry.path, os.path.join(real, entry.name))

    def _note_link(self, entry: os.DirEntry[str]) -> None:
        try:
            if entry.is_dir():
                self._links_to_folders.append(entry.path)
            elif entry.is_file():
                self._links_to_files.append(entry.path)
            else:
                entry.stat()  # raises where a link leads nowhere
        except OSError:
            # It is read like a file, and that fails: the slice that it stood for shall not vanish.
            (self.files if is_meant_as_dicom(entry.path) else self.left_out).append(entry.path)

    def _descend(self, folder: str, real: str) -> None:
        if Path(folder).name.startswith("."):
            self.left_out.append(folder)
        elif real not in self._visited:
            self.visit(folder, real)

    def follow_links(self) -> None:
        """Add what the links lead to: folders first, for a file that one of these holds is not added again."""
        for link in self._links_to_folders:  # grows with those in the folders
            real = os.path.realpath(link)
            if not Path(os.path.realpath(Path(link).parent)).is_relative_to(real):  # else it leads back where it lies
                self._descend(link, real)
        for link in self._links_to_files:
            real = os.path.realpath(link)
            if real not in self._visited and real.rpartition("/")[0] not in self._visited:
                self._visited.add(real)
                self.files.append(link)


def is_meant_as_dicom(path: str, head: bytes = b"") -> bool:
    """Tell whether a file that is not DICOM was meant to be: by its suffix, or because it is empty and has none.

    Parameters
    ----------
    path : str
    head : bytes
        What it begins with: nothing but zeros are left of some files, too.

    Examples
    --------
    >>> is_meant_as_dicom("IM1.DCM", b"<html>"), is_meant_as_dicom("I10"), is_meant_as_dicom("1.2.840.7")
    (True, True, True)
    >>> is_meant_as_dicom("README", b"This is"), is_meant_as_dicom("notes.txt"), is_meant_as_dicom("._IM1.dcm")
    (False, False, False)
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if file.name.startswith("."):  # macOS leaves such beside the file that they belong to
        return False
    # In a file that is named by a UID the last part of it is no suffix.
    return suffix in _SUFFIXES or (not head.strip(b"\0") and (not suffix or suffix[1:].isdigit()))

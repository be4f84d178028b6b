"""What is found in folders of anything, in lists and by way of a DICOMDIR, and what is said of the rest."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from hdgpu.dicom.discover import Discovery, discover
from hdgpu.errors import HdgpuError, NotDicomError, SourceError
from tests.make_series import make_series, write_series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder "series" with six slices in files without a suffix."""
    write_series(make_series()[0], tmp_path / "series")
    return tmp_path / "series"


def names(found: Discovery) -> list[str]:
    return [Path(instance.name).name for instance in found.instances]


# --- What is not DICOM ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("IM9.dcm", b""),
        ("IM9.dcm", b"<html>sorry</html>"),
        ("IM9.DCM", b"x" * 1000),
        ("IM9.Dicom", bytes(100)),
        ("IM9.ima", b"\0" * 5000),
        ("IM9", b""),
        ("IM9", bytes(100)),
        ("1.2.840.113619.2", b""),
    ],
)
def test_what_was_meant_to_be_dicom_is_an_error(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(NotDicomError, match=rf"{name}: not a DICOM file.*take it out of the folder.*Pass on_error="):
        discover(folder)
    found = discover(folder, collect_errors=True)
    assert len(found.instances) == 6
    assert not found.ignored
    assert [error.source for error in found.broken] == [str(folder / name)]


@pytest.mark.parametrize(
    ("name", "content"),
    [("README", b"text"), ("notes.txt", b""), ("index.html", b"<html>"), (".hidden", b""), ("._IM9.dcm", b"Mac OS X")],
)
def test_what_was_not_is_ignored_and_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    found = discover(folder)
    assert len(found.instances) == 6
    assert found.ignored == [str(folder / name)]


def test_hidden_folders_are_not_looked_into(folder: Path) -> None:
    shutil.copytree(folder, folder / ".snapshot" / "yesterday")
    found = discover(folder)
    assert len(found.instances) == 6
    assert found.ignored == [str(folder / ".snapshot")]
    assert len(discover(folder / ".snapshot").instances) == 6


def test_folder_that_may_not_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "locked").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="locked: cannot be listed: Permission denied"):
        discover(folder)
    found = discover(folder, collect_errors=True)
    assert (len(found.instances), len(found.broken)) == (6, 1)


# --- Links ------------------------------------------------------------------------------------------------------------


def test_folder_behind_a_link_is_visited_once(folder: Path) -> None:
    (folder.parent / "latest").symlink_to("series")
    (folder.parent / "also").symlink_to(folder)  # before it in the order of names
    found = discover(folder.parent)
    assert {Path(instance.name).parent.name for instance in found.instances} == {"series"}
    assert len(found.instances) == 6
    assert len(discover(folder.parent / "latest").instances) == 6


def test_folder_elsewhere_is_searched_through_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for link in ("a", "b"):
        (tmp_path / "root" / link).symlink_to(folder)
    assert len(discover(tmp_path / "root").instances) == 6


def test_link_that_leads_back_is_not_followed(folder: Path, tmp_path: Path) -> None:
    write_series(make_series(SeriesInstanceUID="1.9")[0], tmp_path / "other")
    (folder / "up").symlink_to("..")
    (folder / "self").symlink_to(".")
    assert len(discover(folder).instances) == 6
    assert len(discover(tmp_path).instances) == 12


def test_files_behind_links(folder: Path, tmp_path: Path) -> None:
    """As git-annex has them, with the content in a hidden folder."""
    dataset = tmp_path / "dataset"
    store = dataset / ".git" / "annex"
    store.parent.mkdir(parents=True)
    folder.rename(store)
    for path in sorted(store.iterdir()):
        (dataset / f"{path.name}.dcm").symlink_to(path.relative_to(dataset))
    assert names(discover(dataset)) == [f"IM{number:03d}.dcm" for number in range(6)]
    (dataset / "again.dcm").symlink_to("IM000.dcm")
    assert len(discover(dataset).instances) == 6
    next(store.iterdir()).unlink()
    with pytest.raises(SourceError, match=r"IM\d+\.dcm: cannot be read: No such file|again\.dcm: cannot"):
        discover(dataset)


def test_link_to_a_file_that_is_there_anyhow(folder: Path) -> None:
    (folder / "A-first").symlink_to("IM003")
    (folder / "loop").symlink_to("loop")
    (folder / ".#lock").symlink_to("user@host")
    with pytest.raises(SourceError, match="loop: cannot be read"):
        discover(folder)
    (folder / "loop").unlink()
    found = discover(folder)
    assert names(found) == [f"IM{number:03d}" for number in range(6)]
    assert found.ignored == [str(folder / ".#lock")]


# --- Lists ------------------------------------------------------------------------------------------------------------


def test_what_is_broken_in_a_list_may_be_skipped(folder: Path) -> None:
    (folder / "README.txt").write_text("text")
    listed = [*sorted(folder.iterdir()), folder / "nowhere"]
    with pytest.raises(NotDicomError, match=r"README\.txt.*on_error=\"skip\""):
        discover(listed)
    found = discover(listed, collect_errors=True)
    assert len(found.instances) == 6
    assert {Path(str(error.source)).name for error in found.broken} == {"README.txt", "nowhere"}


def test_a_single_file_is_never_skipped(folder: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: cannot be read: No such file or directory$"):
        discover(folder / "nowhere", collect_errors=True)
    with pytest.raises(SourceError, match="nowhere"):
        discover([folder / "nowhere"], collect_errors=True)


def test_what_has_no_name_is_numbered(folder: Path) -> None:
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    found = discover([*contents[:2], BytesIO(contents[2]), pydicom.dcmread(BytesIO(contents[3]))])
    assert [instance.name for instance in found.instances] == ["<bytes 1>", "<bytes 2>", "<BytesIO 3>", "<dataset 4>"]
    assert discover(contents[0]).instances[0].name == "<bytes>"
    with pytest.raises(HdgpuError, match="<bytes 3>"):
        discover([*contents[:2], contents[2][:300]])


@pytest.mark.parametrize("place", ["a folder", "schön", "100%"])
def test_uris_of_files(folder: Path, place: str) -> None:
    folder = folder.rename(folder.parent / place)
    for source in (folder.as_uri(), [path.as_uri() for path in folder.iterdir()]):
        found = discover(source)
        assert {Path(instance.name).parent for instance in found.instances} == {folder}
        assert len(found.instances) == 6


# --- DICOMDIR ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """Folder with a DICOMDIR and the files that it lists."""
    source = Path(str(get_testdata_file("DICOMDIR"))).parent
    shutil.copytree(source, tmp_path / "disc", ignore=shutil.ignore_patterns("README*", "DICOMDIR-*", "TINY_ALPHA"))
    return tmp_path / "disc"


def test_dicomdir_alone_and_among_the_files_that_it_lists(disc: Path) -> None:
    alone, below = discover(disc / "DICOMDIR"), discover(disc)
    assert sorted(names(alone)) == sorted(names(below))
    assert not alone.directories
    assert below.directories == [str(disc / "DICOMDIR")]
    assert not below.ignored
    listed = [disc / "DICOMDIR", *(path for path in disc.rglob("*") if path.is_file() and path.name != "DICOMDIR")]
    found = discover(listed)
    assert len(found.instances) == len(alone.instances)
    assert found.directories == [str(disc / "DICOMDIR")]
    Path(alone.instances[4].name).unlink()
    listed.remove(Path(alone.instances[4].name))
    assert len(discover(listed).instances) == len(alone.instances) - 1


def test_dicomdir_with_files_from_elsewhere(disc: Path, folder: Path) -> None:
    found = discover([disc / "DICOMDIR", folder])
    assert len(found.instances) == len(discover(disc).instances) + 6
    assert not found.directories


def test_several_dicomdirs(disc: Path) -> None:
    shutil.copytree(disc, disc.parent / "second")
    found = discover([disc / "DICOMDIR", disc.parent / "second" / "DICOMDIR"])
    assert len(found.instances) == 2 * len(discover(disc).instances)


def test_file_that_a_dicomdir_lists_in_vain(disc: Path) -> None:
    whole = discover(disc / "DICOMDIR")
    gone = Path(whole.instances[4].name)
    gone.unlink()
    with pytest.raises(SourceError, match=rf"{gone}, to which {disc}/DICOMDIR refers: cannot be read: No such file"):
        discover(disc / "DICOMDIR")
    found = discover(disc / "DICOMDIR", collect_errors=True)
    assert (len(found.instances), len(found.broken)) == (len(whole.instances) - 1, 1)


def test_dicomdir_by_url(disc: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install hdgpu[remote]")
    fsspec.filesystem("memory").put(f"{disc}/", "/disc/", recursive=True)
    found = discover("memory://disc/DICOMDIR")
    assert all(instance.name.startswith("memory://disc/") for instance in found.instances)
    assert sorted(names(found)) == sorted(names(discover(disc)))


@pytest.mark.parametrize("kind", ["bytes", "data set"])
def test_dicomdir_that_lies_nowhere(disc: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(disc)  # whose files it must not take for its own
    content = (disc / "DICOMDIR").read_bytes()
    with pytest.raises(SourceError, match="where this one lies is not known"):
        discover(content if kind == "bytes" else pydicom.dcmread(BytesIO(content)))
    paths = [path for path in disc.rglob("*") if path.is_file() and path.name != "DICOMDIR"]
    assert len(discover([content, *(path.read_bytes() for path in paths)]).instances) == len(paths)
    by_name = discover(pydicom.dcmread("DICOMDIR"))
    assert len(by_name.instances) == len(discover(disc).instances)

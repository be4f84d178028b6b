"""Targets are there whole or not at all."""

import pytest

from hdgpu.errors import SourceError
from hdgpu.output import atomic_target


def test_writes_file_and_leaves_nothing_else(tmp_path):
    with atomic_target(tmp_path / "a.nii.gz") as path:
        assert path.name == "a.nii.gz"
        path.write_bytes(b"voxels")
        assert not (tmp_path / "a.nii.gz").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii.gz"]
    assert (tmp_path / "a.nii.gz").read_bytes() == b"voxels"


def test_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "a.nii"
    target.write_bytes(b"old")

    def fail():
        with atomic_target(target, force=True) as path:
            path.write_bytes(b"half")
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("folder", [False, True])
def test_replaces_with_force_only(tmp_path, folder):
    target = tmp_path / "a.zarr"

    def write(content, **options):
        with atomic_target(target, **options) as path:
            if folder:
                path.mkdir()
                path /= "0"
            path.write_text(content)

    write("old")
    with pytest.raises(SourceError, match="overwrite=True"):
        write("new")
    write("new", force=True)
    assert (target / "0" if folder else target).read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.zarr"]


def test_missing_folder(tmp_path):
    with pytest.raises(SourceError, match="does not exist"), atomic_target(tmp_path / "none" / "a.nii"):
        pass


def test_file_does_not_replace_folder(tmp_path):
    (tmp_path / "a.nii").mkdir()
    with pytest.raises(IsADirectoryError), atomic_target(tmp_path / "a.nii", force=True) as path:
        path.write_bytes(b"")
    assert (tmp_path / "a.nii").is_dir()

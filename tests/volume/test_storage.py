"""Volumes in files: what is read is what was written, or an error."""

import json

import numpy as np
import pytest

from hdgpu.array.interop import to_numpy
from hdgpu.enum import RGBColorChannels
from hdgpu.errors import SourceError, VolumeError
from hdgpu.volume import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor, Volume

AFFINE = np.array([[0, 0.1, 0, 1 / 3], [0.2, 0, 0, -1e-9], [0, 0, -2.5, 1e5], [0, 0, 0, 1]])
OWN = ChannelDescriptor("model", is_custom=True, value_type=str)


def assert_same(left, right):
    assert to_numpy(left.array).dtype == to_numpy(right.array).dtype
    assert np.array_equal(to_numpy(left.array), to_numpy(right.array), equal_nan=left.array.dtype.kind == "f")
    assert np.array_equal(left.affine, right.affine)
    assert left.coordinate_system is right.coordinate_system
    assert left.frame_of_reference_uid == right.frame_of_reference_uid
    assert left.channel_descriptors == right.channel_descriptors
    for each in left.channel_descriptors:
        assert left.get_channel_values(each) == right.get_channel_values(each)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, ">u2", np.int64, np.float16, np.float32, np.float64])
def test_what_is_read_is_what_was_written(tmp_path, dtype, compress):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    volume = Volume(array, AFFINE, "SLIDE", "1.2.3")
    volume.save(tmp_path / "a.npz", compress=compress)
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]
    assert_same(Volume.load(tmp_path / "a.npz"), volume)


@pytest.mark.parametrize(
    "channels",
    [
        {"DiffusionBValue": [0.1, np.inf]},
        {"SegmentNumber": [1, 2]},
        {"PatientName": ["a", "\u00e4"]},
        {OWN: ["a", "b"]},
        {RGB_COLOR_CHANNEL_DESCRIPTOR: ["R", "B"]},
    ],
)
def test_channels(tmp_path, channels):
    volume = Volume(np.zeros((2, 3, 4, 2)), AFFINE, "PATIENT", channels=channels)
    volume.save(tmp_path / "a.npz")
    loaded = Volume.load(tmp_path / "a.npz")
    assert_same(loaded, volume)
    assert [each.value_type for each in loaded.channel_descriptors] == [
        each.value_type for each in volume.channel_descriptors
    ]


def test_every_library_can_be_saved(tmp_path, xp):
    Volume(xp.asarray(np.arange(24.0).reshape(2, 3, 4))[:, ::1, 1:], AFFINE, "PATIENT").save(tmp_path / "a.npz")
    assert np.array_equal(Volume.load(tmp_path / "a.npz").array, np.arange(24.0).reshape(2, 3, 4)[:, :, 1:])


def test_the_array_goes_to_the_device(tmp_path, device):
    Volume(np.zeros((2, 3, 4)), AFFINE, "PATIENT").save(tmp_path / "a.npz")
    assert Volume.load(tmp_path / "a.npz", device=device).device.kind == device


def test_a_file_is_replaced_and_its_name_kept(tmp_path):
    (tmp_path / "volume").write_text("old")
    Volume(np.ones((2, 3, 4)), AFFINE, "PATIENT").save(str(tmp_path / "volume"))
    assert Volume.load(tmp_path / "volume").array.min() == 1


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.nii.gz", "to_nibabel.*hdgpu convert"), ("a.NII", "to_nibabel"), ("a.mgz", "to_nibabel"),
        ("a.nrrd", "to_simpleitk"), ("a.mha", "to_simpleitk"), ("a.zarr", "hdgpu convert"), ("a.npy", "numpy.save"),
        ("a.pt", "torch.save"), ("a.npz.gz", "npz"), ("a.dcm", "npz"),
    ],
)  # fmt: skip
def test_names_of_other_formats_are_refused(tmp_path, name, remedy):
    with pytest.raises(VolumeError, match=remedy):
        Volume(np.ones((2, 3, 4)), AFFINE, "PATIENT").save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.NPZ", "volume", "patient.1", "1.2.840.113"])
def test_names_of_no_other_format(tmp_path, name):
    Volume(np.ones((2, 3, 4)), AFFINE, "PATIENT").save(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert Volume.load(tmp_path / name).array.min() == 1


def test_own_enumerations_are_refused_before_anything_is_written(tmp_path):
    colours = ChannelDescriptor("mine", is_custom=True, value_type=RGBColorChannels)
    volume = Volume(np.zeros((2, 3, 4, 1)), AFFINE, "PATIENT", channels={colours: ["R"]})
    with pytest.raises(VolumeError, match="mine"):
        volume.save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(SourceError, match=r"none\.npz"):
        Volume.load(tmp_path / "none.npz")
    with pytest.raises(SourceError):
        Volume(np.zeros((2, 3, 4)), AFFINE, "PATIENT").save(tmp_path / "none" / "a.npz")


def _text(path):
    path.write_text("no volume at all")


def _empty(path):
    path.write_bytes(b"")


def _truncated(path):
    Volume(np.zeros((20, 30, 40)), AFFINE, "PATIENT").save(path)
    path.write_bytes(path.read_bytes()[:-3000])


def _flipped(path):
    Volume(np.zeros((20, 30, 40)), AFFINE, "PATIENT").save(path)
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)


def _flipped_and_compressed(path):
    Volume(np.arange(24000).reshape(20, 30, 40), AFFINE, "PATIENT").save(path, compress=True)
    data = bytearray(path.read_bytes())
    data[2000:2010] = bytes(10)
    path.write_bytes(data)


def _single_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


def _other_archive(path):
    np.savez(path, array=np.zeros((2, 3, 4)))


def _pickle(path):
    np.savez(path, array=np.array([print], dtype=object), affine=AFFINE, volume=np.array("{}"))


def _altered(**changes):
    def write(path):
        Volume(np.zeros((2, 3, 4)), AFFINE, "PATIENT").save(path)
        with np.load(path) as archive:
            parts = dict(archive)
        described = json.loads(str(parts["volume"])) | changes
        np.savez(path, **{**parts, "volume": np.array(json.dumps(described))})

    return write


@pytest.mark.parametrize(
    "write",
    [
        _text, _empty, _truncated, _flipped, _flipped_and_compressed, _single_array, _other_archive, _pickle,
        _altered(version=99),
        _altered(coordinate_system="MOON"), _altered(channels=[{}]), _altered(channels=3), _altered(format="other"),
        _altered(channels=[{"identifier": "Nothing", "custom": False, "type": "float", "values": [1.0]}]),
    ],
)  # fmt: skip
def test_files_that_are_no_volume(tmp_path, write):
    write(tmp_path / "bad.npz")
    with pytest.raises(VolumeError, match=r"bad\.npz"):
        Volume.load(tmp_path / "bad.npz")

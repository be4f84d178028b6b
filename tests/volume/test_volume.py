"""The volume itself: construction, its array, devices and other libraries."""

import copy
import pickle

import highdicom
import numpy as np
import pytest

from hdgpu.array.device import Device
from hdgpu.array.interop import to_numpy
from hdgpu.errors import ArrayConversionError, DeviceUnavailableError, HdgpuError, VolumeError
from hdgpu.volume import Volume, VolumeGeometry
from tests.conftest import torch_for

AFFINE = np.array([[0.0, 0, 2, 10], [0, -3, 0, 20], [1.5, 0, 0, 30], [0, 0, 0, 1]])
HOST = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def make(xp, **options):
    return Volume(xp.asarray(HOST), AFFINE, "PATIENT", "1.2.3", **options)


def test_the_array_is_kept_not_copied(xp):
    array = xp.asarray(HOST)
    volume = Volume(array, AFFINE, "PATIENT")
    assert volume.array is array
    assert volume.dtype == array.dtype
    assert (volume.shape, volume.spatial_shape, volume.ndim) == ((3, 4, 5), (3, 4, 5), 3)
    assert [type(size) for size in volume.shape] == [int, int, int]


@pytest.mark.parametrize(
    "build",
    [
        lambda hd: hd.Volume(HOST[0], AFFINE, "PATIENT"),
        lambda hd: hd.Volume(HOST, AFFINE[:3], "PATIENT"),
        lambda hd: hd.Volume(HOST, np.ones((4, 4)), "PATIENT"),
        lambda hd: hd.Volume(HOST, AFFINE, "ROOM"),
        lambda hd: hd.Volume(HOST, AFFINE, "PATIENT").with_array(HOST[:2]),
        lambda hd: hd.Volume(HOST, AFFINE, "PATIENT").with_array(np.zeros((3, 4, 5, 2))),
        lambda hd: setattr(hd.Volume(HOST, AFFINE, "PATIENT"), "array", HOST[:2]),
        lambda hd: setattr(hd.Volume(HOST, AFFINE, "PATIENT"), "array", HOST[..., np.newaxis]),
    ],
)
def test_what_highdicom_refuses_is_refused(build):
    import hdgpu.volume

    with pytest.raises((TypeError, ValueError)) as theirs:
        build(highdicom)
    with pytest.raises(theirs.type):
        build(hdgpu.volume)


def test_what_highdicom_lets_pass_is_refused():
    with pytest.raises(VolumeError, match="spatial shape"):
        VolumeGeometry(AFFINE, (3, 4, 6), "PATIENT").with_array(HOST)
    with pytest.raises(TypeError):
        Volume(HOST, AFFINE, "PATIENT", 5)


@pytest.mark.parametrize("array", [HOST.tolist(), None, 5.0, np.ma.masked_array(HOST)])
def test_what_is_no_array_is_refused(array):
    with pytest.raises(TypeError, match="must be an array"):
        Volume(array, AFFINE, "PATIENT")
    with pytest.raises(TypeError, match="must be an array"):
        Volume(HOST, AFFINE, "PATIENT").with_array(array)


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 4, 5, 0)])
def test_an_array_without_voxels_is_no_volume(shape):
    with pytest.raises(VolumeError, match="no voxels"):
        Volume(np.zeros(shape), AFFINE, "PATIENT")


def test_from_attributes_and_components_are_highdicoms(xp):
    attributes = {
        "image_position": [1, 2, 3],
        "image_orientation": [1, 0, 0, 0, 1, 0],
        "pixel_spacing": [0.5, 0.7],
        "spacing_between_slices": 2.0,
        "coordinate_system": "PATIENT",
        "frame_of_reference_uid": "1.2.3",
    }
    components = {
        "spacing": [1, 2, 3],
        "center_position": [0, 0, 0],
        "patient_orientation": "HAR",
        "coordinate_system": "PATIENT",
    }
    for name, arguments in (("from_attributes", attributes), ("from_components", components)):
        theirs = getattr(highdicom.Volume, name)(array=HOST, **arguments)
        ours = getattr(Volume, name)(array=xp.asarray(HOST), **arguments)
        np.testing.assert_array_equal(ours.affine, theirs.affine)
        assert ours.frame_of_reference_uid == theirs.frame_of_reference_uid
        assert xp.is_mine(ours.array)


def test_setting_the_array(xp):
    volume = make(xp)
    volume.array = xp.asarray(HOST, "float32")
    assert volume.dtype == xp.asarray(HOST, "float32").dtype


def test_with_array(xp):
    volume = make(xp)
    assert volume.with_array(xp.asarray(HOST, "float32")).geometry_equal(volume, tol=None)
    stacked = xp.asarray(np.stack([HOST, HOST], axis=-1))
    channelled = volume.with_array(stacked, channels={"EchoTime": [1.0, 2.0]})
    assert channelled.get_channel_values("EchoTime") == [1.0, 2.0]
    assert channelled.with_array(stacked).get_channel_values("EchoTime") == [1.0, 2.0]
    assert channelled.with_array(xp.asarray(HOST)).channel_descriptors == ()
    with pytest.raises(VolumeError, match="channels"):
        channelled.with_array(stacked[..., :1])
    geometry = volume.get_geometry()
    assert geometry.with_array(stacked, {"EchoTime": [1.0, 2.0]}).shape == (3, 4, 5, 2)


def test_get_geometry(xp):
    geometry = make(xp).get_geometry()
    assert type(geometry) is VolumeGeometry
    assert geometry.geometry_equal(make(xp), tol=None)
    assert geometry.frame_of_reference_uid == "1.2.3"


@pytest.mark.usefixtures("its_device")
def test_copy_shares_nothing(xp):
    volume = make(xp)
    copied = volume.copy()
    copied.array[0, 0, 0] = 99
    np.testing.assert_array_equal(to_numpy(volume.array), HOST)
    assert copied.geometry_equal(volume, tol=None)
    assert xp.is_mine(copied.array)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda volume: pickle.loads(pickle.dumps(volume))])
def test_pickle_and_deepcopy(clone):
    volume = Volume(HOST[..., np.newaxis], AFFINE, "PATIENT", "1.2.3", {"EchoTime": [5.0]})
    again = clone(volume)
    np.testing.assert_array_equal(again.array, volume.array)
    assert again.geometry_equal(volume, tol=None)
    assert again.frame_of_reference_uid == "1.2.3"
    assert again.channel_descriptors == volume.channel_descriptors


def test_the_report_stays_with_the_voxels(xp):
    report = object()
    volume = make(xp, report=report)
    derived = [
        volume.copy(),
        volume[1:],
        volume.flip_spatial(0),
        volume.astype("float32"),
        volume.clip(0, 5),
        volume.to_device("cpu"),
        volume.with_array(volume.array),
    ]
    assert all(each.report is report for each in derived)
    assert make(xp).report is None
    with pytest.raises(AttributeError):
        volume.report = 1


# --- Devices and other libraries --------------------------------------------------------------------------------------


def test_device_and_moving(device):
    volume = Volume(HOST, AFFINE, "PATIENT", "1.2.3").to_device(device)
    assert volume.device.kind == device
    assert volume.to_device(volume.device).array is volume.array
    back = volume[::-1].to_device("cpu")
    assert back.device == Device("cpu")
    np.testing.assert_array_equal(back.array, HOST[::-1])
    assert back.frame_of_reference_uid == "1.2.3"


def test_a_device_that_is_not_there():
    with pytest.raises(DeviceUnavailableError):
        Volume(HOST, AFFINE, "PATIENT").to_device("cuda:99")


def test_numpy_and_torch(xp):
    torch = torch_for(xp)
    volume = make(xp).flip_spatial([0, 2])
    np.testing.assert_array_equal(volume.numpy(), HOST[::-1, :, ::-1])
    tensor = volume.torch()
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor.cpu().numpy(), HOST[::-1, :, ::-1])


def test_functions_of_numpy(xp):
    """What NumPy makes of a volume is an array, in either order of the operands."""
    volume = make(xp)
    if volume.device.kind != "cpu":
        for use in (np.asarray, np.mean, lambda each: HOST * each):
            with pytest.raises(ArrayConversionError, match=r"\.numpy\(\)") as error:
                use(volume)
            assert isinstance(error.value, TypeError)
        return
    assert np.shares_memory(np.asarray(volume), to_numpy(volume.array))
    assert np.array_equal(np.asarray(volume), HOST)
    assert np.mean(volume) == HOST.mean()
    assert np.percentile(volume, 40) == np.percentile(HOST, 40)
    assert np.clip(volume, 3, 5).max() == 5
    for result in (HOST * volume, volume * HOST, np.multiply(HOST, volume), np.square(volume)):
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, HOST * HOST, strict=True)
    with pytest.raises(TypeError):
        volume + volume  # of which grid?


def test_arrays_of_numpy_are_copied_when_asked():
    volume = make(type("numpy", (), {"asarray": lambda values: values.copy()}))
    assert np.asarray(volume) is volume.array or np.shares_memory(np.asarray(volume), volume.array)
    assert np.asarray(volume, copy=False).base is volume.array.base
    assert not np.shares_memory(np.array(volume), volume.array)
    assert not np.shares_memory(np.asarray(volume, copy=True), volume.array)
    assert np.asarray(volume, dtype="float32").dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.asarray(volume, dtype="float32", copy=False)


def test_tensors_that_numpy_is_not_given():
    torch = pytest.importorskip("torch")
    volume = Volume(torch.ones(2, 3, 4, requires_grad=True), AFFINE, "PATIENT")
    with pytest.raises(ArrayConversionError, match=r"\.numpy\(\)"):
        np.mean(volume)
    assert volume.numpy().sum() == 24
    brain = Volume(torch.ones(2, 3, 4, dtype=torch.bfloat16), AFFINE, "PATIENT")
    for use in (np.asarray, Volume.numpy):
        with pytest.raises(ArrayConversionError, match="bfloat16.*astype"):
            use(brain)


def test_dlpack_shares_memory():
    torch = pytest.importorskip("torch")
    volume = Volume(HOST.copy(), AFFINE, "PATIENT")
    tensor = torch.from_dlpack(volume)
    assert tensor.data_ptr() == volume.array.ctypes.data
    assert np.shares_memory(np.from_dlpack(volume), volume.array)
    assert volume.__dlpack_device__() == (1, 0)
    back = np.from_dlpack(Volume(tensor, AFFINE, "PATIENT"))
    np.testing.assert_array_equal(back, HOST)


def test_repr_says_what_it_is_and_names_no_patient(xp):
    text = repr(make(xp))
    assert text.startswith("<Volume 3 x 4 x 5 int16 on ")
    assert text.endswith(f"({xp.name}), spacing 1.5 x 3 x 2 mm, HAL, PATIENT>")
    assert "1.2.3" not in text


def test_errors_are_ours_and_built_in():
    with pytest.raises(HdgpuError) as caught:
        Volume(HOST, np.zeros((4, 4)), "PATIENT")
    assert isinstance(caught.value, ValueError)

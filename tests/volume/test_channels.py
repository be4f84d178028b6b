"""Channel descriptors and channel axes, against highdicom on the same calls."""

from enum import Enum

import highdicom
import numpy as np
import pytest

from hdgpu.array.interop import to_numpy
from hdgpu.enum import RGBColorChannels
from hdgpu.errors import VolumeError
from hdgpu.volume import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor, Volume

INSTANCE_NUMBER = 0x00200013


class Colour(Enum):
    R = "R"
    G = "G"
    B = "B"


# --- Descriptors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("InstanceNumber",),
        (INSTANCE_NUMBER,),
        ("DiffusionBValue",),
        ("EchoTime",),
        ("ImagePositionPatient",),
        ("SOPInstanceUID",),
        ("OpticalPathIdentifier",),
        ("PatientName",),
        ("Rows",),
        (0x60000010,),
        ("SimpleFrameList",),
        ("SmallestImagePixelValue",),
        ("model", True, str),
        ("model", True, bool),
        ("model", True, Colour),
    ],
)
def test_descriptors_are_highdicoms(arguments):
    try:
        theirs = highdicom.ChannelDescriptor(*arguments)
    except KeyError:  # ambiguous representations, which we take
        assert ChannelDescriptor(*arguments).value_type is int
        return
    ours = ChannelDescriptor(*arguments)
    for name in ("keyword", "tag", "value_type", "is_custom", "is_enumerated"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert str(ours) == str(theirs)
    assert repr(ours) == repr(theirs)
    assert ours == ChannelDescriptor(*arguments)
    assert hash(ours) == hash(ChannelDescriptor(ours))


@pytest.mark.parametrize(
    "arguments",
    [
        ("no such keyword",),
        ("00200013",),
        ("model", True),
        ("model", True, list),
        ("model", True, np.float32),
        ("model", True, "int"),
        ("InstanceNumber", False, int),
        ("InstanceNumber", True, int),
        (INSTANCE_NUMBER, True, int),
        ("", True, str),
        (1.5,),
        (None,),
    ],
)
def test_descriptors_are_refused_as_highdicom_refuses_them(arguments):
    with pytest.raises((TypeError, ValueError)) as theirs:
        highdicom.ChannelDescriptor(*arguments)
    with pytest.raises(theirs.type):
        ChannelDescriptor(*arguments)


@pytest.mark.parametrize("identifier", ["PixelData", "ReferencedSeriesSequence", "FrameIncrementPointer", 0x00091001])
def test_attributes_that_describe_no_channel(identifier):
    with pytest.raises(VolumeError):
        ChannelDescriptor(identifier)


@pytest.mark.parametrize("identifier", ["AcquisitionTime", "AcquisitionDateTime", "StudyDate", "PatientAge"])
def test_dates_and_times_are_text(identifier):
    """Beyond highdicom, for time series."""
    assert ChannelDescriptor(identifier).value_type is str


def test_equality():
    assert ChannelDescriptor("InstanceNumber") == ChannelDescriptor(INSTANCE_NUMBER)
    assert ChannelDescriptor("InstanceNumber") != ChannelDescriptor("EchoTime")
    assert ChannelDescriptor("InstanceNumber") != "InstanceNumber"


def test_rgb_descriptor_is_highdicoms():
    theirs = highdicom.RGB_COLOR_CHANNEL_DESCRIPTOR
    assert RGB_COLOR_CHANNEL_DESCRIPTOR.keyword == theirs.keyword
    assert RGB_COLOR_CHANNEL_DESCRIPTOR.is_custom == theirs.is_custom
    assert RGB_COLOR_CHANNEL_DESCRIPTOR.value_type is RGBColorChannels


# --- Channels of a volume ---------------------------------------------------------------------------------------------

ARRAY = np.arange(2 * 3 * 4 * 2 * 3).reshape(2, 3, 4, 2, 3)


def channels(package):
    return {"InstanceNumber": [5, 7], package.ChannelDescriptor("colour", True, Colour): ["R", Colour.G, "B"]}


def volumes(xp):
    import hdgpu.volume

    ours = Volume(xp.asarray(ARRAY), np.eye(4), "PATIENT", channels=channels(hdgpu.volume))
    return ours, highdicom.Volume(ARRAY, np.eye(4), "PATIENT", channels=channels(highdicom))


def check_against(ours, theirs, xp):
    np.testing.assert_array_equal(to_numpy(ours.array), theirs.array)
    assert [str(each) for each in ours.channel_descriptors] == [str(each) for each in theirs.channel_descriptors]
    for descriptor in ours.channel_descriptors:
        assert ours.get_channel_values(descriptor) == theirs.get_channel_values(descriptor.keyword)
    assert ours.channel_shape == theirs.channel_shape
    assert ours.number_of_channel_dimensions == theirs.number_of_channel_dimensions
    assert xp.is_mine(ours.array)


def test_channel_values(xp):
    ours, theirs = volumes(xp)
    check_against(ours, theirs, xp)
    for identifier in ("InstanceNumber", INSTANCE_NUMBER, ChannelDescriptor("InstanceNumber")):
        assert ours.get_channel_values(identifier) == [5, 7]
    assert ours.get_channel_values("colour") == [Colour.R, Colour.G, Colour.B]
    ours.get_channel_values("colour").clear()
    assert len(ours.get_channel_values("colour")) == 3


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "wanted", [{}, {"InstanceNumber": 7}, {"colour": "B"}, {"colour": Colour.G}, {"colour": "G", "InstanceNumber": 5}]
)
def test_get_channel_is_highdicoms(xp, wanted, keepdims):
    ours, theirs = volumes(xp)
    check_against(ours.get_channel(keepdims=keepdims, **wanted), theirs.get_channel(keepdims=keepdims, **wanted), xp)


@pytest.mark.parametrize(
    "wanted",
    [
        {"InstanceNumber": 6},
        {"InstanceNumber": 5.0},
        {"InstanceNumber": "5"},
        {"colour": "X"},
        {"Other": 1},
        {"Rows": 1},
    ],
)
def test_get_channel_refuses_what_highdicom_refuses(xp, wanted):
    ours, theirs = volumes(xp)
    with pytest.raises((TypeError, ValueError)) as expected:
        theirs.get_channel(**wanted)
    with pytest.raises(expected.type):
        ours.get_channel(**wanted)


def test_channels_that_are_not_there(xp):
    ours, _ = volumes(xp)
    for identifier in ("Rows", "model", 0x00280010, ChannelDescriptor("Rows")):
        with pytest.raises(VolumeError, match="InstanceNumber, colour"):
            ours.get_channel_values(identifier)
    with pytest.raises(TypeError):
        ours.get_channel_values(1.5)


def test_permute_channel_axes_is_highdicoms(xp):
    ours, theirs = volumes(xp)
    check_against(ours.permute_channel_axes_by_index([1, 0]), theirs.permute_channel_axes_by_index([1, 0]), xp)
    names = ["colour", "InstanceNumber"]
    check_against(ours.permute_channel_axes(names), theirs.permute_channel_axes(names), xp)
    for wrong in ([0], [0, 0], [0, 2], [-1, 0], [0, 1, 2]):
        with pytest.raises(VolumeError):
            ours.permute_channel_axes_by_index(wrong)
    for wrong in (["colour"], ["colour", "colour"], ["colour", "Rows"]):
        with pytest.raises(VolumeError):
            ours.permute_channel_axes(wrong)


def test_squeeze_channel(xp):
    ours, theirs = volumes(xp)
    check_against(ours.squeeze_channel(), theirs.squeeze_channel(), xp)
    wanted = {"InstanceNumber": 5, "colour": "R"}
    ours, theirs = ours.get_channel(keepdims=True, **wanted), theirs.get_channel(keepdims=True, **wanted)
    check_against(ours.squeeze_channel(), theirs.squeeze_channel(), xp)
    # highdicom can squeeze neither one channel of two nor a custom one
    assert ours.squeeze_channel(["InstanceNumber"]).channel_descriptors == (ChannelDescriptor("colour", True, Colour),)
    assert ours.squeeze_channel(["colour"]).channel_descriptors == (ChannelDescriptor("InstanceNumber"),)
    assert ours.squeeze_channel([]).shape == ours.shape


def test_squeeze_channel_refuses_several_elements(xp):
    ours, _ = volumes(xp)
    with pytest.raises(VolumeError, match="colour"):
        ours.squeeze_channel(["colour"])
    with pytest.raises(VolumeError):
        ours.squeeze_channel(["Rows"])


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ((2, 3, 4, 2), None),
        ((2, 3, 4), {"InstanceNumber": [1, 2]}),
        ((2, 3, 4, 2), {"InstanceNumber": [1, 2, 3]}),
        ((2, 3, 4, 2), {"DiffusionBValue": [1, 2]}),
        ((2, 3, 4, 2), {"InstanceNumber": [1.0, 2.0]}),
        ((2, 3, 4, 2), {"InstanceNumber": list(np.array([1, 2]))}),
        ((2, 3, 4, 2), {"no such keyword": [1, 2]}),
        ((2, 3, 4, 1, 1), {"InstanceNumber": [1], INSTANCE_NUMBER: [1]}),
    ],
)
def test_channels_that_do_not_describe_the_array_are_refused(shape, given):
    array = np.zeros(shape)
    with pytest.raises((TypeError, ValueError)) as theirs:
        highdicom.Volume(array, np.eye(4), "PATIENT", channels=given)
    with pytest.raises(theirs.type):
        Volume(array, np.eye(4), "PATIENT", channels=given)


def test_values_of_an_enumeration_are_of_it():
    descriptor = ChannelDescriptor("colour", True, Colour)
    with pytest.raises(ValueError, match="Colour"):
        Volume(np.zeros((2, 3, 4, 2)), np.eye(4), "PATIENT", channels={descriptor: ["R", "X"]})

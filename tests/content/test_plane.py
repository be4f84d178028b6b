"""Pixel measures, plane orientation and plane position: against highdicom, in files, and what is refused."""

import copy
import io
import json
import pickle
import re

import highdicom
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian
from scipy.spatial.transform import Rotation

from hdgpu.attributes.containers import MacroSequence
from hdgpu.content.plane import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import InvalidAttributeError, MissingAttributeError, VolumeError
from tests.slide_units import as_the_standard_has_it

KINDS = [PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence]
numbers = st.floats(-1e12, 1e12)
lengths = st.floats(1e-6, 1e6)
systems = st.sampled_from(["PATIENT", "SLIDE"])


def as_json(sequence):
    return [json.loads(item.to_json()) for item in sequence]


def examples():
    return [
        PixelMeasuresSequence([0.7, 1 / 3], 2.5),
        PixelMeasuresSequence([0.7, 1 / 3], None, -2.5),
        PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 0.6, 0.8]),
        PlaneOrientationSequence("SLIDE", [0, -1, 0, -1, 0, 0]),
        PlanePositionSequence("PATIENT", [-1 / 3, 2e-10, 123456789.123456789]),
        PlanePositionSequence("SLIDE", [-1 / 3, 2e-10, 123456789.123456789], (5, 7)),
    ]


# --- Against highdicom ------------------------------------------------------------------------------------------------


@given(spacing=st.tuples(lengths, lengths), thickness=st.none() | lengths, between=st.none() | numbers)
def test_pixel_measures_are_highdicoms(spacing, thickness, between):
    arguments = (spacing, thickness, between)
    assert as_json(PixelMeasuresSequence(*arguments)) == as_json(highdicom.PixelMeasuresSequence(*arguments))


@given(system=systems, seed=st.integers(0, 999))
def test_plane_orientations_are_highdicoms(system, seed):
    cosines = Rotation.random(random_state=seed).as_matrix()[:2].ravel()
    ours = PlaneOrientationSequence(system, cosines)
    theirs = highdicom.PlaneOrientationSequence(system, cosines)
    assert as_json(ours) == as_json(theirs)
    assert ours.cosines == theirs.cosines == tuple(cosines)
    assert {type(each) for each in ours.cosines} == {float}


@given(system=systems, position=st.tuples(numbers, numbers, numbers), place=st.tuples(*[st.integers(1, 2**31 - 1)] * 2))
def test_plane_positions_are_highdicoms(system, position, place):
    arguments = (system, position, place)
    theirs = as_the_standard_has_it(highdicom.PlanePositionSequence(*arguments))
    assert as_json(PlanePositionSequence(*arguments)) == as_json(theirs)


def test_enumerated_values_and_their_names_are_taken():
    for system in CoordinateSystemNames:
        for kind, rest in (
            (PlaneOrientationSequence, ([1, 0, 0, 0, 1, 0],)),
            (PlanePositionSequence, ([1, 2, 3], (1, 1))),
        ):
            assert kind(system, *rest) == kind(system.value, *rest)
            with pytest.raises(ValueError, match="CoordinateSystemNames"):
                kind("ROOM", *rest)


def test_numbers_of_other_kinds():
    plain = PixelMeasuresSequence([1.5, 2.0], 3.0)
    assert PixelMeasuresSequence(("1.5", 2), np.int16(3)) == plain
    assert PixelMeasuresSequence(np.array([1.5, 2.0], dtype=np.float32), 3) == plain


# --- In files ---------------------------------------------------------------------------------------------------------


def written(sequence):
    """Return the sequence as it comes back from a file."""
    dataset = pydicom.Dataset()
    dataset.PixelMeasuresSequence = sequence
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    buffer.seek(0)
    return pydicom.dcmread(buffer, force=True).PixelMeasuresSequence


@pytest.mark.parametrize("number", range(6))
def test_values_are_written_in_16_characters(number):
    sequence = examples()[number]
    item = written(sequence)[0]
    assert {element.keyword for element in item} == {element.keyword for element in sequence[0]}
    for element in item:
        values = element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]
        expected = sequence[0][element.tag].value
        for value, exact in zip(values, np.atleast_1d(expected), strict=True):
            assert len(str(value)) <= 16
            assert float(value) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize("number", [0, 2, 3, 4, 5])
def test_what_was_read_is_converted(number):
    sequence = examples()[number]
    read = written(sequence)
    converted = type(sequence).from_sequence(read)
    assert type(converted) is type(sequence)
    assert type(read) is pydicom.Sequence
    assert as_json(converted) == as_json(read)
    converted[0].PatientPosition = "HFS"
    assert "PatientPosition" not in read[0]
    same = type(sequence).from_sequence(read, copy=False)
    assert same is read
    assert type(read) is type(sequence)


@pytest.mark.parametrize("kind", KINDS)
def test_conversion_is_refused_as_highdicom_refuses_it(kind):
    theirs = getattr(highdicom, kind.__name__)
    empty, item = pydicom.Dataset(), examples()[2 * KINDS.index(kind)][0]
    for value, error in (
        (pydicom.Sequence([empty]), MissingAttributeError),
        (pydicom.Sequence([]), InvalidAttributeError),
        (pydicom.Sequence([item, item]), InvalidAttributeError),
        ([item], TypeError),
        (item, TypeError),
        (None, TypeError),
    ):
        with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
            theirs.from_sequence(value)
        with pytest.raises(error) as ours:
            kind.from_sequence(value)
        assert isinstance(ours.value, caught.type)


@pytest.mark.parametrize("number", [0, 2, 3, 4, 5])
def test_every_attribute_is_needed(number):
    sequence = examples()[number]
    for keyword in [element.keyword for element in sequence[0] if element.keyword != "SpacingBetweenSlices"]:
        less = copy.deepcopy(sequence)
        del less[0][keyword]
        with pytest.raises(MissingAttributeError, match=re.escape(sequence[0][keyword].name)):
            type(sequence).from_sequence(less)
        # there, though without a value (type 2)
        setattr(less[0], keyword, None)
        type(sequence).from_sequence(less)


# --- As sequences -----------------------------------------------------------------------------------------------------


def test_equality_is_that_of_the_known_values():
    for one, other in zip(examples(), examples(), strict=True):
        assert one == other
        assert one == pydicom.Sequence(list(other))
        other[0].PatientPosition = "HFS"
        assert one == other
        assert not one != other  # noqa: SIM202 - a method of its own
        other.append(pydicom.Dataset())
        assert one != other
    different = examples()
    for number, one in enumerate(different):
        assert all((one == other) == (number == place) for place, other in enumerate(different))
        for other in (None, 5, [one[0]]):
            assert one != other
    assert PixelMeasuresSequence([1, 2], 3) != PixelMeasuresSequence([1, 2], 3, 4)
    assert PixelMeasuresSequence([1, 2], None) == PixelMeasuresSequence([1, 2], None)  # which raises in highdicom
    assert PlanePositionSequence("PATIENT", [1, 2, 3]) != PlanePositionSequence("PATIENT", [1, 2, 3 + 1e-14])


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies(clone):
    for each in examples():
        assert clone(each) == each
        assert type(clone(each)) is type(each)


def test_they_can_change_and_so_have_no_hash():
    for each in examples():
        with pytest.raises(TypeError, match="unhashable"):
            hash(each)
        assert isinstance(each, MacroSequence)


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (([1, 2, 3], 1), InvalidAttributeError, "Pixel Spacing.*expected 2, found 3"),
        (([1], 1), InvalidAttributeError, "Pixel Spacing"),
        (([1, -2], 1), InvalidAttributeError, "Pixel Spacing.*negative.*-2"),
        (([1, np.nan], 1), InvalidAttributeError, "Pixel Spacing.*finite"),
        (([1, "x"], 1), InvalidAttributeError, "Pixel Spacing.*'x'"),
        (([1, 2], -1), InvalidAttributeError, "Slice Thickness"),
        (([1, 2], np.inf), InvalidAttributeError, "Slice Thickness"),
        (([1, 2], 1, np.nan), InvalidAttributeError, "Spacing Between Slices"),
        ((5, 1), TypeError, None),
        (([1, None], 1), TypeError, None),
    ],
)
def test_pixel_measures_that_are_none(arguments, error, match):
    with pytest.raises(error, match=match):
        PixelMeasuresSequence(*arguments)


@pytest.mark.parametrize("system", ["PATIENT", "SLIDE"])
@pytest.mark.parametrize(
    ("orientation", "error"),
    [
        ([1, 0, 0], InvalidAttributeError),
        ([1, 0, 0, 0, 1, np.nan], InvalidAttributeError),
        ([2, 0, 0, 0, 1, 0], VolumeError),
        ([0, 0, 0, 0, 0, 0], VolumeError),
        ([1, 0, 0, 1, 0, 0], VolumeError),
        ([1, 0, 0, 0.6, 0.8, 0], VolumeError),
        (5, TypeError),
    ],
)
def test_plane_orientations_that_are_none(system, orientation, error):
    with pytest.raises(error):
        PlaneOrientationSequence(system, orientation)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("PATIENT", [1, 2]), InvalidAttributeError),
        (("PATIENT", [1, 2, np.inf]), InvalidAttributeError),
        (("SLIDE", [1, 2], (1, 1)), InvalidAttributeError),
        (("SLIDE", [1, 2, 3]), TypeError),
        (("SLIDE", [1, 2, 3], (1,)), InvalidAttributeError),
        (("SLIDE", [1, 2, 3], (0, 1)), InvalidAttributeError),
        (("SLIDE", [1, 2, 3], (1, 2**31)), InvalidAttributeError),
        (("SLIDE", [1, 2, 3], (1.5, 1)), TypeError),
        (("SLIDE", [1, 2, 3], 5), TypeError),
    ],
)
def test_plane_positions_that_are_none(arguments, error):
    with pytest.raises(error):
        PlanePositionSequence(*arguments)

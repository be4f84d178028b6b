"""Frame numbers and ranges, as DICOM counts them and as Python does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.errors import FrameNumberError, VolumeIndexError
from hdgpu.image.selection import frame_indices, selected_range


@given(st.integers(1, 50), st.data())
def test_frame_numbers(count, data):
    numbers = data.draw(st.lists(st.integers(1, count)))
    assert (frame_indices(numbers, count, as_indices=False) + 1).tolist() == numbers
    indices = [number - 1 for number in numbers]
    assert frame_indices(iter(indices), count, as_indices=True).tolist() == indices


def test_all_frames():
    assert frame_indices(None, 3, as_indices=False).tolist() == [0, 1, 2]
    assert frame_indices([np.int64(2), True], 3, as_indices=False).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("number", "as_indices"), [(0, False), (-1, False), (6, False), (5, True), (-1, True), (1 << 70, False)]
)
def test_frames_that_are_not_there(number, as_indices):
    with pytest.raises(
        FrameNumberError, match=rf"a\.dcm: .* {number} .*expected {0 if as_indices else 1} to"
    ) as caught:
        frame_indices([1, number], 5, as_indices=as_indices, source="a.dcm")
    assert isinstance(caught.value, IndexError)


@pytest.mark.parametrize("number", [1.0, "1", None, [1]])
def test_what_is_no_frame_number(number):
    with pytest.raises(TypeError):
        frame_indices([number], 5, as_indices=False)


bounds = st.none() | st.integers(-12, 12)


@given(bounds, bounds, st.integers(1, 10))
def test_indices_are_those_of_python_or_raise(start, end, size):
    within = (start is None or -size <= start < size) and (end is None or -size <= end <= size)
    expected = range(size)[start:end]
    try:
        selected = selected_range(start, end, size, as_indices=True, what="row")
    except VolumeIndexError:
        assert not within or not expected
    else:
        assert within
        assert list(selected) == list(expected)


@given(bounds, bounds, st.integers(1, 10))
def test_numbers_are_indices_and_one(start, end, size):
    def as_index(number):
        return number - 1 if number is not None and number > 0 else number

    if 0 in (start, end):
        with pytest.raises(VolumeIndexError, match=r"cannot be 0.*as_indices=True|out of range"):
            selected_range(start, end, size, as_indices=False, what="row")
        return
    outcomes = []
    for arguments, as_indices in (((start, end), False), ((as_index(start), as_index(end)), True)):
        try:
            outcomes.append(selected_range(*arguments, size, as_indices=as_indices, what="row"))
        except VolumeIndexError:
            outcomes.append(None)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("bound", [1.5, "2"])
def test_what_is_no_bound(bound):
    with pytest.raises(TypeError):
        selected_range(bound, None, 5, as_indices=False, what="row")


def test_messages_name_the_argument():
    with pytest.raises(VolumeIndexError, match=r"'column_end' is out of range for an image with 5 \(found 7\)"):
        selected_range(1, 7, 5, as_indices=False, what="column")

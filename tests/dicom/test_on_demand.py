"""Data sets that are parsed when they are first looked at."""

import copy
import io
import pickle
import threading

import pydicom
import pytest
from pydicom import DataElement, dcmread
from pydicom.data import get_testdata_file

from hdgpu.dicom.on_demand import OnDemandDataset

PATH = get_testdata_file("CT_small.dcm")


class Image(OnDemandDataset):
    pass


@pytest.fixture
def reads():
    return []


@pytest.fixture
def image(reads):
    def read():
        reads.append(1)
        return dcmread(PATH)

    made = Image()
    made._read_on_demand(read)
    return made


def as_json(dataset):
    return dataset.to_json_dict(suppress_invalid_tags=True)


def test_nothing_is_read_before_it_is_asked_for(image, reads):
    assert not reads
    assert image.Rows == 128
    assert image.PatientID == "1CT1"
    assert len(reads) == 1


@pytest.mark.parametrize(
    "look",
    [
        lambda image: image.file_meta.TransferSyntaxUID,
        lambda image: image.preamble,
        lambda image: image.filename,
        lambda image: "Rows" in image,
        lambda image: image.get("Rows"),
        lambda image: image[0x00280010],
        lambda image: list(image),
        lambda image: len(image),
        lambda image: str(image),
        lambda image: dir(image),
        lambda image: image.original_character_set,
        lambda image: image.pixel_array,
    ],
)
def test_whatever_is_asked_first_is_that_of_the_file(image, reads, look):
    result, expected = look(image), look(dcmread(PATH))
    assert str(result) == str(expected) or isinstance(result, list)
    assert len(reads) == 1


def test_the_whole_data_set_is_that_of_the_file(image):
    assert as_json(image) == as_json(dcmread(PATH))
    written, expected = io.BytesIO(), io.BytesIO()
    image.save_as(written)
    dcmread(PATH).save_as(expected)
    assert written.getvalue() == expected.getvalue()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda image: pickle.loads(pickle.dumps(image))])
def test_copies(image, duplicate):
    made = duplicate(image)
    assert type(made) is Image
    assert as_json(made) == as_json(dcmread(PATH))
    assert made.file_meta == dcmread(PATH).file_meta


def test_looking_changes_nothing(image):
    for _ in image.iterall():
        pass
    assert image.RescaleSlope == 1
    assert image[0x00280010].value == 128
    assert not image.has_changed


@pytest.mark.parametrize(
    "change",
    [
        lambda image: setattr(image, "RescaleSlope", 3),
        lambda image: delattr(image, "RescaleSlope"),
        lambda image: image.__setitem__(0x00280010, DataElement(0x00280010, "US", 7)),
        lambda image: image.__delitem__(0x00280010),
        lambda image: image.add_new(0x00281052, "DS", "5"),
        lambda image: image.update({"RescaleIntercept": "5"}),
        lambda image: image.pop("RescaleSlope"),
        lambda image: setattr(image, "PixelData", b""),
        lambda image: setattr(image["RescaleSlope"], "value", "3"),
        lambda image: setattr(image[0x7FE00010], "value", b""),
        lambda image: image.PixelSpacing.__setitem__(0, 7),
    ],
)
def test_changes_that_frames_depend_on_are_noted(image, change):
    change(image)
    assert image.has_changed
    image.settle()
    assert not image.has_changed


def test_an_element_that_is_kept_may_change_it_again(image):
    element = image["RescaleSlope"]
    for value in (3, 4):
        element.value = value
        assert image.has_changed
        image.settle()
    assert not image.has_changed


def test_other_changes_are_not(image):
    image.PatientName = "Doe"
    image.note = "of one's own"
    del image.PatientID
    assert not image.has_changed


def test_threads_read_once(image, reads):
    found = []
    threads = [threading.Thread(target=lambda: found.append(image.Rows)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [128] * 8
    assert len(reads) == 1


def test_errors_of_reading_come_up_where_it_is_asked_for():
    def fail():
        raise pydicom.errors.InvalidDicomError("no")

    image = Image()
    image._read_on_demand(fail)
    with pytest.raises(pydicom.errors.InvalidDicomError):
        image["Rows"]

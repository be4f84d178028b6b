import copy
import pickle
import uuid

import highdicom
import pydicom.uid
import pytest

from hdgpu.uid import UID


def test_a_new_identifier_is_valid_and_under_the_open_root():
    identifiers = {UID() for _ in range(100)}
    assert len(identifiers) == 100
    for each in identifiers:
        assert each.is_valid
        assert each.startswith("2.25.")
        assert isinstance(each, pydicom.uid.UID)


def test_values_are_kept_as_highdicom_keeps_them():
    assert UID("1.2.3") == highdicom.UID("1.2.3")
    assert UID(pydicom.uid.ExplicitVRLittleEndian).name == "Explicit VR Little Endian"
    with pytest.raises(TypeError):
        UID(5)


def test_from_uuid_is_highdicoms():
    for _ in range(20):
        identifier = uuid.uuid4()
        assert UID.from_uuid(str(identifier)) == highdicom.UID.from_uuid(str(identifier)) == UID.from_uuid(identifier)
    with pytest.raises(ValueError, match="UUID"):
        UID.from_uuid("x")


def test_copies_are_of_the_same_class():
    for each in (pickle.loads(pickle.dumps(UID("1.2.3"))), copy.deepcopy(UID("1.2.3"))):
        assert each == "1.2.3"
        assert type(each) is UID

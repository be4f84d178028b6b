from enum import Enum

import highdicom
import pytest

from hdgpu import enum

NAMES = enum.__all__


@pytest.mark.parametrize("name", [name for name in NAMES if name != "SpecificCharacterSetValues"])
def test_members_are_highdicoms(name):
    import highdicom.enum

    theirs = getattr(highdicom.enum, name)
    ours = getattr(enum, name)
    assert [(each.name, each.value) for each in ours] == [(each.name, each.value) for each in theirs]
    assert ours.__members__.keys() == theirs.__members__.keys()


def test_character_sets_are_highdicoms_but_for_its_slip():
    theirs = highdicom.enum.SpecificCharacterSetValues.__members__
    ours = enum.SpecificCharacterSetValues.__members__
    assert ours.keys() == theirs.keys()
    differing = {name for name in ours if ours[name].value != theirs[name].value}
    assert differing == {"KOREAN_CODE_EXTENSIONS"}
    assert len(enum.SpecificCharacterSetValues) == len(ours)


def test_every_enumeration_of_highdicoms_top_level_is_there():
    theirs = {name for name, each in vars(highdicom).items() if isinstance(each, type) and issubclass(each, Enum)}
    assert theirs <= set(NAMES)

"""Content items and sequences of them: values, trees, and what may be put where."""

import copy
import datetime
import json
import pickle

import highdicom
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

import hdgpu.sr as sr
from hdgpu.errors import ContentTreeError, InvalidAttributeError, MissingAttributeError

NAME, OTHER, CODE = codes.DCM.Finding, codes.DCM.Comment, Code("1", "99X", "meaning")


def plain(item):
    return Dataset.from_json(json.dumps(item.to_json_dict(), default=str))


def text(value="x", name=NAME, relation="CONTAINS"):
    return sr.TextContentItem(name, value, relation)


def tree():
    root = sr.ContainerContentItem(NAME, template_id="1500", relationship_type="CONTAINS")
    number = sr.NumContentItem(NAME, 1.5, codes.UCUM.Millimeter, relationship_type="CONTAINS")
    number.ContentSequence = sr.ContentSequence([text(relation="HAS PROPERTIES")])
    root.ContentSequence = sr.ContentSequence([text(), number])
    return root


@pytest.mark.parametrize(
    "name",
    [
        "GraphicTypeValues", "GraphicTypeValues3D", "PixelOriginInterpretationValues", "RelationshipTypeValues",
        "TemporalRangeTypeValues", "ValueTypeValues",
    ],
)  # fmt: skip
def test_enumerations_are_highdicoms(name):
    ours, theirs = getattr(sr, name), getattr(highdicom.sr, name)
    assert {member.name: member.value for member in ours} == {member.name: member.value for member in theirs}


# --- Trees ------------------------------------------------------------------------------------------------------------


def test_a_tree_is_read():
    read = plain(tree())
    (root,) = sr.ContentSequence.from_sequence(Sequence([read]))
    assert type(read) is Dataset
    first, number = root.ContentSequence
    assert [type(each) for each in (root, first, number)] == [
        sr.ContainerContentItem, sr.TextContentItem, sr.NumContentItem,
    ]  # fmt: skip
    assert type(root.ContentSequence) is sr.ContentSequence
    assert (number.value, number.unit) == (1.5, codes.UCUM.Millimeter)
    (below,) = number.ContentSequence
    assert below.relationship_type is sr.RelationshipTypeValues.HAS_PROPERTIES
    assert root.to_json_dict() == tree().to_json_dict()


def test_a_tree_is_read_in_place():
    read = plain(tree())
    (root,) = sr.ContentSequence.from_sequence([read], copy=False)
    assert root is read
    assert type(read.ContentSequence[1].ContentSequence[0]) is sr.TextContentItem


@pytest.mark.parametrize(
    ("damage", "error", "match"),
    [
        (lambda leaf: leaf.pop("TextValue"), MissingAttributeError, "Text Value"),
        (lambda leaf: leaf.pop("ValueType"), MissingAttributeError, "Value Type"),
        (lambda leaf: setattr(leaf, "ValueType", "X"), ValueError, "X"),
        (lambda leaf: setattr(leaf, "RelationshipType", "X"), ValueError, "X"),
        (lambda leaf: setattr(leaf, "ConceptNameCodeSequence", []), MissingAttributeError, "Concept Name"),
    ],
)
def test_damage_deep_in_a_tree(damage, error, match):
    read = plain(tree())
    damage(read.ContentSequence[1].ContentSequence[0])
    with pytest.raises(error, match=match):
        sr.ContentSequence.from_sequence([read], copy=False)
    assert type(read) is type(read.ContentSequence[0]) is Dataset


# --- Sequences --------------------------------------------------------------------------------------------------------


def puts(sequence, item):
    return {
        "append": lambda: sequence.append(item),
        "extend": lambda: sequence.extend([text(), item]),
        "insert": lambda: sequence.insert(0, item),
        "set": lambda: sequence.__setitem__(0, item),
        "set several": lambda: sequence.__setitem__(slice(0, 1), [item]),
        "add": lambda: sequence.__iadd__([item]),
    }


@pytest.mark.parametrize("how", puts(None, None))
def test_whatever_is_put_in_is_checked(how):
    for item, error in ((text(relation=None), ContentTreeError), (plain(text()), TypeError), ("x", TypeError)):
        sequence = sr.ContentSequence([text("first")])
        with pytest.raises(error):
            puts(sequence, item)[how]()
        assert [each.value for each in sequence] == ["first"]
    sequence = sr.ContentSequence([text("first")])
    puts(sequence, text("new"))[how]()
    assert "new" in [each.value for each in sequence]


def test_each_kind_of_sequence_takes_its_own():
    container = sr.ContainerContentItem(NAME)
    root = sr.ContentSequence([container], is_root=True)
    assert (root.is_root, root.is_sr) == (True, True)
    context = sr.ContentSequence([text(relation=None)], is_sr=False)
    assert (context.is_root, context.is_sr) == (False, False)
    for sequence, wrong, error in (
        (root, tree(), ContentTreeError),
        (root, text(relation=None), TypeError),
        (context, text(), ContentTreeError),
    ):
        with pytest.raises(error):
            sequence.append(wrong)


def test_items_are_found_by_name():
    sequence = sr.ContentSequence([text("a"), text("b", OTHER), tree(), text("c")])
    found = sequence.find(sr.CodedConcept(NAME.value, NAME.scheme_designator, "in other words"))
    assert type(found) is sr.ContentSequence
    assert [item for item in found] == [sequence[0], sequence[2], sequence[3]]  # noqa: C416
    assert [item.value for item in sequence.find(OTHER)] == ["b"]
    assert len(sequence.find(CODE)) == 0
    assert list(sequence.get_nodes()) == [sequence[2]]
    assert sequence.index(copy.deepcopy(sequence[3])) == 3
    assert len(sr.ContentSequence(is_sr=False).find(CODE)) == 0
    with pytest.raises(TypeError, match="Code"):
        sequence.find("Finding")
    with pytest.raises(TypeError, match="content items"):
        sequence.index("x")
    with pytest.raises(InvalidAttributeError, match="not in the sequence"):
        sequence.index(text("d"))


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies(clone):
    sequence = sr.ContentSequence([text(), tree()])
    cloned = clone(sequence)
    assert type(cloned) is sr.ContentSequence
    assert cloned == sequence
    with pytest.raises(ContentTreeError):
        cloned.append(text(relation=None))


# --- Values -----------------------------------------------------------------------------------------------------------


def test_values_after_reading():
    moment = datetime.datetime(2024, 2, 29, 1, 2, 3)
    for item, value in (
        (sr.DateContentItem(NAME, moment.date()), moment.date()),
        (sr.TimeContentItem(NAME, moment.time()), moment.time()),
        (sr.DateTimeContentItem(NAME, moment), moment),
        (sr.TcoordContentItem(NAME, "SEGMENT", referenced_date_time=[moment, moment]), [moment, moment]),
        (sr.TcoordContentItem(NAME, "POINT", referenced_time_offsets=[1.5]), [1.5]),
        (sr.TcoordContentItem(NAME, "POINT", referenced_sample_positions=[7]), [7]),
        (sr.WaveformContentItem(NAME, "1.2", "1.3"), ("1.2", "1.3")),
    ):
        read = type(item).from_dataset(plain(item))
        assert item.value == read.value == value
    for channels in ([(1, 2)], [(1, 2), (3, 4)], None):
        waveform = sr.WaveformContentItem(NAME, "1.2", "1.3", channels)
        assert type(waveform).from_dataset(plain(waveform)).referenced_waveform_channels == channels


def test_points():
    flat = sr.ScoordContentItem(NAME, "POLYLINE", [[1, 2], [3, 4]], "VOLUME")
    assert flat.graphic_type is sr.GraphicTypeValues.POLYLINE
    assert flat.PixelOriginInterpretation == "VOLUME"
    np.testing.assert_array_equal(flat.value, [[1.0, 2.0], [3.0, 4.0]])
    one = sr.Scoord3DContentItem(NAME, "POINT", np.array([[1 / 3, 2, 3]]), "1.2")
    assert (one.graphic_type, one.frame_of_reference_uid) == (sr.GraphicTypeValues3D.POINT, "1.2")
    np.testing.assert_array_equal(one.value, [[1 / 3, 2, 3]])
    closed = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    assert len(sr.Scoord3DContentItem(NAME, "POLYGON", closed, "1.2").value) == 4


@pytest.mark.parametrize(
    ("kind", "count", "dimensions", "fits"),
    [
        ("POINT", 1, 2, True), ("POINT", 2, 2, False), ("CIRCLE", 2, 2, True), ("CIRCLE", 3, 2, False),
        ("ELLIPSE", 4, 2, True), ("ELLIPSE", 5, 2, False), ("MULTIPOINT", 1, 2, False), ("POLYLINE", 9, 2, True),
        ("POINT", 1, 3, True), ("ELLIPSE", 4, 3, True), ("ELLIPSE", 3, 3, False), ("ELLIPSOID", 6, 3, True),
        ("ELLIPSOID", 5, 3, False), ("MULTIPOINT", 2, 3, True), ("POLYLINE", 1, 3, False), ("POLYGON", 1, 3, False),
    ],
)  # fmt: skip
def test_numbers_of_points(kind, count, dimensions, fits):
    points = np.zeros((count, dimensions))
    rest = ("1.2",) if dimensions == 3 else ()
    cls = sr.Scoord3DContentItem if dimensions == 3 else sr.ScoordContentItem
    if fits:
        assert cls(NAME, kind, points, *rest).value.shape == (count, dimensions)
        with pytest.raises(InvalidAttributeError, match="finite"):
            cls(NAME, kind, points * np.nan, *rest)
    else:
        with pytest.raises(InvalidAttributeError, match=kind):
            cls(NAME, kind, points, *rest)
    with pytest.raises(InvalidAttributeError, match="Graphic Data"):
        cls(NAME, kind, np.zeros(dimensions), *rest)


def test_numbers_with_units():
    assert sr.NumContentItem(NAME, np.float32(0.5), CODE).value == 0.5
    assert "FloatingPointValue" not in sr.NumContentItem(NAME, np.int16(3), CODE).MeasuredValueSequence[0]
    exact = sr.NumContentItem(NAME, 1 / 3, CODE)
    assert exact.value == 1 / 3
    none = plain(sr.NumContentItem(NAME, 1, CODE, qualifier=codes.DCM.NotANumber))
    none.MeasuredValueSequence = []
    read = sr.NumContentItem.from_dataset(none)
    assert (read.value, read.unit, read.qualifier) == (None, None, codes.DCM.NotANumber)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: text(""), InvalidAttributeError, "Text Value"),
        (lambda: text(5), TypeError, "Text Value"),
        (lambda: text("\x00"), InvalidAttributeError, "Text Value"),
        (lambda: sr.UIDRefContentItem(NAME, "x"), InvalidAttributeError, "UID"),
        (lambda: sr.CompositeContentItem(NAME, "x", "1.2"), InvalidAttributeError, "SOP Class"),
        (lambda: sr.ImageContentItem(NAME, "1.2", "1.3", 0), InvalidAttributeError, "Frame Number.*found 0"),
        (lambda: sr.ImageContentItem(NAME, "1.2", "1.3", []), InvalidAttributeError, "Frame Number"),
        (lambda: sr.ImageContentItem(NAME, "1.2", "1.3", None, 70000), InvalidAttributeError, "Segment Number.*70000"),
        (lambda: sr.WaveformContentItem(NAME, "1.2", "1.3", [(1, 2, 3)]), TypeError, "pair"),
        (lambda: sr.WaveformContentItem(NAME, "1.2", "1.3", [1, 2]), TypeError, None),
        (lambda: sr.ContainerContentItem(NAME, template_id="x" * 17), InvalidAttributeError, "Template Identifier"),
        (lambda: sr.TcoordContentItem(NAME, "POINT", []), InvalidAttributeError, "Sample Positions"),
        (lambda: sr.TcoordContentItem(NAME, "POINT", [1.5]), TypeError, "Sample Positions"),
        (lambda: sr.ScoordContentItem(NAME, "CIRCLE", np.zeros((2, 2)), "x"), ValueError, "x"),
    ],
)
def test_values_that_are_none(call, error, match):
    with pytest.raises(error, match=match):
        call()

"""The public names: those of the API that we follow, with its parameters and defaults."""

import importlib
import inspect
import json
from enum import Enum
from pathlib import Path

import pytest

from tests.api.write_peer_api import default_text, member_of, members_of, parameters_of

PEER = json.loads(Path(__file__).with_name("peer_api.json").read_text())["modules"]

NAMES = [(module, name) for module, names in PEER.items() for name in names]
MEMBERS = [(module, name, member) for module, name in NAMES for member in PEER[module][name].get("members", ())]


def ours(module, name):
    return getattr(importlib.import_module(module), name)


def assert_takes_what_the_peer_takes(function, expected):
    """Hold that the peer's parameters come first and are the same, and that ours beyond them may be left out."""
    parameters = parameters_of(function)
    positional = [each for each in expected if not each.startswith(("keyword ", "*"))]
    assert parameters[: len(positional)] == positional
    assert set(expected) <= set(parameters)
    for each in parameters:
        assert each in expected or (each.startswith("keyword ") and "=" in each), f"{each} cannot be left out"


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_names(module, name):
    expected = PEER[module][name]
    value = ours(module, name)
    kind = expected["kind"]
    if kind == "enumeration":
        assert issubclass(value, Enum)
        # the standard has some values that the peer lacks
        assert {each.name: each.value for each in value}.items() >= expected["values"].items()
    elif kind != "constant":
        assert isinstance(value, type) == (kind == "class")
        assert_takes_what_the_peer_takes(value, expected["parameters"])
        assert inspect.getdoc(value)


@pytest.mark.parametrize(("module", "name", "member"), MEMBERS)
def test_members(module, name, member):
    expected = PEER[module][name]["members"][member]
    cls = ours(module, name)
    found = member_of(cls, member)
    assert found["kind"] == expected["kind"]
    if expected["kind"] == "property":
        assert found["settable"] == expected["settable"]
    elif expected["kind"] != "attribute":
        assert_takes_what_the_peer_takes(getattr(cls, member), expected["parameters"])
    assert inspect.getdoc(inspect.getattr_static(cls, member))


@pytest.mark.parametrize("name", ["Volume", "VolumeGeometry"])
def test_ours_beyond_it_is_keyword_only(name):
    cls = ours("hdgpu", name)
    beyond = members_of(cls, "hdgpu").keys() - PEER["hdgpu"][name]["members"].keys()
    single = {"load", "save", "to_device"}  # whose one argument is plain
    for member in beyond - single:
        found = member_of(cls, member)
        assert all(each.startswith("keyword ") for each in found.get("parameters") or ()), member


def test_defaults_are_written_alike():
    class Colour(Enum):
        RED = 1

    assert default_text(Colour.RED) == "Colour.RED"
    assert default_text(1e-5) == "1e-05"

"""The public face: names, parameters and defaults are those of highdicom.spatial."""

from __future__ import annotations

import enum
import inspect
import types
from typing import Any

import highdicom.spatial
import pytest

import hdgpu.spatial


def own_names(module: types.ModuleType) -> set[str]:
    """Return the public names of highdicom.spatial less what it imports from elsewhere."""
    names = set()
    for name in dir(module):
        value = getattr(module, name)
        home = getattr(value, "__module__", module.__name__)
        imported = isinstance(value, types.ModuleType) or home.split(".")[0] in ("typing", "collections", "pydicom")
        if not name.startswith("_") and name != "logger" and not imported and home != "highdicom.enum":
            names.add(name)
    return names


def test_names_are_highdicoms() -> None:
    assert set(hdgpu.spatial.__all__) == own_names(highdicom.spatial)
    assert all(hasattr(hdgpu.spatial, name) for name in hdgpu.spatial.__all__)


def plain(default: Any) -> Any:
    """Return a default as what compares: enumerations of the two packages are different classes."""
    if isinstance(default, tuple):
        return tuple(plain(each) for each in default)
    return default.value if isinstance(default, enum.Enum) else default


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    return [(each.name, each.kind, plain(each.default)) for each in inspect.signature(function).parameters.values()]


def callables() -> list[str]:
    names = [name for name in hdgpu.spatial.__all__ if callable(getattr(hdgpu.spatial, name))]
    methods = []
    for name in names:
        if inspect.isclass(getattr(hdgpu.spatial, name)):
            made = "for_images" if name in ("ImageToImageTransformer", "PixelToPixelTransformer") else "for_image"
            methods += [f"{name}.__call__", f"{name}.{made}"]
    return names + methods


@pytest.mark.parametrize("name", callables())
def test_parameters_and_defaults_are_highdicoms(name: str) -> None:
    ours, theirs = hdgpu.spatial, highdicom.spatial
    for part in name.split("."):
        ours, theirs = getattr(ours, part), getattr(theirs, part)
    assert parameters(ours) == parameters(theirs)


def test_constants_are_highdicoms() -> None:
    for name in hdgpu.spatial.__all__:
        ours, theirs = getattr(hdgpu.spatial, name), getattr(highdicom.spatial, name)
        if isinstance(ours, dict):
            assert {a.value: b.value for a, b in ours.items()} == {a.value: b.value for a, b in theirs.items()}
        elif isinstance(ours, tuple):
            assert plain(ours) == plain(theirs)

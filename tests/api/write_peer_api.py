"""Write down the public names of highdicom's core with their parameters and defaults.

Run it when the version that we follow changes:

    python tests/api/write_peer_api.py
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import highdicom

MODULES = ["highdicom", "highdicom.color", "highdicom.frame", "highdicom.io", "highdicom.spatial"]
TARGET = Path(__file__).with_name("peer_api.json")


def default_text(value: Any) -> str:
    """Return a default as text that does not depend on which package's class it is of."""
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


_PREFIXES = {"KEYWORD_ONLY": "keyword ", "VAR_POSITIONAL": "*", "VAR_KEYWORD": "**", "POSITIONAL_ONLY": "positional "}


def parameters_of(function: Any) -> list[str]:
    """Return each parameter as text, with its kind and its default."""
    return [
        _PREFIXES.get(each.kind.name, "")
        + each.name
        + ("" if each.default is each.empty else f"={default_text(each.default)}")
        for each in inspect.signature(function).parameters.values()
        if each.name not in ("self", "cls")
    ]


def member_of(cls: type, name: str) -> dict[str, Any]:
    """Return what a public member of a class is."""
    static = inspect.getattr_static(cls, name)
    if isinstance(static, property):
        return {"kind": "property", "settable": static.fset is not None}
    kind = {classmethod: "classmethod", staticmethod: "staticmethod"}.get(type(static), "method")
    if not callable(getattr(cls, name)):
        return {"kind": "attribute"}
    return {"kind": kind, "parameters": parameters_of(getattr(cls, name))}


def members_of(cls: type, package: str) -> dict[str, Any]:
    """Return the public members that the package's own classes define."""
    own = [each for each in cls.__mro__ if each.__module__.partition(".")[0] == package]
    names = {name for each in own for name in vars(each) if not name.startswith("_")}
    return {name: member_of(cls, name) for name in sorted(names)}


def description_of(value: Any, package: str) -> dict[str, Any]:
    """Return what a public name stands for."""
    if isinstance(value, type) and issubclass(value, Enum):
        return {"kind": "enumeration", "values": {each.name: each.value for each in value}}
    if isinstance(value, type):
        return {"kind": "class", "parameters": parameters_of(value), "members": members_of(value, package)}
    if callable(value):
        return {"kind": "function", "parameters": parameters_of(value)}
    return {"kind": "constant"}


def is_public(module: ModuleType, name: str) -> bool:
    """Return whether a name is the module's own, and no import of another package's."""
    value = getattr(module, name)
    if name.startswith("_") or isinstance(value, ModuleType):
        return False
    if name in getattr(module, "__all__", ()):
        return True
    home = getattr(value, "__module__", None)
    if home is None:
        return name.isupper()
    return bool(home == module.__name__ if hasattr(value, "__qualname__") else home.startswith("highdicom"))


def main() -> None:
    """Write the file."""
    names = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        names[module_name.replace("highdicom", "hdgpu", 1)] = {
            name: description_of(getattr(module, name), "highdicom")
            for name in sorted(dir(module))
            if is_public(module, name)
        }
    text = json.dumps({"version": highdicom.__version__, "modules": names}, indent=1, sort_keys=True)
    text = re.sub(r"\[\s+([^]{}]*?)\s+\]", lambda found: "[" + re.sub(r",\s+\"", ', "', found[1]) + "]", text)
    text = re.sub(r"\{\s+(\"kind\": [^{}]*?)\s+\}", lambda found: "{" + re.sub(r",\s+\"", ', "', found[1]) + "}", text)
    assert json.loads(text)["modules"] == names
    TARGET.write_text(text + "\n")


if __name__ == "__main__":
    main()

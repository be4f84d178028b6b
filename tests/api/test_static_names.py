"""The public names are written down twice where they load on first use: for Python, and for type checkers."""

import ast
import importlib
import inspect

import pytest

import hdgpu


def static_imports(module):
    """Return module and name of each import for type checkers, by the name that it is given here."""
    tree = ast.parse(inspect.getsource(module))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    return {each.asname: (node.module, each.name) for node in block.body for each in node.names}


@pytest.mark.parametrize("name", ["hdgpu", "hdgpu.sr"])
def test_type_checkers_see_the_names_that_python_finds(name):
    module = importlib.import_module(name)
    expected = {each: (f"{name}.{home}", each) for each, home in module._HOME.items()}
    expected |= {each: (name, each) for each in getattr(module, "_MODULES", ())}
    assert static_imports(module) == expected
    assert set(module.__all__) - {"__version__"} == expected.keys()


@pytest.mark.parametrize("name", ["hdgpu", *(f"hdgpu.{each}" for each in hdgpu._MODULES)])
def test_every_public_name_is_there(name):
    module = importlib.import_module(name)
    assert all(hasattr(module, each) for each in module.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lod_volume'"):
        _ = module.lod_volume

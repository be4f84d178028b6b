"""Trying code that was written for highdicom: ``import highdicom`` gives hdgpu.

    import hdgpu.compat
    hdgpu.compat.install()
    import highdicom as hd

or, with no change at all, ``python -m hdgpu.compat script.py``.  Whatever of highdicom hdgpu has no counterpart of
raises an error that says so, when it is imported or asked for.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import runpy
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from hdgpu.errors import NotCoveredError, NotCoveredNameError

__all__ = ["covered_modules", "install", "uninstall"]

_PEER = "highdicom"
_PEER_VERSION = "0.28.2"  # that whose names and parameters hdgpu follows
# Module of highdicom -> those of hdgpu that have its names, in which they are looked for in this order.
_HOMES: dict[str, tuple[str, ...]] = {
    "highdicom": ("hdgpu",),
    "highdicom.base": ("hdgpu.content.sop_class",),
    "highdicom.base_content": ("hdgpu.content.equipment",),
    "highdicom.coding_schemes": ("hdgpu.sr.coding_schemes",),
    "highdicom.color": ("hdgpu.color",),
    "highdicom.content": ("hdgpu",),
    "highdicom.enum": ("hdgpu.enum",),
    "highdicom.frame": ("hdgpu.frame",),
    "highdicom.image": ("hdgpu",),
    "highdicom.io": ("hdgpu.io",),
    "highdicom.spatial": ("hdgpu.spatial",),
    "highdicom.sr": ("hdgpu.sr",),
    "highdicom.sr.coding": ("hdgpu.sr.coding", "hdgpu.sr.coding_schemes"),
    "highdicom.sr.enum": ("hdgpu.sr.enum",),
    "highdicom.sr.value_types": ("hdgpu.sr.value_types",),
    "highdicom.uid": ("hdgpu.uid",),
    "highdicom.utils": ("hdgpu.utils",),
    "highdicom.valuerep": ("hdgpu.valuerep",),
    "highdicom.volume": ("hdgpu", "hdgpu.volume.channels"),
}
_REMEDY = "Uninstall hdgpu.compat and use highdicom for this part; both work on the same pydicom data sets."


def covered_modules() -> tuple[str, ...]:
    """Return the modules of highdicom that hdgpu stands in for.

    Examples
    --------
    >>> "highdicom.spatial" in covered_modules(), "highdicom.seg" in covered_modules()
    (True, False)
    """
    return tuple(name for name, homes in _HOMES.items() if all(importlib.util.find_spec(home) for home in homes))


class _StandIn(ModuleType):
    """Module with the names of highdicom and the objects of hdgpu."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        submodule = f"{self.__name__}.{name}"
        if submodule in _HOMES:
            return importlib.import_module(submodule)
        for home in _HOMES[self.__name__]:
            value = getattr(importlib.import_module(home), name, None)
            if value is not None:
                return value
        raise NotCoveredNameError(f"hdgpu has no counterpart of {submodule}", remedy=_REMEDY)

    def __dir__(self) -> list[str]:
        names = {name for home in _HOMES[self.__name__] for name in dir(importlib.import_module(home))}
        return sorted(names | {name.rpartition(".")[2] for name in _HOMES if name.rpartition(".")[0] == self.__name__})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of highdicom and of its modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how to load a module of highdicom."""
        if fullname.partition(".")[0] != _PEER:
            return None
        if fullname not in covered_modules():
            covered = ", ".join(covered_modules())
            raise NotCoveredError(
                f"hdgpu has no counterpart of {fullname}", expected=f"one of {covered}", remedy=_REMEDY
            )
        return importlib.machinery.ModuleSpec(
            fullname, self, is_package=any(each.startswith(f"{fullname}.") for each in _HOMES)
        )

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return a module without names of its own."""
        return _StandIn(spec.name, importlib.import_module(_HOMES[spec.name][0]).__doc__)

    def exec_module(self, module: ModuleType) -> None:
        """Set the version; all other names are looked for when they are asked for."""
        module.__version__ = _PEER_VERSION  # type: ignore[attr-defined]


_FINDER = _Finder()


def install() -> None:
    """Let ``import highdicom`` and imports of its modules give hdgpu, in this process and from now on.

    Raises
    ------
    hdgpu.errors.NotCoveredError
        If highdicom itself is imported already (also an ImportError); and later, by an import of a module of highdicom
        that hdgpu has no counterpart of.

    Examples
    --------
    >>> install()  # doctest: +SKIP
    >>> import highdicom as hd  # doctest: +SKIP
    >>> hd.Volume  # doctest: +SKIP
    <class 'hdgpu.volume.volume.Volume'>
    """
    if not isinstance(sys.modules.get(_PEER, _StandIn(_PEER)), _StandIn):
        raise NotCoveredError("highdicom is imported already", remedy="Call hdgpu.compat.install() before.")
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def uninstall() -> None:
    """Let ``import highdicom`` give highdicom again; what was imported keeps its objects of hdgpu."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
        del sys.modules[name]


def _run(arguments: list[str]) -> None:
    """Run a script with hdgpu in the place of highdicom."""
    if not arguments:
        raise SystemExit("usage: python -m hdgpu.compat SCRIPT [ARGUMENT ...]")
    # this file is __main__ now: the script has to find the module that stands in
    importlib.import_module("hdgpu.compat").install()
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    _run(sys.argv[1:])

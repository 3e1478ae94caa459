"""Brian2 without what it imports only to compile or to test: setuptools and pytest.

They are a fifth of the time that it takes to import Brian2, and most scripts on this device need neither.
Stand-ins take their places in the modules of Brian2 that name them. When one is first called, all of them
give way to what they stand for.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from neurosim.brian2_units import import_units, run_code

TOOLS = {
    "brian2.codegen.cpp_prefs": ("distutils", "distutils.ccompiler"),
    "brian2.codegen.runtime.cython_rt.extension_manager": ("distutils.command.build_ext", "distutils.core"),
    "brian2.codegen.runtime.GSLcython_rt.GSLcython_rt": ("distutils.errors",),
    "brian2.devices.cpp_standalone.device": ("distutils",),
    "brian2.only": ("brian2.tests",),
}
"""The modules of Brian2 that get stand-ins, and for what."""


def import_brian2() -> None:
    """Import Brian2."""
    import_units()  # first, because Brian2 would otherwise install an exception hook of its own
    with _stand_ins():
        import_module("brian2.only")


@contextmanager
def _stand_ins() -> Generator[None]:
    """Within this context, modules of Brian2 get stand-ins for tools."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _Tool.importing = False


class _Tool:
    """Stands for a module, or for what one holds."""

    importing = True  # whether its attributes are further stand-ins

    def __init__(self, path: str):
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)  # which says that there is none
        return _Tool(f"{self._path}.{name}") if _Tool.importing else getattr(_found(self), name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        _give_way()
        return _found(self)(*arguments, **options)


def _found(tool: _Tool) -> Any:
    """What a stand-in stands for."""
    path = vars(tool)["_path"]
    owner, _, name = path.rpartition(".")
    held = vars(import_module(owner)) if owner else {}
    return held[name] if name in held else import_module(path)


def _give_way() -> None:
    """Put what they stand for in place of all stand-ins in modules of Brian2."""
    for name in TOOLS.keys() & sys.modules.keys():
        names = vars(sys.modules[name])
        names.update({key: _found(value) for key, value in names.items() if isinstance(value, _Tool)})


class _Finder(MetaPathFinder):
    """Finds the modules of Brian2 that get stand-ins."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in TOOLS else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Runs the code of a module of Brian2 with stand-ins."""

    def __init__(self, loader: Loader):
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.loader
        run_code(module, {tool: _Tool(tool) for tool in TOOLS[module.__name__] if tool not in sys.modules})

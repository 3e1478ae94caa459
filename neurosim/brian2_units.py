"""Brian2's units without the rest of Brian2.

Importing Brian2 takes more than a second, most of it for sympy and for the packages that generate code. A
script that says `10*ms` needs none of that. But its quantities must be Brian2's own, since they go into
Brian2's unit checks and into scripts that use Brian2 too; so they cannot come from a table of units written
here. Instead, the package `brian2` is put into `sys.modules` without running its code, which runs when
something else of Brian2 is first used.
"""

from __future__ import annotations

import builtins
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brian2.units import Quantity

PACKAGE = "brian2"
UNITS = "brian2.units.fundamentalunits"
# Programs ask a package for these names. Tools such as doctest ask every module for others, and must not
# import Brian2.
DUNDER_NAMES = ("__path__", "__all__", "__version__", "__version_tuple__", "__docformat__")
StandIns = Mapping[str, object]
_lock = threading.RLock()


def import_units() -> ModuleType:
    """The module `brian2.units`. The rest of Brian2 is imported when it is first used."""
    with _lock:
        if PACKAGE not in sys.modules:
            try:
                _import_units_alone()
            except Exception:  # another version of Brian2 than this is written for: import all of it
                for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
                    del sys.modules[name]
    with _hooks_unchanged():
        return import_module(f"{PACKAGE}.units")


@cache
def named_units() -> dict[str, Quantity]:
    """The units that text may name: Brian2's `DEFAULT_UNITS`, by name."""
    units: Any = import_units()
    registered = units.fundamentalunits.standard_unit_register.units
    additional = units.fundamentalunits.additional_unit_register.units
    simple = {name: unit for name, unit in additional.items() if not unit.iscompound}
    return {**registered, **units.stdunits.stdunits, **simple}


def _import_units_alone() -> None:
    spec = find_spec(PACKAGE)
    assert spec is not None
    package = module_from_spec(spec)
    fundamental_spec = PathFinder.find_spec(UNITS, [f"{folder}/units" for folder in package.__path__])
    assert fundamental_spec is not None
    package.__class__ = _LazyPackage
    sys.modules[PACKAGE] = package
    fundamental = sys.modules[UNITS] = module_from_spec(fundamental_spec)
    # The units import sympy to write LaTeX, and matplotlib to ask for its version.
    stand_ins = {"sympy": SimpleNamespace(latex=_latex), "matplotlib": None}
    run_code(fundamental, {name: module for name, module in stand_ins.items() if name not in sys.modules})
    import_module(f"{PACKAGE}.units").fundamentalunits = fundamental  # type: ignore[attr-defined]
    # Importing any other module of Brian2 asks for this path, and so runs the package's own code first.
    del package.__path__


class _LazyPackage(ModuleType):
    """A package whose own code runs when one of its names or other modules is first asked for."""

    begun = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in DUNDER_NAMES:
            raise AttributeError(name)
        with _lock:
            if not _LazyPackage.begun:
                _LazyPackage.begun = True
                self._run()
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def _run(self) -> None:
        assert self.__spec__ is not None
        self.__path__ = self.__spec__.submodule_search_locations or []
        stand_ins: StandIns = {}
        if threading.current_thread() is not threading.main_thread():
            # Brian2 sets a handler for Ctrl-C, which Python allows in the main thread only.
            no_handlers = {**vars(signal), "signal": lambda number, handler: None}
            stand_ins = {"signal": SimpleNamespace(**no_handlers)}
        try:
            with _hooks_unchanged():
                run_code(self, stand_ins)
        except BaseException:
            del self.__path__
            _LazyPackage.begun = False
            raise
        self.__class__ = ModuleType  # type: ignore[assignment]


@contextmanager
def _hooks_unchanged() -> Iterator[None]:
    """Import Brian2 without its changes to how a script reports errors and warnings.

    Brian2 would add "Brian 2 encountered an unexpected error" to every error and log every warning. Its own
    deprecation warnings are ignored: a script cannot mend them, and they must not be errors under
    `python -W error`.
    """
    hook = sys.excepthook
    with warnings.catch_warnings():
        show = warnings.showwarning
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sys.excepthook = hook
            if warnings.showwarning is not show:
                logging.captureWarnings(False)


def run_code(module: ModuleType, stand_ins: StandIns) -> None:
    """Run the code of one module with stand-ins for modules that it imports; None for a missing one.

    Only the module's own `__import__` is exchanged, and only while its code runs, so that no other thread
    sees a stand-in.
    """

    def import_module_or_stand_in(name: str, *arguments: Any) -> Any:
        if name not in stand_ins:
            return builtins.__import__(name, *arguments)
        if stand_ins[name] is None:
            raise ImportError(name)
        return stand_ins[name]

    own_builtins = vars(builtins) | {"__import__": import_module_or_stand_in}
    vars(module)["__builtins__"] = own_builtins
    assert module.__spec__ is not None and module.__spec__.loader is not None
    module.__spec__.loader.exec_module(module)
    own_builtins["__import__"] = builtins.__import__


def _latex(*arguments: Any, **settings: Any) -> str:
    """sympy's `latex`, imported only to write more than an integer, the exponent of a unit."""
    if type(arguments[0]) is int and not settings:
        return str(arguments[0])
    from sympy import latex

    return latex(*arguments, **settings)

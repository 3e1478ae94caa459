"""Brian2's units without the rest of Brian2: importing all of it takes a second, which a script that only says `10*ms` need not wait for."""

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
from typing import Any

PACKAGE = "brian2"
UNITS = "brian2.units.fundamentalunits"
ASKED = (
    "__path__",
    "__all__",
    "__version__",
    "__version_tuple__",
    "__docformat__",
)  # by programs; tools ask every module for others
_running = threading.RLock()


def import_units() -> ModuleType:
    """The module `brian2.units`, whose quantities are the very ones of Brian2; what `import brian2` does besides, it does when it is first used."""
    with _running:
        if PACKAGE not in sys.modules:
            try:
                _prepare()
            except Exception:  # not the Brian2 that this is written for: import all of it
                for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
                    del sys.modules[name]
    with _manners():
        return import_module(f"{PACKAGE}.units")


@cache
def named_units() -> dict[str, Any]:
    """The units that text may name: Brian2's `DEFAULT_UNITS`."""
    units: Any = import_units()
    registered, more = (
        units.fundamentalunits.standard_unit_register.units,
        units.fundamentalunits.additional_unit_register.units,
    )
    return {
        **registered,
        **units.stdunits.stdunits,
        **{name: unit for name, unit in more.items() if not unit.iscompound},
    }


def _prepare() -> None:
    """Import the units of a package whose own code has not run."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    package = module_from_spec(spec)
    inner = PathFinder.find_spec(UNITS, [f"{folder}/units" for folder in package.__path__])
    assert inner is not None
    package.__class__ = _Later
    sys.modules[PACKAGE] = package
    fundamental = sys.modules[UNITS] = module_from_spec(inner)
    # sympy writes LaTeX, and matplotlib is asked for its version.
    instead = {"sympy": SimpleNamespace(latex=_latex), "matplotlib": None}
    _execute(fundamental, {name: module for name, module in instead.items() if name not in sys.modules})
    import_module(f"{PACKAGE}.units").fundamentalunits = fundamental  # type: ignore[attr-defined]
    del (
        package.__path__
    )  # so that the import of any other module of Brian2 asks for it, and runs Brian2 first


class _Later(ModuleType):
    """A package whose own code runs when something in it, or another of its modules, is first asked for."""

    begun = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ASKED:
            raise AttributeError(name)
        with _running:
            if not _Later.begun:
                _Later.begun = True
                self._begin()
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def _begin(self) -> None:
        assert self.__spec__ is not None
        self.__path__ = self.__spec__.submodule_search_locations or []
        main = threading.current_thread() is threading.main_thread()
        try:
            # Only the main thread may say what Ctrl-C does; in another one Brian2 is imported without its say.
            with _manners():
                _execute(
                    self,
                    {}
                    if main
                    else {
                        "signal": SimpleNamespace(**{**vars(signal), "signal": lambda number, handler: None})
                    },
                )
        except BaseException:
            del self.__path__
            _Later.begun = False
            raise
        self.__class__ = ModuleType  # type: ignore[assignment]


@contextmanager
def _manners() -> Iterator[None]:
    """Errors and warnings of a script stay its own while Brian2 is imported, be it in the middle of a run.

    Brian2 would add "Brian 2 encountered an unexpected error" to every error, and take every warning for its log. What it and its
    packages deprecate is not the script's to mend, and no error under `python -W error`.
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


def _execute(module: ModuleType, instead: Mapping[str, Any]) -> None:
    """Run the code of a module, which finds `instead` where it imports modules of these names; None: it finds none."""

    def import_one(name: str, *how: Any) -> Any:
        if name not in instead:
            return builtins.__import__(name, *how)
        if instead[name] is None:
            raise ImportError(name)
        return instead[name]

    own = vars(builtins) | {"__import__": import_one}
    vars(module)["__builtins__"] = own
    assert module.__spec__ is not None and module.__spec__.loader is not None
    module.__spec__.loader.exec_module(module)
    own["__import__"] = builtins.__import__


def _latex(*arguments: Any, **settings: Any) -> str:
    if (
        type(arguments[0]) is int and not settings
    ):  # the exponents of a thousand units, named while they are imported
        return str(arguments[0])
    from sympy import latex

    return latex(*arguments, **settings)

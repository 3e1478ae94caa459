"""JAX, imported when it is first needed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from neurosim.errors import EngineError, install_hint

REMEDY = install_hint("train")


def is_installed() -> bool:
    """Whether JAX can be imported."""
    return find_spec("jax") is not None


def need_jax(what: str) -> ModuleType:
    """The module jax.

    what: what needs JAX, for the message.
    Raises EngineError with the remedy if JAX cannot be imported.
    """
    try:
        import jax
    except ImportError as error:
        raise EngineError(f"{what} needs JAX, which cannot be imported ({error}). {REMEDY}") from None
    return jax


def wide() -> AbstractContextManager[object]:
    """A context in which JAX has 64-bit numbers. Every array has a type of its own: 'single' stays single."""
    jax = need_jax("engine 'arrays'")
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return import_module("jax.experimental").enable_x64()  # before JAX 0.8

"""JAX, asked for when it is first needed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

from neurosim.errors import EngineError, install_hint

REMEDY = install_hint("train")


def is_installed() -> bool:
    """Whether JAX can be imported."""
    return find_spec("jax") is not None


def need_jax(what: str) -> Any:
    """The module jax. Raises EngineError naming `what` needs it, and the remedy."""
    try:
        import jax
    except ImportError as error:
        raise EngineError(f"{what} needs JAX, which cannot be imported ({error}). {REMEDY}") from None
    return jax


def wide() -> AbstractContextManager:
    """JAX with 64-bit numbers: every array says its own type, so that 'single' stays single."""
    jax = need_jax("engine 'arrays'")
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64  # type: ignore[attr-defined]  # before JAX 0.8

    return enable_x64()

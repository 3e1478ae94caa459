"""Errors for misspelt, missing and superfluous arguments, which say what to write instead."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from neurosim.errors import DescriptionError, nearest

Described = TypeVar("Described", bound=Callable[..., Any])
Arguments = dict[str, Any]  # of `Neurons` or `Synapses`, by name; these check the values when they are made


def named_arguments(described: Described) -> Described:
    """A class or function whose calls with wrong arguments raise DescriptionError instead of TypeError."""
    signature = inspect.signature(described)
    inner: Any = described.__init__ if isinstance(described, type) else described

    @functools.wraps(inner)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return inner(*args, **named)
        except TypeError:
            _check(described.__name__, signature, args[isinstance(described, type) :], named)
            raise

    if not isinstance(described, type):
        return call  # type: ignore[return-value]
    described.__init__ = call  # type: ignore[misc]
    return described  # type: ignore[return-value]


def _check(name: str, signature: inspect.Signature, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    if "self" in named and "self" not in signature.parameters:
        raise DescriptionError(
            f"{name}: 'self' is a word of Python's, which no constant can be called."
            " Use another name, such as 'self_1'."
        )
    try:
        signature.bind(*args, **named)
    except TypeError as error:
        known = list(signature.parameters)
        unknown = [key for key in named if key not in known]
        if unknown:
            raise DescriptionError(
                f"{name}: there is no argument {unknown[0]!r}. {nearest(unknown[0], known)}"
            ) from None
        raise DescriptionError(f"{name}: {error}. Its arguments are: {', '.join(known)}.") from None

"""Functions of numbers whose derivative is 0 where it would be no number.

In `where(I > 0, sqrt(I), 0)` no gradient goes to the branch that is not taken; times the infinite derivative of sqrt at 0 it would
be 0 times infinity, which is not a number, and would spoil the gradients of everything else. Values stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero


def with_finite_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers, element by element, with its derivatives where these are finite, else 0."""

    @jax.custom_jvp
    def plain(*xs: Any) -> Any:
        return function(*xs)

    def slopes(xs: Any, tangents: Any) -> tuple[Any, Any]:
        y = function(*xs)
        whole = jnp.zeros_like(y)
        for place, (x, dx) in enumerate(zip(xs, tangents, strict=True)):
            if isinstance(dx, SymbolicZero):
                continue

            def partly(one: Any, place: int = place) -> Any:
                return function(*xs[:place], one, *xs[place + 1 :])

            slope = jax.jvp(partly, (x,), (jnp.ones_like(x),))[1]
            whole = whole + jnp.where(jnp.isfinite(slope), slope, 0.0) * dx
        return y, whole.astype(y.dtype)

    plain.defjvp(slopes, symbolic_zeros=True)

    def call(*xs: Any) -> Any:
        if not any(isinstance(x, jax.Array) for x in xs):
            return function(*xs)
        kind = jax.eval_shape(function, *xs).dtype
        arrays = [jnp.asarray(x) for x in xs]
        return (
            plain(*(x if x.dtype.kind == "f" else x.astype(kind) for x in arrays))
            if kind.kind == "f"
            else function(*xs)
        )

    return call

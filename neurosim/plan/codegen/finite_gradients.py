"""Functions of numbers whose derivative counts as 0 where it is infinite or undefined.

In `where(I > 0, sqrt(I), 0)` no gradient goes to the branch that is not taken. At I = 0 this gradient of 0
would be multiplied by the infinite derivative of sqrt, and the result, NaN, would spread to all other
gradients. Values do not change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.custom_derivatives import SymbolicZero

from neurosim.plan.codegen.numpy_code import Numeric

untyped: Any = jax  # JAX's own annotations are incomplete
jnp: Any = jax.numpy


def with_finite_gradient(function: Callable[..., Numeric]) -> Callable[..., Numeric]:
    """An element-by-element function of numbers, with its own derivatives where these are finite, else 0."""

    @jax.custom_jvp
    def differentiable(*xs: jax.Array) -> jax.Array:
        return function(*xs)

    def jvp(
        xs: tuple[jax.Array, ...], tangents: tuple[jax.Array | SymbolicZero, ...]
    ) -> tuple[jax.Array, jax.Array]:
        y: jax.Array = function(*xs)
        total = jnp.zeros_like(y)
        for position, (x, dx) in enumerate(zip(xs, tangents, strict=True)):
            if isinstance(dx, SymbolicZero):
                continue

            def of_one(value: jax.Array, position: int = position) -> jax.Array:
                return function(*xs[:position], value, *xs[position + 1 :])

            y, slope = untyped.jvp(of_one, (x,), (jnp.ones_like(x),))
            total = total + jnp.where(jnp.isfinite(slope), slope, 0.0) * dx
        return y, total.astype(y.dtype)

    differentiable.defjvp(jvp, symbolic_zeros=True)

    def call(*xs: Numeric) -> Numeric:
        if not any(isinstance(x, jax.Array) for x in xs):
            return function(*xs)
        kind = untyped.eval_shape(function, *xs).dtype
        if kind.kind != "f":
            return function(*xs)
        arrays = [jnp.asarray(x) for x in xs]
        return differentiable(*(x if x.dtype.kind == "f" else x.astype(kind) for x in arrays))

    return call

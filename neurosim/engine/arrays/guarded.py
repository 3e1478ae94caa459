"""Functions of numbers whose derivative is 0 where it would be no number.

In `where(I > 0, sqrt(I), 0)` no gradient goes to the branch that is not taken; times the infinite derivative of sqrt at 0 it would
be 0 times infinity, which is not a number, and would spoil the gradients of everything else. Values stay what they are.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

STEEP = (
    "sqrt", "log", "log10", "log1p", "exp", "expm1", "arcsin", "arccos", "arctan", "tan", "sinh", "cosh", "tanh", "sin", "cos",
)  # fmt: skip


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
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
        return plain(*(x if x.dtype.kind == "f" else x.astype(kind) for x in arrays)) if kind.kind == "f" else function(*xs)

    return call


class Numpy:
    """`jax.numpy`, its steep functions guarded."""

    def __init__(self) -> None:
        for name in STEEP:
            setattr(self, name, guarded(getattr(jnp, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp, name)


class Products(ast.NodeTransformer):
    """Divisions as `divide(a, b)`, and products as `multiply(a, b)` where the text chooses between branches: one may be no number."""

    def __init__(self, source: str):
        self.names: dict[type, str] = {ast.Div: "divide"} | ({ast.Mult: "multiply"} if "np.where(" in source else {})

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = self.names.get(type(node.op))
        return node if name is None else ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], [])


def compiled(source: str) -> Any:
    """The source of a block with its divisions guarded, as code."""
    return compile(ast.fix_missing_locations(Products(source).visit(ast.parse(source))), "<neurosim text>", "exec")

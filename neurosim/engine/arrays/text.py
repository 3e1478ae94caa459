"""Text as JAX functions: the source that `plan/render.py` writes for numpy, with another table of functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.guarded import Numpy, compiled, guarded
from neurosim.network.text import Statement
from neurosim.plan.render import RANDOM, Along, numpy_source

FIELD = "fast_sigmoid"
SURROGATES: dict[str, Callable[[Any, Any], Any]] = {
    "fast_sigmoid": lambda x, slope: 1.0 / (1.0 + slope * jnp.abs(x)) ** 2,
    "arctan": lambda x, slope: 1.0 / (1.0 + (0.5 * np.pi * slope * x) ** 2),
    "boxcar": lambda x, slope: (slope * jnp.abs(x) < 1.0).astype(x.dtype),
}


class ArrayAlong(Along):
    """The functions along an axis, in JAX."""

    def _full(self, x: Any, axis: int) -> tuple[Any, int]:
        _, axis = super()._full(np.zeros(()), axis)
        x = jnp.asarray(x)
        return (jnp.broadcast_to(x, (1, *self.shape)) if x.ndim <= len(self.shape) else x), axis

    def __call__(self, name: str, x: Any, axis: int = -1) -> Any:
        full, axis = self._full(x, axis)
        if name not in ("max", "min", "sort") and full.dtype.kind == "b":
            full = full.astype(jnp.float64)
        if name in ("sum", "mean", "max", "min", "prod"):
            return getattr(jnp, name)(full, axis=axis, keepdims=True)
        if name in ("sort", "cumsum", "cumprod"):
            return getattr(jnp, name)(full, axis=axis)
        return {"softmax": _softmax, "norm": _norm, "argmax": _argmax, "argsort": _argsort}[name](full, axis)

    def take(self, x: Any, index: Any, axis: int = -1) -> Any:
        """As on the reference engine, but an index outside the axis gives NaN: compiled code cannot stop."""
        full, axis = self._full(x, axis)
        where = jnp.asarray(index).astype(jnp.int64)
        where = jnp.broadcast_to(where, jnp.broadcast_shapes(full.shape, where.shape))
        where = jnp.where(where < 0, full.shape[axis], where)
        return jnp.take_along_axis(full, where, axis=axis, mode="fill", fill_value=jnp.nan)


def _softmax(x: Any, axis: int) -> Any:
    return jax.nn.softmax(x, axis=axis)


def _norm(x: Any, axis: int) -> Any:
    square = (x * x).sum(axis=axis, keepdims=True)
    some = square > 0  # where all are 0 the gradient is 0, not NaN
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)


def _argmax(x: Any, axis: int) -> Any:
    return x.argmax(axis=axis, keepdims=True).astype(x.dtype)


def _argsort(x: Any, axis: int) -> Any:
    return x.argsort(axis=axis, stable=True).astype(x.dtype)


def _exprel(x: Any) -> Any:
    near = jnp.abs(x) < 1e-8
    safe = jnp.where(near, 1.0, x)
    return jnp.where(near, 1.0 + 0.5 * x, jnp.expm1(safe) / safe)


def _power(x: Any, n: Any) -> Any:
    if isinstance(x, (int, float)) and isinstance(n, (int, float)):
        return float(np.float64(x) ** n)
    if isinstance(n, float) and n == int(n) and abs(n) < 64:
        n = int(n)  # a product, whose derivative at 0 is a number
    x = x * 1.0 if jnp.asarray(x).dtype.kind == "b" else x
    return guarded(lambda x: x**n)(x) if isinstance(n, int) else RAISED(x, n)


def make_step(surrogate: str, slope: float) -> Callable[[Any, Any], Any]:
    """a > b as 1 or 0, whose derivative is a surrogate of the step's: `surrogate` of a - b, with 1/`slope` its width.

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36(6), 51, doi:10.1109/MSP.2019.2931595.
    """
    field = SURROGATES[surrogate]

    @jax.custom_jvp
    def above(a: Any, b: Any) -> Any:
        return (a > b).astype(a.dtype)

    @above.defjvp
    def _derivative(primals: Any, tangents: Any) -> Any:
        (a, b), (da, db) = primals, tangents
        return above(a, b), (field(a - b, slope) * (da - db)).astype(a.dtype)

    def step(a: Any, b: Any) -> Any:
        kind = jnp.result_type(a, b, jnp.float32)  # whole numbers, as in "v > 1", have no derivative
        return above(jnp.asarray(a, kind), jnp.asarray(b, kind))

    return step


RAISED = guarded(lambda x, n: x**n)
HELPERS = {
    "np": Numpy(),
    "divide": guarded(lambda a, b: a / b),
    "multiply": guarded(lambda a, b: a * b),
    "number": lambda x: jnp.asarray(x, jnp.float64) if jnp.asarray(x).dtype.kind == "b" else x,
    "whole": lambda x: jnp.trunc(jnp.asarray(x, jnp.float64)),
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "exprel": _exprel,
    "timestep": lambda t, dt: jnp.floor((t + 1e-3 * dt) / dt).astype(jnp.float64),
    "same": jax.lax.stop_gradient,
    "power": _power,
    "__builtins__": {},
}


@lru_cache(maxsize=4096)
def block(statements: tuple[Statement, ...], returned: tuple[str, ...], guarded_names: frozenset[str] = frozenset()) -> Callable[..., dict[str, Any]]:
    """The block as a function (names, along, random) -> dict of the returned names, on JAX arrays."""
    scope: dict[str, Any] = dict(HELPERS)
    exec(compiled(numpy_source(statements, returned, guarded_names)), scope)
    return scope["block"]


def evaluate(expression: str, names: Mapping[str, Any], along: Along | None = None) -> Any:
    """The value of one expression."""
    return block((Statement("value", "=", expression),), ("value",))(names, along, None)["value"]


def random_calls(statements: tuple[Statement, ...]) -> int:
    """How many random functions a block calls."""
    trees = [ast.parse(s.expression, mode="eval") for s in statements]
    return sum(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in RANDOM for tree in trees for n in ast.walk(tree))


class _Steps(ast.NodeTransformer):
    """Comparisons as `step(a, b)`, `and` as product, `or` as maximum, `not` as 1 - x: a threshold through which gradients pass."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        sides = [node.left, *node.comparators]
        parts = [self._pair(a, op, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        whole = parts[0]
        for part in parts[1:]:
            whole = ast.BinOp(whole, ast.Mult(), part)
        return whole

    def _pair(self, a: ast.expr, op: ast.cmpop, b: ast.expr) -> ast.expr:
        if isinstance(op, ast.Eq | ast.NotEq):
            return ast.BinOp(ast.Compare(a, [op], [b]), ast.Mult(), ast.Constant(1.0))
        first, second = (a, b) if isinstance(op, ast.Gt | ast.LtE) else (b, a)
        found: ast.expr = ast.Call(ast.Name("relu", ast.Load()), [first, second], [])  # stands for the step; see `threshold`
        return found if isinstance(op, ast.Gt | ast.Lt) else ast.BinOp(ast.Constant(1.0), ast.Sub(), found)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        parts = [self.visit(value) for value in node.values]
        whole = parts[0]
        for part in parts[1:]:
            if isinstance(node.op, ast.And):
                whole = ast.BinOp(whole, ast.Mult(), part)
            else:
                whole = ast.BinOp(ast.BinOp(whole, ast.Add(), part), ast.Sub(), ast.BinOp(whole, ast.Mult(), part))
        return whole

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return ast.BinOp(ast.Constant(1.0), ast.Sub(), self.visit(node.operand))
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return node  # what a function is given is no condition of the threshold


@lru_cache(maxsize=1024)
def threshold(expression: str, step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The condition as a function (names, along, random) -> 1 or 0, with `step` at its comparisons.

    A condition that calls random functions (a source of noise) has no gradient.
    """
    statement = Statement("spikes", "=", expression)
    if random_calls((statement,)):
        plain = block((statement,), ("spikes",))
        return lambda names, along, random: plain(names, along, random)["spikes"] * 1.0
    tree = ast.fix_missing_locations(ast.Expression(_Steps().visit(ast.parse(expression, mode="eval").body)))
    scope: dict[str, Any] = HELPERS | {"relu": lambda a, *b: step(a, b[0]) if b else jax.nn.relu(a)}
    exec(compiled(numpy_source((Statement("spikes", "=", ast.unparse(tree)),), ("spikes",), frozenset())), scope)
    return lambda names, along, random: scope["block"](names, along, random)["spikes"]

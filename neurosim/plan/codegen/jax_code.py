"""Text as JAX functions: the code of `numpy_code.py`, whose divisions and steep functions keep gradients finite."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.network.functions import Function, functions, random_calls
from neurosim.network.text import Statement, calls_in
from neurosim.plan.codegen.finite_gradients import with_finite_gradient
from neurosim.plan.codegen.numpy_code import AxisFunctions, NumpyWriter, define_functions, source

DEFAULT_SURROGATE = "fast_sigmoid"
SURROGATES: dict[str, Callable[[Any, Any], Any]] = {
    "fast_sigmoid": lambda x, slope: 1.0 / (1.0 + slope * jnp.abs(x)) ** 2,
    "arctan": lambda x, slope: 1.0 / (1.0 + (0.5 * np.pi * slope * x) ** 2),
    "boxcar": lambda x, slope: (slope * jnp.abs(x) < 1.0).astype(x.dtype),
}


class JaxAxisFunctions(AxisFunctions):
    """The functions along an axis, in JAX."""

    def _full(self, x: Any, axis: int) -> tuple[Any, int]:
        x = jnp.asarray(x)
        return (jnp.broadcast_to(x, (1, *self.shape)) if x.ndim <= len(self.shape) else x), self.axis(axis)

    def __call__(self, name: str, x: Any, axis: int = -1) -> Any:
        function = functions()[name]
        full, axis = self._full(x, axis)
        if not function.takes_truth and full.dtype.kind == "b":
            full = full.astype(jnp.float64)
        return _computed(function)(full, axis)

    def take(self, x: Any, index: Any, axis: int = -1) -> Any:
        """As on the reference engine, but an index outside the axis gives NaN: compiled code cannot stop."""
        full, axis = self._full(x, axis)
        where = jnp.asarray(index).astype(jnp.int64)
        where = jnp.broadcast_to(where, jnp.broadcast_shapes(full.shape, where.shape))
        where = jnp.where(where < 0, full.shape[axis], where)
        return jnp.take_along_axis(full, where, axis=axis, mode="fill", fill_value=jnp.nan)


def _computed(function: Function) -> Any:
    """What computes a function on JAX arrays; None where its text does."""
    if function.jax is None and function.array is None:
        return None
    made, library = (function.jax, jax) if function.jax is not None else (function.array, jnp)
    assert made is not None

    def call(*values: Any) -> Any:
        return made(library, *values)

    return with_finite_gradient(call) if function.guarded else call


def _power(x: Any, n: Any) -> Any:
    if isinstance(x, (int, float)) and isinstance(n, (int, float)):
        return float(np.float64(x) ** n)
    if isinstance(n, float) and n == int(n) and abs(n) < 64:
        n = int(n)  # a product, whose derivative at 0 is a number
    x = x * 1.0 if jnp.asarray(x).dtype.kind == "b" else x
    return with_finite_gradient(lambda x: x**n)(x) if isinstance(n, int) else RAISED(x, n)


def surrogate_step(surrogate: str, slope: float) -> Callable[[Any, Any], Any]:
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


RAISED = with_finite_gradient(lambda x, n: x**n)
HELPERS: dict[str, Any] = {
    "xp": jnp,
    "divide": with_finite_gradient(lambda a, b: a / b),
    "multiply": with_finite_gradient(lambda a, b: a * b),
    "number": lambda x: jnp.asarray(x, jnp.float64) if jnp.asarray(x).dtype.kind == "b" else x,
    "power": _power,
    "__builtins__": {},
}


class JaxWriter(NumpyWriter):
    """Writes divisions so that gradients stay finite, and products too where text chooses between `branches`: one may be no number."""

    def __init__(self, branches: bool = True) -> None:
        super().__init__()
        self.guards: dict[type, str] = {ast.Div: "divide"} | ({ast.Mult: "multiply"} if branches else {})

    def arithmetic(self, op: ast.operator, left: str, right: str) -> str:
        name = self.guards.get(type(op))
        return super().arithmetic(op, left, right) if name is None else f"{name}({left}, {right})"


class StepWriter(JaxWriter):
    """Comparisons as `step(a, b)`, `and` as product, `or` as a + b - a b, `not` as 1 - x: a condition through which gradients pass."""

    def __init__(self, branches: bool) -> None:
        super().__init__(branches)
        self.plain = JaxWriter(branches)
        self.used = self.plain.used

    def _Compare(self, node: ast.Compare) -> str:
        sides = [self.plain.write(side) for side in (node.left, *node.comparators)]
        return self._product(
            [self._step(op, a, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        )

    def _step(self, op: ast.cmpop, left: str, right: str) -> str:
        if isinstance(op, ast.Eq | ast.NotEq):
            return f"({self.compared(op, left, right)} * 1.0)"
        first, second = (left, right) if isinstance(op, ast.Gt | ast.LtE) else (right, left)
        text = f"step({first}, {second})"
        return text if isinstance(op, ast.Gt | ast.Lt) else f"(1.0 - {text})"

    def _BoolOp(self, node: ast.BoolOp) -> str:
        parts = [self.write(value) for value in node.values]
        if isinstance(node.op, ast.And):
            return self._product(parts)
        whole = parts[0]
        for part in parts[1:]:
            whole = f"({whole} + {part} - {self._product([whole, part])})"
        return whole

    def _product(self, parts: list[str]) -> str:
        whole = parts[0]
        for part in parts[1:]:
            whole = self.arithmetic(ast.Mult(), whole, part)
        return whole

    def _UnaryOp(self, node: ast.UnaryOp) -> str:
        return (
            f"(1.0 - {self.write(node.operand)})" if isinstance(node.op, ast.Not) else self.plain.write(node)
        )

    def _Call(self, node: ast.Call) -> str:
        return self.plain.write(node)  # what a function is given is no condition of the threshold


def _function(
    writer: JaxWriter,
    statements: tuple[Statement, ...],
    returned: tuple[str, ...],
    frozen: frozenset[str],
    **more: Any,
) -> Any:
    scope = HELPERS | more
    text = source(writer, statements, returned, frozen)
    define_functions(scope, writer.used, _computed, JaxWriter)
    exec(compile(text, "<neurosim text>", "exec"), scope)
    return scope["block"]


def _chooses(statements: Iterable[Statement]) -> bool:
    return any("where" in calls_in(statement.expression) for statement in statements)


@lru_cache(maxsize=4096)
def jax_block(
    statements: tuple[Statement, ...], returned: tuple[str, ...], frozen: frozenset[str] = frozenset()
) -> Callable[..., dict[str, Any]]:
    """The block as a function (names, along, random) -> dict of the returned names, on JAX arrays.

    Writes to `frozen` names take effect only where the neuron is not refractory.
    """
    branches = _chooses(statements) or bool(frozen & {s.name for s in statements})
    return _function(JaxWriter(branches), statements, returned, frozen)


def evaluate(expression: str, names: Mapping[str, Any], along: AxisFunctions | None = None) -> Any:
    """The value of one expression."""
    return jax_block((Statement("value", "=", expression),), ("value",))(names, along, None)["value"]


@lru_cache(maxsize=1024)
def jax_condition(expression: str, step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The condition as a function (names, along, random) -> 1 or 0, with `step` at its comparisons.

    A condition that calls random functions (a source of noise) has no gradient.
    """
    statements = (Statement("spikes", "=", expression),)
    if random_calls(statements):
        plain = jax_block(statements, ("spikes",))
        return lambda names, along, random: plain(names, along, random)["spikes"] * 1.0
    passed = _function(StepWriter(_chooses(statements)), statements, ("spikes",), frozenset(), step=step)
    return lambda names, along, random: passed(names, along, random)["spikes"]

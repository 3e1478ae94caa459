"""Statements as JAX code: as in numpy, with divisions and steep functions whose gradients stay finite."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import jax
import numpy as np
from jax.typing import ArrayLike

from neurosim.network.functions import Function, functions, random_calls
from neurosim.network.text import Statement, calls_in
from neurosim.plan.codegen.finite_gradients import with_finite_gradient
from neurosim.plan.codegen.numpy_code import (
    AxisFunctions,
    CompiledBlock,
    Namespace,
    Numeric,
    NumpyWriter,
    define_functions,
    source,
)

jnp: Any = jax.numpy  # JAX's own annotations are incomplete
Step: TypeAlias = Callable[[ArrayLike, ArrayLike], jax.Array]


def _fast_sigmoid(x: jax.Array, slope: float) -> jax.Array:
    return 1.0 / (1.0 + slope * jnp.abs(x)) ** 2


def _arctan(x: jax.Array, slope: float) -> jax.Array:
    return 1.0 / (1.0 + (0.5 * np.pi * slope * x) ** 2)


def _boxcar(x: jax.Array, slope: float) -> jax.Array:
    return (slope * jnp.abs(x) < 1.0).astype(x.dtype)


DEFAULT_SURROGATE = "fast_sigmoid"
SURROGATES: Mapping[str, Callable[[jax.Array, float], jax.Array]] = {
    DEFAULT_SURROGATE: _fast_sigmoid, "arctan": _arctan, "boxcar": _boxcar,
}  # fmt: skip


class JaxAxisFunctions(AxisFunctions):
    """The functions along an axis, in JAX."""

    def __call__(self, name: str, x: Numeric, axis: int = -1) -> Numeric:
        function = functions()[name]
        full = self._full(x)
        if not function.takes_truth and full.dtype.kind == "b":
            full = full.astype(jnp.float64)
        along = _implementation(function)
        assert along is not None
        return along(full, self.array_axis(axis))

    def take(self, x: Numeric, index: Numeric, axis: int = -1) -> Numeric:
        """As in numpy, but an index outside the axis gives NaN, since compiled code cannot stop."""
        full, axis = self._full(x), self.array_axis(axis)
        whole = jnp.asarray(index).astype(jnp.int64)
        whole = jnp.broadcast_to(whole, jnp.broadcast_shapes(full.shape, whole.shape))
        # JAX would count a negative index from the end: move it behind the end, where it gives NaN.
        whole = jnp.where(whole < 0, full.shape[axis], whole)
        return jnp.take_along_axis(full, whole, axis=axis, mode="fill", fill_value=jnp.nan)

    def _full(self, x: Numeric) -> Numeric:
        x = jnp.asarray(x)
        return jnp.broadcast_to(x, (1, *self.shape)) if x.ndim <= len(self.shape) else x


def _implementation(function: Function) -> Callable[..., Numeric] | None:
    """The function on JAX arrays; None for a function that is defined by its text alone."""
    if function.jax is not None:
        made, library = function.jax, jax
    elif function.array is not None:
        made, library = function.array, jnp
    else:
        return None

    def call(*values: Numeric) -> Numeric:
        return made(library, *values)

    return with_finite_gradient(call) if function.guarded else call


def _power(x: Numeric, n: Numeric) -> Numeric:
    if isinstance(x, int | float) and isinstance(n, int | float):
        return float(np.float64(x) ** n)
    x = x * 1.0 if jnp.asarray(x).dtype.kind == "b" else x
    if isinstance(n, float) and n.is_integer() and abs(n) < 64:
        whole = int(n)  # a product, whose derivative at 0 is finite

        def product(x: Numeric) -> Numeric:
            return x**whole

        return with_finite_gradient(product)(x)
    return _finite_power(x, n)


def surrogate_step(surrogate: str, slope: float) -> Step:
    """The function (a, b) -> 1.0 if a > b, else 0.0, whose derivative is a surrogate of the step's.

    surrogate: the name of the derivative as a function of a - b: 'fast_sigmoid', 'arctan' or 'boxcar'
    slope: 1/slope is the width of the derivative, in the unit of a - b

    Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36(6), 51, doi:10.1109/MSP.2019.2931595.
    """
    derivative = SURROGATES[surrogate]

    @jax.custom_jvp
    def above(a: jax.Array, b: jax.Array) -> jax.Array:
        return (a > b).astype(a.dtype)

    def jvp(
        primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        (a, b), (da, db) = primals, tangents
        return above(a, b), (derivative(a - b, slope) * (da - db)).astype(a.dtype)

    above.defjvp(jvp)

    def step(a: ArrayLike, b: ArrayLike) -> jax.Array:
        kind = jnp.result_type(a, b, jnp.float32)  # whole numbers, as in "v > 1", have no derivative
        return above(jnp.asarray(a, kind), jnp.asarray(b, kind))

    return step


def _number(x: Numeric) -> Numeric:
    return jnp.asarray(x, jnp.float64) if jnp.asarray(x).dtype.kind == "b" else x


@with_finite_gradient
def _finite_power(x: Numeric, n: Numeric) -> Numeric:
    return x**n


@with_finite_gradient
def _divide(a: Numeric, b: Numeric) -> Numeric:
    return a / b


@with_finite_gradient
def _multiply(a: Numeric, b: Numeric) -> Numeric:
    return a * b


HELPERS: Namespace = {
    "xp": jnp,
    "divide": _divide,
    "multiply": _multiply,
    "number": _number,
    "power": _power,
    "__builtins__": {},
}


class JaxWriter(NumpyWriter):
    """Writes divisions whose gradients stay finite.

    branches: whether to do the same for products. Text that chooses between two branches with `where` needs
        it, since the branch that is not taken may be infinite or NaN.
    """

    def __init__(self, branches: bool = True) -> None:
        super().__init__()
        self.safe: dict[type[ast.operator], str] = {ast.Div: "divide"}
        if branches:
            self.safe[ast.Mult] = "multiply"

    def arithmetic(self, op: ast.operator, left: str, right: str) -> str:
        name = self.safe.get(type(op))
        return super().arithmetic(op, left, right) if name is None else f"{name}({left}, {right})"


class SurrogateWriter(JaxWriter):
    """Writes a condition through which gradients pass.

    A comparison becomes `step(a, b)` with a surrogate derivative, `and` a product, `or` a + b - a b, and
    `not` 1 - x.
    """

    def __init__(self, branches: bool) -> None:
        super().__init__(branches)
        self.plain = JaxWriter(branches)  # for the two sides of comparisons, which are numbers
        self.used = self.plain.used

    def comparison(self, node: ast.Compare) -> str:
        sides = [self.plain.write(side) for side in (node.left, *node.comparators)]
        return self._product(
            [self.compared(op, a, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        )

    def compared(self, op: ast.cmpop, left: str, right: str) -> str:
        if isinstance(op, ast.Eq | ast.NotEq):  # their derivative is 0 nearly everywhere
            return f"({super().compared(op, left, right)} * 1.0)"
        larger, smaller = (left, right) if isinstance(op, ast.Gt | ast.LtE) else (right, left)
        text = f"step({larger}, {smaller})"
        return text if isinstance(op, ast.Gt | ast.Lt) else f"(1.0 - {text})"

    def logic(self, node: ast.BoolOp) -> str:
        parts = [self.write(value) for value in node.values]
        if isinstance(node.op, ast.And):
            return self._product(parts)
        text = parts[0]
        for part in parts[1:]:
            text = f"({text} + {part} - {self._product([text, part])})"
        return text

    def unary(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Not):
            return f"(1.0 - {self.write(node.operand)})"
        return self.plain.write(node)

    def call(self, node: ast.Call) -> str:
        return self.plain.write(node)  # comparisons among the arguments of a function are not the threshold's

    def _product(self, factors: list[str]) -> str:
        text = factors[0]
        for factor in factors[1:]:
            text = self.arithmetic(ast.Mult(), text, factor)
        return text


def _compiled(
    writer: JaxWriter,
    statements: tuple[Statement, ...],
    returned: tuple[str, ...],
    frozen: frozenset[str] = frozenset(),
    step: Step | None = None,
) -> CompiledBlock:
    namespace: Namespace = {**HELPERS, "step": step}
    text = source(writer, statements, returned, frozen)
    define_functions(namespace, writer.used, _implementation, JaxWriter)
    exec(compile(text, "<neurosim text>", "exec"), namespace)
    return namespace["block"]


def _chooses(statements: Iterable[Statement]) -> bool:
    return any("where" in calls_in(statement.expression) for statement in statements)


@lru_cache(maxsize=4096)
def jax_block(
    statements: tuple[Statement, ...], returned: tuple[str, ...], frozen: frozenset[str] = frozenset()
) -> CompiledBlock:
    """The block as a function (names, along, random) -> {name: value}; arguments as in `source`."""
    branches = _chooses(statements) or bool(frozen & {s.name for s in statements})
    return _compiled(JaxWriter(branches), statements, returned, frozen)


def evaluate(expression: str, names: Mapping[str, Numeric], along: AxisFunctions | None = None) -> Numeric:
    """The value of one expression on JAX arrays, which calls no random function."""
    return jax_block((Statement("value", "=", expression),), ("value",))(names, along, None)["value"]


@lru_cache(maxsize=1024)
def jax_condition(
    expression: str, step: Step
) -> Callable[[Mapping[str, Numeric], AxisFunctions | None, object], jax.Array]:
    """A condition as a function (names, along, random) -> 1.0 or 0.0, through which gradients pass.

    step: stands for its comparisons; made by `surrogate_step`

    A condition that calls random functions, as that of a source of noise, has no gradient.
    """
    statements = (Statement("spikes", "=", expression),)
    noisy = random_calls(statements) > 0
    if noisy:
        compiled = jax_block(statements, ("spikes",))
    else:
        compiled = _compiled(SurrogateWriter(_chooses(statements)), statements, ("spikes",), step=step)

    def condition(names: Mapping[str, Numeric], along: AxisFunctions | None, random: object) -> Any:
        spikes = compiled(names, along, random)["spikes"]
        return spikes * 1.0 if noisy else spikes

    return condition

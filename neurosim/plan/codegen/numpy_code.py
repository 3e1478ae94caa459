"""Statements -> numpy. `NumpyWriter` writes Python source from syntax trees; `network/functions.py` says what a call means.

Numbers in text are floats, whole ones too: none wraps around, and all functions take all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from neurosim.errors import EngineError, PlanError
from neurosim.network.functions import ALONG, ARGUMENTS, ELEMENTWISE, RANDOM, Function, functions
from neurosim.network.text import OPERATORS, Statement, called, names_in, parsed

SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class _NoRandom:
    """Stands for the random functions where none can be: in text whose value may be asked for at any time."""

    def __getattr__(self, name: str) -> Any:
        raise PlanError(
            f"{name}() cannot stand in refractory, summed or recorded expressions. Assign it to a variable of update text first."
        )


class AxisFunctions:
    """The functions along an axis, for values of shape (trial, *shape); axis 0 of the population is axis 1 of the array."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def _full(self, x: Any, axis: int) -> tuple[np.ndarray, int]:
        x = np.asarray(x)
        return (np.broadcast_to(x, (1, *self.shape)) if x.ndim <= len(self.shape) else x), self.axis(axis)

    def axis(self, axis: int) -> int:
        """The axis of the array that an axis of the population is; PlanError where there is none."""
        if not -len(self.shape) <= axis < len(self.shape):
            raise PlanError(
                f"axis={axis} is no axis of the shape {self.shape}. Use {-len(self.shape)} to {len(self.shape) - 1}."
            )
        return axis + 1 if axis >= 0 else axis

    def __call__(self, name: str, x: Any, axis: int = -1) -> np.ndarray:
        function = functions()[name]
        full, axis = self._full(x, axis)
        if not function.takes_truth and full.dtype.kind == "b":
            full = full.astype(np.float64)  # truth values that are counted
        assert function.array is not None
        return function.array(np, full, axis)

    def take(self, x: Any, index: Any, axis: int = -1) -> np.ndarray:
        full, axis = self._full(x, axis)
        where = np.broadcast_to(
            np.asarray(index).astype(np.int64), np.broadcast_shapes(full.shape, np.shape(index))
        )
        if np.any((where < 0) | (where >= full.shape[axis])):
            wrong = where[(where < 0) | (where >= full.shape[axis])][0]
            raise EngineError(
                f"take: index {wrong} is outside the axis. Keep it within 0 to {full.shape[axis] - 1}, with clip(index, 0, ...)."
            )
        return np.take_along_axis(full, where, axis=axis)


def _power(x: Any, n: Any) -> Any:
    """x to the power n."""
    if isinstance(x, (int, float)) and isinstance(n, (int, float)):
        return float(np.float64(x) ** n)
    return (x * 1.0 if np.asarray(x).dtype.kind == "b" else x) ** n


HELPERS: dict[str, Any] = {
    "xp": np,
    "number": lambda x: (
        x * 1.0 if np.asarray(x).dtype.kind == "b" else x
    ),  # of truth values numpy takes exp and the like in 16 bits
    "power": _power,
    "__builtins__": {},
}


def numpy_function(function: Function) -> Callable[..., Any] | None:
    """What computes a function on numpy arrays; None where its text does."""
    array = function.array
    return None if array is None else lambda *values: array(np, *values)


class NumpyWriter:
    """Writes expressions as Python source over arrays; counts the random calls of their block, and keeps the names of functions."""

    def __init__(self) -> None:
        self.calls = 0
        self.used: set[str] = set()

    def write(self, node: ast.expr) -> str:
        """The source of a syntax tree."""
        return getattr(self, f"_{type(node).__name__}")(node)

    def _Constant(self, node: ast.Constant) -> str:
        return repr(node.value if isinstance(node.value, bool) else float(node.value))  # type: ignore[arg-type]

    def _Name(self, node: ast.Name) -> str:
        return f"n_{node.id}"

    def _BinOp(self, node: ast.BinOp) -> str:
        left, right = self.write(node.left), self.write(node.right)
        return (
            f"power({left}, {right})"
            if isinstance(node.op, ast.Pow)
            else self.arithmetic(node.op, left, right)
        )

    def arithmetic(self, op: ast.operator, left: str, right: str) -> str:
        """The source of an operation, powers left out."""
        return f"({left} {SIGNS[type(op)]} {right})"

    def _UnaryOp(self, node: ast.UnaryOp) -> str:
        inner = self.write(node.operand)
        return (
            f"xp.logical_not({inner})"
            if isinstance(node.op, ast.Not)
            else f"({'-' if isinstance(node.op, ast.USub) else '+'}{inner})"
        )

    def _BoolOp(self, node: ast.BoolOp) -> str:
        name = "xp.logical_and" if isinstance(node.op, ast.And) else "xp.logical_or"
        text = self.write(node.values[0])
        for value in node.values[1:]:
            text = f"{name}({text}, {self.write(value)})"
        return text

    def _Compare(self, node: ast.Compare) -> str:
        sides = [self.write(side) for side in (node.left, *node.comparators)]
        parts = [self.compared(op, a, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        text = parts[0]
        for part in parts[1:]:
            text = f"xp.logical_and({text}, {part})"
        return text

    def compared(self, op: ast.cmpop, left: str, right: str) -> str:
        """The source of one comparison."""
        return f"({left} {SIGNS[type(op)]} {right})"

    def _Call(self, node: ast.Call) -> str:
        function, given = functions()[called(node)], [self.write(argument) for argument in node.args]
        named = [f"{k.arg}={ast.unparse(k.value)}" for k in node.keywords]
        if function.kind == RANDOM:
            self.calls += 1
            return f"random.{function.name}({', '.join([str(self.calls - 1), *given])})"
        if function.kind == ALONG:
            return f"along({', '.join([repr(function.name), *given, *named])})"
        if function.kind != ELEMENTWISE:
            return f"along.{function.name}({', '.join(given + named)})"
        self.used.add(function.name)
        if not function.takes_truth:
            given = [f"number({text})" for text in given]
        return f"f_{function.name}({', '.join(given)})"


def source(
    writer: NumpyWriter, statements: Iterable[Statement], returned: Iterable[str], frozen: frozenset[str]
) -> str:
    """Source of a function (names, along, random) -> dict of the returned names, in the words of a writer.

    Writes to `frozen` names take effect only where the neuron is not refractory.
    """
    body, written = [], set()
    for statement in statements:
        value, name = writer.write(parsed(statement.expression)), f"n_{statement.name}"
        if statement.op != "=":
            op = OPERATORS[statement.op]
            value = (
                f"power({name}, {value})" if isinstance(op, ast.Pow) else writer.arithmetic(op, name, value)
            )
        if statement.name in frozen:
            value = f"xp.where(n_not_refractory, {value}, {name})"
        body.append(f"    {name} = {value}")
        written.add(statement.name)
    load = [f"    n_{name} = names[{name!r}]" for name in sorted(reads(statements, frozen & written))]
    give = ", ".join(f"{name!r}: n_{name}" for name in returned)
    return "\n".join(["def block(names, along, random):", *load, *body, f"    return {{{give}}}"])


def reads(statements: Iterable[Statement], frozen: frozenset[str] = frozenset()) -> set[str]:
    """Names that a block needs from outside."""
    known: set[str] = set()
    found: set[str] = {"not_refractory"} if frozen else set()
    for statement in statements:
        used = set(names_in(statement.expression))
        if statement.op != "=" or statement.name in frozen:
            used.add(statement.name)
        found |= used - known
        known.add(statement.name)
    return found


def define_functions(
    scope: dict[str, Any],
    names: Iterable[str],
    computed: Callable[[Function], Any],
    new_writer: Callable[[], NumpyWriter],
) -> None:
    """Put the functions of these names into the scope of some source: as `computed`, else as their text says."""
    for name in names:
        if f"f_{name}" in scope:
            continue
        function = functions()[name]
        scope[f"f_{name}"] = computed(function)
        if scope[f"f_{name}"] is None:
            writer = new_writer()
            text = writer.write(parsed(function.text))
            define_functions(scope, writer.used, computed, new_writer)
            scope[f"f_{name}"] = eval(
                f"lambda {', '.join(f'n_{name}' for name in ARGUMENTS[: function.arguments])}: {text}", scope
            )


@lru_cache(maxsize=4096)
def numpy_block(
    statements: tuple[Statement, ...], returned: tuple[str, ...], frozen: frozenset[str] = frozenset()
) -> Callable[..., dict[str, Any]]:
    """The block as a Python function. Its text has passed the reader of `network/text.py`: arithmetic and known calls only."""
    writer, scope = NumpyWriter(), dict(HELPERS)
    text = source(writer, statements, returned, frozen)
    define_functions(scope, writer.used, numpy_function, NumpyWriter)
    exec(compile(text, "<neurosim text>", "exec"), scope)
    return scope["block"]


def evaluate(
    expression: str, names: Mapping[str, Any], along: AxisFunctions | None = None, random: Any = None
) -> Any:
    """The value of one expression on numpy arrays."""
    return numpy_block((Statement("value", "=", expression),), ("value",))(
        names, along, random or _NoRandom()
    )["value"]

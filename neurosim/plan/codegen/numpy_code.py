"""Statements as numpy code: each block of text becomes a Python function over arrays.

`NumpyWriter` writes the expressions; what a call means stands in `network/function_table.py`. Every number in
text is a float, whole ones too, so that no integer overflows and every function accepts every number.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import EngineError, PlanError
from neurosim.network.functions import ALONG, ARGUMENTS, ELEMENTWISE, RANDOM, Function, functions
from neurosim.network.text import OPERATORS, Statement, called, is_known, names_in, parsed
from neurosim.plan.codegen.writer import SYMBOLS, ExpressionWriter, constant_value

# The value of a name in text: an array, a numpy scalar, or a Python number, which takes the precision of what
# it meets.
Numeric: TypeAlias = Any
# The namespace in which generated code runs: its helper functions by name.
Namespace: TypeAlias = dict[str, Any]


class _NoRandom:
    """Stands for the random functions, and refuses them, in text that may be evaluated at any time."""

    def __getattr__(self, name: str) -> Any:
        raise PlanError(
            f"{name}() cannot stand in refractory, summed or recorded expressions."
            " Assign it to a variable of update text first."
        )


class AxisFunctions:
    """The functions along an axis of one population (sum, sort, take ...).

    Values have the shape (trial, *shape), so that axis 0 of the population is axis 1 of the array.

    shape: the shape of the population
    """

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def __call__(self, name: str, x: ArrayLike, axis: int = -1) -> NDArray[Any]:
        """The function of this name along an axis of the population."""
        function = functions()[name]
        full = self._full(x)
        if not function.takes_truth and full.dtype.kind == "b":
            full = full.astype(np.float64)  # numpy would count truth values in integers
        assert function.array is not None
        return function.array(np, full, self.array_axis(axis))

    def take(self, x: ArrayLike, index: ArrayLike, axis: int = -1) -> NDArray[Any]:
        """The values of `x` at an index along an axis. Raises EngineError for an index outside it."""
        full, axis = self._full(x), self.array_axis(axis)
        whole = np.asarray(index).astype(np.int64)
        whole = np.broadcast_to(whole, np.broadcast_shapes(full.shape, whole.shape))
        outside = (whole < 0) | (whole >= full.shape[axis])
        if np.any(outside):
            raise EngineError(
                f"take: index {whole[outside][0]} is outside the axis."
                f" Keep it within 0 to {full.shape[axis] - 1}, with clip(index, 0, ...)."
            )
        return np.take_along_axis(full, whole, axis=axis)

    def _full(self, x: ArrayLike) -> NDArray[Any]:
        x = np.asarray(x)
        return np.broadcast_to(x, (1, *self.shape)) if x.ndim <= len(self.shape) else x

    def array_axis(self, axis: int) -> int:
        """The axis of the array that holds this axis of the population. Raises PlanError if there is none."""
        if not -len(self.shape) <= axis < len(self.shape):
            raise PlanError(
                f"axis={axis} is not an axis of the shape {self.shape}."
                f" Use {-len(self.shape)} to {len(self.shape) - 1}."
            )
        return axis + 1 if axis >= 0 else axis


CompiledBlock: TypeAlias = Callable[[Mapping[str, Numeric], AxisFunctions | None, object], dict[str, Numeric]]


def _power(x: Numeric, n: Numeric) -> Numeric:
    """x to the power n, of two Python numbers again a Python number."""
    if isinstance(x, int | float) and isinstance(n, int | float):
        return float(np.float64(x) ** n)
    return _number(x) ** n


def _number(x: Numeric) -> Numeric:
    """The number x; truth values as 1.0 and 0.0, of which numpy would compute exp in 16 bits."""
    return x * 1.0 if np.asarray(x).dtype.kind == "b" else x


HELPERS: Namespace = {"xp": np, "number": _number, "power": _power, "__builtins__": {}}


def numpy_function(function: Function) -> Callable[..., Numeric] | None:
    """The function on numpy arrays; None for a function that is defined by its text alone."""
    array = function.array
    if array is None:
        return None

    def call(*values: Numeric) -> Numeric:
        return array(np, *values)

    return call


class NumpyWriter(ExpressionWriter[str]):
    """Writes expressions as Python source over arrays.

    It numbers the random calls of the block in the order of the text, since each has a random key of its own,
    and collects in `used` the names of the functions that the source calls.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.used: set[str] = set()

    def constant(self, node: ast.Constant) -> str:
        return repr(constant_value(node))

    def variable(self, node: ast.Name) -> str:
        return f"n_{node.id}"

    def operation(self, node: ast.BinOp) -> str:
        left, right = self.write(node.left), self.write(node.right)
        return self.arithmetic(node.op, left, right)

    def arithmetic(self, op: ast.operator, left: str, right: str) -> str:
        """The source of `left op right`."""
        if isinstance(op, ast.Pow):
            return f"power({left}, {right})"
        return f"({left} {SYMBOLS[type(op)]} {right})"

    def unary(self, node: ast.UnaryOp) -> str:
        operand = self.write(node.operand)
        if isinstance(node.op, ast.Not):
            return f"xp.logical_not({operand})"
        return f"({'-' if isinstance(node.op, ast.USub) else '+'}{operand})"

    def logic(self, node: ast.BoolOp) -> str:
        name = "xp.logical_and" if isinstance(node.op, ast.And) else "xp.logical_or"
        text = self.write(node.values[0])
        for value in node.values[1:]:
            text = f"{name}({text}, {self.write(value)})"
        return text

    def comparison(self, node: ast.Compare) -> str:
        sides = [self.write(side) for side in (node.left, *node.comparators)]
        parts = [self.compared(op, a, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        text = parts[0]
        for part in parts[1:]:
            text = f"xp.logical_and({text}, {part})"
        return text

    def compared(self, op: ast.cmpop, left: str, right: str) -> str:
        """The source of one comparison."""
        return f"({left} {SYMBOLS[type(op)]} {right})"

    def call(self, node: ast.Call) -> str:
        arguments = [self.write(argument) for argument in node.args]
        if not is_known(node):  # a constant that text calls
            return f"n_{called(node)}.compute({', '.join(['xp', *arguments])})"
        function = functions()[called(node)]
        axis = [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
        if function.kind == RANDOM:
            self.calls += 1
            return f"random.{function.name}({', '.join([str(self.calls - 1), *arguments])})"
        if function.kind == ALONG:
            return f"along({', '.join([repr(function.name), *arguments, *axis])})"
        if function.kind != ELEMENTWISE:
            return f"along.{function.name}({', '.join(arguments + axis)})"
        self.used.add(function.name)
        if not function.takes_truth:
            arguments = [f"number({text})" for text in arguments]
        return f"f_{function.name}({', '.join(arguments)})"


def source(
    writer: NumpyWriter, statements: Iterable[Statement], returned: Iterable[str], frozen: frozenset[str]
) -> str:
    """Source of a function (names, along, random) -> {name: value} that runs the statements.

    writer: writes the expressions
    returned: the names whose values the function returns
    frozen: the names to which writing has effect only where the neuron is not refractory
    """
    body: list[str] = []
    written: set[str] = set()
    for statement in statements:
        value, name = writer.write(parsed(statement.expression)), f"n_{statement.name}"
        if statement.op != "=":
            value = writer.arithmetic(OPERATORS[statement.op], name, value)
        if statement.name in frozen:
            value = f"xp.where(n_not_refractory, {value}, {name})"
        body.append(f"    {name} = {value}")
        written.add(statement.name)
    load = [f"    n_{name} = names[{name!r}]" for name in sorted(reads(statements, frozen & written))]
    results = ", ".join(f"{name!r}: n_{name}" for name in returned)
    return "\n".join(["def block(names, along, random):", *load, *body, f"    return {{{results}}}"])


def reads(statements: Iterable[Statement], frozen: frozenset[str] = frozenset()) -> set[str]:
    """The names whose values a block needs before it begins; `frozen` as in `source`."""
    known: set[str] = set()
    needed: set[str] = {"not_refractory"} if frozen else set()
    for statement in statements:
        used = set(names_in(statement.expression))
        if statement.op != "=" or statement.name in frozen:
            used.add(statement.name)
        needed |= used - known
        known.add(statement.name)
    return needed


def define_functions(
    namespace: Namespace,
    names: Iterable[str],
    implementation: Callable[[Function], Callable[..., Numeric] | None],
    new_writer: Callable[[], NumpyWriter],
) -> None:
    """Define the functions that some source calls in the namespace in which it runs.

    names: the functions
    implementation: gives a function on arrays, or None for one that is defined by its text
    new_writer: makes a writer for such a text
    """
    for name in names:
        if f"f_{name}" in namespace:
            continue
        function = functions()[name]
        defined = implementation(function)
        if defined is None:
            writer = new_writer()
            text = writer.write(parsed(function.text))
            define_functions(namespace, writer.used, implementation, new_writer)
            arguments = ", ".join(f"n_{argument}" for argument in ARGUMENTS[: function.arguments])
            defined = eval(f"lambda {arguments}: {text}", namespace)
        namespace[f"f_{name}"] = defined


@lru_cache(maxsize=4096)
def numpy_block(
    statements: tuple[Statement, ...], returned: tuple[str, ...], frozen: frozenset[str] = frozenset()
) -> CompiledBlock:
    """The block as a Python function (names, along, random) -> {name: value}; arguments as in `source`.

    Running the source is safe: `network/text.py` has let pass arithmetic and calls of known functions only.
    """
    writer, namespace = NumpyWriter(), dict(HELPERS)
    text = source(writer, statements, returned, frozen)
    define_functions(namespace, writer.used, numpy_function, NumpyWriter)
    exec(compile(text, "<neurosim text>", "exec"), namespace)
    return namespace["block"]


def evaluate(expression: str, names: Mapping[str, Numeric], along: AxisFunctions | None = None) -> Numeric:
    """The value of one expression, which may call no random function.

    names: the value of each name that it uses
    along: the functions along an axis of its population, if it may call them
    """
    run = numpy_block((Statement("value", "=", expression),), ("value",))
    return run(names, along, _NoRandom())["value"]

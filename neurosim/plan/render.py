"""Statements -> code of a target. One table of functions per target; numpy is the first.

Numbers in text are floats, whole ones too: none wraps around, and all functions take all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from neurosim.errors import EngineError, PlanError
from neurosim.network.text import Statement

RANDOM = ("rand", "randn", "poisson", "bernoulli", "choice")
# Functions along an axis (the last unless axis= says otherwise), which keep it.
ALONG = ("softmax", "sum", "mean", "max", "min", "prod", "norm", "sort", "argsort", "argmax", "cumsum", "cumprod")
NUMPY = {
    **{name: f"np.{name}" for name in (
        "exp", "log", "log10", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
        "ceil", "floor", "abs", "sign", "maximum", "minimum", "clip", "where",
    )},
    "round": "np.rint", "int": "whole", "sigmoid": "sigmoid", "relu": "relu", "exprel": "exprel", "timestep": "timestep", "stop": "same",
}  # fmt: skip
OF_NUMBERS = frozenset(NUMPY) - {"maximum", "minimum", "clip", "where", "int", "timestep", "stop"}  # True is 1.0 to them
FUNCTIONS = (*NUMPY, *ALONG, *RANDOM, "take")


class _NoRandom:
    """Stands for the random functions where none can be: in text whose value may be asked for at any time."""

    def __getattr__(self, name: str) -> Any:
        raise PlanError(f"{name}() cannot stand in refractory, summed or recorded expressions. Assign it to a variable of update text first.")


class Along:
    """The functions along an axis, for values of shape (trial, *shape); axis 0 of the population is axis 1 of the array."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def _full(self, x: Any, axis: int) -> tuple[np.ndarray, int]:
        if not -len(self.shape) <= axis < len(self.shape):
            raise PlanError(f"axis={axis} is no axis of the shape {self.shape}. Use {-len(self.shape)} to {len(self.shape) - 1}.")
        x = np.asarray(x)
        if x.ndim <= len(self.shape):
            x = np.broadcast_to(x, (1, *self.shape))
        return x, axis + 1 if axis >= 0 else axis

    def __call__(self, name: str, x: Any, axis: int = -1) -> np.ndarray:
        full, axis = self._full(x, axis)
        if name not in ("max", "min", "sort") and full.dtype.kind == "b":
            full = full.astype(np.float64)  # truth values that are counted
        if name in ("sum", "mean", "max", "min", "prod"):
            return getattr(np, name)(full, axis=axis, keepdims=True)
        if name in ("sort", "cumsum", "cumprod"):
            return getattr(np, name)(full, axis=axis)
        return {"softmax": _softmax, "norm": _norm, "argmax": _argmax, "argsort": _argsort}[name](full, axis)

    def take(self, x: Any, index: Any, axis: int = -1) -> np.ndarray:
        full, axis = self._full(x, axis)
        where = np.broadcast_to(np.asarray(index).astype(np.int64), np.broadcast_shapes(full.shape, np.shape(index)))
        if np.any((where < 0) | (where >= full.shape[axis])):
            wrong = where[(where < 0) | (where >= full.shape[axis])][0]
            raise EngineError(f"take: index {wrong} is outside the axis. Keep it within 0 to {full.shape[axis] - 1}, with clip(index, 0, ...).")
        return np.take_along_axis(full, where, axis=axis)


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _norm(x: np.ndarray, axis: int) -> np.ndarray:
    return np.sqrt((x * x).sum(axis=axis, keepdims=True))


def _argmax(x: np.ndarray, axis: int) -> np.ndarray:
    return x.argmax(axis=axis, keepdims=True).astype(x.dtype)


def _argsort(x: np.ndarray, axis: int) -> np.ndarray:
    return x.argsort(axis=axis, kind="stable").astype(x.dtype)


def _sigmoid(x: Any) -> np.ndarray:
    from scipy.special import expit

    return expit(x)


def _exprel(x: Any) -> np.ndarray:
    from scipy.special import exprel

    return exprel(x)


def _power(x: Any, n: Any) -> Any:
    """x to the power n."""
    if isinstance(x, (int, float)) and isinstance(n, (int, float)):
        return float(np.float64(x) ** n)
    return (x * 1.0 if np.asarray(x).dtype.kind == "b" else x) ** n


HELPERS = {
    "np": np,
    "number": lambda x: x * 1.0 if np.asarray(x).dtype.kind == "b" else x,  # of truth values numpy takes exp and the like in 16 bits
    "whole": lambda x: np.trunc(np.asarray(x, np.float64)),
    "sigmoid": _sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "exprel": _exprel,
    "timestep": lambda t, dt: np.floor((t + 1e-3 * dt) / dt).astype(np.float64),
    "same": lambda x: x,
    "power": _power,
    "__builtins__": {},
}


class _ToNumpy(ast.NodeVisitor):
    """Writes one expression as numpy source; counts the random calls of its block."""

    def __init__(self) -> None:
        self.calls = 0

    def write(self, node: ast.expr) -> str:
        return getattr(self, f"_{type(node).__name__}")(node)

    def _Constant(self, node: ast.Constant) -> str:
        return repr(node.value if isinstance(node.value, bool) else float(node.value))  # type: ignore[arg-type]

    def _Name(self, node: ast.Name) -> str:
        return f"n_{node.id}"

    def _BinOp(self, node: ast.BinOp) -> str:
        op = {
            ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
        }[type(node.op)]  # fmt: skip
        left, right = self.write(node.left), self.write(node.right)
        return f"power({left}, {right})" if op == "**" else f"({left} {op} {right})"

    def _UnaryOp(self, node: ast.UnaryOp) -> str:
        inner = self.write(node.operand)
        return f"np.logical_not({inner})" if isinstance(node.op, ast.Not) else f"({'-' if isinstance(node.op, ast.USub) else '+'}{inner})"

    def _BoolOp(self, node: ast.BoolOp) -> str:
        name = "np.logical_and" if isinstance(node.op, ast.And) else "np.logical_or"
        text = self.write(node.values[0])
        for value in node.values[1:]:
            text = f"{name}({text}, {self.write(value)})"
        return text

    def _Compare(self, node: ast.Compare) -> str:
        ops = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
        sides = [self.write(side) for side in (node.left, *node.comparators)]
        parts = [f"({a} {ops[type(op)]} {b})" for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
        text = parts[0]
        for part in parts[1:]:
            text = f"np.logical_and({text}, {part})"
        return text

    def _Call(self, node: ast.Call) -> str:
        assert isinstance(node.func, ast.Name)
        name, given = node.func.id, [self.write(arg) for arg in node.args]
        named = [f"{k.arg}={ast.unparse(k.value)}" for k in node.keywords]
        if name in RANDOM:
            self.calls += 1
            return f"random.{name}({', '.join([str(self.calls - 1), *given])})"
        if name in ALONG:
            return f"along({', '.join([repr(name), *given, *named])})"
        if name == "take":
            return f"along.take({', '.join(given + named)})"
        if name in OF_NUMBERS:
            given = [f"number({text})" for text in given]
        return f"{NUMPY[name]}({', '.join(given)})"


@lru_cache(maxsize=4096)
def numpy_source(statements: tuple[Statement, ...], returned: tuple[str, ...], guarded: frozenset[str]) -> str:
    """Source of a function (names, along, random) -> dict of the returned names.

    Writes to `guarded` names take effect only where the neuron is not refractory.
    """
    writer, body, written = _ToNumpy(), [], set()
    for statement in statements:
        tree = ast.parse(statement.expression, mode="eval").body
        value = writer.write(tree)
        name = f"n_{statement.name}"
        if statement.op != "=":
            value = f"({name} {statement.op[:-1]} {value})"
        if statement.name in guarded:
            value = f"np.where(n_not_refractory, {value}, {name})"
        body.append(f"    {name} = {value}")
        written.add(statement.name)
    reads = _reads(statements, guarded & written)
    load = [f"    n_{name} = names[{name!r}]" for name in sorted(reads)]
    give = ", ".join(f"{name!r}: n_{name}" for name in returned)
    return "\n".join(["def block(names, along, random):", *load, *body, f"    return {{{give}}}"])


def _reads(statements: Iterable[Statement], guarded: frozenset[str]) -> set[str]:
    """Names that the block needs from outside."""
    known: set[str] = set()
    reads: set[str] = {"not_refractory"} if guarded else set()
    for statement in statements:
        tree = ast.parse(statement.expression, mode="eval")
        called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called}
        if statement.op != "=" or statement.name in guarded:
            used.add(statement.name)
        reads |= used - known
        known.add(statement.name)
    return reads


@lru_cache(maxsize=4096)
def numpy_block(statements: tuple[Statement, ...], returned: tuple[str, ...], guarded: frozenset[str] = frozenset()) -> Callable[..., dict[str, Any]]:
    """The block as a Python function. Its text has passed the reader of `network/text.py`: arithmetic and known calls only."""
    scope: dict[str, Any] = dict(HELPERS)
    exec(compile(numpy_source(statements, returned, guarded), "<neurosim text>", "exec"), scope)
    return scope["block"]


def evaluate(expression: str, names: Mapping[str, Any], along: Along | None = None, random: Any = None) -> Any:
    """The value of one expression on numpy arrays."""
    return numpy_block((Statement("value", "=", expression),), ("value",))(names, along, random or _NoRandom())["value"]

"""Which names text may use, and whether its units agree: Brian2's unit checks."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np

from neurosim.brian2_units import named_units
from neurosim.errors import NeurosimError, PlanError, nearest, shown
from neurosim.network.functions import ALONG, TAKE, functions
from neurosim.network.synapses import Synapses
from neurosim.network.text import (
    Equation,
    Statement,
    called,
    literal,
    names_in,
    parse_expression,
    parsed,
    parsed_copy,
    quoted,
)
from neurosim.network.values import AXES, PLAIN, Value, unit
from neurosim.network.weights import Distribution
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.memo import memoized

Dim = tuple[float, ...]
UNITS = (
    "volt",
    "amp",
    "siemens",
    "farad",
    "ohm",
    "second",
    "Hz",
    "metre",
    "mole",
    "molar",
    "kilogram",
    "coulomb",
    "watt",
    "joule",
    "1",
)


@dataclass(frozen=True)
class Scope:
    """The names that some text may use: `where` opens error messages, `dims` are dimensions, `constant` never change."""

    where: str
    dims: Mapping[str, Dim]
    constant: frozenset[str] = frozenset()
    subexpressions: Mapping[str, str] = field(default_factory=dict)
    axes: bool = True  # whether functions along an axis make sense here


Meanings = dict[str, tuple[Dim, bool]]  # of names: their dimensions, and whether they never change


@cache
def brian2() -> Any:
    """Brian2, imported when a question is asked that nobody has asked before, and without its exception hook."""
    import neurosim.units  # noqa: F401
    from neurosim.plan import brian

    return brian


@lru_cache(maxsize=4096)
def unit_value(name: str) -> Value | None:
    """The value of a unit that may stand in text, such as mV; None for any other name."""
    found = {"pi": math.pi, "e": math.e, "inf": math.inf}.get(name)
    if found is None:
        found = named_units().get(name)
    if found is None:
        return None
    dim = getattr(found, "dim", None)
    return Value(np.asarray(float(found)), exponents(dim) if dim is not None else PLAIN)


def exponents(dim: Any) -> Dim:
    """The exponents of Brian2's dimensions."""
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def unit_dimensions(text: str, where: str) -> Dim:
    """The dimensions of a unit in an equation, such as 'volt' or 'siemens/meter**2'."""
    if text.strip() in ("1", "boolean", "integer"):
        return PLAIN
    with translated(
        f"{where}: {quoted(text)} is not a unit", "Use one such as volt, amp, siemens, second or 1."
    ):
        plain = ast.unparse(parse_expression(text, where))
        values = {name: _unit_or_raise(name, where) for name in sorted(names_in(text))}
        known: Meanings = {name: (value.dim, False) for name, value in values.items()}
        dim = tuple(
            memoized(
                ["dimensions", plain, known],
                lambda: exponents(brian2().parse_expression_dimensions(plain, variables(known))),
            )
        )
        size = float(evaluate(plain, {name: float(value.number) for name, value in values.items()}))
    if abs(size - 1) > 1e-9:
        raise PlanError(
            f"{where}: {quoted(text)} is not a base unit. Declare variables in base units, such as volt; give values in any unit."
        )
    return dim


@contextmanager
def translated(what: str, remedy: str) -> Iterator[None]:
    """Errors of Brian2 and sympy, which may be of any type, become a PlanError; their own deprecations are no concern of users."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NeurosimError:
        raise
    except Exception as error:
        reason = " ".join(str(error).replace("(<string>, line 1)", "").strip("'\"").split()).rstrip(".")
        raise PlanError(f"{what} ({reason[:200]}). {remedy}") from None


def _unit_or_raise(name: str, where: str) -> Value:
    value = unit_value(name)
    if value is None:
        raise PlanError(f"{where}: {shown(name)} is not a unit. {nearest(name, UNITS)}")
    return value


def meanings(names: Iterable[str], scope: Scope) -> Meanings:
    """What these names mean; PlanError for a name that nothing defines."""
    found: Meanings = {}
    for name in sorted(set(names) - {"True", "False"}):
        if name in scope.dims:
            found[name] = (scope.dims[name], name in scope.constant)
            continue
        value = unit_value(name)
        if value is None:
            raise PlanError(
                f"{scope.where}: {shown(name)} is not defined. {nearest(name, scope.dims)} Constants are given as arguments: k=3."
            )
        found[name] = (value.dim, True)
    return found


def variables(known: Meanings) -> dict[str, Any]:
    """Brian2's variables of these meanings, and its functions."""
    brian = brian2()
    found: dict[str, Any] = brian.known()
    for name, (dim, constant) in known.items():
        found[name] = brian.Variable(
            name=name, dimensions=brian.get_or_create_dimension(list(dim)), scalar=constant, constant=constant
        )
    return found


def check_calls(text: str, scope: Scope) -> None:
    """Refuse functions that do not exist, or that make no sense in this place."""
    for node in ast.walk(parsed(text)):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        function = functions().get(name)
        if function is None:
            raise PlanError(
                f"{scope.where}: there is no function {shown(name)}. {nearest(name, functions())}"
            )
        if len(node.args) != function.arguments:
            raise PlanError(
                f"{scope.where}: {quoted(ast.unparse(node))} gives {name} {len(node.args)} arguments, it takes {function.arguments}. Give as many."
            )
        value = literal(node.args[0]) if name in ("bernoulli", "poisson") else None
        if value is not None and not 0 <= value <= (1 if name == "bernoulli" else np.inf):
            rule = "a probability from 0 to 1" if name == "bernoulli" else "an expected number of 0 or more"
            raise PlanError(f"{scope.where}: {quoted(ast.unparse(node))} cannot be drawn. Give {rule}.")
        if function.looks_along and not scope.axes:
            raise PlanError(
                f"{scope.where}: '{name}' looks at a whole population and cannot stand here. Use it in update text."
            )
        for number, keyword in enumerate(node.keywords):
            if (
                number
                or keyword.arg != "axis"
                or function.kind not in (ALONG, TAKE)
                or not _is_integer(keyword.value)
            ):
                raise PlanError(
                    f"{scope.where}: {quoted(ast.unparse(node))} names an argument. Only functions along an axis take one: axis=0."
                )


def _is_integer(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant) and type(inner.value) is int


class _WithoutAxis(ast.NodeTransformer):
    """Drops `axis=` for Brian2's unit checker, which does not know it."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = []
        return node


def _plain(text: str) -> str:
    return ast.unparse(_WithoutAxis().visit(parsed_copy(text)))


def check_expression(expression: str, scope: Scope) -> Dim:
    """The dimensions of an expression; PlanError where names, calls or units are wrong."""
    expression = " ".join(expression.split())
    check_calls(expression, scope)
    known = meanings(names_in(expression), scope)

    def ask() -> Dim:
        brian = brian2()
        with translated(f"{scope.where}: {quoted(expression)} has no unit", "Make the units agree."):
            return exponents(brian.parse_expression_dimensions(_plain(expression), variables(known)))

    return tuple(memoized(["dimensions", expression, known], ask))


def check_condition(expression: str, scope: Scope) -> None:
    """Refuse a condition that is not one."""
    expression = " ".join(expression.split())
    check_expression(expression, scope)
    known = meanings(names_in(expression), scope)
    tree = parsed(expression)
    condition = isinstance(tree, (ast.Compare, ast.BoolOp)) or (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    )
    remedy = "Compare something, such as 'v > 1'."
    with translated(f"{scope.where}: {quoted(expression)} is not a condition", remedy):
        condition = condition or memoized(
            ["condition", expression, known],
            lambda: bool(brian2().is_boolean_expression(_plain(expression), variables(known))),
        )
    if not condition:
        raise PlanError(f"{scope.where}: {quoted(expression)} is not a condition. {remedy}")


def check_statements(statements: tuple[Statement, ...], scope: Scope) -> None:
    """Refuse statements whose units do not agree."""
    for statement in statements:
        given = check_expression(statement.expression, scope)
        wanted = scope.dims.get(statement.name)
        if wanted is None:
            continue
        line = quoted(f"{statement.name} {statement.op} {statement.expression}")
        if statement.op in ("*=", "/=", "**="):
            if given != PLAIN or (statement.op == "**=" and wanted != PLAIN):
                raise PlanError(
                    f"{scope.where}: {line} would change the unit of {statement.name}, {unit(wanted)}. Use a plain number on the right."
                )
            continue
        zero = statement.expression.strip() in ("0", "0.0") or statement.expression.strip() == "inf"
        if given != wanted and not zero:
            raise PlanError(
                f"{scope.where}: {line} is in {unit(given)}, but {statement.name} is in {unit(wanted)}. Make the units agree."
            )


def check_equations(lines: tuple[Equation, ...], scope: Scope) -> None:
    """Refuse equations whose right side has not the unit of the left (per second, for a differential equation)."""
    for line in lines:
        if line.kind == "parameter":
            continue
        inner = Scope(
            f"{scope.where}: {'d' + line.name + '/dt' if line.kind == 'differential' else line.name}",
            scope.dims,
            scope.constant,
        )
        given = check_expression(_without_noise(line.expression) if noisy(line) else line.expression, inner)
        wanted = unit_dimensions(line.unit, inner.where)
        if line.kind == "differential":
            wanted = tuple(d - (axis == "time") for d, axis in zip(wanted, AXES, strict=True))
        if given != wanted and line.expression.strip() not in ("0", "0.0"):
            raise PlanError(
                f"{inner.where} = {line.expression} is in {unit(given)}, but {unit(wanted)} is needed. Make the units agree."
            )


def is_noise(name: str) -> bool:
    """Whether a name stands for white noise."""
    return name == "xi" or name.startswith("xi_")


def noisy(line: Equation) -> bool:
    """Whether an equation has white noise in it."""
    return any(is_noise(name) for name in names_in(line.expression))


def _without_noise(expression: str) -> str:
    """The expression with white noise replaced by something of its unit."""
    tree = parsed_copy(expression)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and is_noise(node.id):
            node.id = "(1/second**0.5)"
    return ast.unparse(tree)


def weight_dimensions(item: Synapses) -> Dim:
    """The unit of a weight that is a number, an array, a distribution or another synapses' weight."""
    if isinstance(item.weight, (Value, Distribution)):
        return item.weight.dim
    source = getattr(item.weight, "synapses", item.weight)
    return weight_dimensions(source) if isinstance(source, Synapses) else PLAIN

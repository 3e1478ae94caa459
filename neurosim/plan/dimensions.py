"""Which names and functions text may use, and whether its units agree. Brian2 computes the units."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Generator, Hashable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from neurosim.brian2_units import named_units
from neurosim.errors import NeurosimError, PlanError, nearest, shown
from neurosim.network.called import CalledConstant
from neurosim.network.functions import ALONG, TAKE, functions
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
    renamed,
)
from neurosim.network.values import AXES, PLAIN, Value, dimensions, unit
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.memo import memoized

Dim: TypeAlias = tuple[float, ...]  # the exponents of the base units, in the order of AXES
# For each name its dimensions, and whether it never changes; for a constant that text calls, the dimensions
# of its value, True, and the dimensions of its arguments.
Meanings: TypeAlias = dict[str, tuple[Dim, bool] | tuple[Dim, bool, tuple[Dim, ...]]]

BASE_UNITS = (
    "volt", "amp", "siemens", "farad", "ohm", "second", "Hz", "metre", "mole", "molar", "kilogram", "coulomb",
    "watt", "joule", "1",
)  # fmt: skip
NUMBERS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "inf": math.inf}  # which text may name
NOISE_UNIT = "(1/second**0.5)"  # of the white noise xi


def _no_subexpressions() -> dict[str, str]:
    return {}


def _none_called() -> dict[str, CalledConstant]:
    return {}


@dataclass(frozen=True)
class Scope:
    """The names that a piece of text may use.

    label: names the object and the text; opens error messages
    dims: the dimensions of each name
    constant: the names whose values never change
    subexpressions: the expressions that some names stand for
    axes: whether functions along an axis make sense, which see a whole population
    called: the constants that text calls
    kinds: the names that are declared integer or boolean, and which of the two
    """

    label: str
    dims: Mapping[str, Dim]
    constant: frozenset[str] = frozenset()
    subexpressions: Mapping[str, str] = field(default_factory=_no_subexpressions)
    axes: bool = True
    called: Mapping[str, CalledConstant] = field(default_factory=_none_called)
    kinds: Mapping[str, str] = field(default_factory=_no_subexpressions)

    @property
    def key(self) -> Hashable:
        """Equal for two scopes in which the same text means the same; None if that is not known."""
        if self.called:
            return None
        dicts = (tuple(names.items()) for names in (self.dims, self.subexpressions, self.kinds))
        return (*dicts, self.constant, self.axes)

    def part(self, name: str, *, axes: bool = True) -> Scope:
        """The scope of one part of the text, such as 'reset'; `axes` can only be narrowed."""
        return replace(self, label=f"{self.label}: {name}", axes=self.axes and axes)


@lru_cache(maxsize=4096)
def unit_value(name: str) -> Value | None:
    """The value of a unit that may stand in text, such as mV, or of pi, e or inf; None for any other name."""
    quantity = NUMBERS.get(name) or named_units().get(name)
    return None if quantity is None else Value(np.asarray(float(quantity)), dimensions(quantity))


def own_numbers(names: Iterable[str], scope: Scope) -> tuple[str, ...]:
    """The names of pi, e and inf among some names that mean something else in the scope."""
    return tuple(sorted(name for name in names if name in NUMBERS and name in scope.dims))


def units_used(
    names: Iterable[str], scope: Scope, dtype: type[np.floating[Any]]
) -> dict[str, np.floating[Any]]:
    """The values, in this type, of the units among some names. A name in the scope is not a unit."""
    units = {name: unit_value(name) for name in sorted(names) if name not in scope.dims}
    return {name: dtype(value.number) for name, value in units.items() if value is not None}


def unit_dimensions(text: str, label: str) -> Dim:
    """The dimensions of a unit in an equation, such as 'volt' or 'siemens/meter**2'.

    Raises PlanError for text that is not a unit, and for units such as mV, in which equations cannot be
    computed.
    """
    if text.strip() in ("1", "boolean", "integer"):
        return PLAIN
    with translated(
        f"{label}: {quoted(text)} is not a unit", "Use one such as volt, amp, siemens, second or 1."
    ):
        plain = ast.unparse(parse_expression(text, label))
        values = {name: _unit_or_raise(name, label) for name in sorted(names_in(text))}
        dim = _dimensions(plain, {name: (value.dim, False) for name, value in values.items()})
        size = float(evaluate(plain, {name: float(value.number) for name, value in values.items()}))
    if abs(size - 1) > 1e-9:
        raise PlanError(
            f"{label}: {quoted(text)} is not a base unit. Declare variables in base units, such as volt;"
            " give values in any unit."
        )
    return dim


@contextmanager
def translated(problem: str, remedy: str) -> Generator[None]:
    """Turn errors of Brian2 and sympy into a PlanError that names the problem and the remedy.

    The errors may be of any type. The warnings of the two packages are hidden, because users can do nothing
    about them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NeurosimError:
        raise
    except Exception as error:
        reason = " ".join(str(error).replace("(<string>, line 1)", "").strip("'\"").split()).rstrip(".")
        raise PlanError(f"{problem} ({reason[:200]}). {remedy}") from None


def _unit_or_raise(name: str, label: str) -> Value:
    value = unit_value(name)
    if value is None:
        raise PlanError(f"{label}: {shown(name)} is not a unit. {nearest(name, BASE_UNITS)}")
    return value


def meanings(names: Iterable[str], scope: Scope) -> Meanings:
    """The dimensions of these names, and whether they never change. Raises PlanError for unknown names."""
    known: Meanings = {}
    for name in sorted(set(names) - {"True", "False"}):
        if name in scope.called:
            known[name] = (scope.called[name].dim, True, scope.called[name].argument_dims)
            continue
        if name in scope.dims:
            known[name] = (scope.dims[name], name in scope.constant)
            continue
        value = unit_value(name)
        if value is None:
            raise PlanError(
                f"{scope.label}: {shown(name)} is not defined. {nearest(name, (*scope.dims, *scope.called))}"
                " Constants are given as arguments: k=3."
            )
        known[name] = (value.dim, True)
    return known


def _dimensions(expression: str, known: Meanings) -> Dim:
    """The dimensions of an expression, as Brian2 computes them."""

    def compute() -> Dim:
        from neurosim.plan import brian

        return brian.dimensions_of(_without_axis(expression), brian.variables(known))

    return tuple(memoized(["dimensions", expression, known], compute))


def _is_boolean(expression: str, known: Meanings) -> bool:
    """Whether an expression is true or false, as Brian2 sees it."""

    def compute() -> bool:
        from neurosim.plan import brian

        return brian.is_condition(_without_axis(expression), brian.variables(known))

    return memoized(["condition", expression, known], compute)


class _WithoutAxis(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = []
        return node


def _without_axis(text: str) -> str:
    """The expression without `axis=`, which Brian2 does not know."""
    return ast.unparse(_WithoutAxis().visit(parsed_copy(text)))


def check_calls(text: str, scope: Scope) -> None:
    """Refuse functions that do not exist, have other arguments, or make no sense in this scope."""
    calls = [node for node in ast.walk(parsed(text)) if isinstance(node, ast.Call)]
    for node in calls:
        _check_call(node, scope)
    called_names = {id(node.func) for node in calls}
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Name) and node.id in scope.called and id(node) not in called_names:
            raise PlanError(
                f"{scope.label}: {quoted(text)} uses the function '{node.id}' without calling it."
                f" Write {node.id}(t), or whatever its arguments are."
            )


def _check_call(node: ast.Call, scope: Scope) -> None:
    name, call = called(node), quoted(ast.unparse(node))
    function = functions().get(name)
    if function is None and name in scope.dims:
        raise PlanError(
            f"{scope.label}: {call} calls {name!r}, which is a number or a variable."
            " Write * to multiply, or give ns.sampled(...) or ns.function(...)."
        )
    if function is None and name not in scope.called:
        known = (*functions(), *scope.called)
        raise PlanError(f"{scope.label}: there is no function {shown(name)}. {nearest(name, known)}")
    takes = len(scope.called[name].argument_dims) if function is None else function.arguments
    if len(node.args) != takes:
        raise PlanError(
            f"{scope.label}: {call} gives {name} {len(node.args)} arguments, it takes {takes}. Give as many."
        )
    if function is None:
        return _check_no_axis(node, scope, takes_axis=False)
    _check_chance(name, node, f"{scope.label}: {call}")
    if function.looks_along and not scope.axes:
        raise PlanError(
            f"{scope.label}: '{name}' looks at a whole population and cannot stand here."
            " Use it in update text."
        )
    _check_no_axis(node, scope, takes_axis=function.kind in (ALONG, TAKE) and len(node.keywords) == 1)


def _check_chance(name: str, node: ast.Call, subject: str) -> None:
    """Refuse a random call whose last argument is a number with which nothing can be drawn."""
    value = literal(node.args[-1]) if name in ("bernoulli", "binomial", "poisson") else None
    if value is not None and not 0 <= value <= (np.inf if name == "poisson" else 1):
        rule = "an expected number of 0 or more" if name == "poisson" else "a probability from 0 to 1"
        raise PlanError(f"{subject} cannot be drawn. Give {rule}.")


def _check_no_axis(node: ast.Call, scope: Scope, *, takes_axis: bool) -> None:
    """Refuse named arguments, but for `axis` of functions that take it."""
    if not node.keywords:
        return
    if not takes_axis or node.keywords[0].arg != "axis" or not _is_integer(node.keywords[0].value):
        raise PlanError(
            f"{scope.label}: {quoted(ast.unparse(node))} names an argument."
            " Only functions along an axis take one: axis=0."
        )


def _is_integer(node: ast.expr) -> bool:
    number = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(number, ast.Constant) and type(number.value) is int


def check_expression(expression: str, scope: Scope) -> Dim:
    """The dimensions of an expression. Raises PlanError if its names, calls or units are wrong."""
    expression = " ".join(expression.split())
    check_calls(expression, scope)
    known = meanings(names_in(expression), scope)
    with translated(f"{scope.label}: {quoted(expression)} has no unit", "Make the units agree."):
        return _dimensions(expression, known)


def is_boolean_name(expression: str, scope: Scope) -> bool:
    """Whether an expression is the name of a variable that is declared boolean."""
    return scope.kinds.get(expression.strip()) == "boolean"


def check_condition(expression: str, scope: Scope) -> None:
    """Refuse text that is not a condition, which is true or false."""
    expression = " ".join(expression.split())
    check_expression(expression, scope)
    tree = parsed(expression)
    if isinstance(tree, ast.Compare | ast.BoolOp):
        return
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return
    if is_boolean_name(expression, scope):
        return
    remedy = "Compare something, such as 'v > 1'."
    with translated(f"{scope.label}: {quoted(expression)} is not a condition", remedy):
        boolean = _is_boolean(expression, meanings(names_in(expression), scope))
    if not boolean:
        raise PlanError(f"{scope.label}: {quoted(expression)} is not a condition. {remedy}")


def check_statements(statements: tuple[Statement, ...], scope: Scope) -> None:
    """Refuse statements whose units do not agree."""
    for statement in statements:
        right = check_expression(statement.expression, scope)
        left = scope.dims.get(statement.name)
        if left is None:
            continue
        line = quoted(f"{statement.name} {statement.op} {statement.expression}")
        if statement.op in ("*=", "/=", "**="):
            if right != PLAIN or (statement.op == "**=" and left != PLAIN):
                raise PlanError(
                    f"{scope.label}: {line} would change the unit of {statement.name}, {unit(left)}."
                    " Use a plain number on the right."
                )
            continue
        # 0 and infinity are the same in every unit.
        any_unit = statement.expression.strip() in ("0", "0.0") or (
            statement.expression.strip() == "inf" and "inf" not in scope.dims
        )
        if right != left and not any_unit:
            raise PlanError(
                f"{scope.label}: {line} is in {unit(right)}, but {statement.name} is in {unit(left)}."
                " Make the units agree."
            )


def check_equations(lines: tuple[Equation, ...], scope: Scope) -> None:
    """Refuse equations whose sides differ in unit; the left side of a differential one is per second."""
    for line in lines:
        if line.kind == "parameter":
            continue
        differential = line.kind == "differential"
        left = f"d{line.name}/dt" if differential else line.name
        inner = Scope(f"{scope.label}: {left}", scope.dims, scope.constant, called=scope.called)
        actual = check_expression(_without_noise(line.expression), inner)
        if line.unit.strip() == "boolean":
            check_condition(line.expression, replace(inner, kinds=scope.kinds))
        wanted = unit_dimensions(line.unit, inner.label)
        if differential:
            wanted = tuple(power - (axis == "time") for power, axis in zip(wanted, AXES, strict=True))
        if actual != wanted and line.expression.strip() not in ("0", "0.0"):
            raise PlanError(
                f"{inner.label} = {line.expression} is in {unit(actual)}, but {unit(wanted)} is needed."
                " Make the units agree."
            )


def is_noise(name: str) -> bool:
    """Whether a name stands for white noise."""
    return name == "xi" or name.startswith("xi_")


def noisy(line: Equation) -> bool:
    """Whether an equation has white noise in it."""
    return any(is_noise(name) for name in names_in(line.expression))


def _without_noise(expression: str) -> str:
    """The expression with white noise replaced by something of its unit."""
    return renamed(expression, {name: NOISE_UNIT for name in names_in(expression) if is_noise(name)})

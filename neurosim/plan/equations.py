"""Equation text -> statements, through Brian2: units, substitution and integration methods."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from neurosim.errors import PlanError, nearest
from neurosim.network.text import Equation, Statement, names_in, parse_expression, read_statements
from neurosim.network.values import AXES, PLAIN, Value, unit
from neurosim.plan.render import ALONG, FUNCTIONS

Dim = tuple[float, ...]


@dataclass(frozen=True)
class Scope:
    """The names that some text may use: `where` opens error messages, `dims` are dimensions, `constant` never change."""

    where: str
    dims: Mapping[str, Dim]
    constant: frozenset[str] = frozenset()
    subexpressions: Mapping[str, str] = field(default_factory=dict)
    axes: bool = True  # whether functions along an axis make sense here


@cache
def _brian() -> Any:
    """Brian2, imported when first needed and without its exception hook."""
    import neurosim.units  # noqa: F401
    from neurosim.plan import brian

    return brian


def unit_value(name: str) -> Value | None:
    """The value of a unit that may stand in text, such as mV; None for any other name."""
    brian = _brian()
    found = brian.DEFAULT_UNITS.get(name, None)
    if found is None:
        found = {key: value.get_value_with_unit() for key, value in brian.DEFAULT_CONSTANTS.items() if key in ("pi", "e", "inf")}.get(name)
    if found is None:
        return None
    dim = getattr(found, "dim", None)
    exponents = tuple(float(dim.get_dimension(axis)) for axis in AXES) if dim is not None else PLAIN
    return Value(np.asarray(float(found)), exponents)


def unit_dimensions(text: str, where: str) -> Dim:
    """The dimensions of a unit in an equation, such as 'volt' or 'siemens/meter**2'."""
    brian = _brian()
    if text.strip() in ("1", "boolean", "integer"):
        return PLAIN
    try:
        tree = parse_expression(text, where)
        variables = {name: _variable(name, _unit_or_raise(name, where).dim) for name in names_in(text)}
        dim = brian.parse_expression_dimensions(ast.unparse(tree), variables)
    except (KeyError, TypeError, SyntaxError, ValueError, brian.DimensionMismatchError) as error:
        raise PlanError(f"{where}: '{text}' is not a unit ({error}). Use one such as volt, amp, siemens, second or 1.") from None
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def _unit_or_raise(name: str, where: str) -> Value:
    value = unit_value(name)
    if value is None:
        raise PlanError(f"{where}: '{name}' is not a unit. {nearest(name, _brian().DEFAULT_UNITS)}")
    return value


def _variable(name: str, dim: Dim, *, constant: bool = False) -> Any:
    brian = _brian()
    return brian.Variable(name=name, dimensions=brian.get_or_create_dimension(list(dim)), scalar=constant, constant=constant)


def _variables(names: Iterable[str], scope: Scope) -> dict[str, Any]:
    """Brian2's variables for these names; PlanError for a name that nothing defines."""
    found: dict[str, Any] = dict(_brian().KNOWN)
    for name in sorted(names):
        if name in ("True", "False"):
            continue
        if name in scope.dims:
            found[name] = _variable(name, scope.dims[name], constant=name in scope.constant)
            continue
        value = unit_value(name)
        if value is None:
            raise PlanError(f"{scope.where}: '{name}' is not defined. {nearest(name, scope.dims)} Constants are given as arguments: {name}=...")
        found[name] = _variable(name, value.dim, constant=True)
    return found


def check_calls(text: str, scope: Scope) -> None:
    """Refuse functions that do not exist, or that make no sense in this place."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name not in FUNCTIONS:
            raise PlanError(f"{scope.where}: there is no function '{name}'. {nearest(name, FUNCTIONS)}")
        if name in (*ALONG, "take", "choice") and not scope.axes:
            raise PlanError(f"{scope.where}: '{name}' looks at a whole population and cannot stand here. Use it in update text.")
        for keyword in node.keywords:
            if keyword.arg != "axis" or name not in (*ALONG, "take") or not _is_integer(keyword.value):
                raise PlanError(f"{scope.where}: '{ast.unparse(node)}': only axis=<whole number> may be named, and only in functions along an axis.")


def _is_integer(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)


class _WithoutAxis(ast.NodeTransformer):
    """Drops `axis=` for Brian2's unit checker, which does not know it."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = []
        return node


def _plain(text: str, mode: str) -> str:
    return ast.unparse(_WithoutAxis().visit(ast.parse(text.strip(), mode=mode)))


class _Inline(ast.NodeTransformer):
    """Replaces the names of subexpressions by their expressions."""

    def __init__(self, subexpressions: Mapping[str, str], where: str, path: tuple[str, ...] = ()):
        self.subexpressions, self.where, self.path = subexpressions, where, path

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.subexpressions:
            return node
        if node.id in self.path:
            raise PlanError(f"{self.where}: '{node.id}' is defined by itself. Break the circle {' -> '.join((*self.path, node.id))}.")
        inner = ast.parse(" ".join(self.subexpressions[node.id].split()), mode="eval").body
        return _Inline(self.subexpressions, self.where, (*self.path, node.id)).visit(inner)


def inline(expression: str, scope: Scope) -> str:
    """The expression with subexpressions written out."""
    tree = ast.parse(" ".join(expression.split()), mode="eval")
    return ast.unparse(_Inline(scope.subexpressions, scope.where).visit(tree))


def check_expression(expression: str, scope: Scope) -> Dim:
    """The dimensions of an expression; PlanError where names, calls or units are wrong."""
    brian = _brian()
    check_calls(expression, scope)
    variables = _variables(names_in(expression), scope)
    try:
        dim = brian.parse_expression_dimensions(_plain(expression, "eval"), variables)
    except (brian.DimensionMismatchError, SyntaxError, TypeError, ValueError, KeyError, NotImplementedError) as error:
        raise PlanError(f"{scope.where}: '{expression}': {_one_line(error)}. Make the units agree.") from None
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def check_condition(expression: str, scope: Scope) -> None:
    """Refuse a condition that is not one."""
    check_expression(expression, scope)
    variables = _variables(names_in(expression), scope)
    tree = ast.parse(expression.strip(), mode="eval").body
    condition = isinstance(tree, (ast.Compare, ast.BoolOp)) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))
    if not condition and not _brian().is_boolean_expression(_plain(expression, "eval"), variables):
        raise PlanError(f"{scope.where}: '{expression}' is not a condition. Compare something, such as 'v > 1'.")


def check_statements(statements: tuple[Statement, ...], scope: Scope) -> None:
    """Refuse statements whose units do not agree."""
    for statement in statements:
        given = check_expression(statement.expression, scope)
        wanted = scope.dims.get(statement.name)
        if wanted is None or statement.op in ("*=", "/=", "**="):
            continue
        zero = statement.expression.strip() in ("0", "0.0") or statement.expression.strip() == "inf"
        if given != wanted and not zero:
            raise PlanError(
                f"{scope.where}: '{statement.name} {statement.op} {statement.expression}' is in {unit(given)},"
                f" but {statement.name} is in {unit(wanted)}. Make the units agree."
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).strip("'\"").split()).rstrip(".")


def check_equations(lines: tuple[Equation, ...], scope: Scope) -> None:
    """Refuse equations whose right side has not the unit of the left (per second, for a differential equation)."""
    for line in lines:
        if line.kind == "parameter":
            continue
        inner = Scope(f"{scope.where}: {'d' + line.name + '/dt' if line.kind == 'differential' else line.name}", scope.dims, scope.constant)
        text = line.expression.replace("xi", "(1/second**0.5)") if _noisy(line) else line.expression
        given = check_expression(text, inner)
        wanted = unit_dimensions(line.unit, inner.where)
        if line.kind == "differential":
            wanted = tuple(d - (axis == "time") for d, axis in zip(wanted, AXES, strict=True))
        if given != wanted and line.expression.strip() not in ("0", "0.0"):
            raise PlanError(f"{inner.where} = {line.expression} is in {unit(given)}, but {unit(wanted)} is needed. Make the units agree.")


def _noisy(line: Equation) -> bool:
    return any(name == "xi" or name.startswith("xi_") for name in names_in(line.expression))


@dataclass(frozen=True)
class Linear:
    """dx/dt = A x + b: `matrix` maps (row, column) to an expression of constants, `offset` row to an expression."""

    names: tuple[str, ...]
    matrix: Mapping[tuple[str, str], str]
    offset: Mapping[str, str]


def linear_system(lines: tuple[Equation, ...], scope: Scope) -> Linear | None:
    """The linear system that these differential equations form; None if they are not linear with constant coefficients."""
    brian = _brian()
    unknown = tuple(line.name for line in lines if line.kind == "differential")
    matrix, offset = {}, {}
    for line in lines:
        if line.kind != "differential":
            continue
        if _noisy(line):
            return None
        expression = inline(line.expression, scope)
        variables = _variables(names_in(expression), scope)
        rest = brian.str_to_sympy(expression, variables).expand()
        symbols = {name: brian.str_to_sympy(name, _variables([name], scope)) for name in unknown}
        for name, symbol in symbols.items():
            factor = rest.diff(symbol)
            used = {str(s) for s in factor.free_symbols}
            if not used <= _constant_names(scope, used) or factor.has(*symbols.values()):
                return None
            if factor != 0:
                matrix[line.name, name] = brian.sympy_to_str(factor)
            rest = (rest - factor * symbol).expand()
        if rest.has(*symbols.values()):
            return None
        if rest != 0:
            offset[line.name] = brian.sympy_to_str(rest)
    return Linear(unknown, matrix, offset)


def _constant_names(scope: Scope, used: set[str]) -> set[str]:
    return {name for name in used if name in scope.constant or (name not in scope.dims and unit_value(name) is not None)}


def brian_integration(lines: tuple[Equation, ...], method: str, scope: Scope, *, refractory: bool) -> tuple[Statement, ...]:
    """The statements of one of Brian2's integration methods over one tick."""
    brian = _brian()
    text = []
    names: set[str] = set()
    for line in lines:
        if line.kind == "differential":
            expression = inline(line.expression, scope)
            names |= names_in(expression)
            if refractory and "unless refractory" in line.flags:
                expression = f"int(not_refractory)*({expression})"
            text.append(f"d{line.name}/dt = {expression} : {line.unit}")
    extra = {"not_refractory"} if refractory else set()
    extra |= {"dt", "t"} if method != "exact" else set()
    names = {n for n in names if n != "xi" and not n.startswith("xi_")}
    variables = _variables(names | {line.name for line in lines if line.kind == "differential"} | extra, scope)
    try:
        code = brian.StateUpdateMethod.apply_stateupdater(brian.Equations("\n".join(text)), variables, method, None, scope.where)
    except brian.UnsupportedEquationsException as error:
        raise PlanError(
            f"{scope.where}: method '{method}' cannot integrate these equations ({_one_line(error)})."
            " Use method='exponential_euler' where each variable stands linearly in its own equation, else 'rk4' or 'euler'."
        ) from None
    return read_statements(code, scope.where)


def event_driven(lines: tuple[Equation, ...], scope: Scope) -> tuple[Statement, ...]:
    """The closed form of linear equations over the time `elapsed` since a synapse was last touched."""
    statements = brian_integration(lines, "exact", scope, refractory=False)
    return tuple(Statement(s.name, s.op, _rename(s.expression, {"dt": "elapsed"})) for s in statements)


def _rename(expression: str, names: Mapping[str, str]) -> str:
    tree = ast.parse(expression, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    return ast.unparse(tree)

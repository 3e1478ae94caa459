"""Equation text -> statements, through Brian2: units, substitution and integration methods."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from math import comb
from typing import Any

import numpy as np

from neurosim.errors import NeurosimError, PlanError, nearest, shown
from neurosim.network.text import Equation, Statement, check_numbers, literal, names_in, parse_expression, quoted, read_statements
from neurosim.network.values import AXES, PLAIN, Value, unit
from neurosim.plan.render import ALONG, FUNCTIONS, RANDOM, evaluate

Dim = tuple[float, ...]
ARGUMENTS = dict.fromkeys(FUNCTIONS, 1) | dict.fromkeys(("rand", "randn"), 0) | dict.fromkeys(("clip", "where"), 3)  # how many a function takes
ARGUMENTS |= dict.fromkeys(("maximum", "minimum", "timestep", "take"), 2)
UNITS = ("volt", "amp", "siemens", "farad", "ohm", "second", "Hz", "metre", "mole", "molar", "kilogram", "coulomb", "watt", "joule", "1")
MOST_NODES = 20_000  # of an expression with its subexpressions written out
MOST_TERMS = 5_000  # of an expression that is multiplied out


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
    with _translated(f"{where}: {quoted(text)} is not a unit", "Use one such as volt, amp, siemens, second or 1."):
        plain = ast.unparse(parse_expression(text, where))
        values = {name: _unit_or_raise(name, where) for name in names_in(text)}
        dim = brian.parse_expression_dimensions(plain, {name: _variable(name, value.dim) for name, value in values.items()})
        size = float(evaluate(plain, {name: float(value.number) for name, value in values.items()}))
    if abs(size - 1) > 1e-9:
        raise PlanError(f"{where}: {quoted(text)} is not a base unit. Declare variables in base units, such as volt; give values in any unit.")
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


@contextmanager
def _translated(what: str, remedy: str) -> Iterator[None]:
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
            raise PlanError(f"{scope.where}: {shown(name)} is not defined. {nearest(name, scope.dims)} Constants are given as arguments: k=3.")
        found[name] = _variable(name, value.dim, constant=True)
    return found


def check_calls(text: str, scope: Scope) -> None:
    """Refuse functions that do not exist, or that make no sense in this place."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name not in FUNCTIONS:
            raise PlanError(f"{scope.where}: there is no function {shown(name)}. {nearest(name, FUNCTIONS)}")
        if len(node.args) != ARGUMENTS[name]:
            raise PlanError(
                f"{scope.where}: {quoted(ast.unparse(node))} gives {name} {len(node.args)} arguments, it takes {ARGUMENTS[name]}. Give as many."
            )
        value = literal(node.args[0]) if name in ("bernoulli", "poisson") else None
        if value is not None and not 0 <= value <= (1 if name == "bernoulli" else np.inf):
            rule = "a probability from 0 to 1" if name == "bernoulli" else "an expected number of 0 or more"
            raise PlanError(f"{scope.where}: {quoted(ast.unparse(node))} cannot be drawn. Give {rule}.")
        if name in (*ALONG, "take", "choice") and not scope.axes:
            raise PlanError(f"{scope.where}: '{name}' looks at a whole population and cannot stand here. Use it in update text.")
        for number, keyword in enumerate(node.keywords):
            if number or keyword.arg != "axis" or name not in (*ALONG, "take") or not _is_integer(keyword.value):
                raise PlanError(f"{scope.where}: {quoted(ast.unparse(node))} names an argument. Only functions along an axis take one: axis=0.")


def _is_integer(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant) and type(inner.value) is int


class _WithoutAxis(ast.NodeTransformer):
    """Drops `axis=` for Brian2's unit checker, which does not know it."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = []
        return node


def _plain(text: str, mode: str) -> str:
    return ast.unparse(_WithoutAxis().visit(ast.parse(text.strip(), mode=mode)))


class _Inline(ast.NodeTransformer):
    """Replaces the names of subexpressions by their expressions; `budget` holds how many more nodes may come."""

    def __init__(self, subexpressions: Mapping[str, str], where: str, path: tuple[str, ...], budget: list[int]):
        self.subexpressions, self.where, self.path, self.budget = subexpressions, where, path, budget

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.subexpressions:
            return node
        if node.id in self.path:
            raise PlanError(f"{self.where}: '{node.id}' is defined by itself. Break the circle {' -> '.join((*self.path, node.id))}.")
        inner = ast.parse(" ".join(self.subexpressions[node.id].split()), mode="eval").body
        self.budget[0] -= sum(1 for _ in ast.walk(inner))
        if self.budget[0] < 0:
            raise PlanError(f"{self.where}: {node.id!r} is too long with its subexpressions written out. Make some of them variables of update text.")
        return _Inline(self.subexpressions, self.where, (*self.path, node.id), self.budget).visit(inner)


def inline(expression: str, scope: Scope) -> str:
    """The expression with subexpressions written out."""
    with _translated(f"{scope.where}: {quoted(expression)} cannot be written out", "Make some subexpressions variables of update text."):
        tree = ast.parse(" ".join(expression.split()), mode="eval")
        tree = _Inline(scope.subexpressions, scope.where, (), [MOST_NODES]).visit(tree)
        check_numbers(tree, expression, scope.where)
        return ast.unparse(tree)


def check_expression(expression: str, scope: Scope) -> Dim:
    """The dimensions of an expression; PlanError where names, calls or units are wrong."""
    brian = _brian()
    expression = " ".join(expression.split())
    check_calls(expression, scope)
    variables = _variables(names_in(expression), scope)
    with _translated(f"{scope.where}: {quoted(expression)} has no unit", "Make the units agree."):
        dim = brian.parse_expression_dimensions(_plain(expression, "eval"), variables)
    return tuple(float(dim.get_dimension(axis)) for axis in AXES)


def check_condition(expression: str, scope: Scope) -> None:
    """Refuse a condition that is not one."""
    expression = " ".join(expression.split())
    check_expression(expression, scope)
    variables = _variables(names_in(expression), scope)
    tree = ast.parse(expression, mode="eval").body
    condition = isinstance(tree, (ast.Compare, ast.BoolOp)) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))
    remedy = "Compare something, such as 'v > 1'."
    with _translated(f"{scope.where}: {quoted(expression)} is not a condition", remedy):
        condition = condition or _brian().is_boolean_expression(_plain(expression, "eval"), variables)
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
                raise PlanError(f"{scope.where}: {line} would change the unit of {statement.name}, {unit(wanted)}. Use a plain number on the right.")
            continue
        zero = statement.expression.strip() in ("0", "0.0") or statement.expression.strip() == "inf"
        if given != wanted and not zero:
            raise PlanError(f"{scope.where}: {line} is in {unit(given)}, but {statement.name} is in {unit(wanted)}. Make the units agree.")


def check_equations(lines: tuple[Equation, ...], scope: Scope) -> None:
    """Refuse equations whose right side has not the unit of the left (per second, for a differential equation)."""
    for line in lines:
        if line.kind == "parameter":
            continue
        inner = Scope(f"{scope.where}: {'d' + line.name + '/dt' if line.kind == 'differential' else line.name}", scope.dims, scope.constant)
        given = check_expression(_without_noise(line.expression) if _noisy(line) else line.expression, inner)
        wanted = unit_dimensions(line.unit, inner.where)
        if line.kind == "differential":
            wanted = tuple(d - (axis == "time") for d, axis in zip(wanted, AXES, strict=True))
        if given != wanted and line.expression.strip() not in ("0", "0.0"):
            raise PlanError(f"{inner.where} = {line.expression} is in {unit(given)}, but {unit(wanted)} is needed. Make the units agree.")


def _is_noise(name: str) -> bool:
    return name == "xi" or name.startswith("xi_")


def _noisy(line: Equation) -> bool:
    return any(_is_noise(name) for name in names_in(line.expression))


def _without_noise(expression: str) -> str:
    """The expression with white noise replaced by something of its unit."""
    tree = ast.parse(" ".join(expression.split()), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and _is_noise(node.id):
            node.id = "(1/second**0.5)"
    return ast.unparse(tree)


@dataclass(frozen=True)
class Linear:
    """dx/dt = A x + b: `matrix` maps (row, column) to an expression of constants, `offset` row to an expression."""

    names: tuple[str, ...]
    matrix: Mapping[tuple[str, str], str]
    offset: Mapping[str, str]
    where: str = ""  # opens error messages


def linear_system(lines: tuple[Equation, ...], scope: Scope) -> Linear | None:
    """The linear system that these differential equations form; None if they are not linear with constant coefficients."""
    differential = [line for line in lines if line.kind == "differential"]
    unknown = tuple(line.name for line in differential)
    if any(_noisy(line) for line in differential):
        return None
    matrix, offset = {}, {}
    for line in differential:
        row = _linear_row(inline(line.expression, scope), unknown, scope)
        if row is None:
            return None
        factors, rest = row
        matrix |= {(line.name, name): factor for name, factor in factors.items()}
        if rest:
            offset[line.name] = rest
    return Linear(unknown, matrix, offset, scope.where)


def _linear_row(expression: str, unknown: tuple[str, ...], scope: Scope) -> tuple[dict[str, str], str] | None:
    """The factor of each unknown in an expression, and the rest ('' for none); None where it is not linear in them."""
    brian = _brian()
    _check_terms(expression, scope)
    factors = {}
    try:
        rest = brian.str_to_sympy(expression, _variables(names_in(expression), scope)).expand()
        symbols = {name: brian.str_to_sympy(name, _variables([name], scope)) for name in unknown}
        for name, symbol in symbols.items():
            factor = rest.diff(symbol)
            used = {str(s) for s in factor.free_symbols}
            if not used <= _constant_names(scope, used) or factor.has(*symbols.values()):
                return None
            if factor != 0:
                factors[name] = brian.sympy_to_str(factor)
            rest = (rest - factor * symbol).expand()
        if rest.has(*symbols.values()) or any(_calls(text) & set(RANDOM) for text in factors.values()):
            return None
        return factors, "" if rest == 0 else brian.sympy_to_str(rest)
    except (AttributeError, TypeError, SyntaxError, ValueError, NotImplementedError, RecursionError):
        return None  # sympy knows no derivative of it, so it is not linear


def _calls(text: str) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Call)}


def _check_terms(expression: str, scope: Scope) -> None:
    """Refuse what would take forever to multiply out."""
    if _terms(ast.parse(expression, mode="eval").body) > MOST_TERMS:
        raise PlanError(
            f"{scope.where}: {quoted(expression)} has more than {MOST_TERMS:,} terms when it is multiplied out. Use method='rk4' or method='euler'."
        )


def _terms(node: ast.AST) -> int:
    """About how many terms an expression has when it is multiplied out."""
    if isinstance(node, ast.UnaryOp):
        return _terms(node.operand)
    if not isinstance(node, ast.BinOp):
        return 1
    left, right = _terms(node.left), _terms(node.right)
    if isinstance(node.op, (ast.Add, ast.Sub)):
        return left + right
    if isinstance(node.op, (ast.Mult, ast.Div)):
        return left * (right if isinstance(node.op, ast.Mult) else 1)
    power = node.right.value if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) else 1
    whole = int(power) if isinstance(power, (int, float)) and float(power).is_integer() and 0 < power < 10_000 else 1
    return comb(left + whole - 1, whole) if left > 1 else 1


def _constant_names(scope: Scope, used: set[str]) -> set[str]:
    return {name for name in used if name in scope.constant or (name not in scope.dims and unit_value(name) is not None)}


def brian_integration(lines: tuple[Equation, ...], method: str, scope: Scope, *, refractory: bool) -> tuple[Statement, ...]:
    """The statements of one of Brian2's integration methods over one tick."""
    brian = _brian()
    text = []
    names: set[str] = set()
    differential = [line for line in lines if line.kind == "differential"]
    safe = _names_for_sympy(line.name for line in differential)
    back = {new: old for old, new in safe.items()}
    for line in differential:
        expression = inline(line.expression, scope)
        names |= names_in(expression)
        if method in ("exact", "exponential_euler", "independent"):
            _check_terms(expression, scope)
        if refractory and "unless refractory" in line.flags:
            expression = f"int(not_refractory)*({expression})"
        text.append(f"d{safe.get(line.name, line.name)}/dt = {_rename(expression, safe)} : {line.unit}")
    extra = {"not_refractory"} if refractory else set()
    extra |= {"dt", "t"} if method != "exact" else set()
    names = {name for name in names if not _is_noise(name)}
    variables = _variables(names | {line.name for line in differential} | extra, scope)
    variables |= {new: variables[old] for old, new in safe.items()}
    remedy = "Use method='exponential_euler' where each variable stands linearly in its own equation, else 'rk4' or 'euler' ('milstein' for noise)."
    with _translated(f"{scope.where}: method {method!r} cannot integrate these equations", remedy):
        code = brian.StateUpdateMethod.apply_stateupdater(brian.Equations("\n".join(text)), variables, method, None, scope.where)
        statements = read_statements(code, scope.where, deepest=MOST_NODES)
        return tuple(Statement(back.get(s.name, s.name), s.op, _rename(s.expression, back)) for s in statements) if back else statements


def _names_for_sympy(names: Iterable[str]) -> dict[str, str]:
    """Other names for the variables that sympy would take for something of its own, such as E, S, beta or trace."""
    import sympy

    return {name: f"{name}_renamed_variable" for name in names if hasattr(sympy, name)}


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

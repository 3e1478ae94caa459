"""Equation text -> statements, through Brian2: units, substitution and integration methods."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb

from neurosim.errors import PlanError
from neurosim.network.functions import RANDOM, functions
from neurosim.network.text import (
    Equation,
    Statement,
    calls_in,
    check_numbers,
    names_in,
    parsed,
    parsed_copy,
    quoted,
    read_statements,
    renamed,
)
from neurosim.plan.dimensions import Meanings, Scope, brian2, is_noise, meanings, noisy, translated, variables
from neurosim.plan.memo import memoized

MOST_NODES = 20_000  # of an expression with its subexpressions written out
MOST_TERMS = 5_000  # of an expression that is multiplied out


class _Inline(ast.NodeTransformer):
    """Replaces the names of subexpressions by their expressions; `budget` holds how many more nodes may come."""

    def __init__(
        self, subexpressions: Mapping[str, str], where: str, path: tuple[str, ...], budget: list[int]
    ):
        self.subexpressions, self.where, self.path, self.budget = subexpressions, where, path, budget

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.subexpressions:
            return node
        if node.id in self.path:
            raise PlanError(
                f"{self.where}: '{node.id}' is defined by itself. Break the circle {' -> '.join((*self.path, node.id))}."
            )
        inner = parsed_copy(self.subexpressions[node.id])
        self.budget[0] -= sum(1 for _ in ast.walk(inner))
        if self.budget[0] < 0:
            raise PlanError(
                f"{self.where}: {node.id!r} is too long with its subexpressions written out. Make some of them variables of update text."
            )
        return _Inline(self.subexpressions, self.where, (*self.path, node.id), self.budget).visit(inner)


def inline(expression: str, scope: Scope) -> str:
    """The expression with subexpressions written out."""
    with translated(
        f"{scope.where}: {quoted(expression)} cannot be written out",
        "Make some subexpressions variables of update text.",
    ):
        tree = _Inline(scope.subexpressions, scope.where, (), [MOST_NODES]).visit(parsed_copy(expression))
        check_numbers(tree, expression, scope.where)
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
    if any(noisy(line) for line in differential):
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
    _check_terms(expression, scope)
    known = meanings({*names_in(expression), *unknown}, scope)
    row = memoized(["row", expression, unknown, known], lambda: _row_or_none(expression, unknown, known))
    return None if row is None else (row[0], row[1])


def _row_or_none(
    expression: str, unknown: tuple[str, ...], known: Meanings
) -> tuple[dict[str, str], str] | None:
    try:
        return _row(expression, unknown, known)
    except (AttributeError, TypeError, SyntaxError, ValueError, NotImplementedError, RecursionError):
        return None  # in these ways sympy refuses to read or to differentiate it: it is not linear, or not known to be


def _row(expression: str, unknown: tuple[str, ...], known: Meanings) -> tuple[dict[str, str], str] | None:
    brian = brian2()
    factors, given = {}, variables(known)
    rest = brian.str_to_sympy(expression, given).expand()
    symbols = {name: brian.str_to_sympy(name, given) for name in unknown}
    for name, symbol in symbols.items():
        factor = rest.diff(symbol)
        used = {str(s) for s in factor.free_symbols}
        if not all(known.get(other, ((), False))[1] for other in used) or factor.has(*symbols.values()):
            return None
        if factor != 0:
            factors[name] = brian.sympy_to_str(factor)
        rest = (rest - factor * symbol).expand()
    if rest.has(*symbols.values()) or any(
        functions()[name].kind == RANDOM for text in factors.values() for name in calls_in(text)
    ):
        return None
    return factors, "" if rest == 0 else brian.sympy_to_str(rest)


def _check_terms(expression: str, scope: Scope) -> None:
    """Refuse what would take forever to multiply out."""
    if _terms(parsed(expression)) > MOST_TERMS:
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
    whole = (
        int(power)
        if isinstance(power, (int, float)) and float(power).is_integer() and 0 < power < 10_000
        else 1
    )
    return comb(left + whole - 1, whole) if left > 1 else 1


def brian_integration(
    lines: tuple[Equation, ...], method: str, scope: Scope, *, refractory: bool
) -> tuple[Statement, ...]:
    """The statements of one of Brian2's integration methods over one tick."""
    names: set[str] = set()
    differential = []
    for line in (line for line in lines if line.kind == "differential"):
        expression = inline(line.expression, scope)
        names |= names_in(expression)
        if method in ("exact", "exponential_euler", "independent"):
            _check_terms(expression, scope)
        if refractory and "unless refractory" in line.flags:
            expression = f"int(not_refractory)*({expression})"
        differential.append((line.name, expression, line.unit))
    extra = {"not_refractory"} if refractory else set()
    extra |= {"dt", "t"} if method != "exact" else set()
    names = {name for name in names if not is_noise(name)}
    known = meanings(names | {name for name, _, _ in differential} | extra, scope)
    made = memoized(
        ["integration", differential, method, known],
        lambda: _integrated(differential, method, known, scope.where),
    )
    return tuple(Statement(*statement) for statement in made)


def _integrated(
    differential: list[tuple[str, str, str]], method: str, known: Meanings, where: str
) -> list[tuple[str, str, str]]:
    brian = brian2()
    safe = _names_for_sympy(name for name, _, _ in differential) | {
        name: _plain(name) for name in known if not name.isascii()
    }
    back = {new: old for old, new in safe.items()}
    text = "\n".join(
        f"d{safe.get(name, name)}/dt = {renamed(expression, safe)} : {unit}"
        for name, expression, unit in differential
    )
    given = variables(known)
    given = {safe.get(name, name): variable for name, variable in given.items()} | {
        name: v for name, v in given.items() if name.isascii()
    }
    remedy = "Use method='exponential_euler' where each variable stands linearly in its own equation, else 'rk4' or 'euler' ('milstein' for noise)."
    with translated(f"{where}: method {method!r} cannot integrate these equations", remedy):
        code = brian.StateUpdateMethod.apply_stateupdater(brian.Equations(text), given, method, None, where)
        statements = read_statements(code, where, deepest=MOST_NODES)
        return [
            (back.get(s.name, s.name), s.op, renamed(s.expression, back) if back else s.expression)
            for s in statements
        ]


def _names_for_sympy(names: Iterable[str]) -> dict[str, str]:
    """Other names for the variables that sympy would take for something of its own, such as E, S, beta or trace."""
    import sympy

    return {name: f"{name}_renamed_variable" for name in names if hasattr(sympy, name)}


def _plain(name: str) -> str:
    """Another name for a variable that is not written in ASCII, which the equations of Brian2 must be."""
    return "".join(c if c.isascii() else f"u{ord(c):x}" for c in name) + "_renamed_variable"


def event_driven(lines: tuple[Equation, ...], scope: Scope) -> tuple[Statement, ...]:
    """The closed form of linear equations over the time `elapsed` since a synapse was last touched."""
    statements = brian_integration(lines, "exact", scope, refractory=False)
    return tuple(Statement(s.name, s.op, renamed(s.expression, {"dt": "elapsed"})) for s in statements)

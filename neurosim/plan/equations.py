"""Equations as statements, which integrate them over one tick, by Brian2 and sympy."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
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
from neurosim.plan.dimensions import (
    NUMBERS,
    Meanings,
    Scope,
    is_noise,
    meanings,
    noisy,
    own_numbers,
    translated,
)
from neurosim.plan.memo import memoized

MOST_NODES = 20_000  # in the syntax tree of an expression with its subexpressions written out
MOST_TERMS = 5_000  # of an expression that is multiplied out


class _Inline(ast.NodeTransformer):
    """Replaces the names of subexpressions by their expressions.

    path: the subexpressions that are being written out, the outermost first
    budget: in its only item, how many more nodes the result may have; shared along the path
    """

    def __init__(
        self, subexpressions: Mapping[str, str], label: str, path: tuple[str, ...], budget: list[int]
    ):
        self.subexpressions, self.label, self.path, self.budget = subexpressions, label, path, budget

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(arg) for arg in node.args]  # but not the name of the function
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.subexpressions:
            return node
        path = (*self.path, node.id)
        if node.id in self.path:
            raise PlanError(
                f"{self.label}: '{node.id}' is defined by itself. Break the circle {' -> '.join(path)}."
            )
        tree = parsed_copy(self.subexpressions[node.id])
        self.budget[0] -= sum(1 for _ in ast.walk(tree))
        if self.budget[0] < 0:
            raise PlanError(
                f"{self.label}: {node.id!r} is too long with its subexpressions written out."
                " Make some of them variables of update text."
            )
        return _Inline(self.subexpressions, self.label, path, self.budget).visit(tree)


def inline(expression: str, scope: Scope) -> str:
    """The expression with subexpressions written out. Raises PlanError if they are circular or too long."""
    return _inlined(expression, tuple(scope.subexpressions.items()), scope.label)


@lru_cache(maxsize=4096)
def _inlined(expression: str, subexpressions: tuple[tuple[str, str], ...], label: str) -> str:
    with translated(
        f"{label}: {quoted(expression)} cannot be written out",
        "Make some subexpressions variables of update text.",
    ):
        tree = _Inline(dict(subexpressions), label, (), [MOST_NODES]).visit(parsed_copy(expression))
        check_numbers(tree, expression, label)
        return ast.unparse(tree)


@dataclass(frozen=True)
class Linear:
    """A linear system dx/dt = A x + b.

    names: the variables x
    matrix: for each nonzero entry of A, by the names of row and column, an expression of constants
    offset: for each nonzero entry of b, by the name of the row, an expression
    label: names the object; opens error messages
    """

    names: tuple[str, ...]
    matrix: Mapping[tuple[str, str], str]
    offset: Mapping[str, str]
    label: str = ""


def linear_system(lines: tuple[Equation, ...], scope: Scope) -> Linear | None:
    """The linear system that equations form; None if they are noisy, or their coefficients not constant."""
    differential = [line for line in lines if line.kind == "differential"]
    unknown = tuple(line.name for line in differential)
    if any(noisy(line) for line in differential):
        return None
    matrix: dict[tuple[str, str], str] = {}
    offset: dict[str, str] = {}
    for line in differential:
        row = _linear_row(inline(line.expression, scope), unknown, scope)
        if row is None:
            return None
        factors, rest = row
        matrix |= {(line.name, name): factor for name, factor in factors.items()}
        if rest:
            offset[line.name] = rest
    return Linear(unknown, matrix, offset, scope.label)


def _linear_row(expression: str, unknown: tuple[str, ...], scope: Scope) -> tuple[dict[str, str], str] | None:
    """The factor of each unknown, and the rest ('' for 0); None if the expression is not linear in them."""
    _check_terms(expression, scope)
    known = meanings({*names_in(expression), *unknown}, scope)
    own = own_numbers(known, scope)
    row = memoized(
        ["row", expression, unknown, known, own], lambda: _row_or_none(expression, unknown, known, own)
    )
    if row is None:
        return None
    _check_defined((*row[0].values(), row[1]), expression, known, scope)
    return row[0], row[1]


def _check_defined(texts: Iterable[str], expression: str, known: Meanings, scope: Scope) -> None:
    """Refuse what sympy made of an expression if it has no value."""
    names = frozenset[str]().union(*(names_in(text) for text in texts if text))
    if names & {"nan", "zoo"} - set(known):
        raise PlanError(
            f"{scope.label}: {quoted(expression)} cannot be integrated, because it divides by 0 or multiplies"
            " a variable by inf. Take that away."
        )


def _row_or_none(
    expression: str, unknown: tuple[str, ...], known: Meanings, own: tuple[str, ...]
) -> tuple[dict[str, str], str] | None:
    new = {name: f"{name}_renamed_variable" for name in own}
    old = _old_names(new, own)
    given = {new.get(name, name): meaning for name, meaning in known.items()}
    try:
        row = _row(renamed(expression, new), tuple(new.get(name, name) for name in unknown), given)
    except (AttributeError, TypeError, SyntaxError, ValueError, NotImplementedError, RecursionError):
        # In these ways sympy refuses to read or to differentiate an expression, which then counts as not
        # linear.
        return None
    if row is None:
        return None
    factors = {old.get(name, name): renamed(factor, old) for name, factor in row[0].items()}
    return factors, renamed(row[1], old) if row[1] else ""


def _row(expression: str, unknown: tuple[str, ...], known: Meanings) -> tuple[dict[str, str], str] | None:
    from neurosim.plan import brian  # imports Brian2

    variables = brian.variables(known)
    factors: dict[str, str] = {}
    rest = brian.symbolic(expression, variables).expand()
    symbols = {name: brian.symbolic(name, variables) for name in unknown}
    for name, symbol in symbols.items():
        factor = rest.diff(symbol)
        used = {str(s) for s in factor.free_symbols}
        if not all(known.get(other, ((), False))[1] for other in used) or factor.has(*symbols.values()):
            return None
        if not brian.is_zero(factor):
            factors[name] = brian.text_of(factor)
        rest = (rest - factor * symbol).expand()
    called = {name for text in factors.values() for name in calls_in(text) if name in functions()}
    random = any(functions()[name].kind == RANDOM for name in called)
    if random or rest.has(*symbols.values()):
        return None
    return factors, "" if brian.is_zero(rest) else brian.text_of(rest)


def _check_terms(expression: str, scope: Scope) -> None:
    """Refuse an expression that sympy could not multiply out in reasonable time."""
    if _terms(parsed(expression)) > MOST_TERMS:
        raise PlanError(
            f"{scope.label}: {quoted(expression)} has more than {MOST_TERMS:,} terms when it is multiplied"
            " out. Use method='rk4' or method='euler'."
        )


def _terms(node: ast.AST) -> int:
    """About how many terms an expression has when it is multiplied out."""
    match node:
        case ast.UnaryOp():
            return _terms(node.operand)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return _terms(node.left) + _terms(node.right)
        case ast.BinOp(op=ast.Mult()):
            return _terms(node.left) * _terms(node.right)
        case ast.BinOp(op=ast.Pow()):
            terms, power = _terms(node.left), _whole_power(node.right)
            return comb(terms + power - 1, power) if terms > 1 else 1  # the terms of a multinomial
        case ast.BinOp():
            return _terms(node.left)
        case _:
            return 1


def _whole_power(node: ast.expr) -> int:
    """The exponent of a power that sympy multiplies out; 1 for any other, which it leaves as it is."""
    power = node.value if isinstance(node, ast.Constant) else 1
    if isinstance(power, int | float) and float(power).is_integer() and 0 < power < 10_000:
        return int(power)
    return 1


def brian_integration(
    lines: tuple[Equation, ...], method: str, scope: Scope, *, refractory: bool
) -> tuple[Statement, ...]:
    """The statements that integrate differential equations over one tick by one of Brian2's methods.

    lines: the equations; those that are not differential are ignored
    method: Brian2's name of the method
    refractory: whether variables marked (unless refractory) get the derivative 0 while the neuron is
        refractory

    Raises PlanError if the method cannot integrate these equations.
    """
    names: set[str] = set()
    differential: list[tuple[str, str, str]] = []  # name, expression, unit
    for line in (line for line in lines if line.kind == "differential"):
        expression = inline(line.expression, scope)
        names |= names_in(expression)
        if method in ("exact", "exponential_euler", "independent"):
            _check_terms(expression, scope)
        if refractory and "unless refractory" in line.flags:
            expression = f"int(not_refractory)*({expression})"
        differential.append((line.name, expression, line.unit))
    names = {name for name in names if not is_noise(name)} | {name for name, _, _ in differential}
    # What Brian2's methods may add to the text.
    names |= {"not_refractory"} if refractory else set[str]()
    names |= {"dt", "t"} if method != "exact" else set[str]()
    known = meanings(names, scope)
    own = own_numbers(known, scope)
    statements = memoized(
        ["integration", differential, method, known, own],
        lambda: _integrated(differential, method, known, own, scope.label),
    )
    _check_defined(
        (expression for _, _, expression in statements),
        "; ".join(f"d{name}/dt = {expression}" for name, expression, _ in differential),
        known,
        scope,
    )
    return tuple(Statement(*statement) for statement in statements)


def _integrated(
    differential: list[tuple[str, str, str]],
    method: str,
    known: Meanings,
    own: tuple[str, ...],
    label: str,
) -> list[tuple[str, str, str]]:
    """Name, operator and expression of each statement, from name, expression and unit of each equation."""
    from neurosim.plan import brian  # imports Brian2

    if any(is_noise(name) for _, expression, _ in differential for name in names_in(expression)):
        remedy = (
            "Use method='euler' for noise that no variable multiplies, 'heun' for any noise, or 'milstein' if"
            " no variable has the noise of another."
        )
    else:
        remedy = (
            "Use method='exponential_euler' where each variable stands linearly in its own equation, else"
            " 'rk4' or 'euler'."
        )
    with translated(f"{label}: method {method!r} cannot integrate these equations", remedy):
        # Brian2 and sympy do not accept every name, so some are replaced while they work.
        taken = [name for name, _, _ in differential if brian.is_taken(name)]
        new = {name: f"{name}_renamed_variable" for name in (*taken, *own)}
        new |= {name: _in_ascii(name) for name in known if not name.isascii()}
        old = _old_names(new, own)
        text = "\n".join(
            f"d{new.get(name, name)}/dt = {renamed(expression, new)} : {unit}"
            for name, expression, unit in differential
        )
        variables = brian.variables(known)
        variables = {name: v for name, v in variables.items() if name.isascii()} | {
            new.get(name, name): v for name, v in variables.items()
        }
        code = brian.integration_step(text, variables, method, label)
        statements = read_statements(code, label, deepest=MOST_NODES)
        return [(old.get(s.name, s.name), s.op, renamed(s.expression, old)) for s in statements]


def _old_names(new: Mapping[str, str], own: tuple[str, ...]) -> dict[str, str]:
    """The names that were replaced by new ones; where pi and e are among them, sympy's are numbers."""
    numbers = {name: repr(NUMBERS[name]) for name in own if name != "inf"}
    return numbers | {value: key for key, value in new.items()}


def _in_ascii(name: str) -> str:
    return "".join(c if c.isascii() else f"u{ord(c):x}" for c in name) + "_renamed_variable"


def event_driven(lines: tuple[Equation, ...], scope: Scope) -> tuple[Statement, ...]:
    """The closed form of linear equations over the time `_elapsed` since the last event at a synapse."""
    statements = brian_integration(lines, "exact", scope, refractory=False)
    return tuple(Statement(s.name, s.op, renamed(s.expression, {"dt": "_elapsed"})) for s in statements)

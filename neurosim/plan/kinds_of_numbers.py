"""Variables that are declared integer or boolean: they hold floats, of which text keeps whole or 0 and 1."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import PlanError
from neurosim.network.text import Equation, Statement, called, literal, parsed

INTEGER, BOOLEAN = "integer", "boolean"


def kinds_of(lines: Iterable[Equation]) -> dict[str, str]:
    """The names that are declared integer or boolean, and which of the two."""
    return {line.name: line.unit.strip() for line in lines if line.unit.strip() in (INTEGER, BOOLEAN)}


def typed(statements: Iterable[Statement], kinds: Mapping[str, str]) -> tuple[Statement, ...]:
    """Assignments, of which those to integers cut fractions off, and those to booleans leave 0 or 1.

    Brian2's compiled targets do so at each assignment; its numpy target at the end of a block of text.
    """
    return tuple(_typed(statement, kinds.get(statement.name, "")) for statement in statements)


def _typed(statement: Statement, kind: str) -> Statement:
    if not kind:
        return statement
    name, op, text = statement.name, statement.op, statement.expression
    fits = (
        _is_whole(text) and op in ("=", "+=", "-=", "*=")
        if kind == INTEGER
        else op == "=" and _is_truth(text)
    )
    if fits:
        return statement
    new = text if op == "=" else f"{name} {op[:-1]} ({text})"
    return Statement(name, "=", f"int({new})" if kind == INTEGER else f"({new}) != 0")


def _is_whole(text: str) -> bool:
    """Whether an expression is a whole number by its form."""
    tree = parsed(text)
    number = literal(tree)
    return called(tree) == "int" or (
        number is not None and not isinstance(number, complex) and number % 1 == 0
    )


def _is_truth(text: str) -> bool:
    """Whether an expression is true or false, or 0 or 1, by its form."""
    tree = parsed(text)
    condition = isinstance(tree, ast.Compare | ast.BoolOp)
    negated = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    return condition or negated or literal(tree) in (0, 1)


def check_numbers(name: str, kind: str, numbers: ArrayLike, label: str) -> None:
    """Refuse values that an integer or a boolean cannot have. `label` opens the error."""
    given = np.asarray(numbers, dtype=np.float64)
    wrong = given[(given != np.rint(given)) if kind == INTEGER else (given != 0) & (given != 1)]
    if wrong.size:
        remedy = "Give whole numbers." if kind == INTEGER else "Give True or False."
        raise PlanError(f"{label}: {name} is declared {kind}, but {wrong[0]:g} is given. {remedy}")

"""Reads the text of equations and assignments: which names it declares, assigns and uses.

Text is parsed into syntax trees and never evaluated.
"""

from __future__ import annotations

import ast
import copy
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, TypeVar

from neurosim.errors import DescriptionError, shown
from neurosim.network.function_table import functions
from neurosim.network.values import identifier

HEAD = re.compile(
    r"^\s*(?:d(?P<diff>\w+)\s*/\s*dt\s*=|(?P<sub>\w+)\s*=|(?P<par>\w+(?:\s*,\s*\w+)*)\s*$)(?P<expr>.*)$",
    re.DOTALL,
)
UNIT = re.compile(r"^\s*(?P<unit>[^()]+?(?:\([^()]*\)[^()]*?)*?)\s*(?:\((?P<flags>[a-z][a-z \-,]*)\))?\s*$")
FLAGS = (
    "unless refractory",
    "constant",
    "shared",
    "event-driven",
    "clock-driven",
    "summed",
    "constant over dt",
)

# The only Python that text may contain. Anything else (attributes, subscripts, lambdas ...) is refused.
ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow,
    ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    ast.keyword, ast.Module, ast.Assign, ast.AugAssign,
)  # fmt: skip
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
OPERATORS: dict[str, ast.operator] = {
    "+=": ast.Add(),
    "-=": ast.Sub(),
    "*=": ast.Mult(),
    "/=": ast.Div(),
    "**=": ast.Pow(),
}
SYMBOLS = {
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@",
    ast.Invert: "~", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
DEEPEST = 100  # operations within each other: more would exhaust the stack of what reads the text later
MOST_WHOLE = 2**53  # larger whole numbers are not exact as floats


@dataclass(frozen=True)
class Equation:
    """One line of equations.

    kind: 'differential', 'subexpression' or 'parameter'.
    name: the variable.
    expression: the right-hand side; '' for a parameter.
    unit: as it was written.
    flags: such as 'unless refractory'.
    """

    kind: str
    name: str
    expression: str
    unit: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One assignment `name op expression`; `op` is '=', '+=', '-=', '*=', '/=' or '**='."""

    name: str
    op: str
    expression: str


Read = TypeVar("Read")
MOST_KEPT = 4096  # texts


def _read_once(read: Callable[..., Read]) -> Callable[..., Read]:
    """The function, which reads each text once: many populations and synapses may have the same.

    What it returns is shared by all of them, and must not be changed. The subject, which only opens messages,
    does not count.
    """
    kept: dict[tuple[object, ...], Read] = {}

    @wraps(read)
    def once(text: str, subject: str, **limits: int) -> Read:
        key = text, *limits.items()
        if key not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = read(text, subject, **limits)
        return kept[key]

    return once


@_read_once
def read_equations(text: str, subject: str) -> tuple[Equation, ...]:
    """The lines of Brian2 equations, in order; a line ends with its `: unit`.

    Raises DescriptionError for text that does not read as equations; `subject` opens it.
    """
    lines, pending = [], ""
    for raw in text.splitlines():
        pending += raw.split("#")[0].rstrip() + " "
        if ":" in pending:
            lines += _equation(pending.strip(), subject)
            pending = ""
        elif not pending.strip():
            pending = ""
    if pending.strip():
        raise DescriptionError(
            f"{subject}: {quoted(pending)} has no unit."
            " End each equation with ': unit', or ': 1' for a plain number."
        )
    seen: set[str] = set()
    for line in lines:
        if line.name in seen:
            raise DescriptionError(
                f"{subject}: '{line.name}' is defined twice. Give each variable one equation."
            )
        seen.add(line.name)
    return tuple(lines)


def _equation(line: str, subject: str) -> list[Equation]:
    left, _, right = line.partition(":")
    head, tail = HEAD.match(left), UNIT.match(right)
    if head is None or tail is None:
        raise DescriptionError(
            f"{subject}: {quoted(line)} is not an equation."
            " Write 'dv/dt = expression : volt', 'x = expression : 1' or 'tau : second (constant)'."
        )
    flags = tuple(f.strip() for f in (tail["flags"] or "").split(",") if f.strip())
    for flag in flags:
        if flag not in FLAGS:
            raise DescriptionError(
                f"{subject}: '({flag})' in {quoted(line)} is not a flag. Use one of: {', '.join(FLAGS)}."
            )
    expression = head["expr"].strip()
    if head["par"]:
        names = [n.strip() for n in head["par"].split(",")]
        return [
            Equation("parameter", identifier(n, f"{subject}: variable"), "", tail["unit"], flags)
            for n in names
        ]
    parse_expression(expression, f"{subject}: in {quoted(line)}")
    kind = "differential" if head["diff"] else "subexpression"
    if kind == "differential" and tail["unit"] in ("boolean", "integer"):
        raise DescriptionError(
            f"{subject}: {quoted(line)}: a variable that changes continuously is not {tail['unit']}."
            " Give it a unit, or 1."
        )
    return [
        Equation(
            kind,
            identifier(head["diff"] or head["sub"], f"{subject}: variable"),
            expression,
            tail["unit"],
            flags,
        )
    ]


def quoted(text: str) -> str:
    """Text as messages quote it: on one line, shortened."""
    return f"'{shown(' '.join(text.split()), 120)[1:].removesuffix(chr(39)).removesuffix(chr(34))}'"


@_read_once
def parse_expression(text: str, subject: str) -> ast.expr:
    """The syntax tree of one expression of arithmetic, comparisons, logic, and calls of functions by name.

    Raises DescriptionError for anything else; `subject` opens it.
    """
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise DescriptionError(
            f"{subject}: {quoted(text)} does not read as an expression ({_reason(error)})."
            " Write one such as 'v/tau'."
        ) from None
    _check_nodes(tree, text, subject)
    return tree.body


@_read_once
def read_statements(text: str, subject: str, deepest: int = DEEPEST) -> tuple[Statement, ...]:
    """The assignments to names in text, in order.

    Raises DescriptionError for anything else, and for operations nested more than `deepest` times; `subject`
    opens it.
    """
    source = "\n".join(line.strip() for line in text.splitlines())
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise DescriptionError(
            f"{subject}: {quoted(text)} does not read as assignments ({_reason(error)})."
            " Write lines such as 'v = 0'."
        ) from None
    statements = []
    for node in tree.body:
        line = ast.get_source_segment(source, node) or type(node).__name__
        single = (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        )
        augmented = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        if not (single or augmented):
            raise DescriptionError(
                f"{subject}: {quoted(line)} is not an assignment to a name."
                " Write lines such as 'v = 0' or 'v += w'."
            )
        _check_nodes(node, line, subject, deepest)
        statements.append(_statement(node, line, subject))
    return tuple(statements)


def _statement(node: ast.stmt, line: str, subject: str) -> Statement:
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        op = next((op for op, kind in OPERATORS.items() if isinstance(node.op, type(kind))), None)
        if op is None:
            raise DescriptionError(
                f"{subject}: {quoted(line)} uses an assignment that is not supported."
                " Use =, +=, -=, *= or /=."
            )
        return Statement(node.target.id, op, ast.unparse(node.value))
    assert isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    return Statement(node.targets[0].id, "=", ast.unparse(node.value))


@lru_cache(maxsize=4096)
def parsed(text: str) -> ast.expr:
    """The syntax tree of an expression that was read before, shared by all callers: nobody may change it."""
    return ast.parse(" ".join(text.split()), mode="eval").body


def parsed_copy(text: str) -> ast.expr:
    """A syntax tree of an expression that the caller may change."""
    return copy.deepcopy(parsed(text))


@lru_cache(maxsize=4096)
def names_in(text: str) -> frozenset[str]:
    """The names that an expression uses; see `names_of`."""
    return names_of(parsed(text))


def forget_names() -> None:
    """Forget which names expressions use: text may call one more function, which is no longer a name."""
    names_in.cache_clear()


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The expression with other names for some of its variables; the same text where it has none of them."""
    if not names.keys() & names_in(text):
        return text
    tree = parsed_copy(text)
    for node in _named_nodes(tree):
        node.id = names.get(node.id, node.id)
    return ast.unparse(tree)


@lru_cache(maxsize=4096)
def calls_in(text: str) -> tuple[str, ...]:
    """The names of the functions that an expression calls, in the order of the text, with repetitions."""
    return tuple(called(node) for node in ast.walk(parsed(text)) if isinstance(node, ast.Call))


def called(node: ast.AST) -> str:
    """The name of the function that a node of a syntax tree calls; '' for any other node."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def names_of(tree: ast.AST) -> frozenset[str]:
    """The names in a syntax tree. Those of the table of functions are left out where they are called.

    A call of any other name is one of a constant that is a function.
    """
    return frozenset(node.id for node in _named_nodes(tree))


def _named_nodes(tree: ast.AST) -> list[ast.Name]:
    """The nodes of a syntax tree that are names, in the sense of `names_of`."""
    known = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and is_known(node)}
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in known]


def is_known(node: ast.Call) -> bool:
    """Whether a node calls a function of the table, and not a constant that is a function."""
    return called(node) in functions()


def _check_nodes(tree: ast.AST, text: str, subject: str, deepest: int = DEEPEST) -> None:
    if _depth(tree) > deepest:
        raise DescriptionError(
            f"{subject}: {quoted(text)} holds more than {deepest} operations within each other."
            " Break it up over several lines."
        )
    for node in ast.walk(tree):
        plain_call = not isinstance(node, ast.Call) or isinstance(node.func, ast.Name)
        plain_number = not isinstance(node, ast.Constant) or isinstance(node.value, (int, float, bool))
        if not isinstance(node, ALLOWED) or not plain_call or not plain_number:
            part = (
                ast.unparse(node) if hasattr(node, "lineno") else SYMBOLS.get(type(node), type(node).__name__)
            )
            raise DescriptionError(
                f"{subject}: {quoted(text)} holds {quoted(part)}, which text may not."
                " Use numbers, names, the operators + - * / // % **, comparisons, and/or/not and functions"
                " by name."
            )
    check_numbers(tree, text, subject)


def _depth(tree: ast.AST) -> int:
    """How many operations stand within each other, counted without recursion."""
    depth, level = 0, [tree]
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def check_numbers(tree: ast.AST, text: str, subject: str) -> None:
    """Refuse arithmetic of numbers alone that has no value, or none that a computer holds."""
    for node in ast.walk(tree):
        try:
            value = literal(node)
            divisor = (
                node.right
                if isinstance(node, ast.BinOp)
                else node.value
                if isinstance(node, ast.AugAssign)
                else None
            )
            if (
                divisor is not None
                and isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod))  # type: ignore[attr-defined]
                and literal(divisor) == 0
            ):
                raise ZeroDivisionError
        except ZeroDivisionError:
            raise DescriptionError(f"{subject}: {quoted(text)} divides by zero. Take that away.") from None
        except OverflowError:
            value = float("inf")
        if value is not None and (isinstance(value, complex) or abs(value) == float("inf")):
            raise DescriptionError(
                f"{subject}: {quoted(text)} holds numbers that make none a computer can hold."
                " Use others, or inf."
            )
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > MOST_WHOLE:
            raise DescriptionError(
                f"{subject}: {quoted(text)} holds a whole number above 2**53, which is not exact."
                " Write a float, such as 1e20."
            )


def literal(node: ast.AST) -> Any:
    """The value, in floats, of arithmetic that holds numbers alone; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = literal(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    if not isinstance(node, ast.BinOp):
        return None
    left, right = literal(node.left), literal(node.right)
    if left is None or right is None or isinstance(left, complex) or isinstance(right, complex):
        return None
    return ARITHMETIC[type(node.op)](left, right)


def _reason(error: Exception) -> str:
    return str(getattr(error, "msg", error)).split("\n")[0]

"""Reading equation and assignment text: which names it declares, assigns and uses. Nothing here is evaluated."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from neurosim.errors import DescriptionError

HEAD = re.compile(r"^\s*(?:d(?P<diff>\w+)\s*/\s*dt\s*=|(?P<sub>\w+)\s*=|(?P<par>\w+(?:\s*,\s*\w+)*)\s*$)(?P<expr>.*)$", re.DOTALL)
UNIT = re.compile(r"^\s*(?P<unit>[^()]+?(?:\([^()]*\)[^()]*?)*?)\s*(?:\((?P<flags>[a-z][a-z \-,]*)\))?\s*$")
FLAGS = ("unless refractory", "constant", "shared", "event-driven", "clock-driven", "summed", "constant over dt")

# The only Python that text may contain. Anything else (attributes, subscripts, lambdas ...) is refused.
ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Store, ast.Constant,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.keyword, ast.Module, ast.Assign, ast.AugAssign,
)  # fmt: skip


@dataclass(frozen=True)
class Equation:
    """One line of equations: `kind` is 'differential', 'subexpression' or 'parameter'."""

    kind: str
    name: str
    expression: str
    unit: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One assignment `name op expression`; `op` is '=', '+=', '-=', '*=' or '/='."""

    name: str
    op: str
    expression: str


def read_equations(text: str, where: str) -> tuple[Equation, ...]:
    """The lines of Brian2 equations, in order; a line runs until its `: unit`."""
    lines, pending = [], ""
    for raw in text.splitlines():
        pending += raw.split("#")[0].rstrip() + " "
        if ":" in pending:
            lines += _equation(pending.strip(), where)
            pending = ""
        elif not pending.strip():
            pending = ""
    if pending.strip():
        raise DescriptionError(f"{where}: '{pending.strip()}' has no unit. End each equation with ': unit', or ': 1' for a plain number.")
    seen: set[str] = set()
    for line in lines:
        if line.name in seen:
            raise DescriptionError(f"{where}: '{line.name}' is defined twice. Give each variable one equation.")
        seen.add(line.name)
    return tuple(lines)


def _equation(line: str, where: str) -> list[Equation]:
    left, _, right = line.partition(":")
    head, tail = HEAD.match(left), UNIT.match(right)
    if head is None or tail is None:
        raise DescriptionError(
            f"{where}: '{line}' is not an equation. Write 'dv/dt = expression : volt', 'x = expression : 1' or 'tau : second (constant)'."
        )
    flags = tuple(f.strip() for f in (tail["flags"] or "").split(",") if f.strip())
    for flag in flags:
        if flag not in FLAGS:
            raise DescriptionError(f"{where}: '({flag})' in '{line}' is not a flag. Use one of: {', '.join(FLAGS)}.")
    expression = head["expr"].strip()
    if head["par"]:
        names = [n.strip() for n in head["par"].split(",")]
        return [Equation("parameter", n, "", tail["unit"], flags) for n in names]
    parse_expression(expression, f"{where}: in '{line}'")
    kind = "differential" if head["diff"] else "subexpression"
    return [Equation(kind, head["diff"] or head["sub"], expression, tail["unit"], flags)]


def parse_expression(text: str, where: str) -> ast.expr:
    """The syntax tree of one expression; only arithmetic, comparisons, logic and calls by name are allowed."""
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise DescriptionError(f"{where}: '{text}' does not read as an expression ({_reason(error)}).") from None
    _check_nodes(tree, text, where)
    return tree.body


def read_statements(text: str, where: str) -> tuple[Statement, ...]:
    """The assignments of abstract code, in order; anything but assignments to a name is refused."""
    try:
        tree = ast.parse("\n".join(line.strip() for line in text.splitlines()))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise DescriptionError(f"{where}: '{text.strip()}' does not read as assignments ({_reason(error)}). Write lines such as 'v = 0'.") from None
    statements = []
    for node in tree.body:
        line = ast.unparse(node)
        single = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        augmented = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        if not (single or augmented):
            raise DescriptionError(f"{where}: '{line}' is not an assignment to a name. Write lines such as 'v = 0' or 'v += w'.")
        _check_nodes(node, line, where)
        statements.append(_statement(node, line, where))
    return tuple(statements)


def _statement(node: ast.stmt, line: str, where: str) -> Statement:
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        ops = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.Pow: "**="}
        if type(node.op) not in ops:
            raise DescriptionError(f"{where}: '{line}' uses an assignment that is not supported. Use =, +=, -=, *= or /=.")
        return Statement(node.target.id, ops[type(node.op)], ast.unparse(node.value))
    assert isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    return Statement(node.targets[0].id, "=", ast.unparse(node.value))


def names_in(text: str) -> frozenset[str]:
    """The names that an expression uses, functions left out."""
    return names_of(ast.parse(" ".join(text.split()), mode="eval"))


def names_of(tree: ast.AST) -> frozenset[str]:
    """The names in a syntax tree, functions left out."""
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called)


def _check_nodes(tree: ast.AST, text: str, where: str) -> None:
    for node in ast.walk(tree):
        plain_call = not isinstance(node, ast.Call) or isinstance(node.func, ast.Name)
        plain_number = not isinstance(node, ast.Constant) or isinstance(node.value, (int, float, bool))
        if not isinstance(node, ALLOWED) or not plain_call or not plain_number:
            raise DescriptionError(
                f"{where}: '{text}' holds '{ast.unparse(node) if hasattr(node, 'lineno') else type(node).__name__}', which text may not."
                " Use numbers, names, operators, comparisons, and/or/not and functions by name."
            )


def _reason(error: Exception) -> str:
    return str(getattr(error, "msg", error)).split("\n")[0]

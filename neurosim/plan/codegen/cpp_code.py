"""Statements -> C++: one constant per assignment, of the type that numpy gives it, evaluated in the order of the numpy text.

The sibling of `numpy_source` in `render.py`: the same types (numpy 2's promotion, in which a plain Python number takes the
type of what it meets; a whole number counts as one), the same order of operations and the same numbering of random calls. So + - * / and square
roots give the same bits; the functions are those of `engine/events/core/numbers/math.hpp`. Statements that call one whose bits differ
from numpy's anyway have the products in their sums fused, a x + b with one rounding. The generated code reads `keys`
(one per random call), `tick` and `element` from its surroundings.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.functions import ARGUMENTS, RANDOM, Function, functions
from neurosim.network.text import OPERATORS, Statement, called, calls_in, parsed

STRONG = ("bool", "Real", "double")  # rising: of two, the higher one holds both
WEAK = "float"
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: lambda x, n: float(np.float64(x) ** n),
}  # fmt: skip
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


@dataclass(frozen=True)
class Typed:
    """A C++ expression and its type: 'bool', 'Real' (the run's float type), 'double'; or 'float' (double), a plain Python number,
    which takes the type of what it meets. Whole numbers are floats, so that none wraps around."""

    text: str
    type: str


def cpp_statements(
    statements: Iterable[Statement], names: Mapping[str, Typed], *, precision: str, frozen: frozenset[str] = frozenset(), first_call: int = 0,
    before: Iterable[str] = (),
) -> tuple[list[str], dict[str, Typed]]:  # fmt: skip
    """Lines of C++, one per statement, and for each assigned name the constant that holds its last value.

    `names` maps every name that the text reads to C++ that needs no parentheses around it. Writes to `frozen` names take
    effect only where the neuron is not refractory. The first random call takes keys[first_call]. `before` are the lines that
    stand before in the same scope, whose names are not declared again. Raises PlanError for what only numpy can compute.
    """
    statements = tuple(statements)
    known, lines, found = dict(names), [], dict[str, Typed]()
    writer = CppWriter(known, precision, first_call, fuses=any(_rounds(s.expression) for s in statements))
    taken = {
        word
        for text in (*before, *(typed.text for typed in names.values()))
        for word in re.findall(r"\w+", text)
    }
    for statement in statements:
        value = writer.write(parsed(statement.expression))
        if statement.op != "=":
            value = writer.binary(type(OPERATORS[statement.op]), known[statement.name], value)
        if statement.name in frozen:
            value = writer.choose(known["not_refractory"], value, known[statement.name])
        local = _local(statement.name, taken)
        taken.add(local)
        lines.append(f"const {_strong(value.type)} {local} = {_bare(value.text)};")
        known[statement.name] = found[statement.name] = Typed(local, value.type)
    return lines, found


def cpp_expression(
    expression: str, names: Mapping[str, Typed], *, precision: str, first_call: int = 0
) -> Typed:
    """C++ for one expression and its type. Raises PlanError for what only numpy can compute."""
    return CppWriter(names, precision, first_call).write(parsed(expression))


def without_cpp(expressions: Iterable[str]) -> str | None:
    """The first function in these expressions that only numpy can compute, or None."""
    names = (name for expression in expressions for name in calls_in(expression))
    return next((name for name in names if not _has_cpp(functions()[name])), None)


def _has_cpp(function: Function) -> bool:
    """Whether a function has C++, or a text all of whose functions have."""
    if function.cpp is not None or (function.kind == RANDOM and not function.looks_along):
        return True
    return bool(function.text) and all(_has_cpp(functions()[name]) for name in calls_in(function.text))


def _rounds(expression: str) -> bool:
    """Whether an expression calls functions whose last bits are not numpy's."""
    found = [functions()[name] for name in calls_in(expression)]
    return any(
        function.rounds or (function.cpp is None and function.text and _rounds(function.text))
        for function in found
    )


def _local(name: str, taken: set[str]) -> str:
    """A C++ identifier that begins with the user's name and is not taken; a number behind it keeps it from being a keyword."""
    plain = "".join(c if c.isascii() else f"u{ord(c):x}" for c in name)
    stem = re.sub("_+", "_", plain).strip("_").removeprefix("M_")  # M_PI_2 is a macro
    stem = stem if stem[:1].isalpha() else f"x{stem}"
    return next(f"{stem}_{number}" for number in count(1) if f"{stem}_{number}" not in taken)


def _bare(text: str) -> str:
    """Without the parentheses around the whole."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 and text.startswith("(") else text
    return text


class CppWriter:
    """Writes expressions as C++; counts the random calls of their block as `NumpyWriter` does."""

    def __init__(self, names: Mapping[str, Typed], precision: str, first_call: int, fuses: bool = False):
        self.names, self.single, self.calls, self.fuses = names, precision == "single", first_call, fuses
        self.products: dict[str, tuple[str, str]] = {}  # the factors of what was multiplied
        self.truths: dict[str, Typed] = {}  # what int() of a truth value was made of

    def write(self, node: ast.expr) -> Typed:
        folded = _number(node)
        return _literal(folded) if folded is not None else getattr(self, f"_{type(node).__name__}")(node)

    def cast(self, value: Typed, kind: str) -> str:
        """The value as a number of this type."""
        if value.type == kind or (not self.single and {value.type, kind} == {"Real", "double"}):
            return value.text
        if kind == "bool":
            return f"({value.text} != 0)"
        value = self.truths.get(value.text, value)
        if value.type == "bool":
            return f"({value.text} ? {_strong(kind)}(1) : {_strong(kind)}(0))"
        if value.type == "float" and kind == "double":
            return value.text
        return f"{_strong(kind)}({_bare(value.text)})"

    def together(self, *values: Typed) -> str:
        """The type of what is computed from these values, by numpy's rules."""
        strong = max((value.type for value in values if value.type in STRONG), key=STRONG.index, default=WEAK)
        return "double" if strong == "bool" and any(value.type == WEAK for value in values) else strong

    def floating(self, *values: Typed) -> str:
        """The same where a float must come out."""
        kind = self.together(*values)
        return "double" if kind == "bool" else kind

    def binary(self, op: type, left: Typed, right: Typed) -> Typed:
        """`left op right` for an operator of arithmetic."""
        if op is ast.Pow:
            return self.power(left, right)
        kind = self.floating(left, right) if op is ast.Div else self.together(left, right)
        if kind == "bool":
            return self._of_truths(op, left, right)
        a, b = self.cast(left, kind), self.cast(right, kind)
        if op is ast.FloorDiv:
            return Typed(f"floor_div_({_bare(a)}, {_bare(b)})", kind)
        if op is ast.Mod:
            return Typed(f"floor_mod_({_bare(a)}, {_bare(b)})", kind)
        if self.fuses and kind in ("Real", "double"):
            return Typed(self._fused(op, a, b), kind)
        return Typed(f"({a} {SIGNS[op]} {b})", kind)

    def _fused(self, op: type, a: str, b: str) -> str:
        """`a op b`, where a sum with a product, the right one of two, is rounded once."""
        text = f"({a} {SIGNS[op]} {b})"
        if op is ast.Mult:
            self.products[text] = a, b
        elif op in (ast.Add, ast.Sub) and b in self.products:
            x, y = self.products[b]
            return f"fused({'-' * (op is ast.Sub)}{x}, {_bare(y)}, {_bare(a)})"
        elif op in (ast.Add, ast.Sub) and a in self.products:
            x, y = map(_bare, self.products[a])
            return f"fused({x}, {y}, {'-' * (op is ast.Sub)}{b})"
        return text

    def _of_truths(self, op: type, left: Typed, right: Typed) -> Typed:
        if op not in (ast.Add, ast.Mult):
            raise PlanError(
                f"the operator of {left.text} and {right.text} is not defined for two truth values. Write 1.0*(...) around them."
            )
        return Typed(f"({left.text} {'|' if op is ast.Add else '&'} {right.text})", "bool")

    def power(self, x: Typed, n: Typed) -> Typed:
        """x to the power n; whole powers up to 4 by multiplication."""
        base = "double" if x.type == "bool" else x.type
        kind = self.floating(Typed("", base), n)
        a = self.cast(Typed(self.cast(x, base), base), kind)
        exponent = _exponent(n)
        if exponent in (2.0, 3.0, 4.0):
            return Typed(f"power{int(exponent)}_({_bare(a)})", kind)
        if exponent == 0.5:
            return Typed(f"sqrt_({_bare(a)})", kind)
        if exponent == -1.0:
            return Typed(f"({_strong(kind)}(1) / {a})", kind)
        return Typed(f"pow_({_bare(a)}, {_bare(self.cast(n, kind))})", kind)

    def choose(self, condition: Typed, yes: Typed, no: Typed) -> Typed:
        """`yes` where the condition holds, else `no`; both are computed."""
        kind = _strong(self.together(yes, no))
        return self._template(
            "where_", kind, self.cast(condition, "bool"), self.cast(yes, kind), self.cast(no, kind)
        )

    def _template(self, name: str, kind: str, *arguments: str) -> Typed:
        """A call of a function that takes several values of one type: what & and | make of truth values is no bool in C++."""
        return Typed(f"{name}{'<bool>' if kind == 'bool' else ''}({', '.join(map(_bare, arguments))})", kind)

    def _Constant(self, node: ast.Constant) -> Typed:
        return Typed("true" if node.value else "false", "bool")

    def _Name(self, node: ast.Name) -> Typed:
        return self.names[node.id]

    def _BinOp(self, node: ast.BinOp) -> Typed:
        left = self.write(node.left)
        return self.binary(type(node.op), left, self.write(node.right))

    def _UnaryOp(self, node: ast.UnaryOp) -> Typed:
        inner = self.write(node.operand)
        if isinstance(node.op, ast.Not):
            return Typed(f"(!{self.cast(inner, 'bool')})", "bool")
        if inner.type == "bool":
            raise PlanError(
                f"a sign before the truth value {inner.text} is not defined. Write 1.0*(...) around it."
            )
        return Typed(f"(-{inner.text})", inner.type) if isinstance(node.op, ast.USub) else inner

    def _BoolOp(self, node: ast.BoolOp) -> Typed:
        sign = " & " if isinstance(node.op, ast.And) else " | "  # no short cut: loops stay free of branches
        return Typed(f"({sign.join(self.cast(self.write(value), 'bool') for value in node.values)})", "bool")

    def _Compare(self, node: ast.Compare) -> Typed:
        sides = [self.write(side) for side in (node.left, *node.comparators)]
        parts = []
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            kind = self.together(left, right)
            parts.append(f"({self.cast(left, kind)} {COMPARISONS[type(op)]} {self.cast(right, kind)})")
        return Typed(parts[0] if len(parts) == 1 else f"({' & '.join(parts)})", "bool")

    def _Call(self, node: ast.Call) -> Typed:
        function = functions()[called(node)]
        if not _has_cpp(function):
            reason = (
                "looks at a whole population, which compiled text cannot"
                if function.looks_along
                else "has no C++"
            )
            raise PlanError(f"{function.name}() {reason}. Use the reference engine.")
        given = [self.write(argument) for argument in node.args]
        if len(given) != function.arguments or node.keywords:
            raise PlanError(
                f"{function.name}() takes {function.arguments} numbers, not {len(given) + len(node.keywords)}. Write it so."
            )
        if function.kind == RANDOM:
            return self._random(function.name, given)
        if not function.takes_truth:
            given = [
                Typed(self.cast(value, "double"), "double") if value.type == "bool" else value
                for value in given
            ]
        if function.cpp is not None:
            return function.cpp(self, *given)
        names, self.names = self.names, dict(zip(ARGUMENTS, given, strict=False))
        value = self.write(parsed(function.text))
        self.names = names
        return value

    def _random(self, name: str, given: list[Typed]) -> Typed:
        self.calls += 1
        function = {"rand": "uniform", "randn": "normal"}.get(name, name)
        arguments = [
            f"keys[{self.calls - 1}]",
            "tick",
            "element",
            *(_bare(self.cast(value, "double")) for value in given),
        ]
        return Typed(f"{function}({', '.join(arguments)})", "double")

    # What entries of `network/functions.py` are written with; see `functions.Cpp`.

    def call_float(self, function: str, *values: Typed) -> Typed:
        return self._call(function, _strong(self.floating(*values)), values)

    def call_same(self, function: str, *values: Typed) -> Typed:
        return self._call(function, _strong(self.together(*values)), values)

    def _call(self, function: str, kind: str, values: Iterable[Typed]) -> Typed:
        return self._template(function, kind, *(self.cast(value, kind) for value in values))

    def strong(self, value: Typed) -> Typed:
        kind = _strong(value.type)
        return Typed(self.cast(value, kind), kind)

    def whole(self, value: Typed) -> Typed:
        number = self.cast(value, "double")
        if value.type != "bool":
            return Typed(f"whole_({_bare(number)})", "double")
        self.truths[number] = value
        return Typed(number, "double")


def _strong(kind: str) -> str:
    """The type that a numpy function makes of a plain Python number."""
    return "double" if kind == WEAK else kind


def _number(node: ast.expr) -> float | None:
    """The value of arithmetic that holds numbers alone, as Python computes it; None for anything else."""
    if isinstance(node, ast.Constant):
        return None if isinstance(node.value, bool) else float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _number(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _number(node.left), _number(node.right)
        return None if left is None or right is None else ARITHMETIC[type(node.op)](left, right)
    return None


def _literal(number: float) -> Typed:
    text = (
        repr(number)
        if np.isfinite(number)
        else "NAN"
        if number != number
        else "INFINITY"
        if number > 0
        else "-INFINITY"
    )
    return Typed(f"({text})" if text.startswith("-") else text, WEAK)


def _exponent(n: Typed) -> float | None:
    """The value of an exponent that is written as a number."""
    try:
        return float(_bare(n.text)) if n.type == WEAK else None
    except ValueError:
        return None

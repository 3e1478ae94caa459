"""Statements as C++: one constant per assignment, of the type that numpy gives it.

It follows `numpy_code.py` in three things, so that + - * / and square roots give the same bits:

* the types: numpy 2's promotion, in which a plain Python number takes the type of what it meets (whole
  numbers are floats);
* the order of operations;
* the numbering of the random calls.

Other functions are those of `engine/events/core/numbers/math.hpp`. A few of them differ from numpy's in the
last bits. In a block that calls one of these nothing is lost by fusing the products in its sums: a*x + b is
then rounded once.

The generated code reads `keys` (one for each random call), `tick` and `element` from its surroundings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.functions import ARGUMENTS, RANDOM, Function, functions
from neurosim.network.text import OPERATORS, Statement, called, calls_in, is_known, parsed
from neurosim.plan.codegen.typed import CalledTyped as CalledTyped
from neurosim.plan.codegen.typed import Typed as Typed
from neurosim.plan.codegen.writer import SYMBOLS, ExpressionWriter, constant_value
from neurosim.plan.precision import state_dtype

STRONG = ("bool", "Real", "double")  # in numpy's order: of two types, the later one holds both
WEAK = "float"  # a plain Python number
ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.Div: lambda x, y: x / y,
    ast.FloorDiv: lambda x, y: x // y,
    ast.Mod: lambda x, y: x % y,
    ast.Pow: lambda x, y: float(np.float64(x) ** y),
}


def cpp_statements(
    statements: Iterable[Statement],
    names: Mapping[str, Typed],
    *,
    precision: str,
    frozen: frozenset[str] = frozenset(),
    first_call: int = 0,
    before: Iterable[str] = (),
) -> tuple[list[str], dict[str, Typed]]:
    """Lines of C++, one per statement, and for each assigned name the constant that holds its last value.

    names: for every name that the text reads, C++ that needs no parentheses around it
    precision: the precision of the run; in 'single' and 'half', Real is float, else double
    frozen: the names to which writing has effect only where the neuron is not refractory
    first_call: the first random call takes keys[first_call]
    before: the lines that stand before in the same scope, whose names are not declared again

    Raises PlanError for what only numpy can compute.
    """
    statements = tuple(statements)
    known: dict[str, Typed] = dict(names)
    assigned: dict[str, Typed] = {}
    lines: list[str] = []
    writer = CppWriter(known, precision, first_call, fuses=any(_rounds(s.expression) for s in statements))
    surroundings = (*before, *(typed.text for typed in names.values()))
    taken: set[str] = {word for text in surroundings for word in re.findall(r"\w+", text)}
    for statement in statements:
        value = writer.write(parsed(statement.expression))
        if statement.op != "=":
            value = writer.arithmetic(OPERATORS[statement.op], known[statement.name], value)
        if statement.name in frozen:
            value = writer.choose(known["not_refractory"], value, known[statement.name])
        local = _local(statement.name, taken)
        taken.add(local)
        lines.append(f"const {_strong(value.type)} {local} = {_bare(value.text)};")
        known[statement.name] = assigned[statement.name] = Typed(local, value.type)
    return lines, assigned


def cpp_expression(
    expression: str, names: Mapping[str, Typed], *, precision: str, first_call: int = 0
) -> Typed:
    """C++ for one expression, and its type; arguments and errors as in `cpp_statements`."""
    return CppWriter(names, precision, first_call).write(parsed(expression))


def without_cpp(expressions: Iterable[str]) -> str | None:
    """The first function in these expressions that only numpy can compute, or None."""
    names = (name for text in expressions for name in calls_in(text) if name in functions())
    return next((name for name in names if not _has_cpp(functions()[name])), None)


def _has_cpp(function: Function) -> bool:
    """Whether a function can be written in C++, itself or through the functions of its text."""
    if function.cpp is not None or (function.kind == RANDOM and not function.looks_along):
        return True
    return bool(function.text) and all(_has_cpp(functions()[name]) for name in calls_in(function.text))


def _rounds(expression: str) -> bool:
    """Whether an expression calls functions whose last bits are not numpy's."""
    for name in calls_in(expression):
        function = functions().get(name)
        if function is None:  # a constant that text calls, which has the bits of numpy
            continue
        if function.rounds or (function.cpp is None and function.text and _rounds(function.text)):
            return True
    return False


def _local(name: str, taken: set[str]) -> str:
    """A free C++ identifier that begins with the user's name; its number keeps it from being a keyword."""
    plain = "".join(c if c.isascii() else f"u{ord(c):x}" for c in name)
    stem = re.sub("_+", "_", plain).strip("_").removeprefix("M_")  # M_PI_2 is a macro
    stem = stem if stem[:1].isalpha() else f"x{stem}"
    return next(f"{stem}_{number}" for number in count(1) if f"{stem}_{number}" not in taken)


def _bare(text: str) -> str:
    """The expression without a pair of parentheses that encloses all of it."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if position == len(text) - 1 and text.startswith("(") else text
    return text


class CppWriter(ExpressionWriter[Typed]):
    """Writes expressions as C++, and numbers the random calls of their block as `NumpyWriter` does.

    names: C++ for each name
    precision: 'single' or 'half' if Real is float
    first_call: the number of the first random call
    fuses: whether a sum with a product is rounded once
    """

    def __init__(self, names: Mapping[str, Typed], precision: str, first_call: int, fuses: bool = False):
        self.names, self.calls, self.fuses = names, first_call, fuses
        self.single = state_dtype(precision) is np.float32
        self.products: dict[str, tuple[str, str]] = {}  # text of a product -> its two factors
        self.truths: dict[str, Typed] = {}  # text of int(truth value) -> the truth value

    def write(self, node: ast.expr) -> Typed:
        number = _constant_number(node)
        return super().write(node) if number is None else _literal(number)

    def constant(self, node: ast.Constant) -> Typed:
        return Typed("true" if node.value else "false", "bool")  # `write` has taken the numbers

    def variable(self, node: ast.Name) -> Typed:
        return self.names[node.id]

    def operation(self, node: ast.BinOp) -> Typed:
        left = self.write(node.left)  # first, since it may make a random call
        return self.arithmetic(node.op, left, self.write(node.right))

    def unary(self, node: ast.UnaryOp) -> Typed:
        operand = self.write(node.operand)
        if isinstance(node.op, ast.Not):
            return Typed(f"(!{self.cast(operand, 'bool')})", "bool")
        if operand.type == "bool":
            raise PlanError(
                f"a sign before the truth value {operand.text} is not defined. Write 1.0*(...) around it."
            )
        return Typed(f"(-{operand.text})", operand.type) if isinstance(node.op, ast.USub) else operand

    def logic(self, node: ast.BoolOp) -> Typed:
        # & and | evaluate both sides, so that loops have no branches and run in vectors.
        symbol = " & " if isinstance(node.op, ast.And) else " | "
        return Typed(
            f"({symbol.join(self.cast(self.write(value), 'bool') for value in node.values)})", "bool"
        )

    def comparison(self, node: ast.Compare) -> Typed:
        sides = [self.write(side) for side in (node.left, *node.comparators)]
        parts: list[str] = []
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            number_type = self.common_type(left, right)
            parts.append(
                f"({self.cast(left, number_type)} {SYMBOLS[type(op)]} {self.cast(right, number_type)})"
            )
        return Typed(parts[0] if len(parts) == 1 else f"({' & '.join(parts)})", "bool")

    def call(self, node: ast.Call) -> Typed:
        if not is_known(node):
            return self._constant_called(node)
        function = functions()[called(node)]
        if not _has_cpp(function):
            population = function.looks_along
            reason = "looks at a whole population, which compiled text cannot" if population else "has no C++"
            raise PlanError(f"{function.name}() {reason}. Use the reference engine.")
        arguments = [self.write(argument) for argument in node.args]
        if len(arguments) != function.arguments or node.keywords:
            raise PlanError(
                f"{function.name}() takes {function.arguments} numbers, not"
                f" {len(arguments) + len(node.keywords)}. Write it so."
            )
        if function.kind == RANDOM:
            return self._random(function.name, arguments)
        if not function.takes_truth:
            arguments = [
                Typed(self.cast(value, "double"), "double") if value.type == "bool" else value
                for value in arguments
            ]
        if function.cpp is not None:
            return function.cpp(self, *arguments)
        outer, self.names = self.names, dict(zip(ARGUMENTS, arguments, strict=False))
        value = self.write(parsed(function.text))
        self.names = outer
        return value

    def _constant_called(self, node: ast.Call) -> Typed:
        """The call of a constant."""
        arguments = [_bare(self.cast(self.write(argument), "double")) for argument in node.args]
        constant = self.names[called(node)]
        assert isinstance(constant, CalledTyped)
        return Typed(constant.written(arguments), constant.type)

    def _random(self, name: str, parameters: list[Typed]) -> Typed:
        self.calls += 1
        function = {"rand": "uniform", "randn": "normal"}.get(name, name)
        numbers = [_bare(self.cast(value, "double")) for value in parameters]
        arguments = [f"keys[{self.calls - 1}]", "tick", "element", *numbers]
        return Typed(f"{function}({', '.join(arguments)})", "double")

    def arithmetic(self, op: ast.operator, left: Typed, right: Typed) -> Typed:
        """`left op right`."""
        if isinstance(op, ast.Pow):
            return self.power(left, right)
        common = self.float_type if isinstance(op, ast.Div) else self.common_type
        number_type = common(left, right)
        if number_type == "bool":
            return self._of_truth_values(op, left, right)
        a, b = self.cast(left, number_type), self.cast(right, number_type)
        if isinstance(op, ast.FloorDiv):
            return Typed(f"floor_div_({_bare(a)}, {_bare(b)})", number_type)
        if isinstance(op, ast.Mod):
            return Typed(f"floor_mod_({_bare(a)}, {_bare(b)})", number_type)
        if self.fuses and number_type in ("Real", "double"):
            return Typed(self._fused(op, a, b), number_type)
        return Typed(f"({a} {SYMBOLS[type(op)]} {b})", number_type)

    def _fused(self, op: ast.operator, a: str, b: str) -> str:
        """`a op b`, in which a sum with a product (the right one, if both are products) is rounded once."""
        text = f"({a} {SYMBOLS[type(op)]} {b})"
        sign = "-" if isinstance(op, ast.Sub) else ""
        if isinstance(op, ast.Mult):
            self.products[text] = a, b
        elif isinstance(op, ast.Add | ast.Sub) and b in self.products:
            x, y = self.products[b]
            return f"fused({sign}{x}, {_bare(y)}, {_bare(a)})"
        elif isinstance(op, ast.Add | ast.Sub) and a in self.products:
            x, y = map(_bare, self.products[a])
            return f"fused({x}, {y}, {sign}{b})"
        return text

    def _of_truth_values(self, op: ast.operator, left: Typed, right: Typed) -> Typed:
        """Numpy's + and * of two truth values, which are `or` and `and`; it defines no others."""
        if not isinstance(op, ast.Add | ast.Mult):
            raise PlanError(
                f"the operator of {left.text} and {right.text} is not defined for two truth values."
                " Write 1.0*(...) around them."
            )
        return Typed(f"({left.text} {'|' if isinstance(op, ast.Add) else '&'} {right.text})", "bool")

    def power(self, x: Typed, n: Typed) -> Typed:
        """x to the power n; powers of 2, 3 and 4 by multiplication."""
        base = "double" if x.type == "bool" else x.type
        number_type = self.float_type(Typed("", base), n)
        a = self.cast(Typed(self.cast(x, base), base), number_type)
        exponent = _exponent(n)
        if exponent in (2.0, 3.0, 4.0):
            return Typed(f"power{int(exponent)}_({_bare(a)})", number_type)
        if exponent == 0.5:
            return Typed(f"sqrt_({_bare(a)})", number_type)
        if exponent == -1.0:
            return Typed(f"({_strong(number_type)}(1) / {a})", number_type)
        return Typed(f"pow_({_bare(a)}, {_bare(self.cast(n, number_type))})", number_type)

    def cast(self, value: Typed, number_type: str) -> str:
        """The value as a number of this type."""
        if value.type == number_type or (not self.single and {value.type, number_type} == {"Real", "double"}):
            return value.text
        if number_type == "bool":
            return f"({value.text} != 0)"
        value = self.truths.get(value.text, value)
        if value.type == "bool":
            return f"({value.text} ? {_strong(number_type)}(1) : {_strong(number_type)}(0))"
        if value.type == "float" and number_type == "double":
            return value.text
        return f"{_strong(number_type)}({_bare(value.text)})"

    def common_type(self, *values: Typed) -> str:
        """The type of what is computed from these values, by numpy's rules of promotion."""
        strong = max((value.type for value in values if value.type in STRONG), key=STRONG.index, default=WEAK)
        return "double" if strong == "bool" and any(value.type == WEAK for value in values) else strong

    def float_type(self, *values: Typed) -> str:
        """The same for operations whose result is always a float."""
        number_type = self.common_type(*values)
        return "double" if number_type == "bool" else number_type

    # The methods below are the interface `function_table.Cpp`, with which the entries of that file write C++.

    def call_float(self, function: str, *values: Typed) -> Typed:
        return self._call(function, _strong(self.float_type(*values)), values)

    def call_same(self, function: str, *values: Typed) -> Typed:
        return self._call(function, _strong(self.common_type(*values)), values)

    def choose(self, condition: Typed, yes: Typed, no: Typed) -> Typed:
        number_type = _strong(self.common_type(yes, no))
        return _template(
            "where_",
            number_type,
            self.cast(condition, "bool"),
            self.cast(yes, number_type),
            self.cast(no, number_type),
        )

    def strong(self, value: Typed) -> Typed:
        number_type = _strong(value.type)
        return Typed(self.cast(value, number_type), number_type)

    def whole(self, value: Typed) -> Typed:
        number = self.cast(value, "double")
        if value.type != "bool":
            return Typed(f"whole_({_bare(number)})", "double")
        self.truths[number] = value
        return Typed(number, "double")

    def _call(self, function: str, number_type: str, values: Iterable[Typed]) -> Typed:
        return _template(function, number_type, *(self.cast(value, number_type) for value in values))


def _template(name: str, number_type: str, *arguments: str) -> Typed:
    """A call of a function template of arguments of one type.

    For bool the type must be written out, since what & and | make of truth values is an int in C++.
    """
    return Typed(
        f"{name}{'<bool>' if number_type == 'bool' else ''}({', '.join(map(_bare, arguments))})", number_type
    )


def _strong(number_type: str) -> str:
    """The type that a numpy function makes of a plain Python number."""
    return "double" if number_type == WEAK else number_type


def _constant_number(node: ast.expr) -> float | None:
    """The value of arithmetic of numbers alone, as Python computes it; None for anything else."""
    match node:
        case ast.Constant():
            value = constant_value(node)
            return None if isinstance(value, bool) else value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            value = _constant_number(node.operand)
            return -value if value is not None and isinstance(node.op, ast.USub) else value
        case ast.BinOp():
            left, right = _constant_number(node.left), _constant_number(node.right)
            return None if left is None or right is None else ARITHMETIC[type(node.op)](left, right)
        case _:
            return None


def _literal(number: float) -> Typed:
    if np.isfinite(number):
        text = repr(number)
    elif np.isnan(number):
        text = "NAN"
    else:
        text = "INFINITY" if number > 0 else "-INFINITY"
    return Typed(f"({text})" if text.startswith("-") else text, WEAK)


def _exponent(n: Typed) -> float | None:
    """The value of an exponent that is written as a number; None for any other."""
    try:
        return float(_bare(n.text)) if n.type == WEAK else None
    except ValueError:
        return None

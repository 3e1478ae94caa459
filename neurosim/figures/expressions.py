"""Text of populations and synapses as figures show it: without what has no effect, and rounded."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

import numpy as np

from neurosim.network.functions import random_calls
from neurosim.network.neurons import Neurons
from neurosim.network.pictures import sizes_text
from neurosim.network.synapses import Synapses
from neurosim.network.text import Equation, Statement, called, literal, names_in, parsed_copy
from neurosim.network.values import PLAIN, Value

LONGEST = 36  # characters of a line of text
MOST_LINES = 4
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
POWERS = {"2": "\N{SUPERSCRIPT TWO}", "3": "\N{SUPERSCRIPT THREE}", "4": "\N{SUPERSCRIPT FOUR}"}


def neutral_constants(population: Neurons) -> dict[str, float]:
    """The constants that are 0 or 1, the same for all neurons, and that training does not change."""
    values = {}
    for name, value in population.constants.items():
        if isinstance(value, Value) and value.dim == PLAIN and name not in population.learns:
            numbers = value.number
            if numbers.size and numbers.dtype.kind in "fiu" and (numbers == numbers.flat[0]).all():
                values[name] = float(numbers.flat[0])
    varying = {*population.states, *population.assigned}
    return {name: number for name, number in values.items() if number in (0, 1) and name not in varying}


class _Simplifier(ast.NodeTransformer):
    """Takes away sums with 0 and products with 0 or 1, and what happens only in training.

    neutral: names that are 0 or 1.
    in_training: what `where(training, ...)` chose in training; filled in.
    """

    def __init__(self, neutral: Mapping[str, float]):
        self.neutral = neutral
        self.in_training: list[ast.expr] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(int(self.neutral[node.id])) if node.id in self.neutral else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]
        test = node.args[0] if node.args else None
        if called(node) == "where" and isinstance(test, ast.Name) and test.id == "training":
            self.in_training.append(node.args[1])
            return node.args[2]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        node.left, node.right = left, right
        match node.op:
            case ast.Add() if _is(left, 0):
                return right
            case ast.Add() | ast.Sub() if _is(right, 0):
                return left
            case ast.Sub() if _is(left, 1) and _is(right, 1):
                return ast.Constant(0)
            case ast.Mult() if _is(left, 0) or _is(right, 0):
                return ast.Constant(0)
            case ast.Mult() if _is(left, 1):
                return right
            case ast.Mult() | ast.Div() | ast.Pow() if _is(right, 1):
                return left
            case ast.Pow() if _is(left, 1):
                return left
        return node


def _is(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number


def simplified(expression: str, neutral: Mapping[str, float]) -> ast.expr:
    """The syntax tree of an expression outside of training, without terms and factors that change nothing.

    neutral: names whose value is 0 or 1, with these values.

    >>> import ast
    >>> ast.unparse(simplified("(1 - leak)*v + leak*tanh(I + bias)", {"leak": 1, "bias": 0}))
    'tanh(I)'
    """
    return _Simplifier(neutral).visit(parsed_copy(expression))


def rounded_numbers(text: str) -> str:
    """Text with its decimal numbers rounded to three significant digits.

    >>> rounded_numbers("random, 392.692 to -0.301511, 2.00")
    'random, 393 to -0.302, 2'
    """

    def rounded(match: re.Match[str]) -> str:
        number = float(match.group())
        return f"{number:,.0f}" if 1e3 <= number < 1e15 else f"{number:.3g}"

    return re.sub(r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?![\w.])", rounded, text)


def shown_text(expression: str) -> str:
    """An expression as it is written in a figure: products without spaces, powers raised.

    >>> shown_text("(v_pre - w) ** 2 * 0.33333")
    '(v_pre - w)²*0.333'
    """
    text = re.sub(r"\s*(\*\*|\*|/)\s*", r"\1", " ".join(expression.split()))
    text = re.sub(r"\*\*([234])(?![\w.])", lambda match: POWERS[match.group(1)], text)
    return rounded_numbers(text)


def shortened(line: str, longest: int = LONGEST) -> str:
    """A line of at most `longest` characters; a longer one ends with an ellipsis."""
    return line if len(line) <= longest else f"{line[: longest - 2].rstrip()} {ELLIPSIS}"


def population_lines(population: Neurons) -> tuple[str, ...]:
    """How a population calculates what it sends, in at most four lines.

    For neurons that spike this is their first differential equation; for others all statements if they are
    few, or those that define what is sent. A subexpression that is sent comes after its equations.
    """
    if population.driven:
        return ("driven from outside",)
    neutral = neutral_constants(population)
    sent = None if population.spiking else population.sends
    equations = {line.name: line for line in population.lines if line.expression}
    lines = []
    if sent in equations and equations[sent].kind == "subexpression":
        used = names_in(equations[sent].expression)
        lines += [line for name, line in equations.items() if name in used and line.kind == "differential"]
        lines.append(equations[sent])
    else:
        differential = [line for line in equations.values() if line.kind == "differential"]
        lines += [line for line in differential if sent in (None, line.name)][:1]
    lines = [_equation_text(line, neutral) for line in lines]
    if not lines or sent is not None:
        lines += _statement_lines(population.statements, sent, neutral)
    if not lines and population.threshold:
        lines.append(f"spikes if {shown_text(population.threshold)}")
    if not lines and population.equations.strip():
        lines.append(population.equations.strip().splitlines()[0])
    lines += training_lines(population)
    return tuple(shortened(line) for line in lines[:MOST_LINES])


def _equation_text(line: Equation, neutral: Mapping[str, float]) -> str:
    left = f"d{line.name}/dt" if line.kind == "differential" else line.name
    return f"{left} = {shown_text(ast.unparse(simplified(line.expression, neutral)))}"


def _statement_lines(
    statements: Sequence[Statement], sent: str | None, neutral: Mapping[str, float]
) -> list[str]:
    """All statements if they are few, or else those that assign `sent`; if others follow, what is sent."""
    if len(statements) >= MOST_LINES:
        statements = [s for s in statements if s.name == sent] or statements[-1:]
    lines = [statement_text(s.name, s.op, ast.unparse(simplified(s.expression, neutral))) for s in statements]
    if sent is not None and statements and statements[-1].name != sent:
        lines.append(f"sends {sent}")
    return lines[-MOST_LINES:]


def written_lines(population: Neurons) -> list[str]:
    """The text of a population, line by line."""
    neutral = neutral_constants(population)
    lines = [_equation_text(line, neutral) for line in population.lines if line.expression]
    lines += [statement_text(s.name, s.op, s.expression) for s in population.statements]
    lines += [f"spikes if {shown_text(population.threshold)}"] if population.threshold else []
    resets = (statement_text(s.name, s.op, s.expression) for s in population.reset_statements)
    regular = [
        f"every {block.period}: {statement_text(s.name, s.op, s.expression)}"
        for block in population.regular
        for s in block.statements
    ]
    return [*lines, *(f"after a spike: {line}" for line in resets), *regular]


def statement_text(name: str, op: str, expression: str) -> str:
    """An assignment as it is written in a figure."""
    return f"{name} {op} {shown_text(expression)}"


def training_lines(population: Neurons) -> list[str]:
    """What a population calculates in training only, with the numbers of its constants."""
    neutral = neutral_constants(population)
    numbers = {
        name: ast.Constant(float(value.number))
        for name, value in population.constants.items()
        if isinstance(value, Value) and value.scalar
    }
    terms = []
    for line in (*population.lines, *population.statements):
        if line.expression:
            simplifier = _Simplifier(neutral)
            simplifier.visit(parsed_copy(line.expression))
            terms += [term for term in simplifier.in_training if not isinstance(term, ast.Constant)]
    return [f"in training also {shown_text(ast.unparse(_Filled(numbers).visit(term)))}" for term in terms]


class _Filled(ast.NodeTransformer):
    """Puts numbers in place of names."""

    def __init__(self, numbers: Mapping[str, ast.Constant]):
        self.numbers = numbers

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.numbers.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        number = literal(node)
        return node if number is None else ast.Constant(number)


def is_random(population: Neurons) -> bool:
    """Whether the update of a population draws random numbers outside of training."""
    neutral = neutral_constants(population)
    texts = [ast.unparse(simplified(s.expression, neutral)) for s in population.statements]
    return bool(random_calls([Statement("", "=", text) for text in texts]))


def size_text(population: Neurons) -> str:
    """The shape of a population, such as '6 x 6'; also that of a grid whose units have constants x and y."""
    shape, size = population.shape, population.size
    rows = _rows(population)
    return sizes_text((rows, size // rows) if len(shape) == 1 and rows else shape)


def _rows(population: Neurons) -> int:
    """The number of rows of a grid whose units have constants x and y; 0 if there is no grid."""
    x, y = (population.constants.get(name) for name in ("x", "y"))
    if not (isinstance(x, Value) and isinstance(y, Value) and x.shape == y.shape == (population.size,)):
        return 0
    rows = len(np.unique(y.number.round(6)))
    return rows if population.size % rows == 0 and 1 < rows < population.size else 0


def synapse_lines(synapses: Synapses) -> tuple[str, ...]:
    """The text of synapses that does more than add the weight, at most four lines."""
    lines = [
        f"{line.name} = {shown_text(line.expression)}" for line in synapses.lines if "summed" in line.flags
    ]
    for statement in synapses.all_statements:
        line = statement_text(statement.name.removesuffix("_post"), statement.op, statement.expression)
        adds = statement.op == "+=" and statement.expression == "w" and statement.name.endswith("_post")
        lines += [] if adds else [line]
    return tuple(shortened(line) for line in lines[:MOST_LINES])

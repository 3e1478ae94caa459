"""The data flow within a cell: what its text calculates from what, as a graph.

Each function, sum and product of the text is a node. Subexpressions that occur twice are one node. States
that are read before they are assigned are nodes of their own, to which a loop leads back.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from neurosim.errors import DescriptionError
from neurosim.figures.expressions import neutral_constants, shown_text, simplified
from neurosim.network.functions import random_calls
from neurosim.network.neurons import Neurons
from neurosim.network.text import OPERATORS, Statement, called, literal, names_of, parsed_copy

NodeKind = Literal["input", "constant", "random", "state", "function", "scale", "sum", "product", "output"]
SYMBOLS = {"sigmoid": "\N{GREEK SMALL LETTER SIGMA}"}
DOT = "\N{MIDDLE DOT}"  # stands for an argument in the text of a function
MINUS, TIMES, DIVIDED = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"
INTEGRAL = "\N{INTEGRAL}"


@dataclass
class Node:
    """What calculates, stores or receives a value.

    text: what is written in it.
    """

    key: str
    kind: NodeKind
    text: str


@dataclass(eq=False)
class Wire:
    """A value that goes from node to node.

    inverse: whether a sum subtracts it, or a product is divided by it.
    instant, number: as for edges of diagrams; a wire that closes a loop is not instant.
    """

    source: str
    target: str
    inverse: bool = False
    instant: bool = True
    number: int = 0


@dataclass
class Flow:
    """The graph of a cell.

    nodes: by key, in the order of the text.
    wires: from node to node, without the loops.
    loops: from the last value of a state to the state, or from its derivative.
    names: the variables that nodes calculate, by key of the node.
    remarks: what is not drawn, as lines of text.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    loops: list[Wire] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, kind: NodeKind, text: str, sources: Sequence[tuple[str, bool]] = ()) -> str:
        """A new node that takes these values, each with whether its inverse is taken; returns its key."""
        key = f"n{len(self.nodes)}"
        self.nodes[key] = Node(key, kind, text)
        for source, inverse in sources:
            self.wires.append(Wire(source, key, inverse, number=len(self.wires)))
        return key


def read_flow(population: Neurons) -> Flow:
    """The data flow of a population that has text."""
    if population.driven:
        raise DescriptionError(
            f"cell: {population.name!r} has no text, so there is nothing to draw. Give a population that has."
        )
    return _Reader(population).read()


class _Reader:
    """Reads equations and statements in order.

    values: by variable, the node that holds its current value.
    made: nodes by expression and by the values of its names, so that equal expressions are one node.
    """

    def __init__(self, population: Neurons):
        self.population, self.flow = population, Flow()
        self.neutral = neutral_constants(population)
        self.subexpressions = {e.name: e.expression for e in population.lines if e.kind == "subexpression"}
        self.differential = {e.name: e.expression for e in population.lines if e.kind == "differential"}
        self.varying = {*population.port_names, *population.states, *self.subexpressions}
        self.values: dict[str, str] = {}
        self.made: dict[tuple[str, tuple[tuple[str, int], ...]], str] = {}
        self.version: Counter[str] = Counter()  # how often each variable has been assigned
        self.states: dict[str, str] = {}  # by variable, the node of its value at the beginning

    def read(self) -> Flow:
        population, flow = self.population, self.flow
        rates = {name: self.build(self.tree(text)) for name, text in self.differential.items()}
        for name, rate in rates.items():
            if flow.nodes[rate].kind not in ("input", "constant", "state"):
                flow.names[rate] = f"d{name}/dt"
        for statement in population.statements:
            self.assign(statement)
        if population.spiking:
            if population.threshold:
                fires = self.build(self.tree(population.threshold))
                flow.add("output", "spikes", [(fires, False)])
            resets = [f"{s.name} {s.op} {shown_text(s.expression)}" for s in population.reset_statements]
            flow.remarks += [f"after a spike: {', '.join(resets)}"] if resets else []
        elif population.sends is not None:
            end = self.value(population.sends)
            flow.add("output", self.at(population.sends), [(end, False)])
            flow.names.pop(end, None)
        for name, state in self.states.items():
            end = rates.get(name, self.values.get(name))
            if end is not None and end != state:
                flow.loops.append(Wire(end, state, instant=False, number=len(flow.loops)))
        return flow

    def at(self, name: str) -> str:
        """A variable as it is sent: at time t, if text assigns it tick by tick."""
        return f"{name}(t)" if self.population.statements else name

    def tree(self, text: str) -> ast.expr:
        return simplified(text, self.neutral)

    def assign(self, statement: Statement) -> None:
        tree = self.tree(statement.expression)
        if statement.op in OPERATORS:
            tree = ast.BinOp(ast.Name(statement.name, ast.Load()), OPERATORS[statement.op], tree)
        key = self.build(tree)
        self.values[statement.name] = key
        self.version[statement.name] += 1
        if self.flow.nodes[key].kind not in ("input", "constant", "state"):
            self.flow.names[key] = statement.name

    def value(self, name: str) -> str:
        """The node that holds the value of a variable or port."""
        if name in self.values:
            return self.values[name]
        if name in self.subexpressions:
            key = self.values[name] = self.build(self.tree(self.subexpressions[name]))
            self.flow.names.setdefault(key, name)
            return key
        if name in self.population.states:
            text = f"{INTEGRAL} {name}" if name in self.differential else f"{name}(t {MINUS} 1)"
            self.states[name] = self.values[name] = self.flow.add("state", text)
        else:
            self.values[name] = self.flow.add("input", name)
        return self.values[name]

    def build(self, tree: ast.expr) -> str:
        """The node that calculates an expression."""
        if isinstance(tree, ast.Name) and tree.id in self.varying:
            return self.value(tree.id)
        versions = [(name, self.version[name]) for name in sorted(names_of(tree) & self.varying)]
        key = (ast.dump(tree), tuple(versions))
        drawn = any(_is_random(node) for node in ast.walk(tree))
        if drawn or key not in self.made:
            self.made[key] = self.new(tree)
        return self.made[key]

    def new(self, tree: ast.expr) -> str:
        if self.is_constant(tree):
            return self.flow.add("constant", _text(tree))
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
            return self.sum(_terms(tree))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return self.sum(_terms(tree))
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
            return self.product(*_factors(tree))
        return self.function(tree)

    def is_constant(self, tree: ast.expr) -> bool:
        """Whether an expression has neither variables nor random numbers."""
        return not names_of(tree) & self.varying and not any(_is_random(node) for node in ast.walk(tree))

    def is_port(self, tree: ast.expr) -> bool:
        return isinstance(tree, ast.Name) and tree.id in self.population.port_names

    def sum(self, terms: list[tuple[ast.expr, bool]]) -> str:
        """A sum; a constant stands beside the port to which it is added, or else in a node of its own."""
        constants = [term for term in terms if self.is_constant(term[0])]
        varying = [term for term in terms if term not in constants]
        ports = [term for term in varying if self.is_port(term[0]) and not term[1]]
        if constants and len(ports) == 1:
            shifted = self.input(ports[0][0], constants)
            if len(varying) == 1:
                return shifted
            sources = [(shifted, False) if term is ports[0] else self.signed(term) for term in varying]
            return self.flow.add("sum", "+", sources)
        if len(varying) == 1:
            (inner, negative), rest = self.signed(varying[0]), _sum_text(constants)
            text = (
                f"{rest} {MINUS}".strip() if negative else f"{'' if rest.startswith(MINUS) else '+ '}{rest}"
            )
            return self.flow.add("function", text, [(inner, False)])
        sources = [self.signed(term) for term in varying]
        if constants:
            sources.append((self.flow.add("constant", _sum_text(constants)), False))
        return self.flow.add("sum", "+", sources)

    def signed(self, term: tuple[ast.expr, bool]) -> tuple[str, bool]:
        return self.build(term[0]), term[1]

    def input(self, port: ast.expr, constants: list[tuple[ast.expr, bool]]) -> str:
        """A port and the constants that are added to it, as one input."""
        text = _sum_text([(port, False), *constants])
        key = (f"input {text}", ())
        if key not in self.made:
            self.made[key] = self.flow.add("input", text)
        return self.made[key]

    def product(self, above: list[ast.expr], below: list[ast.expr]) -> str:
        """A product or quotient; constant factors are a node of their own."""
        factors = [tree for tree in above if not self.is_constant(tree)]
        divisors = [tree for tree in below if not self.is_constant(tree)]
        constants = [tree for tree in above if self.is_constant(tree)]
        under = [tree for tree in below if self.is_constant(tree)]
        sources = [(self.build(tree), False) for tree in factors]
        if len(sources) > 1 and divisors:  # a quotient has two arguments, which are easier to tell apart
            sources = [(self.flow.add("product", TIMES, sources), False)]
        sources += [(self.build(_product_of(divisors)), True)] if divisors else []
        if factors:
            key = sources[0][0] if len(sources) == 1 else self.flow.add("product", TIMES, sources)
        else:
            text = _text(_product_of(constants)) if constants else "1"
            key, constants = self.flow.add("function", f"{text} {DIVIDED}", [(sources[0][0], False)]), []
        if constants or under:
            text = f"{TIMES} {_text(_product_of(constants), inner=True)}" if constants else ""
            text += f" / {_text(_product_of(under), inner=True)}" if under else ""
            key = self.flow.add("scale", text.strip(), [(key, False)])
        return key

    def function(self, tree: ast.expr) -> str:
        """A function, comparison or other operation; constant arguments are part of its text."""
        if isinstance(tree, ast.Call) and not tree.args:
            return self.flow.add("random", _text(tree))
        arguments = self.arguments(tree)
        sources = [(self.build(argument), False) for argument in arguments.values()]
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow):
            text = _power_text(tree, len(arguments))
        elif isinstance(tree, ast.Call) and all(ast.unparse(child) in arguments for child in tree.args):
            text = SYMBOLS.get(called(tree), called(tree))
        else:
            text = _text(_Dotted(set(arguments)).visit(parsed_copy(ast.unparse(tree))))
        return self.flow.add("random" if _is_random(tree) else "function", text, sources)

    def arguments(self, tree: ast.expr) -> dict[str, ast.expr]:
        """The expressions with variables directly within an operation, by their text.

        A test is written out where it is used, so the arguments within it are those of the operation.
        """
        arguments: dict[str, ast.expr] = {}
        for child in ast.iter_child_nodes(tree):
            child = child.value if isinstance(child, ast.keyword) else child
            if not isinstance(child, ast.expr) or (isinstance(tree, ast.Call) and child is tree.func):
                continue
            if isinstance(child, (ast.Compare, ast.BoolOp)):
                arguments |= self.arguments(child)
            elif not self.is_constant(child):
                arguments[ast.unparse(child)] = child
        return arguments


class _Dotted(ast.NodeTransformer):
    """Puts a mark in place of each argument."""

    def __init__(self, arguments: set[str]):
        self.arguments = arguments

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and ast.unparse(node) in self.arguments:
            return ast.Name(DOT, ast.Load())
        return self.generic_visit(node)


def _terms(tree: ast.expr, negative: bool = False) -> list[tuple[ast.expr, bool]]:
    """The terms of a sum, each with whether it is subtracted."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        right = negative != isinstance(tree.op, ast.Sub)
        return _terms(tree.left, negative) + _terms(tree.right, right)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _terms(tree.operand, not negative)
    return [(tree, negative)]


def _factors(tree: ast.expr) -> tuple[list[ast.expr], list[ast.expr]]:
    """The factors of a product and those of its divisor."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        above, below = _factors(tree.left)
        more, less = _factors(tree.right)
        if isinstance(tree.op, ast.Div):
            more, less = less, more
        return above + more, below + less
    return [tree], []


def _product_of(factors: Sequence[ast.expr]) -> ast.expr:
    product = factors[0]
    for factor in factors[1:]:
        product = ast.BinOp(product, ast.Mult(), factor)
    return product


def _sum_text(terms: Sequence[tuple[ast.expr, bool]]) -> str:
    text = ""
    for tree, negative in terms:
        sign = MINUS if negative else "+" if text else ""
        text += f" {sign} {_text(tree)}" if text else f"{sign}{_text(tree)}"
    return text


def _text(tree: ast.AST, inner: bool = False) -> str:
    """An expression as text, in brackets if it is a sum within another one."""
    text = shown_text(ast.unparse(tree))
    return f"({text})" if inner and isinstance(tree, ast.BinOp) and not text.isidentifier() else text


def _power_text(tree: ast.BinOp, varying: int) -> str:
    """A power as text: 'x²', '2 to the x' or 'x to the y'."""
    if varying == 2:
        return "x\N{MODIFIER LETTER SMALL Y}"
    exponent = literal(tree.right)
    if exponent is None:
        return (
            f"x^{_text(tree.right)}"
            if names_of(tree.left)
            else f"{_text(tree.left)}\N{MODIFIER LETTER SMALL X}"
        )
    return shown_text(f"x**{exponent:g}")


def _is_random(tree: ast.AST) -> bool:
    return bool(called(tree)) and bool(random_calls([Statement("", "=", f"{called(tree)}()")]))

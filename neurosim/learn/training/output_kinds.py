"""What kind of numbers a population sends, as far as its text shows it: scores or probabilities."""

from __future__ import annotations

import ast

from neurosim.network.neurons import Neurons
from neurosim.network.text import parsed

CLASSES = "probabilities of classes"  # which sum to 1 along the last axis
CHANCES = "probabilities"  # of each neuron by itself
SCORES = "numbers of any size"
OF_FUNCTION = {  # of the function that is called last
    "softmax": CLASSES,
    "sigmoid": CHANCES,
    "bernoulli": CHANCES,
    "heaviside": CHANCES,
    "tanh": SCORES,
    "maximum": SCORES,
}


def sends_class_probabilities(out: Neurons) -> bool:
    """Whether a population sends probabilities of classes, as softmax units do."""
    return output_kind(out) == CLASSES


def output_kind(out: Neurons) -> str | None:
    """CLASSES, CHANCES or SCORES if the update text shows which of them a population sends; else None."""
    expressions = {line.name: line.expression for line in out.statements if line.op == "="}
    if out.spiking or out.driven or out.sends not in expressions:
        return None
    return _kind(parsed(str(expressions.pop(out.sends))), expressions, set(out.port_names))


def _kind(node: ast.expr, known: dict[str, str], ports: set[str]) -> str | None:
    """The kind of an expression; `known` are the expressions of the names in it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return OF_FUNCTION.get(node.func.id)
    if isinstance(node, ast.Name) and node.id in known:
        rest = {name: text for name, text in known.items() if name != node.id}
        return _kind(parsed(known[node.id]), rest, ports)
    if isinstance(node, ast.Name):
        return SCORES if node.id in ports else None
    if isinstance(node, ast.UnaryOp):
        return SCORES if _kind(node.operand, known, ports) == SCORES and not _calls(node, known) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        operands = [node.left, node.right]
        kinds = {_kind(operand, known, ports) for operand in operands}
        # A function may bound its operand, and then the sum need not be a score: (tanh(I) + 1)/2 is a
        # probability.
        bounded = any(_calls(operand, known) for operand in operands)
        return SCORES if SCORES in kinds and not bounded else None
    return None


def _calls(node: ast.expr, known: dict[str, str]) -> bool:
    """Whether an expression, or one that it names, calls a function."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(known)
    rest = {name: text for name, text in known.items() if name not in names}
    return any(isinstance(part, ast.Call) for part in ast.walk(node)) or any(
        _calls(parsed(known[name]), rest) for name in names
    )

"""What a population sends, as far as its text shows it: scores, probabilities, or probabilities of classes."""

from __future__ import annotations

import ast

from neurosim.network.neurons import Neurons
from neurosim.network.text import parsed

CLASSES = "probabilities of classes"  # of the last axis together
CHANCES = "probabilities"  # of each neuron alone
SCORES = "numbers of any size"
CALLS = {
    "softmax": CLASSES,
    "sigmoid": CHANCES,
    "bernoulli": CHANCES,
    "heaviside": CHANCES,
    "tanh": SCORES,
    "maximum": SCORES,
}


def sends_chances(out: Neurons) -> bool:
    """Whether a population sends probabilities of classes, as softmax units do."""
    return what_is_sent(out) == CLASSES


def what_is_sent(out: Neurons) -> str | None:
    """CLASSES, CHANCES or SCORES where the update text shows which; else None."""
    expressions = {
        statement.name: statement.expression for statement in out.statements if statement.op == "="
    }
    if out.spiking or out.driven or out.sends not in expressions:
        return None
    return _kind(parsed(str(expressions.pop(out.sends))), expressions, set(out.port_names))


def _kind(node: ast.expr, known: dict[str, str], ports: set[str]) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return CALLS.get(node.func.id)
    if isinstance(node, ast.Name) and node.id in known:
        rest = {name: text for name, text in known.items() if name != node.id}
        return _kind(parsed(known[node.id]), rest, ports)
    if isinstance(node, ast.Name):
        return SCORES if node.id in ports else None
    if isinstance(node, ast.UnaryOp):
        return SCORES if _kind(node.operand, known, ports) == SCORES and not _calls(node, known) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        parts = [node.left, node.right]
        kinds = {_kind(part, known, ports) for part in parts}
        bounded = any(_calls(part, known) for part in parts)  # (tanh(I) + 1)/2 is a probability
        return SCORES if SCORES in kinds and not bounded else None
    return None


def _calls(node: ast.expr, known: dict[str, str]) -> bool:
    """Whether a function is called in an expression, or in those that it names."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(known)
    rest = {name: text for name, text in known.items() if name not in names}
    return any(isinstance(part, ast.Call) for part in ast.walk(node)) or any(
        _calls(parsed(known[n]), rest) for n in names
    )

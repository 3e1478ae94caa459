"""Whether synapses excite or inhibit, where it can be told from the description."""

from __future__ import annotations

import ast
from math import inf

from neurosim.network.neurons import Neurons
from neurosim.network.synapses import Synapses
from neurosim.network.text import parse_expression
from neurosim.network.values import Value
from neurosim.network.weights import Distribution, bounded_normal, gamma, normal, uniform

EXCITES, INHIBITS, EITHER = "+", "-", "+-"
SIEMENS = (-2.0, -1.0, 3.0, 2.0, 0.0, 0.0, 0.0)
VOLTS = {"volt": 1.0, "mV": 1e-3, "uV": 1e-6}


def sign_of(item: Synapses, target: str) -> str:
    """EXCITES, INHIBITS, or EITHER: mixed signs, weights that training may turn round, or effects that the weight does not tell.

    A weight that acts on a conductance `g` in a term `g*(E - v)` has the sign that E lends it: above the threshold it excites.
    """
    owner = item.owner or item
    if owner.learns or item.weight_population is not None:
        return EITHER
    sign = _of_numbers(owner.weight)
    if item.text:
        sign = _through_text(item, target, sign)
    if sign == EITHER:
        return EITHER
    pull = _reversal(item.post.population, target)
    if pull is None:
        conductance = isinstance(owner.weight, (Value, Distribution)) and owner.weight.dim == SIEMENS
        return EITHER if conductance else sign
    return sign if pull == EXCITES else _turned(sign)


def _turned(sign: str) -> str:
    return {EXCITES: INHIBITS, INHIBITS: EXCITES}.get(sign, EITHER)


def _of_numbers(weight: object) -> str:
    low, high = None, None
    if isinstance(weight, Value) and weight.number.size:
        low, high = float(weight.number.min()), float(weight.number.max())
    elif isinstance(weight, uniform):
        low, high = float(weight.low.number), float(weight.high.number)
    elif isinstance(weight, normal | bounded_normal):
        middle = float(weight.mean.number)
        steady = float(weight.sd.number) == 0
        low = middle if steady else None if weight.low is None else float(weight.low.number)
        high = middle if steady else None if weight.high is None else float(weight.high.number)
    elif isinstance(weight, gamma):
        low, high = (0.0, inf) if weight.mean.number > 0 else (-inf, 0.0)
    if low is not None and low >= 0 and high != 0:
        return EXCITES
    if high is not None and high <= 0 and low != 0:
        return INHIBITS
    return EITHER


def _through_text(item: Synapses, target: str, sign: str) -> str:
    """The sign after `on_pre`, which may add the weight, or a multiple such as `w*u*x`, or take it away."""
    for statement in item.pre_statements:
        if statement.name in (f"{target}_post", target):
            factors = _factors(parse_expression(statement.expression, target))
            scaled = any(isinstance(factor, ast.Name) and factor.id == "w" for factor in factors)
            return {"+=": sign, "-=": _turned(sign)}.get(statement.op, EITHER) if scaled else EITHER
    return EITHER


def _reversal(population: Neurons, conductance: str) -> str | None:
    """What a term `conductance*(E - v)` of the equations does, where the threshold is a level of v; None if there is none or E is unknown."""
    potential, level = _threshold(population)
    if level is None:
        return None
    for line in population.lines:
        for node in ast.walk(parse_expression(line.expression, population.name)) if line.expression else ():
            parts = _factors(node) if isinstance(node, ast.BinOp) else []
            if any(isinstance(part, ast.Name) and part.id == conductance for part in parts):
                found = [E for part in parts if (E := _pulls_to(part, potential, population)) is not None]
                if found:
                    return EXCITES if found[0] > level else INHIBITS
    return None


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _factors(node.left) + _factors(node.right)
    return [node]


def _pulls_to(node: ast.expr, potential: str, population: Neurons) -> float | None:
    """E of a factor (E - v) or (v - E)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, ast.Name) and side.id == potential:
                return _number(other, population)
    return None


def _threshold(population: Neurons) -> tuple[str, float | None]:
    """The variable that the threshold tests and the level that it must exceed; None where it is no such test."""
    tree = parse_expression(population.threshold, population.name) if population.threshold else None
    if (
        isinstance(tree, ast.Compare)
        and len(tree.comparators) == 1
        and isinstance(tree.ops[0], (ast.Gt, ast.GtE))
        and isinstance(tree.left, ast.Name)
    ):
        return tree.left.id, _number(tree.comparators[0], population)
    return "", None


def _number(node: ast.expr, population: Neurons) -> float | None:
    """The number that constants and literals in volts make; None where a variable takes part."""
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, (int, float)) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand, population)
        return None if inner is None else -inner
    if isinstance(node, ast.Name):
        constant = population.constants.get(node.id)
        if node.id in population.states or not (
            constant is None or (isinstance(constant, Value) and constant.scalar)
        ):
            return None
        return float(constant.number) if isinstance(constant, Value) else VOLTS.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add, ast.Sub)):
        left, right = _number(node.left, population), _number(node.right, population)
        if left is None or right is None:
            return None
        return (
            left * right
            if isinstance(node.op, ast.Mult)
            else left + right
            if isinstance(node.op, ast.Add)
            else left - right
        )
    return None

"""Whether synapses excite or inhibit, as far as the description tells.

The bounds of the weights give a sign (`Distribution.bounds`). Two things can turn it round: text that
subtracts the weight, and a weight that is a conductance, whose effect depends on its reversal potential.
"""

from __future__ import annotations

import ast
from math import inf
from typing import Literal

from neurosim.network.neurons import Neurons
from neurosim.network.synapses import Synapses
from neurosim.network.text import parse_expression
from neurosim.network.values import Value
from neurosim.network.weights import Distribution

Sign = Literal["+", "-", "+-"]
EXCITES: Sign = "+"
INHIBITS: Sign = "-"
EITHER: Sign = "+-"
OPPOSITE: dict[Sign, Sign] = {EXCITES: INHIBITS, INHIBITS: EXCITES, EITHER: EITHER}
SIEMENS = (-2.0, -1.0, 3.0, 2.0, 0.0, 0.0, 0.0)
VOLTS = {"volt": 1.0, "mV": 1e-3, "uV": 1e-6}  # the units in which text writes potentials


def sign_of(synapses: Synapses, target: str) -> Sign:
    """Whether synapses excite or inhibit.

    EITHER stands for weights of both signs, weights that training may change, messages that are weights,
    and effects that the description does not tell. A weight that is added to a conductance `g`, which the
    equations use in a term `g*(E - v)`, excites if E lies above the threshold.

    target: the port or variable that the synapses act on.
    """
    owner = synapses.owner or synapses
    weight = owner.weight
    if "weight" in owner.learning or not isinstance(weight, (Value, Distribution)):
        return EITHER
    sign = _sign_of_bounds(*_bounds(weight))
    if synapses.text:
        sign = _sign_after_text(synapses, target, sign)
    driving_force = _sign_of_driving_force(synapses.post.population, target)
    if driving_force is None:
        return EITHER if weight.dim == SIEMENS else sign
    return sign if driving_force == EXCITES else OPPOSITE[sign]


def _bounds(weight: Value | Distribution) -> tuple[float, float]:
    if isinstance(weight, Distribution):
        return weight.bounds()
    return (float(weight.number.min()), float(weight.number.max())) if weight.number.size else (-inf, inf)


def _sign_of_bounds(low: float, high: float) -> Sign:
    if low >= 0 and high != 0:
        return EXCITES
    return INHIBITS if high <= 0 and low != 0 else EITHER


def _sign_after_text(synapses: Synapses, target: str, sign: Sign) -> Sign:
    """The sign after `on_pre`, which may add or subtract the weight or a multiple, such as `w*u*x`."""
    for statement in synapses.pre_statements:
        if statement.name in (f"{target}_post", target):
            factors = _factors(parse_expression(statement.expression, target))
            if any(_is_name(factor, "w") for factor in factors) and statement.op in ("+=", "-="):
                return sign if statement.op == "+=" else OPPOSITE[sign]
            return EITHER
    return EITHER


def _sign_of_driving_force(population: Neurons, conductance: str) -> Sign | None:
    """The effect of a term `conductance*(E - v)`; None if there is none, or E or the threshold is unknown."""
    potential, threshold = _threshold(population)
    if threshold is None:
        return None
    trees = (
        parse_expression(line.expression, population.name) for line in population.lines if line.expression
    )
    for product in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.BinOp)):
        factors = _factors(product)
        if any(_is_name(factor, conductance) for factor in factors):
            reversals = (_reversal_potential(factor, potential, population) for factor in factors)
            reversal = next((E for E in reversals if E is not None), None)
            if reversal is not None:
                return EXCITES if reversal > threshold else INHIBITS
    return None


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _factors(node.left) + _factors(node.right)
    return [node]


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _reversal_potential(node: ast.expr, potential: str, population: Neurons) -> float | None:
    """E of a factor (E - v) or (v - E), in volts."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if _is_name(side, potential):
                return _number(other, population)
    return None


def _threshold(population: Neurons) -> tuple[str, float | None]:
    """The variable that the threshold tests and the value that it must exceed; None for any other test."""
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
    """The value of an expression of constants and potentials with units; None if it is anything else."""
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, (int, float)) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand, population)
        return None if inner is None else -inner
    if isinstance(node, ast.Name):
        return _named_number(node.id, population)
    if isinstance(node, ast.BinOp):
        left, right = _number(node.left, population), _number(node.right, population)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
    return None


def _named_number(name: str, population: Neurons) -> float | None:
    constant = population.constants.get(name)
    if name in population.states:
        return None
    if constant is None:
        return VOLTS.get(name)
    return float(constant.number) if isinstance(constant, Value) and constant.scalar else None

"""Populations as linear systems with jumps, read out of their equations and text."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import PlanError
from neurosim.network.network import Network
from neurosim.network.text import names_in, parsed
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.equations import Linear, linear_system
from neurosim.plan.exact_integration import matrix_of
from neurosim.plan.groups import neuron_scope
from neurosim.plan.lower import written_variables
from neurosim.plan.plan import Block, Group, Plan

Floats = NDArray[np.float64]
MOST_VARIABLES = 8  # of a neuron, as compiled code holds them


@dataclass(frozen=True, eq=False)
class LinearGroup:
    """Neurons whose variables x follow dx/dt = A x + b, and jump at spikes.

    names: the variables
    matrix: A, per second, shape (variable, variable)
    offset: b, shape (neuron, variable)
    start: x before the first tick, shape (neuron, variable)
    threshold: c; a neuron spikes where c x exceeds a number. None if none does
    reset, set: a spike makes x into R x + r: R, shape (variable, variable), and r, shape (variable,)
    held_ticks: the number of ticks after that of a spike in which `frozen` variables do not change
    frozen: which variables these are, shape (variable,)
    """

    names: tuple[str, ...]
    matrix: Floats
    offset: Floats
    start: Floats
    threshold: Floats | None
    reset: Floats
    set: Floats
    held_ticks: int
    frozen: NDArray[np.bool_]

    @property
    def held_matrix(self) -> Floats:
        """A while a neuron is refractory."""
        return np.where(self.frozen[:, None], 0.0, self.matrix)


def linear_group(net: Network, plan: Plan, name: str) -> LinearGroup:
    """The linear system of a population. `plan` is the plan of the network.

    Raises PlanError, whose text names the population and the reason, if it is none, or if neurons differ in
    their constants.
    """
    group, population, label = plan.groups[name], net.populations[name], f"Neurons {name!r}"
    scope = neuron_scope(net, population, written_variables(net)[name])
    system = linear_system(population.lines, scope.part("equations"))
    if population.method != "exact" or system is None or not system.names:
        raise PlanError(f"{label}: needs linear equations and method='exact'")
    if len(system.names) > MOST_VARIABLES:
        raise PlanError(f"{label}: has {len(system.names)} equations, more than {MOST_VARIABLES}")
    if group.update is not None or group.periodic or group.links:
        raise PlanError(f"{label}: has update text or text that runs regularly, which jumps at other times")
    values: dict[str, Any] = {**group.constants, **group.states}
    matrix = matrix_of(system, values)
    if matrix.ndim != 2:
        raise PlanError(f"{label}: neurons differ in a constant of the equations. Make several populations")
    held = group.refractory
    if held is not None and not held.ticks:
        raise PlanError(f"{label}: the refractory period is text. Give a time")
    text = _Text(label, system.names, values, {*population.states} - {*system.names})
    threshold = None if group.threshold is None else text.threshold(group.threshold)
    reset, added = text.jump(group.reset)
    return LinearGroup(
        names=system.names,
        matrix=matrix,
        offset=_offset(system, values, group, text),
        start=np.stack([np.asarray(group.states[n], np.float64).reshape(-1) for n in system.names], axis=1),
        threshold=threshold,
        reset=reset,
        set=added,
        held_ticks=0 if held is None or not group.frozen else held.ticks - 1,
        frozen=np.array([variable in group.frozen for variable in system.names]),
    )


def _offset(system: Linear, values: Mapping[str, Any], group: Group, text: _Text) -> Floats:
    """b, where nothing arrives at ports."""
    offset = np.zeros((group.size, len(system.names)))
    for name, expression in system.offset.items():
        text.check_constant(expression, {*values, *group.ports})
        number = evaluate(expression, {**values, **dict.fromkeys(group.ports, 0.0)})
        offset[:, system.names.index(name)] = np.broadcast_to(number, group.shape).reshape(-1)
    return offset


@dataclass(frozen=True, eq=False)
class _Text:
    """Text of a population as linear functions of its variables.

    label: names the population
    names: the variables
    values: of all constants
    others: variables that are no part of the linear system
    """

    label: str
    names: tuple[str, ...]
    values: Mapping[str, Any]
    others: set[str]

    def check_constant(self, expression: str, known: set[str]) -> None:
        """Refuse an expression that changes with time."""
        changing = sorted(names_in(expression) - known - {*self.names})
        if changing:
            raise PlanError(f"{self.label}: {changing[0]!r} in '{expression}' changes with time")

    def linear(self, expression: str) -> tuple[Floats, float]:
        """The factors of the variables in an expression, and the rest."""
        self.check_constant(expression, {*self.values})
        count = len(self.names)

        def at(point: Floats) -> float:
            number = evaluate(expression, {**self.values, **dict(zip(self.names, point, strict=True))})
            if np.size(number) != 1:
                raise PlanError(
                    f"{self.label}: neurons differ in a constant of '{expression}'. Make several populations"
                )
            return float(np.reshape(number, ()))

        rest = at(np.zeros(count))
        factors = np.array([at(row) - rest for row in np.eye(count)])
        point = np.sin(1.0 + np.arange(count)) * 3.0
        expected = float(factors @ point) + rest
        if not np.isclose(at(point), expected, rtol=1e-4, atol=1e-6 * (abs(rest) + np.abs(factors).sum())):
            raise PlanError(f"{self.label}: '{expression}' is not linear in {', '.join(self.names)}")
        return factors, rest

    def threshold(self, block: Block) -> Floats:
        """c of the threshold c x > a number."""
        match parsed(block.statements[0].expression):
            case ast.Compare(ops=[ast.Gt() | ast.GtE()], left=left, comparators=[right]):
                return self.linear(f"({ast.unparse(left)}) - ({ast.unparse(right)})")[0]
            case _:
                raise PlanError(f"{self.label}: the threshold '{block.text}' is not of the kind 'v > number'")

    def jump(self, block: Block | None) -> tuple[Floats, Floats]:
        """R and r of the reset R x + r."""
        matrix, added = np.eye(len(self.names)), np.zeros(len(self.names))
        for statement in () if block is None else block.statements:
            if statement.name in self.others:
                raise PlanError(f"{self.label}: the reset changes {statement.name!r}, which has no equation")
            expression = statement.expression
            if statement.op != "=":
                expression = f"{statement.name} {statement.op[:-1]} ({expression})"
            factors, rest = self.linear(expression)
            row = self.names.index(statement.name)
            added[row], matrix[row] = float(factors @ added) + rest, factors @ matrix
        return matrix, added

"""Populations as groups of the plan: start values, constants, and the statements that update them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import PlanError
from neurosim.network.called import CalledConstant
from neurosim.network.flags import sets_shared
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.program import ticks_between_moves
from neurosim.network.text import Statement, names_in
from neurosim.network.values import PLAIN, TIME, Value
from neurosim.plan.called import lower_called
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.constant_folding import fold_constants, folded_names
from neurosim.plan.dimensions import (
    Dim,
    Scope,
    check_condition,
    check_equations,
    check_expression,
    check_statements,
    is_boolean_name,
    unit_dimensions,
    units_used,
)
from neurosim.plan.draw import start_value
from neurosim.plan.equations import brian_integration, inline, linear_system
from neurosim.plan.exact_integration import exact_statements
from neurosim.plan.expressions import given_dims
from neurosim.plan.held import held_block, held_statements
from neurosim.plan.kinds_of_numbers import check_numbers, kinds_of, typed
from neurosim.plan.plan import Block, Group, Refractory
from neurosim.plan.precision import state_dtype


def neuron_scope(net: Network, population: Neurons, written: set[str]) -> Scope:
    """The names that a population's text may use.

    written: the variables that some text or synapse changes during the run; the others are constant
    """
    label = f"Neurons {population.name!r}"
    time = TIME if net.dt else PLAIN
    dims: dict[str, Dim] = {"t": time, "dt": time, "i": PLAIN, "N": PLAIN, "training": PLAIN}
    if population.spiking:
        dims |= {"not_refractory": PLAIN}
    declared = {line.name: unit_dimensions(line.unit, f"{label}: {line.name}") for line in population.lines}
    dims |= {port: declared.get(port, PLAIN) for port in population.port_names}
    dims |= {statement.name: PLAIN for statement in population.statements} | declared
    called = {key: value for key, value in population.constants.items() if isinstance(value, CalledConstant)}
    dims |= given_dims(label, population.constants, declared, dims)
    constant = {key for key in (*population.constants, *population.states) if key not in written}
    builtin = {"dt", "N", "i", "training"} - set(population.states)
    constant = (constant | builtin) - set(population.port_names)
    subexpressions = {
        line.name: line.expression for line in population.lines if line.name in population.subexpressions
    }
    axes = not net.schedule.sweeps
    kinds = kinds_of(population.lines)
    return Scope(label, dims, frozenset(constant), subexpressions, axes=axes, called=called, kinds=kinds)


def text_key(population: Neurons, scope: Scope) -> Hashable:
    """Equal for two populations of which the same checks of units can be made; None if that is not known.

    A network may have a hundred populations of one text, for which they are made once.
    """
    texts = (population.lines, population.statements, population.threshold, population.reset_statements)
    blocks = tuple(block.statements for block in population.regular)
    return None if scope.key is None else (scope.key, *texts, blocks)


def _check_units(population: Neurons, scope: Scope) -> None:
    """Refuse text in which units do not agree."""
    check_equations(population.lines, scope)
    check_statements(population.statements, scope.part("update"))
    if population.spiking:
        check_condition(population.threshold, scope.part("threshold"))
    check_statements(population.reset_statements, scope.part("reset", axes=False))
    for block in population.regular:
        check_statements(block.statements, scope.part(block.name, axes=False))


def lower_group(
    net: Network,
    population: Neurons,
    scope: Scope,
    *,
    start: Mapping[str, Any],
    seed: int,
    precision: str,
    training: bool,
    checked: bool,
) -> Group:
    """The group of a population.

    scope: the names that its text may use, from `neuron_scope`
    checked: whether the units of its text are known to agree (`text_key`)
    start: start values by 'population.variable'; they replace the described ones
    training: the value of the name `training` in text

    Raises PlanError for text whose names, units or equations are wrong.
    """
    states = _start_values(net, population, start, seed)
    constants = _constants(net, population, scope, seed, precision, training)
    refractory = _refractory(net, population, scope)
    marked = [line.name for line in population.lines if "unless refractory" in line.flags]
    frozen = frozenset(marked if refractory else ())
    if not checked:
        _check_units(population, scope)
    integrate, coefficients, folded = _integration(
        net, population, scope, {**constants, **states}, frozen, refractory is not None
    )
    written, nothing = population.states, frozenset[str]()
    return Group(
        name=population.name,
        shape=population.shape,
        driven=population.driven,
        spiking=population.spiking,
        states={key: np.asarray(value, dtype=state_dtype(precision)) for key, value in states.items()},
        constants=constants | {key: _constant(value, precision) for key, value in coefficients.items()},
        ports=dict(population.ports),
        subexpressions={name: inline(name, scope) for name in population.subexpressions},
        sends=population.sends,
        integrate=integrate,
        update=_block("update", population.update, population.statements, scope, written, frozen),
        threshold=_threshold(population, scope),
        reset=_block("reset", population.reset, population.reset_statements, scope, written, nothing),
        refractory=refractory,
        frozen=frozen,
        folded=folded & states.keys(),
        periodic={
            name: held_block(name, statements)
            for name, statements in held_statements(population.lines, scope.part("equations")).items()
        }
        | _regular(population, scope, frozen),
    )


def view_group(name: str, population: Neurons, variable: str) -> Group:
    """A group without neurons of its own: it sends another variable of a population."""
    return Group(
        name=name,
        shape=population.shape,
        driven=False,
        spiking=False,
        states={},
        constants={},
        ports={},
        subexpressions={},
        sends=variable,
        integrate=None,
        update=None,
        threshold=None,
        reset=None,
        refractory=None,
        frozen=frozenset(),
        of=population.name,
    )


def _start_values(
    net: Network, population: Neurons, start: Mapping[str, Any], seed: int
) -> dict[str, NDArray[np.float64]]:
    """The start value of each variable: 0 unless the population or `start` gives one."""
    given = {
        name: start_value(net, population, name, seed)
        for name in population.states
        if name in population.constants
    }
    values = {
        name: np.broadcast_to(np.asarray(given.get(name, 0.0), dtype=np.float64), population.shape)
        for name in population.states
    }
    for key, value in start.items():
        name, _, variable = key.partition(".")
        if name == population.name:
            values[variable] = value
    for name, kind in kinds_of(population.lines).items():
        if name in values:
            check_numbers(name, kind, values[name], f"Neurons {population.name!r}")
    return values


def _constants(
    net: Network, population: Neurons, scope: Scope, seed: int, precision: str, training: bool
) -> dict[str, Numeric]:
    """The values of names that never change: constants, built-in names, and the units in the text."""
    given = {
        key: _constant(start_value(net, population, key, seed), precision)
        for key in population.constants
        if key not in population.states and key not in scope.called
    }
    tick = (net.dt or 1.0) * ticks_between_moves(net.program, population.name)
    called = {
        name: lower_called(value, f"{scope.label}: {name}", net.schedule.time_dim, tick, precision)
        for name, value in scope.called.items()
        if name in population.names_used
    }
    used = set(population.names_used)
    if population.lines:
        used |= {"e", "pi"}  # sympy may write exp(1) as e
    builtin: dict[str, Numeric] = {
        "dt": state_dtype(precision)(tick),
        "N": float(population.size),
        "i": np.broadcast_to(np.arange(population.shape[-1], dtype=np.float64), population.shape),
        "training": training,
    }
    own = {*given, *population.states}  # a user's own name hides a built-in one
    units = units_used(used, scope, state_dtype(precision))
    return (
        {name: value for name, value in builtin.items() if name in scope.dims and name not in own}
        | given
        | called
        | units
    )


def _constant(value: Numeric, precision: str) -> Numeric:
    """A constant as text sees it.

    A Boolean stays a Boolean. Integers become floats: an array becomes one in double precision, and a single
    integer becomes a Python float, which takes the precision of what it is combined with. Floats get the
    precision of the state.
    """
    array = np.asarray(value)
    if array.dtype.kind in "iu":
        return array.astype(np.float64) if array.ndim else float(array)
    if array.ndim == 0 and array.dtype.kind == "b":
        return array.item()
    dtype = state_dtype(precision)
    return array.astype(dtype) if array.ndim else dtype(array)


def _refractory(net: Network, population: Neurons, scope: Scope) -> Refractory | None:
    refractory = population.refractory
    if isinstance(refractory, Value):
        if not refractory.number:
            return None
        return Refractory(ticks=round(float(refractory.number) / (net.dt or 1.0)))
    inner = scope.part("refractory", axes=False)
    text = inline(refractory, scope)
    if check_expression(refractory, inner) == net.schedule.time_dim and not _is_condition(refractory, inner):
        return Refractory(time=text)
    check_condition(refractory, inner)
    return Refractory(condition=text)


def _is_condition(text: str, scope: Scope) -> bool:
    try:
        check_condition(text, scope)
    except PlanError:
        return False
    return True


def _block(
    name: str,
    text: str,
    statements: tuple[Statement, ...],
    scope: Scope,
    states: tuple[str, ...],
    frozen: frozenset[str],
) -> Block | None:
    if not statements:
        return None
    inner = scope.part(name, axes=name == "update")
    kept = typed(statements, scope.kinds)
    plain = tuple(Statement(s.name, s.op, inline(s.expression, inner)) for s in kept)
    writes = tuple(dict.fromkeys(s.name for s in plain if s.name in states))
    return Block(name, plain, writes, frozen & set(writes), text)


def _regular(population: Neurons, scope: Scope, frozen: frozenset[str]) -> dict[str, Block]:
    """The blocks of `regularly`."""
    blocks: dict[str, Block] = {}
    for given in population.regular:
        block = _block(given.name, given.text, given.statements, scope, population.states, frozen)
        assert block is not None  # it has statements
        blocks[given.name] = replace(block, shared=sets_shared(given.statements, population.shared))
    return blocks


def _threshold(population: Neurons, scope: Scope) -> Block | None:
    if not population.spiking:
        return None
    inner = scope.part("threshold")
    condition = inline(population.threshold, inner)
    if is_boolean_name(population.threshold, inner):
        condition = f"({condition}) != 0"  # it is held as a float
    statement = Statement("spikes", "=", condition)
    return Block("threshold", (statement,), ("spikes",), text=population.threshold)


def _integration(
    net: Network,
    population: Neurons,
    scope: Scope,
    values: Mapping[str, Numeric],
    frozen: frozenset[str],
    refractory: bool,
) -> tuple[Block | None, dict[str, NDArray[np.float64]], frozenset[str]]:
    """What integrates the equations over one tick, the coefficients in it, and the names that these hold."""
    unknown = tuple(line.name for line in population.lines if line.kind == "differential")
    if not unknown:
        return None, {}, frozenset()
    inner = scope.part("equations")
    system = linear_system(population.lines, inner) if population.method == "exact" else None
    if system is not None:
        assert net.dt is not None
        dt = net.dt * ticks_between_moves(net.program, population.name)
        statements, coefficients = exact_statements(system, values, dt, frozen & set(unknown))
        folded = frozenset[str]().union(*(names_in(factor) for factor in system.matrix.values()))
    else:
        # A method that evaluates the derivatives only at the start of the tick may ignore refractoriness: the
        # block then keeps its frozen variables from changing. Other methods evaluate them again with values
        # from within the tick, in which frozen variables must not have changed either.
        evaluates_again = population.method not in ("euler", "exponential_euler")
        statements = brian_integration(
            population.lines, population.method, inner, refractory=refractory and evaluates_again
        )
        constant = scope.constant | (values.keys() - scope.dims.keys())  # the latter are units
        folded = folded_names(statements, constant & values.keys())
        statements, coefficients = fold_constants(statements, values, constant)
    block = Block("integrate", statements, unknown, frozen & set(unknown), population.equations)
    return block, coefficients, folded

"""Network -> Plan: text is checked and integrated, draws are made, times become ticks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, PlanError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.probes import Probe
from neurosim.network.text import Statement
from neurosim.network.values import PLAIN, TIME, Value, unit
from neurosim.plan.check import check_plan
from neurosim.plan.constant_folding import fold_constants
from neurosim.plan.dimensions import (
    Dim,
    Scope,
    check_condition,
    check_equations,
    check_expression,
    check_statements,
    unit_dimensions,
    unit_value,
)
from neurosim.plan.draw import start_value
from neurosim.plan.equations import brian_integration, inline, linear_system
from neurosim.plan.exact_integration import exact_statements
from neurosim.plan.inputs import Inputs
from neurosim.plan.memo import persistent_memo
from neurosim.plan.pathways import lower_pathway
from neurosim.plan.plan import Block, Group, Plan, Refractory

PRECISIONS = ("double", "mixed", "single")


def lower(
    net: Network,
    inputs: Inputs,
    *,
    probes: tuple[Probe, ...] = (),
    start: Mapping[str, Any] | None = None,
    resume: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
    precision: str = "double",
    until: str | None = None,
    training: bool = False,
) -> Plan:
    """The plan of a run of `net`.

    `start` maps 'population.variable' to start values, `resume` is the checkpoint of a recording to continue from;
    `training` is what that name means in text.
    Raises PlanError where names, units or timing do not fit together.
    """
    with persistent_memo(_texts(net)):
        written = written_variables(net)
        scopes = {p.name: neuron_scope(net, p, written[p.name]) for p in net.populations.values()}
        for name, dims in inputs.dims.items():
            _check_input_unit(net, name, dims, scopes)
        groups = {
            p.name: _group(net, p, scopes[p.name], start or {}, seed, precision, training)
            for p in net.populations.values()
        }
        groups |= {view: _view(view, *sent) for view, sent in net.views.items()}
        pathways = {name: lower_pathway(net, name, scopes, inputs, seed, precision) for name in net.synapses}
    plan = Plan(
        schedule=net.schedule,
        dt=net.dt,
        program=net.program,
        groups=groups,
        pathways=pathways,
        drives=inputs.drives,
        probes=_fill_shapes(probes, pathways),
        ticks=inputs.ticks,
        trials=inputs.trials,
        seed=seed,
        precision=precision,
        until=until,
        resume=dict(resume or {}),
    )
    check_plan(plan, net)
    return plan


def _texts(net: Network) -> list[str]:
    """All text in a network: what is known of it is kept together."""
    own = [
        [p.lines, p.statements, p.threshold, p.reset_statements, p.method, str(p.refractory)]
        for p in net.populations.values()
    ]
    between = [[item.lines, item.pre_statements, item.post_statements] for item in net.synapses.values()]
    return [repr(part) for part in (*own, *between)]


def _fill_shapes(probes: tuple[Probe, ...], pathways: Mapping[str, Any]) -> tuple[Probe, ...]:
    """Synapse variables have as many values as there are synapses."""
    filled = []
    for probe in probes:
        shape = (pathways[probe.owner].sender.size,) if probe.owner in pathways else probe.shape
        filled.append(
            Probe(probe.name, probe.owner, probe.variable, probe.index, shape, probe.every, probe.events)
        )
    return tuple(filled)


def written_variables(net: Network) -> dict[str, set[str]]:
    """For each population, the variables that some text or synapse changes while running."""
    written: dict[str, set[str]] = {}
    for population in net.populations.values():
        lines = {line.name for line in population.lines if line.kind == "differential"}
        written[population.name] = lines | {
            s.name for s in (*population.statements, *population.reset_statements)
        }
    for item in net.synapses.values():
        assigned = {s.name for s in (*item.pre_statements, *item.post_statements)} | {
            line.name for line in item.lines if "summed" in line.flags
        }
        written[item.post.name] |= {name.removesuffix("_post") for name in assigned} | (
            {item.to} if item.to else set()
        )
        written[item.pre.name] |= {name.removesuffix("_pre") for name in assigned if name.endswith("_pre")}
    return written


def neuron_scope(net: Network, population: Neurons, written: set[str]) -> Scope:
    """The names that a population's text may use."""
    where = f"Neurons {population.name!r}"
    time = TIME if net.dt else PLAIN
    dims: dict[str, Dim] = {"t": time, "dt": time, "i": PLAIN, "N": PLAIN, "training": PLAIN}
    if population.spiking:
        dims |= {"not_refractory": PLAIN}
    declared = {line.name: unit_dimensions(line.unit, f"{where}: {line.name}") for line in population.lines}
    dims |= {port: declared.get(port, PLAIN) for port in population.port_names}
    dims |= {statement.name: PLAIN for statement in population.statements} | declared
    for key, value in population.constants.items():
        if key in declared and value.dim != declared[key] and not _is_zero(value):
            raise DescriptionError(
                f"{where}: {key} is given in {unit(value.dim)}, its equation says {unit(declared[key])}. Give it in {unit(declared[key])}."
            )
        dims[key] = declared.get(key, value.dim)
    fixed = {key for key in (*population.constants, *population.states) if key not in written} | {
        "dt",
        "N",
        "i",
        "training",
    }
    derived = {line.name: line.expression for line in population.lines if line.kind == "subexpression"}
    return Scope(
        where, dims, frozenset(fixed - set(population.port_names)), derived, axes=not net.schedule.sweeps
    )


def _is_zero(value: Any) -> bool:
    return isinstance(value, Value) and not np.any(value.number)


def _check_input_unit(net: Network, name: str, dims: Dim, scopes: Mapping[str, Scope]) -> None:
    """A clamp must have the unit of what it replaces; what drives a population may have any."""
    population = net.populations[name]
    if population.sends in population.subexpressions:
        raise PlanError(
            f"run: input {name!r} would replace what it sends, but {population.sends!r} is a subexpression, which nothing can replace."
            f" Make it a variable that update text assigns, or let {name!r} send another."
        )
    if population.sends is not None and dims != scopes[name].dims[population.sends]:
        wanted = unit(scopes[name].dims[population.sends])
        raise PlanError(
            f"run: input {name!r} is in {unit(dims)}, but it replaces {population.sends}, which is in {wanted}. Give it in {wanted}."
        )


def _group(
    net: Network,
    population: Neurons,
    scope: Scope,
    start: Mapping[str, Any],
    seed: int,
    precision: str,
    training: bool,
) -> Group:
    states, constants = _numbers(population, scope, start, seed, precision, net)
    if "training" in constants and "training" not in population.constants:
        constants["training"] = training
    refractory = _refractory(net, population, scope)
    frozen = (
        frozenset(line.name for line in population.lines if "unless refractory" in line.flags)
        if refractory
        else frozenset()
    )
    check_equations(population.lines, scope)
    known = {**constants, **states}
    integrate, more = _integration(net, population, scope, known, frozen, refractory is not None)
    return Group(
        name=population.name,
        shape=population.shape,
        driven=population.driven,
        spiking=population.spiking,
        states={k: np.asarray(v, dtype=_dtype(precision)) for k, v in states.items()},
        constants=constants | {k: number(v, precision) for k, v in more.items()},
        ports=dict(population.ports),
        derived={name: inline(name, scope) for name in population.subexpressions},
        sends=population.sends,
        integrate=integrate,
        update=_block("update", population.update, population.statements, scope, population.states, frozen),
        threshold=_threshold(population, scope),
        reset=_block(
            "reset", population.reset, population.reset_statements, scope, population.states, frozenset()
        ),
        refractory=refractory,
        frozen=frozen,
    )


def _view(name: str, population: Neurons, variable: str) -> Group:
    """What sends another variable of a population than the one that it sends itself."""
    return Group(
        name=name, shape=population.shape, driven=False, spiking=False, states={}, constants={}, ports={}, derived={},
        sends=variable, integrate=None, update=None, threshold=None, reset=None, refractory=None, frozen=frozenset(),
        of=population.name,
    )  # fmt: skip


def _dtype(precision: str) -> type:
    return np.float32 if precision == "single" else np.float64


def number(value: Any, precision: str) -> Any:
    """A constant as text sees it: conditions as they are, whole numbers as floats in double precision, others in that of the state.

    A single whole number is a plain float, which takes the precision of what it meets.
    """
    array = np.asarray(value)
    if array.dtype.kind in "iu":
        return array.astype(np.float64) if array.ndim else float(array)
    if array.ndim == 0 and array.dtype.kind == "b":
        return array.item()
    return array.astype(_dtype(precision)) if array.ndim else _dtype(precision)(array)


def _numbers(
    population: Neurons, scope: Scope, start: Mapping[str, Any], seed: int, precision: str, net: Network
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Start values of the states, and the constants with the units and built-in names that the text uses."""
    drawn = {key: start_value(net, population, key, seed) for key in population.constants}
    states = {
        name: np.broadcast_to(np.asarray(drawn.get(name, 0.0), dtype=np.float64), population.shape)
        for name in population.states
    }
    for key, value in start.items():
        name, _, variable = key.partition(".")
        if name == population.name:
            states[variable] = value
    constants = {key: number(value, precision) for key, value in drawn.items() if key not in states}
    used = population.names_used | ({"e", "pi"} if population.lines else set())  # sympy may write exp(1) as e
    constants |= units_used(used, scope, precision)
    index = np.broadcast_to(np.arange(population.shape[-1], dtype=np.float64), population.shape)
    builtin = {
        "dt": _dtype(precision)(net.dt or 1.0),
        "N": float(population.size),
        "i": index,
        "training": False,
    }
    return states, {
        k: v for k, v in builtin.items() if k in scope.dims and k not in constants and k not in states
    } | constants


def units_used(names: set[str] | frozenset[str], scope: Scope, precision: str) -> dict[str, Any]:
    """The values of the units (mV, ms ...) among these names."""
    found = {name: unit_value(name) for name in names if name not in scope.dims}
    return {name: _dtype(precision)(value.number) for name, value in found.items() if value is not None}


def _refractory(net: Network, population: Neurons, scope: Scope) -> Refractory | None:
    given = population.refractory
    if isinstance(given, Value):
        if not given.number:
            return None
        return Refractory(ticks=round(float(given.number) / (net.dt or 1.0)))
    inner = Scope(f"{scope.where}: refractory", scope.dims, scope.constant, scope.subexpressions, axes=False)
    time = net.schedule.time_dim
    text = inline(given, scope)
    if check_expression(given, inner) == time and not _is_condition(given, inner):
        return Refractory(time=text)
    check_condition(given, inner)
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
    inner = Scope(
        f"{scope.where}: {name}",
        scope.dims,
        scope.constant,
        scope.subexpressions,
        axes=scope.axes and name == "update",
    )
    check_statements(statements, inner)
    plain = tuple(Statement(s.name, s.op, inline(s.expression, inner)) for s in statements)
    written = tuple(dict.fromkeys(s.name for s in plain if s.name in states))
    return Block(name, plain, written, frozen & set(written), text)


def _threshold(population: Neurons, scope: Scope) -> Block | None:
    if not population.spiking:
        return None
    inner = Scope(
        f"{scope.where}: threshold", scope.dims, scope.constant, scope.subexpressions, axes=scope.axes
    )
    check_condition(population.threshold, inner)
    return Block(
        "threshold",
        (Statement("spikes", "=", inline(population.threshold, inner)),),
        ("spikes",),
        text=population.threshold,
    )


def _integration(
    net: Network,
    population: Neurons,
    scope: Scope,
    values: Mapping[str, Any],
    frozen: frozenset[str],
    refractory: bool,
) -> tuple[Block | None, dict[str, np.ndarray]]:
    """The statements that integrate the equations over one tick, and the coefficients that they name."""
    unknown = tuple(line.name for line in population.lines if line.kind == "differential")
    if not unknown:
        return None, {}
    inner = Scope(f"{scope.where}: equations", scope.dims, scope.constant, scope.subexpressions)
    coefficients: dict[str, np.ndarray] = {}
    system = linear_system(population.lines, inner) if population.method == "exact" else None
    if system is not None:
        assert net.dt is not None
        statements, coefficients = exact_statements(system, values, net.dt, frozen & set(unknown))
    else:
        # A single step from the start of the tick may ignore refractoriness: what is frozen keeps its value by the guard of its block.
        still = refractory and population.method not in ("euler", "exponential_euler")
        statements = brian_integration(population.lines, population.method, inner, refractory=still)
        statements, coefficients = fold_constants(statements, values, scope.constant)
    return Block("integrate", statements, unknown, frozen & set(unknown), population.equations), coefficients

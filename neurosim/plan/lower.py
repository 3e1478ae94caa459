"""Lowering: a network, its inputs and what to record become a Plan.

Text is checked and integrated, random draws are made or written down as recipes, and times become ticks.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.network.program import Step
from neurosim.network.sums import sums_of
from neurosim.network.values import unit
from neurosim.plan.check import check_drawn_delays, check_plan
from neurosim.plan.dimensions import Dim, Scope
from neurosim.plan.groups import lower_group, neuron_scope, text_key, view_group
from neurosim.plan.inputs import Inputs
from neurosim.plan.memo import persistent_memo
from neurosim.plan.pathways import lower_pathways
from neurosim.plan.plan import AnyPathway, Group, Plan, Sparse


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
    """The plan of a run.

    net: the network
    inputs: its inputs, from `read_inputs`, which also say how many ticks and trials the run has
    probes: what to record
    start: start values by 'population.variable'; they replace the described ones
    resume: the checkpoint of a recording that the run continues
    seed: of all random numbers
    precision: 'double', 'mixed' (weights in single precision), 'single' or 'half'
    until: 'stable' to stop once nothing changes
    training: the value of the name `training` in text

    Raises PlanError if names, units or timing do not fit together.
    """
    with persistent_memo(_texts(net)):
        written = written_variables(net)
        scopes = {p.name: neuron_scope(net, p, written[p.name]) for p in net.populations.values()}
        for name, dims in inputs.dims.items():
            _check_input_unit(net, name, dims, scopes)
        groups: dict[str, Group] = {}
        known: set[Hashable] = set()
        for name, population in net.populations.items():
            key = text_key(population, scopes[name])
            groups[name] = lower_group(
                net,
                population,
                scopes[name],
                start=start or {},
                seed=seed,
                precision=precision,
                training=training,
                checked=key in known,
            )
            known |= set() if key is None else {key}
        groups |= {name: view_group(name, *sent) for name, sent in net.views.items()}
        found = [
            pathway
            for name in net.synapses
            for pathway in lower_pathways(net, name, scopes, inputs, seed, precision)
        ]
        answers = {
            f"{name}.{path.name}"
            for name, item in net.synapses.items()
            for path in item.further
            if path.argument == "on_post"
        }
        pathways = {p.name: p for p in sorted(found, key=lambda pathway: pathway.name in answers)}
    plan = Plan(
        schedule=net.schedule,
        dt=net.dt,
        program=_with_recorded(net.program, probes),
        groups=groups,
        pathways=pathways,
        drives=inputs.drives,
        probes=tuple(_with_shape(probe, pathways) for probe in probes),
        ticks=inputs.ticks,
        trials=inputs.trials,
        seed=seed,
        precision=precision,
        until=until,
        resume=dict(resume or {}),
    )
    check_drawn_delays(plan, net)
    check_plan(plan)
    return plan


def _texts(net: Network) -> list[str]:
    """All text in a network."""
    own = [
        [
            *(p.lines, p.statements, p.threshold, p.reset_statements, p.method, str(p.refractory)),
            *(block.statements for block in p.regular),
        ]
        for p in net.populations.values()
    ]
    between = [[item.lines, item.all_statements, item.method] for item in net.synapses.values()]
    return [repr(part) for part in (*own, *between)]


def _with_shape(probe: Probe, pathways: Mapping[str, AnyPathway]) -> Probe:
    """A probe of synapses with the shape of a sample, which is known only now: one value for each synapse."""
    pathway = pathways.get(probe.owner)
    return replace(probe, shape=(pathway.sender.size,)) if isinstance(pathway, Sparse) else probe


def _with_recorded(program: tuple[Step, ...], probes: tuple[Probe, ...]) -> tuple[Step, ...]:
    """The steps without the probes that they name and this run does not have."""
    known = {probe.name for probe in probes}
    named = [
        step if step.probes is None else replace(step, probes=tuple(p for p in step.probes if p in known))
        for step in program
    ]
    return tuple(step for step in named if not step.empty)


def written_variables(net: Network) -> dict[str, set[str]]:
    """For each population, the variables that some text or synapse changes during the run."""
    written: dict[str, set[str]] = {}
    for population in net.populations.values():
        differential = {line.name for line in population.lines if line.kind == "differential"}
        written[population.name] = differential | population.assigned | set(population.held)
    for item in net.synapses.values():
        assigned = {s.name for s in item.all_statements}
        written[item.post.name] |= {name.removesuffix("_post") for name in assigned}
        for each in sums_of(item):
            written[each.neurons.population.name].add(each.variable)
        if item.to:
            written[item.post.name].add(item.to)
        written[item.pre.name] |= {name.removesuffix("_pre") for name in assigned if name.endswith("_pre")}
    return written


def _check_input_unit(net: Network, name: str, dims: Dim, scopes: Mapping[str, Scope]) -> None:
    """A clamp must have the unit of what it replaces. The input of a driven population may have any unit."""
    population = net.populations[name]
    sends = population.sends
    if sends is None:
        return
    if sends in population.subexpressions:
        raise PlanError(
            f"run: input {name!r} would replace what it sends, but {sends!r} is a subexpression, which"
            " nothing can replace."
            f" Make it a variable that update text assigns, or let {name!r} send another."
        )
    if sends in population.held or sends in population.shared:
        flag = "(constant over dt)" if sends in population.held else "(shared)"
        raise PlanError(
            f"run: input {name!r} would replace what it sends, but {sends!r} is {flag}, which nothing can"
            f" replace. Leave the input out, or let {name!r} send another variable."
        )
    wanted = scopes[name].dims[sends]
    if dims != wanted:
        raise PlanError(
            f"run: input {name!r} is in {unit(dims)}, but it replaces {sends}, which is in {unit(wanted)}."
            f" Give it in {unit(wanted)}."
        )

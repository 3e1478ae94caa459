"""Writes the C++ of a network structure: populations, synapses, and the tick that calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurosim.engine.events import all_synapses, sums_by_target, synapses
from neurosim.engine.events.arrivals import deliver_stage, private, settle_all
from neurosim.engine.events.called import user_functions
from neurosim.engine.events.driven import drive
from neurosim.engine.events.keys import (
    HistoryArray,
    HistoryDepth,
    HistoryPart,
    StateArray,
    SubexpressionArray,
)
from neurosim.engine.events.loops import for_each_trial, function, identifier
from neurosim.engine.events.numbering import Numbering, braced, number_of
from neurosim.engine.events.order import spikes_as_it_moves, unmoved_at
from neurosim.engine.events.parts import parts, types
from neurosim.engine.events.pathway_code import PathwayCode
from neurosim.engine.events.periodic import in_neurons, in_synapses
from neurosim.engine.events.populations import evaluated, find_spikes, move
from neurosim.engine.events.sharing import written_once
from neurosim.engine.events.spiked import reset, threshold
from neurosim.engine.events.stages import REDUCE, Stage, stages_of
from neurosim.engine.events.sweeps import sweep
from neurosim.engine.events.tick import derivation, is_queued, recorded_subexpressions, tick
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Do, unmoved
from neurosim.plan.plan import Group, Plan, Private

OPENING = """\
// Written by neurosim from the description of a network; the tick contract stands in neurosim/plan/plan.py.
// Sizes, constants, weights, delays, seeds and inputs are arguments: all networks of this structure share it.
{types}
#include "core/run/code.hpp"
{includes}
namespace {{  // a process may load the libraries of many networks; these names belong to this one alone
namespace network {{
using namespace neurosim;
"""


TICK = "Worker& worker, const std::vector<Probe>& probes"


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a translation unit, the parts to link with it, and what the numbers in it mean."""

    text: str
    parts: tuple[str, ...]
    numbering: Numbering
    stages: tuple[Stage, ...]


def write_source(plan: Plan) -> Source:
    """The translation unit that runs networks of this plan's structure."""
    numbering, stages = Numbering(), stages_of(plan)
    lines_of_includes, functions = user_functions(plan)
    includes = "".join(f"{line}\n" for line in lines_of_includes)
    lines = [
        OPENING.format(types=types(plan.precision), includes=includes),
        "using Real = NEUROSIM_REAL;",
        "using Weight = NEUROSIM_WEIGHT;",
        "using Context = neurosim::Context<Real, Weight>;",
        "using Worker = neurosim::Worker<Real, Weight>;",
        "using Integer = IntegerOf<Real>;",
        "",
    ]
    lines += functions
    lines += _histories(plan, numbering)
    for group in plan.groups.values():
        lines += _population(plan, numbering, group)
    for stage in stages:
        for pathway in (p for afferents in stage.afferents for p in afferents.private):
            lines += private(plan, numbering, pathway, stage)
        lines += deliver_stage(plan, numbering, stage)
    codes = [PathwayCode(plan, numbering, pathway) for pathway in plan.textual]
    lines += [line for code in codes for line in synapses.record(code)]
    for code in codes:
        lines += _synapses(code)
    for step in plan.program:
        if step.kind is Do.SWEEP:
            lines += sweep(plan, numbering, step)
    lines += _network(plan, numbering, stages)
    return Source(written_once(lines), parts(plan), numbering, stages)


def _histories(plan: Plan, numbering: Numbering) -> list[str]:
    """The function that finds the past messages of a population that does not spike."""
    rows: list[str] = []
    for name in plan.groups:
        if spikes_sent(plan, name):
            rows.append(braced(-1, -1, -1, -1))
        else:
            arrays = [numbering.array(HistoryArray(name, part)) for part in HistoryPart]
            rows.append(braced(*arrays, numbering.integer(HistoryDepth(name))))
    body = [
        f"static constexpr int handles[][4] = {braced(*rows)};",
        "const int* of = handles[population];",
        "return history<Real>(context, of[0], of[1], of[2], of[3], population);",
    ]
    signature = "inline History<Real> history_of(const Context& context, int population)"
    return function("The past messages of each population that does not spike.", signature, body)


def _population(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    """The functions of a population."""
    if group.driven:
        return drive(plan, numbering, group)
    lines: list[str] = []
    lines += in_neurons(plan, numbering, group)
    if not (plan.sweeps or group.of):
        lines += move(plan, numbering, group)
    if group.spiking:
        lines += [] if spikes_as_it_moves(plan, group) else find_spikes(plan, numbering, group)
        lines += threshold(plan, numbering, group)
    lines += reset(plan, numbering, group) if group.reset is not None else []
    if not group.spiking and group.sends is not None:
        number, name = number_of(plan, group.name), f"send_{identifier(group.name)}"
        target = f"history_of(context, {number}).next(context.tick, context.block == 0)"
        owner, not_yet = plan.variable_owner(group), unmoved_at(plan, group.name, Do.SEND)
        lines += evaluated(plan, numbering, owner, group.sends, name, target, unmoved=not_yet)
    for variable, step in recorded_subexpressions(plan, group):
        target = numbering.pointer("Real", SubexpressionArray(group.name, variable))
        name, not_yet = derivation(plan, group, variable, step), unmoved(plan.program, step)
        lines += evaluated(plan, numbering, group, variable, name, target, unmoved=not_yet)
    return lines


def _synapses(code: PathwayCode) -> list[str]:
    """The functions of synapses with text."""
    text = code.pathway.text
    lines = in_synapses(code)
    lines += synapses.send_with_delays(code) if code.pathway.delay_from else []
    if text.integrate is not None and code.pathway.name not in sums_by_target.integrated_with_sums(code.plan):
        lines += all_synapses.integrate(code)
    if text.summed:
        lines += (sums_by_target if code.by_target else all_synapses).add_up(code)
    for variable, step in recorded_subexpressions(code.plan, code.pathway):
        name = derivation(code.plan, code.pathway, variable, step)
        lines += synapses.evaluated(code, variable, name, unmoved(code.plan.program, step))
    for block in (text.on_pre, text.on_post):
        lines += synapses.act(code, block) if block is not None else []
    lines += synapses.queue(code) if is_queued(code.plan, code.pathway) else []
    return lines


def _network(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...]) -> list[str]:
    """What core/run/engine.hpp runs: the tick, how many of what there are, and where the state is."""
    reductions = [f"Reduction::{REDUCE[s.reduce].upper()}" for s in stages]
    states = [
        braced(number, numbering.array(StateArray(group.name, variable)))
        for number, group in enumerate(plan.groups.values())
        for variable in group.states
    ]
    settle = settle_all(plan, stages)
    settle = for_each_trial(settle) if settle else []
    waiting = "Sums that wait for the next tick are taken, so that the arrays of state are complete."
    counts = [len(stages), len(states), len(plan.textual), len(plan.of_class(Private))]
    tables = [
        _table("Reduction", "reductions", reductions),
        _table("StateHandle", "states", states),
    ]
    return [
        *function(waiting, "void settle([[maybe_unused]] Worker& worker)", settle),
        *function("One tick.", f"void tick({TICK})", tick(plan, numbering, stages)),
        *tables,
        "",
        "}  // namespace network",
        "}  // namespace",
        "",
        "// What the engine needs to know of this network.",
        "extern const neurosim::NetworkCode<network::Real, network::Weight> neurosim_network;",
        "const neurosim::NetworkCode<network::Real, network::Weight> neurosim_network = {",
        f"    {', '.join(map(str, counts))},",
        "    network::reductions, network::states, network::settle, network::tick,",
        "};",
        "",
    ]


def _table(kind: str, name: str, rows: Sequence[str]) -> str:
    """A table of constants; C++ has no empty arrays."""
    if not rows:
        return f"constexpr const {kind}* {name} = nullptr;"
    return f"constexpr {kind} {name}[] = {braced(*rows)};"

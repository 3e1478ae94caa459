"""C++ of deliver steps: the sums of what arrives through synapses without text."""

from __future__ import annotations

import numpy as np

from neurosim.engine.delivery import Afferents
from neurosim.engine.events.keys import (
    DenseArray,
    DenseCount,
    DensePart,
    DenseSize,
    GradedArray,
    GradedCount,
    GradedPart,
    GradedSize,
    PortCount,
    PortTotal,
    PrivateArray,
    PrivateCount,
    PrivatePart,
    PrivateSize,
    PrivateWeight,
    SlotStarts,
    StateArray,
)
from neurosim.engine.events.loops import Loop, for_each_trial, function, identifier
from neurosim.engine.events.names import group_names, kept_ports, not_refractory, used_names
from neurosim.engine.events.numbering import Numbering, braced, number_of
from neurosim.engine.events.sharing import marked_number
from neurosim.engine.events.stages import REDUCE, Stage, postponed, taken_one_by_one
from neurosim.network.program import unmoved
from neurosim.plan.codegen.cpp_code import cpp_expression
from neurosim.plan.plan import Dense, Plan, Private


def deliver_stage(plan: Plan, numbering: Numbering, stage: Stage) -> list[str]:
    """The function of one stage.

    Graded messages, spikes, matrix products and private sources are summed in this order; then ports and
    variables take the sums.
    """
    reduce, lines = REDUCE[stage.reduce], list[str]()
    for place, afferents in enumerate(stage.afferents):
        if afferents.graded:
            slot, handles = _slot(numbering, stage, place), _graded_handles(numbering, afferents)
            lines.append(f"deliver_graded<{reduce}>(worker, {stage.number}, {slot}, {handles}, history_of);")
    if stage.pathways:
        before, take = _take(plan, numbering, stage)
        senders = senders_of(plan, stage)
        call = f"deliver_spikes<{reduce}>(context, {stage.number}, {senders}, {take});"
        lines += for_each_trial([*before, call])
    for place, afferents in enumerate(stage.afferents):
        for pathway in afferents.dense:
            slot = _slot(numbering, stage, place)
            handles = dense_handles(plan, numbering, pathway, DensePart.TILES)
            lines.append(f"deliver_dense<{reduce}>(worker, {stage.number}, {slot}, {handles}, history_of);")
        for pathway in afferents.private:
            lines += for_each_trial([f"private_{identifier(pathway.name)}(context);"])
    waiting = {p.place for p in postponed(plan) if p.stage == stage.number}
    taken = [place for place in range(len(stage.afferents)) if place not in waiting]
    lines += for_each_trial([f"{_settling(stage, place)}(context);" for place in taken]) if taken else []
    settling = [
        part for place in range(len(stage.afferents)) for part in _settle(plan, numbering, stage, place)
    ]
    title = f"What arrives in step {stage.step} at ports that take the {stage.reduce}."
    return [*settling, *function(title, f"void deliver_{stage.number}(Worker& worker)", lines)]


def senders_of(plan: Plan, stage: Stage) -> str:
    """C++ for the numbers of the populations whose spikes a stage delivers."""
    senders = {p.pre for p in stage.pathways}
    return braced(*(number_of(plan, name) for name in plan.groups if name in senders))


def _take(plan: Plan, numbering: Numbering, stage: Stage) -> tuple[list[str], str]:
    """C++ by which neurons take sums one by one: the lines before, and a function (`LeaveSums{}` if they
    cannot).

    The function finds the port or variable to which a slot belongs by where the sums of each begin.
    """
    if stage.number not in taken_one_by_one(plan):
        return [], "LeaveSums{}"
    lines, chosen = list[str](), ""
    for place, afferents in enumerate(stage.afferents):
        post, to = afferents.post, afferents.to
        key = PortTotal(post, to) if to in plan.groups[post].ports else StateArray(post, to)
        start = f"slot_of(context, {_slot(numbering, stage, place)})"
        first = f"context.span({number_of(plan, post)}).first"
        lines.append(f"Real* const to_{place} = {numbering.pointer('Real', key)} + {first} - {start};")
        if place:
            lines.append(f"const auto from_{place} = static_cast<uint32_t>({start});")
        chosen = f"(slot < from_{place} ? {chosen} : to_{place})" if place else "to_0"
    return lines, f"[&](uint32_t slot, Real sum) {{ {chosen}[slot] += sum; }}"


def _slot(numbering: Numbering, stage: Stage, place: int) -> str:
    """The `Slot` of one port or variable (core/arrivals/deliver.hpp): where its sums begin."""
    return braced(numbering.array(SlotStarts(stage.number)), marked_number(place))


def _graded_handles(numbering: Numbering, afferents: Afferents) -> str:
    """The `GradedHandles` of one port or variable."""
    post, entry = afferents.post, afferents.entry
    arrays = [numbering.array(GradedArray(post, entry, part)) for part in GradedPart]
    sizes = [numbering.integer(GradedSize(post, entry, count)) for count in GradedCount]
    return braced(*arrays, *sizes)


def dense_handles(plan: Plan, numbering: Numbering, pathway: Dense, weights: DensePart) -> str:
    """The `DenseHandles` of a pathway, whose weights lie in rows or in tiles."""
    parts = (weights, DensePart.PRE, DensePart.POST, DensePart.SEEN, DensePart.PRODUCT)
    arrays = [numbering.array(DenseArray(pathway.name, part)) for part in parts]
    sizes = [numbering.integer(DenseSize(pathway.name, count)) for count in DenseCount]
    return braced(*arrays, *sizes, number_of(plan, pathway.pre))


def private(plan: Plan, numbering: Numbering, pathway: Private, stage: Stage) -> list[str]:
    """The function that gives every target weight times Binomial(n, p).

    n is the number of its own sources, p the chance with which the sender spikes in this tick.
    """
    name = pathway.name
    sender = numbering.integer_value(PrivateSize(name, PrivateCount.SENDER))
    loop = Loop(plan, numbering, index=sender, unmoved=unmoved(plan.program, stage.step))
    group, wanted = plan.groups[pathway.pre], used_names(pathway.chance)
    names = group_names(loop, group, wanted, kept_ports(loop, group, wanted))
    chance = cpp_expression(pathway.chance, names, precision=plan.precision)
    place = next(n for n, afferents in enumerate(stage.afferents) if pathway in afferents.private)
    key = numbering.random_key(name, "private", 0)
    arrays = [numbering.array(PrivateArray(name, part)) for part in (PrivatePart.POST, PrivatePart.FIRST)]
    counts = (PrivateCount.SOURCES, PrivateCount.NUMBER)
    sizes = [numbering.integer(PrivateSize(name, count)) for count in counts]
    if np.ndim(pathway.weight):
        weight = f"EachWeight<Real>{{{numbering.pointer('Real', PrivateArray(name, PrivatePart.WEIGHT))}}}"
    else:
        weight = f"OneWeight<Real>{{Real({numbering.number_value(PrivateWeight(name))})}}"
    handles = braced(*arrays, *sizes, number_of(plan, pathway.post))
    slot, reduce = _slot(numbering, stage, place), REDUCE[stage.reduce]
    step = marked_number(stage.number)
    call = f"deliver_private<{reduce}>(context, {step}, {slot}, {handles}, {key}, chance, {weight});"
    lines = [*loop.before.values(), f"const double chance = {chance.text};", call]
    return function(f"Synapses '{name}'", f"void private_{identifier(name)}(Context& context)", lines)


def _settling(stage: Stage, place: int) -> str:
    """The name of the function that adds the sums of a stage to one port or variable."""
    return f"settle_{stage.number}_{place}_{identifier(stage.afferents[place].post)}"


def _settle(plan: Plan, numbering: Numbering, stage: Stage, place: int) -> list[str]:
    """The function that adds the sums of a stage to one port or variable."""
    afferents = stage.afferents[place]
    group, to = plan.groups[afferents.post], afferents.to
    target, signature = f"{group.name}.{to}", f"void {_settling(stage, place)}(Context& context)"
    sums = f"context, {stage.number}, {_slot(numbering, stage, place)}, {number_of(plan, group.name)}"
    if to in group.ports:
        port, count = numbering.pointer("Real", PortTotal(group.name, to)), "nullptr"
        if stage.reduce != "sum":
            count = numbering.pointer("int64_t", PortCount(group.name, to))
        lines = [f"settle_port<{REDUCE[stage.reduce]}>({sums}, {port}, {count});"]
    elif to in group.frozen:
        state = numbering.pointer("Real", StateArray(group.name, to))
        loop = Loop(plan, numbering, unmoved=unmoved(plan.program, stage.step))
        active = f"[&](int32_t i) {{ return {not_refractory(loop, group)}; }}"
        lines = [*loop.before.values(), f"settle_unless_refractory({sums}, {state}, {active});"]
    else:
        state = numbering.pointer("Real", StateArray(group.name, to))
        lines = [f"settle_port<Sum>({sums}, {state}, nullptr);"]
    return function(f"What has arrived at '{target}'", signature, lines)


def settle_all(plan: Plan, stages: tuple[Stage, ...]) -> list[str]:
    """Calls that add each postponed sum to its port or variable, so that the arrays of state are complete."""
    return [f"{_settling(stages[p.stage], p.place)}(context);" for p in postponed(plan)]

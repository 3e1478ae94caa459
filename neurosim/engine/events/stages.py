"""Stages: which ports and variables a deliver step fills, and through which synapses without text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from neurosim.engine.delivery import Afferents, afferents_of
from neurosim.engine.events.order import spikes_as_it_moves, texts_at
from neurosim.network.program import Arriving, Do
from neurosim.network.text import names_in
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import Block, Plan, Sparse

# How a port combines its arrivals, and the C++ type that does it.
REDUCE = {"sum": "Sum", "mean": "Mean", "max": "Max"}


@dataclass(frozen=True, eq=False)
class Stage:
    """The ports and variables that one deliver step fills, if all take the sum, or all the mean, or all the
    maximum of what arrives.

    number, step: the position of the stage in the plan, and of its step in the program
    reduce: 'sum', 'mean' or 'max'
    afferents: for each of these ports and variables, the synapses without text that lead there
    """

    number: int
    step: int
    reduce: str
    afferents: tuple[Afferents, ...]

    @property
    def pathways(self) -> tuple[Sparse, ...]:
        """The stored synapses of spiking populations, one port or variable after the other."""
        return tuple(pathway for afferents in self.afferents for pathway in afferents.spiking)


@once_for_each_plan
def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan, in the order of its program."""
    stages: list[Stage] = []
    for number, step in enumerate(plan.program):
        if step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
            afferents = afferents_of(plan, step)
            for reduce in REDUCE:
                alike = tuple(a for a in afferents if a.reduce == reduce)
                if alike:
                    stages.append(Stage(len(stages), number, reduce, alike))
    return tuple(stages)


@dataclass(frozen=True, eq=False)
class Postponed:
    """A port or variable whose sums wait until its population moves, which saves a pass over the neurons.

    stage: the number of its stage
    place: its position in the stage
    afferents: the synapses that lead there
    """

    stage: int
    place: int
    afferents: Afferents


@once_for_each_plan
def postponed(plan: Plan) -> tuple[Postponed, ...]:
    """The ports and variables fed by spikes that nothing reads before their neurons move, under clocks.

    Functions that a step calls may read all of them.
    """
    if plan.dt is None or any(step.kind is Do.CALL for step in plan.program):
        return ()
    stages = stages_of(plan)
    fed = Counter((a.post, a.to) for stage in stages for a in stage.afferents)
    return tuple(
        Postponed(stage.number, place, afferents)
        for stage in stages
        if stage.reduce == "sum" and plan.program[stage.step].every == 1
        for place, afferents in enumerate(stage.afferents)
        if not (afferents.graded or afferents.dense or afferents.einsum)
        and _moves_every_tick(plan, afferents.post)
        and _adds_in_any_order(plan, afferents, fed[afferents.post, afferents.to])
        and not _is_read_before_move(plan, afferents)
    )


@once_for_each_plan
def postponed_at(plan: Plan) -> dict[str, list[Postponed]]:
    """What is postponed, by population, in the order of the stages."""
    found: dict[str, list[Postponed]] = {name: [] for name in plan.groups}
    for each in postponed(plan):
        found[each.afferents.post].append(each)
    return found


def _moves_every_tick(plan: Plan, population: str) -> bool:
    """Whether a population moves in each tick, and takes what has waited."""
    return any(step.moves and step.every == 1 and population in step.populations for step in plan.program)


def _adds_in_any_order(plan: Plan, afferents: Afferents, sums: int) -> bool:
    """Whether a sum that waits gives the same bits: at a port, which is empty before, two may change places.

    sums: how many stages add to this port or variable
    """
    return sums == 1 or (sums == 2 and afferents.to in plan.groups[afferents.post].ports)


@once_for_each_plan
def taken_one_by_one(plan: Plan) -> frozenset[int]:
    """The numbers of the stages whose sums neurons can take one by one, in ticks in which few spikes arrive.

    All sums of such a stage are postponed, and come from stored synapses alone.
    """
    waiting = {(p.stage, p.place) for p in postponed(plan)}
    return frozenset(
        stage.number
        for stage in stages_of(plan)
        if all(
            (stage.number, place) in waiting and afferents.spiking and not afferents.private
            for place, afferents in enumerate(stage.afferents)
        )
    )


def _is_read_before_move(plan: Plan, afferents: Afferents) -> bool:
    """Whether text, a message or a record may use a port or variable before its population moves."""
    group, to = plan.groups[afferents.post], afferents.to
    used: set[str] = set()
    for pathway in texts_at(plan)[group.name]:
        if group in plan.ends(pathway):
            text = pathway.text
            for block in text.blocks:
                used |= _names_of(block)
            for variable, expression in text.summed.items():
                used |= {variable, *names_in(expression)}
            used |= {name for expression in text.subexpressions.values() for name in names_in(expression)}
    used = {name.removesuffix("_pre").removesuffix("_post") for name in used}
    if to in group.ports:
        return to in used
    if any((link.owner, link.variable) == (group.name, to) for link in plan.linked):
        return True
    for block in group.periodic.values():
        used |= _names_of(block)
    subexpressions = {name for text in group.subexpressions.values() for name in names_in(text)}
    recorded = {probe.variable for probe in plan.probes if probe.owner == group.name}
    found = set[str]() if spikes_as_it_moves(plan, group) else _names_of(group.threshold)
    others = _names_of(group.reset) | found | subexpressions | recorded | group.frozen
    for view in plan.views_of(group):
        others |= {view.sends, *_names_of(view.threshold), *_names_of(view.reset)}
    return to in used | others | {group.sends}


def _names_of(block: Block | None) -> set[str]:
    """All names that a block reads or writes."""
    statements = block.statements if block is not None else ()
    return {name for s in statements for name in (s.name, *names_in(s.expression))}

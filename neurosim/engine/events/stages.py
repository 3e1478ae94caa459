"""Stages: which ports and variables a deliver step fills, and through which synapses without text."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.engine.delivery import Afferents, afferents_into
from neurosim.network.program import Arriving, Do
from neurosim.network.schedule import Clock
from neurosim.network.text import names_in
from neurosim.plan.plan import Block, Plan, Sparse

REDUCE = {
    "sum": "Sum",
    "mean": "Mean",
    "max": "Max",
}  # how a port joins its arrivals, and the C++ type that does it


@dataclass(frozen=True, eq=False)
class Stage:
    """The ports and variables that one deliver step fills and that reduce alike.

    `number` counts the stages of a plan, `step` its steps. Each accumulator is where the arrivals of one port
    or variable are summed, with the synapses that they come through.
    """

    number: int
    step: int
    reduce: str
    accumulators: tuple[Afferents, ...]

    @property
    def pathways(self) -> tuple[Sparse, ...]:
        """The stored synapses of spiking populations, accumulator by accumulator."""
        return tuple(pathway for accumulator in self.accumulators for pathway in accumulator.spiking)


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan, in the order of its program."""
    stages: list[Stage] = []
    for number, step in enumerate(plan.program):
        if step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
            graded, spikes = step.delivers(graded=True), step.delivers(graded=False)
            accumulators = afferents_into(plan, step.populations, graded=graded, spikes=spikes)
            for reduce in REDUCE:
                alike = tuple(a for a in accumulators if a.reduce == reduce)
                if alike:
                    stages.append(Stage(len(stages), number, reduce, alike))
    return tuple(stages)


@dataclass(frozen=True, eq=False)
class Postponed:
    """An accumulator whose sums wait until its population moves, which saves a pass over the neurons.

    `place` is its position among the accumulators of its stage.
    """

    stage: int
    place: int
    accumulator: Afferents


def postponed(plan: Plan) -> tuple[Postponed, ...]:
    """The accumulators of spikes under Clock whose targets nothing reads before their next move."""
    if type(plan.schedule) is not Clock:
        return ()
    return tuple(
        Postponed(stage.number, place, accumulator)
        for stage in stages_of(plan)
        if plan.program[stage.step].arriving is Arriving.SPIKES and stage.reduce == "sum"
        for place, accumulator in enumerate(stage.accumulators)
        if not _is_read_before_move(plan, accumulator)
    )


def taken_one_by_one(plan: Plan) -> set[int]:
    """The stages whose sums can be taken one by one in ticks in which few spikes arrive.

    All of their sums must be postponed, and come from stored synapses alone.
    """
    waiting = {(p.stage, p.place) for p in postponed(plan)}
    return {
        stage.number
        for stage in stages_of(plan)
        if all(
            (stage.number, place) in waiting and accumulator.spiking and not accumulator.private
            for place, accumulator in enumerate(stage.accumulators)
        )
    }


def _is_read_before_move(plan: Plan, accumulator: Afferents) -> bool:
    """Whether text, a message or a record may use a port or variable before its population moves."""
    group, to = plan.groups[accumulator.post], accumulator.to
    used: set[str] = set()
    for pathway in plan.textual:
        if accumulator.post in (pathway.pre, pathway.post):
            text = pathway.text
            for block in (text.integrate, text.on_pre, text.on_post):
                used |= _names_of(block)
            for variable, expression in text.summed.items():
                used |= {variable, *names_in(expression)}
    used = {name.removesuffix("_pre").removesuffix("_post") for name in used}
    if to in group.ports:
        return to in used
    derived = {name for text in group.derived.values() for name in names_in(text)}
    recorded = {probe.variable for probe in plan.probes if probe.owner == group.name}
    return to in used | _names_of(group.reset) | derived | recorded | group.frozen | {group.sends}


def _names_of(block: Block | None) -> set[str]:
    """All names that a block reads or writes."""
    statements = block.statements if block is not None else ()
    return {name for s in statements for name in (s.name, *names_in(s.expression))}

"""Stages: which ports and variables a deliver step fills, and from what."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.engine.delivery import Afferents, afferents_into
from neurosim.network.program import Arriving, Do
from neurosim.network.schedule import Clock
from neurosim.network.text import names_in
from neurosim.plan.plan import Plan, Sparse


@dataclass(frozen=True, eq=False)
class Stage:
    """The accumulators of one deliver step that reduce alike. `number` counts all stages of the plan."""

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
    found: list[Stage] = []
    for place, step in enumerate(plan.program):
        if step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
            accumulators = afferents_into(
                plan, step.populations, graded=step.delivers(graded=True), spikes=step.delivers(graded=False)
            )
            for reduce in ("sum", "mean", "max"):
                chosen = tuple(accumulator for accumulator in accumulators if accumulator.reduce == reduce)
                if chosen:
                    found.append(Stage(len(found), place, reduce, chosen))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Postponed:
    """An accumulator whose port or variable takes its sums only when its population moves: one pass over the neurons less."""

    stage: int
    place: int
    accumulator: Afferents


def postponed(plan: Plan) -> tuple[Postponed, ...]:
    """The accumulators of spikes under Clock that nobody can look at between the arrival and the next tick's move."""
    if type(plan.schedule) is not Clock:
        return ()
    found = []
    for stage in stages_of(plan):
        if plan.program[stage.step].arriving is Arriving.SPIKES and stage.reduce == "sum":
            found += [
                Postponed(stage.number, place, accumulator)
                for place, accumulator in enumerate(stage.accumulators)
                if _unseen(plan, accumulator)
            ]
    return tuple(found)


def taken_early(plan: Plan) -> set[int]:
    """The stages whose postponed sums can be taken one by one where few spikes arrive: nothing but spikes may have filled them."""
    waiting = {(p.stage, p.place) for p in postponed(plan)}
    return {
        stage.number
        for stage in stages_of(plan)
        if all(
            (stage.number, place) in waiting and accumulator.spiking and not accumulator.private
            for place, accumulator in enumerate(stage.accumulators)
        )
    }


def _unseen(plan: Plan, accumulator: Afferents) -> bool:
    group, to = plan.groups[accumulator.post], accumulator.to
    seen: set[str] = set()
    for pathway in plan.textual:
        if accumulator.post in (pathway.pre, pathway.post):
            text = pathway.text
            blocks = [block for block in (text.integrate, text.on_pre, text.on_post) if block is not None]
            seen |= {
                name
                for block in blocks
                for s in block.statements
                for name in (s.name, *names_in(s.expression))
            }
            seen |= {
                name for variable, text in pathway.text.summed.items() for name in (variable, *names_in(text))
            }
    seen = {name.removesuffix("_pre").removesuffix("_post") for name in seen}
    if to in group.ports:
        return to not in seen
    reset = {
        name
        for s in (group.reset.statements if group.reset else ())
        for name in (s.name, *names_in(s.expression))
    }
    derived = {name for text in group.derived.values() for name in names_in(text)}
    recorded = {probe.variable for probe in plan.probes if probe.owner == group.name}
    return to not in seen | reset | derived | recorded | group.frozen | {group.sends}

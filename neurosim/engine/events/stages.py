"""Stages: which ports and variables a deliver step fills, and from what."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do
from neurosim.network.schedule import Clock
from neurosim.network.text import names_in
from neurosim.plan.plan import Dense, Plan, Private, Sparse


@dataclass(frozen=True, eq=False)
class Accumulator:
    """What one deliver step brings to one port or variable `to` of `post` through synapses without text."""

    post: str
    to: str
    reduce: str
    spiking: tuple[Sparse, ...]  # stored synapses of populations that spike, in network order
    graded: tuple[Sparse, ...]  # stored synapses of the others
    dense: tuple[Dense, ...]
    private: tuple[Private, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """The accumulators of one deliver step that reduce alike. `number` counts all stages of the plan."""

    number: int
    step: int
    reduce: str
    accumulators: tuple[Accumulator, ...]

    @property
    def pathways(self) -> tuple[Sparse, ...]:
        """The stored synapses of spiking populations, accumulator by accumulator."""
        return tuple(pathway for accumulator in self.accumulators for pathway in accumulator.spiking)


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan, in the order of its program."""
    found: list[Stage] = []
    for place, step in enumerate(plan.program):
        if step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
            accumulators = accumulators_into(
                plan, step.populations, graded=step.delivers(graded=True), spikes=step.delivers(graded=False)
            )
            for reduce in ("sum", "mean", "max"):
                chosen = tuple(accumulator for accumulator in accumulators if accumulator.reduce == reduce)
                if chosen:
                    found.append(Stage(len(found), place, reduce, chosen))
    return tuple(found)


def accumulators_into(
    plan: Plan, populations: tuple[str, ...], *, graded: bool = True, spikes: bool = True
) -> list[Accumulator]:
    """What arrives at each port or variable of these populations: `graded` messages, `spikes`, or both."""
    keys = dict.fromkeys((p.post, p.to) for p in plan.summing if p.to and p.post in populations)
    order = list(plan.groups)
    found = []
    for post, to in keys:
        mine = [p for p in plan.summing if (p.post, p.to) == (post, to)]
        sparse = sorted((p for p in mine if isinstance(p, Sparse)), key=lambda p: order.index(p.pre))
        accumulator = Accumulator(
            post,
            str(to),
            plan.groups[post].ports.get(str(to), "sum"),
            tuple(p for p in sparse if spikes and spikes_sent(plan, p.pre)),
            tuple(p for p in sparse if graded and not spikes_sent(plan, p.pre)),
            tuple(p for p in mine if graded and isinstance(p, Dense)),
            tuple(p for p in mine if spikes and isinstance(p, Private)),
        )
        if accumulator.spiking or accumulator.graded or accumulator.dense or accumulator.private:
            found.append(accumulator)
    return found


@dataclass(frozen=True, eq=False)
class Postponed:
    """An accumulator whose port or variable takes its sums only when its population moves: one pass over the neurons less."""

    stage: int
    place: int
    accumulator: Accumulator


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


def _unseen(plan: Plan, accumulator: Accumulator) -> bool:
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

"""Checks of the steps of a plan: each thing that must be done in a tick is done once, and in its order."""

from __future__ import annotations

import numpy as np

from neurosim.errors import PlanError, nearest, shown
from neurosim.network.program import Arriving, Do, Step
from neurosim.network.text import names_in
from neurosim.plan.plan import AnyPathway, Block, Plan, Private, Sparse, Textual

Place = tuple[int, Step]  # a step and its number in the program


def check_program(plan: Plan) -> None:
    """Refuse steps that an engine cannot run by the tick contract.

    Raises PlanError, which names the step, for names that the plan does not have; for what is done twice, or
    never; and for steps that stand before those that they need.
    """
    check = _Check(plan)
    check.names()
    for name in plan.groups:
        check.population(name)
    if not plan.sweeps:
        for pathway in plan.pathways.values():
            check.pathway(pathway)
    check.probes()
    check.blocks()
    check.calls()


class _Check:
    """The rules, and the numbered steps of the plan."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.steps: list[Place] = list(enumerate(plan.program))
        # The steps that name each population, and the synapses; a plan may have thousands of both.
        self.by_population: dict[str, list[Place]] = {name: [] for name in plan.groups}
        self.by_pathway: dict[str, list[Place]] = {name: [] for name in plan.pathways}

    def refuse(self, step: Step, fault: str, remedy: str) -> None:
        """Raise the error for a step."""
        raise PlanError(f"{self.plan.schedule}: its step '{step}' {fault}. {remedy}")

    def names(self) -> None:
        """Refuse steps that name what the plan does not have, and equal steps."""
        known, before = {p.name: None for p in self.plan.probes}, set[Step]()
        for number, step in self.steps:
            if step in before:
                self.refuse(step, "stands there twice", "Leave one out.")
            before.add(step)
            parts = (
                (step.populations, self.plan.groups, "population"),
                (step.pathways or (), self.plan.pathways, "synapse object"),
                (step.probes or (), known, "probe"),
            )
            for names, those, what in parts:
                for name in names:
                    if name not in those:
                        self.refuse(
                            step, f"names {shown(name)}, which is no {what} here", nearest(name, those)
                        )
            for name in step.populations:
                self.by_population[name].append((number, step))
            for name in step.pathways or ():
                self.by_pathway[name].append((number, step))

    def of_kind(self, name: str, *kinds: Do) -> list[Place]:
        """The steps of these kinds that name a population."""
        return [(n, step) for n, step in self.by_population[name] if step.kind in kinds]

    def concerning(self, pathway: AnyPathway) -> list[Place]:
        """The steps that concern a synapse object."""
        unnamed = [(n, step) for n, step in self.by_population[pathway.post] if step.pathways is None]
        return sorted((*unnamed, *self.by_pathway[pathway.name]), key=_number)

    def at_most_once(self, places: list[Place], what: str) -> None:
        """Refuse the second of several steps that do the same."""
        if len(places) > 1:
            self.refuse(places[1][1], f"{what} a second time in a tick", "Let one step do so.")

    def once(self, places: list[Place], what: str) -> None:
        """Refuse several steps that do the same, and that none does so."""
        self.at_most_once(places, what)
        if not places:
            raise PlanError(f"{self.plan.schedule}: no step of it {what}. Let one step do so.")

    def in_order(self, first: list[Place], then: list[Place], why: str) -> None:
        """Refuse a step that stands before one that it needs."""
        if first and then and then[0][0] < first[0][0]:
            self.refuse(then[0][1], f"stands before '{first[0][1]}', {why}", "Let it stand behind that.")

    def population(self, name: str) -> None:
        """The steps of one population."""
        group, moves = self.plan.groups[name], self.of_kind(name, Do.INTEGRATE, Do.UPDATE, Do.SWEEP)
        thresholds, sends, resets = (self.of_kind(name, kind) for kind in (Do.THRESHOLD, Do.SEND, Do.RESET))
        if group.driven:
            self.once(self.of_kind(name, Do.DRIVE), f"drives {name!r}")
            return
        if group.refractory is not None:
            self.once(moves, f"moves {name!r}, whose neurons are refractory after a spike")
        self.at_most_once(moves, f"moves {name!r}")
        self.at_most_once(resets, f"resets {name!r}")
        if group.of and not group.spiking:
            self.once(sends, f"sends {name!r}")
        elif group.spiking:
            self.once(thresholds, f"compares {name!r} with its threshold")
            self.once(sends, f"sends the spikes of {name!r}")
            why = "which finds the spikes of this tick"
            self.in_order(thresholds, sends, why)
            self.in_order(thresholds, resets, why)
        else:
            self.at_most_once(sends, f"sends what {name!r} sends")
        self._rhythm(name, [*moves, *thresholds, *sends, *resets])

    def _rhythm(self, name: str, own: list[Place]) -> None:
        """The steps of a population run in the same ticks."""
        group, rhythms = self.plan.groups[name], {step.rhythm for _, step in own}
        if len(rhythms) > 1:
            odd = next(step for _, step in own if step.rhythm != own[0][1].rhythm)
            self.refuse(odd, f"runs in other ticks than '{own[0][1]}'", "Give both the same every and phase.")
        if not own or own[0][1].every == 1:
            return
        slow = own[0][1]
        texts = [names_in(text) for text in group.subexpressions.values()]
        recorded = {probe.variable for probe in self.plan.probes if probe.owner == name}
        seen = [port for port in group.ports if port in recorded or any(port in names for names in texts)]
        if seen:
            self.refuse(
                slow,
                f"does not run in every tick, but a record or subexpression of {name!r} reads the port"
                f" {seen[0]!r}",
                "Let synapses add to a variable instead.",
            )
        if name in self.plan.drives:
            self.refuse(slow, f"does not run in every tick, but an input clamps {name!r}", "Leave it out.")
        if self.plan.until is not None:
            self.refuse(
                slow, "does not run in every tick, so that until='stable' would stop too early", "Give ticks."
            )
        if self.of_kind(name, Do.SEND) and not group.spiking:
            delays = [p.longest for p in self.plan.pathways.values() if p.pre == name]
            if any(delays):
                self.refuse(
                    slow,
                    f"does not run in every tick, but what {name!r} sends has a delay",
                    "Let delays be 0.",
                )

    def pathway(self, pathway: AnyPathway) -> None:
        """The steps that concern one synapse object."""
        graded = not (self.plan.sends_spikes(pathway.pre) or isinstance(pathway, Private))
        text, steps = pathway.text if isinstance(pathway, Textual) else None, self.concerning(pathway)
        brings = [(n, step) for n, step in steps if step.delivers(graded=graded)]
        label = f"the synapses {pathway.name!r}"
        if text is None or text.on_pre is not None:
            self.once(brings, f"delivers what arrives through {label}")
        else:
            self.at_most_once(brings, f"delivers what arrives through {label}")
        if not graded and brings and not isinstance(pathway, Private):
            self._spikes_in_time(pathway, brings[0])
        if isinstance(pathway, Textual):
            self._text(pathway, steps, brings)

    def _spikes_in_time(self, pathway: AnyPathway, place: Place) -> None:
        """Spikes must be sent before they arrive, and be due in ticks in which they are delivered."""
        number, step = place
        sending = self.of_kind(pathway.pre, Do.DRIVE, Do.SEND)
        sent, sends = sending[0] if sending else (-1, step)
        shortest = _shortest(pathway)
        if shortest == 0 and sent > number:
            self.refuse(
                step,
                f"stands before '{sends}', so that what {pathway.name!r} transmits with a delay of 0 would be"
                " lost",
                "Make every delay at least 1.",
            )
        if step.every == 1:
            return
        aligned = sends.every % step.every == 0 and sends.phase % step.every == step.phase
        changing = isinstance(pathway, Textual) and pathway.delay_from
        if not aligned or changing or not isinstance(pathway, Sparse) or np.any(pathway.delay % step.every):
            self.refuse(
                step,
                f"misses spikes of {pathway.pre!r}, which {pathway.name!r} makes due in other ticks",
                "Let it run in every tick.",
            )

    def _text(self, pathway: Textual, steps: list[Place], brings: list[Place]) -> None:
        """The steps that run text of synapses."""
        text, name, post = pathway.text, pathway.name, pathway.post
        sums = [(n, step) for n, step in steps if step.adds_up(name, post)]
        moves = [(n, step) for n, step in steps if step.kind is Do.INTEGRATE]
        after = [(n, step) for n, step in steps if step.arriving is Arriving.SENT]
        if text.summed:
            self.once(sums, f"adds up the (summed) variables of the synapses {name!r}")
        if text.integrate is not None:
            self.once(moves, f"integrates the equations of the synapses {name!r}")
        if text.on_post is not None:
            self.once(after, f"runs the on_post text of the synapses {name!r}")
            found = self.of_kind(post, Do.THRESHOLD, Do.DRIVE)
            self.in_order(found, after, "which finds the spikes of this tick")
        for places, block in ((moves, text.integrate), (after, text.on_post)):
            if self.plan.message_name(pathway) in _names_of(block):
                first = sorted((*brings, *sums), key=_number)[:1]
                self.once(first, f"delivers the message that the text of the synapses {name!r} reads")
                self.in_order(first, places, "which delivers the message that its text reads")

    def probes(self) -> None:
        """Probes that steps name: each in one step, and a port not before it is read."""
        for probe in self.plan.probes:
            named = [(n, step) for n, step in self.steps if probe.name in (step.probes or ())]
            self.at_most_once(named, f"records {probe.name!r}")
            group = self.plan.groups.get(probe.owner)
            if named and group is not None and probe.variable in group.ports:
                moves = self.of_kind(group.name, Do.INTEGRATE, Do.UPDATE, Do.SWEEP)
                self.in_order(moves, named, "which reads the port")

    def blocks(self) -> None:
        """The blocks that steps of the kind RUN run: each that there is runs in one step."""
        running = [(n, step) for n, step in self.steps if step.kind is Do.RUN]
        found: set[str] = set()
        for name, group in self.plan.groups.items():
            for block in group.periodic:
                mine = [(n, step) for n, step in running if step.block == block and name in step.populations]
                self.once(mine, f"runs {block!r} of {name!r}")
                found.add(block)
        for pathway in self.plan.textual:
            for block in pathway.text.periodic:
                mine = [
                    (n, step)
                    for n, step in running
                    if step.block == block and step.concerns(pathway.name, pathway.post)
                ]
                self.once(mine, f"runs {block!r} of the synapses {pathway.name!r}")
                found.add(block)
        for _, step in running:
            if step.block not in found:
                self.refuse(step, "names a block of text that nothing has", nearest(step.block, found))
            for group in (self.plan.groups[name] for name in step.populations if self.plan.sweeps):
                block = group.periodic.get(step.block)
                if block is not None and group.sends in block.writes:
                    fault = (
                        f"changes {group.sends!r}, which {group.name!r} sends as its neurons move one by one"
                    )
                    self.refuse(step, fault, "Assign to another variable.")

    def calls(self) -> None:
        """Refuse steps that call what the plan does not have, or that call anything in several trials."""
        for step in (step for _, step in self.steps if step.kind is Do.CALL):
            if step.block not in self.plan.calls:
                self.refuse(step, "names no function of the plan", nearest(step.block, self.plan.calls))
            if self.plan.trials > 1:
                self.refuse(step, "calls a function, which several trials cannot", "Run one trial.")


def _shortest(pathway: AnyPathway) -> int | None:
    """The shortest delay in ticks; None if it would have to be drawn: it was checked in the description."""
    if isinstance(pathway, Sparse) and pathway.recipe is not None:
        return None
    if isinstance(pathway, Sparse) and pathway.windows is None and not pathway.delay.size:
        return None
    return pathway.shortest


def _names_of(block: Block | None) -> set[str]:
    """All names that a block reads."""
    return {name for s in (block.statements if block else ()) for name in names_in(s.expression)}


def _number(place: Place) -> int:
    return place[0]

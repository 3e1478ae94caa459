"""Stages: which ports and variables a deliver step fills, and from what."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Pathway, Plan


@dataclass(frozen=True, eq=False)
class Inbox:
    """What one deliver step brings to one port or variable `to` of `post` through synapses without text."""

    post: str
    to: str
    reduce: str
    spiking: tuple[Pathway, ...]  # stored synapses of populations that spike, in network order
    graded: tuple[Pathway, ...]  # stored synapses of the others
    dense: tuple[Pathway, ...]
    private: tuple[Pathway, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """The inboxes of one deliver step that reduce alike. `number` counts all stages of the plan."""

    number: int
    step: int
    reduce: str
    inboxes: tuple[Inbox, ...]

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """The stored synapses of spiking populations, inbox by inbox."""
        return tuple(pathway for inbox in self.inboxes for pathway in inbox.spiking)


def stages_of(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan, in the order of its program."""
    found: list[Stage] = []
    for place, step in enumerate(plan.program):
        if step.kind == "deliver" and step.what != "sent":
            inboxes = inboxes_into(plan, step.populations, step.what)
            for reduce in ("sum", "mean", "max"):
                chosen = tuple(inbox for inbox in inboxes if inbox.reduce == reduce)
                if chosen:
                    found.append(Stage(len(found), place, reduce, chosen))
    return tuple(found)


def inboxes_into(plan: Plan, populations: tuple[str, ...], what: str = "") -> list[Inbox]:
    """What arrives at each port or variable of these populations; `what` narrows it to 'graded' messages or 'spikes'."""
    graded, spikes = what != "spikes", what != "graded"
    keys = dict.fromkeys((p.post, p.to) for p in plan.pathways.values() if p.to and p.text is None and p.post in populations)
    order = list(plan.groups)
    found = []
    for post, to in keys:
        mine = [p for p in plan.pathways.values() if (p.post, p.to) == (post, to) and p.text is None]
        sparse = sorted((p for p in mine if p.kind == "sparse"), key=lambda p: order.index(p.pre))
        inbox = Inbox(
            post,
            str(to),
            plan.groups[post].ports.get(str(to), "sum"),
            tuple(p for p in sparse if spikes and spikes_sent(plan, p.pre)),
            tuple(p for p in sparse if graded and not spikes_sent(plan, p.pre)),
            tuple(p for p in mine if graded and p.kind == "dense"),
            tuple(p for p in mine if spikes and p.kind == "private"),
        )
        if inbox.spiking or inbox.graded or inbox.dense or inbox.private:
            found.append(inbox)
    return found

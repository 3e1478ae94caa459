"""The queues of spikes on their way through synapses without text: one for each sum that a step makes."""

from __future__ import annotations

from neurosim.network.program import Step
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import Plan

Target = tuple[str, str]  # a population and a port or variable


@once_for_each_plan
def _names(plan: Plan) -> dict[Target, set[str]]:
    """The names of the synapses without text into each port or variable."""
    names: dict[Target, set[str]] = {}
    for pathway in plan.summing:
        if pathway.to:
            names.setdefault((pathway.post, pathway.to), set()).add(pathway.name)
    return names


def entry_of(plan: Plan, place: int, post: str, to: str) -> str:
    """The name of the queue from which step number `place` delivers spikes to a port or variable.

    It is the name of the port or variable, with a number if steps before this one deliver there, too.
    """
    mine = _names(plan)[post, to]
    before = [
        earlier
        for earlier in _earlier(plan)[place]
        if (
            post in earlier.populations if earlier.pathways is None else not mine.isdisjoint(earlier.pathways)
        )
    ]
    return f"{to}/{len(before)}" if before else to


@once_for_each_plan
def _earlier(plan: Plan) -> list[list[Step]]:
    """For each step, those before it that deliver what it delivers, too."""
    return [
        [
            earlier
            for earlier in plan.program[:place]
            if any(earlier.delivers(graded=kind) and step.delivers(graded=kind) for kind in (True, False))
        ]
        for place, step in enumerate(plan.program)
    ]


@once_for_each_plan
def queues_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The population and the name of every queue."""
    targets = _names(plan)
    entries = [
        (post, entry_of(plan, place, post, to))
        for post, to in targets
        for place, step in enumerate(plan.program)
        if step.delivers(graded=False)
    ]
    return tuple(dict.fromkeys((*targets, *entries)))

"""The queues of spikes on their way through synapses without text: one for each sum that a step makes."""

from __future__ import annotations

from neurosim.plan.plan import Plan


def entry_of(plan: Plan, place: int, post: str, to: str) -> str:
    """The name of the queue from which step number `place` delivers spikes to a port or variable.

    It is the name of the port or variable, with a number if steps before this one deliver there, too.
    """
    step, mine = plan.program[place], [p for p in plan.summing if (p.post, p.to) == (post, to)]
    before = [
        earlier
        for earlier in plan.program[:place]
        if any(earlier.delivers(graded=kind) and step.delivers(graded=kind) for kind in (True, False))
        and any(earlier.concerns(pathway.name, post) for pathway in mine)
    ]
    return f"{to}/{len(before)}" if before else to


def queues_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The population and the name of every queue."""
    targets = dict.fromkeys((p.post, p.to) for p in plan.summing if p.to)
    entries = [
        (post, entry_of(plan, place, post, to))
        for post, to in targets
        for place, step in enumerate(plan.program)
        if step.delivers(graded=False)
    ]
    return tuple(dict.fromkeys((*targets, *entries)))

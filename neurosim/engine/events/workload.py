"""How the work is shared between threads: trials, or blocks of the neurons of one trial."""

from __future__ import annotations

import os

from neurosim.engine.events import synapses
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Plan


def share(plan: Plan, threads: int | None) -> tuple[int, int]:
    """The number of blocks of neurons and of threads."""
    available = threads if threads is not None else cores()
    if plan.trials > 1 or plan.until is not None or not can_split(plan):
        return 1, available
    blocks = available if threads is not None else min(available, worthwhile(plan))
    return max(1, blocks), available


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_split(plan: Plan) -> bool:
    """Whether the neurons of one trial can move in blocks: under Clock, with spikes only, no text changing or mixing its senders."""
    if plan.schedule != "Clock" or not all(spikes_sent(plan, p.pre) or p.kind == "private" for p in plan.pathways.values()):
        return False
    added = {(p.post, p.to) for p in plan.pathways.values() if p.text is None}
    texts = [synapses.Ends(plan, Numbering(), p) for p in plan.pathways.values() if p.text is not None]
    for ends in texts:
        assert ends.pathway.text is not None
        for push in synapses.pushed(ends, ends.pathway.text.on_pre, ends.pathway.text.on_post):
            if push.name.endswith("_pre"):
                return False
            added.add((ends.post.name, push.name.removesuffix("_post")))
    for ends in texts:
        text = ends.pathway.text
        assert text is not None
        if text.summed or synapses.reads_sender(ends, text.integrate):
            return False
        if any((ends.pre.name, name) in added for name in synapses.reads_sender(ends, text.on_pre, text.on_post)):
            return False
    return True


def worthwhile(plan: Plan) -> int:
    """How many threads pay, by the nanoseconds of a tick: a barrier costs as much as moving some thousand neurons."""
    nanoseconds = 0.0
    for group in plan.groups.values():
        statements = sum(len(b.statements) for b in (group.integrate, group.update, group.threshold) if b is not None)
        nanoseconds += group.size * (0.2 + 0.1 * statements)
    return max(1, int(nanoseconds // 1500))

"""How the work is shared between threads: trials, or blocks of the neurons of one trial."""

from __future__ import annotations

import ast
import os
from collections.abc import Collection

from neurosim.engine.cost import expected
from neurosim.engine.events import synapses
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.state import spikes_sent
from neurosim.network.functions import functions
from neurosim.network.schedule import Clock
from neurosim.network.text import called, names_in, parsed
from neurosim.plan.plan import Plan, Private, Sparse, Textual

# Nanoseconds in vectors of 512 bits, in double; of a barrier with what it brings about.
BARRIER, ARRAY, SIMPLE, DIVISION, FUNCTION, PRIVATE = 2800, 0.1, 0.05, 0.5, 0.75, 0.7
STATIC, PLASTIC = (
    1.2,
    20.0,
)  # of a spike's arrival at a synapse, and at one with text, whose memory is visited twice
RATE = 2.0  # spikes per second that are expected of a neuron: few, as a barrier that is not worth it costs more than one that is missing


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
    if type(plan.schedule) is not Clock or not all(
        spikes_sent(plan, p.pre) or isinstance(p, Private) for p in plan.pathways.values()
    ):
        return False
    if any(group.driven and not spikes_sent(plan, name) for name, group in plan.groups.items()):
        return False
    added = {(p.post, p.to) for p in plan.summing}
    texts = [synapses.PathwayCode(plan, Numbering(), p) for p in plan.textual]
    for code in texts:
        for push in synapses.pushed(code, code.pathway.text.on_pre, code.pathway.text.on_post):
            if push.name.endswith("_pre"):
                return False
            added.add((code.post.name, push.name.removesuffix("_post")))
    for code in texts:
        text = code.pathway.text
        if text.summed or synapses.reads_sender(code, text.integrate):
            return False
        if any(
            (code.pre.name, name) in added for name in synapses.reads_sender(code, text.on_pre, text.on_post)
        ):
            return False
    return True


def worthwhile(plan: Plan) -> int:
    """How many threads pay, by the time of a tick: a barrier costs as much as moving some thousand neurons."""
    return 1 + int(nanoseconds_of_a_tick(plan) // BARRIER)


def nanoseconds_of_a_tick(plan: Plan) -> float:
    """About how long one thread moves all neurons, draws their private sources, and delivers their spikes."""
    total = 0.0
    for group in plan.groups.values():
        blocks = [block for block in (group.integrate, group.update, group.threshold) if block is not None]
        used = {name for block in blocks for s in block.statements for name in names_in(s.expression)}
        total += group.size * ARRAY * len(used & set(group.states))
        total += group.size * sum(
            _nanoseconds_of(s.expression, group.constants) for block in blocks for s in block.statements
        )
    total += sum(PRIVATE * p.post_index.size for p in plan.of_kind(Private))
    arrivals = sum(
        (PLASTIC if isinstance(p, Textual) else STATIC) * expected(p) for p in plan.of_kind(Sparse)
    )
    return (total / 2 if plan.precision == "single" else total) + RATE * (plan.dt or 0.0) * arrivals


def _nanoseconds_of(expression: str, constants: Collection[str]) -> float:
    """The time of one expression; what is made of constants alone is computed once for all neurons."""
    costs = {ast.Div: DIVISION, ast.Pow: FUNCTION, ast.Add: SIMPLE, ast.Sub: SIMPLE, ast.Mult: SIMPLE}
    total = 0.0
    for node in ast.walk(parsed(expression)):
        if isinstance(node, ast.Call):
            total += functions()[called(node)].cost
        elif isinstance(node, ast.BinOp) and not {
            part.id for part in ast.walk(node) if isinstance(part, ast.Name)
        } <= set(constants):
            total += costs.get(type(node.op), SIMPLE)
    return total

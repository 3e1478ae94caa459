"""How the work is divided between threads: trials, or blocks of the neurons of one trial."""

from __future__ import annotations

import ast
import os
from collections.abc import Collection

import numpy as np

from neurosim.engine.cost import events_seconds, expected
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.order import moves_in_blocks
from neurosim.engine.events.pathway_code import PathwayCode, reads_sender, updates_of_neurons
from neurosim.engine.state import spikes_sent
from neurosim.network.functions import functions
from neurosim.network.text import called, is_known, names_in, parsed
from neurosim.plan.plan import Plan, Private, Sparse, Textual

# Nanoseconds, measured with vectors of 512 bits and double precision.
BARRIER = 2800  # a barrier between threads, with the cache misses that follow it
ARRAY = 0.1  # reading an array, for one neuron
SIMPLE, DIVISION, FUNCTION = 0.05, 0.5, 0.75  # one operation, for one neuron
PRIVATE = 0.7  # drawing private sources, for one target
STATIC, TEXTUAL = 1.2, 20.0  # an arrival at a synapse, and at one with text, whose memory is visited twice
SHORT = 1e8  # a run of one thread; in longer ones, threads that do not pay are found out (threads/pace.hpp)
BRIEF = 2e-3  # seconds: a run for which no thread is started, even if it has trials for several
RATE = 2.0  # expected spikes per second of a neuron; low, as a needless barrier costs more than a missing one


def share(plan: Plan, threads: int | None) -> tuple[int, int]:
    """The number of blocks of neurons and of threads."""
    available = threads if threads is not None else cores()
    if threads is None and events_seconds(plan) < BRIEF:
        return 1, 1
    if plan.trials > 1 or plan.until is not None or not can_split(plan):
        return 1, available
    blocks = available if threads is not None else min(available, worthwhile(plan))
    return max(1, blocks), available


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_split(plan: Plan) -> bool:
    """Whether the neurons of one trial can move in blocks, each on its own thread.

    They can in steps of time if all move before anything arrives and are reset behind that, if all messages
    are spikes, and if no text of synapses changes variables of its senders, or reads those that arrivals
    change in the same step.
    """
    spikes_only = all(spikes_sent(plan, p.pre) or isinstance(p, Private) for p in plan.pathways.values())
    if not (moves_in_blocks(plan) and spikes_only):
        return False
    if any(group.driven and not spikes_sent(plan, name) for name, group in plan.groups.items()):
        return False
    if any(pathway.delay_from for pathway in plan.textual):
        return False  # which are sent before all blocks have found their spikes
    added = {(p.post, p.to) for p in plan.summing}
    codes = [PathwayCode(plan, Numbering(), p) for p in plan.textual]
    for code in codes:
        text = code.pathway.text
        for update in updates_of_neurons(code, text.on_pre, text.on_post):
            if update.name.endswith("_pre"):
                return False
            added.add((code.post.name, update.name.removesuffix("_post")))
    for code in codes:
        text = code.pathway.text
        derived = text.subexpressions.values()
        if text.summed or reads_sender(code, text.integrate, *text.periodic.values(), expressions=derived):
            return False
        if any((code.pre.name, name) in added for name in reads_sender(code, text.on_pre, text.on_post)):
            return False
    return True


def worthwhile(plan: Plan) -> int:
    """How many threads are worth using: each has to save more time per tick than a barrier costs.

    A short run gets one: a second would save little, but on a busy machine they wait long for each other.
    One of short ticks, in which barriers take a large part, counts as short for longer.
    """
    tick = nanoseconds_of_a_tick(plan)
    short = SHORT if tick > 4 * BARRIER else 2 * SHORT
    return 1 if tick * plan.ticks < short else 1 + int(tick // BARRIER)


def nanoseconds_of_a_tick(plan: Plan) -> float:
    """About how long one thread moves all neurons, draws their private sources, and delivers their spikes."""
    total = 0.0
    for group in plan.groups.values():
        blocks = [block for block in (group.integrate, group.update, group.threshold) if block is not None]
        used = {name for block in blocks for s in block.statements for name in names_in(s.expression)}
        total += group.size * ARRAY * len(used & set(group.states))
        statements = [s for block in blocks for s in block.statements]
        total += group.size * sum(_nanoseconds_of(s.expression, group.constants) for s in statements)
    total += sum(PRIVATE * p.post_index.size for p in plan.of_class(Private))
    stored = plan.of_class(Sparse)
    arrivals = sum((TEXTUAL if isinstance(p, Textual) else STATIC) * expected(p) for p in stored)
    moving = total / 2 if plan.dtype == np.float32 else total
    return moving + RATE * (plan.dt or 0.0) * arrivals


def _nanoseconds_of(expression: str, constants: Collection[str]) -> float:
    """The time of one expression; what consists of constants alone is computed once for all neurons."""
    costs: dict[type[ast.operator], float] = {
        ast.Div: DIVISION,
        ast.Pow: FUNCTION,
        ast.Add: SIMPLE,
        ast.Sub: SIMPLE,
        ast.Mult: SIMPLE,
    }
    total = 0.0
    for node in ast.walk(parsed(expression)):
        if isinstance(node, ast.Call):
            total += functions()[called(node)].cost if is_known(node) else FUNCTION
        elif isinstance(node, ast.BinOp):
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            total += 0 if names <= set(constants) else costs.get(type(node.op), SIMPLE)
    return total

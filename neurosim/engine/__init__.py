"""Engines: each runs a Plan as the tick contract says. Chosen by name, or the fastest that can."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from neurosim.engine.state import spikes_sent
from neurosim.errors import EngineError, PlanError, nearest, shown
from neurosim.plan.plan import Pathway, Plan

Runner = Callable[[Any, Callable[[int], bool]], tuple[int, str, dict[str, np.ndarray]]]  # see `neurosim.engine.reference.run`
NAMES = ("auto", "reference", "events", "arrays")
COMPILING = 4.0  # about how many seconds a new network structure takes to compile


def check_name(name: str) -> str:
    """Refuse an engine that is not known."""
    if name not in NAMES:
        raise EngineError(f"run: engine {shown(name)} is not known. {nearest(name, NAMES)}")
    return name


def choose(name: str, plan: Plan) -> str:
    """The engine that `name` means for this plan; 'auto' is the fastest that can run it, the time to compile included.

    Raises PlanError where the engine named cannot run the plan.
    """
    if name == "reference":
        return name
    if name == "auto" and reference_seconds(plan) < COMPILING:
        return "reference"
    if name == "arrays":
        return _arrays(plan)
    from neurosim.engine.events.compiler import NoCompiler, need_compiler
    from neurosim.engine.events.support import unsupported

    reason = unsupported(plan)
    if name == "events":
        if reason:
            raise PlanError(f"run: engine 'events' cannot run this network: {reason}")
        return name
    if reason:
        from neurosim.engine.arrays import library, support

        return "arrays" if library.is_installed() and support.unsupported(plan) is None else "reference"
    try:
        need_compiler()
    except NoCompiler as problem:
        _warn_slow(problem, stacklevel=6)
        return "reference"
    return "events"


def can_be_had(name: str) -> bool:
    """Whether this machine has what an engine needs: a C++ compiler that is found, or JAX."""
    if name == "events":
        from neurosim.engine.events.compiler import NoCompiler, need_compiler

        try:
            need_compiler()
        except NoCompiler:
            return False
    if name == "arrays":
        from neurosim.engine.arrays import library

        return library.is_installed()
    return True


def _warn_slow(problem: Exception, stacklevel: int) -> None:
    """Warn in the line that called `ns.run`."""
    warnings.warn(f"neurosim: the slow reference engine runs. {problem}", stacklevel=stacklevel)


def _arrays(plan: Plan) -> str:
    """The array engine, if it can run the plan; raises PlanError if not, and EngineError where JAX is not installed."""
    from neurosim.engine.arrays import library, support

    if reason := support.unsupported(plan):
        raise PlanError(f"run: engine 'arrays' cannot run this network: {reason}")
    library.need_jax("run: engine 'arrays'")
    return "arrays"


def begin(name: str, *, rows: bool, records: bool) -> None:
    """Start what the engine needs for networks with such synapses (see `neurosim.engine.events.prepare`), beside the reading of the text."""
    if name == "events":
        from neurosim.engine import events

        events.prepare(rows=rows, records=records)


def reference_seconds(plan: Plan) -> float:
    """About how long the reference engine would take: a step costs a little for each population, and more for each neuron."""
    steps = sum(max(1, len(step.populations)) for step in plan.program)
    neurons = sum(group.size for group in plan.groups.values() if not group.driven)
    private = sum(3e-4 + 5e-7 * plan.trials * p.post_index.size for p in plan.pathways.values() if p.kind == "private")
    batches = max(1.0, plan.trials * neurons / 1e6)
    turns = neurons if plan.schedule == "Asynchronous" else 1.0
    synapses = sum(expected(p) * synapse_seconds(plan, p) for p in plan.pathways.values() if p.kind != "private")
    each = 3e-5 * steps * turns * batches + plan.trials * (2e-8 * neurons * len(plan.program) + synapses)
    return plan.ticks * (each + private)


def synapse_seconds(plan: Plan, pathway: Pathway) -> float:
    """About how long the reference engine is busy with one synapse in a tick."""
    if pathway.kind != "sparse":
        return 3e-10
    text, spikes = pathway.text, spikes_sent(plan, pathway.pre)
    seconds = 8e-8 if text else 2e-8 if spikes else 5e-9
    always = not spikes or (text is not None and (text.integrate is not None or bool(text.summed)))
    return seconds if always else seconds / 1000  # a neuron spikes now and then


def expected(pathway: Pathway) -> float:
    """About how many synapses there are, without drawing them."""
    if pathway.windows is not None:
        windows = pathway.windows
        each = windows.channels / windows.groups if windows.kind == "conv" else 1
        return float(prod(windows.slide.out) * windows.out_channels * prod(windows.slide.kernel) * each)
    if pathway.recipe is None:
        return float(pathway.weight.size)
    wires, senders, targets = pathway.recipe.wires, pathway.pre_index.size, pathway.post_index.size
    each = {"one_to_one": 1.0, "all_to_all": targets, "probability": wires.p * targets, "outdegree": wires.number}
    given = {"indegree": wires.number * targets, "total": wires.number}
    return float(given[wires.kind]) if wires.kind in given else senders * float(each[wires.kind])


def ready(asked: str, plan: Plan, threads: int | None = None, say: Callable[[str], None] | None = None) -> tuple[str, Runner]:
    """The engine that `asked` means for a plan, and what runs it when it is given a writer and whom to tell.

    All that takes time, memory or a compiler before the first tick is done here, before a file is begun. `say` is given a line where there
    is something to wait for. Where 'auto' means the event engine and nothing can be compiled, the reference engine runs, with a warning.
    """
    name = choose(asked, plan)
    if name == "events":
        from neurosim.engine import events
        from neurosim.engine.events.compiler import NotCompiled

        try:
            return name, events.ready(plan, threads, say)
        except NotCompiled as problem:
            if asked != "auto":
                raise
            _warn_slow(problem, stacklevel=5)
    if name == "arrays":
        from neurosim.engine import arrays

        return name, partial(arrays.run, plan)
    from neurosim.engine import reference

    for pathway in plan.pathways.values():
        _ = pathway.edges
    return "reference", partial(reference.run, plan)

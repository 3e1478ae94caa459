"""Engines: each runs a Plan as the tick contract says. Chosen by name, or the fastest that can."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from neurosim.engine.cost import reference_seconds
from neurosim.errors import EngineError, PlanError, nearest, shown
from neurosim.plan.plan import Plan, Sparse

Runner = Callable[
    [Any, Callable[[int], bool]], tuple[int, str, dict[str, np.ndarray]]
]  # see `neurosim.engine.reference.run`
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


def ready(
    asked: str, plan: Plan, threads: int | None = None, say: Callable[[str], None] | None = None
) -> tuple[str, Runner]:
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

    for pathway in plan.of_kind(Sparse):
        _ = pathway.edges
    return "reference", partial(reference.run, plan)

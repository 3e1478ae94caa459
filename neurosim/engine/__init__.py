"""The three engines: each runs a Plan as the tick contract in `plan/plan.py` says.

An engine is chosen by name; 'auto' means the one that finishes first among those that can run the plan.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from neurosim.engine import arrays, reference
from neurosim.engine.arrays import library, support
from neurosim.engine.choice import fastest, remember
from neurosim.errors import EngineError, PlanError, nearest, shown
from neurosim.plan.plan import Plan, Sparse

if TYPE_CHECKING:
    from neurosim.engine.progress import MessageCallback
    from neurosim.engine.running import Ready

# `neurosim.engine.events` is imported inside the functions below because the many modules that write and
# compile C++ take long to import: a run on another engine does not pay for them. `neurosim.engine.arrays`
# imports JAX only when it runs.

NAMES = ("auto", "reference", "events", "arrays")


def check_name(name: str) -> str:
    """The name of an engine. Raises EngineError if there is no engine of this name."""
    if name not in NAMES:
        raise EngineError(f"run: engine {shown(name)} is not known. {nearest(name, NAMES)}")
    return name


def choose(name: str, plan: Plan, before: float = 0.0, *, stepwise: bool = False) -> str:
    """The engine that `name` means for this plan.

    'auto' is the one that finishes first of those that can run it (`choice.py`).

    before, stepwise: see `fastest`.

    Raises PlanError if the named engine cannot run the plan, and EngineError if the machine lacks what it
    needs.
    """
    if name == "arrays":
        return _choose_arrays(plan)
    if name == "events":
        from neurosim.engine.events.support import unsupported

        if reason := unsupported(plan):
            raise PlanError(f"run: engine 'events' cannot run this network: {reason}")
        if "events" not in plan.made:  # else its code is loaded
            from neurosim.engine.events.compiler import need_compiler

            need_compiler()
    if name != "auto":
        return name
    best = fastest(plan, before, stepwise=stepwise)
    if best == "events" and "events" not in plan.made:
        from neurosim.engine.events.compiler import NoCompiler, need_compiler

        try:
            need_compiler()
        except NoCompiler as problem:
            best = fastest(plan, before, stepwise=stepwise, events=False)
            if best == "reference":
                _warn_slow(problem, stacklevel=7)
    return best


def is_available(name: str) -> bool:
    """Whether this machine has what an engine needs: a C++ compiler for 'events', JAX for 'arrays'."""
    if name == "events":
        from neurosim.engine.events.compiler import NoCompiler, need_compiler

        try:
            need_compiler()
        except NoCompiler:
            return False
    if name == "arrays":
        return library.is_installed()
    return True


def _warn_slow(problem: Exception, stacklevel: int) -> None:
    """Warn that the reference engine runs; `stacklevel` leads to the user's line that called `ns.run`."""
    warnings.warn(f"neurosim: the slow reference engine runs. {problem}", stacklevel=stacklevel)


def _choose_arrays(plan: Plan) -> str:
    """The array engine. Raises PlanError if it cannot run the plan, EngineError if JAX is not installed."""
    if reason := support.unsupported(plan):
        raise PlanError(f"run: engine 'arrays' cannot run this network: {reason}")
    library.need_jax("run: engine 'arrays'")
    return "arrays"


def begin(name: str, precision: str, *, plain: bool, textual: bool) -> None:
    """Start compiling in the background what the engine needs for any network with such synapses.

    precision: 'double', 'mixed', 'single' or 'half'.
    plain: whether there are synapses without text.
    textual: whether there are synapses with text.

    See `neurosim.engine.events.prepare`.
    """
    if name == "events":
        from neurosim.engine import events

        events.prepare(precision, plain=plain, textual=textual)


def ready(
    asked: str,
    plan: Plan,
    threads: int | None = None,
    announce: MessageCallback | None = None,
    before: float = 0.0,
    *,
    stepwise: bool = False,
) -> tuple[str, Ready]:
    """The engine that `asked` means for a plan, and the plan made ready on it (`running.py`).

    All that takes time, memory or a compiler before the first tick is done here, before any file is created.
    Where 'auto' means the event engine but its code does not compile, the reference engine runs, with a
    warning.

    threads: how many the event engine uses; None: as many as make it faster.
    announce: called with a line of text when something takes a while.
    before, stepwise: see `fastest`.
    """
    name = choose(asked, plan, before, stepwise=stepwise)
    if name == "events":
        from neurosim.engine import events
        from neurosim.engine.events.compiler import NotCompiled

        try:
            return name, events.ready(plan, threads, announce)
        except NotCompiled as problem:
            if asked != "auto":
                raise
            _warn_slow(problem, stacklevel=6)
    if name == "arrays":
        return name, arrays.ready(plan)
    for pathway in plan.of_class(Sparse):
        # Draw the synapses now, so that a network too large for the memory leaves no file behind.
        _ = pathway.edges
    if asked == "auto":
        remember(plan)
    return "reference", reference.ready(plan)

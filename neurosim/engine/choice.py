"""Which engine finishes first, with all that it has to import, compile and lay out: what 'auto' means."""

from __future__ import annotations

import sys

from neurosim.engine import arrays
from neurosim.engine.arrays import library, support
from neurosim.engine.cost import arrays_seconds, events_seconds, layout_seconds, reference_seconds
from neurosim.plan.plan import Plan

# About how long it takes, in seconds, to
COMPILE = 4.0  # compile the C++ of a network
IMPORT_EVENTS = 0.1  # import what writes C++
IMPORT_JAX = 0.7
TRACE, TRACE_EACH = 0.15, 0.012  # compile a network with JAX: any, and more for each population and synapses
SHORT = 2e-3  # run what begins nowhere else sooner than on the reference engine
# Keys in `Plan.made`: under which earlier runs of a plan are counted, and the last choice is kept.
SPENT, CHOSEN = "seconds on reference", "chosen engine"


def fastest(plan: Plan, before: float = 0.0, *, stepwise: bool = False, events: bool = True) -> str:
    """The engine that finishes a plan first.

    What an engine does only once (import, compile) is weighed against this run and those before it: a
    network that runs again and again is compiled as soon as that would have paid.

    before: for how many seconds the reference engine has run such plans.
    stepwise: whether somebody looks at the network between ticks.
    events: whether this machine can compile C++.
    """
    case = plan.ticks, plan.trials, stepwise, events
    held, name = plan.made.get(CHOSEN, (None, ""))
    if held == case and _is_ready(plan, name):
        return name
    best = _compared(plan, before, stepwise, events)
    plan.made[CHOSEN] = case, best
    return best


def _is_ready(plan: Plan, name: str) -> bool:
    """Whether a plan can run on a compiled engine without any preparation."""
    if name not in ("events", "arrays") or name not in plan.made:
        return False
    return _compile_seconds(plan) == 0 if name == "events" else arrays.is_compiled(plan)


def _compared(plan: Plan, before: float, stepwise: bool, events: bool) -> str:
    """The engine with the least time; see `fastest`."""
    best, seconds = "reference", reference_seconds(plan)
    spent = plan.made.get(SPENT, 0.0)
    before += spent
    if seconds + before < SHORT and not plan.made.keys() & {"events", "arrays"}:
        return best

    refused = False
    # A layout stays with its plan, so that only runs of this very plan count towards it.
    run = events_seconds(plan) + max(0.0, layout_seconds(plan) - spent)
    if run < seconds and _imported("neurosim.engine.events", IMPORT_EVENTS) - before < seconds:
        from neurosim.engine.events.support import unsupported  # which takes long to import

        refused = unsupported(plan) is not None
        if events and not refused:
            run += max(0.0, _compile_seconds(plan) - before)
            best, seconds = ("events", run) if run < seconds else (best, seconds)
    # Engines agree to the bit on most networks that spike, but not this one.
    if refused or not (plan.sweeps or any(group.spiking for group in plan.groups.values())):
        run = arrays_seconds(plan, stepwise=stepwise)
        if run < seconds and library.is_installed() and support.unsupported(plan) is None:
            run += max(0.0, _trace_seconds(plan) - before)
            best = "arrays" if run < seconds else best
    return best


def remember(plan: Plan) -> None:
    """Count a run of a plan on the reference engine, for later choices."""
    plan.made[SPENT] = plan.made.get(SPENT, 0.0) + reference_seconds(plan)


def _imported(module: str, seconds: float) -> float:
    """How long it takes to import a module that takes so many seconds, if nothing has imported it yet."""
    return 0.0 if module in sys.modules else seconds


def _compile_seconds(plan: Plan) -> float:
    from neurosim.engine import events

    return 0.0 if events.is_compiled(plan) else COMPILE


def _trace_seconds(plan: Plan) -> float:
    if arrays.is_compiled(plan):
        return 0.0
    parts = len(plan.groups) + len(plan.pathways)
    return _imported("jax", IMPORT_JAX) + TRACE + TRACE_EACH * parts

"""About how long runs take on each engine and how many synapses there are, before anything is drawn.

The times were measured on one core of a present-day processor (double precision); they only decide which
engine 'auto' takes (`choice.py`). They do not hold what is imported, compiled or traced before a run.
"""

from __future__ import annotations

from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import AnyPathway, Einsum, Plan, Private, Sparse, Textual
from neurosim.plan.recipe import Edges

A_SPIKE = 1e-3  # in about one tick in a thousand a neuron spikes


def reference_seconds(plan: Plan) -> float:
    """About how long the reference engine takes for a plan, in seconds.

    A step costs a little for each population, and more for each neuron; each synapse costs something in
    every tick, and is drawn before the first.
    """
    neurons = sum(group.size for group in plan.groups.values())
    private = sum(3e-4 + 5e-7 * plan.trials * p.post_index.size for p in plan.of_class(Private))
    batches = max(1.0, plan.trials * neurons / 1e6)
    tick = 8e-6 * _steps(plan) * batches + 2e-4 * len(plan.of_class(Einsum))
    tick += sum(1e-4 + 1e-3 * _chance_of_spikes(plan, p) for p in plan.textual)
    if plan.sweeps:  # which move one neuron after the other
        tick += 6e-5 * neurons * batches
    synapses = sum(expected(p) * synapse_seconds(plan, p) for p in _listed(plan))
    moving = plan.trials * (2e-8 * neurons + synapses)
    return 4e-4 + 2.5e-7 * _to_draw(plan) + plan.ticks * (tick + private + moving)


def synapse_seconds(plan: Plan, pathway: AnyPathway) -> float:
    """About how long the reference engine is busy with one synapse in a tick, in seconds."""
    if isinstance(pathway, Einsum):
        return 1e-9
    if not isinstance(pathway, Sparse):
        return 2e-10 if plan.trials == 1 else 3e-11
    spikes = spikes_sent(plan, pathway.pre)
    if isinstance(pathway, Textual):
        return 8e-8 if _always(pathway) or not spikes else 8e-8 * A_SPIKE
    return 2e-8 * A_SPIKE if spikes else 2e-9


def layout_seconds(plan: Plan) -> float:
    """About how long the event engine takes to lay out a network, in seconds.

    If a plan is kept and ran there before, its synapses lie ready.
    """
    if "events" in plan.made:
        return 0.0
    stored = sum((1.5e-7 if isinstance(p, Textual) else 1.5e-8) * expected(p) for p in _listed(plan))
    return 8e-3 + 5e-4 * (len(plan.groups) + len(plan.pathways)) + stored


def events_seconds(plan: Plan) -> float:
    """About how long the event engine takes for a plan that it has laid out, in seconds."""
    begin, neurons = 1e-4, sum(group.size for group in plan.groups.values())
    private = sum(2e-9 * p.post_index.size for p in plan.of_class(Private))
    arrivals = 0.0
    for pathway in _listed(plan):
        if not isinstance(pathway, Sparse):
            each = 5e-10 if plan.sweeps else 1e-10
        elif isinstance(pathway, Textual) and _always(pathway):
            each = 1e-8
        else:
            each = (2e-8 if isinstance(pathway, Textual) else 1e-9) * (
                A_SPIKE if spikes_sent(plan, pathway.pre) else 1.0
            )
        arrivals += each * expected(pathway)
    tick = 5e-8 * _steps(plan) + 2e-9 * neurons + private + arrivals
    return begin + plan.trials * (4e-5 + plan.ticks * tick)


def arrays_seconds(plan: Plan, *, stepwise: bool) -> float:
    """About how long the array engine takes for a plan, in seconds.

    stepwise: whether somebody looks at the network between ticks.
    """
    neurons = sum(group.size for group in plan.groups.values())
    remembers = any(isinstance(p, Sparse) or p.longest > 0 for p in _listed(plan))
    synapses = 0.0
    for pathway in _listed(plan):
        if isinstance(pathway, Einsum):
            each = 1e-9
        elif isinstance(pathway, Sparse):
            each = 5e-9
        else:  # products of many rows at once read the weights once
            each = 3e-11 + (1e-10 / plan.trials if remembers else 0.0)
        synapses += each * expected(pathway)
    tick = (1e-3 if stepwise else 0.0) + (2e-7 * _steps(plan) if remembers else 0.0)
    begin = 1.5e-4 + 2e-5 * (len(plan.groups) + len(plan.pathways))
    return begin + plan.ticks * (tick + plan.trials * (4e-9 * neurons + synapses))


def expected(pathway: AnyPathway) -> float:
    """About how many synapses a pathway has, without drawing them."""
    if isinstance(pathway, Private):
        return float(pathway.sources) * pathway.post_index.size
    if not isinstance(pathway, Sparse):
        return float(pathway.weight.size)
    if pathway.windows is not None:
        return pathway.windows.expected
    return float(pathway.weight.size) if pathway.recipe is None else pathway.recipe.expected


def _steps(plan: Plan) -> int:
    """How many things a tick does: each step for each of its populations."""
    return sum(max(1, len(step.populations)) for step in plan.program)


def _listed(plan: Plan) -> list[AnyPathway]:
    """All synapses but those that are never stored."""
    return [pathway for pathway in plan.pathways.values() if not isinstance(pathway, Private)]


def _to_draw(plan: Plan) -> float:
    """How many synapses have to be drawn as arrays, because no earlier run has."""
    stored = plan.of_class(Sparse)
    return sum(expected(p) for p in stored if not isinstance(p.stored, Edges) and "edges" not in vars(p))


def _chance_of_spikes(plan: Plan, pathway: Textual) -> float:
    """About how likely it is that any sender of synapses with text spikes in a tick."""
    senders = plan.groups.get(pathway.pre)  # else they are synapses themselves
    return 0.0 if senders is None or not senders.spiking else min(1.0, A_SPIKE * senders.size)


def _always(pathway: Textual) -> bool:
    """Whether text of synapses runs in every tick."""
    return pathway.text.integrate is not None or bool(pathway.text.summed)

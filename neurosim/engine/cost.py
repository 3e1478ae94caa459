"""About how long runs take and how many synapses there are, estimated before anything is drawn.

The times were measured on one core of a present-day processor; they only decide which engine 'auto' takes.
"""

from __future__ import annotations

from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import AnyPathway, Plan, Private, Sparse, Textual


def reference_seconds(plan: Plan) -> float:
    """About how long the reference engine takes for a plan, in seconds.

    A step costs a little for each population, and more for each neuron; each synapse costs something in
    every tick.
    """
    steps = sum(max(1, len(step.populations)) for step in plan.program)
    neurons = sum(group.size for group in plan.groups.values() if not group.driven)
    private = sum(3e-4 + 5e-7 * plan.trials * p.post_index.size for p in plan.of_class(Private))
    batches = max(1.0, plan.trials * neurons / 1e6)
    turns = neurons if plan.sweeps else 1.0
    synapses = sum(
        expected(p) * synapse_seconds(plan, p) for p in plan.pathways.values() if not isinstance(p, Private)
    )
    each = 3e-5 * steps * turns * batches + plan.trials * (2e-8 * neurons * len(plan.program) + synapses)
    return plan.ticks * (each + private)


def synapse_seconds(plan: Plan, pathway: AnyPathway) -> float:
    """About how long the reference engine is busy with one synapse in a tick, in seconds."""
    if not isinstance(pathway, Sparse):
        return 3e-10
    spikes = spikes_sent(plan, pathway.pre)
    if isinstance(pathway, Textual):
        seconds, always = 8e-8, pathway.text.integrate is not None or bool(pathway.text.summed)
    else:
        seconds, always = (2e-8 if spikes else 5e-9), False
    # A neuron spikes in about one tick in a thousand.
    return seconds if always or not spikes else seconds / 1000


def expected(pathway: AnyPathway) -> float:
    """About how many synapses a pathway has, without drawing them."""
    if isinstance(pathway, Private):
        return float(pathway.sources) * pathway.post_index.size
    if not isinstance(pathway, Sparse):
        return float(pathway.weight.size)
    if pathway.windows is not None:
        return pathway.windows.expected
    return float(pathway.weight.size) if pathway.recipe is None else pathway.recipe.expected

"""About how long runs take and how many synapses there are, known before anything is drawn."""

from __future__ import annotations

from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import AnyOf, Plan, Private, Sparse, Textual


def reference_seconds(plan: Plan) -> float:
    """About how long the reference engine would take: a step costs a little for each population, and more for each neuron."""
    steps = sum(max(1, len(step.populations)) for step in plan.program)
    neurons = sum(group.size for group in plan.groups.values() if not group.driven)
    private = sum(3e-4 + 5e-7 * plan.trials * p.post_index.size for p in plan.of_kind(Private))
    batches = max(1.0, plan.trials * neurons / 1e6)
    turns = neurons if plan.sweeps else 1.0
    synapses = sum(
        expected(p) * synapse_seconds(plan, p) for p in plan.pathways.values() if not isinstance(p, Private)
    )
    each = 3e-5 * steps * turns * batches + plan.trials * (2e-8 * neurons * len(plan.program) + synapses)
    return plan.ticks * (each + private)


def synapse_seconds(plan: Plan, pathway: AnyOf) -> float:
    """About how long the reference engine is busy with one synapse in a tick."""
    if not isinstance(pathway, Sparse):
        return 3e-10
    spikes = spikes_sent(plan, pathway.pre)
    seconds = 8e-8 if isinstance(pathway, Textual) else 2e-8 if spikes else 5e-9
    always = not spikes or (
        isinstance(pathway, Textual) and (pathway.text.integrate is not None or bool(pathway.text.summed))
    )
    return seconds if always else seconds / 1000  # a neuron spikes now and then


def expected(pathway: AnyOf) -> float:
    """About how many synapses there are, without drawing them."""
    if isinstance(pathway, Private):
        return float(pathway.sources) * pathway.post_index.size
    if not isinstance(pathway, Sparse):
        return float(pathway.weight.size)
    if pathway.windows is not None:
        return pathway.windows.expected
    if pathway.recipe is None:
        return float(pathway.weight.size)
    return pathway.recipe.expected

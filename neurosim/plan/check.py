"""What every Plan satisfies, and what a network's timing must satisfy once its delays are drawn."""

from __future__ import annotations

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.network import Network, arrives_too_late
from neurosim.plan.plan import Pathway, Plan
from neurosim.plan.recipe import Edges


def check_plan(plan: Plan, net: Network) -> None:
    """Refuse a plan that an engine could not run as the tick contract says.

    Synapses that are still to be drawn need no check: a recipe stands only where nothing that it draws could be refused.
    """
    for name, pathway in plan.pathways.items():
        label = net.synapses[name].label
        _check_pathway(plan, pathway, label)
        _check_drawn_delays(plan, net, pathway, label)
    if plan.until is not None and any(group.spiking for group in plan.groups.values()):
        raise PlanError("run: until='stable' needs a network without spikes. Give ticks=... or duration=... instead.")


def _check_pathway(plan: Plan, pathway: Pathway, label: str) -> None:
    n_pre, n_post = plan.groups[pathway.pre].size, plan.groups[pathway.post].size
    if pathway.kind == "sparse" and isinstance(pathway.stored, Edges):
        sizes = {pathway.sender.size, pathway.receiver.size, pathway.weight.size, pathway.delay.size}
        inside = np.all(pathway.sender < n_pre) and np.all(pathway.receiver < n_post)
        if len(sizes) != 1 or not inside or np.any(np.diff(pathway.sender) < 0):
            raise PlanError(f"{label}: its wiring lists synapses that are not sorted by sender or lie outside the populations. Use another wiring.")
        if not np.all(np.isfinite(pathway.weight)):
            raise PlanError(f"{label}: a weight is not finite. Give finite weights.")
    if pathway.windows is not None and not np.all(np.isfinite(pathway.windows.own)):
        raise PlanError(f"{label}: a weight is not finite. Give finite weights.")
    if pathway.kind == "einsum" and plan.schedule == "Asynchronous":
        raise PlanError(f"{label}: einsum and weights that are messages do not run one neuron at a time. Use Layered() or Synchronous().")


def _check_drawn_delays(plan: Plan, net: Network, pathway: Pathway, label: str) -> None:
    """Delay 0 must arrive before its target moves; delays that were drawn or given as arrays are known only now."""
    if pathway.recipe is not None or pathway.kind == "private":
        return
    if pathway.shortest > 0 or (pathway.windows is None and not pathway.delay.size):
        return
    if plan.groups[pathway.pre].driven and plan.schedule in ("Synchronous", "Layered"):
        return  # it is driven before anybody moves
    if plan.schedule == "Synchronous":
        raise PlanError(f"{label}: a delay of 0 ticks arrives before it is sent under Synchronous(). Make every delay at least 1.")
    if plan.schedule == "Layered":
        order = net.order
        if order.index(pathway.pre) >= order.index(pathway.post):
            raise PlanError(f"{label}: a delay of 0 ticks was drawn, but {pathway.pre!r} moves after {pathway.post!r}. Make every delay at least 1.")
    if arrives_too_late(net.synapses[pathway.name], net.schedule):
        raise PlanError(f"{label}: a spike with delay 0 was drawn, but {pathway.post!r} has moved by then. Make every delay at least 1.")

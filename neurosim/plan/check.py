"""Checks of a finished plan: arrays must fit the populations, and drawn delays the schedule."""

from __future__ import annotations

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.network import Network
from neurosim.plan.plan import AnyPathway, Plan, Private, Sparse
from neurosim.plan.recipe import Edges


def check_plan(plan: Plan, net: Network) -> None:
    """Refuse a plan that an engine could not run by the tick contract.

    Synapses that are a recipe need no check, because there is only a recipe if nothing that it can draw would
    be refused.
    """
    for name, pathway in plan.pathways.items():
        label = net.synapses[name].label
        _check_pathway(plan, pathway, label)
        _check_drawn_delays(net, pathway, label)
    if plan.until is not None and any(group.spiking for group in plan.groups.values()):
        raise PlanError(
            "run: until='stable' needs a network without spikes. Give ticks=... or duration=... instead."
        )


def _check_pathway(plan: Plan, pathway: AnyPathway, label: str) -> None:
    n_pre, n_post = plan.groups[pathway.pre].size, plan.groups[pathway.post].size
    if not isinstance(pathway, Sparse):
        return
    if isinstance(pathway.stored, Edges):
        sizes = {pathway.sender.size, pathway.receiver.size, pathway.weight.size, pathway.delay.size}
        inside = np.all(pathway.sender < n_pre) and np.all(pathway.receiver < n_post)
        if len(sizes) != 1 or not inside or np.any(np.diff(pathway.sender) < 0):
            raise PlanError(
                f"{label}: its wiring lists synapses that are not sorted by sender or lie outside the"
                " populations. Use another wiring."
            )
        if not np.all(np.isfinite(pathway.weight)):
            raise PlanError(f"{label}: a weight is not finite. Give finite weights.")
    if pathway.windows is not None and not np.all(np.isfinite(pathway.windows.own)):
        raise PlanError(f"{label}: a weight is not finite. Give finite weights.")


def _check_drawn_delays(net: Network, pathway: AnyPathway, label: str) -> None:
    """Refuse delays of 0 that the schedule does not allow; drawn ones are known only now."""
    if isinstance(pathway, Private) or (
        isinstance(pathway, Sparse) and (pathway.recipe is not None or _is_empty(pathway))
    ):
        return
    if pathway.shortest > 0:
        return
    if not net.schedule.keeps_zero_delay(net, net.synapses[pathway.name]):
        raise PlanError(
            f"{label}: a delay of 0 ticks was drawn, which arrives before it is sent under {net.schedule}."
            " Make every delay at least 1."
        )


def _is_empty(pathway: Sparse) -> bool:
    return pathway.windows is None and not pathway.delay.size

"""The plan of a run is kept with its network, so that later runs with other data need not make it again.

Lowering and checking a network takes tens of milliseconds, often more than a short run. Networks are
immutable, so that what was lowered and checked once stays true.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np

from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.plan.dry_run import check_memory, dry_run
from neurosim.plan.inputs import Inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Dense, Einsum, Plan, Sparse
from neurosim.plan.recipe import Edges

MOST_NUMBERS = 2**22  # neurons, synapses and weights of a plan that is kept; larger plans take much memory


def plan_of(
    net: Network,
    inputs: Inputs,
    *,
    probes: tuple[Probe, ...],
    start: Mapping[str, np.ndarray],
    resume: Mapping[str, np.ndarray],
    seed: int,
    precision: str,
    until: str | None,
) -> Plan:
    """The plan of a run, lowered as by `lower` and checked, or the one kept with these inputs in it."""
    drives = tuple((name, drive.events) for name, drive in inputs.drives.items())
    parts = [(p.name, p.owner, p.variable, _bytes(p.index), p.shape, p.every, p.events) for p in probes]
    key = (drives, tuple(inputs.dims.items()), tuple(parts), seed, precision, until)
    kept = None if start else net.kept_plans.get(key)
    if kept is not None:
        plan = replace(
            kept, drives=inputs.drives, ticks=inputs.ticks, trials=inputs.trials, resume=dict(resume)
        )
        if plan.trials > kept.trials or plan.ticks > kept.ticks:
            check_memory(plan)
        return plan
    plan = lower(
        net,
        inputs,
        probes=probes,
        start=start,
        resume=resume,
        seed=seed,
        precision=precision,
        until=until,
    )
    dry_run(plan, lambda synapses: net.synapses[synapses].label)
    if not start and _numbers(plan) <= MOST_NUMBERS:
        plan = replace(plan, kept=True)
        net.kept_plans.clear()
        net.kept_plans[key] = replace(plan, drives={}, resume={})
    return plan


def _bytes(index: np.ndarray | None) -> Hashable:
    return None if index is None else np.asarray(index).tobytes()


def _numbers(plan: Plan) -> float:
    """About how many neurons, synapses and weights a plan holds."""
    total = float(sum(group.size for group in plan.groups.values()))
    for pathway in plan.pathways.values():
        if isinstance(pathway, Sparse):
            stored = pathway.stored
            total += stored.sender.size if isinstance(stored, Edges) else stored.expected
        elif isinstance(pathway, Dense | Einsum):
            total += pathway.weight.size
    return total

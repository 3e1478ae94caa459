"""The plan of a run is kept with its network, so that later runs with other data need not make it again.

Lowering and checking a network takes tens of milliseconds, often more than a short run. Networks are
immutable, so that what was lowered and checked once stays true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from neurosim.network.network import Network
from neurosim.network.probes import Probe, read_record
from neurosim.plan.dry_run import check_memory, dry_run
from neurosim.plan.inputs import Inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Dense, Einsum, Plan, Sparse
from neurosim.plan.recipe import Edges

MOST_RECORDS = 16  # arguments `record` of a network that are kept
MOST_PLANS = 16  # of a network that are kept: for other seeds, precisions, records and kinds of inputs
MOST_NUMBERS = 2**22  # neurons, synapses and weights of all plans that are kept; more take much memory


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
    drives = tuple([(name, drive.events) for name, drive in inputs.drives.items()])
    recorded = tuple([probe.key for probe in probes])
    key = (drives, tuple(inputs.dims.items()), recorded, seed, precision, until)
    kept = None if start else net.kept_plans.get(key)
    if kept is not None:
        plan = kept.with_run(
            drives=inputs.drives, ticks=inputs.ticks, trials=inputs.trials, resume=dict(resume), calls={}
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
        _keep(net.kept_plans, key, replace(plan, drives={}, resume={}))
    return plan


def _keep(plans: dict[Any, Plan], key: Any, plan: Plan) -> None:
    """Keep a plan. The oldest ones make room for it, in number and in memory."""
    numbers = {other: _numbers(held) for other, held in list(plans.items())}
    for other in list(numbers):
        if len(numbers) < MOST_PLANS and sum(numbers.values()) + _numbers(plan) <= MOST_NUMBERS:
            break
        del numbers[other]
        plans.pop(other, None)  # a run in another thread may have done so
    plans[key] = plan


def probes_of(net: Network, record: Any, spiking: Iterable[str]) -> tuple[Probe, ...]:
    """What `read_record` reads of the argument `record`; names that were read before are looked up."""
    kind: Any = cast(Any, type(record))
    items = tuple(cast("Iterable[Any]", record)) if kind in (list, tuple, str, dict) else ()
    times = tuple(cast("dict[Any, Any]", record).values()) if kind is dict else ()
    if not items or any(type(name) is not str for name in items) or any(type(n) is not int for n in times):
        return read_record(net, record, spiking)  # populations, units, and what is to be refused
    key = (kind is str, items, times, frozenset(spiking))
    if key not in net.kept_probes:
        if len(net.kept_probes) >= MOST_RECORDS:
            net.kept_probes.clear()
        net.kept_probes[key] = read_record(net, record, spiking)
    return net.kept_probes[key]


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

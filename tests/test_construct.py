"""Rows of synapses built in C++ are the reference's synapses, in the order of the tick contract, to the bit."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events.construct import Landing, Rows, build_rows
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Plan
from neurosim.units import ms

MANY = 10**6  # slots of one port


class Row(ctypes.Structure):
    _fields_ = (
        ("groups", ctypes.c_void_p), ("synapses", ctypes.c_void_p), ("n_groups", ctypes.c_uint32), ("n_synapses", ctypes.c_uint32),
    )  # fmt: skip


def cells(name: str, shape) -> ns.Neurons:
    return ns.Neurons(name, shape, update="v = I + J", ports="I J", threshold="v > 1", reset="v = 0")


def lowered(net: ns.Network, *, seed: int = 1, precision: str = "double") -> Plan:
    return lower(net, read_inputs(net, None, 1, None, 1, 0), seed=seed, precision=precision)


def landings_of(plan: Plan, blocks: int) -> dict[tuple[str, str | None], Landing]:
    """Slots that differ from port to port and from block to block."""
    found = {}
    for number, (name, to) in enumerate((name, to) for name, group in plan.groups.items() for to in group.ports):
        bounds = np.linspace(0, plan.groups[name].size, blocks + 1).astype(np.int64)
        found[name, to] = Landing(bounds, MANY * number + np.arange(blocks) * 7)
    return found


def build(plan: Plan, blocks: int = 1, threads: int = 1) -> tuple[Rows, dict[str, int]]:
    first = dict(zip(plan.groups, np.cumsum([0, *(group.size for group in plan.groups.values())]).tolist(), strict=False))
    senders = sum(group.size for group in plan.groups.values())
    rows = build_rows(list(plan.pathways.values()), landings_of(plan, blocks), first, senders, plan.weight_dtype, threads)
    return rows, first


def laid_out(rows: Rows, senders: int, weight_dtype: np.dtype) -> list[tuple]:
    """Every synapse that the rows hold: (block, sender, delay, slot, weight)."""
    synapse = np.dtype([("slot", np.uint32), ("weight", weight_dtype)])
    found = []
    for block in range(rows.blocks):
        for sender, row in enumerate((Row * senders).from_address(rows.table(block))):
            if row.n_synapses:
                groups = np.frombuffer(ctypes.string_at(row.groups, 8 * row.n_groups), np.uint32).reshape(-1, 2)
                stored = np.frombuffer(ctypes.string_at(row.synapses, synapse.itemsize * row.n_synapses), synapse)
                assert groups[:, 1].sum() == row.n_synapses and np.all(groups[:, 1]) and np.all(np.diff(groups[:, 0].astype(int)) > 0)
                delay = np.repeat(groups[:, 0], groups[:, 1])
                found += [(block, sender, *one) for one in zip(delay.tolist(), stored["slot"].tolist(), stored["weight"].tolist(), strict=True)]
    return found


def wanted(plan: Plan, blocks: int, first: dict[str, int]) -> list[tuple]:
    """The same from the arrays of the reference: by block, sender and delay, then synapse object, then synapse."""
    landings, found = landings_of(plan, blocks), []
    for number, p in enumerate(plan.pathways.values()):
        landing = landings[p.post, p.to]
        block = np.searchsorted(landing.bounds, p.receiver, side="right") - 1
        block = np.minimum(block, blocks - 1)
        slot = landing.slots[block] + p.receiver - landing.bounds[block]
        columns = (block, p.sender + first[p.pre], p.delay, np.full(p.sender.size, number), np.arange(p.sender.size), slot, p.weight)
        found += zip(*(column.tolist() for column in columns), strict=True)
    return [(block, sender, delay, slot, weight) for block, sender, delay, _, _, slot, weight in sorted(found, key=lambda one: one[:5])]


def check(net: ns.Network, *, precision: str = "double", blocks: int = 1, threads: int = 1, seed: int = 1) -> Rows:
    """Rows of a network are what the reference draws; returns them."""
    plan = lowered(net, precision=precision, seed=seed)
    rows, first = build(plan, blocks, threads)
    found = laid_out(rows, sum(group.size for group in plan.groups.values()), plan.weight_dtype)
    assert found == wanted(plan, blocks, first)
    for name, pathway in plan.pathways.items():
        ends = (pathway.delay.min(), pathway.delay.max()) if pathway.delay.size else (0, 0)
        assert (rows.reports[name].synapses, rows.reports[name].shortest, rows.reports[name].longest) == (pathway.sender.size, *ends)
    assert rows.synapses == len(found)
    return rows


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("blocks", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_rows_of_given_synapses_hold_them_by_delay_then_object(precision, blocks, threads):
    a, b = cells("a", 70), cells("b", (5, 9))
    random = np.random.default_rng(3)
    listed = ns.pairs(random.integers(0, 70, 500), random.integers(0, 45, 500))
    net = ns.Network(
        ns.Synapses(a, b, to="I", wiring=listed, weight=random.normal(size=500), delay=random.integers(0, 9, 500) * ms),
        ns.Synapses(a, b, to="J", wiring=ns.probability(0.2), weight=ns.gamma(1.0, 0.5), delay=3 * ms, name="second"),
        ns.Synapses(b, b, to="I", wiring=ns.probability(0.3), weight=ns.glorot(), delay=ns.uniform(0 * ms, 9000 * ms)),
        ns.Synapses(a[::-2], b[1], to="I", wiring=ns.outdegree(4), weight=2.0, delay=1 * ms, name="part"),
        schedule=ns.Clock(1 * ms),
    )
    check(net, precision=precision, blocks=blocks, threads=threads)

"""PoissonInput as private sources of the plan."""

from __future__ import annotations

import numpy as np

from neurosim.brian.names import root_of
from neurosim.brian.private_names import BrianObject, poisson_input_of
from neurosim.network.text import Statement
from neurosim.plan.plan import Block, Group, Private


def lower_background(thing: BrianObject, dt: float) -> tuple[Group, Private]:
    """The sources of a PoissonInput: a group of which each target has copies of its own, and its synapses."""
    count, rate, weight, target = poisson_input_of(thing)
    group = root_of(thing.group)
    start = int(getattr(thing.group, "start", 0))
    chance = repr(min(rate * dt, 1.0))
    threshold = Block("threshold", (Statement("spikes", "=", f"rand() < {chance}"),), ("spikes",))
    source = Group(
        name=f"{thing.name}_sources", shape=(1,), driven=False, spiking=True, states={}, constants={},
        ports={}, subexpressions={}, sends=None, integrate=None, update=None, threshold=threshold, reset=None,
        refractory=None, frozen=frozenset(),
    )  # fmt: skip
    pathway = Private(
        name=thing.name, pre=source.name, post=group.name, to=target,
        pre_index=np.zeros(1, np.int64), post_index=np.arange(start, start + len(thing.group)),
        pre_shape=(1,), post_shape=(len(thing.group),),
        sources=count, chance=chance, weight=float(weight),
    )  # fmt: skip
    return source, pathway

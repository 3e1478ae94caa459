"""PoissonInput as private sources of the plan."""

from __future__ import annotations

import numpy as np

from neurosim.brian.names import Names, root_of
from neurosim.brian.private_names import BrianObject, Constant, poisson_input_of
from neurosim.network.text import Statement, calls_in, names_in
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.plan import Block, Group, Private


def weight_of(thing: BrianObject, names: Names) -> float | None:
    """The weight of a PoissonInput if it is a number, or an expression of constants; else None."""
    *_, weight, _ = poisson_input_of(thing)
    # Brian2 writes the quantity into its text, with 8 digits after the point, and reads that.
    text = weight if isinstance(weight, str) else repr(weight)
    if calls_in(text):
        return None if isinstance(weight, str) else float(weight)
    known = {name: names[name] for name in names_in(text)}
    if not all(isinstance(variable, Constant) for variable in known.values()):
        return None
    return float(evaluate(text, {name: float(v.value) for name, v in known.items()}))


def lower_background(thing: BrianObject, dt: float, names: Names) -> tuple[Group, Private]:
    """The sources of a PoissonInput: a group of which each target has copies of its own, and its synapses.

    dt: of its clock, in seconds
    names: of its target
    """
    count, rate, _, target = poisson_input_of(thing)
    weight = weight_of(thing, names)
    assert weight is not None
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
        sources=count, chance=chance, weight=weight,
    )  # fmt: skip
    return source, pathway

"""A free list: which slots of a memory are in use, and which one is to be written next.

Source: Graves et al. 2016, Hybrid computing using a neural network with dynamic external memory, Nature 538,
471, doi:10.1038/nature20101 ("dynamic memory allocation").
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def free_list(n_slots: int, n_heads: int = 1) -> ns.Network:
    """`writing` and `reading`, the addresses of the tick before, and `gates` -> `usage` -> `allocation`.

    usage = (usage + writing - usage writing) prod(1 - gates reading), the product over the heads that read:
    what was written is in use until a head reads it with an open gate. allocation_i = (1 - usage_i) prod of
    usage_j over the slots j that are used less, which come first in the sorted list: an address of the slot
    that is used least, and of none if all are in use. Of slots whose usage is the same to a millionth the
    first one comes first.

    It is a part of a network with a memory, as in `differentiable_neural_computer`. The biases of the gates,
    sigmoid units, learn.

    Arguments:
        n_slots: the number of slots: the shape of `writing`, `usage` and `allocation`.
        n_heads: the number of heads that read: the shape of `gates`; `reading` has shape (n_heads, n_slots).

    >>> free_list(6, 2)["allocation"].shape
    (6,)
    """
    writing, reading = ns.Neurons("writing", n_slots), ns.Neurons("reading", (n_heads, n_slots))
    gates = cells.unit("gates", n_heads, "sigmoid", bias=np.zeros(n_heads), learns="bias")
    kept = ns.Neurons("kept", (n_slots, n_heads), update="k = prod(1 - I)")  # the product, in each column
    usage = ns.Neurons("usage", n_slots, ports="written kept", update="u = (u + written - u*written)*kept")
    # Rounded, so that slots which are used alike stay in their order; and at least 1e-6, to divide by it.
    text = """order = argsort(round(1e6*I))
              s = take(maximum(I, 1e-6), order)
              a = take((1 - s)*cumprod(s)/s, argsort(order))"""
    allocation, one = ns.Neurons("allocation", n_slots, update=text, sends="a"), ns.one_to_one()
    return ns.Network(
        ns.Synapses(reading, kept, weight=gates, wiring=ns.einsum("head slot, head -> slot head")),
        ns.Synapses(kept[:, 0], usage, to="kept", wiring=one),
        ns.Synapses(writing, usage, to="written", wiring=one),
        ns.Synapses(usage, allocation, wiring=one),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """Four slots are written one after the other; then two heads read the second and the third one."""
    writing, reading, gates = np.zeros((8, 4)), np.zeros((8, 2, 4)), np.zeros((8, 2))
    writing[[1, 2, 3, 4], [0, 1, 2, 3]] = 0.9
    reading[6, [0, 1], [1, 2]], gates[6] = 1.0, (0.8, 0.3)
    inputs = {"writing": writing, "reading": reading, "gates": gates}
    return {"net": free_list(4, 2), "inputs": inputs, "record": ["usage", "allocation"], "seed": 1}

"""Temporal links: the order in which the slots of a memory were written, to go on or back from one of them.

Source: Graves et al. 2016, Hybrid computing using a neural network with dynamic external memory, Nature 538,
471, doi:10.1038/nature20101 ("temporal memory linkage").
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def temporal_links(n_slots: int, n_heads: int = 1) -> ns.Network:
    """`writing`, `reading` of the tick before, `content` and `modes` -> `links` -> `ways` -> `address`.

    links_ij = (1 - writing_i - writing_j) links_ij + writing_i precedence_j(t - 1), and 0 for i = j: how much
    slot i was written right after slot j. precedence = (1 - sum(writing)) precedence + writing: how much a
    slot was the last to be written.

    ways_0 = reading links, the slots before those that were read; ways_1 = content; ways_2 = reading links',
    the slots after them; address = the sum of modes_k ways_k, for each head.

    It is a part of a network with a memory, as in `differentiable_neural_computer`. The biases of the modes,
    softmax units, learn.

    Arguments:
        n_slots: the number of slots: the shape of `writing` and `precedence`; that of `links` is (after,
            before).
        n_heads: the number of heads that read. `reading`, `content` and `address` have shape (n_heads,
            n_slots), `ways` (3, n_heads, n_slots) and `modes` (n_heads, 3).

    >>> net = temporal_links(6, 2)
    >>> net["links"].shape, net["ways"].shape
    ((6, 6), (3, 2, 6))
    """
    shape = (n_heads, n_slots)
    writing, reading, content = (
        ns.Neurons(name, size)
        for name, size in (("writing", n_slots), ("reading", shape), ("content", shape))
    )
    modes = cells.unit("modes", (n_heads, 3), "softmax", bias=np.zeros((n_heads, 3)), learns="bias")
    precedence = ns.Neurons("precedence", n_slots, update="p = (1 - sum(I))*p + I")
    text, apart, even = "L = apart*((1 - both)*L + new)", 1 - np.eye(n_slots), np.ones(n_slots)
    links = ns.Neurons("links", (n_slots, n_slots), ports="both new", update=text, apart=apart)
    ways, address = (
        ns.Neurons("ways", (3, *shape), update="w = I"),
        ns.Neurons("address", shape, update="a = I"),
    )
    rows, columns = ns.einsum("after, before -> after before"), ns.einsum("before, after -> after before")
    back, on = ns.einsum("head i, i j -> head j"), ns.einsum("head j, i j -> head i")
    return ns.Network(
        ns.Synapses(writing, precedence, wiring=ns.one_to_one()),
        ns.Synapses(writing, links, to="both", weight=even, wiring=rows),
        ns.Synapses(writing, links, to="both", weight=even, wiring=columns),
        ns.Synapses(writing, links, to="new", weight=ns.delayed(precedence, 1), wiring=rows),
        ns.Synapses(reading, ways[0], weight=links, wiring=back),
        ns.Synapses(content, ways[1], wiring=ns.one_to_one()),
        ns.Synapses(reading, ways[2], weight=links, wiring=on),
        ns.Synapses(ways, address, weight=modes, wiring=ns.einsum("mode head slot, head mode -> head slot")),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """Slots 3, 0, 4, 1 and 2 are written in this order; from slot 0 one head goes on, the other back."""
    writing, content, modes = np.zeros((9, 5)), np.zeros((9, 2, 5)), np.zeros((9, 2, 3))
    writing[range(5), [3, 0, 4, 1, 2]] = 0.9
    content[:, :, 0], modes[:6, :, 1] = 1.0, 1.0
    modes[6:, 0, 2], modes[6:, 1, 0] = 1.0, 1.0
    part = temporal_links(5, 2)
    again = ns.Synapses(part["address"], part["reading"], wiring=ns.one_to_one(), delay=1)
    inputs = {"writing": writing, "content": content, "modes": modes}
    net = ns.Network(part, again, schedule=ns.Layered())
    return {"net": net, "inputs": inputs, "record": ["links", "ways", "address"], "seed": 1}

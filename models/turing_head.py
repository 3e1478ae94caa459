"""One head of a neural Turing machine: it finds its position in a memory, writes there and reads.

Source: Graves, Wayne & Danihelka 2014, Neural Turing machines, arXiv:1410.5401, equations 2 to 9.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns

WIDTHS = {"beta": 1, "gate": 1, "shift": 3, "gamma": 1}


def turing_head(n_slots: int, width: int, *, memory: ArrayLike = 1e-3) -> ns.Network:
    """A memory and one head that addresses it by content and by position.

    Driven by a controller: `key`, `beta`, `gate`, `shift`, `gamma`, `erase`, `add` -> `address` -> `memory`
    -> `read`.

    content = softmax(beta cos(key, memory(t - 1))); mixed = gate content + (1 - gate) address(t - 1); shifted
    is mixed, moved by -1, 0 and 1 slots with the weights `shift`; address = shifted^gamma, divided by its
    sum; memory = memory (1 - address erase') + address add'; read = memory' address.

    Arguments:
        n_slots: the number of slots of the memory.
        width: the number of values in a slot.
        memory: what the memory holds at the beginning, one number or shape (n_slots, width).

    >>> turing_head(8, 5)["memory"].shape
    (8, 5)
    """
    key, erase, add = (ns.Neurons(name, width) for name in ("key", "erase", "add"))
    beta, gate, shift, gamma = (ns.Neurons(name, size) for name, size in WIDTHS.items())
    slots = ns.Neurons(
        "memory", (n_slots, width), ports="erase add", update="M = M*(1 - erase) + add", M=memory
    )
    content = ns.Neurons(
        "content", n_slots, ports="dot slot key beta", update="c = softmax(beta*dot/(sqrt(slot*key) + 1e-8))"
    )
    mixed = ns.Neurons(
        "mixed", n_slots, ports="content last gate", update="y = gate*content + (1 - gate)*last"
    )
    rolled = ns.Neurons("rolled", (n_slots, 3), update="y = I")
    address = ns.Neurons(
        "address", n_slots, ports="I gamma", update="u = I**gamma\na = u/sum(u)", sends="a", a=1.0 / n_slots
    )
    read = ns.Neurons("read", width, update="r = I")
    before = ns.delayed(slots, 1)
    rolls = [np.roll(np.eye(n_slots), offset, axis=1) for offset in (-1, 0, 1)]
    roll = np.stack(rolls, axis=2)  # (from, to, shift)
    one, per_slot = ns.one_to_one(), ns.einsum("slot, part -> slot part")
    squared = ns.einsum("slot part, slot part -> slot")
    return ns.Network(
        ns.Synapses(key, content, to="dot", weight=before, wiring=ns.einsum("part, slot part -> slot")),
        ns.Synapses(key, content, to="key", weight=key, wiring=ns.einsum("part, part -> slot")),
        ns.Synapses(slots, content, to="slot", weight=before, delay=1, wiring=squared),
        ns.Synapses(beta, content, to="beta"),
        ns.Synapses(content, mixed, to="content", wiring=one),
        ns.Synapses(address, mixed, to="last", wiring=one, delay=1),
        ns.Synapses(gate, mixed, to="gate"),
        ns.Synapses(mixed, rolled, weight=roll, wiring=ns.einsum("from, from to step -> to step")),
        ns.Synapses(rolled, address, to="I", weight=shift, wiring=ns.einsum("to step, step -> to")),
        ns.Synapses(gamma, address, to="gamma"),
        ns.Synapses(address, slots, to="erase", weight=erase, wiring=per_slot),
        ns.Synapses(address, slots, to="add", weight=add, wiring=per_slot),
        ns.Synapses(address, read, weight=slots, wiring=ns.einsum("slot, slot part -> part")),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """A random controller for 30 ticks, with 8 slots of 5 values."""
    random = np.random.default_rng(0)
    inputs = {
        "key": random.normal(size=(30, 5)),
        "add": random.normal(size=(30, 5)),
        "erase": random.random((30, 5)),
        "beta": random.uniform(1, 5, (30, 1)),
        "gate": random.random((30, 1)),
        "gamma": random.uniform(1, 3, (30, 1)),
        "shift": random.dirichlet((1.0, 1.0, 1.0), 30),
    }
    return {"net": turing_head(8, 5), "inputs": inputs, "record": ["address", "memory", "read"], "seed": 1}

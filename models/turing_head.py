"""One head of a neural Turing machine: it finds its position in a memory, writes there and reads.

Source: Graves, Wayne & Danihelka 2014, Neural Turing machines, arXiv:1410.5401, equations 2 to 9.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.models.content_addressing import address as content_address

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
    rows, read = ns.Neurons("rows", (n_slots, width)), ns.Neurons("read", width, update="r = I")
    address, synapses = addressing(key, beta, gate, shift, gamma, rows, np.full(n_slots, 1 / n_slots))
    per_slot = ns.einsum("slot, part -> slot part")
    return ns.Network(
        ns.Synapses(slots, rows, wiring=ns.one_to_one(), delay=1),
        synapses,
        ns.Synapses(address, slots, to="erase", weight=erase, wiring=per_slot),
        ns.Synapses(address, slots, to="add", weight=add, wiring=per_slot),
        ns.Synapses(address, read, weight=slots, wiring=ns.einsum("slot, slot part -> part")),
        schedule=ns.Layered(),
    )


def addressing(
    key: ns.Neurons, beta: ns.Neurons, gate: ns.Neurons, shift: ns.Neurons, gamma: ns.Neurons,
    rows: ns.Neurons, first: np.ndarray,
) -> tuple[ns.Neurons, list[ns.Synapses]]:  # fmt: skip
    """The population `address` of a head, and the synapses on the way to it, as in `turing_head`.

    key, beta, gate, shift, gamma: send what the controller commands, in the sizes (width,), 1, 1, 3 and 1.
    rows: sends the memory of a tick ago, shape (n_slots, width).
    first: the address before the first tick, shape (n_slots,).
    """
    n_slots = rows.shape[0]
    content, synapses = content_address(key, beta, rows, epsilon=1e-8)
    text = "y = gate*content + (1 - gate)*last"
    mixed = ns.Neurons("mixed", n_slots, ports="content last gate", update=text)
    rolled = ns.Neurons("rolled", (n_slots, 3), update="y = I")
    text = "u = (I + 1e-12)**gamma\na = u/sum(u)"  # at 0 the slope of the power would not be finite
    address = ns.Neurons("address", n_slots, ports="I gamma", update=text, sends="a", a=first)
    offsets = [np.roll(np.eye(n_slots), offset, axis=1) for offset in (-1, 0, 1)]
    rolls, one = np.stack(offsets, axis=2), ns.one_to_one()
    return address, [
        *synapses,
        ns.Synapses(content, mixed, to="content", wiring=one),
        ns.Synapses(address, mixed, to="last", wiring=one, delay=1),
        ns.Synapses(gate, mixed, to="gate"),
        ns.Synapses(mixed, rolled, weight=rolls, wiring=ns.einsum("from, from to step -> to step")),
        ns.Synapses(rolled, address, to="I", weight=shift, wiring=ns.einsum("to step, step -> to")),
        ns.Synapses(gamma, address, to="gamma"),
    ]


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

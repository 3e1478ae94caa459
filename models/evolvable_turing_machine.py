"""An evolvable neural Turing machine: a small controller and one head on a memory that grows.

Source: Greve, Jacobsen & Risi 2016, Evolving neural Turing machines for reward-based learning, GECCO,
doi:10.1145/2908812.2908930.
"""

from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

MOVES = 3  # back, stay, ahead


def evolvable_turing_machine(
    n_inputs: int, n_outputs: int, n_slots: int = 20, width: int = 8, *, n_hidden: int = 0
) -> ns.Network:
    """`inputs` and what was read -> `commands` -> `memory`, `head` -> `read`, and `commands` -> `out`.

    commands = sigmoid(W (inputs, read(t - 1), 1)) are the outputs, a vector `key`, `write`, `jump` and three
    moves. The head acts in this order: it writes into its slot, memory = memory + write (key - memory); if
    jump is at least 1/2, it goes to the slot whose content is nearest to the key (Euclid; of equally near
    ones the first); it moves by -1, 0 or 1 slots, by the largest of the three moves; and it reads that slot.

    The memory grows: it begins with one slot, slot 0, and gets another one, which holds zeros, when the head
    moves beyond its ends. The slots are a ring, so that the memory grows in both directions until all
    `n_slots` are in use. No weight depends on their number.

    Nothing here has a useful gradient. All weights are numbers of the input `genome`, which is read in tick
    0. So each trial can have other weights: a run with many trials tries many genomes at once.

    Arguments:
        n_inputs, n_outputs: the number of inputs and of outputs, which are from 0 to 1.
        n_slots: the largest number of slots.
        width: the number of values in a slot.
        n_hidden: the number of tanh units between what the controller sees and the commands; 0: none.

    >>> net = evolvable_turing_machine(3, 2, 8, 4)
    >>> net["commands"].size, net["genome"].size
    (11, 88)
    """
    inputs, read = ns.Neurons("inputs", n_inputs), ns.Neurons("read", width, update="y = I")
    n_seen, n_commands = n_inputs + width + 1, n_outputs + width + 2 + MOVES
    one = np.eye(n_seen)[-1]  # the last one is always 1: its weights are the biases
    seen = ns.Neurons("seen", n_seen, update="y = I + one", one=one)
    layers = [seen]
    if n_hidden:
        layers.append(cells.unit("hidden", n_hidden, "tanh"))
    commands = cells.unit("commands", n_commands, "sigmoid")
    layers.append(commands)
    genome = ns.Neurons("genome", sum(pre.size * post.size for pre, post in pairwise(layers)))
    copied = ns.one_to_one()
    synapses = [
        ns.Synapses(inputs, seen[:n_inputs], wiring=copied),
        ns.Synapses(read, seen[n_inputs:-1], wiring=copied, delay=1),
    ]
    first = 0
    for pre, post in pairwise(layers):
        genes = genome[first : first + pre.size * post.size]
        first += genes.size
        text = "w = where(t == 0, I, w)"
        weights = ns.Neurons(f"weights_{post.name}", (post.size, pre.size), update=text)
        synapses.append(ns.Synapses(genes, weights, wiring=copied))
        synapses.append(ns.Synapses(pre, post, weight=weights, wiring=ns.einsum("pre, post pre -> post")))
    out = ns.Neurons("out", n_outputs, update="y = I")
    synapses.append(ns.Synapses(commands[:n_outputs], out, wiring=copied))
    return ns.Network(synapses, tape(commands, n_outputs, read, n_slots), schedule=ns.Layered())


def tape(commands: ns.Neurons, first: int, read: ns.Neurons, n_slots: int) -> list[ns.Synapses]:
    """The memory, its head, and all synapses between them and the controller.

    commands: sends key, write, jump and moves, from unit number `first` on.
    read: what receives the content of the slot.
    """
    width = read.size
    write = first + width
    memory = ns.Neurons(
        "memory", (n_slots, width), ports="here key write", sends="M",
        update="M = M + here*write*(key - M)\nfar = sum((M - key)**2)",
    )  # fmt: skip
    move = ns.Neurons("move", MOVES, update="step = argmax(I) - 1")
    at_first = np.eye(n_slots)[0]
    head = ns.Neurons(
        "head", n_slots, ports="far jump step", sends="here", here=at_first, grown=at_first,
        update="""nearest = argmax(where(grown > 0, -far, -1e30))
                  slot = where(jump >= 0.5, nearest, argmax(here)) + step
                  here = where(i == slot % n_slots, 1, 0)
                  grown = maximum(grown, here)""",
        n_slots=n_slots,
    )  # fmt: skip
    per_slot, ones = ns.einsum("slot, part -> slot part"), np.ones(width)
    return [
        ns.Synapses(head, memory, to="here", weight=ones, wiring=per_slot, delay=1),
        ns.Synapses(
            commands[first:write], memory, to="key", weight=np.ones(n_slots),
            wiring=ns.einsum("part, slot -> slot part"),
        ),
        ns.Synapses(commands[write : write + 1], memory, to="write"),
        ns.Synapses(memory[:, 0].sending("far"), head, to="far", wiring=ns.one_to_one()),
        ns.Synapses(commands[write + 1 : write + 2], head, to="jump"),
        ns.Synapses(commands[write + 2 :], move, wiring=ns.one_to_one()),
        ns.Synapses(move[:1], head, to="step"),
        ns.Synapses(head, read, weight=memory, wiring=ns.einsum("slot, slot part -> part")),
    ]  # fmt: skip


def example() -> dict[str, Any]:
    """Four random genomes, each for ten ticks of random bits."""
    random = np.random.default_rng(0)
    net = evolvable_turing_machine(3, 2, 6, 4, n_hidden=5)
    genomes = random.normal(0, 2, (4, 1, net["genome"].size))
    inputs = {
        "inputs": (random.random((4, 10, 3)) < 0.5).astype(float),
        "genome": np.repeat(genomes, 10, axis=1),
    }
    return {"net": net, "inputs": inputs, "record": ["head", "memory", "out"], "seed": 1}

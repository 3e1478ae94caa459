"""A neural Turing machine: a controller that writes into a memory and reads from it.

Source: Graves, Wayne & Danihelka 2014, Neural Turing machines, arXiv:1410.5401.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.lstm import layer
from neurosim.models.turing_head import addressing

SOFTPLUS = "maximum({x}, 0) + log1p(exp(-abs({x})))"


def neural_turing_machine(
    n_inputs: int, n_outputs: int, n_slots: int = 20, width: int = 8, *, n_cells: int = 64, lstm: bool = True
) -> ns.Network:
    """`inputs` -> `controller` -> heads `write` and `read` on `memory` -> `vector`, and both -> `out`.

    At each tick the controller sees the input and the vector that was read a tick ago. The heads find their
    slots (see `head`). memory = memory (1 - address erase') + address add' by the address of `write`; vector
    = memory' address by that of `read`; out = sigmoid(W_c controller + W_v vector + bias). All weights and
    biases learn, and so does the first vector. The memory is empty at the beginning (1e-6).

    Arguments:
        n_inputs, n_outputs: the number of inputs and of outputs, which are probabilities.
        n_slots: the number of slots of the memory. No weight depends on it: what was learned with one memory
            works with another: `learn.with_learned(larger, learn.learned(net))`.
        width: the number of values in a slot.
        n_cells: the number of cells of the controller.
        lstm: whether these are LSTM cells, or tanh units without a memory of their own.

    >>> net = neural_turing_machine(4, 3)
    >>> list(net.parts), net["read_address"].shape
    (['write', 'read'], (20,))
    """
    inputs = ns.Neurons("inputs", n_inputs)
    if lstm:
        controller, synapses = layer(inputs, "controller", n_cells)
    else:
        controller = cells.unit("controller", n_cells, "tanh", bias=np.zeros(n_cells), learns="bias")
        synapses = [ns.Synapses(inputs, controller, weight=ns.glorot(), learns=True)]
    addressing = head(n_slots, width)
    write, read = addressing.named("write"), addressing.named("read")
    memory = ns.Neurons(
        "memory", (n_slots, width), ports="erase add", update="M = M*(1 - erase) + add", M=1e-6
    )
    vector = ns.Neurons("vector", width, update="r = I", r=np.zeros(width), learns=("r",))
    erase, add = _units("erase", width, "sigmoid"), _units("add", width, "tanh")
    out = cells.unit("out", n_outputs, "sigmoid", bias=np.zeros(n_outputs), learns="bias")
    per_slot, gather = ns.einsum("slot, part -> slot part"), ns.einsum("slot, slot part -> part")
    for port in controller.port_names:
        synapses.append(_learned(vector, controller, to=port, delay=1))
    synapses += [_learned(controller, target) for target in (erase, add, out)] + [_learned(vector, out)]
    for one in (write, read):
        synapses += [_learned(controller, one[name]) for name in ("key", "beta", "gate", "shift", "gamma")]
        synapses.append(ns.Synapses(memory, one["rows"], wiring=ns.one_to_one(), delay=1))
    synapses += [
        ns.Synapses(write["address"], memory, to="erase", weight=erase, wiring=per_slot),
        ns.Synapses(write["address"], memory, to="add", weight=add, wiring=per_slot),
        ns.Synapses(read["address"], vector, weight=memory, wiring=gather),
    ]
    return ns.Network(write, read, synapses, schedule=ns.Layered())


def head(n_slots: int, width: int) -> ns.Network:
    """How a head finds its slots: `key`, `beta`, `gate`, `shift`, `gamma`, and `rows` of memory -> `address`.

    content = softmax(beta cos(key, rows)); mixed = gate content + (1 - gate) address(t - 1); rolled is mixed,
    moved by -1, 0 and 1 slots with the weights `shift`; address = rolled^gamma, divided by its sum
    (equations 5 to 9). The first address is slot 0.
    """
    key, gate, shift = (
        _units("key", width, "tanh"),
        _units("gate", 1, "sigmoid"),
        _units("shift", 3, "softmax"),
    )
    beta, gamma = _units("beta", 1, SOFTPLUS), _units("gamma", 1, f"1 + {SOFTPLUS}")
    rows = ns.Neurons("rows", (n_slots, width))
    _, synapses = addressing(key, beta, gate, shift, gamma, rows, np.eye(n_slots)[0])
    return ns.Network(synapses, schedule=ns.Layered())


def _units(name: str, size: int, function: str) -> ns.Neurons:
    """Units with biases that learn; `function` is one of `cells.unit`, or text in x."""
    bias = {"bias": np.zeros(size), "learns": ("bias",)}
    if "{x}" in function:
        return ns.Neurons(name, size, update=f"y = {function.format(x='(I + bias)')}", **bias)
    return cells.unit(name, size, function, **bias)


def _learned(pre: ns.Neurons, post: ns.Neurons, **options: Any) -> ns.Synapses:
    return ns.Synapses(pre, post, weight=ns.glorot(), learns=True, **options)


def example() -> dict[str, Any]:
    """Six ticks of random bits into a machine that has learned nothing."""
    inputs = (np.random.default_rng(0).random((2, 6, 4)) < 0.5).astype(float)
    net = neural_turing_machine(4, 3, 6, 5, n_cells=8)
    return {"net": net, "inputs": {"inputs": inputs}, "record": ["read_address", "memory", "out"], "seed": 1}

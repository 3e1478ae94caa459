"""A differentiable neural computer: its memory knows which slots are free and in which order it was written.

Source: Graves et al. 2016, Hybrid computing using a neural network with dynamic external memory, Nature 538,
471, doi:10.1038/nature20101.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.content_addressing import address as content_address
from neurosim.models.free_list import free_list
from neurosim.models.lstm import layer
from neurosim.models.temporal_links import temporal_links


def differentiable_neural_computer(
    n_inputs: int, n_outputs: int, n_slots: int = 16, width: int = 8,
    *, n_heads: int = 1, n_cells: int = 64, links: bool = True, output: str = "linear",
) -> ns.Network:  # fmt: skip
    """`inputs` -> `controller` -> `write_address` and `reading` of `memory` -> `vectors`, and these -> `out`.

    The LSTM cells of the controller see the input and the vectors that were read a tick ago. The address to
    write is a mixture of content and allocation (`write_head`, `free_list`), that of each head that reads one
    of content, of the next slot and of the previous one (`read_heads`, `temporal_links`). memory = memory (1
    - write_address erase') + write_address add'; vectors = reading memory; out = W_c controller + W_v vectors
    + bias. All weights and biases learn. The memory is 0 at the beginning.

    Arguments:
        n_inputs, n_outputs: the number of inputs and of outputs.
        n_slots: the number of slots of the memory. No weight depends on it: what was learned with one memory
            works with another: `learn.with_learned(larger, learn.learned(net))`.
        width: the number of values in a slot.
        n_heads: the number of heads that read.
        n_cells: the number of cells of the controller.
        links: whether heads may follow the order of writing. Otherwise they find slots by content only.
        output: the activation function of `out`, as in `cells.unit`.

    >>> net = differentiable_neural_computer(4, 3, n_heads=2)
    >>> list(net.parts), net["reading"].shape
    (['write', 'read', 'free', 'order'], (2, 16))
    """
    controller, synapses = layer(ns.Neurons("inputs", n_inputs), "controller", n_cells)
    write, read = write_head(n_slots, width).named("write"), read_heads(n_slots, width, n_heads).named("read")
    free = free_list(n_slots, n_heads).named("free")
    memory = ns.Neurons("memory", (n_slots, width), ports="erase add", update="M = M*(1 - erase) + add")
    reading = ns.Neurons("reading", (n_heads, n_slots), update="r = I")
    vectors = ns.Neurons("vectors", (n_heads, width), update="v = I")
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    asked = [free["gates"], out, read["key"], read["strength"]]
    asked += [write[name] for name in ("key", "strength", "gate", "choice", "erase", "add")]
    wires = [
        (memory, write["rows"], 1), (memory, read["rows"], 0), (free["allocation"], write["allocation"], 0),
        (write["address"], free["writing"], 1), (reading, free["reading"], 1),
    ]  # fmt: skip
    if links:
        order = temporal_links(n_slots, n_heads).named("order")
        asked.append(order["modes"])
        wires += [(write["address"], order["writing"], 0), (reading, order["reading"], 1)]
        wires += [(read["content"], order["content"], 0), (order["address"], reading, 0)]
        synapses.append(order)
    else:
        wires.append((read["content"], reading, 0))
    spread, gather = ns.einsum("slot, part -> slot part"), ns.einsum("head slot, slot part -> head part")
    synapses += [_learned(vectors, controller, to=port, delay=1) for port in controller.port_names]
    synapses += [_learned(controller, target) for target in asked]
    synapses += [ns.Synapses(a, b, wiring=ns.one_to_one(), delay=ticks) for a, b, ticks in wires]
    synapses += [
        _learned(vectors, out),
        ns.Synapses(write["address"], memory, to="erase", weight=write["erase"], wiring=spread),
        ns.Synapses(write["address"], memory, to="add", weight=write["add"], wiring=spread),
        ns.Synapses(reading, vectors, weight=memory, wiring=gather),
    ]
    return ns.Network(write, read, free, synapses, schedule=ns.Layered())


def write_head(n_slots: int, width: int) -> ns.Network:
    """`rows` of the tick before, `allocation` and `key` -> `address`; and what to `erase` and to `add`.

    address = gate (choice allocation + (1 - choice) content), with an address by `content_addressing`.
    """
    key, rows = ns.Neurons("key", width), ns.Neurons("rows", (n_slots, width))
    strength, gate, choice = _strengths(1), _units("gate", 1, "sigmoid"), _units("choice", 1, "sigmoid")
    content, synapses = content_address(key, strength, rows)
    text = "w = gate*(choice*new + (1 - choice)*content)"
    address = ns.Neurons("address", n_slots, ports="new content gate choice", update=text)
    return ns.Network(
        synapses,
        ns.Synapses(ns.Neurons("allocation", n_slots), address, to="new", wiring=ns.one_to_one()),
        ns.Synapses(content, address, to="content", wiring=ns.one_to_one()),
        ns.Synapses(gate, address, to="gate"),
        ns.Synapses(choice, address, to="choice"),
        _units("erase", width, "sigmoid"),
        _units("add", width, "linear"),
        schedule=ns.Layered(),
    )


def read_heads(n_slots: int, width: int, n_heads: int) -> ns.Network:
    """`rows` and a `key` for each head -> `content`, addresses by `content_addressing`."""
    key, rows = ns.Neurons("key", (n_heads, width)), ns.Neurons("rows", (n_slots, width))
    return ns.Network(content_address(key, _strengths(n_heads), rows)[1], schedule=ns.Layered())


def _strengths(size: int) -> ns.Neurons:
    """1 + log(1 + exp(I + bias))."""
    text = "x = I + bias\ny = 1 + maximum(x, 0) + log1p(exp(-abs(x)))"
    return ns.Neurons("strength", size, update=text, sends="y", bias=np.zeros(size), learns=("bias",))


def _units(name: str, size: int, function: str) -> ns.Neurons:
    return cells.unit(name, size, function, bias=np.zeros(size), learns="bias")


def _learned(pre: ns.Neurons, post: ns.Neurons, **options: Any) -> ns.Synapses:
    return ns.Synapses(pre, post, weight=ns.glorot(), learns=True, **options)


def example() -> dict[str, Any]:
    """Seven ticks of random bits into a computer that has learned nothing, with two heads."""
    inputs = (np.random.default_rng(0).random((2, 7, 4)) < 0.5).astype(float)
    net = differentiable_neural_computer(4, 3, 6, 5, n_heads=2, n_cells=8)
    record = ["free_usage", "write_address", "reading", "out"]
    return {"net": net, "inputs": {"inputs": inputs}, "record": record, "seed": 1}

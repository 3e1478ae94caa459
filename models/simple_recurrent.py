"""A simple recurrent network: the hidden layer sees its own last state.

Source: Elman 1990, Cognitive Science 14, 179, doi:10.1207/s15516709cog1402_1.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

Layer = tuple[ns.Neurons, list[ns.Synapses]]


def simple_recurrent(
    n_inputs: int,
    n_hidden: int | Sequence[int],
    n_outputs: int,
    *,
    function: str = "sigmoid",
    output: str = "sigmoid",
) -> ns.Network:
    """Layers of recurrent units: `inputs` -> `hidden` -> `out`, and `hidden` to itself a tick later.

    hidden(t) = function(W inputs(t) + U hidden(t - 1) + bias), out(t) = output(V hidden(t) + bias). All
    weights and biases learn.

    Arguments:
        n_inputs: the number of inputs.
        n_hidden: the number of hidden units; several numbers are layers on top of each other, `hidden_1`,
            `hidden_2` ...
        n_outputs: the number of outputs.
        function: the activation function of the hidden units, as in `cells.unit`.
        output: the function of `out`.

    >>> simple_recurrent(1, (8, 4), 1)["hidden_2"].shape
    (4,)
    """
    top, synapses = stack(ns.Neurons("inputs", n_inputs), n_hidden, layer, "hidden", function=function)
    return ns.Network(synapses, read([top], n_outputs, output), schedule=ns.Layered())


def layer(
    below: ns.Neurons, name: str, size: int, tag: str = "", *, begin: int = 0, function: str = "sigmoid"
) -> Layer:
    """A recurrent layer, and its synapses.

    below: the population from which it gets its input.
    name, size: the name of the units and their number.
    tag: not used here; in other models the end of the names of the synapses.
    begin: the tick until which the units are at rest.
    function: their activation function.
    """
    hidden = resting(cells.unit, name, size, begin, function=function, bias=np.zeros(size), learns="bias")
    return hidden, [
        ns.Synapses(below, hidden, weight=ns.glorot(), learns=True),
        ns.Synapses(hidden, hidden, weight=ns.glorot(), delay=1, learns=True),
    ]


def layer_sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    """The sizes of layers, from one number or several."""
    return (int(sizes),) if isinstance(sizes, (int, np.integer)) else tuple(sizes)


def stack(
    below: ns.Neurons, sizes: int | Sequence[int], layer: Callable[..., Layer], name: str, **settings: Any
) -> Layer:
    """Recurrent layers on top of each other: the last one, and all synapses.

    below: the population from which the first layer gets its input.
    sizes: the number of units of each layer.
    layer: the function that makes a layer, such as `layer`.
    name: the name of the layer; several are called name_1, name_2 ...
    settings: further arguments of `layer`.
    """
    numbers = layer_sizes(sizes)
    synapses: list[ns.Synapses] = []
    for depth, size in enumerate(numbers, 1):
        tag = f"_{depth}" if len(numbers) > 1 else ""
        below, own = layer(below, name + tag, size, tag, **settings)
        synapses += own
    return below, synapses


def read(senders: Sequence[ns.Neurons], n_outputs: int, output: str) -> list[ns.Synapses]:
    """Learned synapses from all senders to the population `out`, whose biases learn too.

    n_outputs, output: the number of its units and their activation function.
    """
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    return [ns.Synapses(sender, out, weight=ns.glorot(), learns=True) for sender in senders]


def resting(cell: Callable[..., ns.Neurons], name: str, size: int, begin: int, **settings: Any) -> ns.Neurons:
    """Cells whose variables are 0 until tick `begin`, from which on they run.

    cell: the function that makes them, such as `cells.lstm`.
    name, size, settings: its arguments.
    """
    neurons = cell(name, size, **settings)
    if not begin:
        return neurons
    still = [f"{variable} = where(t < begin, 0, {variable})" for variable in neurons.states]
    return cell(name, size, update="\n".join([neurons.update, *still]), begin=begin, **settings)


def example() -> dict[str, Any]:
    """Elman's first task: a stream of bits of which every third is the exclusive or of the two before it."""
    bits = np.random.default_rng(0).integers(0, 2, (60, 2))
    stream = np.column_stack([bits, bits[:, 0] ^ bits[:, 1]]).reshape(-1, 1).astype(float)
    return {
        "net": simple_recurrent(1, 8, 1),
        "inputs": {"inputs": stream},
        "record": ["hidden", "out"],
        "seed": 1,
    }

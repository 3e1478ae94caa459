"""A long short-term memory network.

Source: Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735, doi:10.1162/neco.1997.9.8.1735; with the
forget gate of Gers, Schmidhuber & Cummins 2000, doi:10.1162/089976600300015015, and optionally the peepholes
of Gers & Schmidhuber 2000, doi:10.1109/IJCNN.2000.861302, and the initial biases of Tallec & Ollivier 2018,
ICLR, arXiv:1804.11188; softsign in place of tanh: Bergstra, Desjardins, Lamblin & Bengio 2009, Technical
Report 1337, Universite de Montreal.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.simple_recurrent import Layer, read, resting, stack


def lstm(
    n_inputs: int,
    n_cells: int | Sequence[int],
    n_outputs: int,
    *,
    peepholes: bool = False,
    memory: float | None = None,
    function: str = "tanh",
    output: str = "linear",
) -> ns.Network:
    """Layers of long short-term memory cells: `inputs` -> `cells` -> `out`.

    c = sigmoid(f + b_f) c + sigmoid(i + b_i) tanh(g + b_g), h = sigmoid(o + b_o) tanh(c). Each of the four
    ports i, f, o, g has weights from the inputs and from the cells: i = W_i inputs(t) + U_i h(t - 1), and the
    same for f, o, g. All weights, peepholes and biases learn.

    Arguments:
        n_inputs: the number of inputs.
        n_cells: the number of cells; several numbers are layers on top of each other, `cells_1` (with W_i_1
            ...), `cells_2` ...
        n_outputs: the number of outputs.
        peepholes: whether the gates also see c, through a weight per cell: p_i c and p_f c of the tick
            before, and p_o c of this one.
        memory: initial biases for long memories, a number of ticks above 2, about the length of a sequence.
            The cells keep their content for times that are evenly spaced from 1 tick to `memory` (b_f = log
            of it, b_i = -b_f), and learn to remember for long in a fraction of the time. Default: they forget
            within some ticks (b_f = 1).
        function: what takes the place of tanh, as in `cells.unit`, such as 'softsign', x/(1 + |x|), which
            saturates more slowly.
        output: the activation function of `out`, as in `cells.unit`.

    Raises DescriptionError for a memory that is too short, and for an unknown function.

    >>> lstm(2, 12, 1)["cells"].shape
    (12,)
    """
    if memory is not None and not memory > 2:
        raise ns.DescriptionError(
            f"lstm: memory={memory} is no time to remember. "
            "Give a number of ticks above 2, about as many as a sequence has."
        )
    settings = {"peepholes": peepholes, "memory": memory, "function": function}
    top, synapses = stack(ns.Neurons("inputs", n_inputs), n_cells, layer, "cells", **settings)
    return ns.Network(read([top], n_outputs, output), synapses, schedule=ns.Layered())


def layer(
    below: ns.Neurons,
    name: str,
    size: int,
    tag: str = "",
    *,
    begin: int = 0,
    peepholes: bool = False,
    memory: float | None = None,
    function: str = "tanh",
) -> Layer:
    """A layer of LSTM cells, and its synapses.

    below: the population from which it gets its input.
    name, size: the name of the cells and their number.
    tag: the end of the names of the synapses, W_i to U_g.
    begin: the tick until which the cells are at rest.
    peepholes, memory, function: as in `lstm`.
    """
    zeros = np.zeros(size)
    if memory is None:
        learned = {"b_i": zeros, "b_f": np.ones(size), "b_o": zeros, "b_g": zeros}
    else:
        times = np.log(np.linspace(1.0, memory - 1.0, size))
        learned = {"b_i": -times, "b_f": times, "b_o": zeros, "b_g": zeros}
    if peepholes:
        learned |= {"p_i": zeros, "p_f": zeros, "p_o": zeros}
    cell = cells.peephole_lstm if peepholes else cells.lstm
    units = resting(cell, name, size, begin, function=function, learns=tuple(learned), **learned)
    synapses = []
    for port in "ifog":
        settings = {"to": port, "weight": ns.glorot(), "learns": True}
        synapses.append(ns.Synapses(below, units, name=f"W_{port}{tag}", **settings))
        synapses.append(ns.Synapses(units, units, delay=1, name=f"U_{port}{tag}", **settings))
    return units, synapses


def example() -> dict[str, Any]:
    """The input of the adding problem, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {
        "net": lstm(2, 12, 1),
        "inputs": {"inputs": stream},
        "record": ["cells.c", "cells", "out"],
        "seed": 1,
    }

"""A network of minimal gated units: one gate does the work of the two gates of a gated recurrent unit.

Source: Zhou, Wu, Zhang & Zhou 2016, Int. J. Automation and Computing 13, 226, doi:10.1007/s11633-016-1006-2
(arXiv:1603.09420).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.simple_recurrent import Layer, read, stack


def minimal_gru(
    n_inputs: int, n_cells: int | Sequence[int], n_outputs: int, *, output: str = "linear"
) -> ns.Network:
    """Layers of minimal gated units: `inputs` -> `cells` -> `out`.

    h = (1 - f) h + f tanh(W_n x + U_n (f h) + b_n), f = sigmoid(W_f x + U_f h + b_f). The gate f is a
    population `gate`, and a population `kept` sends f h. All weights and biases learn.

    Arguments:
        n_inputs: the number of inputs.
        n_cells: the number of units; several numbers are layers on top of each other, `cells_1` (with W_f_1
            ...), `cells_2` ...
        n_outputs: the number of outputs.
        output: the activation function of `out`, as in `cells.unit`.

    >>> minimal_gru(2, 12, 1)["gate"].shape
    (12,)
    """
    top, synapses = stack(ns.Neurons("inputs", n_inputs), n_cells, layer, "cells")
    return ns.Network(synapses, read([top], n_outputs, output), schedule=ns.Layered())


def layer(below: ns.Neurons, name: str, size: int, tag: str = "") -> Layer:
    """A layer of minimal gated units, and its synapses.

    below: the population from which it gets its input.
    name, size: the name of the units and their number.
    tag: the end of the names of the synapses, W_f to U_n.
    """
    gate = cells.unit(f"gate{tag}", size, "sigmoid", bias=np.zeros(size), learns="bias")
    kept = ns.Neurons(f"kept{tag}", size, ports="f h", update="y = f*h")
    units = ns.Neurons(
        name, size, ports="f n", update="h = (1 - f)*h + f*tanh(n + b_n)", b_n=np.zeros(size), learns="b_n"
    )
    return units, [
        ns.Synapses(below, gate, weight=ns.glorot(), learns=True, name=f"W_f{tag}"),
        ns.Synapses(units, gate, weight=ns.glorot(), delay=1, learns=True, name=f"U_f{tag}"),
        ns.Synapses(gate, kept, to="f", wiring=ns.one_to_one()),
        ns.Synapses(units, kept, to="h", wiring=ns.one_to_one(), delay=1),
        ns.Synapses(gate, units, to="f", wiring=ns.one_to_one()),
        ns.Synapses(below, units, to="n", weight=ns.glorot(), learns=True, name=f"W_n{tag}"),
        ns.Synapses(kept, units, to="n", weight=ns.glorot(), learns=True, name=f"U_n{tag}"),
    ]


def example() -> dict[str, Any]:
    """The input of the adding problem, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {
        "net": minimal_gru(2, 12, 1),
        "inputs": {"inputs": stream},
        "record": ["gate", "cells", "out"],
        "seed": 1,
    }

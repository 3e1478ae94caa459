"""A long short-term memory network.

Source: Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735, doi:10.1162/neco.1997.9.8.1735; with the forget gate of Gers,
Schmidhuber & Cummins 2000, doi:10.1162/089976600300015015.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def lstm(n_inputs: int, n_cells: int, n_outputs: int, *, output: str = "linear") -> ns.Network:
    """`inputs` -> `cells` -> `out`; each of the cells' four ports i, f, o, g has weights from the inputs and from the cells.

    c = sigmoid(f + b_f) c + sigmoid(i + b_i) tanh(g + b_g), h = sigmoid(o + b_o) tanh(c), with i = W_i inputs(t) + U_i h(t - 1) and
    so f, o, g. All weights and biases learn.
    """
    inputs = ns.Neurons("inputs", n_inputs)
    biases = {"b_i": np.zeros(n_cells), "b_f": np.ones(n_cells), "b_o": np.zeros(n_cells), "b_g": np.zeros(n_cells)}
    memory = cells.lstm("cells", n_cells, learns=tuple(biases), **biases)
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    synapses = [ns.Synapses(memory, out, weight=ns.glorot(), learns=True)]
    for port in "ifog":
        synapses.append(ns.Synapses(inputs, memory, to=port, weight=ns.glorot(), learns=True, name=f"W_{port}"))
        synapses.append(ns.Synapses(memory, memory, to=port, weight=ns.glorot(), delay=1, learns=True, name=f"U_{port}"))
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """The adding problem's input, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {"net": lstm(2, 12, 1), "inputs": {"inputs": stream}, "record": ["cells.c", "cells", "out"], "seed": 1}

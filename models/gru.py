"""A network of gated recurrent units.

Source: Cho et al. 2014, EMNLP, doi:10.3115/v1/D14-1179 (arXiv:1406.1078).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.simple_recurrent import Layer, read, resting, stack


def gru(
    n_inputs: int,
    n_cells: int | Sequence[int],
    n_outputs: int,
    *,
    reset_first: bool = False,
    output: str = "linear",
) -> ns.Network:
    """Layers of gated recurrent units: `inputs` -> `cells` -> `out`.

    With the update gate z = sigmoid(W_z x + U_z h + b_z) and the reset gate r = sigmoid(W_r x + U_r h + b_r),
    the state is h = z h + (1 - z) n. The candidate is n = tanh(W_n x + b_n + r (U_n h + b_u)), or with
    `reset_first` n = tanh(W_n x + b_n + U_n (r h)), for which a population `kept` sends r h. All weights and
    biases learn.

    Arguments:
        n_inputs: the number of inputs.
        n_cells: the number of units; several numbers are layers on top of each other, `cells_1` (with W_z_1
            ...), `cells_2` ...
        n_outputs: the number of outputs.
        reset_first: whether the reset gate acts before the recurrent weights, as in the final form of the
            paper.
        output: the activation function of `out`, as in `cells.unit`.

    >>> gru(2, (12, 8), 1)["cells_2"].shape
    (8,)
    """
    top, synapses = stack(
        ns.Neurons("inputs", n_inputs), n_cells, reset_first_layer if reset_first else layer, "cells"
    )
    return ns.Network(synapses, read([top], n_outputs, output), schedule=ns.Layered())


def layer(below: ns.Neurons, name: str, size: int, tag: str = "", *, begin: int = 0) -> Layer:
    """A layer of gated units, and its synapses.

    below: the population from which it gets its input.
    name, size: the name of the units and their number.
    tag: the end of the names of the synapses, W_r to U_n.
    begin: the tick until which the units are at rest.
    """
    biases = {bias: np.zeros(size) for bias in ("b_r", "b_z", "b_n", "b_u")}
    units = resting(cells.gru, name, size, begin, learns=tuple(biases), **biases)
    synapses = []
    for port in "rzn":
        name = f"W_{port}{tag}"
        synapses.append(ns.Synapses(below, units, to=port, weight=ns.glorot(), learns=True, name=name))
    for port, letter in (("r", "r"), ("z", "z"), ("u", "n")):
        name = f"U_{letter}{tag}"
        synapses.append(
            ns.Synapses(units, units, to=port, weight=ns.glorot(), delay=1, learns=True, name=name)
        )
    return units, synapses


def reset_first_layer(below: ns.Neurons, name: str, size: int, tag: str = "") -> Layer:
    """As `layer`, with the reset gate before the recurrent weights, in a population `kept` of its own."""
    kept = ns.Neurons(
        f"kept{tag}", size, ports="r h", update="y = sigmoid(r + b_r)*h", b_r=np.zeros(size), learns="b_r"
    )
    update = "keep = sigmoid(z + b_z)\nh = keep*h + (1 - keep)*tanh(n + b_n)"
    units = ns.Neurons(
        name,
        size,
        ports="z n",
        update=update,
        sends="h",
        b_z=np.zeros(size),
        b_n=np.zeros(size),
        learns=("b_z", "b_n"),
    )
    synapses = [ns.Synapses(units, kept, to="h", wiring=ns.one_to_one(), delay=1, name=f"last{tag}")]
    for port, target, sender in (("r", kept, units), ("z", units, units), ("n", units, kept)):
        delay = 0 if sender is kept else 1
        learned = {"to": port, "weight": ns.glorot(), "learns": True}
        synapses.append(ns.Synapses(below, target, name=f"W_{port}{tag}", **learned))
        synapses.append(ns.Synapses(sender, target, delay=delay, name=f"U_{port}{tag}", **learned))
    return units, synapses


def example() -> dict[str, Any]:
    """The input of the adding problem, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {"net": gru(2, 12, 1), "inputs": {"inputs": stream}, "record": ["cells", "out"], "seed": 1}

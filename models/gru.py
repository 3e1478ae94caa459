"""A network of gated recurrent units.

Source: Cho et al. 2014, EMNLP, doi:10.3115/v1/D14-1179 (arXiv:1406.1078).
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def gru(n_inputs: int, n_cells: int, n_outputs: int, *, reset_first: bool = False, output: str = "linear") -> ns.Network:
    """`inputs` -> `cells` -> `out`, with update gate z and reset gate r.

    h = z h + (1 - z) n, z = sigmoid(W_z x + U_z h + b_z), r = sigmoid(W_r x + U_r h + b_r). The candidate is
    n = tanh(W_n x + b_n + r (U_n h + b_u)), or with `reset_first` (the paper's final form) n = tanh(W_n x + b_n + U_n (r h)), for
    which a population `kept` sends r h. All weights and biases learn.
    """
    inputs = ns.Neurons("inputs", n_inputs)
    names = ("b_r", "b_z", "b_n") if reset_first else ("b_r", "b_z", "b_n", "b_u")
    biases: dict[str, Any] = {name: np.zeros(n_cells) for name in names}
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    if reset_first:
        kept = ns.Neurons("kept", n_cells, ports="r h", update="y = sigmoid(r + b_r)*h", b_r=biases.pop("b_r"), learns=("b_r",))
        update = "keep = sigmoid(z + b_z)\nh = keep*h + (1 - keep)*tanh(n + b_n)"
        units = ns.Neurons("cells", n_cells, ports="z n", update=update, sends="h", learns=tuple(biases), **biases)
        ports = {"r": (kept, units), "z": (units, units), "n": (units, kept)}
        extra = [ns.Synapses(units, kept, to="h", wiring=ns.one_to_one(), delay=1, name="last")]
    else:
        units = cells.gru("cells", n_cells, learns=tuple(biases), **biases)
        ports = {"r": (units, units), "z": (units, units), "n": (units, None)}
        extra = [ns.Synapses(units, units, to="u", weight=ns.glorot(), delay=1, learns=True, name="U_n")]
    synapses = [*extra, ns.Synapses(units, out, weight=ns.glorot(), learns=True)]
    for port, (target, sender) in ports.items():
        synapses.append(ns.Synapses(inputs, target, to=port, weight=ns.glorot(), learns=True, name=f"W_{port}"))
        if sender is not None:
            delay = 0 if reset_first and port == "n" else 1
            synapses.append(ns.Synapses(sender, target, to=port, weight=ns.glorot(), delay=delay, learns=True, name=f"U_{port}"))
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """The adding problem's input, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {"net": gru(2, 12, 1), "inputs": {"inputs": stream}, "record": ["cells", "out"], "seed": 1}

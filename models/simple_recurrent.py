"""A simple recurrent network: the hidden layer sees its own last state.

Source: Elman 1990, Cognitive Science 14, 179, doi:10.1207/s15516709cog1402_1.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def simple_recurrent(n_inputs: int, n_hidden: int, n_outputs: int, *, function: str = "sigmoid", output: str = "sigmoid") -> ns.Network:
    """`inputs` -> `hidden` -> `out`, and hidden to itself a tick later.

    hidden(t) = function(W inputs(t) + U hidden(t - 1) + bias), out(t) = output(V hidden(t) + bias). All weights and biases learn.
    """
    inputs = ns.Neurons("inputs", n_inputs)
    hidden = cells.unit("hidden", n_hidden, function, bias=np.zeros(n_hidden), learns="bias")
    out = cells.unit("out", n_outputs, output, bias=np.zeros(n_outputs), learns="bias")
    return ns.Network(
        ns.Synapses(inputs, hidden, weight=ns.glorot(), learns=True),
        ns.Synapses(hidden, hidden, weight=ns.glorot(), delay=1, learns=True),
        ns.Synapses(hidden, out, weight=ns.glorot(), learns=True),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """Elman's first task: a stream of bits in which every third is the exclusive or of the two before it."""
    bits = np.random.default_rng(0).integers(0, 2, (60, 2))
    stream = np.column_stack([bits, bits[:, 0] ^ bits[:, 1]]).reshape(-1, 1).astype(float)
    return {"net": simple_recurrent(1, 8, 1), "inputs": {"inputs": stream}, "record": ["hidden", "out"], "seed": 1}

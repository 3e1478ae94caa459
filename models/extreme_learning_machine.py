"""An extreme learning machine: a random hidden layer that stays as it is, and a linear readout that is solved for.

Source: Huang, Zhu & Siew 2006, Neurocomputing 70, 489, doi:10.1016/j.neucom.2005.12.126.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def extreme_learning_machine(
    n_inputs: int, n_hidden: int, n_outputs: int, *, function: str = "sigmoid", weights: Any = None, bias: Any = None, readout: Any = None,
    readout_bias: Any = 0.0,
) -> ns.Network:  # fmt: skip
    """`inputs` -> `hidden` (fixed: `weights` (n_hidden, n_inputs) and `bias`, uniform in +-1 unless given) -> `out` (linear, learned).

    `readout` holds the solved weights, shape (n_outputs, n_hidden), and `readout_bias` is added; without them they are 0, and the weights
    marked as learned.
    """
    inputs = ns.Neurons("inputs", n_inputs)
    hidden = cells.unit("hidden", n_hidden, function, bias=ns.uniform(-1.0, 1.0) if bias is None else bias)
    out = cells.unit("out", n_outputs, "linear", bias=readout_bias)
    return ns.Network(
        ns.Synapses(inputs, hidden, weight=ns.uniform(-1.0, 1.0) if weights is None else weights),
        ns.Synapses(
            hidden, out, weight=np.zeros((n_outputs, n_hidden)) if readout is None else readout, learns=True
        ),
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """The hidden states of 40 units for 50 digits, and a random readout of them."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    readout = np.random.default_rng(0).normal(size=(10, 40))
    return {
        "net": extreme_learning_machine(64, 40, 10, readout=readout),
        "inputs": {"inputs": digits},
        "record": ["hidden", "out"],
        "seed": 1,
    }

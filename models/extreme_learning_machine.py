"""An extreme learning machine: a random, fixed hidden layer and a linear readout by least squares.

Source: Huang, Zhu & Siew 2006, Neurocomputing 70, 489, doi:10.1016/j.neucom.2005.12.126.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.network.weights import Distribution


def extreme_learning_machine(
    n_inputs: int,
    n_hidden: int,
    n_outputs: int,
    *,
    function: str = "sigmoid",
    weights: ArrayLike | Distribution | None = None,
    bias: ArrayLike | Distribution | None = None,
    readout: ArrayLike | None = None,
    readout_bias: ArrayLike = 0.0,
) -> ns.Network:
    """A network with one fixed hidden layer: `inputs` -> `hidden` -> `out`.

    hidden = function(W inputs + bias), out = readout hidden + readout_bias. Only the weights from `hidden` to
    `out` learn.

    Arguments:
        n_inputs: the number of inputs.
        n_hidden: the number of hidden units.
        n_outputs: the number of outputs.
        function: the activation function of the hidden units, as in `cells.unit`.
        weights: W, shape (n_hidden, n_inputs); default: uniform in +-1.
        bias: one number or one per hidden unit; default: uniform in +-1.
        readout: the weights to `out`, shape (n_outputs, n_hidden); default: 0.
        readout_bias: one number or one per output.

    >>> extreme_learning_machine(64, 40, 10)["hidden"].shape
    (40,)
    """
    inputs = ns.Neurons("inputs", n_inputs)
    bias = ns.uniform(-1.0, 1.0) if bias is None else bias
    weights = ns.uniform(-1.0, 1.0) if weights is None else weights
    readout = np.zeros((n_outputs, n_hidden)) if readout is None else readout
    hidden = cells.unit("hidden", n_hidden, function, bias=bias)
    out = cells.unit("out", n_outputs, "linear", bias=readout_bias)
    return ns.Network(
        ns.Synapses(inputs, hidden, weight=weights),
        ns.Synapses(hidden, out, weight=readout, learns=True),
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

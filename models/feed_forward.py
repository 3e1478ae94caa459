"""A multilayer perceptron.

Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; initial weights: Glorot &
Bengio 2010, AISTATS, and for rectifiers He, Zhang, Ren & Sun 2015, ICCV, doi:10.1109/ICCV.2015.123.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.network.weights import Distribution


def feed_forward(
    sizes: Sequence[int],
    *,
    function: str = "relu",
    output: str = "softmax",
    weights: Sequence[ArrayLike | Distribution] | None = None,
    biases: Sequence[ArrayLike] | None = None,
    dropout: float = 0.0,
) -> ns.Network:
    """Fully connected layers: `inputs` -> `layer_1` -> ... -> `out`.

    y = function(W x + bias). Weights and biases learn.

    Arguments:
        sizes: numbers of neurons from `inputs` to `out`, at least two.
        function: the activation function of the hidden layers: tanh, sigmoid, relu, softsign, softmax or
            linear.
        output: the function of `out`.
        weights: a matrix (post, pre) for each layer after the inputs; default: see `initial`.
        biases: an array for each layer after the inputs; default: 0.
        dropout: the fraction of hidden units that are silent in training.

    Raises DescriptionError for fewer than two sizes, and for a wrong number of weights or biases.

    >>> feed_forward((64, 32, 10))["layer_1"].shape
    (32,)
    """
    layers = len(sizes) - 1
    if layers < 1:
        raise ns.DescriptionError(
            f"feed_forward: sizes {tuple(sizes)} are not enough layers. "
            "Give those of inputs and outputs at least."
        )
    functions = [function] * (layers - 1) + [output]
    if weights is None:
        weights = [initial(name, fan_in) for name, fan_in in zip(functions, sizes, strict=False)]
    biases = [0.0] * layers if biases is None else list(biases)
    if len(weights) != layers or len(biases) != layers:
        raise ns.DescriptionError(
            f"feed_forward: {layers + 1} sizes take {layers} weights and biases, "
            f"not {len(weights)} and {len(biases)}. Give as many."
        )
    units = [ns.Neurons("inputs", sizes[0])]
    for depth, (size, bias, activation) in enumerate(zip(sizes[1:], biases, functions, strict=True), 1):
        name, drop = (f"layer_{depth}", dropout) if depth < layers else ("out", 0.0)
        bias = np.asarray(bias) + np.zeros(size)  # one for each unit, so that each learns its own
        units.append(cells.unit(name, size, activation, bias=bias, learns="bias", dropout=drop))
    synapses = [
        ns.Synapses(pre, post, weight=w, learns=True)
        for (pre, post), w in zip(pairwise(units), weights, strict=True)
    ]
    return ns.Network(synapses, schedule=ns.Layered())


def initial(function: str, fan_in: int) -> Distribution:
    """Random initial weights that keep the size of the messages from layer to layer.

    Into rectifiers they are He's, normal with variance 2/fan_in, and otherwise Glorot's.

    function: the activation function of the units.
    fan_in: the number of synapses of a unit.
    """
    return ns.normal(0.0, np.sqrt(2.0 / fan_in)) if function == "relu" else ns.glorot()


def example() -> dict[str, Any]:
    """50 digits through an untrained network of 64, 32 and 10 units."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    return {
        "net": feed_forward((64, 32, 10)),
        "inputs": {"inputs": digits},
        "record": ["layer_1", "out"],
        "seed": 1,
    }

"""A multilayer perceptron.

Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; initial weights: Glorot & Bengio 2010, AISTATS, and for
rectifiers He, Zhang, Ren & Sun 2015, ICCV, doi:10.1109/ICCV.2015.123.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def feed_forward(
    sizes: Sequence[int],
    *,
    function: str = "relu",
    output: str = "softmax",
    weights: Sequence[Any] | None = None,
    biases: Sequence[Any] | None = None,
    dropout: float = 0.0,
) -> ns.Network:
    """`inputs` -> `layer_1` -> ... -> `out`, fully connected: y = function(W x + bias).

    `sizes` counts the neurons of each, the inputs first; `function` and `output` are those of `cells.unit`: tanh, sigmoid, relu, softsign,
    softmax, linear. Without `weights`, a matrix (post, pre) for each layer after the inputs, they are He's into rectifiers, normal with
    variance 2/fan_in, and Glorot's into all others; without `biases`, one array for each of these layers, 0. Both learn. While the network
    trains, each hidden unit is left out with the chance `dropout`.

    Raises DescriptionError for fewer than two sizes, and for as many weights or biases as do not fit them.
    """
    layers = len(sizes) - 1
    if layers < 1:
        raise ns.DescriptionError(
            f"feed_forward: sizes {tuple(sizes)} are not enough layers. Give those of inputs and outputs at least."
        )
    functions = [function] * (layers - 1) + [output]
    weights = (
        [initial(f, n) for f, n in zip(functions, sizes, strict=False)] if weights is None else list(weights)
    )
    biases = [0.0] * layers if biases is None else list(biases)
    if len(weights) != layers or len(biases) != layers:
        raise ns.DescriptionError(
            f"feed_forward: {layers + 1} sizes take {layers} weights and biases, not {len(weights)} and {len(biases)}. Give as many."
        )
    units = [ns.Neurons("inputs", sizes[0])]
    for depth, (size, bias, name) in enumerate(zip(sizes[1:], biases, functions, strict=True), 1):
        last = depth == layers
        drop = 0.0 if last else dropout
        units.append(
            cells.unit(
                "out" if last else f"layer_{depth}",
                size,
                name,
                bias=bias + np.zeros(size),
                learns="bias",
                dropout=drop,
            )
        )
    steps = [
        ns.Synapses(pre, post, weight=w, learns=True)
        for (pre, post), w in zip(pairwise(units), weights, strict=True)
    ]
    return ns.Network(steps, schedule=ns.Layered())


def initial(function: str, fan_in: int) -> Any:
    """Weights into units of this function that keep the size of what is sent from layer to layer: He's for rectifiers, else Glorot's."""
    return ns.normal(0.0, np.sqrt(2.0 / fan_in)) if function == "relu" else ns.glorot()


def example() -> dict[str, Any]:
    """50 digits through an untrained net of 64, 32 and 10."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    return {
        "net": feed_forward((64, 32, 10)),
        "inputs": {"inputs": digits},
        "record": ["layer_1", "out"],
        "seed": 1,
    }

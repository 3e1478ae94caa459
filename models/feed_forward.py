"""A multilayer perceptron.

Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0.
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
) -> ns.Network:
    """`inputs` -> `layer_1` -> ... -> `out`, fully connected: y = function(W x + bias).

    `sizes` counts the neurons of each, the inputs first. Without `weights`, a matrix (post, pre) for each layer after the inputs, they are
    Glorot's; without `biases`, one array for each of these layers, 0. Both learn.
    """
    weights = [ns.glorot()] * (len(sizes) - 1) if weights is None else weights
    biases = [0.0] * (len(sizes) - 1) if biases is None else biases
    layers = [ns.Neurons("inputs", sizes[0])]
    for depth, (size, bias) in enumerate(zip(sizes[1:], biases, strict=True), 1):
        last = depth == len(sizes) - 1
        bias = bias + np.zeros(size)
        layers.append(cells.unit("out" if last else f"layer_{depth}", size, output if last else function, bias=bias, learns="bias"))
    steps = [ns.Synapses(pre, post, weight=w, learns=True) for (pre, post), w in zip(pairwise(layers), weights, strict=True)]
    return ns.Network(steps, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """50 digits through an untrained net of 64, 32 and 10."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    return {"net": feed_forward((64, 32, 10)), "inputs": {"inputs": digits}, "record": ["layer_1", "out"], "seed": 1}

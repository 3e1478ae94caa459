"""A multilayer perceptron.

Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0.
"""

from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def feed_forward(sizes: tuple[int, ...], *, function: str = "relu", output: str = "softmax") -> ns.Network:
    """`inputs` -> `layer_1` -> ... -> `out`, fully connected: y = function(W x + bias).

    `sizes` counts the neurons of each, the inputs first. Weights are Glorot's, biases 0; both learn.
    """
    layers = [ns.Neurons("inputs", sizes[0])]
    for depth, size in enumerate(sizes[1:], 1):
        last = depth == len(sizes) - 1
        layers.append(cells.unit("out" if last else f"layer_{depth}", size, output if last else function, bias=np.zeros(size), learns="bias"))
    steps = [ns.Synapses(pre, post, weight=ns.glorot(), learns=True) for pre, post in pairwise(layers)]
    return ns.Network(steps, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """50 digits through an untrained net of 64, 32 and 10."""
    from sklearn.datasets import load_digits

    digits = load_digits().data[:50] / 16.0
    return {"net": feed_forward((64, 32, 10)), "inputs": {"inputs": digits}, "record": ["layer_1", "out"], "seed": 1}

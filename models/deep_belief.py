"""A deep belief network: a restricted Boltzmann machine as memory on top, and layers below that it is drawn through.

Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def deep_belief(
    sizes: Sequence[int],
    *,
    weights: Sequence[Any] | None = None,
    down_biases: Sequence[Any] | None = None,
    up_bias: Any = 0.0,
    visible: str = "binary",
) -> ns.Network:
    """`visible` <- `layer_1` <- ... <- `memory` <-> `top`: one tick draws top from memory, memory from top, and each layer from that above it.

    `sizes` counts the units from `visible` to `top`, at least three. `weights` hold a matrix (upper, lower) for each pair of neighbours, small
    and random unless given; each layer but the top has its bias in `down_biases`, the top has `up_bias`. The two uppermost layers are a
    restricted Boltzmann machine, whose states the network wanders through; below, P(unit = 1) = sigmoid(W' upper + bias), and "gaussian"
    `visible` units are normal around W' upper + bias with standard deviation 1. An input to `memory` clamps it: what it stands for is then drawn
    on `visible`.

    Raises ValueError for fewer than three layers, for as many weights or biases as do not fit, and for another kind of visible units.
    """
    pairs = len(sizes) - 1
    if pairs < 2:
        raise ValueError(
            f"deep_belief: sizes {tuple(sizes)} are not enough layers. Give at least three, or use restricted_boltzmann."
        )
    matrices: list[Any] = [ns.normal(0.0, 0.01)] * pairs if weights is None else list(weights)
    biases = [0.0] * pairs if down_biases is None else list(down_biases)
    if len(matrices) != pairs or len(biases) != pairs:
        raise ValueError(
            f"deep_belief: {len(sizes)} layers take {pairs} weights and down_biases, not {len(matrices)} and {len(biases)}. Give as many."
        )
    if visible not in ("binary", "gaussian"):
        raise ValueError(f"deep_belief: visible {visible!r} is not known. Use 'binary' or 'gaussian'.")
    names = ["visible", *(f"layer_{k}" for k in range(1, pairs - 1)), "memory", "top"]
    layers = []
    for name, size, bias in zip(names, sizes, [*biases, up_bias], strict=True):
        b = bias + np.zeros(size)
        if name == "visible" and visible == "gaussian":
            layers.append(ns.Neurons(name, size, update="s = I + b + randn()", b=b, learns=("b",)))
        else:
            layers.append(cells.stochastic_binary(name, size, b=b, learns=("b",)))
    steps = [
        ns.Synapses(upper, lower, weight=np.asarray(w).T if np.ndim(w) else w, learns=True)
        for (lower, upper), w in zip(pairwise(layers[:-1]), matrices[:-1], strict=True)
    ]
    up = ns.Synapses(layers[-2], layers[-1], weight=matrices[-1], learns=True)
    down = ns.Synapses(layers[-1], layers[-2], weight=up.T)
    return ns.Network(steps, up, down, schedule=ns.Alternating(*([layer] for layer in reversed(layers))))


def example() -> dict[str, Any]:
    """A network of 36, 20, 12 and 8 units, with random weights, dreams for 60 ticks."""
    random = np.random.default_rng(0)
    sizes = (36, 20, 12, 8)
    weights = [random.normal(0.0, 0.7, (upper, lower)) for lower, upper in pairwise(sizes)]
    return {
        "net": deep_belief(sizes, weights=weights),
        "ticks": 60,
        "record": ["visible", "layer_1", "memory", "top"],
        "seed": 1,
    }

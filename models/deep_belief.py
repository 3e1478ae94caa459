"""A deep belief network: a restricted Boltzmann machine on top, and layers below that are drawn from it.

Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.network.weights import Distribution


def deep_belief(
    sizes: Sequence[int],
    *,
    weights: Sequence[ArrayLike | Distribution] | None = None,
    down_biases: Sequence[ArrayLike] | None = None,
    up_bias: ArrayLike = 0.0,
    visible: str = "binary",
) -> ns.Network:
    """A generative network that draws examples from the top down.

    `visible` <- `layer_1` <- ... <- `memory` <-> `top`. One tick draws top from memory, memory from top, and
    each layer from the one above it. The two uppermost layers are a restricted Boltzmann machine, whose
    states the network wanders through. Below them P(unit = 1) = sigmoid(W' upper + bias). An input to
    `memory` clamps it, and `visible` then shows examples of what this state of the memory means. Weights and
    biases learn.

    Arguments:
        sizes: numbers of units from `visible` to `top`, at least three.
        weights: a matrix W (upper, lower) for each pair of neighbours; default: normal with standard
            deviation 0.01.
        down_biases: the biases of each layer but the top; default: 0.
        up_bias: the bias of the top, one number or one per unit.
        visible: "binary", or "gaussian" for visible units that are normal around W' upper + bias with
            standard deviation 1.

    Raises DescriptionError for fewer than three layers, a wrong number of weights or biases, and another kind
    of visible units.

    >>> deep_belief((36, 20, 8))["memory"].shape
    (20,)
    """
    pairs = len(sizes) - 1
    if pairs < 2:
        raise ns.DescriptionError(
            f"deep_belief: sizes {tuple(sizes)} are not enough layers. "
            "Give at least three, or use restricted_boltzmann."
        )
    weights = [ns.normal(0.0, 0.01)] * pairs if weights is None else list(weights)
    biases = [0.0] * pairs if down_biases is None else list(down_biases)
    if len(weights) != pairs or len(biases) != pairs:
        raise ns.DescriptionError(
            f"deep_belief: {len(sizes)} layers take {pairs} weights and down_biases, "
            f"not {len(weights)} and {len(biases)}. Give as many."
        )
    if visible not in ("binary", "gaussian"):
        raise ns.DescriptionError(
            f"deep_belief: visible {visible!r} is not known. Use 'binary' or 'gaussian'."
        )
    names = ["visible", *(f"layer_{k}" for k in range(1, pairs - 1)), "memory", "top"]
    layers = []
    for name, size, bias in zip(names, sizes, [*biases, up_bias], strict=True):
        b = np.asarray(bias) + np.zeros(size)  # one for each unit, so that each learns its own
        if name == "visible" and visible == "gaussian":
            layers.append(ns.Neurons(name, size, update="s = I + b + randn()", b=b, learns=("b",)))
        else:
            layers.append(cells.stochastic_binary(name, size, b=b, learns=("b",)))
    steps = [
        ns.Synapses(upper, lower, weight=np.asarray(w).T if np.ndim(w) else w, learns=True)
        for (lower, upper), w in zip(pairwise(layers[:-1]), weights[:-1], strict=True)
    ]
    up = ns.Synapses(layers[-2], layers[-1], weight=weights[-1], learns=True)
    down = ns.Synapses(layers[-1], layers[-2], weight=up.T)
    return ns.Network(steps, up, down, schedule=ns.Alternating(*([layer] for layer in reversed(layers))))


def example() -> dict[str, Any]:
    """A network of 36, 20, 12 and 8 units, with random weights, draws examples for 60 ticks."""
    random = np.random.default_rng(0)
    sizes = (36, 20, 12, 8)
    weights = [random.normal(0.0, 0.7, (upper, lower)) for lower, upper in pairwise(sizes)]
    return {
        "net": deep_belief(sizes, weights=weights),
        "ticks": 60,
        "record": ["visible", "layer_1", "memory", "top"],
        "seed": 1,
    }

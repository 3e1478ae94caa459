"""A restricted Boltzmann machine: visible and hidden units, each layer drawn from the other in turn.

Source: Smolensky 1986, Parallel Distributed Processing 1, ch. 6; Hinton 2002, Neural Computation 14, 1771,
doi:10.1162/089976602760128018. Gaussian visible units: Welling, Rosen-Zvi & Hinton 2005, NIPS 17, 1481.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.network.weights import Distribution


def restricted_boltzmann(
    n_visible: int,
    n_hidden: int,
    *,
    weights: ArrayLike | Distribution | None = None,
    visible_bias: ArrayLike = 0.0,
    hidden_bias: ArrayLike = 0.0,
    visible: str = "binary",
) -> ns.Network:
    """Gibbs sampling between two layers: `visible` <-> `hidden`.

    One tick draws hidden from visible, and then visible from hidden: P(hidden = 1) = sigmoid(W visible +
    hidden_bias), P(visible = 1) = sigmoid(W' hidden + visible_bias). An input to `visible` clamps it. Weights
    and biases learn.

    Arguments:
        n_visible: the number of visible units.
        n_hidden: the number of hidden units.
        weights: W, shape (n_hidden, n_visible); default: normal with standard deviation 0.01.
        visible_bias: one number or one per visible unit.
        hidden_bias: one number or one per hidden unit.
        visible: "binary", or "gaussian" for visible units that are normal around W' hidden + visible_bias
            with standard deviation 1.

    Raises DescriptionError for another kind of visible units.

    >>> restricted_boltzmann(64, 16)["hidden"].shape
    (16,)
    """
    if visible not in ("binary", "gaussian"):
        raise ns.DescriptionError(
            f"restricted_boltzmann: visible {visible!r} is not known. Use 'binary' or 'gaussian'."
        )
    weights = ns.normal(0.0, 0.01) if weights is None else weights
    # One bias for each unit, so that each learns its own.
    bias, hidden_bias = (
        np.asarray(visible_bias) + np.zeros(n_visible),
        np.asarray(hidden_bias) + np.zeros(n_hidden),
    )
    if visible == "gaussian":
        seen = ns.Neurons("visible", n_visible, update="s = I + b + randn()", b=bias, learns="b")
    else:
        seen = cells.stochastic_binary("visible", n_visible, b=bias, learns="b")
    hidden = cells.stochastic_binary("hidden", n_hidden, b=hidden_bias, learns="b")
    up = ns.Synapses(seen, hidden, weight=weights, learns=True)
    down = ns.Synapses(hidden, seen, weight=up.T)
    return ns.Network(up, down, schedule=ns.Alternating([hidden], [seen]))


def example() -> dict[str, Any]:
    """A machine of 64 and 16 units is run for 100 ticks without any input."""
    weights = np.random.default_rng(0).normal(0.0, 0.5, (16, 64))
    return {
        "net": restricted_boltzmann(64, 16, weights=weights),
        "ticks": 100,
        "record": ["visible", "hidden"],
        "seed": 1,
    }

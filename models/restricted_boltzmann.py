"""A restricted Boltzmann machine: visible and hidden units, each layer drawn from the other in turn.

Source: Smolensky 1986, Parallel Distributed Processing 1, ch. 6; Hinton 2002, Neural Computation 14, 1771,
doi:10.1162/089976602760128018. Gaussian visible units: Welling, Rosen-Zvi & Hinton 2005, NIPS 17, 1481.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def restricted_boltzmann(
    n_visible: int,
    n_hidden: int,
    *,
    weights: Any = None,
    visible_bias: Any = 0.0,
    hidden_bias: Any = 0.0,
    visible: str = "binary",
) -> ns.Network:
    """`visible` and `hidden` units: one tick draws hidden from visible, then visible from hidden.

    P(hidden = 1) = sigmoid(W visible + hidden_bias); W has shape (n_hidden, n_visible) and is small and random unless given.
    `visible` units are "binary", P(visible = 1) = sigmoid(W' hidden + visible_bias), or "gaussian", normal around W' hidden +
    visible_bias with standard deviation 1. An input to `visible` clamps it.

    Raises ValueError for another kind of visible units.
    """
    if visible not in ("binary", "gaussian"):
        raise ValueError(
            f"restricted_boltzmann: visible {visible!r} is not known. Use 'binary' or 'gaussian'."
        )
    weights = ns.normal(0.0, 0.01) if weights is None else weights
    bias = visible_bias + np.zeros(n_visible)
    if visible == "gaussian":
        seen = ns.Neurons("visible", n_visible, update="s = I + b + randn()", b=bias, learns=("b",))
    else:
        seen = cells.stochastic_binary("visible", n_visible, b=bias, learns="b")
    hidden = cells.stochastic_binary("hidden", n_hidden, b=hidden_bias + np.zeros(n_hidden), learns="b")
    up = ns.Synapses(seen, hidden, weight=weights, learns=True)
    down = ns.Synapses(hidden, seen, weight=up.T)
    return ns.Network(up, down, schedule=ns.Alternating([hidden], [seen]))


def example() -> dict[str, Any]:
    """A machine of 64 and 16 units dreams for 100 ticks from nothing."""
    weights = np.random.default_rng(0).normal(0.0, 0.5, (16, 64))
    return {
        "net": restricted_boltzmann(64, 16, weights=weights),
        "ticks": 100,
        "record": ["visible", "hidden"],
        "seed": 1,
    }

"""Networks for tests of training."""

import numpy as np

import neurosim as ns
from neurosim import cells

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
W = rng.normal(size=(2, 3))


def line(weight=0.0, bias=None, function="linear", outputs=2):
    """inputs -> out: one layer."""
    inputs = ns.Neurons("x", 3)
    learns = {} if bias is None else {"bias": bias, "learns": "bias"}
    out = cells.unit("out", outputs, function, **learns)
    return ns.Network(ns.Synapses(inputs, out, weight=weight, learns=True), schedule=ns.Layered())


def memory(delay=1, **given):
    """x -> h -> out, in which h also receives its own messages."""
    x, h, out = ns.Neurons("x", 3), cells.unit("h", 5, "tanh"), cells.unit("out", 2, "linear")
    return ns.Network(
        ns.Synapses(x, h, weight=ns.normal(0, 0.7), learns=True),
        ns.Synapses(h, h, weight=ns.normal(0, 0.7), delay=delay, learns=True),
        ns.Synapses(h, out, weight=ns.normal(0, 0.7), learns=True),
        schedule=ns.Layered(),
    )

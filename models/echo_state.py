"""An echo state network: a fixed random pool whose states remember the input, and a readout that is learned.

Source: Jaeger & Haas 2004, Science 304, 78, doi:10.1126/science.1091277; Jaeger 2001, The "echo state" approach, GMD report 148.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def echo_state(
    n_inputs: int = 1,
    n_neurons: int = 100,
    n_outputs: int = 0,
    *,
    radius: float = 0.9,
    leak: float = 1.0,
    density: float = 0.1,
    input_scale: float = 1.0,
    bias_scale: float = 0.0,
    feedback_scale: float = 0.0,
    readout: Any = None,
) -> ns.Network:
    """Input `drive` into a `pool` of leaky tanh units; with `n_outputs`, a linear population `out` reads the pool.

    v = (1 - leak) v + leak tanh(W_in drive + W v + bias); out = W_out v. W has spectral radius `radius` and the fraction `density`
    of all synapses; W_in, the bias and W_back (out to pool, a tick later, where `feedback_scale` is above 0) are uniform in
    +-scale. W_out is `readout`, shape (n_outputs, n_neurons), or 0 and to be learned.
    """
    drive = ns.Neurons("drive", n_inputs)
    pool = cells.leaky_tanh("pool", n_neurons, leak=leak, bias=ns.uniform(-bias_scale, bias_scale))
    echo = ns.spectral_radius(radius, of=ns.normal(0.0, 1.0))
    synapses = [
        ns.Synapses(drive, pool, weight=ns.uniform(-input_scale, input_scale)),
        ns.Synapses(pool, pool, wiring=ns.probability(density), weight=echo, delay=1),
    ]
    if n_outputs:
        out = cells.unit("out", n_outputs, "linear")
        weight = np.zeros((n_outputs, n_neurons)) if readout is None else readout
        synapses.append(ns.Synapses(pool, out, weight=weight, learns=True))
        if feedback_scale:
            synapses.append(ns.Synapses(out, pool, weight=ns.uniform(-feedback_scale, feedback_scale), delay=1))
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """A pool of 60 hears 120 random numbers."""
    drive = np.random.default_rng(0).uniform(0.0, 0.5, (120, 1))
    return {"net": echo_state(1, 60, input_scale=0.5, bias_scale=0.2), "inputs": {"drive": drive}, "record": ["pool.v"], "seed": 1}

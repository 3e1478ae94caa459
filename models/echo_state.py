"""An echo state network: a fixed random pool whose states remember the input, and a readout that is learned.

Source: Jaeger & Haas 2004, Science 304, 78, doi:10.1126/science.1091277; Jaeger 2001, The "echo state" approach, GMD report 148;
Rodan & Tino 2011, IEEE Trans. Neural Netw. 22, 131, doi:10.1109/TNN.2010.2089641 (rings).
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.errors import nearest, shown

WIRINGS = ("random", "orthogonal", "ring", "small_world")


def echo_state(
    n_inputs: int = 1,
    n_neurons: int = 100,
    n_outputs: int = 0,
    *,
    radius: float = 0.9,
    leak: float = 1.0,
    density: float = 0.1,
    wiring: str = "random",
    rewire: float = 0.1,
    input_scale: float = 1.0,
    bias_scale: float = 0.0,
    feedback_scale: float = 0.0,
    noise: float = 0.0,
    readout: Any = None,
    intercept: Any = 0.0,
) -> ns.Network:
    """Input `drive` into a `pool` of leaky tanh units; with `n_outputs`, a linear population `out` reads the pool.

    v = (1 - leak) v + leak tanh(W_in drive + W v + W_back out + bias + noise N(0, 1)); out = W_out v + intercept.

    W has spectral radius `radius`; `wiring` says which synapses it has (`recurrent`). W_in, the bias and W_back (out to pool, a tick
    later, where `feedback_scale` is above 0) are uniform in +-scale. W_out is `readout`, shape (n_outputs, n_neurons), or 0 and to
    be learned. Without `n_inputs` there is no `drive`: a network with feedback runs on its own.
    """
    pool = cells.leaky_tanh(
        "pool", n_neurons, leak=leak, bias=ns.uniform(-bias_scale, bias_scale), noise=noise
    )
    synapses = [recurrent(pool, wiring, radius=radius, density=density, rewire=rewire)]
    if n_inputs:
        drive = ns.Neurons("drive", n_inputs)
        synapses.insert(0, ns.Synapses(drive, pool, weight=ns.uniform(-input_scale, input_scale)))
    if n_outputs:
        synapses += read((pool,), n_outputs, readout, intercept, feedback_scale)
    return ns.Network(synapses, schedule=ns.Layered())


def recurrent(
    pool: ns.Neurons,
    wiring: str = "random",
    *,
    radius: float = 0.9,
    density: float = 0.1,
    rewire: float = 0.1,
) -> ns.Synapses:
    """The synapses of a pool onto itself, over one tick.

    'random': a fraction `density` of all pairs, normal weights. 'orthogonal': all pairs, an orthogonal matrix. 'ring': each neuron
    to the next, all weights `radius`. 'small_world': each neuron to its nearest on a ring, `density` of all, of which a
    fraction `rewire` goes elsewhere, normal weights.
    """
    echo, n = ns.spectral_radius(radius, of=ns.normal(0.0, 1.0)), pool.size
    if not isinstance(wiring, str):
        own = "describe the pool with it: ns.Synapses(pool, pool, weight=W, delay=1)"
        raise ns.DescriptionError(
            f"echo_state: wiring {shown(wiring)} is not a name. Use one of {', '.join(WIRINGS)}; for a matrix of your own, {own}."
        )
    if wiring == "random":
        return ns.Synapses(pool, pool, wiring=ns.probability(density), weight=echo, delay=1)
    if wiring == "orthogonal":
        return ns.Synapses(pool, pool, weight=ns.orthogonal(radius), delay=1)
    if wiring == "ring":
        return ns.Synapses(
            pool, pool, wiring=ns.pairs(np.arange(n), np.roll(np.arange(n), -1)), weight=radius, delay=1
        )
    if wiring == "small_world":
        return ns.Synapses(
            pool,
            pool,
            wiring=ns.small_world(max(2, 2 * round(density * n / 2)), rewire),
            weight=echo,
            delay=1,
        )
    raise ns.DescriptionError(f"echo_state: wiring {wiring!r} is not known. {nearest(wiring, WIRINGS)}")


def read(
    pools: tuple[ns.Neurons, ...], n_outputs: int, readout: Any, intercept: Any, feedback_scale: float
) -> list[ns.Synapses]:
    """The synapses of all pools to `out` (the columns of `readout` are their neurons, pool after pool), and back to the pools."""
    out = cells.unit("out", n_outputs, "linear", bias=intercept)
    weights = (
        np.zeros((n_outputs, sum(pool.size for pool in pools))) if readout is None else np.asarray(readout)
    )
    ends = np.cumsum([pool.size for pool in pools])
    synapses = [
        ns.Synapses(pool, out, weight=weights[:, end - pool.size : end], learns=True)
        for pool, end in zip(pools, ends, strict=True)
    ]
    if feedback_scale:
        synapses += [
            ns.Synapses(out, pool, weight=ns.uniform(-feedback_scale, feedback_scale), delay=1)
            for pool in pools
        ]
    return synapses


def example() -> dict[str, Any]:
    """A pool of 60 hears 120 random numbers."""
    drive = np.random.default_rng(0).uniform(0.0, 0.5, (120, 1))
    return {
        "net": echo_state(1, 60, input_scale=0.5, bias_scale=0.2),
        "inputs": {"drive": drive},
        "record": ["pool.v"],
        "seed": 1,
    }

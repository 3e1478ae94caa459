"""An echo state network: a fixed random pool, whose states remember the input, and a readout that is learned.

Source: Jaeger & Haas 2004, Science 304, 78, doi:10.1126/science.1091277; Jaeger 2001, The "echo state"
approach, GMD report 148; rings: Rodan & Tino 2011, IEEE Trans. Neural Netw. 22, 131,
doi:10.1109/TNN.2010.2089641.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

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
    readout: ArrayLike | None = None,
    intercept: ArrayLike = 0.0,
) -> ns.Network:
    """A reservoir of leaky tanh units, with a linear readout if it has outputs.

    `drive` -> `pool` -> `out`, and with feedback `out` -> `pool` a tick later.

    v = (1 - leak) v + leak tanh(W_in drive + W v + W_back out + bias + noise N(0, 1)); out = W_out v +
    intercept.

    Arguments:
        n_inputs: the number of inputs; 0: no population `drive`, so that a network with feedback runs on its
            own.
        n_neurons: the number of units of the pool.
        n_outputs: the number of outputs; 0: no population `out`.
        radius: the spectral radius of W.
        leak: from 0 to 1; at 1 a unit keeps nothing of its own past.
        density: the fraction of all pairs that have a synapse, for 'random' and 'small_world'.
        wiring: 'random', 'orthogonal', 'ring' or 'small_world', see `recurrent`.
        rewire: the fraction of synapses of 'small_world' that are rewired at random.
        input_scale: W_in is uniform in +-input_scale.
        bias_scale: the bias is uniform in +-bias_scale.
        feedback_scale: W_back is uniform in +-feedback_scale; 0: no feedback.
        noise: the standard deviation of the noise.
        readout: W_out, shape (n_outputs, n_neurons); default: 0, to be learned.
        intercept: added to the output, one number or one per output.

    Raises DescriptionError for another wiring.

    >>> echo_state(1, 60, 2)["out"].shape
    (2,)
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
    """The synapses of a pool onto itself, with a delay of one tick.

    pool: the population.
    wiring: 'random': a fraction `density` of all pairs, normal weights. 'orthogonal': all pairs, an
        orthogonal matrix. 'ring': each neuron to the next one, all weights equal to `radius`. 'small_world':
        each neuron to its nearest neighbours on a ring, a fraction `density` of all, of which a fraction
        `rewire` goes elsewhere; normal weights.
    radius: the spectral radius of the weights.

    Raises DescriptionError for another wiring.
    """
    echo, n = ns.spectral_radius(radius, of=ns.normal(0.0, 1.0)), pool.size
    if not isinstance(wiring, str):
        raise ns.DescriptionError(
            f"echo_state: wiring {shown(wiring)} is not a name. Use one of {', '.join(WIRINGS)}; for a "
            "matrix of your own, describe the pool with it: ns.Synapses(pool, pool, weight=W, delay=1)."
        )
    if wiring == "random":
        return ns.Synapses(pool, pool, wiring=ns.probability(density), weight=echo, delay=1)
    if wiring == "orthogonal":
        return ns.Synapses(pool, pool, weight=ns.orthogonal(radius), delay=1)
    if wiring == "ring":
        ring = ns.pairs(np.arange(n), np.roll(np.arange(n), -1))
        return ns.Synapses(pool, pool, wiring=ring, weight=radius, delay=1)
    if wiring == "small_world":
        lattice = ns.small_world(max(2, 2 * round(density * n / 2)), rewire)
        return ns.Synapses(pool, pool, wiring=lattice, weight=echo, delay=1)
    raise ns.DescriptionError(f"echo_state: wiring {wiring!r} is not known. {nearest(wiring, WIRINGS)}")


def read(
    pools: Sequence[ns.Neurons],
    n_outputs: int,
    readout: ArrayLike | None,
    intercept: ArrayLike,
    feedback_scale: float,
) -> list[ns.Synapses]:
    """The synapses of all pools to `out`, and with feedback those from `out` back to the pools.

    readout: the weights, shape (n_outputs, all neurons), whose columns are the neurons of pool after pool;
        None: 0.
    intercept: added to the output, one number or one per output.
    feedback_scale: the weights of the feedback are uniform in +-feedback_scale; 0: no feedback.
    """
    out = cells.unit("out", n_outputs, "linear", bias=intercept)
    ends = np.cumsum([pool.size for pool in pools])
    weights = np.zeros((n_outputs, ends[-1])) if readout is None else np.asarray(readout)
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
    """A pool of 60 units gets 120 random numbers."""
    drive = np.random.default_rng(0).uniform(0.0, 0.5, (120, 1))
    return {
        "net": echo_state(1, 60, input_scale=0.5, bias_scale=0.2),
        "inputs": {"drive": drive},
        "record": ["pool.v"],
        "seed": 1,
    }

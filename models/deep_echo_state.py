"""A deep echo state network: pools in layers, each with its own time scale, or in parallel groups.

Source: Gallicchio, Micheli & Pedrelli 2017, Neurocomputing 268, 87, doi:10.1016/j.neucom.2016.12.089
(layers); Gallicchio & Micheli 2011, Neural Networks 24, 440, doi:10.1016/j.neunet.2011.02.002 (time scales).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim import cells
from neurosim.models.echo_state import read, recurrent


def deep_echo_state(
    n_inputs: int = 1,
    n_neurons: int = 100,
    n_outputs: int = 0,
    *,
    layers: int = 3,
    groups: int = 1,
    radius: ArrayLike = 0.9,
    leak: ArrayLike = 1.0,
    density: float = 0.1,
    wiring: str = "random",
    rewire: float = 0.1,
    input_scale: ArrayLike = 1.0,
    bias_scale: float = 0.0,
    feedback_scale: float = 0.0,
    noise: float = 0.0,
    readout: ArrayLike | None = None,
    intercept: ArrayLike = 0.0,
) -> ns.Network:
    """Stacks of recurrent pools, of which one readout sees all.

    `drive` -> the lowest pools; each other pool gets its input from the pool below it. The pools `pool_1`,
    `pool_2` ... are numbered from the lowest of the first group on.

    v = (1 - leak) v + leak tanh(W_in below + W v + W_back out + bias + noise N(0, 1)); out = W_out (all v) +
    intercept.

    W_in is uniform in +-input_scale, divided by sqrt(n_neurons) if it comes from another pool.

    Arguments:
        n_inputs: the number of inputs; 0: no population `drive`.
        n_neurons: the number of units of each pool.
        n_outputs: the number of outputs; 0: no population `out`.
        layers: the number of pools on top of each other.
        groups: the number of such stacks side by side.
        radius: the spectral radius of W; this and the next two are one number, one per layer (per group, if
            there is one layer), or an array (group, layer).
        leak: the leak, from 0 to 1.
        input_scale: the scale of W_in.
        density: the fraction of synapses, as in `echo_state`, of each pool.
        wiring: the kind of recurrent synapses, as in `echo_state`, of each pool.
        rewire: the fraction of rewired synapses, as in `echo_state`, of each pool.
        bias_scale: the bias is uniform in +-bias_scale.
        feedback_scale: W_back is uniform in +-feedback_scale; 0: no feedback.
        noise: the standard deviation of the noise.
        readout: W_out, shape (n_outputs, all neurons); default: 0, to be learned.
        intercept: added to the output, one number or one per output.

    Raises DescriptionError for a radius, leak or input_scale that does not fit groups and layers, and for
    another wiring.

    >>> len(deep_echo_state(1, 20, layers=3).populations)
    4
    """
    tables = [
        _table(values, groups, layers, name)
        for name, values in (("radius", radius), ("leak", leak), ("input_scale", input_scale))
    ]
    drive = ns.Neurons("drive", n_inputs) if n_inputs else None
    pools: list[ns.Neurons] = []
    synapses: list[ns.Synapses] = []
    for k, (rho, keep, scale) in enumerate(zip(*(table.ravel() for table in tables), strict=True)):
        pool = cells.leaky_tanh(
            f"pool_{k + 1}", n_neurons, leak=keep, bias=ns.uniform(-bias_scale, bias_scale), noise=noise
        )
        below = pools[-1] if k % layers else drive
        if below is not None:
            reach = scale / (np.sqrt(n_neurons) if k % layers else 1.0)
            synapses.append(ns.Synapses(below, pool, weight=ns.uniform(-reach, reach)))
        synapses.append(recurrent(pool, wiring, radius=rho, density=density, rewire=rewire))
        pools.append(pool)
    if n_outputs:
        synapses += read(tuple(pools), n_outputs, readout, intercept, feedback_scale)
    return ns.Network(synapses, schedule=ns.Layered())


def _table(values: ArrayLike, groups: int, layers: int, name: str) -> np.ndarray:
    """One number per pool, shape (group, layer)."""
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim == 1 and layers == 1:
        numbers = numbers[:, None]
    try:
        return np.broadcast_to(numbers, (groups, layers))
    except ValueError:
        raise ns.DescriptionError(
            f"deep_echo_state: {name} of shape {np.shape(values)} does not fit {groups} groups of {layers} "
            "layers. Give a number, or one per layer."
        ) from None


def example() -> dict[str, Any]:
    """Three layers of 20 units, each slower than the one below, get 120 random numbers."""
    drive = np.random.default_rng(0).uniform(-1.0, 1.0, (120, 1))
    net = deep_echo_state(1, 20, layers=3, leak=(0.9, 0.5, 0.2), density=0.2, bias_scale=0.2)
    return {"net": net, "inputs": {"drive": drive}, "record": ["pool_1", "pool_2", "pool_3"], "seed": 1}

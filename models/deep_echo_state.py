"""A deep echo state network: pools stacked in layers, each with its own time scale, or side by side in groups; one readout sees all.

Source: Gallicchio, Micheli & Pedrelli 2017, Neurocomputing 268, 87, doi:10.1016/j.neucom.2016.12.089 (layers); Gallicchio & Micheli 2011,
Neural Networks 24, 440, doi:10.1016/j.neunet.2011.02.002 (time scales).
"""

from typing import Any

import numpy as np

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
    radius: Any = 0.9,
    leak: Any = 1.0,
    density: float = 0.1,
    wiring: str = "random",
    rewire: float = 0.1,
    input_scale: Any = 1.0,
    bias_scale: float = 0.0,
    feedback_scale: float = 0.0,
    noise: float = 0.0,
    readout: Any = None,
    intercept: Any = 0.0,
) -> ns.Network:
    """`groups` stacks of `layers` pools of `n_neurons` leaky tanh units; the lowest pools hear `drive`, each other the pool below it.

    v = (1 - leak) v + leak tanh(W_in below + W v + W_back out + bias + noise N(0, 1)); out = W_out (all v) + intercept.

    Pools are called `pool_1`, `pool_2` ... from the lowest of the first group on. `radius`, `leak` and `input_scale` are one number, or
    one per layer (per group, where there is one layer), or a table (group, layer). W_in is uniform in +-input_scale, divided
    by the square root of `n_neurons` where it comes from another pool. `wiring`, `density`, `rewire`: as in `echo_state`, of
    each pool. W_out has shape (n_outputs, all neurons).
    """
    tables = [
        _table(given, groups, layers, name)
        for name, given in (("radius", radius), ("leak", leak), ("input_scale", input_scale))
    ]
    drive = ns.Neurons("drive", n_inputs) if n_inputs else None
    pools: list[ns.Neurons] = []
    synapses: list[ns.Synapses] = []
    for place, (rho, keep, scale) in enumerate(zip(*(table.ravel() for table in tables), strict=True)):
        pool = cells.leaky_tanh(
            f"pool_{place + 1}", n_neurons, leak=keep, bias=ns.uniform(-bias_scale, bias_scale), noise=noise
        )
        below = pools[-1] if place % layers else drive
        if below is not None:
            reach = scale / (np.sqrt(n_neurons) if place % layers else 1.0)
            synapses.append(ns.Synapses(below, pool, weight=ns.uniform(-reach, reach)))
        synapses.append(recurrent(pool, wiring, radius=rho, density=density, rewire=rewire))
        pools.append(pool)
    if n_outputs:
        synapses += read(tuple(pools), n_outputs, readout, intercept, feedback_scale)
    return ns.Network(synapses, schedule=ns.Layered())


def _table(given: Any, groups: int, layers: int, name: str) -> np.ndarray:
    """One number per pool, shape (group, layer)."""
    numbers = np.asarray(given, dtype=float)
    if numbers.ndim == 1 and layers == 1:
        numbers = numbers[:, None]
    try:
        return np.broadcast_to(numbers, (groups, layers))
    except ValueError:
        raise ns.DescriptionError(
            f"deep_echo_state: {name} of shape {np.shape(given)} does not fit {groups} groups of {layers} layers. Give a number, or one per layer."
        ) from None


def example() -> dict[str, Any]:
    """Three layers of 20, each slower than the one below, hear 120 random numbers."""
    drive = np.random.default_rng(0).uniform(-1.0, 1.0, (120, 1))
    net = deep_echo_state(1, 20, layers=3, leak=(0.9, 0.5, 0.2), density=0.2, bias_scale=0.2)
    return {"net": net, "inputs": {"drive": drive}, "record": ["pool_1", "pool_2", "pool_3"], "seed": 1}

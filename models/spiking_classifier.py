"""A spiking network that learns by gradients: leaky integrate-and-fire neurons, and a leaky readout that does not spike.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36, 51, doi:10.1109/MSP.2019.2931595.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.units import ms


def spiking_classifier(
    n_inputs: int,
    n_hidden: int | Sequence[int],
    n_outputs: int,
    *,
    tau: Any = 10 * ms,
    tau_out: Any = 20 * ms,
    dt: Any = 1 * ms,
    gain: float = 4.0,
) -> ns.Network:
    """`inputs` -> `hidden` (spikes) -> `out` (a potential per class), moved forward in steps of `dt`.

    tau dv/dt = I + bias - v, a spike and v = 0 where v > 1; tau_out dy/dt = bias - y, and a hidden spike adds its weight to y. Both are
    integrated exactly, in update text, where biases can learn: v = keep v + (1 - keep) (I + bias), keep = exp(-dt/tau).

    Inputs are currents, or spikes, each a current for one step. Several sizes are layers `hidden_1`, `hidden_2` ... Weights are Glorot's
    times `gain` at first, so that neurons spike before they have learned to. All weights and biases learn; the answer is the largest y.
    """
    sizes = (n_hidden,) if isinstance(n_hidden, (int, np.integer)) else tuple(n_hidden)
    below, synapses = ns.Neurons("inputs", n_inputs), []
    for depth, size in enumerate(sizes, 1):
        hidden = ns.Neurons(
            f"hidden_{depth}" if len(sizes) > 1 else "hidden", size, update="v = keep*v + (1 - keep)*(I + bias)", threshold="v > 1", reset="v = 0",
            keep=np.exp(-float(dt / tau)), bias=np.zeros(size), learns="bias",
        )  # fmt: skip
        synapses.append(ns.Synapses(below, hidden, to="I", weight=ns.glorot(gain), learns=True))
        below = hidden
    keep = np.exp(-float(dt / tau_out))
    out = ns.Neurons(
        "out",
        n_outputs,
        update="y = keep*y + (1 - keep)*bias",
        ports="",
        keep=keep,
        bias=np.zeros(n_outputs),
        learns="bias",
    )
    synapses.append(ns.Synapses(below, out, to="y", weight=ns.glorot(), learns=True))
    return ns.Network(synapses, schedule=ns.Clock(dt))


def example() -> dict[str, Any]:
    """Four digits, each for 30 ms as currents, through an untrained net."""
    from sklearn.datasets import load_digits

    currents = np.repeat(load_digits().data[:4, None] / 16.0, 30, axis=1)
    return {
        "net": spiking_classifier(64, 40, 10),
        "inputs": {"inputs": currents},
        "record": ["hidden", "hidden.v", "out"],
        "seed": 1,
    }

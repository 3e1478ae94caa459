"""A spiking network that learns by gradients: integrate-and-fire neurons and a readout without spikes.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36, 51, doi:10.1109/MSP.2019.2931595.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models.simple_recurrent import layer_sizes
from neurosim.units import Quantity, ms


def spiking_classifier(
    n_inputs: int,
    n_hidden: int | Sequence[int],
    n_outputs: int,
    *,
    tau: Quantity = 10 * ms,
    tau_out: Quantity = 20 * ms,
    dt: Quantity = 1 * ms,
    gain: float = 4.0,
) -> ns.Network:
    """Layers of integrate-and-fire neurons, and a potential for each class: `inputs` -> `hidden` -> `out`.

    tau dv/dt = I + bias - v, a spike and v = 0 where v > 1; tau_out dy/dt = bias - y, and a hidden spike adds
    its weight to y. The class with the largest y is the answer. Both equations are integrated exactly, in
    update text, where biases can learn: v = keep v + (1 - keep) (I + bias) with keep = exp(-dt/tau). All
    weights and biases learn.

    Inputs are currents, without a unit, or spikes, each of which is a current for one tick.

    Arguments:
        n_inputs: the number of inputs.
        n_hidden: the number of hidden neurons; several numbers are layers `hidden_1`, `hidden_2` ...
        n_outputs: the number of classes.
        tau: the membrane time constant, a time.
        tau_out: the time constant of the readout, a time.
        dt: the length of a tick, a time.
        gain: the weights begin as Glorot's times `gain`, so that neurons spike before they have learned to.

    >>> spiking_classifier(64, 40, 10)["out"].shape
    (10,)
    """
    sizes = layer_sizes(n_hidden)
    below, synapses = ns.Neurons("inputs", n_inputs), []
    for depth, size in enumerate(sizes, 1):
        hidden = ns.Neurons(
            f"hidden_{depth}" if len(sizes) > 1 else "hidden",
            size,
            update="v = keep*v + (1 - keep)*(I + bias)",
            threshold="v > 1",
            reset="v = 0",
            keep=np.exp(-float(dt / tau)),
            bias=np.zeros(size),
            learns="bias",
        )
        synapses.append(ns.Synapses(below, hidden, to="I", weight=ns.glorot(gain), learns=True))
        below = hidden
    out = ns.Neurons(
        "out",
        n_outputs,
        update="y = keep*y + (1 - keep)*bias",
        ports="",
        keep=np.exp(-float(dt / tau_out)),
        bias=np.zeros(n_outputs),
        learns="bias",
    )
    synapses.append(ns.Synapses(below, out, to="y", weight=ns.glorot(), learns=True))
    return ns.Network(synapses, schedule=ns.Clock(dt))


def example() -> dict[str, Any]:
    """Four digits, each for 30 ms as currents, through an untrained network."""
    from sklearn.datasets import load_digits

    currents = np.repeat(load_digits().data[:4, None] / 16.0, 30, axis=1)
    return {
        "net": spiking_classifier(64, 40, 10),
        "inputs": {"inputs": currents},
        "record": ["hidden", "hidden.v", "out"],
        "seed": 1,
    }

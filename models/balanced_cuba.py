"""A balanced network of integrate-and-fire neurons with current synapses (CUBA).

Source: Vogels & Abbott 2005, J. Neurosci. 25, 10786, doi:10.1523/JNEUROSCI.3508-05.2005, as benchmark 2 of
Brette et al. 2007, J. Comput. Neurosci. 23, 349, doi:10.1007/s10827-007-0038-6.
"""

from typing import Any

import neurosim as ns
from neurosim import cells
from neurosim.units import Mohm, Quantity, ms, mV, pA


def balanced_cuba(n_neurons: int = 4000, *, in_degree: float = 80.0, dt: Quantity = 0.1 * ms) -> ns.Network:
    """A balanced network of excitatory and inhibitory neurons that is active without any input.

    `cells`, of which the first four fifths are excitatory; each ordered pair is connected with probability
    in_degree/n_neurons. An excitatory spike adds a current of 16.2 pA (times 100 Mohm: 1.62 mV) for 5 ms, an
    inhibitory one -90 pA (-9 mV) for 10 ms. v starts uniform between reset and threshold. Integration is
    exact.

    The resting potential (-49 mV) is above the threshold (-50 mV), so the neurons fire by themselves.

    Arguments:
        n_neurons: the number of neurons.
        in_degree: the mean number of synapses per neuron, from both populations together.
        dt: the length of a tick.

    >>> balanced_cuba(100)["cells"].shape
    (100,)
    """
    neurons = cells.lif_exponential(
        "cells", n_neurons, tau=20 * ms, R=100 * Mohm, tau_exc=5 * ms, tau_inh=10 * ms, refractory=5 * ms,
        v_rest=-49 * mV, v_reset=-60 * mV, v_threshold=-50 * mV, v=ns.uniform(-60 * mV, -50 * mV),
    )  # fmt: skip
    excitatory = round(0.8 * n_neurons)
    if not 0 <= in_degree <= n_neurons:
        raise ns.DescriptionError(
            f"balanced_cuba: in_degree={in_degree} is not between 0 and the number of neurons, {n_neurons}. "
            "Give fewer"
            " synapses per neuron, or more neurons."
        )
    wiring = ns.probability(in_degree / n_neurons)
    return ns.Network(
        ns.Synapses(
            neurons[:excitatory], neurons, to="I_exc", wiring=wiring, weight=16.2 * pA, name="excitation"
        ),
        ns.Synapses(
            neurons[excitatory:], neurons, to="I_inh", wiring=wiring, weight=-90 * pA, name="inhibition"
        ),
        schedule=ns.Clock(dt),
    )


def example() -> dict[str, Any]:
    """Five hundred neurons for a tenth of a second; their spikes, and v of three of them."""
    return {
        "net": balanced_cuba(500),
        "duration": 100 * ms,
        "record": {"cells": 1, "cells[:3].v": 10},
        "seed": 1,
    }

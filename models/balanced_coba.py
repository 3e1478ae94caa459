"""A balanced network of integrate-and-fire neurons with conductance synapses (COBA).

Source: Vogels & Abbott 2005, J. Neurosci. 25, 10786, doi:10.1523/JNEUROSCI.3508-05.2005, as benchmark 1 of
Brette et al. 2007, J. Comput. Neurosci. 23, 349, doi:10.1007/s10827-007-0038-6; the kick as in that paper's
PyNN script.
"""

from typing import Any

import neurosim as ns
from neurosim import cells
from neurosim.units import Hz, Quantity, ms, mV, nS


def balanced_coba(
    n_neurons: int = 4000, *, in_degree: float = 80.0, kick: Quantity = 50 * ms, dt: Quantity = 0.1 * ms
) -> ns.Network:
    """A balanced network of excitatory and inhibitory neurons that keeps itself active after a kick.

    `cells`, of which the first four fifths are excitatory; each ordered pair is connected with probability
    in_degree/n_neurons. An excitatory spike adds 6 nS for 5 ms, an inhibitory one 67 nS for 10 ms. v starts
    uniform between reset and threshold.

    The resting potential is below the threshold, so the network needs a start: the population `kick`, 20
    Poisson sources of 100 Hz, each with strong synapses (100 nS) onto one neuron in a hundred. After it the
    network sustains about 20 spikes per second and neuron; now and then the activity dies out.

    Arguments:
        n_neurons: the number of neurons.
        in_degree: the mean number of synapses per neuron, from both populations together.
        kick: how long the Poisson sources are active, a time.
        dt: the length of a tick.

    >>> balanced_coba(100)["cells"].shape
    (100,)
    """
    neurons = cells.lif_conductance("cells", n_neurons, v=ns.uniform(-60 * mV, -50 * mV))
    source = cells.poisson(
        "kick", 20, threshold="rand() < rate*dt and t < duration", rate=100 * Hz, duration=kick
    )
    excitatory = round(0.8 * n_neurons)
    if not 0 <= in_degree <= n_neurons:
        raise ns.DescriptionError(
            f"balanced_coba: in_degree={in_degree} is not between 0 and the number of neurons, {n_neurons}. "
            "Give fewer"
            " synapses per neuron, or more neurons."
        )
    wiring = ns.probability(in_degree / n_neurons)
    return ns.Network(
        ns.Synapses(source, neurons, to="ge", wiring=ns.probability(0.01), weight=100 * nS),
        ns.Synapses(neurons[:excitatory], neurons, to="ge", wiring=wiring, weight=6 * nS, name="excitation"),
        ns.Synapses(neurons[excitatory:], neurons, to="gi", wiring=wiring, weight=67 * nS, name="inhibition"),
        schedule=ns.Clock(dt),
    )


def example() -> dict[str, Any]:
    """Five hundred neurons for a tenth of a second; their spikes, and v of three of them."""
    return {
        "net": balanced_coba(500),
        "duration": 100 * ms,
        "record": {"cells": 1, "cells[:3].v": 10},
        "seed": 1,
    }

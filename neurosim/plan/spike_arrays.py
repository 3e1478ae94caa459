"""Conversion between spike events and arrays of shape (trial, tick, *shape)."""

from __future__ import annotations

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.contraction import einsum
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.plan.memory import refuse_size
from neurosim.plan.plan import Drive


def is_spike_array(net: Network, population: Neurons, number: np.ndarray, subject: str) -> bool:
    """Whether an array drives a population by spikes, and not by numbers.

    A Boolean array does, unless its messages go through `einsum`, are weights, or the schedule is
    Asynchronous: these take only numbers, and True is 1.

    Raises DescriptionError if a port takes the mean of the messages: the mean of numbers includes zeros,
    the mean of spikes does not.
    """
    if np.asarray(number[:1]).dtype.kind != "b" or not population.driven or net.schedule.sweeps:
        return False
    if population.name not in net.rasters:
        net.rasters[population.name] = _takes_spikes(net, population, subject)
    return net.rasters[population.name]


def _takes_spikes(net: Network, population: Neurons, subject: str) -> bool:
    """Whether a driven population takes a Boolean array as spikes; see `is_spike_array`."""
    outgoing = [item for item in net.synapses.values() if item.pre.population is population]
    weighted_by_it = [
        item
        for item in net.synapses.values()
        if item.weight_population is not None and item.weight_population.population is population
    ]
    if weighted_by_it or any(
        isinstance(item.wiring, einsum) or item.weight_population is not None for item in outgoing
    ):
        return False
    for item in outgoing:
        if dict(item.post.population.ports).get(item.to or "") == "mean":
            raise DescriptionError(
                f"{subject}: is Boolean, and {item.post.name}.{item.to} takes a mean,"
                " which includes the zeros if these are numbers, and only what arrives if they are spikes."
                " Give numbers, x.astype(float), or spike events, (times, neurons)."
            )
    return True


def spikes_from_array(values: np.ndarray) -> Drive:
    """The spike events of an array of shape (trial, tick, *shape): where it is not 0."""
    trials, ticks = values.shape[:2]
    if trials == 1:  # without the axes numpy takes a tenth of the time
        flat = values.ravel().nonzero()[0]
        tick, neuron = np.divmod(flat, max(1, values.size // max(1, ticks)))
        return Drive(trial=np.zeros(flat.size, np.int64), tick=tick, neuron=neuron)
    trial, tick, neuron = np.nonzero(values.reshape(trials, ticks, -1))
    return Drive(trial=trial, tick=tick, neuron=neuron)


def array_from_spikes(drive: Drive, trials: int, ticks: int, population: Neurons) -> Drive:
    """Spike events as an array of shape (trial, tick, *shape): 1 in the tick of a spike, else 0."""
    size = 8.0 * trials * ticks * population.size
    refuse_size(
        size,
        f"run: the numbers to which Asynchronous() turns the spikes of input {population.name!r}",
        "Run fewer ticks at once.",
    )
    values = np.zeros((trials, ticks, population.size))
    values[drive.spikes] = 1.0
    return Drive(values=values.reshape(trials, ticks, *population.shape))

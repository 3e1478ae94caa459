"""The trajectory of a network's state, and how fast runs that start beside it depart from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError
from neurosim.network.functions import random_calls
from neurosim.network.network import Network
from neurosim.network.synapses import Synapses
from neurosim.network.values import Value
from neurosim.plan.dimensions import noisy
from neurosim.plan.materialize import materialized
from neurosim.readout.reservoir import graded_populations
from neurosim.recording.recording import Recording
from neurosim.run import run
from neurosim.start import seed_of

Inputs = Mapping[str, ArrayLike]  # by driven population, shape (tick, *shape)
Start = Recording | Mapping[str, ArrayLike] | None  # as in `ns.run`


@dataclass(frozen=True)
class Trajectory:
    """A run of a network, from which runs with slightly other states ("twins") can branch off.

    names: the populations with text, in the order in which their messages make up the state.
    inputs: what drives the network, by population, shape (tick, *shape).
    states: what the populations `names` sent, side by side, shape (tick, neuron).
    lead: number of ticks of `states` that make up the full state of the network: as many as its longest
        delay. A twin is clamped near the trajectory for so long, and then runs freely.
    """

    net: Network
    names: tuple[str, ...]
    inputs: dict[str, np.ndarray]
    states: np.ndarray
    lead: int
    seed: int
    engine: str

    @staticmethod
    def simulate(
        net: Network,
        inputs: Inputs | None,
        ticks: int | None,
        start: Start,
        seed: int | None,
        engine: str,
        label: str,
    ) -> Trajectory:
        """Run the network from `start` and keep its states; errors begin with `label`."""
        names = _names_of_visible_state(net, label)
        arrays = _read_inputs(net, inputs, ticks, label)
        seed = seed_of(start, seed)
        # Random weights and delays are drawn once, so that all twins run in the same network.
        net = materialized(net, seed)
        recording = run(
            net,
            arrays,
            ticks=ticks,
            start=start,
            record=list(names),
            seed=seed,
            engine=engine,
            precision="double",
            progress=False,
        )
        if recording.batched:
            raise DescriptionError(
                f"{label}: the start has several trials. Give one: run the network without an axis of trials."
            )
        states = [np.asarray(recording[name]).reshape(recording.ticks, -1) for name in names]
        lead = max(1, *map(_longest_delay, net.synapses.values()))
        return Trajectory(net, names, arrays, np.concatenate(states, axis=1), lead, seed, engine)

    @property
    def ticks(self) -> int:
        """The number of ticks that were run."""
        return len(self.states)

    @property
    def size(self) -> int:
        """The number of neurons in the state."""
        return self.states.shape[1]

    def of_population(self, name: str) -> np.ndarray:
        """What one population sent, shape (tick, neuron)."""
        return self._by_population(self.states)[name]

    def deviations(self, at: np.ndarray, difference: np.ndarray, ticks: int) -> np.ndarray:
        """How far twins are from the trajectory `ticks` ticks later, shape (twin, lead, neuron).

        at: the tick of the trajectory at which each twin is let go, shape (twin,).
        difference: twin minus trajectory in the `lead` ticks up to `at`, shape (twin, lead, neuron).
        """
        length = self.lead + ticks
        window = at[:, None] + np.arange(1 - self.lead, ticks + 1)  # (twin, tick)
        # NaN leaves a neuron free: the twins are clamped for the first `lead` ticks only.
        clamp = np.full((len(at), length, self.size), np.nan)
        clamp[:, : self.lead] = self.states[window[:, : self.lead]] + difference
        clamps = {
            name: part.reshape(len(at), length, *self.net.populations[name].shape)
            for name, part in self._by_population(clamp).items()
        }
        driven = {name: values[window] for name, values in self.inputs.items()}
        recording = run(
            self.net,
            {**driven, **clamps},
            record=list(self.names),
            seed=self.seed,
            engine=self.engine,
            progress=False,
        )
        states = [np.asarray(recording[name]).reshape(len(at), length, -1) for name in self.names]
        return np.concatenate(states, axis=2)[:, -self.lead :] - self.states[window[:, -self.lead :]]

    def _by_population(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """States (..., neuron) apart by population."""
        edges = np.cumsum([self.net.populations[name].size for name in self.names])[:-1]
        return dict(zip(self.names, np.split(states, edges, axis=-1), strict=True))


def _names_of_visible_state(net: Network, label: str) -> tuple[str, ...]:
    """The populations with text, if what they send is their entire state and nothing in them is random.

    Only what a population sends can be clamped, so a hidden variable of a twin could not be set.
    """
    populations = graded_populations(net, None, label)
    for population in populations:
        name, hidden = population.name, set(population.states) - {population.sends}
        if random_calls((*population.lines, *population.statements)) or any(map(noisy, population.lines)):
            raise DescriptionError(
                f"{label}: the text of {name!r} draws random numbers, so that no two runs are alike. "
                "Take the noise away."
            )
        if hidden or population.sends not in population.states:
            raise DescriptionError(
                f"{label}: {name!r} remembers what it does not send ({', '.join(sorted(hidden))}), "
                "which no clamp reaches. Send it, or leave it out."
            )
    for synapses in net.synapses.values():
        if synapses.text:
            raise DescriptionError(
                f"{label}: {synapses.label} have text, so that they change while running. "
                "Save what they learned and use that network."
            )
    return tuple(population.name for population in populations)


def _read_inputs(net: Network, inputs: Inputs | None, ticks: int | None, label: str) -> dict[str, np.ndarray]:
    """The inputs of all driven populations as arrays (tick, *shape); 0 for those that get none."""
    arrays = {str(name): np.asarray(values, dtype=float) for name, values in (inputs or {}).items()}
    for name, values in arrays.items():
        population = net.populations.get(name)
        if population is None or not population.driven or values.shape[1:] != population.shape:
            raise DescriptionError(
                f"{label}: input {name!r} of shape {values.shape} is not (tick, neuron) of a driven "
                "population. Give one trial, and no clamps."
            )
    if ticks is None:
        if not arrays:
            raise DescriptionError(
                f"{label}: neither inputs nor ticks are given. Give ticks=1000, or inputs."
            )
        ticks = len(next(iter(arrays.values())))
    silent = {p.name: np.zeros((ticks, *p.shape)) for p in net.populations.values() if p.driven}
    return silent | arrays


def _longest_delay(synapses: Synapses) -> int:
    """The longest delay in ticks."""
    assert isinstance(synapses.delay, Value)  # `materialized` has drawn it; others belong to spikes
    return int(np.max(synapses.delay.number, initial=0))

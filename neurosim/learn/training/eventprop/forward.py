"""The forward pass: a batch of trials on the event engine, of which spikes and what losses read are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurosim.engine import events
from neurosim.engine.events.compiled import with_numbers
from neurosim.learn.training.parameters import Parameters
from neurosim.network.network import Network
from neurosim.network.probes import Probe
from neurosim.plan.draw import weight_numbers
from neurosim.plan.plan import Drive, Plan, Sparse
from neurosim.plan.recipe import Edges
from neurosim.recording.header import Header
from neurosim.recording.memory import MemoryWriter
from neurosim.recording.spikes import Spikes

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Passed:
    """What a batch of trials did.

    spikes: by population, of all that spike or are driven
    trials: how many there are
    sent: by population that a loss reads and that does not spike, shape (trial, tick, *shape)
    """

    spikes: Mapping[str, Spikes]
    sent: Mapping[str, Floats]
    trials: int


class Forward:
    """Runs a plan with the weights and delays that it is given.

    numbers: by synapses, the flat index of the parameter of each synapse
    """

    def __init__(self, plan: Plan, parameters: Parameters):
        self.plan, net = plan, parameters.net
        self.weights = {name: net.owner(item) or name for name, item in net.synapses.items()}
        self.delays = {owner: name for name, owner in parameters.delays.items()}
        learning = [
            name for name in plan.pathways if self.weights[name] in parameters.values or name in self.delays
        ]
        self.numbers = {name: weight_numbers(net, name, parameters.seed) for name in learning}
        self.header = Header(
            network=net, seed=plan.seed, ticks=plan.ticks, trials=plan.trials, batched=True,
            precision=plan.precision, engine="events", until=None, probes=plan.probes,
            record=[(probe.name, probe.every) for probe in plan.probes], inputs={}, start={}, versions={},
        )  # fmt: skip

    def edges(self, values: Mapping[str, Floats]) -> dict[str, Edges]:
        """The synapses of each object with the values of the parameters; delays rounded to ticks."""
        assert self.plan.dt is not None
        found: dict[str, Edges] = {}
        for name, pathway in self.plan.pathways.items():
            assert isinstance(pathway, Sparse)
            edges = pathway.edges
            if (weight := values.get(self.weights[name])) is not None:
                weight = np.reshape(weight, -1)[self.numbers[name]].astype(edges.weight.dtype)
                edges = replace(edges, weight=weight)
            if (delay := values.get(self.delays.get(name, ""))) is not None:
                ticks = np.rint(np.reshape(delay, -1)[self.numbers[name]] / self.plan.dt)
                edges = replace(edges, delay=ticks.astype(np.int64))
            found[name] = edges
        return found

    def __call__(self, edges: Mapping[str, Edges], drives: Mapping[str, Drive], trials: int) -> Passed:
        """Run trials with these synapses and inputs."""
        pathways = {name: replace(self.plan.pathway(name, Sparse), stored=one) for name, one in edges.items()}
        plan = replace(self.plan, pathways=pathways, drives=drives, trials=trials)
        ready = events.ready(with_numbers(plan, self.plan))
        writer = MemoryWriter(replace(self.header, trials=trials))
        running = ready.open(np.arange(trials), writer)
        try:
            running.advance(plan.ticks, lambda ticks: False)
            running.write()
        finally:
            running.close()
        store = writer.finish(plan.ticks, "end", {})
        everything = range(trials), range(plan.ticks)
        spikes = {p.name: next(store.events(p, *everything)) for p in plan.probes if p.events}
        spikes |= {name: Spikes(*drive.spikes, plan.dt) for name, drive in drives.items()}
        return Passed(spikes, {p.name: store.values(p) for p in plan.probes if not p.events}, trials)


def probes_of(net: Network, read: set[str]) -> tuple[Probe, ...]:
    """What the forward pass records: the spikes of all that spike, and what losses read of the others."""
    return tuple(
        Probe(name, name, None, None, population.shape, 1, population.spiking)
        for name, population in net.populations.items()
        if population.spiking or name in read
    )

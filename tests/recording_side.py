"""An invented run for the tests of recordings: known numbers, written in blocks of any size, without an
engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import neurosim as ns
from neurosim.network.probes import Probe, read_record
from neurosim.recording.recording import Header, Recording, Spikes
from neurosim.units import ms

RECORD = {"cells": 1, "cells.v": 1, "cells[:2, [4, 1]].v": 3, "cells[1]": 1, "ears_to_cells.w": 7}


def network(clock: bool = True) -> ns.Network:
    """Four ears connected to 3 x 5 spiking cells, with plastic synapses; no number is random."""
    ears = ns.Neurons("ears", 4)
    cell = dict(equations="dv/dt = (I - v)/(10*ms) : 1") if clock else dict(update="v = 0.9*v + I")
    cells = ns.Neurons(
        "cells", (3, 5), threshold="v > 1", reset="v = 0", v=np.linspace(0, 1, 15).reshape(3, 5), **cell
    )
    weight = np.sin(np.arange(60)).reshape(15, 4)
    plastic = ns.Synapses(ears, cells, weight=weight, delay=1 * ms if clock else 2, on_pre="v_post += w")
    return ns.Network(plastic, schedule=ns.Clock(0.5 * ms) if clock else ns.Synchronous())


class MadeUp:
    """The data that a run of `trials` trials and `ticks` ticks would have produced."""

    def __init__(
        self,
        trials: int = 3,
        ticks: int = 40,
        clock: bool = True,
        precision: str = "double",
        record: dict = RECORD,
        batched: bool = True,
    ):
        net = network(clock)
        probes = tuple(self._sized(p) for p in read_record(net, record))
        rng = np.random.default_rng(5)
        self.header = Header(
            network=net,
            seed=2**70,
            ticks=ticks,
            trials=trials,
            batched=batched,
            precision=precision,
            engine="reference",
            until=None,
            probes=probes,
            record=list(record.items()),
            inputs={"ears": rng.random((trials, ticks, 4))},
            start={"state/cells/v": np.ones((3, 5))},
            versions={"neurosim": "0.1", "python": "3.11"},
        )
        self.raster = rng.random((trials, ticks, 15)) < 0.06
        self.values = {
            p.name: rng.random((trials, len(range(0, ticks, p.every)), *p.shape))
            for p in probes
            if not p.events
        }
        self.final = {
            "state/cells/v": rng.random((trials, 3, 5)),
            "queue/tick": np.arange(7),
            "flags": np.array([True, False]),
            "empty": np.zeros((0, 2)),
        }

    @staticmethod
    def _sized(probe: Probe) -> Probe:
        return replace(probe, shape=(60,)) if probe.owner == "ears_to_cells" else probe

    def spikes(self, probe: Probe, trials: slice, ticks: slice) -> Spikes:
        """The spikes of a block, counted from the start of the run."""
        neurons = np.arange(15) if probe.index is None else probe.index
        trial, tick, neuron = np.nonzero(self.raster[trials, ticks])
        kept = np.isin(neuron, neurons)
        return Spikes(trial[kept] + trials.start, tick[kept] + ticks.start, neuron[kept], self.header.dt)

    def block(self, writer, trial: int, tick: int, trials: int, ticks: int) -> None:
        """Write one block."""
        rows, traces = slice(trial, trial + trials), {}
        for probe in (p for p in self.header.probes if not p.events):
            first, last = (-(-k // probe.every) for k in (tick, tick + ticks))
            traces[probe.name] = self.values[probe.name][rows, first:last]
        events = {
            p.name: self.spikes(p, rows, slice(tick, tick + ticks)) for p in self.header.probes if p.events
        }
        writer.write(trial, tick, traces, events, trials=trials, ticks=ticks)

    def feed(self, writer, batch: int = 2, block: int = 9, stop: tuple[int, int] | None = None):
        """Write all blocks, batch by batch; from trial stop[0] on, only their first stop[1] ticks."""
        for trial in range(0, self.header.trials, batch):
            trials = min(batch, self.header.trials - trial)
            last = stop[1] if stop and trial >= stop[0] else self.header.ticks
            for tick in range(0, last, block):
                self.block(writer, trial, tick, trials, min(block, last - tick))
        return writer

    def run(self, writer, **blocks):
        """The finished recording."""
        return Recording.of(self.feed(writer, **blocks).finish(self.header.ticks, "end", self.final))


def same(a, b) -> bool:
    """Whether two recordings return the same bits from every method."""
    assert (a.ticks, a.trials, a.names, a.stopped, a.seed, a.batched, a.dt) == (
        b.ticks,
        b.trials,
        b.names,
        b.stopped,
        b.seed,
        b.batched,
        b.dt,
    )
    for name in a.names:
        one, other = np.asarray(a[name]), np.asarray(b[name])
        assert one.dtype == other.dtype, name
        assert np.array_equal(one, other), name
    for probe in (p for p in a.probes if p.events):
        tau = 4 * ms if a.dt else 8
        assert np.array_equal(a.rates(probe.name), b.rates(probe.name))
        assert np.array_equal(a.trace(probe.name, tau), b.trace(probe.name, tau))
        assert np.array_equal(a.trace(probe.name, tau, 3), b.trace(probe.name, tau, 3))
        for question in ({}, {"trial": a.trials - 1}, {"start": 5, "stop": 21}, {"trial": 0, "start": 11}):
            assert equal(a.spikes(probe.name, **question), b.spikes(probe.name, **question)), (
                probe.name,
                question,
            )
    assert a.network == b.network
    assert dict(a.final).keys() == dict(b.final).keys()
    assert all(
        np.array_equal(a.final[k], b.final[k]) and a.final[k].dtype == b.final[k].dtype for k in a.final
    )
    return True


def equal(a: Spikes, b: Spikes) -> bool:
    """Whether these are the same spikes in the same order."""
    return (
        all(np.array_equal(getattr(a, f), getattr(b, f)) for f in ("trial", "tick", "neuron"))
        and a.dt == b.dt
    )

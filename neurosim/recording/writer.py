"""Taking what a run produces: the boundary between an engine and a recording."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.probes import Probe
from neurosim.recording.header import Header, block_ticks, sample_count, sample_size
from neurosim.recording.spikes import Spikes, join_spikes

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording
    from neurosim.recording.store import Store


class Writer(ABC):
    """Takes what a run produces, in blocks of consecutive ticks, and ends in a `Store`.

    Trials may come in batches: batch by batch, ticks rising within a batch. `block` is how many ticks of one trial per
    `write` suit the writer best; any number is right. After `write` returns, the arrays may be used again.
    """

    def __init__(self, header: Header):
        self.header = header
        self.block = block_ticks(header)
        self.progress = np.zeros(header.trials, np.int64)
        self.buffers: dict[str, np.ndarray] = {}

    def buffer(self, probe: Probe) -> np.ndarray | None:
        """Where an engine may put the samples of a probe itself: (trial, sample, column) of all planned ticks, or None."""
        return None

    @abstractmethod
    def write(
        self,
        trial: int,
        tick: int,
        traces: Mapping[str, np.ndarray],
        events: Mapping[str, Spikes],
        *,
        trials: int,
        ticks: int,
    ) -> None:
        """Keep the ticks tick .. tick + ticks of the trials trial .. trial + trials.

        traces[probe.name] are the samples at those ticks k with k % every == 0, shape (trial, sample, *probe.shape);
        events[probe.name] are Spikes whose trials and ticks count from the start of the run (a name left out: none).
        Probes whose `room` was asked for and given are left out of traces: their samples lie there already.
        """

    @abstractmethod
    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> Store:
        """What was recorded. It holds the leading trials that ran at least `ticks` ticks, and `ticks` of each."""

    @abstractmethod
    def close(self) -> None:
        """Give up, or let go after `finish`; what a file holds so far can be opened."""

    def _checked(
        self,
        trial: int,
        tick: int,
        traces: Mapping[str, np.ndarray],
        events: Mapping[str, Spikes],
        trials: int,
        ticks: int,
    ) -> tuple[dict[str, np.ndarray], dict[str, Spikes]]:
        """The block with traces as (trial, sample, column) of the run's float type and spikes in order."""
        if (
            np.any(self.progress[trial : trial + trials] != tick)
            or not 0 <= trial < trial + trials <= self.header.trials
        ):
            raise RecordingError(
                f"Recording: a block begins at trial {trial}, tick {tick}, where {self.progress[trial : trial + trials]} ticks are kept."
            )
        read: dict[str, np.ndarray] = {}
        spikes: dict[str, Spikes] = {}
        for probe in self.header.probes:
            if probe.events:
                spikes[probe.name] = _in_block(
                    probe, events.get(probe.name), trial, tick, trials, ticks
                ).sorted()
                continue
            if probe.name in self.buffers:
                continue
            n = sample_count(tick + ticks, probe.every) - sample_count(tick, probe.every)
            block = np.asarray(traces[probe.name] if n else np.zeros((trials, 0, *probe.shape)))
            if block.shape != (trials, n, *probe.shape):
                raise RecordingError(
                    f"Recording: a block of {probe.name!r} has shape {block.shape} instead of {(trials, n, *probe.shape)}."
                )
            read[probe.name] = block.reshape(trials, n, sample_size(probe))
        return read, spikes

    def _kept(self, ticks: int) -> tuple[int, int]:
        """How many trials and ticks are kept of `ticks` ticks that were run."""
        if not self.header.probes:
            self.progress[:] = ticks  # there was nothing to write
        ticks = min(ticks, int(self.progress.max()))
        return complete(self.progress, ticks), ticks


def _in_block(probe: Probe, spikes: Spikes | None, trial: int, tick: int, trials: int, ticks: int) -> Spikes:
    """The spikes, refused where they lie outside the block."""
    if spikes is None or not len(spikes):
        return join_spikes([], None)
    for what, given, first, n in (("trial", spikes.trial, trial, trials), ("tick", spikes.tick, tick, ticks)):
        if given.min() < first or given.max() >= first + n:
            raise RecordingError(
                f"Recording: a spike of {probe.name!r} lies at {what} {given.max()}, outside its block {first} .. {first + n}."
            )
    return spikes


def complete(progress: np.ndarray, ticks: int) -> int:
    """How many leading trials ran at least `ticks` ticks."""
    short = np.flatnonzero(progress < ticks)
    return int(short[0]) if short.size else len(progress)


def copy_blocks(recording: Recording, writer: Writer) -> None:
    """Write what a recording holds, in blocks of bounded size."""
    probes = recording.header.probes
    for trial in range(recording.trials):
        for tick in range(0, recording.ticks, writer.block):
            stop = min(tick + writer.block, recording.ticks)
            events = {
                p.name: recording.spikes(p.name, trial=trial, start=tick, stop=stop)
                for p in probes
                if p.events
            }
            traces = {}
            for probe in (p for p in probes if not p.events):
                within = slice(sample_count(tick, probe.every), sample_count(stop, probe.every))
                values = recording[probe.name]
                traces[probe.name] = np.asarray(
                    values[trial, within] if recording.batched else values[within]
                )[None]
            writer.write(trial, tick, traces, events, trials=1, ticks=stop - tick)

"""The methods by which engines write a recording: a Writer takes what a run produces, block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.probes import Probe
from neurosim.recording.header import Change, Header, block_ticks, sample_count, sample_size
from neurosim.recording.spikes import Spikes, join_spikes

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording
    from neurosim.recording.store import Store


NO_SPIKES = join_spikes([], None)


class Writer(ABC):
    """Takes what a run produces, in blocks of consecutive ticks, and ends in a `Store`.

    Trials may come in batches, one batch after the other; within a batch, blocks come in the order of their
    ticks. The writer copies what it is given, so the engine may use its arrays again.

    header: what the run was asked to do

    `progress` is the number of ticks that were written of each planned trial, shape (trial,). `buffers` are
    the arrays that `buffer` has returned, by the name of the probe.
    """

    def __init__(self, header: Header):
        self.header = header
        self.progress = np.zeros(header.trials, np.int64)
        self.buffers: dict[str, np.ndarray] = {}

    @cached_property
    def block(self) -> int:
        """The number of ticks per block that suits the writer best; any number is allowed."""
        return block_ticks(self.header)

    def buffer(self, probe: Probe) -> np.ndarray | None:
        """An array (trial, sample, column) of all planned samples, which the engine must then fill; or None.

        If there is one, the probe has no entry in `samples` of `write`.
        """
        return None

    @abstractmethod
    def write(
        self,
        trial: int,
        tick: int,
        samples: Mapping[str, np.ndarray],
        events: Mapping[str, Spikes],
        *,
        trials: int,
        ticks: int,
    ) -> None:
        """Take the ticks tick, ..., tick + ticks - 1 of the trials trial, ..., trial + trials - 1.

        samples: for each probe of values, its samples at the ticks k of the block with k % every == 0, shape
            (trial, sample, *shape)
        events: for each probe of spikes, those in the block; trials and ticks count from the start of the
            run. A probe without spikes may be left out.

        Raises RecordingError for blocks that do not follow those before, or whose data do not fit the probes.
        """

    def keep_inputs(  # noqa: B027
        self, tick: int, inputs: Mapping[str, np.ndarray | Spikes]
    ) -> None:
        """Take the inputs of the next ticks of a session, before they run; by default, it does not keep them.

        tick: how many ticks have run
        inputs: by population, arrays (trial, tick, *shape) or Spikes, whose ticks count from the start of the
            session
        """

    def keep_change(self, change: Change) -> None:  # noqa: B027
        """Take what a session has changed, before the next tick runs; by default, it does not keep it."""

    @abstractmethod
    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> Store:
        """End the recording; returns `ticks` ticks of each of the first trials that ran so many.

        stopped: why the run ended: 'end', 'stable' or 'interrupted'
        final: the state after the last tick
        """

    @abstractmethod
    def close(self) -> None:
        """Abandon the recording, or release it after `finish`. A file can be opened up to its last block."""

    def _check_block(
        self,
        trial: int,
        tick: int,
        samples: Mapping[str, np.ndarray],
        events: Mapping[str, Spikes],
        trials: int,
        ticks: int,
    ) -> tuple[dict[str, np.ndarray], dict[str, Spikes]]:
        """The data of a block, checked: values as (trial, sample, column), and sorted spikes."""
        in_run = 0 <= trial < trial + trials <= self.header.trials
        if not in_run or self.progress[trial : trial + trials].tolist() != [tick] * trials:
            raise RecordingError(
                f"Recording: a block begins at trial {trial}, tick {tick},"
                f" where {self.progress[trial : trial + trials]} ticks are kept."
            )
        values: dict[str, np.ndarray] = {}
        spikes: dict[str, Spikes] = {}
        for probe in self.header.probes:
            if probe.events:
                spikes[probe.name] = _within(probe, events.get(probe.name), trial, tick, trials, ticks)
                continue
            if probe.name in self.buffers:
                continue
            count = sample_count(tick + ticks, probe.every) - sample_count(tick, probe.every)
            block = np.asarray(samples[probe.name] if count else np.zeros((trials, 0, *probe.shape)))
            if block.shape != (trials, count, *probe.shape):
                raise RecordingError(
                    f"Recording: a block of {probe.name!r} has shape {block.shape}"
                    f" instead of {(trials, count, *probe.shape)}."
                )
            values[probe.name] = block.reshape(trials, count, sample_size(probe))
        return values, spikes

    def _complete_part(self, ticks: int) -> tuple[int, int]:
        """The number of trials, and of ticks of each, that a recording holds after a run of `ticks` ticks."""
        if not self.header.probes:
            self.progress[:] = ticks  # there was nothing to write
        ticks = min(ticks, self._longest)
        return complete_trials(self.progress, ticks), ticks

    @property
    def _longest(self) -> int:
        """The number of ticks of the trial that has most."""
        return int(self.progress[0] if len(self.progress) == 1 else self.progress.max())


def _within(probe: Probe, spikes: Spikes | None, trial: int, tick: int, trials: int, ticks: int) -> Spikes:
    """The spikes, sorted; refused if some lie outside the block."""
    if spikes is None or not len(spikes):
        return NO_SPIKES
    spikes = spikes.sorted()
    for axis, indices, first, count in (
        ("trial", spikes.trial, trial, trials),
        ("tick", spikes.tick, tick, ticks),
    ):
        rising = axis == "trial" or trials == 1
        least, most = (indices[0], indices[-1]) if rising else (indices.min(), indices.max())
        if least < first or most >= first + count:
            raise RecordingError(
                f"Recording: a spike of {probe.name!r} lies at {axis} {most},"
                f" outside its block {first} .. {first + count}."
            )
    return spikes


def complete_trials(progress: np.ndarray, ticks: int) -> int:
    """How many trials, from the first on without a gap, ran at least `ticks` ticks."""
    if len(progress) == 1:
        return int(progress[0] >= ticks)
    shorter = (progress < ticks).nonzero()[0]
    return int(shorter[0]) if shorter.size else len(progress)


def copy_blocks(recording: Recording, writer: Writer) -> None:
    """Write the data of a recording, in blocks of bounded size."""
    for trial in range(recording.trials):
        for tick in range(0, recording.ticks, writer.block):
            stop = min(tick + writer.block, recording.ticks)
            samples, events = {}, {}
            for probe in recording.header.probes:
                if probe.events:
                    events[probe.name] = recording.spikes(probe.name, trial=trial, start=tick, stop=stop)
                    continue
                chosen = slice(sample_count(tick, probe.every), sample_count(stop, probe.every))
                values = recording[probe.name]
                block = values[trial, chosen] if recording.batched else values[chosen]
                samples[probe.name] = np.asarray(block)[None]
            writer.write(trial, tick, samples, events, trials=1, ticks=stop - tick)

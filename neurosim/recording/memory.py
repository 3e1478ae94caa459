"""Recordings in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.recording.allocation import aligned_empty
from neurosim.recording.header import Change, Header, sample_count, sample_size
from neurosim.recording.lazy import Later
from neurosim.recording.session_log import SessionLog
from neurosim.recording.spikes import Spikes, copied_spikes, join_spikes
from neurosim.recording.store import Store
from neurosim.recording.writer import Writer

Block = tuple[int, int, np.ndarray]  # first trial, first sample, values (trial, sample, column)


class MemoryWriter(Writer):
    """Keeps blocks in memory and joins them at the end.

    If the number of samples is known before the run, engines may fill the final arrays themselves (`buffer`).
    """

    def __init__(self, header: Header):
        super().__init__(header)
        self._blocks: dict[str, list[Block]] = {p.name: [] for p in header.probes if not p.events}
        self._spikes: dict[str, list[Spikes]] = {p.name: [] for p in header.probes if p.events}
        self._log = SessionLog(header) if header.session else None

    def buffer(self, probe: Probe) -> np.ndarray | None:
        header = self.header
        if header.until is not None or header.session:  # it may stop long before the planned number of ticks
            return None
        if probe.name not in self.buffers:
            count = sample_count(header.ticks, probe.every)
            self.buffers[probe.name] = _aligned(probe, header.trials, count, header.dtype)
        return self.buffers[probe.name]

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
        values, spikes = self._check_block(trial, tick, samples, events, trials, ticks)
        for name, piece in spikes.items():
            if len(piece):
                self._spikes[name].append(copied_spikes(piece, self.header.dt))
        for name, block in values.items():
            first = sample_count(tick, self._every(name))
            self._blocks[name].append((trial, first, np.array(block, self.header.dtype)))
        self.progress[trial : trial + trials] = tick + ticks

    def keep_inputs(self, tick: int, inputs: Mapping[str, np.ndarray | Spikes]) -> None:
        assert self._log is not None
        self._log.keep_inputs(tick, inputs)

    def keep_change(self, change: Change) -> None:
        assert self._log is not None
        self._log.changes.append(change)

    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> MemoryStore:
        trials, ticks = self._complete_part(ticks)
        values = {p.name: self._join(p, trials, ticks) for p in self.header.probes if not p.events}
        events, self._spikes = self._spikes, {}
        if trials < len(self.progress) or ticks < self._longest:
            for pieces in events.values():
                pieces[:] = [s.select((s.trial < trials) & (s.tick < ticks)) for s in pieces]
        header = self.header if self._log is None else self._log.header(ticks)
        return MemoryStore(header, values, events, ticks, trials, stopped, self.progress, final)

    def close(self) -> None:
        self._blocks, self._spikes, self.buffers = {}, {}, {}

    def _every(self, name: str) -> int:
        return next(probe.every for probe in self.header.probes if probe.name == name)

    def _join(self, probe: Probe, trials: int, ticks: int) -> np.ndarray:
        """All blocks of a probe as one array; the memory of each block is freed as soon as it is copied."""
        count = sample_count(ticks, probe.every)
        if probe.name in self.buffers:
            return self.buffers.pop(probe.name)[:trials, :count].reshape(trials, count, *probe.shape)
        blocks = self._blocks.pop(probe.name)
        if len(blocks) == 1 and blocks[0][2].shape[:2] == (trials, count):
            return blocks[0][2].reshape(trials, count, *probe.shape)
        joined = _aligned(probe, trials, count, self.header.dtype)
        while blocks:
            trial, first, values = blocks.pop()
            part = values[: max(trials - trial, 0), : max(count - first, 0)]
            joined[trial : trial + part.shape[0], first : first + part.shape[1]] = part
        return joined.reshape(trials, count, *probe.shape)


def _aligned(probe: Probe, trials: int, count: int, dtype: np.dtype) -> np.ndarray:
    """An array (trial, sample, column) for so many samples of a probe, which begins at a cache line."""
    try:
        return aligned_empty((trials, count, sample_size(probe)), dtype)
    except MemoryError:
        raise RecordingError(
            f"Recording: {probe.name!r} of {trials} x {count} samples does not fit into memory."
            " Give to='file.h5', or record less often."
        ) from None


class MemoryStore(Store):
    """The data of a recording in memory, as read-only arrays.

    values: for each probe of values, its samples, shape (trial, sample, *shape)
    events: for each probe of spikes, all its spikes in pieces, each of them sorted
    final: the state after the last tick

    The other arguments are those of `Store`.
    """

    def __init__(
        self,
        header: Header,
        values: Mapping[str, np.ndarray],
        events: Mapping[str, list[Spikes]],
        ticks: int,
        trials: int,
        stopped: str,
        progress: np.ndarray,
        final: Mapping[str, np.ndarray],
    ):
        self.header, self.ticks, self.trials, self.stopped = header, ticks, trials, stopped
        self.progress, self.path = progress, None
        self._values, self._events = ReadOnly(values), events
        self._final = final if isinstance(final, Later) else ReadOnly(final)

    def values(self, probe: Probe) -> np.ndarray:
        return self._values[probe.name] if self.header.batched else self._values[probe.name][0]

    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        pieces = self._events[probe.name]
        if len(pieces) != 1:  # they are joined when somebody asks
            pieces[:] = [join_spikes(pieces, self.header.dt)]
        spikes = pieces[0]
        if trials == range(self.trials) and ticks == range(self.ticks):
            yield spikes
            return
        first, last = np.searchsorted(spikes.trial, (trials.start, trials.stop))
        tick = spikes.tick[first:last]
        if len(trials) == 1:
            yield spikes.select(slice(*(first + np.searchsorted(tick, (ticks.start, ticks.stop)))))
        else:
            yield spikes.select(first + np.flatnonzero((tick >= ticks.start) & (tick < ticks.stop)))

    def final(self) -> Mapping[str, np.ndarray]:
        return self._final

    def close(self) -> None:
        pass

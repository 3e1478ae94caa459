"""A recording in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.recording.header import Header, sample_count, sample_size
from neurosim.recording.spikes import Spikes, join_spikes
from neurosim.recording.store import Store
from neurosim.recording.writer import Writer

CACHE_LINE = 64  # bytes
Block = tuple[int, int, np.ndarray]  # first trial, first sample, values (trial, sample, column)


class MemoryWriter(Writer):
    """Keeps blocks in memory and puts them together at the end. Where the number of samples is known, engines may fill in the whole."""

    def __init__(self, header: Header, compression: int = 0):
        super().__init__(header)
        self._traces: dict[str, list[Block]] = {p.name: [] for p in header.probes if not p.events}
        self._events: dict[str, list[Spikes]] = {p.name: [] for p in header.probes if p.events}

    def buffer(self, probe: Probe) -> np.ndarray | None:
        header = self.header
        if header.until is not None:  # far fewer ticks may come than are planned
            return None
        if probe.name not in self.buffers:
            self.buffers[probe.name] = _space(
                probe, header.trials, sample_count(header.ticks, probe.every), header.dtype
            )
        return self.buffers[probe.name]

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
        values, spikes = self._checked(trial, tick, traces, events, trials, ticks)
        for probe in self.header.probes:
            if probe.events:
                found = spikes[probe.name]
                self._events[probe.name].append(
                    Spikes(found.trial.copy(), found.tick.copy(), found.neuron.copy())
                )
            elif probe.name not in self.buffers:
                self._traces[probe.name].append(
                    (trial, sample_count(tick, probe.every), np.array(values[probe.name], self.header.dtype))
                )
        self.progress[trial : trial + trials] = tick + ticks

    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> Store:
        trials, ticks = self._kept(ticks)
        traces = {p.name: self._whole(p, trials, ticks) for p in self.header.probes if not p.events}
        events = {}
        for name in list(self._events):
            found = join_spikes(self._events.pop(name), self.header.dt)
            kept = (found.trial < trials) & (found.tick < ticks)
            events[name] = found if kept.all() else found.select(kept)
        return MemoryStore(self.header, traces, events, ticks, trials, stopped, self.progress, dict(final))

    def close(self) -> None:
        self._traces, self._events, self.buffers = {}, {}, {}

    def _whole(self, probe: Probe, trials: int, ticks: int) -> np.ndarray:
        """All blocks of one probe as one array; each block is let go as soon as it is copied."""
        count = sample_count(ticks, probe.every)
        if probe.name in self.buffers:
            return self.buffers.pop(probe.name)[:trials, :count].reshape(trials, count, *probe.shape)
        blocks = self._traces.pop(probe.name)
        if len(blocks) == 1 and blocks[0][2].shape[:2] == (trials, count):
            return blocks[0][2].reshape(trials, count, *probe.shape)
        whole = _space(probe, trials, count, self.header.dtype)
        while blocks:
            trial, first, values = blocks.pop()
            part = values[: max(trials - trial, 0), : max(count - first, 0)]
            whole[trial : trial + part.shape[0], first : first + part.shape[1]] = part
        return whole.reshape(trials, count, *probe.shape)


def _space(probe: Probe, trials: int, count: int, dtype: np.dtype) -> np.ndarray:
    """Memory for so many samples of a probe, (trial, sample, column), that begins at a cache line."""
    size = trials * count * sample_size(probe) * dtype.itemsize
    try:
        space = np.empty(size + CACHE_LINE, np.uint8)
    except MemoryError:
        raise RecordingError(
            f"Recording: {probe.name!r} of {trials} x {count} samples does not fit into memory. Give to='file.h5', or record less often."
        ) from None
    start = -space.ctypes.data % CACHE_LINE
    return space[start : start + size].view(dtype).reshape(trials, count, sample_size(probe))


class MemoryStore(Store):
    """Arrays (trial, sample, *shape) and spikes in order, as they were recorded: nobody can write to them."""

    def __init__(
        self,
        header: Header,
        traces: dict[str, np.ndarray],
        events: dict[str, Spikes],
        ticks: int,
        trials: int,
        stopped: str,
        progress: np.ndarray,
        final: dict[str, np.ndarray],
    ):
        self.header, self.ticks, self.trials, self.stopped, self.progress, self.path = (
            header,
            ticks,
            trials,
            stopped,
            progress,
            None,
        )
        self._traces, self._events, self._final = ReadOnly(traces), events, ReadOnly(final)

    def values(self, probe: Probe) -> np.ndarray:
        return self._traces[probe.name] if self.header.batched else self._traces[probe.name][0]

    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        found = self._events[probe.name]
        first, last = np.searchsorted(found.trial, (trials.start, trials.stop))
        tick = found.tick[first:last]
        if len(trials) == 1:
            kept = slice(*(first + np.searchsorted(tick, (ticks.start, ticks.stop))))
        elif ticks == range(self.ticks):
            kept = slice(first, last)
        else:
            kept = first + np.flatnonzero((tick >= ticks.start) & (tick < ticks.stop))
        yield found.select(kept)

    def final(self) -> Mapping[str, np.ndarray]:
        return self._final

    def close(self) -> None:
        pass

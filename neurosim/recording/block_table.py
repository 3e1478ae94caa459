"""The table of the blocks in a recording file: only what one of its rows covers counts as recorded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.header import Header, require

COLUMNS = 4  # of a row, before the spike counts: first trial, trials, first tick, ticks


class BlockTable:
    """The blocks of a recording file, in the order in which they were written.

    dataset: one row per block: first trial, number of trials, first tick, number of ticks, and for each
        spiking probe the number of its spikes in the file after this block
    header: what the run was asked to do

    `progress` is the number of ticks that the blocks hold of each planned trial, shape (trial,). Raises
    RecordingError for a table that no run can have written.
    """

    def __init__(self, dataset: CheckedDataset, header: Header):
        spiking = [probe.name for probe in header.probes if probe.events]
        require(dataset.shape[1] == COLUMNS + len(spiking), "blocks", dataset.shape)
        rows = dataset[:].astype(np.int64)
        empty = np.flatnonzero(rows[:, 1] == 0)  # the writer was killed after it had extended the table
        self._rows = rows[: empty[0]] if empty.size else rows
        self._column = {name: COLUMNS + number for number, name in enumerate(spiking)}
        self._check(header.trials, header.ticks)
        self.progress = self._progress(header.trials)

    def spike_count(self, name: str) -> int:
        """The number of spikes of a probe in the file."""
        return int(self._rows[-1, self._column[name]]) if len(self._rows) else 0

    def spike_ranges(self, name: str, trials: range, ticks: range) -> Iterator[tuple[int, int]]:
        """Which spikes of a probe, as half-open ranges of positions, lie in blocks that overlap these trials
        and ticks.
        """
        trial, trials_of, tick, ticks_of = self._rows[:, :COLUMNS].T
        stops = self._rows[:, self._column[name]]
        starts = np.r_[0, stops][:-1]
        overlaps = (trial < trials.stop) & (trial + trials_of > trials.start)
        overlaps &= (tick < ticks.stop) & (tick + ticks_of > ticks.start)
        yield from _joined(starts[overlaps & (stops > starts)], stops[overlaps & (stops > starts)])

    def _check(self, trials_planned: int, ticks_planned: int) -> None:
        trial, trials, tick, ticks = self._rows[:, :COLUMNS].T
        counts_rise = not np.any(np.diff(self._rows[:, COLUMNS:], axis=0) < 0)
        require(bool(np.all(self._rows >= 0)) and counts_rise, "blocks", self._rows.shape)
        # Sums of damaged numbers could overflow, so differences are compared.
        within = (trial <= trials_planned) & (trials <= trials_planned - trial)
        within &= (tick <= ticks_planned) & (ticks <= ticks_planned - tick)
        require(bool(np.all(within)), "blocks", self._rows.shape)

    def _progress(self, trials_planned: int) -> np.ndarray:
        """How many ticks of each trial the blocks cover; those of one batch must leave no gap."""
        progress = np.zeros(trials_planned, np.int64)
        batches, batch_of = np.unique(self._rows[:, :2], axis=0, return_inverse=True)
        order = np.argsort(batch_of.ravel(), kind="stable")
        batch_of = batch_of.ravel()[order]
        tick, ticks = self._rows[order, 2], self._rows[order, 3]
        first = np.searchsorted(batch_of, np.arange(len(batches)))
        before = np.cumsum(ticks) - ticks
        require(np.array_equal(tick, before - before[first][batch_of]), "blocks", tick)
        require(bool(np.all(batches[1:, 0] >= batches[:-1].sum(1))), "blocks", batches)
        totals = np.add.reduceat(ticks, first) if len(first) else ()
        for (trial, trials), total in zip(batches, totals, strict=True):
            progress[trial : trial + trials] = total
        return progress


def _joined(starts: np.ndarray, stops: np.ndarray) -> Iterator[tuple[int, int]]:
    """Half-open ranges, with those joined that follow each other without a gap."""
    if not starts.size:
        return
    new = np.flatnonzero(starts[1:] != stops[:-1]) + 1
    for first, last in zip(np.r_[0, new], np.r_[new, starts.size], strict=True):
        yield int(starts[first]), int(stops[last - 1])

"""Reading the numbers of a recording that lies in a file, each only when it is asked for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.probes import Probe
from neurosim.network.readonly import ReadOnly
from neurosim.recording.header import Header, decode_header, require, sample_count, sample_size
from neurosim.recording.lazy import LazyArray, TimeAxis
from neurosim.recording.safe_hdf5 import (
    DAMAGED,
    RECORDING,
    Arrays,
    digest,
    existing_file,
    explain_read_errors,
    has_link,
    open_dataset,
    open_file,
    open_group,
    read_array,
    read_network,
    read_text,
)  # fmt: skip
from neurosim.recording.spikes import Spikes
from neurosim.recording.store import STOPPED, Store
from neurosim.recording.unclosed_file import being_written
from neurosim.recording.writer import complete

if TYPE_CHECKING:
    import h5py

READ_BYTES = 2**24  # no single read takes more
READ_SPIKES = 2**20
COLUMNS = 4  # of a row of `blocks` before the spike counts: trial, trials, tick, ticks


class FileStore(Store):
    """The numbers of a recording in an open file; `closed` tells whether its writer has closed it."""

    def __init__(self, file: h5py.File, path: Path, header: Header, closed: bool):
        self.path = self._path = path
        self._file, self.header = file, header
        self._held = path.stat().st_size
        self._group = open_group(file, "neurosim")
        self._identity = (
            os.path.abspath(path),
            fingerprint(self._group, self._held),
        )  # from which a copy of this reads
        self._ending = open_group(self._group, "end")
        self._spiking = {probe.name: n for n, probe in enumerate(p for p in header.probes if p.events)}
        self._blocks = self._read_blocks()
        self.progress = self._read_progress()
        end = self._read_end(closed)
        self.ticks = int(self.progress.max()) if end is None else end["ticks"]
        self.stopped = "interrupted" if end is None else end["stopped"]
        if end is not None and not header.probes:
            self.progress[:] = self.ticks
        require(self.ticks <= self.progress.max(), "ticks", self.ticks)
        self.trials = complete(self.progress, self.ticks)
        self._end = {} if end is None else end["arrays"]
        self._data = {p.name: self._spikes(p) if p.events else self._trace(p) for p in header.probes}

    def __reduce__(self) -> tuple:
        return reopen, self._identity

    def values(self, probe: Probe) -> LazyArray:
        return FileTrace(self._data[probe.name], probe, self)

    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        trial, trials_of, tick, ticks_of = self._blocks[:, :COLUMNS].T
        ends = self._blocks[:, COLUMNS + self._spiking[probe.name]]
        starts = np.r_[0, ends][:-1]
        wanted = (
            (trial < trials.stop)
            & (trial + trials_of > trials.start)
            & (tick < ticks.stop)
            & (tick + ticks_of > ticks.start)
            & (ends > starts)
        )
        for first, last in _runs(starts[wanted], ends[wanted]):
            for at in range(first, last, READ_SPIKES):
                found = self._read_spikes(probe, slice(at, min(at + READ_SPIKES, last)))
                kept = (
                    (found.trial >= trials.start)
                    & (found.trial < trials.stop)
                    & (found.tick >= ticks.start)
                    & (found.tick < ticks.stop)
                )
                yield found if kept.all() else found.select(kept)

    def final(self) -> Mapping[str, np.ndarray]:
        return LazyMapping(self._end, self._read_final)

    def close(self) -> None:
        self._file.close()

    def check_open(self) -> None:
        """Refuse to read after `close`."""
        if not self._file:
            raise RecordingError(f"{self.path}: the recording is closed. Open it again.")

    def _read_spikes(self, probe: Probe, part: slice) -> Spikes:
        self.check_open()
        with explain_read_errors(self._path, f"read the spikes of {probe.name!r}"):
            times, neurons = (data[part] for data in self._data[probe.name])
            ticks = np.rint(times / tick_ms(self.header))
            planned = self.header.ticks * self.header.trials
            size = self.header.network.populations[probe.owner].size
            if not np.all((ticks >= 0) & (ticks < planned)) or not np.all(neurons < size):
                raise RecordingError(
                    f"spikes of {probe.name!r} lie outside the run or the population. {DAMAGED}"
                )
            trial, tick = np.divmod(ticks.astype(np.int64), max(self.header.ticks, 1))
            return Spikes(trial, tick, neurons.astype(np.int64), self.header.dt)

    def _read_blocks(self) -> np.ndarray:
        found = open_dataset(self._group, "blocks", "i", self._held, 2).check_size()
        require(found.shape[1] == COLUMNS + len(self._spiking), "blocks", found.shape)
        rows = found[:].astype(np.int64)
        unwritten = np.flatnonzero(rows[:, 1] == 0)  # rows that a killed writer made room for
        rows = rows[: unwritten[0]] if unwritten.size else rows
        trial, trials, tick, ticks = rows[:, :COLUMNS].T
        require(
            bool(np.all(rows >= 0)) and not np.any(np.diff(rows[:, COLUMNS:], axis=0) < 0),
            "blocks",
            rows.shape,
        )
        most = self.header.trials, self.header.ticks
        inside = (
            (trial <= most[0]) & (trials <= most[0] - trial) & (tick <= most[1]) & (ticks <= most[1] - tick)
        )
        require(bool(np.all(inside)), "blocks", rows.shape)
        return rows

    def _read_progress(self) -> np.ndarray:
        """How many ticks of each trial the blocks cover. Blocks of one batch of trials follow each other without a gap."""
        progress = np.zeros(self.header.trials, np.int64)
        batches, which = np.unique(self._blocks[:, :2], axis=0, return_inverse=True)
        order = np.argsort(which.ravel(), kind="stable")
        tick, ticks = self._blocks[order, 2], self._blocks[order, 3]
        first = np.searchsorted(which.ravel()[order], np.arange(len(batches)))
        before = np.cumsum(ticks) - ticks
        require(np.array_equal(tick, before - before[first][which.ravel()[order]]), "blocks", tick)
        require(bool(np.all(batches[1:, 0] >= batches[:-1].sum(1))), "blocks", batches)
        for (trial, trials), ticks_of in zip(
            batches, np.add.reduceat(ticks, first) if len(first) else (), strict=True
        ):
            progress[trial : trial + trials] = ticks_of
        return progress

    def _read_end(self, closed: bool) -> dict | None:
        text = bytes(read_array(self._ending, "index", self._held, "u"))
        try:
            end = json.loads(text)
        except ValueError:
            require(not text.strip(b"\0") or not closed, "end", text)
            return None  # the run was killed before saving it
        require(
            isinstance(end["ticks"], int) and 0 <= end["ticks"] <= self.header.ticks, "ticks", end["ticks"]
        )
        require(end["stopped"] in STOPPED, "stopped", end["stopped"])
        self._numbers = open_dataset(self._ending, "numbers", "u", self._held, 1).check_size()
        held = self._numbers.shape[0]
        for name, (dtype, shape, start) in end["arrays"].items():
            kind, sizes = np.dtype(dtype), all(isinstance(n, int) and n >= 0 for n in (*shape, start))
            require(
                kind.kind in "biuf" and sizes and start + prod(shape) * kind.itemsize <= held,
                f"state {name!r}",
                (dtype, shape, start),
            )
        return end

    def _read_final(self, name: str) -> np.ndarray:
        self.check_open()
        with explain_read_errors(self._path, f"read the state {name!r}"):
            dtype, shape, start = self._end[name]
            stop = start + prod(shape) * np.dtype(dtype).itemsize
            return self._numbers[start:stop].view(dtype).reshape(shape)

    def _trace(self, probe: Probe) -> Any:
        data = open_dataset(
            open_group(self._group, "values"), probe.name, "f", self._held, 2, compressed=True
        )
        trials, per_trial = self.trials, sample_count(self.header.ticks, probe.every)
        rows = (
            (trials - 1) * per_trial + sample_count(self.ticks, probe.every) if trials and self.ticks else 0
        )
        require(
            data.shape[0] >= rows and data.shape[1] == sample_size(probe),
            f"shape of {probe.name!r}",
            data.shape,
        )
        return data.check_size(trials * sample_count(self.ticks, probe.every))

    def _spikes(self, probe: Probe) -> Any:
        group = open_group(open_group(self._file, "spikes"), probe.name)
        data = tuple(
            open_dataset(group, name, kind, self._held, 1, compressed=True)
            for name, kind in (("timestamps", "f"), ("node_ids", "u"))
        )
        count = self._blocks[-1, COLUMNS + self._spiking[probe.name]] if len(self._blocks) else 0
        require(min(d.shape[0] for d in data) >= count, f"spikes of {probe.name!r}", count)
        return tuple(part.check_size(int(count)) for part in data)


def fingerprint(group: h5py.Group, held: int) -> str:
    """Tells one recording from every other: what was run, and the random mark of the one run that wrote it."""
    texts = read_array(group, "description", held, "S"), read_array(group, "run", held, "S")
    return "".join(digest(np.asarray(text)) for text in texts)


class FileTrace(LazyArray):
    """A trace in a file, ([trial,] tick, *shape)."""

    def __init__(self, data: Any, probe: Probe, store: FileStore):
        header = store.header
        trials = (store.trials,) if header.batched else ()
        time = TimeAxis(len(trials), probe.every, header.dt)
        super().__init__((*trials, sample_count(store.ticks, probe.every), *probe.shape), data.dtype, time)
        self._data, self._probe, self._store = data, probe, store
        self._batched, self._rows = header.batched, sample_count(header.ticks, probe.every)

    def __reduce__(self) -> tuple:
        return FileStore.values, (self._store, self._probe)

    def _take(self, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
        trials, ticks, *axes = chosen if self._batched else (np.zeros(1, np.intp), *chosen)
        rows = (trials[:, None] * self._rows + ticks).ravel()
        columns = np.ravel_multi_index(np.ix_(*axes), self._probe.shape).ravel()
        self._store.check_open()
        with explain_read_errors(
            self._store._path,
            f"read {self._probe.name!r}",
            "If it is too large for memory, read a part of it.",
        ):
            found = read_rows_and_columns(self._data, rows, columns)
        return found.reshape(*(n.size for n in chosen))


def read_rows_and_columns(data: Any, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The numbers at the crossing of rising rows and columns, in reads of bounded size."""
    out = np.empty((rows.size, columns.size), data.dtype)
    if not out.size:
        return out
    left, right = int(columns[0]), int(columns[-1]) + 1
    most = max(1, READ_BYTES // ((right - left) * data.dtype.itemsize))
    far = (
        np.flatnonzero(np.diff(rows) > data.chunks[0]) + 1
    )  # reading rows that are further apart together saves nothing
    for first, last in zip(np.r_[0, far], np.r_[far, rows.size], strict=True):
        at = first
        while at < last:
            stop = min(last, int(np.searchsorted(rows, rows[at] + most)))
            read = data[int(rows[at]) : int(rows[stop - 1]) + 1, left:right]
            inside = read if len(read) == stop - at else read[rows[at:stop] - rows[at]]
            out[at:stop] = inside if right - left == columns.size else inside[:, columns - left]
            at = stop
    return out


class LazyMapping(Mapping):
    """Named arrays that are read when they are asked for."""

    def __init__(self, names: Mapping, read: Callable[[str], Any]):
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple:
        return ReadOnly, (dict(self),)  # a copy holds the numbers themselves

    def __repr__(self) -> str:
        return f"<{', '.join(self._names) or 'nothing'}; read when asked for>"


def read_inputs(group: Any, entries: dict, path: Path) -> LazyMapping:
    """What drove the run, each checked against the digest that was taken when it was written."""

    def read(name: str) -> np.ndarray | Spikes:
        if not group:
            raise RecordingError(f"{path}: the recording is closed. Open it again.")
        with explain_read_errors(path, f"read the input {name!r}"):
            entry = entries[name]
            spikes = "dt" in entry
            held, owner = path.stat().st_size, open_group(group, name) if spikes else group
            arrays = [
                read_array(owner, part, held, compressed=True)
                for part in (("trial", "tick", "neuron") if spikes else (name,))
            ]
            if [digest(array) for array in arrays] != entry["sha256"]:
                raise RecordingError(f"the input {name!r} is not what the run was given. {DAMAGED}")
            return Spikes(arrays[0], arrays[1], arrays[2], entry["dt"]) if spikes else arrays[0]

    require(
        all(isinstance(entry, dict) and has_link(group, name) for name, entry in entries.items()),
        "inputs",
        list(entries),
    )
    return LazyMapping(entries, read)


def tick_ms(header: Header) -> float:
    """Length of a tick in the file's milliseconds; a tick without Clock counts as 1 ms."""
    return 1.0 if header.dt is None else header.dt * 1000.0


def _runs(starts: np.ndarray, ends: np.ndarray) -> Iterator[tuple[int, int]]:
    """Half-open ranges joined where one begins at the end of the one before."""
    if not starts.size:
        return
    new = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    for first, last in zip(np.r_[0, new], np.r_[new, starts.size], strict=True):
        yield int(starts[first]), int(ends[last - 1])


def open_store(path: str | os.PathLike) -> FileStore:
    """What a recording file holds; see `open_recording` in `opening.py`."""
    while True:
        before = _changed(path)
        try:
            return _open_once(path)
        except RecordingError:
            time.sleep(0.01)  # a block may be on its way to the disk
            if before is None or _changed(path) == before:
                raise


def _changed(path: str | os.PathLike) -> int | None:
    """When a file that is being written was last changed; None for one that is not."""
    where = existing_file(path)
    return where.stat().st_mtime_ns if being_written(where) else None


def _open_once(path: str | os.PathLike) -> FileStore:
    file, closed = open_file(path, (RECORDING,))
    where = Path(path)
    try:
        with explain_read_errors(where, "read what was run"):
            group, held = open_group(file, "neurosim"), where.stat().st_size
            run = json.loads(read_text(group, "run", held))
            inputs = read_inputs(open_group(group, "inputs"), run["inputs"], where)
            header = decode_header(
                run, read_network(group, held), inputs, Arrays(open_group(group, "arrays"), held).unpack
            )
            return FileStore(file, where, header, closed)
    except BaseException:
        file.close()
        raise


def reopen(path: str, wanted: str) -> FileStore:
    """The store of a recording that was copied or sent here as the path of its file and its fingerprint."""
    store = open_store(path)
    if store._identity[1] != wanted:
        store.close()
        raise RecordingError(
            f"{path}: is another recording than the one that was copied or sent here. Keep each recording in a file of its own."
        )
    return store

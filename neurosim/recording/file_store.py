"""Recordings in files, whose data are read when they are asked for. `file_layout.py` describes the format."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.codec import Json
from neurosim.network.probes import Probe
from neurosim.recording.block_table import BlockTable
from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.file_errors import DAMAGED, explain_read_errors
from neurosim.recording.file_samples import FileSamples
from neurosim.recording.header import Header, decode_header, require, sample_count, sample_size, tick_ms
from neurosim.recording.lazy import LazyMapping
from neurosim.recording.network_group import NumberedArrays, read_network
from neurosim.recording.paths import existing_file
from neurosim.recording.safe_hdf5 import (
    RECORDING,
    digest,
    has_link,
    open_dataset,
    open_file,
    open_group,
    read_array,
    read_text,
)
from neurosim.recording.session_group import read_changes, read_session_input
from neurosim.recording.spikes import Spikes
from neurosim.recording.store import STOPPED, Store
from neurosim.recording.unclosed_file import being_written
from neurosim.recording.writer import complete_trials

if TYPE_CHECKING:
    import h5py

READ_SPIKES = 2**20  # no single read takes more


@dataclass(frozen=True)
class End:
    """How a run ended, and its last state: type, shape and first byte in `end/numbers` of each array."""

    ticks: int
    stopped: str
    arrays: Mapping[str, tuple[str, tuple[int, ...], int]]


class FileStore(Store):
    """The data of a recording in an open file.

    file: the open file
    path: its path
    header: what the run was asked to do
    closed: whether the writer has closed the file
    """

    path: Path

    def __init__(self, file: h5py.File, path: Path, header: Header, closed: bool):
        self._file, self.path, self.header = file, path, header
        self._file_size = path.stat().st_size
        self._group = open_group(file, "neurosim")
        # A copy of this store opens the file again.
        self._identity = (os.path.abspath(path), fingerprint(self._group, self._file_size))
        self._ending = open_group(self._group, "end")
        blocks = open_dataset(self._group, "blocks", "i", self._file_size, 2).check_size()
        self._blocks = BlockTable(blocks, header)
        self.progress = self._blocks.progress
        self._end = self._read_end(closed)
        self.ticks = int(self.progress.max()) if self._end is None else self._end.ticks
        self.stopped = "interrupted" if self._end is None else self._end.stopped
        if self._end is not None and not header.probes:
            self.progress[:] = self.ticks
        require(self.ticks <= self.progress.max(), "ticks", self.ticks)
        self.trials = complete_trials(self.progress, self.ticks)
        self._values = {p.name: self._open_values(p) for p in header.probes if not p.events}
        self._spikes = {p.name: self._open_spikes(p) for p in header.probes if p.events}

    def __reduce__(self) -> tuple:
        return reopen, self._identity

    def values(self, probe: Probe) -> FileSamples:
        return FileSamples(self._values[probe.name], probe, self)

    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        for first, last in self._blocks.spike_ranges(probe.name, trials, ticks):
            for start in range(first, last, READ_SPIKES):
                spikes = self._read_spikes(probe, slice(start, min(start + READ_SPIKES, last)))
                wanted = (spikes.trial >= trials.start) & (spikes.trial < trials.stop)
                wanted &= (spikes.tick >= ticks.start) & (spikes.tick < ticks.stop)
                yield spikes if wanted.all() else spikes.select(wanted)

    def final(self) -> Mapping[str, np.ndarray]:
        return LazyMapping({} if self._end is None else self._end.arrays, self._read_final)

    def close(self) -> None:
        self._file.close()

    def check_open(self) -> None:
        """Refuse to read after `close`."""
        if not self._file:
            raise RecordingError(f"{self.path}: the recording is closed. Open it again.")

    def _read_spikes(self, probe: Probe, positions: slice) -> Spikes:
        self.check_open()
        with explain_read_errors(self.path, f"read the spikes of {probe.name!r}"):
            times, neurons = (data[positions] for data in self._spikes[probe.name])
            ticks = np.rint(times / tick_ms(self.header))
            planned = self.header.ticks * self.header.trials
            size = self.header.network.populations[probe.owner].size
            if not np.all((ticks >= 0) & (ticks < planned)) or not np.all(neurons < size):
                raise RecordingError(
                    f"spikes of {probe.name!r} lie outside the run or the population. {DAMAGED}"
                )
            trial, tick = np.divmod(ticks.astype(np.int64), max(self.header.ticks, 1))
            return Spikes(trial, tick, neurons.astype(np.int64), self.header.dt)

    def _read_end(self, closed: bool) -> End | None:
        """How the run ended; None if it was killed before it could save that."""
        text = bytes(read_array(self._ending, "index", self._file_size, "u"))
        try:
            end = json.loads(text)
        except ValueError:
            require(not text.strip(b"\0") or not closed, "end", text)
            return None
        ticks = end["ticks"]
        require(isinstance(ticks, int) and 0 <= ticks <= self.header.ticks, "ticks", ticks)
        require(end["stopped"] in STOPPED, "stopped", end["stopped"])
        self._numbers = open_dataset(self._ending, "numbers", "u", self._file_size, 1).check_size()
        for name, (dtype, shape, start) in end["arrays"].items():
            sizes = all(isinstance(n, int) and n >= 0 for n in (*shape, start))
            plain = np.dtype(dtype).kind in "biuf"
            within = sizes and start + prod(shape) * np.dtype(dtype).itemsize <= self._numbers.shape[0]
            require(plain and within, f"state {name!r}", (dtype, shape, start))
        return End(ticks, end["stopped"], end["arrays"])

    def _read_final(self, name: str) -> np.ndarray:
        self.check_open()
        assert self._end is not None
        with explain_read_errors(self.path, f"read the state {name!r}"):
            dtype, shape, start = self._end.arrays[name]
            stop = start + prod(shape) * np.dtype(dtype).itemsize
            return self._numbers[start:stop].view(dtype).reshape(shape)

    def _open_values(self, probe: Probe) -> CheckedDataset:
        group = open_group(self._group, "values")
        data = open_dataset(group, probe.name, "f", self._file_size, 2, compressed=True)
        per_trial, count = sample_count(self.header.ticks, probe.every), sample_count(self.ticks, probe.every)
        rows = (self.trials - 1) * per_trial + count if self.trials and self.ticks else 0
        fits = data.shape[0] >= rows and data.shape[1] == sample_size(probe)
        require(fits, f"shape of {probe.name!r}", data.shape)
        return data.check_size(self.trials * count)

    def _open_spikes(self, probe: Probe) -> tuple[CheckedDataset, CheckedDataset]:
        group = open_group(open_group(self._file, "spikes"), probe.name)
        times = open_dataset(group, "timestamps", "f", self._file_size, 1, compressed=True)
        neurons = open_dataset(group, "node_ids", "u", self._file_size, 1, compressed=True)
        count = self._blocks.spike_count(probe.name)
        require(min(times.shape[0], neurons.shape[0]) >= count, f"spikes of {probe.name!r}", count)
        return times.check_size(count), neurons.check_size(count)


def open_store(path: str | os.PathLike[str]) -> FileStore:
    """Open a recording file; see `open_recording` in `opening.py`."""
    while True:
        before = _time_of_change(path)
        try:
            return _open_once(path)
        except RecordingError:
            # A file that is still written may have changed while it was read: wait for its block to be
            # complete.
            time.sleep(0.01)
            if before is None or _time_of_change(path) == before:
                raise


def _time_of_change(path: str | os.PathLike[str]) -> int | None:
    """When a file that is still written was last changed, in nanoseconds; None for other files."""
    checked = existing_file(path)
    return checked.stat().st_mtime_ns if being_written(checked) else None


def _open_once(path: str | os.PathLike[str]) -> FileStore:
    file, closed = open_file(path, (RECORDING,))
    path = Path(path)
    try:
        with explain_read_errors(path, "read what was run"):
            group, file_size = open_group(file, "neurosim"), path.stat().st_size
            data = json.loads(read_text(group, "run", file_size))
            given = open_group(group, "inputs")
            inputs = _read_inputs(given, data["inputs"], path)
            unpack = NumberedArrays(open_group(group, "arrays"), file_size).unpack
            header = decode_header(data, read_network(group, file_size), inputs, unpack)
            store = FileStore(file, path, header, closed)
            if header.session:
                inputs = _read_inputs(given, data["inputs"], path, store.ticks)
                changed = open_group(group, "changes")
                changes = tuple(read_changes(changed, file_size, store.ticks))
                cuts = tuple(read_array(changed, "cuts", file_size, "i").tolist())
                store.header = replace(header, inputs=inputs, changes=changes, cuts=cuts)
            return store
    except BaseException:
        file.close()
        raise


def _read_inputs(
    group: h5py.Group, entries: dict[str, Json], path: Path, session_ticks: int | None = None
) -> LazyMapping[np.ndarray | Spikes]:
    """What drove the run. Each input is checked against the digest that was taken when it was written.

    session_ticks: how many ticks a session ran, whose inputs were written while it ran and have no digest.
    """

    def read(name: str) -> np.ndarray | Spikes:
        if not group:
            raise RecordingError(f"{path}: the recording is closed. Open it again.")
        with explain_read_errors(path, f"read the input {name!r}"):
            entry, file_size = entries[name], path.stat().st_size
            if session_ticks is not None:
                return read_session_input(group, name, entry, file_size, session_ticks)
            spikes = "dt" in entry
            owner, parts = (
                (open_group(group, name), ("trial", "tick", "neuron")) if spikes else (group, (name,))
            )
            arrays = [read_array(owner, part, file_size, compressed=True) for part in parts]
            if [digest(array) for array in arrays] != entry["sha256"]:
                raise RecordingError(f"the input {name!r} is not what the run was given. {DAMAGED}")
            return Spikes(arrays[0], arrays[1], arrays[2], entry["dt"]) if spikes else arrays[0]

    exist = all(isinstance(entry, dict) and has_link(group, name) for name, entry in entries.items())
    require(exist, "inputs", list(entries))
    return LazyMapping(entries, read)


def fingerprint(group: h5py.Group, file_size: int) -> str:
    """Text that differs between any two recordings: digests of what was run and of the mark of this run."""
    texts = (read_array(group, name, file_size, "S") for name in ("description", "run"))
    return "".join(digest(np.asarray(text)) for text in texts)


def reopen(path: str, wanted: str) -> FileStore:
    """The store of a recording that arrived here, copied or from another process, as the path of its file.

    wanted: the fingerprint of that recording
    """
    store = open_store(path)
    if store._identity[1] != wanted:
        store.close()
        raise RecordingError(
            f"{path}: is another recording than the one that was copied or sent here."
            " Keep each recording in a file of its own."
        )
    return store

"""Writing a recording to an HDF5 file while the network runs; `file_layout.py` describes the file."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from neurosim.errors import RecordingError
from neurosim.file_lock import is_same_file
from neurosim.network.probes import Probe
from neurosim.recording.compression import Compression, read_compression
from neurosim.recording.file_errors import explain_write_errors
from neurosim.recording.file_layout import create_layout
from neurosim.recording.file_store import FileStore, open_store
from neurosim.recording.header import Change, Header, sample_count, tick_ms
from neurosim.recording.lock import WriterLock
from neurosim.recording.paths import resolved_path
from neurosim.recording.safe_hdf5 import LIBRARY, RECORDING, check_replaceable, new_file, open_unlocked
from neurosim.recording.session_group import SessionGroup
from neurosim.recording.spikes import Spikes
from neurosim.recording.value_writer import ValueWriter
from neurosim.recording.writer import Writer

if TYPE_CHECKING:
    import h5py

LONGEST_WAIT = 10.0  # seconds until compressed blocks reach the disk
READABLE = " What was written before can be opened."


class FileWriter(Writer):
    """Writes a recording to a file while the network runs. Each block is on disk when `write` returns.

    header: what the run was asked to do
    path: path of the file; an older recording at the path is replaced
    compression: gzip's level for samples and spikes, 0 (none) to 9, or 'blosc' for samples. With compression,
        blocks reach the disk after one to ten seconds, and the libsonata that pip installs cannot read what
        is compressed.

    Raises RecordingError if the path holds anything but a recording, if another run writes to it, or if the
    disk is full.
    """

    def __init__(self, header: Header, path: str | os.PathLike[str], compression: Compression = 0):
        super().__init__(header)
        compression = read_compression(compression, "compression")
        self.path = resolved_path(path)
        with explain_write_errors(self.path, "create it"):
            self._lock = WriterLock(self.path)
        try:
            check_replaceable(self.path, RECORDING)
            self._begin(compression)
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, compression: Compression) -> None:
        """Make the file with all its groups and datasets, and open it for others to read meanwhile."""
        self._compressed = compression != 0
        self._pending: list[list[int]] = []  # rows of `blocks` that are not in the file yet
        self._flushed, self._flushed_bytes = time.monotonic(), 0
        with explain_write_errors(self.path, "create it"):
            with new_file(self.path) as file:
                create_layout(file, self.header, compression)
            self._file = open_unlocked(self.path, "r+", libver=LIBRARY)
            self._file.swmr_mode = True
        self._open_datasets()
        self._counts = dict.fromkeys(self._spikes, 0)

    def go_on(self) -> None:
        """Open the file again after `finish`, to write further blocks as if it had not been finished.

        Raises RecordingError if the file is not there any more, or if another run writes to it.
        """
        with explain_write_errors(self.path, "open it"):
            self._lock = WriterLock(self.path)
        try:
            with explain_write_errors(self.path, "open it"):
                self._file = open_unlocked(self.path, "r+", libver=LIBRARY)
                if not self.path.exists() or os.stat(self.path).st_ino != self._inode:
                    self._file.close()
                    raise RecordingError(
                        f"{self.path}: was replaced since the run before wrote it."
                        " Give each script a file of its own."
                    )
                self._dataset("neurosim/end/index").resize(0, axis=0)
                self._file.swmr_mode = True
            self._open_datasets()
        except BaseException:
            self._lock.release()
            raise

    def _open_datasets(self) -> None:
        self._session = SessionGroup(cast("h5py.Group", self._file["neurosim"]), self.header)
        probes = self.header.probes
        self._values = {
            p.name: ValueWriter(self._dataset(f"neurosim/values/{p.name}")) for p in probes if not p.events
        }
        self._spikes = {
            p.name: (self._dataset(f"spikes/{p.name}/timestamps"), self._dataset(f"spikes/{p.name}/node_ids"))
            for p in probes
            if p.events
        }
        self._blocks = self._dataset("neurosim/blocks")

    def _dataset(self, path: str) -> h5py.Dataset:
        return cast("h5py.Dataset", self._file[path])

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
        with self._writing("write it"):
            for probe in self.header.probes:
                if probe.events:
                    self._write_spikes(probe, spikes[probe.name])
                elif values[probe.name].size:
                    per_trial = sample_count(self.header.ticks, probe.every)
                    start = trial * per_trial + sample_count(tick, probe.every)
                    self._values[probe.name].write_trials(start, values[probe.name], per_trial)
            self._counts = {name: count + len(spikes[name]) for name, count in self._counts.items()}
            self._pending.append([trial, trials, tick, ticks, *self._counts.values()])
            self.progress[trial : trial + trials] = tick + ticks
            if not self._compressed or self._is_time_to_flush():
                self._flush()

    def keep_inputs(self, tick: int, inputs: Mapping[str, np.ndarray | Spikes]) -> None:
        self._session.keep_inputs(tick, inputs)
        if not self.header.probes and time.monotonic() - self._flushed > 1.0:  # no block will be written
            with self._writing("write it"):
                self._flush()

    def keep_change(self, change: Change) -> None:
        self._session.keep_change(change)

    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> FileStore:
        _, ticks = self._complete_part(ticks)
        with self._writing("finish it"):
            self._flush()
            for name, values in self._values.items():
                step = self._probe(name).every * tick_ms(self.header)
                self._dataset(f"report/{name}/mapping/time")[...] = 0.0, values.data.shape[0] * step, step
            self._write_end(ticks, stopped, final)
            still_there = is_same_file(self.path, self._file.id.get_vfd_handle())
            self._inode = os.fstat(self._file.id.get_vfd_handle()).st_ino
            self._file.close()
        if not still_there:
            self._lock.release()
            raise RecordingError(
                f"{self.path}: was removed or replaced while the run wrote it; what it recorded is lost."
                " Run it again."
            )
        try:
            return open_store(self.path)
        finally:
            self._lock.release()

    def close(self) -> None:
        try:
            if self._file:
                with self._writing("close it"):
                    self._flush()
                    self._file.close()
        finally:
            self._lock.release()

    def _probe(self, name: str) -> Probe:
        return next(probe for probe in self.header.probes if probe.name == name)

    @contextlib.contextmanager
    def _writing(self, action: str) -> Iterator[None]:
        """Explain errors in this block; the file on disk then stays as its last complete block left it.

        HDF5 marks a file as complete when it closes it, even after a write failed. So its file descriptor is
        exchanged first, and HDF5 closes another file.
        """
        with explain_write_errors(self.path, action, READABLE):
            try:
                yield
            except Exception:
                with contextlib.suppress(Exception), _scratch_file() as scratch:
                    os.dup2(scratch.fileno(), self._file.id.get_vfd_handle())
                    self._file.close()
                raise

    def _is_time_to_flush(self) -> bool:
        """Whether compressed blocks are to reach the disk: after a second, but later if most of them would
        have to be written again when their chunks are full.
        """
        seconds, values = time.monotonic() - self._flushed, self._values.values()
        written = sum(v.written for v in values) - self._flushed_bytes
        return seconds > 1.0 and (seconds > LONGEST_WAIT or 8 * sum(v.unfinished for v in values) <= written)

    def _flush(self) -> None:
        """Bring blocks to the disk: their data first, then the rows of `blocks` that declare them."""
        if self.header.session:
            self._session.write()
        self._file.flush()
        if self._pending:
            _append(self._blocks, self._blocks.shape[0], np.array(self._pending, np.int64))
            self._blocks.flush()
        self._pending, self._flushed = [], time.monotonic()
        self._flushed_bytes = sum(values.written for values in self._values.values())

    def _write_spikes(self, probe: Probe, spikes: Spikes) -> None:
        if len(spikes):
            times, neurons = self._spikes[probe.name]
            count = self._counts[probe.name]
            _append(times, count, (spikes.trial * self.header.ticks + spikes.tick) * tick_ms(self.header))
            # In the file's type, so that HDF5 need not convert.
            _append(neurons, count, spikes.neuron.view(np.uint64))

    def _write_end(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> None:
        numbers, arrays = self._dataset("neurosim/end/numbers"), {}
        for name, array in final.items():
            plain = np.ascontiguousarray(array)
            arrays[name] = (plain.dtype.str, np.shape(array), numbers.shape[0])
            _append(numbers, numbers.shape[0], plain.ravel().view(np.uint8))
        self._file.flush()
        index = json.dumps({"ticks": ticks, "stopped": stopped, "arrays": arrays}, allow_nan=False)
        _append(self._dataset("neurosim/end/index"), 0, np.frombuffer(index.encode(), np.uint8))


def _scratch_file() -> BinaryIO:
    """An empty file; in memory if the system can make one there, since the disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("neurosim"), "wb")
    return cast("BinaryIO", tempfile.TemporaryFile())


def _append(data: h5py.Dataset, length: int, more: np.ndarray) -> None:
    """Write rows after the first `length` rows of a dataset."""
    if len(more):
        data.resize(length + len(more), axis=0)
        data[length:] = more

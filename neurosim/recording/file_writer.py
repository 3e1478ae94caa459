"""A recording in an HDF5 file that is written while the network runs and can be opened at any moment.

The file is a SONATA spike and report file (`/spikes`, `/report`) with everything else in `/neurosim`:

    description, arrays    the network: JSON, and the arrays it refers to by number
    run                    JSON: seed, ticks, trials, schedule, dt, engine, precision, versions, what was recorded, start
    inputs                 what drove the run, one entry per population
    values                 the traces, one dataset (row, number) per record in the float type of the run; SONATA reports
                           are 32-bit, so /report holds a view of these in that type, which takes no room of its own
    blocks                 one row per block on disk: trial, trials, tick, ticks, then how many spikes of each spiking
                           record lie in the file after it. Only what a row covers counts as recorded.
    end                    the state after the last tick: `numbers` (bytes) and `index` (JSON), and why the run stopped

Trials lie end to end on one time axis: trial r, tick k is at (r*ticks + k)*dt, with the ticks planned. In a report each
trial has ceil(ticks/every) rows. A tick without Clock counts as 1 ms.

All groups and datasets are made before the first tick; from then on the file grows in HDF5's single-writer mode, in
which every state of the file on disk can be read. Nothing is ever rewritten, so that a killed run loses no flushed block.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError
from neurosim.file_lock import is_same_file
from neurosim.network.probes import Probe
from neurosim.recording.file_errors import explain_write_errors
from neurosim.recording.file_store import open_store, tick_ms
from neurosim.recording.header import (
    Header,
    encode_header,
    recorded_indices,
    sample_count,
    sample_size,
    unit_of,
)
from neurosim.recording.lock import WriterLock
from neurosim.recording.safe_hdf5 import (
    LIBRARY,
    MAGIC,
    RECORDING,
    Arrays,
    check_replaceable,
    digest,
    h5,
    open_unlocked,
    resolved_path,
    write_array,
    write_kind,
    write_network,
    write_text,
)
from neurosim.recording.spikes import Spikes
from neurosim.recording.store import Store
from neurosim.recording.writer import Writer

if TYPE_CHECKING:
    import h5py

CHUNK = 2**18  # bytes
GROW = {"maxshape": (None,), "track_times": False}
KEPT = " What was written before can be opened."


class FileWriter(Writer):
    """Writes a recording while the network runs; each block is on disk when `write` returns.

    `compression` is gzip's level, 0 (none) to 9, for traces and spikes; with it, blocks reach the disk once a second,
    and the libsonata that pip installs cannot read them.

    Raises RecordingError where the path holds anything but an older recording, and where the disk is full.
    """

    def __init__(self, header: Header, path: str | os.PathLike, compression: int = 0):
        super().__init__(header)
        if isinstance(compression, bool) or not isinstance(compression, int) or not 0 <= compression <= 9:
            raise DescriptionError(
                f"compression {compression!r} is not a level of gzip. Give a whole number from 0 (none) to 9."
            )
        self.path = resolved_path(path)
        with explain_write_errors(self.path, "create it"):
            self._lock = WriterLock(self.path)
        try:
            check_replaceable(self.path, RECORDING)
            self._begin(compression)
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, compression: int) -> None:
        """Make the file with all its groups and datasets, and open it so that it can be read while it grows."""
        self._squeeze = {"compression": compression, "shuffle": True} if compression else {}
        self._pending: list[list[int]] = []
        self._flushed = time.monotonic()
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with explain_write_errors(self.path, "create it"):
            try:
                with h5().File(new, "w", libver=LIBRARY) as file:
                    self._create(file)
                os.replace(new, self.path)  # an older recording stays whole until this one can be opened
            finally:
                new.unlink(missing_ok=True)
            self._file: Any = open_unlocked(self.path, "r+", libver=LIBRARY)
            self._file.swmr_mode = True
        probes = self.header.probes
        self._data = {p.name: self._file["neurosim/values"][p.name] for p in probes if not p.events}
        self._spikes = {
            p.name: tuple(self._file["spikes"][p.name][d] for d in ("timestamps", "node_ids"))
            for p in probes
            if p.events
        }
        self._counts = dict.fromkeys(self._spikes, 0)
        self._blocks = self._file["neurosim/blocks"]

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
        with self._writing("write it"):
            for probe in self.header.probes:
                if probe.events:
                    self._write_spikes(probe, spikes[probe.name])
                elif values[probe.name].shape[1]:
                    self._write_rows(probe, trial, sample_count(tick, probe.every), values[probe.name])
            self._counts = {name: count + len(spikes[name]) for name, count in self._counts.items()}
            self._pending.append([trial, trials, tick, ticks, *self._counts.values()])
            self.progress[trial : trial + trials] = tick + ticks
            if not self._squeeze or time.monotonic() - self._flushed > 1.0:
                self._flush()

    def finish(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> Store:
        _, ticks = self._kept(ticks)
        with self._writing("finish it"):
            self._flush()
            for probe in self.header.probes:
                if not probe.events:
                    step = probe.every * tick_ms(self.header)
                    self._file["report"][probe.name]["mapping/time"][...] = (
                        0.0,
                        self._data[probe.name].shape[0] * step,
                        step,
                    )
            self._write_end(ticks, stopped, final)
            own = is_same_file(self.path, self._file.id.get_vfd_handle())
            self._file.close()
        if not own:
            self._lock.release()
            raise RecordingError(
                f"{self.path}: was removed or replaced while the run wrote it; what it recorded is lost. Run it again."
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

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Iterator[None]:
        """After a write that failed, HDF5 would mark the file as whole when it closes it; so that goes elsewhere."""
        with explain_write_errors(self.path, doing, KEPT):
            try:
                yield
            except Exception:
                with contextlib.suppress(Exception), _elsewhere() as elsewhere:
                    os.dup2(elsewhere.fileno(), self._file.id.get_vfd_handle())
                    self._file.close()
                raise

    def _flush(self) -> None:
        """Bring blocks to the disk; what they hold comes first, the rows that declare it recorded after."""
        self._file.flush()
        if self._pending:
            _append(self._blocks, self._blocks.shape[0], np.array(self._pending, np.int64))
            self._blocks.flush()
        self._pending, self._flushed = [], time.monotonic()

    def _write_rows(self, probe: Probe, trial: int, first: int, values: np.ndarray) -> None:
        """One write for all trials of a block: trial r has its rows from r*per_trial on."""
        data, per_trial = self._data[probe.name], sample_count(self.header.ticks, probe.every)
        trials, count, columns = values.shape
        if not columns:
            return
        start = trial * per_trial + first
        stop = start + (trials - 1) * per_trial + count
        if data.shape[0] < stop:
            data.resize(stop, axis=0)
        whole = trials == 1 or count == per_trial
        rows = (
            slice(start, stop)
            if whole
            else h5().MultiBlockSlice(start=start, stride=per_trial, count=trials, block=count)
        )
        data[rows] = values.reshape(-1, columns)

    def _write_spikes(self, probe: Probe, spikes: Spikes) -> None:
        if len(spikes):
            times, neurons = self._spikes[probe.name]
            _append(
                times,
                self._counts[probe.name],
                (spikes.trial * self.header.ticks + spikes.tick) * tick_ms(self.header),
            )
            _append(
                neurons, self._counts[probe.name], spikes.neuron.view(np.uint64)
            )  # of the file's type, which HDF5 need not convert

    def _write_end(self, ticks: int, stopped: str, final: Mapping[str, np.ndarray]) -> None:
        numbers, arrays = self._file["neurosim/end/numbers"], {}
        for name, array in final.items():
            plain = np.ascontiguousarray(array)
            arrays[name] = (plain.dtype.str, np.shape(array), numbers.shape[0])
            _append(numbers, numbers.shape[0], plain.ravel().view(np.uint8))
        self._file.flush()
        index = json.dumps({"ticks": ticks, "stopped": stopped, "arrays": arrays}, allow_nan=False)
        _append(self._file["neurosim/end/index"], 0, np.frombuffer(index.encode(), np.uint8))

    def _create(self, file: h5py.File) -> None:
        header = self.header
        file.attrs["magic"], file.attrs["version"] = np.uint32(MAGIC), np.array([0, 1], np.uint32)
        group = file.create_group("neurosim")
        write_kind(group, RECORDING)
        group.attrs["time_axis"] = np.bytes_(
            f"trial r, tick k at (r*{header.ticks} + k)*{tick_ms(header)} ms"
            + ("" if header.dt else "; no clock: a tick counts as 1 ms")
        )
        write_network(group, header.network)
        arrays, inputs = Arrays(group["arrays"]), group.create_group("inputs")  # type: ignore[arg-type]
        entries = {name: _put_input(inputs, name, given) for name, given in header.inputs.items()}
        run = encode_header(header, arrays.pack) | {"inputs": entries, "writer": {"run": token_hex(8)}}
        write_text(group, "run", json.dumps(run, indent=1, allow_nan=False))
        columns = 4 + sum(p.events for p in header.probes)
        group.create_dataset(
            "blocks",
            (0, columns),
            np.int64,
            maxshape=(None, columns),
            chunks=(128, columns),
            track_times=False,
        )
        end = group.create_group("end")
        end.create_dataset("numbers", (0,), np.uint8, chunks=(2**14,), **GROW)
        end.create_dataset("index", (0,), np.uint8, chunks=(2**10,), **GROW)
        for probe in header.probes:
            (self._create_spikes if probe.events else self._create_values)(file, probe)

    def _create_spikes(self, file: h5py.File, probe: Probe) -> None:
        group = file.require_group("spikes").create_group(probe.name)
        order = h5().enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
        group.attrs.create("sorting", 2 if self.header.trials == 1 else 0, dtype=order)
        expected = self.header.trials * self.header.ticks * sample_size(probe) / 64
        chunk = 2 ** int(np.clip(np.log2(max(expected, 1)), 7, 15))
        times = group.create_dataset("timestamps", (0,), np.float64, chunks=(chunk,), **GROW, **self._squeeze)
        times.attrs["units"] = "ms"
        group.create_dataset("node_ids", (0,), np.uint64, chunks=(chunk,), **GROW, **self._squeeze)

    def _create_values(self, file: h5py.File, probe: Probe) -> None:
        header, columns = self.header, sample_size(probe)
        per_trial = sample_count(header.ticks, probe.every)
        row = columns * header.dtype.itemsize
        group, report = (
            file.require_group("neurosim/values"),
            file.require_group("report").create_group(probe.name),
        )
        if columns:
            fit = max(1, min(CHUNK // row, header.trials * per_trial, max(self.block // probe.every, 1)))
            chunks = (2 ** int(np.log2(fit)), min(columns, CHUNK))
            options = {
                "maxshape": (None, columns),
                "chunks": chunks,
                "fillvalue": np.nan,
                "track_times": False,
            } | self._squeeze
            group.create_dataset(probe.name, (0, columns), header.dtype, **options)
            _create_view(report, f"/neurosim/values/{probe.name}", columns, header.dtype)
        else:  # rows without a number cannot grow in HDF5, and need not
            for place, name, dtype in ((group, probe.name, header.dtype), (report, "data", np.float32)):
                place.create_dataset(name, (header.trials * per_trial, 0), dtype, track_times=False)
        report["data"].attrs["units"] = unit_of(probe, header.network)
        report["data"].attrs["variable"] = probe.variable or "message"
        report["data"].attrs["rows_per_trial"] = per_trial
        self._create_mapping(report.create_group("mapping"), probe)

    def _create_mapping(self, mapping: Any, probe: Probe) -> None:
        """Which column belongs to which neuron. The columns of synapses count as nodes, in the order of their senders."""
        neurons = recorded_indices(probe)
        mapping["node_ids"] = neurons.astype(np.uint64)
        mapping["node_ids"].attrs["sorted"] = np.uint8(np.all(np.diff(neurons) > 0))
        mapping["index_pointers"] = np.arange(neurons.size + 1, dtype=np.uint64)
        mapping["element_ids"] = (
            neurons.astype(np.uint32)
            if probe.owner in self.header.network.synapses
            else np.zeros(neurons.size, np.uint32)
        )
        mapping["element_pos"] = np.zeros(neurons.size, np.float32)
        mapping["index_pointer"], mapping["element_id"] = (
            mapping["index_pointers"],
            mapping["element_ids"],
        )  # the names that BMTK reads
        mapping["time"] = np.array([0.0, 0.0, probe.every * tick_ms(self.header)])
        mapping["time"].attrs["units"] = "ms"


def _create_view(report: h5py.Group, name: str, columns: int, dtype: np.dtype) -> None:
    """`data`, the 32-bit view of a growing dataset. A view that begins with no row would not grow, so it begins with one."""
    view = h5().VirtualLayout((1, columns), np.float32, maxshape=(None, columns))
    rows = slice(0, h5().h5s.UNLIMITED)
    view[rows, :] = h5().VirtualSource(".", name, (1, columns), dtype, maxshape=(None, columns))[rows, :]
    report.create_virtual_dataset("data", view, fillvalue=np.nan)


def _elsewhere() -> Any:
    """A file that takes no room on a disk where the system can make one."""
    return (
        os.fdopen(os.memfd_create("neurosim"), "wb")
        if hasattr(os, "memfd_create")
        else tempfile.TemporaryFile()
    )


def _append(data: Any, at: int, more: np.ndarray) -> None:
    if len(more):
        data.resize(at + len(more), axis=0)
        data[at:] = more


def _put_input(group: h5py.Group, name: str, given: np.ndarray | Spikes) -> dict:
    if not isinstance(given, Spikes):
        array = np.asarray(given)
        write_array(group, name, array, compression=1)
        return {"sha256": [digest(array)]}
    parts = {part: getattr(given, part) for part in ("trial", "tick", "neuron")}
    for part, array in parts.items():
        write_array(group.require_group(name), part, array, compression=1)
    return {"dt": given.dt, "sha256": [digest(array) for array in parts.values()]}

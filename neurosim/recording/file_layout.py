"""The groups and datasets of a recording file.

The file is a SONATA spike and report file (`/spikes`, `/report`; Dai et al. 2020, PLOS Computational Biology
16, e1007696, doi:10.1371/journal.pcbi.1007696), with everything else in the group `/neurosim`:

    description, arrays   the network: JSON, and the arrays it refers to by number
    run                   JSON: seed, ticks, trials, schedule, dt, engine, precision, versions, what was
                          recorded, and where the run started: start values, or a checkpoint
    inputs                what drove the run, one entry per population
    changes               what a session changed between ticks: `numbers` (bytes) and `index`, a line of JSON
                          for each. Its inputs grow while it runs
    values                the samples, per probe one dataset (row, column) in the float type of the run.
                          SONATA wants 32-bit reports, so /report holds 32-bit views of these, which take no
                          space
    blocks                one row per block on disk: first trial, trials, first tick, ticks, and for each
                          spiking probe the number of its spikes in the file after this block. Only what a
                          row covers counts as recorded
    end                   the state after the last tick: `numbers` (bytes) and `index` (JSON), and why the
                          run stopped

Trials lie end to end on one time axis: tick k of trial r is at (r*ticks + k)*dt, where `ticks` is the planned
number. Each trial has ceil(ticks/every) rows in a report. Without `Clock`, a tick counts as 1 ms.

All groups and datasets are made before the first tick. From then on the file only grows, in HDF5's
single-writer mode, in which it can be read at any moment; so a killed run loses no block that has reached the
disk.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from neurosim.network.codec import Json
from neurosim.network.probes import Probe
from neurosim.recording.block_table import COLUMNS
from neurosim.recording.compression import Compression, Filters, filters_of_samples, filters_of_spikes
from neurosim.recording.header import (
    Header,
    encode_header,
    recorded_indices,
    sample_count,
    sample_size,
    tick_ms,
    unit_of,
)
from neurosim.recording.network_group import NumberedArrays, write_network
from neurosim.recording.safe_hdf5 import (
    MAGIC,
    RECORDING,
    digest,
    h5,
    open_group,
    write_array,
    write_format,
    write_text,
)
from neurosim.recording.session_group import create_session
from neurosim.recording.spikes import Spikes
from neurosim.recording.value_writer import chunk_shape

if TYPE_CHECKING:
    import h5py


class Growing(TypedDict):
    maxshape: tuple[int | None]
    track_times: bool


GROWING: Growing = {"maxshape": (None,), "track_times": False}


def create_layout(file: h5py.File, header: Header, compression: Compression) -> None:
    """Make all groups and datasets of a recording in an empty file; datasets that grow begin empty.

    compression: gzip's level for samples and spikes, 0 (none) to 9, or 'blosc' for samples
    """
    file.attrs["magic"], file.attrs["version"] = np.uint32(MAGIC), np.array([0, 1], np.uint32)
    group = file.create_group("neurosim")
    write_format(group, RECORDING)
    clock = "" if header.dt else "; no clock: a tick counts as 1 ms"
    group.attrs["time_axis"] = np.bytes_(
        f"trial r, tick k at (r*{header.ticks} + k)*{tick_ms(header)} ms{clock}"
    )
    write_network(group, header.network)
    inputs = group.create_group("inputs")
    if header.session:
        entries = create_session(group, header)
    else:
        entries = {name: _write_input(inputs, name, given) for name, given in header.inputs.items()}
    run = encode_header(header, NumberedArrays(open_group(group, "arrays")).pack)
    mark = os.urandom(8).hex()  # tells equal runs apart
    run |= {"inputs": entries, "writer": {"run": mark}}
    write_text(group, "run", json.dumps(run, indent=1, allow_nan=False))
    columns = COLUMNS + sum(probe.events for probe in header.probes)
    group.create_dataset(
        "blocks", (0, columns), np.int64, maxshape=(None, columns), chunks=(128, columns), track_times=False
    )
    end = group.create_group("end")
    end.create_dataset("numbers", (0,), np.uint8, chunks=(2**14,), **GROWING)
    end.create_dataset("index", (0,), np.uint8, chunks=(2**10,), **GROWING)
    for probe in header.probes:
        if probe.events:
            _create_spikes(file, header, probe, filters_of_spikes(compression))
        else:
            _create_values(file, header, probe, filters_of_samples(compression))


def _create_spikes(file: h5py.File, header: Header, probe: Probe, compressed: Filters) -> None:
    group = file.require_group("spikes").create_group(probe.name)
    order = h5().enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
    group.attrs.create("sorting", 2 if header.trials == 1 else 0, dtype=order)
    expected = header.trials * header.ticks * sample_size(probe) / 64
    chunk = 2 ** int(np.clip(np.log2(max(expected, 1)), 7, 15))
    times = group.create_dataset("timestamps", (0,), np.float64, chunks=(chunk,), **GROWING, **compressed)
    times.attrs["units"] = "ms"
    group.create_dataset("node_ids", (0,), np.uint64, chunks=(chunk,), **GROWING, **compressed)


def _create_values(file: h5py.File, header: Header, probe: Probe, compressed: Filters) -> None:
    columns, per_trial = sample_size(probe), sample_count(header.ticks, probe.every)
    group, report = (
        file.require_group("neurosim/values"),
        file.require_group("report").create_group(probe.name),
    )
    if columns:
        group.create_dataset(
            probe.name, (0, columns), header.dtype, chunks=chunk_shape(header, probe, bool(compressed)),
            maxshape=(None, columns), fillvalue=np.nan, track_times=False, **compressed,
        )  # fmt: skip
        _create_view(report, f"/neurosim/values/{probe.name}", columns, header.dtype)
    else:  # HDF5 cannot extend a dataset without columns, and there is nothing to write
        rows = header.trials * per_trial
        group.create_dataset(probe.name, (rows, 0), header.dtype, track_times=False)
        report.create_dataset("data", (rows, 0), np.float32, track_times=False)
    report["data"].attrs["units"] = unit_of(probe, header.network)
    report["data"].attrs["variable"] = probe.variable or "message"
    report["data"].attrs["rows_per_trial"] = per_trial
    _create_mapping(report.create_group("mapping"), header, probe)


def _create_view(report: h5py.Group, name: str, columns: int, dtype: np.dtype) -> None:
    """Make `data`, a 32-bit view of a growing dataset; with one row, since it would not grow from none."""
    view = h5().VirtualLayout((1, columns), np.float32, maxshape=(None, columns))
    rows = slice(0, h5().h5s.UNLIMITED)
    view[rows, :] = h5().VirtualSource(".", name, (1, columns), dtype, maxshape=(None, columns))[rows, :]
    report.create_virtual_dataset("data", view, fillvalue=np.nan)


def _create_mapping(mapping: h5py.Group, header: Header, probe: Probe) -> None:
    """Write which column belongs to which neuron. Synapses count as nodes, in the order of their senders."""
    neurons = recorded_indices(probe)
    mapping["node_ids"] = neurons.astype(np.uint64)
    mapping["node_ids"].attrs["sorted"] = np.uint8(np.all(np.diff(neurons) > 0))
    mapping["index_pointers"] = np.arange(neurons.size + 1, dtype=np.uint64)
    of_synapses = probe.owner in header.network.synapses
    mapping["element_ids"] = (neurons if of_synapses else np.zeros(neurons.size)).astype(np.uint32)
    mapping["element_pos"] = np.zeros(neurons.size, np.float32)
    # The Brain Modeling Toolkit reads these two under other names.
    mapping["index_pointer"], mapping["element_id"] = mapping["index_pointers"], mapping["element_ids"]
    mapping["time"] = np.array([0.0, 0.0, probe.every * tick_ms(header)])
    mapping["time"].attrs["units"] = "ms"


def _write_input(group: h5py.Group, name: str, given: np.ndarray | Spikes) -> dict[str, Json]:
    """Write one input; returns the JSON that describes it, with digests."""
    if not isinstance(given, Spikes):
        array = np.asarray(given)
        write_array(group, name, array, compression=1)
        return {"sha256": [digest(array)]}
    parts = {part: getattr(given, part) for part in ("trial", "tick", "neuron")}
    for part, array in parts.items():
        write_array(group.require_group(name), part, array, compression=1)
    return {"dt": given.dt, "sha256": [digest(array) for array in parts.values()]}

"""Inputs and changes of a session in its file; `session_log.py` keeps them in memory.

An input of numbers is a dataset (trial, tick, *shape) in `inputs`, one of spikes a group with three datasets.
`changes` holds `numbers` (bytes) and `index`, a line of JSON for each change, and `cuts` (ticks).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from neurosim.network.codec import Json
from neurosim.recording.header import Change, Header, keeps_cuts, require
from neurosim.recording.safe_hdf5 import open_group, read_array
from neurosim.recording.session_log import cut_inputs
from neurosim.recording.spikes import Spikes, join_spikes

if TYPE_CHECKING:
    import h5py

CHUNK = 2**18  # bytes
PARTS = ("trial", "tick", "neuron")


def create_session(group: h5py.Group, header: Header) -> dict[str, Json]:
    """Make the datasets for inputs and changes in `/neurosim`; returns the JSON that describes the inputs."""
    changes = group.create_group("changes")
    for name, chunk in (("numbers", 2**14), ("index", 2**10)):
        changes.create_dataset(name, (0,), np.uint8, chunks=(chunk,), maxshape=(None,), track_times=False)
    changes.create_dataset("cuts", (0,), np.int64, chunks=(2**10,), maxshape=(None,), track_times=False)
    entries: dict[str, Json] = {}
    for name, given in header.inputs.items():
        if isinstance(given, Spikes):
            owner = group.create_group(f"inputs/{name}")
            for part in PARTS:
                owner.create_dataset(
                    part, (0,), np.int64, chunks=(2**10,), maxshape=(None,), track_times=False
                )
            entries[name] = {"dt": given.dt}
            continue
        trials, _, *shape = given.shape
        ticks = max(1, min(1000, CHUNK // max(8 * trials * prod(shape), 1)))
        group.create_dataset(
            f"inputs/{name}", (trials, 0, *shape), np.float64, chunks=(trials, ticks, *shape),
            maxshape=(trials, None, *shape), track_times=False,
        )  # fmt: skip
        entries[name] = {}
    return entries


class SessionGroup:
    """Collects inputs and changes, and writes them when a block is written.

    group: `/neurosim` of an open file
    """

    def __init__(self, group: h5py.Group, header: Header):
        self._group, self._header = group, header
        self._cuts: list[int] = []
        self._inputs: dict[str, list[np.ndarray | Spikes]] = {name: [] for name in header.inputs}
        self._changes: list[Change] = []

    def keep_inputs(self, tick: int, inputs: Mapping[str, np.ndarray | Spikes]) -> None:
        """Add the inputs of the ticks from `tick` on; arrays are copied."""
        if keeps_cuts(self._header):
            self._cuts.append(tick)
        for name, given in inputs.items():
            self._inputs[name].append(given if isinstance(given, Spikes) else given.copy())

    def keep_change(self, change: Change) -> None:
        """Add a change."""
        self._changes.append(change)

    def write(self) -> None:
        """Write what has been added."""
        for name, pieces in self._inputs.items():
            spikes = [piece for piece in pieces if isinstance(piece, Spikes)]
            values = [piece for piece in pieces if not isinstance(piece, Spikes)]
            if spikes:
                joined = join_spikes(spikes, self._header.dt)
                for part in PARTS:
                    _append(self._dataset(f"inputs/{name}/{part}"), getattr(joined, part))
            if values:
                more, data = np.concatenate(values, axis=1), self._dataset(f"inputs/{name}")
                before = data.shape[1]
                data.resize(before + more.shape[1], axis=1)
                data[:, before:] = more
            pieces.clear()
        for change in self._changes:
            numbers = self._dataset("changes/numbers")
            values = np.ascontiguousarray(change.values)
            line = {"tick": change.tick, "name": change.name, "dtype": values.dtype.str}
            line |= {"shape": list(change.values.shape), "start": numbers.shape[0]}
            _append(numbers, values.ravel().view(np.uint8))
            text = json.dumps(line, allow_nan=False) + "\n"
            _append(self._dataset("changes/index"), np.frombuffer(text.encode(), np.uint8))
        self._changes.clear()
        _append(self._dataset("changes/cuts"), np.array(self._cuts, np.int64))
        self._cuts.clear()

    def _dataset(self, name: str) -> h5py.Dataset:
        return cast("h5py.Dataset", self._group[name])


def _append(data: h5py.Dataset, more: np.ndarray) -> None:
    if len(more):
        before = data.shape[0]
        data.resize(before + len(more), axis=0)
        data[before:] = more


def read_session_input(
    group: h5py.Group, name: str, entry: Json, file_size: int, ticks: int
) -> np.ndarray | Spikes:
    """One input of a session that ran so many ticks."""
    if "dt" not in entry:
        values = read_array(group, name, file_size, "f")
        require(values.ndim >= 2 and values.shape[1] >= ticks, f"input {name!r}", values.shape)
        return cut_inputs(values, ticks)
    trial, tick, neuron = (read_array(open_group(group, name), part, file_size, "i") for part in PARTS)
    return cut_inputs(Spikes(trial, tick, neuron, entry["dt"]), ticks)


def read_changes(group: h5py.Group, file_size: int, ticks: int) -> Iterator[Change]:
    """What a session changed in its first ticks; a change that was not written to its end is left out."""
    numbers = read_array(group, "numbers", file_size, "u")
    text = bytes(read_array(group, "index", file_size, "u"))
    for line in text[: text.rfind(b"\n") + 1].splitlines():
        entry = json.loads(line)
        shape, start, dtype = tuple(entry["shape"]), entry["start"], np.dtype(entry["dtype"])
        counts = all(isinstance(n, int) and n >= 0 for n in (*shape, start, entry["tick"]))
        require(counts and isinstance(entry["name"], str) and dtype.kind in "biuf", "change", entry)
        stop = start + prod(shape) * dtype.itemsize
        require(stop <= numbers.size, "change", entry)
        if entry["tick"] <= ticks:
            yield Change(entry["tick"], entry["name"], numbers[start:stop].view(dtype).reshape(shape))

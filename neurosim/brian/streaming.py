"""What monitors record goes into files in neurosim's format while a network runs.

Runs that follow each other go on in one file. A run that does not go on where the file ends (another network,
a restored one, or other monitors) begins another: `run.h5`, then `run_2.h5`. Between runs a file is complete;
while it is written, or if the process is killed, it can be opened up to its last block.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from neurosim.brian.lowering import Lowered
from neurosim.brian.monitors import Monitor
from neurosim.brian.names import label
from neurosim.brian.recorded import network_of, probes_of
from neurosim.brian.refusal import Refused
from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.probes import Probe
from neurosim.plan.plan import Plan
from neurosim.recording.file_writer import FileWriter
from neurosim.recording.header import Header
from neurosim.recording.opening import open_recording
from neurosim.recording.safe_hdf5 import RECORDING, writable_path
from neurosim.recording.spikes import Spikes
from neurosim.versions import versions

LONGEST = 2**40  # ticks of one file


class Stream:
    """Writes the files of a script.

    path: of the first file; an older recording there is replaced
    """

    def __init__(self, path: str | os.PathLike[str]):
        if not isinstance(path, (str, os.PathLike)) or not str(path):
            raise DescriptionError(
                f"set_device: record_to {shown(path)} is not a path. Give one such as record_to='run.h5'."
            )
        self.path = writable_path(path, RECORDING)
        self.files = 0
        self._writer: FileWriter | None = None
        self._network = ""
        self._first = self._reached = 0  # ticks of the network: at which the file begins, and ends
        self._monitors: Sequence[Monitor] = ()

    def begin(self, network: str, lowered: Lowered, engine: str) -> None:
        """Begin a run.

        network: what tells the network from others
        lowered: the run
        engine: the name of the engine
        """
        plan, monitors = lowered.plan, lowered.monitors
        header = _header(lowered, engine)
        if not header.probes:
            self._writer = None
            return
        if self._goes_on(network, plan, header.probes):
            assert self._writer is not None
            self._writer.go_on()
        else:
            self._check_samples(plan, monitors)
            self._writer = FileWriter(header, self._next_path())
            self.files += 1
            self._first = plan.first_tick
        self._network, self._monitors, self._reached = network, monitors, plan.first_tick

    def use(self, monitors: Sequence[Monitor]) -> None:
        """Let the same monitors, lowered anew, write from now on."""
        self._monitors = monitors

    def write(
        self, first: int, ticks: int, samples: Mapping[str, np.ndarray], events: Mapping[str, Spikes]
    ) -> None:
        """Take what some ticks gave; see `Monitor.append`."""
        if self._writer is None:
            return
        kept = [piece for m in self._monitors for piece in m.kept(first, ticks, samples, events)]
        values: dict[str, np.ndarray] = {}
        spikes: dict[str, Spikes] = {}
        for probe, piece in zip(self._writer.header.probes, kept, strict=True):
            if isinstance(piece, Spikes):
                spikes[probe.name] = Spikes(piece.trial, piece.tick - self._first, piece.neuron, piece.dt)
            else:
                values[probe.name] = piece[None]
        self._writer.write(0, first - self._first, values, spikes, trials=1, ticks=ticks)
        self._reached = first + ticks

    def end(self) -> None:
        """End a run; the file is then complete, until another run goes on."""
        if self._writer is not None:
            self._writer.finish(self._reached - self._first, "end", {}).close()

    def abandon(self) -> None:
        """End a run that failed; the file can be opened up to its last block, and no run goes on in it."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _goes_on(self, network: str, plan: Plan, probes: Sequence[Probe]) -> bool:
        """Whether a run goes on where the file ends."""
        if self._writer is None or network != self._network or plan.first_tick != self._reached:
            return False
        before = self._writer.header
        return before.dt == plan.dt and [_key(p) for p in probes] == [_key(p) for p in before.probes]

    def _next_path(self) -> Path:
        """The path of the next file. Refuses to replace a recording there that is of no script."""
        if not self.files:
            return self.path
        path = self.path.with_name(f"{self.path.stem}_{self.files + 1}{self.path.suffix}")
        if path.exists():
            with open_recording(path) as old:
                if old.header.runs_again:
                    raise RecordingError(
                        f"{path}: exists, and is no recording of a Brian2 script. This run would replace it."
                        " Choose another record_to=, or delete it."
                    )
        return path

    def _check_samples(self, plan: Plan, monitors: Sequence[Monitor]) -> None:
        for monitor in monitors:
            if any(plan.first_tick % record.every for record in monitor.records):
                raise Refused(
                    label(monitor.thing), "the file would begin between two ticks of its clock"
                )  # fmt: skip


def check_can_leave_out(monitors: Sequence[Monitor]) -> None:
    """Refuse monitors whose records a file cannot hold, where only files are to hold them."""
    for monitor in monitors:
        if monitor.only_in_memory:
            names = " and ".join(map(repr, monitor.only_in_memory))
            raise Refused(label(monitor.thing), f"only the monitor itself can hold {names} at spikes")


def _key(probe: Probe) -> tuple[object, ...]:
    """What makes two probes the same."""
    index = None if probe.index is None else probe.index.tobytes()
    return probe.name, probe.owner, probe.variable, index, probe.shape, probe.every, probe.events


def _header(lowered: Lowered, engine: str) -> Header:
    """What a file says of a script."""
    plan = lowered.plan
    records = [record for monitor in lowered.monitors for record in monitor.records]
    sizes = {name: len(group) for name, group in lowered.groups.items()}
    network = network_of(records, sizes, plan.dt or 1.0)
    probes = probes_of(records, network)
    return Header(
        network=network, seed=plan.seed, ticks=LONGEST, trials=1, batched=False, precision=plan.precision,
        engine=engine, until=None, probes=tuple(probes), record=[(p.name, p.every) for p in probes],
        inputs={}, start={}, versions=versions(), runs_again=False,
    )  # fmt: skip

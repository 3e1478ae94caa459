"""`ns.replay`: run a recording again from what it holds, and compare."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.engine import NAMES, is_available
from neurosim.errors import DescriptionError, RecordingError
from neurosim.network.network import Network
from neurosim.network.values import Numeric, Value
from neurosim.plan.groups import neuron_scope
from neurosim.plan.lower import written_variables
from neurosim.recording.opening import open_recording
from neurosim.recording.recording import Recording
from neurosim.recording.spikes import Spikes
from neurosim.run import run
from neurosim.session import Session, session
from neurosim.start import Checkpoint
from neurosim.start_values import start_with_units

SPIKE_FIELDS = ("trial", "tick", "neuron")


@dataclass(frozen=True)
class Replay:
    """The result of a replay. It is true if the replay was identical, and `print` shows what differs.

    identical: whether everything that was recorded came out again
    differences: what differs, in words, by the name of the record
    recording: the new recording
    """

    identical: bool
    differences: Mapping[str, str]
    recording: Recording

    def __bool__(self) -> bool:
        return self.identical

    def __str__(self) -> str:
        engine = f"It ran on {self.recording.engine}."
        if self.identical:
            names = ", ".join(self.recording.names) or "nothing was recorded"
            return f"The replay is identical: {names}. {engine}"
        differences = (f"  {name}: {text}" for name, text in self.differences.items())
        return "\n".join(["The replay differs:", *differences, engine])


def replay(
    recording: str | os.PathLike[str] | Recording,
    *,
    engine: str | None = None,
    tolerance: float = 0.0,
    progress: bool | None = None,
) -> Replay:
    """Run again what a recording describes, from the recording alone, and compare everything that it holds.

    recording: a Recording, or the path of one
    engine: the engine to use; default: the one that made the recording, or, if that is not available here,
        the one that ns.run chooses. An interrupted recording is replayed as far as it goes.
    tolerance: how far values may differ, as a fraction of the largest absolute value under the same name. 0
        demands equal bits, which equal versions on equal processors give; functions such as exp differ in the
        last bits between processors. Spikes must be equal in any case.
    progress: whether to show a progress bar; default: on terminals and in notebooks, after a second

    Returns a Replay. Raises RecordingError if the recording cannot be opened.
    """
    if isinstance(recording, (str, os.PathLike)):
        with open_recording(recording) as opened:
            return replay(opened, engine=engine, tolerance=tolerance, progress=progress)
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < float("inf"):
        raise DescriptionError(
            f"replay: tolerance {tolerance!r} is not a number of 0 or more."
            " Give one such as 1e-9, or 0 for the same bits."
        )
    if not hasattr(recording, "header"):
        raise RecordingError(
            f"replay: {type(recording).__name__} is not a recording. Give a Recording or the path of one."
        )
    if not recording.header.runs_again:
        raise RecordingError(
            "replay: the recording is of a Brian2 script, of which it holds names and units but no"
            " equations. Run the script again."
        )
    again = rerun(recording, engine, progress)
    compared = {name: _difference(recording, again, name, tolerance) for name in recording.names}
    differences = {name: text for name, text in compared.items() if text}
    return Replay(not differences, differences, again)


def rerun(recording: Recording, engine: str | None, progress: bool | None) -> Recording:
    """Run again with the same network, inputs, start and seed, and record the same."""
    header = recording.header
    start: Checkpoint | Mapping[str, Numeric] | None = None
    if "tick" in header.start:
        start = _Checkpoint(
            header.network, header.start, header.batched, header.seed, header.precision, recording.path
        )
    elif header.start:
        start = start_with_units(header.network, header.start)
    engine = _engine(recording) if engine is None else engine
    if header.changes or header.cuts:
        return _rerun_session(recording, start, engine)
    return run(
        header.network,
        {name: _input(given, recording) for name, given in header.inputs.items()},
        ticks=recording.ticks,
        trials=recording.trials if recording.batched else None,
        record=dict(header.record),
        start=start,
        seed=header.seed,
        engine=engine,
        precision=header.precision,
        until=header.until if recording.stopped == "stable" else None,
        progress=progress,
    )


def _rerun_session(
    recording: Recording, start: Checkpoint | Mapping[str, Numeric] | None, engine: str
) -> Recording:
    """Run a session again, with its changes where they were made."""
    header = recording.header
    spikes = {name: "spikes" for name, given in header.inputs.items() if isinstance(given, Spikes)}
    numbers = {name: "numbers" for name in header.inputs if name not in spikes}
    again = session(
        header.network,
        spikes | numbers,
        ticks=recording.ticks,
        trials=recording.trials if recording.batched else None,
        record=dict(header.record),
        start=start,
        seed=header.seed,
        engine=engine,
        precision=header.precision,
    )
    inputs = {name: _input(given, recording) for name, given in header.inputs.items()}
    with again:
        for change in header.changes:
            _advance_to(again, change.tick, inputs, recording)
            again[change.name] = change.values if recording.batched else change.values[0]
        _advance_to(again, recording.ticks, inputs, recording)
    return again.recording


def _advance_to(again: Session, tick: int, inputs: Mapping[str, Any], recording: Recording) -> None:
    """Advance a session to a tick, cut as the recorded one was, with its part of inputs of a whole run."""
    cuts = [cut for cut in recording.header.cuts if again.ticks < cut < tick]
    for stop in (*cuts, tick):
        _advance_once(again, stop, inputs, recording.network, recording.batched)


def _advance_once(again: Session, tick: int, inputs: Mapping[str, Any], net: Network, batched: bool) -> None:
    first, given = again.ticks, dict[str, Any]()
    for name, values in inputs.items():
        if isinstance(values, tuple):
            *trial, ticks, neuron = values
            mine = (ticks >= first) & (ticks < tick)
            given[name] = (*(column[mine] for column in trial), ticks[mine] - first, neuron[mine])
            continue
        part = values[:, first:tick] if batched else values[first:tick]
        of = net.populations[name]
        scope = neuron_scope(net, of, written_variables(net)[name])
        given[name] = part if of.driven or of.spiking else Value(part, scope.dims[str(of.sends)])
    again.advance(tick - first, given)


def _engine(recording: Recording) -> str:
    """The engine that made a recording, if it is available here."""
    return recording.engine if recording.engine in NAMES and is_available(recording.engine) else "auto"


@dataclass(frozen=True)
class _Checkpoint:
    """The checkpoint from which the recorded run was continued, for `start` of ns.run."""

    network: Network
    final: Mapping[str, np.ndarray]
    batched: bool
    seed: int
    precision: str
    path: Path | None


def _input(given: np.ndarray | Spikes, recording: Recording) -> np.ndarray | tuple[np.ndarray, ...]:
    """An input as ns.run takes it, for the trials that the recording holds."""
    trials = recording.trials
    if isinstance(given, Spikes):
        held = given.select(given.trial < trials)
        return (held.trial, held.tick, held.neuron) if recording.batched else (given.tick, given.neuron)
    values = np.asarray(given)[:trials]
    return values if recording.batched else values[0]


def _difference(old: Recording, new: Recording, name: str, tolerance: float) -> str:
    """How two recordings differ under a name, in words; '' if they do not."""
    if old.probe(name).events:
        return _difference_of_spikes(old.spikes(name), new.spikes(name))
    before, now = np.asarray(old[name]), np.asarray(new[name])
    if before.shape != now.shape:
        return f"shape {before.shape} was recorded, {now.shape} came again."
    if np.array_equal(before, now, equal_nan=True):
        return ""
    gap = np.abs(before.astype(float) - now.astype(float))
    too_far = np.any(gap > tolerance * np.nanmax(np.abs(before), initial=0.0))
    if not too_far and np.array_equal(np.isnan(gap), np.isnan(before)):
        return ""
    differing = np.count_nonzero(before != now)
    return f"values differ by up to {np.nanmax(gap):.3g}, in {differing:,} of {before.size:,}."


def _difference_of_spikes(before: Spikes, now: Spikes) -> str:
    shared = min(len(before), len(now))
    differs = np.zeros(shared, bool)
    for field in SPIKE_FIELDS:
        differs |= getattr(before, field)[:shared] != getattr(now, field)[:shared]
    if len(before) == len(now) and not differs.any():
        return ""
    first = int(differs.argmax()) if differs.any() else shared
    return (
        f"{len(before)} spikes were recorded, {len(now)} came again;"
        f" the first difference is at spike {first}."
    )

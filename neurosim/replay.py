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
from neurosim.recording.opening import open_recording
from neurosim.recording.recording import Recording


@dataclass(frozen=True)
class Replay:
    """What a replay found: `identical`, or by name in words what differs; `recording` is the new run."""

    identical: bool
    differences: Mapping[str, str]
    recording: Recording

    def __bool__(self) -> bool:
        return self.identical

    def __str__(self) -> str:
        where = f"It ran on {self.recording.engine}."
        if self.identical:
            return f"The replay is identical: {', '.join(self.recording.names) or 'nothing was recorded'}. {where}"
        return "\n".join(
            ["The replay differs:", *(f"  {name}: {text}" for name, text in self.differences.items()), where]
        )


def replay(
    recording: str | os.PathLike | Any,
    *,
    engine: str | None = None,
    tolerance: float = 0.0,
    progress: bool | None = None,
) -> Replay:
    """Run again what a recording (or the file at a path) describes, from it alone, and compare everything it holds.

    Spikes must be the same. Values may differ by `tolerance` times the largest absolute value recorded under that name:
    0 demands the same bits, which the same versions on the same kind of processor give; functions such as exp differ in
    the last bits between processors. An interrupted recording is replayed as far as it goes, and every one on the engine that made it,
    unless `engine` names another; where that engine is not to be had, on the one that ns.run chooses. The result says on which.
    Raises RecordingError where the recording cannot be opened.
    """
    if isinstance(recording, (str, os.PathLike)):
        with open_recording(recording) as opened:
            return replay(opened, engine=engine, tolerance=tolerance, progress=progress)
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < float("inf"):
        raise DescriptionError(
            f"replay: tolerance {tolerance!r} is not a number of 0 or more. Give one such as 1e-9, or 0 for the same bits."
        )
    if not hasattr(recording, "header"):
        raise RecordingError(
            f"replay: {type(recording).__name__} is not a recording. Give a Recording or the path of one."
        )
    again = rerun(recording, engine, progress)
    differences = {
        name: text for name in recording.names if (text := _compare(recording, again, name, tolerance))
    }
    return Replay(not differences, differences, again)


def rerun(recording: Any, engine: str | None, progress: bool | None) -> Recording:
    """The same run again: network, inputs, start, seed and what was recorded."""
    from neurosim.run import run

    header = recording.header
    inputs = {name: _input(given, recording) for name, given in header.inputs.items()}
    start: Any = dict(header.start) or None
    if "tick" in header.start:
        start = _Resumed(
            header.network, header.start, header.batched, header.seed, header.precision, recording.path
        )
    return run(
        header.network, inputs, ticks=recording.ticks, trials=recording.trials if recording.batched else None,
        record=dict(header.record), start=start, seed=header.seed, engine=_engine(recording, engine), precision=header.precision,
        until=header.until if recording.stopped == "stable" else None, progress=progress,
    )  # fmt: skip


def _engine(recording: Any, asked: str | None) -> str:
    """The engine asked for, else the one that made the recording, if it can be had here."""
    if asked is not None:
        return asked
    return recording.engine if recording.engine in NAMES and is_available(recording.engine) else "auto"


@dataclass(frozen=True)
class _Resumed:
    """A checkpoint, as much of a recording as `start=` needs."""

    network: Any
    final: Mapping[str, np.ndarray]
    batched: bool
    seed: int
    precision: str
    path: Path | None


def _input(given: Any, recording: Any) -> Any:
    """An input in the form that `run` takes, for the trials that the recording holds."""
    trials = recording.trials
    if isinstance(given, np.ndarray) or not hasattr(given, "tick"):
        values = np.asarray(given)[:trials]
        return values if recording.batched else values[0]
    keep = given.trial < trials
    return (
        (given.trial[keep], given.tick[keep], given.neuron[keep])
        if recording.batched
        else (given.tick, given.neuron)
    )


def _compare(old: Any, new: Any, name: str, tolerance: float) -> str:
    """What differs, in words; '' for nothing."""
    probe = next(p for p in old.header.probes if p.name == name)
    if probe.events:
        a, b = old.spikes(name), new.spikes(name)
        if len(a) == len(b) and all(
            np.array_equal(getattr(a, part), getattr(b, part)) for part in ("trial", "tick", "neuron")
        ):
            return ""
        shared = min(len(a), len(b))
        apart = np.flatnonzero(
            (a.tick[:shared] != b.tick[:shared])
            | (a.neuron[:shared] != b.neuron[:shared])
            | (a.trial[:shared] != b.trial[:shared])
        )
        first = int(apart[0]) if apart.size else shared
        return (
            f"{len(a)} spikes were recorded, {len(b)} came again; the first difference is at spike {first}."
        )
    a, b = np.asarray(old[name]), np.asarray(new[name])
    if a.shape != b.shape:
        return f"shape {a.shape} was recorded, {b.shape} came again."
    if np.array_equal(a, b, equal_nan=True):
        return ""
    gap = np.abs(a.astype(float) - b.astype(float))
    if not np.any(gap > tolerance * np.nanmax(np.abs(a), initial=0.0)) and np.array_equal(
        np.isnan(gap), np.isnan(a)
    ):
        return ""
    return f"values differ by up to {np.nanmax(gap):.3g}, in {np.count_nonzero(a != b):,} of {a.size:,}."

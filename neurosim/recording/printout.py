"""What `print(recording)` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.probes import Probe
from neurosim.recording.header import sample_count, sample_size
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording


def printout(recording: Recording) -> str:
    """Length, seed, engine, inputs and, for each record, its shape and what it holds, as aligned text."""
    blocks = [
        _title(recording),
        f"Run with seed {recording.seed} on {recording.engine}, {recording.precision} precision; {_stopped(recording)}",
    ]
    if recording.path is not None:
        blocks.append(f"File {recording.path}")
    blocks.append(f"Network {repr(recording.network)[1:-1].removeprefix('Network: ')}")
    rows = [_record(recording, probe) for probe in recording.header.probes]
    blocks += ["Holds", *_columns(rows)] if rows else ["Holds no records"]
    inputs = [[name, _input(given)] for name, given in recording.inputs.items()]
    blocks += ["Driven by", *_columns(inputs)] if inputs else []
    versions = ", ".join(f"{name} {version}" for name, version in recording.versions.items())
    return "\n".join([*blocks, f"Made with {versions}"] if versions else blocks)


def _title(recording: Recording) -> str:
    trials = f"{recording.trials:,} trials of " if recording.batched else ""
    seconds = "" if recording.dt is None else f" ({recording.ticks * recording.dt:g} s)"
    return f"Recording of {trials}{recording.ticks:,} ticks{seconds}"


def _stopped(recording: Recording) -> str:
    header = recording.header
    if recording.stopped == "interrupted":
        planned = f"{header.trials:,} trials of {header.ticks:,}" if header.batched else f"{header.ticks:,}"
        before = "" if recording.ticks and recording.trials else " before anything had been recorded"
        return f"interrupted{before}, {planned} ticks were planned"
    return "ran to its end" if recording.stopped == "end" else "stopped when it was stable"


def _record(recording: Recording, probe: Probe) -> list[str]:
    if not probe.events:
        every = "" if probe.every == 1 else f", every {probe.every} ticks"
        return [probe.name, "values", _shape(recording, probe), f"{recording.header.dtype}{every}"]
    count = sum(
        len(piece)
        for piece in recording._store.events(probe, range(recording.trials), range(recording.ticks))
    )
    time = max(recording.trials * recording.ticks, 1) * (recording.dt or 1.0)
    rate = count / (max(sample_size(probe), 1) * time)
    return [
        probe.name,
        "spikes",
        _shape(recording, probe),
        f"{count:,} spikes, {rate:.3g} {'per tick' if recording.dt is None else 'Hz'} a neuron",
    ]


def _shape(recording: Recording, probe: Probe) -> str:
    trials = (recording.trials,) if recording.batched else ()
    return " x ".join(f"{n:,}" for n in (*trials, sample_count(recording.ticks, probe.every), *probe.shape))


def _input(given: object) -> str:
    if isinstance(given, Spikes):
        return f"{len(given):,} spikes"
    return " x ".join(f"{n:,}" for n in getattr(given, "shape", ()))


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]

"""What `print(recording)` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.probes import Probe
from neurosim.recording.header import sample_count, sample_size
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording


def printout(recording: Recording) -> str:
    """Length, seed, engine and inputs of a run, and the shape and content of its records, as aligned text."""
    how = f"Run with seed {recording.seed} on {recording.engine}, {recording.precision} precision"
    lines = [_title(recording), f"{how}; {_stopped(recording)}"]
    if recording.path is not None:
        lines.append(f"File {recording.path}")
    lines.append(f"Network {repr(recording.network)[1:-1].removeprefix('Network: ')}")
    rows = [_row(recording, probe) for probe in recording.header.probes]
    lines += ["Holds", *_aligned(rows)] if rows else ["Holds no records"]
    inputs = [[name, _input(given)] for name, given in recording.inputs.items()]
    lines += ["Driven by", *_aligned(inputs)] if inputs else []
    versions = ", ".join(f"{name} {version}" for name, version in recording.versions.items())
    return "\n".join([*lines, f"Made with {versions}"] if versions else lines)


def _title(recording: Recording) -> str:
    trials = f"{recording.trials:,} trials of " if recording.batched else ""
    seconds = "" if recording.dt is None else f" ({recording.ticks * recording.dt:g} s)"
    return f"Recording of {trials}{recording.ticks:,} ticks{seconds}"


def _stopped(recording: Recording) -> str:
    header = recording.header
    if recording.stopped == "interrupted":
        planned = f"{header.trials:,} trials of {header.ticks:,}" if header.batched else f"{header.ticks:,}"
        before = "" if recording.ticks and recording.trials else " before anything had been recorded"
        if header.session or not header.runs_again:
            what = "a session" if header.session else "a Brian2 script"
            return f"{what} that was interrupted{before}"
        return f"interrupted{before}, {planned} ticks were planned"
    return "ran to its end" if recording.stopped == "end" else "stopped when it was stable"


def _row(recording: Recording, probe: Probe) -> list[str]:
    """What the table of records says of a probe, cell by cell."""
    trials = (recording.trials,) if recording.batched else ()
    shape = _times((*trials, sample_count(recording.ticks, probe.every), *probe.shape))
    if not probe.events:
        every = "" if probe.every == 1 else f", every {probe.every} ticks"
        return [probe.name, "values", shape, f"{recording.header.dtype}{every}"]
    count = sum(len(piece) for piece, _ in recording.pieces(probe))
    time = max(recording.trials * recording.ticks, 1) * (recording.dt or 1.0)
    rate = count / (max(sample_size(probe), 1) * time)
    unit = "per tick" if recording.dt is None else "Hz"
    return [probe.name, "spikes", shape, f"{count:,} spikes, {rate:.3g} {unit} a neuron"]


def _input(given: object) -> str:
    return f"{len(given):,} spikes" if isinstance(given, Spikes) else _times(getattr(given, "shape", ()))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape)


def _aligned(rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines of text, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [f"  {line}".rstrip() for line in lines]

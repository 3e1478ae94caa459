"""Who spiked when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.figures.axes import new_axes, time_axis
from neurosim.network.neurons import Neurons, Part, label
from neurosim.network.probes import Probe
from neurosim.network.values import PLAIN, as_value
from neurosim.recording.header import recorded_indices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.recording.recording import Recording

COLOURS = ("#222222", "#0072B2")  # in turn, so that neighbours differ
LEAST_SHARE = 0.08  # of the height, for a population of few neurons among large ones
MANY = 20_000  # spikes; more are drawn as pixels, and as an image in vector files


def raster(
    recording: Recording,
    names: Any = None,
    *,
    trial: int = 0,
    start: Any = None,
    stop: Any = None,
    ax: Any = None,
) -> Axes:
    """Draw the spikes of a recording: a mark per spike, a row per neuron, the populations one below the other. Returns the axes.

    Arguments:
        recording: what `run` returned.
        names: a recorded population, or a list of them; default: all that spiked.
        trial: which trial, counted from 0.
        start, stop: the span of time drawn (stop is exclusive), in ticks, or as times under `Clock`; default: all of it.
        ax: axes to draw on; default: a new figure.

    Raises DescriptionError for names that hold no spikes and trials that there are not.
    """
    probes = _chosen(recording, names)
    check_trial(recording, trial, "raster")
    ax = new_axes(ax, 7.0, 3.6)
    tick, words = time_axis(recording.dt)
    rows = [recorded_indices(probe) for probe in probes]
    found = [recording.spikes(probe.name, trial=trial, start=start, stop=stop) for probe in probes]
    many = sum(len(spikes) for spikes in found) > MANY
    heights = np.maximum([len(row) for row in rows], LEAST_SHARE * sum(len(row) for row in rows))
    floors = np.cumsum(heights[::-1])[::-1] - heights
    points = ax.get_window_extent().height * 72 / ax.figure.dpi / heights.sum()
    for n, (probe, spikes, row, floor, height) in enumerate(
        zip(probes, found, rows, floors, heights, strict=True)
    ):
        place = np.zeros(int(row.max(initial=0)) + 1)
        place[row] = floor + (np.arange(len(row)) + 0.5) * height / len(row)
        marks = (
            dict(marker=",", rasterized=True)
            if many
            else dict(marker="|", markersize=float(np.clip(0.8 * points * height / len(row), 1.5, 9.0)))
        )
        ax.plot(
            spikes.tick * tick,
            place[spikes.neuron],
            linestyle="none",
            color=COLOURS[n % 2],
            gid=f"spikes:{probe.name}",
            **marks,
        )
        if n:
            ax.axhline(floor + height, color="0.7", linewidth=0.8)
    first = 0.0 if start is None else _ticks(start, recording) * tick
    last = recording.ticks * tick if stop is None else _ticks(stop, recording) * tick
    ax.set_xlim(first, max(last, first + tick))
    ax.set_ylim(0.0, heights.sum())
    ax.set_xlabel(words)
    _label_rows(ax, probes, rows, floors, heights)
    return ax


def check_trial(recording: Recording, trial: Any, caller: str) -> None:
    """Refuse a trial that the recording does not hold."""
    if (
        isinstance(trial, bool)
        or not isinstance(trial, (int, np.integer))
        or not 0 <= trial < recording.trials
    ):
        raise DescriptionError(
            f"{caller}: there is no trial {trial!r}. The recording holds {recording.trials}, counted from 0."
        )


def _chosen(recording: Recording, names: Any) -> list[Probe]:
    known = {probe.name: probe for probe in recording.probes if probe.events}
    if names is None:
        if not known:
            raise DescriptionError(
                "raster: the recording holds no spikes. Run with record=[...] naming a population that spikes."
            )
        return list(known.values())
    listed = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else [names]
    if not listed:
        raise DescriptionError(
            "raster: names is empty, so there is nothing to draw. Leave it out for all populations."
        )
    found = []
    for name in listed:
        text = label(name) if isinstance(name, (Neurons, Part)) else name
        if text not in known:
            held = text in recording.names
            rule = "holds values, not spikes; draw it with traces" if held else "was not recorded"
            raise DescriptionError(f"raster: {text!r} {rule}. {nearest(text, known)}")
        found.append(known[text])
    return found


def _ticks(given: Any, recording: Recording) -> float:
    value = as_value(given, "raster: start and stop")
    return float(value.number) if value.dim == PLAIN else float(value.number) / (recording.dt or 1.0)


def _label_rows(
    ax: Any, probes: list[Probe], rows: list[np.ndarray], floors: np.ndarray, heights: np.ndarray
) -> None:
    """The name and size of each population beside its rows; the numbers of the neurons where there is only one."""
    if len(probes) > 1:
        words = [f"{probe.name}\n{len(row):,}" for probe, row in zip(probes, rows, strict=True)]
        ax.set_yticks(floors + heights / 2, words)
        ax.tick_params(axis="y", length=0)
        return
    row = rows[0]
    ax.set_ylabel(f"neuron of {probes[0].owner}")
    shown = np.arange(0, len(row), _round_step(len(row) / 5))
    ax.set_yticks(shown + 0.5, [f"{row[n]:,}" for n in shown])


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below."""
    power = 10 ** max(0, int(np.floor(np.log10(max(least, 1.0)))))
    return next(int(step * power) for step in (1, 2, 5, 10) if step * power >= least)

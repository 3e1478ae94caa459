"""A raster plot: who spiked when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DescriptionError, nearest
from neurosim.figures.axes import new_axes, time_axis
from neurosim.network.neurons import Neurons, Population, label
from neurosim.network.part import Part
from neurosim.network.probes import Probe
from neurosim.recording.header import recorded_indices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.recording.recording import Recording
    from neurosim.units import Quantity

COLOURS = ("#222222", "#0072B2")  # in turn, so that neighbours differ
LEAST_SHARE = 0.08  # of the height of the figure, for a small population beside large ones
MANY = 20_000  # spikes; more than these are drawn as pixels, which vector files hold as an image


def raster(
    recording: Recording,
    names: str | Population | Sequence[str | Population] | None = None,
    *,
    trial: int = 0,
    start: float | Quantity | None = None,
    stop: float | Quantity | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the spikes of a recording: a mark for each spike, a row for each neuron, the populations one
    below the other.

    recording: what `run` returned. names: a population whose spikes were recorded, or several of them;
    all of them by default. trial: the trial, counted from 0. start, stop: the ticks, or under `Clock` the
    times, between which spikes are drawn (`stop` is exclusive); all by default. ax: axes to draw on; a
    new figure by default.

    Returns the axes.

    Raises DescriptionError for a name under which no spikes were recorded, and for a trial that the
    recording does not hold.
    """
    probes = _probes(recording, names)
    check_trial(recording, trial, "raster")
    ax = new_axes(ax, 7.0, 3.6)
    tick, time_label = time_axis(recording.dt)
    rows = [recorded_indices(probe) for probe in probes]
    spikes = [recording.spikes(probe.name, trial=trial, start=start, stop=stop) for probe in probes]
    heights = np.maximum([len(row) for row in rows], LEAST_SHARE * sum(len(row) for row in rows))
    floors = np.cumsum(heights[::-1])[::-1] - heights
    many = sum(len(events) for events in spikes) > MANY
    points = _height_in_points(ax) / heights.sum()
    for n, (probe, events, row, floor, height) in enumerate(
        zip(probes, spikes, rows, floors, heights, strict=True)
    ):
        y = np.zeros(int(row.max(initial=0)) + 1)  # by index in the population
        y[row] = floor + (np.arange(len(row)) + 0.5) * height / len(row)
        size = float(np.clip(0.8 * points * height / len(row), 1.5, 9.0))
        ax.plot(
            events.tick * tick,
            y[events.neuron],
            linestyle="none",
            marker="," if many else "|",
            markersize=size,
            rasterized=many,
            color=COLOURS[n % 2],
            gid=f"spikes:{probe.name}",
        )
        if n:
            ax.axhline(floor + height, color="0.7", linewidth=0.8)
    first = 0.0 if start is None else recording.tick(start, "raster: start") * tick
    last = recording.ticks * tick if stop is None else recording.tick(stop, "raster: stop") * tick
    ax.set_xlim(first, max(last, first + tick))
    ax.set_ylim(0.0, heights.sum())
    ax.set_xlabel(time_label)
    _label_rows(ax, probes, rows, floors + heights / 2)
    return ax


def check_trial(recording: Recording, trial: int, caller: str) -> None:
    """Refuse a trial that the recording does not hold; `caller` opens the message."""
    whole = isinstance(trial, (int, np.integer)) and not isinstance(trial, bool)
    if not whole or not 0 <= trial < recording.trials:
        raise DescriptionError(
            f"{caller}: there is no trial {trial!r}. The recording holds {recording.trials}, counted from 0."
        )


def _height_in_points(ax: Axes) -> float:
    return ax.get_window_extent().height * 72 / ax.figure.dpi


def _probes(recording: Recording, names: str | Population | Sequence[str | Population] | None) -> list[Probe]:
    known = {probe.name: probe for probe in recording.probes if probe.events}
    if names is None:
        if not known:
            raise DescriptionError(
                "raster: the recording holds no spikes. Run with record=[...] naming a population that "
                "spikes."
            )
        return list(known.values())
    listed = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else [names]
    if not listed:
        raise DescriptionError(
            "raster: names is empty, so there is nothing to draw. Leave it out for all populations."
        )
    return [_probe(recording, known, name) for name in listed]


def _probe(recording: Recording, known: dict[str, Probe], name: str | Population) -> Probe:
    text = label(name) if isinstance(name, (Neurons, Part)) else name
    if text not in known:
        values = text in recording.names
        rule = "holds values, not spikes; draw it with traces" if values else "was not recorded"
        raise DescriptionError(f"raster: {text!r} {rule}. {nearest(text, known)}")
    return known[text]


def _label_rows(ax: Axes, probes: list[Probe], rows: list[NDArray[np.int64]], middles: NDArray) -> None:
    """Write the name and size of each population beside its rows; of a single one, the numbers of neurons."""
    if len(probes) > 1:
        names = [f"{probe.name}\n{len(row):,}" for probe, row in zip(probes, rows, strict=True)]
        ax.set_yticks(middles, names)
        ax.tick_params(axis="y", length=0)
        return
    row = rows[0]
    ax.set_ylabel(f"neuron of {probes[0].owner}")
    ticks = np.arange(0, len(row), _round_step(len(row) / 5))
    ax.set_yticks(ticks + 0.5, [f"{row[n]:,}" for n in ticks])


def _round_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below `least`."""
    power = 10 ** max(0, int(np.floor(np.log10(max(least, 1.0)))))
    return next(int(step * power) for step in (1, 2, 5, 10) if step * power >= least)

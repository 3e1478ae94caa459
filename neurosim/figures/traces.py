"""Recorded values over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DescriptionError, nearest
from neurosim.figures.axes import new_axes, scaled, time_axis, with_unit
from neurosim.figures.raster import check_trial
from neurosim.network.neurons import Neurons, Population, label
from neurosim.network.part import Part
from neurosim.network.probes import Probe
from neurosim.recording.header import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurosim.recording.recording import Recording

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
DASHES = ("-", "--", "-.", ":")
MOST_NAMED = 8  # lines that the legend names


def traces(
    recording: Recording,
    name: str | Population,
    *,
    neurons: int | slice | Sequence[int] | NDArray[np.integer] = slice(0, 5),
    trial: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw recorded values over time, a line for each neuron or synapse.

    recording: what `run` returned.
    name: the name of what was recorded: 'liquid.v', 'pool' (what it sends), 'ears_to_liquid.w'.
    neurons: which of the recorded ones, counted from 0 in C order; the first five by default.
    trial: the trial, counted from 0.
    ax: axes to draw on; a new figure by default.

    Returns the axes.

    Raises DescriptionError for a name under which no values were recorded, and for neurons and trials
    that the recording does not hold.
    """
    probe = _probe(recording, name)
    check_trial(recording, trial, "traces")
    chosen = _chosen(probe, neurons)
    values = recording[probe.name]
    trials = (slice(trial, trial + 1),) if recording.batched else (None,)
    index = (*trials, slice(None), *np.unravel_index(chosen, probe.shape))
    lines = np.asarray(values[index], float)[0]  # (sample, neuron)
    tick, time_label = time_axis(recording.dt)
    factor, unit = scaled(float(np.nanmax(np.abs(lines), initial=0.0)), unit_of(probe, recording.network))
    ax = new_axes(ax, 7.0, 2.8)
    time = np.arange(len(lines)) * probe.every * tick
    for n, (neuron, line) in enumerate(zip(chosen, lines.T, strict=True)):
        ax.plot(
            time,
            line / factor,
            DASHES[n // len(COLOURS) % len(DASHES)],
            color=COLOURS[n % len(COLOURS)],
            linewidth=1.2,
            label=_number_text(probe, int(neuron)),
        )
    ax.set_xlabel(time_label)
    ax.set_ylabel(with_unit(probe.name, unit))
    ax.margins(x=0)
    if 1 < len(chosen) <= MOST_NAMED:
        title = "synapse" if probe.owner in recording.network.synapses else "neuron"
        ax.legend(title=title, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return ax


def _probe(recording: Recording, name: str | Population) -> Probe:
    text = label(name) if isinstance(name, (Neurons, Part)) else name
    known = {probe.name: probe for probe in recording.probes}
    if text not in known:
        raise DescriptionError(f"traces: {text!r} was not recorded. {nearest(text, known)}")
    if known[text].events:
        raise DescriptionError(
            f"traces: {text!r} holds spikes, not values. Draw it with raster, or record a variable of it, "
            f"such as '{text}.v'."
        )
    return known[text]


def _chosen(probe: Probe, neurons: int | slice | Sequence[int] | NDArray[np.integer]) -> NDArray[np.int64]:
    """The places of the chosen neurons among those recorded."""
    size = int(np.prod(probe.shape))
    try:
        chosen = np.atleast_1d(np.arange(size)[neurons])
    except IndexError:
        raise DescriptionError(
            f"traces: {probe.name!r} has no neurons {neurons!r}; it holds {size}, counted from 0. "
            "Choose among them."
        ) from None
    if chosen.ndim != 1 or not chosen.size:
        raise DescriptionError(
            f"traces: neurons={neurons!r} chooses nothing to draw of the {size} of {probe.name!r}. "
            "Give a number, a slice or a list."
        )
    return chosen


def _number_text(probe: Probe, place: int) -> str:
    """The number of a neuron in its population; its index on each axis if there are several."""
    if probe.index is not None:
        return str(int(np.asarray(probe.index)[place]))
    return ", ".join(str(int(n)) for n in np.unravel_index(place, probe.shape))

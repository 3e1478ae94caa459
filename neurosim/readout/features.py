"""From a recording to the matrix (sample, feature) that a readout learns from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.probes import Probe
from neurosim.network.values import PLAIN, TIME, as_value, whole
from neurosim.recording.header import sample_size

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording

OF_SPIKES = ("counts", "trace", "traces")
OF_VALUES = ("last", "mean", "states")
KINDS = (*OF_SPIKES, *OF_VALUES)
READ_NUMBERS = 2**22  # values that are read from a file at once


def features(
    recording: Recording,
    name: Any,
    kind: str,
    *,
    bins: int = 1,
    tau: Any = None,
    at: Any = None,
    every: int = 1,
    start: Any = None,
    stop: Any = None,
) -> np.ndarray:
    """What a readout sees of one recorded name, shape (sample, feature).

    The sample is a trial (one sample where the recording has no trial axis), and the features are those of all neurons:

        'counts'   how many spikes each neuron sent
        'trace'    sum over the spikes up to tick `at` of exp(-(at - tick)/tau)
        'last'     the value at the last recorded tick
        'mean'     the mean of the values over the recorded ticks

    or the sample is a tick, the trials end to end, as forecasts need it:

        'states'   the value at every recorded tick
        'traces'   the trace at every tick that is a multiple of `every`

    Arguments:
        recording: what `run` or `open` returned; from a file it is read in pieces.
        name: what was recorded: 'liquid' (its spikes, or what it sends), 'pool.v', 'liquid[:100]'.
        kind: one of those above; the first three words of spikes, the others of values.
        bins: how many equal spans of time are counted, or averaged, apart; the features of the first come first.
        tau: of the traces: a time under `Clock`, else a number of ticks.
        at: of 'trace': one or several moments, ticks or times under `Clock`; default: the last tick.
        every: of 'traces': how many ticks lie between samples.
        start, stop: the ticks (or times) looked at, stop exclusive; default: all. A trace still hears the spikes before.

    Raises RecordingError for a name that was not recorded, DescriptionError for a kind that does not fit it and times outside
    the recording.

    >>> import neurosim as ns
    >>> ears = ns.Neurons("ears", 2)
    >>> heard = ns.Network(ears, schedule=ns.Synchronous())
    >>> rec = ns.run(heard, {"ears": ([0, 0, 1], [0, 2, 3], [1, 1, 0])}, ticks=4, record=["ears"])
    >>> features(rec, "ears", "counts").tolist()
    [[0.0, 2.0], [1.0, 0.0]]
    >>> features(rec, "ears", "counts", bins=2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]
    """
    probe = recording.probe(name)
    _check_kind(probe, kind)
    where = f"features of {probe.name!r}"
    span = _span(recording, start, stop, where)
    if kind == "counts":
        return _counts(recording, probe, split(span, bins, where))
    if kind == "trace":
        return _trace(recording, probe, _tau(recording, tau, where), moments(at, span, recording.dt, where))
    if kind == "traces":
        _tau(recording, tau, where)
        return _traces(recording, probe, tau, every, span)
    if kind == "mean":
        return _mean(recording, probe, split(span, bins, where))
    first, last = (-(-tick // probe.every) for tick in (span.start, span.stop))
    if first == last:
        raise DescriptionError(
            f"{where}: no tick from {span.start} to {span.stop} was recorded. Choose another span, or record more often."
        )
    if kind == "last":
        return _values(recording, probe, last - 1, last)[:, 0]
    values = _values(recording, probe, first, last)
    return values.reshape(-1, values.shape[2])


def feature_names(
    probe: Probe, kind: str, spans: list[range] | None = None, at: list[int] | None = None
) -> list[str]:
    """A name for every feature: 'liquid_7', or 'liquid_7_bin_0' and 'liquid_7_tick_99' where there are several of a neuron."""
    neurons = np.arange(sample_size(probe)) if probe.index is None else probe.index
    parts = (
        [f"_bin_{k}" for k in range(len(spans or []))]
        if kind in ("counts", "mean")
        else [f"_tick_{tick}" for tick in at or []]
    )
    stem = probe.owner + (f".{probe.variable}" if probe.variable else "")
    return [f"{stem}_{neuron}{part}" for part in (parts if len(parts) > 1 else [""]) for neuron in neurons]


def ticks_of(given: Any, dt: float | None, where: str) -> int:
    """A number of ticks, or a time under `Clock`, in whole ticks; a time within a tick means that tick."""
    value = as_value(given, where)
    if not value.scalar or value.dim not in ((PLAIN,) if dt is None else (PLAIN, TIME)):
        raise DescriptionError(
            f"{where} {value} is not a {'number of ticks' if dt is None else 'time or a number of ticks'}. Give one number."
        )
    ticks = float(value.number) if value.dim == PLAIN else float(value.number) / (dt or 1.0) + 0.001
    if not np.isfinite(ticks) or (value.dim == PLAIN and ticks != int(ticks)):
        raise DescriptionError(
            f"{where} {value} is not a whole number of ticks. Give a whole number, such as {max(0, round(np.nan_to_num(ticks)))}."
        )
    return int(np.floor(ticks))


def split(span: range, bins: int, where: str) -> list[range]:
    """A span of ticks in `bins` parts that are equal, or differ by one tick."""
    n = whole(bins, f"{where}: bins", least=1)
    if n > len(span):
        raise DescriptionError(
            f"{where}: {len(span)} ticks cannot be split into bins={n}. Give at most {len(span)}."
        )
    edges = [span.start + k * len(span) // n for k in range(n + 1)]
    return [range(a, b) for a, b in pairwise(edges)]


def moments(at: Any, span: range, dt: float | None, where: str) -> list[int]:
    """The ticks that `at` names; None is the last of the span."""
    if at is None:
        return [span.stop - 1]
    given = as_value(at, f"{where}: at")
    listed = (
        [ticks_of(at, dt, f"{where}: at")]
        if given.scalar
        else [ticks_of(one, dt, f"{where}: at") for one in at]
    )
    for tick in listed:
        if tick not in span:
            raise DescriptionError(
                f"{where}: at {tick} is not between tick {span.start} and {span.stop - 1}. Give a tick that was run."
            )
    if not listed:
        raise DescriptionError(
            f"{where}: at names no tick. Give one or several, or leave it out for the last."
        )
    return listed


def _check_kind(probe: Probe, kind: str) -> None:
    if kind not in KINDS:
        raise DescriptionError(
            f"features of {probe.name!r}: kind {kind!r} is not known. {nearest(kind, KINDS)}"
        )
    if (kind in OF_SPIKES) != probe.events:
        held, remedy = ("spikes", OF_SPIKES) if probe.events else ("values", OF_VALUES)
        raise DescriptionError(
            f"features of {probe.name!r}: {kind!r} does not fit, as {held} were recorded. Use one of: {', '.join(remedy)}."
        )


def _span(recording: Recording, start: Any, stop: Any, where: str) -> range:
    first = 0 if start is None else ticks_of(start, recording.dt, f"{where}: start")
    last = recording.ticks if stop is None else ticks_of(stop, recording.dt, f"{where}: stop")
    if not 0 <= first < last <= recording.ticks:
        raise DescriptionError(
            f"{where}: ticks {first} to {last} are not within the {recording.ticks} that were run. Give 0 <= start < stop."
        )
    return range(first, last)


def _tau(recording: Recording, tau: Any, where: str) -> float:
    if tau is None:
        raise DescriptionError(
            f"{where}: traces need a time constant. Give tau={'20*ms' if recording.dt else '20'}."
        )
    return recording.time_constant(tau, f"{where}: tau")


def _pieces(recording: Recording, probe: Probe) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """All spikes, in pieces: the tick of each, and its place in a flat (trial, neuron), of which the last is the size."""
    neurons = sample_size(probe)
    for piece, column in recording.pieces(probe):
        yield piece.tick, piece.trial * neurons + column, recording.trials * neurons


def _counts(recording: Recording, probe: Probe, spans: list[range]) -> np.ndarray:
    counts = np.zeros((len(spans), recording.trials, sample_size(probe)))
    for tick, place, size in _pieces(recording, probe):
        for k, span in enumerate(spans):
            inside = (tick >= span.start) & (tick < span.stop)
            counts[k] += np.bincount(place[inside], minlength=size).reshape(counts[k].shape)
    return np.concatenate(list(counts), axis=1)


def _trace(recording: Recording, probe: Probe, tau: float, at: list[int]) -> np.ndarray:
    traces = np.zeros((len(at), recording.trials, sample_size(probe)))
    for tick, place, size in _pieces(recording, probe):
        for k, now in enumerate(at):
            heard = tick <= now
            fading = np.exp((tick[heard] - now) / tau)
            traces[k] += np.bincount(place[heard], fading, minlength=size).reshape(traces[k].shape)
    return np.concatenate(list(traces), axis=1)


def _traces(recording: Recording, probe: Probe, tau: Any, every: int, span: range) -> np.ndarray:
    step = whole(every, f"features of {probe.name!r}: every", least=1)
    found = recording.trace(probe.name, tau, step)
    found = found if recording.batched else found[None]
    return found[:, -(-span.start // step) : -(-span.stop // step)].reshape(-1, found.shape[2])


def _mean(recording: Recording, probe: Probe, spans: list[range]) -> np.ndarray:
    step = max(1, READ_NUMBERS // max(1, recording.trials * sample_size(probe)))
    means = np.zeros((len(spans), recording.trials, sample_size(probe)))
    for mean, span in zip(means, spans, strict=True):
        first, last = (-(-tick // probe.every) for tick in (span.start, span.stop))
        if first == last:
            raise DescriptionError(
                f"features of {probe.name!r}: no tick from {span.start} to {span.stop} was recorded (every {probe.every} ticks). Use fewer bins."
            )
        for at in range(first, last, step):
            mean += _values(recording, probe, at, min(at + step, last)).sum(axis=1)
        mean /= last - first
    return np.concatenate(list(means), axis=1)


def _values(recording: Recording, probe: Probe, first: int, last: int) -> np.ndarray:
    """The samples first .. last, shape (trial, sample, feature)."""
    values = recording[probe.name]
    chosen = np.asarray(values[:, first:last] if recording.batched else values[first:last], dtype=float)
    return chosen.reshape(recording.trials, last - first, -1)

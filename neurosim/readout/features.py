"""From a recording to the matrix (sample, feature) from which a readout learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, nearest
from neurosim.network.probes import Probe
from neurosim.network.values import PLAIN, TIME, as_value, whole
from neurosim.recording.header import sample_size

if TYPE_CHECKING:
    from neurosim.network.neurons import Population
    from neurosim.recording.recording import Recording
    from neurosim.units import Quantity

OF_SPIKES = ("counts", "trace", "traces")
OF_VALUES = ("last", "mean", "states")
KINDS = (*OF_SPIKES, *OF_VALUES)
READ_NUMBERS = 2**22  # values that are read from a file at once: 32 MiB


def features(
    recording: Recording,
    name: str | Population,
    kind: str,
    *,
    bins: int = 1,
    tau: float | Quantity | None = None,
    at: ArrayLike | Quantity | None = None,
    every: int = 1,
    start: float | Quantity | None = None,
    stop: float | Quantity | None = None,
) -> np.ndarray:
    """What a readout sees of one recorded name, shape (sample, feature).

    For most kinds a sample is a trial (a recording without a trial axis is one sample), and the features are
    those of all neurons:

        'counts'   how many spikes each neuron sent
        'trace'    sum over the spikes up to tick `at` of exp(-(at - tick)/tau)
        'last'     the value at the last recorded tick
        'mean'     the mean of the values over the recorded ticks

    For forecasts a sample is a tick, and the trials follow one another:

        'states'   the value at every recorded tick
        'traces'   the trace at every tick that is a multiple of `every`

    Arguments:
        recording: what `run` or `open` returned; a file is read in pieces.
        name: what was recorded: 'liquid' (its spikes, or what it sends), 'pool.v', 'liquid[:100]'.
        kind: one of those above: 'counts', 'trace' and 'traces' of spikes, the others of values.
        bins: number of equal time spans that are counted, or averaged, separately. The features of the first
            span come first.
        tau: the time constant of traces: a time under `Clock`, otherwise in ticks.
        at: for 'trace', the tick or ticks (or times under `Clock`) at which it is read; default: the last
            tick.
        every: for 'traces', the number of ticks between samples.
        start: the first tick (or time) that is used; default: the first. A trace includes the spikes before
            `start`.
        stop: the end, exclusive, as a tick (or time); default: the end of the recording.

    Raises RecordingError for a name that was not recorded, and DescriptionError for a kind that does not fit
    what was recorded and for times outside the recording.

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
    label = f"features of {probe.name!r}"
    span = _read_span(recording, start, stop, label)
    if kind == "counts":
        return _counts(recording, probe, split(span, bins, label))
    if kind == "trace":
        moments = read_moments(at, span, recording.dt, label)
        return _trace(recording, probe, _read_tau(recording, tau, label), moments)
    if kind == "traces":
        _read_tau(recording, tau, label)
        return _traces(recording, probe, tau, every, span)
    if kind == "mean":
        return _mean(recording, probe, split(span, bins, label))
    first, last = _samples(probe, span)
    if first == last:
        raise DescriptionError(
            f"{label}: no tick from {span.start} to {span.stop} was recorded. "
            "Choose another span, or record more often."
        )
    if kind == "last":
        return _values(recording, probe, last - 1, last)[:, 0]
    values = _values(recording, probe, first, last)
    return values.reshape(-1, values.shape[2])


def feature_names(
    probe: Probe, kind: str, spans: Sequence[range] | None = None, at: Sequence[int] | None = None
) -> list[str]:
    """A name for every feature: 'liquid_7', with '_bin_0' or '_tick_99' if a neuron has several.

    probe, kind: as in `features`.
    spans: the time spans of 'counts' and 'mean', as `split` returns them.
    at: the ticks of 'trace', as `read_moments` returns them.
    """
    neurons = np.arange(sample_size(probe)) if probe.index is None else probe.index
    if kind in ("counts", "mean"):
        endings = [f"_bin_{k}" for k in range(len(spans or []))]
    else:
        endings = [f"_tick_{tick}" for tick in at or []]
    stem = probe.owner + (f".{probe.variable}" if probe.variable else "")
    endings = endings if len(endings) > 1 else [""]
    return [f"{stem}_{neuron}{ending}" for ending in endings for neuron in neurons]


def ticks_of(duration: float | Quantity, dt: float | None, label: str) -> int:
    """A whole number of ticks, from a number of ticks or, under `Clock`, from a time.

    duration: the number or the time; a time within a tick means that tick.

    dt: the length of a tick in seconds, None without `Clock`.
    label: how errors begin.
    """
    value = as_value(duration, label)
    if not value.scalar or value.dim not in ((PLAIN,) if dt is None else (PLAIN, TIME)):
        rule = "number of ticks" if dt is None else "time or a number of ticks"
        raise DescriptionError(f"{label} {value} is not a {rule}. Give one number.")
    number = float(value.number)
    # A time that is a multiple of dt must not fall into the tick before by rounding.
    ticks = number if value.dim == PLAIN else number / (dt or 1.0) + 0.001
    if not np.isfinite(ticks) or (value.dim == PLAIN and ticks != int(ticks)):
        near = max(0, round(np.nan_to_num(ticks)))
        raise DescriptionError(
            f"{label} {value} is not a whole number of ticks. Give a whole number, such as {near}."
        )
    return int(np.floor(ticks))


def split(span: range, bins: int, label: str) -> list[range]:
    """A span of ticks in `bins` parts that are equal, or differ by one tick; errors begin with `label`."""
    n = whole(bins, f"{label}: bins", least=1)
    if n > len(span):
        raise DescriptionError(
            f"{label}: {len(span)} ticks cannot be split into bins={n}. Give at most {len(span)}."
        )
    edges = [span.start + k * len(span) // n for k in range(n + 1)]
    return [range(a, b) for a, b in pairwise(edges)]


def read_moments(at: ArrayLike | Quantity | None, span: range, dt: float | None, label: str) -> list[int]:
    """The ticks that `at` names, one or several, all within `span`; None is the last tick of the span."""
    if at is None:
        return [span.stop - 1]
    moments = [at] if as_value(at, f"{label}: at").scalar else at
    ticks = [ticks_of(moment, dt, f"{label}: at") for moment in moments]  # type: ignore[union-attr]
    for tick in ticks:
        if tick not in span:
            raise DescriptionError(
                f"{label}: at {tick} is not between tick {span.start} and {span.stop - 1}. "
                "Give a tick that was run."
            )
    if not ticks:
        raise DescriptionError(
            f"{label}: at names no tick. Give one or several, or leave it out for the last."
        )
    return ticks


def _check_kind(probe: Probe, kind: str) -> None:
    """Refuse kinds that do not exist, and those of spikes for values and the other way round."""
    if kind not in KINDS:
        raise DescriptionError(
            f"features of {probe.name!r}: kind {kind!r} is not known. {nearest(kind, KINDS)}"
        )
    if (kind in OF_SPIKES) != probe.events:
        recorded, fitting = ("spikes", OF_SPIKES) if probe.events else ("values", OF_VALUES)
        raise DescriptionError(
            f"features of {probe.name!r}: {kind!r} does not fit, as {recorded} were recorded. "
            f"Use one of: {', '.join(fitting)}."
        )


def _read_span(
    recording: Recording, start: float | Quantity | None, stop: float | Quantity | None, label: str
) -> range:
    """The ticks from `start` to `stop`, which must lie within the recording."""
    first = 0 if start is None else ticks_of(start, recording.dt, f"{label}: start")
    last = recording.ticks if stop is None else ticks_of(stop, recording.dt, f"{label}: stop")
    if not 0 <= first < last <= recording.ticks:
        raise DescriptionError(
            f"{label}: ticks {first} to {last} are not within the {recording.ticks} that were run. "
            "Give 0 <= start < stop."
        )
    return range(first, last)


def _read_tau(recording: Recording, tau: float | Quantity | None, label: str) -> float:
    """The time constant of traces, in ticks."""
    if tau is None:
        raise DescriptionError(
            f"{label}: traces need a time constant. Give tau={'20*ms' if recording.dt else '20'}."
        )
    return recording.time_constant(tau, f"{label}: tau")


def _samples(probe: Probe, span: range) -> tuple[int, int]:
    """The first sample within a span of ticks, and the first one after it."""
    return -(-span.start // probe.every), -(-span.stop // probe.every)


def _spikes(recording: Recording, probe: Probe) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All spikes, in pieces: the tick of each, and its index in the flattened (trial, neuron)."""
    for piece, column in recording.pieces(probe):
        yield piece.tick, piece.trial * sample_size(probe) + column


def _counts(recording: Recording, probe: Probe, spans: list[range]) -> np.ndarray:
    counts = np.zeros((len(spans), recording.trials, sample_size(probe)))
    for tick, flat in _spikes(recording, probe):
        for count, span in zip(counts, spans, strict=True):
            inside = (tick >= span.start) & (tick < span.stop)
            count += np.bincount(flat[inside], minlength=count.size).reshape(count.shape)
    return np.concatenate(list(counts), axis=1)


def _trace(recording: Recording, probe: Probe, tau: float, at: list[int]) -> np.ndarray:
    traces = np.zeros((len(at), recording.trials, sample_size(probe)))
    for tick, flat in _spikes(recording, probe):
        for trace, now in zip(traces, at, strict=True):
            past = tick <= now
            decayed = np.exp((tick[past] - now) / tau)
            trace += np.bincount(flat[past], decayed, minlength=trace.size).reshape(trace.shape)
    return np.concatenate(list(traces), axis=1)


def _traces(
    recording: Recording, probe: Probe, tau: float | Quantity | None, every: int, span: range
) -> np.ndarray:
    step = whole(every, f"features of {probe.name!r}: every", least=1)
    traces = recording.trace(probe.name, tau, step)  # type: ignore[arg-type]  # it refuses None
    traces = traces if recording.batched else traces[None]
    return traces[:, -(-span.start // step) : -(-span.stop // step)].reshape(-1, traces.shape[2])


def _mean(recording: Recording, probe: Probe, spans: list[range]) -> np.ndarray:
    step = max(
        1, READ_NUMBERS // max(1, recording.trials * sample_size(probe))
    )  # samples that are read at once
    means = np.zeros((len(spans), recording.trials, sample_size(probe)))
    for mean, span in zip(means, spans, strict=True):
        first, last = _samples(probe, span)
        if first == last:
            raise DescriptionError(
                f"features of {probe.name!r}: no tick from {span.start} to {span.stop} was recorded "
                f"(every {probe.every} ticks). Use fewer bins."
            )
        for at in range(first, last, step):
            mean += _values(recording, probe, at, min(at + step, last)).sum(axis=1)
        mean /= last - first
    return np.concatenate(list(means), axis=1)


def _values(recording: Recording, probe: Probe, first: int, last: int) -> np.ndarray:
    """The samples from `first` to before `last`, shape (trial, sample, feature)."""
    values = recording[probe.name]
    chosen = np.asarray(values[:, first:last] if recording.batched else values[first:last], dtype=float)
    return chosen.reshape(recording.trials, last - first, -1)

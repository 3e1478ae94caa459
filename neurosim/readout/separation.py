"""How well the states of a network tell its inputs apart, and for how long: separation and fading memory.

The state of spiking neurons is what their spikes leave in a readout: each spike train, filtered with an
exponential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError
from neurosim.network.values import plain_number, whole
from neurosim.readout.features import features, ticks_of
from neurosim.recording.header import sample_size
from neurosim.recording.recording import Recording
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.units import Quantity

SAMPLES_PER_TAU = 3  # how often traces are sampled by default


def spike_distance(spikes: Spikes, pairs: ArrayLike, *, tau: float, span: float) -> np.ndarray:
    """The distance between the spike trains of two trials, shape (pair,).

    d(u, v) = sqrt(integral of |u * k - v * k|^2)/span, with the Gaussian kernel k(s) = exp(-(s/tau)^2),
    summed over all neurons. The integral is exact: two spikes at a distance s add tau sqrt(pi/2) exp(-s^2/(2
    tau^2)).

    Arguments:
        spikes: those of `tasks` or of a recording.
        pairs: pairs of trials, shape (pair, 2).
        tau: the width of the kernel, in the unit of `spikes.time`: seconds under `Clock`, otherwise ticks.
            The paper takes 5 ms.
        span: the length of a trial, in the same unit. The paper takes 0.5 s.

    Raises DescriptionError for pairs that are not two trials each, and for numbers that are not above 0.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, figure 2,
        doi:10.1162/089976602760407955.

    >>> apart = Spikes([0, 1, 1], [100, 100, 500], [0, 0, 0])  # the second trial has one more spike
    >>> spike_distance(apart, [[0, 1]], tau=50.0, span=5000.0).round(6).tolist()
    [0.001583]
    """
    label, remedy = "spike_distance", "Give a number above 0 in the unit of spikes.time."
    tau = plain_number(tau, f"{label}: tau", remedy, low=1e-300)
    span = plain_number(span, f"{label}: span", remedy, low=1e-300)
    distances = []
    for first, second in _read_pairs(pairs, None, label):
        a, b = spikes.trial == first, spikes.trial == second
        chosen, sign = a | b, a.astype(float) - b
        sign, time, neuron = sign[chosen], spikes.time[chosen], spikes.neuron[chosen]
        overlap = np.exp(-((time[:, None] - time) ** 2) / (2 * tau**2)) * (neuron[:, None] == neuron)
        # Rounding may make the integral of a square slightly negative.
        distances.append(np.sqrt(max(0.0, tau * np.sqrt(np.pi / 2) * sign @ overlap @ sign)) / span)
    return np.array(distances)


def separation(
    recording: Recording,
    name: str,
    pairs: ArrayLike,
    *,
    tau: float | Quantity | None = None,
    every: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The distance between the states of two trials over time.

    d(t) = |x_u(t) - x_v(t)|, the Euclidean distance of the states of trials u and v. The state of spiking
    neurons is their traces, x(t) = sum over the spikes s <= t of exp(-(t - s)/tau); otherwise it is the
    recorded values.

    Arguments:
        recording: of a run with several trials.
        name: what was recorded: 'liquid' or 'pool.v'.
        pairs: pairs of trials, shape (pair, 2).
        tau: the time constant of traces: a time under `Clock`, otherwise in ticks. The paper takes 30 ms. Not
            for values.
        every: the number of ticks between samples of traces; default: tau/3. Not for values.

    Returns the ticks that were sampled, shape (sample,), and the distances, shape (pair, sample).

    Raises DescriptionError for pairs of trials that were not run, for spikes without `tau`, and for values
    with it.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, figure 2,
        doi:10.1162/089976602760407955.

    >>> import neurosim as ns
    >>> echo = ns.Neurons("echo", 1, update="v = 0.5*v + I")
    >>> drive = ns.Neurons("drive", 1)
    >>> net = ns.Network(ns.Synapses(drive, echo), schedule=ns.Layered())
    >>> heard = ns.run(net, {"drive": [[[0.0]] * 4, [[8.0], [0.0], [0.0], [0.0]]]}, record=["echo.v"])
    >>> separation(heard, "echo.v", [[0, 1]])
    (array([0, 1, 2, 3]), array([[8., 4., 2., 1.]]))
    """
    trials = _read_pairs(pairs, recording.trials, f"separation of {name!r}")
    ticks, states = _states(recording, name, tau, every)
    return ticks, np.linalg.norm(states[trials[:, 0]] - states[trials[:, 1]], axis=2)


def fading_memory(
    recording: Recording,
    name: str,
    pairs: ArrayLike,
    *,
    since: float | Quantity,
    share: float = 1 / np.e,
    tau: float | Quantity | None = None,
    every: int | None = None,
) -> float:
    """How long the states of two trials still differ after their inputs have become the same, in ticks.

    The result is the smallest T such that D(t) <= `share` D(`since`) at every sampled tick t from `since` + T
    on, where D is the `separation`, root mean square over the pairs. The inputs of the two trials of a pair
    must differ before `since` only. A network with fading memory (the echo state property) forgets, and T is
    finite. T is infinite if the difference lasts to the end of the recording, as in chaotic networks, and 0
    if the states did not differ at `since`.

    Arguments:
        recording: of a run with several trials.
        name: what was recorded: 'liquid' or 'pool.v'.
        pairs: pairs of trials, shape (pair, 2).
        since: the tick, or the time under `Clock`, from which on the inputs are the same.
        share: the fraction of the distance at `since` that counts as forgotten, between 0 and 1.
        tau: the time constant of traces, as in `separation`.
        every: the number of ticks between samples of traces, as in `separation`.

    Raises DescriptionError as `separation`, and for a `since` outside the run.

    Source: Maass, Natschlaeger & Markram 2004, J. Physiol. Paris 98, 315,
        doi:10.1016/j.jphysparis.2005.09.020; Legenstein
    & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.

    >>> import neurosim as ns
    >>> echo, drive = ns.Neurons("echo", 1, update="v = 0.5*v + I"), ns.Neurons("drive", 1)
    >>> net = ns.Network(ns.Synapses(drive, echo), schedule=ns.Layered())
    >>> heard = ns.run(net, {"drive": [[[0.0]] * 4, [[8.0], [0.0], [0.0], [0.0]]]}, record=["echo.v"])
    >>> fading_memory(heard, "echo.v", [[0, 1]], since=0)
    2.0
    """
    label = f"fading_memory of {name!r}"
    remedy = "Give a part of the distance, a number above 0 and below 1."
    share = plain_number(share, f"{label}: share", remedy, low=1e-300, high=np.nextafter(1, 0))
    begin = ticks_of(since, recording.dt, f"{label}: since")
    ticks, distance = separation(recording, name, pairs, tau=tau, every=every)
    if not 0 <= begin <= ticks[-1]:
        raise DescriptionError(
            f"{label}: since {begin} is not among the ticks 0 to {ticks[-1]} looked at. "
            "Give a tick that was run."
        )
    after = ticks >= begin
    ticks, apart = ticks[after], np.sqrt(np.mean(distance[:, after] ** 2, axis=0))
    above = np.flatnonzero(apart > share * apart[0])
    if not above.size:
        return 0.0
    return float(ticks[above[-1] + 1] - begin) if above[-1] + 1 < len(ticks) else float("inf")


def _states(
    recording: Recording, name: str, tau: float | Quantity | None, every: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """The sampled ticks, shape (sample,), and the states at them, shape (trial, sample, neuron)."""
    probe = recording.probe(name)
    if not probe.events:
        if tau is not None or every is not None:
            raise DescriptionError(
                f"states of {name!r}: tau and every are of spikes, and values were recorded. Leave them out."
            )
        every, rows = probe.every, features(recording, name, "states")
    else:
        if tau is None:
            raise DescriptionError(
                f"states of {name!r}: traces of spikes need a time constant. "
                f"Give tau={'30*ms' if recording.dt else '30'}."
            )
        if every is None:
            tau_in_ticks = recording.time_constant(tau, f"states of {name!r}: tau")
            every = max(1, int(tau_in_ticks / SAMPLES_PER_TAU))
        rows = features(recording, name, "traces", tau=tau, every=every)
    states = rows.reshape(recording.trials, -1, sample_size(probe))
    return np.arange(states.shape[1]) * every, states


def _read_pairs(pairs: ArrayLike, trials: int | None, label: str) -> np.ndarray:
    """Pairs of trials, shape (pair, 2); each below `trials` unless that is None."""
    array = np.asarray(pairs)
    if array.ndim != 2 or array.shape[1] != 2 or not len(array) or array.dtype.kind not in "iu":
        raise DescriptionError(
            f"{label}: pairs of shape {array.shape} are not rows of two trials. "
            "Give whole numbers such as [[0, 1], [2, 3]]."
        )
    for trial in (array.min(), array.max()):
        whole(int(trial), f"{label}: trial", most=2**53 if trials is None else trials - 1)
    return array

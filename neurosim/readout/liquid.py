"""How well the states of a network tell its inputs apart, and for how long: separation and fading memory.

The state of spiking neurons is what their spikes leave in a readout: each train through an exponential filter of `tau`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.values import plain_number, whole
from neurosim.readout.features import features, ticks_of
from neurosim.recording.header import sample_size
from neurosim.recording.recording import Recording
from neurosim.recording.spikes import Spikes

SAMPLES_PER_TAU = 3


def spike_distance(spikes: Spikes, pairs: Any, *, tau: float, span: float) -> np.ndarray:
    """How far the spike trains of two trials are apart, shape (pair,).

    d(u, v) = sqrt(integral of |u * k - v * k|^2)/span, with the Gaussian kernel k(s) = exp(-(s/tau)^2), summed over all neurons. The
    integral is exact: two spikes s apart add tau sqrt(pi/2) exp(-s^2/(2 tau^2)).

    Arguments: `spikes`, such as those of `tasks` or of a recording; `pairs` of trials, shape (pair, 2); `tau` and `span`, the length of
    the trial, in the unit of `spikes.time`: seconds under `Clock`, else ticks. The paper takes 5 ms and 0.5 s.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, figure 2, doi:10.1162/089976602760407955.

    >>> apart = Spikes([0, 1, 1], [100, 100, 500], [0, 0, 0])  # the second trial has a spike more
    >>> spike_distance(apart, [[0, 1]], tau=50.0, span=5000.0).round(6).tolist()
    [0.001583]
    """
    where = "spike_distance"
    tau = plain_number(tau, f"{where}: tau", "Give a number above 0 in the unit of spikes.time.", low=1e-300)
    span = plain_number(
        span, f"{where}: span", "Give a number above 0 in the unit of spikes.time.", low=1e-300
    )
    pairs = _read_pairs(pairs, np.inf, where)
    found = np.empty(len(pairs))
    for row, (first, second) in enumerate(pairs):
        a, b = spikes.trial == first, spikes.trial == second
        chosen, sign = a | b, a.astype(float) - b
        sign, time, neuron = sign[chosen], spikes.time[chosen], spikes.neuron[chosen]
        near = np.exp(-((time[:, None] - time) ** 2) / (2 * tau**2)) * (neuron[:, None] == neuron)
        found[row] = np.sqrt(max(0.0, tau * np.sqrt(np.pi / 2) * sign @ near @ sign)) / span
    return found


def separation(
    recording: Recording, name: str, pairs: Any, *, tau: Any = None, every: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """How far the states of two trials are apart as time goes by: the ticks looked at, and distances of shape (pair, tick).

    d(t) = |x_u(t) - x_v(t)|, the Euclidean distance of the states of the trials u and v: of spikes the traces
    x(t) = sum over spikes of exp(-(t - s)/tau), of other records the values.

    Arguments: `recording` with a trial axis; `name` of what was recorded, 'liquid' or 'pool.v'; `pairs` of trials, shape (pair, 2); `tau` of
    traces, a time under `Clock`, else ticks (the paper: 30 ms); `every` how many ticks lie between samples of traces (default: tau/3).

    Raises DescriptionError for pairs of trials that were not run, and a `tau` that is missing or of no use.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, figure 2, doi:10.1162/089976602760407955.

    >>> import neurosim as ns
    >>> echo = ns.Neurons("echo", 1, update="v = 0.5*v + I")
    >>> drive = ns.Neurons("drive", 1)
    >>> net = ns.Network(ns.Synapses(drive, echo), schedule=ns.Layered())
    >>> heard = ns.run(net, {"drive": [[[0.0]] * 4, [[8.0], [0.0], [0.0], [0.0]]]}, record=["echo.v"])
    >>> separation(heard, "echo.v", [[0, 1]])
    (array([0, 1, 2, 3]), array([[8., 4., 2., 1.]]))
    """
    pairs = _read_pairs(pairs, recording.trials, f"separation of {name!r}")
    ticks, states = _states(recording, name, tau, every)
    return ticks, np.linalg.norm(states[pairs[:, 0]] - states[pairs[:, 1]], axis=2)


def fading_memory(
    recording: Recording,
    name: str,
    pairs: Any,
    *,
    since: Any,
    share: float = 1 / np.e,
    tau: Any = None,
    every: int | None = None,
) -> float:
    """How long two histories remain apart in the state after their inputs have become the same, in ticks.

    The smallest T such that at every tick looked at from `since` + T on D(t) <= `share` D(`since`), where D is the `separation`, root mean
    square over the pairs. The inputs of the two trials of a pair differ before `since` only. A network with fading memory (the echo state property)
    forgets: T is finite. It is infinite where the difference lasts to the end of the recording, as in chaotic networks, and 0 where
    the states did not differ at `since`.

    Arguments: `since`, a tick, or a time under `Clock`; `share` of the distance, between 0 and 1; the others as in `separation`.

    Source: Maass, Natschlaeger & Markram 2004, J. Physiol. Paris 98, 315, doi:10.1016/j.jphysparis.2005.09.020; Legenstein & Maass 2007, Neural
    Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.
    """
    where = f"fading_memory of {name!r}"
    share = plain_number(
        share,
        f"{where}: share",
        "Give a part of the distance, a number above 0 and below 1.",
        low=1e-300,
        high=np.nextafter(1, 0),
    )
    begin = ticks_of(since, recording.dt, f"{where}: since")
    ticks, distance = separation(recording, name, pairs, tau=tau, every=every)
    if not 0 <= begin <= ticks[-1]:
        raise DescriptionError(
            f"{where}: since {begin} is not among the ticks 0 to {ticks[-1]} looked at. Give a tick that was run."
        )
    later = ticks >= begin
    ticks, apart = ticks[later], np.sqrt(np.mean(distance[:, later] ** 2, axis=0))
    above = np.flatnonzero(apart > share * apart[0])
    if not above.size:
        return 0.0
    return float(ticks[above[-1] + 1] - begin) if above[-1] + 1 < len(ticks) else float("inf")


def _states(recording: Recording, name: str, tau: Any, every: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The ticks looked at, and the states at them, (trial, sample, neuron)."""
    probe = recording.probe(name)
    if not probe.events:
        if tau is not None or every is not None:
            raise DescriptionError(
                f"states of {name!r}: tau and every are of spikes, and values were recorded. Leave them out."
            )
        step, found = probe.every, features(recording, name, "states")
    else:
        if tau is None:
            raise DescriptionError(
                f"states of {name!r}: traces of spikes need a time constant. Give tau={'30*ms' if recording.dt else '30'}."
            )
        step = (
            max(1, int(recording.time_constant(tau, f"states of {name!r}: tau") / SAMPLES_PER_TAU))
            if every is None
            else every
        )
        found = features(recording, name, "traces", tau=tau, every=step)
    states = found.reshape(recording.trials, -1, sample_size(probe))
    return np.arange(states.shape[1]) * step, states


def _read_pairs(given: Any, trials: float, where: str) -> np.ndarray:
    """Pairs of trials, shape (pair, 2)."""
    pairs = np.asarray(given)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs) or pairs.dtype.kind not in "iu":
        raise DescriptionError(
            f"{where}: pairs of shape {pairs.shape} are not rows of two trials. Give whole numbers such as [[0, 1], [2, 3]]."
        )
    for trial in (pairs.min(), pairs.max()):
        whole(int(trial), f"{where}: trial", most=2**53 if trials == np.inf else int(trials) - 1)
    return pairs

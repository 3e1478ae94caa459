"""What a reservoir can do before anything is learned: its memory, its separation, and its generalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import plain_number, whole
from neurosim.readout.network_factory import input_population
from neurosim.run import run

JOIN = "Join them, or give another network."


class MemoryCapacity(NamedTuple):
    """The memory capacity of a network: what `memory_capacity` returns.

    total: the capacity, the sum of `each`.
    delays: the delays k that were measured, in ticks, shape (delay,).
    each: the squared correlation of the input k ticks ago with what was read out of the states, shape
        (delay,).
    """

    total: float
    delays: np.ndarray
    each: np.ndarray


def memory_capacity(
    net: Network,
    *,
    output: str | None = None,
    delays: Sequence[int] | int | None = None,
    ticks: int = 5000,
    discard: int = 500,
    scale: float = 1.0,
    alpha: float = 1e-14,
    seed: int = 0,
    engine: str = "auto",
) -> MemoryCapacity:
    """How many past inputs linear readouts recover from the states of a network with one input.

    MC = sum over k of r2(u(t - k), y_k(t)), where the input u is uniform in +-`scale`, y_k is the linear
    readout that was fitted to give u(t - k), and r2 is the squared correlation on as many ticks that were not
    used for the fit. MC is at most the number of neurons.

    Arguments:
        net: a network with one driven population of one neuron.
        output: the population that is read, which must not spike; default: all that have text, side by side.
        delays: the delays k, in ticks; a number n means 1 ... n; default: 1 to twice the number of neurons
            that are read.
        ticks: number of ticks for the fit, and again for the measurement.
        discard: number of ticks at the beginning that are used for neither; at least the longest of `delays`.
        scale: the largest absolute input, in the unit of the input.
        alpha: the penalty of the ridge regression, which is solved by singular values.
        seed: of the random input and of the run.
        engine: as in `ns.run`.

    Returns a MemoryCapacity: `total`, and for each of `delays` the squared correlation `each`.

    Raises DescriptionError for a network with several inputs, for spiking outputs, and for too few ticks for
    a fit.

    Source: Jaeger 2002, Short term memory in echo state networks, GMD report 152.

    >>> from neurosim.models.echo_state import echo_state
    >>> 5 < memory_capacity(echo_state(1, 20, density=0.3), ticks=500).total < 20
    True
    """
    from sklearn.linear_model import Ridge  # takes long to import

    label = "memory_capacity"
    drive, outputs = input_population(net, None, label, JOIN), graded_populations(net, output, label)
    if drive.size != 1:
        raise DescriptionError(
            f"{label}: {drive.name!r} has {drive.size} neurons. Give a network with one input."
        )
    size = sum(population.size for population in outputs)
    lags = _read_delays(delays, 2 * size, label)
    discard = max(whole(discard, f"{label}: discard"), int(lags.max()))
    if whole(ticks, f"{label}: ticks", least=1) <= size + 1:
        raise DescriptionError(
            f"{label}: ticks {ticks} are too few to fit {size} weights. Give several times as many."
        )
    scale = plain_number(scale, f"{label}: scale", "Give a number above 0.", low=1e-300)
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, discard + 2 * ticks) * scale
    inputs = {drive.name: u.reshape(-1, *drive.shape)}
    states = _states(net, inputs, outputs, seed, engine)[discard:]
    targets = np.stack([u[discard - lag : len(u) - lag] for lag in lags], axis=1)  # (tick, delay)
    readout = Ridge(alpha=alpha, solver="svd").fit(states[:ticks], targets[:ticks])
    predicted = np.asarray(readout.predict(states[ticks:])).reshape(ticks, -1)
    each = squared_correlation(predicted, targets[ticks:])
    return MemoryCapacity(float(each.sum()), lags, each)


def kernel_quality(
    net: Network,
    *,
    output: str | None = None,
    streams: int | None = None,
    ticks: int = 100,
    scale: float = 1.0,
    tolerance: float | None = None,
    seed: int = 0,
    engine: str = "auto",
) -> int:
    """How many inputs a network tells apart linearly: the rank of its states after many random inputs.

    The rank is that of the matrix (stream, neuron) of the states after `ticks` ticks of each of `streams`
    random inputs, uniform in +-`scale`. It is at most the number of neurons.

    Arguments:
        net: a network with one driven population.
        output: the population that is read, which must not spike; default: all that have text, side by side.
        streams: number of random inputs; default: as many as neurons are read.
        ticks: length of each input, in ticks.
        scale: the largest absolute input, in the unit of the input.
        tolerance: a singular value counts if it is above `tolerance` times the largest one; default: that of
            `numpy.linalg.matrix_rank` in double precision.
        seed: of the random inputs and of the run.
        engine: as in `ns.run`.

    Raises DescriptionError for a network with no or several driven populations and for spiking outputs.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.
    """
    return _rank(net, output, streams, ticks, 0, scale, tolerance, seed, engine, "kernel_quality")


def generalization_rank(
    net: Network,
    *,
    same: int,
    output: str | None = None,
    streams: int | None = None,
    ticks: int = 100,
    scale: float = 1.0,
    tolerance: float | None = None,
    seed: int = 0,
    engine: str = "auto",
) -> int:
    """How many inputs that end alike a network still tells apart: the lower, the better it generalizes.

    As `kernel_quality`, but all inputs are equal in their last `same` ticks and differ only before. The
    difference of the two ranks is a measure of what the network can compute.

    Arguments:
        net: a network with one driven population.
        same: number of ticks at the end in which all inputs are equal, from 1 to `ticks`.
        output: the population that is read, which must not spike; default: all that have text, side by side.
        streams: number of random inputs; default: as many as neurons are read.
        ticks: length of each input, in ticks, the last `same` included.
        scale: the largest absolute input, in the unit of the input.
        tolerance: a singular value counts if it is above `tolerance` times the largest one; default: that of
            `numpy.linalg.matrix_rank` in double precision.
        seed: of the random inputs and of the run.
        engine: as in `ns.run`.

    Raises DescriptionError for a network with no or several driven populations and for spiking outputs.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017; inputs that
        end alike:
    Buesing, Schrauwen & Legenstein 2010, Neural Computation 22, 1272, doi:10.1162/neco.2009.01-09-947.
    """
    label = "generalization_rank"
    same = whole(same, f"{label}: same", least=1, most=whole(ticks, f"{label}: ticks", least=1))
    return _rank(net, output, streams, ticks, same, scale, tolerance, seed, engine, label)


def squared_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """cov(a, b)^2/(var a var b) of each pair of columns, shape (column,); 0 if one of the two is constant."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    spread = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    return np.divide((a * b).sum(axis=0) ** 2, spread, out=np.zeros(a.shape[1]), where=spread > 0)


def graded_populations(net: Network, output: str | None, label: str) -> list[Neurons]:
    """The population called `output`, or without a name all that have text; none of them may spike."""
    if output is not None and output not in net.populations:
        raise DescriptionError(
            f"{label}: output {output!r} is no population of the network. {nearest(output, net.populations)}"
        )
    populations = [
        population
        for name, population in net.populations.items()
        if (name == output if output is not None else not population.driven)
    ]
    if not populations:
        raise DescriptionError(
            f"{label}: the network has no population with text. Give one such as a reservoir."
        )
    for population in populations:
        if population.spiking:
            raise DescriptionError(
                f"{label}: {population.name!r} spikes. Name a population that sends numbers: output='...'."
            )
    return populations


def _read_delays(delays: Sequence[int] | int | None, most: int, label: str) -> np.ndarray:
    """The delays in ticks, shape (delay,): those listed, or 1 to a number, or by default 1 to `most`."""
    if delays is None or np.ndim(delays) == 0:
        return np.arange(1, (most if delays is None else whole(delays, f"{label}: delays", least=1)) + 1)
    lags = np.array([whole(delay, f"{label}: delays") for delay in np.asarray(delays)], dtype=int)
    if not lags.size:
        raise DescriptionError(f"{label}: delays are empty. Give at least one.")
    return lags


def _rank(
    net: Network,
    output: str | None,
    streams: int | None,
    ticks: int,
    same: int,
    scale: float,
    tolerance: float | None,
    seed: int,
    engine: str,
    label: str,
) -> int:
    """The rank of the last states after random inputs that are equal in their last `same` ticks."""
    drive, outputs = input_population(net, None, label, JOIN), graded_populations(net, output, label)
    size = sum(population.size for population in outputs)
    streams = size if streams is None else whole(streams, f"{label}: streams", least=1)
    scale = plain_number(scale, f"{label}: scale", "Give a number above 0.", low=1e-300)
    ticks = whole(ticks, f"{label}: ticks", least=1)
    u = np.random.default_rng(seed).uniform(-scale, scale, (streams, ticks, *drive.shape))
    u[:, ticks - same :] = u[:1, ticks - same :]
    if tolerance is not None:
        tolerance = plain_number(
            tolerance, f"{label}: tolerance", "Give a number from 0 to 1.", low=0, high=1
        )
    # Tick 0 and the last tick are the multiples of ticks - 1, so that only these two are recorded.
    states = _states(net, {drive.name: u}, outputs, seed, engine, every=max(1, ticks - 1))[:, -1]
    return int(np.linalg.matrix_rank(states, rtol=tolerance))


def _states(
    net: Network,
    inputs: dict[str, np.ndarray],
    outputs: list[Neurons],
    seed: int,
    engine: str,
    every: int = 1,
) -> np.ndarray:
    """What the outputs send at every `every`-th tick, side by side, shape ([trial,] sample, neuron)."""
    record = {population.name: every for population in outputs}
    recording = run(net, inputs, record=record, seed=seed, engine=engine, progress=False)
    values = [np.asarray(recording[name], dtype=float) for name in record]
    axes = 2 if recording.batched else 1
    return np.concatenate([value.reshape(*value.shape[:axes], -1) for value in values], axis=-1)

"""What a reservoir can do before anything is learned: how long it remembers, how well it separates, how well it generalises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import plain_number, whole
from neurosim.run import run

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording


class MemoryCapacity(NamedTuple):
    """The capacity, and of each delay the squared correlation of the input with what was read out of it."""

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

    MC = sum over k of r2(u(t - k), y_k(t)), where u is uniform in +-`scale`, y_k the linear readout that was fitted to give
    u(t - k), and r2 the squared correlation on as many ticks that were not used for the fit. It is at most the number of neurons.

    Arguments:
        net: a network with one driven population of one neuron.
        output: the graded population that is read; default: all that have text, side by side.
        delays: which k, in ticks; a number n means 1 ... n; default: 1 to twice the number of neurons that are read.
        ticks: how many are learned from, and again how many are measured on, after the first `discard`.
        alpha: of the ridge regression, solved by singular values.
        seed, engine: of the input, and as in `ns.run`.

    Raises DescriptionError for a network with several inputs, spiking outputs, and too few ticks for a fit.

    Source: Jaeger 2002, Short term memory in echo state networks, GMD report 152.
    """
    from sklearn.linear_model import Ridge

    where = "memory_capacity"
    drive, outputs = only_driven(net, where), graded(net, output, where)
    if drive.size != 1:
        raise DescriptionError(
            f"{where}: {drive.name!r} has {drive.size} neurons. Give a network with one input."
        )
    size = sum(population.size for population in outputs)
    lags = _lags(delays, 2 * size, where)
    discard = max(whole(discard, f"{where}: discard"), int(lags.max()))
    if whole(ticks, f"{where}: ticks", least=1) <= size + 1:
        raise DescriptionError(
            f"{where}: ticks {ticks} are too few to fit {size} weights. Give several times as many."
        )
    u = np.random.default_rng(seed).uniform(-1.0, 1.0, discard + 2 * ticks) * plain_number(
        scale, f"{where}: scale", "Give a number above 0.", low=1e-300
    )
    states = _states(net, {drive.name: u.reshape(-1, *drive.shape)}, outputs, seed, engine)[discard:]
    wanted = np.stack([u[discard - lag : len(u) - lag] for lag in lags], axis=1)
    readout = Ridge(alpha=alpha, solver="svd").fit(states[:ticks], wanted[:ticks])
    found = np.asarray(readout.predict(states[ticks:])).reshape(ticks, -1)
    each = squared_correlation(found, wanted[ticks:])
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
    """How many different inputs a network tells apart linearly: the rank of its states after as many random inputs.

    The rank of the matrix (stream, neuron) of the states after `ticks` ticks of each of `streams` random inputs, uniform in +-`scale`;
    at most the number of neurons. A singular value counts if it is above `tolerance` times the largest; default: numpy's
    for a rank in double precision.

    Arguments: `output` as in `memory_capacity`; `streams`: default as many as neurons are read.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.
    """
    return _rank(net, output, streams, ticks, None, scale, tolerance, seed, engine, "kernel_quality")


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
    """How much of what should not matter any more a network still tells apart: a low rank generalises well.

    As `kernel_quality`, but the inputs are alike in their last `same` ticks and differ only before. The difference of the two
    ranks is a measure of what the network can compute.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017; inputs that end alike: Buesing,
    Schrauwen & Legenstein 2010, Neural Computation 22, 1272, doi:10.1162/neco.2009.01-09-947.
    """
    same = whole(
        same, "generalization_rank: same", least=1, most=whole(ticks, "generalization_rank: ticks", least=1)
    )
    return _rank(net, output, streams, ticks, same, scale, tolerance, seed, engine, "generalization_rank")


def squared_correlation(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """cov(a, b)^2/(var a var b) of every column; 0 where one of them is constant."""
    a, b = found - found.mean(axis=0), wanted - wanted.mean(axis=0)
    spread = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    return np.divide((a * b).sum(axis=0) ** 2, spread, out=np.zeros(a.shape[1]), where=spread > 0)


def only_driven(net: Network, where: str) -> Neurons:
    """The population that is driven from outside, of which there must be one."""
    found = [population for population in net.populations.values() if population.driven]
    if len(found) != 1:
        names = ", ".join(population.name for population in found) or "none"
        raise DescriptionError(
            f"{where}: takes a network with one driven population, and these are driven: {names}. Join them, or give another."
        )
    return found[0]


def graded(net: Network, output: str | None, where: str) -> list[Neurons]:
    """The populations that are read: that of the name, or all that have text; none may spike."""
    if output is not None and output not in net.populations:
        raise DescriptionError(
            f"{where}: output {output!r} is no population of the network. {nearest(output, net.populations)}"
        )
    found = (
        [net.populations[output]]
        if output is not None
        else [population for population in net.populations.values() if not population.driven]
    )
    if not found:
        raise DescriptionError(
            f"{where}: the network has no population with text. Give one such as a reservoir."
        )
    for population in found:
        if population.spiking:
            raise DescriptionError(
                f"{where}: {population.name!r} spikes. Name a population that sends numbers: output='...'."
            )
    return found


def _lags(delays: Any, most: int, where: str) -> np.ndarray:
    if delays is None or np.ndim(delays) == 0:
        return np.arange(1, (most if delays is None else whole(delays, f"{where}: delays", least=1)) + 1)
    found = np.array([whole(delay, f"{where}: delays") for delay in delays], dtype=int)
    if not found.size:
        raise DescriptionError(f"{where}: delays are empty. Give at least one.")
    return found


def _rank(
    net: Network,
    output: Any,
    streams: Any,
    ticks: Any,
    same: int | None,
    scale: Any,
    tolerance: Any,
    seed: int,
    engine: str,
    where: str,
) -> int:
    drive, outputs = only_driven(net, where), graded(net, output, where)
    size = sum(population.size for population in outputs)
    streams = size if streams is None else whole(streams, f"{where}: streams", least=1)
    scale = plain_number(scale, f"{where}: scale", "Give a number above 0.", low=1e-300)
    u = np.random.default_rng(seed).uniform(
        -scale, scale, (streams, whole(ticks, f"{where}: ticks", least=1), *drive.shape)
    )
    if same is not None:
        u[:, ticks - same :] = u[:1, ticks - same :]
    tolerance = (
        None
        if tolerance is None
        else plain_number(tolerance, f"{where}: tolerance", "Give a number from 0 to 1.", low=0, high=1)
    )
    states = _states(net, {drive.name: u}, outputs, seed, engine, last=True)
    return int(np.linalg.matrix_rank(states, rtol=tolerance))


def _states(
    net: Network, inputs: dict, outputs: list[Neurons], seed: int, engine: str, last: bool = False
) -> np.ndarray:
    """What the populations send, side by side: (tick, neuron), or with `last` at the last tick, (trial, neuron)."""
    ticks = next(iter(inputs.values())).shape[1 if last else 0]
    every = max(1, ticks - 1) if last else 1
    recording: Recording = run(
        net,
        inputs,
        record={population.name: every for population in outputs},
        seed=seed,
        engine=engine,
        progress=False,
    )
    values = [np.asarray(recording[population.name], dtype=float) for population in outputs]
    if last:
        return np.concatenate([value[:, -1].reshape(len(value), -1) for value in values], axis=1)
    return np.concatenate([value.reshape(len(value), -1) for value in values], axis=1)

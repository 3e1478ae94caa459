"""Whether a network forgets, keeps or amplifies a small difference in its state."""

from __future__ import annotations

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole
from neurosim.readout.trajectory import Inputs, Start, Trajectory


def lyapunov_exponent(
    net: Network,
    inputs: Inputs | None = None,
    *,
    ticks: int | None = None,
    start: Start = None,
    discard: int = 100,
    every: int = 10,
    distance: float = 1e-8,
    seed: int | None = None,
    engine: str = "auto",
) -> float:
    """The largest Lyapunov exponent, per tick: how fast two runs with slightly different states diverge.

    The second run (the twin) gets the same input and starts at `distance` from the state of the run, times
    the norm of the state if that is above 1. After `every` ticks, when it is d away, it is put back to
    `distance` in the direction in which it has gone. The exponent is the mean of ln(d/distance)/every. If it
    is below 0, the network forgets its start, as an echo state network must; if it is above 0, the network is
    chaotic. A freely running network that has learned a chaotic system should have the exponent of that
    system, times the duration of a tick in the time of that system.

    Arguments:
        net: a network whose populations send their only variable and have no randomness in their text.
        inputs: arrays (tick, *shape) by driven population, in the unit of the input; default: 0.
        ticks: length of the run; default: that of the inputs.
        start: what to start from, as in `ns.run`: a Recording, such as that of a forced run, or start values.
        discard: number of ticks at the beginning in which the twin finds the direction that grows fastest.
            They do not count.
        every: number of ticks after which the twin is put back.
        distance: the distance of the twin, relative to the norm of the state and small against 1.
        seed: as in `ns.run`; default: that of the recording `start`, else 0.
        engine: as in `ns.run`.

    Returns the exponent, per tick; minus infinity if the difference vanished, infinity if the twin ran away.

    Raises DescriptionError for networks with spikes, randomness or hidden variables, and for runs that are
    too short.

    Source: Benettin, Galgani & Strelcyn 1976, Phys. Rev. A 14, 2338, doi:10.1103/PhysRevA.14.2338; for
        reservoirs:
    Boedecker et al. 2012, Theory Biosci. 131, 205, doi:10.1007/s12064-011-0146-8.

    >>> import neurosim as ns
    >>> halving = ns.Neurons("halving", 1, update="v = 0.5*v + I", v=1.0)
    >>> net = ns.Network(ns.Synapses(ns.Neurons("drive", 1), halving), schedule=ns.Layered())
    >>> round(lyapunov_exponent(net, ticks=300), 4)  # ln(0.5)
    -0.6931
    """
    label = "lyapunov_exponent"
    distance = plain_number(
        distance, f"{label}: distance", "Give a small number above 0, such as 1e-8.", low=1e-300
    )
    every, discard = whole(every, f"{label}: every", least=1), whole(discard, f"{label}: discard")
    path = Trajectory.simulate(net, inputs, ticks, start, seed, engine, label)
    # Many twins run side by side, each over its own stretch of the trajectory: each first finds its direction
    # in `settling` spans of `every` ticks and is then measured in `measured` spans.
    spans, settling = (path.ticks - path.lead) // every, -(-discard // every)
    measured = max(1, min(settling, spans - settling))
    twins = (spans - settling) // measured
    if twins < 1:
        raise DescriptionError(
            f"{label}: {path.ticks} ticks are too few for discard={discard} and every={every}. Run longer."
        )
    at = path.lead - 1 + np.arange(twins) * measured * every
    direction = np.random.default_rng(path.seed).normal(size=(twins, path.lead, path.size))
    growth = []
    for span in range(settling + measured):
        before = distance * np.maximum(1.0, np.linalg.norm(path.states[at + span * every], axis=1))
        direction *= (before / np.linalg.norm(direction, axis=(1, 2)))[:, None, None]
        direction = path.deviations(at + span * every, direction, every)
        after = np.linalg.norm(direction, axis=(1, 2))
        if not (after > 0).all() or not np.isfinite(after).all():
            return float("-inf") if (after == 0).any() else float("inf")
        if span >= settling:
            growth.append(np.log(after / before) / every)
    return float(np.mean(growth))


def jacobian(
    net: Network,
    inputs: Inputs | None = None,
    *,
    ticks: int | None = None,
    start: Start = None,
    seed: int | None = None,
    engine: str = "auto",
) -> np.ndarray:
    """The derivative of the network's next state by its state at the end of a run: d state(t + 1)/d state(t).

    The state is what all populations with text sent in the last ticks, as many as the longest delay: tick by
    tick, the newest last, and within a tick one population after the other. The derivative is taken by
    central differences.

    Arguments:
        net: a network whose populations send their only variable and have no randomness in their text.
        inputs: arrays (tick, *shape) by driven population, in the unit of the input; default: 0.
        ticks: length of the run; default: that of the inputs, or 100 without inputs.
        start: what to start from, as in `ns.run`: a Recording, such as that of a forced run, or start values.
        seed: as in `ns.run`; default: that of the recording `start`, else 0.
        engine: as in `ns.run`.

    Returns the matrix, shape (state after, state before).

    Raises DescriptionError for networks with spikes, randomness or hidden variables, and for runs that are
    too short.

    >>> import neurosim as ns
    >>> halving = ns.Neurons("halving", 1, update="v = 0.5*v + I")
    >>> net = ns.Network(ns.Synapses(ns.Neurons("drive", 1), halving), schedule=ns.Layered())
    >>> jacobian(net).round(6)
    array([[0.5]])
    """
    label = "jacobian"
    ticks = ticks if ticks is not None or inputs else 100
    path = Trajectory.simulate(net, inputs, ticks, start, seed, engine, label)
    at = path.ticks - 2
    if at < path.lead - 1:
        raise DescriptionError(
            f"{label}: {path.ticks} ticks are too few for delays of {path.lead}. Run longer."
        )
    step = 1e-6
    size = path.lead * path.size
    difference = np.eye(size).reshape(size, path.lead, path.size) * step
    after = path.deviations(np.full(2 * size, at), np.concatenate([difference, -difference]), 1)
    plus, minus = after.reshape(2, size, size)
    return ((plus - minus) / (2 * step)).T


def effective_spectral_radius(
    net: Network,
    inputs: Inputs | None = None,
    *,
    ticks: int | None = None,
    start: Start = None,
    seed: int | None = None,
    engine: str = "auto",
) -> float:
    """The spectral radius of a network at work: that of its Jacobian at the end of a run.

    At rest (no inputs, no bias) the radius of a leaky echo state network is that of (1 - leak) 1 + leak W.
    Large inputs saturate its units, and the radius shrinks. In a closed loop at a fixed point, a radius above
    1 means that the network will leave the fixed point.

    Arguments:
        net: a network whose populations send their only variable and have no randomness in their text.
        inputs: arrays (tick, *shape) by driven population, in the unit of the input; default: 0.
        ticks: length of the run; default: that of the inputs, or 100 without inputs.
        start: what to start from, as in `ns.run`: a Recording, such as that of a forced run, or start values.
        seed: as in `ns.run`; default: that of the recording `start`, else 0.
        engine: as in `ns.run`.

    Raises DescriptionError for networks with spikes, randomness or hidden variables, and for runs that are
    too short.

    Source: Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335,
        doi:10.1016/j.neunet.2007.04.016; at
    work: Verstraeten & Schrauwen 2009, ICANN, doi:10.1007/978-3-642-04274-4_100.
    """
    matrix = jacobian(net, inputs, ticks=ticks, start=start, seed=seed, engine=engine)
    return float(np.abs(np.linalg.eigvals(matrix)).max())

"""Whether a network with output feedback stays near what it learned when it runs without a teacher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.values import whole
from neurosim.readout.reservoir import graded_populations
from neurosim.readout.stability import lyapunov_exponent
from neurosim.readout.trajectory import Inputs, Start, Trajectory

# The verdict on a free run: above this `reach` it ran away, below this `spread` it came to rest, and up to
# this `distance` it stayed near the reference.
RAN_AWAY, REST, NEAR = 2.0, 1e-3, 3.0


@dataclass(frozen=True)
class FreeRun:
    """How a network behaved in a free run, compared with the reference that it was taught.

    outputs: what the network sent, shape (tick, output).
    reach: the largest distance from the mean of the reference, in units of the largest such distance in the
        reference; the maximum over the outputs.
    spread: the standard deviation in the second half of the run, in units of that of the reference; the
        minimum over the outputs.
    distance: the mean distance of its points from the nearest point of the reference, in units of the mean
        distance of the second half of the reference from its first half.
    exponent: its largest Lyapunov exponent, per tick.
    """

    outputs: np.ndarray
    reach: float
    spread: float
    distance: float
    exponent: float

    @property
    def bounded(self) -> bool:
        """Whether the run stayed within twice the range of the reference."""
        return bool(self.reach <= RAN_AWAY)

    @property
    def verdict(self) -> str:
        """What became of the run, in words."""
        if not self.bounded:
            return "ran away"
        if self.spread < REST:
            return "came to rest"
        if self.distance <= NEAR:
            return "stayed near the reference"
        return "stayed bounded, away from the reference"


def free_run(
    net: Network,
    reference: ArrayLike,
    *,
    ticks: int,
    start: Start,
    output: str = "out",
    inputs: Inputs | None = None,
    seed: int | None = None,
    engine: str = "auto",
) -> FreeRun:
    """Run a network with output feedback on its own and measure whether it stays near what it was taught.

    Arguments:
        net: the trained network. Its populations send their only variable and have no randomness in their
            text.
        reference: what it was taught, shape (tick, output), or (tick,) for one output; long enough to fill
            the attractor.
        ticks: length of the free run, at least 20.
        start: the Recording of the run in which the network was forced, or start values, as in `ns.run`.
        output: the population that is compared with the reference and feeds back.
        inputs: arrays (tick, *shape) by driven population, `ticks` long, in the unit of the input; default:
            0.
        seed: as in `ns.run`; default: that of the recording `start`, else 0.
        engine: as in `ns.run`.

    Returns a FreeRun. If an output is not finite, all its measures are infinite.

    Raises DescriptionError for a reference of another shape, for networks with spikes, randomness or hidden
    variables, and for runs that are too short.
    """
    from scipy.spatial import KDTree  # takes long to import

    label = "free_run"
    outputs = graded_populations(net, output, label)[0]
    known = np.asarray(reference, dtype=float)
    known = known[:, None] if known.ndim == 1 else known
    if known.ndim != 2 or known.shape[1] != outputs.size or len(known) < 4 or not np.isfinite(known).all():
        raise DescriptionError(
            f"{label}: reference of shape {known.shape} is not (tick, {outputs.size}), four ticks or more of "
            "finite numbers. Give that."
        )
    ticks = whole(ticks, f"{label}: ticks", least=20)
    y = Trajectory.simulate(net, inputs, ticks, start, seed, engine, label).of_population(outputs.name)
    if not np.isfinite(y).all():
        return FreeRun(y, np.inf, np.inf, np.inf, np.inf)
    middle, half, tiny = known.mean(axis=0), len(known) // 2, 1e-300
    scale = np.maximum(np.std(known, axis=0), tiny)
    tree = KDTree(known[:half] / scale)
    usual = tree.query(known[half:] / scale)[0].mean()
    farthest, range_ = np.abs(y - middle).max(axis=0), np.abs(known - middle).max(axis=0)
    exponent = lyapunov_exponent(
        net,
        inputs,
        ticks=ticks,
        start=start,
        discard=ticks // 10,
        every=max(1, min(10, ticks // 20)),
        seed=seed,
        engine=engine,
    )
    return FreeRun(
        outputs=y,
        reach=float((farthest / np.maximum(range_, tiny)).max()),
        spread=float((y[ticks // 2 :].std(axis=0) / scale).min()),
        distance=float(tree.query(y / scale)[0].mean() / max(usual, tiny)),
        exponent=exponent,
    )

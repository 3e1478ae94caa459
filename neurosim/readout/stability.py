"""Whether a network forgets, keeps or multiplies a small difference, and whether it stays near what it learned when it runs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.functions import random_calls
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole
from neurosim.network.weights import Distribution
from neurosim.plan.dimensions import noisy
from neurosim.plan.materialize import materialized
from neurosim.readout.reservoir import graded
from neurosim.run import run
from neurosim.start import seed_of

RAN_AWAY, REST, NEAR = 2.0, 1e-3, 3.0  # of reach, spread and distance: see FreeRun.verdict


def lyapunov_exponent(
    net: Network,
    inputs: Mapping[str, Any] | None = None,
    *,
    ticks: int | None = None,
    start: Any = None,
    discard: int = 100,
    every: int = 10,
    distance: float = 1e-8,
    seed: int | None = None,
    engine: str = "auto",
) -> float:
    """The largest Lyapunov exponent, per tick: how fast two runs part that hear the same and differ a little at first.

    A twin is put `distance` away from the states of the run (times their norm, where that is above 1), and after `every` ticks, when
    it is d away, back to `distance` in the direction in which it has gone; the exponent is the mean of ln(d/distance)/every. Below 0
    the network forgets its start, as an echo state network must; above 0 it is chaotic. A free-running network that has learned a
    chaotic system should have the exponent of that system, times the time that a tick stands for.

    Arguments:
        net: populations that send their only variable, without randomness in their text.
        inputs: arrays (tick, *shape) by population, as in `ns.run`, of driven populations; default: 0.
        ticks: how long; default: as long as the inputs.
        start: where to start from, as in `ns.run`: a Recording, such as that of a forced run, or start values.
        discard: ticks in which the twin finds the direction that grows fastest; they do not count.
        seed, engine: as in `ns.run`; the seed is that of the recording that `start` is, unless given.

    Raises DescriptionError for networks with spikes, randomness or hidden variables, and runs that are too short.

    Source: Benettin, Galgani & Strelcyn 1976, Phys. Rev. A 14, 2338, doi:10.1103/PhysRevA.14.2338; for reservoirs: Boedecker et al.
    2012, Theory Biosci. 131, 205, doi:10.1007/s12064-011-0146-8.
    """
    where = "lyapunov_exponent"
    distance = plain_number(
        distance, f"{where}: distance", "Give a small number above 0, such as 1e-8.", low=1e-300
    )
    every, discard = whole(every, f"{where}: every", least=1), whole(discard, f"{where}: discard")
    path = Path.of(net, inputs, ticks, start, seed, engine, where)
    # Twins side by side, each of which has its own stretch of the path: first it finds its direction, then it is measured.
    spans, settling = (path.ticks - path.lead) // every, -(-discard // every)
    measured = max(1, min(settling, spans - settling))
    twins = (spans - settling) // measured
    if twins < 1:
        raise DescriptionError(
            f"{where}: {path.ticks} ticks are too few for discard={discard} and every={every}. Run longer."
        )
    at = path.lead - 1 + np.arange(twins) * measured * every
    way = np.random.default_rng(path.seed).normal(size=(twins, path.lead, path.size))
    growth = []
    for span in range(settling + measured):
        first = distance * np.maximum(1.0, np.linalg.norm(path.states[at + span * every], axis=1))
        way *= (first / np.linalg.norm(way, axis=(1, 2)))[:, None, None]
        way = path.deviations(at + span * every, way, every)
        apart = np.linalg.norm(way, axis=(1, 2))
        if not (apart > 0).all() or not np.isfinite(apart).all():  # forgotten within one span, or run away
            return float("-inf") if (apart == 0).any() else float("inf")
        if span >= settling:
            growth.append(np.log(apart / first) / every)
    return float(np.mean(growth))


def jacobian(
    net: Network,
    inputs: Mapping[str, Any] | None = None,
    *,
    ticks: int | None = None,
    start: Any = None,
    seed: int | None = None,
    engine: str = "auto",
) -> np.ndarray:
    """How the network's state after one more tick depends on its state, at the end of a run: d state(t + 1)/d state(t), by central differences.

    The state is what all populations with text sent in the last ticks, as many as the longest delay (newest last), one population
    after the other; shape (state, state). Arguments and errors are those of `lyapunov_exponent`; `ticks` defaults to 100 without inputs.
    """
    path = Path.of(
        net, inputs, ticks if ticks is not None or inputs else 100, start, seed, engine, "jacobian"
    )
    step = 1e-6
    apart = np.eye(path.lead * path.size).reshape(-1, path.lead, path.size) * step
    at = path.ticks - 2
    if at < path.lead - 1:
        raise DescriptionError(
            f"jacobian: {path.ticks} ticks are too few for delays of {path.lead}. Run longer."
        )
    after = path.deviations(np.full(2 * len(apart), at), np.concatenate([apart, -apart]), 1).reshape(
        2, len(apart), -1
    )
    return ((after[0] - after[1]) / (2 * step)).T


def effective_spectral_radius(
    net: Network,
    inputs: Mapping[str, Any] | None = None,
    *,
    ticks: int | None = None,
    start: Any = None,
    seed: int | None = None,
    engine: str = "auto",
) -> float:
    """The largest absolute eigenvalue of the network's Jacobian at the end of a run: what the nominal spectral radius becomes at work.

    At rest (no inputs, no bias) a leaky echo state network has that of (1 - leak) 1 + leak W; in large inputs its units saturate
    and the radius shrinks. Of a closed loop at a fixed point, above 1 means that it will not stay. Arguments as in `jacobian`.

    Source: Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335, doi:10.1016/j.neunet.2007.04.016; at work:
    Verstraeten & Schrauwen 2009, ICANN, doi:10.1007/978-3-642-04274-4_100.
    """
    return float(
        np.abs(
            np.linalg.eigvals(jacobian(net, inputs, ticks=ticks, start=start, seed=seed, engine=engine))
        ).max()
    )


@dataclass(frozen=True)
class FreeRun:
    """How a network behaved that ran alone.

    outputs: what it sent, (tick, output).
    reach: the farthest that it went from the middle of the reference, in units of the farthest that the reference goes.
    spread: its standard deviation in the second half of the run, in units of the reference's; the smallest of all outputs.
    distance: how far its points lie from the reference, on average, in units of how far the reference's own second half lies from its first.
    exponent: its largest Lyapunov exponent, per tick.
    """

    outputs: np.ndarray
    reach: float
    spread: float
    distance: float
    exponent: float

    @property
    def bounded(self) -> bool:
        """Whether it stayed within twice the reference's range."""
        return bool(self.reach <= RAN_AWAY)

    @property
    def verdict(self) -> str:
        """What became of it, in words."""
        if not self.bounded:
            return "ran away"
        if self.spread < REST:
            return "came to rest"
        return (
            "stayed near the reference"
            if self.distance <= NEAR
            else "stayed bounded, away from the reference"
        )


def free_run(
    net: Network,
    reference: Any,
    *,
    ticks: int,
    start: Any,
    output: str = "out",
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    engine: str = "auto",
) -> FreeRun:
    """Let a network with output feedback run alone, and say whether it stays bounded and near what it was taught.

    Arguments:
        net: the trained network, whose `output` feeds back.
        reference: what it was taught, (tick, output), long enough to fill the attractor.
        ticks: how long it runs alone, at least 20.
        start: the Recording of the run in which it was forced, or start values, as in `ns.run`.
        inputs: of driven populations, as long; default: 0.

    Raises DescriptionError for a reference of another shape, and as `lyapunov_exponent`.
    """
    from scipy.spatial import KDTree

    where = "free_run"
    outputs = graded(net, output, where)[0]
    known = np.asarray(reference, dtype=float)
    known = known[:, None] if known.ndim == 1 else known
    if known.ndim != 2 or known.shape[1] != outputs.size or len(known) < 4 or not np.isfinite(known).all():
        raise DescriptionError(
            f"{where}: reference of shape {known.shape} is not (tick, {outputs.size}), four ticks or more of finite numbers. Give that."
        )
    ticks = whole(ticks, f"{where}: ticks", least=20)
    path = Path.of(net, inputs, ticks, start, seed, engine, where)
    y = path.of_population(outputs.name)
    middle, half = known.mean(axis=0), len(known) // 2
    if not np.isfinite(y).all():
        return FreeRun(y, np.inf, np.inf, np.inf, np.inf)
    scale = np.maximum(np.std(known, axis=0), 1e-300)
    tree = KDTree(known[:half] / scale)
    usual = tree.query(known[half:] / scale)[0].mean()
    return FreeRun(
        outputs=y,
        reach=float(
            (np.abs(y - middle).max(axis=0) / np.maximum(np.abs(known - middle).max(axis=0), 1e-300)).max()
        ),
        spread=float((y[ticks // 2 :].std(axis=0) / scale).min()),
        distance=float(tree.query(y / scale)[0].mean() / max(usual, 1e-300)),
        exponent=lyapunov_exponent(
            net,
            inputs,
            ticks=ticks,
            start=start,
            discard=ticks // 10,
            every=max(1, min(10, ticks // 20)),
            seed=seed,
            engine=engine,
        ),
    )


@dataclass(frozen=True)
class Path:
    """A run, and the runs of twins that are put beside it.

    `states` is what the populations `names` sent, (tick, neuron) side by side; `lead` how many ticks of it are the whole state: as
    many as the longest delay. A twin is clamped to the path, or near it, for so long, and then let go.
    """

    net: Network
    names: tuple[str, ...]
    inputs: dict[str, np.ndarray]
    states: np.ndarray
    lead: int
    seed: int
    engine: str

    @staticmethod
    def of(
        net: Network,
        inputs: Mapping[str, Any] | None,
        ticks: int | None,
        start: Any,
        seed: int | None,
        engine: str,
        where: str,
    ) -> Path:
        """The path of a run from `start`."""
        populations = _open(net, where)
        given = _given(net, inputs, ticks, where)
        seed = seed_of(start, seed)
        net = materialized(net, seed)
        recording = run(
            net,
            given,
            ticks=ticks,
            start=start,
            record=list(populations),
            seed=seed,
            engine=engine,
            precision="double",
            progress=False,
        )
        if recording.batched:
            raise DescriptionError(
                f"{where}: the start has several trials. Give one: run the network without an axis of trials."
            )
        states = np.concatenate(
            [np.asarray(recording[name]).reshape(recording.ticks, -1) for name in populations], axis=1
        )
        return Path(
            net,
            tuple(populations),
            given,
            states,
            max(1, *map(_longest, net.synapses.values())),
            seed,
            engine,
        )

    @property
    def ticks(self) -> int:
        return len(self.states)

    @property
    def size(self) -> int:
        return self.states.shape[1]

    def of_population(self, name: str) -> np.ndarray:
        """What one population sent, (tick, neuron)."""
        return self._parts(self.states)[name]

    def deviations(self, at: np.ndarray, apart: np.ndarray, ticks: int) -> np.ndarray:
        """Twins that are `apart` (trial, lead, neuron) from the path in the last ticks up to `at` (trial,): how far they are `ticks` later."""
        long = self.lead + ticks
        window = at[:, None] + np.arange(1 - self.lead, ticks + 1)  # (trial, tick)
        clamp = np.full((len(at), long, self.size), np.nan)
        clamp[:, : self.lead] = self.states[window[:, : self.lead]] + apart
        driven = {name: values[window] for name, values in self.inputs.items()}
        clamps = {
            name: part.reshape(len(at), long, *self.net.populations[name].shape)
            for name, part in self._parts(clamp).items()
        }
        recording = run(
            self.net,
            {**driven, **clamps},
            record=list(self.names),
            seed=self.seed,
            engine=self.engine,
            progress=False,
        )
        states = np.concatenate(
            [np.asarray(recording[name]).reshape(len(at), long, -1) for name in self.names], axis=2
        )
        return states[:, -self.lead :] - self.states[window[:, -self.lead :]]

    def _parts(self, states: np.ndarray) -> dict[str, np.ndarray]:
        edges = np.cumsum([self.net.populations[name].size for name in self.names])[:-1]
        return dict(zip(self.names, np.split(states, edges, axis=-1), strict=True))


def _open(net: Network, where: str) -> dict[str, Any]:
    """The populations with text, if what they send is all that they remember and nothing in them is random."""
    found = {population.name: population for population in graded(net, None, where)}
    for name, population in found.items():
        if random_calls((*population.lines, *population.statements)) or any(map(noisy, population.lines)):
            raise DescriptionError(
                f"{where}: the text of {name!r} draws random numbers, so that no two runs are alike. Take the noise away."
            )
        if set(population.states) != {population.sends}:
            hidden = ", ".join(sorted(set(population.states) - {population.sends or ""}))
            raise DescriptionError(
                f"{where}: {name!r} remembers what it does not send ({hidden}), which no clamp reaches. Send it, or leave it out."
            )
    for item in net.synapses.values():
        if item.text:
            raise DescriptionError(
                f"{where}: {item.label} have text, so that they change while running. Save what they learned and use that network."
            )
    return found


def _given(
    net: Network, inputs: Mapping[str, Any] | None, ticks: int | None, where: str
) -> dict[str, np.ndarray]:
    """The inputs as arrays (tick, *shape) of all driven populations, 0 where none is given."""
    found = {str(name): np.asarray(values, dtype=float) for name, values in (inputs or {}).items()}
    for name, values in found.items():
        population = net.populations.get(name)
        if population is None or not population.driven or values.shape[1:] != population.shape:
            raise DescriptionError(
                f"{where}: input {name!r} of shape {values.shape} is not (tick, neuron) of a driven population. Give one trial, and no clamps."
            )
    if not found and ticks is None:
        raise DescriptionError(f"{where}: neither inputs nor ticks are given. Give ticks=1000, or inputs.")
    ticks = ticks if ticks is not None else len(next(iter(found.values())))
    silent = {p.name: np.zeros((ticks, *p.shape)) for p in net.populations.values() if p.driven}
    return silent | found


def _longest(item: Any) -> int:
    delay = item.delay
    assert not isinstance(delay, Distribution)  # drawn by `materialized`
    return int(np.max(delay.number, initial=0))

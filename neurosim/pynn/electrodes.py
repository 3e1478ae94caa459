"""Current sources, whose amplitudes are computed before each run."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import electrodes
from pyNN.standardmodels.base import StandardCurrentSource

from neurosim.pynn import simulator
from neurosim.pynn.parameters import KeepsParameters


class _Source(KeepsParameters, StandardCurrentSource):
    """A source of current; the current of a tick is the one at its beginning.

    targets: the cells into which it is injected, as pairs (population, index).
    """

    def __init__(self, **parameters: Any):
        super().__init__(**parameters)
        self.targets: list[tuple[Any, int]] = []
        self._kept: list[np.ndarray] = []  # the amplitudes of the runs so far
        self._number = len(simulator.state.current_sources)
        self._given: dict[str, Any] = {}
        space = ParameterSpace(self.default_parameters, self.get_schema(), shape=(1,))
        space.update(**parameters)
        self.set_native_parameters(space)
        simulator.state.current_sources.append(self)

    def get_native_parameters(self) -> ParameterSpace:
        """The parameters."""
        return ParameterSpace(self._given)

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Set parameters, which hold from the next run on."""
        parameters.evaluate(simplify=True)
        for name, value in parameters.items():
            self._given[name] = value.value if isinstance(value, Sequence) else value
        self._check()

    def _check(self) -> None:
        """Refuse or change parameters that do not fit the time step."""

    def inject_into(self, cells: Any) -> None:
        """Inject the current into cells: a population, view, assembly or list of cells."""
        simulator.state.network = None
        for cell in cells:
            if not cell.celltype.injectable:
                raise TypeError("Can't inject current into a spike source.")
            self.targets.append((cell.parent, cell.parent.id_to_index(cell)))

    def record(self) -> None:
        """Record the current, which is kept in any case."""

    def keep(self, ticks: np.ndarray) -> None:
        """Keep the amplitudes of a run."""
        self._kept.append(self.current(ticks))

    def _get_data(self) -> tuple[np.ndarray, np.ndarray]:
        now = np.array([simulator.state.ticks])
        amplitudes = np.concatenate([*self._kept, self.current(now)])
        return simulator.state.time(np.arange(now[0] + 1)), amplitudes

    def _reset(self) -> None:
        self._kept = []

    def current(self, ticks: np.ndarray) -> np.ndarray:
        """The current in some ticks, in nA."""
        start, stop = (np.rint(self._given[name] / simulator.state.dt) for name in ("start", "stop"))
        return np.where((ticks >= start) & (ticks < stop), self._between(ticks - start), 0.0)

    @abstractmethod
    def _between(self, since: np.ndarray) -> np.ndarray:
        """The current between start and stop, by the number of ticks since the start."""


class DCSource(_Source, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__

    def _between(self, since: np.ndarray) -> np.ndarray:
        return np.full(since.shape, self._given["amplitude"], float)


class ACSource(_Source, electrodes.ACSource):
    __doc__ = electrodes.ACSource.__doc__

    def _between(self, since: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * self._given["frequency"] * since * simulator.state.dt / 1000
        return self._given["offset"] + self._given["amplitude"] * np.sin(
            angle + np.deg2rad(self._given["phase"])
        )


class NoisyCurrentSource(_Source, electrodes.NoisyCurrentSource):
    __doc__ = electrodes.NoisyCurrentSource.__doc__

    def __init__(self, **parameters: Any):
        super().__init__(**{"dt": simulator.state.dt, **parameters})

    def _check(self) -> None:
        self._every = simulator.state.multiple(self._given["dt"], "NoisyCurrentSource: dt")

    def _between(self, since: np.ndarray) -> np.ndarray:
        state, interval = simulator.state, np.maximum(since, 0).astype(int) // self._every
        random = np.random.default_rng([state.seed, state.segment_counter, self._number])
        noise = random.standard_normal(interval.max() + 1)[interval]
        return self._given["mean"] + self._given["stdev"] * noise


class StepCurrentSource(_Source, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__

    def _check(self) -> None:
        times, amplitudes = (np.array(self._given[n], float, ndmin=1) for n in ("times", "amplitudes"))
        if times.shape != amplitudes.shape or np.any(times < 0) or np.any(np.diff(times) <= 0):
            raise ValueError(
                f"StepCurrentSource: times {times} do not fit amplitudes {amplitudes}. Give one time for each"
                " amplitude; times must not be negative, and each must be later than the one before."
            )
        ticks, last = np.unique(np.rint(times / simulator.state.dt)[::-1], return_index=True)
        self._given["times"] = simulator.state.time(ticks)  # of several times in one tick, the last counts
        self._given["amplitudes"] = amplitudes[::-1][last]

    def current(self, ticks: np.ndarray) -> np.ndarray:
        """The current in some ticks, in nA."""
        steps = np.rint(self._given["times"] / simulator.state.dt)
        values = np.concatenate([[0.0], self._given["amplitudes"]])
        return values[np.searchsorted(steps, ticks, side="right")]

"""The state of the simulation: time, and the objects that the script has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyNN import common

from neurosim.pynn.build import advance

name = "neurosim"


class ID(int, common.IDMixin):
    """A cell, which is also its number."""


class State(common.control.BaseState):
    """What the script has made since `setup`, and how far it has run.

    ticks: the number of ticks since `setup` or `reset`.
    end: the state after the last tick, by key as in `Recording.final`; empty before the first run.
    network: the network as it is; None if the script has changed something since it was made.
    options: arguments of `ns.run`.
    delays: the smallest and the largest delay as given to `setup`, in ms or 'auto'.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mpi_rank, self.num_processes = 0, 1
        self.dt = 0.1
        self.delays: tuple[float | str, float | str] = ("auto", "auto")
        self.options: dict[str, Any] = {}
        self.seed = 0
        self.clear()

    def clear(self) -> None:
        """Forget all objects."""
        self.recorders: set[Any] = set()
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.current_sources: list[Any] = []
        self.id_counter = 0
        self.segment_counter = -1
        self.reset()

    def reset(self) -> None:
        """Go back to time 0 and begin another segment, whose random numbers differ."""
        self.running = False
        self.ticks, self.t_start = 0, 0.0
        self.end: dict[str, Any] = {}
        self.network: Any = None
        self.segment_counter += 1
        for recorder in self.recorders:
            recorder._clear_simulator()
        for part in (*self.projections, *self.current_sources):
            part._reset()

    @property
    def t(self) -> float:
        """The time in ms."""
        return self.time(self.ticks)

    def time(self, ticks: Any) -> Any:
        """Numbers of ticks as times in ms, without the digits that come from rounding."""
        return (ticks * self.dt).round(9) if hasattr(ticks, "round") else round(ticks * self.dt, 9)

    def multiple(self, duration: float, what: str) -> int:
        """A duration in ms as a number of ticks. Raises ValueError if it is not a multiple of them."""
        ticks = round(duration / self.dt)
        if ticks < 1 or abs(duration - ticks * self.dt) > 1e-6 * self.dt:
            raise ValueError(
                f"{what} = {duration} ms is not a multiple of the time step, {self.dt} ms. Give one."
            )
        return ticks

    @property
    def min_delay(self) -> float:
        """The smallest delay in ms: as given to `setup`, or, for 'auto', that of all connections."""
        return self._delay(self.delays[0], min)

    @property
    def max_delay(self) -> float:
        """The largest delay in ms, likewise."""
        return self._delay(self.delays[1], max)

    def _delay(self, given: float | str, extreme: Callable[..., Any]) -> float:
        found = [extreme(p.values("delay")) for p in self.projections if len(p)]
        return float(given) if given != "auto" else float(extreme(found, default=self.dt))

    def run(self, simtime: float) -> None:
        """Run for some time, in ms. Ctrl-C ends it; what was recorded until then stays."""
        ticks = round(simtime / self.dt)
        stopped = advance(self, ticks) if ticks else "end"
        self.running = True
        if stopped == "interrupted":
            raise KeyboardInterrupt

    def run_until(self, tstop: float) -> None:
        """Run to a time, in ms."""
        self.run(tstop - self.t)


state = State()

"""What every engine can do: open a batch of trials, advance it, look at it, change it, and close it.

`ns.run` opens one batch after the other and advances each to its end (`driver.py`); a session opens all
trials in one batch and advances it again and again. What is looked at and changed has the names by which
checkpoints hold it (`checkpoint.py`), here called places:

    state/<population>/<variable>     synapse/<synapses>/<variable>     port/<population>/<port>
    not_refractory/<population>       history/<population>: what was sent last
    last_spike/<population>: the tick of the last spike, which cannot be changed
    spikes/<population>: which neurons have spiked in this tick; only for functions that a step calls

All values begin with the trial axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np

from neurosim.engine.state import NEVER, State, message_now, reduced, spikes_sent
from neurosim.network.program import Do, unmoved
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.spikes import Spikes, join_spikes

if TYPE_CHECKING:
    from neurosim.engine.checkpoint import Checkpoint
    from neurosim.engine.progress import ProgressCallback
    from neurosim.recording.writer import Writer

Stopped = Literal["end", "stable", "interrupted"]
"""Why a run stopped: it was complete, nothing changed any more, or the user interrupted it."""


class Running(Protocol):
    """A batch of trials that an engine has opened, between two ticks."""

    def advance(self, ticks: int, report: ProgressCallback) -> tuple[int, Stopped]:
        """Run some ticks. Returns how many ran, and why it stopped: 'end' if all of them ran.

        report: called with how many ticks, times trials, have run since the last call; the run stops after
            the current tick when it returns True.
        """
        ...

    def write(self) -> None:
        """Hand to the writer what has been recorded so far."""
        ...

    def end(self) -> Callable[[], Checkpoint]:
        """The checkpoint of these trials as they are now. The function may be called after `close`, once."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


class Watched(Running, Protocol):
    """A batch of trials that can also be given inputs, looked at and changed between two ticks."""

    def feed(self, drives: Mapping[str, Drive]) -> None:
        """Take the inputs of the ticks that come next, in place of those of the plan.

        They are of the same populations as the plan's, of all trials, and their ticks count from now.
        """
        ...

    def look(self, place: str) -> np.ndarray:
        """The present values at a place; a copy."""
        ...

    def change(self, place: str, values: np.ndarray) -> None:
        """Put other values of the same shape at a place. Pending spikes stay as they are.

        A variable that its population sends replaces what was sent last, unless the population sends before
        it moves (`replaces_message`).
        """
        ...

    def spikes(self, population: str) -> Spikes:
        """The spikes of a population in the ticks of the last `advance`; ticks count from the start of the
        run. A probe must record them.
        """
        ...


@dataclass(frozen=True, eq=False)
class Ready:
    """A plan that an engine has made ready: compiled, and laid out in memory.

    plan: the plan.
    open: opens trials, given their numbers and the writer of what they record, to be run to their end.
    watch: opens trials to be advanced, looked at and changed again and again.
    size: how many neurons, and synapses with text, one trial has.
    most: how many one batch may have; results do not depend on it.
    later: whether `Running.end` leaves the work to the function that it returns.
    """

    plan: Plan
    open: Callable[[np.ndarray, Writer], Running]
    watch: Callable[[np.ndarray, Writer], Watched]
    size: int
    most: int
    later: bool = False


class Place(NamedTuple):
    """A place, taken apart: its kind, such as 'state', and its owner; '' for kinds without names."""

    kind: str
    owner: str
    name: str


@lru_cache
def place_of(key: str) -> Place:
    """The parts of a place such as 'state/liquid/v'."""
    kind, owner, *name = key.split("/")
    return Place(kind, owner, name[0] if name else "")


def look(state: State, key: str) -> np.ndarray:
    """See `Watched.look`."""
    kind, owner, name = place_of(key)
    if kind == "port":
        port = state.ports[owner][name]
        return np.array(reduced(port.reduce, port.total, port.count))
    if kind == "not_refractory":
        return state.not_refractory[owner].copy()
    if kind == "last_spike":
        return state.last_spike[owner].copy()
    if kind == "spikes":
        fired = np.zeros((state.count, state.plan.groups[owner].size), bool)
        fired[state.spikes[owner]] = True
        return fired
    if kind == "history":
        return state.history[owner].messages[-1].copy()
    return (state.values if kind == "state" else state.synapses)[owner][name].copy()


def change(state: State, key: str, values: np.ndarray) -> None:
    """See `Watched.change`. Arrays of variables and ports stay in place, since an engine may hold them."""
    kind, owner, name = place_of(key)
    if kind == "port":
        port = state.ports[owner][name]
        port.total[...] = values.reshape(port.total.shape)
        port.count[...] = int(port.reduce != "sum")
    elif kind == "not_refractory":
        free, last = values.astype(bool), state.last_spike[owner]
        state.last_spike[owner] = last_spike_of(free, state.not_refractory[owner], last, state.tick - 1)
        state.not_refractory[owner] = free
    elif kind == "synapse":
        state.synapses[owner][name][...] = values
    else:
        state.values[owner][name][...] = values
        for sender in replaces_message(state, owner, name):
            history = state.history[sender]
            history.messages = [*history.messages[:-1], message_now(state, state.plan.groups[sender]).copy()]


def last_spike_of(free: np.ndarray, before: np.ndarray, last: np.ndarray, tick: int) -> np.ndarray:
    """The last spikes after neurons have been made refractory, as by a spike at `tick`, or free of it.

    free: which neurons are not refractory now.
    before: which neurons were not, whose last spikes were `last`.
    """
    return np.where(free == before, last, np.where(free, NEVER, tick)).astype(last.dtype)


def replaces_message(state: State, owner: str, variable: str) -> list[str]:
    """The groups whose newest message a change of a variable replaces: those that send this variable.

    A population that sends before it moves, as graded ones do under Clock, sends the new value in the next
    tick; there the message of the last tick stays.
    """
    plan, key = state.plan, (owner, variable)
    if key in state.replaced:
        return state.replaced[key]
    found = state.replaced[key] = list[str]()
    for group in plan.groups.values():
        if spikes_sent(plan, group.name) or group.sends != variable:
            continue
        sends = [n for n, s in enumerate(plan.program) if s.kind is Do.SEND and group.name in s.populations]
        moved = plan.variable_owner(group).name not in unmoved(plan.program, max(sends, default=0))
        if plan.variable_owner(group).name == owner and (moved or plan.sweeps):
            found.append(group.name)
    return found


class SpikesOfAdvance:
    """The spikes of the populations that probes record, since the last `advance` began.

    watch: whether anybody will ask for them; else none are kept.
    """

    def __init__(self, plan: Plan, watch: bool):
        self.watched: set[str] = set()
        if watch:
            self.watched = {probe.owner for probe in plan.probes if probe.events and probe.index is None}
        self._pieces: dict[str, list[Spikes]] = {}
        self._dt = plan.dt

    def begin(self) -> None:
        """Forget the spikes of the advance before."""
        self._pieces.clear()

    def add(self, population: str, spikes: Spikes) -> None:
        """Add spikes, in the order of their ticks."""
        self._pieces.setdefault(population, []).append(spikes)

    def of(self, population: str, *more: Spikes) -> Spikes:
        """All spikes of a population, with some that have not been added."""
        return join_spikes([*self._pieces.get(population, []), *more], self._dt)

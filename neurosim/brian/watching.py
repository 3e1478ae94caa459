"""What functions of the script see of a network that an engine has opened, and what they change.

While such functions run, Brian2's arrays must hold what the engine holds, and afterwards the engine must hold
what they have changed. The variables of groups are brought over every time, since a script may keep a view of
them (`G.v_[:]`); those of synapses, refractoriness, spikes and the records of monitors are, when Brian2 is
asked for them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from neurosim.brian.opened import Opened
from neurosim.brian.private_names import (
    ArrayVariable,
    BrianObject,
    PoissonGroup,
    RuntimeDevice,
    Variable,
    refractory_of,
)
from neurosim.brian.refusal import Refused
from neurosim.brian.synapses import UNUSED
from neurosim.engine.running import Watched
from neurosim.engine.state import NEVER
from neurosim.network.text import names_in
from neurosim.plan.plan import Textual

if TYPE_CHECKING:
    from neurosim.brian.device import NeurosimDevice

OWN = ("i", "N", "_spikespace", "t", "dt", "t_in_timesteps", "lastspike", "not_refractory")


@dataclass(eq=False)
class Held:
    """A variable that the engine holds.

    variable: Brian2's array
    place: where the engine has it (`engine/running.py`)
    order: of synapses, the number in Brian2 of each; None for neurons
    given: what Brian2's array held when it was brought over
    """

    variable: Variable
    place: str
    order: np.ndarray | None = None
    given: np.ndarray | None = None
    plain: bool = False  # whether the engine's array has the same shape and type

    def give(self, running: Watched) -> None:
        """Bring it into Brian2's array."""
        values, array = running.look(self.place)[0], array_of(self.variable)
        if self.order is None:
            array[...] = values[: array.size]
        else:
            array[self.order] = values
        self.plain = self.order is None and (values.shape, values.dtype) == (array.shape, array.dtype)
        self.given = values if self.plain else array.copy()  # `look` has made a copy

    def take(self, running: Watched) -> None:
        """Bring what has changed in Brian2's array to the engine."""
        array = array_of(self.variable)
        if self.given is None or np.array_equal(array, self.given):
            return
        if self.plain:
            return running.change(self.place, array[None])
        held = running.look(self.place)
        values = array if self.order is None else array[self.order]
        running.change(self.place, np.broadcast_to(values, held.shape).astype(held.dtype))


class Watch:
    """Watches what functions of the script do between two ticks of an opened network.

    opened: the network
    device: that of the script, which says what Brian2 is asked for
    """

    def __init__(self, opened: Opened, device: NeurosimDevice):
        self.opened, self.device = opened, device
        self.touched: set[Variable] = set()
        self.always = list(self._of_groups())
        late = [*self._refractoriness(), *self._of_synapses()]
        asked = {held.variable: held for held in late if held.variable.device is device}
        self.always += [held for held in late if held.variable not in asked]
        self.asked: dict[Variable, Held] = asked
        self.others = {variable: array_of(variable).copy() for variable in self._constants()}
        self.asked_for = self._asked_for()
        self.amid: int | None = None  # the tick, while functions run between other objects of it

    @property
    def running(self) -> Watched:
        """The network on its engine."""
        return cast("Watched", self.opened.running)

    def begin(self) -> None:
        """Functions of the script are about to run."""
        for held in self.always:
            held.give(self.running)
        self.touched.clear()
        self.device.watch = self

    @contextmanager
    def within(self, tick: int) -> Generator[None]:
        """Within this context, functions run between other objects of a tick."""
        self.amid = tick
        try:
            yield
        finally:
            self.amid = None

    def touch(self, variable: Variable) -> None:
        """Brian2 is asked for an array, to read or to change it."""
        if variable in self.touched:
            return
        self.touched.add(variable)
        if variable in self.asked:
            self.asked[variable].give(self.running)
        elif variable in self.asked_for:
            self.asked_for[variable]()

    def end(self) -> list[Variable]:
        """They have run. Returns the arrays that they changed and that the engine does not hold."""
        self.device.watch = None
        for held in (*self.always, *(self.asked[v] for v in self.touched if v in self.asked)):
            held.take(self.running)
        changed = [
            variable
            for variable, before in self.others.items()
            if (variable in self.touched or variable.device is not self.device or _small(variable))
            and not np.array_equal(array_of(variable), before)
        ]
        for variable in changed:
            self.others[variable] = array_of(variable).copy()
        return changed

    def _of_groups(self) -> Iterator[Held]:
        lowered, new = self.opened.lowered, self.opened.names.new
        for name, variables in lowered.states.items():
            for key, variable in variables.items():
                yield Held(variable, f"state/{new[name]}/{key}")

    def _refractoriness(self) -> Iterator[Held]:
        lowered, new = self.opened.lowered, self.opened.names.new
        for name in lowered.states:
            if lowered.plan.groups[name].refractory is not None:
                variable = lowered.groups[name].variables["not_refractory"]
                yield Held(variable, f"not_refractory/{new[name]}")

    def _of_synapses(self) -> Iterator[Held]:
        new = self.opened.names.new
        for synapses in self.opened.lowered.synapses.values():
            for pathway in synapses.pathways:
                if isinstance(pathway, Textual) and not pathway.of:
                    for key in pathway.text.states.keys() - {UNUSED}:
                        variable = synapses.synapses.variables[key]
                        yield Held(variable, f"synapse/{new[pathway.name]}/{key}", synapses.wires.order)

    def _constants(self) -> Iterator[Variable]:
        """The arrays that text reads and that never change. Other delays only count in the next run."""
        held = {item.variable for item in (*self.always, *self.asked.values())}
        lowered = self.opened.lowered
        for group in lowered.groups.values():
            rule = refractory_of(group) if "not_refractory" in group.variables else None
            named = names_in(rule) if isinstance(rule, str) else set[str]()
            for name, variable in own_arrays(group):
                given = lowered.plan.groups[group.name].driven
                if variable not in held and (given or variable in lowered.read or name in named):
                    yield variable
            if "lastspike" in group.variables and group.variables["lastspike"] not in held:
                yield group.variables["lastspike"]
        for synapses in lowered.synapses.values():
            for _, variable in own_arrays(synapses.synapses):
                if variable not in held and variable in lowered.read:
                    yield variable

    def _asked_for(self) -> dict[Variable, Callable[[], None]]:
        """What to do when Brian2 is asked for spikes, times of last spikes, or what monitors hold."""
        found: dict[Variable, Callable[[], None]] = {}
        for name, group in self.opened.lowered.groups.items():
            if "_spikespace" in group.variables:
                found[group.variables["_spikespace"]] = lambda name=name: self._give_spikes(name)
            if group.variables.get("lastspike") in self.others:
                found[group.variables["lastspike"]] = lambda name=name: self._give_last_spikes(name)
        for monitor in self.opened.lowered.monitors:
            thing = monitor.thing
            found |= {
                variable: self._give_records
                for variable in dict(thing.variables).values()
                if isinstance(variable, ArrayVariable) and variable.owner.name == thing.name
            }
        return found

    def _give_spikes(self, name: str) -> None:
        """The spikes of the last tick, as Brian2 holds them: the neurons, and at the end how many."""
        array = array_of(self.opened.lowered.groups[name].variables["_spikespace"])
        array[-1] = 0
        known, neurons = self.opened.names.new[name], np.zeros(0, np.int64)
        if self.amid is not None:
            neurons = np.flatnonzero(self.running.look(f"spikes/{known}")[0])
        elif self.opened.ran:
            spikes = self.running.spikes(known)
            neurons = np.sort(spikes.neuron[spikes.tick == self.opened.ran - 1])
        array[: neurons.size], array[-1] = neurons, neurons.size

    def _give_last_spikes(self, name: str) -> None:
        variable = self.opened.lowered.groups[name].variables["lastspike"]
        array, plan = array_of(variable), self.opened.lowered.plan
        if plan.groups[name].spiking:
            last = self.running.look(f"last_spike/{self.opened.names.new[name]}")[0]
            known = last != NEVER
            array[known] = last[known] * (plan.dt or 1.0)
        self.others[variable] = array.copy()

    def _give_records(self) -> None:
        """Let monitors hold what was recorded until now."""
        if self.amid is not None:
            raise Refused("network_operation", "it reads a monitor between other objects of a tick")
        self.device.watch = None  # they ask for their arrays, too
        self.running.write()
        self.device.watch = self


def parameters_of(things: Iterable[BrianObject]) -> Iterator[Variable]:
    """The parameters of groups and synapses, which a script may change while a network runs."""
    for thing in things:
        equations = getattr(thing, "equations", None) if hasattr(thing, "variables") else None
        for name, line in ({} if equations is None else equations).items():
            if line.type == "parameter" and isinstance(thing.variables[name], ArrayVariable):
                yield thing.variables[name]
        if thing.__class__ is PoissonGroup and isinstance(thing.variables["rates"], ArrayVariable):
            yield thing.variables["rates"]


def own_arrays(owner: BrianObject) -> Iterator[tuple[str, Variable]]:
    """The arrays of an object that a script may change, by name."""
    for name, variable in dict(owner.variables).items():
        own = isinstance(variable, ArrayVariable) and getattr(variable.owner, "name", None) == owner.name
        if own and name not in OWN:
            yield name, variable


def array_of(variable: Variable) -> np.ndarray:
    """The array of a variable, without telling the device."""
    device: Any = variable.device
    return RuntimeDevice.get_value(device, variable)


def _small(variable: Variable) -> bool:
    """Whether an array is so small that it is looked at every time, since a script may keep a view of it."""
    return array_of(variable).size <= 10_000

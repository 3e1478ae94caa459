"""What a session can look at and change, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.engine.running import Watched
from neurosim.errors import DescriptionError, shown
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, label
from neurosim.network.part import Part
from neurosim.network.probes import NAME, resolve
from neurosim.network.text import names_in
from neurosim.network.values import PLAIN, Dim, as_value, spelt, unit
from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate
from neurosim.plan.groups import neuron_scope
from neurosim.plan.lower import written_variables
from neurosim.plan.plan import Group
from neurosim.prepare import Prepared

FREE = "not_refractory"


@dataclass(frozen=True, eq=False)
class Found:
    """What a name means.

    name: its name in the recording, such as 'liquid[:10].v'.
    place: where engines hold it (`engine/running.py`); '' for a subexpression.
    index: flat indices of the neurons; None for all.
    shape: the shape of its values.
    owner: the population or synapses.
    variable: the variable; '' for what is sent.
    """

    name: str
    place: str
    index: np.ndarray | None
    shape: tuple[int, ...]
    owner: str
    variable: str

    @property
    def kind(self) -> str:
        """The kind of its place."""
        return self.place.split("/")[0]


class Places:
    """Finds names, looks and changes; each name is read once."""

    def __init__(self, prepared: Prepared, net: Network):
        self.plan, self.net, self.trials = prepared.plan, net, prepared.plan.trials
        self._found: dict[Any, Found] = {}

    def find(self, name: str | Neurons | Part) -> Found:
        """What a name means. Raises DescriptionError for what cannot be looked at."""
        found = self._found.get(name) if isinstance(name, str) else None
        if found is None:
            found = self._find(name)
            self._found[name] = found
        return found

    def spiking(self, name: Any) -> str:
        """The population that a name means, which must spike. Raises DescriptionError otherwise."""
        text = name.name if isinstance(name, Neurons) else name
        watched = {probe.owner for probe in self.plan.probes if probe.events and probe.index is None}
        if text not in watched:
            raise DescriptionError(
                f"session: {shown(text)} is no population that spikes."
                f" These do: {', '.join(sorted(watched)) or 'none'}."
            )
        return text

    def _find(self, item: str | Neurons | Part) -> Found:
        match = NAME.fullmatch(spelt(item)) if isinstance(item, str) else None
        free = match is not None and match["variable"] == FREE and match["name"] in self.net.populations
        try:
            population, variable, name = resolve(
                self.net, str(item).removesuffix(f".{FREE}") if free else item
            )
        except DescriptionError as error:
            message = (
                str(error).replace("run: record", "session:", 1).replace("can be recorded", "can be changed")
            )
            owner = match["name"] if match is not None else ""
            if owner in self.net.synapses and not self.net.synapses[owner].text:
                message += f" With on_pre=\"..._post += w\" they have a variable w, '{owner}.w'."
            raise DescriptionError(message) from None
        if population is None:
            owner = name.split(".")[0]
            shape = self.plan.pathways[owner].sender.shape  # type: ignore[union-attr]  # it has text
            return Found(name, f"synapse/{owner}/{variable}", None, shape, owner, str(variable))
        group = self.plan.groups[
            population.name if isinstance(population, Neurons) else population.population.name
        ]
        index = population.indices if isinstance(population, Part) else None
        if free:
            return self._found_free(group, index, population.shape, f"{name}.{FREE}")
        place = self._place(group, variable, label(population))
        return Found(name, place, index, population.shape, group.name, variable or "")

    def _place(self, group: Group, variable: str | None, name: str) -> str:
        if variable is None:
            if group.spiking or group.name in {probe.owner for probe in self.plan.probes if probe.events}:
                raise DescriptionError(
                    f"session: {name!r} spikes. Use session.spikes({group.name!r}), or a variable of it."
                )
            return f"history/{group.name}"
        if variable in group.ports:
            return f"port/{group.name}/{variable}"
        if variable not in group.subexpressions:
            return f"state/{group.name}/{variable}"
        ports = names_in(group.subexpressions[variable]) & set(group.ports)
        if ports:
            raise DescriptionError(
                f"session: {name}.{variable} reads the port {min(ports)!r}, which is empty between ticks."
                " Record it, or make it a variable."
            )
        return ""

    def _found_free(self, group: Group, index: np.ndarray | None, shape: tuple[int, ...], name: str) -> Found:
        if group.refractory is None:
            raise DescriptionError(
                f"session: {name!r}: {group.name!r} is never refractory. Give it refractory=... to use this."
            )
        return Found(name, f"not_refractory/{group.name}", index, shape, group.name, FREE)

    def look(self, running: Watched, found: Found, ticks: int) -> np.ndarray:
        """The present values, (trial, *shape), when the session has run so many ticks."""
        values = running.look(found.place) if found.place else self._subexpression(running, found, ticks)
        if found.index is not None:
            values = values.reshape(self.trials, -1)[:, found.index]
        return values.reshape(self.trials, *found.shape)

    def _subexpression(self, running: Watched, found: Found, ticks: int) -> np.ndarray:
        group = self.plan.groups[found.owner]
        text = group.subexpressions[found.variable]
        names: dict[str, Any] = {"t": (self.plan.first_tick + ticks) * (self.plan.dt or 1.0)}
        names |= group.constants
        names |= {key: running.look(f"state/{group.name}/{key}") for key in group.states}
        if group.spiking:
            names[FREE] = running.look(f"not_refractory/{group.name}")
        value = evaluate(text, names, AxisFunctions(group.shape))
        return np.broadcast_to(value, (self.trials, *group.shape))

    def change(self, running: Watched, found: Found, given: Any, *, batched: bool) -> np.ndarray:
        """Change values; returns the new ones, (trial, *shape)."""
        if found.kind in ("", "history"):
            what = "a subexpression, which follows from variables" if not found.place else "a message"
            raise DescriptionError(
                f"session: {found.name!r} is {what}, and cannot be changed. Change a variable, such as one of"
                f" {', '.join(self.plan.groups[found.owner].states) or 'another population'}."
            )
        if found.kind == "state" and found.variable in self.plan.groups[found.owner].folded:
            raise DescriptionError(
                f"session: {found.name!r} is a parameter that no text changes, so its value is in the"
                f" coefficients of the equations. Make {found.variable!r} a port, ports={found.variable!r},"
                " which synapses drive; or begin another session, with"
                f" start=(session.recording, {{{found.name!r}: ...}})."
            )
        new = self._values(found, given, batched)
        whole = new
        if found.index is not None:
            whole = running.look(found.place).reshape(self.trials, -1)
            whole[:, found.index] = new.reshape(self.trials, -1)
        shape = (self.trials, *self.plan.groups[found.owner].shape) if found.kind != "synapse" else new.shape
        running.change(found.place, whole.reshape(shape))
        return new

    def _values(self, found: Found, given: Any, batched: bool) -> np.ndarray:
        subject = f"session: {found.name!r}"
        if type(given) in (float, np.float64) or (type(given) is np.ndarray and given.dtype == np.float64):
            if given != given if type(given) is not np.ndarray else np.isnan(given).any():
                raise DescriptionError(f"{subject}: contains NaN. Give numbers.")
            return self._broadcast(found, np.asarray(given), batched, subject)
        value = as_value(given, subject)
        if value.dim != PLAIN and value.dim != (wanted := self._dim(found)):
            raise DescriptionError(
                f"{subject} is in {unit(value.dim)}. Give it in {unit(wanted)}, or in SI units."
            )
        return self._broadcast(found, value.number, batched, subject)

    def _broadcast(self, found: Found, number: np.ndarray, batched: bool, subject: str) -> np.ndarray:
        dtype = bool if found.variable == FREE else np.float64
        full = (self.trials, *found.shape) if batched else found.shape
        try:
            new = np.full(full, number, dtype)
        except ValueError:
            raise DescriptionError(
                f"{subject} has shape {full}, the new values {number.shape}."
                " Give one for all, or one for each."
            ) from None
        return new.reshape(self.trials, *found.shape)

    def _dim(self, found: Found) -> Dim:
        """The unit of a variable; none for what is plain, and for synapses, whose values are in SI units."""
        if found.owner not in self.net.populations or found.variable == FREE:
            return PLAIN
        population = self.net.populations[found.owner]
        return neuron_scope(self.net, population, written_variables(self.net)[found.owner]).dims[
            found.variable
        ]

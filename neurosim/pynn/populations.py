"""Populations, views and assemblies."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.parameters import LazyArray, ParameterSpace

from neurosim.pynn import simulator
from neurosim.pynn.parameters import factor, in_pynn, plain
from neurosim.pynn.recording import Recorder


class Assembly(common.Assembly):
    __doc__ = common.Assembly.__doc__
    _simulator = simulator


class _Parameters:
    """What populations and views do with parameters, which the population holds in PyNN's units."""

    def _get_parameters(self: Any, *names: str) -> ParameterSpace:
        held, where = self._held
        for name in names:
            if name not in held.parameters:
                known = self.celltype.get_parameter_names()
                raise errors.NonExistentParameterError(name, type(self.celltype).__name__, known)
        return ParameterSpace({name: held.parameters[name][where] for name in names}, shape=(self.size,))

    def _set_parameters(self: Any, parameter_space: ParameterSpace) -> None:
        parameter_space.shape = (self.size,)
        parameter_space.evaluate(simplify=False)
        parameter_space.flatten()
        held, where = self._held
        simulator.state.network = None
        for name, values in parameter_space.as_dict().items():
            if name in held.parameters:
                _check(name, values, held.celltype)
                held.parameters[name][where] = values

    def _set_initial_value_array(self: Any, variable: str, initial_value: LazyArray) -> None:
        values = initial_value.evaluate(simplify=False)
        if not initial_value.is_homogeneous:
            initial_value.base_value, initial_value.operations = values, []  # random values are drawn once
        held, where = self._held
        simulator.state.network = None
        if held is not self:
            held.initial_values[variable][where] = values
        now = simulator.state.end.get(f"state/{held.name}/{plain(variable)}")
        if now is not None:
            now = simulator.state.end[f"state/{held.name}/{plain(variable)}"] = now.copy()
            now[0, where] = values * factor(held.celltype.units[variable])

    def _get_view(self, selector: Any, label: str | None = None) -> PopulationView:
        return PopulationView(self, selector, label)  # type: ignore[call-arg]  # without PyNN


class PopulationView(_Parameters, common.PopulationView):
    __doc__ = common.PopulationView.__doc__
    _assembly_class = Assembly
    _simulator = simulator

    @property
    def _held(self) -> tuple[Population, np.ndarray]:
        return self.grandparent, self.index_in_grandparent(np.arange(self.size))

    @property
    def initial_values(self) -> dict[str, np.ndarray]:
        """The initial values of these cells."""
        held, where = self._held
        return {name: values.evaluate(simplify=False)[where] for name, values in held.initial_values.items()}


class Population(_Parameters, common.Population):
    __doc__ = common.Population.__doc__
    celltype: Any
    size: int
    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def _create_cells(self) -> None:
        state = simulator.state
        state.recorders.discard(self.recorder)  # until the population is complete
        if state.running:
            raise NotImplementedError(
                f"Population {self.label!r}: populations cannot be added to a simulation that has run."
                " Make them before the first run, or call reset() first."
            )
        if not hasattr(self.celltype, "text"):
            raise errors.InvalidModelError(
                f"Population {self.label!r}: {type(self.celltype).__name__} is not a cell type of this"
                " backend. Use one of list_standard_models()."
            )
        first = state.id_counter
        self.all_cells = np.array([simulator.ID(k) for k in range(first, first + self.size)], simulator.ID)
        self._mask_local = np.ones(self.size, bool)
        for cell in self.all_cells:
            cell.parent = self
        given = self.celltype.native_parameters
        given.shape = (self.size,)
        given.evaluate(simplify=False)
        given.flatten()
        names = self.celltype.get_parameter_names()
        self.parameters = {
            n: np.array(np.broadcast_to(v, (self.size,))) for n, v in given.as_dict().items() if n in names
        }
        for name, values in self.parameters.items():
            _check(name, values, self.celltype)
        self.name = self._unique_name(len(state.populations))
        state.id_counter += self.size
        state.populations.append(self)
        state.recorders.add(self.recorder)

    @property
    def _held(self) -> tuple[Population, slice]:
        return self, slice(None)

    @property
    def numbers(self) -> list[str]:
        """The names of the parameters that its equations use."""
        return [n for n, v in self.parameters.items() if v.dtype != object and not n.endswith("locations")]

    def _unique_name(self, number: int) -> str:
        """The name in the network: the label, where it is the script's own and no other population has it."""
        label = re.sub(r"\W", "_", self.label)
        used = {"currents", *(population.name for population in simulator.state.populations)}
        own = re.match(r"[A-Za-z]", label) and not re.fullmatch(r"population\d+", label) and label not in used
        return label if own else f"population_{number}"

    def present(self, variable: str) -> np.ndarray:
        """A variable of all cells as it is now, in PyNN's unit."""
        end = simulator.state.end
        if not end:
            return self.initial_values[variable].evaluate(simplify=False)
        return in_pynn(end[f"state/{self.name}/{plain(variable)}"][0], self.celltype.units[variable])


def _check(name: str, values: np.ndarray, celltype: Any) -> None:
    """Refuse values with which a cell cannot run."""
    if name == "spike_times":
        for train in values:
            times = np.rint(np.asarray(train.value) / simulator.state.dt)
            if np.any(np.diff(train.value) < 0):
                raise errors.InvalidParameterValueError(
                    "Spike times given to SpikeSourceArray must be in increasing order"
                )
            if times.size and times[0] < 1:
                raise errors.InvalidParameterValueError(
                    f"SpikeSourceArray: a spike at {train.value[0]} ms would lie before the first time step."
                    f" Give times of at least {simulator.state.dt} ms, the time step."
                )
    elif name == "delta_T" and not np.all(values > 0):
        raise errors.InvalidParameterValueError(
            f"{type(celltype).__name__}: delta_T = {values.min()} is not above 0. For a sharp threshold, use"
            " a cell type without the exponential, such as IF_cond_exp."
        )

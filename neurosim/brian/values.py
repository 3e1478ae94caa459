"""The values of the names in the text of a group: states, constants, and what is written out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.brian.functions_of_scripts import called_constant
from neurosim.brian.links import LinkedVariable
from neurosim.brian.names import LAST_SPIKE, Names
from neurosim.brian.private_names import (
    ArrayVariable,
    Constant,
    Function,
    Subexpression,
    Variable,
    dimensions_of,
    index_of,
    link_index,
    value_of,
)
from neurosim.brian.refusal import Refused
from neurosim.network.called import CalledConstant
from neurosim.network.text import names_in, renamed
from neurosim.network.values import PLAIN, TIME
from neurosim.plan.called import lower_called
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.dimensions import Dim, Scope
from neurosim.plan.plan import Link

BUILT_IN = {"t": TIME, "not_refractory": PLAIN}
TICKS = "timestep(t, dt)"


@dataclass
class Values:
    """The names that text of one group uses, sorted by what they are.

    names: their meanings
    changing: the arrays that some text of the network changes
    linkable: the linked variables that the group may use, by name
    links: those that it uses, as the plan has them
    states: the arrays of the group that change, by name
    constants: the values of the others
    called: those that text calls
    subexpressions: what stands for a name, by name
    dims: the dimensions of each name
    """

    names: Names
    changing: Collection[Variable]
    linkable: Mapping[str, LinkedVariable] = field(default_factory=dict[str, LinkedVariable])
    links: dict[str, Link] = field(default_factory=dict[str, Link])
    states: dict[str, Variable] = field(default_factory=dict[str, Variable])
    constants: dict[str, Numeric] = field(default_factory=dict[str, Numeric])
    called: dict[str, CalledConstant] = field(default_factory=dict[str, CalledConstant])
    subexpressions: dict[str, str] = field(default_factory=dict[str, str])
    dims: dict[str, Dim] = field(default_factory=lambda: dict(BUILT_IN))

    def add(self, names: Iterable[str]) -> None:
        """Take in names, and those that they stand for, in an order that is the same in every process."""
        for name in sorted(names):
            if name in self.dims:
                continue
            if name in self.linkable:
                self.links[name] = self.linkable[name].link
                self.dims[name] = dimensions_of(self.linkable[name].variable)
            else:
                self._add(name, self.names[name])

    def _add(self, name: str, variable: Variable) -> None:
        if isinstance(variable, Function):
            self.called[name] = called_constant(name, variable, self.names.group, self.names.label)
            self.dims[name] = self.called[name].dim
            return
        self.dims[name] = dimensions_of(variable)
        owner: Any = variable.owner
        own = owner is not None and owner.name == self.names.group.name
        if isinstance(variable, Constant):
            self.constants[name] = number(variable.value)
        elif isinstance(variable, Subexpression):
            plain = self.names.plain(variable.expr)
            new = {linked.given: given for given, linked in self.linkable.items()}
            self.subexpressions[name] = renamed(plain, new)
            self.add(names_in(self.subexpressions[name]))
        elif name == "t_in_timesteps":
            self.subexpressions[name] = TICKS
            self.add(["dt"])
        elif name == LAST_SPIKE and own:
            self.states[name] = variable
        elif isinstance(variable, ArrayVariable) and variable not in self.changing:
            self.constants[name] = number(self._values(name, variable, own), variable.scalar)
        elif isinstance(variable, ArrayVariable) and own:
            self.states[name] = variable
        else:
            raise Refused(self.names.label, f"its text reads {name!r}")

    def _values(self, name: str, variable: Variable, own: bool) -> np.ndarray:
        """What Brian2 holds for an array, for each neuron of the group."""
        values, group = value_of(variable), self.names.group
        return values if own or variable.scalar else values[link_index(group, index_of(group, name))]

    def scope(self) -> Scope:
        """The names for the functions that read text."""
        dims = {name: dim for name, dim in self.dims.items() if name not in self.called}
        constant = frozenset(self.constants)
        return Scope(self.names.label, dims, constant, self.subexpressions, called=self.called)

    def lowered(self, dtype: np.dtype) -> dict[str, Numeric]:
        """The constants in the precision of a run, among them those that text calls."""
        return rounded(self.constants, dtype) | called_in_plan(
            self.called, self.names.label, float(self.constants["dt"]), dtype
        )

    def start(self, dtype: np.dtype) -> dict[str, np.ndarray]:
        """The values of the states that Brian2 holds now; of (shared) ones the same for all neurons."""
        shape = (len(self.names.group),)
        return {
            name: np.array(np.broadcast_to(value_of(variable), shape), dtype)
            for name, variable in self.states.items()
        }


def number(value: Any, scalar: bool = True) -> Numeric:
    """A constant as text sees it: a truth value, a float, or an array of floats."""
    array = np.asarray(value)
    if scalar and array.dtype.kind == "b":
        return bool(array.item())
    return float(array.item()) if scalar else array.astype(np.float64)


def called_in_plan(
    called: Mapping[str, CalledConstant], label: str, tick: float, dtype: np.dtype
) -> dict[str, Numeric]:
    """Constants that text calls, as a plan holds them."""
    precision = "single" if dtype == np.float32 else "double"
    return {
        name: lower_called(constant, f"{label}: {name}", TIME, tick, precision)
        for name, constant in called.items()
    }


def rounded(values: Mapping[str, Numeric], dtype: np.dtype) -> dict[str, Numeric]:
    """Constants in the precision of a run."""
    return {
        key: value if isinstance(value, bool) else np.asarray(value, dtype)[()]
        for key, value in values.items()
    }

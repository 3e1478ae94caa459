"""What the names in the text of synapses are: variables of synapses or neurons, or constants."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.brian.functions_of_scripts import called_constant
from neurosim.brian.links import link_to, name_in_plan
from neurosim.brian.names import Names, root_of
from neurosim.brian.private_names import (
    ArrayVariable,
    BrianObject,
    Constant,
    Function,
    NeuronGroup,
    PoissonGroup,
    Subexpression,
    Synapses,
    Variable,
    delays_of,
    dimensions_of,
    edges_of,
    index_of,
    link_index,
    value_of,
)
from neurosim.brian.refusal import Refused
from neurosim.brian.values import BUILT_IN, TICKS, called_in_plan, number, rounded
from neurosim.network.called import CalledConstant
from neurosim.network.text import Statement, names_in, renamed
from neurosim.network.values import TIME
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.dimensions import Dim, Scope
from neurosim.plan.equations import inline
from neurosim.plan.plan import Link

ENDS = {"_presynaptic_idx": "_pre", "_postsynaptic_idx": "_post"}


@dataclass(frozen=True, eq=False)
class Wires:
    """The synapses of one object, sorted by sender.

    order: what sorted them: the number of each synapse in Brian2
    sender, receiver: of each synapse, in the groups of which parts may be used
    """

    order: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray

    @staticmethod
    def of(synapses: BrianObject) -> Wires:
        """The synapses that the script has made."""
        pre, post = edges_of(synapses)
        if (pre[1:] >= pre[:-1]).all():  # as `connect` leaves them
            return Wires(np.arange(pre.size), pre, post)
        order = np.argsort(pre, kind="stable")
        return Wires(order, pre[order], post[order])

    def sorted(self, values: np.ndarray) -> np.ndarray:
        """The values of a variable of the synapses in this order; a (shared) one has one for all."""
        return np.broadcast_to(values, self.order.shape)[self.order]

    def delays(self, pathway: BrianObject, dt: float) -> np.ndarray:
        """The delay of each synapse in ticks, rounded as Brian2 does: halves up."""
        ticks = np.floor(delays_of(pathway) / dt + 0.5).astype(np.int64)
        return np.full(self.order.shape, ticks.reshape(-1)[0]) if ticks.size == 1 else ticks[self.order]


class SynapseValues:
    """The names in the text of synapses, sorted by what they are.

    synapses: the object of Brian2
    namespace: the names of the script
    changing: the arrays that some text of the network changes
    held: those of the synapses that a group of the plan holds
    """

    def __init__(
        self,
        synapses: BrianObject,
        names: Names,
        changing: Collection[Variable],
        wires: Wires,
        held: Collection[Variable] = (),
    ):
        self.synapses, self.names, self.changing, self.wires = synapses, names, changing, wires
        self.held = held
        self.states: dict[str, Variable] = {}
        self.constants: dict[str, Numeric] = {}
        self.called: dict[str, CalledConstant] = {}
        self.subexpressions: dict[str, str] = {}
        self.dims: dict[str, Dim] = BUILT_IN | {"elapsed": TIME}
        self.links: dict[str, Link] = {}
        self.renamed: dict[str, str] = {}
        self.of_neurons: dict[str, set[str]] = {"_pre": set(), "_post": set()}

    def add(self, names: Iterable[str]) -> None:
        """Take in names, and those that they stand for, in an order that is the same in every process."""
        for name in sorted(names):
            if name not in self.dims:
                variable = self.names[name]
                if isinstance(variable, Function):
                    self.called[name] = called_constant(name, variable, self.synapses, self.names.label)
                    self.dims[name] = self.called[name].dim
                    continue
                self.dims[name] = dimensions_of(variable)
                self._add(name, variable)

    def _add(self, name: str, variable: Variable) -> None:
        index = index_of(self.synapses, name) if name in self.synapses.variables else "0"
        own = variable.owner is not None and variable.owner.name == self.synapses.name
        if isinstance(variable, Constant):
            self.constants[name] = number(variable.value)
        elif isinstance(variable, Subexpression) and own:
            self.subexpressions[name] = self.names.plain(variable.expr)
            self.add(names_in(self.subexpressions[name]))
        elif name.startswith("t_in_timesteps"):
            self.subexpressions[name] = TICKS
            self.add(["dt"])
        elif isinstance(variable, Subexpression) or (variable in self.changing and not own):
            if not self._add_of_neuron(name, variable, index):
                self._add_link(name, variable, index)
        elif not isinstance(variable, ArrayVariable):
            raise Refused(self.names.label, f"its text reads {name!r}")
        elif variable in self.held:
            self.links[name] = Link(self.synapses.name, name, self.wires.order)
        elif variable in self.changing or name == "lastupdate":
            self.states[name] = variable
        else:
            self.constants[name] = self._constant(variable, index)

    def _add_of_neuron(self, name: str, variable: Variable, index: str) -> bool:
        """A variable of the sender or the target, under the name that engines know; whether it is one."""
        end = ENDS.get(index) or ("_pre" if name.endswith("_pre") else "_post")
        group = root_of(self.synapses.source if end == "_pre" else self.synapses.target)
        if variable.owner.name != group.name or index not in ("0", *ENDS):
            return False
        if variable.name != "not_refractory":
            self.of_neurons[end].add(variable.name)
        self.renamed[name] = f"{variable.name}{end}"
        self.dims[f"{variable.name}{end}"] = self.dims[name]
        return True

    def _add_link(self, name: str, variable: Variable, index: str) -> None:
        """A variable of a group that the synapses do not join, or of other neurons there."""
        groups = NeuronGroup, PoissonGroup, Synapses
        if not isinstance(variable, ArrayVariable) or variable.owner.__class__ not in groups:
            raise Refused(self.names.label, f"its text reads {name!r}")
        new = name_in_plan(name)
        self.links[new] = link_to(variable, self._places(index))
        self.dims[new] = self.dims[name]
        if new != name:
            self.renamed[name] = new

    def _places(self, index: str) -> np.ndarray:
        """The neuron, or element of an array, that a name with this index means for each synapse."""
        ends = {"_presynaptic_idx": self.wires.sender, "_postsynaptic_idx": self.wires.receiver}
        if index in ends:
            return ends[index]
        return link_index(self.synapses, index)[self.wires.order]

    def _constant(self, variable: Variable, index: str) -> Numeric:
        """The value of an array that never changes, for each synapse."""
        values = value_of(variable)
        if variable.scalar or index == "0":
            return number(values)
        return number(values[self._places(index)], False)

    @property
    def own(self) -> set[str]:
        """The names of the variables of the synapses that change."""
        return {*self.states, *(variable.name for variable in self.held)}

    def scope(self) -> Scope:
        """The names for the functions that read text."""
        dims = {name: dim for name, dim in self.dims.items() if name not in self.called}
        return Scope(
            self.names.label, dims, frozenset(self.constants), self.subexpressions, axes=False,
            called=self.called,
        )  # fmt: skip

    def lowered(self, dtype: np.dtype) -> dict[str, Numeric]:
        """The constants in the precision of a run, among them those that text calls."""
        return rounded(self.constants, dtype) | called_in_plan(
            self.called, self.names.label, float(self.constants["dt"]), dtype
        )

    def plain(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        """Statements with subexpressions written out, under the names that the engines know."""
        scope = self.scope()
        return tuple(
            Statement(
                self.renamed.get(s.name, s.name), s.op, renamed(inline(s.expression, scope), self.renamed)
            )
            for s in statements
        )

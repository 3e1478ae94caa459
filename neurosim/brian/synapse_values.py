"""What the names in the text of synapses are: variables of synapses or neurons, or constants."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.brian.functions_of_scripts import called_constant
from neurosim.brian.names import Names, root_of
from neurosim.brian.private_names import (
    ArrayVariable,
    BrianObject,
    Constant,
    Function,
    Subexpression,
    Variable,
    delays_of,
    dimensions_of,
    edges_of,
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
    """

    def __init__(self, synapses: BrianObject, names: Names, changing: Collection[Variable], wires: Wires):
        self.synapses, self.names, self.changing, self.wires = synapses, names, changing, wires
        self.states: dict[str, Variable] = {}
        self.constants: dict[str, Numeric] = {}
        self.called: dict[str, CalledConstant] = {}
        self.subexpressions: dict[str, str] = {}
        self.dims: dict[str, Dim] = BUILT_IN | {"elapsed": TIME}
        self.renamed: dict[str, str] = {}
        self.of_neurons: dict[str, set[str]] = {"_pre": set(), "_post": set()}

    def add(self, names: Iterable[str]) -> None:
        """Take in names, and those that they stand for."""
        for name in names:
            if name not in self.dims:
                variable = self.names[name]
                if isinstance(variable, Function):
                    self.called[name] = called_constant(name, variable, self.synapses, self.names.label)
                    self.dims[name] = self.called[name].dim
                    continue
                self.dims[name] = dimensions_of(variable)
                self._add(name, variable)

    def _add(self, name: str, variable: Variable) -> None:
        index = self.synapses.variables.indices[name] if name in self.synapses.variables else "0"
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
            self._add_of_neuron(name, variable, index)
        elif not isinstance(variable, ArrayVariable):
            raise Refused(self.names.label, f"its text reads {name!r}")
        elif variable in self.changing or name == "lastupdate":
            self.states[name] = variable
        else:
            self.constants[name] = self._constant(variable, index)

    def _add_of_neuron(self, name: str, variable: Variable, index: str) -> None:
        """A variable of the sender or the target, under the name that the engines know it by."""
        end = ENDS.get(index) or ("_pre" if name.endswith("_pre") else "_post")
        group = root_of(self.synapses.source if end == "_pre" else self.synapses.target)
        if variable.owner.name != group.name:
            raise Refused(self.names.label, f"its text reads {name!r}")
        if variable.name != "not_refractory":
            self.of_neurons[end].add(variable.name)
        self.renamed[name] = f"{variable.name}{end}"
        self.dims[f"{variable.name}{end}"] = self.dims[name]

    def _constant(self, variable: Variable, index: str) -> Numeric:
        """The value of an array that never changes, for each synapse."""
        values = value_of(variable)
        if variable.scalar or index == "0":
            return number(values)
        if index == "_idx":
            return number(values[self.wires.order], False)
        ends = {"_presynaptic_idx": self.wires.sender, "_postsynaptic_idx": self.wires.receiver}
        return number(values[ends[index]], False)

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

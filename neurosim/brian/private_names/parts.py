"""What groups, synapses and their text consist of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.brian.private_names import modules
from neurosim.brian.private_names.classes import ArrayVariable, BrianObject, SpikeQueue, Variable, prefs
from neurosim.brian.private_names.runs import clock_of
from neurosim.network.values import AXES


def local_namespace(level: int) -> dict[str, Any]:
    """The names where a function of Brian2 was called; each function on the way there counts 1."""
    return modules.namespace.get_local_namespace(level=level + 1)


def identifiers_in(code: str, known: Mapping[str, Variable]) -> set[str]:
    """The names that code reads or assigns, its temporary ones left out."""
    _, used, unknown = modules.translation.analyse_identifiers(code, known, recursive=True)
    return set(used) | set(unknown)


def check_units(code: str, known: Mapping[str, Variable]) -> None:
    """Let Brian2 check the units of code, which raises its errors."""
    modules.unitcheck.check_units_statements(code, known)


def dimensions_of(variable: Variable) -> tuple[float, ...]:
    """The dimensions of a variable: the exponents of the seven base units."""
    return exponents(variable.dim)


def value_of(variable: Variable) -> np.ndarray:
    """The values that Brian2 holds for an array or a constant."""
    return np.asarray(variable.get_value())


def integrated(runner: BrianObject, method: object, known: Mapping[str, Variable]) -> str:
    """The code by which one of Brian2's methods integrates the equations of a group over one tick."""
    equations = runner.group.equations
    code = modules.stateupdaters.StateUpdateMethod.apply_stateupdater(
        equations, known, method, method_options=runner.method_options, group_name=None
    )
    return code


def refractory_of(group: BrianObject) -> object:
    """How long a NeuronGroup is refractory: False, a quantity, or text."""
    return group._refractory


def old_refractoriness() -> bool:
    """Whether scripts ask for refractoriness as in Brian2 before 2.1, which compares times and not ticks."""
    return bool(prefs.legacy.refractory_timing)


def arrays_of_others(group: BrianObject) -> dict[str, Variable]:
    """The arrays of other objects that a group knows by names of its own, clocks left out."""
    own, clock = group.name, clock_of(group).name
    return {
        name: variable
        for name, variable in dict(group.variables).items()
        if isinstance(variable, ArrayVariable) and variable.owner.name not in (own, clock)
    }


def link_index(group: BrianObject, index: str) -> np.ndarray:
    """For each element of a group, that of the arrays which it knows under an index of this name."""
    if index == "0":
        return np.zeros(len(group), np.int64)
    if index == "_idx":
        return np.arange(len(group))
    return np.array(group.variables[index].get_value(), np.int64)


def index_of(group: BrianObject, name: str) -> str:
    """The name of the index under which a group knows an array."""
    return str(group.variables.indices[name])


def is_condition(text: str, known: Mapping[str, Variable]) -> bool:
    """Whether an expression is true or false."""
    return bool(modules.expressions.is_boolean_expression(text, known))


def edges_of(synapses: BrianObject) -> tuple[np.ndarray, np.ndarray]:
    """The index of the sender and of the target of each synapse, in the groups of which parts may be used."""
    names = ("_synaptic_pre", "_synaptic_post")
    pre, post = (np.array(synapses.variables[name].get_value(), np.int64) for name in names)
    return pre, post


def pathways_of(synapses: BrianObject) -> list[BrianObject]:
    """The pathways of synapses: one for each text of on_pre and on_post."""
    return list(synapses._pathways)


def delays_of(pathway: BrianObject) -> np.ndarray:
    """The delay of each synapse of a pathway in seconds, or a single one."""
    return np.asarray(pathway.variables["delay"].get_value())


def connect_was_called(synapses: BrianObject) -> bool:
    """Whether the script has called `connect`."""
    return bool(synapses._connect_called)


def pending_of(pathway: BrianObject) -> np.ndarray:
    """The spikes in the queue of a pathway: in how many ticks each is due, and its synapse, (spike, 2)."""
    if isinstance(pathway.queue, LateQueue) and pathway.queue.late is not None:
        return pathway.queue.late[0].copy()
    state = pathway.queue._full_state()
    if len(state) == 2:  # since Brian2 2.10: the row of the present tick, and the synapses of each row
        now, rows = state
        spikes = [((row - now) % len(rows), n) for row, those in enumerate(rows) for n in those]
    else:
        _, spikes, _ = state
    return np.asarray(spikes, np.int64).reshape(-1, 2)


class LateQueue(SpikeQueue):
    """A queue of Brian2 in Python that takes spikes as an array, and stores them when it is looked at.

    Storing millions takes seconds, and most queues are never looked at after a run.
    """

    late: tuple[np.ndarray, float] | None = None

    def _full_state(self) -> Any:
        late, self.late = self.late, None
        if late is not None:
            _store(self, *late)
        return super()._full_state()

    def _restore_from_full_state(self, state: Any) -> None:
        self.late = None
        super()._restore_from_full_state(state)


def put_pending(pathway: BrianObject, spikes: np.ndarray, dt: float) -> None:
    """Put spikes into the queue of a pathway, in the form of `pending_of`."""
    if isinstance(pathway.queue, LateQueue):
        pathway.queue.late = (spikes, dt)
    else:  # made before the script chose the device
        _store(pathway.queue, spikes, dt)


def _store(queue: Any, spikes: np.ndarray, dt: float) -> None:
    ticks = int(spikes[:, 0].max(initial=0)) + 1
    if len(queue._full_state()) == 2:
        rows = [spikes[spikes[:, 0] == tick, 1].tolist() for tick in range(ticks)]
        queue._restore_from_full_state((0, rows))
        return
    most = int(np.bincount(spikes[:, 0], minlength=1).max()) + 1
    queue.currenttime = 0
    queue._restore_from_full_state((dt, spikes, (ticks, most)))


def spikes_given(group: BrianObject) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The spikes of a SpikeGeneratorGroup: tick and neuron of each, how many were sent, and the period."""
    names = ("_timebins", "neuron_index", "_lastindex", "_period_bins")
    tick, neuron, sent, period = (np.array(group.variables[name].get_value(), np.int64) for name in names)
    return tick, neuron, int(sent.item()), int(period.item())


def put_spikes_sent(group: BrianObject, sent: int) -> None:
    """Let a SpikeGeneratorGroup know how many of its spikes have been sent."""
    group.variables["_lastindex"].set_value(sent)


def poisson_input_of(runner: BrianObject) -> tuple[int, float, Any, str]:
    """The number of sources of a PoissonInput, their rate in Hz, the weight, and the name of its target."""
    return int(runner._N), float(runner._rate), runner._weight, str(runner._target_var)


def exponents(dimension: Any) -> tuple[float, ...]:
    return tuple(float(dimension.get_dimension(axis)) for axis in AXES)


def exponents_of_unit(unit: Any) -> tuple[float, ...]:
    """The dimensions of a unit of an argument or a value; none for truth values and units of any kind."""
    return exponents(unit.dim) if hasattr(unit, "dim") else (0.0,) * len(AXES)

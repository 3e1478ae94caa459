"""Projections: connections, whose parameters the projection holds in PyNN's units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyNN import common, connectors, errors
from pyNN.parameters import ParameterSpace

from neurosim.pynn import simulator
from neurosim.pynn.parameters import factor, in_pynn
from neurosim.pynn.synapses import StaticSynapse

JOIN = {"sum": (0.0, np.add), "min": (np.inf, np.minimum), "max": (-np.inf, np.maximum)}


@dataclass(frozen=True)
class Group:
    """The connections of a projection that lead from one population to another.

    where: their places among the connections of the projection, sorted by sender.
    pre_index, post_index: their ends, as indices in the two populations.
    """

    name: str
    pre: Any
    post: Any
    where: np.ndarray
    pre_index: np.ndarray
    post_index: np.ndarray


class Connection(common.Connection):
    """One connection; its attributes, such as weight, delay and postsynaptic_index, can be read and set."""

    projection: Any
    index: int

    def __init__(self, projection: Projection, index: int):
        self.__dict__.update(projection=projection, index=index)

    def __getattr__(self, name: str) -> float:
        return float(self.projection.values(name)[self.index])

    def __setattr__(self, name: str, value: float) -> None:
        self.projection._assign(name, np.array([self.index]), value)


class Projection(common.Projection):
    __doc__ = common.Projection.__doc__
    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        if not hasattr(self.synapse_type, "on_pre"):
            raise errors.InvalidModelError(
                f"Projection {self.label!r}: {type(self.synapse_type).__name__} is not a synapse type of this"
                " backend. Use one such as StaticSynapse."
            )
        if simulator.state.running and self.synapse_type.on_pre:
            raise NotImplementedError(
                f"Projection {self.label!r}: synapses with dynamics cannot be added to a simulation that has"
                " run. Make them before the first run, or call reset() first."
            )
        self._pieces: list[dict[str, Any]] = []
        self._values: dict[str, np.ndarray] = {}
        self._unlearned: np.ndarray | None = None  # the weights before plasticity changed them
        self.number = len(simulator.state.projections)
        self._connector.connect(self)
        self._join()
        simulator.state.projections.append(self)

    def _convergent_connect(
        self,
        presynaptic_indices: np.ndarray,
        postsynaptic_index: int,
        location_selector: Any = None,
        **connection_parameters: Any,
    ) -> None:
        if location_selector is not None:
            raise NotImplementedError("Projection: cells have no compartments. Leave location_selector out.")
        piece = {"post": postsynaptic_index, **connection_parameters}
        piece = {name: np.broadcast_to(value, len(presynaptic_indices)) for name, value in piece.items()}
        self._pieces.append({"pre": presynaptic_indices, **piece})

    def _join(self) -> None:
        names = self._pieces[0] if self._pieces else [*self.synapse_type.get_parameter_names(), "pre", "post"]
        columns = {n: np.concatenate([np.zeros(0), *(p[n] for p in self._pieces)]) for n in names}
        self._pre, self._post = columns.pop("pre").astype(int), columns.pop("post").astype(int)
        self._pieces = []
        for name, values in columns.items():
            self._values[name] = np.zeros(len(self))
            self._assign(name, np.arange(len(self)), values)

    def __len__(self) -> int:
        return self._pre.size

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        return Connection(self, range(len(self))[i])

    @property
    def connections(self) -> Iterator[Connection]:
        """All connections."""
        return iter(self)

    def values(self, name: str) -> np.ndarray:
        """An attribute of all connections, as it is now."""
        ends = {"presynaptic_index": self._pre, "postsynaptic_index": self._post}
        found = self._values.get(name, ends.get(name))
        if found is None:
            known = self.synapse_type.get_parameter_names()
            raise errors.NonExistentParameterError(name, type(self.synapse_type).__name__, known)
        return found

    def _assign(self, name: str, where: np.ndarray, values: Any) -> None:
        values = np.broadcast_to(np.asarray(values, float), where.shape)
        if name == "delay":
            values = simulator.state.time(np.rint(values / simulator.state.dt))
            if values.size and values.min() < simulator.state.dt:
                raise errors.ConnectionError(
                    f"Projection {self.label!r}: a delay of {values.min()} ms is less than the time step,"
                    f" {simulator.state.dt} ms. Give longer ones."
                )
        self.values(name)[where] = values
        simulator.state.network = None
        if name == "weight" and self._unlearned is not None:
            self._unlearned[where] = values
            for group in self.groups():
                weights = self.values(name)[group.where] * factor(self._unit(group))
                simulator.state.end[f"synapse/{group.name}/w"] = weights[None]

    def _set_attributes(self, parameter_space: ParameterSpace) -> None:
        parameter_space.evaluate(simplify=False)
        for name, values in parameter_space.items():
            self._assign(name, np.arange(len(self)), np.asarray(values)[self._pre, self._post])

    def _get_attributes_as_list(self, attribute_names: list[str]) -> list[tuple[float, ...]]:
        columns = np.array([self.values(name) for name in attribute_names], float)
        return [tuple(row) for row in columns.T.tolist()]

    def _get_attributes_as_arrays(
        self, attribute_names: list[str], multiple_synapses: str = "sum"
    ) -> list[np.ndarray]:
        arrays: list[np.ndarray] = []
        for name in attribute_names:
            found = np.full(self.shape, np.nan)
            order = np.arange(len(self))
            order = order[::-1].copy() if multiple_synapses == "first" else order  # the last one stays
            pre, post, values = (x[order] for x in (self._pre, self._post, self.values(name)))
            start, join = JOIN.get(multiple_synapses, (values, None))
            found[pre, post] = start
            if join is not None:
                join.at(found, (pre, post), values)
            arrays.append(found)
        return arrays

    def _set_initial_value_array(self, variable: str, initial_value: Any) -> None:
        raise NotImplementedError(
            f"Projection {self.label!r}: initial values of {variable!r} cannot be set. Leave them out."
        )

    def groups(self) -> list[Group]:
        """The connections by the populations that they join; several if an end is an Assembly."""
        found: list[Group] = []
        pre_population, pre_index = _places(self.pre)
        post_population, post_index = _places(self.post)
        for pre in dict.fromkeys(pre_population):
            for post in dict.fromkeys(post_population):
                here = np.array([p is pre for p in pre_population], bool)[self._pre]
                here &= np.array([p is post for p in post_population], bool)[self._post]
                where = np.flatnonzero(here)
                where = where[np.argsort(pre_index[self._pre[where]], kind="stable")]
                if where.size:
                    name = f"projection_{self.number}_{pre.name}_to_{post.name}"
                    ends = pre_index[self._pre[where]], post_index[self._post[where]]
                    found.append(Group(name, pre, post, where, *ends))
        return found

    def _unit(self, group: Group) -> str:
        return group.post.celltype.receptors[self.receptor_type].unit

    def learn(self, end: dict[str, np.ndarray]) -> None:
        """Take the weights that plasticity has left."""
        if self.synapse_type.on_post and len(self):
            weights = self.values("weight")
            self._unlearned = weights.copy() if self._unlearned is None else self._unlearned
            for group in self.groups():
                weights[group.where] = in_pynn(end[f"synapse/{group.name}/w"][0], self._unit(group))

    def _reset(self) -> None:
        if self._unlearned is not None:
            self._values["weight"], self._unlearned = self._unlearned, None


class OneToOneConnector(connectors.OneToOneConnector):
    __doc__ = connectors.OneToOneConnector.__doc__

    def _standard_connect(self, projection: Any, generator: Any, distance_map: Any = None) -> None:
        """PyNN 0.13 does not connect two single cells with numpy 2.1 and later: their map has no axis."""
        super()._standard_connect(
            projection, lambda *mask: map(np.atleast_1d, generator(*mask)), distance_map
        )


def _places(cells: Any) -> tuple[list[Any], np.ndarray]:
    """The population of each cell of a population, view or assembly, and its index there."""
    parts = cells.populations if isinstance(cells, common.Assembly) else [cells]
    populations: list[Any] = []
    indices: list[np.ndarray] = []
    for part in parts:
        held, where = part._held
        populations += [held] * part.size
        indices.append(np.arange(part.size) if held is part else where)
    return populations, np.concatenate(indices)

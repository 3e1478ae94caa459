"""What a monitor of Brian2 records, as a file holds it: a probe, and its values in some ticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurosim.brian.private_names import in_seconds
from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, label
from neurosim.network.probes import Probe
from neurosim.network.schedule import Clock
from neurosim.network.values import PLAIN, TIME, Dim

BASE = ("metre", "kilogram", "second", "amp", "kelvin", "mole", "candela")  # as equations write them
NAMED: dict[Dim, str] = {
    (2.0, 1.0, -3.0, -1.0, 0.0, 0.0, 0.0): "volt",
    (-2.0, -1.0, 3.0, 2.0, 0.0, 0.0, 0.0): "siemens",
    (-2.0, -1.0, 4.0, 2.0, 0.0, 0.0, 0.0): "farad",
    tuple(-power for power in TIME): "hertz",
    PLAIN: "1",
}


def unit_text(dim: Dim) -> str:
    """A unit as equations write it."""
    powers = [f"{base}**{power:g}" for base, power in zip(BASE, dim, strict=True) if power]
    return NAMED.get(dim) or "*".join(powers)


@dataclass(frozen=True, eq=False)
class Recorded:
    """One record of a monitor.

    monitor: the name of the monitor
    owner: the name of the group or of the synapses, or of the monitor for a rate
    size: how many neurons or synapses the owner has
    variable: the name of the variable; None for spikes
    unit: of its values, as text
    index: the neurons or synapses that are recorded
    every: the number of ticks from one sample to the next
    """

    monitor: str
    owner: str
    size: int
    variable: str | None
    unit: str
    index: np.ndarray
    every: int

    @property
    def whole(self) -> bool:
        """Whether all neurons or synapses are recorded, in their order."""
        return np.array_equal(self.index, np.arange(self.size))

    def probe(self, population: Neurons) -> Probe:
        """The probe that the file has for it."""
        index = None if self.whole else self.index
        named = population.name if index is None else label(population[_key(self.index)])
        name = named if self.variable is None else f"{named}.{self.variable}"
        shape = (self.size,) if index is None else index.shape
        return Probe(name, self.owner, self.variable, index, shape, self.every, self.variable is None)


def _key(index: np.ndarray) -> slice | list[int]:
    """The shortest way to write an index: a slice where the numbers follow each other."""
    first, last = (int(index[0]), int(index[-1])) if index.size else (0, -1)
    return slice(first, last + 1) if np.array_equal(index, np.arange(first, last + 1)) else index.tolist()


def probes_of(records: Sequence[Recorded], network: Network) -> list[Probe]:
    """The probes of a file.

    Where two records would have one name, that with the shorter interval has it, and the other has the name
    of its monitor, too.
    """
    found: dict[int, Probe] = {}
    taken: set[str] = set()
    for place in sorted(range(len(records)), key=lambda n: records[n].every):
        probe = records[place].probe(network.populations[records[place].owner])
        if probe.name in taken:
            probe = replace(probe, name=f"{probe.name} ({records[place].monitor})")
        taken.add(probe.name)
        found[place] = probe
    return [found[place] for place in range(len(records))]


def network_of(records: Sequence[Recorded], sizes: Mapping[str, int], dt: float) -> Network:
    """A network that says what the records of a file are of: populations with the variables recorded.

    sizes: how many neurons each group has
    dt: the length of a tick, in seconds
    """
    owners = dict(sizes) | {record.owner: record.size for record in records}
    populations = [_population(name, size, records) for name, size in owners.items()]
    return Network(*populations, schedule=Clock(in_seconds(dt)))


def _population(name: str, size: int, records: Iterable[Recorded]) -> Neurons:
    """A population with those recorded variables that it can have: some names are not free."""
    units = {r.variable: r.unit for r in records if r.owner == name and r.variable is not None}
    lines = [f"{variable} : {unit}" for variable, unit in units.items() if _is_free(variable, unit)]
    return Neurons(name, size, equations="\n".join(lines), ports="") if lines else Neurons(name, size)


def _is_free(variable: str, unit: str) -> bool:
    try:
        Neurons("population", 1, equations=f"{variable} : {unit}", ports="")
    except DescriptionError:
        return False
    return True

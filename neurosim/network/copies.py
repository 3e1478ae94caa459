"""Copies of a network under other names, to stand beside it or beside each other in a larger network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments
from neurosim.network.neurons import Neurons
from neurosim.network.readonly import ReadOnly
from neurosim.network.remake import remade
from neurosim.network.synapses import Synapses
from neurosim.network.values import Value, identifier
from neurosim.network.weights import Distribution
from neurosim.network.windows import pool
from neurosim.network.wiring import private

if TYPE_CHECKING:
    from neurosim.network.network import Network


@dataclass(frozen=True, eq=False, repr=False)
class Copy:
    """A copy of a network whose populations and synapses are called 'name_x' where those of the network are
    called 'x'.

    It stands among the arguments of `Network`, as often as there are names for it; `copy["x"]` is its
    population or its synapses, for synapses from and to the rest of the larger network. `Network.named` makes
    it.
    """

    name: str
    network: Network
    populations: Mapping[str, Neurons]  # by the names of the network
    synapses: Mapping[str, Synapses]
    tied: Mapping[str, str]  # 'name_x.constant' -> the constant whose number it has

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The names of the populations of this copy and of the copies in it."""
        inner = {
            f"{self.name}_{part}": tuple(self.populations[name].name for name in names)
            for part, names in self.network.parts.items()
        }
        return {self.name: tuple(p.name for p in self.populations.values())} | inner

    def named(self, name: str, *, tied: Network | Copy | None = None) -> Copy:
        """Another copy of the same network; see `Network.named`."""
        return copied(self.network, name, tied)

    def __getitem__(self, name: str) -> Neurons | Synapses:
        short = name.removeprefix(f"{self.name}_") if isinstance(name, str) else name
        for key in (name, short):
            if key in self.network:
                return self.populations[key] if key in self.populations else self.synapses[key]
        known = (*self.populations, *self.synapses)
        raise DescriptionError(
            f"Copy {self.name!r}: has nothing called {shown(name)}. {nearest(name, known)}"
        )

    def __repr__(self) -> str:
        return f"<Copy {self.name!r} of {self.network!r}>"


def copied(network: Network, name: str, tied: Network | Copy | None) -> Copy:
    """A copy of `network` under a name; see `Network.named`."""
    where = f"named({shown(name)})"
    name = identifier(name, f"{where}: name")
    if tied is not None and getattr(tied, "network", tied) is not network:
        raise DescriptionError(
            f"{where}: tied={shown(tied)} is neither this network nor a copy of it."
            " Give one of those, such as"
            f" tied=first with first = network.named('first')."
        )

    def population(old: Neurons) -> Neurons:
        arguments: Arguments = old.arguments | {"name": f"{name}_{old.name}"}
        return Neurons(**arguments)

    def synapses(old: str, arguments: Arguments) -> Arguments:
        shared = {} if tied is None else _shared(tied.synapses[old])
        return arguments | shared | {"name": f"{name}_{old}"}

    populations, made = remade(network.populations, network.synapses, population, synapses)
    ties = {
        f"{name}_{constant}": f"{name}_{source}" for constant, source in network.tied.items()
    }  # what was tied within the network is tied within its copy
    if tied is not None:
        ties |= _ties(network, name, tied)
    return Copy(name, network, ReadOnly(populations), ReadOnly(made), ReadOnly(ties))


def _shared(original: Synapses) -> Arguments:
    """The argument that shares the weights of `original`, if they can differ between copies."""
    if original.owner is not None:
        return {"weight": original.weight}
    drawn = isinstance(original.weight, Distribution)
    numbers = isinstance(original.weight, Value) and (original.learns or not original.weight.scalar)
    if isinstance(original.wiring, private | pool) or not (drawn or numbers):
        return {}
    return {"weight": original}


def _ties(network: Network, name: str, tied: Network | Copy) -> dict[str, str]:
    """The constants of a copy that have the numbers of those of another: what learns, and what is drawn."""
    found = {}
    for short, population in network.populations.items():
        for constant, value in population.constants.items():
            if constant in population.learns or isinstance(value, Distribution):
                source = f"{tied.populations[short].name}.{constant}"
                found[f"{name}_{short}.{constant}"] = tied.tied.get(source, source)
    return found

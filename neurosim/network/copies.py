"""Copies of a network under other names, so that a larger network can hold it several times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import Arguments
from neurosim.network.expression import Expression, is_drawn
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
    """A copy of a network, made by `Network.named`, to be an argument of a larger `Network`.

    What is called 'x' in the network is called 'name_x' in the copy. `copy["x"]` is that population, or those
    synapses, of the copy: what the rest of the larger network connects to.

    name: the name of the copy.
    network: the network of which it is a copy.
    populations, synapses: those of the copy, by their names in `network`.
    tied: constants of the copy, 'name_x.constant' -> the constant whose value it has.
    """

    name: str
    network: Network
    populations: Mapping[str, Neurons]
    synapses: Mapping[str, Synapses]
    tied: Mapping[str, str]

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The names of the populations of this copy, by its name, and of the copies in it, by theirs."""
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
    """What `Network.named` returns: a copy of `network` that shares the numbers of `tied`, if it is given.

    Raises DescriptionError for a `tied` that is neither `network` nor a copy of it.
    """
    subject = f"named({shown(name)})"
    name = identifier(name, f"{subject}: name")
    if tied is not None and getattr(tied, "network", tied) is not network:
        raise DescriptionError(
            f"{subject}: tied={shown(tied)} is neither this network nor a copy of it."
            " Give one of those, such as tied=first with first = network.named('first')."
        )

    def population(old: Neurons) -> Neurons:
        arguments: Arguments = old.arguments | {"name": f"{name}_{old.name}"}
        return Neurons(**arguments)

    def synapses(old: str, arguments: Arguments) -> Arguments:
        shared = {} if tied is None else _shared(tied.synapses[old])
        return arguments | shared | {"name": f"{name}_{old}"}

    populations, made = remade(network.populations, network.synapses, population, synapses)
    # What is tied within the network is tied within its copy.
    ties = {f"{name}_{constant}": f"{name}_{source}" for constant, source in network.tied.items()}
    if tied is not None:
        ties |= _ties(network, name, tied)
    return Copy(name, network, ReadOnly(populations), ReadOnly(made), ReadOnly(ties))


def _shared(original: Synapses) -> Arguments:
    """The argument `weight` of synapses that share the weights of `original`; {} where nothing is to share.

    A weight that is one number, and not learned, is the same in every copy anyway. The wiring `pool`, and
    `private` with one weight, share none. Synapses that share the weights of others share those of the same
    others.
    """
    if original.owner is not None:
        return {"weight": original.weight}
    drawn = isinstance(original.weight, Distribution | Expression)
    numbers = isinstance(original.weight, Value) and (
        "weight" in original.learning or not original.weight.scalar
    )
    if isinstance(original.wiring, pool) or not (drawn or numbers):
        return {}
    if isinstance(original.wiring, private) and isinstance(original.weight, Value) and original.weight.scalar:
        return {}
    return {"weight": original}


def _ties(network: Network, name: str, tied: Network | Copy) -> dict[str, str]:
    """The constants of a copy that have the values of another copy's: those that learn, or that are drawn.

    Returns 'population.constant' of the copy `name` -> 'population.constant' of `tied`, or of the constant to
    which that one is tied.
    """
    ties = {}
    for short, population in network.populations.items():
        for constant, value in population.constants.items():
            if constant in population.learns or is_drawn(value):
                source = f"{tied.populations[short].name}.{constant}"
                ties[f"{name}_{short}.{constant}"] = tied.tied.get(source, source)
    return ties

"""Populations and synapses made anew with some of them replaced, and with references to the new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neurosim.network.arguments import Arguments
from neurosim.network.neurons import Neurons, Population
from neurosim.network.part import Part
from neurosim.network.synapses import Delayed, Synapses, Transposed

NewPopulation = Callable[[Neurons], Neurons]
NewSynapses = Callable[[str, Arguments], Arguments]


def remade(
    populations: Mapping[str, Neurons],
    synapses: Mapping[str, Synapses],
    new_population: NewPopulation,
    new_synapses: NewSynapses = lambda name, arguments: arguments,
) -> tuple[dict[str, Neurons], dict[str, Synapses]]:
    """The populations and synapses that take the places of these, by the old names.

    new_population: takes each population and returns the one to take its place.
    new_synapses: takes the name of each synapses and the arguments that make them anew: between the new
        populations, and with shared weights of the new owner. Returns the arguments to make them from.
    """
    replaced = {name: new_population(old) for name, old in populations.items()}
    names = {id(old): name for name, old in synapses.items()}
    done: dict[str, Synapses] = {}

    def moved(end: Population) -> Population:
        new = replaced[end.name]
        return end.of(new) if isinstance(end, Part) else new

    def new_owner(owner: Synapses) -> Synapses:
        return done[names[id(owner)]] if id(owner) in names else owner

    def new_weight(old: Synapses) -> Arguments:
        """A weight that refers to populations or synapses, referring to the new ones; else nothing."""
        match old.weight:
            case Synapses() as owner:
                return {"weight": new_owner(owner)}
            case Transposed(owner):
                return {"weight": new_owner(owner).T}
            case Delayed(population, ticks):
                return {"weight": Delayed(moved(population), ticks)}
            case Neurons() | Part() as population:
                return {"weight": moved(population)}
        return {}

    for name in sorted(synapses, key=lambda name: synapses[name].owner is not None):
        old = synapses[name]
        ends = {"name": name, "pre": moved(old.pre), "post": moved(old.post)}
        done[name] = Synapses(**new_synapses(name, old.arguments | ends | new_weight(old)))
    return replaced, {name: done[name] for name in synapses}

"""(summed) variables: which variables of neurons they set, and that only one object sets each neuron's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.neurons import Population
from neurosim.network.synapses import Synapses


@dataclass(frozen=True, eq=False)
class Sum:
    """What `I_post = ... (summed)` or `I_pre = ... (summed)` sets.

    name: as it is written, such as 'I_post'
    variable: of the neurons, such as 'I'
    neurons: the target, or the sender
    """

    name: str
    variable: str
    neurons: Population


def sums_of(item: Synapses) -> tuple[Sum, ...]:
    """What synapses set to sums over each target's, or each sender's, synapses."""
    names = [line.name for line in item.lines if "summed" in line.flags]
    return tuple(
        Sum(name, name.removesuffix("_pre"), item.pre)
        if name.endswith("_pre")
        else Sum(name, name.removesuffix("_post"), item.post)
        for name in names
    )


def check_sums(synapses: Iterable[Synapses]) -> None:
    """Refuse two objects that set one variable of the same neurons: the second would undo the first."""
    seen: dict[tuple[str, str], list[tuple[Synapses, Sum]]] = {}
    for item in synapses:
        for each in sums_of(item):
            population = each.neurons.population.name
            others = seen.setdefault((population, each.variable), [])
            for other, before in others:
                if np.intersect1d(each.neurons.indices, before.neurons.indices).size:
                    raise DescriptionError(
                        f"{item.label}: sets '{each.name}' (summed) of neurons for which {other.label}"
                        f" sets it too. Give {population!r} a variable for each, such as"
                        f" '{each.variable}_2', and add them up in its text; or sum into parts without a"
                        " common neuron."
                    )
            others.append((item, each))

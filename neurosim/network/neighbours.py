"""Wirings by distance: neurons on a ring or a grid, whose neighbours are more likely to be connected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Pairs, Stream
from neurosim.network.kinds import keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import NEARBY, Picture, percent_text
from neurosim.network.random_wiring import as_probability
from neurosim.network.recipe import skip_own, without_self
from neurosim.network.values import flag, plain_number, whole
from neurosim.network.wiring import MOST_DRAWN, Wiring, is_within


@named_arguments
@dataclass(frozen=True)
class small_world(Wiring):
    """A small world: a ring of neurons, each with its k nearest ones, of which some synapses are rewired.

    k: number of targets of each neuron, even: half of them on either side.
    rewire: the probability, from 0 to 1, with which the target of a synapse is replaced by any other neuron;
        all are equally likely, and a pair may then be joined by several synapses.

    It joins a population, or a part of one, with itself, and no neuron with itself.

    Raises DescriptionError for arguments that do not fit; synapses raise it for two different populations and
    for fewer than k + 1 neurons.

    Source: Watts & Strogatz 1998, Nature 393, 440, doi:10.1038/30918.

    >>> import neurosim as ns
    >>> cells = ns.Neurons("cells", 100, update="v = I")
    >>> ns.small_world(10, rewire=0.05).expected(cells, cells)
    1000.0
    """

    k: int
    rewire: float = 0.1

    def __post_init__(self):
        keep(
            self,
            k=whole(self.k, "small_world: k", least=2, most=MOST_DRAWN),
            rewire=as_probability(self.rewire, "small_world: rewire"),
        )
        if self.k % 2:
            raise DescriptionError(
                f"small_world: k {self.k} is odd. Give an even number: half of the neighbours lie on each"
                " side."
            )

    def check(self, pre: Population, post: Population) -> None:
        if not (is_within(pre, post) and np.array_equal(pre.indices, post.indices)):
            raise DescriptionError(
                f"small_world: {label(pre)} and {label(post)} are not the same neurons."
                " Use it within one population."
            )
        if self.k >= pre.size:
            raise DescriptionError(
                f"small_world: {label(pre)} has {pre.size} neurons, too few for k={self.k} others."
                " Give a smaller k."
            )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        sender, place = (a.ravel() for a in np.indices((pre.size, self.k)))
        near = place - self.k // 2
        target = (sender + near + (near >= 0)) % pre.size
        anywhere = skip_own(random.below("wiring", pre.size - 1, sender, place), sender)
        return Pairs(
            sender, np.where(random.uniform("rewire", sender, place) < self.rewire, anywhere, target)
        )

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * pre.size

    def picture(self, pre: Population, post: Population) -> Picture:
        return NEARBY

    def note(self, reduction: str) -> str:
        return f"{self.k:,} nearest, {percent_text(self.rewire)} rewired"


@named_arguments
@dataclass(frozen=True)
class nearby(Wiring):
    """Neurons that are close to each other are connected more often: with probability peak*exp(-(d/scale)^2).

    scale: the distance, above 0, at which the probability is peak/e. The unit is the distance between
        neighbours on the grid of the target.
    peak: the probability at distance 0, from 0 to 1.
    to_self: whether a neuron can have a synapse onto itself, within one population.
    torus: whether opposite edges of the grid are joined.

    d is the distance on the grid: the position of a neuron is its index in the shape of its population. If
    two populations have different shapes, each axis of the sender is stretched to that of the target.

    Raises DescriptionError for arguments that do not fit; synapses raise it for populations with different
    numbers of axes.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, doi:10.1162/089976602760407955.
    """

    scale: float
    peak: float = 1.0
    to_self: bool = False
    torus: bool = False

    def __post_init__(self):
        remedy = (
            "Give the distance, in places of the grid and above 0, at which the probability falls to 1/e."
        )
        keep(
            self,
            scale=plain_number(self.scale, "nearby: scale", remedy, low=1e-9),
            peak=as_probability(self.peak, "nearby: peak"),
        )
        keep(self, to_self=flag(self.to_self, "nearby: to_self"), torus=flag(self.torus, "nearby: torus"))

    def check(self, pre: Population, post: Population) -> None:
        if len(pre.population.shape) != len(post.population.shape):
            raise DescriptionError(
                f"nearby: {label(pre)} lies in {len(pre.population.shape)} dimensions, {label(post)} in"
                f" {len(post.population.shape)}."
                " Give both populations shapes with equally many axes."
            )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        grid = np.array(post.population.shape, dtype=float)
        stretch = grid / np.array(pre.population.shape)
        source = _places(pre) * stretch + (stretch - 1) / 2
        rows = []
        target, place_of_target = np.arange(post.size), _places(post)
        for sender in range(pre.size):
            gap = np.abs(place_of_target - source[sender])
            if self.torus:
                gap = np.minimum(gap, grid - gap)
            chance = self.peak * np.exp(-np.sum(gap**2, axis=1) / self.scale**2)
            rows.append(
                np.flatnonzero(random.uniform("wiring", np.full_like(target, sender), target) < chance)
            )
        sender = np.repeat(np.arange(pre.size), [row.size for row in rows])
        found = Pairs(sender, np.concatenate(rows))
        if self.to_self or not is_within(pre, post):
            return found
        return without_self(found, pre.indices, post.indices)

    def expected(self, pre: Population, post: Population) -> float:
        reach = (np.sqrt(np.pi) * self.scale) ** len(
            post.population.shape
        )  # the integral of exp(-(d/scale)^2) over the grid
        return float(pre.size) * min(post.size, self.peak * reach)

    def picture(self, pre: Population, post: Population) -> Picture:
        return NEARBY

    def note(self, reduction: str) -> str:
        return f"nearby, scale {self.scale:g}"


def _places(population: Population) -> np.ndarray:
    return np.stack(np.unravel_index(population.indices, population.population.shape), axis=1).astype(float)

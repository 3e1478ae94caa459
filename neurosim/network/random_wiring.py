"""Wirings that are drawn at random: by probability, or by the number of synapses of each neuron or in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Stream
from neurosim.network.expression import Expression, read_expression
from neurosim.network.kinds import keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import DENSE, SPARSE, Picture, percent_text
from neurosim.network.recipe import Wires, WiringLaw
from neurosim.network.values import flag, plain_number, plain_text, whole
from neurosim.network.wiring import MOST_DRAWN, Wiring, avoids_self, check_to_self


def as_probability(p: float, subject: str) -> float:
    """Read a number from 0 to 1; `subject` opens the error for anything else."""
    return plain_number(p, subject, "Give a probability, a number from 0 to 1.", low=0, high=1)


@named_arguments
@dataclass(frozen=True)
class probability(Wiring):
    """Each pair of sender and target is connected with probability p, independently of the others.

    p: the probability, from 0 to 1, or an expression that gives it for each pair, such as
        `"exp(-(x_pre - x_post)**2/(2*s**2))"`, of which numbers above 1 count as 1 and those below 0 as 0.
    to_self: False leaves out synapses of a neuron onto itself, within one population.
    where: a condition; only pairs for which it holds are connected. A condition alone may stand as the wiring
        of synapses: `wiring="i != j"` is `probability(1, where="i != j")`.

    Both are over `i` and `j` (sender and target, counted within the parts that the synapses join), `N_pre`,
    `N_post`, constants and start values of the neurons (`x_pre`, `x_post`), single constants of the synapses,
    and random functions. Ranges of `j` are fast also in large networks: `"j == i"`, `"i - w <= j < i + w"`,
    `"abs(i - j) < w"` look only at the pairs in the range.

    The gaps between the targets of a sender are geometric, gap = floor(log(u)/log(1 - p)) with u uniform in
    (0, 1], so that the time to draw grows with the synapses and not with the pairs. This is the random graph
    G(n, p).

    Raises DescriptionError for a p that is not a number from 0 to 1, and for text that does not read as an
    expression. Synapses raise it for to_self=False between two populations; `run` raises PlanError for a p
    that is no number, and for unknown names.

    Source: Gilbert 1959, Ann. Math. Statist. 30, 1141, doi:10.1214/aoms/1177706098. The gaps: Batagelj &
    Brandes 2005, Phys. Rev. E 71, 036113, doi:10.1103/PhysRevE.71.036113.

    >>> import neurosim as ns
    >>> a, b = ns.Neurons("a", 200), ns.Neurons("b", 50, update="v = I")
    >>> ns.probability(0.1).expected(a, b)
    1000.0
    """

    p: float | str
    to_self: bool = True
    where: str = ""

    def __post_init__(self):
        p, where = self.p, plain_text(self.where, "probability: where")
        p = (
            read_expression(p, "probability: p").text
            if isinstance(p, str)
            else as_probability(p, "probability: p")
        )
        where = read_expression(where, "probability: where").text if where.strip() else ""
        keep(self, p=p, to_self=flag(self.to_self, "probability: to_self"), where=where)

    def check(self, pre: Population, post: Population) -> None:
        check_to_self(self, pre, post)

    @property
    def computed(self) -> bool:
        """Whether an expression decides, so that the pairs are known only within a network."""
        return bool(self.where) or isinstance(self.p, str)

    @property
    def random(self) -> bool:
        """Whether pairs are drawn at random."""
        texts = (text for text in (self.p, self.where) if isinstance(text, str) and text)
        drawn = isinstance(self.p, str) or 0 < self.p < 1
        return drawn or any(Expression(text).random for text in texts)

    @property
    def names(self) -> frozenset[str]:
        texts = (text for text in (self.p, self.where) if isinstance(text, str) and text)
        return frozenset[str]().union(*(Expression(text).names for text in texts))

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires | None:
        avoid = avoids_self(self, pre, post)
        if self.where or isinstance(self.p, str):
            return None
        if self.p == 0:
            return Wires(WiringLaw.OUTDEGREE, number=0)
        if self.p == 1:
            return Wires(WiringLaw.ALL_TO_ALL, avoid_self=avoid)
        return Wires(WiringLaw.PROBABILITY, p=self.p, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(pre.size) * post.size * (1.0 if isinstance(self.p, str) else self.p)

    def picture(self, pre: Population, post: Population) -> Picture:
        return DENSE if self.p == 1 and not self.where else SPARSE

    def note(self, reduction: str) -> str:
        where = f"where {Expression(self.where).short}" if self.where else ""
        if isinstance(self.p, str):
            return "\n".join(filter(None, (f"p = {Expression(self.p).short}", where)))
        return where if self.p == 1 else f"{percent_text(self.p)} of pairs" + (f"\n{where}" if where else "")

    def __str__(self) -> str:
        return repr(self.where) if self.where and self.p == 1 and self.to_self else super().__str__()


@named_arguments
@dataclass(frozen=True)
class indegree(Wiring):
    """Every target has k senders, drawn with replacement: a pair may be joined by several synapses.

    k: number of senders of each target, all equally likely.
    to_self: False draws among the other neurons, within one population.

    Raises DescriptionError for a k that is not a whole number of at least 0. With to_self=False, synapses
    raise it for two populations, and for two different parts of one.

    Source: Brunel 2000, J. Comput. Neurosci. 8, 183, doi:10.1023/A:1008925309027, whose neurons have fixed
    in-degrees.

    >>> import neurosim as ns
    >>> cells = ns.Neurons("cells", 1000, update="v = I")
    >>> ns.indegree(100, to_self=False).expected(cells, cells)
    100000.0
    """

    k: int
    to_self: bool = True

    def __post_init__(self):
        k = whole(self.k, "indegree: k", most=MOST_DRAWN)
        keep(self, k=k, to_self=flag(self.to_self, "indegree: to_self"))

    def check(self, pre: Population, post: Population) -> None:
        _check_others(self, pre, post)

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        avoid = avoids_self(self, pre, post)
        return Wires(WiringLaw.INDEGREE, number=self.k, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * post.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} into each"


@named_arguments
@dataclass(frozen=True)
class outdegree(Wiring):
    """Every sender has k targets, drawn with replacement: a pair may be joined by several synapses.

    k: number of targets of each sender, all equally likely.
    to_self: False draws among the other neurons, within one population.

    Raises DescriptionError for a k that is not a whole number of at least 0. With to_self=False, synapses
    raise it for two populations, and for two different parts of one.

    Source: van Vreeswijk & Sompolinsky 1996, Science 274, 1724, doi:10.1126/science.274.5293.1724, for
    networks of fixed mean degrees.
    """

    k: int
    to_self: bool = True

    def __post_init__(self):
        k = whole(self.k, "outdegree: k", most=MOST_DRAWN)
        keep(self, k=k, to_self=flag(self.to_self, "outdegree: to_self"))

    def check(self, pre: Population, post: Population) -> None:
        _check_others(self, pre, post)

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        avoid = avoids_self(self, pre, post)
        return Wires(WiringLaw.OUTDEGREE, number=self.k, avoid_self=avoid, key=random.key("wiring"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.k) * pre.size

    def note(self, reduction: str) -> str:
        return f"{self.k:,} from each"


def _check_others(wiring: indegree | outdegree, pre: Population, post: Population) -> None:
    """Refuse to draw among the other neurons where the two sides differ, or where there are no others."""
    check_to_self(wiring, pre, post)
    if wiring.to_self:
        return
    name = type(wiring).__name__
    if not np.array_equal(pre.indices, post.indices):
        raise DescriptionError(
            f"{name}: to_self=False needs the same neurons on both sides, not {label(pre)} and {label(post)}."
            " Give both sides the same part, or use probability(p, to_self=False)."
        )
    if pre.size < 2:
        raise DescriptionError(
            f"{name}: to_self=False leaves the single neuron of {label(pre)} no partner. Use more neurons."
        )


@named_arguments
@dataclass(frozen=True)
class total(Wiring):
    """n synapses in all, each between a random sender and a random target, both drawn with replacement.

    n: number of synapses; a pair may be joined by several, and a neuron within one population to itself.

    Raises DescriptionError for an n that is not a whole number of at least 0.

    Source: Potjans & Diesmann 2014, Cereb. Cortex 24, 785, doi:10.1093/cercor/bhs358, whose model fixes the
    number of synapses between two populations.
    """

    n: int

    def __post_init__(self):
        keep(self, n=whole(self.n, "total: n", most=MOST_DRAWN))

    def recipe(self, pre: Population, post: Population, random: Stream) -> Wires:
        return Wires(WiringLaw.TOTAL, number=self.n, key=random.key("wiring"), counts=random.key("counts"))

    def expected(self, pre: Population, post: Population) -> float:
        return float(self.n)

    def note(self, reduction: str) -> str:
        return f"{self.n:,} synapses"

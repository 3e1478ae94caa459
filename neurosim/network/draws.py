"""What wirings and distributions draw from, and what they return: random numbers, pairs, and tables of
synapses.

Indices are local: they count within the populations, or parts of populations, that synapses join. Synapses
are listed by sender, and those of one sender in a fixed order; the place of a synapse among those of its
sender is its `position`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

Key = tuple[int, int]  # two 32-bit words that key the random numbers of one block


class Stream(Protocol):
    """Counter-based random numbers of one object: the same counters give the same numbers, on every engine.

    block: what the numbers are for, such as 'wiring'; numbers of different blocks are independent.
    first, second: the two counters of each number, arrays of whole numbers of one shape, which the result has
        too.
    """

    def key(self, block: str) -> Key:
        """The key of a block, from which an engine can draw the same numbers by itself."""
        ...

    def uniform(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Uniform numbers in [0, 1)."""
        ...

    def normal(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Standard normal numbers."""
        ...

    def below(self, block: str, n: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whole numbers from 0 to n - 1, all equally likely."""
        ...

    def gaps(self, block: str, p: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Geometric numbers: misses before the next hit, which has the probability p, 0 < p < 1."""
        ...


class Pairs(NamedTuple):
    """Synapses by sender.

    pre, post: the local index of the sender and of the target of each synapse, shape (synapse,).
    shared: the flat index of the weight of each synapse where several synapses share one, as in a
        convolution; None where each synapse has its own.
    factor: what the weight of each synapse is multiplied by, shape (synapse,), as interpolation has it; None
        for 1.
    """

    pre: np.ndarray
    post: np.ndarray
    shared: np.ndarray | None = None
    factor: np.ndarray | None = None


def by_sender(
    pre: np.ndarray, post: np.ndarray, shared: np.ndarray | None = None, factor: np.ndarray | None = None
) -> Pairs:
    """Sort synapses by sender, keeping the order within one sender."""
    order = np.argsort(pre, kind="stable")
    return Pairs(
        pre[order],
        post[order],
        None if shared is None else shared[order],
        None if factor is None else factor[order],
    )


def positions(pre: np.ndarray) -> np.ndarray:
    """The position of each synapse among those of its sender; `pre` is sorted."""
    if pre.size == 0:
        return pre
    first = np.r_[True, pre[1:] != pre[:-1]]
    starts = np.flatnonzero(first)
    return np.arange(pre.size) - starts[np.cumsum(first) - 1]


@dataclass(frozen=True)
class Table:
    """The synapses, or neurons, that a distribution is asked to give numbers for.

    random: the random numbers of this weight, delay or constant.
    sender, position: the counters of the number of each synapse, shape (synapse,): its local sender, and its
        position among the synapses of this sender. For neurons, the neuron and 0; for shared weights, the
        flat index and 0.
    post: the local target of each synapse, shape (synapse,).
    n_pre, n_post: number of neurons on either side.
    fan_in, fan_out: mean number of synapses of a target and of a sender.
    """

    random: Stream
    sender: np.ndarray
    position: np.ndarray
    post: np.ndarray
    n_pre: int
    n_post: int
    fan_in: float
    fan_out: float


def table_of(pairs: Pairs, n_pre: int, n_post: int, random: Stream) -> Table:
    """The table of synapses between populations of `n_pre` and `n_post` neurons."""
    fans = pairs.pre.size / n_post, pairs.pre.size / n_pre
    return Table(random, pairs.pre, positions(pairs.pre), pairs.post, n_pre, n_post, *fans)


def neuron_table(random: Stream, n: int, fan_in: float = 1.0, fan_out: float = 1.0) -> Table:
    """The table of `n` neurons, or of `n` shared weights, each of which is drawn by its own index."""
    flat = np.arange(n)
    return Table(random, flat, np.zeros_like(flat), flat, n, n, fan_in, fan_out)

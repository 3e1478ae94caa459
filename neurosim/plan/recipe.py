"""The synapses of a pathway: arrays, or the recipe or windows from which every engine draws the same arrays.

Recipes and windows are plain data. An engine may lay them out by itself, or ask for the arrays (`draw`).
Local indices count within the parts `pre_index` and `post_index`, which hold the flat indices of the neurons
in their populations; the random numbers of a synapse are counted by local sender and by its position among
the synapses of this sender.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurosim.network.draws import Pairs, table_of
from neurosim.network.recipe import NumberRecipe, Wires
from neurosim.network.windows import Slide
from neurosim.plan.memory import refuse_size
from neurosim.plan.precision import to_half
from neurosim.plan.random import Stream

ARRAY_BYTES = 64.0  # about what one synapse takes while it is drawn as arrays
USE_FEWER = "Use fewer, or wiring=private(n) for independent noise."


@dataclass(frozen=True, eq=False)
class Edges:
    """Synapses by sender.

    sender, receiver: the flat index of a neuron in its population, shape (synapse,).
    weight: in SI units, shape (synapse,).
    delay: in ticks, shape (synapse,).
    """

    sender: np.ndarray
    receiver: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


@dataclass(frozen=True, eq=False)
class Recipe:
    """How synapses are drawn.

    name, seed: with the name of what is drawn ('wiring', 'weight', 'delay', or a variable) they key the
        random numbers.
    label: how error messages name the synapses.
    pre_index, post_index: for each local index the flat index of the neuron.
    wires: who connects to whom.
    weight: in SI units, stored as `dtype`.
    delay: in the unit of `dt`; a delay takes rint(delay / dt) ticks.
    expected: about how many synapses there are.
    half: whether weights are rounded to 16 bits (`precision.py`).
    """

    name: str
    seed: int
    label: str
    pre_index: np.ndarray
    post_index: np.ndarray
    wires: Wires
    weight: NumberRecipe
    delay: NumberRecipe
    dt: float
    expected: float
    dtype: np.dtype
    half: bool = False

    @property
    def ticks(self) -> tuple[float, float]:
        """The shortest and the longest delay that can be drawn."""
        low, high = (float(np.rint(number / self.dt)) for number in self.delay.bounds)
        return low, high

    def stream(self, name: str) -> Stream:
        """The random numbers of the wiring, the weights, the delays or a variable of the synapses."""
        return Stream(self.seed, f"{self.name}.{name}")

    def pairs(self) -> Pairs:
        """The local indices of the synapses. Raises PlanError if their arrays do not fit into memory."""
        refuse_size(ARRAY_BYTES * self.expected, f"{self.label}: these synapses", USE_FEWER)
        return self.wires.pairs(self.pre_index, self.post_index, self.stream("wiring"))

    def numbers(self, name: str, law: NumberRecipe, pairs: Pairs) -> np.ndarray:
        """The numbers of the weights, the delays or a variable of these synapses."""
        return law.draw(table_of(pairs, self.pre_index.size, self.post_index.size, self.stream(name)))

    def order(self, pairs: Pairs) -> np.ndarray:
        """The permutation that sorts `pairs`, which are sorted by local sender, by flat sender."""
        return np.argsort(self.pre_index[pairs.pre], kind="stable")

    def draw(self, pairs: Pairs | None = None) -> Edges:
        """The arrays, of all synapses or of `pairs` if these are drawn already."""
        pairs = self.pairs() if pairs is None else pairs
        order = self.order(pairs)
        delay = self.numbers("delay", self.delay, pairs) / self.dt
        weight = self.numbers("weight", self.weight, pairs)[order].astype(self.dtype)
        return Edges(
            self.pre_index[pairs.pre[order]],
            self.post_index[pairs.post[order]],
            to_half(weight) if self.half else weight,
            np.rint(delay).astype(np.int64)[order],
        )


class DrawnStates(Mapping[str, np.ndarray]):
    """The start values of the variables of a recipe's synapses, all drawn when the first is asked for.

    laws: how the values of each variable are drawn, `w` among them.
    dtype: the type of the variables; the time of the last update, in seconds, always has 64 bits.
    """

    def __init__(self, recipe: Recipe, laws: Mapping[str, NumberRecipe], dtype: np.dtype):
        self.recipe, self.laws, self.dtype = recipe, laws, dtype

    @cached_property
    def _pairs(self) -> Pairs:
        return self.recipe.pairs()

    @cached_property
    def edges(self) -> Edges:
        """The synapses, drawn together with their variables."""
        return self.recipe.draw(self._pairs)

    @cached_property
    def _arrays(self) -> Mapping[str, np.ndarray]:
        order = self.recipe.order(self._pairs)
        arrays: dict[str, np.ndarray] = {}
        for name, law in self.laws.items():
            if name == "w":
                arrays[name] = self.edges.weight.astype(self.dtype)
            else:
                dtype = np.float64 if name == "lastupdate" else self.dtype
                arrays[name] = self.recipe.numbers(name, law, self._pairs)[order].astype(dtype)
        return arrays

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.laws:
            raise KeyError(name)
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self.laws

    def __iter__(self) -> Iterator[str]:
        return iter(self.laws)

    def __len__(self) -> int:
        return len(self.laws)


@dataclass(frozen=True, eq=False)
class Windows(ABC):
    """Synapses that share weights in windows over the sender's leading axes; the last axis is the channel.

    label: how error messages name the synapses.
    pre_index, post_index: for each local index the flat index of the neuron.
    slide: how the windows slide over the space.
    channels, out_channels: number of channels of the space and of the windows.
    turned: whether the synapses go back from the windows to the space: both ends are exchanged.
    own: the array of weights that the synapses share, each number once.
    delay: of all synapses, in ticks.
    """

    label: str
    pre_index: np.ndarray
    post_index: np.ndarray
    slide: Slide
    channels: int
    out_channels: int
    turned: bool
    own: np.ndarray
    delay: int

    @property
    @abstractmethod
    def channels_seen(self) -> int:
        """How many channels of the space one neuron of the windows sees."""

    @abstractmethod
    def _forward(self) -> Pairs:
        """The synapses from the space to the windows, by local sender."""

    @property
    def expected(self) -> float:
        """About how many synapses there are: padding is counted too."""
        outputs = float(np.prod(self.slide.out)) * self.out_channels
        return outputs * float(np.prod(self.slide.kernel)) * self.channels_seen

    def _pairs(self) -> Pairs:
        """The synapses by flat sender, as local indices."""
        refuse_size(ARRAY_BYTES * self.expected, f"{self.label}: these synapses", USE_FEWER)
        pre, post, shared, _ = self._forward()
        if shared is None:
            shared = np.zeros_like(pre)
        if self.turned:
            order = np.argsort(post, kind="stable")
            pre, post, shared = post[order], pre[order], shared[order]
        order = np.argsort(self.pre_index[pre], kind="stable")
        return Pairs(pre[order], post[order], shared[order])

    def number(self) -> np.ndarray:
        """The flat index in `own` of the weight of each synapse, shape (synapse,)."""
        return np.asarray(self._pairs().shared)

    def draw(self) -> Edges:
        """The synapses one by one."""
        pre, post, shared, _ = self._pairs()
        delay = np.full(pre.size, self.delay, np.int64)
        return Edges(self.pre_index[pre], self.post_index[post], self.own.reshape(-1)[shared], delay)


@dataclass(frozen=True, eq=False)
class Convolution(Windows):
    """out[r, .., o] = sum own[o, i, a, ..] in[r stride + a dilation - before, .., i].

    groups: the number of groups of channels; the sum is over the channels i of the group of o.
    """

    groups: int

    @property
    def channels_seen(self) -> int:
        return self.channels // self.groups

    def _forward(self) -> Pairs:
        return self.slide.convolution_pairs(self.channels, self.out_channels, self.groups)


@dataclass(frozen=True, eq=False)
class Pooling(Windows):
    """out[r, .., c] is the sum, mean or maximum over a, .. of own in[r stride + a - before, .., c].

    `own` is one number, and the port of the target says which of the three it is.
    """

    @property
    def channels_seen(self) -> int:
        return 1

    def _forward(self) -> Pairs:
        return self.slide.pooling_pairs(self.channels)

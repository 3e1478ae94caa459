"""Pathways: synapses as a plan holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from neurosim.network.recipe import NumberRecipe
from neurosim.network.text import Statement
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.recipe import DrawnStates, Edges, Recipe, Windows

# What the names of the ends of a synapse mean in its text: flat indices. `SynapseText.constants` may say
# something else of i and j.
ENDS = {"i": "sender", "j": "receiver", "_sender": "sender", "_receiver": "receiver"}


@dataclass(frozen=True, eq=False)
class Block:
    """Statements that run together.

    name: keys the random numbers of the block
    statements: in their order
    writes: the state variables that they change
    frozen: the variables to which writing has effect only where the neuron is not refractory
    text: what the user wrote
    shared: whether all neurons (or synapses) draw the same random numbers, so that all get the same values
    """

    name: str
    statements: tuple[Statement, ...]
    writes: tuple[str, ...]
    frozen: frozenset[str] = frozenset()
    text: str = ""
    shared: bool = False


@dataclass(frozen=True, eq=False)
class Link:
    """What a name of text means if it is a variable of a population that the text does not belong to.

    owner, variable: the population, and the variable
    index: for each neuron or synapse whose text it is, the flat index of the neuron there whose value it
        reads: of the shape of the population, or (synapse,)
    """

    owner: str
    variable: str
    index: np.ndarray


@dataclass(frozen=True, eq=False)
class SynapseText:
    """The dynamics of synapses. In their text, `x_pre` and `x_post` are variables of sender and target.

    states: the start values of each variable, one per synapse; drawn when first asked for if the synapses are
        a recipe
    laws: how the start values will be drawn, by variable, if the synapses are a recipe; else empty
    constants: the value of each constant
    integrate: the clock-driven equations
    summed: for some variables of the target, and in _pre of the sender, an expression that is summed over its
        synapses
    on_pre, on_post: the text that runs when a message arrives, and when the target has sent one
    periodic: the blocks that steps of the kind RUN run for every synapse, by name
    links: the names that mean variables of a population, as they are when the text runs; it may change those
        of which each synapse has one of its own
    subexpressions: those that may be recorded: by name, expressions in variables and constants of synapses
        and neurons
    """

    states: Mapping[str, np.ndarray]
    laws: Mapping[str, NumberRecipe]
    constants: Mapping[str, Numeric]
    integrate: Block | None
    summed: Mapping[str, str]
    on_pre: Block | None
    on_post: Block | None
    periodic: Mapping[str, Block] = field(default_factory=dict[str, Block])
    links: Mapping[str, Link] = field(default_factory=dict[str, Link])
    subexpressions: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def changed_links(self) -> tuple[str, ...]:
        """The names that mean variables of a population and that the text changes."""
        changed = {name for block in self.blocks for name in block.writes}
        return tuple(name for name in self.links if name in changed)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of each synapse: its own, and those of a population that its text changes."""
        return (*self.states, *self.changed_links)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All its text."""
        own = (*self.periodic.values(), self.integrate, self.on_pre, self.on_post)
        return tuple(block for block in own if block is not None)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pathway(ABC):
    """Synapses between two populations: `Sparse`, `Textual`, `Dense`, `Einsum` or `Private`.

    name: of the synapse object
    pre, post: the names of the groups of sender and target; that of the sender may be a view, such as
        'cells.g', which sends the variable g of `cells` (see `Group.of`)
    to: the port or variable of the target that sums what arrives; None for synapses with text
    pre_index, post_index: the flat indices, in their populations, of the neurons that the synapses start and
        end at
    pre_shape, post_shape: the shapes of the arrays of these neurons
    """

    name: str
    pre: str
    post: str
    to: str | None
    pre_index: np.ndarray
    post_index: np.ndarray
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]

    @property
    @abstractmethod
    def shortest(self) -> int:
        """The shortest delay in ticks."""

    @property
    @abstractmethod
    def longest(self) -> int:
        """The longest delay in ticks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sparse(Pathway):
    """Synapses one by one, sorted by sender.

    stored: their arrays; or a recipe, or the windows of a convolution or pooling, from which the arrays are
        drawn when they are first asked for
    """

    stored: Edges | Recipe | Windows

    @property
    def recipe(self) -> Recipe | None:
        """How the synapses are drawn, if they are not given as arrays."""
        return self.stored if isinstance(self.stored, Recipe) else None

    @property
    def windows(self) -> Windows | None:
        """The windows in which the synapses share weights, if they are a convolution or pooling."""
        return self.stored if isinstance(self.stored, Windows) else None

    @cached_property
    def edges(self) -> Edges:
        """The arrays of the synapses; drawn once. Raises PlanError if they do not fit into memory."""
        return self.stored if isinstance(self.stored, Edges) else self.stored.draw()

    @property
    def sender(self) -> np.ndarray:
        """The flat index of each sender, (synapse,)."""
        return self.edges.sender

    @property
    def receiver(self) -> np.ndarray:
        """The flat index of each target, (synapse,)."""
        return self.edges.receiver

    @property
    def weight(self) -> np.ndarray:
        """The weight of each synapse, (synapse,)."""
        return self.edges.weight

    @property
    def delay(self) -> np.ndarray:
        """The delay of each synapse in ticks, (synapse,)."""
        return self.edges.delay

    @property
    def shortest(self) -> int:
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.min()) if self.delay.size else 0

    @property
    def longest(self) -> int:
        if isinstance(self.stored, Windows):
            return self.stored.delay
        return int(self.delay.max()) if self.delay.size else 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Textual(Sparse):
    """Synapses with text of their own, which runs when a message arrives.

    text: their variables, equations, on_pre and on_post
    of: '' for synapses that hold their variables. Else this is one more pathway of the synapses of this name,
        with an on_pre and delays of its own: `stored` lists those synapses in their order, with the neurons
        whose spikes bring this pathway as senders. These are neurons of the population `pre`, which may be
        the target, too. States, constants, and what names of the text mean are those of the synapses
    delay_from: '' for delays that stay as they are. Else the variable that is the delay of each synapse when
        a spike is sent, in seconds (in ticks without Clock); then `delay` is only what it begins with
    """

    text: SynapseText
    of: str = ""
    delay_from: str = ""

    @property
    def holder(self) -> str:
        """The name of the synapses that hold the variables: its own, or those that it is a pathway of."""
        return self.of or self.name

    @cached_property
    def edges(self) -> Edges:
        """The arrays of the synapses; a recipe draws them together with the start values."""
        states = self.text.states
        return states.edges if isinstance(states, DrawnStates) else super().edges


@dataclass(frozen=True, eq=False, kw_only=True)
class _OneDelay(Pathway):
    delay: int

    @property
    def shortest(self) -> int:
        return self.delay

    @property
    def longest(self) -> int:
        return self.delay


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(_OneDelay):
    """Graded messages times a matrix.

    weight: of shape (post, pre), between the neurons `post_index` and `pre_index`
    delay: of all synapses, in ticks
    """

    weight: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(_OneDelay):
    """Graded messages times weights, summed as by `numpy.einsum`.

    letters: one letter for each axis of the sender, the weight and the target; letters missing in the target
        are summed over
    weight: the array of weights; empty if these are messages
    weight_from: if the weights are messages, which ones: the name of the population, the flat indices of its
        neurons, the shape of the weights, and how many ticks ago they were sent
    delay: of all synapses, in ticks
    """

    letters: tuple[tuple[str, ...], ...]
    weight: np.ndarray
    weight_from: tuple[str, np.ndarray, tuple[int, ...], int] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Private(Pathway):
    """Each target has random senders of its own, copies of a population whose threshold is `rand() < p`.

    sources: the number of senders of each target
    chance: the expression p, the probability that a sender spikes in a tick
    weight: of all synapses, or one for those of each target, in the order of `post_index`
    """

    sources: int
    chance: str
    weight: float | np.ndarray

    @property
    def shortest(self) -> int:
        return 0

    @property
    def longest(self) -> int:
        return 0


PathwayClass = TypeVar("PathwayClass", bound=Pathway)
AnyPathway = (
    Sparse | Dense | Einsum | Private
)  # every pathway is one of these: `Textual` derives from `Sparse`

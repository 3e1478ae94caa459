"""Keys of synapses with text: their variables and their layout. See `keys.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class TextualPart(Enum):
    """Synapses with text: the arrays of `textual_layout.TextualLayout`.

    A synapse's place is its position by block of targets, sender and delay; those that share these: a bundle.
    """

    ROW = auto()  # (block, sender + 1): the first bundle of each sender
    BUNDLE = auto()  # (bundle, 2): delay in ticks, number of synapses
    FIRST = auto()  # (bundle): the place of its first synapse
    BY_POST = auto()  # (synapse): places by target
    POST_FIRST = auto()  # (target + 1): where each target's synapses begin in BY_POST
    BLOCK_FIRST = auto()  # (block + 1): the first place of each block
    SENDER = auto()  # (synapse): the flat index of its sender
    RECEIVER = auto()  # (synapse): the flat index of its target
    DELAY = auto()  # (synapse): in ticks
    CANONICAL = auto()  # (synapse): its number in the plan
    TARGETED = auto()  # (neuron): whether it is in the part that the synapses lead to
    STARTED = auto()  # (neuron): whether it is in the part that the synapses start at
    RUN = auto()  # (run + 1): where each begins, synapses of one sender onto consecutive targets
    BLOCK_RUN = auto()  # (block + 1): the first run of each block; all 0 if there are none
    LISTED = auto()  # (synapse): the place of each in the order of arrivals, where that is another one
    GROUP = auto()  # (group): of synapses that lie by target, `by_target.GROUP`
    BLOCK_GROUP = auto()  # (block + 1): the first group of each block


@dataclass(frozen=True)
class SynapseRecords:
    """The variables of each synapse with text as one record, or one that has an array: (trial, synapse)."""

    pathway: str
    variable: str = ""


@dataclass(frozen=True)
class SynapseStep:
    """0 if a variable that no text changes is the same number in all synapses, else 1: (trial)."""

    pathway: str
    variable: str


@dataclass(frozen=True)
class TextualArray:
    """The layout of synapses with text."""

    pathway: str
    part: TextualPart

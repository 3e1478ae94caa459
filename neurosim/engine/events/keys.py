"""Keys: what generated code may ask for. Each names one array, number or integer of a plan or of its state.

Generated code holds neither sizes nor values, so that networks of the same structure share one library. It
refers to each of these by an index (a handle, see `numbering.py`); `batch.py` and `network_layout.py` find
the values when a run starts. In the shapes below "trial" is the trials of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

# Keys of constants, which are arrays, numbers, integers or tables as the user gave them.
from neurosim.engine.events.constant_keys import CallAddress
from neurosim.engine.events.constant_keys import Constant as Constant
from neurosim.engine.events.constant_keys import SynapseConstant as SynapseConstant
from neurosim.engine.events.constant_keys import TableArray as TableArray
from neurosim.engine.events.constant_keys import TableCount as TableCount
from neurosim.engine.events.constant_keys import TableNumber as TableNumber
from neurosim.engine.events.constant_keys import TablePart as TablePart
from neurosim.engine.events.constant_keys import TableSize as TableSize
from neurosim.engine.events.textual_keys import SynapseRecords as SynapseRecords
from neurosim.engine.events.textual_keys import SynapseStep as SynapseStep
from neurosim.engine.events.textual_keys import TextualArray as TextualArray
from neurosim.engine.events.textual_keys import TextualPart as TextualPart


class End(Enum):
    """The two populations that a pathway joins."""

    PRE = auto()
    POST = auto()


class EventPart(Enum):
    """Spike events given as an input, sorted by trial and tick."""

    START = auto()  # (trial + 1): index of the first event of each trial of the run
    TICK = auto()  # (event)
    NEURON = auto()  # (event)


class HistoryPart(Enum):
    """The past messages of a population that does not spike."""

    MESSAGES = auto()  # (trial, age, neuron): a ring buffer, in which tick k has place k modulo its length
    NEWEST = auto()  # (trial): place of the newest message
    LAST = auto()  # (trial): tick of the newest message


class GradedPart(Enum):
    """Stored synapses of graded senders into one port, by target (`core/arrivals/graded.hpp`)."""

    FIRST = auto()  # (octet + 1): where the synapses of each octet (eight targets) begin
    TARGET = auto()  # (octet, 8): every target once, then padding
    COUNT = auto()  # (octet, 8): synapses of each target, without padding
    SENDER = auto()  # (step, 8) of each octet; padding has the place behind all messages
    WEIGHT = auto()  # as SENDER
    SEGMENTS = auto()  # (segment, 2): delay and sending population, the oldest message first


class LocalFieldPart(Enum):
    """Stored synapses into one port by target and by sender, for sweeps (`core/sweeps/sweep.hpp`).

    The local field of a neuron is the sum of what arrives at it; during a sweep it is kept up to date.
    """

    START = auto()  # (target + 1): where the synapses of each target begin
    COLUMN = auto()  # (synapse): place of the sender's message among those of all segments
    WEIGHT = auto()  # (synapse)
    OUT_START = auto()  # (column + 1): where the targets of each column begin
    OUT_TARGET = auto()  # (synapse)
    SEGMENTS = auto()  # (segment, 3): delay, sending population, first column; the oldest message first
    MESSAGE = auto()  # (trial, column): the messages that the sums below were made of
    SUM = auto()  # (trial, target)
    STALE = auto()  # (trial, target): whether the sum must be computed again


class DensePart(Enum):
    """A matrix of weights, and what is kept of its products."""

    ROWS = auto()  # (sender, target), for sweeps
    TILES = auto()  # in tiles of up to 64 targets, for deliver steps (`layouts.lay_tiles`)
    PRE = auto()  # (sender): their neurons
    POST = auto()  # (target): their neurons
    SEEN = auto()  # (trial, sender): the messages of which the product was made
    PRODUCT = auto()  # (trial, target), padded to a multiple of eight


class PrivatePart(Enum):
    """Private sources of each target."""

    POST = auto()  # (target): their neurons
    FIRST = auto()  # (block + 1): the first target of each block
    WEIGHT = auto()  # (target): their weights


# Keys of arrays.


@dataclass(frozen=True)
class StateArray:
    """A state variable of a population: (trial, neuron)."""

    population: str
    variable: str


@dataclass(frozen=True)
class PortTotal:
    """The sum or maximum of what has arrived at a port since it was read: (trial, neuron)."""

    population: str
    port: str


@dataclass(frozen=True)
class PortCount:
    """How many arrivals a port has had since it was read: (trial, neuron)."""

    population: str
    port: str


@dataclass(frozen=True)
class PortRead:
    """What a population read at a port in this tick: (trial, neuron)."""

    population: str
    port: str


@dataclass(frozen=True)
class SubexpressionArray:
    """A recorded subexpression of a population or of synapses: (trial, neuron or place of a synapse)."""

    owner: str
    variable: str
    of_synapses: bool = False


@dataclass(frozen=True)
class LinkIndex:
    """The neuron whose variable a name means, for each neuron or synapse whose text reads it: (reader)."""

    owner: str  # a population, or synapses
    name: str
    of_synapses: bool = False


@dataclass(frozen=True)
class LastSpike:
    """The tick of each neuron's last spike, counted from the start of the run: (trial, neuron)."""

    population: str


@dataclass(frozen=True)
class NotRefractory:
    """Whether each neuron is not refractory: (trial, neuron)."""

    population: str


@dataclass(frozen=True)
class DriveValues:
    """The values that drive or clamp a population: (trial, tick, neuron); one trial if all get the same."""

    population: str


@dataclass(frozen=True)
class DriveEvents:
    """The spike events that drive a population."""

    population: str
    part: EventPart


@dataclass(frozen=True)
class HistoryArray:
    """The past messages of a population."""

    population: str
    part: HistoryPart


@dataclass(frozen=True)
class SlotStarts:
    """Where the sums of each port or variable of a stage begin: (port or variable, block)."""

    stage: int


@dataclass(frozen=True)
class GradedArray:
    """Stored synapses of graded senders into a port or variable of `post`: those of one `Afferents.entry`."""

    post: str
    entry: str
    part: GradedPart


@dataclass(frozen=True)
class LocalFieldArray:
    """Stored synapses into the port or variable `to` of `post`, for sweeps."""

    post: str
    to: str
    part: LocalFieldPart


@dataclass(frozen=True)
class DenseArray:
    """A matrix of weights."""

    pathway: str
    part: DensePart


@dataclass(frozen=True)
class DensePlaces:
    """The row or column of each neuron in a matrix of weights, -1 for none: (neuron)."""

    pathway: str
    end: End


@dataclass(frozen=True)
class PrivateArray:
    """Private sources."""

    pathway: str
    part: PrivatePart


# Keys of numbers and integers.


@dataclass(frozen=True)
class TickLength:
    """The length of a tick in seconds."""


@dataclass(frozen=True)
class PrivateWeight:
    """The weight of private sources, if it is one number."""

    pathway: str


@dataclass(frozen=True)
class RefractoryTicks:
    """How many ticks the neurons of a population are refractory after a spike."""

    population: str


@dataclass(frozen=True)
class PopulationSize:
    """The number of neurons of a population."""

    population: str


@dataclass(frozen=True)
class DriveStride:
    """How many values lie between the drives of two trials; 0 where all get the same."""

    population: str


@dataclass(frozen=True)
class HistoryDepth:
    """How many past messages of a population are kept."""

    population: str


class GradedCount(Enum):
    """What a `GradedSize` counts."""

    SEGMENTS = auto()
    OCTETS = auto()


@dataclass(frozen=True)
class GradedSize:
    """The number of segments or of octets (eight targets) of a `GradedArray`."""

    post: str
    entry: str
    count: GradedCount


@dataclass(frozen=True)
class LocalFieldSegments:
    """The number of segments of a `LocalFieldArray`."""

    post: str
    to: str


class DenseCount(Enum):
    """Which integer a `DenseSize` is."""

    SENDERS = auto()
    TARGETS = auto()
    DELAY = auto()  # in ticks
    PRE_RUN = auto()  # the first sender if the senders are consecutive neurons, else -1
    POST_RUN = auto()  # the same for targets


@dataclass(frozen=True)
class DenseSize:
    """A size of a matrix of weights, or its delay."""

    pathway: str
    count: DenseCount


class PrivateCount(Enum):
    """Which integer a `PrivateSize` is."""

    SOURCES = auto()  # sources of each target
    NUMBER = auto()  # which of the plan's private pathways this is
    SENDER = auto()  # the neuron whose chance to spike is that of the sources


@dataclass(frozen=True)
class PrivateSize:
    """An integer of private sources."""

    pathway: str
    count: PrivateCount


ConstantKey = Constant | SynapseConstant
ArrayKey = (
    ConstantKey | StateArray | PortTotal | PortCount | PortRead | SubexpressionArray | LinkIndex | LastSpike
    | NotRefractory | DriveValues | DriveEvents | HistoryArray | SynapseRecords | SynapseStep | TextualArray
    | SlotStarts | GradedArray | LocalFieldArray | DenseArray | DensePlaces | PrivateArray | TableArray
)  # fmt: skip
NumberKey = ConstantKey | TickLength | PrivateWeight | TableNumber
IntegerKey = (
    ConstantKey | RefractoryTicks | PopulationSize | DriveStride | HistoryDepth | GradedSize
    | LocalFieldSegments | DenseSize | PrivateSize | TableSize | CallAddress
)  # fmt: skip


def is_per_trial(key: ArrayKey) -> bool:
    """Whether the array of a key begins with the trial axis; generated code then adds the trial's offset."""
    match key:
        case StateArray() | PortTotal() | PortCount() | PortRead() | SubexpressionArray() | LastSpike():
            return True
        case NotRefractory() | HistoryArray() | SynapseRecords() | SynapseStep():
            return True
        case DenseArray(_, part):
            return part in (DensePart.SEEN, DensePart.PRODUCT)
        case LocalFieldArray(_, _, part):
            return part in (LocalFieldPart.MESSAGE, LocalFieldPart.SUM, LocalFieldPart.STALE)
        case Constant() | SynapseConstant() | DriveValues() | DriveEvents() | TextualArray() | SlotStarts():
            return False
        case GradedArray() | DensePlaces() | PrivateArray() | TableArray() | LinkIndex():
            return False

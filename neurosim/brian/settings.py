"""How the device runs networks: what `set_device("neurosim", ...)` and `run` were given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim.brian.private_names import Variable
from neurosim.brian.seeds import Seeds
from neurosim.brian.streaming import Stream
from neurosim.engine import check_name
from neurosim.errors import DescriptionError
from neurosim.network.values import choice, flag, whole

if TYPE_CHECKING:
    from weakref import WeakSet

    from neurosim.brian.device import NeurosimDevice

PRECISIONS = ("double", "mixed", "single")
COUNTS = 0.03  # seconds: what a run must take on the reference engine for compiled code to save time


@dataclass(frozen=True)
class Options:
    """What `set_device("neurosim", ...)` was given.

    engine: 'auto', 'events' or 'reference'
    threads: at most how many threads run the event engine; None: as many as make it faster
    precision: 'double', 'mixed' or 'single'
    fallback: whether Brian2's own runtime runs what the device cannot
    record_to: path of an HDF5 file to which monitors write while the network runs; None: they only record in
        memory
    in_memory: whether monitors also record in memory
    """

    engine: str = "auto"
    threads: int | None = None
    precision: str = "double"
    fallback: bool = False
    record_to: str | os.PathLike[str] | None = None
    in_memory: bool = True

    def __post_init__(self):
        check_name(self.engine)
        choice(self.precision, PRECISIONS, "set_device: precision")
        flag(self.fallback, "set_device: fallback")
        flag(self.in_memory, "set_device: in_memory")
        if not self.in_memory and self.record_to is None:
            raise DescriptionError(
                "set_device: in_memory=False without record_to would lose what monitors record."
                " Give record_to='run.h5', too."
            )
        if self.threads is not None:
            whole(self.threads, "set_device: threads", least=1, most=4096)


@dataclass
class Spent:
    """For how many seconds the reference engine has run, in runs for which compiled code could have paid."""

    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a run."""
        self.seconds += seconds if seconds >= COUNTS else 0.0


@dataclass(frozen=True, eq=False)
class Settings:
    """How a network runs.

    options: of the device
    seeds: of the device
    spent: the time that earlier runs have taken
    report: what Brian2's `run` was given to report progress
    period: the time between two reports, in seconds
    namespace: the names of the script that text may use
    profile: whether to measure the time
    stream: what writes the records to files; None: nothing
    device: the device
    written: arrays that functions of the script have changed in a tick; they are variables of the network
    """

    options: Options
    seeds: Seeds
    spent: Spent
    report: Any
    period: float
    namespace: Mapping[str, Any]
    profile: bool
    stream: Stream | None
    device: NeurosimDevice
    written: WeakSet[Variable]

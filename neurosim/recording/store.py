"""The methods by which the data of a recording are read, from memory (`memory.py`) or from a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.header import Header
from neurosim.recording.lazy import LazyArray
from neurosim.recording.spikes import Spikes

STOPPED = ("end", "stable", "interrupted")


class Store(ABC):
    """Holds the data of a recording.

    header: what the run was asked to do.
    ticks: number of ticks that each of the first `trials` trials holds.
    trials: number of trials that hold so many ticks.
    stopped: why the run ended: 'end', 'stable' or 'interrupted'.
    progress: number of ticks that were run, for each planned trial, shape (trial,).
    path: path of the file; None in memory.
    """

    header: Header
    ticks: int
    trials: int
    stopped: str
    progress: np.ndarray
    path: Path | None

    @abstractmethod
    def values(self, probe: Probe) -> np.ndarray | LazyArray:
        """The samples of a probe, shape ([trial,] sample, *shape); a file is read when they are indexed."""

    @abstractmethod
    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        """The spikes of a probe within these trials and ticks, in pieces; by rising tick within a trial."""

    @abstractmethod
    def final(self) -> Mapping[str, np.ndarray]:
        """The state after the last tick; empty if the run was killed before it could save it."""

    @abstractmethod
    def close(self) -> None:
        """Close the file, if there is one."""

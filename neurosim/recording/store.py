"""Where the numbers of a recording lie: in memory (`memory.py`) or in a file (`filestore.py`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.network.probes import Probe
from neurosim.recording.header import Header
from neurosim.recording.spikes import Spikes

STOPPED = ("end", "stable", "interrupted")


class Store(ABC):
    """Where the numbers of a recording lie.

    `header` says what was run. `ticks` is how many ticks each of the first `trials` trials holds; `progress` how many ticks of each planned trial
    were run; `stopped` why the run ended.
    """

    header: Header
    ticks: int
    trials: int
    stopped: str
    progress: np.ndarray
    path: Path | None

    @abstractmethod
    def values(self, probe: Probe) -> Any:
        """The samples of a probe, ([trial,] sample, *shape): an array, or one that is read when indexed."""

    @abstractmethod
    def events(self, probe: Probe, trials: range, ticks: range) -> Iterator[Spikes]:
        """The spikes within these trials and ticks, in pieces; within a trial they rise in time."""

    @abstractmethod
    def final(self) -> Mapping[str, np.ndarray]:
        """The state after the last tick; {} where the run was killed before saving it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

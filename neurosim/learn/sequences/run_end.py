"""The end of a run as a start for another, without what was recorded on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from neurosim.network.network import Network


@dataclass(frozen=True)
class RunEnd:
    """Where a run ended: what `ns.run(start=...)` reads of a Recording.

    network: the network that ran.
    final: its state after the last tick, as `Recording.final`, the axis of trials first.
    batched, seed, precision: whether the run had an axis of trials, and its seed and precision.
    """

    network: Network
    final: Mapping[str, NDArray[Any]]
    batched: bool = True
    seed: int = 0
    precision: str = "double"

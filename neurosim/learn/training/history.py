"""What happened during training, to be looked at and plotted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from neurosim.figures.axes import new_axes
from neurosim.network.network import Network


@dataclass
class History:
    """Losses of every epoch.

    `loss`: the mean over the batches of an epoch, of each objective one list where there are several; `parts`: the same for each
    population with a loss; `validation`: the loss, after the epoch, on what was held out; `accuracy`: the share of held-out
    targets whose class was found, where there are classes; `best`: the epoch whose weights were kept; `steps`: updates made;
    `stopped`: 'end', 'patience' or 'interrupted'.
    """

    loss: list[Any] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    best: int = 0
    steps: int = 0
    stopped: str = "end"

    def plot(self, ax: Any = None) -> Any:
        """Losses against epochs; returns the axes. Needs matplotlib."""
        ax = new_axes(ax, 5.0, 3.0)
        epochs = range(1, len(self.loss) + 1)
        several = bool(self.loss) and isinstance(self.loss[0], list)
        for turn, line in enumerate(zip(*self.loss, strict=True) if several else [self.loss]):
            ax.plot(epochs, line, label=f"objective {turn + 1}" if several else "training")
        if self.validation:
            ax.plot(epochs, self.validation, label="validation")
            ax.axvline(self.best + 1, color="0.7", linewidth=0.8, zorder=0)
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss")
        ax.legend(frameon=False)
        return ax


@dataclass(frozen=True)
class Trained:
    """The network with what it has learned, and the history of the training; `network, history = ns.train(...)`."""

    network: Network
    history: History

    def __iter__(self) -> Iterator[Any]:
        return iter((self.network, self.history))

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: int) -> Any:
        return (self.network, self.history)[place]

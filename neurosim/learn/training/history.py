"""What happened during training: the losses of every epoch, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from neurosim.figures.axes import new_axes
from neurosim.network.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass
class History:
    """Losses of every epoch of a training.

    loss: the mean loss over the batches of each epoch; if there
        are several objectives, a list of one for each.
    parts: for each epoch, the mean loss of each population that has one, by name.
    validation: the loss on the trials held out, after each epoch; empty without `validation=`.
    metrics: what `after_epoch` returned after each epoch; empty without it.
    accuracy: the fraction of held-out targets whose class was right, after each epoch; empty without classes.
    seconds: duration of the training in seconds.
    best: the epoch, counted from 0, whose weights were kept.
    steps: number of updates.
    stopped: 'end' (all epochs), 'patience' (the validation loss no longer fell) or 'interrupted' (Ctrl-C).
    """

    loss: list[float | list[float]] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    metrics: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    best: int = 0
    steps: int = 0
    stopped: str = "end"

    def line(self) -> str:
        """The last epoch in one line: 'epoch 3: loss 0.123, validation 0.2'."""
        losses = self.loss[-1] if isinstance(self.loss[-1], list) else [self.loss[-1]]
        parts = ["loss " + " ".join(f"{loss:.4g}" for loss in losses)]
        for name, values in (("validation", self.validation), ("accuracy", self.accuracy)):
            parts += [f"{name} {values[-1]:.4g}"] if values else []
        parts += [f"{name} {value:.4g}" for name, value in (self.metrics[-1] if self.metrics else {}).items()]
        return f"epoch {len(self.loss)}: {', '.join(parts)}, {self.seconds:.0f} s"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Plot losses against epochs on the axes `ax`, or on new ones; returns the axes. Needs matplotlib."""
        axes: Axes = new_axes(ax, 5.0, 3.0)
        from matplotlib.ticker import MaxNLocator  # after new_axes, which says it if matplotlib is missing

        epochs = range(1, len(self.loss) + 1)
        objectives = zip(*[one if isinstance(one, list) else [one] for one in self.loss], strict=True)
        lines = list(objectives) or [()]
        for number, line in enumerate(lines, start=1):
            axes.plot(epochs, line, label="training" if len(lines) == 1 else f"objective {number}")
        if self.validation:
            axes.plot(epochs, self.validation, label="validation")
            axes.axvline(self.best + 1, color="0.7", linewidth=0.8, zorder=0)
        axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
        return axes


class Trained(NamedTuple):
    """The network with what it has learned, and the history of the training."""

    network: Network
    history: History

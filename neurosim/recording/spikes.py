"""Spikes as events: trial, tick and neuron of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.readonly import read_only


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes in the order of trial, tick and neuron: three arrays of whole numbers, one entry per spike, which cannot be written to.

    `neuron` is the flat index in the whole population, also where only a part of it was recorded; `dt` the length of a
    tick in seconds, None without Clock.
    """

    trial: np.ndarray
    tick: np.ndarray
    neuron: np.ndarray
    dt: float | None = None

    def __post_init__(self):
        for field in ("trial", "tick", "neuron"):
            given = np.asarray(getattr(self, field))
            if given.dtype == np.int64:
                object.__setattr__(self, field, read_only(given))
                continue
            whole = given.astype(np.int64) if given.dtype.kind in "biuf" else None
            if whole is None or (given.dtype.kind == "f" and not np.array_equal(whole, given)):
                raise RecordingError(
                    f"Spikes: {field} {given!r:.80} are no whole numbers. Give times in ticks, and neurons by their index."
                )
            object.__setattr__(self, field, read_only(whole))
        if not self.trial.shape == self.tick.shape == self.neuron.shape == (len(self.trial),):
            raise RecordingError(
                f"Spikes: trial, tick and neuron have shapes {self.trial.shape}, {self.tick.shape} and {self.neuron.shape}."
                " Give three equally long lists."
            )

    def __reduce__(self) -> tuple:
        return Spikes, (self.trial, self.tick, self.neuron, self.dt)

    @cached_property
    def time(self) -> np.ndarray:
        """When each spike was sent, in seconds from the start of its trial; in ticks without Clock."""
        return self.tick * (1.0 if self.dt is None else self.dt)

    def sorted(self) -> Spikes:
        """The same spikes by trial, tick and neuron; itself where they are so already."""
        before, after = slice(None, -1), slice(1, None)
        rising = self.neuron[after] >= self.neuron[before]
        for key in (self.tick, self.trial):
            rising = (key[after] > key[before]) | ((key[after] == key[before]) & rising)
        if rising.all():
            return self
        order = np.lexsort((self.neuron, self.tick, self.trial))
        return Spikes(self.trial[order], self.tick[order], self.neuron[order], self.dt)

    def __len__(self) -> int:
        return len(self.trial)

    def __repr__(self) -> str:
        return f"<Spikes: {len(self):,} of {len(np.unique(self.neuron)):,} neurons>"


def join_spikes(pieces: list[Spikes], dt: float | None) -> Spikes:
    """The spikes of all pieces, sorted."""
    trial, tick, neuron = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(p, f) for p in pieces)])
        for f in ("trial", "tick", "neuron")
    )
    return Spikes(trial, tick, neuron, dt).sorted()

"""Spikes as events: three parallel arrays with the trial, the tick and the neuron of each spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import RecordingError
from neurosim.network.readonly import read_only

NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, init=False)
class Spikes:
    """Spikes as three parallel, read-only arrays of integers with one entry per spike.

    Spikes that a recording returns are sorted by trial, then tick, then neuron.

    trial: trial of each spike, counted from 0, shape (spike,).
    tick: tick at which it was sent, counted from 0 in each trial, shape (spike,).
    neuron: flat index of the sender in its whole population, shape (spike,); even if a part was recorded.
    dt: length of a tick in seconds; None without `Clock`.

    Raises RecordingError for numbers that are not integers, and for arrays of different lengths.

    >>> spikes = Spikes([0, 0], [3, 10], [1, 0], dt=0.001)
    >>> spikes.time.tolist()
    [0.003, 0.01]
    """

    trial: np.ndarray
    tick: np.ndarray
    neuron: np.ndarray
    dt: float | None

    def __init__(self, trial: ArrayLike, tick: ArrayLike, neuron: ArrayLike, dt: float | None = None):
        # All at once, and not one by one as to a frozen class, because short runs make many of these.
        vars(self).update(
            trial=read_only(_integers(trial, "trial")),
            tick=read_only(_integers(tick, "tick")),
            neuron=read_only(_integers(neuron, "neuron")),
            dt=dt,
        )
        if not self.trial.shape == self.tick.shape == self.neuron.shape == (len(self.trial),):
            raise RecordingError(
                f"Spikes: trial, tick and neuron have shapes {self.trial.shape}, {self.tick.shape} and"
                f" {self.neuron.shape}. Give three equally long lists."
            )

    def __reduce__(self) -> tuple:
        return Spikes, (self.trial, self.tick, self.neuron, self.dt)

    @cached_property
    def time(self) -> np.ndarray:
        """When each spike was sent, in seconds (in ticks without `Clock`) from the start of its trial."""
        return self.tick * (1.0 if self.dt is None else self.dt)

    def sorted(self) -> Spikes:
        """The same spikes by trial, tick and neuron; the object itself if they are sorted already."""
        return self if self._is_sorted else self.select(np.lexsort((self.neuron, self.tick, self.trial)))

    @cached_property
    def _is_sorted(self) -> bool:
        if len(self) < 2:
            return True
        before, after = slice(None, -1), slice(1, None)
        rising = self.neuron[after] >= self.neuron[before]
        for key in (self.tick, self.trial):
            rising = (key[after] > key[before]) | ((key[after] == key[before]) & rising)
        return bool(rising.all())

    def select(self, chosen: np.ndarray | slice) -> Spikes:
        """The spikes at these positions of the arrays: a slice, a list of integers or a Boolean mask."""
        return Spikes(self.trial[chosen], self.tick[chosen], self.neuron[chosen], self.dt)

    def __len__(self) -> int:
        return len(self.trial)

    def __repr__(self) -> str:
        return f"<Spikes: {len(self):,} of {len(np.unique(self.neuron)):,} neurons>"


def copied_spikes(spikes: Spikes, dt: float | None) -> Spikes:
    """The same spikes in arrays of their own, with ticks of this length."""
    copy = Spikes(spikes.trial.copy(), spikes.tick.copy(), spikes.neuron.copy(), dt)
    if "_is_sorted" in vars(spikes):  # it need not be found out again
        vars(copy)["_is_sorted"] = vars(spikes)["_is_sorted"]
    return copy


def join_spikes(pieces: Sequence[Spikes], dt: float | None) -> Spikes:
    """The spikes of all pieces, sorted by trial, tick and neuron."""
    if len(pieces) == 1 and pieces[0].dt == dt:
        return pieces[0].sorted()
    if not pieces:
        return Spikes(NONE, NONE, NONE, dt)
    trial, tick, neuron = (
        np.concatenate([getattr(piece, field) for piece in pieces]) for field in ("trial", "tick", "neuron")
    )
    return Spikes(trial, tick, neuron, dt).sorted()


def _integers(values: ArrayLike, field: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype == np.int64:
        return array
    integers = array.astype(np.int64) if array.dtype.kind in "biuf" else None
    if integers is None or (array.dtype.kind == "f" and not np.array_equal(integers, array)):
        raise RecordingError(
            f"Spikes: {field} {array!r:.80} are not integers."
            " Give times in ticks, and neurons by their index."
        )
    return integers

"""What a session was given and what it changed, which a recording needs to be run again: kept in memory.

`session_group.py` keeps the same in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurosim.recording.header import Change, Header, keeps_cuts
from neurosim.recording.spikes import Spikes, join_spikes

MOST_PIECES = 1000  # inputs of so many advances are joined into one array


class SessionLog:
    """The inputs and changes of a session so far."""

    def __init__(self, header: Header):
        self._header = header
        self._inputs: dict[str, list[np.ndarray | Spikes]] = {name: [] for name in header.inputs}
        self.changes: list[Change] = []
        self.cuts: list[int] = []

    def keep_inputs(self, tick: int, inputs: Mapping[str, np.ndarray | Spikes]) -> None:
        """Add the inputs of the ticks from `tick` on; arrays are copied."""
        if keeps_cuts(self._header):
            self.cuts.append(tick)
        for name, given in inputs.items():
            pieces = self._inputs[name]
            pieces.append(given if isinstance(given, Spikes) else _own(given))
            if len(pieces) == MOST_PIECES:
                self._inputs[name] = [self._joined(name, pieces)]

    def header(self, ticks: int) -> Header:
        """The header of a session that has run so many ticks."""
        return replace(
            self._header,
            ticks=ticks,
            inputs={
                name: self._cut(self._joined(name, pieces), ticks) for name, pieces in self._inputs.items()
            },
            changes=tuple(change for change in self.changes if change.tick <= ticks),
            cuts=tuple(self.cuts),
        )

    def _joined(self, name: str, pieces: list[np.ndarray | Spikes]) -> np.ndarray | Spikes:
        first = self._header.inputs[name]
        if isinstance(first, Spikes):
            return join_spikes([piece for piece in pieces if isinstance(piece, Spikes)], self._header.dt)
        return np.concatenate([first, *(piece for piece in pieces if not isinstance(piece, Spikes))], axis=1)

    def _cut(self, given: np.ndarray | Spikes, ticks: int) -> np.ndarray | Spikes:
        return cut_inputs(given, ticks)


def cut_inputs(given: np.ndarray | Spikes, ticks: int) -> np.ndarray | Spikes:
    """The first ticks of an input: more were given if the session was interrupted."""
    if isinstance(given, Spikes):
        return given.select(given.tick < ticks)
    return given[:, :ticks]


def _own(given: np.ndarray) -> np.ndarray:
    """A copy; of one trial if all trials have the same."""
    own = given[:1] if given.strides[0] == 0 else given
    return np.broadcast_to(own.copy(), given.shape)

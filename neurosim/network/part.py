"""A part of a population: some of its neurons, or all of them with another variable that they send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.index import Index, Key, as_index, show_key
from neurosim.network.readonly import read_only
from neurosim.network.values import plain_text, spelt

if TYPE_CHECKING:
    from neurosim.network.neurons import Neurons


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a population, chosen as numpy arrays are indexed: `cells[:3200]`, `cells[[1, 5]]`.

    population: the population.
    key: the index as plain data; see `index.py`.
    variable: the variable that the part sends; None for the one that the population sends.

    Raises DescriptionError for an index outside the population, and for one that chooses no neuron or one
    neuron twice.
    """

    population: Neurons
    key: Key
    variable: str | None = None

    def __post_init__(self):
        if self.variable is not None:
            self._check_variable(self.variable)
        try:
            chosen = self.indices
        except (IndexError, ValueError, OverflowError) as error:
            raise DescriptionError(
                f"{self.label}: {error} (the shape of {self.population.name!r} is {self.population.shape})."
                " Choose neurons within it."
            ) from None
        if not chosen.size:
            raise DescriptionError(
                f"{self.label}: names no neuron of {self.population.name!r}, whose shape is"
                f" {self.population.shape}. Name one."
            )
        if len(np.unique(chosen)) != chosen.size:
            raise DescriptionError(f"{self.label}: names a neuron twice. Name each neuron once.")

    def __reduce__(self) -> tuple:
        return Part, (self.population, self.key, self.variable)

    def _check_variable(self, variable: str) -> None:
        known = (*self.population.states, *self.population.subexpressions)
        if variable not in known:
            raise DescriptionError(
                f"Neurons {self.name!r}: sending({shown(variable)}): is no variable of its text."
                f" {nearest(variable, known)}"
            )

    def sending(self, variable: str) -> Part:
        """This part, sending `variable`; see `Neurons.sending`."""
        return Part(self.population, self.key, spelt(plain_text(variable, f"{self.label}: sending")))

    def of(self, population: Neurons) -> Part:
        """The same part of another population."""
        return Part(population, self.key, self.variable)

    @property
    def source(self) -> str:
        """The name under which its messages are sent: that of the population, or 'population.variable'."""
        own = self.variable is None or self.variable == self.population.sends
        return self.name if own else f"{self.name}.{self.variable}"

    @property
    def name(self) -> str:
        """The name of the population."""
        return self.population.name

    @cached_property
    def _chosen(self) -> np.ndarray:
        flat = np.arange(self.population.size).reshape(self.population.shape)
        return read_only(np.asarray(flat[tuple(as_index(part) for part in self.key)]))

    @property
    def indices(self) -> np.ndarray:
        """The flat index in the population of each neuron of this part, shape (neuron,)."""
        return self._chosen.ravel()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the part, as numpy gives it; (1,) for a single neuron."""
        return self._chosen.shape or (1,)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(self._chosen.size)

    @property
    def label(self) -> str:
        """The part as it would be written: 'cells[:3200]', or 'cells.c' for the variable c of all cells."""
        key = f"[{', '.join(show_key(k) for k in self.key)}]" if self.key else ""
        return f"{self.name}{key}" + (f".{self.variable}" if self.variable else "")

    def __getitem__(self, key: Index) -> NoReturn:
        raise DescriptionError(
            f"{self.label}: is a part already. Say in one go which neurons of {self.name!r} are meant."
        )

    def __iter__(self) -> Iterator[NoReturn]:
        raise DescriptionError(
            f"{self.label}: is a part of a population, not a list. Its neurons are {self.label}.indices."
        )

    def __repr__(self) -> str:
        return self.label

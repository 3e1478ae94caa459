"""Batches that the user makes one by one: memory does not hold all data, or they are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, TypeAlias

from neurosim.errors import DescriptionError, shown

Example: TypeAlias = tuple[
    Any, ...
]  # (inputs, targets) or (inputs, targets, lengths), as `ns.train` takes them
Batches: TypeAlias = Iterable[Example] | Callable[[int], Iterable[Example]]
PAIR = "Give (inputs, targets), both dicts by population, or (inputs, targets, lengths)."


class BatchSource:
    """Where the batches of each epoch come from."""

    def __init__(self, given: Batches):
        self.given = given
        self.once = not callable(given) and iter(given) is given
        self.opened: Iterator[Example] | None = iter(given) if self.once and not callable(given) else None
        if self.opened is not None:
            self.first = self._read(next(self.opened, None))
        else:
            self.first = self._read(next(iter(self._of_epoch(0)), None))

    @property
    def count(self) -> int | None:
        """How many batches an epoch has, if that is known."""
        return len(self.given) if isinstance(self.given, Sized) else None

    def __call__(self, epoch: int) -> Iterator[Example]:
        """The batches of an epoch. Raises DescriptionError for an iterator that has ended."""
        if self.opened is not None:
            if epoch:
                raise DescriptionError(
                    "train: inputs is an iterator, which gives its batches once. Give epochs=1, a list, or a"
                    " function of the epoch that returns its batches."
                )
            yield self.first
            yield from map(self._read, self.opened)
            return
        yield from map(self._read, self._of_epoch(epoch))

    def _of_epoch(self, epoch: int) -> Iterable[Example]:
        return self.given(epoch) if callable(self.given) else self.given

    def _read(self, given: Any) -> Example:
        if given is None:
            raise DescriptionError(f"train: inputs gives no batch. {PAIR}")
        if (
            not isinstance(given, tuple | list)
            or len(given) not in (2, 3)
            or not isinstance(given[0], Mapping)
        ):
            raise DescriptionError(f"train: the batch {shown(given)} does not read. {PAIR}")
        return (*given, None)[:3]


def is_batches(inputs: object) -> bool:
    """Whether the inputs of `ns.train` are batches rather than the data of all trials."""
    return callable(inputs) or (isinstance(inputs, Iterable) and not isinstance(inputs, Mapping | str))

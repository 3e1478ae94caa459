"""Data that cannot be changed: the arrays, mappings and fields of descriptions and recordings."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from dataclasses import Field, FrozenInstanceError
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

Held = TypeVar("Held")


class ReadOnly(Mapping[str, Held], Generic[Held]):
    """A mapping that cannot be changed, nor can arrays in it.

    Unlike Python's MappingProxyType it can be copied, pickled and sent to other processes.
    """

    __slots__ = ("_held",)

    def __init__(self, held: Mapping[str, Held]):
        self._held = {
            name: read_only(item) if isinstance(item, np.ndarray) else item for name, item in held.items()
        }

    def __reduce__(self) -> tuple:
        return ReadOnly, (self._held,)

    def __getitem__(self, name: str) -> Held:
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def items(self) -> ItemsView[str, Held]:
        return self._held.items()

    def values(self) -> ValuesView[Held]:
        return self._held.values()

    def __repr__(self) -> str:
        return repr(self._held)


class SetOnce:
    """The base of dataclasses whose constructor sets each field once, by an assignment that type checkers
    follow.

    Later assignments raise FrozenInstanceError, as those to a frozen dataclass do.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__ or name not in self.__dataclass_fields__:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


def own_fields(self: Any) -> dict[str, Any]:
    """The state of a description that is copied or pickled: its fields, without cached properties."""
    return {name: self.__dict__[name] for name in self.__dataclass_fields__}


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the same numbers that cannot be written to."""
    view = array.view()
    view.setflags(write=False)
    return view

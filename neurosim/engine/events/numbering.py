"""Handles: the indices by which generated code refers to what `keys.py` names."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.events.keys import ArrayKey, ConstantKey, IntegerKey, NumberKey
from neurosim.engine.events.sharing import marked_number
from neurosim.plan.plan import Plan

RandomKey = tuple[str, str, int]  # population or synapses, block of text, number of the random call in it


class Numbering:
    """Gives each key an index, which is its place in the table of arrays, numbers or integers of the C++.

    In generated code these indices are marked, as numbers in which functions may differ (`sharing.py`).
    """

    def __init__(self) -> None:
        self.arrays: dict[ArrayKey, int] = {}
        self.numbers: dict[NumberKey, int] = {}
        self.integers: dict[IntegerKey, int] = {}
        self.random_keys: dict[RandomKey, int] = {}

    def array(self, key: ArrayKey) -> str:
        """C++ for the index of an array."""
        return _index(self.arrays, key)

    def integer(self, key: IntegerKey) -> str:
        """C++ for the index of an integer."""
        return _index(self.integers, key)

    def pointer(self, cpp_type: str, key: ArrayKey) -> str:
        """C++ for an array with elements of the C++ type `cpp_type`: that of the running trial."""
        return f"context.template array<{cpp_type}>({self.array(key)})"

    def shared_pointer(self, cpp_type: str, key: ArrayKey) -> str:
        """C++ for an array that all trials share."""
        return f"context.template shared<{cpp_type}>({self.array(key)})"

    def integer_value(self, key: IntegerKey) -> str:
        """C++ for the value of an integer."""
        return f"context.network.integers[{self.integer(key)}]"

    def number_value(self, key: NumberKey) -> str:
        """C++ for the value of a number."""
        return f"context.network.numbers[{_index(self.numbers, key)}]"

    def constant(self, value: ArrayLike, key: ConstantKey) -> tuple[str, str]:
        """C++ for a constant that is a single number, and its type in text (`Typed.type`)."""
        if np.asarray(value).dtype.kind == "b":
            return f"{self.integer_value(key)} != 0", "bool"
        number = self.number_value(key)
        return (number, "float") if type(value) is float else (f"Real({number})", "Real")

    def random_key(self, owner: str, block: str, call: int) -> str:
        """C++ for the random key of one random call in a block of text of a population or of synapses."""
        return f"context.key({_index(self.random_keys, (owner, block, call))})"


Key = TypeVar("Key", bound=Hashable)


def _index(indices: dict[Key, int], key: Key) -> str:
    return marked_number(indices.setdefault(key, len(indices)))


def number_of(plan: Plan, name: str) -> str:
    """C++ for the number of a population."""
    return marked_number(plan.numbers[name])


def array_type(value: ArrayLike) -> tuple[str, str]:
    """The C++ type of a constant array, and its type in text."""
    types = {"?": ("uint8_t", "bool"), "f": ("float", "Real")}
    return types.get(np.asarray(value).dtype.char, ("double", "double"))


def braced(*values: int | str) -> str:
    """C++ for a struct or list with these values."""
    return f"{{{', '.join(map(str, values))}}}"

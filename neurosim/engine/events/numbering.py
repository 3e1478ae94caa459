"""Handles: the indices by which generated code refers to what `keys.py` names."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.events.keys import ArrayKey, ConstantKey, IntegerKey, NumberKey

RandomKey = tuple[str, str, int]  # population or synapses, block of text, number of the random call in it


class Numbering:
    """Gives each key an index, which is its place in the table of arrays, numbers or integers of the C++."""

    def __init__(self) -> None:
        self.arrays: dict[ArrayKey, int] = {}
        self.numbers: dict[NumberKey, int] = {}
        self.integers: dict[IntegerKey, int] = {}
        self.random_keys: dict[RandomKey, int] = {}

    def array(self, key: ArrayKey) -> int:
        """The index of an array."""
        return self.arrays.setdefault(key, len(self.arrays))

    def integer(self, key: IntegerKey) -> int:
        """The index of an integer."""
        return self.integers.setdefault(key, len(self.integers))

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
        return f"context.network.numbers[{self.numbers.setdefault(key, len(self.numbers))}]"

    def constant(self, value: ArrayLike, key: ConstantKey) -> tuple[str, str]:
        """C++ for a constant that is a single number, and its type in text (`Typed.type`)."""
        if np.asarray(value).dtype.kind == "b":
            return f"{self.integer_value(key)} != 0", "bool"
        number = self.number_value(key)
        return (number, "float") if type(value) is float else (f"Real({number})", "Real")

    def random_key(self, owner: str, block: str, call: int) -> str:
        """C++ for the random key of one random call in a block of text of a population or of synapses."""
        number = self.random_keys.setdefault((owner, block, call), len(self.random_keys))
        return f"context.key({number})"


def array_type(value: ArrayLike) -> tuple[str, str]:
    """The C++ type of a constant array, and its type in text."""
    types = {"?": ("uint8_t", "bool"), "f": ("float", "Real")}
    return types.get(np.asarray(value).dtype.char, ("double", "double"))


def braced(*values: int | str) -> str:
    """C++ for a struct or list with these values."""
    return f"{{{', '.join(map(str, values))}}}"

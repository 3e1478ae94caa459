"""What generated code refers to by number: arrays and constants, which are handed over when it runs.

Generated code names no size and no value, so that networks of one structure share it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Key = tuple[Any, ...]


class Numbering:
    """Hands out numbers: the same key gets the same number again. `network.py` finds what each key means in a plan."""

    def __init__(self) -> None:
        self.arrays: dict[Key, int] = {}
        self.numbers: dict[Key, int] = {}
        self.integers: dict[Key, int] = {}
        self.keys: dict[Key, int] = {}

    def array(self, *key: Any) -> int:
        return self.arrays.setdefault(key, len(self.arrays))

    def integer(self, *key: Any) -> int:
        return self.integers.setdefault(key, len(self.integers))

    def random_key(self, owner: str, block: str, call: int) -> int:
        """The key of one random call in a block of text."""
        return self.keys.setdefault((owner, block, call), len(self.keys))

    def pointer(self, kind: str, *key: Any) -> str:
        """C++ for the array of this key: that of the running trial."""
        return f"context.template array<{kind}>({self.array(*key)})"

    def whole(self, *key: Any) -> str:
        """C++ for a whole number."""
        return f"context.network.integers[{self.integer(*key)}]"

    def number(self, *key: Any) -> str:
        """C++ for a single number."""
        return f"context.network.numbers[{self.numbers.setdefault(key, len(self.numbers))}]"

    def constant(self, value: Any, *key: Any) -> tuple[str, str]:
        """C++ for a single constant, and its type in text (see `plan/codegen/cpp_code.py`)."""
        if np.asarray(value).dtype.kind == "b":
            return f"{self.whole(*key)} != 0", "bool"
        return (
            (self.number(*key), "float") if type(value) is float else (f"Real({self.number(*key)})", "Real")
        )


def array_type(value: np.ndarray) -> tuple[str, str]:
    """The C++ type of a constant array, and its type in text."""
    return {"b": ("uint8_t", "bool"), "f": ("float", "Real")}.get(value.dtype.char, ("double", "double"))

"""Random numbers in two streams: of the structure of a network, which is compiled, and of one of its
variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Stream:
    """Random choices."""

    def __init__(self, *seed: int):
        self.random = np.random.default_rng(seed)

    def chance(self, p: float) -> bool:
        return bool(self.random.random() < p)

    def pick(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        p = None if weights is None else np.array(weights) / sum(weights)
        return options[int(self.random.choice(len(options), p=p))]

    def some(self, options: Sequence[T], p: float = 0.5) -> list[T]:
        return [option for option in options if self.chance(p)]

    def whole(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def number(self, low: float, high: float, digits: int = 2) -> float:
        return round(float(self.random.uniform(low, high)), digits)


class Draw:
    """The two streams of one case: `s` draws its structure, `v` its sizes, numbers and inputs."""

    def __init__(self, structure: int, variant: int):
        self.s = Stream(structure)
        self.v = Stream(structure, variant + 1)

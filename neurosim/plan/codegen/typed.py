"""C++ expressions with their types, with which `cpp_code.py` writes statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Typed:
    """A C++ expression and its type.

    type: 'bool', 'Real' (the floating-point type of the run), 'double', or 'float': a plain Python number,
        which is a double in C++ and takes the type of what it meets
    """

    text: str
    type: str


@dataclass(frozen=True)
class CalledTyped(Typed):
    """C++ for a constant that text calls, and the type of its value.

    written: gives the C++ of a call, from that of the arguments, which are doubles
    """

    written: Callable[[Sequence[str]], str]

"""What back-propagation keeps of each tick: what is dear to compute again, and nothing else.

JAX keeps every number that a derivative needs: of a sigmoid its value and 1 minus that, of a quotient the
condition under which its derivative is finite. Writing these at each tick and reading them again takes longer
than computing them from the values of the functions, and above 32 MB the C library returns such memory to the
system after each update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax

untyped: Any = jax  # JAX's own annotations are incomplete
Function = TypeVar("Function", bound=Callable[..., Any])

CHEAP = frozenset(
    {
        *("sub", "mul", "neg", "div", "abs", "sign", "square", "integer_pow"),
        *("max", "min", "clamp", "select_n", "is_finite", "gt", "ge", "lt", "le", "eq", "ne"),
        *("and", "or", "not", "broadcast_in_dim", "reshape", "squeeze", "slice", "split", "transpose"),
        *("copy", "stop_gradient"),
    }
)
"""The names of JAX's operations that are computed again. Sums are kept: each stands for several arrays,
such as the products of weights and messages that arrive at a neuron."""


def _is_kept(primitive: Any, *_: Any, **__: Any) -> bool:
    """Whether the results of an operation are kept, as `jax.checkpoint` asks."""
    return primitive.name not in CHEAP


def keeping_little(tick: Function) -> Function:
    """The same function of a tick, for `jax.lax.scan`, of which back-propagation keeps little."""
    return untyped.checkpoint(tick, policy=_is_kept, prevent_cse=False)

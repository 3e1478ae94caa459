"""What the precisions of a run mean: the types of state, sums and weights, and weights of 16 bits.

'double' is 64 bits throughout; 'mixed' holds weights in 32 bits; 'single' is 32 bits throughout; 'half' is
'single' with weights of 16 bits where spikes arrive through synapses without text: the sign, the exponent and
the first seven bits behind the point of a 32-bit float (bfloat16). They have the range of 32-bit floats, so
that weights in SI units need no scale, and are rounded by at most one part in 256.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

DROPPED = 16  # bits of a 32-bit float


def state_dtype(precision: str) -> type[np.float64] | type[np.float32]:
    """The type of state and sums at this precision ('double', 'mixed', 'single' or 'half')."""
    return np.float32 if precision in ("single", "half") else np.float64


def weight_dtype(precision: str) -> type[np.float64] | type[np.float32]:
    """The type in which a plan holds weights at this precision: in 'half', floats whose last bits are 0."""
    return np.float64 if precision == "double" else np.float32


def to_half(values: ArrayLike) -> NDArray[np.float32]:
    """Finite numbers rounded to 32 bits and then to 16, halves to even, as floats of 32 bits."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    half, last = np.uint32(2 ** (DROPPED - 1) - 1), bits >> DROPPED & 1
    return ((bits + half + last) & ~np.uint32(2**DROPPED - 1)).view(np.float32)


def is_half(values: ArrayLike) -> bool:
    """Whether 16 bits hold these numbers without rounding."""
    given = np.asarray(values)
    return bool(np.all(to_half(given) == given))

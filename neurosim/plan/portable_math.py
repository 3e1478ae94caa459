"""A logarithm and a cosine with the same bits on every machine, for the random numbers.

They use only + - * /, which IEEE 754 rounds exactly, and operations on bits; the log and cos of libraries
differ in their last bits. `engine/events/core/numbers/logarithm.hpp` and `trigonometric.hpp` have the same
lines in C++. The polynomials are minimax (Remez) fits, and errors stay below one unit in the last place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
ROOT_HALF = np.uint64(0x3FE6A09E00000000)  # the bits of a number just below sqrt(1/2)
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
# The bits of 2**52; with an integer k < 2**52 in the mantissa, those of 2**52 + k.
TWO_52 = np.uint64(0x4330000000000000)
SIGN = np.uint64(0x8000000000000000)

# The logarithm of 2. The high part has 42 bits, so that its product with an exponent is exact.
LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")
LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")
# Coefficients, lowest first, of (log((1+s)/(1-s))/s - 2)/z in z = s*s
LOG = tuple(map(float.fromhex, (
    "0x1.5555555555593p-1", "0x1.999999997fb31p-2", "0x1.2492494217accp-2", "0x1.c71c51e7eb6c7p-3",
    "0x1.7466462f22e6bp-3", "0x1.39a0f4bee614fp-3", "0x1.2f0d91442e890p-3",
)))  # fmt: skip

# 2 pi / 2**32. The high part has 23 bits, so that its product with an integer of 30 bits is exact.
TURN_HIGH = float.fromhex("0x1.921fb40000000p-30")
TURN_LOW = float.fromhex("0x1.4442d18469899p-54")
# Coefficients, lowest first, of (sin(y) - y)/y**3 and (cos(y) - 1 + y*y/2)/y**4 in z = y*y
SINE = tuple(map(float.fromhex, (
    "-0x1.5555555555549p-3", "0x1.111111110f887p-7", "-0x1.a01a019c12fd0p-13", "0x1.71de3578c2d81p-19",
    "-0x1.ae5e66f1e95b1p-26", "0x1.5d932fce45363p-33",
)))  # fmt: skip
COSINE = tuple(map(float.fromhex, (
    "0x1.555555555554cp-5", "-0x1.6c16c16c15183p-10", "0x1.a01a019cb23a9p-16", "-0x1.27e4f80a49a34p-22",
    "0x1.1ee9ec2551557p-29", "-0x1.8faebb9651c52p-37",
)))  # fmt: skip


def _polynomial(coefficients: tuple[float, ...], z: Floats) -> Floats:
    """Horner's rule, lowest coefficient first."""
    value = coefficients[-1] * z + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        value = value * z + coefficient
    return value


def portable_log(x: ArrayLike) -> Floats:
    """The natural logarithm of positive doubles from 2**-1022 on, of any shape.

    x = 2**k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and log(1 + f) = 2 artanh(s) with s = f/(2 + f).
    """
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64) + (ONE - ROOT_HALF)
    k = ((bits >> np.uint64(52)) | TWO_52).view(np.float64) - (2.0**52 + 1023.0)
    f = ((bits & MANTISSA) + ROOT_HALF).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    rest = z * _polynomial(LOG, z)
    return (k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f)).reshape(np.shape(x))


def portable_cos_turns(b: NDArray[np.uint32]) -> Floats:
    """cos(2 pi b 2**-32) of 32-bit integers of any shape: b is an angle in units of 2**-32 turns.

    Subtracting the nearest quarter turn is exact, since it is done in integers. The rest is within pi/4.
    """
    b = np.asarray(b, dtype=np.uint32)
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**32
        quarter = (b + np.uint32(0x20000000)) >> np.uint32(30)
        rest = (b - (quarter << np.uint32(30))).astype(np.int32).astype(np.float64)
    high, low = rest * TURN_HIGH, rest * TURN_LOW
    value = np.where(quarter & np.uint32(1), sine(high, low), cosine(high, low))
    sign = ((quarter + np.uint32(1)) & np.uint32(2)).astype(np.uint64) << np.uint64(62)
    return (value.view(np.uint64) ^ sign).view(np.float64)


def sine(high: Floats, low: Floats) -> Floats:
    """sin(high + low) within pi/4; `low` is far smaller than `high` and corrects its rounding."""
    y = high + low
    z = y * y
    return high + (low + z * y * _polynomial(SINE, z))


def cosine(high: Floats, low: Floats) -> Floats:
    """cos(high + low) within pi/4, with parts as in `sine`."""
    y = high + low
    z = y * y
    lost = low - (y - high)  # what the sum y has rounded away
    return 1.0 - (0.5 * z - (z * z * _polynomial(COSINE, z) - y * lost))

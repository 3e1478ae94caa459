"""Normal and Poisson numbers by inversion of one uniform number, with the same bits on every machine.

Only + - * / and square roots, which IEEE 754 rounds exactly, and `portable_log` are used.
`engine/events/core/numbers/poisson.hpp` has the same lines in C++.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.plan.portable_math import portable_log

# Of numerator and denominator, constant term first.
Coefficients = tuple[tuple[float, ...], tuple[float, ...]]

# The rational approximations PPND16 of Wichura 1988, Algorithm AS 241, Appl. Statist. 37, 477,
# doi:10.2307/2347330, for the centre and the tails of the distribution; relative errors of about 1e-16.
CENTRE: Coefficients = (
    (
        3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
        45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
    ),
    (
        1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
        39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
    ),
)  # fmt: skip
MIDDLE: Coefficients = (
    (
        1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
        1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833,
        7.74545014278341407640e-4,
    ),
    (
        1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
        0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)  # fmt: skip
TAIL: Coefficients = (
    (
        6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
        0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)  # fmt: skip
LARGE = 1e6  # Poisson numbers of larger rates are drawn by `large_poisson`


def _ratio(coefficients: Coefficients, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ratio of two polynomials in r, by Horner's rule."""
    numerator, denominator = (np.full_like(r, part[-1]) for part in coefficients)
    for a, b in zip(coefficients[0][-2::-1], coefficients[1][-2::-1], strict=True):
        numerator, denominator = numerator * r + a, denominator * r + b
    return numerator / denominator


def portable_normal_quantile(u: ArrayLike) -> NDArray[np.float64]:
    """The number below which a standard normal number lies with probability u, 0 < u < 1."""
    u = np.asarray(u, dtype=np.float64)
    q = u - 0.5
    centre = q * _ratio(CENTRE, np.maximum(0.180625 - q * q, 0.0))
    r = np.sqrt(-portable_log(np.where(q < 0, u, 1.0 - u)))
    tail = np.where(r <= 5.0, _ratio(MIDDLE, r - 1.6), _ratio(TAIL, r - 5.0))
    return np.where(np.abs(q) <= 0.425, centre, np.where(q < 0, -tail, tail))


def large_poisson(u: NDArray[np.float64], rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """About the smallest k whose cumulative Poisson probability exceeds u, for rates above a million.

    With the normal quantile z of u it is rate + sqrt(rate) z + (z^2 - 1)/6, rounded to the nearest integer;
    the terms that are left out are below 1/sqrt(rate).

    u: uniform numbers in [0, 1)
    rate: the expected numbers, of the same shape; an infinite one gives infinity

    Source: Cornish & Fisher 1938, Rev. Inst. Int. Stat. 5, 307, doi:10.2307/1400905.
    """
    z = portable_normal_quantile(np.maximum(u, 2.0**-54))
    finite = np.minimum(rate, np.finfo(np.float64).max)
    k = np.floor(finite + (np.sqrt(finite) * z + ((z * z - 1.0) / 6.0 + 0.5)))
    return np.where(np.isinf(rate), rate, k)

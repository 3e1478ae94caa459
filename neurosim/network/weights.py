"""Weights (also delays and constants) that are drawn or computed instead of given as an array.

A weight is a small frozen dataclass with one method, `draw(of)`, that returns its numbers for the synapses `of`
describes. A new weight is one more such class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.kinds import Kind
from neurosim.network.pictures import interval_text, mean_sd_text, percent_text
from neurosim.network.radius import NO_EIGENVALUE, largest_eigenvalue
from neurosim.network.recipe import KeyOf, NumberLaw, Numbers
from neurosim.network.values import PLAIN, Value, as_value, plain_number


class Stream(Protocol):
    """Counter-based random numbers of one object; the same counters give the same numbers, on every engine."""

    def uniform(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...
    def normal(self, block: str, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...
    def below(self, block: str, n: int, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...
    def gaps(self, block: str, p: float, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Table:
    """The synapses (or neurons) that numbers are drawn for.

    `sender` and `position` (its place in the sender's row) are the counters of each number; `post` is the target.
    For neurons, `sender` is the neuron and position 0; for shared weights, `sender` is the flat index of the weight.
    """

    random: Stream
    sender: np.ndarray
    position: np.ndarray
    post: np.ndarray
    n_pre: int
    n_post: int
    fan_in: float
    fan_out: float


class Distribution(Kind, ABC):
    """Numbers that are drawn, or computed from the whole set of synapses, when the network is lowered."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "draw" in vars(cls) and "recipe" not in vars(cls):
            cls.recipe = Distribution.recipe  # what a parent class draws is something else

    dim: tuple[float, ...] = PLAIN
    alone = False  # whether each number is drawn by itself, so that neurons and delays can have it
    whole = False  # whether all numbers make one matrix (post, pre)

    @abstractmethod
    def draw(self, of: Table) -> np.ndarray:
        """One number per synapse of the table, in SI units."""

    def recipe(self, senders: int, random: Stream, key: KeyOf) -> Numbers | None:
        """What engines draw these numbers from, the same as `draw` gives; None where they take the numbers."""
        return None

    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest number that it can give, in SI units: they tell whether synapses excite."""
        return -np.inf, np.inf

    def summary(self) -> str:
        """Its numbers in a few words, such as '1 to 5 ms'; nothing by default."""
        return ""

    def note(self) -> str:
        """What a diagram writes about weights that it draws."""
        return f"random, {self.summary()}" if self.summary() else "random"


def _pair(first: Any, second: Any, where: str) -> tuple[Value, Value]:
    a, b = as_value(first, where), as_value(second, where)
    if not (a.scalar and b.scalar):
        raise DescriptionError(f"{where}: takes single numbers. Give an array itself as the weight instead.")
    if a.dim != b.dim:
        raise DescriptionError(f"{where}: {a} and {b} have different units. Give both in one unit.")
    if not (np.isfinite(a.number) and np.isfinite(b.number)) or bool in (a.number.dtype, b.number.dtype):
        raise DescriptionError(f"{where}: {a} and {b} are not both finite numbers. Give finite numbers.")
    return a, b


def _read_normal(given: _Normal) -> None:
    """Check and keep mean, sd, low and high."""
    name = type(given).__name__
    mean, sd = _pair(given.mean, given.sd, f"{name}(mean, sd)")
    if sd.number < 0:
        raise DescriptionError(f"{name}: sd {sd} is negative. Give a standard deviation of 0 or more.")
    for field_name, value in dict(mean=mean, sd=sd, low=given.low, high=given.high).items():
        if value is not None:
            _, value = _pair(mean, value, f"{name}: {field_name}")
        object.__setattr__(given, field_name, value)
    if given.low is not None and given.high is not None and given.low.number > given.high.number:
        raise DescriptionError(f"{name}: low {given.low} is above high {given.high}. Exchange them.")


class _Normal(Distribution):
    """What `normal` and `bounded_normal` share: a mean, a standard deviation, and bounds that may be absent."""

    mean: Any
    sd: Any
    low: Any
    high: Any

    @property
    def dim(self):
        return self.mean.dim

    @property
    def _limits(self) -> tuple[float, float]:
        return (
            -np.inf if self.low is None else float(self.low.number),
            np.inf if self.high is None else float(self.high.number),
        )

    def bounds(self) -> tuple[float, float]:
        mean = float(self.mean.number)
        return self._limits if self.sd.number else (mean, mean)

    def summary(self) -> str:
        return mean_sd_text(self.mean, self.sd)

    def note(self) -> str:
        return super().note() if self.sd.number else f"w = {self.mean}"


@named_arguments
@dataclass(frozen=True)
class normal(_Normal):
    """Normal weights N(mean, sd), clipped to [low, high] where given; all in one unit."""

    mean: Any
    sd: Any
    low: Any = None
    high: Any = None
    alone = True

    def __post_init__(self):
        _read_normal(self)

    def draw(self, of: Table) -> np.ndarray:
        drawn = self.mean.number + self.sd.number * of.random.normal("normal", of.sender, of.position)
        return drawn if self.low is None and self.high is None else np.clip(drawn, *self._limits)

    def recipe(self, senders: int, random: Stream, key: KeyOf) -> Numbers:
        mean, sd = float(self.mean.number), float(self.sd.number)
        return Numbers(NumberLaw.NORMAL, mean, sd, *self._limits, key=key("normal"))


@named_arguments
@dataclass(frozen=True)
class bounded_normal(_Normal):
    """Normal weights N(mean, sd); one outside (low, high) is drawn anew, uniform about the mean.

    The new one is uniform in mean +- r, where r is the way from the mean to the nearer bound: so no weights pile up on a bound,
    as those of a clipped `normal` do, and the mean stays. At least one of `low` and `high` is given; all in one unit.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017, whose synapses have "negative values replaced by
    values chosen from an appropriate uniform distribution".
    """

    mean: Any
    sd: Any
    low: Any = None
    high: Any = None
    alone = True

    def __post_init__(self):
        _read_normal(self)
        if self.low is None and self.high is None:
            raise DescriptionError(
                "bounded_normal: neither low nor high is given. Give one, such as low=0, or use normal(mean, sd)."
            )
        low, high = self._limits
        if not low < self.mean.number < high:
            raise DescriptionError(
                f"bounded_normal: mean {self.mean} is not between its bounds. Give low below it and high above it."
            )

    def draw(self, of: Table) -> np.ndarray:
        (low, high), mean = self._limits, self.mean.number
        drawn = mean + self.sd.number * of.random.normal("normal", of.sender, of.position)
        anew = mean + min(mean - low, high - mean) * (
            1.0 - 2.0 * of.random.uniform("uniform", of.sender, of.position)
        )
        return np.where((low < drawn) & (drawn < high), drawn, anew)


@named_arguments
@dataclass(frozen=True)
class uniform(Distribution):
    """Weights uniform in [low, high), both in one unit."""

    low: Any
    high: Any
    alone = True

    def __post_init__(self):
        low, high = _pair(self.low, self.high, "uniform(low, high)")
        if low.number > high.number:
            raise DescriptionError(f"uniform: low {low} is above high {high}. Exchange them.")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def dim(self):
        return self.low.dim

    def bounds(self) -> tuple[float, float]:
        return float(self.low.number), float(self.high.number)

    def summary(self) -> str:
        return interval_text(self.low, self.high)

    def draw(self, of: Table) -> np.ndarray:
        drawn = of.random.uniform("uniform", of.sender, of.position)
        return self.low.number + (self.high.number - self.low.number) * drawn

    def recipe(self, senders: int, random: Stream, key: KeyOf) -> Numbers:
        low = float(self.low.number)
        return Numbers(NumberLaw.UNIFORM, low, float(self.high.number - self.low.number), key=key("uniform"))


@dataclass(frozen=True)
class gamma(Distribution):
    """Gamma-distributed weights of this mean and standard deviation, both in one unit; a negative mean gives negative weights.

    Shape k = (mean/sd)^2 and scale sd^2/|mean|; sd = |mean| is the exponential distribution.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, use it for synaptic strengths.
    """

    mean: Any
    sd: Any
    alone = True

    def __post_init__(self):
        mean, sd = _pair(self.mean, self.sd, "gamma(mean, sd)")
        if mean.number == 0 or sd.number <= 0:
            raise DescriptionError(
                f"gamma: mean {mean} and sd {sd}: the mean must not be 0, and sd must be above 0. Give others."
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "sd", sd)

    @property
    def dim(self):
        return self.mean.dim

    def bounds(self) -> tuple[float, float]:
        return (0.0, np.inf) if self.mean.number > 0 else (-np.inf, 0.0)

    def summary(self) -> str:
        return mean_sd_text(self.mean, self.sd)

    def draw(self, of: Table) -> np.ndarray:
        from scipy.special import gammaincinv

        shape, scale = (self.mean.number / self.sd.number) ** 2, self.sd.number**2 / self.mean.number
        return scale * gammaincinv(shape, of.random.uniform("gamma", of.sender, of.position))


@named_arguments
@dataclass(frozen=True)
class glorot(Distribution):
    """Weights uniform in +-gain*sqrt(6/(fan_in + fan_out)).

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, AISTATS.
    """

    gain: float = 1.0

    def __post_init__(self):
        object.__setattr__(
            self,
            "gain",
            plain_number(self.gain, "glorot: gain", "Give a number above 0 without a unit.", low=1e-300),
        )

    def draw(self, of: Table) -> np.ndarray:
        if not of.sender.size:  # a wiring may have drawn no synapse at all
            return np.zeros(0)
        limit = self.gain * np.sqrt(6.0 / (of.fan_in + of.fan_out))
        return limit * (2.0 * of.random.uniform("uniform", of.sender, of.position) - 1.0)


@named_arguments
@dataclass(frozen=True)
class spectral_radius(Distribution):
    """The weights `of`, scaled so that the largest absolute eigenvalue of their matrix is `rho`.

    The usual way to set the memory of an echo state network; the synapses must join a population with itself.

    Source: Jaeger 2001, The "echo state" approach to analysing and training recurrent neural networks, GMD report 148.
    """

    rho: float
    of: Distribution = field(default_factory=lambda: normal(0.0, 1.0))
    whole = True

    def __post_init__(self):
        object.__setattr__(
            self,
            "rho",
            plain_number(self.rho, "spectral_radius: rho", "Give a radius of 0 or more, such as 0.9.", low=0),
        )
        if not isinstance(self.of, Distribution) or self.of.dim != PLAIN:
            raise DescriptionError(
                f"spectral_radius: of={shown(self.of)} is not a distribution of plain numbers. Give one such as normal(0, 1)."
            )

    def summary(self) -> str:
        return f"\N{GREEK SMALL LETTER RHO} = {self.rho:g}"

    def draw(self, of: Table) -> np.ndarray:
        drawn = self.of.draw(of)
        if of.n_pre != of.n_post:
            raise DescriptionError(
                f"spectral_radius: {of.n_pre} senders, {of.n_post} targets make no square matrix. Use it within one population."
            )
        radius = largest_eigenvalue(drawn, of.post, of.sender, of.n_pre)
        if radius < 1e-12 * max(1.0, float(np.abs(drawn).max(initial=0.0))):
            raise DescriptionError(NO_EIGENVALUE)
        return drawn * (self.rho / radius)


@named_arguments
@dataclass(frozen=True)
class orthogonal(Distribution):
    """A random orthogonal matrix times `gain`: no activity is lost on its way, as all its singular values are `gain`.

    Within one population its eigenvalues are of absolute value `gain`, too. Between two, the smaller side is orthonormal.
    Every sender must reach every target.

    Source: Mezzadri 2007, Notices AMS 54, 592 (how to draw it); White, Lee & Sompolinsky 2004, Phys. Rev. Lett. 92, 148102,
    doi:10.1103/PhysRevLett.92.148102 (its memory).
    """

    gain: float = 1.0
    whole = True

    def __post_init__(self):
        object.__setattr__(
            self,
            "gain",
            plain_number(self.gain, "orthogonal: gain", "Give a number of 0 or more, such as 0.9.", low=0),
        )

    def note(self) -> str:
        return f"orthogonal, {self.gain:g}"

    def draw(self, of: Table) -> np.ndarray:
        if len(of.post) != of.n_pre * of.n_post:
            raise DescriptionError(
                f"orthogonal: {len(of.post)} synapses of {of.n_pre} x {of.n_post} pairs. Use all_to_all() wiring."
            )
        normal = np.empty((of.n_post, of.n_pre))
        normal[of.post, of.sender] = of.random.normal("normal", of.sender, of.position)
        wide = of.n_pre > of.n_post
        q, r = np.linalg.qr(normal.T if wide else normal)
        q = q * np.sign(np.diag(r))  # makes every orthogonal matrix equally likely
        return self.gain * (q.T if wide else q)[of.post, of.sender]


@named_arguments
@dataclass(frozen=True)
class dale(Distribution):
    """Weights whose sign is a property of the sending neuron (Dale's law).

    A fraction `inhibitory` of the senders gets `negative`, the rest `positive`, each times |N(1, 0.5)|.

    Source: Eccles, Fatt & Koketsu 1954, J. Physiol. 126, 524.
    """

    positive: Any
    negative: Any
    inhibitory: float = 0.2
    whole = True

    def __post_init__(self):
        positive, negative = _pair(self.positive, self.negative, "dale(positive, negative)")
        if positive.number < 0 or negative.number > 0:
            raise DescriptionError(
                f"dale: positive {positive} and negative {negative} have the wrong sign. Give one above and one below 0."
            )
        fraction = plain_number(
            self.inhibitory, "dale: inhibitory", "Give a fraction, a number from 0 to 1.", low=0, high=1
        )
        object.__setattr__(self, "inhibitory", fraction)
        object.__setattr__(self, "positive", positive)
        object.__setattr__(self, "negative", negative)

    @property
    def dim(self):
        return self.positive.dim

    def note(self) -> str:
        return f"Dale, {percent_text(self.inhibitory)} inhibit"

    def signs(self, random: Stream, n_pre: int) -> np.ndarray:
        """`positive` or `negative`, of each sender."""
        senders = np.arange(n_pre)
        rank = np.argsort(random.uniform("inhibitory", senders, np.zeros_like(senders)), kind="stable")
        sign = np.full(n_pre, self.positive.number, dtype=np.float64)
        sign[rank[: round(self.inhibitory * n_pre)]] = self.negative.number
        return sign

    def draw(self, of: Table) -> np.ndarray:
        size = np.abs(1.0 + 0.5 * of.random.normal("normal", of.sender, of.position))
        return self.signs(of.random, of.n_pre)[of.sender] * size

    def recipe(self, senders: int, random: Stream, key: KeyOf) -> Numbers:
        return Numbers(NumberLaw.DALE, values=self.signs(random, senders), key=key("normal"))


@named_arguments
@dataclass(frozen=True)
class hebbian(Distribution):
    """Outer-product weights that store patterns of +-1: w = (1/N) sum_p x_p x_p', diagonal 0.

    `patterns` has shape (pattern, neuron).

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.
    """

    patterns: Any
    whole = True

    def __post_init__(self):
        patterns = as_value(self.patterns, "hebbian(patterns)")
        number = patterns.number
        if (
            number.ndim != 2
            or not number.size
            or number.dtype == bool
            or patterns.dim != PLAIN
            or not np.all(np.abs(number) == 1)
        ):
            raise DescriptionError(
                f"hebbian: patterns {shown(self.patterns)} are not rows of -1 and 1. Give shape (pattern, neuron)."
            )
        object.__setattr__(self, "patterns", Value(patterns.number.astype(float)))

    def matrix(self) -> np.ndarray:
        """The weights, shape (post, pre)."""
        stored = self.patterns.number
        weights = stored.T @ stored / stored.shape[1]
        np.fill_diagonal(weights, 0.0)
        return weights

    def note(self) -> str:
        number = self.patterns.shape[0]
        return f"Hebbian, {number} pattern{'s' if number > 1 else ''}"

    def draw(self, of: Table) -> np.ndarray:
        if not of.n_pre == of.n_post == self.patterns.shape[1]:
            raise DescriptionError(
                f"hebbian: patterns of {self.patterns.shape[1]} neurons do not fit {of.n_pre} senders and {of.n_post} targets."
                " Use them within one population of that size."
            )
        return self.matrix()[of.post, of.sender]

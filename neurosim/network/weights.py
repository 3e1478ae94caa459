"""Distributions: numbers that are drawn, one by one, instead of given as an array.

A distribution can stand where a weight, a delay, a constant or a start value can. It is a small frozen
dataclass. A new one derives from `Distribution` and says `draw`, the number of each synapse; everything else
has a default. Distributions that make a whole matrix are in `matrix_weights.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Stream, Table
from neurosim.network.kinds import Kind, keep
from neurosim.network.pictures import interval_text, mean_sd_text
from neurosim.network.recipe import NumberLaw, NumberRecipe
from neurosim.network.values import PLAIN, Dim, Numeric, Value, as_value, plain_number


class Distribution(Kind, ABC):
    """The base of all distributions.

    dim: the unit of the numbers, as exponents of m, kg, s, A, K, mol and cd.
    alone: whether each number is drawn by itself; only then can the distribution give delays and constants of
        neurons.
    whole: whether all numbers together make one matrix (post, pre); then no synapses can share them.
    """

    dim: Dim = PLAIN
    alone = False
    whole = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # A class that draws otherwise than its parent does not have the recipe of its parent.
        if "draw" in vars(cls) and "recipe" not in vars(cls):
            cls.recipe = Distribution.recipe

    @abstractmethod
    def draw(self, of: Table) -> np.ndarray:
        """One number for each synapse, or neuron, of the table: shape (synapse,), in SI units.

        Raises DescriptionError for synapses that the distribution does not fit.
        """

    def recipe(self, senders: int, random: Stream) -> NumberRecipe | None:
        """The numbers as a recipe, which engines may draw by themselves; None where only `draw` gives them.

        senders: number of sending neurons.
        random: random numbers that belong to this weight, of which a recipe takes the keys.
        """
        return None

    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest number that it can give, in SI units: whether synapses excite."""
        return -np.inf, np.inf

    def summary(self) -> str:
        """Its numbers in a few words, such as '1 to 5 ms'; nothing by default."""
        return ""

    def note(self) -> str:
        """What a diagram writes about weights that it draws."""
        return f"random, {self.summary()}" if self.summary() else "random"


def read_pair(first: Numeric, second: Numeric, subject: str) -> tuple[Value, Value]:
    """Read two finite numbers of one unit; `subject` opens the error for anything else."""
    a, b = as_value(first, subject), as_value(second, subject)
    if not (a.scalar and b.scalar):
        raise DescriptionError(
            f"{subject}: takes single numbers. Give an array itself as the weight instead."
        )
    if a.dim != b.dim:
        raise DescriptionError(f"{subject}: {a} and {b} have different units. Give both in one unit.")
    if not (np.isfinite(a.number) and np.isfinite(b.number)) or bool in (a.number.dtype, b.number.dtype):
        raise DescriptionError(f"{subject}: {a} and {b} are not both finite numbers. Give finite numbers.")
    return a, b


class _Normal(Distribution):
    """What `normal` and `bounded_normal` share: a mean, a standard deviation and optional bounds."""

    mean: Value
    sd: Value
    low: Value | None
    high: Value | None
    alone = True

    def __post_init__(self):
        name = type(self).__name__
        mean, sd = read_pair(self.mean, self.sd, f"{name}(mean, sd)")
        if sd.number < 0:
            raise DescriptionError(f"{name}: sd {sd} is negative. Give a standard deviation of 0 or more.")
        keep(self, mean=mean, sd=sd)
        for bound in ("low", "high"):
            if getattr(self, bound) is not None:
                keep(self, **{bound: read_pair(mean, getattr(self, bound), f"{name}: {bound}")[1]})
        if self.low is not None and self.high is not None and self.low.number > self.high.number:
            raise DescriptionError(f"{name}: low {self.low} is above high {self.high}. Exchange them.")

    @property
    def dim(self) -> Dim:
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
    """Normal numbers N(mean, sd), clipped to [low, high].

    mean, sd: a number or quantity each, in the unit of what the numbers are for; sd is at least 0.
    low, high: numbers below or above are set to these; None for no bound. All four have one unit.

    Raises DescriptionError for numbers of different units, that are not finite, or whose order is wrong.

    >>> import neurosim as ns
    >>> from neurosim.units import mV
    >>> ns.normal(1 * mV, 0.5 * mV, low=0 * mV)
    normal(mean=1 mV, sd=0.5 mV, low=0 V, high=None)
    """

    mean: Value
    sd: Value
    low: Value | None = None
    high: Value | None = None

    if TYPE_CHECKING:  # what the constructor takes, and reads

        def __init__(
            self, mean: Numeric, sd: Numeric, low: Numeric | None = None, high: Numeric | None = None
        ): ...

    def recipe(self, senders: int, random: Stream) -> NumberRecipe:
        mean, sd = float(self.mean.number), float(self.sd.number)
        return NumberRecipe(NumberLaw.NORMAL, mean, sd, *self._limits, key=random.key("normal"))

    def draw(self, of: Table) -> np.ndarray:
        return self.recipe(of.n_pre, of.random).draw(of)


@named_arguments
@dataclass(frozen=True)
class bounded_normal(_Normal):
    """Normal numbers N(mean, sd), of which those outside (low, high) are drawn again uniformly.

    mean, sd: a number or quantity each, in the unit of what the numbers are for; sd is at least 0.
    low, high: the bounds, at least one of them; the mean lies between them. All four have one unit.

    A number outside the bounds is replaced by one that is uniform in [mean - r, mean + r], where r is the
    distance from the mean to the nearer bound. So no weights pile up on a bound, as those of a clipped
    `normal` do.

    Raises DescriptionError for numbers of different units, that are not finite, or whose order is wrong.

    Source: Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017, whose synapses
    have "negative values replaced by values chosen from an appropriate uniform distribution".
    """

    mean: Value
    sd: Value
    low: Value | None = None
    high: Value | None = None

    if TYPE_CHECKING:

        def __init__(
            self, mean: Numeric, sd: Numeric, low: Numeric | None = None, high: Numeric | None = None
        ): ...

    def __post_init__(self):
        super().__post_init__()
        if self.low is None and self.high is None:
            raise DescriptionError(
                "bounded_normal: neither low nor high is given."
                " Give one, such as low=0, or use normal(mean, sd)."
            )
        low, high = self._limits
        if not low < self.mean.number < high:
            raise DescriptionError(
                f"bounded_normal: mean {self.mean} is not between its bounds."
                " Give low below it and high above it."
            )

    def draw(self, of: Table) -> np.ndarray:
        (low, high), mean = self._limits, self.mean.number
        drawn = mean + self.sd.number * of.random.normal("normal", of.sender, of.position)
        distance = min(mean - low, high - mean)
        again = mean + distance * (1.0 - 2.0 * of.random.uniform("uniform", of.sender, of.position))
        return np.where((low < drawn) & (drawn < high), drawn, again)


@named_arguments
@dataclass(frozen=True)
class uniform(Distribution):
    """Numbers that are uniform in [low, high).

    low, high: a number or quantity each, in the unit of what the numbers are for.

    Raises DescriptionError for numbers of different units, that are not finite, or whose order is wrong.

    >>> import neurosim as ns
    >>> from neurosim.units import ms
    >>> ns.uniform(1 * ms, 5 * ms)
    uniform(low=1 ms, high=5 ms)
    """

    low: Value
    high: Value
    alone = True

    if TYPE_CHECKING:

        def __init__(self, low: Numeric, high: Numeric): ...

    def __post_init__(self):
        low, high = read_pair(self.low, self.high, "uniform(low, high)")
        if low.number > high.number:
            raise DescriptionError(f"uniform: low {low} is above high {high}. Exchange them.")
        keep(self, low=low, high=high)

    @property
    def dim(self) -> Dim:
        return self.low.dim

    def recipe(self, senders: int, random: Stream) -> NumberRecipe:
        low, width = float(self.low.number), float(self.high.number - self.low.number)
        return NumberRecipe(NumberLaw.UNIFORM, low, width, key=random.key("uniform"))

    def draw(self, of: Table) -> np.ndarray:
        return self.recipe(of.n_pre, of.random).draw(of)

    def bounds(self) -> tuple[float, float]:
        return float(self.low.number), float(self.high.number)

    def summary(self) -> str:
        return interval_text(self.low, self.high)


@named_arguments
@dataclass(frozen=True)
class gamma(Distribution):
    """Gamma-distributed numbers of shape k = (mean/sd)^2 and scale sd^2/|mean|; a negative mean gives
    negative numbers.

    mean: a number or quantity other than 0, in the unit of what the numbers are for.
    sd: the standard deviation, above 0, in the same unit; sd = |mean| gives the exponential distribution.

    Raises DescriptionError for numbers of different units, that are not finite, or out of range.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, doi:10.1162/089976602760407955,
    for the strengths of synapses.
    """

    mean: Value
    sd: Value
    alone = True

    if TYPE_CHECKING:

        def __init__(self, mean: Numeric, sd: Numeric): ...

    def __post_init__(self):
        mean, sd = read_pair(self.mean, self.sd, "gamma(mean, sd)")
        if mean.number == 0 or sd.number <= 0:
            raise DescriptionError(
                f"gamma: mean {mean} and sd {sd}: the mean must not be 0, and sd must be above 0."
                " Give others."
            )
        keep(self, mean=mean, sd=sd)

    @property
    def dim(self) -> Dim:
        return self.mean.dim

    def draw(self, of: Table) -> np.ndarray:
        from scipy.special import gammaincinv  # heavy, and seldom needed

        shape, scale = (self.mean.number / self.sd.number) ** 2, self.sd.number**2 / self.mean.number
        return scale * gammaincinv(shape, of.random.uniform("gamma", of.sender, of.position))

    def bounds(self) -> tuple[float, float]:
        return (0.0, np.inf) if self.mean.number > 0 else (-np.inf, 0.0)

    def summary(self) -> str:
        return mean_sd_text(self.mean, self.sd)


@named_arguments
@dataclass(frozen=True)
class glorot(Distribution):
    """Numbers that are uniform in [-b, b) with b = gain*sqrt(6/(fan_in + fan_out)), without unit.

    gain: a factor above 0.

    fan_in and fan_out are the mean numbers of synapses of a target and of a sender. For weights that synapses
    share, fan_in is the number of weights that one target sums over, and fan_out that of weights through
    which one sender acts.

    Raises DescriptionError for a gain that is not a number above 0.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS, PMLR 9, 249.
    """

    gain: float = 1.0

    def __post_init__(self):
        remedy = "Give a number above 0 without a unit."
        keep(self, gain=plain_number(self.gain, "glorot: gain", remedy, low=1e-300))

    def draw(self, of: Table) -> np.ndarray:
        if not of.sender.size:  # a wiring may have drawn no synapse at all
            return np.zeros(0)
        limit = self.gain * np.sqrt(6.0 / (of.fan_in + of.fan_out))
        return limit * (2.0 * of.random.uniform("uniform", of.sender, of.position) - 1.0)

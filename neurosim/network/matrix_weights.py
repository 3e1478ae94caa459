"""Distributions of whole matrices (post, pre): of given signs, eigenvalues, or stored patterns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Stream, Table
from neurosim.network.kinds import keep
from neurosim.network.pictures import percent_text
from neurosim.network.radius import NO_EIGENVALUE, largest_eigenvalue
from neurosim.network.recipe import NumberLaw, NumberRecipe
from neurosim.network.values import PLAIN, Dim, Numeric, Value, as_value, plain_number
from neurosim.network.weights import Distribution, normal, read_pair


@named_arguments
@dataclass(frozen=True)
class spectral_radius(Distribution):
    """The weights `of`, scaled so that the largest absolute eigenvalue of their matrix is `rho`.

    rho: the spectral radius, a number of 0 or more without unit; it sets the memory of an echo state network.
    of: a distribution of plain numbers; default: normal(0, 1).

    Raises DescriptionError for a rho or a distribution that does not fit. When the weights are drawn, it is
    raised for two populations of different sizes, for a matrix that has no eigenvalue other than 0, and for
    one whose largest eigenvalue cannot be told.

    Source: Jaeger 2001, The "echo state" approach to analysing and training recurrent neural networks, GMD
    report 148.
    """

    rho: float
    of: Distribution = field(default_factory=lambda: normal(0.0, 1.0))
    whole = True

    def __post_init__(self):
        remedy = "Give a radius of 0 or more, such as 0.9."
        keep(self, rho=plain_number(self.rho, "spectral_radius: rho", remedy, low=0))
        if not isinstance(self.of, Distribution) or self.of.dim != PLAIN:
            raise DescriptionError(
                f"spectral_radius: of={shown(self.of)} is not a distribution of plain numbers."
                " Give one such as normal(0, 1)."
            )

    def draw(self, of: Table) -> np.ndarray:
        drawn = self.of.draw(of)
        if of.n_pre != of.n_post:
            raise DescriptionError(
                f"spectral_radius: {of.n_pre} senders, {of.n_post} targets make no square matrix."
                " Use it within one population."
            )
        radius = largest_eigenvalue(drawn, of.post, of.sender, of.n_pre)
        if radius < 1e-12 * max(1.0, float(np.abs(drawn).max(initial=0.0))):
            raise DescriptionError(NO_EIGENVALUE)
        return drawn * (self.rho / radius)

    def summary(self) -> str:
        return f"\N{GREEK SMALL LETTER RHO} = {self.rho:g}"


@named_arguments
@dataclass(frozen=True)
class orthogonal(Distribution):
    """A random orthogonal matrix times `gain`, so that no activity is lost from one step to the next.

    gain: a number of 0 or more without unit. All singular values of the matrix have it, and within one
        population the absolute values of the eigenvalues, too.

    Between populations of different sizes, the rows or the columns of the smaller side are orthonormal. Every
    sender must reach every target.

    Raises DescriptionError for a gain that does not fit, and, when the weights are drawn, for other wirings
    than all_to_all.

    Source: Mezzadri 2007, Notices AMS 54, 592 (how to draw it); White, Lee & Sompolinsky 2004, Phys. Rev.
    Lett. 92, 148102, doi:10.1103/PhysRevLett.92.148102 (its memory).
    """

    gain: float = 1.0
    whole = True

    def __post_init__(self):
        remedy = "Give a number of 0 or more, such as 0.9."
        keep(self, gain=plain_number(self.gain, "orthogonal: gain", remedy, low=0))

    def draw(self, of: Table) -> np.ndarray:
        if len(of.post) != of.n_pre * of.n_post:
            raise DescriptionError(
                f"orthogonal: {len(of.post)} synapses of {of.n_pre} x {of.n_post} pairs."
                " Use all_to_all() wiring."
            )
        normal = np.empty((of.n_post, of.n_pre))
        normal[of.post, of.sender] = of.random.normal("normal", of.sender, of.position)
        wide = of.n_pre > of.n_post
        q, r = np.linalg.qr(normal.T if wide else normal)
        q = q * np.sign(np.diag(r))  # makes every orthogonal matrix equally likely
        return self.gain * (q.T if wide else q)[of.post, of.sender]

    def note(self) -> str:
        return f"orthogonal, {self.gain:g}"


@named_arguments
@dataclass(frozen=True)
class dale(Distribution):
    """Weights whose sign is a property of the sending neuron (Dale's law).

    positive: mean weight of excitatory senders, a number or quantity of 0 or more, in the unit of the target
        port.
    negative: mean weight of inhibitory senders, 0 or less, in the same unit.
    inhibitory: the fraction of senders that inhibit, from 0 to 1; which ones is random.

    Each weight is `positive` or `negative` times |N(1, 0.5)|.

    Raises DescriptionError for numbers of the wrong sign or of different units, and for a fraction outside 0
    to 1.

    Source: Eccles, Fatt & Koketsu 1954, J. Physiol. 126, 524, doi:10.1113/jphysiol.1954.sp005226.
    """

    positive: Value
    negative: Value
    inhibitory: float = 0.2
    whole = True

    if TYPE_CHECKING:

        def __init__(self, positive: Numeric, negative: Numeric, inhibitory: float = 0.2): ...

    def __post_init__(self):
        positive, negative = read_pair(self.positive, self.negative, "dale(positive, negative)")
        if positive.number < 0 or negative.number > 0:
            raise DescriptionError(
                f"dale: positive {positive} and negative {negative} have the wrong sign."
                " Give one above and one below 0."
            )
        remedy = "Give a fraction, a number from 0 to 1."
        inhibitory = plain_number(self.inhibitory, "dale: inhibitory", remedy, low=0, high=1)
        keep(self, positive=positive, negative=negative, inhibitory=inhibitory)

    @property
    def dim(self) -> Dim:
        return self.positive.dim

    def signs(self, random: Stream, n_pre: int) -> np.ndarray:
        """`positive` or `negative` for each of `n_pre` senders, shape (sender,)."""
        senders = np.arange(n_pre)
        rank = np.argsort(random.uniform("inhibitory", senders, np.zeros_like(senders)), kind="stable")
        sign = np.full(n_pre, self.positive.number, dtype=np.float64)
        sign[rank[: round(self.inhibitory * n_pre)]] = self.negative.number
        return sign

    def recipe(self, senders: int, random: Stream) -> NumberRecipe:
        return NumberRecipe(NumberLaw.DALE, values=self.signs(random, senders), key=random.key("normal"))

    def draw(self, of: Table) -> np.ndarray:
        return self.recipe(of.n_pre, of.random).draw(of)

    def note(self) -> str:
        return f"Dale, {percent_text(self.inhibitory)} inhibit"


@named_arguments
@dataclass(frozen=True)
class hebbian(Distribution):
    """Weights that store patterns x_p of +-1 as sums of outer products: w = (1/N) sum_p x_p x_p', with
    diagonal 0.

    patterns: rows of -1 and 1, shape (pattern, neuron), for a population of N neurons.

    Raises DescriptionError for other patterns, and, when the weights are drawn, for populations of other
    sizes.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.

    >>> import neurosim as ns
    >>> ns.hebbian([[1, -1]]).matrix()
    array([[ 0. , -0.5],
           [-0.5,  0. ]])
    """

    patterns: Value
    whole = True

    if TYPE_CHECKING:

        def __init__(self, patterns: ArrayLike | Value): ...

    def __post_init__(self):
        patterns = as_value(self.patterns, "hebbian(patterns)")
        number = patterns.number
        rows = number.ndim == 2 and number.size and number.dtype != bool and patterns.dim == PLAIN
        if not rows or not np.all(np.abs(number) == 1):
            raise DescriptionError(
                f"hebbian: patterns {shown(self.patterns)} are not rows of -1 and 1."
                " Give shape (pattern, neuron)."
            )
        keep(self, patterns=Value(patterns.number.astype(float)))

    def matrix(self) -> np.ndarray:
        """The weights, shape (post, pre)."""
        stored = self.patterns.number
        weights = stored.T @ stored / stored.shape[1]
        np.fill_diagonal(weights, 0.0)
        return weights

    def draw(self, of: Table) -> np.ndarray:
        size = self.patterns.shape[1]
        if not of.n_pre == of.n_post == size:
            raise DescriptionError(
                f"hebbian: patterns of {size} neurons do not fit {of.n_pre} senders and {of.n_post} targets."
                " Use them within one population of that size."
            )
        return self.matrix()[of.post, of.sender]

    def note(self) -> str:
        number = self.patterns.shape[0]
        return f"Hebbian, {number} pattern{'s' if number > 1 else ''}"

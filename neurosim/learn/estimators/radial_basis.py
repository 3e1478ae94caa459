"""Radial basis function networks: centres from the data, widths by a rule, readout by ridge regression."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics.pairwise import euclidean_distances

from neurosim.learn.estimators.output_layer import (
    Floats,
    OutputLayerClassifier,
    OutputLayerEstimator,
    OutputLayerRegressor,
)
from neurosim.learn.estimators.ridge import solve_readout
from neurosim.learn.validation import RandomState, random_state_of
from neurosim.models.radial_basis import radial_basis
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole

CENTRES = ("kmeans", "data")
WIDTHS = ("neighbours",)


@dataclass(eq=False, repr=False)
class RadialBasis(OutputLayerEstimator):
    """The parameters, the hidden layer and its readout."""

    n_centres: int = 100
    _: KW_ONLY
    centres: str = "kmeans"
    width: str | float = "neighbours"
    neighbours: int = 10
    alpha: float = 1e-3
    random_state: RandomState = None

    def _learn(self, X: Floats, Y: Floats) -> None:
        name = type(self).__name__
        n_centres = min(whole(self.n_centres, f"{name}: n_centres", least=1), len(X))
        choice(self.centres, CENTRES, f"{name}: centres")
        alpha = plain_number(self.alpha, f"{name}: alpha", "Give a number of 0 or more.", low=0.0)
        self.centres_ = self._choose_centres(X, n_centres)
        self.widths_ = self._widths(X)
        self.coef_, self.intercept_ = solve_readout(self._hidden(X), Y, alpha)

    def _choose_centres(self, X: Floats, n_centres: int) -> Floats:
        random = random_state_of(self.random_state)
        different = np.unique(X, axis=0)
        if self.centres == "data" or n_centres >= len(different):
            return different[np.sort(random.permutation(len(different))[:n_centres])]
        return KMeans(n_centres, n_init="auto", random_state=random).fit(X).cluster_centers_

    def _widths(self, X: Floats) -> Floats:
        """The width of each hidden unit, shape (hidden,)."""
        name, count = type(self).__name__, len(self.centres_)
        if not isinstance(self.width, str):
            remedy = "Give a distance above 0, or 'neighbours'."
            tiny = float(np.finfo(float).tiny)
            return np.full(count, plain_number(self.width, f"{name}: width", remedy, low=tiny))
        choice(self.width, WIDTHS, f"{name}: width")
        neighbours = whole(self.neighbours, f"{name}: neighbours", least=1)
        if count == 1:  # there is no other centre, so the spread of the data is the only scale
            spread = float(np.sqrt(X.var(axis=0).sum()))
            return np.array([spread if spread > 0 else 1.0])
        # The nearest centre of each is itself, at distance 0; it does not count.
        apart = np.sort(euclidean_distances(self.centres_), axis=1)[:, 1 : neighbours + 1]
        return np.sqrt(np.mean(apart**2, axis=1))

    def _network(self) -> Network:
        return radial_basis(
            self.centres_, self.widths_, len(self.coef_), readout=self.coef_, bias=self.intercept_
        )

    def _output(self, X: Floats) -> Floats:
        return self._hidden(X) @ self.coef_.T + self.intercept_

    def _hidden(self, X: Floats) -> Floats:
        hidden = euclidean_distances(X, self.centres_, squared=True)
        hidden /= -2 * self.widths_**2
        return np.exp(hidden, out=hidden)


class RadialBasisClassifier(RadialBasis, OutputLayerClassifier):
    """A radial basis function network that classifies.

    h = exp(-|x - centre|^2/(2 width^2)) and out = V h + c, where V and c minimise |out - Y|^2 + alpha |V|^2.
    Y is 1 for the right class and -1 for the others.
    Distances are Euclidean, so scale the features alike, as StandardScaler does.

    Arguments:
        n_centres: number of hidden units; at most one for each different row of X.
        centres: 'kmeans', the means of clusters, or 'data', rows of X
            at random, all of them if `n_centres` allows.
        width: 'neighbours' gives each unit the root mean square distance from its centre to the nearest other
            centres; a number above 0, in the unit of X, is the width of all units.
        neighbours: number of nearest centres in that mean.
        alpha: the ridge. 0 is plain least squares, which is computed by singular values and takes longer.
        random_state: seed or generator of the choice of centres, as in scikit-learn.

    Attributes after `fit`: `centres_`, shape (hidden, feature); `widths_`, shape (hidden,); `coef_` V, shape
    (output, hidden), and `intercept_` c, shape (output,), with one output for each class, or one
    for two classes; `classes_`; and `network_`, with the
    populations `inputs`, `hidden` and `out`, where `out` sends the decision function.

    Raises DescriptionError (a ValueError) for parameters out of range and labels of one class, and ValueError
    for data that scikit-learn refuses.

    Source: Broomhead & Lowe 1988, Complex Systems 2, 321; k-means and widths: Moody & Darken 1989, Neural
    Computation 1, 281, doi:10.1162/neco.1989.1.2.281.

    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> RadialBasisClassifier(4, random_state=0).fit(X, ["a", "b", "b", "a"]).predict(X).tolist()
    ['a', 'b', 'b', 'a']
    """


class RadialBasisRegressor(RadialBasis, OutputLayerRegressor):
    """A radial basis function network that predicts one or several numbers.

    h = exp(-|x - centre|^2/(2 width^2)) and out = V h + c, where V and c minimise |out - y|^2 + alpha |V|^2.
    Distances are Euclidean, so scale the features alike, as StandardScaler does.

    Arguments:
        n_centres: number of hidden units; at most one for each different row of X.
        centres: 'kmeans', the means of clusters, or 'data', rows of X
            at random, all of them if `n_centres` allows.
        width: 'neighbours' gives each unit the root mean square distance from its centre to the nearest other
            centres; a number above 0, in the unit of X, is the width of all units.
        neighbours: number of nearest centres in that mean.
        alpha: the ridge. 0 is plain least squares, which is computed by singular values and takes longer.
        random_state: seed or generator of the choice of centres, as in scikit-learn.

    Attributes after `fit`: `centres_`, shape (hidden, feature); `widths_`, shape (hidden,); `coef_` V, shape
    (output, hidden), and `intercept_` c, shape (output,); and `network_`, with the
    populations `inputs`, `hidden` and `out`, where `out` sends the predictions.

    Raises DescriptionError (a ValueError) for parameters out of range, and ValueError for data
    that scikit-learn refuses.

    Source: Broomhead & Lowe 1988, Complex Systems 2, 321; k-means and widths: Moody & Darken 1989, Neural
    Computation 1, 281, doi:10.1162/neco.1989.1.2.281.

    >>> X = np.linspace(0.0, 1.0, 20)[:, None]
    >>> model = RadialBasisRegressor(8, alpha=1e-6, random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.predict([[0.5]]).round(2).tolist()
    [0.25]
    """

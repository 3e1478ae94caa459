"""Radial basis function networks as estimators of scikit-learn: centres from the data, widths by a rule, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state

from neurosim.learn.estimators.output_layer import Answering, Classifier, Regressor, solve_readout
from neurosim.models.radial_basis import radial_basis
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole

CENTRES = ("kmeans", "data")
WIDTHS = ("neighbours",)


class RadialBasis(Answering):
    """The hidden layer of both, and its readout."""

    def __init__(
        self,
        n_centres: int = 100,
        *,
        centres: str = "kmeans",
        width: Any = "neighbours",
        neighbours: int = 10,
        alpha: float = 1e-3,
        random_state: Any = None,
    ):
        self.n_centres = n_centres
        self.centres = centres
        self.width = width
        self.neighbours = neighbours
        self.alpha = alpha
        self.random_state = random_state

    def _learn(self, X: np.ndarray, Y: np.ndarray) -> None:
        name = type(self).__name__
        n_centres = min(whole(self.n_centres, f"{name}: n_centres", least=1), len(X))
        choice(self.centres, CENTRES, f"{name}: centres")
        alpha = plain_number(self.alpha, f"{name}: alpha", "Give a number of 0 or more.", low=0.0)
        random = check_random_state(self.random_state)
        different = np.unique(X, axis=0)
        if self.centres == "data" or n_centres >= len(different):
            self.centres_ = different[np.sort(random.permutation(len(different))[:n_centres])]
        else:
            self.centres_ = KMeans(n_centres, n_init="auto", random_state=random).fit(X).cluster_centers_
        self.widths_ = self._widths(X)
        self.coef_, self.intercept_ = solve_readout(self._hidden(X), Y, alpha)

    def _network(self) -> Network:
        return radial_basis(
            self.centres_, self.widths_, len(self.coef_), readout=self.coef_, bias=self.intercept_
        )

    def _widths(self, X: np.ndarray) -> np.ndarray:
        """One for each centre."""
        name, count = type(self).__name__, len(self.centres_)
        if not isinstance(self.width, str):
            remedy = "Give a distance above 0, or 'neighbours'."
            return np.full(
                count, plain_number(self.width, f"{name}: width", remedy, low=np.finfo(float).tiny)
            )
        choice(self.width, WIDTHS, f"{name}: width")
        neighbours = whole(self.neighbours, f"{name}: neighbours", least=1)
        if count == 1:  # there is no other centre to keep a distance from
            spread = float(np.sqrt(X.var(axis=0).sum()))
            return np.array([spread if spread > 0 else 1.0])
        apart = np.sort(euclidean_distances(self.centres_), axis=1)[:, 1 : neighbours + 1]
        return np.sqrt(np.mean(apart**2, axis=1))

    def _answer(self, X: np.ndarray) -> np.ndarray:
        return self._hidden(X) @ self.coef_.T + self.intercept_

    def _hidden(self, X: np.ndarray) -> np.ndarray:
        hidden = euclidean_distances(X, self.centres_, squared=True)
        hidden /= -2 * self.widths_**2
        return np.exp(hidden, out=hidden)


class RadialBasisClassifier(RadialBasis, Classifier):
    """A radial basis function network that tells classes apart.

    h = exp(-|x - centre|^2/(2 width^2)), out = V h + c with V and c of least |out - Y|^2 + alpha |V|^2, Y 1 for the right class and -1
    elsewhere.

    Arguments:
        n_centres: how many hidden units; at most as many as there are different rows.
        centres: 'kmeans' (means of clusters) or 'data' (rows of X at random; all of them if n_centres is large enough).
        width: of each unit, the root mean square distance to its nearest `neighbours` among the centres; or a number, the width of all.
        neighbours: how many centres a width looks at.
        alpha: of the ridge; 0 is plain least squares, by singular values and so slower.
        random_state: of the choice of centres.

    Distances are Euclidean, so features should be of one scale.

    After `fit`: `centres_` (hidden, feature), `widths_`, `coef_` (output, hidden), `intercept_`, `classes_` and `network_`: inputs -> hidden ->
    out, whose `out` is the decision function. Raises ValueError as scikit-learn does, and for parameters out of their range.

    Source: Broomhead & Lowe 1988, Complex Systems 2, 321; k-means and widths: Moody & Darken 1989, Neural Computation 1, 281,
    doi:10.1162/neco.1989.1.2.281.
    """


class RadialBasisRegressor(RadialBasis, Regressor):
    """A radial basis function network that predicts numbers, one or several.

    h = exp(-|x - centre|^2/(2 width^2)), out = V h + c with V and c of least |out - y|^2 + alpha |V|^2.

    Arguments, attributes, errors and source are those of `RadialBasisClassifier`, but for `classes_`.
    """

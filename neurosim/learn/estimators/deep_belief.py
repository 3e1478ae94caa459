"""Deep belief networks: stacked restricted Boltzmann machines, and classifiers that begin as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from neurosim.errors import DescriptionError, shown
from neurosim.learn.estimators.restricted_boltzmann import RestrictedBoltzmann
from neurosim.learn.estimators.row_transformer import RowTransformer
from neurosim.learn.validation import (
    FLOATS,
    RandomState,
    random_state_of,
    read_classes,
    read_rows,
    read_rows_and_labels,
)
from neurosim.models.autoencoder import autoencoder
from neurosim.models.deep_belief import deep_belief
from neurosim.models.feed_forward import feed_forward
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole
from neurosim.network.weights import glorot

Floats = NDArray[Any]  # of float64 or float32, as X is


@dataclass(eq=False, repr=False)
class DeepBelief(RowTransformer):
    """A deep belief network, trained layer by layer: each is a restricted Boltzmann machine.

    It generates data by Gibbs sampling in its two top layers, followed
    by one draw of each layer from the one above.

    Arguments:
        layers: number of hidden units in each layer, from the data upwards; at least two layers.
        machine: an unfitted RestrictedBoltzmann with the settings of all layers, which are also parameters
            here, as machine__learning_rate and so on. None: its defaults. Its `visible` is that of the data;
            higher layers learn from probabilities and have binary units.
        verbose: whether to show a progress bar.
        random_state: seed or generator, as in scikit-learn.

    Attributes after `fit`: `machines_`, the fitted RestrictedBoltzmann of
    each layer; `n_features_in_`; and `network_`.

    Raises DescriptionError (a ValueError) for parameters out of range and where `RestrictedBoltzmann` does,
    and ValueError for data that scikit-learn refuses.

    Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527.

    >>> rows = [[0, 1, 0, 1], [1, 0, 1, 0]] * 4
    >>> net = DeepBelief((3, 2), random_state=0).fit(rows)
    >>> net.transform(rows).shape, net.sample(5, steps=10).shape
    ((8, 2), (5, 4))
    """

    layers: Sequence[int] = (256, 256)
    _: KW_ONLY
    machine: RestrictedBoltzmann | None = None
    verbose: bool = False
    random_state: RandomState = None
    n_features_in_: int = field(init=False)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train layer after layer on X, shape (sample, visible); y is ignored."""
        rows = read_rows(self, X, reset=True, dtype=FLOATS)
        random = random_state_of(self.random_state)
        self.machines_ = train_stack(
            self.layers, self.machine, rows, random, self.verbose, "DeepBelief", least=2
        )
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """The probability of each top unit to be 1 for the rows of X, shape (sample, top)."""
        check_is_fitted(self)
        return _upwards(self.machines_, read_rows(self, X, reset=False, dtype=FLOATS))

    def sample(self, n_samples: int = 1, steps: int = 1000) -> Floats:
        """Visible states after `steps` sweeps in the top layers, shape (n_samples, visible)."""
        check_is_fitted(self)
        states = self.machines_[-1].sample(n_samples, steps)
        for machine in reversed(self.machines_[:-1]):
            states = machine.draw_visible(states)
        return states

    @property
    def network_(self) -> Network:
        """The generative network, `models.deep_belief` with what was learned."""
        check_is_fitted(self)
        first, last = self.machines_[0], self.machines_[-1]
        return deep_belief(
            [self.n_features_in_, *(len(machine.components_) for machine in self.machines_)],
            weights=[machine.components_.astype(float) for machine in self.machines_],
            down_biases=[machine.intercept_visible_.astype(float) for machine in self.machines_],
            up_bias=last.intercept_hidden_.astype(float),
            visible=first.visible,
        )

    def unrolled(self, n_outputs: int | None = None, *, output: str = "linear") -> Network:
        """A layered network with the learned weights, which `ns.train` can fine-tune by back-propagation.

        n_outputs: number of units of a new layer `out` on top, with Glorot's random weights: the result is a
            feed-forward network from `inputs` through `layer_1`, ... to `out`. None: the result is an
            autoencoder from `inputs` to `code`, the top layer, and back to `out`. Its way back begins with
            the transposed weights, which then learn by themselves; `out` is of sigmoid units, or linear if
            the visible units are Gaussian.
        output: activation of the new layer `out`, as in `models.feed_forward`.

        Source: Hinton & Salakhutdinov 2006, Science 313, 504, doi:10.1126/science.1127647.
        """
        check_is_fitted(self)
        up = [machine.components_.astype(float) for machine in self.machines_]
        biases: list[Any] = [machine.intercept_hidden_.astype(float) for machine in self.machines_]
        sizes = [self.n_features_in_, *map(len, up)]
        if n_outputs is not None:
            sizes.append(whole(n_outputs, "DeepBelief.unrolled: n_outputs", least=1))
            weights, biases = [*up, glorot()], [*biases, 0.0]
            return feed_forward(sizes, function="sigmoid", output=output, weights=weights, biases=biases)
        weights = [*up, *(w.T for w in reversed(up))]
        biases += [machine.intercept_visible_.astype(float) for machine in reversed(self.machines_)]
        visible = "linear" if self.machines_[0].visible == "gaussian" else "sigmoid"
        return autoencoder(sizes, code="sigmoid", output=visible, tied=False, weights=weights, biases=biases)

    @property
    def _n_features_out(self) -> int:
        return len(self.machines_[-1].components_)


@dataclass(eq=False, repr=False)
class DeepBeliefClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that begins as a deep belief network and is then fine-tuned.

    A logistic regression on the top layer gives the first weights of the output. The fine-tuning
    of all layers is scikit-learn's MLPClassifier (back-propagation with Adam), which begins with
    the weights of the layers and of the regression.

    Arguments:
        layers: number of hidden units in each layer, from the data upwards; at least one layer.
        machine: an unfitted RestrictedBoltzmann with the settings of all layers, which are also parameters
            here, as machine__learning_rate and so on. None: its defaults. Its `visible` is that of the data;
            higher layers learn from probabilities and have binary units.
        C: inverse regularisation of the LogisticRegression on the top layer, above 0.
        n_iter: number of epochs of fine-tuning; 0: none.
        learning_rate: of Adam, above 0.
        batch_size: number of rows in a mini-batch of fine-tuning.
        alpha: penalty on squared weights in fine-tuning, 0 or more.
        verbose: whether to show progress bars.
        random_state: seed or generator, as in scikit-learn.

    Attributes after `fit`: `classes_`; `machines_`, the fitted RestrictedBoltzmann of each layer, before
    fine-tuning; `classifier_`, the MLPClassifier; `n_features_in_`; and `network_`.

    Raises DescriptionError (a ValueError) for parameters out of range, labels of one class, and where
    `RestrictedBoltzmann` does, and ValueError for data that scikit-learn refuses.

    Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527;
    fine-tuning by back-propagation: Hinton & Salakhutdinov 2006, Science 313, 504,
    doi:10.1126/science.1127647.

    >>> rows, labels = [[0, 1, 0, 1], [1, 0, 1, 0]] * 10, ["even", "odd"] * 10
    >>> model = DeepBeliefClassifier((4,), learning_rate=0.05, random_state=0).fit(rows, labels)
    >>> model.predict([[0, 1, 0, 1], [1, 0, 1, 0]]).tolist()
    ['even', 'odd']
    """

    layers: Sequence[int] = (256, 256)
    _: KW_ONLY
    machine: RestrictedBoltzmann | None = None
    C: float = 1.0
    n_iter: int = 20
    learning_rate: float = 1e-3
    batch_size: int = 100
    alpha: float = 1e-4
    verbose: bool = False
    random_state: RandomState = None
    n_features_in_: int = field(init=False)

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the layers from X, shape (sample, visible), then
        the classes from the labels y, shape (sample,).
        """
        self._check_parameters()
        rows, labels = read_rows_and_labels(self, X, y, dtype=FLOATS)
        self.classes_, _ = read_classes(self, labels)
        random = random_state_of(self.random_state)
        self.machines_ = train_stack(
            self.layers, self.machine, rows, random, self.verbose, "DeepBeliefClassifier", least=1
        )
        top = _upwards(self.machines_, rows)
        mean = top.mean(axis=0)  # the solver needs far fewer steps on centred features
        regression = LogisticRegression(C=self.C, max_iter=1000).fit(top - mean, labels)
        bias = regression.intercept_ - regression.coef_ @ mean
        self.classifier_ = self._perceptron(rows, labels, int(random.randint(2**31)))
        layers = [(machine.components_, machine.intercept_hidden_) for machine in self.machines_]
        for k, (weights, biases) in enumerate([*layers, (regression.coef_, bias)]):
            self.classifier_.coefs_[k][...], self.classifier_.intercepts_[k][...] = weights.T, biases
        for _ in tqdm(range(self.n_iter), "fine-tuning", unit="epoch", disable=not self.verbose):
            self.classifier_.partial_fit(rows, labels)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each row of X, shape (sample,)."""
        probabilities = self.predict_proba(
            X
        )  # before `classes_`, so that it is what refuses to predict before `fit`
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The probability of each class for the rows of X, shape (sample, class)."""
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False, dtype=FLOATS)
        return np.asarray(self.classifier_.predict_proba(rows))

    @property
    def network_(self) -> Network:
        """The fine-tuned network, `models.feed_forward`.

        Its population `out` sends the probability of each class, or for two classes that of the second.
        """
        check_is_fitted(self)
        learned = self.classifier_
        return feed_forward(
            [self.n_features_in_, *(len(bias) for bias in learned.intercepts_)],
            function="sigmoid",
            output="softmax" if len(self.classes_) > 2 else "sigmoid",
            weights=[np.asarray(w.T, dtype=float) for w in learned.coefs_],
            biases=[np.asarray(b, dtype=float) for b in learned.intercepts_],
        )

    def _perceptron(self, X: Floats, y: NDArray[Any], seed: int) -> Any:
        """An MLPClassifier of the right shape. Only a step of training makes its arrays."""
        batch: Any = min(self.batch_size, len(X))
        perceptron = MLPClassifier(
            tuple(self.layers),
            activation="logistic",
            learning_rate_init=self.learning_rate,
            batch_size=batch,
            alpha=self.alpha,
        )
        perceptron.set_params(random_state=seed)
        return perceptron.partial_fit(X[:batch], y[:batch], classes=self.classes_)

    def _check_parameters(self) -> None:
        name = "DeepBeliefClassifier"
        whole(self.n_iter, f"{name}: n_iter")
        whole(self.batch_size, f"{name}: batch_size", least=1)
        smallest = float(np.nextafter(0.0, 1.0))
        for parameter in ("C", "learning_rate"):
            plain_number(
                getattr(self, parameter), f"{name}: {parameter}", "Give a number above 0.", low=smallest
            )
        plain_number(self.alpha, f"{name}: alpha", "Give a number of at least 0.", low=0.0)


def train_stack(
    layers: Sequence[int],
    machine: RestrictedBoltzmann | None,
    X: Floats,
    random: np.random.RandomState,
    verbose: bool,
    name: str,
    least: int,
) -> list[RestrictedBoltzmann]:
    """Machines trained one on top of the other, each on the hidden probabilities of the one below.

    layers, machine, verbose: as in `DeepBelief`.
    X: data, shape (sample, visible).
    name: of the estimator, which begins the error messages.
    least: smallest number of layers.
    """
    if isinstance(layers, str) or not np.iterable(layers):
        raise DescriptionError(
            f"{name}: layers {shown(layers)} are no list of sizes. Give numbers of units such as (256, 256)."
        )
    sizes = [whole(size, f"{name}: layers", least=1) for size in layers]
    if len(sizes) < least:
        raise DescriptionError(
            f"{name}: layers {shown(layers)} are too few. Give at least {least}, or use RestrictedBoltzmann."
        )
    if machine is not None and not isinstance(machine, RestrictedBoltzmann):
        raise DescriptionError(
            f"{name}: machine {shown(machine)} is no RestrictedBoltzmann."
            " Give one with the settings that all layers share."
        )
    machines: list[RestrictedBoltzmann] = []
    for size in sizes:
        layer: Any = RestrictedBoltzmann() if machine is None else clone(machine)
        layer.set_params(n_components=size, random_state=int(random.randint(2**31)), verbose=verbose)
        if machines:
            X = machines[-1].transform(X)
            layer.set_params(visible="binary")
        machines.append(layer.fit(X))
    return machines


def _upwards(machines: Sequence[RestrictedBoltzmann], X: Floats) -> Floats:
    """The hidden probabilities of the top machine, where each machine gets those of the one below."""
    for machine in machines:
        X = machine.transform(X)
    return X

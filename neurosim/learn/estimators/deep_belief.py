"""Deep belief networks: restricted Boltzmann machines trained one on top of the other; and classifiers that begin as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from neurosim.errors import DescriptionError, shown
from neurosim.learn.estimators.restricted_boltzmann import RestrictedBoltzmann
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole
from neurosim.network.weights import glorot

FLOATS = [np.float64, np.float32]


class DeepBelief(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A deep belief network, trained greedily: each layer is a restricted Boltzmann machine of what the layer below makes of the data.

    It generates by its two uppermost layers, an associative memory: Gibbs sampling there, then one draw of each layer from that above.

    Arguments:
        layers: how many hidden units, from the data upwards; at least two.
        machine: a RestrictedBoltzmann with the settings that all layers learn with, machine__learning_rate and so on; default: its
            defaults. Its `visible` holds for the data; the layers above see chances from 0 to 1 and are binary.
        verbose: show a progress bar. random_state: as in scikit-learn.

    Attributes: `machines_`, the fitted RestrictedBoltzmann of each layer; `network_`, the generative network.

    Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527.
    """

    n_features_in_: int

    def __init__(
        self,
        layers: Sequence[int] = (256, 256),
        *,
        machine: RestrictedBoltzmann | None = None,
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.layers = layers
        self.machine = machine
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> DeepBelief:
        """Train layer after layer on X, (sample, visible); y is ignored."""
        X = validate_data(self, X, dtype=FLOATS)
        self.machines_ = pile(
            self.layers, self.machine, X, self.random_state, self.verbose, "DeepBelief", least=2
        )
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The chances of the top units to be on, layer after layer passing on chances, shape (sample, top)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        for machine in self.machines_:
            X = machine.transform(X)
        return X

    def sample(self, n_samples: int = 1, steps: int = 1000) -> np.ndarray:
        """Visible states drawn from `n_samples` chains of the top memory after `steps` sweeps, shape (n_samples, visible)."""
        check_is_fitted(self)
        states = self.machines_[-1].sample(n_samples, steps)
        for machine in reversed(self.machines_[:-1]):
            states = machine.draw_visible(states)
        return states

    @property
    def network_(self) -> Network:
        """The generative network: `models.deep_belief` with what was learned."""
        from neurosim.models.deep_belief import deep_belief

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
        """The machines as a layered network that begins where they ended, to be fine-tuned by `ns.train`.

        With `n_outputs`, a feed-forward network from `inputs` through `layer_1` ... to a new layer `out`, whose weights are Glorot's and whose
        function is `output`. Without, an autoencoder from `inputs` to `code` and back to `out`, whose way back begins with the transposed
        weights and then learns its own; `out` is of sigmoids, or linear where the visible units are Gaussian.

        Source: Hinton & Salakhutdinov 2006, Science 313, 504, doi:10.1126/science.1127647.
        """
        from neurosim.models.autoencoder import autoencoder
        from neurosim.models.feed_forward import feed_forward

        check_is_fitted(self)
        up = [machine.components_.astype(float) for machine in self.machines_]
        biases: list[Any] = [machine.intercept_hidden_.astype(float) for machine in self.machines_]
        sizes = [self.n_features_in_, *map(len, up)]
        if n_outputs is not None:
            made = [*sizes, whole(n_outputs, "DeepBelief.unrolled: n_outputs", least=1)]
            return feed_forward(
                made, function="sigmoid", output=output, weights=[*up, glorot()], biases=[*biases, 0.0]
            )
        down = [w.T for w in reversed(up)]
        biases += [machine.intercept_visible_.astype(float) for machine in reversed(self.machines_)]
        seen = "linear" if self.machines_[0].visible == "gaussian" else "sigmoid"
        return autoencoder(
            sizes, code="sigmoid", output=seen, tied=False, weights=[*up, *down], biases=biases
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return len(self.machines_[-1].components_)


class DeepBeliefClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that begins as a deep belief network: greedy layers, logistic regression on the top one, then all fine-tuned together.

    The fine-tuning is scikit-learn's MLPClassifier (back-propagation, Adam), begun at what the layers and the regression have learned.

    Arguments:
        layers, machine, verbose, random_state: as in `DeepBelief`; one layer may do.
        C: of the LogisticRegression on the top layer, the inverse of its regularisation.
        n_iter: epochs of fine-tuning; 0 leaves the features as they were learned without labels.
        learning_rate: of Adam. batch_size: rows in a mini-batch of fine-tuning. alpha: the penalty on squared weights there.

    Attributes: `classes_`, `machines_` as they were before fine-tuning, `classifier_` (the MLPClassifier); `network_`, a feed-forward network that
    answers as `predict_proba` does.

    Source: Hinton, Osindero & Teh 2006, Neural Computation 18, 1527, doi:10.1162/neco.2006.18.7.1527; fine-tuning by back-propagation:
    Hinton & Salakhutdinov 2006, Science 313, 504, doi:10.1126/science.1127647.
    """

    n_features_in_: int

    def __init__(
        self,
        layers: Sequence[int] = (256, 256),
        *,
        machine: RestrictedBoltzmann | None = None,
        C: float = 1.0,
        n_iter: int = 20,
        learning_rate: float = 1e-3,
        batch_size: int = 100,
        alpha: float = 1e-4,
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.layers = layers
        self.machine = machine
        self.C = C
        self.n_iter = n_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.alpha = alpha
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> DeepBeliefClassifier:
        """Learn the features of X, (sample, visible), then the classes y of them."""
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise DescriptionError(
                f"DeepBeliefClassifier: y holds one class only, {shown(self.classes_[0])}. Give samples of two or more."
            )
        numbers: Any = check_random_state(self.random_state)
        self.machines_ = pile(
            self.layers, self.machine, X, numbers, self.verbose, "DeepBeliefClassifier", least=1
        )
        top = X
        for machine in self.machines_:
            top = machine.transform(top)
        # The features are chances: centred, they are solved for in far fewer steps.
        mean = top.mean(axis=0)
        regression = LogisticRegression(C=self.C, max_iter=1000).fit(top - mean, y)
        self.classifier_ = self._begin(X, y, regression, mean, numbers)
        for _ in tqdm(range(self.n_iter), "fine-tuning", unit="epoch", disable=not self.verbose):
            self.classifier_.partial_fit(X, y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row of X."""
        chances = self.predict_proba(X)  # which refuses what is not fitted
        return self.classes_[chances.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, shape (sample, class)."""
        check_is_fitted(self)
        return np.asarray(self.classifier_.predict_proba(validate_data(self, X, dtype=FLOATS, reset=False)))

    @property
    def network_(self) -> Network:
        """The fine-tuned network: `models.feed_forward`. Of two classes `out` is the second's probability, of more the probability of each."""
        from neurosim.models.feed_forward import feed_forward

        check_is_fitted(self)
        net = self.classifier_
        return feed_forward(
            [self.n_features_in_, *(len(bias) for bias in net.intercepts_)],
            function="sigmoid",
            output="softmax" if len(self.classes_) > 2 else "sigmoid",
            weights=[np.asarray(w.T, dtype=float) for w in net.coefs_],
            biases=[np.asarray(b, dtype=float) for b in net.intercepts_],
        )

    def _begin(
        self, X: np.ndarray, y: np.ndarray, regression: LogisticRegression, mean: np.ndarray, numbers: Any
    ) -> MLPClassifier:
        """A perceptron of the right shape, whose weights are then those of the machines and the regression."""
        batch: Any = min(self.batch_size, len(X))
        seed = int(numbers.randint(2**31))
        net = MLPClassifier(
            tuple(self.layers),
            activation="logistic",
            learning_rate_init=self.learning_rate,
            batch_size=batch,
            alpha=self.alpha,
        )
        net.set_params(random_state=seed).partial_fit(X[:batch], y[:batch], classes=self.classes_)
        whole_net = [(machine.components_, machine.intercept_hidden_) for machine in self.machines_]
        whole_net.append((regression.coef_, regression.intercept_ - regression.coef_ @ mean))
        for k, (weights, bias) in enumerate(whole_net):
            net.coefs_[k][...], net.intercepts_[k][...] = weights.T, bias
        return net

    def _check_parameters(self) -> None:
        whole(self.n_iter, "DeepBeliefClassifier: n_iter")
        whole(self.batch_size, "DeepBeliefClassifier: batch_size", least=1)
        for name in ("C", "learning_rate"):
            plain_number(
                getattr(self, name),
                f"DeepBeliefClassifier: {name}",
                "Give a number above 0.",
                low=np.nextafter(0.0, 1.0),
            )
        plain_number(self.alpha, "DeepBeliefClassifier: alpha", "Give a number of at least 0.", low=0.0)


def pile(
    layers: Any, machine: Any, X: np.ndarray, random_state: Any, verbose: bool, where: str, least: int
) -> list[RestrictedBoltzmann]:
    """Machines trained on top of each other, each on what the one below makes of the data."""
    if isinstance(layers, str) or not np.iterable(layers):
        raise DescriptionError(
            f"{where}: layers {shown(layers)} are no list of sizes. Give numbers of units such as (256, 256)."
        )
    sizes = [whole(size, f"{where}: layers", least=1) for size in layers]
    if len(sizes) < least:
        raise DescriptionError(
            f"{where}: layers {shown(layers)} are too few. Give at least {least}, or use RestrictedBoltzmann."
        )
    if machine is not None and not isinstance(machine, RestrictedBoltzmann):
        raise DescriptionError(
            f"{where}: machine {shown(machine)} is no RestrictedBoltzmann. Give one with the settings that all layers share."
        )
    numbers: Any = check_random_state(random_state)
    machines: list[RestrictedBoltzmann] = []
    for depth, size in enumerate(sizes):
        fresh: Any = RestrictedBoltzmann() if machine is None else clone(machine)
        fresh.set_params(n_components=size, random_state=int(numbers.randint(2**31)), verbose=verbose)
        if depth:
            X = machines[-1].transform(X)
            fresh.set_params(visible="binary")
        machines.append(fresh.fit(X))
    return machines

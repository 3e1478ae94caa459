"""Sequences of any length told apart by what they leave in a reservoir."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d

from neurosim.cells import unit
from neurosim.errors import DescriptionError, nearest
from neurosim.learn.sequences.ragged import read_sequences, runs
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Synapses
from neurosim.network.values import flag, plain_number, whole
from neurosim.plan.materialize import materialized
from neurosim.run import run

FEATURES = ("last", "mean", "model")
AS_IT_IS: Any = {"dtype": None, "input_name": "y"}


class SequenceClassifier(ClassifierMixin, BaseEstimator):
    """Which class a sequence belongs to, by a linear readout of the states that it drives an echo state network through.

    Every sequence runs from the state 0, all side by side; what it leaves in the pool, v(1) ... v(T), becomes one row of features:

        'last'   v at the end of each of `bins` equal spans of the sequence; with bins=1 the last state [1]
        'mean'   the mean of v over each of the spans
        'model'  the matrix A and vector b that foretell the next state best, h(t+1) = A h(t) + b, where h are the first
                 `components` principal components of v, by ridge regression with `model_alpha` ("reservoir model space") [2]

    and a ridge classifier reads the features.

    Arguments:
        n_neurons, radius, leak, density, input_scale, bias_scale: of the reservoir, as in `models.echo_state`.
        features, bins: see above; a span of a sequence shorter than `bins` ticks is one tick.
        components, model_alpha: of features='model' only.
        alpha: the ridge of the readout, above 0.
        standardize: divide each channel by its standard deviation in the training data and take its mean away first. It is
            folded into the network's weights, which take the sequences as they are.
        random_state: of the reservoir.
        engine: as in `ns.run`.

    X is a list of arrays (tick, channel) of any lengths, or an array (sample, tick, channel); an array (sample, tick) has one
    channel. After `fit`: `classes_`, `n_channels_`, `coef_` and `intercept_` of the readout, and `network_`. Its population
    `out` has, for 'last' and 'mean', one neuron per span and class, span after span; their values at the end of the spans,
    or their means over the spans, add up to `decision_function`. For 'model', no linear neuron could, and it ends in the pool.

    Raises ValueError for X, y and parameters that cannot be.

    Sources: [1] Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335, doi:10.1016/j.neunet.2007.04.016;
    [2] Bianchi, Scardapane, Lokse & Jenssen 2021, IEEE Trans. Neural Netw. Learn. Syst. 32, 2169, doi:10.1109/TNNLS.2020.3001377.

    >>> up, down = ([way * np.linspace(-1, 1, 20 + n)[:, None] for n in range(5)] for way in (1, -1))
    >>> model = SequenceClassifier(50, random_state=0).fit(up + down, ["up"] * 5 + ["down"] * 5)
    >>> model.predict([np.linspace(-1, 1, 33)[:, None]]).tolist()
    ['up']
    """

    n_channels_: int

    def __init__(
        self,
        n_neurons: int = 300,
        *,
        radius: float = 0.9,
        leak: float = 0.3,
        density: float = 0.1,
        input_scale: float = 0.3,
        bias_scale: float = 0.3,
        features: str = "mean",
        bins: int = 1,
        components: int = 30,
        model_alpha: float = 1.0,
        alpha: float = 0.1,
        standardize: bool = True,
        random_state: Any = None,
        engine: str = "auto",
    ):
        self.n_neurons = n_neurons
        self.radius = radius
        self.leak = leak
        self.density = density
        self.input_scale = input_scale
        self.bias_scale = bias_scale
        self.features = features
        self.bins = bins
        self.components = components
        self.model_alpha = model_alpha
        self.alpha = alpha
        self.standardize = standardize
        self.random_state = random_state
        self.engine = engine

    def fit(self, X: Any, y: Any) -> SequenceClassifier:
        """Draw the reservoir and solve for the readout; y holds a label for every sequence."""
        self._check_parameters()
        sequences = read_sequences(self, X, reset=True)
        if y is None:
            raise ValueError(
                "SequenceClassifier: requires y to be passed, but the target y is None. Give a label for every sequence."
            )
        y = column_or_1d(check_array(y, ensure_2d=False, **AS_IT_IS), warn=True)
        check_consistent_length(sequences, y)
        check_classification_targets(y)
        if len(np.unique(y)) < 2:
            raise ValueError(
                f"SequenceClassifier: y holds 1 class, {y[0]!r}. Give sequences of at least 2 classes."
            )
        self.network_ = self._reservoir(sequences)
        if self.features == "model":
            states = np.concatenate(list(self._states(sequences)))
            self._components = PCA(min(self.components, *states.shape), random_state=0).fit(states)
        readout = RidgeClassifier(alpha=self.alpha, solver="svd").fit(self._features(sequences), y)
        self.classes_ = readout.classes_
        self.coef_, self.intercept_ = np.atleast_2d(readout.coef_), np.atleast_1d(readout.intercept_)
        if self.features != "model":
            self.network_ = self._with_readout()
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """What the readout says of every sequence: (sample, class), the largest wins; with two classes (sample,), the second above 0."""
        check_is_fitted(self, "network_")
        found = self._features(read_sequences(self, X, reset=False)) @ self.coef_.T + self.intercept_
        return found.ravel() if found.shape[1] == 1 else found

    def predict(self, X: Any) -> np.ndarray:
        """The class of every sequence, shape (sample,)."""
        found = self.decision_function(X)
        return self.classes_[(found > 0).astype(int) if found.ndim == 1 else found.argmax(axis=1)]

    def _check_parameters(self) -> None:
        where = "SequenceClassifier"
        if self.features not in FEATURES:
            raise DescriptionError(
                f"{where}: features {self.features!r} are not known. {nearest(self.features, FEATURES)}"
            )
        for name in ("n_neurons", "bins", "components"):
            whole(getattr(self, name), f"{where}: {name}", least=1)
        for name in ("alpha", "model_alpha"):
            plain_number(
                getattr(self, name), f"{where}: {name}", "Give a number above 0, such as 0.1.", low=1e-300
            )
        flag(self.standardize, f"{where}: standardize")

    def _reservoir(self, sequences: list[np.ndarray]) -> Network:
        """The pool with its numbers drawn, and the channels' means and deviations in its weights."""
        from neurosim.models.echo_state import echo_state

        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        net = echo_state(
            self.n_channels_, self.n_neurons, radius=self.radius, leak=self.leak, density=self.density, input_scale=self.input_scale,
            bias_scale=self.bias_scale,
        )  # fmt: skip
        net = materialized(net, self._seed)
        if not self.standardize:
            return net
        ticks = np.concatenate(sequences)
        spread = ticks.std(axis=0)
        weight = net["drive_to_pool"].weight.number / np.where(spread > 0, spread, 1.0)
        bias = net["pool"].constants["bias"].number - weight @ ticks.mean(axis=0)
        return rebuilt(net, {"drive_to_pool": {"weight": weight}, "pool": {"bias": bias}})

    def _with_readout(self) -> Network:
        """The network with the readout in it: `out` of (span, class), whose bias is shared out over the spans."""
        net, classes = self.network_, len(self.coef_)
        weight = (
            self.coef_.reshape(classes, self.bins, -1).transpose(1, 0, 2).reshape(classes * self.bins, -1)
        )
        out = unit("out", len(weight), "linear", bias=np.tile(self.intercept_ / self.bins, self.bins))
        return Network(
            *net.synapses.values(),
            Synapses(net["pool"], out, weight=weight, learns=True),
            schedule=net.schedule,
        )

    def _states(self, sequences: list[np.ndarray]) -> Any:
        """The states of every sequence in turn, (tick, neuron)."""
        for _, drive, lengths in runs(sequences, self.n_neurons):
            states = run(
                self.network_,
                {"drive": drive},
                record=["pool"],
                engine=self.engine,
                seed=self._seed,
                progress=False,
            )["pool"]
            for trial, length in zip(states, lengths, strict=True):
                yield trial[:length]

    def _features(self, sequences: list[np.ndarray]) -> np.ndarray:
        """One row per sequence, (sample, feature)."""
        reduce = {"last": self._last, "mean": self._mean, "model": self._model}[self.features]
        return np.array([reduce(states) for states in self._states(sequences)])

    def _spans(self, ticks: int) -> list[slice]:
        edges = [ticks * k // self.bins for k in range(self.bins + 1)]
        return [slice(first, max(first + 1, last)) for first, last in pairwise(edges)]

    def _last(self, states: np.ndarray) -> np.ndarray:
        return np.concatenate([states[span][-1] for span in self._spans(len(states))])

    def _mean(self, states: np.ndarray) -> np.ndarray:
        return np.concatenate([states[span].mean(axis=0) for span in self._spans(len(states))])

    def _model(self, states: np.ndarray) -> np.ndarray:
        if len(states) < 2:
            raise ValueError(
                "SequenceClassifier: a sequence of 1 tick has no next state. Leave it out, or use features='mean'."
            )
        h = self._components.transform(states)
        found = Ridge(alpha=self.model_alpha).fit(h[:-1], h[1:])
        return np.append(np.ravel(found.coef_), found.intercept_)

"""Classification of sequences of any length by the states that they drive a reservoir through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d

from neurosim.cells import unit
from neurosim.errors import DescriptionError, nearest
from neurosim.learn.sequences.ragged import Sequences, batches, read_sequences
from neurosim.learn.validation import RandomState, random_seed, read_classes
from neurosim.models.echo_state import echo_state
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Synapses
from neurosim.network.values import flag, plain_number, whole
from neurosim.plan.materialize import materialized
from neurosim.run import run

FEATURES = ("last", "mean", "model")
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class SequenceClassifier(ClassifierMixin, BaseEstimator):
    """Which class a sequence belongs to, by a readout of the states that it drives a reservoir through.

    Every sequence starts from the state 0, all side by side in one run. Its states in the pool, v(1) ...
    v(T), become one row of features:

        'last'   v at the end of each of `bins` equal spans of the sequence; with bins=1 the last state [1]
        'mean'   the mean of v over each of the spans
        'model'  the matrix A and vector b that predict the next state best, h(t+1) = A h(t) + b, where h are
                 the first `components` principal components of v, by ridge regression with `model_alpha`
                 ("reservoir model space") [2]

    and a ridge classifier reads the features.

    Arguments:
        n_neurons: number of neurons in the pool.
        radius: spectral radius of the recurrent weights; the larger, the longer the memory.
        leak: above 0, at most 1; the smaller, the slower the neurons.
        density: fraction of pairs of neurons that are connected.
        input_scale: input weights are uniform between -input_scale and input_scale.
        bias_scale: biases are uniform between -bias_scale and bias_scale.
        features: 'last', 'mean' or 'model', see above.
        bins: number of spans of 'last' and 'mean'. A span of a
            sequence shorter than `bins` ticks is one tick.
        components: number of principal components of 'model'.
        model_alpha: the ridge of 'model', above 0.
        alpha: the ridge of the readout, above 0.
        standardize: whether each channel is first shifted to mean 0 and scaled to standard deviation 1, as
            they are over the training data. This is folded into the network's weights, so that the network
            takes the sequences as they are.
        random_state: seed or generator of the reservoir, as in scikit-learn.
        engine: as in `ns.run`.

    X is a list of arrays (tick, channel) of any lengths, or an array (sample, tick, channel). An array
    (sample, tick) has one channel.

    Attributes after `fit`: `classes_`; `n_channels_`; `coef_`, shape (class, feature), and `intercept_`,
    shape (class,), of the readout, with one row for two classes; and `network_`. For 'last' and 'mean' its
    population `out` has one neuron for each span and class, span after span. Their values at the end of the
    spans ('last') or their means over the spans ('mean') sum to `decision_function`. For 'model' there is no
    such linear layer, and the network ends in the pool.

    Raises DescriptionError (a ValueError) for parameters out of range, sequences that do not fit and labels
    of one class, and ValueError for data that scikit-learn refuses.

    Sources: [1] Jaeger, Lukosevicius, Popovici & Siewert 2007, Neural Networks 20, 335,
    doi:10.1016/j.neunet.2007.04.016; [2] Bianchi, Scardapane, Lokse & Jenssen 2021, IEEE Trans. Neural Netw.
    Learn. Syst. 32, 2169, doi:10.1109/TNNLS.2020.3001377.

    >>> up, down = ([way * np.linspace(-1, 1, 20 + n)[:, None] for n in range(5)] for way in (1, -1))
    >>> model = SequenceClassifier(50, random_state=0).fit(up + down, ["up"] * 5 + ["down"] * 5)
    >>> model.predict([np.linspace(-1, 1, 33)[:, None]]).tolist()
    ['up']
    """

    n_neurons: int = 300
    _: KW_ONLY
    radius: float = 0.9
    leak: float = 0.3
    density: float = 0.1
    input_scale: float = 0.3
    bias_scale: float = 0.3
    features: str = "mean"
    bins: int = 1
    components: int = 30
    model_alpha: float = 1.0
    alpha: float = 0.1
    standardize: bool = True
    random_state: RandomState = None
    engine: str = "auto"
    n_channels_: int = field(init=False)

    def fit(self, X: Sequences, y: ArrayLike) -> Self:
        """Draw the reservoir; learn the readout from the sequences X and their labels y, shape (sample,)."""
        self._check_parameters()
        sequences = read_sequences(self, X, reset=True)
        y = self._read_labels(sequences, y)
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

    def decision_function(self, X: Sequences) -> Floats:
        """The readout's output for X, shape (sample, class), or (sample,) for the second of two classes."""
        check_is_fitted(self, "network_")
        features = self._features(read_sequences(self, X, reset=False))
        decision = features @ self.coef_.T + self.intercept_
        return decision.ravel() if decision.shape[1] == 1 else decision

    def predict(self, X: Sequences) -> NDArray[Any]:
        """The class of every sequence of X, shape (sample,)."""
        decision = self.decision_function(X)
        return self.classes_[(decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(axis=1)]

    def _check_parameters(self) -> None:
        name = "SequenceClassifier"
        if self.features not in FEATURES:
            raise DescriptionError(
                f"{name}: features {self.features!r} are not known. {nearest(self.features, FEATURES)}"
            )
        for parameter in ("n_neurons", "bins", "components"):
            whole(getattr(self, parameter), f"{name}: {parameter}", least=1)
        for parameter in ("alpha", "model_alpha"):
            remedy = "Give a number above 0, such as 0.1."
            plain_number(getattr(self, parameter), f"{name}: {parameter}", remedy, low=1e-300)
        flag(self.standardize, f"{name}: standardize")

    def _read_labels(self, sequences: list[Floats], y: ArrayLike) -> NDArray[Any]:
        if y is None:
            raise DescriptionError(
                "SequenceClassifier: requires y to be passed, but the target y is None."
                " Give a label for every sequence."
            )
        checks: dict[str, Any] = dict(dtype=None, ensure_2d=False, input_name="y")
        labels = column_or_1d(check_array(y, **checks), warn=True)
        check_consistent_length(sequences, labels)
        read_classes(self, labels)
        return labels

    def _reservoir(self, sequences: list[Floats]) -> Network:
        """The network, its random numbers drawn, with the standardization of the channels in its weights."""
        self._seed = random_seed(self.random_state, below=2**31 - 1)
        net = echo_state(
            self.n_channels_,
            self.n_neurons,
            radius=self.radius,
            leak=self.leak,
            density=self.density,
            input_scale=self.input_scale,
            bias_scale=self.bias_scale,
        )
        net = materialized(net, self._seed)
        if not self.standardize:
            return net
        ticks = np.concatenate(sequences)
        spread = ticks.std(axis=0)
        weight = net["drive_to_pool"].weight.number / np.where(spread > 0, spread, 1.0)
        bias = net["pool"].constants["bias"].number - weight @ ticks.mean(axis=0)
        return rebuilt(net, {"drive_to_pool": {"weight": weight}, "pool": {"bias": bias}})

    def _with_readout(self) -> Network:
        """The network with a population `out` of (span, class), each span with its part of the bias."""
        net, classes = self.network_, len(self.coef_)
        by_span = self.coef_.reshape(classes, self.bins, -1).transpose(1, 0, 2)
        weight = by_span.reshape(classes * self.bins, -1)
        out = unit("out", len(weight), "linear", bias=np.tile(self.intercept_ / self.bins, self.bins))
        return Network(
            *net.synapses.values(),
            Synapses(net["pool"], out, weight=weight, learns=True),
            schedule=net.schedule,
        )

    def _states(self, sequences: list[Floats]) -> Iterator[Floats]:
        """The states of every sequence in turn, shape (tick, neuron)."""
        for drive, lengths in batches(sequences, self.n_neurons):
            recording = run(
                self.network_,
                {"drive": drive},
                record=["pool"],
                engine=self.engine,
                seed=self._seed,
                progress=False,
            )
            for states, length in zip(np.asarray(recording["pool"]), lengths, strict=True):
                yield states[:length]

    def _features(self, sequences: list[Floats]) -> Floats:
        """One row for every sequence, shape (sample, feature)."""
        reduce = {"last": self._last, "mean": self._mean, "model": self._model}[self.features]
        return np.array([reduce(states) for states in self._states(sequences)])

    def _spans(self, ticks: int) -> list[slice]:
        edges = [ticks * k // self.bins for k in range(self.bins + 1)]
        return [slice(first, max(first + 1, last)) for first, last in pairwise(edges)]

    def _last(self, states: Floats) -> Floats:
        return np.concatenate([states[span][-1] for span in self._spans(len(states))])

    def _mean(self, states: Floats) -> Floats:
        return np.concatenate([states[span].mean(axis=0) for span in self._spans(len(states))])

    def _model(self, states: Floats) -> Floats:
        if len(states) < 2:
            raise DescriptionError(
                "SequenceClassifier: a sequence of 1 tick has no next state."
                " Leave it out, or use features='mean'."
            )
        h = self._components.transform(states)
        model = Ridge(alpha=self.model_alpha).fit(h[:-1], h[1:])
        return np.append(np.ravel(model.coef_), model.intercept_)

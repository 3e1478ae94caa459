"""Any network as a classifier, regressor or encoder of scikit-learn: `ns.train` fits it, and it answers by running."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from neurosim.errors import DescriptionError, nearest
from neurosim.learn.sequences.ragged import is_ragged, laid_side_by_side
from neurosim.learn.training.output_kinds import sends_chances
from neurosim.learn.training.train import train
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.readout.network_factory import NetworkFactory, input_population, output_population
from neurosim.run import run

NUMBERS: Any = {"dtype": np.float64}
SETTINGS = (
    "learns", "optimizer", "rate", "schedule", "epochs", "batch", "validation", "patience", "l1", "l2", "clip", "precision",
)  # fmt: skip


def dense(n_inputs: int, n_outputs: int, hidden: Sequence[int] = (100,), function: str = "relu") -> Network:
    """The network of `NetworkClassifier` and `NetworkRegressor` where none is given: `models.feed_forward` with a linear `out`."""
    from neurosim.models.feed_forward import feed_forward

    return feed_forward((n_inputs, *hidden, n_outputs), function=function, output="linear")


def squeezed(n_inputs: int, n_codes: int = 2, hidden: Sequence[int] = (), function: str = "tanh") -> Network:
    """The network of `NetworkEncoder` where none is given: `models.autoencoder` with a linear `out`."""
    from neurosim.models.autoencoder import autoencoder

    return autoencoder((n_inputs, *hidden, n_codes), function=function, output="linear")


class Trained(NetworkFactory, BaseEstimator):
    """What `NetworkClassifier`, `NetworkRegressor` and `NetworkEncoder` share; the arguments are described at the first."""

    _default: Callable[..., Network]  # makes a network where none is given
    n_features_in_: int

    def __init__(
        self,
        network: Network | Callable[..., Network] | None = None,
        *,
        network_params: Mapping[str, Any] | None = None,
        input: str | None = None,
        output: str | None = None,
        loss: Any = None,
        learns: Sequence[str] | None = None,
        optimizer: Any = "adam",
        rate: float = 1e-3,
        schedule: Any = None,
        epochs: int = 100,
        batch: int = 32,
        validation: float | None = None,
        patience: int | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip: float | None = None,
        precision: str = "single",
        engine: str = "auto",
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.network = network
        self.network_params = network_params
        self.input = input
        self.output = output
        self.loss = loss
        self.learns = learns
        self.optimizer = optimizer
        self.rate = rate
        self.schedule = schedule
        self.epochs = epochs
        self.batch = batch
        self.validation = validation
        self.patience = patience
        self.l1 = l1
        self.l2 = l2
        self.clip = clip
        self.precision = precision
        self.engine = engine
        self.verbose = verbose
        self.random_state = random_state

    def _factory(self) -> Any:
        return type(self)._default if self.network is None else self.network

    @abstractmethod
    def _usual_loss(self, out: Neurons) -> str:
        """The name of the loss where none is given."""

    def _learn(
        self, X: np.ndarray, lengths: np.ndarray | None, targets: np.ndarray | None, **shapes: int
    ) -> None:
        """Make the network and train it to answer with the targets, (sample, ...); None: with X itself."""
        net = self._build_network(n_inputs=X.shape[-1], **shapes)
        self._input = input_population(net, self.input, type(self).__name__).name
        self._output = self._answering(net).name
        given = self._shaped(net, X)
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.network_, self.history_ = train(
            net, {self._input: given}, {self._output: given if targets is None else targets}, lengths=lengths, seed=self._seed, progress=self.verbose,
            loss=self._usual_loss(net[self._output]) if self.loss is None else self.loss, **{name: getattr(self, name) for name in SETTINGS},
        )  # fmt: skip

    def _answering(self, net: Network) -> Neurons:
        """The population that answers."""
        name = "out" if self.output is None and "out" in net.populations else self.output
        if name is None:
            return output_population(net, type(self).__name__)
        if name not in net.populations:
            raise DescriptionError(
                f"{type(self).__name__}: output {name!r} is no population of the network. {nearest(name, net.populations)}"
            )
        return net.populations[name]

    def _read(self, X: Any, reset: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """X as an array of finite numbers, and the lengths of sequences that differ in it."""
        if is_ragged(X):
            X, lengths = laid_side_by_side(X, type(self).__name__)
        else:
            lengths = None
            if np.asarray(X).ndim < 3:
                rows: Any = validate_data(self, X, dtype=np.float64, reset=reset)
                return rows, None
            X = check_array(X, allow_nd=True, estimator=self, input_name="X", **NUMBERS)
        if reset:
            self.n_features_in_ = X.shape[-1]
        return X, lengths

    def _shaped(self, net: Network, X: np.ndarray) -> np.ndarray:
        """X as the input population takes it, (trial, tick, *shape)."""
        into = net[self._input]
        if X.shape[1:] in (into.shape, (into.size,)):
            return X.reshape(len(X), 1, *into.shape)
        if X.ndim > 2 and X.shape[2:] in (into.shape, (into.size,)):
            return X.reshape(*X.shape[:2], *into.shape)
        raise ValueError(
            f"{type(self).__name__}: X of shape {X.shape} does not fit {into.name!r} of shape {into.shape}. Give (sample, {into.size}) or"
            f" (sample, tick, {into.size}), or a network of another size."
        )

    def _sent(self, X: Any, population: str) -> np.ndarray:
        """What a population of the trained network sends at each sample's last tick, shape (sample, neuron)."""
        check_is_fitted(self)
        X, lengths = self._read(X, reset=False)
        return self._ran({self._input: self._shaped(self.network_, X)}, population, lengths)

    def _ran(
        self, inputs: dict[str, np.ndarray], population: str, lengths: np.ndarray | None = None
    ) -> np.ndarray:
        trials, ticks = next(iter(inputs.values())).shape[:2]
        every = (
            max(1, ticks - 1) if lengths is None else 1
        )  # tick 0 and the last one are the multiples of this
        # In double precision however it was trained: a sample's answer must not depend on those it is asked with, whose sums are rounded together.
        recording = run(
            self.network_,
            inputs,
            record={population: every},
            seed=self._seed,
            engine=self.engine,
            precision="double",
            progress=False,
        )
        sent = recording[population].reshape(trials, -1, self.network_[population].size)
        return sent[:, -1] if lengths is None else sent[np.arange(trials), lengths - 1]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class NetworkClassifier(ClassifierMixin, Trained):
    """A network that is trained to tell classes apart; `output` has a neuron for each of them.

    It sends scores (linear units), and is trained by "cross_entropy"; or probabilities (softmax units), by "log_loss".

    Arguments:
        network: a Network; or a function that makes one, such as `models.lstm`, which is given the numbers of features and of outputs if it takes
            `n_inputs` and `n_outputs`. Its other parameters are the estimator's own, as network__n_cells and so on, for `set_params`
            and GridSearchCV. Default: a feed-forward network, whose parameters are `hidden`, the sizes of its layers, and `function`.
        network_params: arguments of the function `network`.
        input: the population that takes X; default: the only one that has no text.
        output: the population that answers; default: `out`, or the only one with text that sends to no other.
        loss: as in `ns.train`; default: see above.
        learns, optimizer, rate, schedule, epochs, batch, validation, patience, l1, l2, clip, precision: as in `ns.train`.
        engine: as in `ns.run`. Answers are in double precision, whatever that of training.
        verbose: show a progress bar. random_state: as in scikit-learn: of weights that are drawn, of batches, and of noise.

    X is (sample, feature) or (sample, *shape of the input population), and the network runs for one tick; or (sample, tick, feature) or a list
    of arrays (tick, feature) of any lengths, and a sequence's answer is that of its last tick.

    Attributes: `classes_`, the labels in the order of the outputs; `network_`, the trained network, which runs on every engine; `history_`,
    of the training, as `ns.train` returns it.

    Raises ValueError for data that do not fit the network, and for labels of one class.
    """

    _default = staticmethod(dense)

    def fit(self, X: Any, y: Any) -> NetworkClassifier:
        """Train the network on X and the labels y, shape (sample,)."""
        X, lengths = self._read(X, reset=True)
        y = column_or_1d(_targets(self, X, y, dtype=None), warn=True)
        check_classification_targets(y)
        self.classes_, place = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DescriptionError(
                f"{type(self).__name__}: y has 1 class, {self.classes_[0]}. Give samples of two classes or more."
            )
        self._learn(X, lengths, place, n_outputs=len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, shape (sample, class): what softmax units send, or the softmax of scores."""
        check_is_fitted(self)
        sent = self._sent(X, self._output)
        if sends_chances(self.network_[self._output]):
            return sent
        raised = np.exp(sent - sent.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each sample, shape (sample,)."""
        chances = self.predict_proba(X)
        return self.classes_[chances.argmax(axis=1)]

    def _usual_loss(self, out: Neurons) -> str:
        return "log_loss" if sends_chances(out) else "cross_entropy"

    def _answering(self, net: Network) -> Neurons:
        out = super()._answering(net)
        if out.size != len(self.classes_):
            raise DescriptionError(
                f"{type(self).__name__}: {out.name!r} has {out.size} neurons for {len(self.classes_)} classes. Give it as many."
            )
        return out


class NetworkRegressor(MultiOutputMixin, RegressorMixin, Trained):
    """A network that is trained to answer with numbers, by "squared_error"; `output` has a neuron for each.

    Arguments, X and attributes are those of `NetworkClassifier`, without `classes_`.

    Raises ValueError for data that do not fit the network.
    """

    _default = staticmethod(dense)

    def fit(self, X: Any, y: Any) -> NetworkRegressor:
        """Train the network on X and targets y, shape (sample,) or (sample, output)."""
        X, lengths = self._read(X, reset=True)
        y = _targets(self, X, y, dtype=np.float64)
        self._single = y.ndim == 1
        y = y.reshape(len(y), -1)
        self._width = y.shape[1]
        self._learn(X, lengths, y, n_outputs=self._width)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """What `output` sends, shape (sample,) or (sample, output) as y was."""
        check_is_fitted(self)
        sent = self._sent(X, self._output)
        return sent[:, 0] if self._single else sent

    def _usual_loss(self, out: Neurons) -> str:
        return "squared_error"

    def _answering(self, net: Network) -> Neurons:
        out = super()._answering(net)
        if out.size != self._width:
            raise DescriptionError(
                f"{type(self).__name__}: {out.name!r} has {out.size} neurons for {self._width} targets. Give it as many."
            )
        return out


class NetworkEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Trained):
    """A network that is trained to send its input again, by "squared_error", and transforms X to what its population `code` sends.

    With a `loss` such as {"out": "bernoulli", "kl": "sent"} the network may be a variational autoencoder, whose code without noise is `mean`.

    Arguments, X and attributes are those of `NetworkClassifier`, without `classes_`; and `code`, the name of the population. The default network
    is `models.autoencoder`, whose parameters are `n_codes`, `hidden`, the sizes of layers before the code, and `function`. X are no
    sequences here.

    Raises ValueError for data that do not fit the network, and for a code that it does not have.
    """

    _default = staticmethod(squeezed)

    def __init__(
        self,
        network: Network | Callable[..., Network] | None = None,
        *,
        code: str = "code",
        network_params: Mapping[str, Any] | None = None,
        input: str | None = None,
        output: str | None = None,
        loss: Any = None,
        learns: Sequence[str] | None = None,
        optimizer: Any = "adam",
        rate: float = 1e-3,
        schedule: Any = None,
        epochs: int = 100,
        batch: int = 32,
        validation: float | None = None,
        patience: int | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip: float | None = None,
        precision: str = "single",
        engine: str = "auto",
        verbose: bool = False,
        random_state: Any = None,
    ):
        super().__init__(
            network, network_params=network_params, input=input, output=output, loss=loss, learns=learns, optimizer=optimizer, rate=rate,
            schedule=schedule, epochs=epochs, batch=batch, validation=validation, patience=patience, l1=l1, l2=l2, clip=clip, precision=precision,
            engine=engine, verbose=verbose, random_state=random_state,
        )  # fmt: skip
        self.code = code

    def fit(self, X: Any, y: Any = None) -> NetworkEncoder:
        """Train the network to send X again; y is ignored."""
        X, _ = self._read(X, reset=True)
        self._learn(X, None, None)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """What the population `code` sends, shape (sample, neuron)."""
        return self._sent(X, self.code)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """What `output` sends where the code is Z, shape (sample, neuron of `code`)."""
        check_is_fitted(self)
        Z, code, into = (
            check_array(Z, input_name="Z", **NUMBERS),
            self.network_[self.code],
            self.network_[self._input],
        )
        if Z.shape[1] != code.size:
            raise ValueError(
                f"{type(self).__name__}: Z of shape {Z.shape} does not fit {self.code!r}. Give (sample, {code.size})."
            )
        inputs = {
            self._input: np.zeros((len(Z), 1, *into.shape)),
            self.code: Z.reshape(len(Z), 1, *code.shape),
        }
        return self._ran(inputs, self._output)

    def _usual_loss(self, out: Neurons) -> str:
        return "squared_error"

    def _answering(self, net: Network) -> Neurons:
        if self.code not in net.populations:
            raise DescriptionError(
                f"{type(self).__name__}: code {self.code!r} is no population of the network. {nearest(self.code, net.populations)}"
            )
        return super()._answering(net)

    @property
    def _n_features_out(self) -> int:
        return self.network_[self.code].size


def _targets(estimator: BaseEstimator, X: np.ndarray, y: Any, dtype: Any) -> np.ndarray:
    """y as an array of as many samples as X has."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(
            f"{name}: requires y to be passed, but the target y is None. Give a target for every sample."
        )
    y = check_array(y, dtype=dtype, ensure_2d=False, input_name="y", estimator=estimator)
    check_consistent_length(X, y)
    return y

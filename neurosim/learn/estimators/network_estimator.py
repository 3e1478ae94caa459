"""What the classifier, regressor and encoder around any network share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from neurosim.errors import DescriptionError, nearest
from neurosim.learn.sequences.ragged import Sequences, is_ragged, pad
from neurosim.learn.training.history import History
from neurosim.learn.training.train import train
from neurosim.learn.validation import RandomState, random_seed, read_rows
from neurosim.models.autoencoder import autoencoder
from neurosim.models.feed_forward import feed_forward
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.readout.network_factory import NetworkFactory, input_population, output_population
from neurosim.run import run

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from neurosim.learn.training.losses import LossGiven
    from neurosim.learn.training.optimisers import Optimiser, Schedule

Floats = NDArray[np.float64]
OF_TRAIN = (  # parameters that `ns.train` takes by the same name
    "learns", "optimizer", "rate", "schedule", "epochs", "batch", "validation", "patience", "l1", "l2",
    "clip", "precision",
)  # fmt: skip


def feed_forward_network(
    n_inputs: int, n_outputs: int, hidden: Sequence[int] = (100,), function: str = "relu"
) -> Network:
    """The default network of the classifier and the regressor, whose `out` is linear."""
    return feed_forward((n_inputs, *hidden, n_outputs), function=function, output="linear")


def autoencoder_network(
    n_inputs: int, n_codes: int = 2, hidden: Sequence[int] = (), function: str = "tanh"
) -> Network:
    """The default network of `NetworkEncoder`: `models.autoencoder` with a linear `out`."""
    return autoencoder((n_inputs, *hidden, n_codes), function=function, output="linear")


@dataclass(eq=False, repr=False)
class NetworkEstimator(NetworkFactory, BaseEstimator):
    """The parameters, the network, training and answers. The subclasses describe the parameters."""

    network: Network | Callable[..., Network] | None = None
    _: KW_ONLY
    network_params: Mapping[str, Any] | None = None
    input: str | None = None
    output: str | None = None
    loss: LossGiven | None = None
    learns: Sequence[str] | None = None
    optimizer: str | Optimiser = "adam"
    rate: float = 1e-3
    schedule: str | Schedule | None = None
    epochs: int = 100
    batch: int = 32
    validation: float | None = None
    patience: int | None = None
    l1: float = 0.0
    l2: float = 0.0
    clip: float | None = None
    precision: str = "single"
    engine: str = "auto"
    verbose: bool = False
    random_state: RandomState = None

    _default_network: ClassVar[Callable[..., Network]] = staticmethod(feed_forward_network)
    n_features_in_: int = field(init=False)
    network_: Network = field(init=False)
    history_: History = field(init=False)

    def _factory(self) -> Network | Callable[..., Network]:
        return type(self)._default_network if self.network is None else self.network

    @abstractmethod
    def _default_loss(self, out: Neurons) -> str:
        """The name of the loss if `loss` is None."""

    def _learn(
        self,
        X: Floats,
        lengths: NDArray[np.intp] | None,
        targets: NDArray[Any] | None,
        **sizes: int,
    ) -> None:
        """Build the network and train it to answer X with `targets`.

        lengths: number of ticks of each sample that count, if samples differ in length.
        sizes: numbers of outputs and the like, for a function that builds the network.
        """
        net = self._build_network(n_inputs=X.shape[-1], **sizes)
        self._input = input_population(net, self.input, type(self).__name__).name
        self._output = self._output_population(net).name
        inputs = self._as_inputs(net, X)
        self._seed = random_seed(self.random_state, below=2**31 - 1)
        self.network_, self.history_ = train(
            net,
            {self._input: inputs},
            {self._output: inputs if targets is None else targets},
            lengths=lengths,
            seed=self._seed,
            progress=self.verbose,
            loss=self._default_loss(net[self._output]) if self.loss is None else self.loss,
            **{name: getattr(self, name) for name in OF_TRAIN},
        )

    def _output_population(self, net: Network) -> Neurons:
        """The population whose activity is the answer."""
        name = "out" if self.output is None and "out" in net.populations else self.output
        if name is None:
            return output_population(net, type(self).__name__)
        if name not in net.populations:
            raise DescriptionError(
                f"{type(self).__name__}: output {name!r} is no population of the network."
                f" {nearest(name, net.populations)}"
            )
        return net.populations[name]

    def _check_output_size(self, out: Neurons, wanted: int, what: str) -> Neurons:
        if out.size != wanted:
            raise DescriptionError(
                f"{type(self).__name__}: {out.name!r} has {out.size} neurons for {wanted} {what}."
                " Give it as many."
            )
        return out

    def _read(self, X: ArrayLike | Sequences, reset: bool) -> tuple[Floats, NDArray[np.intp] | None]:
        """X as an array of finite numbers, and the lengths of the sequences if they differ."""
        if is_ragged(X):
            array, lengths = pad(X, type(self).__name__)
        elif np.asarray(X).ndim < 3:
            return read_rows(self, cast(ArrayLike, X), reset=reset), None
        else:
            checks: dict[str, Any] = dict(dtype=np.float64, allow_nd=True, input_name="X", estimator=self)
            array, lengths = np.asarray(check_array(X, **checks)), None
        if reset:
            self.n_features_in_ = array.shape[-1]
        return array, lengths

    def _as_inputs(self, net: Network, X: Floats) -> Floats:
        """X as the input population takes it, shape (trial, tick, *shape)."""
        driven = net[self._input]
        if X.shape[1:] in (driven.shape, (driven.size,)):
            return X.reshape(len(X), 1, *driven.shape)
        if X.ndim > 2 and X.shape[2:] in (driven.shape, (driven.size,)):
            return X.reshape(*X.shape[:2], *driven.shape)
        raise DescriptionError(
            f"{type(self).__name__}: X of shape {X.shape} does not fit {driven.name!r} of shape"
            f" {driven.shape}. Give (sample, {driven.size}) or (sample, tick, {driven.size}), or a network of"
            " another size."
        )

    def _activity(self, X: ArrayLike | Sequences, population: str | None = None) -> Floats:
        """What a population of the trained network sends at the last tick, shape (sample, neuron).

        population: None: the one that answers.
        """
        check_is_fitted(self)
        array, lengths = self._read(X, reset=False)
        inputs = {self._input: self._as_inputs(self.network_, array)}
        return self._run(inputs, population or self._output, lengths)

    def _run(
        self, inputs: dict[str, Floats], population: str, lengths: NDArray[np.intp] | None = None
    ) -> Floats:
        trials, ticks = next(iter(inputs.values())).shape[:2]
        # Without lengths only the last tick is read; tick 0 and that one are the multiples of ticks - 1.
        every = max(1, ticks - 1) if lengths is None else 1
        # In double precision, whatever that of training: the answer to a sample must not depend on the other
        # samples of the run, whose sums are rounded together in single precision.
        recording = run(
            self.network_,
            inputs,
            record={population: every},
            seed=self._seed,
            engine=self.engine,
            precision="double",
            progress=False,
        )
        activity = np.asarray(recording[population]).reshape(trials, -1, self.network_[population].size)
        return activity[:, -1] if lengths is None else activity[np.arange(trials), lengths - 1]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def read_targets(
    estimator: BaseEstimator, X: Floats, y: ArrayLike, dtype: DTypeLike | None = np.float64
) -> NDArray[Any]:
    """y, with one target for each sample of X, shape (sample, ...); None as `dtype` keeps its type."""
    if y is None:
        raise DescriptionError(
            f"{type(estimator).__name__}: requires y to be passed, but the target y is None."
            " Give a target for every sample."
        )
    checks: dict[str, Any] = dict(dtype=dtype, ensure_2d=False, input_name="y", estimator=estimator)
    targets = np.asarray(check_array(y, **checks))
    check_consistent_length(X, targets)
    return targets

"""Networks as transformers of scikit-learn: from rows of numbers to features of what the network did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.probes import Probe, read_record
from neurosim.readout.encodings import latency, poisson, regular
from neurosim.readout.features import (
    OF_SPIKES,
    OF_VALUES,
    feature_names,
    features,
    read_moments,
    split,
    ticks_of,
)
from neurosim.readout.network_factory import NetworkFactory, input_population, output_population
from neurosim.recording.spikes import Spikes
from neurosim.run import run

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from neurosim.units import Quantity

ENCODINGS = ("value", "latency", "regular", "poisson")
COUNTS = ("regular", "poisson")  # encodings of numbers of spikes, which must not be below 0
FEATURES = ("counts", "trace", "last", "mean")


class NetworkTransformer(TransformerMixin, NetworkFactory, BaseEstimator):
    """A network as a scikit-learn transformer: each row of the data drives a trial and becomes its features.

    A row holds the numbers of one step after the other, (step, neuron) in C order, for the neurons of the
    input population; the number of steps follows from its length. X may also have the shape (sample, step,
    neuron). Every step lasts `ticks` ticks. All rows run side by side in one `ns.run`.

    Arguments:
        network: a Network, or a function from parameters to one, such as `echo_state`. The function's
            parameters are then parameters of the transformer under the names network__radius and so on, for
            `set_params` and GridSearchCV.
        input: the name of the population that is driven; default: the only one that has no text.
        output: what the features are of: 'liquid', 'pool.v', 'liquid[:100]'; default: the only population
            with text that sends to no other population.
        features: 'counts' or 'trace' of spikes, 'last' or 'mean' of values, as in `readout.features`;
            default: 'counts' of spikes, 'last' of values.
        bins: number of time spans of 'counts' and 'mean', as in `readout.features`.
        tau: the time constant of 'trace', as in `readout.features`.
        at: the ticks (or times) at which 'trace' is read, as in `readout.features`.
        encoding: 'value' (the number is what its neuron sends in each tick of the step), or spikes as in
            `readout.encodings`: 'latency', 'regular' or 'poisson'.
        ticks: the duration of a step, in ticks, or a time under `Clock`.
        scale: a factor by which every number is multiplied first.
        network_params: arguments of the function `network`.
        seed, engine, precision: as in `ns.run`.

    After `fit`, `network_` is the network. Nothing is learned from the data but the number of columns. The
    features of a row depend on the parameters and on this row alone, unless the text of the network draws
    random numbers: these depend on the position of the row in X.

    Raises DescriptionError for parameters that do not fit the network, and ValueError, as scikit-learn does,
    for data X that do not fit it.

    >>> from neurosim.models.echo_state import echo_state
    >>> pool = NetworkTransformer(echo_state, network_params={"n_neurons": 3}).set_params(network__radius=0.5)
    >>> pool.fit_transform([[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]).shape
    (2, 3)
    """

    def __init__(
        self,
        network: Network | Callable[..., Network],
        *,
        input: str | None = None,
        output: str | None = None,
        features: str | None = None,
        bins: int = 1,
        tau: float | Quantity | None = None,
        at: ArrayLike | Quantity | None = None,
        encoding: str = "value",
        ticks: int | Quantity = 1,
        scale: float = 1.0,
        network_params: Mapping[str, Any] | None = None,
        seed: int = 0,
        engine: str = "auto",
        precision: str = "double",
    ):
        self.network = network
        self.input = input
        self.output = output
        self.features = features
        self.bins = bins
        self.tau = tau
        self.at = at
        self.encoding = encoding
        self.ticks = ticks
        self.scale = scale
        self.network_params = network_params
        self.seed = seed
        self.engine = engine
        self.precision = precision

    def fit(self, X: ArrayLike, y: object = None) -> NetworkTransformer:
        """Build the network and check that it fits X; y is ignored.

        X: the data, shape (sample, column) or (sample, step, neuron).
        """
        X = self._read_data(X, reset=True)
        self.network_ = self._build_network()
        self._input_name = input_population(self.network_, self.input, "NetworkTransformer").name
        self._probe = self._read_output()
        self._kind = self._read_kind(self._probe)
        self._row_shape = X.shape[1:]
        self._names = self._feature_names(self._steps(X).shape[1])
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The features of every row, shape (sample, feature).

        X: the data, shape (sample, column) or (sample, step, neuron), with rows of the shape that was fitted.
        """
        check_is_fitted(self, "network_")
        X = self._read_data(X, reset=False)
        if X.shape[1:] != self._row_shape:
            raise ValueError(
                f"NetworkTransformer: X has rows of shape {X.shape[1:]}, but was fitted with rows of shape "
                f"{self._row_shape}. Give such."
            )
        steps = self._steps(X)
        duration = self._duration()
        ticks = steps.shape[1] * duration
        # The last value alone needs no others: tick 0 and the last tick are the multiples of ticks - 1.
        every = max(1, ticks - 1) if self._kind == "last" else 1
        name = self._probe.name
        recording = run(
            self.network_,
            {self._input_name: self._encode(steps, duration)},
            ticks=ticks,
            trials=len(X),
            record={name: every},
            seed=self.seed,
            engine=self.engine,
            precision=self.precision,
            progress=False,
        )
        table = features(recording, name, self._kind, bins=self.bins, tau=self.tau, at=self.at)
        return table.astype(np.float64, copy=False)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """A name for every feature: 'liquid_7', with '_bin_0' or '_tick_99' if a neuron has several.

        input_features: as scikit-learn demands, None or the names of the columns of X.
        """
        check_is_fitted(self, "network_")
        if input_features is not None:
            if not np.array_equal(getattr(self, "feature_names_in_", input_features), input_features):
                raise ValueError(
                    "NetworkTransformer: input_features is not equal to feature_names_in_. Leave it out."
                )
            if len(input_features) != self._row_shape[0]:
                raise ValueError(
                    "NetworkTransformer: input_features should have length equal to number of features "
                    f"({self._row_shape[0]})."
                )
        return np.array(self._names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = self.encoding in COUNTS
        return tags

    @property
    def _input_population(self) -> Neurons:
        return self.network_.populations[self._input_name]

    def _read_data(self, X: ArrayLike, reset: bool) -> np.ndarray:
        """X as an array of finite numbers, shape (sample, column) or (sample, step, neuron)."""
        if self.encoding not in ENCODINGS:
            raise DescriptionError(
                f"NetworkTransformer: encoding {self.encoding!r} is not known. "
                f"{nearest(self.encoding, ENCODINGS)}"
            )
        # scikit-learn has no annotations; its default value "no_validation" makes X a string to type
        # checkers.
        numbers = np.asarray(validate_data(self, X, dtype=np.float64, allow_nd=True, reset=reset))  # type: ignore[arg-type]
        if self.encoding in COUNTS:
            check_non_negative(numbers, f"NetworkTransformer with encoding={self.encoding!r}")
        return numbers

    def _read_output(self) -> Probe:
        """The probe from which the features are taken."""
        output = self.output
        if output is None:
            output = output_population(self.network_, "NetworkTransformer").name
        spiking = () if self.encoding == "value" else (self._input_name,)
        probe = read_record(self.network_, [output], spiking)[0]
        if probe.owner in self.network_.synapses:
            raise DescriptionError(
                f"NetworkTransformer: output {output!r} is of synapses. "
                "Name a population, or a variable of one."
            )
        return probe

    def _read_kind(self, probe: Probe) -> str:
        """The kind of features, which must fit what is recorded."""
        known = [kind for kind in FEATURES if kind in (OF_SPIKES if probe.events else OF_VALUES)]
        kind = known[0] if self.features is None else self.features
        if kind not in known:
            sends = "sends spikes" if probe.events else "has values"
            raise DescriptionError(
                f"NetworkTransformer: features {kind!r} do not fit {probe.name!r}, which {sends}. "
                f"{nearest(kind, known)}"
            )
        return kind

    def _duration(self) -> int:
        """The duration of a step, in ticks."""
        duration = ticks_of(self.ticks, self.network_.dt, "NetworkTransformer: ticks")
        if duration < 1:
            raise DescriptionError(
                f"NetworkTransformer: ticks {self.ticks!r} is less than one tick. Give at least one."
            )
        return duration

    def _feature_names(self, steps: int) -> list[str]:
        """A name for every feature of rows of so many steps."""
        span, label = range(steps * self._duration()), f"NetworkTransformer: features of {self._probe.name!r}"
        spans = split(span, self.bins, label)
        at = read_moments(self.at, span, self.network_.dt, label)
        return feature_names(self._probe, self._kind, spans, at)

    def _steps(self, X: np.ndarray) -> np.ndarray:
        """X as an array (sample, step, neuron)."""
        size, shape = self._input_population.size, X.shape
        if X.ndim == 3 and shape[2] == size:
            return X
        if X.ndim == 2 and shape[1] % size == 0:
            return X.reshape(len(X), -1, size)
        rule = f"a multiple of {size} columns" if X.ndim == 2 else f"the shape (sample, step, {size})"
        raise ValueError(
            f"NetworkTransformer: X of shape {shape} does not fit {self._input_name!r} of {size} neurons. "
            f"Give {rule}, or a network of another size."
        )

    def _encode(self, steps: np.ndarray, duration: int) -> np.ndarray | Spikes:
        """The input of the network: an array (sample, tick, *shape), or spikes."""
        numbers = steps * self.scale
        if self.encoding == "value":
            shape = self._input_population.shape
            return np.repeat(numbers, duration, axis=1).reshape(len(steps), -1, *shape)
        if self.encoding == "poisson":
            return poisson(numbers, duration, seed=self.seed)
        return (latency if self.encoding == "latency" else regular)(numbers, duration)

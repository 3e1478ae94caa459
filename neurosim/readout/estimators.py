"""Networks as transformers of scikit-learn: rows of numbers in, features of what the network did out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from neurosim.errors import DescriptionError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.probes import Probe, read_record
from neurosim.readout.encodings import latency, poisson, regular
from neurosim.readout.features import OF_SPIKES, OF_VALUES, feature_names, features, moments, split, ticks_of
from neurosim.readout.made_network import MadeNetwork, answering, driven
from neurosim.run import run

ENCODINGS = ("value", "latency", "regular", "poisson")
COUNTED = ("regular", "poisson")  # numbers of spikes, never below 0
FEATURES = ("counts", "trace", "last", "mean")


class NetworkTransformer(TransformerMixin, MadeNetwork, BaseEstimator):
    """A network between the data and a scikit-learn estimator: each row drives one trial, and becomes its features.

    A row holds the numbers of one step after the other, (step, neuron) in C order, for the neurons of the input population;
    as many steps as that makes. X may also be given as (sample, step, neuron). Every step lasts `ticks` ticks. All rows
    run side by side in one `ns.run`.

    Arguments:
        network: a Network, or a function from parameters to one, such as `echo_state`. The function's parameters are then
            parameters of the transformer under the names network__radius and so on, for `set_params` and GridSearchCV.
        input: the population that is driven; default: the only one that has no text.
        output: what the features are of: 'liquid', 'pool.v', 'liquid[:100]'; default: the only population with text that sends to no
            other population.
        features: 'counts' or 'trace' of spikes, 'last' or 'mean' of values, as in `readout.features`; default: 'counts' or
            'last'. With `bins`, `tau` and `at` as there.
        encoding: 'value' (the number is the message of its neuron in each tick of the step), or spikes as in
            `readout.encodings`: 'latency', 'regular' or 'poisson'.
        ticks: how long a step lasts, in ticks, or a time under `Clock`.
        scale: what every number is multiplied with first.
        network_params: arguments of the function `network`.
        seed, engine, precision: as in `ns.run`.

    After `fit`, `network_` is the network. Nothing is learned from the data but the number of columns. A row's features
    depend on the parameters and on the row alone, unless the network's own text draws random numbers: these belong to the
    place of the row in X.

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
        tau: Any = None,
        at: Any = None,
        encoding: str = "value",
        ticks: Any = 1,
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

    def fit(self, X: Any, y: Any = None) -> NetworkTransformer:
        """Build the network and check that X fits it; y is ignored."""
        X = self._read(X, reset=True)
        self.network_ = self._made()
        self._driven_name = driven(self.network_, self.input, "NetworkTransformer").name
        self._probe = self._read_output()
        self._kind = self._read_kind(self._probe)
        self._row = X.shape[1:]
        self._names = self._feature_names(self._steps(X).shape[1])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The features of every row, shape (sample, feature)."""
        check_is_fitted(self, "network_")
        X = self._read(X, reset=False)
        if X.shape[1:] != self._row:
            raise ValueError(
                f"NetworkTransformer: X has rows of shape {X.shape[1:]}, but was fitted with rows of shape {self._row}. Give such."
            )
        steps = self._steps(X)
        length = self._length()
        ticks = steps.shape[1] * length
        # For the last value alone there is no need to keep the others: tick 0 and the last one are the multiples of this.
        every = max(1, ticks - 1) if self._kind == "last" else 1
        recording = run(
            self.network_, {self._driven.name: self._input(steps, length)}, ticks=ticks, trials=len(X),
            record={self._probe.name: every}, seed=self.seed, engine=self.engine, precision=self.precision, progress=False,
        )  # fmt: skip
        found = features(recording, self._probe.name, self._kind, bins=self.bins, tau=self.tau, at=self.at)
        return found.astype(np.float64, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """A name for every feature: 'liquid_7', with '_bin_0' or '_tick_99' where there are several of a neuron."""
        check_is_fitted(self, "network_")
        if input_features is not None:
            if not np.array_equal(getattr(self, "feature_names_in_", input_features), input_features):
                raise ValueError(
                    "NetworkTransformer: input_features is not equal to feature_names_in_. Leave it out."
                )
            if len(input_features) != self._row[0]:
                raise ValueError(
                    f"NetworkTransformer: input_features should have length equal to number of features ({self._row[0]})."
                )
        return np.array(self._names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = self.encoding in COUNTED
        return tags

    @property
    def _driven(self) -> Neurons:
        return self.network_.populations[self._driven_name]

    def _read(self, X: Any, reset: bool) -> np.ndarray:
        """X as an array of finite numbers, (sample, feature) or (sample, step, neuron)."""
        if self.encoding not in ENCODINGS:
            raise DescriptionError(
                f"NetworkTransformer: encoding {self.encoding!r} is not known. {nearest(self.encoding, ENCODINGS)}"
            )
        X = validate_data(self, X, dtype=np.float64, allow_nd=True, reset=reset)
        if self.encoding in COUNTED:
            check_non_negative(X, f"NetworkTransformer with encoding={self.encoding!r}")
        return X

    def _read_output(self) -> Probe:
        output = (
            self.output if self.output is not None else answering(self.network_, "NetworkTransformer").name
        )
        spiking = () if self.encoding == "value" else (self._driven.name,)
        probes = read_record(self.network_, [output], spiking)
        if probes[0].owner in self.network_.synapses:
            raise DescriptionError(
                f"NetworkTransformer: output {output!r} is of synapses. Name a population, or a variable of one."
            )
        return probes[0]

    def _read_kind(self, probe: Probe) -> str:
        known = [kind for kind in FEATURES if kind in (OF_SPIKES if probe.events else OF_VALUES)]
        kind = known[0] if self.features is None else self.features
        if kind not in known:
            sends = "sends spikes" if probe.events else "has values"
            raise DescriptionError(
                f"NetworkTransformer: features {kind!r} do not fit {probe.name!r}, which {sends}. {nearest(kind, known)}"
            )
        return kind

    def _length(self) -> int:
        """How many ticks a step lasts."""
        length = ticks_of(self.ticks, self.network_.dt, "NetworkTransformer: ticks")
        if length < 1:
            raise DescriptionError(
                f"NetworkTransformer: ticks {self.ticks!r} is less than one tick. Give at least one."
            )
        return length

    def _feature_names(self, steps: int) -> list[str]:
        span, where = range(steps * self._length()), f"NetworkTransformer: features of {self._probe.name!r}"
        return feature_names(
            self._probe,
            self._kind,
            split(span, self.bins, where),
            moments(self.at, span, self.network_.dt, where),
        )

    def _steps(self, X: np.ndarray) -> np.ndarray:
        """X as (sample, step, neuron)."""
        size, shape = self._driven.size, X.shape
        if X.ndim == 3 and shape[2] == size:
            return X
        if X.ndim == 2 and shape[1] % size == 0:
            return X.reshape(len(X), -1, size)
        rule = f"a multiple of {size} columns" if X.ndim == 2 else f"the shape (sample, step, {size})"
        raise ValueError(
            f"NetworkTransformer: X of shape {shape} does not fit {self._driven.name!r} of {size} neurons. Give {rule}, or a network of another size."
        )

    def _input(self, steps: np.ndarray, length: int) -> Any:
        """What drives the network: an array (sample, tick, *shape), or spike events."""
        numbers = steps * self.scale
        if self.encoding == "value":
            return np.repeat(numbers, length, axis=1).reshape(len(steps), -1, *self._driven.shape)
        if self.encoding == "poisson":
            return poisson(numbers, length, seed=self.seed)
        return (latency if self.encoding == "latency" else regular)(numbers, length)

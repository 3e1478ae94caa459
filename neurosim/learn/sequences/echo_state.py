"""Echo state networks as regressors of scikit-learn: a fixed random network, and a linear readout that is learned."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from neurosim import cells
from neurosim.errors import DescriptionError
from neurosim.learn.sequences.equal_length import read_sequences, read_series, shape_of
from neurosim.learn.sequences.estimator_file import keep, kept
from neurosim.models.deep_echo_state import deep_echo_state
from neurosim.models.echo_state import echo_state
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import choice, plain_number, whole
from neurosim.plan.materialize import materialized
from neurosim.recording.file_errors import explain_read_errors
from neurosim.run import run

SOLVERS = ("svd", "cholesky")


@dataclass(frozen=True)
class End:
    """Where a run ended: what `ns.run(start=...)` continues from, without what was recorded on the way."""

    network: Network
    final: Mapping[str, np.ndarray]
    batched: bool = True
    seed: int = 0
    precision: str = "double"


class EchoStateRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A recurrent network of fixed random weights, and a linear readout of its states that is learned by ridge regression.

    v(t) = (1 - leak) v(t-1) + leak tanh(W_in x(t) + W v(t-1) + W_back y(t-1) + bias + noise N(0, 1));  y(t) = W_out v(t) + intercept.
    W_out minimises the sum over steps of (y - W_out v - intercept)^2 + alpha W_out^2.

    Rows are the steps of one sequence, in time: X has shape (step, feature), y (step,) or (step, output). Several sequences,
    each of which begins at rest, have one axis more in front; they run side by side in one `ns.run`.

    Arguments:
        n_neurons: of the pool; with several layers or groups, of each pool.
        radius: spectral radius of W, without a unit; the larger, the longer the memory.
        leak: above 0 and up to 1, one number or one per neuron; the smaller, the slower the neurons.
        wiring: 'random' (a fraction `density` of all pairs), 'orthogonal', 'ring' or 'small_world' (near neighbours, `density` of all,
            a fraction `rewire` rewired).
        input_scale, bias_scale, feedback_scale: W_in, bias and W_back are uniform in +-scale. Feedback from the output is heard where
            its scale is above 0; while the readout is learned, y itself is fed back (teacher forcing).
        noise: added while the readout is learned, and never after; it makes what runs on its own more stable.
        layers, groups: pools on top of each other, and stacks of them side by side (`neurosim.models.deep_echo_state`); then `radius`,
            `leak` and `input_scale` may also be one number per layer, or a table (group, layer).
        washout: how many first steps of each sequence are left out where the readout is learned and scored.
        alpha: the ridge, in the squared unit of the states, which lie between -1 and 1.
        fit_intercept: whether the readout has one.
        solver: 'svd' of the states, which keeps all digits, or 'cholesky' of their products, which is faster and loses half of them: fine
            for noisy data, not for forecasts far ahead.
        engine: as in `ns.run`.
        random_state: of all random weights, and of the noise.

    After `fit`: `network_`, with the learned weights; `coef_` (output, neuron), `intercept_` (output,), `n_features_in_`.

    Raises ValueError for data that do not fit, DescriptionError (a ValueError) for parameters that do not.

    Source: Jaeger 2001, GMD report 148; Jaeger & Haas 2004, Science 304, 78, doi:10.1126/science.1091277; Lukosevicius 2012,
    doi:10.1007/978-3-642-35289-8_36 (a practical guide).

    >>> x = np.sin(np.arange(300) / 5)[:, None]
    >>> later = EchoStateRegressor(50, washout=20, random_state=0).fit(x[:-7], x[7:, 0])
    >>> later.score(x[:-7], x[7:, 0]) > 0.999
    True
    """

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        radius: Any = 0.9,
        leak: Any = 1.0,
        wiring: str = "random",
        density: float = 0.1,
        rewire: float = 0.1,
        input_scale: Any = 1.0,
        bias_scale: float = 0.1,
        feedback_scale: float = 0.0,
        noise: float = 0.0,
        layers: int = 1,
        groups: int = 1,
        washout: int = 0,
        alpha: float = 1e-6,
        fit_intercept: bool = True,
        solver: str = "svd",
        engine: str = "auto",
        random_state: Any = None,
    ):
        self.n_neurons = n_neurons
        self.radius = radius
        self.leak = leak
        self.wiring = wiring
        self.density = density
        self.rewire = rewire
        self.input_scale = input_scale
        self.bias_scale = bias_scale
        self.feedback_scale = feedback_scale
        self.noise = noise
        self.layers = layers
        self.groups = groups
        self.washout = washout
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.engine = engine
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> EchoStateRegressor:
        """Learn the readout; X may be None where a network with feedback is to continue y on its own."""
        self._check_parameters()
        drive, target = self._read_both(X, y)
        steps = target.shape[1]
        if self.washout >= steps:
            raise ValueError(
                f"EchoStateRegressor: washout={self.washout} leaves none of {steps} steps. Give a smaller one, or longer sequences."
            )
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        network = materialized(self._describe(drive.shape[2], target.shape[2]), self._seed)
        states, final = self._teach(network, drive, target)
        heard = states[:, self.washout :].reshape(-1, states.shape[2])
        wanted = target[:, self.washout :].reshape(-1, target.shape[2])
        ridge = Ridge(self.alpha, fit_intercept=self.fit_intercept, solver=self.solver).fit(heard, wanted)
        self.coef_ = np.atleast_2d(ridge.coef_)
        self.intercept_ = np.broadcast_to(ridge.intercept_, len(self.coef_)).astype(float)
        self.network_ = self._with_readout(network)
        self._end = End(self.network_, final)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """y for every step of X, (step,) or (step, output), or with an axis for sequences in front; with feedback, of its own y."""
        check_is_fitted(self, "network_")
        if not self.n_features_in_:
            raise DescriptionError(
                "EchoStateRegressor: was fitted without X, so it has nothing to predict from. Use forecast(steps)."
            )
        drive, _, several, _ = read_sequences(self, X)
        recording = run(self.network_, {"drive": drive}, record=["out"], engine=self.engine, progress=False)
        return self._shaped(np.asarray(recording["out"]), several)

    def score(self, X: Any, y: Any) -> float:
        """R^2 of all outputs and steps after the washout, as `sklearn.metrics.r2_score`."""
        found = np.asarray(self.predict(X))
        wanted = np.asarray(y, dtype=np.float64).reshape(found.shape)
        after = np.s_[:, self.washout :] if len(shape_of(X)) == 3 else np.s_[self.washout :]
        return float(
            r2_score(wanted[after].reshape(-1, len(self.coef_)), found[after].reshape(-1, len(self.coef_)))
        )

    def forecast(self, steps: int, y: Any = None, X: Any = None) -> np.ndarray:
        """What y does next: the network runs on its own, hearing its own output, in one `ns.run`.

        Arguments:
            steps: how many are forecast.
            y: the series so far, (step,), (step, output) or (sequence, step, output), which is forced on the output first;
                default: the network goes on from where `fit` ended.
            X: where the network was fitted with X: the steps of X that belong to y, and to what is forecast after it.

        Returns the steps after y, with the axes of y (of `fit`'s, where there is none).
        """
        check_is_fitted(self, "network_")
        steps = whole(steps, "EchoStateRegressor.forecast: steps", least=1)
        if not self.feedback_scale:
            raise DescriptionError(
                "EchoStateRegressor.forecast: the network does not hear its own output. Fit it with feedback_scale above 0."
            )
        past, several, flat = self._read_past(y)
        unknown = np.full((len(past), steps, past.shape[2]), np.nan)  # NaN leaves a neuron free
        inputs = {"out": np.concatenate([past, unknown], axis=1)}
        if self.n_features_in_:
            inputs["drive"] = self._read_course(X, inputs["out"].shape[:2])
        elif X is not None:
            raise DescriptionError("EchoStateRegressor.forecast: was fitted without X. Leave X out.")
        start = self._end if y is None else None
        found = run(self.network_, inputs, record=["out"], start=start, engine=self.engine, progress=False)[
            "out"
        ][:, past.shape[1] :]
        return self._shaped(np.asarray(found), several, flat)

    def save(self, path: str | os.PathLike) -> None:
        """Keep it all in an HDF5 file without pickle; `ns.load(path)` reads the network alone."""
        check_is_fitted(self, "network_")
        facts = {
            "params": self.get_params(),
            "n_features_in_": self.n_features_in_,
            "flat": self._flat,
            "several": self._several,
        }
        arrays = {f"end/{key}": np.asarray(value) for key, value in self._end.final.items()}
        arrays |= {"coef_": self.coef_, "intercept_": self.intercept_}
        if (names := getattr(self, "feature_names_in_", None)) is not None:
            facts["feature_names_in_"] = names.tolist()
        keep(path, type(self).__name__, self.network_, facts, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> EchoStateRegressor:
        """What `save` kept. Raises RecordingError for a file that is missing, foreign or damaged."""
        network, facts, arrays = kept(path, cls.__name__)
        with explain_read_errors(Path(path), "read the estimator"):
            found = cls(**facts["params"])
            found.network_, found.coef_, found.intercept_ = network, arrays["coef_"], arrays["intercept_"]
            found.n_features_in_, found._flat, found._several = (
                facts["n_features_in_"],
                facts["flat"],
                facts["several"],
            )
            found._end = End(
                network,
                {key.removeprefix("end/"): value for key, value in arrays.items() if key.startswith("end/")},
            )
            if "feature_names_in_" in facts:
                setattr(found, "feature_names_in_", np.array(facts["feature_names_in_"], dtype=object))  # noqa: B010
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_parameters(self) -> None:
        where = "EchoStateRegressor"
        for name in ("n_neurons", "layers", "groups"):
            whole(getattr(self, name), f"{where}: {name}", least=1)
        whole(self.washout, f"{where}: washout")
        for name in ("bias_scale", "feedback_scale", "noise", "alpha"):
            plain_number(getattr(self, name), f"{where}: {name}", "Give a number of 0 or more.", low=0)
        if not (np.asarray(self.leak, float) > 0).all() or not (np.asarray(self.leak, float) <= 1).all():
            raise DescriptionError(
                f"{where}: leak {self.leak} does not fit. Give a number above 0 and up to 1, or one per pool."
            )
        if not (np.asarray(self.input_scale, float) >= 0).all():
            raise DescriptionError(
                f"{where}: input_scale {self.input_scale} does not fit. Give a number of 0 or more, or one per pool."
            )
        choice(self.solver, SOLVERS, f"{where}: solver")

    @property
    def _pools(self) -> list[str]:
        """The names of the pools, in the order of the readout's columns."""
        count = self.layers * self.groups
        return ["pool"] if count == 1 else [f"pool_{place + 1}" for place in range(count)]

    def _describe(self, n_inputs: int, n_outputs: int) -> Network:
        names = (
            "radius",
            "leak",
            "density",
            "wiring",
            "rewire",
            "input_scale",
            "bias_scale",
            "feedback_scale",
        )
        options = {name: getattr(self, name) for name in names}
        if self.layers * self.groups == 1:
            return echo_state(n_inputs, self.n_neurons, n_outputs, **options)
        return deep_echo_state(
            n_inputs, self.n_neurons, n_outputs, layers=self.layers, groups=self.groups, **options
        )

    def _teach(
        self, network: Network, drive: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        """The states of all pools, (sequence, step, neuron), while y is forced on the output; and where they end."""
        if self.noise:
            text = cells.leaky_tanh("pool", 1, noise=self.noise).update
            network = rebuilt(network, {name: {"update": text, "noise": self.noise} for name in self._pools})
        inputs = ({"drive": drive} if drive.shape[2] else {}) | {"out": target}
        recording = run(
            network, inputs, record=self._pools, engine=self.engine, seed=self._seed, progress=False
        )
        states = [np.asarray(recording[name]) for name in self._pools]
        return states[0] if len(states) == 1 else np.concatenate(states, axis=2), recording.final

    def _with_readout(self, network: Network) -> Network:
        parts = np.split(self.coef_, len(self._pools), axis=1)
        changes: dict[str, dict[str, Any]] = {
            f"{name}_to_out": {"weight": part} for name, part in zip(self._pools, parts, strict=True)
        }
        return rebuilt(network, changes | {"out": {"bias": self.intercept_}})

    def _read_both(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """X (sequence, step, feature) and y (sequence, step, output); remembers which axes were given."""
        if X is not None:
            drive, target, self._several, self._flat = read_sequences(self, X, y, reset=True)
            assert target is not None
            return drive, target
        if not self.feedback_scale:
            raise DescriptionError(
                "EchoStateRegressor: without X only what it says itself can drive it. Give feedback_scale above 0."
            )
        target, self._several, self._flat = read_series(self, y)
        self.n_features_in_ = 0
        return np.empty((*target.shape[:2], 0)), target

    def _read_past(self, y: Any) -> tuple[np.ndarray, bool, bool]:
        """The series before a forecast, (sequence, step, output); whether it has several sequences, and whether it has no axis of outputs."""
        if y is None:
            return (
                np.empty((len(self._end.final["state/out/y"]), 0, len(self.coef_))),
                self._several,
                self._flat,
            )
        past, several, flat = read_series(self, y)
        if past.shape[2] != len(self.coef_):
            raise ValueError(
                f"EchoStateRegressor.forecast: y has {past.shape[2]} outputs, but {len(self.coef_)} were learned. Give as many."
            )
        return past, several, flat

    def _read_course(self, X: Any, lead: tuple[int, int]) -> np.ndarray:
        """X for the past and for what is forecast, (sequence, step, feature)."""
        if X is None:
            raise ValueError(
                f"EchoStateRegressor.forecast: was fitted with X, so it needs X too. Give {lead[1]} steps: those of y and those forecast."
            )
        drive, *_ = read_sequences(self, X)
        if drive.shape[:2] != lead:
            raise ValueError(
                f"EchoStateRegressor.forecast: X has {len(drive)} sequences of {drive.shape[1]} steps, not {lead[0]} of {lead[1]}."
                " Give the steps that belong to y and those that are forecast."
            )
        return drive

    def _shaped(self, found: np.ndarray, several: bool, flat: bool | None = None) -> np.ndarray:
        """(sequence, step, output) with the axes that were given."""
        found = found[..., 0] if (self._flat if flat is None else flat) else found
        return found if several else found[0]

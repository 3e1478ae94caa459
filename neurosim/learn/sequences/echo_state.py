"""Echo state networks as regressors: a fixed random network, and a linear readout that is learned."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from neurosim import cells
from neurosim.errors import DescriptionError
from neurosim.learn.sequences.equal_length import (
    Series,
    read_inputs,
    read_inputs_and_targets,
    read_series,
    shape_of,
)
from neurosim.learn.sequences.estimator_file import load_estimator, save_estimator
from neurosim.learn.sequences.run_end import RunEnd
from neurosim.learn.validation import RandomState, random_seed
from neurosim.models.deep_echo_state import deep_echo_state
from neurosim.models.echo_state import echo_state
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import choice, plain_number, whole
from neurosim.plan.materialize import materialized
from neurosim.recording.file_errors import explain_read_errors
from neurosim.run import run

if TYPE_CHECKING:
    from sklearn.utils import Tags

SOLVERS = ("svd", "cholesky")
OF_NETWORK = (  # parameters that `models.echo_state` and `models.deep_echo_state` take by the same name
    "radius", "leak", "density", "wiring", "rewire", "input_scale", "bias_scale", "feedback_scale",
)  # fmt: skip
Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class EchoStateRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A recurrent network of fixed random weights, and a linear readout that is learned.

    v(t) = (1 - leak) v(t-1) + leak tanh(W_in x(t) + W v(t-1) + W_back y(t-1) + bias + noise
    N(0, 1)) and y(t) = W_out v(t) + intercept, where W_out minimises the sum over steps of (y -
    W_out v - intercept)^2, plus alpha |W_out|^2.

    The rows are the steps of one sequence, in time: X has the shape (step, feature), y (step,) or (step,
    output). Several sequences have one more axis in front, (sequence, step, feature). Each begins at rest,
    and all run side by side in one `ns.run`.

    Arguments:
        n_neurons: number of neurons in the pool; with several layers or groups, in each pool.
        radius: spectral radius of W, a number without unit; the larger, the longer the memory.
        leak: above 0, at most 1, one number or one for each neuron; the smaller, the slower the neurons.
        wiring: of W: 'random' (a fraction `density` of all pairs), 'orthogonal', 'ring' or 'small_world' (a
            fraction `density` of all pairs, near ones, of which a fraction `rewire` is rewired at random).
        density: fraction of pairs of neurons that are connected, for 'random' and 'small_world'.
        rewire: fraction of synapses that are rewired, for 'small_world'.
        input_scale: W_in is uniform between -input_scale and input_scale.
        bias_scale: bias is uniform between -bias_scale and bias_scale.
        feedback_scale: W_back is uniform between -feedback_scale and feedback_scale; 0: no feedback. While
            the readout is learned, y itself is fed back (teacher forcing).
        noise: standard deviation of the noise while the readout is learned. It makes a network with feedback
            more stable when it runs on its own. Afterwards there is none.
        layers, groups: number of pools on top of each other, and of such stacks side by side, as in
            `models.deep_echo_state`. Then `radius`, `leak` and `input_scale` may also be one number for each
            layer, or a table (group, layer).
        washout: number of first steps of each sequence that are
            left out when the readout is learned and scored.
        alpha: the ridge, in the squared unit of the states, which lie between -1 and 1; 0 or more.
        fit_intercept: whether the readout has an intercept.
        solver: 'svd' of the states, which keeps all digits, or 'cholesky' of their products, which is faster
            and loses half of the digits: enough for noisy data, not for forecasts far ahead.
        engine: as in `ns.run`.
        random_state: seed or generator, as in scikit-learn, of all random weights and of the noise.

    Attributes after `fit`: `network_`, the network with the learned weights; `coef_` W_out, shape (output,
    neuron); `intercept_`, shape (output,); `n_features_in_`.

    Raises DescriptionError (a ValueError) for parameters out of range and data that do not fit each other,
    and ValueError for data that scikit-learn refuses.

    Source: Jaeger 2001, GMD report 148; Jaeger & Haas 2004, Science 304, 78, doi:10.1126/science.1091277;
    Lukosevicius 2012, doi:10.1007/978-3-642-35289-8_36 (a practical guide).

    >>> x = np.sin(np.arange(300) / 5)[:, None]
    >>> later = EchoStateRegressor(50, washout=20, random_state=0).fit(x[:-7], x[7:, 0])
    >>> later.score(x[:-7], x[7:, 0]) > 0.999
    True
    """

    n_neurons: int = 100
    _: KW_ONLY
    radius: ArrayLike = 0.9
    leak: ArrayLike = 1.0
    wiring: str = "random"
    density: float = 0.1
    rewire: float = 0.1
    input_scale: ArrayLike = 1.0
    bias_scale: float = 0.1
    feedback_scale: float = 0.0
    noise: float = 0.0
    layers: int = 1
    groups: int = 1
    washout: int = 0
    alpha: float = 1e-6
    fit_intercept: bool = True
    solver: str = "svd"
    engine: str = "auto"
    random_state: RandomState = None

    def fit(self, X: ArrayLike | None, y: ArrayLike) -> Self:
        """Learn the readout from X and y; X is None for a network with feedback that continues y alone."""
        self._check_parameters()
        drive, target = self._read_training(X, y)
        steps = target.shape[1]
        if self.washout >= steps:
            raise DescriptionError(
                f"EchoStateRegressor: washout={self.washout} leaves none of {steps} steps."
                " Give a smaller one, or longer sequences."
            )
        self._seed = random_seed(self.random_state, below=2**31 - 1)
        network = materialized(self._describe(drive.shape[2], target.shape[2]), self._seed)
        states, final = self._run_with_teacher(network, drive, target)
        rows = states[:, self.washout :].reshape(-1, states.shape[2])
        wanted = target[:, self.washout :].reshape(-1, target.shape[2])
        ridge = Ridge(self.alpha, fit_intercept=self.fit_intercept, solver=self.solver).fit(rows, wanted)
        self.coef_ = np.atleast_2d(ridge.coef_)
        self.intercept_ = np.broadcast_to(ridge.intercept_, len(self.coef_)).astype(float)
        self.network_ = self._with_readout(network)
        self._end = RunEnd(self.network_, final)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """y for every step of X, with the axes of X and of the y of `fit`.

        A network with feedback is fed its own y. Raises DescriptionError after a `fit` without X.
        """
        check_is_fitted(self, "network_")
        if not self.n_features_in_:
            raise DescriptionError(
                "EchoStateRegressor: was fitted without X, so it has nothing to predict from."
                " Use forecast(steps)."
            )
        drive, several = read_inputs(self, X)
        recording = run(self.network_, {"drive": drive}, record=["out"], engine=self.engine, progress=False)
        return _with_axes(np.asarray(recording["out"]), several, self._flat)

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """R^2 of predict(X) and y over all outputs and steps after the washout, as `r2_score`; 1 is exact."""
        predicted = self.predict(X)
        wanted = np.asarray(y, dtype=np.float64).reshape(predicted.shape)
        after = np.s_[:, self.washout :] if len(shape_of(X)) == 3 else np.s_[self.washout :]
        outputs = len(self.coef_)
        return float(r2_score(wanted[after].reshape(-1, outputs), predicted[after].reshape(-1, outputs)))

    def forecast(self, steps: int, y: ArrayLike | None = None, X: ArrayLike | None = None) -> Floats:
        """What y does next: the network runs on its own and is fed its own output, in one `ns.run`.

        Arguments:
            steps: number of steps to forecast.
            y: the series so far, shape (step,), (step, output) or (sequence, step, output), which is first
                forced on the output. None: the network goes on from where `fit` ended.
            X: the inputs in the steps of y and in those that are forecast after it, for a network that was
                fitted with X; None for one that was not.

        Returns the steps after y, with the axes of y, or without it those of the y of `fit`.

        Raises DescriptionError if the network has no feedback, or for y and X that do not fit it.
        """
        check_is_fitted(self, "network_")
        steps = whole(steps, "EchoStateRegressor.forecast: steps", least=1)
        if not self.feedback_scale:
            raise DescriptionError(
                "EchoStateRegressor.forecast: the network has no feedback from its output."
                " Fit it with feedback_scale above 0."
            )
        past = self._read_past(y)
        unknown = np.full((len(past.values), steps, len(self.coef_)), np.nan)  # NaN does not force a neuron
        inputs = {"out": np.concatenate([past.values, unknown], axis=1)}
        if self.n_features_in_:
            inputs["drive"] = self._read_inputs_of_forecast(X, inputs["out"].shape[:2])
        elif X is not None:
            raise DescriptionError("EchoStateRegressor.forecast: was fitted without X. Leave X out.")
        start = self._end if y is None else None
        recording = run(
            self.network_, inputs, record=["out"], start=start, engine=self.engine, progress=False
        )
        return _with_axes(np.asarray(recording["out"])[:, past.values.shape[1] :], past.several, past.flat)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to an HDF5 file without pickle; `ns.load(path)` reads its network.

        Raises RecordingError if the file cannot be written.
        """
        check_is_fitted(self, "network_")
        facts: dict[str, Any] = {
            "params": self.get_params(),
            "n_features_in_": self.n_features_in_,
            "flat": self._flat,
            "several": self._several,
        }
        arrays = {f"end/{key}": np.asarray(value) for key, value in self._end.final.items()}
        arrays |= {"coef_": self.coef_, "intercept_": self.intercept_}
        if (names := getattr(self, "feature_names_in_", None)) is not None:
            facts["feature_names_in_"] = names.tolist()
        save_estimator(path, type(self).__name__, self.network_, facts, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The estimator that `save` wrote. Raises RecordingError for a missing, foreign or damaged file."""
        network, facts, arrays = load_estimator(path, cls.__name__)
        with explain_read_errors(Path(path), "read the estimator"):
            loaded = cls(**facts["params"])
            loaded.network_, loaded.coef_, loaded.intercept_ = network, arrays["coef_"], arrays["intercept_"]
            loaded.n_features_in_ = facts["n_features_in_"]
            loaded._flat, loaded._several = facts["flat"], facts["several"]
            final = {key.removeprefix("end/"): a for key, a in arrays.items() if key.startswith("end/")}
            loaded._end = RunEnd(network, final)
            if "feature_names_in_" in facts:  # an attribute that scikit-learn declares nowhere
                vars(loaded)["feature_names_in_"] = np.array(facts["feature_names_in_"], dtype=object)
        return loaded

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_parameters(self) -> None:
        name = "EchoStateRegressor"
        for parameter in ("n_neurons", "layers", "groups"):
            whole(getattr(self, parameter), f"{name}: {parameter}", least=1)
        whole(self.washout, f"{name}: washout")
        for parameter in ("bias_scale", "feedback_scale", "noise", "alpha"):
            plain_number(
                getattr(self, parameter), f"{name}: {parameter}", "Give a number of 0 or more.", low=0
            )
        leak = np.asarray(self.leak, float)
        if not (leak > 0).all() or not (leak <= 1).all():
            raise DescriptionError(
                f"{name}: leak {self.leak} does not fit. Give a number above 0 and up to 1, or one per pool."
            )
        if not (np.asarray(self.input_scale, float) >= 0).all():
            raise DescriptionError(
                f"{name}: input_scale {self.input_scale} does not fit."
                " Give a number of 0 or more, or one per pool."
            )
        choice(self.solver, SOLVERS, f"{name}: solver")

    @property
    def _pools(self) -> list[str]:
        """The names of the pools, in the order of the readout's columns."""
        count = self.layers * self.groups
        return ["pool"] if count == 1 else [f"pool_{number}" for number in range(1, count + 1)]

    def _describe(self, n_inputs: int, n_outputs: int) -> Network:
        """The network before its readout is learned."""
        options = {name: getattr(self, name) for name in OF_NETWORK}
        if self.layers * self.groups == 1:
            return echo_state(n_inputs, self.n_neurons, n_outputs, **options)
        return deep_echo_state(
            n_inputs, self.n_neurons, n_outputs, layers=self.layers, groups=self.groups, **options
        )

    def _run_with_teacher(
        self, network: Network, drive: Floats, target: Floats
    ) -> tuple[Floats, Mapping[str, NDArray[Any]]]:
        """The states of all pools, (sequence, step, neuron), with y forced on the output; the final state."""
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

    def _read_training(self, X: ArrayLike | None, y: ArrayLike) -> tuple[Floats, Floats]:
        """X (sequence, step, feature) and y (sequence, step, output); remembers which axes y had."""
        if X is not None:
            drive, target = read_inputs_and_targets(self, X, y)
        elif self.feedback_scale:
            target = read_series(self, y)
            self.n_features_in_ = 0
            drive = np.empty((*target.values.shape[:2], 0))
        else:
            raise DescriptionError(
                "EchoStateRegressor: without X only feedback can drive the network."
                " Give feedback_scale above 0."
            )
        self._several, self._flat = target.several, target.flat
        return drive, target.values

    def _read_past(self, y: ArrayLike | None) -> Series:
        """The series before a forecast; without y it has no steps, and the axes of the y of `fit`."""
        if y is None:
            sequences = len(np.asarray(self._end.final["state/out/y"]))
            return Series(np.empty((sequences, 0, len(self.coef_))), self._several, self._flat)
        past = read_series(self, y)
        if past.values.shape[2] != len(self.coef_):
            raise DescriptionError(
                f"EchoStateRegressor.forecast: y has {past.values.shape[2]} outputs, but {len(self.coef_)}"
                " were learned. Give as many."
            )
        return past

    def _read_inputs_of_forecast(self, X: ArrayLike | None, lead: tuple[int, ...]) -> Floats:
        """X for the past and for what is forecast, of `lead` sequences and steps."""
        if X is None:
            raise DescriptionError(
                "EchoStateRegressor.forecast: was fitted with X, so it needs X too."
                f" Give {lead[1]} steps: those of y and those forecast."
            )
        drive, _ = read_inputs(self, X)
        if drive.shape[:2] != lead:
            raise DescriptionError(
                f"EchoStateRegressor.forecast: X has {len(drive)} sequences of {drive.shape[1]} steps, not"
                f" {lead[0]} of {lead[1]}. Give the steps that belong to y and those that are forecast."
            )
        return drive


def _with_axes(outputs: Floats, several: bool, flat: bool) -> Floats:
    """Outputs (sequence, step, output) with the axes that the data had."""
    outputs = outputs[..., 0] if flat else outputs
    return outputs if several else outputs[0]

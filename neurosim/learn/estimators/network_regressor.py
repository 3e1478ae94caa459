"""A regressor around any network, which `ns.train` fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin, RegressorMixin

from neurosim.learn.estimators.network_estimator import Floats, NetworkEstimator, read_targets
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons


class NetworkRegressor(MultiOutputMixin, RegressorMixin, NetworkEstimator):
    """A network that is trained by back-propagation to predict numbers.

    Its population `output` has a neuron for each number.

    Arguments:
        network: a Network, or a function that builds one, such as `models.lstm`. The function is given the
            numbers of features and targets as `n_inputs` and `n_outputs` if it has such parameters. Its other
            parameters become those of the estimator, as network__n_cells and so on, for `set_params` and
            GridSearchCV. None: a feed-forward network, whose parameters are `hidden`, the sizes of its hidden
            layers, and `function`, their activation.
        network_params: {parameter of the function `network`: value}.
        input: name of the population that X drives. None: the only driven population.
        output: name of the population that answers. None: `out`, or if there is none the only population
            with text that sends to no other.
        loss: the loss, as in `ns.train`. None: 'squared_error'.
        learns: names of what may change, out of all that the network marks to learn: synapses or
            'population.constant'; shell patterns are allowed. None: all.
        optimizer: 'sgd', 'rmsprop', 'adagrad', 'adam', 'adamw', or an optax transformation.
        rate: learning rate, above 0.
        schedule: how the rate changes: None (constant), 'cosine' (to 0),
            'exponential' (to a hundredth), or an optax schedule.
        epochs: number of passes over all samples.
        batch: number of samples in an update.
        validation: fraction of the samples that is held out, such as
            0.1. The weights that do best on it are kept.
        patience: training stops after so many epochs without a better validation loss. None: never.
        l1, l2: weights of the penalties l1 sum |w| + l2/2 sum w^2 over all weights that learn.
        clip: largest norm of the gradient; longer ones are scaled down to it. None: no limit.
        precision: of training, 'single' (32 bits) or 'double' (64 bits). Answers are computed in 64 bits.
        engine: that computes the answers, as in `ns.run`.
        verbose: whether to show a progress bar.
        random_state: seed or generator, as in scikit-learn, of
            start weights, the order of samples, and noise.

    X has the shape (sample, feature) or (sample, *shape of the input population), and the network runs for
    one tick. Or it is a time series for each sample, of shape (sample, tick, feature), or a list of arrays
    (tick, feature) of any lengths, and the answer is the activity at the last tick of each.

    Attributes after `fit`: `network_`, the trained network, which every engine runs; `history_`, the
    `History` of the training; `n_features_in_`.

    Raises DescriptionError (a ValueError) for parameters and data that do not fit the network, and ValueError
    for data that scikit-learn refuses.

    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = NetworkRegressor(network_params={"hidden": ()}, epochs=300, rate=0.1, random_state=0)
    >>> model.fit(X, [1.0, 3.0, 5.0, 7.0]).predict([[4.0]]).round(1).tolist()
    [9.0]
    """

    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: ArrayLike) -> Self:
        """Train the network on X, described above, and targets y, shape (sample,) or (sample, output)."""
        samples, lengths = self._read(X, reset=True)
        targets = read_targets(self, samples, y)
        self._single = targets.ndim == 1
        targets = targets.reshape(len(targets), -1)
        self._n_outputs = targets.shape[1]
        self._learn(samples, lengths, targets, n_outputs=self._n_outputs)
        return self

    def predict(self, X: ArrayLike | Sequence[ArrayLike]) -> Floats:
        """The activity of the output population for X, shape (sample,) or (sample, output), as y had."""
        activity = self._activity(X)
        return activity[:, 0] if self._single else activity

    def _default_loss(self, out: Neurons) -> str:
        return "squared_error"

    def _output_population(self, net: Network) -> Neurons:
        return self._check_output_size(super()._output_population(net), self._n_outputs, "targets")

"""A classifier around any network, which `ns.train` fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import column_or_1d

from neurosim.learn.estimators.network_estimator import Floats, NetworkEstimator, read_targets
from neurosim.learn.training.output_kinds import sends_class_probabilities
from neurosim.learn.validation import read_classes
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """A network that is trained by back-propagation to classify.

    Its population `output` has a neuron for each class. They send either scores, as linear units do, and the
    loss is 'cross_entropy'; or probabilities, as softmax units do, and the loss is 'log_loss'.

    Arguments:
        network: a Network, or a function that builds one, such as `models.lstm`. The function is given the
            numbers of features and classes as `n_inputs` and `n_outputs` if it has such parameters. Its other
            parameters become those of the estimator, as network__n_cells and so on, for `set_params` and
            GridSearchCV. None: a feed-forward network, whose parameters are `hidden`, the sizes of its hidden
            layers, and `function`, their activation.
        network_params: {parameter of the function `network`: value}.
        input: name of the population that X drives. None: the only driven population.
        output: name of the population that answers. None: `out`, or if there is none the only population
            with text that sends to no other.
        loss: the loss, as in `ns.train`. None: 'cross_entropy' or 'log_loss', see above.
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

    Attributes after `fit`: `classes_`, the labels in the order of the output neurons; `network_`, the trained
    network, which every engine runs; `history_`, the `History` of the training; `n_features_in_`.

    Raises DescriptionError (a ValueError) for parameters and data that do not fit the network, and for labels
    of one class, and ValueError for data that scikit-learn refuses.

    >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> model = NetworkClassifier(epochs=100, rate=0.05, random_state=0)
    >>> model.fit(X, ["a", "b", "b", "a"]).predict(X).tolist()
    ['a', 'b', 'b', 'a']
    """

    classes_: NDArray[Any]

    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: ArrayLike) -> Self:
        """Train the network on X, described above, and the labels y, shape (sample,)."""
        samples, lengths = self._read(X, reset=True)
        labels = column_or_1d(read_targets(self, samples, y, dtype=None), warn=True)
        self.classes_, index = read_classes(self, labels)
        self._learn(samples, lengths, index, n_outputs=len(self.classes_))
        self._sends_probabilities = sends_class_probabilities(self.network_[self._output])
        return self

    def predict_proba(self, X: ArrayLike | Sequence[ArrayLike]) -> Floats:
        """The probability of each class for X, shape (sample, class); of scores it is their softmax."""
        activity = self._activity(X)
        return activity if self._sends_probabilities else _softmax(activity)

    def predict(self, X: ArrayLike | Sequence[ArrayLike]) -> NDArray[Any]:
        """The most probable class of each sample of X, shape (sample,)."""
        probabilities = self.predict_proba(
            X
        )  # before `classes_`, so that it is what refuses to predict before `fit`
        return self.classes_[probabilities.argmax(axis=1)]

    def _default_loss(self, out: Neurons) -> str:
        return "log_loss" if sends_class_probabilities(out) else "cross_entropy"

    def _output_population(self, net: Network) -> Neurons:
        return self._check_output_size(super()._output_population(net), len(self.classes_), "classes")


def _softmax(scores: Floats) -> Floats:
    """The softmax of each row; scipy's gives the same, but a single row would spend more time there."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))

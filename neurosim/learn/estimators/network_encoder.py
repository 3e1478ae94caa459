"""A transformer around any network that is trained to reproduce its input, as autoencoders are."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from neurosim.errors import DescriptionError, nearest
from neurosim.learn.estimators.network_estimator import Floats, NetworkEstimator, autoencoder_network
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons


@dataclass(eq=False, repr=False)
class NetworkEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkEstimator):
    """A network that is trained to reproduce its input, and transforms X to the activity of `code`.

    With a loss such as {"out": "bernoulli", "kl": "sent"} the network may be a variational autoencoder, whose
    code without noise is its population `mean`.

    Arguments:
        network: a Network, or a function that builds one, such as `models.lstm`. The function is given the
            number of features as `n_inputs` if it has such parameters. Its other parameters become those of
            the estimator, as network__n_cells and so on, for `set_params` and GridSearchCV. None: an
            autoencoder, whose parameters are `n_codes`, the number of code neurons, `hidden`, the sizes of
            the layers before the code, and `function`, their activation.
        network_params: {parameter of the function `network`: value}.
        input: name of the population that X drives. None: the only driven population.
        output: name of the population that reproduces the input. None: `out`, or if there is none the only
            population with text that sends to no other.
        code: name of the population whose activity is the code.
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
    one tick. Or it is a time series for each sample, of shape (sample, tick, feature), which the network
    reproduces tick by tick; its code is the activity at the last tick. Lists of sequences of different
    lengths are not meant for it.

    Attributes after `fit`: `network_`, the trained network, which every engine runs; `history_`, the
    `History` of the training; `n_features_in_`.

    Raises DescriptionError (a ValueError) for parameters and data that do not fit the network, such as a code
    that it does not have, and ValueError for data that scikit-learn refuses.

    >>> X = np.outer(np.linspace(-1.0, 1.0, 9), [1.0, 2.0, -1.0])  # on a line, so that one number says it all
    >>> model = NetworkEncoder(network_params={"n_codes": 1}, epochs=300, rate=0.02, random_state=0).fit(X)
    >>> codes = model.transform(X)
    >>> codes.shape, bool(abs(model.inverse_transform(codes) - X).max() < 0.3)
    ((9, 1), True)
    """

    _: KW_ONLY
    code: str = "code"
    _default_network = staticmethod(autoencoder_network)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train the network to reproduce X, described above; y is ignored."""
        samples, _ = self._read(X, reset=True)
        self._learn(samples, None, None)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """The activity of the population `code` for each sample of X, shape (sample, neuron)."""
        return self._activity(X, self.code)

    def inverse_transform(self, Z: ArrayLike) -> Floats:
        """The activity of the output population if that of `code` is Z, shape (sample, neuron of `code`)."""
        check_is_fitted(self)
        checks: dict[str, Any] = dict(dtype=np.float64, input_name="Z")
        codes = np.asarray(check_array(Z, **checks))
        code, driven = self.network_[self.code], self.network_[self._input]
        if codes.shape[1] != code.size:
            raise DescriptionError(
                f"{type(self).__name__}: Z of shape {codes.shape} does not fit {self.code!r}."
                f" Give (sample, {code.size})."
            )
        inputs = {  # an input to a population with text replaces what it would send
            self._input: np.zeros((len(codes), 1, *driven.shape)),
            self.code: codes.reshape(len(codes), 1, *code.shape),
        }
        return self._run(inputs, self._output)

    def _default_loss(self, out: Neurons) -> str:
        return "squared_error"

    def _output_population(self, net: Network) -> Neurons:
        if self.code not in net.populations:
            raise DescriptionError(
                f"{type(self).__name__}: code {self.code!r} is no population of the network."
                f" {nearest(self.code, net.populations)}"
            )
        return super()._output_population(net)

    @property
    def _n_features_out(self) -> int:
        return self.network_[self.code].size

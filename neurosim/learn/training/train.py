"""`ns.train`: a network, data and a loss in, the network with learned weights out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.engine.arrays.library import need_jax, wide
from neurosim.errors import DescriptionError
from neurosim.learn.training.history import Trained
from neurosim.learn.training.optimisers import make_optimiser, need_optax
from neurosim.learn.training.problem import read_problem
from neurosim.network.arguments import named_arguments
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole

SURROGATES = ("fast_sigmoid", "arctan", "boxcar")


@named_arguments
def train(
    net: Network,
    inputs: Mapping[Any, Any] | None = None,
    targets: Mapping[str, Any] | None = None,
    *,
    loss: Any = "squared_error",
    learns: Any = None,
    optimizer: Any = "adam",
    rate: float = 1e-3,
    schedule: Any = None,
    momentum: float = 0.9,
    nesterov: bool = False,
    epochs: int = 10,
    batch: int = 32,
    validation: Any = None,
    patience: int | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    clip: float | None = None,
    lengths: Any = None,
    truncate: int | None = None,
    ticks: int | None = None,
    trials: int | None = None,
    surrogate: str = "fast_sigmoid",
    slope: float = 25.0,
    seed: int = 0,
    precision: str = "single",
    progress: bool | None = None,
    checkpoint: Any = None,
) -> Trained:
    """Change what is marked `learns` so that a loss becomes small; returns (network, history).

    The gradient of the mean loss of a batch of trials comes from the 'arrays' engine by back-propagation, through time where there are
    delays; the updates are optax's. `net` itself stays as it is; its random draws (wiring, weights, start values) are made with
    `seed` and kept in the network returned, which any engine runs.

    Arguments:
        net: the network; synapses with learns=True and constants named in learns=("bias",) change, in the shape they are given in.
        inputs: as for `run`, the trial axis first: {population: (trial, tick, *shape)}, or spike events.
        targets: {population: what it should send}, (trial, tick, *shape), or (trial, *shape) for the last tick alone; labels 0, 1, ... for
            losses of classes, without the last axis. NaN, or the label -1, is not known: a neuron's target does not count, nor does a
            tick without any.
        loss: 'squared_error', 'absolute_error', 'cross_entropy' (of scores), 'log_loss' (of probabilities of classes), 'bernoulli' (of
            probabilities), 'bernoulli_scores', 'gaussian', 'kullback_leibler', 'hinge': each the sum over neurons, then the mean over
            the ticks and trials that count. 'sent', or a population's name: what it sends is the loss, the mean over trials of
            the sum over ticks. A function (sent, target) -> (trial, tick) of JAX arrays, which counts where all targets are known.
            {population: loss} adds its terms. A list: objectives in turns, one update of each for every batch.
        learns: names of synapses or 'population.constant' that may change, shell patterns allowed; default: all marked. Beside a
            list of losses, a list of such lists.
        optimizer: 'sgd' (with `momentum` and `nesterov`), 'rmsprop', 'adagrad', 'adam', 'adamw', or an optax transformation.
        rate, schedule: the learning rate; None (constant), 'cosine', 'exponential' (to a hundredth), or an optax schedule.
        epochs, batch: passes over the trials, and trials in one update.
        validation: a share of the trials to hold out, such as 0.1, or (inputs, targets); the weights that are best there are kept.
        patience: epochs without a better validation loss after which it stops.
        l1, l2: adds l1 sum |w| + l2/2 sum w^2 over the weights of synapses that learn.
        clip: the largest norm of the gradient.
        lengths: how many ticks of each trial count, for sequences of different lengths; 'the last tick' is then that of each, and
            what the inputs hold after it does not matter.
        truncate: gradients do not reach back beyond so many ticks (truncated back-propagation through time).
        ticks, trials: as for `run`; the length of the run and the number of trials of an epoch if there are no inputs.
        surrogate, slope: of a spike's derivative, in terms of the distance x to threshold, in the unit of the threshold: 'fast_sigmoid'
            1/(1 + slope |x|)^2, 'arctan' 1/(1 + (pi slope x/2)^2), 'boxcar' 1 where slope |x| < 1.
        seed: of draws, of the order of trials, and of the noise.
        precision: 'single' or 'double'.
        progress: as for `run`.
        checkpoint: a path such as 'training.npz', written after every epoch; if it exists, training goes on from it, to the bit.

    Raises DescriptionError or PlanError before the first update where something does not fit, and EngineError where the loss is no
    longer a number, or JAX and optax are not installed. Ctrl-C ends training after the update.

    Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; through time: Werbos 1990, Proc. IEEE 78, 1550,
    doi:10.1109/5.58337; surrogates: Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595.
    """
    need_jax("train")
    need_optax()
    problem = read_problem(
        net, inputs, targets, loss, learns, validation, lengths, ticks, trials, seed, precision
    )
    epochs, batch = whole(epochs, "train: epochs"), whole(batch, "train: batch", least=1)
    updates = epochs * max(1, -(-len(problem.chosen) // batch))
    settings = [
        make_optimiser(optimizer, rate, schedule, momentum, nesterov, clip, updates) for _ in problem.turns
    ]
    penalties = (
        plain_number(l1, "train: l1", "Give 0 or more.", low=0.0),
        plain_number(l2, "train: l2", "Give 0 or more.", low=0.0),
    )
    truncate = None if truncate is None else whole(truncate, "train: truncate", least=1)
    patience = None if patience is None else whole(patience, "train: patience", least=1)
    if patience is not None and problem.held is None:
        raise DescriptionError("train: patience needs a validation share or set. Give validation=0.1.")
    choice(surrogate, SURROGATES, "train: surrogate")
    slope = plain_number(slope, "train: slope", "Give a number above 0.", low=1e-30)
    with wide():
        from neurosim.learn.training.trainer import Loop

        loop = Loop(problem, settings, batch, penalties, truncate=truncate, surrogate=surrogate, slope=slope)
        history, values = loop.run(epochs, patience, progress, checkpoint)
    changed = {name: values[name] for names in problem.learns for name in names}
    return Trained(problem.parameters.learned(changed), history)


@named_arguments
def gradient(
    net: Network,
    inputs: Mapping[Any, Any] | None = None,
    targets: Mapping[str, Any] | None = None,
    *,
    loss: Any = "squared_error",
    learns: Any = None,
    lengths: Any = None,
    truncate: int | None = None,
    ticks: int | None = None,
    trials: int | None = None,
    surrogate: str = "fast_sigmoid",
    slope: float = 25.0,
    seed: int = 0,
    precision: str = "double",
) -> tuple[float, dict[str, np.ndarray]]:
    """The mean loss over all trials, and its derivative by everything that learns, by name, in the shapes of the parameters.

    The arguments are those of `train`; `training` is False in text.
    """
    jax = need_jax("gradient")
    problem = read_problem(net, inputs, targets, loss, learns, None, lengths, ticks, trials, seed, precision)
    with wide():
        from neurosim.learn.training.trainer import Loop

        loop = Loop(
            problem,
            [],
            len(problem.chosen),
            (0.0, 0.0),
            truncate=truncate,
            surrogate=surrogate,
            slope=slope,
            training=False,
        )
        value, found = loop.gradient(0)
        return float(value), {name: np.asarray(jax.device_get(part)) for name, part in found.items()}

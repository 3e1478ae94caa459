"""`ns.train` and `learn.gradient`: from a network, data and a loss to learned weights, or to derivatives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.engine.arrays.library import need_jax, wide
from neurosim.errors import DescriptionError, shown
from neurosim.learn.training.batches import Batches
from neurosim.learn.training.history import Trained
from neurosim.learn.training.losses import LossGiven
from neurosim.learn.training.optimisers import (
    Descent,
    Optimiser,
    Rate,
    Schedule,
    make_optimiser,
    need_optax,
    optimiser_key,
)
from neurosim.learn.training.parameters import Names
from neurosim.learn.training.problem import (
    SLOPE,
    SURROGATE,
    InputsGiven,
    Problem,
    Question,
    TargetsGiven,
    Validation,
    read_gradient_options,
    read_problem,
)
from neurosim.network.arguments import named_arguments
from neurosim.network.network import Network
from neurosim.network.values import plain_number, whole

if TYPE_CHECKING:
    from neurosim.learn.training.trainer import AfterEpoch  # imports JAX


@named_arguments
def train(
    net: Network,
    inputs: InputsGiven | Batches | None = None,
    targets: TargetsGiven | None = None,
    *,
    loss: LossGiven | Sequence[LossGiven] = "squared_error",
    learns: Names | Sequence[Names] | None = None,
    optimizer: str | Optimiser = "adam",
    rate: Rate = 1e-3,
    schedule: str | Schedule | None = None,
    momentum: float = 0.9,
    nesterov: bool = False,
    epochs: int = 10,
    batch: int = 32,
    validation: Validation = None,
    patience: int | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    clip: float | None = None,
    lengths: ArrayLike | None = None,
    truncate: int | None = None,
    ticks: int | None = None,
    trials: int | None = None,
    gradient: str = "backpropagation",
    surrogate: str = SURROGATE,
    slope: float = SLOPE,
    revive: float = 0.0,
    seed: int = 0,
    precision: str = "single",
    progress: bool | str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    after_epoch: AfterEpoch | None = None,
) -> Trained:
    """Change everything in a network that is marked `learns` so that a loss becomes small.

    The gradient of the mean loss of a batch of trials is computed by back-propagation on the array engine,
    through time where there are delays, or by EventProp; optax makes the updates.

    Arguments:
        net: the network, which itself stays as it is. Synapses with learns=True change, their delays with
            learns="delay", and constants named in learns=("bias",), each in the shape in which it was given.
        inputs: what drives populations, as in `ns.run`: {population:
            array of shape (trial, tick, *shape)}, or spikes. Or batches, if memory does not hold all data or
            they are drawn anew: a list or another iterable of (inputs, targets) or
            (inputs, targets, lengths), each the data of one update, or a function that takes the number of an
            epoch and returns these.
        targets: {population: what it should send}, shape (trial, tick, *shape), or (trial, *shape) for the
            last tick alone. For losses of classes these are labels 0, 1, ..., without the last axis. Targets
            that are NaN, and labels that are -1, are not known and do not count.
        loss: the name of a loss, a `learn.Loss`, or a function (sent, target) -> (trial, tick) of JAX arrays,
            for the only target; {population: loss} for several, whose losses are added; or a list of these:
            objectives that take turns, one update of each for every batch. The names are 'squared_error',
            'absolute_error', 'cross_entropy' (of scores), 'log_loss' (of probabilities of classes),
            'bernoulli' (of probabilities), 'bernoulli_scores', 'gaussian', 'kullback_leibler', 'hinge' and
            'first_spike' (the class whose neuron spikes first).
            Each is summed over neurons, and averaged over the ticks and trials that count; a function counts
            where all targets of a tick are known. 'sent', or the name of a population: what it sends is the
            loss, summed over ticks and averaged over trials.
        learns: names of what may change, out of all that is marked: synapses, 'synapses.delay', or
            'population.constant'; shell patterns are allowed. None: all. With a list of losses, a list of
            such lists.
        optimizer: 'sgd', 'rmsprop', 'adagrad', 'adam', 'adamw', or an optax transformation.
        rate: learning rate, above 0; or {pattern of names, as in `learns`: rate}, where the first pattern
            that fits counts, such as {"*.delay": 0.1, "*": 1e-3}. That of delays is in ticks.
        schedule: how the rate changes: None (constant), 'cosine' (to 0), 'exponential' (to a hundredth), or
            an optax schedule, which replaces `rate`.
        momentum, nesterov: of 'sgd'.
        epochs: number of passes over all trials.
        batch: number of trials in an update, unless inputs are batches.
        validation: fraction of the trials that is held out, such as 0.1, or (inputs, targets) of its own. The
            weights that do best on it are kept.
        patience: training stops after so many epochs without a better validation loss. None: never.
        l1, l2: weights of the penalties: l1 sum |w| + l2/2 sum w^2 over all
            weights of synapses that learn is added to the loss.
        clip: largest norm of the gradient; longer ones are scaled down to it. None: no limit.
        lengths: number of ticks of each trial that count, shape (trial,), for sequences of different lengths.
            "The last tick" is then the last that counts, and inputs after it have no effect. None: all count.
        truncate: gradients do not reach back beyond this number of ticks (truncated back-propagation through
            time). None: to the first tick.
        ticks, trials: length of the run and number of trials in an epoch if there are no inputs.
        gradient: 'backpropagation', through all ticks, where spikes have surrogates of their derivative; or
            'eventprop', which follows how the times of spikes change, and keeps spikes alone. It trains
            weights and delays of synapses between linear integrate-and-fire neurons, such as
            `cells.lif_exponential`, under `Clock`, driven by spikes. Losses read neurons without threshold,
            or first spikes ('first_spike').
        surrogate, slope: the derivative of a spike as a function of the distance x from threshold, in the
            unit of the threshold: 'fast_sigmoid' is 1/(1 + slope |x|)^2, 'arctan' 1/(1 + (pi slope x/2)^2),
            and 'boxcar' 1 where slope |x| < 1, otherwise 0. 'eventprop' uses neither.
        revive: for 'eventprop': neurons that spike in no trial of a batch have no gradient, so the derivative
            by each weight into them is lowered by this number.
        seed: of all random numbers: wiring, start weights, the order of trials, and noise.
        precision: 'single' (32 bits) or 'double' (64 bits).
        progress: whether to show a progress bar, or "epochs" to print a line for each epoch. None: a bar, if
            it takes longer than a second, on terminals and in notebooks.
        checkpoint: path of a file such as 'training.npz', which is written after every epoch. If it exists,
            training goes on from it, with the same result to the bit.
        after_epoch: a function that is called after every epoch with (network, history) as `train` would
            return them now. It may return a dict of numbers, which are kept in `history.metrics`.

    Returns (network, history): the network with the learned weights, its random numbers drawn by `seed`,
    which every engine runs; and the losses of every epoch. Ctrl-C ends training after the update.

    Raises DescriptionError or PlanError before the first update if something does not fit, and EngineError if
    the loss is not finite, or if JAX or optax is not installed.

    Source: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; through time: Werbos
    1990, Proc. IEEE 78, 1550, doi:10.1109/5.58337; surrogates: Neftci, Mostafa & Zenke 2019, IEEE Signal
    Process. Mag. 36 (6), 51, doi:10.1109/MSP.2019.2931595; EventProp: Wunderlich & Pehle 2021, Sci. Rep. 11,
    12829, doi:10.1038/s41598-021-91786-z; its delays: Meszaros, Knight & Nowotny 2025, arXiv:2501.07331.

    >>> import neurosim as ns
    >>> x, y = ns.Neurons("x", 1), ns.cells.unit("y", 1, "linear")
    >>> net = ns.Network(ns.Synapses(x, y, weight=[[0.0]], learns=True), schedule=ns.Layered())
    >>> data = {"x": [[[1.0]], [[2.0]]]}, {"y": [[3.0], [6.0]]}
    >>> trained, history = ns.train(net, *data, epochs=200, rate=0.1)
    >>> trained["x_to_y"].weight.number.round(2).tolist()
    [[3.0]]
    """
    need_jax("train")
    need_optax()
    asked = Question(
        net=net,
        inputs=inputs,
        targets=targets,
        loss=loss,
        learns=learns,
        lengths=lengths,
        ticks=ticks,
        trials=trials,
        seed=seed,
        precision=precision,
        validation=validation,
    )
    problem = read_problem(asked)
    epochs, batch = whole(epochs, "train: epochs"), whole(batch, "train: batch", least=1)
    updates = epochs * _batches_per_epoch(problem, batch, schedule)
    how = (optimizer, rate, schedule, momentum, nesterov, clip, updates)
    optimisers = [make_optimiser(*how, list(problem.parameters.values)) for _ in problem.objectives]
    l1 = plain_number(l1, "train: l1", "Give 0 or more.", low=0.0)
    l2 = plain_number(l2, "train: l2", "Give 0 or more.", low=0.0)
    patience = None if patience is None else whole(patience, "train: patience", least=1)
    if patience is not None and problem.held_out is None:
        raise DescriptionError("train: patience needs a validation share or set. Give validation=0.1.")
    if isinstance(progress, str) and progress != "epochs":
        raise DescriptionError(
            f"train: progress {shown(progress)} is not known. Give True, False or 'epochs'."
        )
    if after_epoch is not None and not callable(after_epoch):
        raise DescriptionError(
            f"train: after_epoch {shown(after_epoch)} is not a function. Give one of (network, history)."
        )
    options = read_gradient_options(gradient, truncate, surrogate, slope, revive)
    with wide():
        from neurosim.learn.training.trainer import Trainer  # imports JAX

        trainer = Trainer(problem, Descent(optimisers, optimiser_key(*how), l1, l2), batch, options)
        path = None if checkpoint is None else Path(checkpoint)
        shows = None if progress == "epochs" else progress
        return trainer.run(epochs, patience, shows, path, after_epoch=after_epoch, lines=progress == "epochs")


def _batches_per_epoch(problem: Problem, batch: int, schedule: str | Schedule | None) -> int:
    """How many updates an epoch has, which a schedule of the learning rate must know."""
    if problem.source is None:
        return max(1, -(-len(problem.trials) // batch))
    if problem.source.count is None and isinstance(schedule, str):
        raise DescriptionError(
            f"train: schedule {schedule!r} needs the number of batches. Give them as a list or an object"
            " with a length, or give an optax schedule."
        )
    return problem.source.count or 1


@named_arguments
def gradient(
    net: Network,
    inputs: InputsGiven | None = None,
    targets: TargetsGiven | None = None,
    *,
    loss: LossGiven = "squared_error",
    learns: Names | None = None,
    lengths: ArrayLike | None = None,
    truncate: int | None = None,
    ticks: int | None = None,
    trials: int | None = None,
    gradient: str = "backpropagation",
    surrogate: str = SURROGATE,
    slope: float = SLOPE,
    seed: int = 0,
    precision: str = "double",
) -> tuple[float, dict[str, NDArray[np.floating]]]:
    """The mean loss of a network over all trials, and its derivatives by everything that is marked `learns`.

    They are computed as `ns.train` computes them, but once and without an update; in text, `training` is
    False.

    Arguments:
        net: the network. Synapses with learns=True count as
            parameters, and constants named in learns=("bias",).
        inputs: what drives populations, as in `ns.run`: {population:
            array of shape (trial, tick, *shape)}, or spikes.
        targets: {population: what it should send}, shape (trial, tick, *shape), or (trial, *shape) for the
            last tick alone. For losses of classes these are labels 0, 1, ..., without the last axis. Targets
            that are NaN, and labels that are -1, are not known and do not count.
        loss: the name of a loss, as `ns.train` lists them, a `learn.Loss`, or a function
            (sent, target) -> (trial, tick) of JAX arrays, for the only target; or
            {population: loss} for several, whose losses are added.
        learns: names of the parameters to differentiate by: synapses, 'synapses.delay', or
            'population.constant'; shell patterns are allowed. None: all that is marked.
        lengths: number of ticks of each trial that count, shape (trial,). None: all count.
        truncate: gradients do not reach back beyond this number of ticks. None: to the first tick.
        ticks, trials: length of the run and number of trials if there are no inputs.
        gradient: 'backpropagation' or 'eventprop', as in `ns.train`. Derivatives by delays are by a second.
        surrogate, slope: the derivative of a spike as a function of the distance x from threshold, in the
            unit of the threshold: 'fast_sigmoid' is 1/(1 + slope |x|)^2, 'arctan' 1/(1 + (pi slope x/2)^2),
            and 'boxcar' 1 where slope |x| < 1, otherwise 0. 'eventprop' uses neither.
        seed: of all random numbers: wiring, weights and noise.
        precision: 'double' (64 bits) or 'single' (32 bits).

    Returns the loss, and {name of the parameter: derivative}, each derivative in the shape of its parameter.

    Raises DescriptionError or PlanError if something does not fit, and EngineError if JAX is not installed.

    >>> import neurosim as ns
    >>> x, y = ns.Neurons("x", 1), ns.cells.unit("y", 1, "linear")
    >>> net = ns.Network(ns.Synapses(x, y, weight=[[1.0]], learns=True), schedule=ns.Layered())
    >>> loss, slopes = gradient(net, {"x": [[[2.0]]]}, {"y": [[5.0]]})  # (w x - 5)^2 at w = 1, x = 2
    >>> loss, slopes["x_to_y"].tolist()
    (9.0, [[-12.0]])
    """
    jax = need_jax("gradient")
    asked = Question(
        net=net,
        inputs=inputs,
        targets=targets,
        loss=loss,
        learns=learns,
        lengths=lengths,
        ticks=ticks,
        trials=trials,
        seed=seed,
        precision=precision,
    )
    problem = read_problem(asked)
    options = read_gradient_options(gradient, truncate, surrogate, slope)
    with wide():
        from neurosim.learn.training.trainer import Trainer  # imports JAX

        trainer = Trainer(problem, Descent(), len(problem.trials), options, training=False)
        value, slopes = trainer.gradient()
        return float(value), {name: np.asarray(jax.device_get(slope)) for name, slope in slopes.items()}

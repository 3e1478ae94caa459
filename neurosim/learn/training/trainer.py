"""The loop over epochs: batches, updates, validation, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from neurosim.engine.progress import Progress
from neurosim.errors import DescriptionError, EngineError, shown
from neurosim.learn.training.checkpoint import (
    OptimiserState,
    TrainingState,
    Values,
    load_checkpoint,
    save_checkpoint,
)
from neurosim.learn.training.history import History, Trained
from neurosim.learn.training.objective import Batch
from neurosim.learn.training.optimisers import Descent
from neurosim.learn.training.problem import GradientOptions, HeldOut, Problem, read_batch
from neurosim.learn.training.ways import WAYS
from neurosim.network.network import Network

# The noise of a trial is drawn by a number: in training one for each trial of each update, modulo
# NOISE_NUMBERS; in validation the same ones after every epoch, so that its losses can be compared.
FIRST_VALIDATION_NOISE = 2**31
NOISE_NUMBERS = 2**32

Metrics: TypeAlias = Mapping[str, float] | None
AfterEpoch: TypeAlias = Callable[[Network, History], Metrics]


class Trainer:
    """A problem and its optimisers, with everything compiled once that all epochs use."""

    def __init__(
        self,
        problem: Problem,
        descent: Descent,
        batch_size: int,
        options: GradientOptions,
        *,
        training: bool = True,
    ):
        """Text reads `training`."""
        self.problem = problem
        self.batch_size = len(problem.trials) if problem.source else min(batch_size, len(problem.trials))
        self.way = WAYS[options.gradient]
        plan = self.way.plan(problem, problem.inputs, training=training)
        self.updates = self.way.updates(problem, plan, options, descent)
        self.numbers = self.way.numbers(self.updates, plan)
        self.plan, self.dtype = plan, plan.dtype
        self.data = self.way.data(plan, problem.targets)
        if problem.held_out is not None:
            self._prepare_validation(problem.held_out, options)

    def _prepare_validation(self, held_out: HeldOut, options: GradientOptions) -> None:
        problem = self.problem
        inputs = problem.inputs if held_out.inputs is None else held_out.inputs
        plan = self.way.plan(problem, inputs, training=False)
        self.held = self.way.updates(problem, plan, options, Descent())
        self.held_data = self.data if held_out.inputs is None else self.way.data(plan, held_out.targets)
        self.held_numbers = self.way.numbers(self.held, plan)

    def start(self) -> Values:
        """The parameters that training begins with."""
        values = self.problem.parameters.values
        return {name: jnp.asarray(value, self.dtype) for name, value in values.items()}

    def gradient(self) -> tuple[jax.Array | float, Values]:
        """The first objective's loss over all trials, and its derivatives."""
        values = self.start()
        index = np.arange(len(self.problem.trials))
        batch = Batch(index, jnp.ones(len(index), self.dtype), index)
        changing = self.updates.changing(0, values)
        (value, _), slopes = self.updates.gradient(changing, values, self.numbers, self.data, batch)
        return value, slopes

    def _batches(self, trials: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[Any]]]:
        """The trials of each batch, and 1 for those that count: the last batch is filled up."""
        for first in range(0, len(trials), self.batch_size):
            chosen = trials[first : first + self.batch_size]
            missing = self.batch_size - len(chosen)
            yield (
                np.r_[chosen, np.repeat(chosen[-1:], missing)],
                np.r_[np.ones(len(chosen)), np.zeros(missing)].astype(self.dtype),
            )

    def run(
        self,
        epochs: int,
        patience: int | None,
        progress: bool | None,
        checkpoint: Path | None,
        *,
        after_epoch: AfterEpoch | None = None,
        lines: bool = False,
    ) -> Trained:
        """Train; returns the network with the parameters best in validation, or without it the last.

        lines: whether to print a line for each epoch instead of a progress bar.
        """
        values = self.start()
        optimisers = enumerate(self.updates.optimisers)
        states = [one.init(self.updates.changing(k, values)) for k, one in optimisers]
        now = TrainingState(values, states, History(), None)
        if checkpoint is not None and checkpoint.exists():
            now = load_checkpoint(checkpoint, now, self.problem)
        history = now.history
        begun = monotonic() - history.seconds
        batches = self.batches_per_epoch
        left = max(epochs - len(history.loss), 0)
        with Progress(None if batches is None else left * batches, "batch", progress and not lines) as report:
            for epoch in range(len(history.loss), epochs):
                values, states, interrupted = self._epoch(epoch, now, report)
                if interrupted:
                    now = now._replace(values=values, states=states)
                    history.stopped = "interrupted"
                    break
                now = TrainingState(values, states, history, self._validate(values, history, now.best))
                history.seconds = monotonic() - begun
                if after_epoch is not None:
                    history.metrics.append(read_metrics(after_epoch(*self.trained(now))))
                if lines:
                    print(history.line(), flush=True)
                if checkpoint is not None:
                    save_checkpoint(checkpoint, now, self.problem)
                if patience is not None and epoch - history.best >= patience:
                    history.stopped = "patience"
                    break
        history.seconds = monotonic() - begun
        return self.trained(now)

    def trained(self, now: TrainingState) -> Trained:
        """The network with the parameters best so far in validation, or without it the present ones."""
        values = jax.device_get(now.values if now.best is None else now.best)
        changed = {name: values[name] for names in self.problem.learns for name in names}
        return Trained(self.problem.parameters.network_with(changed), now.history)

    @property
    def batches_per_epoch(self) -> int | None:
        """How many batches an epoch has, if that is known."""
        if self.problem.source is not None:
            return self.problem.source.count
        return -(-len(self.problem.trials) // self.batch_size)

    def _data(self, epoch: int) -> Iterator[tuple[Any, NDArray[np.intp], NDArray[Any]]]:
        """For each batch of an epoch: data, its trials, and 1 for those that count."""
        if self.problem.source is None:
            order = np.random.default_rng([self.problem.seed, 2, epoch]).permutation(self.problem.trials)
            yield from ((self.data, index, weight) for index, weight in self._batches(order))
            return
        for example in self.problem.source(epoch):
            inputs, targets = read_batch(self.problem, example)
            plan = replace(self.plan, drives=inputs.drives, trials=inputs.trials)
            index, weight = next(self._batches(np.arange(inputs.trials)))
            yield self.way.data(plan, targets), index, weight

    def _epoch(
        self, epoch: int, now: TrainingState, report: Progress
    ) -> tuple[Values, list[OptimiserState], bool]:
        """All batches once: parameters and optimisers' states after them, and whether Ctrl-C ended it."""
        values, states, history = now.values, list(now.states), now.history
        losses: list[list[Values]] = [[] for _ in self.updates.run]  # by objective and batch
        interrupted = False
        for data, index, weight in self._data(epoch):
            for number, update in enumerate(self.updates.run):
                noise = (history.steps * self.batch_size + np.arange(self.batch_size)) % NOISE_NUMBERS
                batch = Batch(index, weight, noise)
                values, states[number], parts = update(values, states[number], self.numbers, data, batch)
                losses[number].append(parts)
                history.steps += 1
            interrupted = report(1)
            if interrupted:
                break
        self._note_losses(jax.device_get(losses), epoch, history, report)
        return values, states, interrupted

    def _note_losses(
        self, losses: list[list[dict[str, float]]], epoch: int, history: History, report: Progress
    ) -> None:
        """Put the means over the batches of an epoch into the history; refuse losses that are not finite."""
        for number, objectives in enumerate(zip(*losses, strict=True), start=1):
            for parts in objectives:
                refuse_divergence(parts, epoch + 1, number)
        means = [
            {name: float(np.mean([parts[name] for parts in batches])) for name in batches[0]}
            for batches in losses
        ]
        sums = [sum(parts.values()) for parts in means]
        history.loss.append(sums if len(sums) > 1 else sums[0])
        history.parts.append({name: value for parts in means for name, value in parts.items()})
        if report.bar is not None:
            report.bar.set_postfix_str(f"epoch {epoch + 1}, loss {sums[0]:.4g}")

    def _validate(self, values: Values, history: History, best: Values | None) -> Values | None:
        """Add the validation loss of these parameters to the history; returns the best parameters so far."""
        held_out = self.problem.held_out
        if held_out is None:
            history.best = len(history.loss) - 1
            return None
        losses, accuracies, counts = [], [], []
        for number, (index, weight) in enumerate(self._batches(held_out.trials)):
            noise = FIRST_VALIDATION_NOISE + number * self.batch_size + np.arange(self.batch_size)
            batch = Batch(index, weight, noise)
            total, parts = self.held.loss_alone(values, self.held_numbers, self.held_data, batch)
            losses.append(float(total))
            accuracies.append([float(fraction) for fraction in parts.accuracy.values()])
            counts.append(float(weight.sum()))
        history.validation.append(float(np.average(losses, weights=counts)))
        if accuracies[0]:
            history.accuracy.append(float(np.average(np.mean(accuracies, axis=1), weights=counts)))
        if best is None or history.validation[-1] < min(history.validation[:-1], default=np.inf):
            history.best = len(history.loss) - 1
            return jax.tree.map(jnp.copy, values)  # the next update may write into the memory of `values`
        return best


def read_metrics(given: object) -> dict[str, float]:
    """What the user's function returned after an epoch: numbers by name, or nothing."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise DescriptionError(
            f"train: after_epoch returned {shown(given)}. Let it return a dict of numbers, or nothing."
        )
    return {str(name): float(value) for name, value in given.items()}


def refuse_divergence(losses: Mapping[str, float], epoch: int, batch: int) -> None:
    """Raise EngineError for the first population whose loss is not finite."""
    for name, value in losses.items():
        if not np.isfinite(value):
            raise EngineError(
                f"train: the loss of {name!r} is {value} in epoch {epoch}, batch {batch}: training diverged."
                " Use a smaller rate, clip=1.0, or smaller start weights;"
                " look for log, division or sqrt of 0 in the text."
            )

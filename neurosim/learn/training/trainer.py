"""The loop of training: batches, updates, validation, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.progress import Progress
from neurosim.errors import EngineError
from neurosim.learn.training.checkpoint import load_checkpoint, save_checkpoint
from neurosim.learn.training.history import History
from neurosim.learn.training.objective import Objective, as_data, training_plan
from neurosim.learn.training.problem import Problem

HELD_NOISE = 2**31  # trials of validation are numbered from here, so that their noise is always the same

ROUND = 2**32  # noise of a step is keyed by numbers of trials modulo this


class Loop:
    """Everything that an epoch needs, compiled once."""

    def __init__(
        self, problem: Problem, optimisers: list[Any], batch: int, penalties: tuple[float, float], *,
        truncate: int | None, surrogate: str, slope: float, training: bool = True,
    ):  # fmt: skip
        self.problem, self.optimisers, self.batch = problem, optimisers, min(batch, len(problem.chosen))
        self.l1, self.l2 = penalties
        populations = {name for turn in problem.turns for name in turn}
        plan = training_plan(
            problem.parameters, problem.read, populations, problem.precision, training=training
        )
        options: dict[str, Any] = dict(truncate=truncate, surrogate=surrogate, slope=slope)
        self.objective = Objective(problem.parameters, plan, problem.turns, **options)
        self.numbers, self.dtype = jax.device_put(self.objective.program.numbers(plan)), plan.dtype
        self.data = as_data(plan, problem.targets)
        self.steps = [
            jax.jit(partial(self._update, turn), donate_argnums=1) for turn in range(len(optimisers))
        ]
        self._prepare_validation(populations, options)

    def _prepare_validation(self, populations: set[str], options: dict[str, Any]) -> None:
        held = self.problem.held
        if held is None:
            return
        problem = self.problem
        read, targets = held if isinstance(held, tuple) else (problem.read, problem.targets)
        plan = training_plan(problem.parameters, read, populations, problem.precision, training=False)
        objective = Objective(problem.parameters, plan, problem.turns, **options)
        self.held_index = np.arange(read.trials) if isinstance(held, tuple) else held
        self.held_data = as_data(plan, targets) if isinstance(held, tuple) else self.data
        self.held_numbers = jax.device_put(objective.program.numbers(plan))
        self.held_loss = jax.jit(partial(objective.loss, 0))

    def _loss(
        self, turn: int, mine: Any, values: Any, numbers: Any, data: Any, index: Any, weight: Any, trials: Any
    ) -> tuple[Any, Any]:
        """The losses of a turn and the penalties on the weights that learn."""
        total, found = self.objective.loss(turn, {**values, **mine}, numbers, data, index, weight, trials)
        weights = [mine[name] for name in self.problem.parameters.weights if name in mine]
        total = (
            total
            + self.l1 * sum(jnp.abs(w).sum() for w in weights)
            + 0.5 * self.l2 * sum((w * w).sum() for w in weights)
        )
        return total, found

    def _update(
        self,
        turn: int,
        values: Any,
        state: Any,
        numbers: Any,
        data: Any,
        index: Any,
        weight: Any,
        trials: Any,
    ) -> tuple[Any, Any, Any]:
        """One update: the values and the optimiser's state after it, and the losses before it."""
        import optax

        mine = {name: values[name] for name in self.problem.learns[turn]}
        slopes, found = jax.grad(partial(self._loss, turn), has_aux=True)(
            mine, values, numbers, data, index, weight, trials
        )
        change, state = self.optimisers[turn].update(slopes, state, mine)
        new: Any = optax.apply_updates(mine, change)
        return {**values, **new}, state, found[0]

    def start(self) -> dict[str, Any]:
        """The parameters that training begins with."""
        return {
            name: jnp.asarray(value, self.dtype) for name, value in self.problem.parameters.values.items()
        }

    def gradient(self, turn: int) -> tuple[Any, Any]:
        """The loss over all trials, and its derivatives."""
        values = self.start()
        mine = {name: values[name] for name in self.problem.learns[turn]}
        index = np.arange(len(self.problem.chosen))
        one = jax.value_and_grad(partial(self._loss, turn), has_aux=True)
        (value, _), found = jax.jit(one)(
            mine, values, self.numbers, self.data, index, jnp.ones(len(index), self.dtype), index
        )
        return value, found

    def batches(self, index: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The trials of each batch, all of one size, and 1 for those that count: the last is filled up."""
        for first in range(0, len(index), self.batch):
            chosen = index[first : first + self.batch]
            missing = self.batch - len(chosen)
            yield (
                np.r_[chosen, np.repeat(chosen[-1:], missing)],
                np.r_[np.ones(len(chosen)), np.zeros(missing)].astype(self.dtype),
            )

    def run(
        self, epochs: int, patience: int | None, progress: bool | None, checkpoint: Any
    ) -> tuple[History, dict[str, np.ndarray]]:
        """All epochs: the history, and the values that were best on what was held out, or else the last."""
        values, history, best = self.start(), History(), None
        states: list[Any] = [
            o.init({n: values[n] for n in self.problem.learns[turn]})
            for turn, o in enumerate(self.optimisers)
        ]
        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and path.exists():
            values, states, history, best = load_checkpoint(path, values, states, self.problem)
        since = monotonic() - history.seconds
        rounds = -(-len(self.problem.chosen) // self.batch)
        with Progress(max(epochs - len(history.loss), 0) * rounds, "batch", progress) as report:
            for epoch in range(len(history.loss), epochs):
                values, states, interrupted = self._epoch(epoch, values, states, history, report)
                if interrupted:
                    history.stopped = "interrupted"
                    break
                best = self._validate(values, history, best)
                history.seconds = monotonic() - since
                if path is not None:
                    save_checkpoint(path, values, states, history, best, self.problem)
                if patience is not None and epoch - history.best >= patience:
                    history.stopped = "patience"
                    break
        history.seconds = monotonic() - since
        return history, jax.device_get(best if best is not None else values)

    def _epoch(
        self, epoch: int, values: Any, states: list[Any], history: History, report: Progress
    ) -> tuple[Any, list[Any], bool]:
        order = np.random.default_rng([self.problem.seed, 2, epoch]).permutation(self.problem.chosen)
        losses: list[list[Any]] = [[] for _ in self.steps]
        interrupted = False
        for index, weight in self.batches(order):
            for turn, step in enumerate(self.steps):
                trials = (history.steps * self.batch + np.arange(self.batch)) % ROUND
                values, states[turn], parts = step(
                    values, states[turn], self.numbers, self.data, index, weight, trials
                )
                losses[turn].append(parts)
                history.steps += 1
            interrupted = report(1)
            if interrupted:
                break
        losses = jax.device_get(losses)
        refuse_divergence(
            [{k: v for turn in batch for k, v in turn.items()} for batch in zip(*losses, strict=True)], epoch
        )
        means = [
            {name: float(np.mean([parts[name] for parts in turn])) for name in turn[0]} for turn in losses
        ]
        sums = [sum(parts.values()) for parts in means]
        history.loss.append(sums if len(sums) > 1 else sums[0])
        history.parts.append({name: value for parts in means for name, value in parts.items()})
        if report.bar is not None:
            report.bar.set_postfix_str(f"epoch {epoch + 1}, loss {sums[0]:.4g}")
        return values, states, interrupted

    def _validate(self, values: Any, history: History, best: Any) -> Any:
        """Note the loss on what is held out; the values to keep."""
        if self.problem.held is None:
            history.best = len(history.loss) - 1
            return None
        found, rights, counts = [], [], []
        for number, (index, weight) in enumerate(self.batches(self.held_index)):
            trials = HELD_NOISE + number * self.batch + np.arange(self.batch)
            total, (_, right) = self.held_loss(
                values, self.held_numbers, self.held_data, index, weight, trials
            )
            found.append(float(total))
            rights.append([float(share) for share in right.values()])
            counts.append(float(weight.sum()))
        history.validation.append(float(np.average(found, weights=counts)))
        if rights[0]:
            history.accuracy.append(float(np.average(np.mean(rights, axis=1), weights=counts)))
        if best is None or history.validation[-1] < min(history.validation[:-1], default=np.inf):
            history.best = len(history.loss) - 1
            return jax.tree.map(jnp.copy, values)
        return best


def refuse_divergence(losses: list[dict[str, float]], epoch: int) -> None:
    """Raise EngineError at the first batch whose loss is no number, naming the population."""
    for number, parts in enumerate(losses):
        for name, value in parts.items():
            if not np.isfinite(value):
                raise EngineError(
                    f"train: the loss of {name!r} is {value} in epoch {epoch + 1}, batch {number + 1}: training diverged."
                    " Use a smaller rate, clip=1.0, or smaller start weights; look for log, division or sqrt of 0 in the text."
                )

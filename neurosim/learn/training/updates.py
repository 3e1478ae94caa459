"""The updates of a training as compiled functions, kept for later trainings of networks of one structure.

Compiling takes longer than many trainings of small networks. Weights, constants and data are arguments of
what is compiled, so that five fits of a classifier, or the folds of a cross-validation, compile once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.structure import digest
from neurosim.engine.called import user_functions
from neurosim.learn.training.checkpoint import OptimiserState, Values
from neurosim.learn.training.losses import LOSSES, AnyLoss, Loss
from neurosim.learn.training.objective import Batch, Data, Objective, Parts
from neurosim.learn.training.optimisers import Descent
from neurosim.learn.training.parameters import Placing, ProgramNumbers
from neurosim.learn.training.problem import GradientOptions, Problem
from neurosim.plan.plan import Dense, Plan

MOST_KEPT = 8  # how many compiled updates are kept

kept: OrderedDict[Hashable, Updates] = OrderedDict()  # the one used last at the end


class Updates:
    """One update of each objective, and the losses, as functions of parameters and data.

    objective: the losses.
    descent: what is done with its derivatives.
    learns: the names of the parameters that each objective changes.
    weights: the names of the parameters that are weights, on which the penalties l1 and l2 lie.

    run: for each objective the function (values, state, numbers, data, batch) -> parameters and the state of
        the optimiser after an update, and the losses before it; compiled.
    gradient: the function (changing, values, numbers, data, batch) -> the first objective's loss and its
        derivatives, compiled.
    loss_alone: the first objective's loss without penalties, and its parts, compiled.
    """

    def __init__(
        self,
        objective: Objective,
        descent: Descent,
        learns: list[list[str]],
        weights: list[str],
    ):
        self.objective, self.optimisers = objective, descent.optimisers
        self.learns, self.weights, self.l1, self.l2 = learns, weights, descent.l1, descent.l2
        numbers = range(len(self.optimisers))
        self.run = [jax.jit(partial(self._update, k), donate_argnums=1) for k in numbers]
        self.gradient = jax.jit(jax.value_and_grad(partial(self._loss, 0), has_aux=True))
        self.loss_alone = jax.jit(partial(objective.loss, 0))

    def changing(self, number: int, values: Values) -> Values:
        """The parameters that an objective changes."""
        return {name: values[name] for name in self.learns[number]}

    def _loss(
        self, number: int, changing: Values, values: Values, numbers: ProgramNumbers, data: Data, batch: Batch
    ) -> tuple[jax.Array, Parts]:
        """The loss of an objective and the penalties on the weights that it changes."""
        total, parts = self.objective.loss(number, {**values, **changing}, numbers, data, batch)
        weights = [changing[name] for name in self.weights if name in changing]
        if self.l1:
            total = total + self.l1 * sum(jnp.abs(w).sum() for w in weights)
        if self.l2:
            total = total + 0.5 * self.l2 * sum((w * w).sum() for w in weights)
        return total, parts

    def _update(
        self,
        number: int,
        values: Values,
        state: OptimiserState,
        numbers: ProgramNumbers,
        data: Data,
        batch: Batch,
    ) -> tuple[Values, OptimiserState, Values]:
        """One update: parameters and the optimiser's state after it, and the losses before it."""
        import optax  # `learn.gradient` does without it

        changing = self.changing(number, values)
        slopes, parts = jax.grad(partial(self._loss, number), has_aux=True)(
            changing, values, numbers, data, batch
        )
        change, state = self.optimisers[number].update(slopes, state, changing)
        new: Any = optax.apply_updates(changing, change)
        return {**values, **new}, state, parts.losses


def updates_of(problem: Problem, plan: Plan, options: GradientOptions, descent: Descent) -> Updates:
    """The updates of a training, or those of an earlier one that did the same to a network of this structure.

    A function of the user's own may have changed between two trainings, and is compiled anew in each.
    """
    matrices = {name for name, pathway in plan.pathways.items() if isinstance(pathway, Dense)}
    placing, weights = Placing(problem.parameters, matrices, jnp.broadcast_to), problem.parameters.weights
    losses = [[(name, _library_name(loss)) for name, loss in one.items()] for one in problem.objectives]
    own = any(called is None for one in losses for _, called in one) or any(user_functions(plan))
    since = ticks_before_targets(problem)
    key: Hashable | None = None
    if not own and descent.key is not None:
        parts = (losses, problem.learns, weights, descent.l1, descent.l2, options, plan.ticks, since)
        key = digest(plan), placing.key, descent.key, repr(parts)
    made = kept.pop(key, None)
    if made is None:
        objective = Objective(placing, plan, problem.objectives, options, since)
        made = Updates(objective, descent, problem.learns, weights)
    if key is not None:
        kept[key] = made  # at the end
        if len(kept) > MOST_KEPT:
            kept.popitem(last=False)
    return made


def ticks_before_targets(problem: Problem) -> int:
    """How many ticks at the beginning count in no trial, neither in training nor in validation."""
    if problem.source is not None:  # later batches may have targets at other ticks
        return 0
    sets = [problem.targets] + ([problem.held_out.targets] if problem.held_out is not None else [])
    known = [target.known for targets in sets for target in targets.values()]
    counts = [np.any(one, axis=tuple(n for n in range(one.ndim) if n != 1)) for one in known]
    return min((int(np.argmax(one)) for one in counts), default=0)


def _library_name(loss: AnyLoss) -> str | None:
    """The name of a loss of the library; None for one of the user's own."""
    return loss.name if isinstance(loss, Loss) and LOSSES.get(loss.name) is loss else None

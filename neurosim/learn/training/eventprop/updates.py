"""Updates by EventProp, with the same methods as those by back-propagation (`learn/training/updates.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from neurosim.engine.events.adjoint import Adjoint, Joined, Sent
from neurosim.learn.training.checkpoint import OptimiserState, Values
from neurosim.learn.training.eventprop.forward import Forward, Passed
from neurosim.learn.training.eventprop.support import check_sends, linear_groups
from neurosim.learn.training.losses import SENT, AnyLoss, Loss, reads_first_spikes
from neurosim.learn.training.objective import Batch, Parts, accuracy, loss_by_tick
from neurosim.learn.training.optimisers import Descent, Optimiser
from neurosim.learn.training.problem import GradientOptions, Problem
from neurosim.learn.training.targets import Target
from neurosim.learn.training.updates import ticks_before_targets
from neurosim.network.pathway_texts import LONGEST_DELAY
from neurosim.plan.plan import Drive, Plan
from neurosim.plan.recipe import Edges
from neurosim.recording.spikes import Spikes

Floats = NDArray[np.floating]


class SpikeData(NamedTuple):
    """All trials: what drives populations, and targets."""

    inputs: Mapping[str, Drive]
    targets: Mapping[str, Target]


class SpikeUpdates:
    """One update of each objective, and the losses, as functions of parameters and data; see `Updates`."""

    def __init__(self, problem: Problem, plan: Plan, options: GradientOptions, descent: Descent):
        net = problem.parameters.net
        groups = linear_groups(net, plan)
        assert plan.dt is not None  # the schedule is a Clock
        self.problem, self.plan, self.learns = problem, plan, problem.learns
        self.optimisers, self.l1, self.l2 = descent.optimisers, descent.l1, descent.l2
        self.revive, self.dt = options.revive, plan.dt
        check_sends(plan, groups, {name for losses in problem.objectives for name in losses})
        self.forward = Forward(plan, problem.parameters)
        sizes = {name: group.size for name, group in plan.groups.items()}
        self.adjoint = Adjoint(groups, sizes, plan.ticks, plan.dt)
        self.since = ticks_before_targets(problem)
        numbers = range(len(problem.objectives))
        self.losses = [
            jax.jit(jax.value_and_grad(partial(_losses, problem.objectives[k]), has_aux=True))
            for k in numbers
        ]
        self.steps = [jax.jit(partial(_step, optimiser)) for optimiser in self.optimisers]
        self.run = [partial(self._update, k) for k in range(len(self.optimisers))]

    def changing(self, number: int, values: Values) -> Values:
        """The parameters that an objective changes; delays in ticks, as its optimiser sees them."""
        return {name: self._scaled(name, values[name], 1.0 / self.dt) for name in self.learns[number]}

    def _scaled(self, name: str, value: Any, factor: float) -> Any:
        return value * factor if name in self.problem.parameters.delays else value

    def gradient(
        self, changing: Values, values: Values, numbers: object, data: SpikeData, batch: Batch
    ) -> tuple[tuple[float, Parts], Mapping[str, Any]]:
        """The first objective's loss, its parts, and its derivatives."""
        total, parts, slopes = self._slopes(0, values, data, batch)
        return (total, parts), {name: slopes[name] for name in changing}

    def loss_alone(
        self, values: Values, numbers: object, data: SpikeData, batch: Batch
    ) -> tuple[float, Parts]:
        """The first objective's loss without penalties, and its parts."""
        edges = self.forward.edges(_arrays(values))
        passed = self.forward(edges, _chosen(data.inputs, np.asarray(batch.index)), len(batch.index))
        (total, parts), _ = self.losses[0](self._read(0, passed), *self._goals(0, data, batch))
        return float(total), parts

    def _update(
        self,
        number: int,
        values: Values,
        state: OptimiserState,
        numbers: object,
        data: SpikeData,
        batch: Batch,
    ) -> tuple[Values, OptimiserState, Mapping[str, Any]]:
        """One update: parameters and the optimiser's state after it, and the losses before it."""
        _, parts, slopes = self._slopes(number, values, data, batch)
        changing = self.changing(number, values)
        scaled = {
            name: jnp.asarray(self._scaled(name, slopes[name], self.dt), changing[name].dtype)
            for name in changing
        }
        new, state = self.steps[number](scaled, state, changing)
        for name in new.keys() & self.problem.parameters.delays:
            new[name] = jnp.clip(new[name], 0.0, float(LONGEST_DELAY)) * self.dt
        return {**values, **new}, state, parts.losses

    def _slopes(
        self, number: int, values: Values, data: SpikeData, batch: Batch
    ) -> tuple[float, Parts, dict[str, Floats]]:
        """The loss of an objective, its parts, and the derivatives by all parameters that it changes."""
        arrays = _arrays(values)
        edges, trials = self.forward.edges(arrays), len(batch.index)
        passed = self.forward(edges, _chosen(data.inputs, np.asarray(batch.index)), trials)
        (total, parts), by = self.losses[number](
            self._read(number, passed), *self._goals(number, data, batch)
        )
        by = {name: np.asarray(slope, np.float64) for name, slope in by.items()}
        spikes, samples = self._events(number, passed, by)
        joined = {
            name: Joined(p.pre, p.post, str(p.to), edges[name]) for name, p in self.plan.pathways.items()
        }
        derivatives = self.adjoint.gradient(joined, spikes, samples, trials)
        slopes: dict[str, Floats] = {name: np.zeros_like(arrays[name]) for name in self.learns[number]}
        for name, (weight, delay) in derivatives.items():
            of = self.forward.weights[name], self.forward.delays.get(name)
            weight = weight - self.revive * self._silent(passed, by, name, edges[name], batch)
            for parameter, slope in zip(of, (weight, delay), strict=True):
                if parameter in slopes:
                    flat = slopes[parameter].reshape(-1)
                    flat += np.bincount(self.forward.numbers[name], slope, flat.size)
        for name in slopes.keys() & set(self.problem.parameters.weights):
            slopes[name] += self.l1 * np.sign(arrays[name]) + self.l2 * arrays[name]
        return float(total), parts, slopes

    def _silent(
        self, passed: Passed, by: Mapping[str, Floats], name: str, edges: Edges, batch: Batch
    ) -> Floats:
        """For each synapse, in which fraction of the trials its target is silent and should not be.

        A neuron should not be silent in all trials, nor where the loss of its first spike wants it earlier.
        """
        post = self.plan.pathways[name].post
        group = self.plan.groups[post]
        if not self.revive or not group.spiking:
            return np.zeros(edges.sender.size)
        spikes, counted = passed.spikes[post], np.asarray(batch.weight) > 0
        spiked = np.zeros((passed.trials, group.size), bool)
        spiked[spikes.trial, spikes.neuron] = True
        missing = np.broadcast_to(~spiked[counted].any(axis=0), spiked.shape)
        if post in by:
            missing = missing | (by[post].reshape(spiked.shape) > 0) & ~spiked
        return missing[counted].mean(axis=0)[edges.receiver]

    def _read(self, number: int, passed: Passed) -> dict[str, Floats]:
        """What each loss of an objective reads: what was sent, or the times of first spikes."""
        return {
            name: self._first_times(passed, name)
            if reads_first_spikes(loss)
            else passed.sent[name][:, self.since :]
            for name, loss in self.problem.objectives[number].items()
        }

    def _first_times(self, passed: Passed, name: str) -> Floats:
        group, spikes = self.plan.groups[name], passed.spikes[name]
        times = np.full((passed.trials, group.size), self.plan.ticks * self.dt)
        first = _firsts(spikes, group.size)
        times[spikes.trial[first], spikes.neuron[first]] = spikes.tick[first] * self.dt
        return times.reshape(passed.trials, 1, *group.shape)

    def _goals(self, number: int, data: SpikeData, batch: Batch) -> tuple[dict[str, Any], Any]:
        """The targets of a batch, where they are known, and which trials count."""
        goals = {}
        for name, loss in self.problem.objectives[number].items():
            target = data.targets[name]
            ticks = slice(-1, None) if reads_first_spikes(loss) else slice(self.since, None)
            goals[name] = target.values[batch.index][:, ticks], target.known[batch.index][:, ticks]
        return goals, batch.weight

    def _events(
        self, number: int, passed: Passed, by: Mapping[str, NDArray[np.float64]]
    ) -> tuple[dict[str, Sent], dict[tuple[str, str], Sent]]:
        """All spikes and all values that losses read, with the derivatives of the loss by their times."""
        spikes = {
            name: Sent(s.trial, s.tick, s.neuron, np.zeros(len(s))) for name, s in passed.spikes.items()
        }
        samples: dict[tuple[str, str], Sent] = {}
        for name, loss in self.problem.objectives[number].items():
            group, of = self.plan.groups[name], by[name]
            of = of.reshape(*of.shape[:2], group.size)
            if reads_first_spikes(loss):
                sent = passed.spikes[name]
                first = _firsts(sent, group.size)
                spikes[name].loss[first] = of[sent.trial[first], 0, sent.neuron[first]]
            else:  # what is recorded in a tick is the value at the end of the tick before
                first = max(1 - self.since, 0)  # tick 0 has the start value, on which nothing learned acts
                trial, tick, neuron = np.nonzero(of[:, first:])
                slope = of[trial, tick + first, neuron]
                samples[name, str(group.sends)] = Sent(trial, tick + first + self.since - 1, neuron, slope)
        return spikes, samples


def _losses(
    objective: Mapping[str, AnyLoss],
    read: Mapping[str, jax.Array],
    goals: Mapping[str, tuple[jax.Array, jax.Array]],
    weight: jax.Array,
) -> tuple[jax.Array, Parts]:
    """The losses of an objective over a batch as a function of what they read."""
    parts = Parts({}, {})
    for name, loss in objective.items():
        target, known = goals[name]
        per_tick, counts = loss_by_tick(loss, read[name], target, known)
        counts = counts * weight[:, None]
        total = weight.sum() if loss is SENT else counts.sum()
        parts.losses[name] = (per_tick * counts).sum() / jnp.maximum(total, 1e-30)
        if isinstance(loss, Loss) and loss.labels:
            score = -read[name] if reads_first_spikes(loss) else read[name]
            parts.accuracy[name] = accuracy(score, target, known, weight)
    return jnp.asarray(sum(parts.losses.values())), parts


def _step(
    optimiser: Optimiser, slopes: Values, state: OptimiserState, changing: Values
) -> tuple[Values, OptimiserState]:
    """Parameters and the state of the optimiser after an update."""
    import optax  # `learn.gradient` does without it

    change, state = optimiser.update(slopes, state, changing)
    new: Any = optax.apply_updates(changing, change)
    return new, state


def _firsts(spikes: Spikes, size: int) -> NDArray[np.intp]:
    """Where the first spike of each neuron in each trial stands; spikes are sorted by trial and tick."""
    return np.unique(spikes.trial * size + spikes.neuron, return_index=True)[1]


def _arrays(values: Values) -> dict[str, Floats]:
    return {name: np.asarray(value, np.float64) for name, value in values.items()}


def _chosen(inputs: Mapping[str, Drive], index: NDArray[np.intp]) -> dict[str, Drive]:
    """The spikes of some trials, which are then numbered 0, 1, ..."""
    chosen = {}
    for name, drive in inputs.items():
        trial, tick, neuron = drive.spikes
        begin, end = np.searchsorted(trial, index), np.searchsorted(trial, index, side="right")
        counts = end - begin
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(begin, counts) + within
        chosen[name] = Drive(
            trial=np.repeat(np.arange(len(index)), counts), tick=tick[places], neuron=neuron[places]
        )
    return chosen

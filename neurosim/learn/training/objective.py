"""The loss of a network as a function of what learns: the array engine's ticks, then the losses of `losses.py`, in JAX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.carry import Carry
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.memory import input_arrays
from neurosim.engine.arrays.support import unsupported
from neurosim.errors import PlanError
from neurosim.learn.training.losses import SENT, Loss
from neurosim.learn.training.parameters import Parameters, placing
from neurosim.learn.training.targets import AnyLoss, Target
from neurosim.network.probes import Probe
from neurosim.plan.dry_run import dry_run
from neurosim.plan.inputs import Inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Dense, Plan

MOST_BYTES = 2**30  # of what gradients keep of all ticks, above which ticks are computed again instead
SAFE = 0.5  # a number of which every loss has a derivative
Data = dict[str, Any]


def training_plan(
    parameters: Parameters, read: Inputs, populations: set[str], precision: str, *, training: bool
) -> Plan:
    """The plan of a run that records what these populations send. Raises PlanError where the array engine cannot run it."""
    net = parameters.net
    probes = tuple(
        Probe(name, name, None, None, net.populations[name].shape, 1, False) for name in sorted(populations)
    )
    plan = lower(net, read, probes=probes, seed=parameters.seed, precision=precision, training=training)
    if reason := unsupported(plan):
        raise PlanError(
            f"train: the 'arrays' engine cannot run this network: {reason.rsplit('. Use', 1)[0]}. Describe that part without it."
        )
    dry_run(plan, lambda synapses: net.synapses[synapses].label)
    return plan


def as_data(plan: Plan, targets: Mapping[str, Target]) -> Data:
    """Inputs and targets of all trials on the device, the trial axis first; small numbers, such as bytes of images, as they are."""
    spikes = replace(
        plan, drives={name: drive for name, drive in plan.drives.items() if drive.values is None}
    )
    drives = {
        name: np.moveaxis(value, 1, 0)
        for name, value in input_arrays(spikes, np.arange(plan.trials), np.arange(plan.ticks)).items()
    }
    for name, drive in plan.drives.items():
        if drive.values is not None:
            small = drive.values.dtype.itemsize < plan.dtype.itemsize
            drives[name] = drive.values if small else drive.values.astype(plan.dtype, copy=False)
    goals = {
        name: (
            t.values.astype(plan.dtype) if t.values.dtype.kind == "f" else t.values,
            t.known.astype(plan.dtype),
        )
        for name, t in targets.items()
    }
    return jax.device_put({"given": drives, "targets": goals})


def _by_tick(kind: AnyLoss, sent: Any, target: Any, known: Any) -> tuple[Any, Any]:
    """The loss of each tick, (trial, tick), over the targets that are known, and 1 where it counts: where any is known.

    A function of the user's own makes one number of a tick, which counts where all its targets are known.
    """
    flat = known.reshape(*known.shape[:2], -1)
    counted = flat.min(axis=-1, keepdims=True) if not isinstance(kind, Loss) else known
    counted = counted.reshape(*counted.shape, *[1] * (sent.ndim - counted.ndim))
    sent = jnp.where(
        counted > 0, sent, SAFE
    )  # what does not count may be no number, and no gradient may come from it
    if not isinstance(kind, Loss):
        counts = flat.min(axis=-1)
        return jnp.where(counts > 0, jnp.broadcast_to(kind(sent, target), counts.shape), 0.0), counts
    per = kind.of(jax, sent, target)
    return jnp.where(flat > 0, per.reshape(*flat.shape[:2], -1), 0.0).sum(axis=-1), flat.max(axis=-1)


class Objective:
    """Losses of a network, by turn; `loss(turn, learned, rest, data, index, weight, trials)` is one number."""

    def __init__(
        self,
        parameters: Parameters,
        plan: Plan,
        turns: list[dict[str, AnyLoss]],
        *,
        truncate: int | None,
        surrogate: str,
        slope: float,
    ):
        self.program = CompiledPlan(plan, surrogate, slope)
        self.turns, self.truncate, self.ticks = turns, truncate, plan.ticks
        self.put = placing(
            parameters,
            {name for name, pathway in plan.pathways.items() if isinstance(pathway, Dense)},
            jnp.broadcast_to,
        )
        self.dtype = plan.dtype
        self.remembered = (
            4.0
            * plan.dtype.itemsize
            * sum(g.size * (1 + len(g.states) + len(g.ports)) for g in plan.groups.values())
        )

    def loss(
        self,
        turn: int,
        values: Mapping[str, Any],
        numbers: dict[str, Any],
        data: Data,
        index: Any,
        weight: Any,
        trials: Any,
    ) -> tuple[Any, Any]:
        """The sum of the turn's losses over the trials `index`, each times `weight`; each by itself, and the share of classes found."""
        placed = self.put(numbers, values)
        given = {
            name: jnp.moveaxis(value[index], 0, 1).astype(self.dtype) for name, value in data["given"].items()
        }
        samples = self._samples(placed, given, trials)
        parts, right = {}, {}
        for name, kind in self.turns[turn].items():
            sent = jnp.moveaxis(samples[name], 0, 1)
            target, known = (value[index] for value in data["targets"][name])
            per, counts = _by_tick(kind, sent, target, known)
            counted = counts * weight[:, None]
            whole = weight.sum() if kind is SENT else counted.sum()
            parts[name] = (per * counted).sum() / jnp.maximum(whole, 1e-30)
            if isinstance(kind, Loss) and kind.labels:
                hit = (sent.argmax(axis=-1) == target) * known * weight.reshape(-1, *[1] * (known.ndim - 1))
                asked = jnp.broadcast_to(known, target.shape).sum(axis=tuple(range(1, target.ndim))) @ weight
                right[name] = hit.sum() / jnp.maximum(asked, 1e-30)
        return sum(parts.values()), (parts, right)

    def _samples(self, numbers: dict[str, Any], given: dict[str, Any], trials: Any) -> dict[str, Any]:
        """What the populations with a loss send, (tick, trial, *shape); long runs in chunks whose insides are computed twice."""
        carry = self.program.start(numbers, trials.shape[0])
        ticks = jnp.arange(self.ticks)
        chunk = self._chunk(trials.shape[0])
        if chunk >= self.ticks:
            return self.program.block(numbers, carry, given, ticks, trials)[1]

        def run(carry: Carry, x: Any) -> tuple[Carry, Any]:
            carry, samples = self.program.block(numbers, carry, x[0], x[1], trials)
            return (jax.tree.map(jax.lax.stop_gradient, carry) if self.truncate else carry), samples

        whole = self.ticks // chunk * chunk
        xs = jax.tree.map(
            lambda value: value[:whole].reshape(whole // chunk, chunk, *value.shape[1:]), (given, ticks)
        )
        carry, samples = jax.lax.scan(jax.checkpoint(run), carry, xs)
        samples = jax.tree.map(lambda value: value.reshape(whole, *value.shape[2:]), samples)
        if whole < self.ticks:
            rest = jax.tree.map(lambda value: value[whole:], (given, ticks))
            _, more = run(carry, rest)
            samples = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), samples, more)
        return samples

    def _chunk(self, trials: int) -> int:
        if self.truncate:
            return self.truncate
        return (
            self.ticks
            if self.ticks * trials * self.remembered <= MOST_BYTES
            else max(1, int(np.sqrt(self.ticks)))
        )

"""The loss of a network as a function of its parameters, in JAX: ticks of the array engine, then losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.carry import Carry
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.memory import input_arrays
from neurosim.engine.arrays.support import unsupported
from neurosim.engine.inputs import Feed
from neurosim.errors import PlanError
from neurosim.learn.training.losses import SENT, AnyLoss, Loss
from neurosim.learn.training.parameters import Parameters, Placing, ProgramNumbers
from neurosim.learn.training.problem import GradientOptions
from neurosim.learn.training.targets import Target
from neurosim.network.probes import Probe
from neurosim.plan.dry_run import dry_run
from neurosim.plan.inputs import Inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Plan

MOST_BYTES = 2**30  # of what back-propagation keeps of all ticks; above it, ticks are computed twice instead
SAFE = 0.5  # at this number every loss has a finite derivative
ByName: TypeAlias = dict[str, jax.Array]
Array: TypeAlias = jax.Array | np.ndarray


class Data(NamedTuple):
    """All trials on the device.

    inputs: by population, shape (trial, tick, *shape).
    targets: by population, the target and where it is known, as in `Target`.
    """

    inputs: Mapping[str, Array]
    targets: Mapping[str, tuple[Array, Array]]


class Batch(NamedTuple):
    """The trials of one update.

    index: their numbers in the data, shape (trial,).
    weight: 1 for each trial that counts, 0 for those that only fill up the last batch, shape (trial,).
    noise: numbers by which the noise of each trial is drawn, shape (trial,).
    """

    index: Array
    weight: Array
    noise: Array


class Parts(NamedTuple):
    """The loss of each population, and the fraction of targets whose class was right, by population."""

    losses: ByName
    accuracy: ByName


def training_plan(
    parameters: Parameters, inputs: Inputs, populations: set[str], precision: str, *, training: bool
) -> Plan:
    """The plan of a run that records these populations; text reads `training` by that name.

    Raises PlanError if the array engine cannot run the network.
    """
    net = parameters.net
    probes = tuple(
        Probe(name, name, None, None, net.populations[name].shape, 1, False) for name in sorted(populations)
    )
    plan = lower(net, inputs, probes=probes, seed=parameters.seed, precision=precision, training=training)
    if reason := unsupported(plan):
        reason = reason.rsplit(". Use", 1)[0]
        raise PlanError(
            f"train: the 'arrays' engine cannot run this network: {reason}. Describe that part without it."
        )
    dry_run(plan, lambda synapses: net.synapses[synapses].label)
    return plan


def to_device(plan: Plan, targets: Mapping[str, Target]) -> Data:
    """Inputs and targets of all trials on the device; narrow types, such as bytes of images, stay."""
    numbers = {name: drive.values for name, drive in plan.drives.items() if drive.values is not None}
    spikes = {name: drive for name, drive in plan.drives.items() if drive.values is None}
    rasters = input_arrays(plan, Feed(spikes, 0), np.arange(plan.trials), np.arange(plan.ticks))
    inputs = {name: np.moveaxis(raster, 1, 0) for name, raster in rasters.items()}
    for name, values in numbers.items():
        narrow = values.dtype.itemsize < plan.dtype.itemsize
        inputs[name] = values if narrow else values.astype(plan.dtype, copy=False)
    goals = {
        name: (
            target.values.astype(plan.dtype) if target.values.dtype.kind == "f" else target.values,
            target.known.astype(plan.dtype),
        )
        for name, target in targets.items()
    }
    return jax.device_put(Data(inputs, goals))


class Objective:
    """The losses of a network as a function of what learns."""

    def __init__(
        self,
        placing: Placing,
        plan: Plan,
        losses: list[dict[str, AnyLoss]],
        options: GradientOptions,
        since: int = 0,
    ):
        """`losses` holds, for each objective, the loss of every population that has one.

        since: how many ticks at the beginning of all trials do not count.
        """
        learning = [name for name, _, _ in placing.weights]
        self.program = CompiledPlan(plan, options.surrogate, options.slope, learning)
        self.losses, self.truncate, self.ticks = losses, options.truncate, plan.ticks
        self.put = placing
        self.dtype = plan.dtype
        # About four arrays of each state, port and message are kept of every tick.
        numbers = sum(
            group.size * (1 + len(group.states) + len(group.ports)) for group in plan.groups.values()
        )
        self.since = since
        self.bytes_per_tick = 4.0 * plan.dtype.itemsize * numbers

    def loss(
        self, number: int, values: ByName, numbers: ProgramNumbers, data: Data, batch: Batch
    ) -> tuple[jax.Array, Parts]:
        """The loss of objective `number` over a batch of trials, and its parts.

        values: the parameters.
        numbers: those of the array program, some of which the parameters replace.
        """
        placed = self.put(numbers, values)
        inputs = {
            name: jnp.moveaxis(value[batch.index], 0, 1).astype(self.dtype)
            for name, value in data.inputs.items()
        }
        samples = self._samples(placed, inputs, jnp.asarray(batch.noise))
        parts = Parts({}, {})
        for name, loss in self.losses[number].items():
            sent = jnp.moveaxis(samples[name], 0, 1)  # (trial, tick, *shape)
            first = self.ticks - sent.shape[1]  # of what has been sent, as ticks that do not count may lack
            target, known = (value[batch.index][:, first:] for value in data.targets[name])
            per_tick, counts = loss_by_tick(loss, sent, target, known)
            counts = counts * batch.weight[:, None]
            total = batch.weight.sum() if loss is SENT else counts.sum()
            parts.losses[name] = (per_tick * counts).sum() / jnp.maximum(total, 1e-30)
            if isinstance(loss, Loss) and loss.labels:
                parts.accuracy[name] = accuracy(sent, target, known, batch.weight)
        return jnp.asarray(sum(parts.losses.values())), parts

    def _samples(self, numbers: ProgramNumbers, inputs: ByName, noise: jax.Array) -> ByName:
        """What the populations with a loss send, shape (tick, trial, *shape), in ticks that may count.

        A long run is divided into chunks. Of a chunk only the state at its start is kept;
        back-propagation computes its ticks again. With `truncate`, chunks have that length, and
        no gradient crosses from one to the one before.
        """
        carry = self.program.start(numbers, noise.shape[0])
        ticks = jnp.arange(self.ticks)
        chunk = self._chunk_length(noise.shape[0])
        if chunk >= self.ticks:
            return self.program.block(numbers, carry, inputs, ticks, noise, since=self.since)[1]

        def run(carry: Carry, x: tuple[ByName, jax.Array]) -> tuple[Carry, ByName]:
            carry, samples = self.program.block(numbers, carry, x[0], x[1], noise)
            return (jax.tree.map(jax.lax.stop_gradient, carry) if self.truncate else carry), samples

        chunked = self.ticks // chunk * chunk  # ticks in chunks of full length
        xs = jax.tree.map(
            lambda value: value[:chunked].reshape(chunked // chunk, chunk, *value.shape[1:]), (inputs, ticks)
        )
        carry, samples = jax.lax.scan(jax.checkpoint(run), carry, xs)
        samples = jax.tree.map(lambda value: value.reshape(chunked, *value.shape[2:]), samples)
        if chunked < self.ticks:
            rest = jax.tree.map(lambda value: value[chunked:], (inputs, ticks))
            _, more = run(carry, rest)
            samples = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), samples, more)
        return samples

    def _chunk_length(self, trials: int) -> int:
        """Ticks in a chunk; chunks of the root of the run's length need the least memory."""
        if self.truncate:
            return self.truncate
        if self.ticks * trials * self.bytes_per_tick <= MOST_BYTES:
            return self.ticks
        return max(1, int(np.sqrt(self.ticks)))


def loss_by_tick(
    loss: AnyLoss, sent: jax.Array, target: jax.Array, known: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The loss of each tick, summed over known targets, and 1 for ticks that count, both (trial, tick).

    A function of the user's own gives one number for a tick, which counts if all its targets are known.
    """
    flat = known.reshape(*known.shape[:2], -1)
    used = known if isinstance(loss, Loss) else flat.min(axis=-1, keepdims=True)
    used = used.reshape(*used.shape, *[1] * (sent.ndim - used.ndim))
    # What does not count may be infinite or NaN, and then its gradient would be NaN even times 0.
    sent = jnp.where(used > 0, sent, SAFE)
    if not isinstance(loss, Loss):
        counts = flat.min(axis=-1)
        return jnp.where(counts > 0, jnp.broadcast_to(loss(sent, target), counts.shape), 0.0), counts
    each = loss.of(jax, sent, target).reshape(*flat.shape[:2], -1)
    return jnp.where(flat > 0, each, 0.0).sum(axis=-1), flat.max(axis=-1)


def accuracy(sent: jax.Array, target: jax.Array, known: jax.Array, weight: Array) -> jax.Array:
    """The fraction of known targets whose class sends most."""
    right = (sent.argmax(axis=-1) == target) * known * weight.reshape(-1, *[1] * (known.ndim - 1))
    asked = jnp.broadcast_to(known, target.shape).sum(axis=tuple(range(1, target.ndim))) @ weight
    return right.sum() / jnp.maximum(asked, 1e-30)

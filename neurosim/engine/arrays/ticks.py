"""The steps of a tick on JAX arrays, named as in `engine/reference/steps.py`.

The tick contract, which they keep, stands in `plan/plan.py`.

Every array begins with the trial axis. Nothing here changes an array: a tick takes what the network
remembers (the carry) and gives what it remembers after it, so that `lax.scan` runs over ticks and gradients
pass through them.
"""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never, cast

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.carry import TickState
from neurosim.engine.arrays.products import Each, Product
from neurosim.engine.arrays.random import Random, binomial
from neurosim.engine.sampling import Quantity, is_late, quantity
from neurosim.engine.state import Names, identity
from neurosim.network.probes import Probe
from neurosim.network.program import Do, Step
from neurosim.plan.called import Called, Table
from neurosim.plan.codegen.jax_code import (
    JaxAxisFunctions,
    evaluate,
    jax_block,
    jax_condition,
    surrogate_step,
)
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.plan import Block, Group, Plan, Private


class Steps:
    """The steps of a plan's ticks.

    products: what arrives at each population.
    spiking: whether a population sends spikes.
    surrogate, slope: of the derivative of spikes, see `surrogate_step`.
    depth: how many past messages of each population the carry holds.
    kept: populations whose last message stands in a variable instead. Both are set by the plan that is
        compiled (`compiled.py`).
    """

    def __init__(
        self, plan: Plan, products: list[Product], spiking: Mapping[str, bool], surrogate: str, slope: float
    ):
        self.plan, self.products, self.spiking, self.dtype = plan, products, spiking, plan.dtype
        self.surrogate_step = surrogate_step(surrogate, slope)
        self.axis_functions = {name: JaxAxisFunctions(group.shape) for name, group in plan.groups.items()}
        self.private = plan.of_class(Private)
        self.depth: dict[str, int] = {}
        self.kept: set[str] = set()

    def run(self, now: TickState, step: Step) -> None:
        """Run one step of a tick."""
        match step.kind:
            case Do.DRIVE:
                self.drive(now, step)
            case Do.DELIVER:
                self.deliver(now, step)
            case Do.INTEGRATE | Do.UPDATE:  # synapses with text, which integrate first, are refused
                self.update(now, step)
            case Do.THRESHOLD:
                self.threshold(now, step)
            case Do.SEND:
                self.send(now, step)
            case Do.RESET:
                self.reset(now, step)
            case Do.RECORD:
                self.record(now, step)
            case Do.SWEEP | Do.SUM | Do.RUN | Do.CALL:
                pass  # refused before the run; see support.py
            case _ as unknown:
                assert_never(unknown)

    def shape(self, now: TickState, group: Group) -> tuple[int, ...]:
        """The shape of what a population sends, (trial, *population)."""
        return (now.trials.shape[0], *group.shape)

    def waiting(self, now: TickState, name: str, port: str) -> tuple[jax.Array, jax.Array]:
        """What has arrived at a port since it was read, and how many arrivals: (trial, *population) each."""
        group = self.plan.groups[name]
        nothing = jnp.asarray(identity(group.ports[port])), jnp.asarray(0)
        total, count = (
            jnp.broadcast_to(part, self.shape(now, group)).astype(self.dtype)
            for part in now.ports.get((name, port), nothing)
        )
        return total, count

    def record(self, now: TickState, step: Step) -> None:
        """Sample variables and messages of populations with text; the rest follows at the end of the tick."""
        for probe in self.plan.probes:
            group = self.plan.groups.get(probe.owner)
            concerned = group is None or group.name in step.populations
            if concerned and not probe.events and not is_late(self.plan, probe):
                now.samples[probe.name] = self.sample(now, probe)

    def drive(self, now: TickState, step: Step) -> None:
        """Driven populations send the inputs of this tick."""
        for name in step.populations:
            now.sent[name] = now.inputs[name].astype(self.dtype)

    def deliver(self, now: TickState, step: Step) -> None:
        """Deliver spikes of an earlier run, products of messages and weights, then private sources."""
        if step.delivers(graded=False):
            for (post, to), (total, count) in now.pending.items():
                if post in step.populations:
                    self._add(now, self.plan.groups[post], to, total, count)
        for number, product in enumerate(self.products):
            if product.post in step.populations and step.delivers(graded=not self.spiking[product.pre]):
                self._deliver_product(now, product, now.weights[number])
        if step.delivers(graded=False):
            for pathway in self.private:
                if pathway.post in step.populations:
                    group = self.plan.groups[pathway.post]
                    self._add(now, group, str(pathway.to), self._from_private(now, pathway), jnp.asarray(0))

    def _deliver_product(self, now: TickState, product: Product, weight: jax.Array | None) -> None:
        if product.weights_from is not None:
            weight = self._message(now, *product.weights_from)
        assert weight is not None
        if product.each is None:
            message = self._message(now, product.pre, product.delay)
        else:
            message = self._message_of_each(now, product.pre, product.each)
        arrived = product.apply(weight, message)
        group = self.plan.groups[product.post]
        for target, (value, count) in zip(product.targets, arrived, strict=True):
            reduce = group.ports.get(target.to, "sum")
            if count is not None:
                counts = target.part.put(count, 0.0)
            else:
                counts = jnp.asarray(target.part.count(target.terms) if reduce != "sum" else 0)
            self._add(now, group, target.to, target.part.put(value, identity(reduce)), counts)

    def _add(self, now: TickState, group: Group, to: str, total: jax.Array, count: jax.Array) -> None:
        """Add arrivals to a port, or to a variable unless that is frozen in a refractory neuron."""
        if to in group.ports:
            if (group.name, to) in now.ports:
                before, counted = now.ports[group.name, to]
                total = jnp.maximum(before, total) if group.ports[to] == "max" else before + total
                count = counted + count
            now.ports[group.name, to] = total, count
            return
        old = now.values[group.name][to]
        new = old + total
        if to in group.frozen:
            new = jnp.where(now.not_refractory[group.name], new, old)
        now.values[group.name][to] = new

    def _message(self, now: TickState, name: str, delay: int) -> jax.Array:
        """The message of `delay` ticks ago; the newest one where this tick's has not been sent yet."""
        if name in now.sent:
            if not delay:
                return now.sent[name]
        else:
            delay = max(delay, 1)
        if name in self.kept:
            return now.carry["values"][name][str(self.plan.groups[name].sends)]
        past, depth = now.carry["sent"][name], self.depth[name]
        if depth == 1:
            return past
        place = (now.tick - delay) % depth
        return cast(jax.Array, jax.lax.dynamic_index_in_dim(past, place, 0, keepdims=False))

    def _message_of_each(self, now: TickState, name: str, each: Each) -> jax.Array:
        """The message that each synapse brings, sent at a tick of its own: (trial, synapse)."""
        past, depth = now.carry["sent"][name], self.depth[name]
        by_neuron = past.reshape(depth, past.shape[1], -1)
        return by_neuron[(now.tick - each.delay) % depth, :, each.sender].T

    def _from_private(self, now: TickState, pathway: Private) -> jax.Array:
        """Weight times Binomial(n, p): each target has n sources, which spike with the sender's chance p."""
        group, target = self.plan.groups[pathway.pre], self.plan.groups[pathway.post]
        chance = jnp.broadcast_to(
            evaluate(pathway.chance, self.names(now, group)), self.shape(now, group)
        ).reshape(now.trials.shape[0], -1)[:, pathway.pre_index]
        elements = jnp.asarray(pathway.post_index.astype(np.uint32))[None, :]
        keys = now.numbers["keys"][f"{pathway.name}/private"]
        random = Random(keys, now.tick, now.trials[:, None], elements, self.dtype)
        drawn = binomial(random.rand32(0), pathway.sources, chance)
        value = now.numbers["weights"][pathway.name].astype(self.dtype) * drawn.astype(self.dtype)
        nothing = jnp.zeros((now.trials.shape[0], target.size), self.dtype)
        return nothing.at[:, pathway.post_index].set(value).reshape(self.shape(now, target))

    def update(self, now: TickState, step: Step) -> None:
        """Read the ports and compute new states; then clamps replace what graded populations send."""
        for name in step.populations:
            group = self.plan.groups[name]
            ports = {port: self._read(now, group, port) for port in group.ports}
            now.read |= {(name, port): value for port, value in ports.items()}
            self._refresh_refractory(now, group)
            for part in (group.integrate, group.update):
                if part is not None:
                    now.values[name] |= self._run_block(now, group, part, ports)
            clamp = now.inputs.get(name)
            if clamp is not None and group.sends is not None:
                free = now.values[name][group.sends]
                now.values[name][group.sends] = jnp.where(jnp.isnan(clamp), free, clamp).astype(self.dtype)

    def _read(self, now: TickState, group: Group, port: str) -> jax.Array:
        """The sum, maximum or mean of the arrivals; 0 where nothing arrived. Clears the port."""
        if (group.name, port) not in now.ports:
            return jnp.zeros(self.shape(now, group), self.dtype)
        total, count = now.ports.pop((group.name, port))
        reduce = group.ports[port]
        if reduce == "mean":
            return total / jnp.maximum(count, 1).astype(self.dtype)
        return jnp.where(count > 0, total, jnp.zeros((), self.dtype)) if reduce == "max" else total

    def _run_block(
        self, now: TickState, group: Group, part: Block, ports: Mapping[str, jax.Array]
    ) -> dict[str, jax.Array]:
        """The new values of what a block of a population's text writes: (trial, *shape)."""
        run = jax_block(part.statements, part.writes, part.frozen)
        names, random = self.names(now, group, ports), self._random(now, group, part)
        new = run(names, self.axis_functions[group.name], random)
        return {name: self._spread(now, group, value) for name, value in new.items()}

    def _spread(self, now: TickState, group: Group, value: Numeric) -> jax.Array:
        """A value of text as an array (trial, *shape) of the run's type."""
        return jnp.broadcast_to(jnp.asarray(value), self.shape(now, group)).astype(self.dtype)

    def _random(self, now: TickState, group: Group, part: Block) -> Random | None:
        keys = now.numbers["keys"].get(f"{group.name}/{part.name}")
        if keys is None:
            return None
        elements = jnp.arange(group.size, dtype=jnp.uint32).reshape(1, *group.shape)
        trials = now.trials.reshape(-1, *(1,) * len(group.shape))
        return Random(keys, _by_trial(now.tick, group), trials, elements, self.dtype)

    def names(self, now: TickState, group: Group, ports: Mapping[str, jax.Array] | None = None) -> Names:
        """The names that a population's text may use, with their present values.

        ports: what this update has read at the ports; None: what the update of this tick read.
        """
        constants = {**group.constants, **now.numbers["constants"][group.name]}
        names: Names = {**constants, **now.values[group.name]}
        if "t" not in names:
            names["t"] = (_by_trial(now.tick, group) * (self.plan.dt or 1.0)).astype(jnp.float64)
        if group.spiking:
            names["not_refractory"] = now.not_refractory.get(group.name, True)
        for port in group.ports:
            read = (ports or {}).get(port)
            names[port] = (
                now.read.get((group.name, port), jnp.zeros((), self.dtype)) if read is None else read
            )
        return names

    def _refresh_refractory(self, now: TickState, group: Group) -> None:
        """Find out which neurons have left their refractory period."""
        rule = group.refractory
        if rule is None:
            return
        ago = now.tick - now.last_spike[group.name]
        if rule.condition:
            holds = jnp.asarray(evaluate(rule.condition, self.names(now, group)))
            holds = jnp.broadcast_to(holds, ago.shape).astype(bool)
            now.not_refractory[group.name] = now.not_refractory[group.name] | ~holds
            return
        period: int | jax.Array = rule.ticks
        if rule.time:
            seconds = evaluate(rule.time, self.names(now, group))
            # A time that is a whole number of ticks must not lose a tick to rounding.
            period = jnp.floor(seconds / (self.plan.dt or 1.0) + 1e-3)
        now.not_refractory[group.name] = ago >= period

    def threshold(self, now: TickState, step: Step) -> None:
        """Find the neurons that spike at this tick, as 1 or 0; a clamp replaces that."""
        for name in step.populations:
            group = self.plan.groups[name]
            assert group.threshold is not None
            condition = jax_condition(group.threshold.statements[0].expression, self.surrogate_step)
            names, random = self.names(now, group), self._random(now, group, group.threshold)
            spikes = self._spread(now, group, condition(names, self.axis_functions[name], random))
            if group.refractory is not None:
                spikes = spikes * now.not_refractory[name]
            clamp = now.inputs.get(name)
            if clamp is not None:
                spikes = jnp.where(jnp.isnan(clamp), spikes, (clamp != 0).astype(self.dtype))
            now.sent[name] = spikes
            if group.refractory is not None:
                now.last_spike[name] = jnp.where(spikes > 0, now.tick, now.last_spike[name])
                now.not_refractory[name] = now.not_refractory[name] & ~(spikes > 0)

    def send(self, now: TickState, step: Step) -> None:
        """Populations that do not spike send their value; spikes are messages since the threshold."""
        for name in step.populations:
            if not self.spiking[name]:
                now.sent[name] = self.message(now, self.plan.groups[name])

    def message(self, now: TickState, group: Group) -> jax.Array:
        """The value that a population sends, as it is now."""
        assert group.sends is not None
        owner = self.plan.variable_owner(group)
        if group.sends in owner.subexpressions:
            return self._derived(now, owner, group.sends)
        return now.values[owner.name][group.sends]

    def _derived(self, now: TickState, group: Group, name: str) -> jax.Array:
        """The present value of a subexpression."""
        value = evaluate(group.subexpressions[name], self.names(now, group), self.axis_functions[group.name])
        return self._spread(now, group, value)

    def reset(self, now: TickState, step: Step) -> None:
        """Run reset text for the neurons that have spiked at this tick."""
        for name in step.populations:
            group = self.plan.groups[name]
            if group.reset is not None:
                spiked, values = now.sent[name] > 0, now.values[name]
                for variable, value in self._run_block(now, group, group.reset, {}).items():
                    values[variable] = jnp.where(spiked, value, values[variable])

    def sample(self, now: TickState, probe: Probe) -> jax.Array:
        """What a probe records: (trial, *probe.shape), or whether each neuron spiked, (trial, neuron)."""
        count = now.trials.shape[0]
        if probe.events:
            value = now.sent[probe.owner] > 0
        else:
            value = self._values(now, probe)
        if probe.owner in self.plan.pathways:
            return jnp.broadcast_to(value, (count, *value.shape)).reshape(count, *probe.shape)
        flat = value.reshape(count, -1)
        chosen = flat if probe.index is None else flat[:, probe.index]
        return chosen if probe.events else chosen.reshape(count, *probe.shape).astype(self.dtype)

    def _values(self, now: TickState, probe: Probe) -> jax.Array:
        """What a probe records: (trial, *shape) of all neurons, or (synapse,), the same in all trials."""
        owner, variable = probe.owner, str(probe.variable)
        match quantity(self.plan, probe):
            case Quantity.SYNAPSES | Quantity.SYNAPSE_SUBEXPRESSION:  # the second is refused
                return (
                    now.numbers["weights"][owner] if variable == "w" else now.numbers["synapses"][probe.name]
                )
            case Quantity.MESSAGE:
                group = self.plan.groups[owner]
                return now.sent[owner] if group.sends is None else self.message(now, group)
            case Quantity.PORT:
                nothing = jnp.zeros(self.shape(now, self.plan.groups[owner]), self.dtype)
                return now.read.get((owner, variable), nothing)
            case Quantity.SUBEXPRESSION:
                return self._derived(now, self.plan.groups[owner], variable)
            case Quantity.STATE:
                return now.values[owner][variable]
            case _ as unknown:
                assert_never(unknown)


def blocks(group: Group) -> list[Block]:
    """The blocks of text that a population has."""
    parts = (group.integrate, group.update, group.threshold, group.reset)
    return [part for part in parts if part is not None]


def is_array(value: Numeric) -> bool:
    """Whether a constant is one of the plan's numbers, which may change without another compilation.

    Single whole numbers are plain floats after lowering, and part of the compiled text. So are functions of
    the user's own, but the values of tables are numbers.
    """
    if isinstance(value, Called):
        return isinstance(value, Table)
    return type(value) is not float and np.asarray(value).dtype.kind == "f"


def _by_trial(tick: jax.Array, group: Group) -> jax.Array:
    """The tick: one for all, or one for each trial, shaped to broadcast against the population."""
    return tick.reshape(-1, *(1,) * len(group.shape)) if tick.ndim else tick

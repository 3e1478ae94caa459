"""The steps of a tick on JAX arrays, one method each, named as in `engine/reference/steps.py`; the tick contract stands in `plan/plan.py`.

Every array begins with the trial axis. Nothing here changes an array: a tick takes what the network remembers (the carry) and
gives what it remembers after it, so that `lax.scan` runs over ticks and gradients pass through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.products import Product
from neurosim.engine.arrays.random import Random, binomial
from neurosim.network.probes import Probe
from neurosim.network.program import Do, Step
from neurosim.plan.codegen.jax_code import (
    JaxAxisFunctions,
    evaluate,
    jax_block,
    jax_condition,
    surrogate_step,
)
from neurosim.plan.plan import Block, Group, Plan, Private

Carry = dict[str, Any]


@dataclass
class Now:
    """One tick while it runs: what populations are, have sent, have been given, and what waits at ports."""

    tick: Any
    trials: Any
    numbers: Mapping[str, Any]
    carry: Carry
    given: Mapping[str, Any]
    pending: Mapping[tuple[str, str], Any]
    prepared: list[Any]
    values: dict[str, dict[str, Any]]
    not_refractory: dict[str, Any]
    last_spike: dict[str, Any]
    ports: dict[tuple[str, str], tuple[Any, Any]]  # (value, how many arrived)
    sent: dict[str, Any] = field(default_factory=dict)
    read: dict[tuple[str, str], Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)


class Steps:
    """The steps of a plan's ticks. `depth`: how many past messages of each population the carry holds; `kept`: whose last message
    stands in a variable instead."""

    def __init__(
        self, plan: Plan, products: list[Product], spiking: Mapping[str, bool], surrogate: str, slope: float
    ):
        self.plan, self.products, self.spiking, self.dtype = plan, products, spiking, plan.dtype
        self.step = surrogate_step(surrogate, slope)
        self.along = {name: JaxAxisFunctions(group.shape) for name, group in plan.groups.items()}
        self.private = plan.of_kind(Private)
        self.depth: dict[str, int] = {}
        self.kept: set[str] = set()

    def take(self, now: Now, step: Step) -> None:
        """One step of a tick."""
        match step.kind:
            case Do.DRIVE:
                self.drive(now, step)
            case Do.DELIVER:
                self.deliver(now, step)
            case Do.INTEGRATE:
                self.integrate(now, step)
            case Do.UPDATE:
                self.update(now, step)
            case Do.THRESHOLD:
                self.threshold(now, step)
            case Do.SEND:
                self.send(now, step)
            case Do.RESET:
                self.reset(now, step)
            case Do.RECORD:
                self.record(now, step)
            case Do.SWEEP:
                pass  # refused before the run; see support.py
            case _ as unknown:
                assert_never(unknown)

    def waiting(self, now: Now, name: str, port: str) -> tuple[Any, Any]:
        """What has arrived at a port since it was last read, and how much, (trial, *population) each."""
        group = self.plan.groups[name]
        shape = (now.trials.shape[0], *group.shape)
        found = now.ports.get((name, port), (jnp.asarray(nothing(group.ports[port])), 0))
        value, count = (jnp.broadcast_to(jnp.asarray(part), shape).astype(self.dtype) for part in found)
        return value, count

    def record(self, now: Now, step: Step) -> None:
        """States, and what populations with text send; ports and driven populations are sampled at the end of the tick."""
        for probe in self.plan.probes:
            group = self.plan.groups.get(probe.owner)
            if group is not None and group.name not in step.populations:
                continue
            late = group is not None and (
                group.driven or probe.variable in group.ports or (group.spiking and probe.variable is None)
            )
            if not probe.events and not late:
                now.samples[probe.name] = self.sample(now, probe)

    def drive(self, now: Now, step: Step) -> None:
        """Outside values of this tick: driven populations send them."""
        for name in step.populations:
            now.sent[name] = now.given[name].astype(self.dtype)

    def deliver(self, now: Now, step: Step) -> None:
        """Arrivals at ports and variables."""
        if step.delivers(graded=False):
            for (post, to), (value, count) in now.pending.items():
                if post in step.populations:
                    self._put(now, self.plan.groups[post], to, value, count)
        for number, product in enumerate(self.products):
            if product.post not in step.populations or not step.delivers(
                graded=not self.spiking[product.pre]
            ):
                continue
            weight = now.prepared[number] if product.sent is None else self._sent_at(now, *product.sent)
            arrived = product.apply(weight, self._sent_at(now, product.pre, product.delay))
            group = self.plan.groups[product.post]
            for end, value in zip(product.ends, product.split(arrived), strict=True):
                reduce = group.ports.get(end.to, "sum")
                if product.counted:
                    value, count = value
                    self._put(
                        now, group, end.to, end.part.put(value, nothing(reduce)), end.part.put(count, 0.0)
                    )
                    continue
                whole = end.part.put(value, nothing(reduce))
                self._put(now, group, end.to, whole, end.part.count(end.terms) if reduce != "sum" else 0)
        if step.delivers(graded=False):
            for pathway in self.private:
                if pathway.post in step.populations:
                    self._put(
                        now,
                        self.plan.groups[pathway.post],
                        str(pathway.to),
                        self._from_private(now, pathway),
                        0,
                    )

    def _put(self, now: Now, group: Group, to: str, value: Any, count: Any) -> None:
        if to in group.ports:
            old, some = now.ports.get((group.name, to), (None, 0))
            join = jnp.maximum if group.ports[to] == "max" else jnp.add
            now.ports[group.name, to] = (value if old is None else join(old, value)), some + count
            return
        old = now.values[group.name][to]
        new = old + value
        now.values[group.name][to] = (
            jnp.where(now.not_refractory[group.name], new, old) if to in group.frozen else new
        )

    def _sent_at(self, now: Now, name: str, delay: int) -> Any:
        """The message of `delay` ticks ago; the newest where this tick's has not been sent yet."""
        if name in now.sent:
            if not delay:
                return now.sent[name]
        else:
            delay = max(delay, 1)
        if name in self.kept:
            return now.carry["values"][name][str(self.plan.groups[name].sends)]
        past, depth = now.carry["sent"][name], self.depth[name]
        return (
            past
            if depth == 1
            else jax.lax.dynamic_index_in_dim(past, (now.tick - delay) % depth, 0, keepdims=False)
        )

    def _from_private(self, now: Now, pathway: Private) -> Any:
        group, target = self.plan.groups[pathway.pre], self.plan.groups[pathway.post]
        count = now.trials.shape[0]
        chance = jnp.broadcast_to(
            evaluate(pathway.chance, self.names(now, group)), (count, *group.shape)
        ).reshape(count, -1)
        chance = chance[:, pathway.pre_index]
        elements = jnp.asarray(pathway.post_index.astype(np.uint32))[None, :]
        random = Random(
            now.numbers["keys"][f"{pathway.name}/private"],
            now.tick,
            now.trials[:, None],
            elements,
            self.dtype,
        )
        drawn = binomial(random.rand_in_fours(0), pathway.sources, chance)
        value = (
            jnp.zeros((count, target.size), self.dtype)
            .at[:, pathway.post_index]
            .set(now.numbers["weights"][pathway.name].astype(self.dtype) * drawn.astype(self.dtype))
        )
        return value.reshape(count, *target.shape)

    def integrate(self, now: Now, step: Step) -> None:
        """Equations over one tick, then update text."""
        self.update(now, step)

    def update(self, now: Now, step: Step) -> None:
        """Read the ports, move the state; then clamps replace what graded populations send."""
        for name in step.populations:
            group = self.plan.groups[name]
            ports = {port: self._read(now, group, port) for port in group.ports}
            now.read |= {(name, port): value for port, value in ports.items()}
            self._refresh_refractory(now, group)
            for part in (group.integrate, group.update):
                if part is not None:
                    now.values[name] |= self._run(now, group, part, ports)
            given = now.given.get(name)
            if given is not None and group.sends is not None:
                old = now.values[name][group.sends]
                now.values[name][group.sends] = jnp.where(jnp.isnan(given), old, given).astype(self.dtype)

    def _read(self, now: Now, group: Group, port: str) -> Any:
        """The sum, maximum or mean of the arrivals; 0 where nothing arrived. Clears the port."""
        total, count = now.ports.pop((group.name, port), (None, 0))
        if total is None:
            return jnp.zeros((now.trials.shape[0], *group.shape), self.dtype)
        reduce = group.ports[port]
        if reduce == "mean":
            return total / jnp.maximum(count, 1).astype(self.dtype)
        return jnp.where(count > 0, total, jnp.zeros((), self.dtype)) if reduce == "max" else total

    def _run(self, now: Now, group: Group, part: Block, ports: Mapping[str, Any]) -> dict[str, Any]:
        new = jax_block(part.statements, part.writes, part.frozen)(
            self.names(now, group, ports), self.along[group.name], self._random(now, group, part)
        )
        shape = (now.trials.shape[0], *group.shape)
        return {
            name: jnp.broadcast_to(jnp.asarray(value), shape).astype(self.dtype)
            for name, value in new.items()
        }

    def _random(self, now: Now, group: Group, part: Block) -> Random | None:
        keys = now.numbers["keys"].get(f"{group.name}/{part.name}")
        if keys is None:
            return None
        elements = jnp.arange(group.size, dtype=jnp.uint32).reshape(1, *group.shape)
        return Random(
            keys,
            _by_trial(now.tick, group),
            now.trials.reshape(-1, *(1,) * len(group.shape)),
            elements,
            self.dtype,
        )

    def names(self, now: Now, group: Group, ports: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The names that a population's text may use, with their present values."""
        names: dict[str, Any] = {
            **group.constants,
            **now.numbers["constants"][group.name],
            **now.values[group.name],
        }
        if "t" not in names:
            names["t"] = (_by_trial(now.tick, group) * (self.plan.dt or 1.0)).astype(jnp.float64)
        if group.spiking:
            names["not_refractory"] = now.not_refractory.get(group.name, True)
        for port in group.ports:
            read = (ports or {}).get(port)
            if read is None:
                read = now.read.get((group.name, port), jnp.zeros((), self.dtype))
            names[port] = read
        return names

    def _refresh_refractory(self, now: Now, group: Group) -> None:
        rule = group.refractory
        if rule is None:
            return
        ago = now.tick - now.last_spike[group.name]
        if rule.condition:
            holds = jnp.broadcast_to(
                jnp.asarray(evaluate(rule.condition, self.names(now, group))), ago.shape
            ).astype(bool)
            now.not_refractory[group.name] = now.not_refractory[group.name] | ~holds
            return
        period: Any = rule.ticks
        if rule.time:
            period = jnp.floor(evaluate(rule.time, self.names(now, group)) / (self.plan.dt or 1.0) + 1e-3)
        now.not_refractory[group.name] = ago >= period

    def threshold(self, now: Now, step: Step) -> None:
        """Which neurons spike at this tick, as 1 or 0; a clamp replaces that."""
        for name in step.populations:
            group = self.plan.groups[name]
            assert group.threshold is not None
            condition = jax_condition(group.threshold.statements[0].expression, self.step)
            spikes = condition(
                self.names(now, group), self.along[name], self._random(now, group, group.threshold)
            )
            spikes = jnp.broadcast_to(jnp.asarray(spikes), (now.trials.shape[0], *group.shape)).astype(
                self.dtype
            )
            if group.refractory is not None:
                spikes = spikes * now.not_refractory[name]
            given = now.given.get(name)
            if given is not None:
                spikes = jnp.where(jnp.isnan(given), spikes, (given != 0).astype(self.dtype))
            now.sent[name] = spikes
            if group.refractory is not None:
                now.last_spike[name] = jnp.where(spikes > 0, now.tick, now.last_spike[name])
                now.not_refractory[name] = now.not_refractory[name] & ~(spikes > 0)

    def send(self, now: Now, step: Step) -> None:
        """Spikes are on their way since the threshold; other populations send their value."""
        for name in step.populations:
            if not self.spiking[name]:
                now.sent[name] = self.message(now, self.plan.groups[name])

    def message(self, now: Now, group: Group) -> Any:
        assert group.sends is not None
        owner = self.plan.speaker(group)
        if group.sends not in owner.derived:
            return now.values[owner.name][group.sends]
        value = evaluate(owner.derived[group.sends], self.names(now, owner), self.along[owner.name])
        return jnp.broadcast_to(value, (now.trials.shape[0], *group.shape)).astype(self.dtype)

    def reset(self, now: Now, step: Step) -> None:
        """Reset text for the neurons that have spiked at this tick."""
        for name in step.populations:
            group = self.plan.groups[name]
            if group.reset is not None:
                for variable, value in self._run(now, group, group.reset, {}).items():
                    now.values[name][variable] = jnp.where(
                        now.sent[name] > 0, value, now.values[name][variable]
                    )

    def sample(self, now: Now, probe: Probe) -> Any:
        count = now.trials.shape[0]
        if probe.owner in self.plan.pathways:
            value = (
                now.numbers["weights"][probe.owner]
                if probe.variable == "w"
                else now.numbers["synapses"][probe.name]
            )
            return jnp.broadcast_to(value, (count, *value.shape)).reshape(count, *probe.shape)
        group = self.plan.groups[probe.owner]
        if probe.events:
            value = now.sent[probe.owner] > 0
        elif probe.variable is None:
            value = now.sent[group.name] if group.sends is None else self.message(now, group)
        elif probe.variable in group.ports:
            value = now.read.get((group.name, probe.variable), jnp.zeros((count, *group.shape), self.dtype))
        elif probe.variable in group.derived:
            value = evaluate(group.derived[probe.variable], self.names(now, group), self.along[group.name])
            value = jnp.broadcast_to(value, (count, *group.shape))
        else:
            value = now.values[group.name][probe.variable]
        flat = value.reshape(count, -1)
        if probe.events:
            return flat if probe.index is None else flat[:, probe.index]
        return (
            (flat if probe.index is None else flat[:, probe.index])
            .reshape(count, *probe.shape)
            .astype(self.dtype)
        )


def nothing(reduce: str) -> float:
    """What a port holds at which nothing has arrived."""
    return -np.inf if reduce == "max" else 0.0


def blocks(group: Group) -> list[Block]:
    """The blocks of text that a population has."""
    return [
        part for part in (group.integrate, group.update, group.threshold, group.reset) if part is not None
    ]


def is_number(value: Any) -> bool:
    """Whether a constant may change without another program: single whole numbers, which are plain floats, are part of the text."""
    return type(value) is not float and np.asarray(value).dtype.kind == "f"


def _by_trial(tick: Any, group: Group) -> Any:
    """The tick: one for all, or one for each trial, shaped to broadcast against the population."""
    return tick.reshape(-1, *(1,) * len(group.shape)) if tick.ndim else tick

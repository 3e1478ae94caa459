"""The steps of a tick on JAX arrays, one method each, named as in `engine/reference/steps.py`; the tick contract stands in `plan/plan.py`.

Every array begins with the trial axis. Nothing here changes an array: a tick takes what the network remembers (the carry) and
gives what it remembers after it, so that `lax.scan` runs over ticks and gradients pass through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.products import Product, products_into
from neurosim.engine.arrays.random import Random, binomial
from neurosim.engine.arrays.text import FIELD, ArrayAlong, block, evaluate, make_step, random_calls, threshold
from neurosim.engine.state import spikes_sent
from neurosim.network.probes import Probe
from neurosim.network.program import Step
from neurosim.plan.plan import Block, Group, Pathway, Plan
from neurosim.plan.random import base_key

Carry = dict[str, Any]
LONG = 4  # ticks from which a loop over ticks is compiled as a loop


@dataclass
class Now:
    """One tick while it runs: what populations are, have sent, have been given, and what waits at ports."""

    tick: Any
    trials: Any
    numbers: Mapping[str, Any]
    carry: Carry
    given: Mapping[str, Any]
    ahead: Mapping[int, list[Any]]
    flights: Mapping[tuple[str, str], Any]
    prepared: list[Any]
    values: dict[str, dict[str, Any]]
    not_refractory: dict[str, Any]
    last_spike: dict[str, Any]
    ports: dict[tuple[str, str], tuple[Any, Any]]  # (value, how many arrived)
    sent: dict[str, Any] = field(default_factory=dict)
    read: dict[tuple[str, str], Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)


class Program:
    """A plan's ticks as functions of its numbers: weights, constants, start values and the keys of its random numbers."""

    def __init__(self, plan: Plan, surrogate: str = FIELD, slope: float = 1.0):
        self.plan, self.dtype = plan, plan.dtype
        self.step = make_step(surrogate, slope)
        self.along = {name: ArrayAlong(group.shape) for name, group in plan.groups.items()}
        self.spiking = {name: spikes_sent(plan, name) for name in plan.groups}
        movers = [name for name, group in plan.groups.items() if not group.driven]
        self.products: list[Product] = [p for name in movers for p in products_into(plan, name, self.spiking.__getitem__)]
        self.private = [p for p in plan.pathways.values() if p.kind == "private"]
        self.depth, self.waiting = self._rehearse()
        self.run = jax.jit(self.block, static_argnames=("until",))

    def _rehearse(self) -> tuple[dict[str, int], set[tuple[str, str]]]:
        """How many past messages of each population are still asked for, and the ports at which something waits between ticks."""
        depth = dict.fromkeys(self.plan.groups, 0)
        sent: set[str] = set()
        moved: set[str] = set()
        waiting: set[tuple[str, str]] = set()
        for step in self.plan.program:
            if step.kind in ("drive", "send"):
                sent |= set(step.populations)
            elif step.kind in ("integrate", "update"):
                moved |= set(step.populations)
            elif step.kind == "deliver" and step.what != "sent":
                for product in self.products:
                    if product.post in step.populations and self._now(product.pre, step.what):
                        uses = [(product.pre, product.delay), *([product.sent] if product.sent else [])]
                        for name, delay in uses:
                            depth[name] = max(depth[name], delay if name in sent else max(delay, 1))
                        waiting |= {(product.post, end.to) for end in product.ends if product.post in moved}
                waiting |= {(p.post, str(p.to)) for p in self.private if p.post in step.populations and p.post in moved}
        ports = {(name, port) for name, group in self.plan.groups.items() for port in group.ports}
        return depth, waiting & ports

    def _now(self, pre: str, what: str) -> bool:
        """Whether messages of this population are delivered in a step for 'graded' messages, 'spikes', or all."""
        return not what or (what == "spikes") == self.spiking[pre]

    # What a run begins with.

    def numbers(self, plan: Plan) -> dict[str, Any]:
        """The numbers of a plan of this structure, as arrays that gradients can be taken of."""
        dtype = plan.dtype
        weights = {p.name: self._weight(p) for p in plan.pathways.values()}
        constants = {g.name: {k: np.asarray(v, dtype) for k, v in g.constants.items() if is_number(v)} for g in plan.groups.values()}
        start = {g.name: {k: np.asarray(v, dtype) for k, v in g.states.items()} for g in plan.groups.values()}
        keys = {}
        for group in plan.groups.values():
            for part in blocks(group):
                if calls := random_calls(part.statements):
                    keys[f"{group.name}/{part.name}"] = _keys(plan.seed, group.name, part.name, calls)
        keys |= {f"{p.name}/private": _keys(plan.seed, p.name, "private", 1) for p in self.private}
        return {"weights": weights, "constants": constants, "start": start, "keys": keys}

    def _weight(self, pathway: Pathway) -> np.ndarray:
        if pathway.text is not None:
            return np.asarray(pathway.text.states["w"], self.dtype)
        return np.asarray(pathway.windows.own if pathway.windows is not None else pathway.weight, self.dtype)

    def start(self, numbers: Mapping[str, Any], trials: int) -> Carry:
        """What the network remembers before tick 0."""
        groups = self.plan.groups

        def spread(value: Any, shape: tuple[int, ...]) -> Any:
            return jnp.broadcast_to(jnp.asarray(value, self.dtype), (trials, *shape))

        values = {name: {k: spread(v, groups[name].shape) for k, v in states.items()} for name, states in numbers["start"].items()}
        carry: Carry = {"values": values, "sent": {}, "ports": {}, "last_spike": {}, "not_refractory": {}}
        now = self._begin(numbers, carry, jnp.asarray(0), jnp.arange(trials))
        for name, depth in self.depth.items():
            if depth:
                group = groups[name]
                first = jnp.zeros((trials, *group.shape), self.dtype) if self.spiking[name] or group.driven else self._message(now, group)
                carry["sent"][name] = first if depth == 1 else jnp.broadcast_to(first, (depth, *first.shape))
        for name, group in groups.items():
            if group.refractory is not None:
                carry["last_spike"][name] = jnp.full((trials, *group.shape), -(2**40), jnp.int64)
                carry["not_refractory"][name] = jnp.ones((trials, *group.shape), bool)
        for name, port in self.waiting:
            carry["ports"][f"{name}/{port}"] = jnp.zeros((trials, *groups[name].shape), self.dtype)
        return carry

    # A block of ticks, and one tick.

    def block(self, numbers: Any, carry: Carry, given: Any, ticks: Any, trials: Any, flights: Any = None, *, until: bool = False) -> tuple[Any, ...]:
        """All ticks of `ticks`: the carry after them, and the samples of each tick. `given` are the inputs, (tick, trial, *shape).

        With `until`, the carry stays as it is after a tick that changed nothing, and a sample 'stable' says at which ticks
        that was so.
        """
        prepared = [product.prepare(numbers["weights"]) for product in self.products]
        ahead = self._ahead(prepared, given) if len(ticks) > 1 else {}

        def tick(carry: Any, x: Any) -> tuple[Any, Any]:
            moved, samples = self._tick(numbers, prepared, carry, *x, trials)
            if not until:
                return moved, samples
            stable = jnp.all(jnp.stack([_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (carry["values"], moved["values"])), strict=True)]))
            return moved, samples | {"stable": stable}

        xs = (ticks, given, ahead, flights or {})
        if len(ticks) < LONG:
            found = []
            for n in range(len(ticks)):
                carry, samples = tick(carry, jax.tree.map(lambda x, n=n: x[n], xs))
                found.append(samples)
            return carry, jax.tree.map(lambda *s: jnp.stack(s), *found)
        return jax.lax.scan(tick, carry, xs)

    def _ahead(self, prepared: list[Any], given: Mapping[str, Any]) -> dict[int, list[Any]]:
        """What arrives from outside at once, computed for all ticks together."""
        found = {}
        for number, product in enumerate(self.products):
            drive = given.get(product.pre)
            if (
                drive is not None
                and self.plan.groups[product.pre].driven
                and not product.delay
                and product.sent is None
                and not self.spiking[product.pre]
            ):
                flat = drive.astype(self.dtype).reshape(-1, *drive.shape[2:])
                found[number] = [part.reshape(*drive.shape[:2], *part.shape[1:]) for part in product.apply(prepared[number], flat)]
        return found

    def _begin(
        self, numbers: Any, carry: Carry, tick: Any, trials: Any, prepared: Any = (), given: Any = None, ahead: Any = None, flights: Any = None
    ) -> Now:
        ports = {tuple(key.split("/")): (value, 0) for key, value in carry["ports"].items()}
        return Now(
            tick, trials, numbers, carry, given or {}, ahead or {}, flights or {}, list(prepared),
            values={name: dict(states) for name, states in carry["values"].items()},
            not_refractory=dict(carry["not_refractory"]), last_spike=dict(carry["last_spike"]), ports=ports,  # type: ignore[arg-type]
        )  # fmt: skip

    def _tick(self, numbers: Any, prepared: Any, carry: Carry, tick: Any, given: Any, ahead: Any, flights: Any, trials: Any) -> tuple[Carry, Any]:
        now = self._begin(numbers, carry, tick, trials, prepared, given, ahead, flights)
        for step in self.plan.program:
            getattr(self, step.kind)(now, step)
        late = [p for p in self.plan.probes if p.name not in now.samples]
        now.samples |= {probe.name: self._sample(now, probe) for probe in late}
        after: Carry = {"values": now.values, "sent": {}, "last_spike": now.last_spike, "not_refractory": now.not_refractory}
        after["ports"] = {f"{name}/{port}": self._waiting(now, name, port) for name, port in self.waiting}
        for name, past in carry["sent"].items():
            if self.depth[name] == 1:
                after["sent"][name] = now.sent[name]
            else:
                after["sent"][name] = jax.lax.dynamic_update_index_in_dim(past, now.sent[name], tick % self.depth[name], 0)
        return after, now.samples

    def _waiting(self, now: Now, name: str, port: str) -> Any:
        found = now.ports.get((name, port))
        return jnp.zeros((now.trials.shape[0], *self.plan.groups[name].shape), self.dtype) if found is None else found[0]

    # The steps.

    def record(self, now: Now, step: Step) -> None:
        """States, and what populations with text send; ports and driven populations are sampled at the end of the tick."""
        for probe in self.plan.probes:
            group = self.plan.groups.get(probe.owner)
            late = group is not None and (group.driven or probe.variable in group.ports or (group.spiking and probe.variable is None))
            if not probe.events and not late:
                now.samples[probe.name] = self._sample(now, probe)

    def drive(self, now: Now, step: Step) -> None:
        """Outside values of this tick: driven populations send them."""
        for name in step.populations:
            now.sent[name] = now.given[name].astype(self.dtype)

    def deliver(self, now: Now, step: Step) -> None:
        """Arrivals at ports and variables."""
        if step.what == "sent":
            return
        if step.what != "graded":
            for (post, to), value in now.flights.items():
                if post in step.populations:
                    self._put(now, self.plan.groups[post], to, value, 0)
        for number, product in enumerate(self.products):
            if product.post not in step.populations or not self._now(product.pre, step.what):
                continue
            if number in now.ahead:
                values = now.ahead[number]
            else:
                weight = now.prepared[number]
                if product.sent is not None:
                    weight = self._sent_at(now, *product.sent)
                values = product.apply(weight, self._sent_at(now, product.pre, product.delay))
            group = self.plan.groups[product.post]
            for end, value in zip(product.ends, values, strict=True):
                reduce = group.ports.get(end.to, "sum")
                if product.counted:
                    value, count = value
                    self._put(now, group, end.to, end.part.put(value, 0.0), end.part.put(count, 0.0))
                    continue
                whole = end.part.put(value, -np.inf if reduce == "max" else 0.0)
                self._put(now, group, end.to, whole, end.part.count(end.terms) if reduce != "sum" else 0)
        if step.what != "graded":
            for pathway in self.private:
                if pathway.post in step.populations:
                    self._put(now, self.plan.groups[pathway.post], str(pathway.to), self._from_private(now, pathway), 0)

    def _put(self, now: Now, group: Group, to: str, value: Any, count: Any) -> None:
        if to in group.ports:
            old, some = now.ports.get((group.name, to), (None, 0))
            join = jnp.maximum if group.ports[to] == "max" else jnp.add
            now.ports[group.name, to] = (value if old is None else join(old, value)), some + count
            return
        old = now.values[group.name][to]
        new = old + value
        now.values[group.name][to] = jnp.where(now.not_refractory[group.name], new, old) if to in group.frozen else new

    def _sent_at(self, now: Now, name: str, delay: int) -> Any:
        """The message of `delay` ticks ago; the newest where this tick's has not been sent yet."""
        if name in now.sent:
            if not delay:
                return now.sent[name]
        else:
            delay = max(delay, 1)
        past = now.carry["sent"][name]
        depth = self.depth[name]
        return past if depth == 1 else jax.lax.dynamic_index_in_dim(past, (now.tick - delay) % depth, 0, keepdims=False)

    def _from_private(self, now: Now, pathway: Pathway) -> Any:
        group, target = self.plan.groups[pathway.pre], self.plan.groups[pathway.post]
        count = now.trials.shape[0]
        chance = jnp.broadcast_to(evaluate(pathway.chance, self.names(now, group)), (count, *group.shape)).reshape(count, 1)
        elements = jnp.asarray(pathway.post_index.astype(np.uint32))[None, :]
        random = Random(now.numbers["keys"][f"{pathway.name}/private"], now.tick, now.trials[:, None], elements, self.dtype)
        drawn = binomial(random.rand_in_pairs(0), pathway.sources, chance)
        value = (
            jnp.zeros((count, target.size), self.dtype)
            .at[:, pathway.post_index]
            .set((now.numbers["weights"][pathway.name] * drawn).astype(self.dtype))
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
            if given is not None and group.message is not None:
                old = now.values[name][group.message]
                now.values[name][group.message] = jnp.where(jnp.isnan(given), old, given).astype(self.dtype)

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
        new = block(part.statements, part.writes, part.guarded)(self.names(now, group, ports), self.along[group.name], self._random(now, group, part))
        shape = (now.trials.shape[0], *group.shape)
        return {name: jnp.broadcast_to(jnp.asarray(value), shape).astype(self.dtype) for name, value in new.items()}

    def _random(self, now: Now, group: Group, part: Block) -> Random | None:
        keys = now.numbers["keys"].get(f"{group.name}/{part.name}")
        if keys is None:
            return None
        elements = jnp.arange(group.size, dtype=jnp.uint32).reshape(1, *group.shape)
        return Random(keys, now.tick, now.trials.reshape(-1, *(1,) * len(group.shape)), elements, self.dtype)

    def names(self, now: Now, group: Group, ports: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The names that a population's text may use, with their present values."""
        names: dict[str, Any] = {**group.constants, **now.numbers["constants"][group.name], **now.values[group.name]}
        if "t" not in names:
            names["t"] = (now.tick * (self.plan.dt or 1.0)).astype(self.dtype)
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
            holds = jnp.broadcast_to(jnp.asarray(evaluate(rule.condition, self.names(now, group))), ago.shape).astype(bool)
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
            condition = threshold(group.threshold.statements[0].expression, self.step)
            spikes = condition(self.names(now, group), self.along[name], self._random(now, group, group.threshold))
            spikes = jnp.broadcast_to(jnp.asarray(spikes), (now.trials.shape[0], *group.shape)).astype(self.dtype)
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
                now.sent[name] = self._message(now, self.plan.groups[name])

    def _message(self, now: Now, group: Group) -> Any:
        assert group.message is not None
        if group.message not in group.derived:
            return now.values[group.name][group.message]
        value = evaluate(group.derived[group.message], self.names(now, group), self.along[group.name])
        return jnp.broadcast_to(value, (now.trials.shape[0], *group.shape)).astype(self.dtype)

    def reset(self, now: Now, step: Step) -> None:
        """Reset text for the neurons that have spiked at this tick."""
        for name in step.populations:
            group = self.plan.groups[name]
            if group.reset is not None:
                for variable, value in self._run(now, group, group.reset, {}).items():
                    now.values[name][variable] = jnp.where(now.sent[name] > 0, value, now.values[name][variable])

    def _sample(self, now: Now, probe: Probe) -> Any:
        count = now.trials.shape[0]
        if probe.owner in self.plan.pathways:
            weight = now.numbers["weights"][probe.owner]
            return jnp.broadcast_to(weight, (count, *weight.shape)).reshape(count, *probe.shape)
        group = self.plan.groups[probe.owner]
        if probe.events:
            value = now.sent[probe.owner] > 0
        elif probe.variable is None:
            value = now.sent[group.name] if group.message is None else self._message(now, group)
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
        return (flat if probe.index is None else flat[:, probe.index]).reshape(count, *probe.shape).astype(self.dtype)


def blocks(group: Group) -> list[Block]:
    """The blocks of text that a population has."""
    return [part for part in (group.integrate, group.update, group.threshold, group.reset) if part is not None]


def is_number(value: Any) -> bool:
    """Whether a constant is a number that may change without another program: whole numbers and indices are part of the text."""
    return np.asarray(value).dtype.kind == "f"


def _keys(seed: int, name: str, part: str, calls: int) -> np.ndarray:
    return np.array([base_key(seed, name, part, call) for call in range(calls)], np.uint32)


def _equal(a: Any, b: Any) -> Any:
    return jnp.all((a == b) | (jnp.isnan(a) & jnp.isnan(b)))

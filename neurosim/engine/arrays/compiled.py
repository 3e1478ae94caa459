"""A plan as functions of JAX arrays: what a run begins with, and blocks of ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.products import Product, products_into
from neurosim.engine.arrays.stages import Stages, narrowed, stages
from neurosim.engine.arrays.ticks import Carry, Now, Steps, blocks, is_number
from neurosim.engine.state import NEVER, State, spikes_sent
from neurosim.network.functions import random_calls
from neurosim.network.probes import Probe
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.plan.codegen.jax_code import DEFAULT_SURROGATE
from neurosim.plan.plan import AnyOf, Plan, Sparse, Textual
from neurosim.plan.random import base_key

Numbers = dict[str, Any]

LONG = 4  # ticks from which a loop over ticks is compiled as a loop


@dataclass
class Run:
    """A block of ticks while it is computed, stage after stage; arrays begin (tick, trial), those of `values` and `last` (trial,)."""

    numbers: Mapping[str, Any]
    prepared: list[Any]
    given: Mapping[str, Any]
    ticks: Any
    trials: Any
    values: Mapping[str, dict[str, Any]]  # before the first tick
    sent: dict[str, Any] = field(default_factory=dict)
    last: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)


class CompiledPlan:
    """A plan's ticks as functions of its numbers: weights, constants, start values and the keys of its random numbers."""

    def __init__(self, plan: Plan, surrogate: str = DEFAULT_SURROGATE, slope: float = 1.0):
        self.plan, self.dtype = plan, plan.dtype
        self.spiking = {name: spikes_sent(plan, name) for name in plan.groups}
        movers = [name for name, group in plan.groups.items() if not (group.driven or group.of)]
        self.products: list[Product] = [
            p for name in movers for p in products_into(plan, name, self.spiking.__getitem__)
        ]
        self.stages = stages(plan, self.products)
        self.steps = Steps(plan, self.products, self.spiking, surrogate, slope)
        self.depth, self.waiting = self._rehearse()
        self.kept = {
            name for name, depth in self.depth.items() if depth == 1 and self._keeps_its_message(name)
        }
        self.steps.depth, self.steps.kept = self.depth, self.kept
        self.run = jax.jit(self.block, static_argnames=("until",))

    def _rehearse(self) -> tuple[dict[str, int], set[tuple[str, str]]]:
        """How many past messages of each population are still asked for, and the ports at which something waits between ticks."""
        depth = dict.fromkeys(self.plan.groups, 0)
        sent: set[str] = set()
        moved: set[str] = set()
        waiting: set[tuple[str, str]] = set()
        for step in self.plan.program:
            if step.kind in (Do.DRIVE, Do.SEND):
                sent |= set(step.populations)
            elif step.moves:
                moved |= set(step.populations)
            elif step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
                for product in self.products:
                    if product.post in step.populations and step.delivers(
                        graded=not self.spiking[product.pre]
                    ):
                        for name, delay in [
                            (product.pre, product.delay),
                            *([product.sent] if product.sent else []),
                        ]:
                            depth[name] = max(depth[name], delay if name in sent else max(delay, 1))
                        waiting |= {(product.post, end.to) for end in product.ends if product.post in moved}
                waiting |= {
                    (p.post, str(p.to))
                    for p in self.steps.private
                    if p.post in step.populations and p.post in moved
                }
        ports = {(name, port) for name, group in self.plan.groups.items() for port in group.ports}
        return depth, waiting & ports

    def _keeps_its_message(self, name: str) -> bool:
        """Whether what was sent last stands in a variable until the next tick, so that it need not be remembered twice."""
        group = self.plan.groups[name]
        sends = max(
            (
                n
                for n, step in enumerate(self.plan.program)
                if step.kind is Do.SEND and name in step.populations
            ),
            default=0,
        )
        moved = name not in unmoved(self.plan.program, sends) and name in self.stages.loop
        return moved and group.sends in group.states and not self.spiking[name]

    # What a run begins with.

    def numbers(self, plan: Plan) -> dict[str, Any]:
        """The numbers of a plan of this structure, as arrays that gradients can be taken of."""
        dtype = plan.dtype
        weights = {p.name: self._weight(p) for p in plan.pathways.values()}
        constants = {
            g.name: {k: np.asarray(v) for k, v in g.constants.items() if is_number(v)}
            for g in plan.groups.values()
        }
        start = {g.name: {k: np.asarray(v, dtype) for k, v in g.states.items()} for g in plan.groups.values()}
        keys = {}
        for group in plan.groups.values():
            for part in blocks(group):
                if calls := random_calls(part.statements):
                    keys[f"{group.name}/{part.name}"] = _keys(plan.seed, group.name, part.name, calls)
        keys |= {f"{p.name}/private": _keys(plan.seed, p.name, "private", 1) for p in self.steps.private}
        return {
            "weights": weights,
            "synapses": self._recorded(plan),
            "constants": constants,
            "start": start,
            "keys": keys,
        }

    def continued(self, numbers: dict[str, Any], state: State) -> dict[str, Any]:
        """These numbers with what synapses with text remember from an earlier run, the same in all trials (see support.py)."""
        found = {
            name: {k: np.asarray(v[0], self.dtype) for k, v in variables.items()}
            for name, variables in state.synapses.items()
        }
        weights = {name: variables["w"] for name, variables in found.items()}
        recorded = {
            p.name: found[p.owner][str(p.variable)] for p in self.plan.probes if p.name in numbers["synapses"]
        }
        return {**numbers, "weights": {**numbers["weights"], **weights}, "synapses": recorded}

    def _recorded(self, plan: Plan) -> dict[str, np.ndarray]:
        """Variables of synapses, other than weights, by the name of the probe that records them. No text changes them here."""
        texts = {pathway.name: pathway.text for pathway in plan.textual}
        probes = [p for p in plan.probes if p.owner in texts and p.variable != "w"]
        return {p.name: np.asarray(texts[p.owner].states[str(p.variable)], self.dtype) for p in probes}

    def _weight(self, pathway: AnyOf) -> np.ndarray:
        if isinstance(pathway, Textual):
            return np.asarray(pathway.text.states["w"], self.dtype)
        windows = pathway.windows if isinstance(pathway, Sparse) else None
        return np.asarray(windows.own if windows is not None else pathway.weight, self.dtype)

    def start(self, numbers: Mapping[str, Any], trials: int) -> Carry:
        """What the network remembers before tick 0."""
        groups = self.plan.groups
        values = {
            name: {
                k: jnp.broadcast_to(jnp.asarray(v, self.dtype), (trials, *groups[name].shape))
                for k, v in states.items()
            }
            for name, states in numbers["start"].items()
        }
        carry: Carry = {"values": values, "sent": {}, "ports": {}, "last_spike": {}, "not_refractory": {}}
        now = self._now(numbers, carry, jnp.asarray(0), jnp.arange(trials))
        for name, depth in self.depth.items():
            if depth and name not in self.kept:
                group = groups[name]
                quiet = self.spiking[name] or group.sends is None
                first = (
                    jnp.zeros((trials, *group.shape), self.dtype) if quiet else self.steps.message(now, group)
                )
                carry["sent"][name] = first if depth == 1 else jnp.broadcast_to(first, (depth, *first.shape))
        for name, group in groups.items():
            if group.refractory is not None:
                carry["last_spike"][name] = jnp.full((trials, *group.shape), NEVER, jnp.int64)
                carry["not_refractory"][name] = jnp.ones((trials, *group.shape), bool)
        for name, port in self.waiting:
            carry["ports"][f"{name}/{port}"] = self.steps.waiting(now, name, port)
        return carry

    # Blocks of ticks.

    def block(
        self,
        numbers: Any,
        carry: Carry,
        given: Any,
        ticks: Any,
        trials: Any,
        pending: Any = None,
        *,
        until: bool = False,
    ) -> tuple[Carry, Any]:
        """All ticks of `ticks`: the carry after them, and the samples of each tick. `given` are the inputs, (tick, trial, *shape).

        Populations without memory that come before or after the loop of those that have some are computed for all ticks at once
        (see stages.py). With `until` all are in the loop, and a sample 'stable' says after which ticks nothing had changed.
        """
        prepared = [product.prepare(numbers["weights"]) for product in self.products]
        order = self.stages.together if until else self.stages
        run = Run(numbers, prepared, given, jnp.asarray(ticks), jnp.asarray(trials), carry["values"])
        self._at_once(run, order.before)
        passed = {
            name: run.sent[name]
            for name in self.plan.senders((*order.outside, *order.before))
            if name in run.sent
        }
        if order.loop:
            carry = self._loop(run, order, carry, passed, pending or {}, until)
        else:
            carry = {
                **carry,
                "sent": {
                    name: self._remember(past, run.sent[name], name, run.ticks)
                    for name, past in carry["sent"].items()
                },
            }
        self._at_once(run, order.after)
        if not order.loop:
            self._at_once(
                run, (), [p for p in self.plan.probes if p.name not in run.samples]
            )  # of what drives it, or of weights
        return {**carry, "values": {**carry["values"], **run.last}}, run.samples

    def _remember(self, past: Any, sent: Any, name: str, ticks: Any) -> Any:
        """The messages that are still asked for after these ticks, of a population that has sent (tick, trial, *shape)."""
        depth = self.depth[name]
        if depth == 1:
            return sent[-1]
        for place in range(max(0, len(ticks) - depth), len(ticks)):
            past = jax.lax.dynamic_update_index_in_dim(past, sent[place], ticks[place] % depth, 0)
        return past

    def _at_once(self, run: Run, names: tuple[str, ...], probes: Sequence[Probe] = ()) -> None:
        """Populations without memory at all ticks, what drives the network, and `probes`: ticks and trials side by side on one axis."""
        ticks, trials = len(run.ticks), run.trials.shape[0]

        def flat(value: Any) -> Any:
            return value.reshape(ticks * trials, *value.shape[2:])

        def back(value: Any) -> Any:
            return value.reshape(ticks, trials, *value.shape[1:])

        values = {
            n: {k: flat(jnp.broadcast_to(v, (ticks, *v.shape))) for k, v in run.values[n].items()}
            for n in names
        }
        carry: Carry = {"values": values, "sent": {}, "ports": {}, "last_spike": {}, "not_refractory": {}}
        given = {name: flat(value) for name, value in run.given.items()}
        now = self._now(
            run.numbers,
            carry,
            jnp.repeat(run.ticks, trials),
            jnp.tile(run.trials, ticks),
            run.prepared,
            given,
        )
        now.sent = {name: flat(value) for name, value in run.sent.items()}
        for step in self.plan.program:
            if step.kind is Do.DRIVE:
                self.steps.drive(
                    now, Step(Do.DRIVE, tuple(name for name in step.populations if name not in now.sent))
                )
        for step in narrowed(self.plan.program, self.plan.senders(names)):
            self.steps.take(now, step)
        run.sent = {name: back(value) for name, value in now.sent.items()}
        run.last |= {n: {k: back(v)[-1] for k, v in now.values[n].items()} for n in names}
        run.samples |= {
            p.name: back(self.steps.sample(now, p))
            for p in (*probes, *self.plan.probes)
            if p in probes or p.owner in names
        }

    def _loop(
        self, run: Run, order: Stages, carry: Carry, passed: dict[str, Any], pending: Any, until: bool
    ) -> Carry:
        """Tick after tick: the populations that remember something, and all that stand between them."""
        steps = narrowed(self.plan.program, self.plan.senders((*order.outside, *order.loop)))
        probes = [p for p in self.plan.probes if p.owner not in (*order.before, *order.after)]
        needed = [
            name for p in self.products if p.post in order.after for name in (p.pre, p.sent and p.sent[0])
        ]
        wanted = [name for name in self.plan.senders(order.loop) if name in needed]
        own = {**carry, "values": {name: carry["values"][name] for name in order.loop}}
        mine = {name: value for name, value in run.given.items() if name in order.loop}

        def tick(carry: Any, x: Any) -> tuple[Any, Any]:
            moved, samples, sent = self._tick(run, steps, probes, carry, *x)
            if until:
                pairs = zip(*map(jax.tree.leaves, (carry["values"], moved["values"])), strict=True)
                samples = samples | {"stable": jnp.all(jnp.stack([_equal(a, b) for a, b in pairs]))}
            return moved, (samples, {name: sent[name] for name in wanted})

        xs = (run.ticks, mine, passed, pending)
        if len(run.ticks) < LONG:
            found = []
            for n in range(len(run.ticks)):
                own, out = tick(own, jax.tree.map(lambda x, n=n: x[n], xs))
                found.append(out)
            samples, sent = jax.tree.map(lambda *s: jnp.stack(s), *found)
        else:
            own, (samples, sent) = jax.lax.scan(tick, own, xs)
        run.samples |= samples
        run.sent |= sent
        return {**own, "values": {**carry["values"], **own["values"]}}

    def _tick(
        self,
        run: Run,
        steps: Sequence[Step],
        probes: list[Probe],
        carry: Carry,
        tick: Any,
        given: Any,
        passed: Any,
        pending: Any,
    ) -> tuple[Carry, Any, Any]:
        """One tick: the carry after it, its samples, and what was sent."""
        now = self._now(run.numbers, carry, tick, run.trials, run.prepared, given, pending)
        now.sent = dict(passed)
        for step in steps:
            self.steps.take(now, step)
        now.samples |= {
            probe.name: self.steps.sample(now, probe) for probe in probes if probe.name not in now.samples
        }
        after: Carry = {
            "values": now.values,
            "sent": {},
            "last_spike": now.last_spike,
            "not_refractory": now.not_refractory,
        }
        after["ports"] = {
            f"{name}/{port}": self.steps.waiting(now, name, port) for name, port in self.waiting
        }
        for name, past in carry["sent"].items():
            if self.depth[name] == 1:
                after["sent"][name] = now.sent[name]
            else:
                after["sent"][name] = jax.lax.dynamic_update_index_in_dim(
                    past, now.sent[name], tick % self.depth[name], 0
                )
        return after, now.samples, now.sent

    def _now(
        self,
        numbers: Any,
        carry: Carry,
        tick: Any,
        trials: Any,
        prepared: Any = (),
        given: Any = None,
        pending: Any = None,
    ) -> Now:
        ports: dict[Any, Any] = {tuple(key.split("/")): found for key, found in carry["ports"].items()}
        values = {name: dict(states) for name, states in carry["values"].items()}
        rest = dict(
            not_refractory=dict(carry["not_refractory"]), last_spike=dict(carry["last_spike"]), ports=ports
        )
        return Now(tick, trials, numbers, carry, given or {}, pending or {}, list(prepared), values, **rest)


def _keys(seed: int, name: str, part: str, calls: int) -> np.ndarray:
    return np.array([base_key(seed, name, part, call) for call in range(calls)], np.uint32)


def _equal(a: Any, b: Any) -> Any:
    return jnp.all((a == b) | (jnp.isnan(a) & jnp.isnan(b)))

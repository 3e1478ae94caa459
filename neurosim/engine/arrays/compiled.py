"""A plan as compiled functions of JAX arrays: what a run begins with, and blocks of ticks."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from neurosim.engine.arrays.called import numbers_of
from neurosim.engine.arrays.carry import BlockState, Carry, Numbers, PortKey, TickState, empty_carry
from neurosim.engine.arrays.pathways import products_into
from neurosim.engine.arrays.residuals import keeping_little
from neurosim.engine.arrays.stages import Stages, narrowed, stages
from neurosim.engine.arrays.ticks import Steps, blocks
from neurosim.engine.state import NEVER, State, spikes_sent
from neurosim.network.functions import random_calls
from neurosim.network.probes import Probe
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.plan.codegen.jax_code import DEFAULT_SURROGATE
from neurosim.plan.plan import AnyPathway, Drive, Plan, Sparse, Textual
from neurosim.plan.random import base_key

LONG = 4  # ticks from which a loop over ticks is compiled as a loop, not written out

PendingArrays = Mapping[PortKey, tuple[jax.Array, jax.Array]]
"""What spikes of an earlier run bring, and how many: (tick, trial, *shape) each, by where they end."""

Messages = Mapping[str, jax.Array]
"""Messages by population, or samples by probe."""

TickInputs = tuple[jax.Array, Messages, Messages, PendingArrays]
"""The number of a tick, its inputs, what populations outside the loop send, and spikes of an earlier run."""

Values = dict[str, dict[str, jax.Array]]
"""Variables of populations."""

BlockFunction = Callable[..., tuple[Carry, dict[str, jax.Array]]]
"""A function with the arguments of `CompiledPlan.block`."""


class CompiledPlan:
    """The ticks of a plan as functions of its numbers: weights, constants, start values, random keys.

    surrogate, slope: of the derivative of spikes, see `surrogate_step`.
    learning: names of the pathways whose weights may be replaced by others.

    spiking: whether each population sends spikes.
    depth: how many past messages of each population later ticks may ask for.
    waiting: ports at which something waits between ticks.
    kept: populations whose last message stands in a variable until the next tick, so that the carry need
        not hold it again.
    forgets: whether nothing is remembered from one tick to the next.
    run: `block`, compiled.
    samples, end: of ticks (numbers, inputs, ticks, trials) that begin with the start values, compiled: what
        probes record, and the values of all variables after them.
    """

    def __init__(
        self,
        plan: Plan,
        surrogate: str = DEFAULT_SURROGATE,
        slope: float = 1.0,
        learning: Collection[str] = (),
    ):
        self.plan, self.dtype = _without_inputs(plan), plan.dtype
        self.spiking = {name: spikes_sent(plan, name) for name in plan.groups}
        movers = [name for name, group in plan.groups.items() if not (group.driven or group.of)]
        self.products = [
            product
            for name in movers
            for product in products_into(plan, name, self.spiking.__getitem__, learning)
        ]
        self.stages = stages(plan, self.products)
        self.steps = Steps(plan, self.products, self.spiking, surrogate, slope)
        self.depth, self.waiting = self._memory()
        self.kept = {name for name, depth in self.depth.items() if depth == 1 and self._is_kept(name)}
        self.steps.depth, self.steps.kept = self.depth, self.kept
        self.forgets = not (self.stages.loop or any(self.depth.values()) or self.waiting)
        self.run: BlockFunction = jax.jit(self.block, static_argnames=("until",))
        self.samples: Callable[..., dict[str, jax.Array]] = jax.jit(self._samples)
        self.end: Callable[..., Values] = jax.jit(self._end)

    def _memory(self) -> tuple[dict[str, int], set[PortKey]]:
        """`depth` and `waiting`, found by going through the steps of one tick.

        What was sent earlier in the same tick needs no memory, except over a delay.
        """
        depth = dict.fromkeys(self.plan.groups, 0)
        sent: set[str] = set()
        moved: set[str] = set()
        waiting: set[PortKey] = set()
        for step in self.plan.program:
            if step.kind in (Do.DRIVE, Do.SEND):
                sent |= set(step.populations)
            elif step.moves:
                moved |= set(step.populations)
            elif step.kind is Do.DELIVER and step.arriving is not Arriving.SENT:
                for product in self.products:
                    if product.post not in step.populations or not step.delivers(
                        graded=not self.spiking[product.pre]
                    ):
                        continue
                    needed = [(product.pre, product.delay)]
                    needed += [product.weights_from] if product.weights_from else []
                    for name, delay in needed:
                        depth[name] = max(depth[name], delay if name in sent else max(delay, 1))
                    waiting |= {(product.post, t.to) for t in product.targets if product.post in moved}
                late = [p for p in self.steps.private if p.post in step.populations and p.post in moved]
                waiting |= {(p.post, str(p.to)) for p in late}
        ports = {(name, port) for name, group in self.plan.groups.items() for port in group.ports}
        return depth, waiting & ports

    def _is_kept(self, name: str) -> bool:
        """Whether what a population sent last stands in a variable until the next tick."""
        group, program = self.plan.groups[name], self.plan.program
        sends = [n for n, s in enumerate(program) if s.kind is Do.SEND and name in s.populations]
        moved = name not in unmoved(program, max(sends, default=0)) and name in self.stages.loop
        return moved and group.sends in group.states and not self.spiking[name]

    def numbers(self, plan: Plan) -> Numbers:
        """The numbers of a plan with the same structure."""
        groups = plan.groups.values()
        keys: dict[str, np.ndarray] = {}
        for group in groups:
            for part in blocks(group):
                if calls := random_calls(part.statements):
                    keys[f"{group.name}/{part.name}"] = _keys(plan.seed, group.name, part.name, calls)
        keys |= {f"{p.name}/private": _keys(plan.seed, p.name, "private", 1) for p in self.steps.private}
        return {
            "weights": {p.name: self._weight(p) for p in plan.pathways.values()},
            "synapses": self._recorded(plan),
            "constants": {group.name: numbers_of(group.constants) for group in groups},
            "start": {g.name: {k: np.asarray(v, plan.dtype) for k, v in g.states.items()} for g in groups},
            "keys": keys,
        }

    def continued(self, numbers: Numbers, state: State) -> Numbers:
        """These numbers with what synapses with text remember from an earlier run.

        It is the same in all trials; `support.py` refuses other checkpoints.
        """
        synapses = {
            name: {variable: np.asarray(value[0], self.dtype) for variable, value in variables.items()}
            for name, variables in state.synapses.items()
        }
        weights = {name: variables["w"] for name, variables in synapses.items()}
        probes = [probe for probe in self.plan.probes if probe.name in numbers["synapses"]]
        recorded = {probe.name: synapses[probe.owner][str(probe.variable)] for probe in probes}
        return {**numbers, "weights": {**numbers["weights"], **weights}, "synapses": recorded}

    def _recorded(self, plan: Plan) -> dict[str, np.ndarray]:
        """Recorded variables of synapses other than weights, by probe. No text changes them here."""
        texts = {pathway.name: pathway.text for pathway in plan.textual}
        probes = [p for p in plan.probes if p.owner in texts and p.variable != "w"]
        return {p.name: np.asarray(texts[p.owner].states[str(p.variable)], self.dtype) for p in probes}

    def _weight(self, pathway: AnyPathway) -> np.ndarray:
        """The weights of a pathway: one for each synapse, or those that windows share."""
        if isinstance(pathway, Textual):
            return np.asarray(pathway.text.states["w"], self.dtype)
        windows = pathway.windows if isinstance(pathway, Sparse) else None
        return np.asarray(windows.own if windows is not None else pathway.weight, self.dtype)

    def start(self, numbers: Numbers, trials: int) -> Carry:
        """What a network remembers before tick 0, the same in this many trials."""
        groups = self.plan.groups
        values = {
            name: {
                k: jnp.broadcast_to(jnp.asarray(v, self.dtype), (trials, *groups[name].shape))
                for k, v in states.items()
            }
            for name, states in numbers["start"].items()
        }
        carry = empty_carry(values)
        now = _begin_tick(numbers, carry, jnp.asarray(0), jnp.arange(trials))
        for name, depth in self.depth.items():
            if depth and name not in self.kept:
                group = groups[name]
                if self.spiking[name] or group.sends is None:
                    first = jnp.zeros((trials, *group.shape), self.dtype)
                else:
                    first = self.steps.message(now, group)
                carry["sent"][name] = first if depth == 1 else jnp.broadcast_to(first, (depth, *first.shape))
        for name, group in groups.items():
            if group.refractory is not None:
                carry["last_spike"][name] = jnp.full((trials, *group.shape), NEVER, jnp.int64)
                carry["not_refractory"][name] = jnp.ones((trials, *group.shape), bool)
        carry["ports"] = {(name, port): self.steps.waiting(now, name, port) for name, port in self.waiting}
        return carry

    def block(
        self,
        numbers: Numbers,
        carry: Carry,
        inputs: Mapping[str, jax.Array],
        ticks: jax.Array,
        trials: jax.Array,
        pending: PendingArrays | None = None,
        *,
        until: bool = False,
        since: int = 0,
    ) -> tuple[Carry, dict[str, jax.Array]]:
        """Run a block of ticks: the carry after it, and the samples of each probe, (tick, trial, ...).

        numbers: of the plan.
        carry: what the first tick begins with.
        inputs: (tick, trial, *shape) by population.
        ticks, trials: their numbers.
        pending: what spikes of an earlier run bring.
        until: whether a sample 'stable' is to say after which ticks nothing has changed, (tick,).
        since: how many ticks of the block have no samples. Who sends to nobody in the loop skips them.

        Populations without memory that come before or after the loop of those with memory are computed for
        all ticks at once (see `stages.py`); with `until` all are in the loop.
        """
        weights = [product.prepare(numbers["weights"]) for product in self.products]
        order = self.stages.together if until else self.stages
        run = BlockState(numbers, weights, inputs, jnp.asarray(ticks), jnp.asarray(trials), carry["values"])
        self._run_at_once(run, order.before)
        if order.loop:
            carry = self._run_loop(run, order, carry, pending or {}, until)
        else:
            sent = {name: self._remember(run, name, past) for name, past in carry["sent"].items()}
            carry = {**carry, "sent": sent}
        run = run.since(since) if since else run
        self._run_at_once(run, order.after)
        if not order.loop:  # what is left is recorded of inputs, or of weights
            self._run_at_once(run, (), [p for p in self.plan.probes if p.name not in run.samples])
        return {**carry, "values": {**carry["values"], **run.last}}, run.samples

    def _samples(
        self, numbers: Numbers, inputs: Messages, ticks: jax.Array, trials: jax.Array
    ) -> dict[str, jax.Array]:
        return self.block(numbers, self.start(numbers, trials.shape[0]), inputs, ticks, trials)[1]

    def _end(self, numbers: Numbers, inputs: Messages, ticks: jax.Array, trials: jax.Array) -> Values:
        return self.block(numbers, self.start(numbers, trials.shape[0]), inputs, ticks, trials)[0]["values"]

    def _remember(self, run: BlockState, name: str, past: jax.Array) -> jax.Array:
        """The past messages after a block of a population that has sent (tick, trial, *shape) in it."""
        depth, sent = self.depth[name], run.sent[name]
        if depth == 1:
            return sent[-1]
        for n in range(max(0, len(run.ticks) - depth), len(run.ticks)):
            past = _replaced(past, sent[n], run.ticks[n] % depth)
        return past

    def _run_at_once(self, run: BlockState, names: tuple[str, ...], probes: Sequence[Probe] = ()) -> None:
        """Run all ticks of populations without memory, and sample them and `probes`.

        Ticks and trials lie side by side on one axis.
        """
        ticks, trials = len(run.ticks), run.trials.shape[0]

        def joined(value: jax.Array) -> jax.Array:
            return value.reshape(ticks * trials, *value.shape[2:])

        def split(value: jax.Array) -> jax.Array:
            return value.reshape(ticks, trials, *value.shape[1:])

        values = {
            n: {k: joined(jnp.broadcast_to(v, (ticks, *v.shape))) for k, v in run.values[n].items()}
            for n in names
        }
        inputs = {name: joined(value) for name, value in run.inputs.items()}
        all_ticks, all_trials = jnp.repeat(run.ticks, trials), jnp.tile(run.trials, ticks)
        now = _begin_tick(run.numbers, empty_carry(values), all_ticks, all_trials, run.weights, inputs)
        now.sent = {name: joined(value) for name, value in run.sent.items()}
        for step in self.plan.program:
            if step.kind is Do.DRIVE:
                new = tuple(name for name in step.populations if name not in now.sent)
                self.steps.drive(now, replace(step, populations=new))
        for step in narrowed(self.plan.program, self.plan.senders(names)):
            self.steps.run(now, step)
        run.sent = {name: split(value) for name, value in now.sent.items()}
        run.last |= {n: {k: split(v)[-1] for k, v in now.values[n].items()} for n in names}
        own = [probe for probe in self.plan.probes if probe.owner in names and probe not in probes]
        run.samples |= {p.name: split(self.steps.sample(now, p)) for p in (*probes, *own)}

    def _run_loop(
        self, run: BlockState, order: Stages, carry: Carry, pending: PendingArrays, until: bool
    ) -> Carry:
        """Run the populations that remember something, and all that stand between them, tick after tick."""
        steps = narrowed(self.plan.program, self.plan.senders((*order.outside, *order.loop)))
        probes = [p for p in self.plan.probes if p.owner not in (*order.before, *order.after)]
        later = [p for p in self.products if p.post in order.after]
        needed = {p.pre for p in later} | {p.weights_from[0] for p in later if p.weights_from}
        passed_on = [name for name in self.plan.senders(order.loop) if name in needed]
        own: Carry = {**carry, "values": {name: carry["values"][name] for name in order.loop}}
        inputs = {name: value for name, value in run.inputs.items() if name in order.loop}
        before = self.plan.senders((*order.outside, *order.before))
        sent_before = {name: run.sent[name] for name in before if name in run.sent}

        def tick(carry: Carry, x: TickInputs) -> tuple[Carry, tuple[Messages, Messages]]:
            number, given, sent, arriving = x
            now = _begin_tick(run.numbers, carry, number, run.trials, run.weights, given, arriving)
            now.sent = dict(sent)
            after = self._run_tick(now, steps, probes)
            if until:
                now.samples["stable"] = _same(carry["values"], after["values"])
            return after, (now.samples, {name: now.sent[name] for name in passed_on})

        xs = (run.ticks, inputs, sent_before, pending)
        if len(run.ticks) < LONG:
            results: list[Any] = []
            for n in range(len(run.ticks)):
                own, result = tick(own, jax.tree.map(itemgetter(n), xs))
                results.append(result)
            samples, sent = jax.tree.map(lambda *parts: jnp.stack(parts), *results)
        else:
            own, (samples, sent) = jax.lax.scan(keeping_little(tick), own, xs)
        run.samples |= samples
        run.sent |= sent
        return {**own, "values": {**carry["values"], **own["values"]}}

    def _run_tick(self, now: TickState, steps: Sequence[Step], probes: Sequence[Probe]) -> Carry:
        """Run one tick, take its samples, and give what the next tick begins with."""
        for step in steps:
            self.steps.run(now, step)
        for probe in probes:
            if probe.name not in now.samples:
                now.samples[probe.name] = self.steps.sample(now, probe)
        sent: dict[str, jax.Array] = {}
        for name, past in now.carry["sent"].items():
            depth, newest = self.depth[name], now.sent[name]
            if depth > 1:
                newest = _replaced(past, newest, now.tick % depth)
            sent[name] = newest
        return {
            "values": now.values,
            "sent": sent,
            "ports": {(name, port): self.steps.waiting(now, name, port) for name, port in self.waiting},
            "last_spike": now.last_spike,
            "not_refractory": now.not_refractory,
        }


def _without_inputs(plan: Plan) -> Plan:
    """The plan without the numbers and spikes that drive it: what is compiled is kept after the run."""
    none = np.zeros(0)
    drives = {
        name: Drive(trial=none, tick=none, neuron=none) if drive.events else Drive(values=none)
        for name, drive in plan.drives.items()
    }
    return replace(plan, drives=drives, resume={}, made={})


def _begin_tick(
    numbers: Numbers,
    carry: Carry,
    tick: jax.Array,
    trials: jax.Array,
    weights: list[jax.Array | None] | None = None,
    inputs: Mapping[str, jax.Array] | None = None,
    pending: PendingArrays | None = None,
) -> TickState:
    """The state of a tick before its first step, with dictionaries of its own."""
    return TickState(
        tick=tick,
        trials=trials,
        numbers=numbers,
        carry=carry,
        inputs=inputs or {},
        pending=pending or {},
        weights=weights or [],
        values={name: dict(values) for name, values in carry["values"].items()},
        not_refractory=dict(carry["not_refractory"]),
        last_spike=dict(carry["last_spike"]),
        ports=dict(carry["ports"]),
    )


def _replaced(past: jax.Array, message: jax.Array, place: jax.Array) -> jax.Array:
    """Past messages (tick modulo depth, trial, *shape) with another one at a place."""
    return cast(jax.Array, jax.lax.dynamic_update_index_in_dim(past, message, place, 0))


def _keys(seed: int, name: str, part: str, calls: int) -> np.ndarray:
    """The key of each random call of a block, (call, 2)."""
    return np.array([base_key(seed, name, part, call) for call in range(calls)], np.uint32)


def _same(before: dict[str, dict[str, jax.Array]], after: dict[str, dict[str, jax.Array]]) -> jax.Array:
    """Whether no variable has changed in any trial."""
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    return jnp.all(jnp.stack([jnp.all((a == b) | (jnp.isnan(a) & jnp.isnan(b))) for a, b in pairs]))

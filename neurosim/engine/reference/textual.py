"""Synapses with text: arrivals (`on_pre`), sent spikes (`on_post`), clock-driven and summed variables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from neurosim.engine.deferred import deferred_name, order_matters, split_deferred
from neurosim.engine.delivery import changed_delays, members, shared_delay, split_by_delay, take_due
from neurosim.engine.state import (
    Names,
    PendingTextualSpikes,
    Port,
    State,
    combine,
    derived_value,
    spikes_sent,
)
from neurosim.network.program import Step
from neurosim.network.text import Statement, names_in
from neurosim.plan.codegen.numpy_code import Numeric, evaluate, numpy_block
from neurosim.plan.pathway import ENDS
from neurosim.plan.plan import Block, Group, Link, Plan, Textual
from neurosim.plan.random import TextRandom

Deferred = list[tuple[Statement, np.ndarray]]
"""Statements that change neurons, each with its value for every arrival, (arrival,)."""


class TextualSynapses:
    """One object of synapses with text.

    Arrivals run one after the other; where their order cannot matter, all at once. In what follows `trial`
    and `synapse` say which synapse of which trial each arrival is at, (arrival,).
    """

    def __init__(self, plan: Plan, pathway: Textual):
        self.plan, self.pathway, self.text = plan, pathway, pathway.text
        self.holder, self.variables = plan.holder(pathway), self.text.variables
        self.pre, self.post = plan.ends(pathway)
        self.graded = not spikes_sent(plan, pathway.pre)
        self.message = plan.message_name(pathway)
        blocks = [block for block in self.text.blocks if block is not self.text.integrate]
        self.in_turn = {block.name: order_matters(block, self.text, self.pre, self.post) for block in blocks}
        self.by_sender = np.argsort(pathway.sender, kind="stable")
        senders = plan.groups[pathway.pre].size
        self.start = np.r_[0, np.cumsum(np.bincount(pathway.sender, minlength=senders))]
        self.by_post = np.argsort(pathway.receiver, kind="stable")
        self.post_start = np.r_[0, np.cumsum(np.bincount(pathway.receiver, minlength=self.post.size))]

    @cached_property
    def one_delay(self) -> int | None:
        """The delay that all synapses have, if they do."""
        return shared_delay(self.pathway.delay)

    def queue(self, state: State) -> None:
        """Put this tick's spikes of the sender on their way, if their arrival does anything."""
        if self.text.on_pre is None:
            return
        trial, neuron = state.spikes[self.pathway.pre]
        number, spike = members(self.start, neuron)
        synapse = self.by_sender[number]
        if synapse.size:
            queue = state.arrivals[self.pathway.name]
            for delay, chosen in self._by_delay(state, trial[spike], synapse):
                arrivals = PendingTextualSpikes(state.tick, trial[spike[chosen]], synapse[chosen])
                queue.setdefault(state.tick + delay, []).append(arrivals)

    def _by_delay(
        self, state: State, trial: np.ndarray, synapse: np.ndarray
    ) -> Iterator[tuple[int, slice | np.ndarray]]:
        """Each delay of spikes that are sent now, and which of them have it."""
        if not self.pathway.delay_from:
            yield from split_by_delay(self.pathway.delay, self.one_delay, synapse)
            return
        values = state.synapses[self.pathway.holder][self.pathway.delay_from][trial, synapse]
        delays = changed_delays(self.plan, self.pathway, values)
        yield from split_by_delay(delays, None, np.arange(delays.size))

    def deliver(self, state: State, step: Step) -> None:
        """Run on_pre for what arrives at this tick; evaluate summed variables with the graded messages."""
        if step.adds_up(self.pathway.name, self.pathway.post):
            self.add_up(state)
        elif step.delivers(graded=True):
            self._keep_messages(state)
        if self.text.on_pre is None or not step.delivers(graded=self.graded):
            return
        if self.graded:
            trial, synapse = self._all_synapses(state)
        else:
            due = take_due(state.arrivals[self.pathway.name], state.tick)
            if not due:
                return
            trial = np.concatenate([arrivals.trial for arrivals in due])
            synapse = np.concatenate([arrivals.synapse for arrivals in due])
        self._run_arrivals(state, self.text.on_pre, trial, synapse)

    def deliver_sent(self, state: State) -> None:
        """Run on_post for the synapses of targets that have sent at this tick; without spikes, all have."""
        if self.text.on_post is None:
            return
        if self.plan.sends_spikes(self.pathway.post):
            trial, neuron = state.spikes[self.pathway.post]
            number, spike = members(self.post_start, neuron)
            if number.size:
                self._run_arrivals(state, self.text.on_post, trial[spike], self.by_post[number])
        else:
            self._run_arrivals(state, self.text.on_post, *self._all_synapses(state))

    def _all_synapses(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Trial and synapse of an arrival at every synapse of every trial."""
        synapses = self.pathway.sender.size
        return np.repeat(np.arange(state.count), synapses), np.tile(np.arange(synapses), state.count)

    def _keep_messages(self, state: State) -> None:
        """Keep the message that each synapse delivers at this tick, (trial, synapse), for its text."""
        if self.message is None:
            return
        sender, delay = self.pathway.sender, self.pathway.delay
        delivered = np.zeros((state.count, sender.size), self.plan.dtype)
        for ticks in np.unique(delay):
            chosen = delay == ticks
            message = state.history[self.pathway.pre].sent_at(state.tick - int(ticks))
            delivered[:, chosen] = message[:, sender[chosen]]
        state.delivered[self.pathway.name] = delivered

    def run_text(self, state: State, block: Block | None) -> None:
        """Run a block, if there is one, for every synapse: as on_pre if it changes neurons."""
        if block is not None and split_deferred(block, self.variables)[1]:
            self._run_arrivals(state, block, *self._all_synapses(state))
        else:
            self.integrate(state, block)

    def integrate(self, state: State, block: Block | None) -> None:
        """Run a block, if there is one, that changes variables of the synapses alone, in all of them."""
        if block is None:
            return
        trial, synapse = self._all_synapses(state)
        names = self._names(state, trial, synapse, _reads(block))
        run = numpy_block(block.statements, block.writes)
        for name, value in run(names, None, self._random(state, block, trial, synapse)).items():
            self._put(state, name, trial, synapse, value)

    def derived_value(self, state: State, name: str) -> np.ndarray:
        """The present value of a subexpression, (trial, synapse)."""
        trial, synapse = self._all_synapses(state)
        expression = self.text.subexpressions[name]
        value = evaluate(expression, self._names(state, trial, synapse, set(names_in(expression))))
        return np.broadcast_to(value, trial.shape).reshape(state.count, -1)

    def add_up(self, state: State) -> None:
        """Set each (summed) variable of targets or senders to the sum over their synapses, in their order.

        The neurons outside the part that the synapses lead to, or start at, keep what they have.
        """
        self._keep_messages(state)
        if not self.text.summed:
            return
        trial, synapse = self._all_synapses(state)
        for name, expression in self.text.summed.items():
            names = self._names(state, trial, synapse, set(names_in(expression)))
            value = np.broadcast_to(evaluate(expression, names), trial.shape).astype(self.plan.dtype)
            group, variable, neuron = self._end(name, synapse)
            part = self.pathway.pre_index if name.endswith("_pre") else self.pathway.post_index
            total = np.zeros(state.count * group.size, self.plan.dtype)
            np.add.at(total, trial * group.size + neuron, value)
            values = state.values[group.name][variable].reshape(state.count, -1)
            values[:, part] = total.reshape(state.count, -1)[:, part]

    def _run_arrivals(self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray) -> None:
        """Run a block for arrivals in their order, or for all at once if the result is the same."""
        if self.in_turn[block.name] or _repeats(trial, synapse):
            for chosen in one_by_one(trial):
                self._run(state, block, trial[chosen], synapse[chosen], alone=True)
        else:
            self._run(state, block, trial, synapse)

    def _run(
        self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray, alone: bool = False
    ) -> None:
        """Run a block for arrivals that do not disturb each other, and write back what it changed.

        alone: whether each arrival is the only one in its trial; then its statements may also read
            variables of neurons that earlier ones have changed. Additions to ports, which no text reads,
            are deferred in any case.
        """
        ports = {f"{port}_post" for port in self.post.ports} | set(self.post.ports)
        inner = tuple(s.name for s in block.statements if s.name not in ports) if alone else ()
        statements, deferred = split_deferred(block, (*self.variables, *inner))
        of_neurons = (n for n in inner if n not in self.variables and not n.startswith("_"))
        changed = tuple(dict.fromkeys(of_neurons))
        names = self._names(state, trial, synapse, _reads(block) | set(changed))
        returned = (*block.writes, *changed, *(deferred_name(k) for k in range(len(deferred))))
        new = numpy_block(statements, returned)(names, None, self._random(state, block, trial, synapse))
        for name in block.writes:
            self._put(state, name, trial, synapse, new[name])
        for name in changed:
            group, variable, neuron = self._end(name, synapse)
            free = self._not_frozen(state, group, variable, trial, neuron)
            value = np.broadcast_to(new[name], trial.shape)
            flat = state.values[group.name][variable].reshape(state.count, -1)
            flat[trial[free], neuron[free]] = value[free]
        values = [np.broadcast_to(new[deferred_name(k)], trial.shape) for k in range(len(deferred))]
        self._apply_deferred(state, trial, synapse, list(zip(deferred, values, strict=True)))

    def _apply_deferred(
        self,
        state: State,
        trial: np.ndarray,
        synapse: np.ndarray,
        deferred: Deferred,
    ) -> None:
        """Change variables and ports of neurons: arrival after arrival, its statements in their order."""
        for target in dict.fromkeys(statement.name for statement, _ in deferred):
            mine = [(statement, value) for statement, value in deferred if statement.name == target]
            group, variable, neuron = self._end(target, synapse)
            free = self._not_frozen(state, group, variable, trial, neuron)
            index = (trial * group.size + neuron)[free]
            if variable in group.ports:
                port = state.ports[group.name][variable]
                _change_port(port, index, mine, free)
                continue
            _change(state.values[group.name][variable].reshape(-1), index, mine, free)

    def _not_frozen(
        self, state: State, group: Group, variable: str, trial: np.ndarray, neuron: np.ndarray
    ) -> np.ndarray:
        """Which arrivals may change a variable: if it is frozen while refractory, those at other neurons."""
        if variable not in group.frozen:
            return np.ones(trial.size, bool)
        return state.not_refractory[group.name].reshape(state.count, -1)[trial, neuron]

    def _end(self, name: str, synapse: np.ndarray) -> tuple[Group, str, np.ndarray]:
        """The population, variable and neurons that a name means: v_post, v_pre, or v of the target."""
        if name.endswith("_pre"):
            return self.pre, name.removesuffix("_pre"), self.holder.sender[synapse]
        return self.post, name.removesuffix("_post"), self.holder.receiver[synapse]

    def _names(self, state: State, trial: np.ndarray, synapse: np.ndarray, wanted: set[str]) -> Names:
        """Values, one for each arrival, of the names that a block uses."""
        own, names = state.synapses[self.pathway.holder], Names()
        for name in wanted:
            if name in own:
                names[name] = own[name][trial, synapse]
            elif name in self.text.constants:
                value = self.text.constants[name]
                names[name] = value[synapse] if np.ndim(value) else value
            elif name in self.text.links:
                names[name] = _linked(state, self.text.links[name], trial, synapse)
            elif name == "t":
                names[name] = state.time
            elif name == "_elapsed":
                names[name] = (state.time - own["lastupdate"][trial, synapse]).astype(self.plan.dtype)
            elif name in ENDS:
                index = self.holder.sender if ENDS[name] == "sender" else self.holder.receiver
                names[name] = index[synapse].astype(np.float64)
            else:
                names[name] = self._neuron_value(state, name, trial, synapse)
        return {name: value for name, value in names.items() if value is not None}

    def _put(self, state: State, name: str, trial: np.ndarray, synapse: np.ndarray, value: Numeric) -> None:
        """Change a variable of the synapses, their own or one that a population holds for each of them."""
        if name in self.text.states:
            state.synapses[self.pathway.holder][name][trial, synapse] = value
        else:
            link = self.text.links[name]
            values = state.values[link.owner][link.variable].reshape(state.count, -1)
            values[trial, link.index[synapse]] = value

    def _neuron_value(self, state: State, name: str, trial: np.ndarray, synapse: np.ndarray) -> Numeric:
        """The value, for each arrival, of a variable of a neuron; None for a temporary name of the block."""
        group, variable, neuron = self._end(name, synapse)
        if name == self.message:
            return state.delivered[self.pathway.name][trial, synapse]
        if variable == "not_refractory":
            return state.not_refractory[group.name].reshape(state.count, -1)[trial, neuron]
        if variable in state.values[group.name]:
            return state.values[group.name][variable].reshape(state.count, -1)[trial, neuron]
        if variable in group.links:
            return _linked(state, group.links[variable], trial, neuron)
        if variable in group.constants:
            value = np.asarray(group.constants[variable])
            return value.reshape(-1)[neuron] if value.ndim and value.shape == group.shape else value[()]
        if variable in group.subexpressions:
            return derived_value(state, group, variable)[trial, neuron]
        return None

    def _random(self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray) -> TextRandom:
        element = np.zeros(synapse.size, np.uint32) if block.shared else synapse.astype(np.uint32)
        return state.random(self.pathway.name, block.name, element, state.trials[trial])


def _linked(state: State, link: Link, trial: np.ndarray, reader: np.ndarray) -> np.ndarray:
    """What some neurons or synapses read of another population."""
    values = state.values[link.owner][link.variable].reshape(state.count, -1)
    return values[trial, link.index.reshape(-1)[reader]]


def _change_port(port: Port, index: np.ndarray, deferred: Deferred, free: np.ndarray) -> None:
    """Let arrivals add to a port, or take part in its maximum; see `_change`."""
    if port.reduce != "sum":
        for _ in deferred:
            np.add.at(port.count.reshape(-1), index, 1)
    if port.reduce == "max":
        for _, value in deferred:
            combine(port.reduce).at(port.total.reshape(-1), index, value[free])
    else:
        _change(port.total.reshape(-1), index, deferred, free)


def _change(values: np.ndarray, index: np.ndarray, deferred: Deferred, free: np.ndarray) -> None:
    """Set or change flat `values` at `index`: arrival after arrival, all statements of one before the next.

    free: which arrivals may change anything; `index` is that of these alone.
    """
    if deferred[0][0].op == "=":
        values[index] = deferred[-1][1][free]
        return
    signed = np.stack([value if s.op == "+=" else -value for s, value in deferred], axis=1)
    np.add.at(values, np.repeat(index, len(deferred)), signed[free].reshape(-1).astype(values.dtype))


def _repeats(trial: np.ndarray, synapse: np.ndarray) -> bool:
    """Whether two arrivals of one tick are at the same synapse, which is possible if delays differ."""
    index = trial * (int(synapse.max(initial=0)) + 1) + synapse
    rising = bool(np.all(index[1:] > index[:-1]))  # as arrivals of one delay are; far cheaper than to sort
    return not rising and np.unique(index).size != index.size


def one_by_one(trial: np.ndarray) -> Iterator[np.ndarray]:
    """Split arrivals, keeping their order, so that each part has at most one of each trial."""
    order = np.argsort(trial, kind="stable")
    sorted_trials = trial[order]
    first = np.r_[True, sorted_trials[1:] != sorted_trials[:-1]]
    rank = np.empty(trial.size, np.int64)  # of each arrival among those of its trial, from 0
    rank[order] = np.arange(trial.size) - np.flatnonzero(first)[np.cumsum(first) - 1]
    for number in range(int(rank.max(initial=-1)) + 1):
        yield np.flatnonzero(rank == number)


def _reads(block: Block) -> set[str]:
    """The names whose values a block needs, temporary ones included."""
    names = {name for s in block.statements for name in names_in(s.expression)}
    return names | {s.name for s in block.statements if s.op != "=" and s.name in block.writes}

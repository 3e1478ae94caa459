"""Synapses with text: arrivals (`on_pre`), targets that have sent (`on_post`), clock-driven and summed variables."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from neurosim.engine.pushes import order_matters, split_pushes
from neurosim.engine.reference.arrivals import by_delay, expand
from neurosim.engine.state import State, spikes_sent
from neurosim.network.program import Step
from neurosim.network.text import Statement, names_in
from neurosim.plan.codegen.numpy_code import evaluate, numpy_block
from neurosim.plan.plan import Block, Plan, Textual


class Plastic:
    """One pathway with text. Arrivals act one after the other; where their order cannot matter, all at once."""

    def __init__(self, plan: Plan, pathway: Textual):
        self.plan, self.pathway, self.text = plan, pathway, pathway.text
        self.pre, self.post = plan.groups[pathway.pre], plan.groups[pathway.post]
        self.graded = not spikes_sent(plan, pathway.pre)
        blocks = [block for block in (self.text.on_pre, self.text.on_post) if block is not None]
        self.in_turn = {
            block.name: order_matters(block, tuple(self.text.states), self.pre, self.post) for block in blocks
        }
        self.start = np.r_[0, np.cumsum(np.bincount(pathway.sender, minlength=self.pre.size))]
        self.by_post = np.argsort(pathway.receiver, kind="stable")
        self.post_start = np.r_[0, np.cumsum(np.bincount(pathway.receiver, minlength=self.post.size))]

    @cached_property
    def one_delay(self) -> int | None:
        delay = self.pathway.delay
        return int(delay[0]) if delay.size and (delay == delay[0]).all() else None

    def queue(self, state: State) -> None:
        """Put this tick's spikes of the sender on their way, if their arrival does anything."""
        if self.text.on_pre is None:
            return
        trial, neuron = state.spikes[self.pathway.pre]
        synapse, owner = expand(self.start, neuron)
        if synapse.size:
            for delay, chosen in by_delay(self.pathway.delay, self.one_delay, synapse):
                entry = (state.tick, trial[owner[chosen]], synapse[chosen])
                state.arrivals[self.pathway.name].setdefault(state.tick + delay, []).append(entry)

    def deliver(self, state: State, step: Step) -> None:
        """Run on_pre for what arrives at this tick, and evaluate summed variables with the graded messages."""
        if step.delivers(graded=True):
            if self.graded:
                self._remember(state)
            self._sum(state)
        if self.text.on_pre is None or not step.delivers(graded=self.graded):
            return
        if self.graded:
            trial, synapse = self._everything(state)
        else:
            due = sorted(state.arrivals[self.pathway.name].pop(state.tick, []), key=lambda entry: entry[0])
            if not due:
                return
            trial, synapse = (np.concatenate([entry[part] for entry in due]) for part in (1, 2))
        self._act(state, self.text.on_pre, trial, synapse)

    def answer(self, state: State) -> None:
        """Run on_post for the synapses of targets that have sent at this tick."""
        if self.text.on_post is None:
            return
        if self.post.spiking:
            trial, neuron = state.spikes[self.pathway.post]
            place, owner = expand(self.post_start, neuron)
            if not place.size:
                return
            self._act(state, self.text.on_post, trial[owner], self.by_post[place])
        else:
            self._act(state, self.text.on_post, *self._everything(state))

    def _everything(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        synapses = self.pathway.sender.size
        return np.repeat(np.arange(state.count), synapses), np.tile(np.arange(synapses), state.count)

    def _remember(self, state: State) -> None:
        """The message that each synapse delivers at this tick: (trial, synapse)."""
        sender, delay = self.pathway.sender, self.pathway.delay
        delivered = np.zeros((state.count, sender.size), self.plan.dtype)
        for one in np.unique(delay):
            chosen = delay == one
            delivered[:, chosen] = state.history[self.pathway.pre].sent_at(state.tick - int(one))[
                :, sender[chosen]
            ]
        state.delivered[self.pathway.name] = delivered

    def integrate(self, state: State) -> None:
        """Advance clock-driven variables of all synapses by one tick."""
        block = self.text.integrate
        if block is None:
            return
        own = state.synapses[self.pathway.name]
        trial, synapse = self._everything(state)
        names = self._names(state, trial, synapse, _reads(block))
        new = numpy_block(block.statements, block.writes)(
            names, None, self._random(state, block, trial, synapse)
        )
        for name, value in new.items():
            own[name] = np.broadcast_to(value, trial.shape).reshape(own[name].shape).astype(own[name].dtype)

    def _sum(self, state: State) -> None:
        """Set each (summed) variable of the target to the sum of its expression over the synapses, in their order."""
        if not self.text.summed:
            return
        trial, synapse = self._everything(state)
        for variable, expression in self.text.summed.items():
            names = self._names(state, trial, synapse, set(names_in(expression)))
            value = np.broadcast_to(evaluate(expression, names), trial.shape)
            total = np.zeros(state.count * self.post.size, self.plan.dtype)
            np.add.at(total, trial * self.post.size + self.pathway.receiver[synapse], value)
            state.values[self.post.name][variable] = total.reshape(state.count, *self.post.shape)

    def _act(self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray) -> None:
        if self.in_turn[block.name] or _repeats(trial, synapse):
            for chosen in one_by_one(trial):
                self._run(state, block, trial[chosen], synapse[chosen], alone=True)
        else:
            self._run(state, block, trial, synapse)

    def _run(
        self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray, alone: bool = False
    ) -> None:
        """Run a block for arrivals that do not disturb each other, and write back what it changed.

        For arrivals that are `alone` in their trial, variables of neurons may also be read after they were changed.
        """
        ports = {f"{port}_post" for port in self.post.ports} | set(self.post.ports)
        inner = tuple(s.name for s in block.statements if s.name not in ports) if alone else ()
        statements, pushes = split_pushes(block, (*self.text.states, *inner))
        changed = tuple(
            dict.fromkeys(name for name in inner if name not in self.text.states and not name.startswith("_"))
        )
        names = self._names(state, trial, synapse, _reads(block) | set(changed))
        returned = (*block.writes, *changed, *(f"_push_{k}" for k in range(len(pushes))))
        new = numpy_block(statements, returned)(names, None, self._random(state, block, trial, synapse))
        own = state.synapses[self.pathway.name]
        for name in block.writes:
            own[name][trial, synapse] = new[name]
        for name in changed:
            group, variable, neuron = self._end(name, synapse)
            keep = (
                state.not_refractory[group.name].reshape(state.count, -1)[trial, neuron]
                if variable in group.frozen
                else np.ones(trial.size, bool)
            )
            value = np.broadcast_to(new[name], trial.shape)
            state.values[group.name][variable].reshape(state.count, -1)[trial[keep], neuron[keep]] = value[
                keep
            ]
        self._push(
            state,
            trial,
            synapse,
            [(target, np.broadcast_to(new[f"_push_{k}"], trial.shape)) for k, target in enumerate(pushes)],
        )

    def _push(
        self, state: State, trial: np.ndarray, synapse: np.ndarray, pushes: list[tuple[Statement, np.ndarray]]
    ) -> None:
        """Add to, or set, variables and ports of the neurons: arrival after arrival, its statements in their order."""
        for target in dict.fromkeys(statement.name for statement, _ in pushes):
            mine = [(statement, value) for statement, value in pushes if statement.name == target]
            group, variable, neuron = self._end(target, synapse)
            keep = np.ones(trial.size, bool)
            if variable in group.frozen:
                keep = state.not_refractory[group.name].reshape(state.count, -1)[trial, neuron]
            place = (trial * group.size + neuron)[keep]
            if variable in group.ports:
                port = state.ports[group.name][variable]
                where, count = port.total.reshape(-1), port.count
                for _ in mine if count.shape == port.total.shape else ():
                    np.add.at(count.reshape(-1), place, 1)
                if port.reduce == "max":
                    for _, value in mine:
                        np.maximum.at(where, place, value[keep])
                    continue
            else:
                where = state.values[group.name][variable].reshape(-1)
            if mine[0][0].op == "=":
                where[place] = mine[-1][1][keep]
            else:
                signed = np.stack(
                    [value if statement.op == "+=" else -value for statement, value in mine], axis=1
                )
                np.add.at(where, np.repeat(place, len(mine)), signed[keep].reshape(-1).astype(where.dtype))

    def _end(self, name: str, synapse: np.ndarray) -> tuple[Any, str, np.ndarray]:
        """The population, variable and neurons that a name such as v_post, v_pre or (of the target) v means."""
        if name.endswith("_pre"):
            return self.pre, name.removesuffix("_pre"), self.pathway.sender[synapse]
        return self.post, name.removesuffix("_post"), self.pathway.receiver[synapse]

    def _names(
        self, state: State, trial: np.ndarray, synapse: np.ndarray, wanted: set[str]
    ) -> dict[str, Any]:
        """Values, one per arrival, of the names that a block uses."""
        own = state.synapses[self.pathway.name]
        names: dict[str, Any] = {}
        for name in wanted:
            if name in own:
                names[name] = own[name][trial, synapse]
            elif name in self.text.constants:
                value = self.text.constants[name]
                names[name] = value[synapse] if np.ndim(value) else value
            elif name == "t":
                names[name] = state.time
            elif name == "elapsed":
                names[name] = (state.time - own["lastupdate"][trial, synapse]).astype(self.plan.dtype)
            elif name in ("i", "j"):
                names[name] = (self.pathway.sender if name == "i" else self.pathway.receiver)[synapse].astype(
                    np.float64
                )
            else:
                names[name] = self._neuron_value(state, name, trial, synapse)
        return {name: value for name, value in names.items() if value is not None}

    def _neuron_value(self, state: State, name: str, trial: np.ndarray, synapse: np.ndarray) -> Any:
        group, variable, neuron = self._end(name, synapse)
        sent = group.sends if group.sends is not None else "v"
        if name.endswith("_pre") and self.graded and variable == sent:
            return state.delivered[self.pathway.name][trial, synapse]
        if variable == "not_refractory":
            return state.not_refractory[group.name].reshape(state.count, -1)[trial, neuron]
        if variable in state.values[group.name]:
            return state.values[group.name][variable].reshape(state.count, -1)[trial, neuron]
        if variable in group.constants:
            value = np.asarray(group.constants[variable])
            return value.reshape(-1)[neuron] if value.ndim and value.shape == group.shape else value[()]
        if variable in group.derived:
            from neurosim.engine.state import names_of

            value = evaluate(group.derived[variable], names_of(state, group))
            return np.broadcast_to(value, (state.count, *group.shape)).reshape(state.count, -1)[trial, neuron]
        return None  # a temporary name of the block itself

    def _random(self, state: State, block: Block, trial: np.ndarray, synapse: np.ndarray) -> Any:
        return state.random(self.pathway.name, block.name, synapse.astype(np.uint32), state.trials[trial])


def _repeats(trial: np.ndarray, synapse: np.ndarray) -> bool:
    """Whether a synapse is met twice (possible where delays differ between the arrivals of one tick)."""
    place = trial * (int(synapse.max(initial=0)) + 1) + synapse
    rising = bool(np.all(place[1:] > place[:-1]))  # as arrivals of one delay are; far cheaper than to sort
    return not rising and np.unique(place).size != place.size


def one_by_one(trial: np.ndarray):
    """The arrivals in their order, one of each trial at a time."""
    order = np.argsort(trial, kind="stable")
    sorted_trials = trial[order]
    first = np.r_[True, sorted_trials[1:] != sorted_trials[:-1]]
    rank = np.empty(trial.size, np.int64)
    rank[order] = np.arange(trial.size) - np.flatnonzero(first)[np.cumsum(first) - 1]
    for number in range(int(rank.max(initial=-1)) + 1):
        yield np.flatnonzero(rank == number)


def _reads(block: Block) -> set[str]:
    names = {name for s in block.statements for name in names_in(s.expression)}
    return names | {s.name for s in block.statements if s.op != "=" and s.name in block.writes}

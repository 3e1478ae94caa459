"""Synapses as pathways of the plan: plain ones where on_pre only adds constants, else with their text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from neurosim.brian.actions import Action, Does
from neurosim.brian.events import SPIKE, holder_of
from neurosim.brian.names import Names, label, part_of
from neurosim.brian.private_names import BrianObject, Subexpression, Variable, integrated, value_of
from neurosim.brian.program import block_name
from neurosim.brian.refusal import Refused
from neurosim.brian.synapse_values import SynapseValues, Wires
from neurosim.brian.texts import read_text
from neurosim.network.functions import RANDOM, functions
from neurosim.network.text import Equation, Statement, calls_in, names_in
from neurosim.plan.codegen.numpy_code import evaluate
from neurosim.plan.equations import event_driven
from neurosim.plan.plan import AnyPathway, Block, Sparse, SynapseText, Textual
from neurosim.plan.recipe import Edges

UNUSED = "unused"  # a variable of synapses that have none: plans ask for one


@dataclass
class LoweredSynapses:
    """The pathways of one object of synapses.

    synapses: the object of Brian2
    wires: its synapses
    pathways: those of the plan
    delays: for each pathway of Brian2 that delivers spikes, the delay of each synapse in ticks
    carried_by: for each action, the names of the pathways of the plan that do it
    held_by: for each variable that changes, by its name, the pathway that holds it
    of_neurons: the names of variables of senders and targets that its text reads
    held: the names of its variables that a group of the plan holds
    """

    synapses: BrianObject
    wires: Wires
    pathways: list[AnyPathway] = field(default_factory=list[AnyPathway])
    delays: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    carried_by: dict[Action, list[str]] = field(default_factory=dict[Action, list[str]])
    held_by: dict[str, str] = field(default_factory=dict[str, str])
    of_neurons: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class _Cluster:
    """Actions of synapses, and subexpressions to be recorded, that share variables.

    own: these variables
    """

    actions: list[Action]
    derived: list[str]
    own: frozenset[Variable]

    def with_part(self, other: _Cluster) -> _Cluster:
        """Both in one."""
        actions, derived = [*self.actions, *other.actions], [*self.derived, *other.derived]
        return _Cluster(actions, derived, self.own | other.own)


class SynapseLowering:
    """Lowers one object of synapses.

    synapses: the object of Brian2
    place: of each action of the network, in Brian2's order
    namespace: the names of the script
    changing: the arrays that some text of the network changes
    late: the actions that see spikes one tick of their group after they were sent
    dt: of the clock, in seconds
    dtype: of the state
    held: the variables of the synapses that a group of the plan holds (`ends.py`)
    """

    def __init__(
        self,
        synapses: BrianObject,
        place: Mapping[Action, int],
        namespace: Mapping[str, Any],
        changing: Collection[Variable],
        late: Collection[Action],
        dt: float,
        dtype: np.dtype,
        held: Collection[Variable] = (),
    ):
        self.synapses, self.place, self.namespace, self.changing = synapses, place, namespace, changing
        self.actions = synapse_actions(synapses, place)
        self.late, self.dt, self.dtype, self.held = late, dt, dtype, held
        self.names = Names(synapses, namespace)
        names = frozenset(variable.name for variable in held)
        self.found = LoweredSynapses(synapses, Wires.of(synapses), held=names)

    def lower(self, recorded: Collection[str]) -> LoweredSynapses:
        """The pathways. `recorded` are the names that monitors record."""
        self.found.of_neurons = {"_pre": set(), "_post": set()}
        for cluster in self._clusters(sorted(name for name in recorded if self._is_derived(name))):
            self._lower_cluster(cluster)
        return self.found

    def _is_derived(self, name: str) -> bool:
        variable = self.names[name]
        return isinstance(variable, Subexpression) and variable.owner.name == self.synapses.name

    def _clusters(self, derived: Sequence[str]) -> list[_Cluster]:
        """The actions, and subexpressions to record; those together that share a variable that changes."""
        parts = [_Cluster([action], [], action.reads | action.writes) for action in self.actions]
        parts += [_Cluster([], [name], frozenset(self.names.read_by(name))) for name in derived]
        clusters: list[_Cluster] = []
        for part in parts:
            own = frozenset(v for v in part.own if self._is_state(v))
            joined = replace(part, own=own)
            for cluster in [c for c in clusters if c.own & own]:
                joined = cluster.with_part(joined)
                clusters.remove(cluster)
            clusters.append(joined)
        return clusters

    def _is_state(self, variable: Variable) -> bool:
        own = variable.owner.name == self.synapses.name and variable not in self.held
        return own and variable in self.changing

    def _lower_cluster(self, parts: _Cluster) -> None:
        cluster = parts.actions
        values = SynapseValues(self.synapses, self.names, self.changing, self.found.wires, self.held)
        delivers = [a.does for a in cluster] == [Does.DELIVER_TEXT]
        if delivers and not parts.derived and self._plain(cluster[0], values):
            return
        arriving, sent, further = self._alike(cluster)
        own = [a for a in cluster if not any(a in actions for actions in further)]
        text, catch_up = self._text(parts, arriving, sent, values)
        size = self.found.wires.order.size
        name = str((arriving or own)[0].thing.name if own else self._free_name(parts))
        delay = self._delays(arriving[0]) if arriving else np.zeros(size, np.int64)
        stored = self._edges(np.zeros(size), delay)
        ends = self._ends(name, None, arriving=_event(arriving), sent=_event(sent))
        self.found.pathways.append(Textual(**ends, stored=stored, text=text))
        self.found.held_by |= dict.fromkeys((*values.states, *parts.derived), name)
        self.found.carried_by |= {action: [name] for action in own}
        for actions in further:
            self._lower_further(actions, name, text, catch_up, values)
        for action in (*arriving, *(a for actions in further for a in actions)):
            self.found.delays[action.thing.name] = self._delays(action)
        for end, read in values.of_neurons.items():
            self.found.of_neurons[end] |= read

    def _alike(self, cluster: list[Action]) -> tuple[list[Action], list[Action], list[list[Action]]]:
        """The actions at spikes, those together that one block can stand for.

        Returns those of on_pre, those of on_post without a delay, and what needs pathways of its own.
        """
        found: list[list[Action]] = []
        for action in sorted(cluster, key=self.place.__getitem__):
            if action.does in (Does.DELIVER_TEXT, Does.SENT):
                together = bool(found) and self._joins(found[-1][-1], action)
                found[-1:] = [[*found[-1], action]] if together else [*found[-1:], [action]]
        nothing: list[Action] = []
        before = (actions for actions in found if actions[0].does is Does.DELIVER_TEXT)
        after = (a for a in found if a[0].does is Does.SENT and not self._delays(a[0]).any())
        arriving, sent = next(before, nothing), next(after, nothing)
        return arriving, sent, [actions for actions in found if actions not in (arriving, sent)]

    def _joins(self, action: Action, then: Action) -> bool:
        """Whether two actions at spikes act as one: each arrival then does both, before the next one."""
        own = frozenset(v for v in action.writes | then.writes if v.owner.name == self.synapses.name)
        return (
            action.does is then.does
            and action.event == then.event
            and self.place[then] == self.place[action] + 1
            and np.array_equal(self._delays(action), self._delays(then))
            and action.commutes(then, but_for=own)
        )

    def _lower_further(
        self,
        actions: list[Action],
        holder: str,
        text: SynapseText,
        catch_up: tuple[Statement, ...],
        values: SynapseValues,
    ) -> None:
        """One more pathway of the synapses that `holder` stands for."""
        name, wires = str(actions[0].thing.name), self.found.wires
        event, at_target = _event(actions), actions[0].does is Does.SENT
        ends = self._ends(name, None, **{"sent" if at_target else "arriving": event})
        sender = wires.sender
        if at_target:
            sender, ends = wires.receiver, ends | {
                "pre": ends["post"], "pre_index": ends["post_index"], "pre_shape": ends["post_shape"],
            }  # fmt: skip
        stored = Edges(sender, wires.receiver, np.zeros(sender.size), self._delays(actions[0]))
        own = replace(
            text,
            on_pre=self._events(actions, "on_pre", catch_up, values),
            on_post=None,
            integrate=None,
            summed={},
            periodic={},
            subexpressions={},
        )
        self.found.pathways.append(Textual(**ends, stored=stored, text=own, of=holder))
        self.found.carried_by |= {action: [name] for action in actions}

    def _free_name(self, parts: _Cluster) -> str:
        """The name of a pathway that holds variables, but that no action stands for."""
        name = str(self.synapses.name)  # of a group, too, if that holds variables of the synapses
        if parts.actions:
            return f"{name}_at_events" if self.held else name
        return f"{name}_of_{parts.derived[0]}"

    def _ends(self, name: str, to: str | None, *, arriving: str = SPIKE, sent: str = SPIKE) -> dict[str, Any]:
        """What a pathway knows of where it begins and ends, given the events at which its text runs."""
        pre, post = holder_of(self.synapses.source, arriving), holder_of(self.synapses.target, sent)
        return dict(
            name=name, pre=pre, post=post, to=to,
            pre_index=part_of(self.synapses.source), post_index=part_of(self.synapses.target),
            pre_shape=(len(self.synapses.source),), post_shape=(len(self.synapses.target),),
        )  # fmt: skip

    def _edges(self, weight: np.ndarray, delay: np.ndarray) -> Edges:
        return Edges(self.found.wires.sender, self.found.wires.receiver, weight, delay)

    def _delays(self, action: Action) -> np.ndarray:
        """The delay of each synapse in ticks; Brian2 rounds it to ticks of the sender."""
        ticks = self.found.wires.delays(action.thing, self.dt * action.every)
        return (ticks + (action in self.late)) * action.every

    def _plain(self, action: Action, values: SynapseValues) -> bool:
        """Lower a pathway that only adds constants to variables of targets; whether it is one."""
        text = action.text
        assert text is not None
        if self.synapses.event_driven is not None or text.temporary or not text.statements:
            return False
        values.add(text.used)
        if values.states or values.links:
            return False
        sums: list[tuple[str, np.ndarray]] = []
        for statement in values.plain(text.statements):
            variable, is_post = statement.name.removesuffix("_post"), statement.name.endswith("_post")
            called = calls_in(statement.expression)
            random = any(name not in functions() or functions()[name].kind == RANDOM for name in called)
            constant = names_in(statement.expression) <= set(values.constants)
            if statement.op not in ("+=", "-=") or not is_post or random or not constant:
                return False
            value = np.broadcast_to(
                np.asarray(evaluate(statement.expression, values.constants), np.float64),
                self.found.wires.order.shape,
            )
            sums.append((variable, -value if statement.op == "-=" else np.array(value)))
        delay = self._delays(action)
        self.found.delays[action.thing.name] = delay
        names = [action.thing.name if not n else f"{action.thing.name}_{n}" for n in range(len(sums))]
        for name, (variable, weight) in zip(names, sums, strict=True):
            self.found.pathways.append(
                Sparse(**self._ends(name, variable, arriving=action.event), stored=self._edges(weight, delay))
            )
        self.found.carried_by[action] = names
        return True

    def _text(
        self, parts: _Cluster, arriving: list[Action], sent: list[Action], values: SynapseValues
    ) -> tuple[SynapseText, tuple[Statement, ...]]:
        """The text of the actions of a cluster, and the statements that bring variables up to date."""
        cluster = parts.actions
        values.add(["dt", *parts.derived])
        at_events = any(action.does in (Does.DELIVER_TEXT, Does.SENT) for action in cluster)
        catches_up = at_events and self.synapses.event_driven is not None
        catch_up = self._catch_up(values) if catches_up else ()
        for action in cluster:
            if action.text is not None and action.does is not Does.INTEGRATE_SYNAPSES:
                values.add(action.text.used - {"_sum"})
                for name in sorted(action.text.assigned & values.links.keys() - self.found.held):
                    raise Refused(label(self.synapses), f"its text changes the linked variable {name!r}")
        on_pre = self._events(arriving, "on_pre", catch_up, values)
        on_post = self._events(sent, "on_post", catch_up, values)
        integrate = self._integrate(cluster, values)
        regular = [self._regular(a, values) for a in cluster if a.does is Does.RUN]
        summed = self._summed(cluster, values)
        states = {
            name: self.found.wires.sorted(value_of(variable)).astype(
                np.float64 if name == "lastupdate" else self.dtype
            )
            for name, variable in values.states.items()
        }
        for name, variable in values.states.items():
            if variable.scalar and not self.found.wires.order.size:
                what = f"it has no synapses, but its text changes {name!r}, which they share"
                raise Refused(label(self.synapses), what)
        states = states or {UNUSED: np.zeros(self.found.wires.order.size, self.dtype)}
        constants = values.lowered(self.dtype)
        found = SynapseText(
            states=states, laws={}, constants=constants, integrate=integrate, summed=summed, on_pre=on_pre,
            on_post=on_post, periodic={block.name: block for block in regular},
            links=values.links, subexpressions=self._derived(parts.derived, values),
        )  # fmt: skip
        return found, catch_up

    def _derived(self, names: Sequence[str], values: SynapseValues) -> dict[str, str]:
        """For each subexpression that is recorded, its expression in variables and constants."""
        plain = values.plain([Statement(name, "=", name) for name in names])
        return {name: s.expression for name, s in zip(names, plain, strict=True)}

    def _regular(self, action: Action, values: SynapseValues) -> Block:
        """The block of code that runs regularly."""
        assert action.text is not None
        plain = values.plain(action.text.statements)
        writes = tuple(dict.fromkeys(s.name for s in plain if s.name in values.own))
        shared = all(self.names[s].scalar for s in action.text.assigned)
        name = block_name(action, self.actions)
        return Block(name, plain, writes, text=str(action.thing.abstract_code), shared=shared)

    def _catch_up(self, values: SynapseValues) -> tuple[Statement, ...]:
        """The closed form of (event-driven) equations over the time since the last event."""
        equations = self.synapses.event_driven
        lines = tuple(
            Equation("differential", name, equations[name].expr.code, "1", ())
            for name in equations
            if name in equations.diff_eq_names
        )
        values.add(line.name for line in lines)
        values.add(name for line in lines for name in names_in(line.expression))
        values.add(["lastupdate"])
        return event_driven(lines, values.scope())

    def _events(
        self,
        chosen: list[Action],
        name: str,
        catch_up: tuple[Statement, ...],
        values: SynapseValues,
    ) -> Block | None:
        """The block of actions at spikes."""
        if not chosen:
            return None
        statements: list[Statement] = []
        for action in chosen:
            assert action.text is not None
            statements += [*catch_up, *action.text.statements]
            statements += [Statement("lastupdate", "=", "t")] if catch_up else []
        plain = values.plain(statements)
        writes = tuple(dict.fromkeys(s.name for s in plain if s.name in values.own))
        text = "\n".join(str(action.thing.code) for action in chosen)
        return Block(name, plain, writes, text=text)

    def _integrate(self, cluster: list[Action], values: SynapseValues) -> Block | None:
        """The block that integrates the (clock-driven) equations."""
        chosen = [action for action in cluster if action.does is Does.INTEGRATE_SYNAPSES]
        if not chosen:
            return None
        runner, equations = chosen[0].thing, self.synapses.equations
        known = self.names.resolve({*equations.names, *equations.identifiers, "dt"})
        code = read_text(integrated(runner, runner.method_choice, known), self.names)
        values.add(code.used)
        plain = values.plain(code.statements)
        writes = tuple(name for name in equations if name in equations.diff_eq_names)
        return Block("model", plain, writes, text=str(equations))

    def _summed(self, cluster: list[Action], values: SynapseValues) -> dict[str, str]:
        """For each (summed) variable of targets and senders, the expression that is summed."""
        sums = sorted((a for a in cluster if a.does is Does.SUM), key=self.place.__getitem__)
        for first, then in pairwise(sums):
            between = (a for a, n in self.place.items() if self.place[first] < n < self.place[then])
            if not all(action.commutes(then) for action in between):
                raise Refused(label(then.thing), "another object runs between it and the sum before it")
        found: dict[str, str] = {}
        for action in sums:
            assert action.text is not None
            name = str(action.thing.target_varname).removesuffix("_post")
            found[name] = values.plain(action.text.statements)[0].expression
        return found


def _event(actions: Sequence[Action]) -> str:
    """The event at which actions run, which is the same for all of them."""
    return actions[0].event if actions else SPIKE


def synapse_actions(synapses: BrianObject, actions: Iterable[Action]) -> list[Action]:
    """The actions of an object of synapses."""
    kinds = (Does.SUM, Does.INTEGRATE_SYNAPSES, Does.DELIVER_TEXT, Does.SENT, Does.RUN)
    return [a for a in actions if a.does in kinds and a.group == synapses.name]

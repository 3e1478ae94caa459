"""What a run starts from: start values, or the end of a run that it continues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from neurosim.engine.checkpoint import trials_held
from neurosim.engine.resume import read_resume
from neurosim.errors import DescriptionError, shown
from neurosim.network.codec import same
from neurosim.network.contraction import einsum
from neurosim.network.draws import Pairs
from neurosim.network.expression import Expression, is_drawn
from neurosim.network.network import Network
from neurosim.network.random_wiring import probability
from neurosim.network.synapses import Synapses
from neurosim.network.values import Numeric, Value, whole
from neurosim.network.windows import conv, pool
from neurosim.network.wiring import all_to_all, one_to_one, pairs, private
from neurosim.plan.draw import draw_synapses, start_value
from neurosim.plan.lower import written_variables
from neurosim.plan.plan import Plan, Textual
from neurosim.plan.synapse_numbers import per_synapse
from neurosim.recording.recording import Recording
from neurosim.start_values import read_values

ANOTHER = (
    "run: start is a recording of another network."
    " Continue with the network that it recorded (recording.network)."
)
NOT_RANDOM = (
    all_to_all,
    one_to_one,
    pairs,
    private,
    conv,
    pool,
    einsum,
)  # wirings that do not depend on the seed


class Checkpoint(Protocol):
    """The end of a run, from which another run can continue: a Recording, or as much of one as is needed.

    network: the network that was run
    final: the state after the last tick, as `Recording.final`; empty if the run was killed
    batched: whether `final` has a trial axis
    seed, precision: those of the run
    """

    @property
    def network(self) -> Network: ...
    @property
    def final(self) -> Mapping[str, np.ndarray]: ...
    @property
    def batched(self) -> bool: ...
    @property
    def seed(self) -> int: ...
    @property
    def precision(self) -> str: ...


StartValues: TypeAlias = Mapping[str, Numeric | str]
StartOf: TypeAlias = Checkpoint | StartValues | tuple[Checkpoint, StartValues]


@dataclass(frozen=True, eq=False)
class Start:
    """What a run starts from, checked against its network.

    seed, precision: those of the run
    values: start values by 'population.variable'
    resume: the end state of the run that is continued, by key such as 'state/population/variable'; else empty
    batched: whether `resume` has a trial axis
    changed: keys of `resume` that are parameters to which the network now gives other values
    unchanged_network: whether network and seed are those of the run that is continued
    known: whether `resume` is what a run of this very network has left in memory, which nobody can change
    what: how error messages about this start begin
    """

    seed: int
    precision: str
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    resume: Mapping[str, np.ndarray] = field(default_factory=dict)
    batched: bool = False
    changed: tuple[str, ...] = ()
    unchanged_network: bool = False
    known: bool = False
    what: str = "run: start"

    @property
    def trials(self) -> int:
        """The number of trials of the run that is continued; 0 if its state has no trial axis."""
        return trials_held(self.resume) if self.resume and self.batched else 0


def read_start(
    net: Network,
    start: StartOf | None,
    seed: int | None,
    precision: str | None,
) -> Start:
    """Check what a run of `net` starts from.

    start: the recording to continue, or start values by 'population.variable', or both
    seed, precision: those of the run; None: those of the recording that is continued, else 0 and 'double'

    Raises DescriptionError for the end of another network's run, and for another seed than the recording's if
    wiring, weights or delays are drawn from it.
    """
    seed = seed_of(start, seed)
    if start is None:
        return Start(seed, precision or "double")
    if _is_checkpoint(start):
        return _continued(net, start, seed, precision)  # type: ignore[arg-type]  # checked in the line above
    if isinstance(start, tuple) and len(start) == 2 and _is_checkpoint(start[0]):
        return _continued_with(net, start[0], start[1], seed, precision)
    if not isinstance(start, Mapping):
        raise DescriptionError(
            f"run: start {shown(start)} is neither a Recording nor a dict, nor a pair of them."
            " Give {'population.variable': values}."
        )
    return Start(seed, precision or "double", read_values(net, start, seed))


def seed_of(start: object, seed: int | None) -> int:
    """The seed of a run: the one given, else that of the recording that it continues, else 0."""
    return (
        whole(seed, "run: seed", most=2**64 - 1) if seed is not None else getattr(continued(start), "seed", 0)
    )


def continued(start: Any) -> Any:
    """Of a recording together with start values, the recording; anything else as it is."""
    return start[0] if isinstance(start, tuple) and start else start


def _continued_with(
    net: Network, start: Checkpoint, values: StartValues, seed: int, precision: str | None
) -> Start:
    """A run that continues a recording, but with other values of some variables."""
    begins = _continued(net, start, seed, precision)
    texts = (
        [key for key, value in values.items() if isinstance(value, str)]
        if isinstance(values, Mapping)
        else []
    )
    if texts:
        raise DescriptionError(
            f"run: start {texts[0]!r} is text, which is computed from start values, but the run goes on from"
            " the end of a recording. Give numbers, such as recording.final['state/cells/v'] + 1."
        )
    resume = dict(begins.resume)
    for key, value in read_start(net, values, seed, precision).values.items():
        name, _, variable = key.partition(".")
        shape = (trials_held(begins.resume), *net.populations[name].shape)
        resume[f"state/{name}/{variable}"] = np.broadcast_to(value, shape)
    changed = tuple(k for k in begins.changed if k.removeprefix("state/").replace("/", ".", 1) not in values)
    return replace(begins, resume=resume, changed=changed, known=False)


def with_changed_parameters(plan: Plan, changed: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The checkpoint of a plan, with these keys set to the values that the network gives them now."""
    resume = dict(plan.resume)
    for key in changed:
        kind, owner, name = key.split("/")
        states = plan.pathway(owner, Textual).text.states if kind == "synapse" else plan.groups[owner].states
        resume[key] = np.repeat(states[name][None], trials_held(resume), axis=0)
    return resume


def folded_parameters(plan: Plan, what: str) -> dict[str, np.ndarray]:
    """Parameters whose values in the checkpoint are not those of the coefficients that hold them.

    Returns the values by 'population.variable', to be lowered once more with them. Raises DescriptionError if
    they differ between trials, which have their coefficients in common.
    """
    found: dict[str, np.ndarray] = {}
    for group in plan.groups.values():
        for name in sorted(group.folded):
            held = plan.resume.get(f"state/{group.name}/{name}")
            if held is None or np.array_equal(held, np.broadcast_to(group.states[name], held.shape)):
                continue
            if np.any(held != held[:1]):
                raise DescriptionError(
                    f"{what}: '{group.name}.{name}' differs between trials, but it is a parameter in the"
                    f" coefficients of the equations, which trials share. Make it a port, ports={name!r},"
                    " which synapses drive."
                )
            found[f"{group.name}.{name}"] = held[0]
    return found


def _is_checkpoint(start: object) -> bool:
    return isinstance(getattr(start, "network", None), Network) and hasattr(start, "final")


def _continued(net: Network, start: Checkpoint, seed: int, precision: str | None) -> Start:
    if not getattr(getattr(start, "header", None), "runs_again", True):
        raise DescriptionError(
            "run: start is a recording of a Brian2 script, from which no run can continue."
            " Continue in the script, or give start={'population.variable': values}."
        )
    _check_network(net, start)
    _check_seed(net, start, seed)
    _check_pairs(net, start)
    path = getattr(start, "path", None)
    what = "run: start" if path is None else f"run: start ({path})"
    return Start(
        seed,
        precision or start.precision,
        resume=read_resume(start.final, what),
        batched=start.batched,
        changed=_changed_parameters(net, start),
        unchanged_network=seed == start.seed and start.network == net,
        known=seed == start.seed and start.network is net and isinstance(start, Recording) and path is None,
        what=what,
    )


def _check_network(net: Network, start: Checkpoint) -> None:
    before = {name: population.shape for name, population in start.network.populations.items()}
    now = {name: population.shape for name, population in net.populations.items()}
    if start.network.dt != net.dt or before != now:
        raise DescriptionError(ANOTHER)
    if not start.final:
        raise DescriptionError(
            "run: start is a recording without an end state (its run was killed)."
            " Run it again, or give start values."
        )


def _check_seed(net: Network, start: Checkpoint, seed: int) -> None:
    """Refuse another seed if it would draw another network; it may draw other noise."""
    if seed == start.seed:
        return
    drawn = [
        f"the {part} of {synapses.label}" for synapses in net.synapses.values() for part in _drawn(synapses)
    ]
    for population in net.populations.values():
        drawn += [
            f"{key} of {population.name!r}"
            for key, value in population.constants.items()
            if is_drawn(value) and key not in population.states
        ]
    if drawn:
        verb = "was" if drawn[0].endswith("'") else "were"
        raise DescriptionError(
            f"run: start was run with seed {start.seed}, from which {drawn[0]} {verb} drawn;"
            f" seed={seed} would draw"
            " another network. Leave seed out; for other noise, give trials=..."
        )


def _drawn(synapses: Synapses) -> list[str]:
    """What the seed decides of synapses, apart from what the checkpoint holds."""
    drawn = ["wiring"] if _has_drawn_wiring(synapses) else []
    drawn += ["weights"] if is_drawn(synapses.weight) and "w" not in synapses.states else []
    drawn += ["delays"] if any(map(is_drawn, synapses.delays.values())) else []
    return drawn + [
        name for name, value in synapses.constants.items() if is_drawn(value) and name not in synapses.states
    ]


def _has_drawn_wiring(synapses: Synapses) -> bool:
    """Whether the seed decides which pairs synapses join."""
    wiring = synapses.wiring
    if not (isinstance(wiring, probability) and wiring.computed and not wiring.random):
        return not isinstance(wiring, NOT_RANDOM)
    ends = (synapses.pre.population, synapses.post.population)
    return any(is_drawn(value) for end in ends for value in end.constants.values())


def _check_pairs(net: Network, start: Checkpoint) -> None:
    """Refuse other pairs of neurons than those to which the variables of the synapses belong."""
    for name, synapses in net.synapses.items():
        old = start.network.synapses.get(name)
        if not synapses.states or old is None or not old.states:
            continue
        parts = ("pre", "post", "wiring")
        expressions = old.wiring.names | synapses.wiring.names  # of neurons, which may have changed
        described = all(same(getattr(old, p), start.network, getattr(synapses, p), net) for p in parts)
        if described and not expressions:
            continue
        before, now = draw_synapses(start.network, name, start.seed), draw_synapses(net, name, start.seed)
        ends = [(s.pre.indices[d.pre], s.post.indices[d.post]) for s, d in ((old, before), (synapses, now))]
        first, second = (np.array([pre, post])[:, np.argsort(pre, kind="stable")] for pre, post in ends)
        if not np.array_equal(first, second):
            raise DescriptionError(
                f"run: {synapses.label} join other pairs than when start was recorded,"
                " and what their synapses have"
                " learned belongs to the pairs. Give them the wiring of recording.network."
            )


def _changed_parameters(net: Network, start: Checkpoint) -> tuple[str, ...]:
    """Keys of the parameters (variables that no text changes) whose values differ from the run before.

    Also of those that the run before did not have as variables.
    """
    changed, written = [], written_variables(net)
    for name, population in net.populations.items():
        parameters = [key for key in population.states if key not in written[name]]
        keys = {f"state/{name}/{key}": key for key in (*parameters, *population.held)}
        changed += [
            full
            for full, key in keys.items()
            if full not in start.final or not _same_value(start.network, net, name, key, start.seed)
        ]
    for name, synapses in net.synapses.items():
        old = start.network.synapses.get(name)
        if old is not None and old.text:
            changed += [
                f"synapse/{name}/{key}"
                for key in _parameters(synapses)
                if f"synapse/{name}/{key}" not in start.final or not _same_parameter(start, net, name, key)
            ]
    return tuple(changed)


def _same_value(old: Network, new: Network, name: str, key: str, seed: int) -> bool:
    before, now = (
        start_value(net, net.populations[name], key, seed) if key in net.populations[name].constants else 0.0
        for net in (old, new)
    )
    shape = new.populations[name].shape
    return np.array_equal(np.broadcast_to(before, shape), np.broadcast_to(now, shape))


def _parameters(synapses: Synapses) -> list[str]:
    """The variables of synapses that no text changes."""
    changed = {statement.name for statement in synapses.all_statements}
    changed |= {line.name for line in synapses.lines if line.kind == "differential"}
    return [key for key in synapses.states if key not in changed]


def _same_parameter(start: Checkpoint, net: Network, name: str, key: str) -> bool:
    """Whether a parameter of synapses has the values that it had in the run that is continued."""
    old, new = (_parameter(n.synapses[name], key) for n in (start.network, net))
    if not (isinstance(old, Expression) or isinstance(new, Expression)):
        return same(old, start.network, new, net)
    constant = "weight" if key == "w" else key
    values: list[np.ndarray] = []
    for network in (start.network, net):
        drawn = draw_synapses(network, name, start.seed)
        found = Pairs(drawn.pre, drawn.post)
        missing = key != "w" and key not in network.synapses[name].constants
        values.append(
            np.zeros(drawn.pre.size) if missing else per_synapse(network, name, constant, found, start.seed)
        )
    return np.array_equal(values[0], values[1])


def _parameter(synapses: Synapses, key: str) -> Any:
    """The description of a parameter, which may be anything that `same` compares."""
    return synapses.weight if key == "w" else synapses.constants.get(key, Value(np.zeros(())))

"""What a run starts from: start values, or the end of another run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import trials_held
from neurosim.engine.resume import read_resume
from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.codec import same
from neurosim.network.network import Network
from neurosim.network.synapses import Synapses
from neurosim.network.values import Value, as_value, spelt, unit, whole
from neurosim.network.weights import Distribution
from neurosim.network.windows import conv, einsum, pool
from neurosim.network.wiring import all_to_all, one_to_one, pairs, private
from neurosim.plan.draw import draw_synapses, start_value
from neurosim.plan.plan import Plan, Textual

ANOTHER = "run: start is a recording of another network. Continue with the network that it recorded (recording.network)."
UNDRAWN = (all_to_all, one_to_one, pairs, private, conv, pool, einsum)  # wirings that no seed changes


@dataclass(frozen=True, eq=False)
class Start:
    """Start `values` by 'population.variable', or the checkpoint to `resume`; `renewed` are the keys of the checkpoint that give way
    to parameters which the network now says otherwise. `own` tells that network and seed are the recorded ones, `where` how errors begin."""

    seed: int
    precision: str
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    resume: Mapping[str, np.ndarray] = field(default_factory=dict)
    batched: bool = False
    renewed: tuple[str, ...] = ()
    own: bool = False
    where: str = "run: start"

    @property
    def trials(self) -> int:
        """How many trials the checkpoint holds; 0 for a start without an axis of trials."""
        return trials_held(self.resume) if self.resume and self.batched else 0


def read_start(net: Network, start: Any, seed: int | None, precision: str | None) -> Start:
    """Where a run of `net` starts; seed and precision are those of the recording that it continues, unless given.

    Raises DescriptionError for a start of another network, and for another seed where wiring, weights or delays are drawn from it.
    """
    seed = seed_of(start, seed)
    if start is None:
        return Start(seed, precision or "double")
    if isinstance(getattr(start, "network", None), Network) and hasattr(start, "final"):
        _check_network(net, start)
        _check_seed(net, start, seed)
        _check_pairs(net, start)
        path = getattr(start, "path", None)
        where = "run: start" if path is None else f"run: start ({path})"
        own = seed == start.seed and start.network == net
        told = {"batched": start.batched, "renewed": _renewed(net, start), "where": where, "own": own}
        return Start(seed, precision or start.precision, resume=read_resume(start.final, where), **told)
    if not isinstance(start, Mapping):
        raise DescriptionError(
            f"run: start {shown(start)} is neither a Recording nor a dict. Give {{'population.variable': values}}."
        )
    return Start(
        seed,
        precision or "double",
        {spelt(str(key)): _start_value(net, spelt(str(key)), value) for key, value in start.items()},
    )


def seed_of(start: Any, seed: int | None) -> int:
    """The seed of a run: the one given, else that of the recording that it continues, else 0."""
    return whole(seed, "run: seed", most=2**64 - 1) if seed is not None else getattr(start, "seed", 0)


def renew(plan: Plan, renewed: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The plan's checkpoint, with the parameters that the network now says otherwise as it says them, the same in every trial."""
    found = dict(plan.resume)
    for key in renewed:
        kind, owner, name = key.split("/")
        states = plan.pathway(owner, Textual).text.states if kind == "synapse" else plan.groups[owner].states
        value = states[name]
        found[key] = np.repeat(value[None], len(found[key]), axis=0)
    return found


def _check_network(net: Network, start: Any) -> None:
    old = start.network.populations
    if start.network.dt != net.dt or {n: p.shape for n, p in old.items()} != {
        n: p.shape for n, p in net.populations.items()
    }:
        raise DescriptionError(ANOTHER)
    if not start.final:
        raise DescriptionError(
            "run: start is a recording without an end state (its run was killed). Run it again, or give start values."
        )


def _check_seed(net: Network, start: Any, seed: int) -> None:
    """Another seed may make other noise, but not another network."""
    if seed == start.seed:
        return
    drawn = [f"the {what} of {item.label}" for item in net.synapses.values() for what in _drawn(item)]
    for population in net.populations.values():
        drawn += [
            f"{key} of {population.name!r}"
            for key, v in population.constants.items()
            if _is_drawn(v) and key not in population.states
        ]
    if drawn:
        raise DescriptionError(
            f"run: start was run with seed {start.seed}, from which {drawn[0]} {'was' if drawn[0][-1] == chr(39) else 'were'} drawn;"
            f" seed={seed} would draw another network. Leave seed out; for other noise, give trials=..."
        )


def _is_drawn(given: Any) -> bool:
    return isinstance(given, Distribution)


def _drawn(item: Synapses) -> list[str]:
    """What of these synapses the seed decides, what the checkpoint holds left out."""
    found = [] if isinstance(item.wiring, UNDRAWN) else ["wiring"]
    found += ["weights"] if _is_drawn(item.weight) and "w" not in item.states else []
    found += ["delays"] if _is_drawn(item.delay) else []
    return found + [
        key for key, value in item.constants.items() if _is_drawn(value) and key not in item.states
    ]


def _check_pairs(net: Network, start: Any) -> None:
    """What synapses with text remember belongs to the pairs that they joined."""
    for name, item in net.synapses.items():
        old = start.network.synapses.get(name)
        if not item.states or old is None or not old.states:
            continue
        if all(
            same(getattr(old, part), start.network, getattr(item, part), net)
            for part in ("pre", "post", "wiring")
        ):
            continue
        before, now = draw_synapses(start.network, name, start.seed), draw_synapses(net, name, start.seed)
        ends = [(s.pre.indices[d.pre], s.post.indices[d.post]) for s, d in ((old, before), (item, now))]
        first, second = (np.array([pre, post])[:, np.argsort(pre, kind="stable")] for pre, post in ends)
        if not np.array_equal(first, second):
            raise DescriptionError(
                f"run: {item.label} join other pairs than when start was recorded, and what their synapses have learned belongs to the pairs."
                " Give them the wiring of recording.network."
            )


def _renewed(net: Network, start: Any) -> tuple[str, ...]:
    """The keys of parameters that no text changes, and that the network now gives another value than the one that was run."""
    from neurosim.plan.lower import written_variables

    found, written = [], written_variables(net)
    for name, population in net.populations.items():
        kept = [key for key in population.states if key not in written[name]]
        found += [
            f"state/{name}/{key}"
            for key in kept
            if not _same_value(start.network, net, name, key, start.seed)
        ]
    for name, item in net.synapses.items():
        old = start.network.synapses.get(name)
        if old is not None and old.text:
            found += [
                f"synapse/{name}/{key}"
                for key in _given_alone(item)
                if not same(_given(old, key), start.network, _given(item, key), net)
            ]
    return tuple(key for key in found if key in start.final)


def _same_value(old: Network, new: Network, name: str, key: str, seed: int) -> bool:
    before, now = (
        start_value(net, net.populations[name], key, seed) if key in net.populations[name].constants else 0.0
        for net in (old, new)
    )
    shape = new.populations[name].shape
    return np.array_equal(np.broadcast_to(before, shape), np.broadcast_to(now, shape))


def _given_alone(item: Synapses) -> list[str]:
    """The variables of synapses that keep the value that was given."""
    changed = {s.name for s in (*item.pre_statements, *item.post_statements)} | {
        line.name for line in item.lines if line.kind == "differential"
    }
    return [key for key in item.states if key not in changed]


def _given(item: Synapses, key: str) -> Any:
    return item.weight if key == "w" else item.constants.get(key, Value(np.zeros(())))


def _start_value(net: Network, key: Any, value: Any) -> np.ndarray:
    name, _, variable = str(key).partition(".")
    population = net.populations.get(name)
    if population is None or variable not in population.states:
        known = [f"{p.name}.{v}" for p in net.populations.values() for v in p.states]
        raise DescriptionError(
            f"run: start {shown(key)} is no state variable of this network. {nearest(key, known)}"
        )
    read = as_value(value, f"run: start {key!r}")
    from neurosim.plan.lower import neuron_scope

    wanted = neuron_scope(net, population, set()).dims[variable]
    if read.dim != wanted and np.any(read.number):
        raise DescriptionError(
            f"run: start {key!r} is in {unit(read.dim)}, but {variable} is in {unit(wanted)}. Give it in {unit(wanted)}."
        )
    try:
        return np.broadcast_to(read.number.astype(float), population.shape)
    except ValueError:
        raise DescriptionError(
            f"run: start {key!r} has shape {read.shape}, the population {population.shape}. Give one value per neuron."
        ) from None

"""From the objects of a PyNN script to an `ns.Network`, and a run of it from where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from neurosim.pynn.parameters import UNITS, in_pynn, plain, quantity
from neurosim.units import nA

if TYPE_CHECKING:
    from neurosim.pynn.simulator import State

CURRENTS = "currents"  # the population whose neurons send what the current sources inject
TOO_CLOSE = 1e-3  # relative distance of two time constants at which short-term dynamics lose digits
BRIEF = 1e-6  # ms: a time constant that stands for 0


@dataclass(frozen=True)
class Checkpoint:
    """The end of a run, for a network that may differ from the one that was run."""

    network: ns.Network
    final: Mapping[str, np.ndarray]
    seed: int
    precision: str
    batched: bool = False


def advance(state: State, ticks: int) -> str:
    """Run the network of a script for some ticks; the results go to its recorders and projections.

    Returns why the run ended, as `Recording.stopped`.
    """
    net = state.network = state.network or network(state)  # an unchanged one has its plan with it
    seed = state.seed + (state.segment_counter << 32)  # other random numbers after each reset
    options = {"precision": "double", "progress": False, **state.options}
    start = Checkpoint(net, _kept(state), seed, options["precision"]) if state.end else None
    inputs = dict(_spike_inputs(state, ticks))
    if CURRENTS in net.populations:
        now = state.ticks + np.arange(ticks)
        inputs[CURRENTS] = np.stack([source.current(now) for source in _injected(state)], axis=1) * nA
    record: dict[Any, int] = {}
    for recorder in state.recorders:
        record |= recorder.probes(net, ticks)
    recording = ns.run(net, inputs, ticks=ticks, record=record, start=start, seed=seed, **options)
    for recorder in state.recorders:
        recorder.keep(recording)
    for source in state.current_sources:
        source.keep(state.ticks + np.arange(recording.ticks))
    state.end, state.ticks = dict(recording.final), state.ticks + recording.ticks
    for projection in state.projections:
        projection.learn(state.end)
    return recording.stopped


def network(state: State) -> ns.Network:
    """The network of a script, with the present parameters."""
    neurons = {p: _neurons(p) for p in state.populations}
    parts: list[Any] = list(neurons.values())
    for projection in state.projections:
        parts += [_synapses(projection, group, neurons) for group in projection.groups()]
    sources = _injected(state)
    if sources:
        currents = ns.Neurons(CURRENTS, len(sources))
        for population, cells in neurons.items():
            into = [(k, i) for k, s in enumerate(sources) for p, i in s.targets if p is population]
            if into:
                wiring = ns.pairs(*np.array(into).T)
                parts.append(
                    ns.Synapses(currents, cells, to="i_inj", wiring=wiring, name=f"into_{cells.name}")
                )
    return ns.Network(*parts, schedule=ns.Clock(quantity(state.dt, "ms")))


def _injected(state: State) -> list[Any]:
    return [source for source in state.current_sources if source.targets]


def _neurons(population: Any) -> ns.Neurons:
    """The neurons of a population; spike times that are given make one without text, driven from outside."""
    celltype = population.celltype
    text, units, receptors = celltype.text, celltype.units, celltype.receptors.values()
    if not text.threshold:
        return ns.Neurons(population.name, population.size)
    values = {name: population.parameters[name] for name in population.numbers}
    constants = {plain(name): quantity(v, units[name]) for name, v in values.items()}
    for name, start in population.initial_values.items():
        constants[plain(name)] = quantity(start.evaluate(simplify=False), units[name])
    equations = text.lines(receptors, {name: units[name] for name in values})
    nonlinear = any("v" in receptor.current for receptor in receptors)
    return ns.Neurons(
        population.name, population.size, equations=equations, update=text.update, threshold=text.threshold,
        reset=text.reset, refractory=text.refractory or 0, ports="i_inj" if text.membrane else "I",
        method="rk4" if nonlinear and text.method == "exact" else text.method, **constants,
    )  # fmt: skip


def _synapses(projection: Any, group: Any, neurons: Mapping[Any, ns.Neurons]) -> ns.Synapses:
    """The synapses of a projection from one population to another."""
    kind = projection.synapse_type
    receptor = group.post.celltype.receptors[projection.receptor_type]
    settings: dict[str, Any] = dict(
        name=group.name,
        wiring=ns.pairs(group.pre_index, group.post_index),
        weight=quantity(projection.values("weight")[group.where], receptor.unit),
        delay=quantity(projection.values("delay")[group.where], "ms"),
    )
    if not kind.on_pre:
        return ns.Synapses(neurons[group.pre], neurons[group.post], to=receptor.variable, **settings)
    units = {name: receptor.unit if unit == "weight" else unit for name, unit in kind.units.items()}
    given = {name: quantity(projection.values(name)[group.where], unit) for name, unit in units.items()}
    if kind.on_post:
        # Both are later by the delay behind the synapse than they are for it, so that a weight is sent as it
        # is when the spike reaches the synapse.
        behind = projection.values("dendritic_delay_fraction") * projection.values("delay")
        settings["delay"] = {"pre": settings["delay"], "post": quantity(2 * behind[group.where], "ms")}
    if "tau_syn" in kind.model:
        given |= _time_constants(group, receptor.tau, given)
    declared = [f"w : {UNITS[receptor.unit][1]}", kind.model]
    declared += [f"{name} : {UNITS[unit][1]} (constant)" for name, unit in units.items()]
    return ns.Synapses(
        neurons[group.pre], neurons[group.post], model="\n".join(declared), on_post=kind.on_post,
        on_pre=kind.on_pre.replace("TARGET", receptor.variable), **settings, **given, **kind.variables,
    )  # fmt: skip


def _time_constants(group: Any, tau: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The time constants of short-term dynamics: none is 0, and those of two exponentials differ."""
    values = {plain(name): v for name, v in group.post.parameters.items()}
    closing = values[tau][group.post_index] if tau else BRIEF
    resting, fading = (np.maximum(in_pynn(given[name], "ms"), BRIEF) for name in ("tau_rec", "tau_facil"))
    resting = np.where(np.abs(resting / closing - 1) < TOO_CLOSE, (1 + TOO_CLOSE) * closing, resting)
    values = {"tau_syn": closing, "tau_rec": resting, "tau_facil": fading}
    return {name: quantity(value, "ms") for name, value in values.items()}


def _spike_inputs(state: State, ticks: int) -> Iterator[tuple[str, Any]]:
    """The spikes of populations whose spike times are given, by the ticks of this run.

    The spikes of a tick are those at its end, which is the time that PyNN reports for them.
    """
    for population in state.populations:
        if not population.celltype.text.threshold:
            trains = [np.rint(train.value / state.dt) - 1 for train in population.parameters["spike_times"]]
            when = np.concatenate(trains).astype(np.int64) - state.ticks
            who = np.repeat(np.arange(population.size), [train.size for train in trains])
            now = (when >= 0) & (when < ticks)
            yield population.name, (when[now], who[now])


def _kept(state: State) -> dict[str, np.ndarray]:
    """The end of the last run without parameters, which come from the network: the script may set them."""
    dropped = {f"history/{CURRENTS}"}
    for p in state.populations:
        dropped |= {f"state/{p.name}/{plain(name)}" for name in p.numbers}
    for projection in state.projections:
        names = (*projection.synapse_type.units, "tau_syn")
        dropped |= {f"synapse/{group.name}/{name}" for group in projection.groups() for name in names}
    return {key: value for key, value in state.end.items() if key not in dropped}

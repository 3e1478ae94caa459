"""Synapses of each kind from the same spikes, here and in Brian2: delays, parts of populations, plasticity,
summed variables."""

from functools import cache

import brian2 as b
import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeMonitor, StateMonitor, Synapses, ms
from brian_side import DT, brian_run, brian_spikes, clocked

import neurosim as ns

N, TICKS = 5, 600
RANDOM = np.random.default_rng(0)
RASTER = RANDOM.random((TICKS, N)) < 0.04
PRE, POST = (
    index.ravel() for index in np.meshgrid(np.arange(N), np.arange(N), indexing="ij")
)  # all to all, by sender
WEIGHTS, DELAYS = RANDOM.uniform(0.1, 0.4, N * N), RANDOM.integers(0, 30, N * N)
EQUATIONS = (
    "dv/dt = (0.9 - v + ge + total)/(10*ms) : 1 (unless refractory)\ndge/dt = -ge/(5*ms) : 1\ntotal : 1"
)
TRACES = "dapre/dt = -apre/(20*ms) : 1 ({how})\ndapost/dt = -apost/(15*ms) : 1 ({how})\nw : 1"
PAIR = dict(
    on_pre="v_post += w\napre += 0.02\nw = clip(w + apost, 0, 0.5)",
    on_post="apost -= 0.021\nw = clip(w + apre, 0, 0.5)",
)
NEAREST = dict(
    on_pre="v_post += w\napre = 0.02\nw = clip(w + apost, 0, 0.5)",
    on_post="apost = -0.021\nw = clip(w + apre, 0, 0.5)",
)

PLAIN = {
    "no_delay": dict(delay=0),
    "one_delay": dict(delay=13),
    "a_delay_of_each": dict(delay=DELAYS),
    "into_a_variable": dict(delay=DELAYS, to="ge"),
    "of_some_senders": dict(delay=7, pre=slice(1, 4)),
    "into_some_targets": dict(delay=7, post=slice(2, 5)),
    "between_parts": dict(delay=0, pre=slice(0, 3), post=slice(1, 5)),
}
TEXT = {
    "text": dict(delay=DELAYS, on_pre="v_post += w*(2 - v_post)"),
    "text_between_parts": dict(
        delay=4, on_pre="v_post += w\nge_post += 0.1", pre=slice(1, 4), post=slice(2, 5)
    ),
    "pairs_when_spikes_come": dict(delay=DELAYS, model=TRACES.format(how="event-driven"), **PAIR),
    "pairs_at_every_tick": dict(delay=DELAYS, model=TRACES.format(how="clock-driven"), **PAIR),
    "nearest_pairs": dict(delay=0, model=TRACES.format(how="event-driven"), **NEAREST),
    "pairs_between_parts": dict(
        delay=0, model=TRACES.format(how="event-driven"), pre=slice(0, 3), post=slice(1, 5), **PAIR
    ),
    "summed": dict(
        delay=DELAYS,
        model="w : 1\nds/dt = -s/(6*ms) : 1 (clock-driven)\ntotal_post = w*s : 1 (summed)",
        on_pre="s += 1",
    ),
    "summed_into_some": dict(
        delay=0,
        model="w : 1\ntotal_post = w*(v_post + i) : 1 (summed)",
        on_pre="v_post += w",
        post=slice(1, 4),
        total=0.25,
    ),
}
# Brian2 updates what is summed into a part of a group in the order of names with the group itself: that of
# the synapses comes first here.
CASES = PLAIN | TEXT
KEPT = [name for name, case in TEXT.items() if "on_post" in case]  # whose weights change


def chosen(case):
    """Which of all synapses there are between the parts, and the weights and delays of them."""
    pre, post = np.arange(N)[case.get("pre", slice(None))], np.arange(N)[case.get("post", slice(None))]
    there = np.isin(PRE, pre) & np.isin(POST, post)
    return (
        PRE[there] - pre[0],
        POST[there] - post[0],
        WEIGHTS[there],
        np.broadcast_to(case["delay"], N * N)[there] * DT,
    )


def ends(case, senders, targets):
    """The populations, or the parts of them, that the synapses join."""
    return senders[case["pre"]] if "pre" in case else senders, targets[
        case["post"]
    ] if "post" in case else targets


@cache
def theirs():
    """By case: the traces and spikes of the targets, and the weights at the end."""
    sources = NeuronGroup(
        N, "", threshold="raster(t, i) > 0.5", namespace={"raster": b.TimedArray(RASTER * 1.0, dt=DT)}
    )
    objects, monitors, made = [sources], {}, {}
    for name, case in CASES.items():
        group = NeuronGroup(
            N,
            EQUATIONS,
            threshold="v > 1",
            reset="v = 0",
            refractory=2 * ms,
            method="exact",
            name=f"{name}_targets",
        )
        group.total = case.get("total", 0)
        text = {key: case[key] for key in ("on_pre", "on_post") if key in case} or {
            "on_pre": f"{case.get('to', 'v')}_post += w"
        }
        synapses = Synapses(
            *ends(case, sources, group), case.get("model", "w : 1"), method="exact", name=name, **text
        )
        pre, post, weight, delay = chosen(case)
        synapses.connect(i=pre, j=post)
        synapses.w, synapses.pre.delay = weight, delay
        monitors[name], made[name] = (
            (StateMonitor(group, ["v", "ge", "total"], record=True), SpikeMonitor(group)),
            synapses,
        )
        objects += [group, synapses, *monitors[name]]
    brian_run(TICKS * DT, *objects)
    return monitors, {name: np.asarray(synapses.w) for name, synapses in made.items()}


@cache
def ours(engine):
    cases = PLAIN if engine == "arrays" else CASES
    ears, items = ns.Neurons("ears", N), []
    for name, case in cases.items():
        cells = ns.Neurons(
            f"{name}_targets",
            N,
            equations=EQUATIONS,
            ports="",
            threshold="v > 1",
            reset="v = 0",
            refractory=2 * ms,
            total=case.get("total", 0),
        )
        pre, post, weight, delay = chosen(case)
        text = {key: case[key] for key in ("model", "on_pre", "on_post") if key in case} or {
            "to": case.get("to", "v")
        }
        items.append(
            ns.Synapses(
                *ends(case, ears, cells),
                wiring=ns.pairs(pre, post),
                weight=weight,
                delay=delay,
                name=name,
                **text,
            )
        )
    ticks, neurons = np.nonzero(RASTER)
    record = [f"{name}_targets{variable}" for name in cases for variable in ("", ".v", ".ge", ".total")]
    return ns.run(clocked(*items), {"ears": (ticks * DT, neurons)}, ticks=TICKS, record=record, engine=engine)


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        (engine, name)
        for engine in ("reference", "events", "arrays")
        for name in CASES
        if engine != "arrays" or name in PLAIN
    ],
)
def test_synapses_act_as_in_brian2(engine, name):
    if engine == "arrays":
        pytest.importorskip("jax")
    trace, spikes = theirs()[0][name]
    recording = ours(engine)
    found, (tick, neuron) = recording.spikes(f"{name}_targets"), brian_spikes(spikes)
    np.testing.assert_array_equal([found.tick, found.neuron], [tick, neuron])
    assert len(tick) > 10
    for variable in ("v", "ge", "total"):
        np.testing.assert_allclose(
            recording[f"{name}_targets.{variable}"], np.asarray(getattr(trace, variable)).T, rtol=0, atol=1e-9
        )


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("name", KEPT)
def test_plastic_weights_end_as_in_brian2(engine, name):
    weights = theirs()[1][name]
    np.testing.assert_allclose(ours(engine).final[f"synapse/{name}/w"][0], weights, rtol=0, atol=1e-9)
    assert np.abs(weights - chosen(CASES[name])[2]).max() > 0.05

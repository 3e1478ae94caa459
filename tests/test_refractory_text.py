"""Text of synapses that refers to refractory neurons: every engine reads their state at the same moment of
the tick."""

from itertools import product

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.events import build
from neurosim.units import ms

need_compiler = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")
TEXTS = {
    "a variable that stands still": {"on_pre": "h_post += w"},
    "the target's state": {"on_pre": "h_post += w*int(not_refractory_post)"},
    "the sender's state": {"on_pre": "h_post += w*int(not_refractory_pre)"},
    "a subexpression that reads a port": {"on_pre": "h_post += w*z_post"},
    "text after the target's spike": {"on_pre": "w += 0.01", "on_post": "w += 0.1*int(not_refractory_post)"},
    "text of every tick": {
        "on_pre": "w += 0.01",
        "model": "dc/dt = (z_post*int(not_refractory_post) - c)/ms : 1 (clock-driven)",
    },
}
SCHEDULES = {
    "Clock": ns.Clock(0.5 * ms),
    "Synchronous": ns.Synchronous(),
    "Layered": ns.Layered(),
    "Alternating": None,
}


def cells(name: str, timed: bool, spiking: bool, refractory: int) -> ns.Neurons:
    if not spiking:
        text = (
            {"equations": "dy/dt = (0.5 - y)/(3*ms) : 1", "method": "euler"}
            if timed
            else {"update": "y = 0.9*y + 0.1"}
        )
        return ns.Neurons(name, 5, **text)
    equations = "dv/dt = (0.3*I - v)/(3*ms) : 1\nz = 2*I + v : 1\ndh/dt = -h/(9*ms) : 1 (unless refractory)"
    text = {"equations": equations, "method": "euler"} if timed else {"update": "v = 0.5*v + I\nh = 0.9*h"}
    return ns.Neurons(
        name,
        5,
        **text,
        ports="I",
        threshold="rand() < 0.2",
        refractory=refractory * (0.5 * ms if timed else 1),
    )


def joined(schedule: str, sender: str, refractory: int, forward: bool, delay: int, text: str) -> ns.Network:
    timed = schedule == "Clock"
    b = cells("b", timed, True, refractory)
    a = b if sender == "itself" else cells("a", timed, sender == "spiking", 3)
    populations = (b,) if a is b else ((a, b) if forward else (b, a))
    tick = 0.5 * ms if timed else 1
    acts = ns.Synapses(
        a, b, wiring=ns.all_to_all(), weight=0.3, delay=delay * tick, name="acts", **TEXTS[text]
    )
    feeds = ns.Synapses(a, b, to="I", wiring=ns.one_to_one(), weight=0.7, delay=tick, name="feeds")
    return ns.Network(
        *populations, acts, feeds, schedule=SCHEDULES[schedule] or ns.Alternating(*([p] for p in populations))
    )


def possible(schedule: str, sender: str, forward: bool, delay: int, text: str) -> bool:
    """Whether such a network can be described."""
    timed = schedule == "Clock"
    if not timed and (
        "z_post" in str(TEXTS[text])
        or (schedule == "Synchronous" and not delay)
        or (sender == "itself" and not delay)
    ):
        return False
    if schedule == "Alternating" and not delay and sender == "spiking" and not forward:
        return False
    return text != "the sender's state" or sender != "graded"


@need_compiler
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 12])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_synapses_act_on_refractory_neurons_alike_on_all_engines(schedule, text, every):
    """Before a population has moved in a tick it is as refractory as it was, and has read nothing at its
    ports. One combination in twelve is tried, another one for each text, because each is compiled; the slow
    proofs try all."""
    record = [
        "b",
        "b.v",
        "b.h",
        *(["acts.w"] if "on_post" in TEXTS[text] else []),
        *(["acts.c"] if "model" in TEXTS[text] else []),
    ]
    described = [
        case
        for case in product(("graded", "spiking", "itself"), (True, False), (0, 1))
        if possible(schedule, *case, text)
    ]
    assert described or (schedule != "Clock" and "z_post" in str(TEXTS[text]))
    first = list(TEXTS).index(text) % max(1, min(every, len(described)))
    for sender, forward, delay in described[first::every]:
        net = joined(schedule, sender, 3, forward, delay, text)
        one, other = (
            ns.run(net, engine=engine, ticks=25, record=record) for engine in ("reference", "events")
        )
        for name in record:
            np.testing.assert_allclose(
                np.asarray(other[name]),
                np.asarray(one[name]),
                atol=1e-12,
                err_msg=f"{sender} {forward} {delay} {name}",
            )


@pytest.mark.parametrize("engine", ["reference", pytest.param("events", marks=need_compiler)])
def test_a_graded_arrival_finds_the_refractoriness_of_the_tick_before(engine):
    """The neuron spikes at tick 2 and is refractory for 2 ticks: it drops what arrives before it moves at
    ticks 3 and 4."""
    giver = ns.Neurons("giver", 1, equations="one = 1 : 1", sends="one")
    equations = "dh/dt = 0/ms : 1 (unless refractory)\nn : 1"
    cell = ns.Neurons(
        "cell",
        1,
        equations=equations,
        update="n = n + 1",
        threshold="n == 3",
        refractory=1 * ms,
        method="euler",
    )
    gives = ns.Synapses(giver, cell, on_pre="h_post += 1", delay=0 * ms)
    recording = ns.run(
        ns.Network(giver, cell, gives, schedule=ns.Clock(0.5 * ms)),
        engine=engine,
        ticks=8,
        record=["cell.h", "cell"],
    )
    assert recording.spikes("cell").tick.tolist() == [2]
    assert np.asarray(recording["cell.h"]).ravel().tolist() == [0, 1, 2, 3, 3, 3, 4, 5]

"""The table of what 'auto' chooses: for plans of many kinds and sizes, where code is compiled and where not.

Nothing runs here. The times behind the choices are those of `tests/benchmarks/networks/choices.py`.
"""

from dataclasses import replace

import numpy as np
import pytest
from events_tests_side import lowered

import neurosim as ns
from neurosim.engine import choice, cost
from neurosim.engine.choice import fastest, remember
from neurosim.models.echo_state import echo_state
from neurosim.models.feed_forward import feed_forward
from neurosim.models.hopfield import hopfield
from neurosim.models.transformer_block import transformer_block
from neurosim.units import ms

R, E, A = "reference", "events", "arrays"


def cells(n):
    equations = "dv/dt = (1.05 - v)/(20*ms) : 1"
    found = ns.Neurons("cells", n, equations=equations, threshold="v > 1", reset="v = 0")
    wiring = ns.indegree(min(100, n // 2))
    return ns.Network(
        ns.Synapses(found, found, to="v", wiring=wiring, weight=0.002, delay=1 * ms),
        schedule=ns.Clock(0.1 * ms),
    )


def plastic(n):
    ears = ns.Neurons("ears", n, threshold="rand() < 15*Hz*dt")
    found = ns.Neurons(
        "cells", 10, equations="dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact"
    )
    text = dict(model="w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)", on_pre="v_post += w; x += 0.1")
    return ns.Network(
        ns.Synapses(ears, found, weight=0.1, on_post="w = clip(w + x, 0, 1)", **text),
        schedule=ns.Clock(0.1 * ms),
    )


def rates(n):
    found = ns.Neurons("cells", n, update="v = 0.9*v + 0.1*tanh(I)")
    return ns.Network(ns.Synapses(found, found, weight=np.ones((n, n)), delay=1), schedule=ns.Synchronous())


def memory(n):
    return hopfield(np.ones((1, n)))


def drives(name, shape):
    """Inputs of this shape in each tick and trial, without their memory."""
    return lambda ticks, trials: {name: np.broadcast_to(0.0, (trials, ticks, *shape))}


NOTHING = lambda ticks, trials: {}  # noqa: E731

# Network, inputs, ticks, trials; the choice where nothing is compiled, and where all is.
TABLE = {
    "100 cells, 10 ticks": (lambda: cells(100), NOTHING, 10, 1, R, R),
    "100 cells, 1000 ticks": (lambda: cells(100), NOTHING, 1000, 1, R, E),
    "100 cells, 10,000 ticks": (lambda: cells(100), NOTHING, 10_000, 1, R, E),
    "100 cells, a million ticks": (lambda: cells(100), NOTHING, 10**6, 1, E, E),
    "1000 cells, 10,000 ticks": (lambda: cells(1000), NOTHING, 10_000, 1, R, E),
    "100,000 cells, 10 ticks": (lambda: cells(100_000), NOTHING, 10, 1, R, E),
    "100,000 cells, 10,000 ticks": (lambda: cells(100_000), NOTHING, 10_000, 1, E, E),
    "STDP of 100, 10 ticks": (lambda: plastic(100), NOTHING, 10, 1, R, R),
    "STDP of 100, 10,000 ticks": (lambda: plastic(100), NOTHING, 10_000, 1, R, E),
    "STDP of 10,000, 100 ticks": (lambda: plastic(10_000), NOTHING, 100, 1, R, E),
    "STDP of 10,000, 10,000 ticks": (lambda: plastic(10_000), NOTHING, 10_000, 1, E, E),
    "a reservoir of 100, 10 ticks": (lambda: echo_state(1, 100, 1), drives("drive", (1,)), 10, 1, R, R),
    "a reservoir of 100, 10,000 ticks": (
        lambda: echo_state(1, 100, 1), drives("drive", (1,)), 10_000, 1, R, E,
    ),
    "100 rate neurons, 10,000 ticks": (lambda: rates(100), NOTHING, 10_000, 1, R, E),
    "1000 rate neurons, 10,000 ticks": (lambda: rates(1000), NOTHING, 10_000, 1, A, E),
    "Hopfield net of 100, one sweep": (lambda: memory(100), NOTHING, 1, 1, R, R),
    "Hopfield net of 100, 100 sweeps": (lambda: memory(100), NOTHING, 100, 1, R, E),
    "Hopfield net of 1000, 10 sweeps": (lambda: memory(1000), NOTHING, 10, 1, R, E),
    "Hopfield net of 1000, 100 sweeps": (lambda: memory(1000), NOTHING, 100, 1, E, E),
    "MLP 10 wide, 1 sample": (lambda: feed_forward((64, 10, 10)), drives("inputs", (64,)), 1, 1, R, R),
    "MLP 10 wide, 100,000": (lambda: feed_forward((64, 10, 10)), drives("inputs", (64,)), 1, 10**5, R, A),
    "MLP 1000 wide, 10,000": (lambda: feed_forward((64, 1000, 10)), drives("inputs", (64,)), 1, 10**4, R, A),
    "MLP 1000 wide, 100,000": (lambda: feed_forward((64, 1000, 10)), drives("inputs", (64,)), 1, 10**5, A, A),
    "MLP of 100,000 ticks": (lambda: feed_forward((64, 100, 10)), drives("inputs", (64,)), 10**5, 1, A, A),
    "linear MLP, 100,000": (
        lambda: feed_forward((64, 1000, 10), output="linear"), drives("inputs", (64,)), 1, 10**5, A, A,
    ),
    "a transformer block, 64 sequences": (
        lambda: transformer_block(32, 64, 4, 256), drives("x", (32, 64)), 1, 64, R, A,
    ),
    "a transformer block, 10,000 sequences": (
        lambda: transformer_block(32, 64, 4, 256), drives("x", (32, 64)), 1, 10**4, A, A,
    ),
}  # fmt: skip


def plan_of(net, inputs, ticks, trials):
    """Lowered with one tick and one trial, and then as long as asked, since the plan holds no more."""
    plan = lowered(net, inputs(1, 1), ticks=1)
    return replace(plan, ticks=ticks, trials=trials, made={})


@pytest.fixture
def machine(monkeypatch):
    """Sets what has been imported and compiled, instead of what is; JAX and a compiler are installed."""

    def set_to(ready):
        monkeypatch.setattr(choice, "_imported", lambda module, seconds: 0.0 if ready else seconds)
        monkeypatch.setattr(choice.arrays, "is_compiled", lambda plan: ready)
        monkeypatch.setattr("neurosim.engine.events.is_compiled", lambda plan: ready)

    monkeypatch.setattr(choice.library, "is_installed", lambda: True)
    return set_to


@pytest.mark.parametrize("case", TABLE)
def test_auto_chooses_by_the_table(case, machine):
    net, inputs, ticks, trials, cold, warm = TABLE[case]
    plan = plan_of(net(), inputs, ticks, trials)
    machine(False)
    assert fastest(plan) == cold
    machine(True)
    assert fastest(plan) == warm
    assert fastest(plan, events=False) in (R, A)  # without a compiler


def chosen_in_turn(plan, runs):
    """The engines that are chosen for runs of one plan, one after the other."""
    chosen = []
    for _ in range(runs):
        chosen.append(fastest(plan))
        if chosen[-1] == R:
            remember(plan)
    return chosen


def test_a_network_that_runs_again_and_again_is_compiled_once_that_would_have_paid(machine):
    machine(False)
    plan = plan_of(rates(100), NOTHING, 10_000, 1)
    chosen = chosen_in_turn(plan, 15)
    assert chosen[:2] == [R, R]
    assert chosen[-1] == A  # which takes less long to compile than C++
    assert chosen == sorted(chosen, reverse=True)
    short = replace(plan, ticks=1, made={})
    for _ in range(3):
        assert fastest(short) == R  # where nothing begins sooner
    assert cost.layout_seconds(replace(plan, made={"events": None})) == 0 < cost.layout_seconds(plan)


def test_short_runs_go_to_compiled_code_once_laying_out_would_have_paid(machine):
    machine(True)
    plan = plan_of(cells(20), NOTHING, 10, 1)
    chosen = chosen_in_turn(plan, 30)
    assert chosen[:3] == [R, R, R]
    assert chosen[-1] == E
    assert fastest(replace(plan, made={})) == R  # each network for itself


def test_a_choice_is_kept_as_long_as_its_code_is_at_hand(machine, monkeypatch):
    machine(True)
    plan = plan_of(rates(100), NOTHING, 10_000, 1)
    plan.made["events"] = None
    assert fastest(plan) == E
    monkeypatch.setattr(choice, "reference_seconds", lambda plan: 1e-9)
    assert fastest(plan) == E
    assert fastest(replace(plan, ticks=10)) == R
    assert fastest(plan) == R
    monkeypatch.undo()
    machine(True)
    assert fastest(plan) == E
    machine(False)
    assert fastest(plan) == R
    plan.made["reference"] = None  # what the reference engine keeps; its choice is made anew each time
    machine(True)
    assert fastest(plan) == E


def test_a_network_that_is_looked_at_between_ticks_does_not_go_to_arrays(machine):
    machine(True)
    plan = plan_of(feed_forward((64, 10, 10)), drives("inputs", (64,)), 10_000, 1)
    assert fastest(plan) == A
    assert fastest(plan, stepwise=True) == R


def test_what_spikes_stays_on_the_engines_that_agree_to_the_bit(machine, monkeypatch):
    machine(True)
    monkeypatch.setattr(choice, "arrays_seconds", lambda plan, stepwise: 1e-9)
    assert fastest(plan_of(cells(100), NOTHING, 10_000, 1)) == E
    assert fastest(plan_of(rates(100), NOTHING, 10_000, 1)) == A


def test_arrays_know_which_lengths_have_been_compiled():
    pytest.importorskip("jax")
    net, x = feed_forward((3, 2)), np.ones((4, 3))
    plan = lowered(net, {"inputs": x})
    assert not choice.arrays.is_compiled(plan)
    ns.run(net, {"inputs": x}, record=["out"], engine="arrays")
    assert not choice.arrays.is_compiled(replace(plan, ticks=5))
    kept = next(iter(net.kept_plans.values()))
    assert choice.arrays.is_compiled(replace(kept, ticks=4, trials=1))

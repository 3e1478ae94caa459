"""The event engine against the reference engine: the same spikes, traces and ends, for any number of threads
and over restarts."""

import importlib

import numpy as np
import pytest
from events_side import SPLIT, assert_same, balanced, learning, part, spoken
from events_tests_side import TOLERANCE, both, lowered
from nets import RELAY, SUM, clock, layered, synchronous
from scipy.stats import binom, chisquare
from test_trials import RECORD, lively, trials_of

import neurosim as ns
from neurosim.engine.events import build, workload
from neurosim.models.echo_state import echo_state
from neurosim.models.hopfield import hopfield
from neurosim.units import ms, mV, second

pytestmark = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")


def test_a_second_of_a_linear_network_is_the_references_to_the_bit():
    found = both(
        balanced(dt=1 * ms),
        {"ears": spoken(1000)},
        duration=1 * second,
        record=["cells", "cells.v", "cells.g", "ears", "noise"],
    )
    assert len(found.spikes("cells")) > 1000
    assert found.final["queue/cells/g/due"].size > 10


@pytest.mark.parametrize(
    "stem", ["balanced_coba", "microcircuit", "hopfield", "boltzmann", "restricted_boltzmann"]
)
def test_a_model_is_the_references_over_its_golden_horizon(stem):
    both(**importlib.import_module(f"neurosim.models.{stem}").example(), tolerance=TOLERANCE)


@pytest.mark.parametrize("precision", ["double", "mixed", "single"])
def test_any_number_of_threads_gives_the_same_bits(precision):
    options = dict(ticks=300, record=SPLIT, precision=precision)
    alone = ns.run(learning(), engine="events", threads=1, **options)
    assert len(alone.spikes("cells")) > 500
    assert all(
        alone.final[f"{flying}/due"].size
        for flying in ("queue/relay/I", "arrivals/paired", "arrivals/unsure")
    )
    for threads in (2, 3, 4):
        assert_same(ns.run(learning(), engine="events", threads=threads, **options), alone)
    wanted = ns.run(learning(), engine="reference", **options)
    assert_same(alone, wanted, tolerance=TOLERANCE if precision != "single" else 1e-4)


def test_a_network_of_spikes_moves_in_blocks_and_one_of_messages_does_not():
    for net, blocks in ((learning(), 3), (lively(), 1), (layered(ns.Neurons("x", 999, **SUM)), 1)):
        assert workload.share(lowered(net, ticks=1), 3) == (blocks, 3)


def test_a_network_gets_as_many_threads_as_its_neurons_and_the_spikes_on_their_way_are_worth():
    def worth(n, ticks=10**6, **text):
        cells = ns.Neurons("cells", n, update="v = 0.9*v + I", threshold="v > 1", reset="v = 0")
        return workload.worthwhile(
            lowered(clock(ns.Synapses(cells, cells, wiring=ns.probability(0.1), **text)), ticks=ticks)
        )

    assert worth(2000) == 1
    assert worth(2000, model="w : 1", on_pre="I_post += w") > worth(2000)
    assert worth(20_000) > 2
    assert worth(20_000, ticks=10) == 1
    # Ticks of about 13 and 10 microseconds; barriers are a large part of the latter.
    assert [worth(7000, ticks=ticks) > 1 for ticks in (4000, 12_000)] == [False, True]
    assert [worth(6000, ticks=ticks) > 1 for ticks in (16_000, 24_000)] == [False, True]


def test_blocks_leave_the_messages_of_those_that_nobody_hears_as_they_are():
    """A population that sends values without being heard lets a network move in blocks; its past is still
    that of one."""
    cells = ns.Neurons("cells", 100, update="v = 0.9*v + 0.3*rand()", threshold="v > 1", reset="v = 0")
    meter = ns.Neurons("meter", 100, update="m = 0.9*m + I")
    net = clock(ns.Synapses(cells, meter, wiring=ns.probability(0.1)))
    assert workload.share(lowered(net, ticks=1), 3) == (3, 3)
    wanted = ns.run(net, ticks=31, record=["meter"], engine="reference")
    for threads in (1, 3):
        assert_same(ns.run(net, ticks=31, record=["meter"], engine="events", threads=threads), wanted)


def test_trials_over_threads_give_the_same_bits():
    free = np.full((9, 60, 3), np.nan)
    runs = [
        ns.run(lively(), {"rate": free}, record=RECORD, engine="events", threads=threads)
        for threads in (1, 2, 4)
    ]
    assert_same(runs[1], runs[0])
    assert_same(runs[2], runs[0])
    assert_same(runs[0], trials_of(lively(), 9, 60, "reference"), tolerance=1e-12)


@pytest.mark.parametrize(
    ("first", "second"), [("reference", "events"), ("events", "reference"), ("events", "events")]
)
@pytest.mark.parametrize(
    ("net", "heard", "record"), [(balanced, 40, ["cells.v"]), (learning, 0, SPLIT), (lively, 0, RECORD)]
)
def test_a_run_continues_on_either_engine(net, heard, record, first, second):
    inputs = {"ears": spoken(160, heard)} if heard else {}
    whole = ns.run(net(), inputs, ticks=160, record=record, engine="reference")
    begun = ns.run(net(), part(inputs, 0, 100), ticks=100, record=record, engine=first, threads=2)
    ended = ns.run(
        net(), part(inputs, 100, 160), ticks=60, record=record, start=begun, engine=second, threads=3
    )
    for probe in (p for p in whole.probes if not p.events):
        joined = np.concatenate([begun[probe.name], ended[probe.name]])
        np.testing.assert_allclose(
            joined, whole[probe.name], rtol=0, atol=0 if net is balanced else TOLERANCE, err_msg=probe.name
        )
    for probe in (p for p in whole.probes if p.events):
        ticks = np.concatenate([begun.spikes(probe.name).tick, ended.spikes(probe.name).tick + 100])
        np.testing.assert_array_equal(ticks, whole.spikes(probe.name).tick, err_msg=probe.name)
    again = ns.run(net(), part(inputs, 100, 160), ticks=60, record=record, start=begun, engine="reference")
    assert_same(ended, again, tolerance=0 if net is balanced else TOLERANCE)


def test_a_run_until_stable_stops_where_the_reference_does():
    rng = np.random.default_rng(2)
    patterns = rng.choice([-1, 1], (3, 60))
    probes = {"cells.s": patterns[0] * np.where(rng.random(60) < 0.3, -1, 1)}
    net = hopfield(patterns)
    found = both(net, trials=5, ticks=40, until="stable", start=probes, record=["cells.s"])
    assert found.stopped == "stable" and 1 < found.ticks < 40
    three = ns.run(
        net, trials=5, ticks=40, until="stable", start=probes, record=["cells.s"], engine="events", threads=3
    )
    assert_same(three, found)


@pytest.mark.parametrize("density", [0.2, 1.0])
def test_echoes_of_many_sequences_are_the_references(density):
    """Through stored synapses and through matrices, with sequences side by side and alone."""
    net = echo_state(2, 70, 3, density=density, feedback_scale=0.1, readout=np.full((3, 70), 0.01))
    drive = np.random.default_rng(0).uniform(-1, 1, (11, 80, 2))
    many = both(net, {"drive": drive}, record=["pool.v", "out"], tolerance=1e-12)
    same = np.repeat(drive[:, :1], 30, axis=1)
    both(net, {"drive": same}, record=["pool.v"], until="stable", threads=1, tolerance=1e-12)
    alone = both(net, {"drive": drive[0]}, record=["pool.v", "out"], tolerance=1e-12)
    np.testing.assert_allclose(many["pool.v"][0], alone["pool.v"], rtol=0, atol=1e-12)


def test_a_port_reduces_what_stored_and_dense_synapses_bring():
    """What the scenario of this name asks, without contractions."""
    wirings = {"stored": ns.pairs([0, 1, 2], [0, 0, 0]), "dense": ns.all_to_all()}
    expected = {"sum": 4.0, "max": 5.0, "mean": 4 / 3}
    ports = {f"{kind}_{reduce}": wiring for kind, wiring in wirings.items() for reduce in expected}
    x = ns.Neurons("x", 3)
    update = "\n".join(f"{port}_now = {port}" for port in ports)
    y = ns.Neurons(
        "y",
        1,
        ports=" ".join(f"{port}:{port.split('_')[1]}" for port in ports),
        update=update,
        sends="stored_sum_now",
    )
    net = layered(
        *(ns.Synapses(x, y, to=port, wiring=wiring, name=f"to_{port}") for port, wiring in ports.items())
    )
    found = ns.run(net, {"x": [[2.0, -3.0, 5.0]]}, record=[f"y.{port}" for port in ports], engine="events")
    for port in ports:
        assert found[f"y.{port}"].item() == pytest.approx(expected[port.split("_")[1]], rel=1e-15), port


@pytest.mark.parametrize(
    "target",
    [dict(update="u = 0*I"), dict(update="u = 1 + 0*I", **RELAY | dict(threshold="u > 0"))],
    ids=["graded", "spiking"],
)
@pytest.mark.parametrize("delay", [0, 2])
def test_an_answer_reads_what_its_own_tick_delivered(engine, target, delay):
    """With on_post alone and a graded sender, v_pre is the message of this tick, not that of the first
    tick."""
    x, y = ns.Neurons("x", 1), ns.Neurons("y", 1, **target)
    net = synchronous(ns.Synapses(x, y, model="s : 1", on_post="s += v_pre", delay=delay, name="sum"))
    s = ns.run(net, {"x": [[1.0], [2.0], [4.0], [8.0], [16.0]]}, record=["sum.s"], engine=engine)[
        "sum.s"
    ].ravel()
    np.testing.assert_array_equal(s, [1, 3, 7, 15, 31] if delay == 0 else [0, 0, 1, 3, 7])


def test_an_answer_within_a_group_reads_what_was_delivered_before_the_group_moved(engine):
    a, b = ns.Neurons("a", 1, update="v = v + 1", v=10.0), ns.Neurons("b", 1, update="u = u")
    for delay, expected in ((0, [10, 21, 33, 46]), (1, [10, 21, 33, 46]), (2, [10, 20, 31, 43])):
        item = ns.Synapses(
            a, b, model="s : 1", on_pre="u_post += v_pre", on_post="s += v_pre", delay=delay, name="sum"
        )
        found = ns.run(
            ns.Network(item, schedule=ns.Alternating([a, b])), ticks=4, record=["sum.s", "b"], engine=engine
        )
        np.testing.assert_array_equal(found["sum.s"].ravel(), expected)
        np.testing.assert_array_equal(found["b"].ravel(), expected)


def test_spikes_that_no_text_awaits_are_not_kept(engine):
    """Synapses with on_post alone do not keep the spikes of their sender."""
    noise, cells = (
        ns.Neurons("noise", 5, threshold="rand() < 0.5"),
        ns.Neurons("cells", 5, update="v = v + 1", threshold="v > 3", reset="v = 0"),
    )
    net = clock(ns.Synapses(noise, cells, model="n : 1", on_post="n += 1", delay=3 * ms, name="heard"))
    final = ns.run(net, ticks=40, engine=engine).final
    assert final["arrivals/heard/due"].size == 0
    assert np.all(final["synapse/heard/n"] == 10)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("chance", [0.0, 0.002, 0.4, 0.999, 1.0])
@pytest.mark.parametrize("sources", [1, 7, 2500, 70_000])
def test_private_sources_of_any_number_and_chance_are_the_references(precision, chance, sources):
    noise, cells = (
        ns.Neurons("noise", 1, threshold="rand() < p", p=chance),
        ns.Neurons("cells", 301, update="v = I"),
    )
    net = clock(ns.Synapses(noise, cells, wiring=ns.private(sources), weight=-0.3), dt=1 * ms)
    found = both(net, ticks=40, record=["cells.v"], precision=precision)["cells.v"][2:]
    assert found.mean() == pytest.approx(
        -0.3 * sources * chance, abs=0.3 * 5 * np.sqrt(sources * chance * (1 - chance) / found.size) + 1e-3
    )


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("threads", [1, 2])
def test_sums_are_the_references_whether_few_spikes_arrive_at_a_tick_or_many(threads, precision):
    equations = "dv/dt = (g + h - v)/tau : volt\ndg/dt = -g/tau_g : volt\ndh/dt = -h/tau_g : volt"
    told = dict(equations=equations, threshold="v > 1*mV", reset="v = 0*mV", tau=10 * ms, tau_g=4 * ms)
    ears, first, second = (
        ns.Neurons("ears", 40),
        ns.Neurons("first", 150, **told),
        ns.Neurons("second", (7, 20), **told),
    )
    net = clock(
        ns.Synapses(
            ears, first, to="g", wiring=ns.probability(0.2), weight=2 * mV, delay=ns.uniform(0 * ms, 5 * ms)
        ),
        ns.Synapses(ears, second, to="h", wiring=ns.probability(0.1), weight=1.5 * mV),
        ns.Synapses(
            first,
            second,
            to="g",
            wiring=ns.probability(0.02),
            weight=ns.normal(0.5 * mV, 0.5 * mV),
            delay=2 * ms,
        ),
        ns.Synapses(second, first, to="h", wiring=ns.probability(0.02), weight=-0.3 * mV),
        dt=0.5 * ms,
    )
    loudness = np.repeat([0.0, 0.002, 0.1, 0.0, 1.0, 0.01], 40)  # from silence to all at once
    tick, neuron = np.nonzero(np.random.default_rng(3).random((loudness.size, 40)) < loudness[:, None])
    options = dict(
        ticks=loudness.size,
        record=["first.v", "second.v", "first", "second"],
        precision=precision,
        threads=threads,
    )
    found = both(net, {"ears": (tick, neuron)}, tolerance=0.0 if precision == "double" else 1e-5, **options)
    assert len(found.spikes("first")) > 100


@pytest.mark.parametrize("threads", [1, 2])
def test_private_sources_of_some_targets_count_as_a_binomial_number_does(threads):
    noise, cells = (
        ns.Neurons("noise", 1, threshold="rand() < 0.002"),
        ns.Neurons("cells", 2000, update="v = I"),
    )
    some = np.r_[5:1400, 1403:2000:2]  # a row that begins anywhere, and targets that are in none
    net = clock(ns.Synapses(noise, cells[some], wiring=ns.private(1000), weight=0.5), dt=1 * ms)
    found = both(net, ticks=62, record=["cells.v"], threads=threads)["cells.v"][2:]
    assert not np.delete(found, some, axis=1).any()
    counts = np.bincount((found[:, some] / 0.5).astype(int).ravel(), minlength=9)
    expected = counts.sum() * np.r_[binom.pmf(np.arange(8), 1000, 0.002), binom.sf(7, 1000, 0.002)]
    assert chisquare(np.r_[counts[:8], counts[8:].sum()], expected).pvalue > 0.001

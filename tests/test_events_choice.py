"""Which networks the event engine refuses, when `auto` chooses it, and when it compiles."""

import numpy as np
import pytest
from events_side import balanced, spoken
from events_tests_side import lowered
from nets import SUM, clock, layered, synchronous

import neurosim as ns
from neurosim.engine import choice, choose
from neurosim.engine.cost import reference_seconds
from neurosim.engine.events import build
from neurosim.models.echo_state import echo_state
from neurosim.models.force import force
from neurosim.units import ms

pytestmark = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")


REFUSED = {
    "contract tensors": lambda x, y: layered(
        ns.Synapses(x, y, weight=np.ones((3, 3)), wiring=ns.einsum("i, i o -> o"))
    ),
    "'softmax' in the text of 'y' looks at the whole population": lambda x, y: layered(
        ns.Synapses(x, with_text("v = softmax(I)"))
    ),
    "'argmax' in the text of 'y' looks at the whole population": lambda x, y: layered(
        ns.Synapses(x, with_text("v = i == argmax(-I)"))
    ),
    "'choice' in the text of 'y' looks at the whole population": lambda x, y: layered(
        ns.Synapses(x, with_text("v = choice(I**2)"))
    ),
    "'take' in the text of 'y' looks at the whole population": lambda x, y: layered(
        ns.Synapses(x, with_text("v = take(I, 0*i)"))
    ),
    "'sum' in the text of 'y' looks at the whole population": lambda x, y: layered(
        ns.Synapses(x, with_text("v = I", threshold="sum(v) > 1"))
    ),
    "private synapses 'x_to_y' end at a port that takes no sum": lambda x, y: clock(
        ns.Synapses(
            ns.Neurons("x", 1, threshold="rand() < 0.1"),
            ns.Neurons("y", 3, ports="I:max", **SUM),
            wiring=ns.private(5),
        )
    ),
}


def with_text(update, **more):
    return ns.Neurons("y", 3, update=update, **more)


@pytest.mark.parametrize("reason", REFUSED)
def test_what_the_engine_does_not_take_it_refuses_with_the_remedy_and_auto_knows(reason, monkeypatch):
    net = REFUSED[reason](ns.Neurons("x", 3), ns.Neurons("y", 3, **SUM))
    inputs = {} if "private" in reason else {"x": np.ones((2, 3))}
    with pytest.raises(
        ns.PlanError,
        match=f"engine 'events' cannot run this network: .*{reason}.* Use engine='reference', or 'auto'.",
    ):
        ns.run(net, inputs, ticks=2, engine="events")
    monkeypatch.setattr("neurosim.engine.choice.reference_seconds", lambda plan: 1e6)
    monkeypatch.setattr("neurosim.engine.arrays.library.is_installed", lambda: False)
    assert ns.run(net, inputs, ticks=2, engine="auto").engine == "reference"


def test_a_run_of_more_ticks_than_are_counted_is_refused():
    plan = lowered(synchronous(ns.Neurons("y", 1, **SUM)), ticks=2**30)
    with pytest.raises(
        ns.PlanError, match="1,073,741,824 ticks are more than 1,073,741,823. Run fewer at a time."
    ):
        choose("events", plan)


def test_auto_compiles_only_where_that_pays():
    assert choose("auto", lowered(balanced(), {"ears": spoken(10)}, ticks=10)) == "reference"
    assert choose("auto", lowered(balanced(), {"ears": spoken(10)}, ticks=10**6)) == "events"
    assert choose("reference", lowered(balanced(), {"ears": spoken(10)}, ticks=10**6)) == "reference"
    assert ns.run(balanced(), {"ears": spoken(3)}, ticks=3).engine == "reference"


def test_auto_counts_what_the_reference_took_before(monkeypatch):
    monkeypatch.setattr("neurosim.engine.events.build._loaded", {})
    monkeypatch.setattr("neurosim.engine.events.build.SUFFIX", ".none")  # so that nothing is in the cache
    plan = lowered(balanced(), {"ears": spoken(10)}, ticks=3000)
    assert choice.SHORT < reference_seconds(plan) < choice.COMPILE
    assert choose("auto", plan) == "reference"
    assert choose("auto", plan, before=choice.COMPILE) == "events"


def test_auto_knows_that_synapses_with_text_cost_time_at_every_value_they_hear(monkeypatch):
    monkeypatch.setattr("neurosim.engine.events.is_compiled", lambda plan: False)
    silence = np.zeros((1000, 1))
    for ticks, name in ((100, "reference"), (1000, "events")):
        net = force(echo_state(1, 300, 1, density=0.1, feedback_scale=1.0))
        assert choose("auto", lowered(net, {"drive": silence[:ticks], "teacher": silence[:ticks]})) == name


def test_without_a_compiler_auto_warns_and_runs_the_reference(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.warns(UserWarning, match="the slow reference engine runs. .* Unset it, or set it to a C"):
        assert choose("auto", lowered(balanced(), {"ears": spoken(10)}, ticks=10**6)) == "reference"


def test_only_another_structure_is_compiled(tmp_path, monkeypatch):
    """Sizes, constants, weights, delays, wiring by chance, seeds, inputs, ticks, trials and threads are
    arguments."""

    spread, sparse = ns.uniform(0 * ms, 4 * ms), ns.probability(0.2)

    def net(n=40, *, text="v = k*v + I", k=0.5, weight=0.1, delay=spread, wiring=sparse, dt=1 * ms):
        cells = ns.Neurons("cells", n, update=text, threshold="v > 1", reset="v = 0", k=k)
        ears = ns.Neurons("ears", 5)
        return clock(
            ns.Synapses(ears, cells, wiring=wiring, weight=weight, delay=delay),
            ns.Synapses(cells, cells, weight=weight, delay=2 * ms),
            dt=dt,
        )

    def compiled(given, times=(0, 1, 2), neurons=(0, 1, 4), **options):
        before = build.compilations
        ns.run(
            given, {"ears": (np.array(times), np.array(neurons))}, engine="events", **({"ticks": 5} | options)
        )
        return build.compilations - before

    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", "-O0")
    monkeypatch.setattr(build, "_loaded", {})
    for ahead in ("load_ahead", "compile_ahead"):  # would be counted whenever it ends
        monkeypatch.setattr(f"neurosim.engine.events.{ahead}", lambda *source: None)
    short = lowered(net(), {"ears": (np.array([0]), np.array([1]))}, ticks=5000)
    assert choice.SHORT < reference_seconds(short) < choice.COMPILE
    assert choose("auto", short) == "reference"
    assert compiled(net()) >= 1  # and, once in a process, what draws synapses
    assert choose("auto", short) == "events"  # now that nothing is left to compile
    others = [
        net(7),
        net(999),
        net(k=0.9),
        net(weight=-3.0),
        net(weight=ns.normal(0, 1)),
        net(delay=9 * ms),
        net(delay=0 * ms),
        net(wiring=ns.indegree(3)),
        net(wiring=ns.all_to_all()),
        net(dt=0.1 * ms, delay=0.3 * ms),
    ]
    assert [compiled(other) for other in others] == [0] * len(others)
    assert [
        compiled(net(), **more)
        for more in (dict(seed=9), dict(ticks=70), dict(threads=3), dict(times=(2,), neurons=(3,)))
    ] == [0] * 4
    assert compiled(net(text="v = k*v + I + 0.1")) == 1
    assert compiled(net(), precision="single") == 2  # with the engine for this precision
    assert compiled(net(text="v = k*v + I + 0.1"), precision="single") == 1
    assert compiled(net()) == 0

"""Wirings that are conditions on pairs, and probabilities that are expressions."""

import tracemalloc

import matplotlib.pyplot as pyplot
import numpy as np
import pytest

import neurosim as ns
from neurosim.plan.draw import draw_synapses
from neurosim.plan.wiring_conditions import pairs_of
from neurosim.units import ms, um

I, J = np.arange(40)[:, None], np.arange(30)[None, :]
X, Y, LABEL = 10e-6 * I, 15e-6 * J, (7 * I) % 13
EQUATIONS = "dv/dt = -v/(5*ms) : 1\nx : metre\nlabel : 1"


def net_of(wiring, pre=40, post=30, **constants):
    a = ns.Neurons("a", pre, equations=EQUATIONS, x="i*10*um", label="(7*i) % 13", v=1)
    b = ns.Neurons("b", post, equations=EQUATIONS, x="i*15*um")
    link = ns.Synapses(a, b, wiring=wiring, to="v", name="s", **constants)
    return ns.Network(link, schedule=ns.Clock(1 * ms))


def joined(wiring, seed=3, **more):
    """Which pairs are joined, (pre, post)."""
    found = pairs_of(net_of(wiring, **more), "s", seed)
    assert np.all(np.diff(found.pre * 30 + found.post) > 0)  # sorted, and each pair once
    matrix = np.zeros((40, 30), bool)
    matrix[found.pre, found.post] = True
    return matrix


CONDITIONS = {
    "i != j": I != J,
    "not (i == j)": I != J,
    "True": I >= 0 * J,
    "i == j and i != j": I < 0 * J,
    "abs(i - j) < w": abs(I - J) < 3,
    "1 >= abs(j - i)": abs(I - J) <= 1,
    "i - w <= j < i + w": (I - 3 <= J) & (J < I + 3),
    "5 > j and 2 <= j": (J < 5) & (J >= 2) & (I >= 0),
    "j == label_pre": LABEL == J,
    "i < 20 and j == (i + 1) % N_post": (I < 20) & (J == (I + 1) % 30),
    "j == i or j == i + 1": (I == J) | (I + 1 == J),
    "j != i + 1 and j > 3.5": (J != I + 1) & (J > 3),
    "i % 5 == 0": (I % 5 == 0) & (J >= 0),
    "abs(x_pre - x_post) < 52*um and (i % 2 == 0 or j > 3)": (abs(X - Y) < 52e-6) & ((I % 2 == 0) | (J > 3)),
    "x_pre > x + 1*um": X > Y + 1e-6,  # a name without ending is that of the target
    "label_pre < w": (LABEL < 3) & (J >= 0),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_joins_the_pairs_for_which_it_holds(condition):
    assert np.array_equal(joined(condition, **({"w": 3} if "w" in condition else {})), CONDITIONS[condition])


def test_probabilities_and_conditions_that_draw_have_their_frequencies():
    near = abs(I - J) < 10
    for wiring in (ns.probability(0.3, where="abs(i - j) < 10"), "rand() < 0.3 and abs(i - j) < 10"):
        found = joined(wiring)
        assert not found[~near].any() and found[near].mean() == pytest.approx(0.3, abs=0.08)
        assert np.array_equal(found, joined(wiring)) and not np.array_equal(found, joined(wiring, seed=4))
    p = np.exp(-((I - J) ** 2) / 100)
    found = np.mean([joined(ns.probability("exp(-(i - j)**2/100)"), seed=seed) for seed in range(30)], axis=0)
    assert np.array_equal(joined(ns.probability("i - 7")), (I > 7) & (J >= 0))  # -1 counts as 0, and 2 as 1
    assert found[(I == J) & (p == 1)].all() and abs(found - p).max() < 0.4
    assert found.mean() == pytest.approx(p.mean(), rel=0.02)
    # A condition takes some of the pairs that the probability alone would draw.
    assert np.array_equal(joined(ns.probability(0.3, where="i != j")), joined(ns.probability(0.3)) & (I != J))
    assert not joined(ns.probability(0, where="i != j")).any()


def test_blocks_of_senders_change_no_result(monkeypatch):
    wirings = ["abs(i - j) < 4 and rand() < 0.5", "x_pre > x_post and rand() < 0.5", ns.probability("i/40")]
    whole = [joined(wiring) for wiring in (*wirings, ns.probability(0.2, where="i != j"))]
    monkeypatch.setattr("neurosim.plan.wiring_conditions.BLOCK", 50)
    for wiring, expected in zip((*wirings, ns.probability(0.2, where="i != j")), whole, strict=True):
        assert np.array_equal(joined(wiring), expected)


def test_to_self_means_the_neuron_and_i_and_j_count_within_parts():
    c = ns.Neurons("c", 6, update="v = v")

    def ends(wiring):
        net = ns.Network(
            ns.Synapses(c[1:4], c[2:6], wiring=wiring, name="s", to="v", delay=1), schedule=ns.Synchronous()
        )
        found = draw_synapses(net, "s", 0)
        return [*zip(found.pre.tolist(), found.post.tolist(), strict=True)]

    assert ends("i == j") == [(0, 0), (1, 1), (2, 2)]
    assert ends("N_pre == 3 and N_post == 4 and j == 3") == [(0, 3), (1, 3), (2, 3)]
    every = {(i, j) for i in range(3) for j in range(4)}
    assert {*ends(ns.probability(1, to_self=False, where="True"))} == every - {(1, 0), (2, 1)}


def test_indices_of_neurons_are_those_of_their_last_axis():
    grid = ns.Neurons("grid", (4, 5), update="v = v", y=np.arange(4)[:, None])
    text = dict(wiring="i_pre == i_post and abs(y_pre - y_post) == 1", weight="i + 100*j", delay=1, to="v")
    net = ns.Network(ns.Synapses(grid, grid, name="s", **text), schedule=ns.Synchronous())
    found = draw_synapses(net, "s", 0)
    assert found.pre.size == 2 * 3 * 5 and set(np.abs(found.post - found.pre)) == {5}
    assert np.array_equal(found.weight, found.pre + 100 * found.post)


def test_a_diagram_shortens_long_expressions():
    long = " + ".join(["abs(x_pre - x_post)"] * 9)
    net = net_of(ns.probability(f"({long})/metre"), weight=f"({long})/metre", delay=f"({long})*ms/metre")
    texts = [text.get_text() for text in ns.figures.diagram(net).texts]
    lines = [line for text in texts for line in text.split("\n") if "abs(x_pre" in line]
    pyplot.close("all")
    assert len(lines) == 3 and all(line.endswith("...") and len(line) < 80 for line in lines)


def test_memory_is_that_of_the_pairs_that_are_joined():
    net = net_of("abs(x_pre - x_post) < 20*um", pre=2000, post=2000)
    pairs_of(net, "s", 0)
    tracemalloc.start()
    found = pairs_of(net, "s", 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 1000 < found.pre.size < 20_000 and peak < 8e6  # all pairs would take 32 MB for one number


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_conditions_run_are_saved_replayed_continued_and_drawn(engine, tmp_path):
    net = net_of(ns.probability("0.9*exp(-abs(x_pre - x_post)/s)", where="i != j"), s=50 * um, weight="0.1*j")
    assert ns.Network.from_dict(net.to_dict()) == net
    run = dict(ticks=6, record=["b.v"], seed=5, engine=engine)
    whole = ns.run(net, **run, to=tmp_path / "run.h5")
    assert whole["b.v"].any() and ns.replay(tmp_path / "run.h5").identical
    first = ns.run(net, **(run | {"ticks": 3}))
    assert np.array_equal(ns.run(net, **(run | {"ticks": 3}), start=first)["b.v"], whole["b.v"][3:])
    ns.save(net, tmp_path / "net.h5", seed=5)
    loaded = ns.load(tmp_path / "net.h5")
    assert isinstance(loaded["s"].wiring, ns.pairs) and "s" not in loaded["s"].constants
    assert np.array_equal(ns.run(loaded, **run)["b.v"], whole["b.v"])
    assert "where='i != j'" in str(net) and "'i != j'" in str(net_of("i != j"))
    texts = {text.get_text() for text in ns.figures.diagram(net).texts}
    assert any("where i != j" in text for text in texts)
    ns.figures.weights(net, "s")
    pyplot.close("all")


def test_a_run_continues_only_with_the_pairs_that_it_had():
    def net(far, x="i*um"):
        c = ns.Neurons("c", 9, equations="v : 1\nx : metre", x=x)
        text = dict(model="q : 1", on_pre="v_post += q\nq += 1", delay=1 * ms, far=far)
        return ns.Network(
            ns.Synapses(c, c, wiring="x_post > far*um", name="s", **text), schedule=ns.Clock(1 * ms)
        )

    first = ns.run(net(2), ticks=2)
    assert ns.run(net(2.5), ticks=1, start=first, seed=7).ticks == 1  # the same pairs, and nothing is drawn
    with pytest.raises(ns.DescriptionError, match="c -> c join other pairs than when start was recorded"):
        ns.run(net(4), ticks=1, start=first)
    with pytest.raises(ns.DescriptionError, match="c -> c join other pairs than when start was recorded"):
        ns.run(net(2, x="2*i*um"), ticks=1, start=first)
    with pytest.raises(ns.DescriptionError, match="from which the wiring of Synapses c -> c were drawn"):
        ns.run(net(2, x="i*um*rand()"), ticks=1, start=ns.run(net(2, x="i*um*rand()"), ticks=2), seed=7)
    with pytest.raises(ns.PlanError, match="'y' is not defined"):
        ns.run(net(2).map(synapses=lambda name, old: old | {"wiring": "y_post > far"}), ticks=1, start=first)


P, D = ns.PlanError, ns.DescriptionError
ERRORS = {
    "no condition": (dict(wiring="i + j"), P, r"wiring: 'i \+ j' is not a condition\. Compare something"),
    "unknown name": (dict(wiring="i != k"), P, r"wiring: 'k' is not defined"),
    "weight": (dict(wiring="w > 3"), P, r"wiring: 'w' is not defined"),
    "units": (dict(wiring="x_pre < j"), P, r"wiring: 'x_pre < j' has no unit"),
    "unit of p": (dict(wiring=ns.probability("x_pre")), P, r"wiring: p='x_pre' is in m, but a probability"),
    "p is no number": (dict(wiring=ns.probability("sqrt(i - 1)")), P, r"wiring: p=.* is not a number from"),
    "array": (dict(wiring="i < k", k=np.ones((30, 40))), P, r"wiring uses 'k', which is given for each"),
    "axis": (dict(wiring="i < max(j)"), P, r"wiring: 'max' looks at a whole population"),
    "no expression": (dict(wiring="i !="), D, r"wiring: 'i !=' does not read as an expression"),
    "generator": (dict(wiring="k for k in range(i)"), D, r"wiring: 'k for k in range\(i\)' does not read"),
    "empty": (dict(wiring=""), D, r"wiring: '' does not read as an expression"),
    "unused": (dict(wiring="i != j", k=3), D, r"'k' is neither an argument of Synapses nor used"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_conditions_that_fail_say_where_and_why(name):
    changed, error, message = ERRORS[name]
    with pytest.raises(error, match=r"Synapses a -> b: " + message):
        ns.run(net_of(**changed), ticks=1)


def test_too_many_pairs_are_refused_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr("neurosim.plan.memory.memory", lambda: 10_000.0)
    with pytest.raises(P, match=r"a -> b: these synapses need about .* of memory"):
        pairs_of(net_of("i != j"), "s", 0)
    for bad, message in (
        (dict(p="i +"), "probability: p: 'i \\+'"),
        (dict(p=0.5, where=3), "where 3 is not text"),
    ):
        with pytest.raises(D, match=message):
            ns.probability(**bad)

"""Constants and start values of neurons as expressions: their numbers, units, draws and errors."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, mV, um

TEXT = """dv/dt = (El - v)/tau : volt
          m = 1/(1 + exp((El - v)/spread)) : 1
          gate : 1
          x : metre"""
CELLS = dict(
    tau="10*ms + 2*ms*i", El=-60 * mV, spread=5 * mV, v="El + spread*randn()", gate="m",
    x="(i - N/2)*step", step=10 * um,
)  # fmt: skip


def net_of(**constants):
    cells = ns.Neurons("cells", 400, equations=TEXT, **(CELLS | constants))
    return ns.Network(cells, schedule=ns.Clock(1 * ms))


def run(net, engine="reference", **options):
    record = ["cells.v", "cells.gate", "cells.x"]
    return ns.run(net, **({"ticks": 3} | options), record=record, engine=engine)


def test_start_values_are_what_their_expressions_say():
    found = run(net_of(), trials=2)
    v, gate, x = (found[f"cells.{name}"][:, 0] for name in ("v", "gate", "x"))
    assert np.array_equal(v[0], v[1])  # trials start alike
    assert abs(v[0].mean() + 0.060) < 4 * 0.005 / 20 and v[0].std() == pytest.approx(0.005, rel=0.15)
    np.testing.assert_allclose(gate, 1 / (1 + np.exp((-0.060 - v) / 0.005)), rtol=1e-12)
    np.testing.assert_allclose(x[0], (np.arange(400) - 200) * 10e-6)
    tau = 0.010 + 0.002 * np.arange(400)
    np.testing.assert_allclose(found["cells.v"][0, 2], -0.060 + (v[0] + 0.060) * np.exp(-0.002 / tau))


def test_engines_compute_and_draw_the_same_expressions():
    net = net_of()
    first, second = (run(net, engine, seed=3)["cells.v"] for engine in ("reference", "events"))
    assert np.array_equal(first[0], second[0])
    np.testing.assert_allclose(first, second, rtol=1e-12)
    single = run(net, seed=3, precision="single")["cells.v"]
    assert np.array_equal(single[0], first[0].astype(np.float32))
    assert not np.array_equal(run(net, seed=4)["cells.v"][0], first[0])


def test_expressions_are_saved_replayed_and_continued(tmp_path):
    net = net_of()
    assert ns.Network.from_dict(net.to_dict()) == net
    assert str(net["cells"].constants["v"]) == "'El + spread*randn()'"
    whole = run(net, seed=5, ticks=6, to=tmp_path / "run.h5")
    assert ns.replay(tmp_path / "run.h5").identical and whole.network == net
    first = run(net, seed=5)
    assert np.array_equal(run(net, start=first)["cells.v"], whole["cells.v"][3:])
    ns.save(net, tmp_path / "net.h5", seed=5)
    loaded = ns.load(tmp_path / "net.h5")
    assert "step" not in loaded["cells"].constants  # only an expression has used it
    np.testing.assert_allclose(run(loaded, ticks=6)["cells.v"], whole["cells.v"], rtol=1e-12)
    drawn = net_of(tau="10*ms*rand()")
    with pytest.raises(ns.DescriptionError, match="from which tau of 'cells' was drawn.*another network"):
        run(drawn, start=run(drawn), seed=9)


def test_copies_draw_of_their_own_unless_they_are_tied():
    net = ns.Network(ns.Neurons("cell", 3, update="v = v", v="a*rand()", a=2), schedule=ns.Synchronous())
    first = net.named("first")
    parts = first, net.named("other"), net.named("same", tied=first)
    found = ns.run(ns.Network(*parts, schedule=ns.Synchronous()), ticks=1, record="all")
    assert np.array_equal(found["first_cell"], found["same_cell"])
    assert not np.array_equal(found["first_cell"], found["other_cell"])


def test_expressions_see_a_whole_population_and_its_last_axis():
    text = dict(v="i + 10*share", share="weight/sum(weight, axis=0)", weight="1 + poisson(0)")
    grid = ns.Neurons("grid", (2, 3), update="v = v", **text)
    found = ns.run(ns.Network(grid, schedule=ns.Synchronous()), ticks=1, record="grid")["grid"]
    assert found[0].tolist() == [[5, 6, 7]] * 2


def test_the_start_of_a_run_takes_expressions():
    start = {"cells.x": 3 * um, "cells.v": "El + x*mV/um", "cells.gate": "rand()"}
    found = run(net_of(), start=start, seed=1)
    np.testing.assert_allclose(found["cells.v"][0], -0.057)
    assert 0.4 < found["cells.gate"][0].mean() < 0.6
    with pytest.raises(
        ns.PlanError, match=r"'cells': v='x \+ x' is in m, its equation says V\. Give it in V"
    ):
        run(net_of(), start={"cells.v": "x + x"})
    with pytest.raises(ns.DescriptionError, match=r"start 'cells\.v'.*does not read as an expression"):
        run(net_of(), start={"cells.v": "El +"})


def test_ready_cells_take_expressions():
    cells = ns.cells.lif("cells", 50, v_rest="-70*mV + 2*mV*randn()")
    v = ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=3, record="cells.v")["cells.v"]
    np.testing.assert_allclose(v, v[:1].repeat(3, 0))  # each starts at its own rest, and stays there
    assert v[0].std() == pytest.approx(0.002, rel=0.4)


P, D = ns.PlanError, ns.DescriptionError
ERRORS = {
    "unit": (dict(v="2*metre"), P, r"v='2\*metre' is in m, its equation says V"),
    "mixed units": (dict(v="El + 1"), P, r"v: 'El \+ 1' has no unit .*Make the units agree"),
    "unknown name": (dict(v="Ek"), P, r"v: 'Ek' is not defined\. There is: El, "),
    "unknown function": (dict(v="ran()*mV"), P, r"v: there is no function 'ran'"),
    "circle": (dict(spread="tau*mV/ms", tau="spread*ms/mV"), P, r".* circle (tau|spread) -> "),
    "circle of variables": (dict(gate="x/um", x="gate*step"), P, r"gate: is .* circle gate -> x -> gate"),
    "no number": (dict(gate="sqrt(i - 1)"), P, r"gate='sqrt\(i - 1\)' is not a number"),
    "time": (dict(v="t*mV/ms"), P, r"v: 't' is not defined"),
    "outside": (dict(gate="take(i, i + 1)"), P, r"gate: take: index 400 is outside the axis"),
    "division": (dict(k=0, gate="1//k"), P, r"gate: '1//k' divides by a number that is 0"),
    "no expression": (dict(v="El +"), D, r"v: 'El \+' does not read as an expression"),
    "misspelt": (dict(threshhold="v > 1 : 1"), D, r"threshhold=.* Did you mean 'threshold'"),
    "unused": (dict(other="3*mV"), D, r"'other' is neither"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_expressions_that_fail_say_where_and_why(name):
    constants, error, message = ERRORS[name]
    with pytest.raises(error, match=r"Neurons 'cells': " + message):
        run(net_of(**constants))

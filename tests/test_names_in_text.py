"""Names in text may be any: of Brian2, of sympy, of C++, or such as the generated C++ uses itself."""

import numpy as np
import pytest
from refusals_side import D, P, check

import neurosim as ns
from neurosim.units import ms


def words(*lines):
    return [name for line in lines for name in line.split()]


# What the generated C++ calls its own variables, words of C++, and macros of its headers.
OF_CPP = words(
    "v v_old v_1 v_integrated v_updated v_read I_read I_waiting span first last fired",
    "not_refractory_now run_tick t_now deferred deferred_0 deferred0 total total_0 now past own",
    "delivered place k n context Real keys tick",
    "element copy_ w_copy worker int double float_ class_ auto",
    "namespace linux errno NAN INFINITY M_PI NULL std",
)
# Names of Brian2, of sympy, of Python and of numpy.
OF_OTHERS = words(
    "inf e pi nan oo zoo E S Q O C N i beta gamma zeta diff int print exec sum id rand sin exp",
    "Symbol training volt mV Hz np xp random along spikes",
)


def network():
    eqs = "\n".join(f"d{n}/dt = (1 + I - {n})/({k + 2}*ms) : 1" for k, n in enumerate(OF_CPP))
    update = "\n".join(f"{n} = clip({n}, 0, {0.2 + 0.01 * k})" for k, n in enumerate(OF_CPP))
    cells = ns.Neurons(
        "cells", 3, equations=f"{eqs}\nperiod : second\nhalf = v_old/2 : 1", update=update, period=2 * ms,
        threshold="half + k > 0.1", reset="v = 0\nv_old = v_1 - half", refractory="period*(1 + half)",
    )  # fmt: skip
    own = [name for name in OF_CPP if name != "w_copy"]
    text = "\n".join(f"{name} += 0.1*(v_post + {own[k - 1]})" for k, name in enumerate(own))
    plastic = ns.Synapses(
        ns.Neurons("ears", 2), cells, name="plastic",
        model="\n".join(f"{name} : 1" for name in own) + "\nz = deferred + total : 1",
        on_pre=f"{text}\nlast_post += z*w\nv_1_post += past",
    )  # fmt: skip
    return ns.Network(plastic, schedule=ns.Clock(1 * ms))


def test_no_name_is_confused_with_one_of_the_generated_code():
    spikes = np.array([1, 3, 3, 6]), np.array([0, 1, 0, 0])
    record = ["cells", *(f"cells.{name}" for name in OF_CPP)]
    theirs, ours = (
        ns.run(network(), {"ears": spikes}, ticks=12, record=record, engine=engine)
        for engine in ("reference", "events")
    )
    np.testing.assert_array_equal(ours["cells"], theirs["cells"])
    assert theirs["cells"].sum() > 5
    for name in OF_CPP:
        np.testing.assert_allclose(ours[f"cells.{name}"], theirs[f"cells.{name}"], rtol=1e-12)
        key = f"synapse/plastic/{name}"
        if key in theirs.final:
            np.testing.assert_allclose(ours.final[key], theirs.final[key], rtol=1e-12)
            assert theirs.final[key].any()


@pytest.mark.parametrize("method", ["exact", "exponential_euler", "rk4"])
def test_variables_and_constants_may_have_any_name(method):
    lines = "\n".join(f"d{name}/dt = (2 - {name})/(7*ms) : 1" for name in OF_OTHERS)
    variables = ns.Neurons("variables", 1, equations=lines, method=method)
    lines = "\n".join(f"dx{k}/dt = ({name} - x{k})/(7*ms) : 1" for k, name in enumerate(OF_OTHERS))
    constants = ns.Neurons("constants", 1, equations=lines, method=method, **dict.fromkeys(OF_OTHERS, 2.0))
    x = [f"constants.x{k}" for k in range(len(OF_OTHERS))] + [f"variables.{name}" for name in OF_OTHERS]
    found = ns.run(ns.Network(variables, constants, schedule=ns.Clock(1 * ms)), ticks=5, record=x)
    tick = 2 * (1 - np.exp(-np.arange(5) / 7))
    for name in x:
        np.testing.assert_allclose(
            found[name][:, 0], tick, rtol=1e-12 if method != "rk4" else 1e-4, err_msg=name
        )


def test_a_constant_called_e_is_not_the_number_that_sympy_calls_so():
    cells = ns.Neurons("cells", 1, equations="dx/dt = (exp(1) + log(e) - e*x)/ms : 1", e=3.0)
    last = ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=40, record="cells.x")["cells.x"][-1, 0]
    assert last == pytest.approx((np.e + np.log(3)) / 3)


def clocked(**text):
    return lambda: ns.run(ns.Network(ns.Neurons("pool", 2, **text), schedule=ns.Clock(ms)), ticks=1)


def joined(**text):
    return lambda: ns.Synapses(ns.Neurons("ears", 2), ns.Neurons("pool", 2, update="v = I"), **text)


REFUSED = [
    (clocked(equations="dv/dt = -v*inf*Hz : 1"), P, "'-v * inf * Hz'", "multiplies a variable by inf"),
    (clocked(equations="dv/dt = -v/(0*ms) : 1", method="euler"), P, "(0 * ms)", "divides by 0", "away"),
    (joined(on_pre="I_post += w", w=2.0), D, "ears -> pool", "w is the weight", "weight=..."),
    (joined(on_pre="I_post += w", lastupdate=2.0), D, "lastupdate", "no constant", "another name"),
    (joined(model="lastupdate : second", on_pre="I_post += w"), D, "'lastupdate'", "without declaring"),
]


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_name_cannot_be_is_said(case):
    describe, kind, *pieces = case
    with pytest.raises(kind) as raised:
        describe()
    check(raised, pieces)


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_lastupdate_is_the_time_of_the_event_before(engine, precision):
    threshold = "t > 9.5*ms and t < 10.5*ms"
    cells = ns.Neurons("cells", 2, equations="since : second", threshold=threshold)
    model = "dtrace/dt = -trace/(5*ms) : 1 (event-driven)\nseen : second"
    either = {
        "on_pre": "trace += 1\nsince_post += t - lastupdate\nseen = lastupdate",
        "on_post": "seen = lastupdate",
    }
    ears = ns.Neurons("ears", 2)
    plastic = ns.Synapses(ears, cells, wiring=ns.one_to_one(), model=model, name="plastic", **either)
    plain = ns.Synapses(  # without event-driven equations
        ears, cells, wiring=ns.one_to_one(), on_pre="since_post += 100*(t - lastupdate)", name="plain"
    )
    net = ns.Network(plastic, plain, schedule=ns.Clock(1 * ms))
    spikes = np.array([1, 4, 4, 7]), np.array([0, 0, 1, 0])
    first = ns.run(net, {"ears": spikes}, ticks=9, record="cells.since", engine=engine, precision=precision)
    since = np.array([[0, 0], [1, 0], [1, 0], [1, 0], [4, 4], [4, 4], [4, 4], [7, 4]])
    np.testing.assert_allclose(first["cells.since"][1:], since * 0.101, rtol=1e-6)
    silent = np.zeros(0, int), np.zeros(0, int)
    second = ns.run(net, {"ears": silent}, ticks=4, start=first, engine=engine)
    np.testing.assert_allclose(second.final["synapse/plastic/seen"][0], [7e-3, 4e-3], rtol=1e-6)
    np.testing.assert_allclose(second.final["synapse/plastic/lastupdate"][0], [10e-3] * 2, rtol=1e-6)

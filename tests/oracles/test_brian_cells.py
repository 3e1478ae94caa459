"""One population of each kind in one network, here and in Brian2: every method, every form of refractoriness,
on every engine."""

from functools import cache

import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeMonitor, StateMonitor, ms
from brian_side import DT, assert_same_spikes, brian_run, clocked

import neurosim as ns
from neurosim.plan.random import TextRandom

N, TICKS = 6, 400
LINEAR = "dv/dt = (a - v + u)/(10*ms) : 1\ndu/dt = -u/(4*ms) : 1\na : 1"
GUARDED = LINEAR.replace("(10*ms) : 1", "(10*ms) : 1 (unless refractory)")
FITZHUGH = "dv/dt = (v - v**3/3 - u + a)/ms : 1\ndu/dt = 0.08*(v + 0.7 - 0.8*u)/ms : 1\na : 1"
MEMBRANE = """dv/dt = (a - v - 3*m*(v - 2))/(5*ms) : 1
              dm/dt = (minf - m)/taum : 1
              minf = 1/(1 + exp(-4*(v - 1))) : 1
              taum = (1 + 4*exp(-v**2))*ms : second
              dh/dt = (exp(-v) - h*u)/ms : 1
              du/dt = (1 - u)/(30*ms) : 1
              a : 1"""
TIMED = "dv/dt = a*(1 + sin(2*pi*t/(7*ms))) / (10*ms) - v/(10*ms) : 1\ndu/dt = -u/(4*ms) : 1\na : 1"
RESET = "v = 0\nu += 1"


def spiking(equations=GUARDED, method="exact", threshold="v > 1", reset=RESET, **more):
    return dict(equations=equations, method=method, threshold=threshold, reset=reset, **more)


METHODS = {
    **{f"linear_{name}": dict(equations=LINEAR, method=name) for name in ("exact", "rk2")},
    "linear_independent": dict(
        equations="dv/dt = (a - v)/(10*ms) : 1\ndu/dt = -u/(4*ms) : 1\na : 1", method="independent"
    ),
    **{f"fitzhugh_{name}": dict(equations=FITZHUGH, method=name) for name in ("euler", "heun", "rk2", "rk4")},
    "membrane_exponential_euler": dict(equations=MEMBRANE, method="exponential_euler"),
    **{f"timed_{name}": dict(equations=TIMED, method=name) for name in ("euler", "rk4", "milstein")},
    **{f"guarded_{name}": spiking(method=name, refractory=3 * ms) for name in ("exact", "euler", "rk4")},
}
REFRACTORY = {
    "none": spiking(),
    "a_time": spiking(refractory=2.5 * ms),
    "less_than_a_tick": spiking(refractory="0.05*ms"),
    "a_time_that_is_no_whole_tick": spiking(refractory="1.23*ms"),
    "a_time_of_each_neuron": spiking(
        GUARDED + "\nperiod : second", refractory="period", period=np.linspace(0.5, 8, N) * ms
    ),
    "a_time_that_changes": spiking(refractory="(1 + 2*u)*ms"),
    "a_condition": spiking(refractory="u > 0.3"),
    "a_condition_on_what_is_frozen": spiking(reset="v = 2\nu += 1", refractory="v > 1", equations=LINEAR),
    "since_the_last_spike": spiking(
        GUARDED + "\nlast : second",
        refractory="(t - last) < 2.95*ms",
        reset=RESET + "\nlast = t",
        last=-1000 * ms,
    ),
    "a_threshold_that_sees_it": spiking(LINEAR, threshold="v > 1 and not_refractory", refractory=3 * ms),
    "a_reset_that_sees_it": spiking(LINEAR, reset="v = int(not_refractory) - 1", refractory=3 * ms),
    "equations_that_see_it": spiking(
        "dv/dt = int(not_refractory)*(a - v)/(10*ms) : 1\ndu/dt = -u/(4*ms) : 1\na : 1",
        "euler",
        refractory=3 * ms,
    ),
    "two_frozen_variables": spiking(
        GUARDED.replace("(4*ms) : 1", "(4*ms) : 1 (unless refractory)"), refractory=3 * ms
    ),
}
STOCHASTIC = {
    "additive_euler": ("dx/dt = -x/(5*ms) + 0.3*xi/ms**0.5 : 1", "euler"),
    "additive_heun": ("dx/dt = -x**3/(5*ms) + 0.3*xi/ms**0.5 : 1", "heun"),
    "additive_milstein": ("dx/dt = -x/(5*ms) + 0.3*xi/ms**0.5 : 1", "milstein"),
    "multiplicative_heun": ("dx/dt = -x/(5*ms) + 0.3*x*xi/ms**0.5 : 1", "heun"),
    "multiplicative_milstein": ("dx/dt = (1 - x)/(5*ms) + 0.2*(1 + sin(x))*xi/ms**0.5 : 1", "milstein"),
}
CELLS = METHODS | REFRACTORY
IN_BRIAN2 = {
    "since_the_last_spike": {"refractory": "(t - lastspike) < 2.95*ms"}
}  # which keeps that time by itself
START = dict(a=np.linspace(1.1, 4, N), v=np.linspace(0, 0.9, N), u=np.linspace(0.1, 0.5, N))
OF_SOME = ("period", "last")  # start values that stand with the cell


@cache
def theirs():
    """The monitors of Brian2, by population: of v and u, and of the spikes if it spikes."""
    monitors, objects = {}, []
    for name, cell in CELLS.items():
        text = {
            key: value for key, value in cell.items() if key not in ("equations", *OF_SOME)
        } | IN_BRIAN2.get(name, {})
        group = NeuronGroup(N, cell["equations"], name=name, **text)
        for key, value in (START | {key: cell[key] for key in OF_SOME if key in cell}).items():
            setattr(group, key, value)
        monitors[name] = [
            StateMonitor(group, ["v", "u"], record=True),
            *([SpikeMonitor(group)] if "threshold" in cell else []),
        ]
        objects += [group, *monitors[name]]
    brian_run(TICKS * DT, *objects)
    return monitors


@cache
def ours(engine):
    cells = [ns.Neurons(name, N, **START, **cell) for name, cell in CELLS.items()]
    cells += [
        ns.Neurons(name, N, equations=equations, method=method, x=START["a"])
        for name, (equations, method) in STOCHASTIC.items()
    ]
    record = [f"{name}.x" for name in STOCHASTIC]
    record += [f"{name}.{variable}" for name in CELLS for variable in "vu"]
    record += [name for name, cell in CELLS.items() if "threshold" in cell]
    return ns.run(clocked(*cells), ticks=TICKS, record=record, engine=engine)


@pytest.mark.parametrize("name", CELLS)
def test_a_population_goes_as_in_brian2(name, engine):
    trace, *spikes = theirs()[name]
    recording = ours(engine)
    for variable in "vu":
        np.testing.assert_allclose(
            recording[f"{name}.{variable}"], np.asarray(getattr(trace, variable)).T, rtol=0, atol=1e-9
        )
    for monitor in spikes:
        assert_same_spikes(recording, name, monitor)


def xi(name, tick):
    """The normal numbers that a population's equations draw in a tick."""
    return TextRandom(
        0, name, "integrate", tick, np.zeros((1, 1), np.int64), np.arange(N, dtype=np.uint32)[None]
    ).randn(0)[0]


@cache
def theirs_with_our_noise(name):
    """x of Brian2 (tick, neuron), which is handed the normal numbers that neurosim draws."""
    equations, method = STOCHASTIC[name]
    group = NeuronGroup(N, equations, method=method)
    group.x = START["a"]
    trace, drawn = StateMonitor(group, "x", record=True), (xi(name, tick) for tick in range(TICKS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np.random, "randn", lambda count: next(drawn))
        brian_run(TICKS * DT, group, trace)
    return np.asarray(trace.x).T


@pytest.mark.parametrize("name", STOCHASTIC)
def test_noise_enters_as_in_brian2(name, engine):
    np.testing.assert_allclose(ours(engine)[f"{name}.x"], theirs_with_our_noise(name), rtol=1e-9, atol=1e-9)

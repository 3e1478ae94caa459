"""Impossible populations are refused before the first tick; the error names object, value and remedy."""

import numpy as np
import pytest
from nonsense import (
    CLOCK,
    liquid,
    neurons,
    run,
)
from refusals_side import D, P, check

import neurosim as ns
from neurosim.units import ms, mV


def equations(text, **more):
    return run(ns.Neurons("pool", 2, equations=text, **more), schedule=CLOCK)


def update(text, **more):
    return run(neurons(update=text, **more))


def chain_of_subexpressions(line, count):
    return (
        "x0 = I : 1\n"
        + "\n".join(line.format(k=k, before=k - 1) for k in range(1, count))
        + f"\ndv/dt = x{count - 1}/ms : 1"
    )


def twice(text):
    both = ns.Neurons("both", 2, equations="v : 1\ny = 2*v : 1", threshold="v > 1")
    return ns.Synapses(both, both, on_pre=text)


def neurons_that_spike(threshold, **more):
    return run(neurons(threshold=threshold, **({"reset": "v = 0"} | more)))


# fmt: off
POPULATIONS = {
    "name": (lambda: ns.Neurons("two words", 3), D, "Neurons name", "'two words'", "such as 'liquid_1'"),
    "name of Python": (lambda: ns.Neurons("lambda", 3), D, "Neurons name", "'lambda'", "'lambda_1'"),
    "empty name": (lambda: ns.Neurons("", 3), D, "Neurons name", "''", "beginning with a letter"),
    "long name": (lambda: ns.Neurons("x" * 5000, 3), D, "Neurons name", "xxx...", "at most 100"),
    "shape": (lambda: ns.Neurons("pool", 2.5), D, "Neurons 'pool': shape", "2.5", "integer of at least 1"),
    "huge shape": (
        lambda: ns.Neurons("pool", 10**30), D, "Neurons 'pool': shape", "10000", "at most 268,435,456",
    ),
    "huge product": (
        lambda: ns.Neurons("pool", (2**20, 2**20)), D, "'pool': shape", "(1048576, 1048576)", "Use fewer",
    ),
    "no neurons": (lambda: ns.Neurons("pool", ()), D, "'pool': shape", "()", "such as (8, 8)"),
    "text that is none": (
        lambda: ns.Neurons("pool", 2, update=b"v = I"), D, "'pool': update", "b'v = I'", "Give a string",
    ),
    "misspelt argument": (
        lambda: ns.Neurons("pool", 2, updat="v = I"), D, "Neurons 'pool'", "updat='v = I'", "'update'?",
    ),
    "misspelt number": (lambda: run(neurons(treshold=2)), D, "Neurons 'pool'", "'treshold'", "'threshold'?"),
    "missing shape": (lambda: ns.Neurons("pool"), D, "Neurons", "'shape'", "Its arguments are"),
    "method": (lambda: neurons(method="eular"), D, "'pool': method", "'eular'", "'euler'?"),
    "refractory": (
        lambda: neurons(threshold="v > 1", refractory=-1), D, "'pool': refractory", "-1", "Give a time",
    ),
    "refractory off the grid": (
        lambda: run(
            ns.Neurons("pool", 2, equations="dv/dt = -v/ms : 1", threshold="v > 1", refractory=0.3 * ms),
            schedule=ns.Clock(0.5 * ms),
        ),
        D, "'pool': refractory", "0.3 ms", "Use 0.5 ms",
    ),
    "reset without threshold": (lambda: neurons(reset="v = 0"), D, "'pool'", "reset", "Add threshold="),
    "ports": (lambda: neurons(ports=3), D, "'pool'", "ports 3", "'i f o g'"),
    "port twice": (lambda: neurons(ports="I I"), D, "'pool'", "'I I'", "each port once"),
    "reduction": (lambda: neurons(ports="I:maxx"), D, "port 'I'", "'maxx'", "sum, max, mean"),
    "reserved port": (lambda: neurons(ports="dt"), D, "port 'dt'", "simulation itself", "another name"),
    "port and variable": (
        lambda: neurons(update="I = 3"), D, "'pool': port 'I'", "variable of the text", "Rename",
    ),
    "sends": (lambda: neurons(sends="w"), D, "'pool': sends", "'w'", "There is: v"),
    "nothing to send": (
        lambda: neurons(update="", equations="I : amp"), D, "'pool'", "no variable", "Add one",
    ),
    "learns": (
        lambda: neurons(update="v = I + bias", bias=1.0, learns="bis"),
        D, "'pool': learns", "'bis'", "'bias'?",
    ),
    "learns a number": (lambda: neurons(learns=3), D, "'pool': learns", "3", "('bias',)"),
    "constant text": (lambda: neurons(update="v = k*I", k="3 +"), D, "'pool': k", "'3 +'", "Write one"),
    "constant None": (lambda: neurons(update="v = k*I", k=None), D, "'pool'", "k=None", "equations"),
    "constant NaN": (
        lambda: neurons(update="v = k*I", k=np.nan), D, "'pool': constant k", "NaN", "finite numbers",
    ),
    "constant shape": (
        lambda: neurons(update="v = k*I", k=[1, 2, 3]), D, "constant k", "(3,)", "one per neuron",
    ),
    "constant object": (
        lambda: neurons(update="v = k*I", k=object()), D, "constant k", "object", "Give a number",
    ),
    "mixed units": (
        lambda: neurons(update="v = k*I", k=[1 * ms, 1 * mV]), D, "constant k", "V, s", "one unit",
    ),
    "masked": (
        lambda: neurons(update="v = k*I", k=np.ma.array([1, 2], mask=[0, 1])),
        D, "constant k", "masked", "plain array",
    ),
    "too large": (lambda: neurons(update="v = k*I", k=10**30), D, "constant k", "1000000", "1e20"),
    "constant weights": (
        lambda: neurons(update="v = k*I", k=ns.glorot()), D, "constant k", "glorot", "normal or uniform",
    ),
    "constant port": (lambda: neurons(I=3), D, "'pool': 'I'", "also a port", "ports=''"),
    "reserved constant": (
        lambda: neurons(update="v = I*dt", dt=3), D, "constant 'dt'", "simulation itself", "another name",
    ),
    "unit of a start": (
        lambda: equations("dv/dt = -v/ms : volt", v=3), D, "'pool': v", "in 1", "Give it in V",
    ),
    "part outside": (lambda: liquid[[0, 7]], D, "liquid[[0, 7]]", "index 7", "(4,)"),
    "part twice": (lambda: liquid[[0, 0]], D, "liquid[[0, 0]]", "twice", "once"),
    "empty part": (lambda: liquid[4:], D, "liquid[4:]", "no neuron", "Name one"),
    "part with step 0": (lambda: liquid[::0], D, "liquid[::0]", "step", "Choose"),
    "part of a part": (lambda: liquid[:2][0], D, "liquid[:2]", "part already", "in one go"),
    "part by text": (lambda: liquid["x"], D, "Part of 'liquid'", "'x'", "Use a slice"),
    "mask": (
        lambda: liquid[np.array([True, False])], D, "Part of 'liquid'", "2 entries", "one entry per neuron",
    ),
    "population as list": (lambda: list(liquid), D, "Neurons 'liquid'", "not a list", "liquid[0:10]"),
}
# fmt: on


# fmt: off
TEXTS = {
    "no unit": (lambda: equations("dv/dt = -v/ms"), D, "'pool': equations", "'dv/dt = -v/ms'", "': unit'"),
    "unknown unit": (lambda: equations("dv/dt = -v/ms : vlt"), P, "'pool': v", "'vlt'", "'volt'?"),
    "not a base unit": (
        lambda: equations("dv/dt = -v/ms : mV"), P, "'pool': v", "'mV'", "base units, such as volt",
    ),
    "unknown flag": (
        lambda: equations("dv/dt = -v/ms : 1 (unles refractory)"),
        D, "equations", "unles refractory", "unless refractory",
    ),
    "misplaced flag": (
        lambda: equations("dv/dt = -v/ms : 1 (event-driven)"),
        D, "'v'", "(event-driven)", "(unless refractory)",
    ),
    "wrong unit": (lambda: equations("dv/dt = -v : volt"), P, "dv/dt = -v", "in V", "Make the units agree"),
    "sum of units": (
        lambda: equations("dv/dt = (I - v)/ms : volt"),
        P, "'pool': dv/dt", "'(I - v)/ms'", "Make the units agree",
    ),
    "unknown name": (
        lambda: equations("tau = ms : second\ndv/dt = -v/tauu : 1"), P, "dv/dt", "'tauu'", "'tau'?",
    ),
    "unknown function": (lambda: update("v = tanhh(I)"), P, "update", "'tanhh'", "'tanh'?"),
    "arguments": (lambda: update("v = clip(I, 0)"), P, "update", "'clip(I, 0)'", "it takes 3"),
    "units in update": (lambda: update("v = I*mV"), P, "update", "'v = I * mV'", "Make the units agree"),
    "unit changed": (
        lambda: equations("dv/dt = -v/ms : volt", threshold="v > 1*mV", reset="v *= 2*mV"),
        P, "reset", "2 * mV", "plain number",
    ),
    "attribute": (lambda: update("v = I.real"), D, "'pool': update", "'I.real'", "Use numbers, names"),
    "subscript": (lambda: update("v = I[0]"), D, "'pool': update", "'I[0]'", "Use numbers, names"),
    "lambda": (lambda: update("v = (lambda: 1)()"), D, "'pool': update", "lambda", "Use numbers, names"),
    "import": (lambda: update("import os"), D, "'pool': update", "'import os'", "v = 0"),
    "dunder import": (lambda: update("v = __import__('os')"), D, "update", "'os'", "Use numbers, names"),
    "string": (lambda: update("v = 'a'"), D, "update", "'a'", "Use numbers, names"),
    "operator": (lambda: update("v = I & 1"), D, "update", "'&'", "and/or/not"),
    "syntax": (lambda: update("v = I +"), D, "update", "'v = I +'", "Write lines such as"),
    "conditional": (lambda: update("v = 1 if I > 0 else 0"), D, "update", "if I > 0", "Use numbers, names"),
    "not a condition": (lambda: neurons_that_spike("v"), P, "threshold", "'v'", "Compare something"),
    "assignment as threshold": (
        lambda: neurons_that_spike("v = 1"), D, "threshold", "'v = 1'", "Write one such as",
    ),
    "division by zero": (lambda: update("v = I/0"), D, "update", "'v = I/0'", "Take that away"),
    "endless power": (lambda: update("v = 10**10**10"), D, "update", "10**10**10", "Use others"),
    "huge whole number": (lambda: update("v = " + "9" * 30), D, "update", "999", "1e20"),
    "constant zero": (lambda: update("v = 1/k", k=0), P, "'pool': update", "whole number that is 0", "0.0"),
    "time constant zero": (
        lambda: equations("dv/dt = -v/tau : 1", tau=0 * ms),
        P, "'pool': equations", "-1/tau", "Change the constants",
    ),
    "circle": (
        lambda: equations("x = y : 1\ny = x : 1\ndv/dt = x/ms : 1"),
        P, "'pool'", "x -> y -> x", "Break the circle",
    ),
    "exploding text": (
        lambda: equations(chain_of_subexpressions("x{k} = x{before} + x{before} : 1", 40)),
        P, "equations", "too long", "update text",
    ),
    "hidden power": (
        lambda: equations("y = 9**9 : 1\ndv/dt = y**y/ms : 1"), D, "equations", "'y**y/ms'", "Use others",
    ),
    "too many terms": (
        lambda: equations("dv/dt = (v + a + b + c)**90/ms : 1", a=1, b=1, c=1),
        P, "equations", "terms", "method='rk4'",
    ),
    "deep text": (
        lambda: update("v = " + "-" * 200 + "I"),
        D, "update", "operations within each other", "several lines",
    ),
    "not linear": (lambda: equations("dv/dt = -v**2/ms : 1"), P, "'pool': equations", "'exact'", "rk4"),
    "noise and rk4": (
        lambda: equations("dv/dt = -v/ms + xi*ms**-0.5 : 1", method="rk4"), P, "equations", "'rk4'", "euler",
    ),
    "axis": (lambda: update("v = softmax(I, axis=5)"), P, "'pool': update", "axis=5", "Use -1 to 0"),
    "named argument": (lambda: update("v = sum(I, keepdims=True)"), P, "update", "keepdims", "axis=0"),
    "index": (lambda: update("v = take(I, 7)"), P, "update", "index 7", "0 to 1"),
    "impossible draw": (lambda: update("v = bernoulli(2)"), P, "update", "'bernoulli(2)'", "0 to 1"),
    "random refractory": (
        lambda: neurons_that_spike("v > 1", refractory="rand() < 0.5"),
        P, "refractory", "rand()", "update text",
    ),
    "random message": (
        lambda: equations("y = rand() : 1", sends="y"), P, "'pool': y", "rand()", "update text",
    ),
    "reserved variable": (
        lambda: equations("dxi/dt = 1/ms : 1"), D, "variable 'xi'", "simulation itself", "another name",
    ),
    "name for synapses": (
        lambda: equations("dv_pre/dt = 1/ms : 1"), D, "variable 'v_pre'", "synapses", "another ending",
    ),
    "defined twice": (lambda: equations("x : 1\nx : volt"), D, "equations", "'x'", "one equation"),
    "reset of nothing": (
        lambda: neurons_that_spike("v > 1", reset="u = 0"), D, "reset", "'u'", "There is: v",
    ),
    "equations without clock": (
        lambda: run(ns.Neurons("pool", 2, equations="dv/dt = -v/ms : 1")),
        D, "'pool'", "time step", "Clock(dt)",
    ),
    "whole population, one by one": (
        lambda: run(neurons(update="v = max(I)"), schedule=ns.Asynchronous()),
        P, "update", "'max'", "update text",
    ),
}
# fmt: on


DESCRIPTIONS = {"population": POPULATIONS, "text": TEXTS}


@pytest.mark.parametrize(
    ("make", "error", "subject", "value", "remedy"),
    [
        pytest.param(*case, id=f"{kind}: {name}")
        for kind, cases in DESCRIPTIONS.items()
        for name, case in cases.items()
    ],
)
def test_a_description_that_cannot_be_is_refused(make, error, subject, value, remedy, nothing_runs):
    with pytest.raises(error) as raised:
        make()
    check(raised, (subject, value, remedy))

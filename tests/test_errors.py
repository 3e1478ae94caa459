"""Nonsense is refused before the first tick, by an error that names the object, the value and the remedy."""

import os
import sys
from functools import cache

import numpy as np
import pytest
from nonsense import (
    CLOCK,
    LAYERED,
    SILENCE,
    SYNC,
    cells,
    clocked,
    ears,
    grid,
    heard,
    image,
    liquid,
    maps,
    membrane,
    neurons,
    noise,
    one,
    rewired,
    run,
    synapses,
    wide,
)

import neurosim as ns
from neurosim import DescriptionError, EngineError, PlanError, RecordingError
from neurosim.units import ms, mV, nS, second


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


def randomly(**more):
    return ns.Neurons("s", 1, equations="p : 1", threshold="rand() < p", **more)


def privately(sender):
    return ns.Synapses(sender, liquid, wiring=ns.private(9))


def a_list_that_holds_itself():
    endless = []
    endless.append(endless)
    return endless


# fmt: off
D, P, E, R = DescriptionError, PlanError, EngineError, RecordingError
POPULATIONS = {
    "name": (lambda: ns.Neurons("two words", 3), D, "Neurons name", "'two words'", "such as 'liquid_1'"),
    "name of Python": (lambda: ns.Neurons("lambda", 3), D, "Neurons name", "'lambda'", "'lambda_1'"),
    "empty name": (lambda: ns.Neurons("", 3), D, "Neurons name", "''", "beginning with a letter"),
    "long name": (lambda: ns.Neurons("x" * 5000, 3), D, "Neurons name", "xxx...", "at most 100"),
    "shape": (lambda: ns.Neurons("pool", 2.5), D, "Neurons 'pool': shape", "2.5", "integer of at least 1"),
    "huge shape": (lambda: ns.Neurons("pool", 10**30), D, "Neurons 'pool': shape", "10000", "at most 268,435,456"),
    "huge product": (lambda: ns.Neurons("pool", (2**20, 2**20)), D, "'pool': shape", "(1048576, 1048576)", "Use fewer"),
    "no neurons": (lambda: ns.Neurons("pool", ()), D, "'pool': shape", "()", "such as (8, 8)"),
    "text that is none": (lambda: ns.Neurons("pool", 2, update=b"v = I"), D, "'pool': update", "b'v = I'", "Give a string"),
    "misspelt argument": (lambda: ns.Neurons("pool", 2, updat="v = I"), D, "Neurons 'pool'", "updat='v = I'", "'update'?"),
    "misspelt number": (lambda: run(neurons(treshold=2)), D, "Neurons 'pool'", "'treshold'", "'threshold'?"),
    "missing shape": (lambda: ns.Neurons("pool"), D, "Neurons", "'shape'", "Its arguments are"),
    "method": (lambda: neurons(method="eular"), D, "'pool': method", "'eular'", "'euler'?"),
    "refractory": (lambda: neurons(threshold="v > 1", refractory=-1), D, "'pool': refractory", "-1", "Give a time"),
    "refractory off the grid": (
        lambda: run(ns.Neurons("pool", 2, equations="dv/dt = -v/ms : 1", threshold="v > 1", refractory=0.3 * ms), schedule=ns.Clock(0.5 * ms)),
        D, "'pool': refractory", "0.3 ms", "Use 0.5 ms",
    ),
    "reset without threshold": (lambda: neurons(reset="v = 0"), D, "'pool'", "reset", "Add threshold="),
    "ports": (lambda: neurons(ports=3), D, "'pool'", "ports 3", "'i f o g'"),
    "port twice": (lambda: neurons(ports="I I"), D, "'pool'", "'I I'", "each port once"),
    "reduction": (lambda: neurons(ports="I:maxx"), D, "port 'I'", "'maxx'", "sum, max, mean"),
    "reserved port": (lambda: neurons(ports="dt"), D, "port 'dt'", "simulation itself", "another name"),
    "port and variable": (lambda: neurons(update="I = 3"), D, "'pool': port 'I'", "variable of the text", "Rename"),
    "sends": (lambda: neurons(sends="w"), D, "'pool': sends", "'w'", "There is: v"),
    "nothing to send": (lambda: neurons(update="", equations="I : amp"), D, "'pool'", "no variable", "Add one"),
    "learns": (lambda: neurons(update="v = I + bias", bias=1.0, learns="bis"), D, "'pool': learns", "'bis'", "'bias'?"),
    "learns a number": (lambda: neurons(learns=3), D, "'pool': learns", "3", "('bias',)"),
    "constant text": (lambda: neurons(update="v = k*I", k="3"), D, "'pool'", "k='3'", "There is: equations"),
    "constant NaN": (lambda: neurons(update="v = k*I", k=np.nan), D, "'pool': constant k", "NaN", "finite numbers"),
    "constant shape": (lambda: neurons(update="v = k*I", k=[1, 2, 3]), D, "constant k", "(3,)", "one per neuron"),
    "constant object": (lambda: neurons(update="v = k*I", k=object()), D, "constant k", "object", "Give a number"),
    "mixed units": (lambda: neurons(update="v = k*I", k=[1 * ms, 1 * mV]), D, "constant k", "V, s", "one unit"),
    "masked": (lambda: neurons(update="v = k*I", k=np.ma.array([1, 2], mask=[0, 1])), D, "constant k", "masked", "plain array"),
    "too large": (lambda: neurons(update="v = k*I", k=10**30), D, "constant k", "1000000", "1e20"),
    "constant weights": (lambda: neurons(update="v = k*I", k=ns.glorot()), D, "constant k", "glorot", "normal or uniform"),
    "constant port": (lambda: neurons(I=3), D, "'pool': 'I'", "constant and also a port", "Rename"),
    "reserved constant": (lambda: neurons(update="v = I*dt", dt=3), D, "constant 'dt'", "simulation itself", "another name"),
    "unit of a start": (lambda: equations("dv/dt = -v/ms : volt", v=3), D, "'pool': v", "in 1", "Give it in V"),
    "part outside": (lambda: liquid[[0, 7]], D, "liquid[[0, 7]]", "index 7", "(4,)"),
    "part twice": (lambda: liquid[[0, 0]], D, "liquid[[0, 0]]", "twice", "once"),
    "empty part": (lambda: liquid[4:], D, "liquid[4:]", "no neuron", "Name one"),
    "part with step 0": (lambda: liquid[::0], D, "liquid[::0]", "step", "Choose"),
    "part of a part": (lambda: liquid[:2][0], D, "liquid[:2]", "part already", "in one go"),
    "part by text": (lambda: liquid["x"], D, "Part of 'liquid'", "'x'", "Use a slice"),
    "mask": (lambda: liquid[np.array([True, False])], D, "Part of 'liquid'", "2 entries", "one entry per neuron"),
    "population as list": (lambda: list(liquid), D, "Neurons 'liquid'", "not a list", "liquid[0:10]"),
}

TEXTS = {
    "no unit": (lambda: equations("dv/dt = -v/ms"), D, "'pool': equations", "'dv/dt = -v/ms'", "': unit'"),
    "unknown unit": (lambda: equations("dv/dt = -v/ms : vlt"), P, "'pool': v", "'vlt'", "'volt'?"),
    "not a base unit": (lambda: equations("dv/dt = -v/ms : mV"), P, "'pool': v", "'mV'", "base units, such as volt"),
    "unknown flag": (lambda: equations("dv/dt = -v/ms : 1 (unles refractory)"), D, "equations", "unles refractory", "unless refractory"),
    "misplaced flag": (lambda: equations("dv/dt = -v/ms : 1 (event-driven)"), D, "'v'", "(event-driven)", "(unless refractory)"),
    "wrong unit": (lambda: equations("dv/dt = -v : volt"), P, "dv/dt = -v", "in V", "Make the units agree"),
    "sum of units": (lambda: equations("dv/dt = (I - v)/ms : volt"), P, "'pool': dv/dt", "'(I - v)/ms'", "Make the units agree"),
    "unknown name": (lambda: equations("tau = ms : second\ndv/dt = -v/tauu : 1"), P, "dv/dt", "'tauu'", "'tau'?"),
    "unknown function": (lambda: update("v = tanhh(I)"), P, "update", "'tanhh'", "'tanh'?"),
    "arguments": (lambda: update("v = clip(I, 0)"), P, "update", "'clip(I, 0)'", "it takes 3"),
    "units in update": (lambda: update("v = I*mV"), P, "update", "'v = I * mV'", "Make the units agree"),
    "unit changed": (lambda: equations("dv/dt = -v/ms : volt", threshold="v > 1*mV", reset="v *= 2*mV"), P, "reset", "2 * mV", "plain number"),
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
    "assignment as threshold": (lambda: neurons_that_spike("v = 1"), D, "threshold", "'v = 1'", "Write one such as"),
    "division by zero": (lambda: update("v = I/0"), D, "update", "'v = I/0'", "Take that away"),
    "endless power": (lambda: update("v = 10**10**10"), D, "update", "10**10**10", "Use others"),
    "huge whole number": (lambda: update("v = " + "9" * 30), D, "update", "999", "1e20"),
    "constant zero": (lambda: update("v = 1/k", k=0), P, "'pool': update", "whole number that is 0", "0.0"),
    "time constant zero": (lambda: equations("dv/dt = -v/tau : 1", tau=0 * ms), P, "'pool': equations", "-1/tau", "Change the constants"),
    "circle": (lambda: equations("x = y : 1\ny = x : 1\ndv/dt = x/ms : 1"), P, "'pool'", "x -> y -> x", "Break the circle"),
    "exploding text": (lambda: equations(chain_of_subexpressions("x{k} = x{before} + x{before} : 1", 40)), P, "equations", "too long", "update text"),
    "hidden power": (lambda: equations("y = 9**9 : 1\ndv/dt = y**y/ms : 1"), D, "equations", "'y**y/ms'", "Use others"),
    "too many terms": (lambda: equations("dv/dt = (v + a + b + c)**90/ms : 1", a=1, b=1, c=1), P, "equations", "terms", "method='rk4'"),
    "deep text": (lambda: update("v = " + "-" * 200 + "I"), D, "update", "operations within each other", "several lines"),
    "not linear": (lambda: equations("dv/dt = -v**2/ms : 1"), P, "'pool': equations", "'exact'", "rk4"),
    "noise and rk4": (lambda: equations("dv/dt = -v/ms + xi*ms**-0.5 : 1", method="rk4"), P, "equations", "'rk4'", "euler"),
    "axis": (lambda: update("v = softmax(I, axis=5)"), P, "'pool': update", "axis=5", "Use -1 to 0"),
    "named argument": (lambda: update("v = sum(I, keepdims=True)"), P, "update", "keepdims", "axis=0"),
    "index": (lambda: update("v = take(I, 7)"), P, "update", "index 7", "0 to 1"),
    "impossible draw": (lambda: update("v = bernoulli(2)"), P, "update", "'bernoulli(2)'", "0 to 1"),
    "random refractory": (lambda: neurons_that_spike("v > 1", refractory="rand() < 0.5"), P, "refractory", "rand()", "update text"),
    "random message": (lambda: equations("y = rand() : 1", sends="y"), P, "'pool': y", "rand()", "update text"),
    "reserved variable": (lambda: equations("dxi/dt = 1/ms : 1"), D, "variable 'xi'", "simulation itself", "another name"),
    "name for synapses": (lambda: equations("dv_pre/dt = 1/ms : 1"), D, "variable 'v_pre'", "synapses", "another ending"),
    "defined twice": (lambda: equations("x : 1\nx : volt"), D, "equations", "'x'", "one equation"),
    "reset of nothing": (lambda: neurons_that_spike("v > 1", reset="u = 0"), D, "reset", "'u'", "There is: v"),
    "equations without clock": (lambda: run(ns.Neurons("pool", 2, equations="dv/dt = -v/ms : 1")), D, "'pool'", "time step", "Clock(dt)"),
    "whole population, one by one": (lambda: run(neurons(update="v = max(I)"), schedule=ns.Asynchronous()), P, "update", "'max'", "update text"),
}


def neurons_that_spike(threshold, **more):
    return run(neurons(threshold=threshold, **({"reset": "v = 0"} | more)))


SYNAPSES = {
    "sender": (lambda: ns.Synapses("ears", liquid), D, "Synapses: pre", "'ears'", "cells[:100]"),
    "target": (lambda: ns.Synapses(ears, None), D, "Synapses: post", "None", "Give Neurons"),
    "port": (lambda: synapses(to="J"), D, "cells -> liquid: to", "'J'", "There is: I, v"),
    "port to choose": (lambda: synapses(post=neurons(ports="p q", update="v = p + q")), D, "'pool'", "2 ports", "to='p' or 'q'"),
    "wiring": (lambda: synapses(wiring=0.1), D, "wiring", "0.1", "probability(0.1)"),
    "weight": (lambda: synapses(weight="strong"), D, "cells -> liquid: weight", "'strong'", "Give a number"),
    "true weight": (lambda: synapses(weight=True), D, "weight", "True", "such as 1"),
    "infinite weight": (lambda: synapses(weight=np.inf), D, "weight", "inf", "finite"),
    "infinite weights": (lambda: synapses(weight=np.full((4, 3), np.inf)), D, "weight", "4 x 3", "finite"),
    "weight shape": (lambda: synapses(weight=np.ones((3, 4))), D, "weight", "(3, 4)", "(post, pre)"),
    "weight unit": (lambda: run(synapses(ears, membrane, weight=1 * nS, delay=0), schedule=CLOCK), P, "ears -> membrane", "S", "another unit"),
    "weight messages": (lambda: synapses(weight=grid), D, "weight population grid", "(3, 4)", "take a part"),
    "weight messages and wiring": (lambda: synapses(weight=grid, wiring=ns.probability(0.5)), D, "weight", "probability", "einsum"),
    "weights of strangers": (lambda: run(synapses(weight=synapses())), D, "shares the weights", "not in this network", "Add it"),
    "weights of another shape": (lambda: synapses(weight=synapses(liquid, cells)), D, "shares the weights", "(4,) -> (3,)", ".T"),
    "delayed": (lambda: ns.delayed(liquid, 0), D, "delayed(liquid): ticks", "0", "at least 1"),
    "negative delay": (lambda: synapses(delay=-1), D, "cells -> liquid: delay", "-1", "0 or more"),
    "NaN delay": (lambda: synapses(delay=np.nan), D, "delay", "NaN", "finite"),
    "delay in volts": (lambda: synapses(delay=1 * mV), D, "delay", "1 mV", "Give a time"),
    "delay off the grid": (
        lambda: run(synapses(ears, membrane, weight=1 * mV, delay=0.3 * ms), schedule=ns.Clock(0.5 * ms)),
        D, "ears -> membrane", "0.3 ms", "Use 0.5 ms",
    ),
    "delay without unit": (lambda: run(synapses(ears, membrane, weight=1 * mV), schedule=CLOCK), D, "delay", "1 has no unit", "1*ms"),
    "delay with unit": (lambda: run(synapses(delay=3 * ms)), D, "delay", "3 ms", "whole number of ticks"),
    "half a tick": (lambda: run(synapses(delay=1.5)), D, "delay", "1.5", "integer"),
    "endless delay": (lambda: run(synapses(delay=2**40)), D, "delay", "1.09951e+12", "shorter"),
    "negative draw": (lambda: run(synapses(delay=ns.normal(0, 5))), D, "delay", "below 0", "low=..."),
    "delay of weights": (lambda: synapses(delay=ns.dale(1, -1)), D, "delay", "dale", "normal or uniform"),
    "no delay": (lambda: run(synapses(delay=0)), D, "delay 0", "Synchronous()", "delay=1"),
    "cycle": (lambda: run(synapses(liquid, grid[0], delay=0), synapses(grid[0], liquid, delay=0), schedule=LAYERED), D, "->", "cycle", "delay=1"),
    "learns": (lambda: synapses(learns="yes"), D, "learns", "'yes'", "True or False"),
    "name": (lambda: synapses(name="a b"), D, "cells -> liquid: name", "'a b'", "such as"),
    "no name": (lambda: synapses(name=None), D, "name", "None", "such as"),
    "misspelt": (lambda: synapses(wieght=2.0), D, "cells -> liquid", "'wieght'", "'weight'?"),
    "misspelt with text": (lambda: synapses(on_pre="I_post += w", wieght=2.0), D, "cells -> liquid", "'wieght'", "'weight'?"),
    "too many": (lambda: ns.Synapses(cells, liquid, "I"), D, "Synapses", "too many", "Its arguments"),
    "on_pre assigns": (lambda: synapses(on_pre="J_post += w"), D, "on_pre", "'J_post'", "Did you mean"),
    "on_pre uses": (lambda: run(synapses(on_pre="I_post += ww")), P, "on_pre", "'ww'", "'w'?"),
    "on_pre whole": (lambda: run(synapses(on_pre="I_post += sum(w)")), P, "on_pre", "'sum'", "update text"),
    "on_pre zero": (lambda: run(synapses(on_pre="I_post += 1/k", k=0)), P, "on_pre", "whole number that is 0", "0.0"),
    "on_pre reads late": (lambda: run(twice("v_post += 1\nw = y_pre"), schedule=CLOCK), P, "on_pre", "reads 'y_pre' after 'v_post'", "x = y_pre"),
    "constant shape": (lambda: synapses(on_pre="I_post += k", k=np.ones(7)), D, "k has shape", "(7,)", "(4, 3)"),
    "model": (lambda: synapses(model="x", on_pre="I_post += x"), D, "model", "'x'", "': unit'"),
    "model flag": (lambda: synapses(model="x : 1 (event-driven)", on_pre="I_post += x"), D, "model: 'x'", "event-driven", "(constant)"),
    "model without clock": (lambda: run(synapses(model="dx/dt = -x/ms : 1 (event-driven)", on_pre="I_post += x")), P, "model", "Clock", "on_pre"),
    "summed": (lambda: run(synapses(liquid, grid[0], model="y = w*v_pre : 1 (summed)")), D, "'y' (summed)", "variable of the target", "I_post"),
    "text on einsum": (lambda: synapses(grid, wide, wiring=ns.einsum("t i, i o -> t o"), on_pre="I_post += w"), D, "einsum", "on_pre", "Leave"),
}

WIRINGS = {
    "probability above 1": (lambda: ns.probability(1.5), D, "probability: p", "1.5", "0 to 1"),
    "probability with unit": (lambda: ns.probability(0.5 * ms), D, "probability: p", "0.5 ms", "0 to 1"),
    "probability text": (lambda: ns.probability("0.5"), D, "probability: p", "'0.5'", "Give a number"),
    "misspelt": (lambda: ns.probability(0.5, to_slf=False), D, "probability", "'to_slf'", "'to_self'?"),
    "to_self": (lambda: ns.all_to_all(to_self="no"), D, "all_to_all: to_self", "'no'", "Give one of these"),
    "indegree": (lambda: ns.indegree(2.5), D, "indegree: k", "2.5", "integer"),
    "outdegree": (lambda: ns.outdegree(-1), D, "outdegree: k", "-1", "at least 0"),
    "total": (lambda: ns.total(10**30), D, "total: n", "10000", "at most"),
    "private": (lambda: rewired(ns.private(10)), D, "cells -> liquid: private", "must be one neuron", "rand() < rate*dt"),
    "private refractory": (lambda: privately(randomly(refractory=1 * ms)), D, "private: s", "refractory after its spikes (1 ms)", "Leave"),
    "private reset": (lambda: privately(randomly(reset="p = 0")), D, "private: s", "reset by its spikes", "indegree(9)"),
    "private loop": (lambda: ns.Network(privately(s := randomly()), synapses(s, s, to="p"), schedule=CLOCK), D, "'s' come back", "s -> s", "Leave"),
    "private input": (lambda: run(privately(randomly()), schedule=CLOCK, inputs={"s": ([0], [0])}), P, "private", "input to 's'", "Leave"),
    "private of none": (lambda: ns.private(0), D, "private: n", "0", "at least 1"),
    "private weights": (lambda: rewired(ns.private(9), noise, weight=ns.normal(0, 1)), D, "noise -> liquid: private", "one number", "weight=1.0"),
    "scale": (lambda: ns.nearby(0), D, "nearby: scale", "0", "above 0"),
    "peak": (lambda: ns.nearby(1, 2), D, "nearby: peak", "2", "0 to 1"),
    "dimensions": (lambda: rewired(ns.nearby(1), grid), D, "grid -> liquid: nearby", "2 dimensions", "equally many axes"),
    "small_world": (lambda: ns.small_world(3), D, "small_world: k", "3", "even"),
    "small_world between": (lambda: rewired(ns.small_world(2)), D, "cells -> liquid: small_world", "not the same", "one population"),
    "small_world too small": (lambda: rewired(ns.small_world(4), liquid, liquid), D, "small_world", "4 neurons", "smaller k"),
    "one_to_one": (lambda: rewired(ns.one_to_one()), D, "cells -> liquid: one_to_one", "4", "liquid[:3]"),
    "pairs outside": (lambda: rewired(ns.pairs([0, 9], [0, 1])), D, "pairs: pre", "9", "0 to 2"),
    "pairs of unequal length": (lambda: ns.pairs([0], [0, 1]), D, "pairs", "1 senders and 2 targets", "as many"),
    "pairs of fractions": (lambda: ns.pairs([0.5], [0]), D, "pairs: pre", "0.5", "one index per synapse"),
    "no partner": (lambda: rewired(ns.indegree(1, to_self=False), one, one), D, "indegree", "one", "more neurons"),
    "kernel": (lambda: ns.conv(0), D, "conv: kernel", "0", "at least 1"),
    "no kernel": (lambda: ns.conv(()), D, "conv: kernel", "()", "(3, 3)"),
    "huge kernel": (lambda: ns.conv((10**9, 10**9)), D, "conv: kernel", "1000000000", "at most"),
    "padding": (lambda: ns.conv(3, padding="sane"), D, "conv: padding", "'sane'", "'same'?"),
    "stride": (lambda: ns.pool((2, 2), stride=(1, 2, 3)), D, "pool: stride", "(1, 2, 3)", "one per axis"),
    "conv shape": (lambda: rewired(ns.conv((3, 3)), image, maps), D, "image -> maps: conv", "(4, 4)", "(4, 4, 4)"),
    "conv window": (lambda: rewired(ns.conv((9, 9)), image, maps), D, "conv: a window of 9", "6 neurons", "padding"),
    "conv groups": (lambda: rewired(ns.conv((3, 3), padding="same", groups=3), image, maps), D, "conv", "3 groups", "divisor"),
    "conv axes": (lambda: rewired(ns.conv((3, 3)), liquid, maps), D, "conv: kernel (3, 3)", "(4,)", "last axis"),
    "pool channels": (lambda: rewired(ns.pool((1, 1)), image, maps), D, "image -> maps: pool", "2 channels", "Make them equal"),
    "pool weight": (lambda: synapses(image, image, wiring=ns.pool((1, 1)), weight=np.ones((2, 2))), D, "weight", "(2, 2)", "one number"),
    "einsum": (lambda: ns.einsum("t i -> t o"), D, "einsum", "'t i -> t o'", "'t i, i o -> t o'"),
    "einsum of nothing": (lambda: ns.einsum(None), D, "einsum", "None", "'t i, i o -> t o'"),
    "einsum letters": (lambda: ns.einsum("t t, i o -> t o"), D, "einsum", "'t t'", "apart by spaces"),
    "einsum axes": (lambda: rewired(ns.einsum("t i, i o -> t o"), liquid, wide), D, "einsum", "(4,)", "one axis per dimension"),
    "einsum sizes": (lambda: rewired(ns.einsum("t i, i o -> o t"), grid, wide), D, "axis 't'", "3 long", "Make them equal"),
    "einsum weights": (lambda: rewired(ns.einsum("t i, i o -> t o"), grid, wide, weight=np.ones((5, 4))), D, "weight", "(5, 4)", "(4, 5)"),
    "einsum free axis": (lambda: rewired(ns.einsum("t i, i o q -> t o"), grid, wide), D, "einsum", "'q'", "as an array"),
    "einsum of spikes": (lambda: rewired(ns.einsum("i, i o -> o")), P, "cells -> liquid: einsum", "threshold", "update text"),
    "too many synapses": (lambda: rewired(ns.indegree(2**31 - 1)), P, "cells -> liquid", "GiB", "Use fewer"),
}

WEIGHTS = {
    "normal": (lambda: ns.normal(0, -1), D, "normal: sd", "-1", "0 or more"),
    "normal units": (lambda: ns.normal(0 * mV, 1 * ms), D, "normal", "1 ms", "one unit"),
    "normal bounds": (lambda: ns.normal(0, 1, low=2, high=1), D, "normal: low 2", "high 1", "Exchange"),
    "normal missing": (lambda: ns.normal(0), D, "normal", "'sd'", "Its arguments are: mean, sd"),
    "normal of arrays": (lambda: ns.normal([0, 1], 1), D, "normal", "single numbers", "as the weight"),
    "bounded normal": (lambda: ns.bounded_normal(0.5, 1), D, "bounded_normal", "neither low nor high", "low=0"),
    "bounded normal mean": (lambda: ns.bounded_normal(0, 1, low=0), D, "bounded_normal: mean 0", "not between", "low below it"),
    "uniform": (lambda: ns.uniform(2, 1), D, "uniform: low 2", "high 1", "Exchange"),
    "uniform infinite": (lambda: ns.uniform(0, np.inf), D, "uniform", "inf", "finite"),
    "gamma": (lambda: ns.gamma(0.0, 1.0), D, "gamma: mean", "0", "must not be 0"),
    "glorot": (lambda: ns.glorot(2 * mV), D, "glorot: gain", "2. mV", "without a unit"),
    "radius": (lambda: ns.spectral_radius(-0.9), D, "spectral_radius: rho", "-0.9", "0 or more"),
    "radius of what": (lambda: ns.spectral_radius(0.9, 3), D, "spectral_radius: of", "3", "normal(0, 1)"),
    "radius of a rectangle": (lambda: run(synapses(weight=ns.spectral_radius(0.9))), D, "cells -> liquid", "3 senders, 4 targets", "one population"),
    "radius of nothing": (
        lambda: run(synapses(liquid, liquid, weight=ns.spectral_radius(0.9), wiring=ns.pairs([0], [1]))), D, "liquid", "no eigenvalue", "more neurons"
    ),
    "dale": (lambda: ns.dale(-1, 1), D, "dale: positive -1", "negative 1", "above and one below"),
    "dale fraction": (lambda: ns.dale(1, -1, inhibitory=2), D, "dale: inhibitory", "2", "0 to 1"),
    "dale and conv": (lambda: synapses(image, maps, wiring=ns.conv((3, 3), padding="same"), weight=ns.dale(1, -1)), D, "dale", "conv", "glorot"),
    "orthogonal": (lambda: ns.orthogonal(-1), D, "orthogonal: gain", "-1", "0 or more"),
    "orthogonal of some": (
        lambda: run(synapses(liquid, liquid, weight=ns.orthogonal(), wiring=ns.pairs([0], [1]))), D, "liquid", "1 synapses of 4 x 4", "all_to_all()"
    ),
    "hebbian": (lambda: ns.hebbian([[1, 2]]), D, "hebbian: patterns", "[[1, 2]]", "(pattern, neuron)"),
    "hebbian size": (lambda: run(synapses(liquid, liquid, weight=ns.hebbian(np.ones((1, 5))))), D, "liquid -> liquid", "5 neurons", "that size"),
}

NETWORKS = {
    "empty": (lambda: ns.Network(schedule=SYNC), D, "Network", "empty", "Give it"),
    "no schedule": (lambda: ns.Network(liquid), D, "Network", "'schedule'", "Its arguments are"),
    "misspelt schedule": (lambda: ns.Network(liquid, scheduel=SYNC), D, "Network", "'scheduel'", "'schedule'?"),
    "schedule class": (lambda: ns.Network(liquid, schedule=ns.Layered), D, "Network: schedule", "Layered", "Synchronous()"),
    "object": (lambda: ns.Network(liquid, 3, schedule=SYNC), D, "Network", "3", "lists of them"),
    "endless list": (lambda: ns.Network(a_list_that_holds_itself(), schedule=SYNC), D, "Network", "[...]", "lists of them"),
    "two of one name": (lambda: ns.Network(neurons(), neurons(), schedule=SYNC), D, "Network: two populations", "'pool'", "name of its own"),
    "two synapses of one name": (lambda: ns.Network(synapses(name="s"), synapses(name="s"), schedule=SYNC), D, "two Synapses", "'s'", "of its own"),
    "name of both": (lambda: ns.Network(synapses(name="cells"), schedule=SYNC), D, "Network", "'cells'", "Rename"),
    "same synapses twice": (lambda: ns.Network([synapses()] * 2, schedule=SYNC), D, "Network", "twice", "once"),
    "unknown member": (lambda: heard["liqid"], D, "Network", "'liqid'", "'liquid'?"),
    "clock": (lambda: ns.Clock(0.1), D, "Clock: dt", "0.1", "0.1*ms"),
    "negative clock": (lambda: ns.Clock(-1 * ms), D, "Clock: dt", "-1 ms", "above 0"),
    "order": (lambda: ns.Asynchronous("rnadom"), D, "Asynchronous: order", "'rnadom'", "'random'"),
    "subexpressions one by one": (
        lambda: ns.Network(ns.Neurons("cells", 2, equations="z = 2*v : 1", update="v = I", sends="z"), schedule=ns.Asynchronous()),
        D, "'cells'", "'z'", "update='z = ...'",
    ),
    "spikes one by one": (lambda: ns.Network(cells, schedule=ns.Asynchronous()), D, "'cells'", "threshold", "where(I > 0, 1, 0)"),
    "no groups": (lambda: ns.Alternating(), D, "Alternating", "no groups", "Alternating([a], [b])"),
    "unknown group": (lambda: ns.Network(liquid, schedule=ns.Alternating(["liquid"], ["pol"])), D, "Alternating", "'pol'", "There is: liquid"),
    "in two groups": (lambda: ns.Network(liquid, schedule=ns.Alternating([liquid], [liquid])), D, "'liquid'", "2 groups", "once"),
    "plain data": (lambda: ns.Network.from_dict({"version": 99}), R, "description", "99", "Use the neurosim"),
    "broken data": (lambda: ns.Network.from_dict({"version": 1}), R, "description", "KeyError", "changed by hand"),
}

RUNS = {
    "network": (lambda **to: ns.run(liquid, **to), D, "run: net", "Neurons('liquid', 4)", "Give Network"),
    "misspelt": (lambda **to: ns.run(clocked, tick=3, **to), D, "run", "'tick'", "'ticks'?"),
    "inputs": (lambda **to: ns.run(heard, np.zeros((2, 3)), **to), D, "run: inputs", "array", "{population: array}"),
    "missing input": (lambda **to: ns.run(heard, ticks=2, **to), D, "'ears'", "no input", "zeros for silence"),
    "misspelt input": (lambda **to: ns.run(heard, {"eras": np.zeros((2, 3))}, **to), D, "input 'eras'", "no population", "'ears'?"),
    "twice": (lambda **to: ns.run(heard, SILENCE | {ears: np.zeros((2, 3))}, **to), D, "input 'ears'", "twice", "once"),
    "short input": (lambda **to: ns.run(heard, SILENCE, ticks=5, **to), D, "input 'ears'", "2 ticks", "run fewer"),
    "wide input": (lambda **to: ns.run(heard, {"ears": np.zeros((2, 5))}, **to), D, "input 'ears'", "(2, 5)", "(tick, 3)"),
    "empty input": (lambda **to: ns.run(heard, {"ears": []}, **to), D, "input 'ears'", "(0,)", "(tick, 3)"),
    "NaN input": (lambda **to: ns.run(heard, {"ears": np.full((2, 3), np.nan)}, **to), D, "input 'ears'", "NaN", "Give numbers"),
    "infinite input": (lambda **to: ns.run(heard, {"ears": np.full((2, 3), np.inf)}, **to), D, "input 'ears'", "infinity", "finite"),
    "complex input": (lambda **to: ns.run(heard, {"ears": np.full((2, 3), 1j)}, **to), D, "input 'ears'", "1.j", "(tick, 3)"),
    "text input": (lambda **to: ns.run(heard, {"ears": [["1", "2", "3"]]}, **to), D, "input 'ears'", "'1'", "(tick, 3)"),
    "ragged input": (lambda **to: ns.run(heard, {"ears": [[1], [2, 3]]}, **to), D, "input 'ears'", "[[1], [2, 3]]", "one shape"),
    "clamp unit": (lambda **to: ns.run(clamped, {"pool": np.ones((3, 2))}, **to), P, "input 'pool'", "in 1", "Give it in V"),
    "trials that disagree": (
        lambda **to: ns.run(two_drives, {"ears": np.zeros((2, 4, 3)), "eyes": np.zeros((3, 4, 3))}, **to), D, "trials", "'eyes': 3", "no trial axis"
    ),
    "ticks that disagree": (lambda **to: ns.run(two_drives, {"ears": np.zeros((4, 3)), "eyes": np.zeros((3, 3))}, **to), D, "inputs", "3", "ticks="),
    "spikes twice": (lambda **to: ns.run(heard, {"ears": ([1, 1], [0, 0])}, ticks=3, **to), D, "neuron 0", "tick 1", "smaller dt"),
    "spiking stranger": (lambda **to: ns.run(heard, {"ears": ([1], [7])}, ticks=3, **to), D, "input 'ears'", "7", "0 to 2"),
    "spike too early": (lambda **to: ns.run(heard, {"ears": ([-1], [0])}, ticks=3, **to), D, "input 'ears'", "tick -1", "0 or later"),
    "half a tick": (lambda **to: ns.run(heard, {"ears": ([0.5], [0])}, ticks=3, **to), D, "input 'ears'", "spike times", "whole ticks"),
    "endless spike": (lambda **to: ns.run(driven, {"ears": ([np.inf] * ms, [0])}, ticks=3, **to), D, "input 'ears'", "inf", "at most"),
    "unequal events": (lambda **to: ns.run(heard, {"ears": ([1, 2], [0])}, ticks=3, **to), D, "input 'ears'", "[2, 1]", "one entry per spike"),
    "endless trials": (lambda **to: ns.run(heard, {"ears": ([10**12], [1], [0])}, ticks=3, **to), D, "input 'ears': trials", "10000", "Give numbers"),
    "events of a graded population": (lambda **to: ns.run(heard, SILENCE | {"liquid": ([1], [0])}, **to), D, "'liquid'", "does not spike", "array"),
    "nothing recorded": (lambda **to: ns.run(heard, {"ears": silent_recording()}, **to), D, "input 'ears'", "does not hold", "Record it"),
    "trials": (lambda **to: ns.run(clocked, ticks=2, trials=0, **to), D, "run: trials", "0", "at least 1"),
    "trials asked": (lambda **to: ns.run(heard, {"ears": np.zeros((2, 4, 3))}, trials=3, **to), D, "trials is 3", "'ears' has 2", "as many"),
    "no length": (lambda **to: ns.run(clocked, **to), D, "run", "how long", "ticks=..."),
    "two lengths": (lambda **to: ns.run(clocked, ticks=3, duration=3 * ms, **to), D, "run", "both ticks and duration", "Give one"),
    "duration": (lambda **to: ns.run(clocked, duration=2.5 * ms, **to), D, "duration", "2.5 ms", "whole number of ticks"),
    "duration without clock": (lambda **to: ns.run(heard, SILENCE, duration=2 * ms, **to), D, "duration", "2 ms", "without Clock"),
    "endless duration": (lambda **to: ns.run(clocked, duration=1e300 * second, **to), D, "duration", "too large", "at most"),
    "ticks": (lambda **to: ns.run(clocked, ticks=-3, **to), D, "run: ticks", "-3", "at least 0"),
    "ticks text": (lambda **to: ns.run(clocked, ticks="3", **to), D, "run: ticks", "'3'", "integer"),
    "record": (lambda **to: run(heard, record=3, **to), D, "run: record", "3", "['liquid', 'liquid.v']"),
    "record misspelt": (lambda **to: run(heard, record=["liqid"], **to), D, "record 'liqid'", "no population", "'liquid'?"),
    "record variable": (lambda **to: run(heard, record=["liquid.vv"], **to), D, "record 'liquid.vv'", "'vv'", "'v'?"),
    "record part": (lambda **to: run(heard, record=["liquid[9].v"], **to), D, "liquid[9]", "index 9", "Choose"),
    "record code": (lambda **to: run(heard, record=["liquid[f(1)]"], **to), D, "record", "f(1)", "[:100]"),
    "record synapses": (lambda **to: run(heard, record=["ears_to_liquid.w"], **to), D, "'ears_to_liquid'", "no variable", "no text"),
    "record stranger": (lambda **to: run(heard, record=[neurons()], **to), D, "record pool", "not a population", "ears, liquid"),
    "record list": (lambda **to: run(heard, record=[["liquid"]], **to), D, "record ['liquid']", "does not read", "Write 'liquid'"),
    "interval": (lambda **to: run(heard, record={"liquid": 0}, **to), D, "'liquid'", "0 is below 1", "integer"),
    "interval off the grid": (lambda **to: run(clocked, record={"membrane.v": 0.3 * ms}, **to), D, "'membrane.v'", "0.3 ms", "whole number"),
    "endless record": (lambda **_: run(clocked, ticks=10**13, record=["membrane.v"]), P, "run: the records", "GiB", "to='run.h5'"),
    "start": (lambda **to: run(clocked, start=3, **to), D, "run: start", "3", "{'population.variable': values}"),
    "start variable": (lambda **to: run(clocked, start={"membrane.u": 1}, **to), D, "start 'membrane.u'", "no state variable", "'membrane.v'?"),
    "start shape": (lambda **to: run(clocked, start={"membrane.v": [1, 2, 3] * mV}, **to), D, "start 'membrane.v'", "(3,)", "per neuron"),
    "start in another unit": (lambda **to: run(clocked, start={"membrane.v": 1}, **to), D, "start 'membrane.v'", "in 1", "Give it in V"),
    "start of another network": (lambda **to: run(clocked, start=silent_recording(), **to), D, "run: start", "another network", "recording.network"),
    "start at another dt": (lambda **to: run(slower, start=clocked_recording(), **to), D, "run: start", "another network", "recording.network"),
    "seed": (lambda **to: run(clocked, seed=-1, **to), D, "run: seed", "-1", "at least 0"),
    "engine": (lambda **to: run(clocked, engine="refrence", **to), E, "run: engine", "'refrence'", "'reference'?"),
    "engine object": (lambda **to: run(clocked, engine=np.zeros(3), **to), D, "run: engine", "array", "Give a string"),
    "precision": (lambda **to: run(clocked, precision="duoble", **to), D, "run: precision", "'duoble'", "'double'?"),
    "threads": (lambda **to: run(clocked, threads=0, **to), D, "run: threads", "0", "at least 1"),
    "until": (lambda **to: run(clocked, until="stabel", **to), D, "run: until", "'stabel'", "'stable'"),
    "until with spikes": (lambda **to: run(clocked, until="stable", **to), P, "until='stable'", "spikes", "ticks=..."),
    "progress": (lambda **to: run(clocked, progress="bar", **to), D, "run: progress", "'bar'", "True or False"),
    "compression": (lambda **to: run(clocked, compression=10, **to), D, "run: compression", "10", "at most 9"),
}

# fmt: on

eyes = ns.Neurons("eyes", 3)
two_drives = ns.Network(synapses(ears, liquid), synapses(eyes, liquid), schedule=SYNC)
driven = ns.Network(synapses(ears, membrane, weight=1 * mV, delay=0), schedule=CLOCK)
clamped = ns.Network(ns.Neurons("pool", 2, equations="dv/dt = -v/ms : volt"), schedule=CLOCK)
slower = ns.Network(membrane, schedule=ns.Clock(0.5 * ms))


@cache
def silent_recording():
    return ns.run(heard, SILENCE, record=["liquid"])


@cache
def clocked_recording():
    return ns.run(clocked, ticks=2)


DESCRIPTIONS = {
    "population": POPULATIONS,
    "text": TEXTS,
    "synapses": SYNAPSES,
    "wiring": WIRINGS,
    "weight": WEIGHTS,
    "network": NETWORKS,
}


def table(cases):
    return [pytest.param(*case, id=name) for name, case in cases.items()]


def check(raised, pieces):
    message = str(raised.value)
    assert all(piece in message for piece in pieces), message
    assert len(message) < 700 and "\n" not in message, "a message is one line"
    assert message.rstrip().endswith((".", "?", "...")), "a message ends with the remedy"


@pytest.fixture
def nothing_runs(monkeypatch):
    """Any tick would fail the test."""
    silent_recording(), clocked_recording()
    monkeypatch.setattr(sys.modules["neurosim.run"], "ready", lambda *_: pytest.fail("the network was run"))


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


@pytest.mark.parametrize(("make", "error", "subject", "value", "remedy"), table(RUNS))
def test_a_run_that_cannot_be_is_refused_and_leaves_no_file(
    make, error, subject, value, remedy, nothing_runs, tmp_path
):
    with pytest.raises(error) as raised:
        make(to=tmp_path / "run.h5")
    check(raised, (subject, value, remedy))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "error", "value", "remedy"),
    [
        ("folder", D, "folder", "path of a file"),
        ("nowhere/run.h5", R, "nowhere", "Make it first"),
        ("notes.txt", R, "notes.txt", "Choose another path"),
        ("", D, "''", "to='run.h5'"),
        (3, D, "3", "to='run.h5'"),
        (b"run.h5", D, "b'run.h5'", "to='run.h5'"),
        ("a\0b", D, "a\\x00b", "'run.h5'"),
        ("x" * 5000, R, "xxx", "Choose another path"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_the_run(
    path, error, value, remedy, nothing_runs, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(error) as raised:
        ns.run(clocked, ticks=2, to=path)
    assert value in str(raised.value)
    assert remedy in str(raised.value)
    assert sorted(os.listdir(tmp_path)) == ["folder", "notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong", [{"record": ["nope"]}, {"start": {"membrane.u": 1}}, {"seed": "x"}, {"inputs": {"nope": [1]}}]
)
def test_a_refused_run_leaves_an_older_recording_as_it_was(wrong, tmp_path):
    path = tmp_path / "old.h5"
    ns.run(clocked, ticks=2, record="all", to=path).close()
    before = path.read_bytes()
    with pytest.raises(DescriptionError):
        ns.run(clocked, ticks=2, to=path, **wrong)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["old.h5"]


def test_spikes_of_another_dt_are_refused():
    spikes = ns.run(driven, {"ears": ([1], [0])}, ticks=3, record=["ears"]).spikes("ears")
    other = ns.Network(synapses(ears, membrane, weight=1 * mV, delay=0), schedule=ns.Clock(0.5 * ms))
    with pytest.raises(DescriptionError, match="spikes count ticks of 0.001 s"):
        ns.run(other, {"ears": spikes}, ticks=3)


def test_no_attribute_can_be_set():
    rec = silent_recording()
    for item in (
        liquid,
        liquid[:2],
        synapses(),
        rec.network,
        CLOCK,
        ns.probability(0.5),
        ns.normal(0, 1),
        ns.conv(3),
    ):
        with pytest.raises(AttributeError):
            item.name = "other"
        with pytest.raises(AttributeError):
            del item.shape

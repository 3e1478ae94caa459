"""Descriptions and runs that are refused because two parts do not fit together; tests/test_errors.py has
those with one invalid part."""

import numpy as np
import pytest
from nonsense import (
    CLOCK,
    LAYERED,
    SYNC,
    cells,
    ears,
    grid,
    heard,
    liquid,
    membrane,
    neurons,
    run,
    synapses,
    wide,
)

import neurosim as ns
from neurosim import DescriptionError, PlanError, RecordingError
from neurosim.network.codec import unpack_text
from neurosim.network.rebuild import rebuilt
from neurosim.network.values import Value
from neurosim.plan.materialize import weight_matrix
from neurosim.units import ms, mV

D, P, R = DescriptionError, PlanError, RecordingError
tall = ns.Neurons("tall", (4, 3), update="v = I")
shared = synapses(liquid, liquid, name="shared")
noise = ns.Neurons("noise", 1, threshold="rand() < 0.1")
letters = ns.einsum("t i, i o -> t o")
by_letters = ns.Synapses(grid, wide, wiring=letters, delay=1, name="by_letters")


def clocked(*items, **given):
    return run(*items, schedule=CLOCK, **given)


def equations(text, **more):
    return ns.Neurons("pool", 2, equations=text, **more)


def spoken(dt, every=1):
    """A recording of a population `ears`."""
    talker = ns.Neurons("ears", 3, update="v = 1")
    return ns.run(ns.Network(talker, schedule=dt), ticks=4, record={"ears": every})


CASES = {
    "list of a part": (
        lambda: list(liquid[:2]),
        D,
        r"liquid.:2.: is a part of a population, not a list.*\.indices",
    ),
    "slice of fractions": (
        lambda: liquid[0.5:],
        D,
        "liquid.*: 0.5 is not a whole number. Slice with whole numbers",
    ),
    "constant that is assigned": (
        lambda: equations("x : 1 (constant)", threshold="x > 1", reset="x = 0"),
        D,
        "text changes 'x', which is declared .constant.",
    ),
    "assigned subexpression": (
        lambda: equations("y = 2*v : 1\ndv/dt = 1/ms : 1", threshold="v > 1", reset="y = 0"),
        D,
        "'y' cannot be assigned to. Assign to",
    ),
    "truth that flows": (
        lambda: equations("dv/dt = 1/ms : boolean"),
        D,
        "changes continuously is not boolean. Give it a unit",
    ),
    "remainder assigned": (
        lambda: neurons(update="v %= 2"),
        D,
        "'v %= 2' uses an assignment that is not supported. Use =",
    ),
    "group of numbers": (
        lambda: ns.Alternating([1], [2]),
        D,
        r"Alternating: \[1\] is not a group. Give lists of populations",
    ),
    "spike of a later group": (
        lambda: ns.Network(ns.Synapses(cells, liquid), schedule=ns.Alternating([liquid], [cells])),
        D,
        "cells -> liquid: delay 0 arrives before it is sent under Alternating.* Use delay=1",
    ),
    "private sources that are delivered before they spike": (
        lambda: ns.Network(ns.Synapses(noise, liquid, wiring=ns.private(3)), schedule=ns.Synchronous()),
        D,
        "noise -> liquid: private sources are heard in the tick in which they spike, but Synchronous.* "
        "delivers first. Use Clock",
    ),
    "text one by one": (
        lambda: ns.Network(synapses(liquid, grid, on_pre="I_post += w"), schedule=ns.Asynchronous()),
        D,
        r"liquid -> grid: Asynchronous\(\) carries graded messages without text only. Leave out",
    ),
    "letters one by one": (
        lambda: run(by_letters, schedule=ns.Asynchronous()),
        D,
        "grid -> wide: einsum.* do not run one neuron at a time. Use Layered",
    ),
    "delays drawn in ticks": (
        lambda: clocked(synapses(cells, membrane, delay=ns.uniform(1, 3))),
        D,
        "cells -> membrane: delay .* is not a time. Give one under",
    ),
    "drawn delay of none": (
        lambda: run(synapses(delay=ns.uniform(0, 0.4))),
        P,
        "cells -> liquid: a delay of 0 ticks was drawn, which arrives before it is sent under "
        "Synchronous.*at least 1",
    ),
    "drawn delay of none back": (
        lambda: run(synapses(liquid, liquid, delay=ns.uniform(0, 0.4)), schedule=LAYERED),
        P,
        "liquid -> liquid: a delay of 0 ticks was drawn, which arrives before it is sent under Layered.*at "
        "least 1",
    ),
    "drawn delay of none to a group that has moved": (
        lambda: run(
            synapses(cells, liquid, delay=ns.uniform(0, 0.4)), schedule=ns.Alternating([liquid], [cells])
        ),
        P,
        "cells -> liquid: a delay of 0 ticks was drawn, which arrives before it is sent under Alternating.* "
        "Make every delay at least 1",
    ),
    "input in place of a subexpression": (
        lambda: clocked(
            equations("y = 2*v : 1\ndv/dt = -v/ms : 1", sends="y"), inputs={"pool": np.ones((2, 2))}
        ),
        P,
        "input 'pool' would replace what it sends, but 'y' is a subexpression, which nothing can replace. "
        "Make it",
    ),
    "drawn delays of letters": (
        lambda: run(synapses(grid, wide, wiring=letters, delay=ns.uniform(1, 3))),
        D,
        "grid -> wide: einsum .*takes one delay for all synapses if weights are shared or are messages. Give",
    ),
    "record twice": (
        lambda: run(heard, record={"liquid": 1, heard["liquid"]: 2}),
        D,
        "record names 'liquid' twice, with different intervals. Name it once",
    ),
    "several intervals": (
        lambda: clocked(membrane, record={"membrane.v": [1, 2] * ms}),
        D,
        "'membrane.v': sampling interval .* is not one time. Give one",
    ),
    "text on messages": (
        lambda: synapses(cells, liquid, weight=tall, on_pre="I_post += w"),
        D,
        "cells -> liquid: a weight that is a population's message takes no",
    ),
    "port that is set": (
        lambda: synapses(on_pre="I_post = w"),
        D,
        "cells -> liquid: on_pre: 'I_post = w' sets a port, which only collects arrivals. Use",
    ),
    "variable like an argument": (
        lambda: synapses(model="delay : 1", on_pre="I_post += delay"),
        D,
        "'delay' of the model has the name of an argument. Rename it",
    ),
    "port that is read": (
        lambda: run(synapses(on_pre="v_post += I_post")),
        P,
        "'I_post' is a port, which is empty once it was read. Use variables",
    ),
    "unit of a variable": (
        lambda: clocked(
            synapses(cells, membrane, delay=0 * ms, model="x : volt", on_pre="v_post += x", x=3 * ms)
        ),
        D,
        "x is given in s, the model says V. Give it in V",
    ),
    "unit of the weight": (
        lambda: clocked(
            synapses(cells, membrane, delay=0 * ms, weight=3 * ms, model="w : volt", on_pre="v_post += w")
        ),
        D,
        "weight is in s, the model says w is in V. Give it in V",
    ),
    "weights of what shares": (
        lambda: synapses(liquid, liquid, weight=synapses(liquid, liquid, weight=shared, name="second")),
        D,
        "has no weights of its own to share. Share those of the synapses that own them",
    ),
    "letters turned": (
        lambda: synapses(wide, grid, wiring=letters, weight=by_letters.T),
        D,
        "einsum takes the weights themselves, not .T. Write the letters",
    ),
    "letters of another size": (
        lambda: synapses(wide, grid, wiring=letters, weight=by_letters),
        D,
        r"needs weights of shape \(5, 4\), but those of .* have \(4, 5\). Share",
    ),
    "shared by another wiring": (
        lambda: synapses(liquid, liquid, weight=shared, wiring=ns.one_to_one()),
        D,
        "shares the weights of .*; give it the same wiring, wiring=all_to_all",
    ),
    "weights given to what shares": (
        lambda: rebuilt(
            ns.Network(shared, synapses(liquid, liquid, weight=shared, name="second"), schedule=SYNC),
            {"second": {"weight": 1.0}},
        ),
        D,
        "share the weights of .*liquid. Give the weight to those",
    ),
    "kernel over too few axes": (
        lambda: ns.conv((3, 3)).target_shape((5,)),
        D,
        r"conv: kernel \(3, 3\) slides over 2 axes, not over the shape \(5,\). Give a size",
    ),
    "large kernel": (
        lambda: ns.pool((2**15, 2**15)),
        D,
        "pool: kernel .32768, 32768. has more than 1,048,576 places. Use a smaller one",
    ),
    "wiring without a list": (
        lambda: ns.private(3).pairs(liquid, liquid, None),
        D,
        "private: keeps no list of synapses. Use a wiring that does",
    ),
    "not to themselves in parts": (
        lambda: run(synapses(liquid[:3], liquid[1:], wiring=ns.indegree(1, to_self=False))),
        D,
        "to_self=False needs the same neurons on both sides.*Give both sides",
    ),
    "private sources of another chance": (
        lambda: run(
            synapses(
                ns.Neurons("noise", 1, threshold="2*rand() < p", p=0.1), liquid, wiring=ns.private(9), delay=0
            ),
            schedule=LAYERED,
        ),
        P,
        "private sources need a sender with threshold 'rand.. < p', not '2.rand.. < p'. Write it so",
    ),
    "matrix of a population": (
        lambda: weight_matrix(heard, "liquid"),
        D,
        "weight_matrix: 'liquid' is a population. Give the name of synapses: ears_to_liquid",
    ),
    "matrix of letters": (
        lambda: weight_matrix(ns.Network(by_letters, schedule=SYNC), "by_letters"),
        D,
        "einsum wiring .* has no matrix",
    ),
    "spikes of a trial too many": (
        lambda: ns.run(heard, {"ears": ([5], [1], [0])}, trials=2, ticks=3),
        D,
        "'ears' has spikes in trial 5, but there are 2 trials. Count trials from 0",
    ),
    "recording of another clock": (
        lambda: ns.run(
            ns.Network(synapses(ears, membrane, weight=1 * mV, delay=0 * ms), schedule=CLOCK),
            {"ears": spoken(ns.Clock(2 * ms))},
        ),
        D,
        "input 'ears'.*: was recorded with dt = 0.002 s, here it is 0.001 s. Use the same",
    ),
    "recording with gaps": (
        lambda: ns.run(heard, {"ears": spoken(SYNC, every=2)}),
        D,
        "input 'ears'.*: was recorded every 2 ticks. Record every tick of it",
    ),
    "truth that is subtracted": (
        lambda: run(neurons(update="v = (I > 0) - (I > 1)")),
        P,
        "'pool': update: cannot be computed for the shape .*Make text",
    ),
    "value of text": (
        lambda: Value(np.array("x")),
        D,
        "Value: .*'x'.* is not a quantity. Give a number with a unit",
    ),
    "array of objects in a file": (
        lambda: unpack_text({"dtype": "|S3", "shape": [1], "base64": "eHh4"}),
        R,
        "type '|S3' is not an array of numbers; the file was changed",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_together_is_refused(name):
    make, error, words = CASES[name]
    with pytest.raises(error, match=words):
        make()

"""Impossible synapses and networks are refused before a tick; the error names object, value and remedy."""

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
from refusals_side import D, P, R, check

import neurosim as ns
from neurosim.units import ms, mV, nS


def equations(text, **more):
    return run(ns.Neurons("pool", 2, equations=text, **more), schedule=CLOCK)


def update(text, **more):
    return run(neurons(update=text, **more))


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
SYNAPSES = {
    "sender": (lambda: ns.Synapses("ears", liquid), D, "Synapses: pre", "'ears'", "cells[:100]"),
    "target": (lambda: ns.Synapses(ears, None), D, "Synapses: post", "None", "Give Neurons"),
    "port": (lambda: synapses(to="J"), D, "cells -> liquid: to", "'J'", "There is: I, v"),
    "port to choose": (
        lambda: synapses(post=neurons(ports="p q", update="v = p + q")),
        D, "'pool'", "2 ports", "to='p' or 'q'",
    ),
    "wiring": (lambda: synapses(wiring=0.1), D, "wiring", "0.1", "probability(0.1)"),
    "weight": (lambda: synapses(weight=None), D, "cells -> liquid: weight", "None", "Give a number"),
    "true weight": (lambda: synapses(weight=True), D, "weight", "True", "such as 1"),
    "infinite weight": (lambda: synapses(weight=np.inf), D, "weight", "inf", "finite"),
    "infinite weights": (lambda: synapses(weight=np.full((4, 3), np.inf)), D, "weight", "4 x 3", "finite"),
    "weight shape": (lambda: synapses(weight=np.ones((3, 4))), D, "weight", "(3, 4)", "(post, pre)"),
    "weight unit": (
        lambda: run(synapses(ears, membrane, weight=1 * nS, delay=0), schedule=CLOCK),
        P, "ears -> membrane", "S", "another unit",
    ),
    "weight messages": (lambda: synapses(weight=grid), D, "weight population grid", "(3, 4)", "take a part"),
    "weight messages and wiring": (
        lambda: synapses(weight=grid, wiring=ns.probability(0.5)), D, "weight", "probability", "einsum",
    ),
    "weights of strangers": (
        lambda: run(synapses(weight=synapses())), D, "shares the weights", "not in this network", "Add it",
    ),
    "weights of another shape": (
        lambda: synapses(weight=synapses(liquid, cells)), D, "shares the weights", "(4,) -> (3,)", ".T",
    ),
    "delayed": (lambda: ns.delayed(liquid, 0), D, "delayed(liquid): ticks", "0", "at least 1"),
    "negative delay": (lambda: synapses(delay=-1), D, "cells -> liquid: delay", "-1", "0 or more"),
    "NaN delay": (lambda: synapses(delay=np.nan), D, "delay", "NaN", "finite"),
    "delay in volts": (lambda: synapses(delay=1 * mV), D, "delay", "1 mV", "Give a time"),
    "delay off the grid": (
        lambda: run(synapses(ears, membrane, weight=1 * mV, delay=0.3 * ms), schedule=ns.Clock(0.5 * ms)),
        D, "ears -> membrane", "0.3 ms", "Use 0.5 ms",
    ),
    "delay without unit": (
        lambda: run(synapses(ears, membrane, weight=1 * mV), schedule=CLOCK),
        D, "delay", "1 has no unit", "1*ms",
    ),
    "delay with unit": (lambda: run(synapses(delay=3 * ms)), D, "delay", "3 ms", "whole number of ticks"),
    "half a tick": (lambda: run(synapses(delay=1.5)), D, "delay", "1.5", "integer"),
    "endless delay": (lambda: run(synapses(delay=2**40)), D, "delay", "1.09951e+12", "shorter"),
    "negative draw": (lambda: run(synapses(delay=ns.normal(0, 5))), D, "delay", "below 0", "low=..."),
    "delay of weights": (lambda: synapses(delay=ns.dale(1, -1)), D, "delay", "dale", "normal or uniform"),
    "no delay": (lambda: run(synapses(delay=0)), D, "delay 0", "Synchronous()", "delay=1"),
    "cycle": (
        lambda: run(synapses(liquid, grid[0], delay=0), synapses(grid[0], liquid, delay=0), schedule=LAYERED),
        D, "->", "cycle", "delay=1",
    ),
    "learns": (lambda: synapses(learns="yes"), D, "learns", "'yes'", "True or False"),
    "name": (lambda: synapses(name="a b"), D, "cells -> liquid: name", "'a b'", "such as"),
    "no name": (lambda: synapses(name=None), D, "name", "None", "such as"),
    "misspelt": (lambda: synapses(wieght=2.0), D, "cells -> liquid", "'wieght'", "'weight'?"),
    "misspelt with text": (
        lambda: synapses(on_pre="I_post += w", wieght=2.0), D, "cells -> liquid", "'wieght'", "'weight'?",
    ),
    "too many": (lambda: ns.Synapses(cells, liquid, "I"), D, "Synapses", "too many", "Its arguments"),
    "on_pre assigns": (lambda: synapses(on_pre="J_post += w"), D, "on_pre", "'J_post'", "Did you mean"),
    "on_pre uses": (lambda: run(synapses(on_pre="I_post += ww")), P, "on_pre", "'ww'", "'w'?"),
    "on_pre whole": (lambda: run(synapses(on_pre="I_post += sum(w)")), P, "on_pre", "'sum'", "update text"),
    "on_pre zero": (
        lambda: run(synapses(on_pre="I_post += 1/k", k=0)), P, "on_pre", "whole number that is 0", "0.0",
    ),
    "on_pre reads late": (
        lambda: run(twice("v_post += 1\nw = y_pre"), schedule=CLOCK),
        P, "on_pre", "reads 'y_pre' after 'v_post'", "x = y_pre",
    ),
    "constant shape": (
        lambda: synapses(on_pre="I_post += k", k=np.ones(7)), D, "k has shape", "(7,)", "(4, 3)",
    ),
    "model": (lambda: synapses(model="x", on_pre="I_post += x"), D, "model", "'x'", "': unit'"),
    "model flag": (
        lambda: synapses(model="x : 1 (event-driven)", on_pre="I_post += x"),
        D, "model: 'x'", "event-driven", "(constant)",
    ),
    "model without clock": (
        lambda: run(synapses(model="dx/dt = -x/ms : 1 (event-driven)", on_pre="I_post += x")),
        P, "model", "Clock", "on_pre",
    ),
    "summed": (
        lambda: run(synapses(liquid, grid[0], model="y = w*v_pre : 1 (summed)")),
        D, "'y' (summed)", "variable of the target", "I_post",
    ),
    "summed twice": (
        lambda: ns.Network(
            *(ns.Synapses(ears, cells[chosen], model="v_post = w : 1 (summed)", delay=1, name=name)
              for name, chosen in {"one": [1, 0], "two": [0]}.items()), schedule=ns.Synchronous(),
        ),
        D, "'v_post' (summed)", "sets it too", "'v_2'",
    ),
    "text on einsum": (
        lambda: synapses(grid, wide, wiring=ns.einsum("t i, i o -> t o"), on_pre="I_post += w"),
        D, "einsum", "on_pre", "Leave",
    ),
}
# fmt: on


# fmt: off
WIRINGS = {
    "probability above 1": (lambda: ns.probability(1.5), D, "probability: p", "1.5", "0 to 1"),
    "probability with unit": (lambda: ns.probability(0.5 * ms), D, "probability: p", "0.5 ms", "0 to 1"),
    "probability list": (lambda: ns.probability([0.5]), D, "probability: p", "[0.5]", "Give a"),
    "misspelt": (lambda: ns.probability(0.5, to_slf=False), D, "probability", "'to_slf'", "'to_self'?"),
    **{
        f"{kind.__name__} between populations": (
            lambda kind=kind, given=given: ns.Synapses(ears, cells, wiring=kind(*given, to_self=False)),
            D, f"{kind.__name__}: to_self=False", "not of one population", "pairs(pre, post)",
        )
        for kind, given in (
            (ns.all_to_all, ()), (ns.probability, (0.5,)), (ns.indegree, (2,)), (ns.outdegree, (2,)),
        )
    },
    "to_self": (lambda: ns.all_to_all(to_self="no"), D, "all_to_all: to_self", "'no'", "Give one of these"),
    "indegree": (lambda: ns.indegree(2.5), D, "indegree: k", "2.5", "integer"),
    "outdegree": (lambda: ns.outdegree(-1), D, "outdegree: k", "-1", "at least 0"),
    "total": (lambda: ns.total(10**30), D, "total: n", "10000", "at most"),
    "private": (
        lambda: rewired(ns.private(10)),
        D, "cells -> liquid: private", "must be one neuron", "rand() < rate*dt",
    ),
    "private refractory": (
        lambda: privately(randomly(refractory=1 * ms)),
        D, "private: s", "refractory after its spikes (1 ms)", "Leave",
    ),
    "private reset": (
        lambda: privately(randomly(reset="p = 0")), D, "private: s", "reset by its spikes", "indegree(9)",
    ),
    "private loop": (
        lambda: ns.Network(privately(s := randomly()), synapses(s, s, to="p"), schedule=CLOCK),
        D, "'s' come back", "s -> s", "Leave",
    ),
    "private input": (
        lambda: run(privately(randomly()), schedule=CLOCK, inputs={"s": ([0], [0])}),
        P, "private", "input to 's'", "Leave",
    ),
    "private of none": (lambda: ns.private(0), D, "private: n", "0", "at least 1"),
    "private weights": (
        lambda: rewired(ns.private(9), noise, weight=np.ones(3)),
        D, "noise -> liquid: weight", "(3,)", "the wiring needs",
    ),
    "weights of pooling": (
        lambda: ns.Synapses(
            ns.Neurons("a", (4, 4, 1)), ns.Neurons("b", (2, 2, 1), update="v = I"), wiring=ns.pool((2, 2)),
            weight=ns.normal(0, 1),
        ),
        D, "a -> b: pool", "one number", "weight=1.0",
    ),
    "scale": (lambda: ns.nearby(0), D, "nearby: scale", "0", "above 0"),
    "peak": (lambda: ns.nearby(1, 2), D, "nearby: peak", "2", "0 to 1"),
    "dimensions": (
        lambda: rewired(ns.nearby(1), grid), D, "grid -> liquid: nearby", "2 dimensions", "equally many axes",
    ),
    "small_world": (lambda: ns.small_world(3), D, "small_world: k", "3", "even"),
    "small_world between": (
        lambda: rewired(ns.small_world(2)),
        D, "cells -> liquid: small_world", "not the same", "one population",
    ),
    "small_world too small": (
        lambda: rewired(ns.small_world(4), liquid, liquid), D, "small_world", "4 neurons", "smaller k",
    ),
    "one_to_one": (lambda: rewired(ns.one_to_one()), D, "cells -> liquid: one_to_one", "4", "liquid[:3]"),
    "pairs outside": (lambda: rewired(ns.pairs([0, 9], [0, 1])), D, "pairs: pre", "9", "0 to 2"),
    "pairs of unequal length": (
        lambda: ns.pairs([0], [0, 1]), D, "pairs", "1 senders and 2 targets", "as many",
    ),
    "pairs of fractions": (lambda: ns.pairs([0.5], [0]), D, "pairs: pre", "0.5", "one index per synapse"),
    "no partner": (
        lambda: rewired(ns.indegree(1, to_self=False), one, one), D, "indegree", "one", "more neurons",
    ),
    "kernel": (lambda: ns.conv(0), D, "conv: kernel", "0", "at least 1"),
    "no kernel": (lambda: ns.conv(()), D, "conv: kernel", "()", "(3, 3)"),
    "huge kernel": (lambda: ns.conv((10**9, 10**9)), D, "conv: kernel", "1000000000", "at most"),
    "padding": (lambda: ns.conv(3, padding="sane"), D, "conv: padding", "'sane'", "'same'?"),
    "stride": (lambda: ns.pool((2, 2), stride=(1, 2, 3)), D, "pool: stride", "(1, 2, 3)", "one per axis"),
    "conv shape": (
        lambda: rewired(ns.conv((3, 3)), image, maps), D, "image -> maps: conv", "(4, 4)", "(4, 4, 4)",
    ),
    "conv window": (
        lambda: rewired(ns.conv((9, 9)), image, maps), D, "conv: a window of 9", "6 neurons", "padding",
    ),
    "conv groups": (
        lambda: rewired(ns.conv((3, 3), padding="same", groups=3), image, maps),
        D, "conv", "3 groups", "divisor",
    ),
    "conv axes": (
        lambda: rewired(ns.conv((3, 3)), liquid, maps), D, "conv: kernel (3, 3)", "(4,)", "last axis",
    ),
    "pool channels": (
        lambda: rewired(ns.pool((1, 1)), image, maps),
        D, "image -> maps: pool", "2 channels", "Make them equal",
    ),
    "pool weight": (
        lambda: synapses(image, image, wiring=ns.pool((1, 1)), weight=np.ones((2, 2))),
        D, "weight", "(2, 2)", "one number",
    ),
    "einsum": (lambda: ns.einsum("t i -> t o"), D, "einsum", "'t i -> t o'", "'t i, i o -> t o'"),
    "einsum of nothing": (lambda: ns.einsum(None), D, "einsum", "None", "'t i, i o -> t o'"),
    "einsum letters": (lambda: ns.einsum("t t, i o -> t o"), D, "einsum", "'t t'", "apart by spaces"),
    "einsum axes": (
        lambda: rewired(ns.einsum("t i, i o -> t o"), liquid, wide),
        D, "einsum", "(4,)", "one axis per dimension",
    ),
    "einsum sizes": (
        lambda: rewired(ns.einsum("t i, i o -> o t"), grid, wide), D, "axis 't'", "3 long", "Make them equal",
    ),
    "einsum weights": (
        lambda: rewired(ns.einsum("t i, i o -> t o"), grid, wide, weight=np.ones((5, 4))),
        D, "weight", "(5, 4)", "(4, 5)",
    ),
    "einsum free axis": (
        lambda: rewired(ns.einsum("t i, i o q -> t o"), grid, wide), D, "einsum", "'q'", "as an array",
    ),
    "einsum of spikes": (
        lambda: rewired(ns.einsum("i, i o -> o")), P, "cells -> liquid: einsum", "threshold", "update text",
    ),
    "too many synapses": (lambda: rewired(ns.indegree(2**31 - 1)), P, "cells -> liquid", "GiB", "Use fewer"),
}
# fmt: on


# fmt: off
WEIGHTS = {
    "normal": (lambda: ns.normal(0, -1), D, "normal: sd", "-1", "0 or more"),
    "normal units": (lambda: ns.normal(0 * mV, 1 * ms), D, "normal", "1 ms", "one unit"),
    "normal bounds": (lambda: ns.normal(0, 1, low=2, high=1), D, "normal: low 2", "high 1", "Exchange"),
    "normal missing": (lambda: ns.normal(0), D, "normal", "'sd'", "Its arguments are: mean, sd"),
    "normal of arrays": (lambda: ns.normal([0, 1], 1), D, "normal", "single numbers", "as the weight"),
    "bounded normal": (
        lambda: ns.bounded_normal(0.5, 1), D, "bounded_normal", "neither low nor high", "low=0",
    ),
    "bounded normal mean": (
        lambda: ns.bounded_normal(0, 1, low=0), D, "bounded_normal: mean 0", "not between", "low below it",
    ),
    "uniform": (lambda: ns.uniform(2, 1), D, "uniform: low 2", "high 1", "Exchange"),
    "uniform infinite": (lambda: ns.uniform(0, np.inf), D, "uniform", "inf", "finite"),
    "gamma": (lambda: ns.gamma(0.0, 1.0), D, "gamma: mean", "0", "must not be 0"),
    "glorot": (lambda: ns.glorot(2 * mV), D, "glorot: gain", "2. mV", "without a unit"),
    "radius": (lambda: ns.spectral_radius(-0.9), D, "spectral_radius: rho", "-0.9", "0 or more"),
    "radius of what": (lambda: ns.spectral_radius(0.9, 3), D, "spectral_radius: of", "3", "normal(0, 1)"),
    "radius of a rectangle": (
        lambda: run(synapses(weight=ns.spectral_radius(0.9))),
        D, "cells -> liquid", "3 senders, 4 targets", "one population",
    ),
    "radius of nothing": (
        lambda: run(synapses(liquid, liquid, weight=ns.spectral_radius(0.9), wiring=ns.pairs([0], [1]))),
        D, "liquid", "no eigenvalue", "more neurons"
    ),
    "dale": (lambda: ns.dale(-1, 1), D, "dale: positive -1", "negative 1", "above and one below"),
    "dale fraction": (lambda: ns.dale(1, -1, inhibitory=2), D, "dale: inhibitory", "2", "0 to 1"),
    "dale and conv": (
        lambda: synapses(image, maps, wiring=ns.conv((3, 3), padding="same"), weight=ns.dale(1, -1)),
        D, "dale", "conv", "glorot",
    ),
    "orthogonal": (lambda: ns.orthogonal(-1), D, "orthogonal: gain", "-1", "0 or more"),
    "orthogonal of some": (
        lambda: run(synapses(liquid, liquid, weight=ns.orthogonal(), wiring=ns.pairs([0], [1]))),
        D, "liquid", "1 synapses of 4 x 4", "all_to_all()"
    ),
    "hebbian": (lambda: ns.hebbian([[1, 2]]), D, "hebbian: patterns", "[[1, 2]]", "(pattern, neuron)"),
    "hebbian size": (
        lambda: run(synapses(liquid, liquid, weight=ns.hebbian(np.ones((1, 5))))),
        D, "liquid -> liquid", "5 neurons", "that size",
    ),
}
# fmt: on


# fmt: off
NETWORKS = {
    "empty": (lambda: ns.Network(schedule=SYNC), D, "Network", "empty", "Give it"),
    "no schedule": (lambda: ns.Network(liquid), D, "Network", "'schedule'", "Its arguments are"),
    "misspelt schedule": (
        lambda: ns.Network(liquid, scheduel=SYNC), D, "Network", "'scheduel'", "'schedule'?",
    ),
    "schedule class": (
        lambda: ns.Network(liquid, schedule=ns.Layered), D, "Network: schedule", "Layered", "Synchronous()",
    ),
    "object": (lambda: ns.Network(liquid, 3, schedule=SYNC), D, "Network", "3", "lists of them"),
    "endless list": (
        lambda: ns.Network(a_list_that_holds_itself(), schedule=SYNC), D, "Network", "[...]", "lists of them",
    ),
    "two of one name": (
        lambda: ns.Network(neurons(), neurons(), schedule=SYNC),
        D, "Network: two populations", "'pool'", "name of its own",
    ),
    "two synapses of one name": (
        lambda: ns.Network(synapses(name="s"), synapses(name="s"), schedule=SYNC),
        D, "two Synapses", "'s'", "of its own",
    ),
    "name of both": (
        lambda: ns.Network(synapses(name="cells"), schedule=SYNC), D, "Network", "'cells'", "Rename",
    ),
    "same synapses twice": (
        lambda: ns.Network([synapses()] * 2, schedule=SYNC), D, "Network", "twice", "once",
    ),
    "unknown member": (lambda: heard["liqid"], D, "Network", "'liqid'", "'liquid'?"),
    "clock": (lambda: ns.Clock(0.1), D, "Clock: dt", "0.1", "0.1*ms"),
    "negative clock": (lambda: ns.Clock(-1 * ms), D, "Clock: dt", "-1 ms", "above 0"),
    "order": (lambda: ns.Asynchronous("rnadom"), D, "Asynchronous: order", "'rnadom'", "'random'"),
    "subexpressions one by one": (
        lambda: ns.Network(
            ns.Neurons("cells", 2, equations="z = 2*v : 1", update="v = I", sends="z"),
            schedule=ns.Asynchronous(),
        ),
        D, "'cells'", "'z'", "update='z = ...'",
    ),
    "spikes one by one": (
        lambda: ns.Network(cells, schedule=ns.Asynchronous()),
        D, "'cells'", "threshold", "where(I > 0, 1, 0)",
    ),
    "no groups": (lambda: ns.Alternating(), D, "Alternating", "no groups", "Alternating([a], [b])"),
    "unknown group": (
        lambda: ns.Network(liquid, schedule=ns.Alternating(["liquid"], ["pol"])),
        D, "Alternating", "'pol'", "There is: liquid",
    ),
    "in two groups": (
        lambda: ns.Network(liquid, schedule=ns.Alternating([liquid], [liquid])),
        D, "'liquid'", "2 groups", "once",
    ),
    "plain data": (lambda: ns.Network.from_dict({"version": 99}), R, "description", "99", "Use the neurosim"),
    "broken data": (
        lambda: ns.Network.from_dict({"version": 1}), R, "description", "KeyError", "changed by hand",
    ),
}
# fmt: on


DESCRIPTIONS = {"synapses": SYNAPSES, "wiring": WIRINGS, "weight": WEIGHTS, "network": NETWORKS}


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

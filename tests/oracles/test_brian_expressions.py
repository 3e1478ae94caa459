"""Conditions, probabilities and numbers of synapses, as text that Brian2 takes as well: the same synapses."""

import brian2 as b
import numpy as np
import pytest
from brian2 import NeuronGroup, Synapses
from brian_side import clocked

import neurosim as ns
from neurosim.plan.draw import draw_synapses
from neurosim.plan.synapse_numbers import per_synapse

N = 60
GROUP = "x : metre\ny : metre\nlabel : 1\nlate : second\nv : 1"
VALUES = {
    "x": "(i // rows)*(50*umetre) - 0.2*mmetre", "y": "(i % rows)*(50*umetre)", "label": "(7*i) % 13",
    "late": "i*ms/N",
}  # fmt: skip
CONDITIONS = {
    "i != j": "i != j",
    "sqrt((x_pre - x_post)**2 + (y_pre - y_post)**2) < 120*umetre": None,
    "abs(((j - i) % N_post) - N_post/2) <= 1": None,
    "(j > 40 and i >= 30) or (j < 10 and i < 20)": None,
    "i // rows == j // rows and i != j": None,
    "j == (i + 1) % N_pre": None,
    "j == label_pre": None,
    "i - 3 <= j < i + 3": "(i - 3 <= j) and (j < i + 3)",
    "2*label_pre > label_post and i % 2 == 0": None,
}
NUMBERS = {
    "weight": "exp(-(x_pre - x_post)**2/(2*(100*umetre)**2)) + label_post",
    "delay": "1*ms + late_pre + 2*ms*int(w > 3)",
    "q": "i*10 + j + N_pre + w",
}
PARTS = [(slice(None), slice(None)), (slice(20, 50), slice(10, 60))]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("parts", PARTS, ids=["whole", "parts"])
def test_conditions_join_the_pairs_that_they_join_in_brian2(condition, parts):
    rows = 8
    group = NeuronGroup(N, GROUP, threshold="v > 1")
    for name, text in VALUES.items():
        setattr(group, name, text)
    theirs = Synapses(group[parts[0]], group[parts[1]], "w : 1\nq : 1", on_pre="v_post += w")
    theirs.connect(CONDITIONS[condition] or condition)
    theirs.w, theirs.q = NUMBERS["weight"], NUMBERS["q"]
    theirs.delay = NUMBERS["delay"]

    cells = ns.Neurons("cells", N, equations=GROUP, **(VALUES | {"rows": rows}))
    used = {"rows": rows} if "rows" in condition else {}
    mine = ns.Synapses(
        cells[parts[0]], cells[parts[1]], wiring=condition, model="w : 1\nq : 1", on_pre="v_post += w",
        name="s", **(NUMBERS | used),
    )  # fmt: skip
    net = clocked(mine)
    found = draw_synapses(net, "s", 0)
    order = np.lexsort((np.asarray(theirs.j), np.asarray(theirs.i)))
    assert found.pre.size > 10
    np.testing.assert_array_equal([found.pre, found.post], [theirs.i[order], theirs.j[order]])
    for key, values in (("weight", theirs.w), ("q", theirs.q), ("delay", theirs.delay)):
        np.testing.assert_allclose(
            per_synapse(net, "s", key, found, 0), np.asarray(values)[order], rtol=1e-12
        )


PROBABILITIES = {
    "a number": (ns.probability(0.2, where="i != j"), dict(condition="i != j", p=0.2)),
    "an expression": (
        ns.probability("0.8*exp(-(i - j)**2/200)", where="i != j"),
        dict(condition="i != j", p="0.8*exp(-(i - j)**2/200)"),
    ),
    "in the condition": (
        "abs(i - j) < 9 and rand() < 0.3",
        dict(condition="abs(i - j) < 9 and rand() < 0.3"),
    ),
}


@pytest.mark.parametrize("case", PROBABILITIES)
def test_probabilities_join_as_many_pairs_as_in_brian2(case):
    wiring, given = PROBABILITIES[case]
    group = NeuronGroup(N, "v : 1", threshold="v > 1")
    cells = ns.Neurons("cells", N, update="v = v")
    net = ns.Network(
        ns.Synapses(cells, cells, wiring=wiring, to="v", delay=1, name="s"), schedule=ns.Synchronous()
    )
    ours, theirs = np.zeros((N, N)), np.zeros((N, N))
    b.seed(3)
    for seed in range(15):
        found = draw_synapses(net, "s", seed)
        ours[found.pre, found.post] += 1
        synapses = Synapses(group, group, on_pre="v_post += 1")
        synapses.connect(**given)
        np.add.at(theirs, (np.asarray(synapses.i), np.asarray(synapses.j)), 1)
    i, j = np.indices((N, N))
    for distance in range(0, 20, 4):  # pairs of about one probability
        chosen = (abs(i - j) >= distance) & (abs(i - j) < distance + 4)
        p = (ours[chosen].mean() + theirs[chosen].mean()) / 30
        spread = np.sqrt(2 * p * (1 - p) / (15 * chosen.sum()))
        assert abs(ours[chosen].mean() - theirs[chosen].mean()) / 15 <= 4 * spread
    assert ours.sum() > 0 and (ours.diagonal().sum() == 0) == (theirs.diagonal().sum() == 0)

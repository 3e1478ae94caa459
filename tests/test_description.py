"""A description is immutable; it is printed, converted to JSON without loss, and draws numbers from its
distributions."""

import json

import numpy as np
import pytest
from drawing import a, b, columns, drawn, graded, image, matrix, net_of, rows, square

import neurosim as ns
from neurosim.network.neurons import Neurons
from neurosim.network.values import Value
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import Hz, mS, ms, mV, nA

SYNC, CLOCK = ns.Synchronous(), ns.Clock(0.5 * ms)

ears = ns.Neurons("ears", 4)
cells = ns.Neurons(
    "cells",
    (2, 3),
    equations="dv/dt = (E - v + R*I)/tau : volt (unless refractory)\nI : amp",
    threshold="v > -50*mV",
    reset="v = E",
    refractory=2 * ms,
    E=-70 * mV,
    R=100 / mS,
    tau=ns.uniform(10 * ms, 20 * ms),
    v=ns.normal(-65 * mV, 2 * mV, high=-51 * mV),
)
noise = ns.Neurons("noise", 1, threshold="rand() < rate*dt", rate=8 * Hz)


@pytest.mark.parametrize(
    "set_it",
    [
        lambda: setattr(a, "shape", (3,)),
        lambda: setattr(net_of(ns.one_to_one(), a, a), "schedule", CLOCK),
        lambda: setattr(ns.probability(0.5), "p", 0.1),
        lambda: setattr(Value(np.zeros(2)), "dim", ()),
        lambda: setattr(a, "unknown", 3),
        lambda: delattr(a, "shape"),
        lambda: delattr(CLOCK, "dt"),
    ],
)
def test_attributes_cannot_be_set(set_it):
    with pytest.raises(AttributeError):
        set_it()


@pytest.mark.parametrize(
    "array",
    [
        graded("c", 2, update="v = k*I", k=[1.0, 2.0]).constants["k"].number,
        ns.Synapses(a, b, weight=np.ones((6, 4))).weight.number,
        ns.pairs([0, 1], [1, 0]).pre,
        ns.hebbian([[1, -1]]).patterns.number,
        a[:2].indices,
        Value(np.zeros(3)).number,
    ],
)
def test_arrays_cannot_be_written(array):
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 7


def test_mappings_cannot_be_written():
    net = net_of(ns.all_to_all(), a, b, model="x : 1", on_pre="I_post += x", x=2.0)
    for mapping in (cells.constants, net.populations, net.synapses, net["s"].constants):
        with pytest.raises(TypeError):
            mapping["new"] = 1


def test_what_was_given_may_change_afterwards():
    weights, pattern, shape = np.ones((6, 4)), [[1, -1]], [2, 3]
    synapses, store, population = ns.Synapses(a, b, weight=weights), ns.hebbian(pattern), graded("c", shape)
    weights[:], pattern[0][0], shape[0] = 7, -1, 9
    assert np.all(synapses.weight.number == 1)
    assert store.patterns.number.tolist() == [[1, -1]]
    assert population.shape == (2, 3)


up = ns.Synapses(a, b, weight=ns.normal(0, 1), delay=1, name="up", learns=True)
by_private_sources = ns.Synapses(noise, cells, to="v", wiring=ns.private(80), weight=0.1 * mV)
NETWORKS = {
    "all_to_all": net_of(ns.all_to_all(to_self=False), a, a),
    "one_to_one": net_of(ns.one_to_one(), a, a),
    "probability": net_of(ns.probability(0.25, to_self=False), a, a),
    "indegree": net_of(ns.indegree(3), a, b),
    "outdegree": net_of(ns.outdegree(3, to_self=False), a, a),
    "total": net_of(ns.total(11), a, b),
    "nearby": net_of(ns.nearby(2.5, 0.7, to_self=True, torus=True), rows, columns),
    "small_world": net_of(ns.small_world(2, 0.25), square, square),
    "pairs": net_of(ns.pairs([3, 0, 0], [1, 5, 5]), a, b, weight=[1.0, 2.0, 3.0]),
    "private": ns.Network(by_private_sources, schedule=CLOCK),
    "conv": net_of(
        ns.conv((3, 2), stride=(1, 2), padding=1, dilation=(1, 2), groups=2),
        image,
        graded("c", (6, 3, 4)),
        ns.glorot(2.0),
    ),
    "pool": net_of(
        ns.pool((2, 2), padding="same"), image, graded("c", (3, 3, 2), ports="I:max x:mean"), to="I"
    ),
    "einsum": net_of(ns.einsum("t i, i o -> t o"), rows, columns, np.arange(20.0).reshape(4, 5)),
    "array": net_of(ns.all_to_all(), a, b, np.random.default_rng(0).normal(size=(6, 4))),
    "whole numbers": net_of(ns.all_to_all(), a, b, np.arange(24).reshape(6, 4)),
    "mask": net_of(ns.all_to_all(), a, b, np.eye(6, 4, dtype=bool)),
    "bounded normal": net_of(ns.probability(0.5), a, b, ns.normal(0.1, 0.2, low=0.0, high=0.3)),
    "normal drawn anew": net_of(ns.probability(0.5), a, b, ns.bounded_normal(0.1, 0.2, low=0.0)),
    "uniform": net_of(ns.probability(0.5), a, b, ns.uniform(-1, 0.1)),
    "gamma": net_of(ns.probability(0.5), a, b, ns.gamma(-0.1, 0.2)),
    "spectral_radius": net_of(
        ns.probability(0.9), square, square, ns.spectral_radius(0.9, of=ns.dale(1, -4, inhibitory=0.4))
    ),
    "orthogonal": net_of(ns.all_to_all(), a, b, ns.orthogonal(0.5)),
    "hebbian": net_of(ns.all_to_all(), a, a, ns.hebbian([[1, -1, 1, 1], [-1, -1, 1, 1]])),
    "message": net_of(ns.all_to_all(), a, b, graded("w", (6, 4))),
    "part of a message": net_of(ns.one_to_one(), a, a, graded("w", (2, 4))[1]),
    "delayed message": net_of(ns.one_to_one(), a, a, ns.delayed(graded("w", 4), 3)),
    "shared": ns.Network(ns.Synapses(a, b, weight=up, delay=2, name="copy"), up, schedule=SYNC),
    "transposed": ns.Network(ns.Synapses(b, a, weight=up.T, delay=1, name="down"), up, schedule=SYNC),
    "parts": ns.Network(
        [
            ns.Synapses(rows[:, 1], b[[5, 0, 2]], wiring=ns.one_to_one(), delay=1),
            ns.Synapses(rows[1:, ::2], a[..., -1], delay=1),
        ]
        + [ns.Synapses(rows[np.array([True, False, True])], a[1:3], delay=1, wiring=ns.pairs([7], [1]))],
        schedule=SYNC,
    ),
    "units": ns.Network(
        [
            ns.Synapses(
                ears,
                cells,
                weight=ns.normal(2 * nA, 1 * nA),
                delay=ns.uniform(0.5 * ms, 3 * ms),
                wiring=ns.probability(0.5),
            )
        ]
        + [
            ns.Synapses(
                cells, cells, to="v", weight=np.full((6, 6), 0.1) * mV, delay=np.full((6, 6), 1.0) * ms
            )
        ],
        schedule=CLOCK,
    ),
    "plasticity": ns.Network(
        ns.Synapses(
            cells,
            cells,
            delay=1 * ms,
            weight=ns.uniform(0, 1),
            wiring=ns.probability(0.5, to_self=False),
            eta=0.01,
            trace=ns.uniform(0, 1),
            tau=20 * ms,
            model="dtrace/dt = -trace/tau : 1 (event-driven)",
            on_pre="v_post += w*mV\ntrace += 1",
            on_post="w = clip(w + eta*trace, 0, 1)",
        ),
        schedule=CLOCK,
    ),
    "constants": ns.Network(
        graded(
            "c",
            3,
            update="v = where(go, k*I, top) + n + x",
            k=np.array([1.0, 0.1, 1e-300]),
            n=3,
            go=True,
            top=np.inf,
            x=ns.normal(0, 1),
            learns="k",
        ),
        schedule=ns.Asynchronous("index"),
    ),
    "text": ns.Network(
        ns.Neurons(
            "c",
            2,
            update="# counts\nv = v + I",
            threshold="v > 3",
            reset="v = 0",
            refractory="3",
            ports={"I": "max", "J": "sum"},
            v=1,
        ),
        graded("d", 3, update="u = I\nv = 2*u", sends="v"),
        schedule=ns.Alternating(["d"], ["c"]),
    ),
    "layers": ns.Network(ns.Synapses(ears, a, weight=ns.glorot()), ns.Synapses(a, b), schedule=ns.Layered()),
}


@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
def test_a_network_goes_through_json_without_loss(net):
    text = json.dumps(net.to_dict(), allow_nan=False)
    again = ns.Network.from_dict(json.loads(text))
    assert again == net
    assert json.dumps(again.to_dict()) == text
    assert str(again) == str(net)
    assert list(again.populations) == list(net.populations)


@pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS.keys())
def test_a_network_mapped_to_the_same_parts_is_the_same(net):
    again = net.map(
        population=lambda old: ns.Neurons(**old.arguments), synapses=lambda name, arguments: dict(arguments)
    )
    assert again == net
    assert not set(again.populations.values()) & set(net.populations.values())
    assert all(again.owner(again[name]) == net.owner(net[name]) for name in net.synapses)


def test_the_first_variable_is_sent_unless_another_is_named():
    d = NETWORKS["text"]["d"]
    assert d.sends == "v" and ns.Neurons("d", 1, update="u = I\nv = 2*u").sends == "u"
    assert ns.Neurons("d", 1).sends is None and NETWORKS["text"]["c"].sends is None
    first = ns.Neurons("d", 1, update="u = I")
    assert ns.Neurons(**(first.arguments | {"update": "w = I\nu = w"})).sends == "w"
    with pytest.warns(DeprecationWarning, match=r"now called Neurons\.sends"):
        assert d.message == "v"


@pytest.mark.parametrize("name", [n for n in NETWORKS if n not in ("pool", "text")])
def test_what_went_through_json_lowers_to_the_same_numbers(name):
    plans = [numbers_of(net) for net in (NETWORKS[name], ns.Network.from_dict(NETWORKS[name].to_dict()))]
    assert plans[0] == plans[1]


def numbers_of(net):
    """All arrays of the plan, as bytes."""
    inputs = {p.name: np.zeros((1, *p.shape)) for p in net.populations.values() if p.driven}
    plan = lower(net, read_inputs(net, inputs, ticks=1), seed=3)
    arrays = [
        array
        for group in plan.groups.values()
        for array in (*group.states.values(), *group.constants.values())
    ]
    arrays += [
        getattr(p, part)
        for p in plan.pathways.values()
        for part in ("sender", "receiver", "weight", "delay")
        if hasattr(p, part)
    ]
    return [np.asarray(array).tobytes() for array in arrays]


PRINTED = """\
Network of 10 neurons, Clock(dt = 0.5 ms)
Populations
  ears   4      driven
  cells  2 x 3  spikes  ports I  states v
Synapses
  ears_to_cells   ears -> cells.I       all_to_all()                     \
weight 200 pA                     delay 1.5 ms
  cells_to_cells  cells[:1] -> cells.v  probability(0.1, to_self=False)  \
weight normal(1 mV, 0.5 mV, 0 V)  delay 0
  slow            cells -> cells        all_to_all()                     \
weight 1                          delay uniform(1 ms, 2 ms)  learns with text
Each tick
  1  record          ears, cells
  2  drive           ears
  3  deliver graded  cells
  4  integrate       cells
  5  threshold       cells
  6  send            cells
  7  deliver spikes  cells
  8  reset           cells"""


def test_a_printed_network_shows_who_there_is_and_who_runs_when():
    few = ns.normal(1 * mV, 0.5 * mV, low=0 * mV)
    net = ns.Network(
        ns.Synapses(ears, cells, weight=0.2 * nA, delay=1.5 * ms),
        ns.Synapses(cells[:1], cells, to="v", wiring=ns.probability(0.1, to_self=False), weight=few),
        ns.Synapses(
            cells,
            cells,
            name="slow",
            model="x : 1",
            on_pre="v_post += x*mV",
            delay=ns.uniform(1 * ms, 2 * ms),
            learns=True,
        ),
        schedule=CLOCK,
    )
    assert str(net) == PRINTED


def test_synapses_are_called_after_their_ends():
    clash = graded("a_to_b", 2)
    net = ns.Network(
        ns.Synapses(a, b, delay=1),
        ns.Synapses(a, b[:2], delay=1),
        ns.Synapses(b, a, delay=1, name="back"),
        clash,
        schedule=SYNC,
    )
    assert list(net.synapses) == ["a_to_b_2", "a_to_b_3", "back"]
    assert list(net.populations) == ["a", "b", "a_to_b"]
    assert net["back"].label == "Synapses b -> a"
    assert net["a_to_b"] is clash


def test_equal_descriptions_are_equal_networks():
    assert net_of(ns.probability(0.5), a, b) == net_of(ns.probability(0.5), graded("a", 4), graded("b", 6))
    assert net_of(ns.probability(0.5), a, b) != net_of(ns.probability(0.6), a, b)


def test_a_long_chain_is_ordered_along_its_synapses():
    line = [graded(f"n{k}", 1) for k in range(1100)]
    net = ns.Network(
        [ns.Synapses(x, y) for x, y in zip(line[::-1][1:], line[::-1], strict=False)], schedule=ns.Layered()
    )
    assert net.order == tuple(f"n{k}" for k in range(1100))


@pytest.mark.parametrize(
    "key", [slice(1, 3), (slice(None), 1), [2, 0], (..., -1), (slice(None, None, 2), [3, 1]), 2, (1, 2)]
)
def test_a_part_chooses_what_numpy_chooses(key):
    chosen = np.arange(12).reshape(3, 4)[key]
    part = rows[key]
    assert part.indices.tolist() == chosen.ravel().tolist()
    assert part.shape == (chosen.shape or (1,))
    assert part.size == chosen.size


def test_a_mask_chooses_neurons():
    assert b[np.array([True, False, True, False, False, True])].indices.tolist() == [0, 2, 5]


def test_parts_are_wired_among_themselves():
    weights, driven = np.array([[1.0, 2.0], [3.0, 4.0]]), ns.Neurons("rows", (3, 4))
    assert matrix(ns.all_to_all(), rows[1, :2], b[[5, 0]], weights).tolist() == weights.tolist()
    x = np.full(12, 100.0)
    x[4:6] = 1, 10
    net = ns.Network(ns.Synapses(driven[1, :2], b[[5, 0]], weight=weights), schedule=ns.Layered())
    assert ns.run(net, {"rows": x.reshape(1, 3, 4)}, record="all")["b"][0].tolist() == [43, 0, 0, 0, 0, 21]


def test_to_self_compares_neurons_not_places():
    found = drawn(ns.all_to_all(to_self=False), b[1:4], b[2:])
    assert not np.any(b[1:4].indices[found.pre] == b[2:].indices[found.post])
    assert found.pre.size == 3 * 4 - 2


def test_drawn_constants_are_one_per_neuron():
    population = ns.Network.from_dict(ns.Network(cells, schedule=CLOCK).to_dict())["cells"]
    assert isinstance(population, Neurons)
    taus = [
        lower(
            ns.Network(population, schedule=CLOCK),
            read_inputs(ns.Network(population, schedule=CLOCK), None, 1),
            seed=s,
        )
        for s in (0, 1)
    ]
    first, second = (plan.groups["cells"].constants["tau"] for plan in taus)
    assert first.shape == (2, 3)
    assert np.all((first >= 0.010) & (first < 0.020))
    assert not np.any(first == second)


@pytest.mark.parametrize("method", ["exact", "euler", "exponential_euler", "rk4"])
@pytest.mark.parametrize("name", ["trace", "E", "beta", "S"])
def test_names_that_sympy_knows_are_variables_like_any_other(name, method):
    def run(name, text):
        cell = ns.Neurons(
            "cell",
            1,
            equations=text.replace("NAME", name),
            threshold=f"{name} < 1",
            reset=f"{name} = 4",
            method=method,
            **{name: 4.0},
        )
        other = ns.Synapses(
            cell,
            cell,
            model=text.replace("NAME", f"s{name}") + " (event-driven)",
            on_pre=f"s{name} += {name}_pre",
            delay=1 * ms,
        )
        model = text.replace("NAME", name) + " (clock-driven)"
        same = ns.Synapses(cell, cell, model=model, on_pre=f"{name} += 1", delay=1 * ms, name="same")
        rec = ns.run(
            ns.Network(cell, other, same, schedule=CLOCK), ticks=20, record=["cell." + name, "same." + name]
        )
        return np.r_[rec["cell." + name].ravel(), rec["same." + name].ravel()]

    assert np.allclose(
        run(name, "dNAME/dt = -NAME/(3*ms) : 1"), run("plain", "dNAME/dt = -NAME/(3*ms) : 1"), rtol=1e-12
    )

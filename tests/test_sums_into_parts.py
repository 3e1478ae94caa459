"""(summed) variables set the neurons of the part that the synapses lead to, and no others."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms

# By name: the part of `cells` (of shape (3, 4)) that sums are made into, and what each synapse adds.
PARTS = {"rows": (slice(0, 2), "x_pre*w"), "last": ((2, slice(1, 3)), "v_pre + 0*x_post")}
TARGETS = {name: np.arange(12).reshape(3, 4)[key].ravel() for name, (key, _) in PARTS.items()}
SCHEDULES = {"Clock": ns.Clock(1 * ms), "Layered": ns.Layered(), "Synchronous": ns.Synchronous()}


def network(schedule):
    """Every target of a part sums over both senders; x of `sender` is 0 and 1, and grows by 1 a tick."""
    sender = ns.Neurons("sender", 2, update="x = x + 1", x=[0.0, 1.0])
    driven = ns.Neurons("driven", 2)
    cells = ns.Neurons("cells", (3, 4), update="x = x + S", equations="S : 1", S=7.0)
    delay = 1 if isinstance(schedule, ns.Synchronous) else 0
    pre = {"rows": sender, "last": driven}
    return ns.Network(
        *(
            ns.Synapses(
                pre[name],
                cells[key],
                model=f"S_post = {text} : 1 (summed)",
                weight=10.0,
                name=name,
                delay=delay,
            )
            for name, (key, text) in PARTS.items()
        ),
        schedule=schedule,
    )


def wanted(name, drive):
    """S of the cells in each trial and tick: 7 outside the parts."""
    tick = np.arange(drive.shape[1])
    late = {"Clock": 0, "Layered": 1, "Synchronous": 0}[name]
    S = np.full((*drive.shape[:2], 12), 7.0)
    S[:, :, TARGETS["rows"]] = 10 * (2 * (tick + late) + 1)[:, None]
    seen = drive.sum(axis=-1)
    if name == "Synchronous":
        seen = np.concatenate([np.zeros_like(seen[:, :1]), seen[:, :-1]], axis=1)
    S[:, :, TARGETS["last"]] = seen[:, :, None]
    return S


@pytest.mark.parametrize("engine", ["reference", "events"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_sum_into_a_part_leaves_the_other_neurons_alone(engine, name):
    net, drive = network(SCHEDULES[name]), np.random.default_rng(1).random((3, 6, 2))
    record = ["cells.S"]
    whole = ns.run(net, {"driven": drive}, record=record, engine=engine, threads=2)
    # Under Clock a tick is recorded before its sums are made.
    shift = int(name == "Clock")
    found = whole["cells.S"].reshape(3, 6, 12)
    np.testing.assert_allclose(found[:, shift:], wanted(name, drive)[:, : 6 - shift], rtol=1e-14)
    first = ns.run(net, {"driven": drive[:, :2]}, record=record, engine=engine, threads=1)
    second = ns.run(net, {"driven": drive[:, 2:]}, record=record, engine=engine, start=first)
    pieces = np.concatenate([first["cells.S"], second["cells.S"]], axis=1)
    np.testing.assert_array_equal(pieces, whole["cells.S"])
    single = ns.run(net, {"driven": drive}, record=record, engine=engine, precision="single")
    np.testing.assert_allclose(single["cells.S"], whole["cells.S"], rtol=1e-6)


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_senders_take_sums_over_their_synapses_before_sums_that_read_these(engine):
    """`out` of the last two senders is half the sum of y, and S of each target the sum of what that gives."""
    senders = ns.Neurons("senders", 3, update="x = x + 1", equations="out : 1", out=7.0, sends="x")
    cells = ns.Neurons("cells", 4, update="y = y + S", equations="S : 1", y=[1.0, 2.0, 3.0, 4.0])
    model = "out_pre = w*y_post : 1 (summed)\nS_post = out_pre + 0*x_pre : 1 (summed)"
    net = ns.Network(ns.Synapses(senders[1:], cells, model=model, weight=0.5), schedule=ns.Clock(1 * ms))
    found = ns.run(net, ticks=4, record=["senders.out", "cells.y"], engine=engine)
    # Each y grows by 2*out, and so their sum by 8*out, which makes out 5 times what it was.
    assert found["senders.out"].tolist() == [[7, 7, 7], [7, 5, 5], [7, 25, 25], [7, 125, 125]]
    assert found["cells.y"][2].tolist() == [1 + 10 + 50, 2 + 60, 3 + 60, 4 + 60]


def test_sums_that_senders_and_targets_share_are_refused():
    cells = ns.Neurons("cells", 4, update="y = y + S", equations="S : 1")
    fixed = ns.Neurons("fixed", 4, update="y = y + S", equations="S : 1 (constant)")
    back = ns.Synapses(cells[1:], cells[:1], model="S_pre = y_post : 1 (summed)", name="back")
    for other, rule in (
        (ns.Synapses(cells[:2], cells[2:], model="S_post = y_pre : 1 (summed)", name="there"), "sets it too"),
        (ns.Synapses(fixed, cells, model="S_pre = y_post : 1 (summed)"), "'S', which is declared .constant."),
        (ns.Synapses(fixed, cells, model="q_pre = y_post : 1 (summed)"), "of the sender, such as I_pre"),
    ):
        with pytest.raises(ns.DescriptionError, match=rule):
            ns.run(ns.Network(other, back, schedule=ns.Clock(1 * ms)), ticks=1, engine="reference")

"""Brian2 scripts whose synapses are the senders and targets of other synapses."""

import re

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian_device_side import Arrays, assert_same, device, records

from neurosim.brian.refusal import Refused

MODEL = """dd/dt = -d/(5*ms) : 1 (clock-driven)
           dz/dt = -z/(7*ms) : 1 (event-driven)
           w : 1
           level : 1
           beside : 1
           k : 1 (constant)
           all : 1 (shared)
           scaled = 2*w + k : 1"""


def learning_synapses() -> tuple[b2.NeuronGroup, b2.Synapses, list[object]]:
    """Synapses whose order is not that of their senders, onto cells that spike."""
    given = b2.SpikeGeneratorGroup(3, [0, 1, 2, 0, 1, 2, 2], [1, 2, 2.5, 7, 7, 8, 9] * ms)
    text = "dv/dt = (gain - v)/(10*ms) : 1\ngain : 1\nheard : 1"
    cells = b2.NeuronGroup(4, text, threshold="v > 0.8", reset="v = 0", refractory=0.3 * ms, method="euler")
    cells.gain, cells.v = [1.5, 2, 0.1, 3], [0.1, 0.2, 0.3, 0.5]
    made = b2.Synapses(
        given, cells, MODEL, on_pre={"pre": "w += d*v_post + level\nz += 1", "late": "w += 0.01*d"},
        on_post="d = d + 0.5*z + 0.1*w", method="euler",
    )  # fmt: skip
    made.connect(i=[2, 0, 1, 1, 0, 2, 0], j=[1, 1, 0, 3, 2, 3, 0])
    made.w, made.k, made.d, made.pre.delay = "0.1*i + 0.2*j", "0.01*(i + j)", "0.3*j", "0.2*ms*(j + 1)"
    made.late.delay = 0.7 * ms
    return cells, made, [given, cells, made]


def network_of_synapses() -> Arrays:
    """Each kind of text through which synapses read and change others, in runs between which one changes."""
    cells, made, things = learning_synapses()
    reward = b2.SpikeGeneratorGroup(2, [0, 1, 0, 1], [3, 4, 4, 6] * ms)
    arriving = b2.Synapses(reward, made, "u : 1", on_pre="d_post += u\nw_post += 0.01*u", delay=0.5 * ms)
    arriving.connect()
    arriving.u = "0.1*(j + 1) + i"
    plain = b2.Synapses(reward, made, on_pre="d_post += 0.25", delay=0.3 * ms)
    plain.connect("j % 2 == i")
    summed = b2.Synapses(cells, made, "level_post = 0.1*v_pre : 1 (summed)")
    summed.connect("(i + j) % 3 != 0")
    sending = b2.Synapses(made, cells, "heard_post = scaled_pre*d_pre + k_pre : 1 (summed)")
    sending.connect("(i + 2*j) % 3 == 1")
    lateral = b2.Synapses(made, made, "beside_post = w_pre*k_post : 1 (summed)\nq : 1")
    lateral.connect("i != j")
    lateral.q = "i"
    upon = b2.Synapses(reward, lateral, on_pre="q_post += 1")
    upon.connect("j % 3 == i")
    watching = b2.NeuronGroup(2, "dx/dt = (seen - x)/ms : 1\nseen : 1 (linked)", method="euler")
    watching.seen = b2.linked_var(made, "all")
    noting = b2.Synapses(reward, watching, "noted : 1\nseen_too : 1 (linked)", on_pre="noted += seen_too")
    noting.seen_too = b2.linked_var(made, "all")
    noting.connect()
    made.run_regularly("all += 1", dt=1.5 * ms)
    upon.run_regularly("q_post += 0.5", dt=1 * ms)
    made.run_regularly("w = 0.9*w + 0.01*beside", dt=2 * ms)
    monitors = [
        b2.StateMonitor(made, ["d", "w", "level", "z"], record=[3, 0, 6]),
        b2.StateMonitor(arriving, ["d_post"], record=[2, 9]),
        b2.StateMonitor(cells, ["v", "heard"], record=True),
        b2.StateMonitor(watching, ["x", "seen"], record=True),
        b2.SpikeMonitor(cells),
    ]
    others = [reward, arriving, plain, summed, sending, lateral, upon, watching, noting]
    net = b2.Network(things, others, monitors)
    net.run(5 * ms)
    made.d[2] = 0.7
    net.run(6 * ms)
    held = {name: np.array(getattr(made, name)) for name in ("d", "w", "level", "beside", "z", "all")}
    return records(*monitors) | held | {"q": np.array(lateral.q), "noted": np.array(noting.noted)}


def test_synapses_send_to_synapses_and_receive_from_them_as_in_brian2():
    assert_same(network_of_synapses, ("reference", "events"))
    found = []
    for threads in (1, 2):
        with device("neurosim", engine="events", threads=threads):
            found.append(network_of_synapses())
    for name, values in found[0].items():
        np.testing.assert_array_equal(found[1][name], values, err_msg=name)


def test_an_order_of_its_own_holds_for_synapses_of_synapses():
    def script() -> Arrays:
        """The sum is set after the synapses have been integrated, which `Clock` does before."""
        cells, made, things = learning_synapses()
        summed = b2.Synapses(cells, made, "level_post = v_pre : 1 (summed)")
        summed.connect("(i + j) % 2 == 0")
        summed.summed_updaters["level_post"].when = "end"
        monitor = b2.StateMonitor(made, ["w", "level"], record=True, when="after_resets")
        b2.Network(things, summed, monitor).run(4 * ms)
        return records(monitor)

    assert_same(script)


def test_what_synapses_of_synapses_cannot_read_is_refused():
    with device("neurosim"):
        cells, made, things = learning_synapses()
        late = b2.Synapses(cells, made, "u : 1", on_pre="u = lastupdate_post/ms")
        late.connect()
        with pytest.raises(Refused, match=re.escape("other synapses read its 'lastupdate'")):
            b2.Network(things, late).run(1 * ms)
        still = b2.Synapses(cells, cells, "w : 1", on_pre="w += 1")
        still.connect()
        still.active = False
        plain = b2.Synapses(cells, still, on_pre="w_post += 1")
        plain.connect()
        with pytest.raises(Refused, match="it starts or ends at Synapses"):
            b2.Network(things[:2], still, plain).run(1 * ms)

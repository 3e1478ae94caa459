"""Events of groups beside spikes, in Brian2 scripts on the device: they are what they are in Brian2."""

import brian2 as b2
import numpy as np
from brian2 import ms
from brian_device_side import Arrays, assert_same, records


def events_network() -> Arrays:
    """Cells that spike, and have two events more: each has text of its own, synapses and monitors."""
    cells = b2.NeuronGroup(
        5,
        """dv/dt = (1.4 + 0.1*i - v)/(4*ms) : 1 (unless refractory)
           dg/dt = (2 - g)/(3*ms) : 1
           n : integer
           free : boolean""",
        threshold="v > 1", reset="v = 0; free = True", refractory=1.05 * ms, method="euler", name="cells",
        events={"high": "g > 1 and free", "late": "g + 0.1*v > 1.2"},
    )  # fmt: skip
    cells.free, cells.g = True, "0.2*i"
    cells.run_on_event("high", "free = False; n += 1; v += 0.01")
    cells.run_on_event("late", "g = 0.1*i*not_refractory", when="end")
    cells.set_event_schedule("late", when="after_groups")
    heard = b2.NeuronGroup(
        3, "dx/dt = -x/(5*ms) : 1\ndy/dt = -y/(5*ms) : 1\nz : 1", method="exact", name="heard"
    )
    joined = b2.Synapses(
        cells[1:], heard, "w : 1",
        on_pre={"pre": "x += 1", "path": "y += 1", "last": "w += 0.1; z += w", "both": "w *= 0.99"},
        on_event={"pre": "spike", "path": "high", "last": "late", "both": "spike"}, name="joined",
    )  # fmt: skip
    joined.connect(i=[3, 0, 2, 1, 1], j=[0, 1, 1, 0, 2])
    joined.path.delay, joined.last.delay = "0.2*ms + 0.1*ms*i", "0.3*ms*j"
    back = b2.Synapses(
        heard, cells, "u : 1\nk : 1", on_post={"post": "u += k", "late": "k += 1", "slow": "u += 0.1*k"},
        on_event={"post": "high", "late": "late", "slow": "late"}, delay={"slow": 0.4 * ms}, name="back",
    )  # fmt: skip
    back.connect(j="(i + 1) % N_post")
    monitors = (
        b2.SpikeMonitor(cells, variables="g"), b2.EventMonitor(cells, "high", variables=["g", "n"]),
        b2.EventMonitor(cells[2:4], "late"), b2.EventMonitor(cells, "late", record=False),
        b2.StateMonitor(cells, ["v", "g", "n", "free"], record=True),
        b2.StateMonitor(heard, True, record=True), b2.StateMonitor(joined, "w", record=True),
        b2.StateMonitor(back, ["u", "k"], record=True), b2.PopulationRateMonitor(cells),
    )  # fmt: skip
    net = b2.Network(cells, heard, joined, back, *monitors)
    net.run(6.25 * ms)
    cells.g = "0.1*i"
    net.run(10 * ms)
    assert min(np.sum(monitor.count) for monitor in monitors[:4]) > 3
    return records(*monitors) | {"lastspike": cells.lastspike[:]}


def test_events_beside_spikes_are_those_of_brian2():
    assert_same(events_network, ("reference", "events"), threads=2)

"""Several pathways on one object of synapses, each with delays of its own."""

import brian2 as b2
from brian2 import ms
from brian_side import Arrays, assert_same, records


def learning_network() -> Arrays:
    """Synapses that act at three times after a spike of the sender, and at two after one of the target."""
    cells = b2.NeuronGroup(
        12, "dv/dt = (1.3 + 0.05*x - v)/(4*ms) : 1\ndx/dt = -x/(2*ms) : 1\ny : 1", threshold="v > 1",
        reset="v = 0", method="euler", name="cells",
    )  # fmt: skip
    cells.v = "i/12."
    learn = b2.Synapses(
        cells[:9], cells[2:],
        """w : 1
           count : 1
           dbefore/dt = -before/(20*ms) : 1 (event-driven)
           dafter/dt = -after/(15*ms) : 1 (event-driven)""",
        on_pre={
            "pre": "x_post += w; before += 0.1; w = clip(w - after, 0, 2)",
            "early": "count += 1; y_pre += 0.01*count",
            "late": "w = clip(w*0.99 + 0.02*before, 0, 2); x_post -= 0.2*w",
        },
        on_post={
            "post": "after += 0.1; w = clip(w + before, 0, 2); y_post += w",
            "answer": "w = clip(w + 0.01*v_pre, 0, 2); y_pre += 0.1*w",
        },
        delay={"early": 0.35 * ms}, name="learn",
    )  # fmt: skip
    learn.connect("abs(i - j) != 3")
    learn.w = "0.1 + 0.05*i"
    learn.pre.delay, learn.late.delay = "rand()*ms", "0.2*ms + rand()*3*ms"
    learn.post.delay, learn.answer.delay = "0.4*ms*rand()", 1 * ms
    learn.late.order = 2
    again = b2.Synapses(cells, cells, on_pre="x_post += 0.01", on_post="y_post -= 0.01*x_pre", name="again")
    again.connect(j="(i + 1) % 12")
    again.post.delay = 0.2 * ms
    first = b2.Synapses(cells, cells, "u : 1", on_pre="u += 1", on_post="u *= 0.9", name="first")
    first.connect(j="(i + 5) % 12")
    first.post.when = "before_thresholds"
    spikes, states = b2.SpikeMonitor(cells), b2.StateMonitor(cells, True, record=True)
    weights = b2.StateMonitor(learn, ["w", "count", "before"], record=True)
    net = b2.Network(cells, learn, again, first, spikes, states, weights)
    net.run(12.1 * ms)
    learn.w = "0.9*w"
    net.run(0.8 * ms)
    net.run(15 * ms)
    assert spikes.num_spikes > 20 and learn.count[:].min() > 0
    return records(spikes, states, weights) | {
        "w": learn.w[:], "after": learn.after[:], "update": learn.lastupdate[:], "u": first.u[:],
    }  # fmt: skip


def test_pathways_of_brian2_act_with_delays_of_their_own_also_those_of_the_target():
    assert_same(learning_network, ("reference", "events"), threads=2)

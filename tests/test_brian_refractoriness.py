"""What text of Brian2 scripts reads of refractoriness and of the last spikes, wherever in a tick it runs."""

import brian2 as b2
from brian2 import ms
from brian_device_side import Arrays, assert_same, records

PLACES = (("start", -1), ("groups", 1), ("thresholds", 1), ("resets", 1), ("end", 0))


def cells(name: str, refractory: object, dt: float = 0.1) -> b2.NeuronGroup:
    """Cells whose text that runs between spike and reset, and elsewhere, sees whether they are refractory."""
    return b2.NeuronGroup(
        3,
        """dv/dt = (1.3 + 0.1*i - v)/(0.5*ms) : 1 (unless refractory)
           n : integer
           late : second
           period : second""",
        threshold="v > 1", reset="v = 0.01*n; late += 0.01*(t - lastspike)", refractory=refractory,
        method="euler", name=name, dt=dt * ms,
    )  # fmt: skip


def refractory_network() -> Arrays:
    """Cells with each kind of refractory period; code runs regularly at several places of a tick."""
    groups = [
        cells("fixed", 0.7 * ms), cells("own", "period"),
        cells("while_high", "v > 0.01 and t - lastspike < ms"), cells("slow", 0.8 * ms, dt=0.2),
    ]  # fmt: skip
    for group in groups:
        group.period = "0.3*ms + 0.25*ms*i"
        for when, order in PLACES:
            text = "n += not_refractory; v += 0.001; v *= 0.99; late += 0.001*(t - lastspike)*not_refractory"
            group.run_regularly(text, when=when, order=order, dt=(0.4 if when == "groups" else 0.2) * ms)
    fixed, own = groups[:2]
    joined = b2.Synapses(
        fixed, own, "w : 1\nu : 1\ns : second",
        on_pre="u += 0.1*not_refractory_post + not_refractory_pre; s += t - lastspike_post",
        on_post="s += t - lastspike_post + 0.1*lastspike_pre", name="joined",
    )  # fmt: skip
    joined.connect("i != j")
    joined.pre.delay = "0.1*ms*i"
    joined.run_regularly("w += not_refractory_post + 2*not_refractory_pre", dt=0.1 * ms, when="after_groups")
    monitors = [
        *(b2.StateMonitor(group, ["v", "n", "late"], record=True) for group in groups),
        b2.SpikeMonitor(fixed, variables=["lastspike", "v"]), b2.StateMonitor(joined, True, record=True),
        b2.StateMonitor(own, "lastspike", record=True, when="resets", order=-1),
    ]  # fmt: skip
    b2.Network(groups, joined, monitors).run(8 * ms)
    assert monitors[4].num_spikes > 8
    return records(*monitors)


def test_text_sees_refractoriness_and_last_spikes_as_in_brian2():
    assert_same(refractory_network, ("reference", "events"))

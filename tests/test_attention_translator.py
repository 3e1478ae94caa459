"""The translator is the formula of its paper, and blind to the end of a sentence that is too short."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import beam_search, gradient, learned, sample, with_learned
from neurosim.models.attention_translator import attention_translator
from neurosim.models.bidirectional import both_ways

N_WORDS, N_SYMBOLS, N_CELLS, TICKS = 7, 5, 4, 6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gated(numbers, name, state, heard):
    """The next state of the units `name` that hear {sender: message}."""
    into = lambda gate: sum(numbers[f"W_{gate}_{sender}_{name}"] @ x for sender, x in heard.items())  # noqa: E731
    own = lambda gate: numbers[f"U_{gate}_{name}"] @ state  # noqa: E731
    bias = lambda gate: numbers[f"{name}.b_{gate}"]  # noqa: E731
    reset = sigmoid(into("r") + own("r") + bias("r"))
    keep = sigmoid(into("z") + own("z") + bias("z"))
    new = np.tanh(into("n") + bias("n") + reset * (own("n") + bias("u")))
    return keep * state + (1 - keep) * new


def translation(numbers, words, said):
    """Scores and alignments, symbol by symbol, of a sentence without padding."""
    ahead, back = [np.zeros(N_CELLS)], [np.zeros(N_CELLS)]
    for word in words:
        ahead.append(gated(numbers, "ahead", ahead[-1], {"words": word}))
    for word in words[::-1]:
        back.append(gated(numbers, "back", back[-1], {"words_reversed": word}))
    annotations = np.stack([ahead[1:], back[:0:-1]], axis=1)  # (word, direction, cell)
    state = np.tanh(numbers["W_s"] @ back[-1])
    scores, alignments = [], []
    for symbol in said:
        looked = np.einsum("jwc,wcu->ju", annotations, numbers["U_a"])
        energy = np.tanh(state @ numbers["W_a"] + looked) @ numbers["v"]
        alignment = np.exp(energy) / np.exp(energy).sum()
        context = np.einsum("j,jwc->wc", alignment, annotations).ravel()
        state = gated(numbers, "decoder", state, {"said": symbol, "context": context})
        out = (
            numbers["decoder_to_out"] @ state
            + numbers["context_to_out"] @ context
            + numbers["said_to_out"] @ symbol
        )
        scores.append(out + numbers["out.bias"])
        alignments.append(alignment)
    return np.array(scores), np.array(alignments)


def random_translator(seed=0):
    net = attention_translator(N_WORDS, N_SYMBOLS, N_CELLS, ticks=TICKS, n_units=3)
    random = np.random.default_rng(seed)
    numbers = {name: value + 0.5 * random.normal(size=value.shape) for name, value in learned(net).items()}
    return with_learned(net, numbers), numbers, random


def sentences(random, lengths):
    words = np.eye(N_WORDS)[random.integers(0, N_WORDS, (len(lengths), TICKS))]
    words[np.arange(TICKS) >= np.array(lengths)[:, None]] = 0
    return words


@pytest.mark.parametrize("engine", ["reference", "arrays"])
def test_a_translator_is_its_formula_for_sentences_of_every_length(engine):
    if engine == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax")
    net, numbers, random = random_translator()
    lengths = [1, 2, 5, TICKS]
    words, said = sentences(random, lengths), np.eye(N_SYMBOLS)[random.integers(0, N_SYMBOLS, (4, 4))]
    inputs = both_ways(words, TICKS + 4)
    heard = np.concatenate([random.random((4, TICKS, N_SYMBOLS)), said], axis=1)  # is deaf while it reads
    run = ns.run(
        net,
        {"words": inputs["inputs"], "words_reversed": inputs["inputs_reversed"], "said": heard},
        record=["out", "alignment"],
        engine=engine,
    )
    for trial, length in enumerate(lengths):
        scores, alignments = translation(numbers, words[trial, :length], said[trial])
        np.testing.assert_allclose(run["out"][trial, TICKS:], scores, rtol=0, atol=1e-12)
        np.testing.assert_allclose(run["alignment"][trial, TICKS:, :length], alignments, rtol=0, atol=1e-12)
        assert np.all(run["alignment"][trial, TICKS:, length:] == 0)


def given(words):
    return {"words": words, "words_reversed": words[..., ::-1, :]}


def test_a_translator_writes_what_it_names_and_a_search_finds_what_is_likelier():
    net, numbers, random = random_translator(3)
    words = sentences(random, [3, 5])
    prompt = [0] * (TICKS + 1)
    written = sample(net, prompt, 3, temperature=0, trials=2, given=given(words), inputs="said")
    for trial, length in enumerate([3, 5]):
        said = [0]
        for _ in range(3):
            scores, _ = translation(numbers, words[trial, :length], np.eye(N_SYMBOLS)[said])
            said.append(int(scores[-1].argmax()))
        assert written[trial].tolist() == said[1:]

        def chance(text, length=length, trial=trial):
            said = np.eye(N_SYMBOLS)[[0, *text[:-1]]]
            scores, _ = translation(numbers, words[trial, :length], said)
            log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
            return log_p[np.arange(3), list(text)].sum()

        texts, total = beam_search(
            net, prompt, 3, beams=N_SYMBOLS**2, given=given(words[trial]), inputs="said"
        )
        best = max(np.ndindex(N_SYMBOLS, N_SYMBOLS, N_SYMBOLS), key=chance)
        assert texts[0].tolist() == list(best)
        assert total[0] == pytest.approx(chance(best), abs=1e-9)


def test_the_gradient_of_a_translator_is_that_of_finite_differences():
    pytest.importorskip("jax", reason="learning by gradient needs jax")
    net, numbers, random = random_translator(1)
    read = both_ways(sentences(random, [2, 6]), TICKS + 3)
    labels = np.full((2, TICKS + 3), -1)
    labels[:, TICKS:] = random.integers(0, N_SYMBOLS, (2, 3))
    inputs = {"words": read["inputs"], "words_reversed": read["inputs_reversed"]}
    inputs["said"] = np.eye(N_SYMBOLS)[random.integers(0, N_SYMBOLS, labels.shape)]

    def loss(net):
        out = ns.run(net, inputs, record=["out"])["out"][:, TICKS:]
        log_p = out - np.log(np.exp(out).sum(axis=-1, keepdims=True))
        return -np.take_along_axis(log_p, labels[:, TICKS:, None], axis=-1).mean()

    value, slopes = gradient(net, inputs, {"out": labels}, loss="cross_entropy")
    assert value == pytest.approx(loss(net), rel=1e-9)
    for name in numbers:
        step = np.zeros_like(numbers[name])
        step.flat[-1] = 1e-6
        up, down = (loss(with_learned(net, {**numbers, name: numbers[name] + s})) for s in (step, -step))
        assert slopes[name].flat[-1] == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-8), name


def test_a_translation_is_recorded_replayed_and_saved(tmp_path):
    net, _, _ = random_translator()
    read = both_ways(sentences(np.random.default_rng(1), [2, 4]), TICKS + 2)
    inputs = {"words": read["inputs"], "words_reversed": read["inputs_reversed"]}
    inputs["said"] = np.ones((2, TICKS + 2, N_SYMBOLS))
    with ns.run(net, inputs, record=["out"], to=tmp_path / "run.h5") as run:
        out = np.array(run["out"])
    assert ns.replay(tmp_path / "run.h5").identical
    ns.save(net, tmp_path / "net.h5")
    assert np.array_equal(ns.run(ns.load(tmp_path / "net.h5"), inputs, record=["out"])["out"], out)

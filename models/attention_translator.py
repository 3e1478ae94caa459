"""Neural machine translation: an encoder that reads both ways, and a decoder that attends to what it read.

Source: Bahdanau, Cho & Bengio 2015, Neural machine translation by jointly learning to align and translate,
ICLR, arXiv:1409.0473; decoding by beam search as in Wu et al. 2016, arXiv:1609.08144.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.bidirectional import both_ways

FAR = 1e30  # what is taken from the energy of a row without a word


def attention_translator(
    n_words: int, n_symbols: int, n_cells: int = 64, *, ticks: int, n_units: int | None = None
) -> ns.Network:
    """A network that reads a sentence in `ticks` ticks, and from tick `ticks` on writes its translation.

    `words` -> `ahead`, `words_reversed` -> `back` (gated units); at each tick of the translation `energy` ->
    `alignment` -> `context`, and `said`, `context` -> `decoder` (gated units) -> `out`, a score per symbol.

    annotation_j = (ahead_j, back_j), what both directions send when they read word j; alignment_j =
    softmax_j(v tanh(W_a decoder(t - 1) + U_a annotation_j)); context = sum_j alignment_j annotation_j.
    The decoder begins as tanh(W_s back), where back has read the entire sentence. All weights and biases
    learn.

    The words are one-hot, one a tick, and `words_reversed` are the same from last to first: `both_ways`
    of the model `bidirectional` makes both. Sentences have different lengths: ticks without a word hold
    zeros, and the network is blind to them. `said`, one-hot, is the symbol before: at first an end mark, then
    the right symbol (while the network learns) or the one that the network named a tick ago:
    `learn.sample` and `learn.beam_search` do so, with the sentence as `given`.

    Arguments:
        n_words: the number of different words.
        n_symbols: the number of different symbols of the translation, one of which marks its end.
        n_cells: the number of units of each direction, and of the decoder.
        ticks: the largest number of words in a sentence.
        n_units: the number of units by which the energy of a word is found; default: n_cells.

    >>> net = attention_translator(9, 5, 8, ticks=6)
    >>> net["alignment"].shape, net["context"].shape
    ((6,), (2, 8))
    """
    n_units = n_units or n_cells
    said = ns.Neurons("said", n_symbols)
    context = ns.Neurons("context", (2, n_cells), update="y = I")
    start = "h = where(t < begin, tanh(summary), h)"
    decoder, synapses = _gated("decoder", n_cells, [said, context], "summary", start, begin=ticks)
    annotation, is_word, encoder = _encoder(n_words, n_cells, ticks, decoder)
    energy = ns.Neurons("energy", (ticks, n_units), update="y = tanh(I)")
    text = "a = softmax(I - far*(1 - seen))"
    alignment = ns.Neurons("alignment", ticks, ports="I seen", update=text, far=FAR)
    out = cells.unit("out", n_symbols, "linear", bias=np.zeros(n_symbols), learns="bias")
    gather = ns.einsum("word way cell, word -> way cell")
    synapses += [
        *encoder,
        _learned(decoder, energy, "cell, cell unit -> word unit", name="W_a", delay=1),
        _learned(annotation, energy, "word way cell, way cell unit -> word unit", name="U_a"),
        _learned(energy, alignment, "word unit, unit -> word", to="I", name="v", weight=ns.normal(0, 0.1)),
        ns.Synapses(is_word, alignment, to="seen", wiring=ns.one_to_one()),
        ns.Synapses(annotation, context, weight=alignment, wiring=gather),
        *(_learned(source, out) for source in (decoder, context, said)),
    ]
    return ns.Network(synapses, schedule=ns.Layered())


def _encoder(n_words: int, n_cells: int, ticks: int, decoder: ns.Neurons) -> tuple[Any, ...]:
    """`annotation`, what the units of both directions send at each word; `is_word`; and the synapses."""
    step, cell = np.arange(ticks, dtype=float), np.zeros(n_cells)
    place = np.stack([step, step[::-1]], axis=1)[:, :, None] + cell  # the tick of each annotation
    way = 0.0 * place + [[0.0], [1.0]]
    annotation = ns.Neurons(
        "annotation", (ticks, 2, n_cells), ports="ahead back", place=place, way=way,
        update="M = where(t == place, where(way > 0, back, ahead), M)",
    )  # fmt: skip
    text = "M = where(t == step, present, M)"
    is_word = ns.Neurons("is_word", ticks, ports="present", update=text, step=step)
    copy, synapses = ns.einsum("cell, cell -> word way cell"), []
    for name, source in (("ahead", "words"), ("back", "words_reversed")):
        words = ns.Neurons(source, n_words)
        units, own = _gated(name, n_cells, [words], "present", "h = present*h")  # at rest without a word
        synapses += [*own, ns.Synapses(words, units, to="present")]
        synapses.append(ns.Synapses(units, annotation, to=name, weight=np.ones(n_cells), wiring=copy))
        if name == "ahead":
            synapses.append(ns.Synapses(words, is_word, to="present"))
        else:
            synapses.append(_learned(units, decoder, to="summary", name="W_s"))
    return annotation, is_word, synapses


def _gated(
    name: str, size: int, sources: list[ns.Neurons], port: str, text: str, **constants: Any
) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """Gated recurrent units that hear `sources`, with one more port and line of text; and their synapses."""
    biases = {bias: np.zeros(size) for bias in ("b_r", "b_z", "b_n", "b_u")}
    text = f"{cells.gru(name, size).update}\n{text}"
    units = cells.gru(
        name, size, ports=f"r z n u {port}", update=text, learns=tuple(biases), **biases, **constants
    )
    synapses = [
        _learned(pre, units, to=gate, name=f"W_{gate}_{pre.name}_{name}") for pre in sources for gate in "rzn"
    ]
    for gate, letter in zip("rzu", "rzn", strict=True):
        synapses.append(_learned(units, units, to=gate, delay=1, name=f"U_{letter}_{name}"))
    return units, synapses


def _learned(pre: ns.Neurons, post: ns.Neurons, letters: str = "", **options: Any) -> ns.Synapses:
    """Weights that learn, along all pairs or the axes of `letters`."""
    wiring = ns.einsum(letters) if letters else ns.all_to_all()
    return ns.Synapses(pre, post, wiring=wiring, learns=True, **{"weight": ns.glorot(), **options})


def example() -> dict[str, Any]:
    """An untrained network reads a sentence of three words and one of five, and then hears five symbols."""
    random = np.random.default_rng(0)
    words, said = np.eye(9)[random.integers(0, 9, (2, 5))], np.zeros((2, 10, 4))
    words[0, 3:] = 0.0
    said[:, 5:] = np.eye(4)[random.integers(0, 4, (2, 5))]
    read = both_ways(words, 10)
    inputs = {"words": read["inputs"], "words_reversed": read["inputs_reversed"], "said": said}
    net = attention_translator(9, 4, 6, ticks=5)
    return {"net": net, "inputs": inputs, "record": ["annotation", "alignment", "decoder", "out"], "seed": 1}

"""An encoder and a decoder: one recurrent layer reads a sequence, a second one, which begins where the first ended, says another.

Source: Cho et al. 2014, EMNLP, doi:10.3115/v1/D14-1179 (arXiv:1406.1078); Sutskever, Vinyals & Le 2014, NeurIPS, arXiv:1409.3215.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models import gru


def encoder_decoder(n_inputs: int, n_cells: int, n_outputs: int, *, ticks: int) -> ns.Network:
    """`inputs` -> `encoder` (gated units) -> `decoder` (gated units) -> `out`, the scores of the next token; `said` -> `decoder`.

    For `ticks` ticks the inputs are read, and the decoder is what the encoder is; then it goes on alone from there and says a token a tick.
    `said`, one-hot, is the token that had the largest score a tick ago, none at first. Clamp it with the right tokens to teach the
    network, each a tick after `out` is to name it; leave it alone, NaN, to let the network speak. All weights and biases learn.
    """
    inputs = ns.Neurons("inputs", n_inputs)
    encoder, reads = gru.layer(inputs, "encoder", n_cells, "_encoder")
    biases = {bias: np.zeros(n_cells) for bias in ("b_r", "b_z", "b_n", "b_u")}
    own = cells.gru("decoder", n_cells).update
    decoder = cells.gru(
        "decoder",
        n_cells,
        ports="r z n u summary",
        update=f"{own}\nh = where(t < begin, summary, h)",
        begin=ticks,
        learns=tuple(biases),
        **biases,
    )
    said = ns.Neurons(
        "said", n_outputs, update="s = where(t > begin, where(i == argmax(I), 1, 0), 0)", begin=ticks
    )
    out = cells.unit("out", n_outputs, "linear", bias=np.zeros(n_outputs), learns="bias")
    synapses = [*reads, ns.Synapses(encoder, decoder, to="summary", wiring=ns.one_to_one())]
    synapses += [
        ns.Synapses(said, decoder, to=port, weight=ns.glorot(), learns=True, name=f"W_{port}_decoder")
        for port in "rzn"
    ]
    for port, letter in (("r", "r"), ("z", "z"), ("u", "n")):
        synapses.append(
            ns.Synapses(
                decoder,
                decoder,
                to=port,
                weight=ns.glorot(),
                delay=1,
                learns=True,
                name=f"U_{letter}_decoder",
            )
        )
    synapses.append(ns.Synapses(decoder, out, weight=ns.glorot(), learns=True))
    synapses.append(ns.Synapses(out, said, wiring=ns.one_to_one(), delay=1))
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """An untrained net hears five tokens, then says eight."""
    tokens = np.zeros((13, 4))
    tokens[np.arange(5), [2, 0, 1, 3, 3]] = 1.0
    return {
        "net": encoder_decoder(4, 10, 4, ticks=5),
        "inputs": {"inputs": tokens},
        "record": ["encoder", "decoder", "said", "out"],
        "seed": 1,
    }

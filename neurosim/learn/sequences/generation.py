"""Networks that write: they hear tokens, one-hot and one a tick, and send how likely each token is to come next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import log_softmax

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.learn.sequences.echo_state import End
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Synapses
from neurosim.network.values import choice, flag, plain_number, whole
from neurosim.network.wiring import one_to_one
from neurosim.run import run

CHOOSE = ("draw", "best", "value")


def closed_loop(
    net: Network,
    choose: str = "draw",
    *,
    temperature: float = 1.0,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
) -> Network:
    """The same network hearing itself: `inputs` is no longer driven, but sends what `outputs` chose a tick ago.

    An array given to `inputs` is then a clamp: its numbers are what is heard (a prompt, the series so far, teacher forcing), and where
    it is NaN the network is on its own.

    Arguments:
        net: a network with a driven population `inputs` of the shape of `outputs`.
        choose: 'draw': one token, one-hot, with probability softmax(scores/temperature) along the last axis; 'best': the token of the
            largest score; 'value': the numbers themselves, for networks that forecast.
        temperature: above 0; the lower, the more often the best token is drawn.
        scores: whether `outputs` sends scores (logits); False: probabilities, p ** (1/temperature) normalised.

    Raises DescriptionError for populations that there are not, that do not fit, or that are not driven.

    >>> import neurosim as ns
    >>> double = ns.Network(ns.Synapses(ns.Neurons("inputs", 1), ns.cells.unit("out", 1, "linear"), weight=2.0), schedule=ns.Layered())
    >>> ns.run(closed_loop(double, "value"), {"inputs": [[1.0], [np.nan], [np.nan]]}, record=["out"])["out"].ravel().tolist()
    [2.0, 4.0, 8.0]
    """
    choice(choose, CHOOSE, "closed_loop: choose")
    _check(net, inputs, outputs, "closed_loop")
    if choose == "value":
        return _joined(net, inputs, outputs, update="y = I")
    if choose == "best":
        return _joined(net, inputs, outputs, update="s = where(i == argmax(I), 1, 0)")
    temperature = plain_number(
        temperature,
        "closed_loop: temperature",
        "Give a number above 0, such as 0.7, or choose='best'.",
        low=1e-6,
    )
    score = "I" if flag(scores, "closed_loop: scores") else "log(maximum(I, 1e-30))"
    return _joined(
        net, inputs, outputs, update=f"s = choice(softmax({score}/temperature))", temperature=temperature
    )


def sample(
    net: Network,
    prompt: Any,
    steps: int,
    *,
    temperature: float = 1.0,
    window: int | None = None,
    trials: int = 1,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
    seed: int = 0,
    engine: str = "auto",
) -> np.ndarray:
    """Tokens that a network writes after a prompt, each drawn by the chances that it gives to the next one.

    Arguments:
        net: hears tokens in the driven population `inputs` (one-hot) and sends in `outputs`, of the same shape, what it takes the next one for.
        prompt: whole numbers (token,), or (trial, token) for several, at least one token.
        steps: how many tokens are written.
        temperature: 0 always takes the likeliest token, 1 draws by the network's own chances.
        window: for networks that know only so much past: each next token is read off a run from rest over the last `window` tokens.
            Default: the network runs on, and remembers what it can.
        trials: how many texts are written after one prompt.
        scores: whether `outputs` sends scores (logits); False: probabilities.
        seed, engine: as in `ns.run`.

    Returns the written tokens, (trial, step). Raises DescriptionError for what does not fit.
    """
    size = _check(net, inputs, outputs, "sample")
    said = _tokens(prompt, size, "sample")
    said = np.repeat(said, whole(trials, "sample: trials", least=1), axis=0) if len(said) == 1 else said
    steps = whole(steps, "sample: steps", least=1)
    temperature = plain_number(
        temperature, "sample: temperature", "Give a number of 0 or more, such as 0.7.", low=0
    )
    if window is None:
        loop = closed_loop(
            net,
            "draw" if temperature else "best",
            temperature=temperature or 1.0,
            scores=scores,
            inputs=inputs,
            outputs=outputs,
        )
        heard = np.concatenate([np.eye(size)[said], np.full((len(said), steps, size), np.nan)], axis=1)
        found = run(loop, {inputs: heard}, record=[inputs], seed=seed, engine=engine, progress=False)[inputs]
        return np.asarray(found)[:, said.shape[1] :].argmax(axis=2)
    window, random, first = (
        whole(window, "sample: window", least=1),
        np.random.default_rng(seed),
        said.shape[1],
    )
    for _ in range(steps):
        last = run(
            net,
            {inputs: np.eye(size)[said[:, -window:]]},
            record=[outputs],
            seed=seed,
            engine=engine,
            progress=False,
        )
        chances = _log_chances(last[outputs][:, -1], scores)
        if temperature:
            chances = chances / temperature + random.gumbel(
                size=chances.shape
            )  # the largest of these is a fair draw
        said = np.column_stack([said, chances.argmax(axis=1)])
    return said[:, first:]


def beam_search(
    net: Network,
    prompt: Any,
    steps: int,
    *,
    beams: int = 5,
    end: int | None = None,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
    seed: int = 0,
    engine: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest texts that a search along `beams` branches finds after a prompt.

    Each step lengthens every text on a beam by every token, and keeps the `beams` likeliest of all these. With as many beams as there are
    texts it finds the best one; with 1 it is greedy.

    Arguments:
        net, scores, inputs, outputs, seed, engine: as in `sample`; nothing in the network spikes.
        prompt: whole numbers (token,), at least one.
        steps: how many tokens are written.
        end: a token after which a text is complete: nothing but `end` follows, at no cost.

    Returns the texts, (beam, step), the likeliest first, and the logarithm of each one's probability, (beam,).

    Raises DescriptionError for what does not fit.
    """
    size = _check(net, inputs, outputs, "beam_search")
    if spiking := [name for name, population in net.populations.items() if population.spiking]:
        raise DescriptionError(
            f"beam_search: {spiking[0]!r} spikes, and spikes in flight cannot change places. Use sample()."
        )
    steps, beams = whole(steps, "beam_search: steps", least=1), whole(beams, "beam_search: beams", least=1)
    end = None if end is None else whole(end, "beam_search: end", most=size - 1)
    said = _tokens(prompt, size, "beam_search")
    if len(said) != 1:
        raise DescriptionError(f"beam_search: prompt has {len(said)} trials. Give one prompt at a time.")
    where: dict[str, Any] = {"record": [outputs], "seed": seed, "engine": engine, "progress": False}
    last = run(net, {inputs: np.eye(size)[said]}, **where)
    texts, total = np.zeros((1, 0), np.int64), np.zeros(1)
    for step in range(steps):
        chances = _log_chances(last[outputs][:, -1], scores)
        if end is not None and step:
            chances[texts[:, -1] == end] = np.where(np.arange(size) == end, 0.0, -np.inf)
        all_totals = (total[:, None] + chances).ravel()
        best = np.argsort(-all_totals, kind="stable")[: min(beams, int(np.isfinite(all_totals).sum()))]
        parent, token = np.divmod(best, size)
        texts, total = np.column_stack([texts[parent], token]), all_totals[best]
        if step + 1 < steps:
            last = run(
                net,
                {inputs: np.eye(size)[token][:, None]},
                start=End(net, _reordered(last.final, parent), seed=seed),
                **where,
            )
    return texts, total


def _check(net: Any, inputs: str, outputs: str, where: str) -> int:
    """The number of tokens of a network that hears and sends them."""
    if not isinstance(net, Network):
        raise DescriptionError(
            f"{where}: net {shown(net)} is not a Network. Give one that hears tokens and sends the next ones' scores."
        )
    for name in (inputs, outputs):
        if name not in net.populations:
            raise DescriptionError(
                f"{where}: the network has no population {shown(name)}. {nearest(name, net.populations)}"
            )
    heard, sent = net.populations[inputs], net.populations[outputs]
    if not heard.driven:
        raise DescriptionError(
            f"{where}: {inputs!r} is not driven, so its loop is closed already. Run the network, or name a driven population."
        )
    if heard.shape != sent.shape:
        raise DescriptionError(
            f"{where}: {inputs!r} has shape {heard.shape} and {outputs!r} {sent.shape}. Give them the same."
        )
    return heard.shape[-1]


def _tokens(prompt: Any, size: int, where: str) -> np.ndarray:
    """A prompt as (trial, token)."""
    said = np.asarray(prompt)
    if (
        said.ndim not in (1, 2)
        or not said.size
        or said.dtype.kind not in "iu"
        or said.min() < 0
        or said.max() >= size
    ):
        raise DescriptionError(
            f"{where}: prompt {shown(prompt)} is not a row of tokens. Give whole numbers from 0 to {size - 1}, at least one, or (trial, token)."
        )
    return np.atleast_2d(said).astype(np.int64)


def _joined(net: Network, inputs: str, outputs: str, **text: Any) -> Network:
    """The network with this text in its driven population, which hears `outputs` a tick later."""
    closed = rebuilt(net, {inputs: text})
    back = Synapses(closed[outputs], closed[inputs], wiring=one_to_one(), delay=1, name=f"{outputs}_heard")
    return Network(*closed.populations.values(), *closed.synapses.values(), back, schedule=net.schedule)


def _log_chances(sent: Any, scores: bool) -> np.ndarray:
    """The logarithm of each token's probability, (trial, token)."""
    values = np.asarray(sent, dtype=np.float64)
    return log_softmax(values if scores else np.log(np.maximum(values, 1e-30)), axis=-1)


def _reordered(final: Mapping[str, np.ndarray], parent: np.ndarray) -> dict[str, np.ndarray]:
    """An end state with its trials in another order, some of them several times."""
    return {
        key: value if key == "tick" or key.startswith("queue/") else np.asarray(value)[parent]
        for key, value in final.items()
    }

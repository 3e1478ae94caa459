"""Generating sequences of tokens with a network that reads tokens and sends the next one's scores."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.learn.sequences.run_end import RunEnd
from neurosim.network.network import Network
from neurosim.network.rebuild import rebuilt
from neurosim.network.synapses import Synapses
from neurosim.network.values import choice, flag, plain_number, whole
from neurosim.network.wiring import one_to_one
from neurosim.run import run

CHOOSE = ("draw", "best", "value")
Tokens = NDArray[np.int64]
Floats = NDArray[np.float64]
Given = Mapping[str, ArrayLike]


def closed_loop(
    net: Network,
    choose: str = "draw",
    *,
    temperature: float = 1.0,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
) -> Network:
    """The same network, fed its own output: `inputs` sends what `outputs` chose a tick ago.

    An array that is given to `inputs` in a run then forces what it sends (a prompt, the series so far,
    teacher forcing). Where the array is NaN, the network is on its own.

    Arguments:
        net: a network with a driven population `inputs` of the shape of `outputs`.
        choose: 'draw': one token, one-hot, with probability softmax(scores/temperature)
            along the last axis; 'best': the token with the largest score; 'value': the
            numbers themselves, for networks that forecast.
        temperature: of 'draw', above 0; the lower, the more often the best token is drawn.
        scores: whether `outputs` sends scores (logits). If False, it sends probabilities p, and tokens are
            drawn by p^(1/temperature), normalised.
        inputs: name of the driven population.
        outputs: name of the population whose output is fed back.

    Returns the network with one more group of synapses, from `outputs` to `inputs`, with a delay of a tick.

    Raises DescriptionError if there are no such populations, if
    their shapes differ, or if `inputs` is not driven.

    >>> import neurosim as ns
    >>> out = ns.cells.unit("out", 1, "linear")
    >>> double = ns.Network(ns.Synapses(ns.Neurons("inputs", 1), out, weight=2.0), schedule=ns.Layered())
    >>> first = {"inputs": [[1.0], [np.nan], [np.nan]]}
    >>> ns.run(closed_loop(double, "value"), first, record=["out"])["out"].ravel().tolist()
    [2.0, 4.0, 8.0]
    """
    choice(choose, CHOOSE, "closed_loop: choose")
    _check_populations(net, inputs, outputs, "closed_loop")
    if choose == "value":
        return _fed_back(net, inputs, outputs, update="y = I")
    if choose == "best":
        return _fed_back(net, inputs, outputs, update="s = where(i == argmax(I), 1, 0)")
    remedy = "Give a number above 0, such as 0.7, or choose='best'."
    temperature = plain_number(temperature, "closed_loop: temperature", remedy, low=1e-6)
    score = "I" if flag(scores, "closed_loop: scores") else "log(maximum(I, 1e-30))"
    text = f"s = choice(softmax({score}/temperature))"
    return _fed_back(net, inputs, outputs, update=text, temperature=temperature)


def sample(
    net: Network,
    prompt: ArrayLike,
    steps: int,
    *,
    temperature: float = 1.0,
    window: int | None = None,
    trials: int = 1,
    given: Given | None = None,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
    seed: int = 0,
    engine: str = "auto",
) -> Tokens:
    """Tokens that a network generates after a prompt, drawn by the probabilities that it sends.

    Arguments:
        net: a network whose driven population `inputs` reads tokens, one-hot, and whose population `outputs`,
            of the same shape, sends a score or probability for each next token.
        prompt: tokens as whole numbers, shape (token,), or (trial,
            token) for several prompts; at least one token.
        steps: number of tokens to generate.
        temperature: 0 takes the most probable token; above 0 tokens are drawn by p^(1/temperature), so that 1
            draws by the network's own probabilities.
        window: each token is read off a new run from rest over the last `window` tokens, for networks that
            read a limited context. None: the network runs on, with what it remembers.
        trials: number of texts to generate after one prompt.
        given: what drives other populations, such as a sentence to translate: {population: array (tick,
            *shape), or (trial, tick, *shape)}, from the first tick of the prompt on, and 0 after its end. Not
            with a window.
        scores: whether `outputs` sends scores (logits); if False, probabilities.
        inputs: name of the driven population.
        outputs: name of the population that sends scores or probabilities.
        seed: of all draws.
        engine: as in `ns.run`.

    Returns the tokens that follow the prompt, shape (trial, step).

    Raises DescriptionError for a network, a prompt or numbers that do not fit.
    """
    size = _check_populations(net, inputs, outputs, "sample")
    tokens = _read_prompt(prompt, size, "sample")
    trials = whole(trials, "sample: trials", least=1)
    tokens = np.repeat(tokens, trials, axis=0) if len(tokens) == 1 else tokens
    steps = whole(steps, "sample: steps", least=1)
    remedy = "Give a number of 0 or more, such as 0.7."
    temperature = plain_number(temperature, "sample: temperature", remedy, low=0)
    first = tokens.shape[1]
    if window is not None and given:
        raise DescriptionError("sample: given and window do not go together. Leave one of them out.")
    if window is None:
        choose = "draw" if temperature else "best"
        ends = dict(inputs=inputs, outputs=outputs)
        loop = closed_loop(net, choose, temperature=temperature or 1.0, scores=scores, **ends)
        unknown = np.full((len(tokens), steps, size), np.nan)  # NaN does not force what `inputs` sends
        forced = np.concatenate([np.eye(size)[tokens], unknown], axis=1)
        driven = {inputs: forced, **_read_given(net, given, len(tokens), first + steps, "sample")}
        recording = run(loop, driven, record=[inputs], seed=seed, engine=engine, progress=False)
        return np.asarray(recording[inputs])[:, first:].argmax(axis=2)
    window, random = whole(window, "sample: window", least=1), np.random.default_rng(seed)
    for _ in range(steps):
        context = {inputs: np.eye(size)[tokens[:, -window:]]}
        recording = run(net, context, record=[outputs], seed=seed, engine=engine, progress=False)
        log_p = _log_probabilities(recording[outputs][:, -1], scores)
        if temperature:
            # The largest of these is a token drawn by p^(1/temperature) (the Gumbel-max trick).
            log_p = log_p / temperature + random.gumbel(size=log_p.shape)
        tokens = np.column_stack([tokens, log_p.argmax(axis=1)])
    return tokens[:, first:]


def beam_search(
    net: Network,
    prompt: ArrayLike,
    steps: int,
    *,
    beams: int = 5,
    end: int | None = None,
    given: Given | None = None,
    scores: bool = True,
    inputs: str = "inputs",
    outputs: str = "out",
    seed: int = 0,
    engine: str = "auto",
) -> tuple[Tokens, Floats]:
    """The most probable texts that a beam search finds after a prompt.

    Each step lengthens every text on a beam by every token, and keeps the `beams` most
    probable of all these. With as many beams as there are texts, it finds the most
    probable one; with one beam, it is a greedy search.

    Arguments:
        net: a network whose driven population `inputs` reads tokens, one-hot, and whose population `outputs`,
            of the same shape, sends a score or probability for each next token. No population spikes.
        prompt: tokens as whole numbers, shape (token,), at least one.
        steps: number of tokens to generate.
        beams: number of texts that are kept.
        end: a token that completes a text: only `end` follows it, with probability 1. None: no token does.
        given: what drives other populations, such as a sentence to translate: {population: array (tick,
            *shape)}, from the first tick of the prompt on, and 0 after its end.
        scores: whether `outputs` sends scores (logits); if False, probabilities.
        inputs: name of the driven population.
        outputs: name of the population that sends scores or probabilities.
        seed: of the network's random numbers.
        engine: as in `ns.run`.

    Returns the texts, shape (beam, step), the most probable first,
    and the log probability of each, shape (beam,).

    Raises DescriptionError for a network, a prompt or numbers that do not fit.
    """
    size = _check_populations(net, inputs, outputs, "beam_search")
    if spiking := [name for name, population in net.populations.items() if population.spiking]:
        raise DescriptionError(
            f"beam_search: {spiking[0]!r} spikes, and spikes in flight cannot change places. Use sample()."
        )
    steps, beams = whole(steps, "beam_search: steps", least=1), whole(beams, "beam_search: beams", least=1)
    end = None if end is None else whole(end, "beam_search: end", most=size - 1)
    tokens = _read_prompt(prompt, size, "beam_search")
    if len(tokens) != 1:
        raise DescriptionError(f"beam_search: prompt has {len(tokens)} trials. Give one prompt at a time.")
    run_on = partial(run, net, record=[outputs], seed=seed, engine=engine, progress=False)
    first = tokens.shape[1]
    others = _read_given(net, given, 1, first + steps, "beam_search")
    recording = run_on({inputs: np.eye(size)[tokens]} | {name: x[:, :first] for name, x in others.items()})
    texts, totals = np.zeros((1, 0), np.int64), np.zeros(1)
    for step in range(steps):
        log_p = _log_probabilities(recording[outputs][:, -1], scores)
        if end is not None and step:
            log_p[texts[:, -1] == end] = np.where(np.arange(size) == end, 0.0, -np.inf)
        candidates = (totals[:, None] + log_p).ravel()
        possible = int(np.isfinite(candidates).sum())
        best = np.argsort(-candidates, kind="stable")[: min(beams, possible)]
        parent, token = np.divmod(best, size)
        texts, totals = np.column_stack([texts[parent], token]), candidates[best]
        if step + 1 < steps:
            start = RunEnd(net, _trials_of(recording.final, parent), seed=seed)
            now = {name: x[:, first + step, None].repeat(len(token), axis=0) for name, x in others.items()}
            recording = run_on({inputs: np.eye(size)[token][:, None], **now}, start=start)
    return texts, totals


def _check_populations(net: Network, inputs: str, outputs: str, label: str) -> int:
    """The number of tokens of a network; raises DescriptionError if it cannot be fed its own output."""
    if not isinstance(net, Network):
        raise DescriptionError(
            f"{label}: net {shown(net)} is not a Network."
            " Give one that reads tokens and sends the scores of the next."
        )
    for name in (inputs, outputs):
        if name not in net.populations:
            raise DescriptionError(
                f"{label}: the network has no population {shown(name)}. {nearest(name, net.populations)}"
            )
    reading, sending = net.populations[inputs], net.populations[outputs]
    if not reading.driven:
        raise DescriptionError(
            f"{label}: {inputs!r} is not driven, so its loop is closed already."
            " Run the network, or name a driven population."
        )
    if reading.shape != sending.shape:
        raise DescriptionError(
            f"{label}: {inputs!r} has shape {reading.shape} and {outputs!r} {sending.shape}."
            " Give them the same."
        )
    return reading.shape[-1]


def _read_prompt(prompt: ArrayLike, size: int, label: str) -> Tokens:
    """A prompt as (trial, token)."""
    tokens = np.asarray(prompt)
    is_tokens = tokens.ndim in (1, 2) and tokens.size > 0 and tokens.dtype.kind in "iu"
    if not is_tokens or tokens.min() < 0 or tokens.max() >= size:
        raise DescriptionError(
            f"{label}: prompt {shown(prompt)} is not a row of tokens."
            f" Give whole numbers from 0 to {size - 1}, at least one, or (trial, token)."
        )
    return np.atleast_2d(tokens).astype(np.int64)


def _read_given(net: Network, given: Given | None, trials: int, ticks: int, label: str) -> dict[str, Floats]:
    """What drives other populations, each as (trial, tick, *shape), with zeros after its end."""
    read = {}
    for name, values in (given or {}).items():
        if name not in net.populations:
            raise DescriptionError(
                f"{label}: given: the network has no population {shown(name)}."
                f" {nearest(name, net.populations)}"
            )
        shape = net.populations[name].shape
        array = np.asarray(values, dtype=np.float64)
        array = array[None] if array.ndim == len(shape) + 1 else array
        if array.shape[2:] != shape or array.ndim < 2 or len(array) not in (1, trials):
            raise DescriptionError(
                f"{label}: given {name!r} has shape {np.shape(values)}, its population {shape}."
                f" Give {trials} trials of it, or one, in the shape (trial, tick, *shape)."
            )
        read[name] = np.zeros((trials, ticks, *shape))
        read[name][:, : array.shape[1]] = array[:, :ticks]
    return read


def _fed_back(net: Network, inputs: str, outputs: str, **text: Any) -> Network:
    """The network whose population `inputs` has this text and receives what `outputs` sends a tick later."""
    closed = rebuilt(net, {inputs: text})
    back = Synapses(closed[outputs], closed[inputs], wiring=one_to_one(), delay=1, name=f"{outputs}_heard")
    return Network(*closed.populations.values(), *closed.synapses.values(), back, schedule=net.schedule)


def _log_probabilities(sent: ArrayLike, scores: bool) -> Floats:
    """The log probability of each token, shape (trial, token), from what `outputs` sent."""
    values = np.asarray(sent, dtype=np.float64)
    return np.asarray(log_softmax(values if scores else np.log(np.maximum(values, 1e-30)), axis=-1))


def _trials_of(final: Mapping[str, NDArray[Any]], trials: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """The final state of a run with these of its trials, some of which may occur several times."""
    shared = {key for key in final if key == "tick" or key.startswith("queue/")}
    return {key: value if key in shared else value[trials] for key, value in final.items()}

"""Noisy copies of spike templates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.values import plain_number, whole
from neurosim.recording.spikes import Spikes


class Templates(NamedTuple):
    """Noisy copies of spike templates.

    spikes: their spikes.
    labels: which template each segment contains, shape (trial, segment).
    """

    spikes: Spikes
    labels: np.ndarray


def spike_templates(
    trials: int,
    ticks: int,
    *,
    segments: int = 4,
    templates: int = 2,
    inputs: int = 1,
    count: float = 20.0,
    jitter: float = 0.0,
    seed: int = 0,
) -> Templates:
    """Spike trains made of segments, each a noisy copy of one of a few fixed Poisson trains.

    The task is to name the templates. Every segment has `templates` trains of its own. A trial puts one of
    them, drawn at random, into each segment and moves each spike by a random number of ticks. At the end of a
    trial the last input contains no information about the earlier segments: naming their templates takes
    memory. `segments=1` is the simple task of telling two trains apart.

    Arguments:
        trials: number of trials.
        ticks: length of a trial, in ticks; a multiple of `segments`.
        segments: number of segments.
        templates: number of templates for each segment.
        inputs: number of neurons.
        count: mean number of spikes of each neuron in a trial.
        jitter: standard deviation by which spikes are moved, in ticks. Spikes that leave the trial, or meet
            another spike of the same neuron, are left out.
        seed: the templates follow from the seed alone, choice and jitter from the seed and `trials`.

    The paper has 10,000 ticks of 0.1 ms, 4 segments, 1 input of 20 spikes per second, and a jitter of 40
    ticks.

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, doi:10.1162/089976602760407955.

    >>> spike_templates(5, 1000, segments=4).labels.shape
    (5, 4)
    """
    label = "spike_templates"
    trials, ticks = whole(trials, f"{label}: trials", least=1), whole(ticks, f"{label}: ticks", least=1)
    segments = whole(segments, f"{label}: segments", least=1)
    templates = whole(templates, f"{label}: templates", least=1)
    inputs, seed = whole(inputs, f"{label}: inputs", least=1), whole(seed, f"{label}: seed")
    if ticks % segments:
        raise DescriptionError(
            f"{label}: {ticks} ticks cannot be split into {segments} equal segments. "
            f"Give a multiple of {segments}."
        )
    remedy = "Give the mean number of spikes of an input in a trial, 0 or more."
    count = plain_number(count, f"{label}: count", remedy, low=0)
    jitter = plain_number(jitter, f"{label}: jitter", "Give a standard deviation in ticks, 0 or more.", low=0)
    random, length = np.random.default_rng([seed, 0]), ticks // segments
    spikes = random.poisson(count / segments, (segments, templates, inputs))
    # Of each spike of each template: its segment, template, neuron and time.
    index = np.repeat(np.arange(spikes.size), spikes.ravel())
    segment, template, neuron = np.unravel_index(index, spikes.shape)
    time = segment * length + random.uniform(0, length, index.size)
    random = np.random.default_rng([seed, 1])
    labels = random.integers(0, templates, (trials, segments))
    trial, spike = np.nonzero(labels[:, segment] == template)
    tick = np.floor(time[spike] + jitter * random.standard_normal(spike.size)).astype(np.int64)
    inside = (tick >= 0) & (tick < ticks)
    # One number for each (trial, tick, neuron): sorted and without repetitions they are the spikes in order.
    flat = np.unique((trial[inside] * ticks + tick[inside]) * inputs + neuron[spike[inside]])
    return Templates(Spikes(flat // (ticks * inputs), flat // inputs % ticks, flat % inputs), labels)

"""From sound to spikes: a bank of gammatone filters, as the inner ear has, whose channels spike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.values import PLAIN, TIME, as_value, plain_number, whole
from neurosim.recording.spikes import Spikes

HERTZ = tuple(-power for power in TIME)
CODES = ("regular", "poisson")
FLOOR = 1e-3  # of the loudest: what is 60 dB below it is silence


def cochlea(
    sounds: Any, rate: Any, *, dt: Any, channels: int = 32, low: Any = 100.0, high: Any = None, most: Any = 300.0, compression: float = 0.3,
    loudest: float | None = None, code: str = "regular", seed: int = 0,
) -> Spikes:  # fmt: skip
    """The spikes of a cochlea that hears these sounds: trial = sound, neuron = channel, from low to high frequencies.

    Each channel is a gammatone filter of fourth order, g(t) = t^3 exp(-2 pi 1.019 ERB(f) t) cos(2 pi f t), of gain 1 at its frequency f; its
    output y is rectified and compressed, and becomes a rate of spikes,

        most (max(y, 0)/loudest)^compression, or 0 where that is 60 dB below the loudest.

    'regular' spikes come whenever the integral of the rate has grown by 1; 'poisson' ones at random, from `seed`. Either follow the
    single waves of low tones.

    Arguments:
        sounds: samples of one sound, (sample,), or of several, a list of such, which may differ in length. Integers are fine.
        rate: samples per second, a number or in Hz.
        dt: length of a tick, that of the network's `Clock`, such as 0.1*ms; a spike is at the tick that holds its sample.
        channels, low, high: how many, with frequencies between `low` and `high` (Hz; default: 0.4 `rate`), equally spaced on
            the scale of equivalent rectangular bandwidths (see `centre_frequencies`).
        most: spikes per second at the loudest moment; `compression`, from above 0 to 1 (1: none).
        loudest: the amplitude, after the filters, that counts as loudest; default: that of each sound, so that how loud
            a recording is does not matter.

    A silent sound sends no spike: give `run` the number of `trials` where the last may be one.

    Raises DescriptionError for sounds that are empty, not finite or not real, frequencies that are not between 0 and half the
    rate, and more spikes than one a tick.

    Source: Patterson et al. 1992, Complex sounds and auditory images, doi:10.1016/B978-0-08-041847-6.50054-X; Glasberg & Moore 1990, Hearing
    Research 47, 103, doi:10.1016/0378-5955(90)90170-T; filters by `scipy.signal.gammatone`.
    """
    if code not in CODES:
        raise DescriptionError(f"cochlea: code {code!r} is not known. {nearest(code, CODES)}")
    fs, step = _frequency(rate, "rate"), _tick(dt)
    top = 0.4 * fs if high is None else _frequency(high, "high")
    if top >= fs / 2:
        raise DescriptionError(
            f"cochlea: high {top:g} Hz is not below half the rate, {fs / 2:g} Hz, above which samples hold no sound. Give less."
        )
    frequencies = centre_frequencies(channels, low, top)
    most = _frequency(most, "most")
    fastest = min(1 / step, fs)
    if most > fastest:
        raise DescriptionError(
            f"cochlea: {most:g} spikes per second are more than one in a tick or sample. Give most={fastest:g} or less."
        )
    power = plain_number(
        compression, "cochlea: compression", "Give an exponent above 0, up to 1.", low=1e-3, high=1.0
    )
    if loudest is not None:
        loudest = plain_number(loudest, "cochlea: loudest", "Give an amplitude above 0.", low=1e-300)
    random, found = np.random.default_rng(whole(seed, "cochlea: seed")), []
    for trial, sound in enumerate(_read_sounds(sounds)):
        level = filtered(sound, fs, frequencies).clip(0)
        level /= loudest or level.max(initial=0) or 1.0
        expected = np.where(level > FLOOR, np.minimum(level, 1) ** power, 0) * most / fs  # spikes per sample
        channel, sample = _spiking(expected, code, random)
        tick = np.floor(sample / (fs * step) + 1e-6).astype(np.int64)
        flat = np.unique(tick * len(frequencies) + channel)  # two in one tick are one
        found.append((np.full(flat.size, trial), flat // len(frequencies), flat % len(frequencies)))
    trial, tick, neuron = (np.concatenate(part) for part in zip(*found, strict=True))
    return Spikes(trial, tick, neuron, step)


def _spiking(expected: np.ndarray, code: str, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The channel and the sample of each spike."""
    if code == "poisson":
        return np.nonzero(random.random(expected.shape) < expected)
    return np.nonzero(np.diff(np.floor(np.cumsum(expected, axis=1) + 0.5), axis=1, prepend=0))


def centre_frequencies(channels: int, low: Any, high: Any) -> np.ndarray:
    """Frequencies (Hz) from `low` to `high`, equally spaced on the scale 21.4 log10(1 + 0.00437 f) of the ear; one channel has the middle.

    Source: Glasberg & Moore 1990, Hearing Research 47, 103, doi:10.1016/0378-5955(90)90170-T.

    >>> centre_frequencies(5, 100, 4000).round().tolist()
    [100.0, 394.0, 950.0, 2004.0, 4000.0]
    """
    n, low, high = (
        whole(channels, "cochlea: channels", least=1),
        _frequency(low, "low"),
        _frequency(high, "high"),
    )
    if not low < high:
        raise DescriptionError(f"cochlea: low {low:g} Hz is not below high {high:g} Hz. Give low < high.")
    ends = np.log10(1 + 0.00437 * np.array([low, high]))
    places = np.linspace(ends[0], ends[1], n) if n > 1 else np.array([ends.mean()])
    return (10**places - 1) / 0.00437


def filtered(sound: np.ndarray, rate: float, frequencies: Sequence[float] | np.ndarray) -> np.ndarray:
    """A sound through gammatone filters of these frequencies, shape (channel, sample).

    As finite impulse responses, of twelve time constants: the usual recursion of eighth order loses its digits where f is far
    below the rate.
    """
    from scipy.signal import gammatone, oaconvolve

    found = np.empty((len(frequencies), len(sound)))
    for row, frequency in zip(found, frequencies, strict=True):
        bandwidth = 1.019 * (24.7 + frequency / 9.26449)
        taps = max(16, int(np.ceil(12 * rate / (2 * np.pi * bandwidth))))
        response, _ = gammatone(frequency, "fir", order=4, numtaps=taps, fs=rate)
        row[:] = oaconvolve(sound, response)[: len(sound)]
    return found


def _frequency(given: Any, name: str) -> float:
    value = as_value(given, f"cochlea: {name}")
    number = float(value.number) if value.scalar and value.number.dtype != bool else np.nan
    if value.dim not in (PLAIN, HERTZ) or not (np.isfinite(number) and number > 0):
        raise DescriptionError(
            f"cochlea: {name} {value} is not a frequency above 0. Give a number per second, such as 8000 or 8*kHz."
        )
    return number


def _tick(given: Any) -> float:
    value = as_value(given, "cochlea: dt")
    if value.dim != TIME or not value.scalar or not (np.isfinite(value.number) and value.number > 0):
        raise DescriptionError(
            f"cochlea: dt {value} is not the length of a tick. Give a time above 0, such as 0.1*ms."
        )
    return float(value.number)


def _read_sounds(given: Any) -> list[np.ndarray]:
    """Sounds as arrays (sample,) of doubles."""
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[0] > given.shape[1]:
        raise DescriptionError(
            f"cochlea: sounds of shape {given.shape} look like (sample, channel). Give one channel, or several sounds as (sound, sample)."
        )
    several = (isinstance(given, (list, tuple)) and given and not np.isscalar(given[0])) or (
        isinstance(given, np.ndarray) and given.ndim == 2
    )
    sounds = [np.asarray(sound) for sound in (given if several else [given])]
    for place, sound in enumerate(sounds):
        if sound.ndim != 1 or not sound.size:
            raise DescriptionError(
                f"cochlea: sound {place} has shape {sound.shape}, not (sample,). Give the samples of one channel."
            )
        if sound.dtype.kind not in "iuf" or not np.isfinite(sound).all():
            raise DescriptionError(
                f"cochlea: sound {place} has samples that are no finite real numbers. Give numbers such as a WAV file holds."
            )
    return [sound.astype(float) for sound in sounds]

"""From sound to spikes: a bank of gammatone filters, as in the inner ear, whose outputs become spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from neurosim.errors import DescriptionError, nearest
from neurosim.network.values import PLAIN, TIME, as_value, plain_number, whole
from neurosim.recording.spikes import Spikes

if TYPE_CHECKING:
    from neurosim.units import Quantity

HERTZ = tuple(-power for power in TIME)
CODES = ("regular", "poisson")
SILENCE = 1e-3  # relative to the loudest amplitude: what is 60 dB below it sends no spikes


def cochlea(
    sounds: ArrayLike | Sequence[ArrayLike],
    rate: float | Quantity,
    *,
    dt: Quantity,
    channels: int = 32,
    low: float | Quantity = 100.0,
    high: float | Quantity | None = None,
    most: float | Quantity = 300.0,
    compression: float = 0.3,
    loudest: float | None = None,
    code: str = "regular",
    seed: int = 0,
) -> Spikes:
    """The spikes with which a model of the cochlea answers sounds: trial = sound, neuron = channel.

    Each channel is a gammatone filter of fourth order, g(t) = t^3 exp(-2 pi 1.019 ERB(f) t) cos(2 pi f t),
    with gain 1 at its frequency f. Its output y is rectified and compressed, and becomes a rate of spikes,

        most (max(y, 0)/loudest)^compression, or 0 where y is 60 dB below the loudest.

    The channels are sorted by frequency, the lowest first. The spikes follow the single waves of low tones.

    Arguments:
        sounds: the samples of one sound, shape (sample,), or of several: a list of such, which may differ in
            length, or an array (sound, sample). Integers and floats are fine.
        rate: samples per second, a number or a quantity such as 8*kHz.
        dt: the length of a tick, that of the network's `Clock`, such as 0.1*ms. A spike is at the tick that
            contains its sample.
        channels: number of filters, with frequencies equally spaced on the scale of equivalent rectangular
            bandwidths (see `centre_frequencies`).
        low: the lowest centre frequency, in Hz.
        high: the highest centre frequency, in Hz; default: 0.4 `rate`.
        most: spikes per second at the loudest moment.
        compression: the exponent, above 0 and up to 1 (no compression).
        loudest: the amplitude, after the filters, that counts as the loudest; default: that of each sound, so
            that the volume of a recording does not matter.
        code: 'regular' (a spike whenever the integral of the rate has grown by 1) or 'poisson' (at random).
        seed: of the random spikes of 'poisson'.

    Returns the spikes. A silent sound sends none: if the last sound may be silent, give `run` the number of
    `trials`.

    Raises DescriptionError for sounds that are empty, not finite or not real, for frequencies that are not
    between 0 and half the rate, and for a rate of more than one spike a tick.

    Source: Patterson et al. 1992, Complex sounds and auditory images, doi:10.1016/B978-0-08-041847-6.50054-X;
    Glasberg & Moore 1990, Hearing Research 47, 103, doi:10.1016/0378-5955(90)90170-T; filters by
    `scipy.signal.gammatone`.

    >>> from neurosim.units import kHz, ms
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(800) / 8000)  # 0.1 s at 8 kHz
    >>> spikes = cochlea(tone, 8 * kHz, dt=1 * ms, channels=8)
    >>> float(centre_frequencies(8, 100, 3200)[np.bincount(spikes.neuron).argmax()].round())  # the nearest
    414.0
    """
    if code not in CODES:
        raise DescriptionError(f"cochlea: code {code!r} is not known. {nearest(code, CODES)}")
    fs, step = _read_frequency(rate, "rate"), _read_tick(dt)
    frequencies = centre_frequencies(channels, low, _read_highest(high, fs))
    most = _read_frequency(most, "most")
    fastest = min(1 / step, fs)
    if most > fastest:
        raise DescriptionError(
            f"cochlea: {most:g} spikes per second are more than one in a tick or sample. "
            f"Give most={fastest:g} or less."
        )
    power = plain_number(
        compression, "cochlea: compression", "Give an exponent above 0, up to 1.", low=1e-3, high=1.0
    )
    if loudest is not None:
        loudest = plain_number(loudest, "cochlea: loudest", "Give an amplitude above 0.", low=1e-300)
    random, parts = np.random.default_rng(whole(seed, "cochlea: seed")), []
    for trial, sound in enumerate(_read_sounds(sounds)):
        level = filtered(sound, fs, frequencies).clip(0)
        level /= loudest or level.max(initial=0) or 1.0
        expected = np.where(level > SILENCE, np.minimum(level, 1) ** power, 0) * most / fs
        channel, sample = _spike_samples(expected, code, random)
        # A sample that lies on the edge of a tick must not fall into the tick before by rounding.
        tick = np.floor(sample / (fs * step) + 1e-6).astype(np.int64)
        flat = np.unique(tick * len(frequencies) + channel)  # two spikes of a channel in one tick are one
        parts.append((np.full(flat.size, trial), flat // len(frequencies), flat % len(frequencies)))
    trial, tick, neuron = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Spikes(trial, tick, neuron, step)


def centre_frequencies(channels: int, low: float | Quantity, high: float | Quantity) -> np.ndarray:
    """Centre frequencies in Hz, equally spaced on the scale of the ear, 21.4 log10(1 + 0.00437 f).

    Arguments:
        channels: how many. A single one lies in the middle of the scale.
        low: the lowest frequency, in Hz.
        high: the highest frequency, in Hz.

    Returns the frequencies, shape (channel,).

    Raises DescriptionError unless 0 < low < high.

    Source: Glasberg & Moore 1990, Hearing Research 47, 103, doi:10.1016/0378-5955(90)90170-T.

    >>> centre_frequencies(5, 100, 4000).round().tolist()
    [100.0, 394.0, 950.0, 2004.0, 4000.0]
    """
    n = whole(channels, "cochlea: channels", least=1)
    low, high = _read_frequency(low, "low"), _read_frequency(high, "high")
    if not low < high:
        raise DescriptionError(f"cochlea: low {low:g} Hz is not below high {high:g} Hz. Give low < high.")
    ends = np.log10(1 + 0.00437 * np.array([low, high]))
    positions = np.linspace(ends[0], ends[1], n) if n > 1 else np.array([ends.mean()])
    return (10**positions - 1) / 0.00437


def filtered(sound: np.ndarray, rate: float, frequencies: Sequence[float] | np.ndarray) -> np.ndarray:
    """A sound through gammatone filters, shape (channel, sample).

    sound: its samples, shape (sample,).
    rate: samples per second.
    frequencies: the centre frequencies in Hz, shape (channel,).

    The filters are finite impulse responses, twelve time constants long. The usual recursion of eighth order
    loses its precision where a frequency is far below the sampling rate.
    """
    from scipy.signal import gammatone, oaconvolve  # takes long to import

    outputs = np.empty((len(frequencies), len(sound)))
    for output, frequency in zip(outputs, frequencies, strict=True):
        bandwidth = 1.019 * (24.7 + frequency / 9.26449)
        taps = max(16, int(np.ceil(12 * rate / (2 * np.pi * bandwidth))))
        response, _ = gammatone(frequency, "fir", order=4, numtaps=taps, fs=rate)
        output[:] = oaconvolve(sound, response)[: len(sound)]
    return outputs


def _spike_samples(expected: np.ndarray, code: str, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The channel and the sample of each spike, from the expected number of spikes (channel, sample)."""
    if code == "poisson":
        return np.nonzero(random.random(expected.shape) < expected)
    return np.nonzero(np.diff(np.floor(np.cumsum(expected, axis=1) + 0.5), axis=1, prepend=0))


def _read_highest(high: float | Quantity | None, rate: float) -> float:
    """The highest centre frequency in Hz; by default 0.4 times the sampling rate."""
    if high is None:
        return 0.4 * rate
    top = _read_frequency(high, "high")
    if top >= rate / 2:
        raise DescriptionError(
            f"cochlea: high {top:g} Hz is not below half the rate, {rate / 2:g} Hz, above which samples hold "
            "no sound. Give less."
        )
    return top


def _read_frequency(frequency: float | Quantity, name: str) -> float:
    """A frequency above 0, in Hz."""
    value = as_value(frequency, f"cochlea: {name}")
    number = float(value.number) if value.scalar and value.number.dtype != bool else np.nan
    if value.dim not in (PLAIN, HERTZ) or not (np.isfinite(number) and number > 0):
        raise DescriptionError(
            f"cochlea: {name} {value} is not a frequency above 0. "
            "Give a number per second, such as 8000 or 8*kHz."
        )
    return number


def _read_tick(dt: Quantity) -> float:
    """The length of a tick, in seconds."""
    value = as_value(dt, "cochlea: dt")
    if value.dim != TIME or not value.scalar or not (np.isfinite(value.number) and value.number > 0):
        raise DescriptionError(
            f"cochlea: dt {value} is not the length of a tick. Give a time above 0, such as 0.1*ms."
        )
    return float(value.number)


def _read_sounds(sounds: ArrayLike | Sequence[ArrayLike]) -> list[np.ndarray]:
    """Sounds as arrays (sample,) of doubles."""
    if isinstance(sounds, np.ndarray) and sounds.ndim == 2:
        if sounds.shape[0] > sounds.shape[1]:
            raise DescriptionError(
                f"cochlea: sounds of shape {sounds.shape} look like (sample, channel). "
                "Give one channel, or several sounds as (sound, sample)."
            )
        several = True
    else:
        several = isinstance(sounds, (list, tuple)) and bool(sounds) and not np.isscalar(sounds[0])
    arrays = [np.asarray(sound) for sound in (sounds if several else [sounds])]  # type: ignore[union-attr]
    for number, sound in enumerate(arrays):
        if sound.ndim != 1 or not sound.size:
            raise DescriptionError(
                f"cochlea: sound {number} has shape {sound.shape}, not (sample,). "
                "Give the samples of one channel."
            )
        if sound.dtype.kind not in "iuf" or not np.isfinite(sound).all():
            raise DescriptionError(
                f"cochlea: sound {number} has samples that are not finite real numbers. "
                "Give numbers such as a WAV file holds."
            )
    return [sound.astype(float) for sound in arrays]

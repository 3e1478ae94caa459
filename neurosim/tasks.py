"""Small tasks: chaotic and random series made here, and scikit-learn's handwritten digits as spikes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.values import plain_number, whole
from neurosim.recording.spikes import Spikes


def mackey_glass(
    ticks: int, *, tau: int = 17, seed: int | None = None, discard: int = 1000, substeps: int = 10
) -> np.ndarray:
    """The Mackey-Glass series, chaotic from tau = 17 on, one sample per unit of time, shape (tick,).

    dx/dt = 0.2 x(t - tau)/(1 + x(t - tau)^10) - 0.1 x, by the classical Runge-Kutta method with `substeps` steps per sample.

    The past before the start is 1.2, or with a `seed` a random number from 0.5 to 1.5; the first `discard` samples are left out.

    Source: Mackey & Glass 1977, Science 197, 287, doi:10.1126/science.267326.

    >>> mackey_glass(4, discard=0).round(4).tolist()
    [1.2, 1.1176, 1.043, 0.9755]
    """
    ticks, discard = whole(ticks, "mackey_glass: ticks", least=1), whole(discard, "mackey_glass: discard")
    n, tau = whole(substeps, "mackey_glass: substeps", least=1), whole(tau, "mackey_glass: tau", least=1)
    h, lag, last = 1.0 / n, tau * n, (ticks + discard - 1) * n
    past = 1.2 if seed is None else float(np.random.default_rng(seed).uniform(0.5, 1.5))
    x = [past] * (lag + last + 1)  # x[lag + k] is x(k h)
    slope = [0.0] * (lag + last + 1)
    for k in range(lag, lag + last):
        old, new = x[k - lag], x[k - lag + 1]
        # Midway between two known points: the cubic through both with their slopes. Before the start all is constant.
        middle = old if k - lag < lag else (old + new) / 2 + h / 8 * (slope[k - lag] - slope[k - lag + 1])
        rise = [0.2 * d / (1.0 + d**10) for d in (old, middle, new)]
        a = slope[k] = rise[0] - 0.1 * x[k]
        b = rise[1] - 0.1 * (x[k] + h / 2 * a)
        c = rise[1] - 0.1 * (x[k] + h / 2 * b)
        d = rise[2] - 0.1 * (x[k] + h * c)
        x[k + 1] = x[k] + h / 6 * (a + 2 * b + 2 * c + d)
        slope[k + 1] = rise[2] - 0.1 * x[k + 1]
    return np.array(x[lag::n])[discard:]


def lorenz(
    ticks: int, *, dt: float = 0.02, seed: int | None = None, discard: int = 1000, substeps: int = 4
) -> np.ndarray:
    """The Lorenz system, chaotic, one sample per `dt` units of time, shape (tick, 3): x, y, z. Its largest exponent is 0.9056.

    dx/dt = 10 (y - x), dy/dt = x (28 - z) - y, dz/dt = x y - 8/3 z, by the classical Runge-Kutta method with `substeps` steps per sample.

    It starts at (1, 1, 1), or with a `seed` at random numbers from 0 to 1 away from there; the first `discard` samples are left out.

    Source: Lorenz 1963, J. Atmos. Sci. 20, 130, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    >>> lorenz(2, discard=0).round(4).tolist()
    [[1.0, 1.0, 1.0], [1.0488, 1.524, 0.9731]]
    """
    ticks, discard = whole(ticks, "lorenz: ticks", least=1), whole(discard, "lorenz: discard")
    n = whole(substeps, "lorenz: substeps", least=1)
    h = plain_number(dt, "lorenz: dt", "Give a time above 0, such as 0.02.", low=1e-9) / n
    x, y, z = (1.0, 1.0, 1.0) if seed is None else (1.0 + np.random.default_rng(seed).random(3)).tolist()
    points = [(x, y, z)]
    for _ in range(ticks + discard - 1):
        for _ in range(n):
            ax, ay, az = 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z
            u, v, w = x + h / 2 * ax, y + h / 2 * ay, z + h / 2 * az
            bx, by, bz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            u, v, w = x + h / 2 * bx, y + h / 2 * by, z + h / 2 * bz
            cx, cy, cz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            u, v, w = x + h * cx, y + h * cy, z + h * cz
            dx, dy, dz = 10 * (v - u), u * (28 - w) - v, u * v - 8 / 3 * w
            x, y, z = (
                x + h / 6 * (ax + 2 * bx + 2 * cx + dx),
                y + h / 6 * (ay + 2 * by + 2 * cy + dy),
                z + h / 6 * (az + 2 * bz + 2 * cz + dz),
            )
        points.append((x, y, z))
    return np.array(points[discard:])


def narma(ticks: int, *, order: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A random input u and what a nonlinear system of long memory makes of it, y; both of shape (tick,).

    y(t+1) = 0.3 y(t) + 0.05 y(t) sum of the last `order` values of y + 1.5 u(t - order + 1) u(t) + 0.1, u uniform from 0 to 0.5.

    Sample t of y is y(t+1): what follows from the inputs up to and including u(t).

    Source: Atiya & Parlos 2000, IEEE Trans. Neural Netw. 11, 697, doi:10.1109/72.846741.
    """
    ticks, order = whole(ticks, "narma: ticks", least=1), whole(order, "narma: order", least=1)
    u = np.random.default_rng(seed).uniform(0.0, 0.5, ticks + order)
    y = np.zeros(ticks + order + 1)
    for t in range(order, ticks + order):
        y[t + 1] = (
            0.3 * y[t] + 0.05 * y[t] * y[t - order + 1 : t + 1].sum() + 1.5 * u[t - order + 1] * u[t] + 0.1
        )
    return u[order:], y[order + 1 :]


class Digits(NamedTuple):
    """Handwritten digits: images (trial, row, column) of 0 to 16, labels (trial,), and their spikes."""

    images: np.ndarray
    labels: np.ndarray
    spikes: Spikes


def digits(
    ticks: int, *, count: int | None = None, code: str = "regular", most: float = 4.0, seed: int = 0
) -> Digits:
    """scikit-learn's 1797 handwritten digits, each image fed column by column as spikes: neuron = row, trial = image.

    An image lasts 8*`ticks`: `ticks` for each of its 8 columns. Of a pixel of intensity x (0 to 16) come x/16*`most`
    spikes, evenly spaced (`code` 'regular', rounded) or at random on average ('poisson', from `seed`), or one spike that is the
    sooner the brighter the pixel ('latency'). `count` takes the first images only.

    Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    doi:10.24432/C50P49, as shipped by scikit-learn.
    """
    from sklearn.datasets import load_digits

    from neurosim.readout.encodings import latency, poisson, regular

    if code not in ("regular", "poisson", "latency"):
        raise DescriptionError(
            f"digits: code {code!r} is not known. {nearest(code, ('regular', 'poisson', 'latency'))}"
        )
    pixels, labels = load_digits(return_X_y=True)
    count = len(labels) if count is None else whole(count, "digits: count", least=1)
    images, labels = np.asarray(pixels).reshape(-1, 8, 8)[:count], np.asarray(labels)[:count]
    columns = images.transpose(0, 2, 1) / 16  # (trial, step, neuron)
    if code == "latency":
        return Digits(images, labels, latency(columns, ticks))
    if code == "poisson":
        return Digits(images, labels, poisson(columns * most, ticks, seed=seed))
    return Digits(images, labels, regular(columns * most, ticks))


class PosedDigits(NamedTuple):
    """Digits in poses: images (group, image, row, column), the factors of each (group, image, factor), and what differs in each group (group,)."""

    images: np.ndarray
    factors: np.ndarray
    differs: np.ndarray


POSES = {
    "angle": (-45.0, 45.0),
    "size": (0.8, 1.4),
    "place": (-3.0, 3.0),
}  # in degrees, of 8 x 8 pixels, in pixels to the right


def posed_digits(
    groups: int, *, images: int = 16, digits: slice = slice(None), together: bool = False, seed: int = 0
) -> PosedDigits:  # fmt: skip
    """Groups of scikit-learn's digits on 16 x 16 pixels of 0 to 1, turned, made larger and moved; in a group only one of these differs.

    The factors are those of `POSES`, uniform between their bounds. What differs in a group is, with a chance of 0.1 each, angle (0),
    size (1) or place (2), all else being the same; and otherwise (3) which digit it is. With `together` all four differ in every group (-1).
    `digits` says which of the 1797 digits take part. Pixels between others are interpolated linearly.

    Source of the digits: see `digits`. The task is that of Kulkarni et al. 2015, arXiv:1503.03167, whose images are rendered faces.
    """
    from scipy.ndimage import affine_transform
    from sklearn.datasets import load_digits

    where = "posed_digits"
    groups, images = whole(groups, f"{where}: groups", least=1), whole(images, f"{where}: images", least=1)
    pixels = np.asarray(load_digits(return_X_y=True)[0])[digits].reshape(-1, 8, 8) / 16
    seen = np.pad(pixels, ((0, 0), (1, 1), (1, 1)))  # so that edges fade as strokes do
    random, (low, high) = np.random.default_rng(seed), np.array([*POSES.values()]).T
    differs = np.full(groups, -1) if together else random.choice(4, groups, p=[0.1, 0.1, 0.1, 0.7])
    free = (differs[:, None] == np.arange(4)) | together  # (group, factor), the digit last
    factors = np.where(
        free[:, None, :3],
        random.uniform(low, high, (groups, images, 3)),
        random.uniform(low, high, (groups, 1, 3)),
    )
    chosen = np.where(
        free[:, 3:],
        random.integers(len(seen), size=(groups, images)),
        random.integers(len(seen), size=(groups, 1)),
    )
    drawn = np.empty((groups * images, 16, 16))
    for image, digit, (angle, size, place) in zip(
        drawn, seen[chosen.ravel()], factors.reshape(-1, 3), strict=True
    ):
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        back = np.array([[c, s], [-s, c]]) / size  # from the image's pixels to the digit's
        affine_transform(digit, back, 4.5 - back @ np.array([7.5, 7.5 + place]), (16, 16), image, order=1)
    return PosedDigits(drawn.reshape(groups, images, 16, 16), factors, differs)


class Templates(NamedTuple):
    """Noisy copies of spike templates: their spikes, and which template stood in each segment, labels (trial, segment)."""

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
    """Spike trains made of segments, each a noisy copy of one of a few fixed Poisson trains: which one was it?

    Every segment has `templates` trains of its own, of `ticks`/`segments` ticks; a trial puts one of them, drawn at random, into each
    segment, and moves each spike by a normal number of ticks of standard deviation `jitter`. At the end of a trial the last input says
    nothing about the earlier segments: to name their templates takes memory. `segments=1` is the plain task of telling two
    trains apart.

    Arguments: `trials`, of `ticks` each; `count` spikes on average from each of `inputs` in a whole trial; the templates follow from
    `seed` alone, choice and jitter from `seed` and `trials`. Spikes that the jitter moves out of the trial, or into the tick of another
    of the same input, are left out. The paper's: 10,000 ticks of 0.1 ms, 4 segments, 1 input of 20 spikes per second, jitter 40.

    Raises DescriptionError for numbers that are not whole, or below their least.

    Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, doi:10.1162/089976602760407955.
    """
    where = "spike_templates"
    trials, ticks = whole(trials, f"{where}: trials", least=1), whole(ticks, f"{where}: ticks", least=1)
    segments, templates = (
        whole(segments, f"{where}: segments", least=1),
        whole(templates, f"{where}: templates", least=1),
    )
    inputs, seed = whole(inputs, f"{where}: inputs", least=1), whole(seed, f"{where}: seed")
    if ticks % segments:
        raise DescriptionError(
            f"{where}: {ticks} ticks cannot be split into {segments} equal segments. Give a multiple of {segments}."
        )
    count = plain_number(
        count, f"{where}: count", "Give the mean number of spikes of an input in a trial, 0 or more.", low=0
    )
    jitter = plain_number(jitter, f"{where}: jitter", "Give a standard deviation in ticks, 0 or more.", low=0)
    random, length = np.random.default_rng([seed, 0]), ticks // segments
    spikes = random.poisson(count / segments, (segments, templates, inputs))
    place = np.repeat(np.arange(spikes.size), spikes.ravel())
    segment, template, neuron = np.unravel_index(place, spikes.shape)
    time = segment * length + random.uniform(0, length, place.size)  # of all spikes of all templates
    random = np.random.default_rng([seed, 1])
    labels = random.integers(0, templates, (trials, segments))
    trial, spike = np.nonzero(labels[:, segment] == template)
    tick = np.floor(time[spike] + jitter * random.standard_normal(spike.size)).astype(np.int64)
    inside = (tick >= 0) & (tick < ticks)
    # A number for each (trial, tick, neuron): the sorted distinct ones are the spikes in order.
    flat = np.unique((trial[inside] * ticks + tick[inside]) * inputs + neuron[spike[inside]])
    return Templates(Spikes(flat // (ticks * inputs), flat // inputs % ticks, flat % inputs), labels)


class Speech(NamedTuple):
    """Utterances, each an array (tick, channel), and who spoke them: to learn from, and to be tested on."""

    train: list[np.ndarray]
    train_speakers: np.ndarray
    test: list[np.ndarray]
    test_speakers: np.ndarray


def japanese_vowels() -> Speech:
    """Nine men say the vowels /ae/, 270 times to learn from and 370 times to be told apart by; speakers are 1 to 9.

    An utterance is 7 to 29 ticks of 12 cepstral coefficients of linear prediction, each tick a frame of 25.6 ms, 6.4 ms after the
    last. The training set has 30 utterances of each speaker, the test set 24 to 88.

    Raises ModuleNotFoundError where neither sktime nor aeon is installed, whose packages bring the data; nothing is downloaded.

    Source: Kudo, Toyama & Shimbo 1999, Pattern Recognition Letters 20, 1103, doi:10.1016/S0167-8655(99)00077-X;
    UCI Machine Learning Repository, doi:10.24432/C5NS47.
    """
    folder = _brought_by_a_package("JapaneseVowels")
    (train, train_speakers), (test, test_speakers) = (
        _read_ts(folder / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST")
    )
    return Speech(train, train_speakers.astype(int), test, test_speakers.astype(int))


def sunspots() -> tuple[np.ndarray, np.ndarray]:
    """The years 1700 to 2008, shape (year,), and the mean number of sunspots in each.

    Raises ModuleNotFoundError where statsmodels, whose package brings the data, is not installed; nothing is downloaded.

    Source: US National Geophysical Data Center, public domain; the first to forecast them was Yule 1927, Phil. Trans. R. Soc. A 226, 267,
    doi:10.1098/rsta.1927.0007.
    """
    spec = find_spec("statsmodels")
    if spec is None:
        raise ModuleNotFoundError(
            "sunspots: the data come with the package statsmodels, which is not installed. pip install statsmodels"
        )
    path = Path(next(iter(spec.submodule_search_locations or [])), "datasets", "sunspots", "sunspots.csv")
    years, numbers = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    return years.astype(int), numbers


def _brought_by_a_package(name: str) -> Path:
    """The folder of a data set in the wheel of sktime or aeon, which is found without importing them."""
    for package in ("sktime", "aeon"):
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (folder := Path(place, "datasets", "data", name)).is_dir():
                return folder
    raise ModuleNotFoundError(
        f"{name}: the data come with the package sktime (or aeon), and neither is installed. pip install sktime"
    )


def _read_ts(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences (tick, channel) and their labels, of a file in sktime's text format: channels and label apart by ':', ticks by ','."""
    _, _, lines = path.read_text().partition("@data")
    rows = [line.split(":") for line in lines.split("\n") if line.strip()]
    sequences = [np.array([channel.split(",") for channel in row[:-1]], dtype=float).T for row in rows]
    return sequences, np.array([row[-1].strip() for row in rows])

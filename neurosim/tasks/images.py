"""Handwritten digits as spikes, and as images in different poses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.errors import DescriptionError, nearest
from neurosim.network.values import whole
from neurosim.readout.encodings import latency, poisson, regular
from neurosim.recording.spikes import Spikes

CODES = ("regular", "poisson", "latency")


class Digits(NamedTuple):
    """Handwritten digits.

    images: shape (trial, row, column), from 0 to 16.
    labels: the digits, shape (trial,).
    spikes: their spikes; neuron = row.
    """

    images: np.ndarray
    labels: np.ndarray
    spikes: Spikes


def digits(
    ticks: int, *, count: int | None = None, code: str = "regular", most: float = 4.0, seed: int = 0
) -> Digits:
    """scikit-learn's 1797 handwritten digits as spikes, column by column: neuron = row, trial = image.

    Arguments:
        ticks: number of ticks for each of the 8 columns of an image, so that an image lasts 8*`ticks`.
        count: only the first so many images; default: all.
        code: 'regular' (x/16*`most` spikes, rounded and evenly spaced, for a pixel of intensity x from 0 to
            16), 'poisson' (as many on average, at random) or 'latency' (one spike, the earlier the brighter
            the pixel).
        most: number of spikes of the brightest pixels.
        seed: of 'poisson'.

    Raises DescriptionError for another code, and for more spikes than ticks.

    Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, doi:10.24432/C50P49, as shipped by scikit-learn.

    >>> images, labels, spikes = digits(20, count=3)
    >>> images.shape, labels.tolist(), int(spikes.neuron.max())
    ((3, 8, 8), [0, 1, 2], 7)
    """
    from sklearn.datasets import load_digits  # takes long to import

    if code not in CODES:
        raise DescriptionError(f"digits: code {code!r} is not known. {nearest(code, CODES)}")
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
    """Groups of digits in different poses.

    images: shape (group, image, row, column), from 0 to 1.
    factors: angle (degrees), size and position (pixels) of each, shape (group, image, factor).
    differs: what differs within each group, shape (group,): factor 0, 1 or 2, which digit it is (3), or
        everything (-1).
    """

    images: np.ndarray
    factors: np.ndarray
    differs: np.ndarray


POSES = {  # the bounds of the factors
    "angle": (-45.0, 45.0),  # degrees
    "size": (0.8, 1.4),  # relative to 8 x 8 pixels
    "position": (-3.0, 3.0),  # pixels to the right
}


def posed_digits(
    groups: int, *, images: int = 16, digits: slice = slice(None), together: bool = False, seed: int = 0
) -> PosedDigits:  # fmt: skip
    """Groups of handwritten digits, rotated, scaled and shifted; in a group only one property differs.

    The digits are scikit-learn's, on 16 x 16 pixels. The factors are those of `POSES`, uniform between their
    bounds. With a probability of 0.1 each, the images of a group differ only in angle (0), size (1) or
    position (2); otherwise only in which digit they show (3). Intensities are from 0 to 1, with linear
    interpolation between pixels.

    Arguments:
        groups: number of groups.
        images: number of images in a group.
        digits: which of the 1797 digits take part.
        together: whether all four properties differ in every group (-1).
        seed: of the random numbers.

    Raises DescriptionError for numbers that are not whole or too small.

    Source of the digits: see `digits`. The task is that of Kulkarni et al. 2015, arXiv:1503.03167, whose
    images are rendered faces.

    >>> posed_digits(2, images=3).images.shape
    (2, 3, 16, 16)
    """
    from scipy.ndimage import affine_transform
    from sklearn.datasets import load_digits

    groups = whole(groups, "posed_digits: groups", least=1)
    images = whole(images, "posed_digits: images", least=1)
    pixels = np.asarray(load_digits(return_X_y=True)[0])[digits].reshape(-1, 8, 8) / 16
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1)))  # so that strokes at the edge are interpolated to 0
    random, (low, high) = np.random.default_rng(seed), np.array([*POSES.values()]).T
    differs = np.full(groups, -1) if together else random.choice(4, groups, p=[0.1, 0.1, 0.1, 0.7])
    free = (differs[:, None] == np.arange(4)) | together  # (group, factor); the last factor is the digit
    factors = np.where(
        free[:, None, :3],
        random.uniform(low, high, (groups, images, 3)),
        random.uniform(low, high, (groups, 1, 3)),
    )
    chosen = np.where(
        free[:, 3:],
        random.integers(len(padded), size=(groups, images)),
        random.integers(len(padded), size=(groups, 1)),
    )
    drawn = np.empty((groups * images, 16, 16))
    poses = factors.reshape(-1, 3)
    for image, digit, (angle, size, shift) in zip(drawn, padded[chosen.ravel()], poses, strict=True):
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        back = np.array([[c, s], [-s, c]]) / size  # from the pixels of the image to those of the digit
        affine_transform(digit, back, 4.5 - back @ np.array([7.5, 7.5 + shift]), (16, 16), image, order=1)
    return PosedDigits(drawn.reshape(groups, images, 16, 16), factors, differs)

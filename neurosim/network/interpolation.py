"""Interpolation: a space of neurons is read at the positions of another one, finer or coarser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.arguments import named_arguments
from neurosim.network.draws import Pairs, Stream, by_sender
from neurosim.network.kinds import keep
from neurosim.network.neurons import Population, label
from neurosim.network.pictures import NEARBY, Picture
from neurosim.network.values import whole
from neurosim.network.wiring import Wiring

ORDERS = ("nearest", "linear")


@named_arguments
@dataclass(frozen=True)
class interpolate(Wiring):
    """Each target gets what interpolation gives at its place between the senders, times the weight.

    order: 0 takes the nearest sender, 1 interpolates linearly along every axis (bilinear for two).

    Axes of equal length are carried over one to one (channels); the others are interpolated. Target j of m
    lies at (j + 1/2)*n/m - 1/2 among n senders, and at an end where that is outside. Shapes: (n_1, n_2, ...)
    and (m_1, m_2, ...).

    Raises DescriptionError for populations with different numbers of axes.

    >>> import numpy as np, neurosim as ns
    >>> fine = ns.Neurons("fine", 4, update="y = I")
    >>> up = ns.Synapses(ns.Neurons("coarse", 2), fine, wiring=ns.interpolate())
    >>> net = ns.Network(up, schedule=ns.Layered())
    >>> ns.run(net, {"coarse": np.array([[0.0, 4.0]])}, record=["fine"])["fine"][0]
    array([0., 1., 3., 4.])
    """

    order: int = 1

    def __post_init__(self):
        keep(self, order=whole(self.order, "interpolate: order", most=1))

    def check(self, pre: Population, post: Population) -> None:
        if len(pre.shape) != len(post.shape):
            raise DescriptionError(
                f"interpolate: {label(pre)} has shape {pre.shape}, {label(post)} has {post.shape}."
                " Give both as many axes."
            )

    def expected(self, pre: Population, post: Population) -> float:
        return float(post.size) * 2.0 ** (
            self.order * sum(n != m for n, m in zip(pre.shape, post.shape, strict=True))
        )

    def pairs(self, pre: Population, post: Population, random: Stream) -> Pairs:
        sender, target, share = np.zeros(1, int), np.zeros(1, int), np.ones(1)
        for n, m in zip(pre.shape, post.shape, strict=True):
            source, place, part = self._along(n, m)
            sender = (sender[:, None] * n + source).ravel()
            target = (target[:, None] * m + place).ravel()
            share = (share[:, None] * part).ravel()
        kept = share > 0
        return by_sender(sender[kept], target[kept], factor=share[kept])

    def _along(self, n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sender, target and share of the synapses along an axis with n senders and m targets."""
        targets = np.arange(m)
        at = np.clip((targets + 0.5) * n / m - 0.5, 0, n - 1)
        if n == m or self.order == 0:
            nearest = np.minimum(np.floor((targets + 0.5) * n / m), n - 1).astype(int)
            return nearest, targets, np.ones(m)
        left = np.minimum(np.floor(at).astype(int), max(n - 2, 0))
        right, share = np.minimum(left + 1, n - 1), at - left
        return (
            np.concatenate([left, right]),
            np.concatenate([targets, targets]),
            np.concatenate([1 - share, share]),
        )

    def picture(self, pre: Population, post: Population) -> Picture:
        return NEARBY

    def note(self, reduction: str) -> str:
        return f"interpolated ({ORDERS[self.order]})"

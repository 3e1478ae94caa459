"""How messages are contracted with weights (`einsum`): the formula, for numpy and JAX alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurosim.plan.plan import Einsum

TRIAL = "z"  # stands for the axis of trials in formulas
LETTERS = "abcdefghijklmnopqrstuvwxyABCDEFGHIJKLMNOPQRSTUVWXY"  # of all other axes


@dataclass(frozen=True)
class Contraction:
    """The contraction of messages (trial, *pre_shape) with weights.

    Weights have a trial axis only if a population sent them.

    formula: for `numpy.einsum(formula, message, weight)`.
    largest: the axes of its result over which a port that takes the maximum takes it; () for other ports.
    shape: the axes of the target, without that of trials; 1 along those that neither messages nor weights
        have.
    terms: how many products each target receives.
    """

    formula: str
    largest: tuple[int, ...]
    shape: tuple[int, ...]
    terms: int


def contraction(pathway: Einsum, reduce: str) -> Contraction:
    """The contraction of a pathway whose port takes the 'sum', 'mean' or 'max' of its arrivals."""
    sender, weights, target = pathway.letters
    sent_weights = pathway.weight_from is not None
    weight_shape = pathway.weight.shape if pathway.weight_from is None else pathway.weight_from[2]
    letter = dict(zip(dict.fromkeys((*sender, *weights, *target)), LETTERS, strict=False))

    def word(axes: Iterable[str]) -> str:
        return "".join(letter[axis] for axis in axes)

    kept = [axis for axis in target if axis in sender or axis in weights]
    summed = [axis for axis in dict.fromkeys((*sender, *weights)) if axis not in target]
    maximum = summed if reduce == "max" else []
    length = dict(zip(sender, pathway.pre_shape, strict=True)) | dict(zip(weights, weight_shape, strict=True))
    target_length = dict(zip(target, pathway.post_shape, strict=True))
    return Contraction(
        formula=f"{TRIAL}{word(sender)},{TRIAL * sent_weights}{word(weights)}->{TRIAL}{word(kept + maximum)}",
        largest=tuple(range(-len(maximum), 0)),
        shape=tuple(target_length[axis] if axis in kept else 1 for axis in target),
        terms=int(np.prod([length[axis] for axis in summed])),
    )

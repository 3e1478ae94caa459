"""Lets the reference engine draw the random numbers that Brian2's numpy target draws in the same run.

Both then draw from numpy's generator, in the same order, so that scripts whose runs are random can be
compared spike by spike. That the other engines draw the same numbers as the reference is tested elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np


class OneStream:
    """The random functions of a block of text, drawn as Brian2's numpy target draws them.

    shape: of the numbers
    shared: whether one number is drawn for all
    part: the neurons for which numbers are drawn
    """

    def __init__(self, shape: tuple[int, ...], shared: bool, part: slice | None):
        self.shape, self.part = shape, part
        self.drawn = () if shared else shape if part is None else (part.stop - part.start,)

    def _draw(self, numbers: Any) -> np.ndarray:
        if self.part is None:
            return np.broadcast_to(np.asarray(numbers, float), self.shape)
        placed = np.zeros(self.shape)
        placed[..., self.part] = numbers
        return placed

    def rand(self, call: int) -> np.ndarray:
        return self._draw(np.random.rand(*self.drawn))

    rand32 = rand

    def randn(self, call: int) -> np.ndarray:
        return self._draw(np.random.randn(*self.drawn))

    def poisson(self, call: int, rate: Any) -> np.ndarray:
        return self._draw(np.random.poisson(rate, self.drawn))

    def binomial(self, call: int, n: Any, p: Any) -> np.ndarray:
        return self._draw(binomial_of_brian2(n, p, self.drawn))


class Given:
    """Numbers that are drawn elsewhere, or not used."""

    def __init__(self, numbers: np.ndarray):
        self.numbers = numbers

    def rand(self, call: int) -> np.ndarray:
        return self.numbers

    rand32 = rand


class Backgrounds:
    """The spikes of all PoissonInputs in a tick, drawn in Brian2's order."""

    def __init__(self) -> None:
        self.tick, self.drawn = None, dict[str, np.ndarray]()

    def of(self, state: Any, name: str) -> np.ndarray:
        """The number of spikes for each target of one of them."""
        if self.tick != (id(state), state.tick):
            self.tick = id(state), state.tick
            sources = [p for p in state.plan.pathways.values() if hasattr(p, "sources")]
            self.drawn = {pathway.name: self._numbers(state, pathway) for pathway in sources}
        return self.drawn[name]

    def _numbers(self, state: Any, pathway: Any) -> np.ndarray:
        """For (unless refractory) variables, Brian2 draws numbers only for those that are not."""
        drawn = np.ones(pathway.post_index.size, bool)
        if pathway.to in state.plan.groups[pathway.post].frozen:
            drawn = state.not_refractory[pathway.post][0, pathway.post_index]
        numbers = np.zeros((1, drawn.size))
        numbers[0, drawn] = binomial_of_brian2(pathway.sources, float(pathway.chance), (int(drawn.sum()),))
        return numbers


def binomial_of_brian2(n: Any, p: Any, shape: tuple[int, ...]) -> np.ndarray:
    """What Brian2 takes for Binomial(n, p): a normal number where n is large."""
    n, p = float(np.max(n)), float(np.max(p))
    if n * p > 5 and n * (1 - p) > 5:
        return np.random.normal(n * p, np.sqrt(n * p * (1 - p)), shape)
    return np.random.binomial(int(n), p, shape).astype(float)


def _part(plan: Any, name: str, block: str) -> slice | None:
    """The neurons for which a block of text runs that belongs to a part of a group."""
    group = plan.groups.get(name)
    if group is None or block not in group.periodic:
        return None
    text = {statement.name: statement.expression for statement in group.periodic[block].statements}
    if "_own_size" not in text:
        return None
    start = int(text["_own_index"].removeprefix("i - "))
    return slice(start, start + int(text["_own_size"]))


def in_brian2s_order(run: Any, plan: Any) -> Any:
    """The plan whose steps advance and test populations in Brian2's order, which does not change results."""
    from neurosim.network.program import Do

    kinds = {Do.INTEGRATE: "StateUpdater", Do.THRESHOLD: "Thresholder"}
    order = {
        (type(thing).__name__, thing.group.name): number
        for number, thing in enumerate(run.things)
        if hasattr(thing, "group")
    }

    def sorted_step(step: Any) -> Any:
        kind = kinds.get(step.kind, "")
        names = sorted(step.populations, key=lambda name: order.get((kind, name), -1))
        return replace(step, populations=tuple(names))

    return replace(plan, program=tuple(sorted_step(step) for step in plan.program))


def same_random_numbers() -> None:
    """Let the reference engine draw all numbers as Brian2's numpy target does, from numpy's generator."""
    from neurosim.brian import advancing
    from neurosim.brian.seeds import Seeds
    from neurosim.engine.reference import arrivals
    from neurosim.engine.state import State

    backgrounds = Backgrounds()

    def random(state: Any, name: str, block: str, elements: np.ndarray, trials: Any = None) -> Any:
        elements = np.asarray(elements)
        shape = np.broadcast_shapes(elements.shape, np.shape(trials))
        if block == "private":
            return Given(backgrounds.of(state, name))
        if block == "threshold" and "_sources" in name:  # of a PoissonInput
            return Given(np.ones(shape))
        return OneStream(shape, elements.size > 1 and not elements.any(), _part(state.plan, name, block))

    inner = advancing.lower_run

    def lower_run(run: Any) -> Any:
        lowered = inner(run)
        return replace(lowered, plan=in_brian2s_order(run, lowered.plan))

    advancing.lower_run = lower_run
    State.random = random
    arrivals.binomial = lambda drawn, n, p: drawn
    Seeds.for_run = lambda self, network, plan: 0

"""Wirings that are expressions: which pairs a condition joins, and with which probability.

The pairs are not laid out as a matrix. Conditions on `j` alone (`i - 3 <= j < i + 3`, `abs(i - j) < 5`,
`j == (i + 1) % N_post`) say in which range the targets of a sender can lie, so that only these pairs are
looked at; a probability that is a number is drawn first, by the gaps of `probability`; all else is computed
for a block of senders at once. The condition is always computed in full for the pairs that remain, so that
these shortcuts change no result. Conditions that are joined by `and` are computed one after the other, each
for the pairs that remain, those that draw random numbers last.

Random numbers are counted by (sender, target), both local.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.errors import PlanError
from neurosim.network.draws import Pairs
from neurosim.network.expression import Expression
from neurosim.network.network import Network
from neurosim.network.random_wiring import probability
from neurosim.network.recipe import by_gaps
from neurosim.network.text import names_in, names_of, parsed, quoted
from neurosim.network.values import Value
from neurosim.network.wiring import avoids_self
from neurosim.plan.codegen.numpy_code import Numeric
from neurosim.plan.expressions import computed
from neurosim.plan.memory import refuse_size
from neurosim.plan.random import DrawRandom, Stream
from neurosim.plan.recipe import ARRAY_BYTES, USE_FEWER
from neurosim.plan.synapse_numbers import EndNumbers

BLOCK = 2**17  # about how many pairs are looked at together
Range = tuple[np.ndarray, np.ndarray]  # the first target, and the one after the last, of each sender


def pairs_of(net: Network, name: str, seed: int) -> Pairs:
    """The synapses called `name`, by their local ends, sorted by sender.

    Raises PlanError for synapses that do not fit into memory, and for expressions that cannot be computed.
    """
    item = net.synapses[name]
    wiring, stream = item.wiring, Stream(seed, f"{name}.wiring")
    if isinstance(wiring, probability) and wiring.computed:
        return _ConditionPairs(net, name, wiring, seed).pairs()
    refuse_size(
        ARRAY_BYTES * wiring.expected(item.pre, item.post), f"{item.label}: these synapses", USE_FEWER
    )
    return wiring.pairs(item.pre, item.post, stream)


@dataclass(frozen=True)
class _Condition:
    """One of the conditions that are joined by `and`. number: its place among them, which keys its draws."""

    text: str
    number: int

    @property
    def random(self) -> bool:
        return Expression(self.text).random


def _conjuncts(text: str) -> list[_Condition]:
    """The conditions that `and` joins, those that draw random numbers last."""
    found: list[ast.expr] = []

    def add(node: ast.expr) -> None:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for value in node.values:
                add(value)
        else:
            found.append(node)

    if text:
        add(parsed(text))
    conditions = [_Condition(ast.unparse(node), number) for number, node in enumerate(found)]
    return sorted(conditions, key=lambda condition: condition.random)


class _ConditionPairs:
    """Finds the pairs of one object of synapses."""

    def __init__(self, net: Network, name: str, wiring: probability, seed: int):
        self.name, self.wiring, self.seed = name, wiring, seed
        self.item = net.synapses[name]
        self.n_pre, self.n_post = self.item.pre.size, self.item.post.size
        self.ends, self.dt = EndNumbers(net, self.item, seed), net.dt
        self.conditions = _conjuncts(wiring.where)
        self.stream = Stream(seed, f"{name}.wiring")
        self.avoid = avoids_self(wiring, self.item.pre, self.item.post)

    def pairs(self) -> Pairs:
        """All pairs, sorted by sender, those of a sender by target."""
        pre, post, count = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], 0
        for first, second in self._blocks():
            pre.append(first.astype(np.int32))
            post.append(second.astype(np.int32))
            count += first.size
            refuse_size(ARRAY_BYTES * count, f"{self.item.label}: these synapses", USE_FEWER)
        senders = np.concatenate(pre, dtype=np.int64)
        pre.clear()  # at once, so that less memory is held together
        return Pairs(senders, np.concatenate(post, dtype=np.int64))

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The pairs of some senders after the other."""
        senders = self._senders()
        ranges = self._ranges()
        p = self.wiring.p
        if isinstance(p, float) and 0 < p < 1:
            step = max(1, int(BLOCK / (self.n_post * p + 1)))
            for first in range(0, self.n_pre, step):
                listed = by_gaps(p, first, min(first + step, self.n_pre), self.n_post, self.stream)
                yield self._filtered(listed.pre, listed.post, self.conditions)
        elif p == 0:
            return
        elif ranges is None:
            step = max(1, BLOCK // max(1, self.n_post))
            for first in range(0, senders.size, step):
                yield self._of_matrix(senders[first : first + step])
        else:
            yield from self._of_ranges(senders, ranges)

    def _senders(self) -> np.ndarray:
        """The senders for which all conditions hold that are of the sender alone."""
        pre = np.arange(self.n_pre)
        for condition in self.conditions:
            if not condition.random and self._is_of_sender(names_in(condition.text)):
                pre = pre[self._value(condition, pre, np.zeros_like(pre), pre.shape)]
        return pre

    def _of_matrix(self, senders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of some senders with all targets."""
        shape = senders.size, self.n_post
        joined = np.ones(shape, bool)
        for condition in self.conditions:
            if not condition.random:
                joined &= self._value(condition, senders[:, None], np.arange(self.n_post)[None, :], shape)
        pre, post = np.nonzero(joined)
        return self._filtered(senders[pre], post, [c for c in self.conditions if c.random])

    def _of_ranges(self, senders: np.ndarray, ranges: Range) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The pairs of senders with targets in a range that each has."""
        low, high = (bound[senders] for bound in ranges)
        number = np.maximum(high - low, 0)
        ends = np.cumsum(number)
        first = 0
        while first < senders.size:
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + BLOCK, side="right")))
            part = slice(first, last)
            pre = np.repeat(senders[part], number[part])
            start = np.repeat(ends[part] - number[part] - before, number[part])
            post = np.arange(pre.size) - start + np.repeat(low[part], number[part])
            yield self._filtered(pre, post, self.conditions)
            first = last

    def _filtered(
        self, pre: np.ndarray, post: np.ndarray, conditions: list[_Condition]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Those of the listed pairs for which conditions hold, and which are drawn."""
        if self.avoid:
            keep = self.item.pre.indices[pre] != self.item.post.indices[post]
            pre, post = pre[keep], post[keep]
        for condition in conditions:
            keep = self._value(condition, pre, post, pre.shape)
            pre, post = pre[keep], post[keep]
        if isinstance(self.wiring.p, str) and pre.size:
            keep = self._drawn(self.wiring.p, pre, post)
            pre, post = pre[keep], post[keep]
        return pre, post

    def _drawn(self, text: str, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Which of the listed pairs are drawn with the probability that an expression gives."""
        p = self._compute(text, "p", pre, post, pre.shape, f"{self.item.label}: wiring: p")
        wrong = np.flatnonzero(np.isnan(p))
        if wrong.size:
            first = wrong[0]
            raise PlanError(
                f"{self.item.label}: wiring: p={quoted(text)} is not a number from neuron {pre[first]} to"
                f" neuron {post[first]}. Give a probability, or a condition without this pair."
            )
        drawn = p >= 1
        some = np.flatnonzero((p > 0) & ~drawn)
        drawn[some] = self.stream.uniform("p", pre[some], post[some]) < p[some]
        return drawn

    def _value(
        self, condition: _Condition, pre: np.ndarray, post: np.ndarray, shape: tuple[int, ...]
    ) -> np.ndarray:
        """For which pairs a condition holds, in this shape; `pre` and `post` are broadcast to it."""
        label = f"{self.item.label}: wiring"
        value = self._compute(condition.text, str(condition.number), pre, post, shape, label)
        return value if value.dtype.kind == "b" else value != 0

    def _compute(
        self, text: str, key: str, pre: np.ndarray, post: np.ndarray, shape: tuple[int, ...], label: str
    ) -> np.ndarray:
        names = {name: self._taken(name, pre, post) for name in names_in(text)}
        ends = pre.astype(np.uint32), post.astype(np.uint32)
        random = DrawRandom(self.seed, f"{self.name}.wiring.{key}", *ends)
        return np.broadcast_to(computed(text, names, None, random, label), shape)

    def _taken(self, name: str, pre: np.ndarray, post: np.ndarray) -> Numeric:
        """The value of a name for these pairs."""
        given = self.item.constants.get(name)
        if isinstance(given, Value):
            return float(given.number)
        if name == "dt" and self.dt:
            return self.dt
        suffix, value = self.ends(name)
        return value[pre if suffix == "_pre" else post] if np.ndim(value) else value

    def _is_of_sender(self, names: frozenset[str]) -> bool:
        """Whether names have the same value for all targets of a sender."""
        own = self.item.constants
        return all(name in own or name == "dt" or self._end(name) != "_post" for name in names)

    def _end(self, name: str) -> str:
        """The end whose neurons a name has a number for each of; '' for one number."""
        suffix, value = self.ends(name)
        return suffix if np.ndim(value) else ""

    def _ranges(self) -> Range | None:
        """In which range the targets of each sender can lie, as conditions say; None where none does."""
        low, high, found = np.zeros(self.n_pre), np.full(self.n_pre, float(self.n_post)), False
        for condition in self.conditions:
            node = parsed(condition.text)
            if condition.random or not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
                for mine, other, symbol in ((left, right, type(op)), (right, left, TURNED.get(type(op)))):
                    bounds = self._bounds(mine, other, symbol)
                    if bounds is not None:
                        found = True
                        low, high = np.fmax(low, bounds[0] - 1), np.fmin(high, bounds[1] + 2)
        if not found:
            return None
        limits = (np.clip(np.floor(bound), 0, self.n_post).astype(np.int64) for bound in (low, high))
        return next(limits), next(limits)

    def _bounds(self, mine: ast.expr, other: ast.expr, symbol: type[ast.cmpop] | None) -> Range | None:
        """Numbers between which j lies, by a comparison of j, or of abs(j - center), with a limit."""
        center = _center(mine)
        if symbol is None or center is None or not self._is_of_sender(names_of(other) | names_of(center)):
            return None
        middle, limit = (self._of_sender(node) for node in (center, other))
        nothing = np.full(self.n_pre, np.inf)
        if not _is_name(mine, "j"):
            return (middle - limit, middle + limit) if symbol in (ast.Lt, ast.LtE, ast.Eq) else None
        below, above = symbol in (ast.Lt, ast.LtE, ast.Eq), symbol in (ast.Gt, ast.GtE, ast.Eq)
        return (limit if above else -nothing, limit if below else nothing) if below or above else None

    def _of_sender(self, node: ast.expr) -> np.ndarray:
        """The value of an expression for each sender."""
        pre = np.arange(self.n_pre)
        text = ast.unparse(node)
        return self._compute(text, "", pre, np.zeros_like(pre), pre.shape, f"{self.item.label}: wiring")


TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.Eq,
}  # fmt: skip


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _center(node: ast.expr) -> ast.expr | None:
    """What j is compared with in abs(j - center) or abs(center - j); 0 for j itself; None for all else."""
    if _is_name(node, "j"):
        return ast.Constant(0)
    if not (isinstance(node, ast.Call) and _is_name(node.func, "abs") and len(node.args) == 1):
        return None
    inner = node.args[0]
    if not (isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub)):
        return None
    sides = (inner.left, inner.right), (inner.right, inner.left)
    return next((other for mine, other in sides if _is_name(mine, "j")), None)

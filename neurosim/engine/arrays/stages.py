"""Which populations must be computed tick after tick, and which for all ticks of a block at once.

A population without memory, which receives only what is sent in the same tick, can be computed for all
ticks side by side. Such populations are computed before the loop over ticks if they receive from no
population in the loop, and after it if they send to none. A feed-forward network has no loop at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from neurosim.engine.arrays.products import Product
from neurosim.network.program import Do, Step
from neurosim.network.schedule import Layered
from neurosim.plan.codegen.numpy_code import reads
from neurosim.plan.plan import Group, Plan, Private


@dataclass(frozen=True)
class Stages:
    """Driven populations (`outside`), and those that are computed before the loop, in it, and after it."""

    outside: tuple[str, ...]
    before: tuple[str, ...]
    loop: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def together(self) -> Stages:
        """The same with all populations in the loop."""
        return Stages(self.outside, (), (*self.before, *self.loop, *self.after), ())


def stages(plan: Plan, products: Sequence[Product]) -> Stages:
    """The stages of a plan."""
    outside = tuple(name for name, group in plan.groups.items() if group.driven)
    movers = list(dict.fromkeys(name for step in plan.program if step.moves for name in step.populations))
    if type(plan.schedule) is not Layered:
        return Stages(outside, (), tuple(movers), ())
    sources, free = _sources(plan, products, movers)
    before: set[str] = set()
    for name in movers:  # under Layered, each comes after those from which it receives in the same tick
        if name in free and sources[name] <= before | set(outside):
            before.add(name)
    after: set[str] = set()
    for name in reversed(movers):
        targets = {target for target in movers if name in sources[target]}
        if name in free and name not in before and targets <= after:
            after.add(name)
    inside = tuple(name for name in movers if name not in before | after)
    return Stages(
        outside, tuple(n for n in movers if n in before), inside, tuple(n for n in movers if n in after)
    )


def _sources(
    plan: Plan, products: Sequence[Product], movers: Sequence[str]
) -> tuple[dict[str, set[str]], set[str]]:
    """From where each population receives, and which populations can be computed for all ticks at once.

    These are without memory, and receive only what is sent in the same tick.
    """
    sources: dict[str, set[str]] = {name: set() for name in movers}
    late = {p.post for p in plan.of_class(Private)}
    for product in products:
        sources[product.post].add(plan.variable_owner(plan.groups[product.pre]).name)
        if product.delay or any(t.to not in plan.groups[product.post].ports for t in product.targets):
            late.add(product.post)
        if product.weights_from is not None:
            name, ago = product.weights_from
            sources[product.post].add(plan.variable_owner(plan.groups[name]).name)
            late |= {product.post} if ago else set()
    return sources, {name for name in movers if name not in late and is_memoryless(plan.groups[name])}


def is_memoryless(group: Group) -> bool:
    """Whether the new values of a population's variables depend on no earlier ones."""
    if group.spiking or group.integrate is not None or group.update is None:
        return False
    return not reads(group.update.statements) & set(group.update.writes)


def narrowed(program: Sequence[Step], names: Sequence[str]) -> tuple[Step, ...]:
    """The steps of a program for these populations only, without drive steps: inputs are sent already."""
    chosen = set(names)
    steps = [
        replace(step, populations=tuple(n for n in step.populations if n in chosen))
        for step in program
        if step.kind is not Do.DRIVE
    ]
    return tuple(step for step in steps if step.populations)

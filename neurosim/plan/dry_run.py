"""A dry run of all text on the start state: before the first tick it finds what cannot be computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.errors import EngineError, PlanError
from neurosim.network.text import names_in
from neurosim.plan.called import Table
from neurosim.plan.codegen.numpy_code import AxisFunctions, evaluate, numpy_block
from neurosim.plan.memory import refuse_size
from neurosim.plan.pathway import ENDS
from neurosim.plan.plan import AnyPathway, Block, Group, Plan, Sparse, Textual
from neurosim.plan.random import TextRandom


def dry_run(plan: Plan, label: Callable[[str], str]) -> None:
    """Compute every block of text once, and discard the result.

    label: gives the name by which error messages call the synapses of a pathway

    Raises PlanError, naming the object and the block, for text that fails: for an axis that does not exist,
    shapes that do not fit, or a division by a constant that is 0.
    """
    check_memory(plan)
    with np.errstate(all="ignore"):
        for group in plan.groups.values():
            if not group.driven:
                _run_group(plan, group)
        for pathway in plan.textual:
            _run_synapses(plan, pathway, label(pathway.holder))


def _run_group(plan: Plan, group: Group) -> None:
    subject, shape, owner = f"Neurons {group.name!r}", (1, *group.shape), plan.variable_owner(group)
    names: dict[str, Any] = {port: np.zeros(shape, plan.dtype) for port in owner.ports}
    names |= {"t": np.float64(0), "not_refractory": np.ones(shape, bool)} | dict(owner.constants)
    strict = {name: replace(value, strict=True) for name, value in names.items() if isinstance(value, Table)}
    names |= strict  # here a column that does not exist is an error
    names |= {name: value[None].astype(plan.dtype) for name, value in owner.states.items()}
    names |= {name: np.zeros(shape, plan.dtype) for name in owner.links}
    elements = np.arange(group.size, dtype=np.uint32).reshape(shape)
    along = AxisFunctions(group.shape)
    for block in group.blocks:
        random = TextRandom(
            plan.seed, group.name, block.name, 0, np.zeros((1,) * len(shape), np.int64), elements
        )
        _compute(
            f"{subject}: {block.name}",
            lambda block=block, random=random: _run(block, names, along, random),
            shape,
        )
    recorded = {probe.variable for probe in plan.probes if probe.owner == group.name} | {group.sends}
    for name in sorted(set(group.subexpressions) & recorded):
        _compute(
            f"{subject}: {name}",
            lambda name=name: [evaluate(group.subexpressions[name], names, along)],
            shape,
        )
    if group.refractory is not None:
        text = group.refractory.time or group.refractory.condition
        if text:
            _compute(f"{subject}: refractory", lambda: [evaluate(text, names)], shape)


def _run_synapses(plan: Plan, pathway: Textual, subject: str) -> None:
    """Run the text of synapses on one synapse, with all variables at 0."""
    text = pathway.text
    constants = {name: value[:1] if np.ndim(value) else value for name, value in text.constants.items()}
    for block in text.blocks:
        own = {s.name for s in block.statements if s.name.startswith("_")}
        used = {name for s in block.statements for name in names_in(s.expression)}
        if block.name in text.periodic and plan.message_name(pathway) in used:
            raise PlanError(
                f"{subject}: {block.name}: reads {plan.message_name(pathway)!r}, the message that arrives"
                " later in the tick. Read it in on_pre, without (constant over dt)."
            )
        for name in sorted(used - own):
            _check_readable(
                plan, pathway, name, f"{subject}: {block.name}", arrived=block is not text.integrate
            )
        names = _zeros(used | {s.name for s in block.statements}, constants)
        random = TextRandom(
            plan.seed, pathway.name, block.name, 0, np.zeros(1, np.int64), np.zeros(1, np.uint32)
        )
        _compute(
            f"{subject}: {block.name}",
            lambda block=block, names=names, random=random: _run(block, names, None, random),
            (1,),
        )
    for name, expression in (*text.summed.items(), *text.subexpressions.items()):
        for used in sorted(names_in(expression)):
            _check_readable(plan, pathway, used, f"{subject}: {name}", arrived=True)
        names = _zeros(names_in(expression), constants)
        _compute(
            f"{subject}: {name}",
            lambda expression=expression, names=names: [evaluate(expression, names)],
            (1,),
        )


def _check_readable(plan: Plan, pathway: Textual, name: str, subject: str, *, arrived: bool) -> None:
    """Refuse names that have no value in the text of synapses, such as ports.

    arrived: whether this text runs when messages have arrived, so that it may read what a driven sender sent
    """
    text = pathway.text
    if name in {*text.states, *text.constants, *text.links, *ENDS, "t", "_elapsed"}:
        return
    of_sender = name.endswith("_pre")
    pre, post = plan.ends(pathway)
    group = pre if of_sender else post
    variable = name.removesuffix("_pre" if of_sender else "_post")
    if variable in {*group.states, *group.constants, *group.subexpressions, *group.links} or (
        variable == "not_refractory" and group.spiking
    ):
        return
    drive = plan.drives.get(group.name)
    sends_numbers = group.driven and drive is not None and not drive.events
    arrived = arrived and not pathway.of
    if of_sender and arrived and variable == "v" and sends_numbers:
        return
    rule = "is a port, which is empty once it was read" if variable in group.ports else "has no value here"
    ends = plan.holder(pathway)
    raise PlanError(
        f"{subject}: {name!r} {rule}. Use variables of the synapses, or of {ends.pre!r} (_pre) and"
        f" {ends.post!r} (_post)."
    )


def _zeros(used: set[str] | frozenset[str], constants: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.zeros(1) for name in used} | {
        name: value for name, value in constants.items() if np.size(value)
    }


def _run(block: Block, names: Mapping[str, Any], along: Any, random: Any) -> list[Any]:
    return list(numpy_block(block.statements, block.writes, block.frozen)(names, along, random).values())


def _compute(subject: str, run: Callable[[], list[Any]], shape: tuple[int, ...]) -> None:
    """Run a block. Raises PlanError if it fails, or if its results are not numbers that fit the shape."""
    try:
        for value in run():
            np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
    except ZeroDivisionError:
        raise PlanError(
            f"{subject}: divides by a whole number that is 0."
            " Change the constant, or write it as 0.0 where infinity is meant."
        ) from None
    except (PlanError, EngineError) as error:
        raise PlanError(f"{subject}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise PlanError(
            f"{subject}: cannot be computed for the shape {shape[1:] or shape} ({reason})."
            " Make text, constants and shape fit."
        ) from None


def check_memory(plan: Plan) -> None:
    """Refuse a run whose state and pending messages do not fit into the memory of this machine."""
    need = 0.0
    given: dict[str, list[AnyPathway]] = {name: [] for name in plan.groups}
    for pathway in plan.pathways.values():
        if not (isinstance(pathway, Sparse) and pathway.recipe is not None):
            given[pathway.pre].append(pathway)
    for name, group in plan.groups.items():
        longest = max([0, *plan.weight_ages(name), *(p.longest for p in given[name])])
        need += (
            8.0 * plan.trials * group.size * (len(group.states) + min(longest, plan.ticks)) + 8.0 * longest
        )
    refuse_size(
        need,
        "run: the state of all trials and the messages on their way",
        "Use fewer trials or neurons, or shorter delays.",
    )

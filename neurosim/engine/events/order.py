"""What follows for the C++ from the order of the steps: which of them are done together, and who waits."""

from __future__ import annotations

from dataclasses import replace

from neurosim.network.program import Arriving, Do, Step, ticks_between_moves, unmoved
from neurosim.network.text import names_in
from neurosim.plan.derived import once_for_each_plan
from neurosim.plan.plan import AnyPathway, Group, Plan, Private, Textual

BETWEEN = (Do.RECORD, Do.DRIVE, Do.SEND, Do.INTEGRATE, Do.UPDATE, Do.THRESHOLD)  # of other populations


@once_for_each_plan
def texts_at(plan: Plan) -> dict[str, list[Textual]]:
    """The synapses with text that start or end at each population, whose text may name its variables."""
    found: dict[str, list[Textual]] = {name: [] for name in plan.groups}
    for pathway in plan.textual:
        for name in {pathway.pre, pathway.post, *(group.name for group in plan.ends(pathway))}:
            found[name].append(pathway)
    return found


def step_of(plan: Plan, population: str, *kinds: Do) -> int:
    """The number of the step of these kinds that names a population; that of the end if none does."""
    steps = (
        n for n, step in enumerate(plan.program) if step.kind in kinds and population in step.populations
    )
    return next(steps, len(plan.program))


def unmoved_at(plan: Plan, population: str, *kinds: Do) -> frozenset[str]:
    """The populations that have not moved yet when the step of these kinds of a population runs."""
    return unmoved(plan.program, step_of(plan, population, *kinds))


def spikes_as_it_moves(plan: Plan, group: Group) -> bool:
    """Whether a population can be compared with its threshold in the loop that moves it.

    It can if its threshold step stands behind, and no step between them changes what the threshold reads.
    """
    statements = group.threshold.statements if group.threshold is not None else ()
    if any(names_in(statement.expression) & group.links.keys() for statement in statements):
        return False  # what it reads of other populations may move in between
    move = step_of(plan, group.name, Do.INTEGRATE, Do.UPDATE)
    find = step_of(plan, group.name, Do.THRESHOLD)
    between = plan.program[move + 1 : find]
    return move < find and all(step.kind in BETWEEN or not _touches(plan, step, group) for step in between)


def _touches(plan: Plan, step: Step, group: Group) -> bool:
    """Whether a step may change variables of a population: its own, or those of synapses from or to it."""
    if step.kind is Do.CALL:
        return True
    named = {plan.variable_owner(plan.groups[name]).name for name in step.populations}
    concerned = (p for p in plan.pathways.values() if step.concerns(p.name, p.post))
    return group.name in named or any(_reaches(plan, p, group) for p in concerned)


def _reaches(plan: Plan, pathway: AnyPathway, group: Group) -> bool:
    """Whether synapses may change variables of a population."""
    if group in plan.ends(pathway):
        return True
    text = pathway.text if isinstance(pathway, Textual) else None
    return text is not None and any(text.links[name].owner == group.name for name in text.changed_links)


def stores_refractoriness(plan: Plan, group: Group) -> bool:
    """Whether it is stored which neurons are refractory; otherwise it follows from their last spikes."""
    rule = group.refractory
    if rule is None:
        return False
    called = any(step.kind is Do.CALL for step in plan.program)
    return bool(rule.time or rule.condition) or called or ticks_between_moves(plan.program, group.name) > 1


def sent_between(plan: Plan, pathway: Textual, step: int) -> bool:
    """Whether the sender of synapses sends after its message was delivered, and before their text runs.

    step: the number of the step in which the text runs
    """
    name, post = pathway.name, pathway.post
    delivered = [
        n
        for n, s in enumerate(plan.program[:step])
        if s.adds_up(name, post) or (s.delivers(graded=True) and s.concerns(name, post))
    ]
    between = plan.program[max(delivered, default=step) : step]
    return any(s.kind is Do.SEND and pathway.pre in s.populations for s in between)


def moves_in_blocks(plan: Plan) -> bool:
    """Whether the steps let blocks of neurons move side by side: all move and spike, then all that is sent
    arrives, then all are reset.
    """
    steps = [step for step in plan.program if step.kind is not Do.RECORD]
    ranks, alone = (
        [_rank(step) for step in steps],
        any(step.kind in (Do.SWEEP, Do.SUM, Do.CALL) for step in steps),
    )
    alone |= any(pathway.text.periodic for pathway in plan.textual)  # they may look at senders
    alone |= bool(plan.linked)
    return plan.dt is not None and not alone and ranks == sorted(ranks)


def _rank(step: Step) -> int:
    """0 for what each block does by itself, 1 for what looks at the spikes of others, 2 for resets."""
    if step.kind is Do.DELIVER:
        return 0 if step.arriving is Arriving.GRADED else 1
    return 2 if step.kind is Do.RESET else 0


def last_delivery(plan: Plan) -> int:
    """The number of the last step that delivers; -1 if none does."""
    steps = [number for number, step in enumerate(plan.program) if step.kind is Do.DELIVER]
    return max(steps, default=-1)


def with_joint_deliveries(plan: Plan) -> Plan:
    """The plan with neighbouring deliver steps as one where that changes nothing.

    Each step has its own tables of synapses, and a pass over them.
    """
    program: list[Step] = []
    for step in plan.program:
        joint = _joint(plan, program[-1], step) if program else None
        program[-1:] = [joint] if joint is not None else [*program[-1:], step]
    return replace(plan, program=tuple(program)) if len(program) < len(plan.program) else plan


def _joint(plan: Plan, first: Step, then: Step) -> Step | None:
    """One step in place of two that deliver through synapses without text to different targets."""
    if first.pathways is None or then.pathways is None or first.kind is not Do.DELIVER:
        return None
    names = (*first.pathways, *then.pathways)
    if replace(first, pathways=names) != replace(then, pathways=names):
        return None
    before, after = ([plan.pathways[name] for name in step.pathways or ()] for step in (first, then))
    targets = {(p.post, p.to) for p in before}
    if any((p.post, p.to) in targets for p in after) or not all(_plain(plan, p) for p in (*before, *after)):
        return None
    return replace(first, pathways=names)


def _plain(plan: Plan, pathway: AnyPathway) -> bool:
    """Whether what synapses deliver follows from what was sent alone."""
    if isinstance(pathway, Private):
        group = plan.groups[pathway.pre]
        return not names_in(pathway.chance) & {*group.states, *group.ports, *group.subexpressions}
    return not isinstance(pathway, Textual)

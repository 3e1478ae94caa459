"""What the array engine cannot run, and why; such a network runs on another engine."""

from __future__ import annotations

from neurosim.engine.arrays import library
from neurosim.engine.called import user_functions
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Do, special_steps
from neurosim.network.text import names_in
from neurosim.plan.called import UserFunction
from neurosim.plan.plan import Plan, Private, Textual

NAME = "why arrays cannot run it"  # by which a plan that is kept holds the answer
REMEDY = "Use engine='reference', or 'auto'."


def unsupported(plan: Plan) -> str | None:
    """Why the array engine cannot run this plan, or None; found once for a plan that is kept."""
    if plan.resume:  # what a run has left behind may make a difference
        return _reason(plan)
    if NAME not in plan.made:
        plan.made[NAME] = _reason(plan)
    return plan.made[NAME]


def _reason(plan: Plan) -> str | None:
    if plan.sweeps:
        schedule = type(plan.schedule).__name__
        return f"under {schedule}() one neuron moves after the other, which arrays cannot. {REMEDY}"
    special = special_steps(plan.program)
    if special:
        fault = "names synapses, records or blocks, or skips ticks"
        return f"its step '{special[0]}' {fault}, which arrays cannot. {REMEDY}"
    for group in plan.groups.values():
        if group.links:
            return (
                f"text of {group.name!r} reads variables of other populations, which arrays cannot. {REMEDY}"
            )
        if group.spike_time:
            return f"{group.name!r} keeps the time of its last spike, which arrays do not. {REMEDY}"
    for subject, function in user_functions(plan):
        if library.is_installed() and not _traces(function):
            return f"{subject} cannot be traced by JAX, as arithmetic and jax.numpy can. {REMEDY}"
    if any(step.kind is Do.RUN for step in plan.program):
        return f"text that is (constant over dt) runs before all other steps, which arrays cannot. {REMEDY}"
    for pathway in plan.pathways.values():
        reason = _text_reason(plan, pathway) if isinstance(pathway, Textual) else None
        if reason:
            return f"synapses {pathway.name!r} {reason}. {REMEDY}"
        reduce = plan.groups[pathway.post].ports.get(str(pathway.to), "sum")
        if isinstance(pathway, Private) and reduce != "sum":
            return f"private synapses {pathway.name!r} end at a port that takes no sum. {REMEDY}"
    return None


def _traces(function: UserFunction) -> bool:
    from neurosim.engine.arrays.called import traces  # imports JAX

    with library.wide():
        return traces(function)


def _text_reason(plan: Plan, pathway: Textual) -> str | None:
    """Why the text of synapses cannot run here: it does more than add a term to one port."""
    text = pathway.text
    if spikes_sent(plan, pathway.pre):
        return "have text that spikes call"
    if text.subexpressions:
        return "have subexpressions that are recorded"
    if text.integrate or text.summed or text.on_post or text.on_pre is None:
        return "have variables or on_post text of their own"
    group = plan.groups[pathway.pre]
    message = f"{group.sends or 'v'}_pre"
    statements = text.on_pre.statements
    only = len(statements) == 1 and statements[0].op == "+=" and statements[0].name.endswith("_post")
    target = statements[0].name.removesuffix("_post") if only else ""
    if (
        not only
        or target not in plan.groups[pathway.post].ports
        or plan.groups[pathway.post].ports[target] != "sum"
    ):
        return "have text that does more than add to one port"
    if names_in(statements[0].expression) - {message, "w", *text.constants}:
        return "have text that reads more than the message, w and constants"
    remembered = [value for key, value in plan.resume.items() if key.startswith(f"synapse/{pathway.name}/")]
    if any((value != value[:1]).any() for value in remembered):
        return "have learned other values in each trial"
    return None if pathway.shortest == pathway.longest else "have text and several delays"

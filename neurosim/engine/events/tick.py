"""C++ of a tick: the calls of the step program in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from neurosim.engine.events import periodic
from neurosim.engine.events.arrivals import senders_of
from neurosim.engine.events.constant_keys import CallAddress
from neurosim.engine.events.loops import for_each_trial, identifier
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.order import last_delivery, moves_in_blocks, spikes_as_it_moves
from neurosim.engine.events.pathway_code import PathwayCode, reads_sender
from neurosim.engine.events.stages import Stage
from neurosim.engine.events.sums_by_target import integrated_with_sums
from neurosim.engine.sampling import sampled_in
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do, Step
from neurosim.plan.plan import Group, Plan, Textual


@dataclass(frozen=True)
class Call:
    """A statement of the tick, which runs for each trial of a worker or once for all of them."""

    text: str
    each_trial: bool = True

    def at(self, step: Step) -> Call:
        """The same in the ticks in which a step runs."""
        if step.every == 1:
            return self
        tick = "context.tick" if self.each_trial else "worker.contexts[0].tick"
        return Call(f"if ({tick} % {step.every} == {step.phase}) {self.text}", self.each_trial)


WAIT = Call("worker.wait();", each_trial=False)  # until the threads of all blocks have come so far


def tick(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...]) -> list[str]:
    """The body of the function that runs one tick for the trials (or the block) of a worker."""
    calls: list[Call] = []
    barrier, last = _barrier_step(plan), last_delivery(plan)
    read_together = moves_in_blocks(plan) and _sender_is_read(plan)
    for number, step in enumerate(plan.program):
        calls += [call.at(step) for call in _step(plan, numbering, stages, number, step)]
        if number == barrier or (number == last and read_together):
            calls.append(WAIT)
    calls += _samples(plan, len(plan.program))
    calls.append(Call("// close the tick: its spikes are put into the calendars", each_trial=False))
    calls += [
        Call(f"send_spikes(context, {stage.number}, {senders_of(plan, stage)});")
        for stage in stages
        if stage.pathways
    ]
    calls += [
        Call(f"queue_{identifier(pathway.name)}(context);")
        for pathway in plan.textual
        if is_queued(plan, pathway)
    ]
    return _trial_by_trial(calls)


def _trial_by_trial(calls: Iterable[Call]) -> list[str]:
    """Lines in which neighbouring calls share a loop: a trial does them while it is in the cache."""
    lines: list[str] = []
    for each_trial, group in groupby(calls, key=lambda call: call.each_trial):
        texts = [call.text for call in group]
        lines += for_each_trial(texts) if each_trial else texts
    return lines


def _samples(plan: Plan, step: int) -> list[Call]:
    """The calls that take the samples of a record step, or with the step behind the last those of the end."""
    subexpressions = [
        derivation(plan, owner, variable, number)
        for owner in (*plan.groups.values(), *plan.textual)
        for variable, number in recorded_subexpressions(plan, owner)
        if number == step
    ]
    sample = Call(f"sample_all(context, probes, worker.buffer_set, worker.first, {step});")
    return [*(Call(f"{name}(context);") for name in subexpressions), sample]


def is_queued(plan: Plan, pathway: Textual) -> bool:
    """Whether spikes are put into the calendar of a pathway with text at the end of a tick."""
    return pathway.text.on_pre is not None and spikes_sent(plan, pathway.pre) and not pathway.delay_from


def _step(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...], number: int, step: Step) -> list[Call]:
    """The calls of one step of the program."""
    names = [identifier(name) for name in step.populations]
    match step.kind:
        case Do.DRIVE:
            return [Call(f"drive_{name}(context);") for name in names] + _with_delays(plan, step)
        case Do.THRESHOLD:
            groups = [plan.groups[name] for name in step.populations]
            apart = [identifier(group.name) for group in groups if not spikes_as_it_moves(plan, group)]
            finding = [Call(f"find_spikes_{name}(context);") for name in apart]
            return [*finding, *(Call(f"threshold_{name}(context);") for name in names)]
        case Do.DELIVER:
            return _deliver(plan, numbering, stages, number, step)
        case Do.INTEGRATE | Do.UPDATE:
            pathways = [p for p in plan.textual if p.text.integrate and step.concerns(p.name, p.post)]
            if step.kind is Do.UPDATE:
                pathways = []
            already = integrated_with_sums(plan)
            calls = [
                Call(f"integrate_{identifier(p.name)}(context);") for p in pathways if p.name not in already
            ]
            return [*calls, *(Call(f"move_{name}(context);") for name in names)]
        case Do.SEND:
            senders = [
                n for n in step.populations if not spikes_sent(plan, n) and plan.groups[n].sends is not None
            ]
            return [Call(f"send_{identifier(n)}(context);") for n in senders] + _with_delays(plan, step)
        case Do.RESET:
            populations = [n for n in step.populations if plan.groups[n].reset is not None]
            return [Call(f"reset_{identifier(n)}(context);") for n in populations]
        case Do.SUM:
            summing = [p for p in plan.textual if p.text.summed and step.concerns(p.name, p.post)]
            return [Call(f"add_up_{identifier(p.name)}(context);") for p in summing]
        case Do.RUN:
            return [Call(text) for text in periodic.calls(plan, step)]
        case Do.SWEEP:
            return [Call("sweep_all(worker);", each_trial=False)]
        case Do.CALL:
            address = numbering.integer_value(CallAddress(step.block))
            return [Call(f"reinterpret_cast<void (*)(int64_t)>({address})(context.tick);")]
        case Do.RECORD:
            return _samples(plan, number)


def _with_delays(plan: Plan, step: Step) -> list[Call]:
    """The calls that put the spikes of a step on their way through synapses whose delays change."""
    changing = [p for p in plan.textual if p.delay_from and p.text.on_pre and p.pre in step.populations]
    return [Call(f"send_{identifier(p.name)}_with_delays(context);") for p in changing]


def _barrier_step(plan: Plan) -> int:
    """The step after which all blocks must have listed their spikes: the last that finds or drives some."""
    spiking = [n for n, step in enumerate(plan.program) if step.kind in (Do.DRIVE, Do.THRESHOLD)]
    return max(spiking, default=-1)


def _sender_is_read(plan: Plan) -> bool:
    """Whether text of synapses reads senders, which then may be reset only after all blocks have done so."""
    codes = [PathwayCode(plan, Numbering(), p) for p in plan.textual]
    return any(reads_sender(c, c.pathway.text.on_pre, c.pathway.text.on_post) for c in codes)


def _deliver(
    plan: Plan, numbering: Numbering, stages: tuple[Stage, ...], number: int, step: Step
) -> list[Call]:
    """Sums of synapses without text first, then synapses with text, pathway by pathway."""
    codes = [PathwayCode(plan, numbering, p) for p in plan.textual if step.concerns(p.name, p.post)]
    if step.arriving is Arriving.SENT:
        names = [identifier(c.pathway.name) for c in codes if c.pathway.text.on_post]
        return [Call(f"on_post_{name}(context);") for name in names]
    calls = [
        Call(f"deliver_{stage.number}(worker);", each_trial=False) for stage in stages if stage.step == number
    ]
    for code in codes:
        text, name = code.pathway.text, identifier(code.pathway.name)
        if text.summed and step.adds_up(code.pathway.name, code.pathway.post):
            calls.append(Call(f"add_up_{name}(context);"))
        if text.on_pre is not None and step.delivers(graded=code.graded):
            calls.append(Call(f"on_pre_{name}(context);"))
    return calls


def recorded_subexpressions(plan: Plan, owner: Group | Textual) -> tuple[tuple[str, int], ...]:
    """The recorded subexpressions of a population or of synapses, and the numbers of the steps that do so."""
    group = owner if isinstance(owner, Group) else None
    if group is not None and group.driven:
        return ()
    sends = None if group is None else group.sends
    known = owner.subexpressions if isinstance(owner, Group) else owner.text.subexpressions
    probes = [p for p in plan.probes if p.owner == owner.name and not p.events]
    names = [(p.variable if p.variable is not None else sends, sampled_in(plan, p)) for p in probes]
    return tuple(dict.fromkeys((name, n) for name, n in names if name is not None and name in known))


def derivation(plan: Plan, owner: Group | Textual, variable: str, step: int) -> str:
    """The name of the function that computes a subexpression for the records of a step.

    The owner's number tells it from others: a_b of c and b_c of a would otherwise have one name.
    """
    number = [*plan.groups, *plan.pathways].index(owner.name)
    return f"derive_{number}_{identifier(owner.name)}_{identifier(variable)}_{step}"

"""C++ of deliver steps: what arrives through synapses without text, summed in the order of the tick contract."""

from __future__ import annotations

from neurosim.engine.delivery import Afferents
from neurosim.engine.events.loops import Loop, identifier
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.populations import awake, group_names, kept_ports, used_names
from neurosim.engine.events.stages import Stage, postponed, taken_early
from neurosim.network.program import unmoved
from neurosim.plan.codegen.cpp_code import cpp_expression
from neurosim.plan.plan import Dense, Plan, Private

REDUCE = {"sum": "Sum", "mean": "Mean", "max": "Max"}


def deliver_stage(plan: Plan, numbering: Numbering, stage: Stage) -> list[str]:
    """The function of one stage: graded messages, spikes, dense products, private sources; then ports and variables take the sums."""
    reduce = REDUCE[stage.reduce]
    lines: list[str] = []
    for place, accumulator in enumerate(stage.accumulators):
        if accumulator.graded:
            lines.append(
                f"deliver_graded<{reduce}>(worker, {stage.number}, {_slot(numbering, stage, place)}, {_rows(numbering, accumulator)}, history_of);"
            )
    if stage.pathways:
        before, take = _take(plan, numbering, stage)
        call = f"deliver_spikes<{reduce}>(context, {stage.number}, {senders_of(plan, stage)}, {take});"
        lines += ["for (Context& context : worker) {", *(f"    {line}" for line in (*before, call)), "}"]
    for place, accumulator in enumerate(stage.accumulators):
        for pathway in accumulator.dense:
            call = f"{stage.number}, {_slot(numbering, stage, place)}, {dense_numbers(plan, numbering, pathway, 'tiles')}, history_of"
            lines.append(f"deliver_dense<{reduce}>(worker, {call});")
        for pathway in accumulator.private:
            lines.append(f"for (Context& context : worker) private_{identifier(pathway.name)}(context);")
    waiting = {p.place for p in postponed(plan) if p.stage == stage.number}
    settles = [
        _settle(plan, numbering, stage, place, accumulator)
        for place, accumulator in enumerate(stage.accumulators)
        if place not in waiting
    ]
    lines += [f"for (Context& context : worker) {{ {' '.join(settle)} }}" for settle in settles]
    return [f"// What arrives in step {stage.step} at ports that take the {stage.reduce}.", f"void deliver_{stage.number}(Worker& worker) {{",
            *(f"    {line}" for line in lines), "}", ""]  # fmt: skip


def senders_of(plan: Plan, stage: Stage) -> str:
    """C++ for the numbers of the populations whose spikes a stage delivers."""
    return f"{{{', '.join(str(place) for place, name in enumerate(plan.groups) if any(p.pre == name for p in stage.pathways))}}}"


def _take(plan: Plan, numbering: Numbering, stage: Stage) -> tuple[list[str], str]:
    """C++ by which the sums of a stage can be taken one by one: what stands before, and a function; `Nobody` where they cannot."""
    if stage.number not in taken_early(plan):
        return [], "LeaveSums{}"
    lines, chosen = [], ""
    for place, accumulator in enumerate(stage.accumulators):
        kind = "port" if accumulator.to in plan.groups[accumulator.post].ports else "state"
        start = f"slot_of(context, {_slot(numbering, stage, place)})"
        first = f"context.span({list(plan.groups).index(accumulator.post)}).first"
        lines.append(
            f"Real* const to_{place} = {numbering.pointer('Real', kind, accumulator.post, accumulator.to)} + {first} - {start};"
        )
        if place:
            lines.append(f"const auto from_{place} = static_cast<uint32_t>({start});")
        chosen = f"(slot < from_{place} ? {chosen} : to_{place})" if place else "to_0"
    return lines, f"[&](uint32_t slot, Real sum) {{ {chosen}[slot] += sum; }}"


def _slot(numbering: Numbering, stage: Stage, place: int) -> str:
    """The numbers that say where an accumulator's sums begin: an array (accumulator, block), and the accumulator."""
    return f"{{{numbering.array('slot first', stage.number)}, {place}}}"


def _rows(numbering: Numbering, accumulator: Afferents) -> str:
    parts = ("first", "target", "count", "sender", "weight", "segments")
    numbers = [numbering.array("graded", accumulator.post, accumulator.to, part) for part in parts]
    sizes = [
        numbering.integer("graded", accumulator.post, accumulator.to, part) for part in ("segments", "groups")
    ]
    return "{" + ", ".join(map(str, [*numbers, *sizes])) + "}"


def dense_numbers(plan: Plan, numbering: Numbering, pathway: Dense, layout: str) -> str:
    """The DenseNumbers of a pathway, whose weights lie in 'rows' or in 'tiles'."""
    numbers = [
        numbering.array("dense", pathway.name, part) for part in (layout, "pre", "post", "seen", "product")
    ]
    sizes = [numbering.integer("dense", pathway.name, part) for part in ("senders", "targets", "delay")]
    runs = [numbering.integer("dense", pathway.name, part) for part in ("pre run", "post run")]
    return "{" + ", ".join(map(str, [*numbers, *sizes, *runs, list(plan.groups).index(pathway.pre)])) + "}"


def private(plan: Plan, numbering: Numbering, pathway: Private, stage: Stage) -> list[str]:
    """The function that gives every target weight times Binomial(n, p): its own sources, which spike with the sender's chance."""
    loop = Loop(plan, numbering, index=numbering.whole("private", pathway.name, "sender"))
    group, wanted = plan.groups[pathway.pre], used_names(pathway.chance)
    chance = cpp_expression(
        pathway.chance,
        group_names(loop, group, wanted, kept_ports(loop, group, wanted)),
        precision=plan.precision,
    )
    place = next(n for n, accumulator in enumerate(stage.accumulators) if pathway in accumulator.private)
    key = f"context.key({numbering.random_key(pathway.name, 'private', 0)})"
    numbers = [numbering.array("private", pathway.name, part) for part in ("post", "first")]
    sizes = [numbering.integer("private", pathway.name, part) for part in ("sources", "number")]
    weight = f"Real({numbering.number('private', pathway.name, 'weight')})"
    target = list(plan.groups).index(pathway.post)
    call = f"{stage.number}, {_slot(numbering, stage, place)}, {{{', '.join(map(str, [*numbers, *sizes, target]))}}}"
    lines = [
        *loop.before,
        f"const double chance = {chance.text};",
        f"deliver_private<{REDUCE[stage.reduce]}>(context, {call}, {key}, chance, {weight});",
    ]
    return [
        f"// {pathway.name}",
        f"void private_{identifier(pathway.name)}(Context& context) {{",
        *(f"    {line}" for line in lines),
        "}",
        "",
    ]


def _settle(plan: Plan, numbering: Numbering, stage: Stage, place: int, accumulator: Afferents) -> list[str]:
    """Add the sums of an accumulator to its port, or to its variable unless that is frozen in a refractory neuron."""
    group = plan.groups[accumulator.post]
    population = list(plan.groups).index(accumulator.post)
    where = f"context, {stage.number}, {_slot(numbering, stage, place)}, {population}"
    if accumulator.to in group.ports:
        port = numbering.pointer("Real", "port", accumulator.post, accumulator.to)
        count = (
            numbering.pointer("int64_t", "count", accumulator.post, accumulator.to)
            if stage.reduce != "sum"
            else "nullptr"
        )
        return [f"settle_port<{REDUCE[stage.reduce]}>({where}, {port}, {count});"]
    state = numbering.pointer("Real", "state", accumulator.post, accumulator.to)
    if accumulator.to in group.frozen:
        loop = Loop(plan, numbering, unmoved=unmoved(plan.program, stage.step))
        guard = awake(loop, group)
        return [
            *loop.before,
            f"settle_unless_refractory({where}, {state}, [&](int32_t i) {{ return {guard}; }});",
        ]
    return [f"settle_port<Sum>({where}, {state}, nullptr);"]


def settle_all(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...]) -> list[str]:
    """Calls by which postponed sums are taken, so that the arrays of state are complete."""
    return [
        line
        for p in postponed(plan)
        for line in _settle(plan, numbering, stages[p.stage], p.place, p.accumulator)
    ]

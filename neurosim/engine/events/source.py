"""One C++ translation unit per network structure: its populations, its synapses, and the tick that calls them in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from neurosim.engine.events import synapses
from neurosim.engine.events.arrivals import REDUCE, deliver_stage, private, senders_of, settle_all
from neurosim.engine.events.loops import identifier
from neurosim.engine.events.numbering import Numbering
from neurosim.engine.events.populations import drive, evaluated, move, reset, threshold
from neurosim.engine.events.stages import Stage, stages_of
from neurosim.engine.events.sweeps import sweep
from neurosim.engine.state import spikes_sent
from neurosim.network.program import Arriving, Do, Step, unmoved
from neurosim.network.schedule import Clock
from neurosim.plan.plan import Group, Plan, Private

EACH_TRIAL = "for (Context& context : worker) "
OPENING = """\
// Written by neurosim from the description of a network; the tick contract stands in neurosim/plan/plan.py.
// Sizes, constants, weights, delays, seeds and inputs are arguments, so networks of this structure share this code.
#include "core/run/engine.hpp"

namespace {  // libraries of many networks are loaded side by side; what stands context is each one's own
namespace network {
using namespace neurosim;
"""


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a translation unit, and what the numbers in it mean."""

    text: str
    numbering: Numbering
    stages: tuple[Stage, ...]


def write_source(plan: Plan) -> Source:
    """The translation unit that runs networks of this plan's structure."""
    numbering, stages = Numbering(), stages_of(plan)
    real, weight = (
        ("float" if plan.precision == "single" else "double"),
        ("double" if plan.precision == "double" else "float"),
    )
    lines = [
        OPENING,
        f"using Real = {real};",
        f"using Weight = {weight};",
        "using Context = neurosim::Context<Real, Weight>;",
    ]
    lines += ["using Worker = neurosim::Worker<Real, Weight>;", "using Integer = IntegerOf<Real>;", ""]
    lines += _histories(plan, numbering)
    for group in plan.groups.values():
        lines += _population(plan, numbering, group)
    for stage in stages:
        for pathway in (p for accumulator in stage.accumulators for p in accumulator.private):
            lines += private(plan, numbering, pathway, stage)
        lines += deliver_stage(plan, numbering, stage)
    for pathway in plan.textual:
        lines += _text(synapses.PathwayCode(plan, numbering, pathway))
    for step in plan.program:
        if step.kind is Do.SWEEP:
            lines += sweep(plan, numbering, step)
    lines += _network(plan, numbering, stages)
    return Source(
        "\n".join(
            [*lines, "}  // namespace network", "}  // namespace", "", '#include "core/run/library.hpp"', ""]
        ),
        numbering,
        stages,
    )


def _histories(plan: Plan, numbering: Numbering) -> list[str]:
    """A function that finds the past messages of a population that does not spike."""
    rows = []
    for name in plan.groups:
        if spikes_sent(plan, name):
            rows.append("{-1, -1, -1, -1}")
        else:
            numbers = [numbering.array("history", name, part) for part in ("messages", "newest", "last")]
            rows.append(f"{{{', '.join(map(str, numbers))}, {numbering.integer('history depth', name)}}}")
    return [
        "inline History<Real> history_of(const Context& context, int population) {",
        f"    static constexpr int number[][4] = {{{', '.join(rows)}}};",
        "    const int* of = number[population];",
        "    return history<Real>(context, of[0], of[1], of[2], of[3], population);",
        "}",
        "",
    ]


def _population(plan: Plan, numbering: Numbering, group: Group) -> list[str]:
    name, population = identifier(group.name), list(plan.groups).index(group.name)
    if group.driven:
        return drive(plan, numbering, group)
    lines: list[str] = []
    if not (plan.sweeps or group.of):
        lines += move(plan, numbering, group)
        lines += threshold(plan, numbering, group) if group.spiking else []
        lines += reset(plan, numbering, group) if group.reset is not None else []
    if not group.spiking and group.sends is not None:
        target = f"history_of(context, {population}).next(context.tick, context.block == 0)"
        owner, read = plan.speaker(group), _has_moved(plan, group, Do.SEND)
        lines += evaluated(plan, numbering, owner, group.sends, f"send_{name}", target, read=read)
    for variable in derived_probes(plan, group):
        target = numbering.pointer("Real", "derived", group.name, variable)
        lines += evaluated(
            plan,
            numbering,
            group,
            variable,
            derivation(plan, group.name, variable),
            target,
            read=_has_moved(plan, group, Do.RECORD),
        )
    return lines


def _has_moved(plan: Plan, group: Group, kind: Do) -> bool:
    """Whether a population has moved when its step of this kind runs."""
    place = next(
        (n for n, step in enumerate(plan.program) if step.kind is kind and group.name in step.populations),
        len(plan.program),
    )
    return plan.speaker(group).name not in unmoved(plan.program, place)


def derived_probes(plan: Plan, group: Group) -> tuple[str, ...]:
    """The subexpressions of a population that are recorded."""
    found = [
        p.variable if p.variable is not None else group.sends
        for p in plan.probes
        if p.owner == group.name and not p.events
    ]
    return tuple(
        dict.fromkeys(
            name for name in found if name is not None and name in group.derived and not group.driven
        )
    )


def derivation(plan: Plan, group: str, variable: str) -> str:
    """The function that computes a subexpression; the population's number parts it from those of others whose names run together with it."""
    return f"derive_{list(plan.groups).index(group)}_{identifier(group)}_{identifier(variable)}"


def _text(code: synapses.PathwayCode) -> list[str]:
    text = code.pathway.text
    assert text is not None
    lines = synapses.record(code)
    lines += synapses.integrate(code) if text.integrate is not None else []
    lines += synapses.add_up(code) if text.summed else []
    for block in (text.on_pre, text.on_post):
        lines += synapses.act(code, block) if block is not None else []
    return lines


def _network(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...]) -> list[str]:
    """What `core/run/engine.hpp` runs: the tick, and how many of what there are."""
    texts = plan.textual
    privates = plan.of_kind(Private)
    resize = [
        f"if (stage == {s.number}) block.template resize<{REDUCE[s.reduce]}>(slots, longest);" for s in stages
    ]
    states = [(group.name, name) for group in plan.groups.values() for name in group.states]
    copies = []
    for name, variable in states:
        at = f"{numbering.pointer('Real', 'state', name, variable)}"
        size = f"context.network.sizes[{list(plan.groups).index(name)}]"
        copies.append(f"{{ const Real* from = {at}; room.insert(room.end(), from, from + {size}); }}")
    return [
        "struct Network {",
        "    using Real = network::Real;",
        "    using Weight = network::Weight;",
        f"    static constexpr int stages = {len(stages)}, texts = {len(texts)}, privates = {len(privates)};",
        "    static void resize([[maybe_unused]] int stage, [[maybe_unused]] StageBlock<Real, Weight>& block, [[maybe_unused]] int64_t slots,",
        "                       [[maybe_unused]] int64_t longest) {",
        *(f"        {line}" for line in resize),
        "    }",
        "    static void copy_states([[maybe_unused]] Context& context, [[maybe_unused]] std::vector<Real>& room) {",
        *(f"        {line}" for line in copies),
        "    }",
        "    static bool differs(Worker& worker, const std::vector<Real>& before) {",
        "        std::vector<Real> after;",
        "        for (Context& context : worker) copy_states(context, after);",
        "        return !std::equal(before.begin(), before.end(), after.begin(), [](Real a, Real b) { return a == b || (a != a && b != b); });",
        "    }",
        "    // Sums that wait for the next tick are taken, so that the arrays of state are complete.",
        "    static void settle([[maybe_unused]] Worker& worker) {",
        *(f"        for (Context& context : worker) {line}" for line in settle_all(plan, numbering, stages)),
        "    }",
        "    static void tick(Worker& worker, const std::vector<Probe>& probes) {",
        *(f"        {line}" for line in _trial_by_trial(_tick(plan, numbering, stages))),
        "    }",
        "};",
        "",
    ]


def _trial_by_trial(lines: list[str]) -> list[str]:
    """The lines with neighbouring calls for all trials in one loop: a trial does all of them while the cache holds it."""
    found: list[str] = []
    for each, group in groupby(lines, key=lambda line: line.startswith(EACH_TRIAL)):
        calls = list(group)
        if each and len(calls) > 1:
            calls = [f"{EACH_TRIAL}{{", *(f"    {line.removeprefix(EACH_TRIAL)}" for line in calls), "}"]
        found += calls
    return found


def _tick(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...]) -> list[str]:
    lines = []
    for place, step in enumerate(plan.program):
        lines += _step(plan, numbering, stages, place, step)
    lines += [
        "for (Context& context : worker) sample_all(context, probes, worker.buffer_set, worker.first, true);",
        "// close the tick: spikes go on their way",
    ]
    for stage in (stage for stage in stages if stage.pathways):
        lines.append(
            f"for (Context& context : worker) send_spikes(context, {stage.number}, {senders_of(plan, stage)});"
        )
    for pathway in (p for p in plan.textual if p.text.on_pre and spikes_sent(plan, p.pre)):
        lines.append(
            f"for (Context& context : worker) queue_arrivals(context, {synapses.PathwayCode(plan, numbering, pathway).numbers});"
        )
    return lines


def _step(plan: Plan, numbering: Numbering, stages: tuple[Stage, ...], place: int, step: Step) -> list[str]:
    """The calls of one step of the program."""
    names = [identifier(name) for name in step.populations]
    waits = place == barrier_step(plan)
    if step.kind is Do.RECORD:
        derived = [derivation(plan, g.name, v) for g in plan.groups.values() for v in derived_probes(plan, g)]
        calls = [*derived, "sample_all"]
        return [
            f"for (Context& context : worker) {c}(context{', probes, worker.buffer_set, worker.first, false' if c == 'sample_all' else ''});"
            for c in calls
        ]
    if step.kind is Do.DELIVER:
        return _deliver(plan, numbering, stages, place, step)
    if step.kind is Do.SEND:
        names = [
            identifier(n)
            for n in step.populations
            if not spikes_sent(plan, n) and plan.groups[n].sends is not None
        ]
    if step.kind is Do.SWEEP:
        return ["sweep_all(worker);"]
    lines = []
    if step.kind is Do.INTEGRATE:
        texts = [p for p in plan.textual if p.text.integrate and p.post in step.populations]
        lines += [f"for (Context& context : worker) integrate_{identifier(p.name)}(context);" for p in texts]
    if step.kind is Do.RESET:
        names = [identifier(n) for n in step.populations if plan.groups[n].reset is not None]
        lines += ["worker.wait();"] if type(plan.schedule) is Clock and sender_is_read(plan) else []
    verb = "move" if step.moves else step.kind.value
    lines += [f"for (Context& context : worker) {verb}_{name}(context);" for name in names]
    return lines + (["worker.wait();"] if waits else [])


def barrier_step(plan: Plan) -> int:
    """The step after which all blocks must have listed their spikes: the last that finds or drives some."""
    return max(
        (n for n, step in enumerate(plan.program) if step.kind in (Do.DRIVE, Do.THRESHOLD)), default=-1
    )


def sender_is_read(plan: Plan) -> bool:
    """Whether text of synapses reads variables of senders, which then may not be reset before all blocks have read them."""
    found = [synapses.PathwayCode(plan, Numbering(), p) for p in plan.textual]
    return any(
        synapses.reads_sender(code, code.pathway.text.on_pre, code.pathway.text.on_post) for code in found
    )


def _deliver(
    plan: Plan, numbering: Numbering, stages: tuple[Stage, ...], place: int, step: Step
) -> list[str]:
    """Sums without text first, then synapses with text, object by object."""
    texts = [synapses.PathwayCode(plan, numbering, p) for p in plan.textual if p.post in step.populations]
    if step.arriving is Arriving.SENT:
        return [
            f"for (Context& context : worker) on_post_{identifier(e.pathway.name)}(context);"
            for e in texts
            if e.pathway.text.on_post
        ]
    lines = [f"deliver_{stage.number}(worker);" for stage in stages if stage.step == place]
    for code in texts:
        text, name = code.pathway.text, identifier(code.pathway.name)
        if step.delivers(graded=True) and text.summed:
            lines.append(f"for (Context& context : worker) add_up_{name}(context);")
        if text.on_pre is not None and step.delivers(graded=code.graded):
            lines.append(f"for (Context& context : worker) on_pre_{name}(context);")
    return lines

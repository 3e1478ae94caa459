"""What the event engine makes of a plan before it knows inputs, ticks and trials: C++, compiled, and layouts.

A plan that is kept with its network (`plan/kept.py`) keeps this, so that its later runs begin at once.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field, replace

from neurosim.engine.events.build import load
from neurosim.engine.events.construct import draw_edges
from neurosim.engine.events.network_layout import NetworkLayout
from neurosim.engine.events.order import with_joint_deliveries
from neurosim.engine.events.parts import HEADER
from neurosim.engine.events.source import Source, write_source
from neurosim.engine.events.workload import cores, share
from neurosim.engine.progress import MessageCallback
from neurosim.engine.state import spikes_sent
from neurosim.plan.plan import Plan, Sparse, Textual, without_inputs

MOST_SYNAPSES = 2**20  # of layouts that are kept; larger ones take much memory, and are soon made anew
MOST_SHARES = 64  # lengths of runs, numbers of trials and threads
NAMED = 4  # how many populations a message names, to say which network it is about
SETTINGS = ("CXX", "NEUROSIM_CXXFLAGS")  # what decides which library is loaded


@dataclass(frozen=True, eq=False)
class Compiled:
    """The library that runs a plan, and how the plan lies in memory.

    plan: the plan without inputs.
    source: the generated C++.
    library: the C++, compiled and loaded.
    settings: the values of SETTINGS when it was loaded.
    shares: the numbers of blocks and threads of runs of this length.
    layouts: by numbers of blocks and threads; filled if the plan is kept, and its layout small.
    """

    plan: Plan
    source: Source
    library: ctypes.CDLL
    settings: tuple[str | None, ...]
    shares: dict[tuple[int, int, int | None], tuple[int, int]] = field(
        default_factory=dict[tuple[int, int, int | None], tuple[int, int]]
    )
    layouts: dict[tuple[int, int], NetworkLayout] = field(
        default_factory=dict[tuple[int, int], NetworkLayout]
    )

    def layout(self, plan: Plan, threads: int | None) -> NetworkLayout:
        """The layout for a run: `plan` has its ticks and trials; `threads` is that of `ready`."""
        run = (plan.ticks, plan.trials, threads)
        divided = self.shares.get(run)
        if divided is None:
            if len(self.shares) >= MOST_SHARES:
                self.shares.clear()
            divided = self.shares[run] = share(plan, threads)
        if divided in self.layouts:
            return self.layouts[divided]
        layout = NetworkLayout(self.plan, self.source, *divided)
        if self.plan.kept and layout.synapses <= MOST_SYNAPSES:
            layout.kept = True
            while self.layouts and sum(kept.synapses for kept in self.layouts.values()) > MOST_SYNAPSES:
                self.layouts.popitem()
            self.layouts[divided] = layout
        return layout


def compiled_plan(plan: Plan, threads: int | None, announce: MessageCallback | None) -> Compiled:
    """Compile a plan. The arguments are those of `ready`."""
    settings = _settings()
    joint = with_joint_deliveries(_draw_graded(plan, threads))
    source = write_source(joint)
    library = load(source.text, label(plan), parts=source.parts, header=HEADER, announce=announce)
    compiled = Compiled(without_inputs(joint), source, library, settings)
    if plan.kept:
        plan.made["events"] = compiled
    return compiled


def with_numbers(plan: Plan, like: Plan) -> Plan:
    """A plan with the compiled code of another one that has other inputs and other numbers of synapses.

    like: a plan without synapses with text. What is compiled for it is kept with it.
    """
    compiled = at_hand(like)
    if compiled is None:
        compiled = like.made["events"] = compiled_plan(like, None, None)
    joint = without_inputs(with_joint_deliveries(plan))
    return replace(plan, made={"events": replace(compiled, plan=joint, shares={}, layouts={})})


def at_hand(plan: Plan) -> Compiled | None:
    """What was made of a plan that is kept, if the environment still asks for the same library."""
    compiled = plan.made.get("events")
    return compiled if compiled is not None and compiled.settings == _settings() else None


def _settings() -> tuple[str | None, ...]:
    environment = os.environ
    return tuple([environment.get(name) for name in SETTINGS])


def label(plan: Plan) -> str:
    """How messages name a network: by its first populations."""
    names = list(plan.groups)
    return f"the network of {', '.join(names[:NAMED])}{' ...' if len(names) > NAMED else ''}"


def _draw_graded(plan: Plan, threads: int | None) -> Plan:
    """The plan with the synapses of graded senders drawn as arrays. Those of spiking senders are drawn later,
    straight into rows (`construct.py`).
    """
    workers = threads if threads is not None else cores()
    drawn = {
        p.name: replace(p, stored=draw_edges(p.recipe, plan.weight_dtype, workers))
        for p in plan.of_class(Sparse)
        if p.recipe is not None and not isinstance(p, Textual) and not spikes_sent(plan, p.pre)
    }
    return replace(plan, pathways={**plan.pathways, **drawn}) if drawn else plan

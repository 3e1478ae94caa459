"""The event engine: generated C++ that does what the reference engine does, at the machine's speed.

`source.py` writes one C++ translation unit for the structure of a network, `build.py` compiles it, or takes
it from the cache, `network_layout.py` lays the synapses out, `batch.py` hands the state of some trials to the
C++, `running.py` advances it, and `runner.py` has the calls of the C++. What does not depend on the user's
text is in `core/`, written by hand. Read `core/run/engine.hpp` and a generated source beside
`engine/reference/steps.py`. `docs/architecture.md` says which generated function does which step, and in
which order these files are best read.
"""

from __future__ import annotations

from functools import partial

from neurosim.engine.events import construct, parts, textual_layout
from neurosim.engine.events.build import compile_ahead, in_cache, load_ahead
from neurosim.engine.events.compiled import at_hand, compiled_plan
from neurosim.engine.events.order import with_joint_deliveries
from neurosim.engine.events.running import EventsRunning
from neurosim.engine.events.source import write_source
from neurosim.engine.events.support import unsupported
from neurosim.engine.progress import MessageCallback
from neurosim.engine.running import Ready
from neurosim.plan.plan import Plan, Sparse

BATCH_NEURONS = 4_000_000  # of all trials of a batch, with synapses with text; results do not depend on it


def ready(plan: Plan, threads: int | None = None, announce: MessageCallback | None = None) -> Ready:
    """Compile what runs a plan, and build its synapses.

    threads: at most how many threads run it (None: as many as make it faster); results do not depend on it
    announce: called with a line of text when a compilation begins

    Raises NotCompiled if the C++ compiler fails, EngineError if there is not enough memory.
    """
    compiled = at_hand(plan)
    if compiled is None:
        plain = len(plan.of_class(Sparse)) > len(plan.textual)
        prepare(plan.precision, plain=plain, textual=bool(plan.textual))
        compiled = compiled_plan(plan, threads, announce)
    network = compiled.layout(plan, threads)
    plan = network.plan.with_run(
        drives=plan.drives, ticks=plan.ticks, trials=plan.trials, resume=plan.resume, calls=plan.calls
    )
    opened = partial(EventsRunning, compiled.library, network, plan)
    return Ready(plan, opened, partial(opened, watch=True), network.size, BATCH_NEURONS, later=True)


def is_compiled(plan: Plan) -> bool:
    """Whether the C++ that runs a plan is in the cache."""
    if at_hand(plan) is not None:
        return True
    if unsupported(plan):
        return False
    source = write_source(with_joint_deliveries(plan))
    return in_cache(source.text, parts=source.parts)


def prepare(precision: str, *, plain: bool, textual: bool) -> None:
    """Start compiling in the background what runs networks of this precision, and what lays out synapses
    without text, and with text."""
    compile_ahead(parts.engine(precision))
    if plain:
        load_ahead(construct.SOURCE, construct.LABEL)
    if textual:
        load_ahead(textual_layout.SOURCE, textual_layout.LABEL)

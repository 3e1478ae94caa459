"""Checks of checkpoints, which may come from a file that was damaged or made up.

`read_resume` checks a checkpoint by itself, `check_resume` against the plan that is to continue from it.
What no run can have left behind is damage (RecordingError); what a run of another network can have left is
a misfit (PlanError).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

from neurosim.engine.checkpoint import ARRIVALS, PRODUCT, QUEUE, trials_held
from neurosim.engine.state import NEVER, spikes_sent
from neurosim.errors import PlanError, RecordingError
from neurosim.plan.plan import AnyPathway, Dense, Group, Plan, Sparse, Textual
from neurosim.plan.queues import queues_of
from neurosim.recording.header import MOST_TICKS, MOST_TRIALS

REMEDY = "It was damaged or changed by hand. Run the first part again, or take another copy of its file."
OTHER = "it is the end of a run of another network. Start from a recording of this one (recording.network)."
INTEGERS = "iu"  # `dtype.kind` of numpy's integers


def read_resume(final: Mapping[str, ArrayLike], prefix: str) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint.

    prefix: how messages begin, such as "run: the recording given as start".
    Raises RecordingError unless the checkpoint says at which tick it was made, and of how many trials.
    """
    arrays = {str(key): np.asarray(value) for key, value in final.items()}
    tick = arrays.get("tick")
    if tick is None or tick.shape or tick.dtype.kind not in INTEGERS or not 0 <= tick <= MOST_TICKS:
        raise RecordingError(
            f"{prefix} has the 'tick' {_shown(tick)}, at which no run can have ended. {REMEDY}"
        )
    scalars = [key for key, value in arrays.items() if key != "tick" and value.ndim == 0]
    if scalars or not 0 < trials_held(arrays) <= MOST_TRIALS:
        raise RecordingError(f"{prefix} does not say of how many trials it is. {REMEDY}")
    return arrays


def check_resume(plan: Plan, prefix: str, own: bool) -> None:
    """Refuse a checkpoint that cannot be the state of this plan's network.

    plan: the plan, with the checkpoint as `plan.resume`.
    prefix: how messages begin.
    own: whether the recorded network and seed are the plan's; then a checkpoint that does not fit is a
        damaged one.

    Raises RecordingError for a damaged checkpoint, PlanError for that of another network.
    """
    check = _Check(plan, prefix, own)
    if check.held not in (1, plan.trials):
        check.misfit("trials", f"holds {check.held} trials instead of {plan.trials}")
    for key, kinds, shape in _wanted(plan):
        check.array(key, kinds, shape)
    for group in plan.groups.values():
        if group.spiking:
            key = f"last_spike/{group.name}"
            check.within(key, plan.resume[key], NEVER, plan.first_tick - 1)
        for port in () if group.driven else group.ports:
            key = f"arrived/{group.name}/{port}"
            check.within(key, plan.resume[key], 0, MOST_TICKS)
    for post, entry in queues_of(plan):
        check.queue(post, entry)
    for pathway in plan.textual:
        check.arrivals(pathway)


Wanted = tuple[str, str, tuple[int, ...]]
"""The name of an array, the kinds of numbers that it may have, and its shape without the axis of trials."""


def _wanted(plan: Plan) -> Iterator[Wanted]:
    """The arrays that a checkpoint of this plan must have."""
    for group in plan.groups.values():
        yield from _wanted_of_group(plan, group)
    for pathway in plan.pathways.values():
        if isinstance(pathway, Textual) and not pathway.of:
            for key, value in pathway.text.states.items():
                yield f"synapse/{pathway.name}/{key}", "f", value.shape
        if isinstance(pathway, Dense) and f"product/{pathway.name}/{PRODUCT[0]}" in plan.resume:
            for part, index in zip(PRODUCT, (pathway.pre_index, pathway.post_index), strict=True):
                yield f"product/{pathway.name}/{part}", "f", (index.size,)


def _wanted_of_group(plan: Plan, group: Group) -> Iterator[Wanted]:
    for key, value in group.states.items():
        yield f"state/{group.name}/{key}", "f", value.shape
    for port, reduce in () if group.driven else group.ports.items():
        yield f"port/{group.name}/{port}", "f", (group.size,)
        yield f"arrived/{group.name}/{port}", INTEGERS, (1 if reduce == "sum" else group.size,)
    if group.spiking:
        yield f"last_spike/{group.name}", INTEGERS, group.shape
        yield f"not_refractory/{group.name}", "b", group.shape
    key = f"history/{group.name}"
    if key in plan.resume and not spikes_sent(plan, group.name):
        # Any number of messages will do; `restore` takes those that delays ask for.
        yield key, "f", (max((1, *plan.resume[key].shape[1:2])), group.size)


class _Check:
    """The refusals, and what they need to know; `held` is the number of trials of the checkpoint."""

    def __init__(self, plan: Plan, prefix: str, own: bool):
        self.plan, self.prefix, self.own = plan, prefix, own
        self.held = trials_held(plan.resume)

    def damaged(self, key: str, what: str) -> None:
        """Refuse what no run leaves behind."""
        raise RecordingError(f"{self.prefix} {what} at {key!r}. {REMEDY}")

    def misfit(self, key: str, what: str) -> None:
        """Refuse what a run of another network may leave behind."""
        if self.own:
            self.damaged(key, what)
        raise PlanError(f"{self.prefix} {what} at {key!r}; {OTHER}")

    def array(self, key: str, kinds: str, shape: tuple[int, ...]) -> None:
        """Refuse an array that is missing, of another shape, or not of these kinds of numbers."""
        array = self.plan.resume.get(key)
        if array is None:
            return self.misfit(key, "lacks an array")
        if array.dtype.kind not in kinds:
            self.damaged(key, f"holds numbers of type {array.dtype}")
        if len(array) != self.held:
            self.damaged(key, f"holds {len(array)} trials instead of {self.held}")
        if array.shape[1:] != shape:
            self.misfit(key, f"holds an array of shape {array.shape[1:]} instead of {shape}")

    def within(self, key: str, values: np.ndarray, low: int, high: int) -> None:
        """Refuse integers outside low .. high."""
        outside = (values < low) | (values > high)
        if outside.any():
            self.damaged(key, f"holds {values[outside].flat[0]}, outside {low} .. {high},")

    def queue(self, post: str, entry: str) -> None:
        """Refuse spikes on their way to a port or variable that its synapses cannot have transmitted."""
        key, plan, to = f"queue/{post}/{entry}", self.plan, entry.partition("/")[0]
        columns = self._columns(key, QUEUE)
        if columns is None:
            return
        due, sent, population, _, receiver, value = columns
        mine = [p for p in plan.summing if isinstance(p, Sparse) and (p.post, p.to) == (post, to)]
        self._times(key, due, sent, max((_longest(p) for p in mine), default=0))
        self.within(f"{key}/order", population, 0, len(plan.groups) - 1)
        self.within(f"{key}/receiver", receiver, 0, plan.groups[post].size - 1)
        senders = [number for number, name in enumerate(plan.groups) if any(p.pre == name for p in mine)]
        if not np.isin(population, senders).all():
            self.misfit(f"{key}/order", "holds spikes of a population without such synapses")
        if np.isnan(value).any():
            self.damaged(f"{key}/value", "holds NaN")

    def arrivals(self, pathway: Textual) -> None:
        """Refuse spikes on their way through synapses with text that do not arrive there at that tick."""
        key = f"arrivals/{pathway.name}"
        columns = self._columns(key, ARRIVALS)
        if columns is None:
            return
        due, sent, _, synapse = columns
        self._times(key, due, sent, MOST_TICKS)
        if (synapse < 0).any():
            self.damaged(f"{key}/synapse", f"holds {synapse.min()}")
        if (synapse >= pathway.delay.size).any():
            self.misfit(
                f"{key}/synapse", f"holds {synapse.max()} where there are {pathway.delay.size} synapses"
            )
        if not pathway.delay_from and not np.array_equal(due - sent, pathway.delay[synapse]):
            self.misfit(f"{key}/due", "holds ticks that are not those of sending and the delays")

    def _columns(self, key: str, names: tuple[str, ...]) -> list[np.ndarray] | None:
        """The columns of some spikes on their way, equally long; None if the checkpoint has none of them."""
        resume = self.plan.resume
        columns = {name: resume[f"{key}/{name}"] for name in names if f"{key}/{name}" in resume}
        if not columns:
            return None
        lengths = {column.shape for column in columns.values()}
        if len(columns) < len(names) or lengths != {(len(columns[names[0]]),)}:
            self.damaged(key, "holds columns of different lengths")
        for name, column in columns.items():
            if column.dtype.kind not in ("f" if name == "value" else INTEGERS):
                self.damaged(f"{key}/{name}", f"holds numbers of type {column.dtype}")
        self.within(f"{key}/trial", columns["trial"], 0, self.held - 1)
        return [c if c.dtype.kind == "f" else c.astype(np.int64) for c in columns.values()]

    def _times(self, key: str, due: np.ndarray, sent: np.ndarray, longest: int) -> None:
        """Refuse ticks of sending and arrival that no delay up to `longest` explains."""
        self.within(f"{key}/sent", sent, 0, self.plan.first_tick - 1)
        self.within(f"{key}/due", due, self.plan.first_tick, MOST_TICKS)
        if (due - sent > longest).any():
            ticks = (due - sent).max()
            self.misfit(
                f"{key}/due",
                f"holds a spike on its way for {ticks} ticks where the longest delay is {longest}",
            )


def _longest(pathway: AnyPathway) -> int:
    """The longest delay that synapses can have in ticks, without drawing them."""
    recipe = pathway.recipe if isinstance(pathway, Sparse) else None
    return pathway.longest if recipe is None else int(recipe.ticks[1])


def _shown(value: np.ndarray | None) -> str:
    """An array in a message: the value of a single number, else its type and shape."""
    if value is None:
        return "(missing)"
    return f"of type {value.dtype} and shape {value.shape}" if value.shape else str(value)

"""What a checkpoint must satisfy before any engine sees it: it may come from a file that was damaged or made up.

`read_resume` looks at it by itself, `check_resume` beside the plan that is to continue from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurosim.engine.checkpoint import ARRIVALS, PRODUCT, QUEUE, trials_held
from neurosim.engine.state import NEVER, spikes_sent
from neurosim.errors import PlanError, RecordingError
from neurosim.plan.plan import AnyOf, Dense, Plan, Sparse, Textual
from neurosim.recording.header import MOST_TICKS, MOST_TRIALS

REMEDY = "It was damaged or changed by hand. Run the first part again, or take another copy of its file."
OTHER = "it is the end of a run of another network. Start from a recording of this one (recording.network)."
WHOLE = "iu"


def read_resume(final: Mapping[str, Any], where: str) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint. Raises RecordingError, which `where` opens, unless it says at which tick it was made, and of how many trials."""
    found = {str(key): np.asarray(value) for key, value in final.items()}
    tick = found.get("tick")
    if tick is None or tick.shape or tick.dtype.kind not in WHOLE or not 0 <= tick <= MOST_TICKS:
        raise RecordingError(
            f"{where} has the 'tick' {_shown(tick)}, at which no run can have ended. {REMEDY}"
        )
    if (
        any(value.ndim == 0 for key, value in found.items() if key != "tick")
        or not 0 < trials_held(found) <= MOST_TRIALS
    ):
        raise RecordingError(f"{where} does not say of how many trials it is. {REMEDY}")
    return found


def check_resume(plan: Plan, where: str, own: bool) -> None:
    """Refuse a checkpoint that cannot be the state of this plan's network.

    `own` tells that the recorded network and seed are the plan's: then a checkpoint that does not fit is a damaged one. Raises
    RecordingError for that, and PlanError for the checkpoint of another network.
    """
    check = _Check(plan, where, own)
    held = check.held
    if held not in (1, plan.trials):
        check.misfit("trials", f"holds {held} trials instead of {plan.trials}")
    for key, kinds, shape in _wanted(plan):
        check.array(key, kinds, shape)
    for group in plan.groups.values():
        if group.spiking:
            last = plan.resume[f"last_spike/{group.name}"]
            check.within(f"last_spike/{group.name}", last, NEVER, plan.first_tick - 1)
        for port in () if group.driven else group.ports:
            check.within(
                f"arrived/{group.name}/{port}", plan.resume[f"arrived/{group.name}/{port}"], 0, MOST_TICKS
            )
    for post, to in dict.fromkeys((p.post, str(p.to)) for p in plan.summing if p.to):
        check.queue(post, to)
    for pathway in plan.textual:
        check.arrivals(pathway)


def _wanted(plan: Plan) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """The arrays that a checkpoint must have, their kinds of numbers, and their shapes behind the axis of trials."""
    for group in plan.groups.values():
        for key, value in group.states.items():
            yield f"state/{group.name}/{key}", "f", value.shape
        for port, reduce in ({} if group.driven else group.ports).items():
            yield f"port/{group.name}/{port}", "f", (group.size,)
            yield f"arrived/{group.name}/{port}", WHOLE, (1 if reduce == "sum" else group.size,)
        if group.spiking:
            yield f"last_spike/{group.name}", WHOLE, group.shape
            yield f"not_refractory/{group.name}", "b", group.shape
        key = f"history/{group.name}"
        if key in plan.resume and not spikes_sent(
            plan, group.name
        ):  # as many messages as were kept; `restore` takes those that are asked for
            yield key, "f", (max((1, *plan.resume[key].shape[1:2])), group.size)
    for pathway in plan.pathways.values():
        if isinstance(pathway, Textual):
            for key, value in pathway.text.states.items():
                yield f"synapse/{pathway.name}/{key}", "f", value.shape
        sizes = zip(PRODUCT, (pathway.pre_index.size, pathway.post_index.size), strict=True)
        for part, size in (
            sizes
            if isinstance(pathway, Dense) and f"product/{pathway.name}/{PRODUCT[0]}" in plan.resume
            else ()
        ):
            yield f"product/{pathway.name}/{part}", "f", (size,)


class _Check:
    """The refusals: what no run leaves behind is damage; what another network may leave is a misfit."""

    def __init__(self, plan: Plan, where: str, own: bool):
        self.plan, self.where, self.own = plan, where, own
        self.held = trials_held(plan.resume)

    def damaged(self, key: str, what: str) -> None:
        raise RecordingError(f"{self.where} {what} at {key!r}. {REMEDY}")

    def misfit(self, key: str, what: str) -> None:
        if self.own:
            self.damaged(key, what)
        raise PlanError(f"{self.where} {what} at {key!r}; {OTHER}")

    def array(self, key: str, kinds: str, shape: tuple[int, ...]) -> None:
        """Refuse what is missing, of another shape, or not of these kinds of numbers."""
        found = self.plan.resume.get(key)
        if found is None:
            return self.misfit(key, "lacks an array")
        if found.dtype.kind not in kinds:
            self.damaged(key, f"holds numbers of type {found.dtype}")
        if len(found) != self.held:
            self.damaged(key, f"holds {len(found)} trials instead of {self.held}")
        if found.shape[1:] != shape:
            self.misfit(key, f"holds an array of shape {found.shape[1:]} instead of {shape}")

    def within(self, key: str, found: np.ndarray, low: int, high: int) -> None:
        """Refuse whole numbers outside low .. high."""
        outside = (found < low) | (found > high)
        if outside.any():
            self.damaged(key, f"holds {found[outside].flat[0]}, outside {low} .. {high},")

    def queue(self, post: str, to: str) -> None:
        """Refuse arrivals at a port or variable that its synapses cannot have sent."""
        key, plan = f"queue/{post}/{to}", self.plan
        columns = self._columns(key, QUEUE)
        if columns is None:
            return
        due, sent, order, _, receiver, value = columns
        mine = [
            p for p in plan.of_kind(Sparse) if not isinstance(p, Textual) and (p.post, p.to) == (post, to)
        ]
        self._times(key, due, sent, max((_longest(p) for p in mine), default=0))
        self.within(f"{key}/order", order, 0, len(plan.groups) - 1)
        self.within(f"{key}/receiver", receiver, 0, plan.groups[post].size - 1)
        senders = [number for number, name in enumerate(plan.groups) if any(p.pre == name for p in mine)]
        if not np.isin(order, senders).all():
            self.misfit(f"{key}/order", "holds spikes of a population without such synapses")
        if np.isnan(value).any():
            self.damaged(f"{key}/value", "holds NaN")

    def arrivals(self, pathway: Textual) -> None:
        """Refuse arrivals at synapses with text that these synapses do not bring at that tick."""
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
        if not np.array_equal(due - sent, pathway.delay[synapse]):
            self.misfit(f"{key}/due", "holds ticks that are not those of sending and the delays")

    def _columns(self, key: str, parts: tuple[str, ...]) -> list[np.ndarray] | None:
        """The columns of a list of arrivals, equally long; None where nothing of it was kept."""
        found = [self.plan.resume.get(f"{key}/{part}") for part in parts]
        if all(column is None for column in found):
            return None
        columns = [column for column in found if column is not None]
        kinds = ["f" if part == "value" else WHOLE for part in parts]
        if len(columns) < len(parts) or {column.shape for column in columns} != {(len(columns[0]),)}:
            self.damaged(key, "holds columns of different lengths")
        for part, column, kind in zip(parts, columns, kinds, strict=True):
            if column.dtype.kind not in kind:
                self.damaged(f"{key}/{part}", f"holds numbers of type {column.dtype}")
        self.within(f"{key}/trial", columns[parts.index("trial")], 0, self.held - 1)
        return [column if column.dtype.kind == "f" else column.astype(np.int64) for column in columns]

    def _times(self, key: str, due: np.ndarray, sent: np.ndarray, longest: int) -> None:
        self.within(f"{key}/sent", sent, 0, self.plan.first_tick - 1)
        self.within(f"{key}/due", due, self.plan.first_tick, MOST_TICKS)
        if (due - sent > longest).any():
            self.misfit(
                f"{key}/due",
                f"holds a spike on its way for {(due - sent).max()} ticks where the longest delay is {longest}",
            )


def _longest(pathway: AnyOf) -> int:
    """The longest delay that synapses can have, without drawing them."""
    recipe = pathway.recipe if isinstance(pathway, Sparse) else None
    return pathway.longest if recipe is None else int(recipe.ticks[1])


def _shown(value: np.ndarray | None) -> str:
    return (
        "(missing)"
        if value is None
        else f"of type {value.dtype} and shape {value.shape}"
        if value.shape
        else str(value)
    )

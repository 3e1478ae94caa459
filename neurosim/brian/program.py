"""The steps of a tick for a network of Brian2: its objects in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from neurosim.brian.actions import Action, Does
from neurosim.brian.names import label
from neurosim.brian.refusal import Refused
from neurosim.network.program import Arriving, Do, Step
from neurosim.plan.plan import Group


def steps_of(
    groups: Mapping[str, Group],
    actions: Sequence[Action],
    plain: Sequence[Action],
    queued: Collection[Action],
    carried: Mapping[Action, Sequence[str]],
) -> tuple[Step, ...]:
    """The steps of a tick.

    Where the order of Brian2's objects gives the same as that of `Clock`, the steps are those of `Clock`, for
    which engines are fastest. Otherwise each object gets a step of its own, in Brian2's order.

    groups: of the plan
    actions: in Brian2's order
    plain: those of synapses without text
    queued: those that bring spikes that arrive, although they may be on_post
    carried: for the actions of synapses and monitors, the names of the pathways or probes that do them
    """
    _check_behind_thresholds(actions)
    sources = tuple(
        name for name, group in groups.items() if group.spiking and not _has_threshold(name, actions)
    )
    usual = all(action.every == 1 and action.does not in (Does.RUN, Does.CALL) for action in actions)
    further = any(group.links or group.of for group in groups.values())
    if usual and not further and _is_usual(actions, plain, queued):
        return clock_steps(groups)
    steps = [Step(Do.THRESHOLD, sources), Step(Do.SEND, sources)]
    for action in actions:
        mine = _steps(action, tuple(carried.get(action, ())), actions, queued)
        steps += [step for step in mine if step not in steps]
    return tuple(step for step in steps if not step.empty)


def _check_behind_thresholds(actions: Sequence[Action]) -> None:
    """Refuse what stands before the threshold of its events: it would see those of the tick before."""
    found = {a.holder: n for n, a in enumerate(actions) if a.does in (Does.THRESHOLD, Does.DRIVE)}
    for place, action in enumerate(actions):
        if action.does in (Does.RECORD_SPIKES, Does.RESET) and place < found.get(action.holder, -1):
            raise Refused(label(action.thing), "it runs before the threshold that finds its events")


def _has_threshold(name: str, actions: Sequence[Action]) -> bool:
    """Whether some object compares a group with its threshold; the sources of a PoissonInput have none."""
    return any(a.does is Does.THRESHOLD and a.holder == name for a in actions)


def _is_usual(actions: Sequence[Action], plain: Sequence[Action], queued: Collection[Action]) -> bool:
    """Whether the order of Brian2's objects gives the same result as the order of `Clock`."""
    places = {action: (_rank(action, plain, queued), place) for place, action in enumerate(actions)}
    return all(
        places[earlier] < places[later] or earlier.commutes(later)
        for place, later in enumerate(actions)
        for earlier in actions[:place]
    )


def _rank(action: Action, plain: Sequence[Action], queued: Collection[Action]) -> Does:
    """The place of an action under `Clock`, which records variables at the start, also those of spikes."""
    if action.does is Does.RECORD_SPIKES and set(getattr(action.thing, "record_variables", ())) - {"t", "i"}:
        return Does.RECORD
    if action in queued:
        return Does.DELIVER_TEXT
    return Does.DELIVER if action in plain else action.does


def clock_steps(groups: Mapping[str, Group]) -> tuple[Step, ...]:
    """The steps of `Clock`."""
    driven = tuple(name for name, group in groups.items() if group.driven)
    movers = tuple(name for name, group in groups.items() if not group.driven)
    spiking = tuple(name for name in movers if groups[name].spiking)
    steps = (
        Step(Do.RECORD, tuple(groups)),
        Step(Do.DRIVE, driven),
        Step(Do.DELIVER, movers, Arriving.GRADED),
        Step(Do.INTEGRATE, movers),
        Step(Do.THRESHOLD, spiking),
        Step(Do.SEND, spiking),
        Step(Do.DELIVER, tuple(groups), Arriving.SPIKES),
        Step(Do.DELIVER, tuple(groups), Arriving.SENT),
        Step(Do.RESET, spiking),
    )
    return tuple(step for step in steps if not step.empty)


def block_name(action: Action, actions: Sequence[Action]) -> str:
    """The name of a block of code that runs regularly: its number among those of its group."""
    alike = [other for other in actions if other.does is Does.RUN and other.group == action.group]
    return f"regular_{alike.index(action)}"


def _steps(
    action: Action, carried: tuple[str, ...], actions: Sequence[Action], queued: Collection[Action]
) -> Iterator[Step]:
    """The steps of one object."""
    at_events = action.does in (Does.DRIVE, Does.THRESHOLD, Does.RESET)
    own = (action.holder if at_events else action.group,)
    every = action.every
    match action.does:
        case Does.RECORD:
            yield Step(Do.RECORD, probes=carried)
        case Does.DRIVE:
            yield Step(Do.DRIVE, own)
        case Does.SUM:
            yield Step(Do.SUM, pathways=carried, every=every)
        case Does.INTEGRATE_SYNAPSES:
            yield Step(Do.INTEGRATE, pathways=carried, every=every)
        case Does.INTEGRATE:
            yield Step(Do.INTEGRATE, own, pathways=(), every=every)
        case Does.THRESHOLD:
            yield Step(Do.THRESHOLD, own, every=every)
            yield Step(Do.SEND, own, every=every)
        case Does.BACKGROUND:
            yield Step(Do.DELIVER, arriving=Arriving.SPIKES, pathways=carried, every=every)
        case Does.DELIVER | Does.DELIVER_TEXT:
            yield Step(Do.DELIVER, arriving=Arriving.SPIKES, pathways=carried)
        case Does.SENT if action in queued:
            yield Step(Do.DELIVER, arriving=Arriving.SPIKES, pathways=carried)
        case Does.SENT:
            yield Step(Do.DELIVER, arriving=Arriving.SENT, pathways=carried, every=every)
        case Does.RESET:
            yield Step(Do.RESET, own, every=every)
        case Does.CALL:
            yield Step(Do.CALL, block=str(action.thing.name), every=every)
        case Does.RUN if carried:
            yield Step(Do.RUN, pathways=carried, block=block_name(action, actions), every=every)
        case Does.RUN:
            yield Step(Do.RUN, own, pathways=(), block=block_name(action, actions), every=every)
        case Does.RECORD_SPIKES:
            # Spikes are recorded at the end of the tick, and variables with them here.
            yield Step(Do.RECORD, probes=carried)


def delayed(actions: Sequence[Action]) -> frozenset[Action]:
    """The pathways that stand before the threshold of their senders, whose spikes reach them a tick later."""
    seen: set[str] = set()
    found: set[Action] = set()
    for action in actions:
        if action.does in (Does.THRESHOLD, Does.DRIVE):
            seen.add(action.holder)
        elif action.does in (Does.DELIVER_TEXT, Does.SENT) and action.holder not in seen:
            found.add(action)
    return frozenset(found)

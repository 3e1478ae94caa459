"""Draws a case: a structure, and one of its variants."""

from __future__ import annotations

from differential.case import Case, Cells, Link, Piece, base
from differential.cells import constant, draw_cells
from differential.draw import Draw
from differential.links import draw_link

SCHEDULES = {"Clock": 5, "Layered": 2.5, "Synchronous": 2}
COMPILERS = {"g++ -O0": 8, "g++ -O3": 1, "ziglang -O0": 0.5}


def draw_case(structure: int, variant: int) -> Case:
    """The network of these two numbers."""
    draw = Draw(structure, variant)
    s, v = draw.s, draw.v
    schedule = s.pick(list(SCHEDULES), list(SCHEDULES.values()))
    clocked, rounded, along = schedule == "Clock", s.chance(0.6), s.chance(0.12)
    names = [str(name) for name in s.random.permutation(["a", "b", "c", "d"])[: s.whole(1, 4)]]
    sizes = [v.whole(1, 9) for _ in range(3)]
    cells = []
    for name in names:
        kind = s.pick((0, 0, 1, 2))
        shape = (sizes[kind],) if s.chance(0.75) else (sizes[kind], sizes[(kind + 1) % 3])
        if s.chance(0.22) and len(names) > 1:
            cells.append(Cells(name, shape))
        else:
            cells.append(draw_cells(draw, name, shape, clocked=clocked, spikes=True, rounded=rounded, along=along))
    if all(item.driven for item in cells):
        cells[-1] = draw_cells(draw, names[-1], cells[-1].shape, clocked=clocked, spikes=True, rounded=rounded, along=along)
    given = {item.name: s.pick(("values", "events", "raster"), (3, 2, 1)) for item in cells if item.driven}
    links = _links(draw, schedule, cells, given)
    trials = v.pick((0, 0, 0, 1, 2, 3))
    ticks = v.whole(3, 40)
    case = Case((structure, variant), _schedule(draw, schedule), cells, links, {}, ticks, {}, {})
    batched = False
    for item in (item for item in cells if item.name in given):
        case.inputs[item.name], batch = _input(draw, given[item.name], item, ticks, trials)
        batched = batched or batch
    case.options = {"seed": str(v.whole(0, 99)), "precision": repr(s.pick(("double", "mixed", "single"), (6, 1, 2)))}
    if trials and (not batched or v.chance(0.5)):
        case.options["trials"] = str(trials)
    case.record = _record(draw, case)
    case.start = _start(draw, cells)
    case.compiler = s.pick(list(COMPILERS), list(COMPILERS.values()))
    case.routes = _routes(draw, ticks)
    return case


def _schedule(draw: Draw, kind: str) -> str:
    return {"Clock": "ns.Clock(0.5*ms)"}.get(kind, f"ns.{kind}()")


def _links(draw: Draw, schedule: str, cells: list[Cells], given: dict[str, str]) -> list[Link]:
    s = draw.s
    place = {item.name: number for number, item in enumerate(cells)}  # zero delays lead onward
    movers = [item for item in cells if not item.driven]
    links = []
    for number in range(s.whole(0, 5)):
        pre, post = s.pick(cells), s.pick(movers)
        spikes = pre.spiking or given.get(pre.name, "values") == "events"
        least = 0
        if schedule == "Synchronous" and not pre.driven:
            least = 1
        if schedule == "Layered" and place[pre.name] >= place[post.name] and not pre.driven:
            least = 1
        link = draw_link(draw, f"s{number}", pre, post, messages="spikes" if spikes else "values", clocked=schedule == "Clock", least=least)
        if link.more:
            links.append(link)
    return links


def _input(draw: Draw, kind: str, cells: Cells, ticks: int, trials: int) -> tuple[str, bool]:
    v = draw.v
    batch = trials > 0 and v.chance(0.4)
    shape = (trials, ticks, *cells.shape) if batch else (ticks, *cells.shape)
    rng = f"np.random.default_rng({v.whole(0, 999)})"
    if kind == "raster":
        found = f"{rng}.random({shape}) < {v.number(0, 0.5)}"
    elif kind == "events":
        flat = (*shape[: 2 if batch else 1], -1)
        found = f"np.nonzero(({rng}.random({shape}) < {v.number(0, 0.5)}).reshape({flat}))"
    else:
        found = v.pick((f"{rng}.normal(0, 1, {shape}).round(2)", f"{rng}.integers(-2, 3, {shape})", f"np.zeros({shape})"), (5, 2, 0.5))
    return found, batch


def _record(draw: Draw, case: Case) -> dict[str, int]:
    s, found = draw.s, {}
    for item in case.cells:
        found[item.name] = 1
        if not item.driven:
            found |= {f"{item.name}.{name}": 1 for name in (*item.states, *item.ports, *item.derived)}
    if s.chance(0.4):
        found = {name: every for name, every in found.items() if s.chance(0.5)} or found
    return found


def _start(draw: Draw, cells: list[Cells]) -> dict[str, str]:
    v, found = draw.v, {}
    for item in cells:
        for state in item.states:
            value = constant(v, item.shape)
            if v.chance(0.08) and state not in item.units and not value.startswith("ns."):
                found[f"{item.name}.{state}"] = value
    return found


def _routes(draw: Draw, ticks: int) -> dict[str, list[Piece]]:
    v = draw.v
    routes = {"events": [Piece("events", ticks)], f"events with {(threads := v.whole(2, 3))} threads": [Piece("events", ticks, threads)]}
    if v.chance(0.5):
        routes["arrays"] = [Piece("arrays", ticks)]
    if ticks > 3 and v.chance(0.5):
        joint = v.whole(1, ticks - 1)
        first, second = (v.pick(("reference", "events")) for _ in range(2))
        routes[f"{first}, then {second}"] = [Piece(first, joint, 2, v.chance(0.2)), Piece(second, ticks - joint, v.whole(1, 3))]
    return routes


def unused(case: Case) -> list[str]:
    """Populations that no synapses join."""
    joined = {base(end) for link in case.links for end in (link.pre, link.post)}
    return [item.name for item in case.cells if item.name not in joined]

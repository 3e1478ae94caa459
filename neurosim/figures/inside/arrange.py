"""The places of the nodes of a cell, and the routes of its wires."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurosim.figures.graph.geometry import Area, Curve, Point, Side, centred, points_of, rounded, wave
from neurosim.figures.graph.layers import Layering, assign_layers
from neurosim.figures.graph.sizes import Measure
from neurosim.figures.inside.flow import Flow, Node, Wire

ROUND = 0.22  # the diameter of sums and products
HEIGHT = 0.28  # of boxes
ROLES = {"function": "function", "state": "name"}  # of the text in a node; 'terminal' for the others
GAP, ROW_HEIGHT = 0.34, 0.42
NAME_HEIGHT = 0.1
TEE = 0.1  # how far from a node a loop branches off
HEAD = 0.08  # the length of an arrowhead
LANE = 0.16  # between loops


@dataclass
class Place:
    """Where a node stands, and its size."""

    node: Node
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    @property
    def area(self) -> Area:
        return centred(Point(self.x, self.y), (self.width, self.height))

    @property
    def round(self) -> bool:
        return self.node.kind in ("sum", "product")


@dataclass
class Arrangement:
    """A cell whose nodes have their places.

    curves: the route of each wire and loop, which ends before its arrowhead.
    heads: the tip of each arrowhead, and the side from which it comes.
    names: the variables beside their wires, and the middle of each.
    tees: by node, the x at which a loop branches off, and the y at which it runs back.
    """

    places: dict[str, Place]
    curves: list[tuple[Wire, Curve]] = field(default_factory=list)
    heads: list[tuple[Wire, Point, Side]] = field(default_factory=list)
    names: list[tuple[str, Point]] = field(default_factory=list)
    tees: dict[str, Point] = field(default_factory=dict)


def arrange(flow: Flow, measure: Measure) -> Arrangement:
    """Place the nodes of a cell and route its wires."""
    places = {key: _sized(node, measure) for key, node in flow.nodes.items()}
    kinds = {key: node.kind for key, node in flow.nodes.items()}
    memory = [key for key in places if kinds[key] == "state"]
    inputs = [key for key in places if kinds[key] in ("input", "random")]
    order = [*memory, *(key for key in places if key not in memory)]
    outputs = [key for key in places if kinds[key] == "output"]
    layering = assign_layers(order, flow.wires, [*memory, *inputs], [*memory, *inputs], outputs)
    lanes = _set_y(flow, places, layering)
    sides = _set_x(flow, places, layering, measure)
    arrangement = Arrangement(places)
    router = _Router(arrangement, layering, lanes, sides)
    for key in places:
        router.enter(key, [wire for wire in flow.wires if wire.target == key])
    _route_loops(arrangement, flow)
    for key, name in flow.names.items():
        arrangement.names.append((name, _free_spot(arrangement, key, measure(name, "wire"))))
    return arrangement


def _sized(node: Node, measure: Measure) -> Place:
    if node.kind in ("sum", "product"):
        return Place(node, ROUND, ROUND)
    width = measure(node.text, ROLES.get(node.kind, "terminal")) + 0.18
    return Place(node, max(width, 0.4), HEIGHT)


def _on_memory(flow: Flow) -> set[Wire]:
    """The wires between a state and its next value."""
    onwards: dict[str, list[Wire]] = {}
    for wire in flow.wires:
        onwards.setdefault(wire.source, []).append(wire)

    def reaches(key: str, goal: str, seen: set[str]) -> bool:
        if key == goal:
            return True
        seen.add(key)
        return any(w.target not in seen and reaches(w.target, goal, seen) for w in onwards.get(key, []))

    chosen = set()
    for loop in flow.loops:
        key = loop.target
        while key != loop.source:
            ways = [w for w in onwards.get(key, []) if reaches(w.target, loop.source, set())]
            shortest = min(ways, key=lambda w: _steps(onwards, w.target, loop.source), default=None)
            if shortest is None:
                break
            chosen.add(shortest)
            key = shortest.target
    return chosen


def _steps(onwards: dict[str, list[Wire]], start: str, goal: str) -> int:
    """The number of wires from node to node on the shortest way; a large number if there is none."""
    steps, reached, seen = 0, {start}, {start}
    while reached and goal not in reached:
        reached = {w.target for key in reached for w in onwards.get(key, [])} - seen
        seen |= reached
        steps += 1
    return steps if reached else 10**6


def _set_y(flow: Flow, places: dict[str, Place], layering: Layering[Wire]) -> dict[str, float]:
    """Place the nodes from top to bottom; returns the y of nodes and dummies.

    Every source stands in a row of its own, and what is calculated from it goes on in that row as far as
    there is room: a state in its row, everything else in the uppermost row of its arguments.
    """
    rows = _Rows(flow, layering)
    for layer in layering.layers:
        rows.fill(layer)
    used = sorted(set(rows.row_of.values()))
    height = {row: ROW_HEIGHT * n for n, row in enumerate(used)}
    for key, place in places.items():
        place.y = height[rows.row_of[key]]
    return {key: height[row] for key, row in rows.row_of.items()}


class _Rows:
    """The rows of nodes and of dummies. A dummy is in the row of the node from which its wire comes."""

    def __init__(self, flow: Flow, layering: Layering[Wire]):
        self.layering = layering
        self.row_of: dict[str, float] = {}
        self.sources = {key: [w for w in flow.wires if w.target == key] for key in flow.nodes}
        self.targets = {key: [w for w in flow.wires if w.source == key] for key in flow.nodes}
        self.memory = {wire.target: wire.source for wire in _on_memory(flow)}

    def fill(self, layer: list[str]) -> None:
        """Give rows to a layer, after those before it have theirs."""
        taken: dict[float, str] = {}
        for key in layer:
            if key in self.layering.dummies:
                source = self.layering.dummies[key].source
                self.row_of[key] = self.row_of[source]
                taken[self.row_of[source]] = source
        nodes = [key for key in layer if key not in self.layering.dummies]
        for key in sorted(nodes, key=lambda key: (key not in self.memory, abs(self.pull(key)))):
            wanted = self.wanted(key, len(taken))
            row = next((row for row in wanted if row not in taken), None)
            if row is None:
                row = self.between(wanted[0], self.pull(key) or -1.0, taken)
            self.row_of[key] = row
            taken[row] = key

    def wanted(self, key: str, default: int) -> list[float]:
        """The rows in which a node would stand well, the best first."""
        sources = [wire.source for wire in self.sources[key]]
        if not sources:
            return [float(default)]
        first = [self.row_of[self.memory[key]]] if key in self.memory else []
        return first + sorted(self.row_of[source] for source in sources)

    def pull(self, key: str) -> float:
        """How far below its own arguments the other arguments of its targets stand."""
        own = [self.row_of[wire.source] for wire in self.sources[key]]
        others = [
            self.row_of[other.source]
            for wire in self.targets[key]
            for other in self.sources[wire.target]
            if other.source != key and other.source in self.row_of
        ]
        return min(others) - min(own) if own and others else 0.0

    def between(self, row: float, direction: float, taken: dict[float, str]) -> float:
        """A new row beside another one, in a direction."""
        all_rows = sorted({*self.row_of.values(), *taken})
        beyond = [r for r in all_rows if (r > row if direction > 0 else r < row)]
        if not beyond:
            return row + (1.0 if direction > 0 else -1.0)
        return (row + (min(beyond) if direction > 0 else max(beyond))) / 2


def _set_x(
    flow: Flow, places: dict[str, Place], layering: Layering[Wire], measure: Measure
) -> list[tuple[float, float]]:
    """Place the layers from left to right; returns the sides of each."""
    looping, sides, right = [loop.source for loop in flow.loops], [], 0.0
    for layer in layering.layers:
        nodes = [places[key] for key in layer if key in places]
        half = max((node.width / 2 for node in nodes), default=0.05)
        left = right
        for node in nodes:
            node.x = left + half
        labels = [
            measure(flow.names[node.node.key], "wire") + 0.2 for node in nodes if node.node.key in flow.names
        ]
        loops = sum(node.node.key in looping for node in nodes)
        sides.append((left, left + 2 * half))
        right = left + 2 * half + max([GAP, *labels]) + LANE * loops
    return sides


@dataclass
class _Router:
    """Leads wires to their targets.

    lanes: the y of nodes and dummies. sides: the x of the sides of each layer.
    """

    arrangement: Arrangement
    layering: Layering[Wire]
    lanes: dict[str, float]
    sides: list[tuple[float, float]]

    def enter(self, key: str, wires: list[Wire]) -> None:
        """Route all wires to a node: into a sum or product also from above and from below."""
        place = self.arrangement.places[key]
        ordered = sorted(wires, key=self.height)
        if place.round and len(ordered) > 1:
            level = min(ordered, key=lambda wire: abs(self.height(wire) - place.y))
            n = ordered.index(level)
            above, below = ordered[:n], ordered[n + 1 :]
            for group, sign in ((above[-1:], -1.0), (below[:1], 1.0)):
                for wire in group:
                    if abs(self.height(wire) - place.y) > ROUND:
                        self.upright(wire, place, sign)
                        ordered.remove(wire)
        spread = min(0.09, 0.7 * place.height / max(len(ordered), 1))
        for n, wire in enumerate(ordered):
            offset = spread * (n - (len(ordered) - 1) / 2)
            reach = place.width / 2
            if place.round:
                reach = (reach**2 - offset**2) ** 0.5
            self.add(wire, [*self.way(wire), Point(self.left(key), place.y + offset)], place.x - reach)

    def height(self, wire: Wire) -> float:
        """The y at which a wire comes to the layer of its target."""
        return self.lanes[self.layering.paths[wire][-2]]

    def left(self, key: str) -> float:
        return self.sides[self.layering.layer_of[key]][0]

    def free(self, key: str, y: float) -> bool:
        """Whether nothing stands in the layer of a node between it and a height."""
        own = self.lanes[key]
        low, high = min(y, own) - HEIGHT / 2, max(y, own) + HEIGHT / 2
        layer = [k for k in self.layering.layers[self.layering.layer_of[key]] if k in self.arrangement.places]
        return not any(low < self.lanes[other] < high for other in layer if other != key)

    def way(self, wire: Wire) -> list[Point]:
        """The points through which a wire passes before the layer of its target."""
        first, *passed, _ = self.layering.paths[wire]
        source = self.arrangement.places[first]
        points = [Point(source.area.right, source.y)]
        right = self.sides[self.layering.layer_of[first]][1]
        if right > points[0].x:
            points.append(Point(right, source.y))
        for dummy in passed:
            left, right = self.sides[self.layering.layer_of[dummy]]
            points += [Point(left, self.lanes[dummy]), Point(right, self.lanes[dummy])]
        return points

    def add(self, wire: Wire, points: list[Point], tip: float) -> None:
        end = Point(tip, points[-1].y)
        curve = wave([*points, Point(end.x - HEAD, end.y)])
        self.arrangement.curves.append((wire, curve))
        self.arrangement.heads.append((wire, end, "left"))

    def upright(self, wire: Wire, place: Place, sign: float) -> None:
        """Lead a wire under or over a sum or product, and then straight into it.

        If something stands in the way, the wire runs between the rows for the last piece.
        """
        points = self.way(wire)
        tip = Point(place.x, place.y + sign * place.height / 2)
        last, key = points[-1], place.node.key
        if self.free(key, last.y):
            corners = [last, Point(place.x, last.y)]
        else:
            x, y = self.left(key) - 0.12, place.y + sign * ROW_HEIGHT / 2
            corners = [last, Point(x, last.y), Point(x, y), Point(place.x, y)]
        bend = rounded([*corners, Point(tip.x, tip.y + sign * HEAD)])
        self.arrangement.curves.append((wire, wave(points) + bend[1:]))
        self.arrangement.heads.append((wire, tip, "bottom" if sign > 0 else "top"))


def _route_loops(arrangement: Arrangement, flow: Flow) -> None:
    """Lead each loop over everything, back to the left side of its state."""
    places = arrangement.places
    top = min(place.area.top for place in places.values()) - 0.16
    left = min(place.area.left for place in places.values())
    loops = sorted(flow.loops, key=lambda loop: (places[loop.source].x, places[loop.target].y))
    for n, loop in enumerate(loops):
        source, target = places[loop.source], places[loop.target]
        same = [other for other in loops[:n] if abs(places[other.source].x - source.x) < 0.01]
        y, x = top - LANE * n, left - 0.2 - LANE * n
        out = source.area.right + TEE + LANE * len(same)
        arrangement.tees[loop.source] = Point(out, y)
        begin, end = Point(source.area.right, source.y), Point(target.area.left, target.y)
        corners = [begin, Point(out, source.y), Point(out, y), Point(x, y), Point(x, end.y)]
        arrangement.curves.append((loop, rounded([*corners, Point(end.x - HEAD, end.y)])))
        arrangement.heads.append((loop, end, "left"))


def _free_spot(arrangement: Arrangement, key: str, width: float) -> Point:
    """Where the name of what a node calculates covers least: above or beneath its wire, or its box."""
    place, size = arrangement.places[key], (width, NAME_HEIGHT)
    tee = arrangement.tees.get(key)
    x = (tee.x if tee else place.area.right) + 0.05 + width / 2
    spots = [Point(x, place.y + dy) for dy in (-0.08, 0.09)]
    spots += [Point(place.x, place.y + sign * (place.height / 2 + 0.07)) for sign in (-1, 1)]
    spots += [Point(tee.x - 0.2 - width / 2, tee.y - 0.06)] if tee else []
    points = [point for _, curve in arrangement.curves for point in points_of(curve)]

    def covered(spot: Point) -> float:
        left, top, right, bottom = area = centred(spot, size)
        lines = sum(left - 0.02 < p.x < right + 0.02 and top < p.y < bottom for p in points)
        return lines + 100 * sum(area.overlap(other.area) for other in arrangement.places.values())

    return min(spots, key=covered)

"""Parts of a network as frames: what stands in which, and a layout within each frame.

A part that is closed is one box. A part that is open is a frame, which is laid out like a diagram of its own
and then stands as one node in the diagram around it. An edge between nodes of different frames consists of
several pieces, one in each frame that it passes; they meet at the sides of the frames.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from neurosim.figures.graph.edges import Edge, is_product, make_edges, product_of
from neurosim.figures.graph.geometry import Area, Point, shifted
from neurosim.figures.graph.labels import covered_areas, place_labels
from neurosim.figures.graph.layout import Layout, place_nodes
from neurosim.figures.graph.model import Box, Connection
from neurosim.figures.graph.nodes import Frame, Node
from neurosim.figures.graph.routing import route
from neurosim.figures.graph.sizes import FONT_SIZES, LINE, Measure

PADDING = 0.14  # between a frame and what stands in it
TITLE = FONT_SIZES["frame"] * LINE + 0.06  # the height of the line with the name of a frame
Path = tuple[str, ...]  # the names of frames, the outermost first


def lay_out(
    boxes: Sequence[Box],
    connections: Sequence[Connection],
    measure: Measure,
    parts: Mapping[str, Collection[str]] | None = None,
) -> Layout:
    """Place all nodes of a diagram and route all edges.

    measure: the width of a text in inches, by the text and its role.
    parts: by name of an open part, the keys of its boxes.
    """
    edges = make_edges(connections)
    paths = _paths(boxes, connections, parts or {})
    pieces: dict[Path, list[Edge]] = {}
    for edge in edges:
        for path, piece in _pieces(edge, paths):
            pieces.setdefault(path, []).append(piece)
    return _Group((), boxes, paths, pieces, measure).lay_out()


def _paths(
    boxes: Sequence[Box], connections: Sequence[Connection], parts: Mapping[str, Collection[str]]
) -> dict[str, Path]:
    """The frames in which each node stands.

    A product stands with its target and with the sender or the weight, whichever is nearer to the target.
    """
    outermost_first = sorted(parts, key=lambda name: -len(parts[name]))
    paths = {box.key: tuple(name for name in outermost_first if box.key in parts[name]) for box in boxes}
    for c in connections:
        if c.weight is not None:
            target = paths[c.post]
            together = (_common(paths[end], target) for end in (c.pre, c.weight.population))
            paths[product_of(c)] = max(together, key=len)
    return paths


def _common(a: Path, b: Path) -> Path:
    """The frames that hold both of two nodes."""
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return a[:n]


def frame_key(name: str) -> str:
    """The key of the node that stands for a frame. No population can be called so."""
    return f"[{name}]"


def _pieces(edge: Edge, paths: Mapping[str, Path]) -> list[tuple[Path, Edge]]:
    """The pieces of an edge, each with the frame in which it runs. The label is on the outermost one."""
    source, target = paths[edge.source], paths[edge.target]
    both = len(_common(source, target))
    pieces = []
    for depth in range(len(source), both, -1):
        start = edge.source if depth == len(source) else frame_key(source[depth])
        pieces.append((source[:depth], _piece(edge, start, f">{edge.number}", labelled=False)))
    start = edge.source if len(source) == both else frame_key(source[both])
    end = edge.target if len(target) == both else frame_key(target[both])
    pieces.append((source[:both], _piece(edge, start, end, labelled=True)))
    for depth in range(both + 1, len(target) + 1):
        end = edge.target if depth == len(target) else frame_key(target[depth])
        pieces.append((target[:depth], _piece(edge, f"<{edge.number}", end, labelled=False)))
    return pieces


def _piece(edge: Edge, start: str, end: str, *, labelled: bool) -> Edge:
    """The piece of an edge from node to node."""
    piece = replace(edge, source=start, target=end, curves=[], arrowheads={}, label_points=[])
    if start != edge.source:
        piece.source_part = piece.variable = ""
    if end != edge.target:
        piece.target_part, piece.ports = "", ("",)
    if not labelled:
        piece.picture, piece.delay, piece.notes, piece.instant = None, "", (), True
    return piece


@dataclass
class _Group:
    """What stands directly in one frame, or in none.

    path: the frame and those around it.
    boxes, paths, pieces: those of the entire diagram; `pieces` by the frame in which they run.
    """

    path: Path
    boxes: Sequence[Box]
    paths: Mapping[str, Path]
    pieces: Mapping[Path, list[Edge]]
    measure: Measure

    def lay_out(self) -> Layout:
        """A layout of this group and of all frames within it."""
        inner = {frame_key(path[-1]): replace(self, path=path).lay_out() for path in self.frames()}
        edges = self.pieces.get(self.path, [])
        frames = {key: _frame_node(key, layout, edges) for key, layout in inner.items()}
        here = [box for box in self.boxes if self.paths[box.key] == self.path]
        products = [key for key, path in self.paths.items() if path == self.path and is_product(key)]
        layout = place_nodes(here, products, edges, frames, self.measure, cut=not self.path)
        route(layout)
        for key, child in inner.items():
            _merge(layout, key, child)
        return layout

    def frames(self) -> list[Path]:
        """The frames that stand directly in this one."""
        depth = len(self.path)
        inside = [path for path in self.paths.values() if path[:depth] == self.path and len(path) > depth]
        return list(dict.fromkeys(path[: depth + 1] for path in inside))


def _frame_node(key: str, layout: Layout, edges: Sequence[Edge]) -> Node:
    """The node that stands for a frame, at whose sides the edges around it begin and end."""
    areas = covered_areas(layout, place_labels(layout))
    left, right = min(a.left for a in areas) - PADDING, max(a.right for a in areas) + PADDING
    right = max(right, left + layout.measure(key[1:-1], "frame") + 2 * PADDING)
    top, bottom = min(a.top for a in areas) - PADDING - TITLE, max(a.bottom for a in areas) + PADDING
    middle = Point((left + right) / 2, (top + bottom) / 2)
    node = Node(key, None, width=right - left, height=bottom - top)
    node.x, node.y = middle
    node.above = node.below = node.height / 2
    node.aside = node.width / 2
    for edge in edges:
        for end, mark, port in ((edge.source, ">", None), (edge.target, "<", "")):
            if end == key:
                at = layout.nodes[f"{mark}{edge.number}"]
                node.anchors[edge, port] = Point(at.x - middle.x, at.y - middle.y)
    layout.frames.append(Frame(key[1:-1], node.outline, 0))
    return node


def _merge(layout: Layout, key: str, child: Layout) -> None:
    """Move the layout of a frame to the place of its node, and add it to the layout around it."""
    node = layout.nodes.pop(key)
    area = child.frames[-1].area
    dx, dy = node.x - (area.left + area.right) / 2, node.y - (area.top + area.bottom) / 2
    for name, inner in child.nodes.items():
        if name[0] not in "<>":
            inner.x, inner.y = inner.x + dx, inner.y + dy
            layout.nodes[name] = inner
    for edge in child.edges:
        edge.curves = [shifted(curve, dx, dy) for curve in edge.curves]
        edge.label_points = shifted(edge.label_points, dx, dy)
        edge.arrowheads = {
            port: (Point(tip.x + dx, tip.y + dy), side) for port, (tip, side) in edge.arrowheads.items()
        }
    layout.edges += child.edges
    for frame in child.frames:
        left, top, right, bottom = frame.area
        moved = Area(left + dx, top + dy, right + dx, bottom + dy)
        layout.frames.append(Frame(frame.name, moved, frame.depth + 1))

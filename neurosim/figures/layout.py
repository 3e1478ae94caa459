"""Where the nodes of a diagram stand: columns from left to right, their order, their heights. Lengths in inches, y downwards."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Link:
    """A connection between two nodes; `instant` links set the order first, `firm` ones always run left to right."""

    source: str
    target: str
    instant: bool = True
    firm: bool = False


@dataclass
class Grid:
    """Nodes in columns, from top to bottom. `chains` leads each forward link, by its number, through the columns it crosses."""

    columns: list[list[str]]
    chains: dict[int, list[str]]
    back: list[int]
    column_of: dict[str, int] = field(default_factory=dict)

    def place(self, key: str) -> float:
        """How far down its column a node stands, from 0 to 1."""
        column = self.columns[self.column_of[key]]
        return (column.index(key) + 0.5) / len(column)


def arrange(nodes: list[str], links: list[Link], roots: list[str], snug: set[str]) -> Grid:
    """Assign nodes to columns by the longest path of links that run forward, and order each column so that few links cross.

    `roots` are what the outside drives; nodes without predecessor and `snug` ones stand directly before what they lead to.
    """
    back = _backward(nodes, links, roots)
    forward = [n for n, link in enumerate(links) if n not in back and link.source != link.target]
    column_of = _columns(nodes, [links[n] for n in forward], snug)
    columns: list[list[str]] = [[] for _ in range(max(column_of.values()) + 1)]
    for key in nodes:
        columns[column_of[key]].append(key)
    chains = {}
    for n in forward:
        link = links[n]
        passed = [f"{n}@{c}" for c in range(column_of[link.source] + 1, column_of[link.target])]
        for c, key in enumerate(passed, column_of[link.source] + 1):
            columns[c].append(key)
            column_of[key] = c
        chains[n] = [link.source, *passed, link.target]
    return Grid(_ordered(columns, chains), chains, sorted(back), column_of)


def _backward(nodes: list[str], links: list[Link], roots: list[str]) -> set[int]:
    """The links that close a cycle when links are added one after the other: firm, instant, then those near the input first."""
    distance = _distances(nodes, links, roots)
    ranked = sorted(
        range(len(links)),
        key=lambda n: (
            not links[n].firm,
            not links[n].instant,
            distance[links[n].source],
            nodes.index(links[n].source),
            n,
        ),
    )
    after: dict[str, set[str]] = {key: set() for key in nodes}
    back = set()
    for n in ranked:
        link = links[n]
        if link.source == link.target:
            continue
        if _reaches(after, link.target, link.source):
            back.add(n)
        else:
            after[link.source].add(link.target)
    return back


def _distances(nodes: list[str], links: list[Link], roots: list[str]) -> dict[str, int]:
    """Links from the nearest root; without roots, from nodes that receive nothing, else from the first node."""
    targets = {link.target for link in links if link.source != link.target}
    starts = roots or [key for key in nodes if key not in targets] or nodes[:1]
    distance = dict.fromkeys(nodes, len(nodes))
    distance.update(dict.fromkeys(starts, 0))
    ring = list(starts)
    while ring:
        ring = [
            link.target for link in links for key in ring if link.source == key and _nearer(distance, link)
        ]
    return distance


def _nearer(distance: dict[str, int], link: Link) -> bool:
    if distance[link.target] <= distance[link.source] + 1:
        return False
    distance[link.target] = distance[link.source] + 1
    return True


def _reaches(after: dict[str, set[str]], start: str, goal: str) -> bool:
    seen, stack = set(), [start]
    while stack:
        key = stack.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            stack.extend(after[key])
    return False


def _columns(nodes: list[str], links: list[Link], snug: set[str]) -> dict[str, int]:
    column = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for link in links:
            column[link.target] = max(column[link.target], column[link.source] + 1)
    targets = {link.target for link in links}
    for key in sorted(nodes, key=lambda key: -column[key]):
        ahead = [column[link.target] for link in links if link.source == key]
        if ahead and (key in snug or key not in targets):
            column[key] = min(ahead) - 1
    return column


def _ordered(columns: list[list[str]], chains: dict[int, list[str]]) -> list[list[str]]:
    """The columns, reordered by the mean place of neighbours until no sweep crosses fewer links."""
    before, after = neighbours(chains)
    best, least = [list(column) for column in columns], _crossings(columns, after)
    current = [list(column) for column in columns]
    for sweep in range(12):
        if least == 0:
            break
        forward = sweep % 2 == 0
        for c in range(len(current)) if forward else reversed(range(len(current))):
            other = current[c - 1] if forward else current[c + 1] if c + 1 < len(current) else []
            if (forward and c == 0) or not other:
                continue
            place = {key: n for n, key in enumerate(other)}
            near = before if forward else after
            current[c] = _by_mean(current[c], near, place)
        crossed = _crossings(current, after)
        if crossed < least:
            best, least = [list(column) for column in current], crossed
    return best


def _by_mean(column: list[str], near: dict[str, list[str]], place: dict[str, int]) -> list[str]:
    means = {}
    for n, key in enumerate(column):
        known = [place[other] for other in near.get(key, []) if other in place]
        means[key] = sum(known) / len(known) if known else float(n)
    return sorted(column, key=lambda key: means[key])


def neighbours(chains: dict[int, list[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What stands directly before and after each node on the forward links."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for chain in chains.values():
        for first, second in itertools.pairwise(chain):
            after.setdefault(first, []).append(second)
            before.setdefault(second, []).append(first)
    return before, after


def _crossings(columns: list[list[str]], after: dict[str, list[str]]) -> int:
    crossed = 0
    for left, right in itertools.pairwise(columns):
        place = {key: n for n, key in enumerate(right)}
        ends = [(n, place[key]) for n, source in enumerate(left) for key in after.get(source, [])]
        crossed += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(ends) for b in ends[i + 1 :])
    return crossed


def heights(
    grid: Grid, up: dict[str, float], down: dict[str, float], pulls: list[tuple[str, str, float, float]]
) -> dict[str, float]:
    """The y of every node: near what it is linked with, never closer to the next one in its column than both need.

    `up` and `down` are the room above and below a node's centre; a pull (a, b, offset, strength) wants y of b = y of a + offset.
    """
    y = {}
    for column in grid.columns:
        top = 0.0
        for key in column:
            y[key] = top + up[key]
            top = y[key] + down[key]
        for key in column:
            y[key] -= top / 2
    around: dict[str, list[tuple[str, float, float]]] = {}
    for a, b, offset, strength in pulls:
        around.setdefault(b, []).append((a, offset, strength))
        around.setdefault(a, []).append((b, -offset, strength))
    for sweep in range(60):
        order = grid.columns if sweep % 2 == 0 else grid.columns[::-1]
        for column in order:
            wanted, weight = _wishes(column, y, around)
            gaps = [down[a] + up[b] for a, b in itertools.pairwise(column)]
            y.update(zip(column, _apart(wanted, weight, gaps), strict=True))
    return y


def straighten(
    grid: Grid,
    y: dict[str, float],
    up: dict[str, float],
    down: dict[str, float],
    ends: dict[int, tuple[float, float]],
    level: set[int],
) -> None:
    """Let every long line pass its columns at one height, where there is room for that; else at as few as it can.

    `ends` are the places at which each link leaves and enters its nodes, seen from their centres; those links in `level` take the node
    that they enter along.
    """
    for _ in range(2):
        for number, chain in grid.chains.items():
            wanted = [y[chain[0]] + ends[number][0]] + (
                [] if number in level else [y[chain[-1]] + ends[number][1]]
            )
            run: list[str] = []
            for key in chain[1:] if number in level else chain[1:-1]:
                low, high = _room(grid, [*run, key], y, up, down)
                if low > high:
                    _level(grid, run, wanted, y, up, down)
                    run = []
                run.append(key)
            _level(grid, run, wanted, y, up, down)


def _level(
    grid: Grid,
    run: list[str],
    wanted: list[float],
    y: dict[str, float],
    up: dict[str, float],
    down: dict[str, float],
) -> None:
    """Put a run of nodes at one height: that of an end of its line if it is near and free."""
    if not run:
        return
    low, high = _room(grid, run, y, up, down)
    mean = sum(y[key] for key in run) / len(run)
    near = [place for place in wanted if low <= place <= high and abs(place - mean) < 0.3]
    if low <= high:
        y.update(dict.fromkeys(run, near[0] if near else min(max(mean, low), high)))


def _room(
    grid: Grid, run: list[str], y: dict[str, float], up: dict[str, float], down: dict[str, float]
) -> tuple[float, float]:
    """The heights that are free for all of these nodes."""
    low, high = -float("inf"), float("inf")
    for key in run:
        column = grid.columns[grid.column_of[key]]
        n = column.index(key)
        if n > 0:
            low = max(low, y[column[n - 1]] + down[column[n - 1]] + up[key])
        if n + 1 < len(column):
            high = min(high, y[column[n + 1]] - up[column[n + 1]] - down[key])
    return low, high


def _wishes(
    column: list[str], y: dict[str, float], around: dict[str, list[tuple[str, float, float]]]
) -> tuple[list[float], list[float]]:
    wanted, weight = [], []
    for key in column:
        total = sum(strength for _, _, strength in around.get(key, []))
        wanted.append(
            sum((y[other] + offset) * strength for other, offset, strength in around[key]) / total
            if total
            else y[key]
        )
        weight.append(total or 0.01)
    return wanted, weight


def _apart(wanted: list[float], weight: list[float], gaps: list[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep the gaps: isotonic regression."""
    shift = np.concatenate([[0.0], np.cumsum(gaps)])
    blocks: list[list[float]] = []  # each: mean, weight, number of nodes
    for place, mass, moved in zip(wanted, weight, shift, strict=True):
        blocks.append([place - moved, mass, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, mass_2, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * mass_2) / (last[1] + mass_2)
            last[1], last[2] = last[1] + mass_2, last[2] + count
    flat = [block[0] for block in blocks for _ in range(int(block[2]))]
    return [float(place + moved) for place, moved in zip(flat, shift, strict=True)]

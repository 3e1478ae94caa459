"""Draws a case: a structure, and one of its variants."""

from __future__ import annotations

import re
from importlib.util import find_spec

from differential import shared
from differential.case import Case, Cells, Link, Piece
from differential.cells import constant, draw_cells
from differential.draw import Draw
from differential.links import delay, draw_link
from differential.plastic import add_text

SCHEDULES = {"Clock": 5, "Layered": 2.5, "Synchronous": 2, "Asynchronous": 1.2, "Alternating": 1.2}
COMPILERS = {"g++ -O0": 10, "g++ -O3": 1.2} | (
    {"ziglang -O0": 0.6, "ziglang -O3": 0.2} if find_spec("ziglang") else {}
)
PRECISIONS = {"double": 6, "mixed": 1, "single": 2, "half": 1}


class Maker:
    """One case while it is drawn: what the parts of a network must know of each other."""

    def __init__(self, structure: int, variant: int):
        self.draw = Draw(structure, variant)
        s, v = self.draw.s, self.draw.v
        self.schedule = s.pick(list(SCHEDULES), list(SCHEDULES.values()))
        self.clocked = self.schedule == "Clock"
        self.rounded, self.along = s.chance(0.6), self.schedule != "Asynchronous" and s.chance(0.12)
        self.ticks, self.trials = v.whole(3, 40), v.pick((0, 0, 0, 1, 2, 3))
        self.batched = False
        self.cells = self._cells()
        self.given = {
            item.name: s.pick(("values", "events", "raster"), (3, 2, 1)) for item in self.cells if item.driven
        }
        self.inputs = {
            item.name: self._input(item, self.given[item.name]) for item in self.cells if item.driven
        }
        self.inputs |= {
            item.name: self._clamp(item)
            for item in self.cells
            if not item.driven and s.chance(0.1) and self._can_clamp(item)
        }
        self.groups = self._groups()
        self.links = self._links()

    def _cells(self) -> list[Cells]:
        s, v = self.draw.s, self.draw.v
        names = [str(name) for name in s.random.permutation(["a", "b", "c", "d"])[: s.whole(1, 4)]]
        sizes = [v.whole(1, 9) for _ in range(3)]
        cells = []
        for number, name in enumerate(names):
            kind = s.pick((0, 0, 1, 2))
            shape = (sizes[kind],) if s.chance(0.75) else (sizes[kind], sizes[(kind + 1) % 3])
            if s.chance(0.22) and (number < len(names) - 1 or any(not item.driven for item in cells)):
                cells.append(Cells(name, shape))
            else:
                spikes = self.schedule != "Asynchronous"
                cells.append(
                    draw_cells(
                        self.draw,
                        name,
                        shape,
                        clocked=self.clocked,
                        spikes=spikes,
                        rounded=self.rounded,
                        along=self.along,
                    )
                )
        if self.schedule != "Asynchronous" and s.chance(0.12):
            cells.insert(0, shared.private_sender(self.draw, self.clocked))
        return cells

    def _input(self, cells: Cells, kind: str) -> str:
        v = self.draw.v
        batch = self.trials > 0 and v.chance(0.4)
        self.batched = self.batched or batch
        shape = (self.trials, self.ticks, *cells.shape) if batch else (self.ticks, *cells.shape)
        rng = f"np.random.default_rng({v.whole(0, 999)})"
        if kind == "raster":
            return f"({rng}.random({shape}) < {v.number(0, 0.5)})"
        if kind == "events":
            flat = (*shape[: 2 if batch else 1], -1)
            return f"np.nonzero(({rng}.random({shape}) < {v.number(0, 0.5)}).reshape({flat}))"
        return v.pick(
            (
                f"{rng}.normal(0, 1, {shape}).round(2)",
                f"{rng}.integers(-2, 3, {shape})",
                f"np.zeros({shape})",
            ),
            (5, 2, 0.5),
        )

    def _can_clamp(self, cells: Cells) -> bool:
        message = cells.more.get("sends", repr((*cells.states, *cells.subexpressions, "")[0])).strip("'")
        return cells.name != "n" and (cells.spiking or message not in cells.units)

    def _clamp(self, cells: Cells) -> str:
        """An input to a population with text: some of what it sends, or its spikes."""
        if cells.spiking and self.draw.s.chance(0.3):
            return self._input(cells, "events")
        values = self._input(cells, "raster" if cells.spiking else "values")
        shape = re.search(r"\([\d, ]+\)", values.replace("default_rng(", "["))
        free = f"np.random.default_rng({self.draw.v.whole(0, 999)}).random({shape[0] if shape else ()})"
        return f"np.where({free} < {self.draw.v.pick((0, 0.5, 0.9, 1))}, np.nan, {values})"

    def _groups(self) -> dict[str, int]:
        """The group of each population with text, under Alternating."""
        movers = [item.name for item in self.cells if not item.driven]
        many = self.draw.s.whole(1, min(3, len(movers)))
        return {
            name: number if number < many else self.draw.s.whole(0, many - 1)
            for number, name in enumerate(movers)
        }

    def _least(self, pre: Cells, post: Cells, spikes: bool) -> int:
        """The shortest delay in ticks that the schedule takes."""
        if pre.driven:
            return 0
        names = [item.name for item in self.cells]
        if self.schedule == "Synchronous":
            return 1
        if self.schedule == "Layered":  # zero delays lead onward
            return int(names.index(pre.name) >= names.index(post.name))
        if self.schedule == "Alternating" and spikes:
            return int(self.groups[pre.name] >= self.groups[post.name])
        return 0

    def _spikes(self, cells: Cells) -> bool:
        return cells.spiking or self.given.get(cells.name) in ("events", "raster")

    def _links(self) -> list[Link]:
        s, by_name = self.draw.s, {item.name: item for item in self.cells}
        links: list[Link] = []
        for _ in range(s.whole(0, 5)):
            link = shared.tied(self.draw, links, by_name) if s.chance(0.06) else None
            pre, post = (
                s.pick(self.cells),
                s.pick(
                    [item for item in self.cells if not item.driven and item.name != "n"] or self.cells[-1:]
                ),
            )
            if link is not None:
                pre, post = by_name[link.pre.split("[")[0]], by_name[link.post.split("[")[0]]
                link.more["delay"] = delay(self.draw, self.clocked, self._least(pre, post, self._spikes(pre)))
                links.append(link)
            elif post.ports or post.states:
                link = self._link(f"s{len(links)}", pre, post)
                links += [link] if link.more.get("to") or link.text else []
        return links

    def _link(self, name: str, pre: Cells, post: Cells) -> Link:
        s = self.draw.s
        spikes = self._spikes(pre)
        messages, least = "spikes" if spikes else "values", self._least(pre, post, spikes)
        link = draw_link(self.draw, name, pre, post, messages=messages, clocked=self.clocked, least=least)
        kind = s.pick(
            ("plain", "text", "windows", "contraction"),
            (10, 3.5 if self.schedule != "Asynchronous" else 0, 1.2, 0.8),
        )
        if not link.more.get("to") or link.more["to"].strip("'") in post.units:
            return link
        if pre.name == "n" and least == 0:
            link.pre, link.more["delay"] = "n", "0"
            link.more |= {
                "wiring": f"ns.private({self.draw.v.whole(1, 400)})",
                "weight": str(self.draw.v.number(-0.1, 0.2)),
            }
        elif kind == "text":
            add_text(
                self.draw, link, pre, post, messages=messages, clocked=self.clocked, rounded=self.rounded
            )
        elif kind == "windows":
            shared.windows(self.draw, link, pre, post)
        elif kind == "contraction" and not spikes and self.schedule != "Asynchronous":
            graded = [
                item
                for item in self.cells
                if not self._spikes(item) and self._least(item, post, False) == 0 and not item.units
            ]
            if shared.contraction(self.draw, link, pre, post, graded):
                link.more["delay"] = f"{least}{'*0.5*ms' if self.clocked and least else ''}"
        return link

    def record(self) -> dict[str, int]:
        """What is recorded: everything, or some of it, or parts now and then."""
        s, v, found = self.draw.s, self.draw.v, {}
        for item in self.cells:
            names = [item.name] if item.driven or item.spiking or item.states or item.subexpressions else []
            names += (
                [f"{item.name}.{name}" for name in (*item.states, *item.ports, *item.subexpressions)]
                if not item.driven
                else []
            )
            if s.chance(0.1):
                names = [name.replace(item.name, f"{item.name}[:1]", 1) for name in names]
            found |= dict.fromkeys(names, 1)
        for link in self.links:
            lines = "\n".join(link.lines.get("model", []))
            kept = [
                name
                for name in ("w", "q", "before", "after")
                if name == "w" or re.search(rf"(?m)^d?{name}( :|/dt)", lines)
            ]
            found |= {f"{link.name}.{name}": 1 for name in kept if link.text}
        if s.chance(0.4):
            found = {name: every for name, every in found.items() if s.chance(0.5)} or found
        if s.chance(0.15):
            found = {name: v.pick((1, 1, 2, 3)) for name in found}
        return found

    def start(self) -> dict[str, str]:
        """Start values of some variables."""
        v, found = self.draw.v, {}
        for item in self.cells:
            for state in item.states:
                value = constant(v, item.shape)
                if v.chance(0.08) and state not in item.units and not value.startswith("ns."):
                    found[f"{item.name}.{state}"] = value
        return found

    def routes(self, record: dict[str, int]) -> dict[str, list[Piece]]:
        """The ways in which the network is run."""
        v, ticks = self.draw.v, self.ticks
        threads = v.whole(2, 3)
        routes = {
            "events": [Piece("events", ticks)],
            f"events with {threads} threads": [Piece("events", ticks, threads)],
        }
        if v.chance(0.5):
            routes["arrays"] = [Piece("arrays", ticks)]
        if ticks > 3 and v.chance(0.6) and set(record.values()) == {1}:
            joint = v.whole(1, ticks - 1)
            first, second = (v.pick(("reference", "events", "arrays"), (4, 4, 1)) for _ in range(2))
            routes[f"{first}, then {second}"] = [
                Piece(first, joint, 2, v.chance(0.2)),
                Piece(second, ticks - joint, v.whole(1, 3)),
            ]
        return routes

    def schedule_source(self) -> str:
        if self.schedule == "Clock":
            return "ns.Clock(0.5*ms)"
        if self.schedule == "Asynchronous":
            return f"ns.Asynchronous(order={self.draw.s.pick(('random', 'index'))!r})"
        if self.schedule == "Alternating":
            groups = [
                [name for name, group in self.groups.items() if group == number]
                for number in range(max(self.groups.values()) + 1)
            ]
            return f"ns.Alternating({', '.join('[' + ', '.join(group) + ']' for group in groups)})"
        return f"ns.{self.schedule}()"


def draw_case(structure: int, variant: int) -> Case:
    """The network of these two numbers."""
    made = Maker(structure, variant)
    s, v = made.draw.s, made.draw.v
    options = {
        "seed": str(v.whole(0, 99)),
        "precision": repr(s.pick(list(PRECISIONS), list(PRECISIONS.values()))),
    }
    told = made.batched and not any(
        "nonzero" in given for given in made.inputs.values()
    )  # events alone do not tell how many trials there are
    if made.trials and (not told or v.chance(0.5)):
        options["trials"] = str(made.trials)
    if (
        not any(item.spiking for item in made.cells)
        and set(made.given.values()) <= {"values"}
        and not made.rounded
        and s.chance(0.3)
    ):
        options["until"] = "'stable'"
    record = made.record()
    compiler = s.pick(list(COMPILERS), list(COMPILERS.values()))
    routes = {"events": made.routes(record)["events"]} if "until" in options else made.routes(record)
    return Case(
        (structure, variant),
        made.schedule_source(),
        made.cells,
        made.links,
        made.inputs,
        made.ticks,
        options,
        record,
        made.start(),
        routes,
        compiler,
    )

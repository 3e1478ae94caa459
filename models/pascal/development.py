"""The fifth stage of the compiler: a cell develops by its cellular code into a network of neurons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from neurosim.models.pascal.cellular import Code
from neurosim.models.pascal.expressions import LARGEST


@dataclass(eq=False)
class End:
    """An input or an output of a cell, with the links that lead to it, or from it.

    An input has several links where ways come together, an output where its value is used several times.
    """

    cell: Cell
    links: list[Link] = field(default_factory=list)


@dataclass(eq=False)
class Link:
    source: End
    target: End
    weight: int = 1
    port: str = "x"


@dataclass(frozen=True)
class Registers:
    """What the instructions of a cell have set; its children inherit it, except for `weights` by input."""

    function: str = "sum"
    dynamics: str = "all"
    bias: int = 0
    limit: int = LARGEST
    line: int = 0
    reads: int = 0  # which number it gets from outside, counted from 1
    writes: bool = False


@dataclass(eq=False)
class Cell:
    """A cell: the code that it has still to execute, its registers, and its numbered inputs and outputs."""

    code: Code
    registers: Registers = Registers()
    inputs: list[End] = field(default_factory=list)
    outputs: list[End] = field(default_factory=list)
    weights: dict[int, int] = field(default_factory=dict)  # of inputs, counted from 0, where they are not 1

    def take_inputs(self, ends: Iterable[End]) -> None:
        """Inputs that belonged to another cell."""
        _move(ends, self, self.inputs)

    def take_outputs(self, ends: Iterable[End]) -> None:
        _move(ends, self, self.outputs)

    def copy_inputs(self, ends: Iterable[End]) -> None:
        """Inputs from the same senders."""
        for end in ends:
            self.inputs.append(copy := End(self))
            for link in end.links:
                connect(link.source, copy)

    def copy_outputs(self, ends: Iterable[End]) -> None:
        for end in ends:
            self.outputs.append(copy := End(self))
            for link in end.links:
                connect(copy, link.target)


def _move(ends: Iterable[End], cell: Cell, to: list[End]) -> None:
    for end in ends:
        end.cell = cell
        to.append(end)


def connect(source: End, target: End) -> None:
    link = Link(source, target)
    source.links.append(link)
    target.links.append(link)


def join(first: Cell, second: Cell, count: int) -> None:
    """Connect `count` new outputs of the first cell with new inputs of the second."""
    for _ in range(count):
        first.outputs.append(source := End(first))
        second.inputs.append(target := End(second))
        connect(source, target)


def drop(end: End) -> None:
    """Remove all links of an end."""
    for link in end.links:
        other = link.target if link.source is end else link.source
        if other is not end:
            other.links.remove(link)
    end.links = []


def grown(code: Code) -> list[Cell]:
    """The cells that have become neurons, of which the first starts the network.

    Cells divide one after the other; the result does not depend on the order.
    """
    start, ancestor, outside = Cell(Code("END")), Cell(code), Cell(Code("END"))
    join(start, ancestor, 1)
    join(ancestor, outside, 1)
    alive, neurons = [ancestor], [start]
    while alive:
        cell = alive.pop()
        if cell.code.name == "END":
            neurons.append(cell)
        else:
            alive += reversed(STEPS[cell.code.name](cell, *cell.code.arguments))
    drop(outside.inputs[0])
    for cell in neurons:
        for number, end in enumerate(cell.inputs):
            is_last = number == len(cell.inputs) - 1
            for link in end.links:
                link.weight = cell.weights.get(number, 1)
                link.port = "z" if is_last and cell.registers.function in OF_TWO else "x"
    return neurons


OF_TWO = ("product", "quotient", "remainder", "select")  # functions of x and z; z is the last input


# Instructions: each takes the cell and the arguments, and returns the cells that go on.


def sequential(cell: Cell, width: int) -> list[Cell]:
    first, second = children(cell)
    first.take_inputs(cell.inputs)
    second.take_outputs(cell.outputs)
    join(first, second, width)
    return [first, second]


def copy_input(cell: Cell) -> list[Cell]:
    first, second = children(cell)
    first.copy_inputs(cell.inputs)
    second.take_inputs(cell.inputs)
    second.take_outputs(cell.outputs)
    join(first, second, 1)
    return [first, second]


def parallel(cell: Cell) -> list[Cell]:
    first, second = children(cell)
    first.copy_inputs(cell.inputs)
    first.copy_outputs(cell.outputs)
    second.take_inputs(cell.inputs)
    second.take_outputs(cell.outputs)
    return [first, second]


def fork(cell: Cell, width: int) -> list[Cell]:
    first, second = children(cell)
    first.copy_inputs(cell.inputs)
    second.take_inputs(cell.inputs)
    first.take_outputs(cell.outputs[:width])
    second.take_outputs(cell.outputs[width:])
    return [first, second]


def split(cell: Cell, shared: int, step: int) -> list[Cell]:
    last, found = cell.inputs[len(cell.inputs) - shared :], []
    for number, output in enumerate(cell.outputs):
        bias = cell.registers.bias + number * step
        child = Cell(cell.code.children[0], replace(cell.registers, bias=bias))
        child.take_inputs([cell.inputs[number]])
        child.copy_inputs(last)
        child.take_outputs([output])
        found.append(child)
    for end in last:
        drop(end)
    return found


def cycle(cell: Cell, width: int) -> list[Cell]:
    for number in range(width):
        cell.outputs.append(output := End(cell))
        connect(output, cell.inputs[number])
    return goes_on(cell)


def keep(cell: Cell, *numbers: int) -> list[Cell]:
    old, cell.inputs = cell.inputs, []
    cell.copy_inputs(old[number - 1] for number in numbers)
    for end in old:
        drop(end)
    return goes_on(cell)


def focus(cell: Cell, *numbers: int) -> list[Cell]:
    kept = [number - 1 for number in numbers]
    width = len(cell.outputs)
    for number in set(range(width)) - set(kept):
        bypass(cell, number)
    cell.inputs = [cell.inputs[number] for number in kept] + cell.inputs[width:]
    cell.outputs = [cell.outputs[number] for number in kept]
    return goes_on(cell)


def wire(cell: Cell) -> list[Cell]:
    for number in range(len(cell.outputs)):
        bypass(cell, number)
    return []


def bypass(cell: Cell, number: int) -> None:
    """Connect who sends to an input of the cell with who receives from the output of the same number."""
    before, after = cell.inputs[number], cell.outputs[number]
    ends = [(into.source, out.target) for into in before.links for out in after.links]
    drop(before)
    drop(after)
    for source, target in ends:
        connect(source, target)


def weight(cell: Cell, first: int, last: int, value: int) -> list[Cell]:
    cell.weights |= dict.fromkeys(range(first - 1, last), value)
    return goes_on(cell)


def register(name: str):
    """The instruction that sets a register."""

    def step(cell: Cell, value: int | str = True) -> list[Cell]:
        cell.registers = replace(cell.registers, **{name: value})
        return goes_on(cell)

    return step


def children(cell: Cell) -> list[Cell]:
    return [Cell(code, cell.registers) for code in cell.code.children]


def goes_on(cell: Cell) -> list[Cell]:
    cell.code = cell.code.children[0]
    return [cell]


STEPS = {
    "SEQ": sequential,
    "CPI": copy_input,
    "PAR": parallel,
    "FORK": fork,
    "SPLIT": split,
    "CYC": cycle,
    "KEEP": keep,
    "FOCUS": focus,
    "WIRE": wire,
    "LR": weight,
    "FUN": register("function"),
    "DYN": register("dynamics"),
    "BIAS": register("bias"),
    "LIMIT": register("limit"),
    "LINE": register("line"),
    "IN": register("reads"),
    "OUT": register("writes"),
}

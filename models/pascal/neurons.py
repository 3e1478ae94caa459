"""The sixth stage of the compiler: the neurons of a developed network, without those that are not needed."""

from dataclasses import dataclass, replace

from neurosim.models.pascal.cellular import Code
from neurosim.models.pascal.development import Cell, Link, Registers, connect, drop, grown


@dataclass(frozen=True)
class Neuron:
    """A neuron: what its code has set, and for each link to it the sender, the weight and the port."""

    registers: Registers
    links: tuple[tuple[int, int, str], ...]

    @property
    def needed(self) -> int:
        """How many tokens it waits for."""
        return 1 if self.registers.dynamics == "any" else len(self.links)


def develop(code: Code) -> list[Neuron]:
    """The neurons of a code. Neuron 0 has no links: it starts the network.

    >>> from neurosim.models.pascal.cellular import read
    >>> [neuron.registers.bias for neuron in develop(read("SEQ 1; BIAS 3; END; FUN step; END"))]
    [0, 3, 0]
    """
    cells = grown(code)
    simplify(cells)
    number = {cell: k for k, cell in enumerate(cells)}
    return [
        Neuron(
            cell.registers,
            tuple((number[link.source.cell], link.weight, link.port) for link in links_to(cell)),
        )
        for cell in cells
    ]


def simplify(cells: list[Cell]) -> None:
    """Remove neurons that only pass on what they get, and constants that a bias or a weight can stand for."""
    for cell in [cell for cell in cells[1:-1] if is_identity(cell)]:
        into = links_to(cell)[0]
        for out in links_from(cell):
            connect(into.source, out.target)
            new = out.target.links[-1]
            new.weight, new.port = into.weight * out.weight, out.port
        remove(cell, cells)
    for cell in [cell for cell in cells[1:-1] if is_constant(cell)]:
        for out in links_from(cell):
            absorb(out, cell.registers.bias * out.weight)
        if not links_from(cell):
            remove(cell, cells)


def is_identity(cell: Cell) -> bool:
    links = links_to(cell)
    plain = replace(cell.registers, line=0) == Registers()
    return plain and len(links) == 1 and abs(links[0].weight) == 1


def is_constant(cell: Cell) -> bool:
    links = links_to(cell)
    plain = replace(cell.registers, line=0, bias=0) == Registers()
    return plain and len(links) == 1 and links[0].weight == 0


def absorb(link: Link, value: int) -> None:
    """Let the receiver of a constant do without the link, if it can."""
    cell = link.target.cell
    others = [other for other in links_to(cell) if other is not link]
    if cell.registers.dynamics != "all" or not others:
        return
    if cell.registers.function == "product" and len(others) == 1:
        others[0].weight, others[0].port = others[0].weight * value, "x"
        cell.registers = replace(cell.registers, function="sum")
    elif cell.registers.function in ("sum", "step", "zero", "other"):
        cell.registers = replace(cell.registers, bias=cell.registers.bias + value)
    else:
        return
    link.source.links.remove(link)
    link.target.links.remove(link)


def remove(cell: Cell, cells: list[Cell]) -> None:
    for end in (*cell.inputs, *cell.outputs):
        drop(end)
    cells.remove(cell)


def links_to(cell: Cell) -> list[Link]:
    return [link for end in cell.inputs for link in end.links]


def links_from(cell: Cell) -> list[Link]:
    return [link for end in cell.outputs for link in end.links]

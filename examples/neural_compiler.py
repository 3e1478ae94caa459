"""A Pascal program becomes a network that computes what the program says.

The program is parsed, its parse tree becomes cellular code, and by that code one cell develops into a network
of neurons. The network runs, and writes what the program writes.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.models.neural_compiler import given, neural_compiler, written
from neurosim.models.pascal import cellular_code, develop, parse

GCD = """program gcd;
var a, b, r: integer;
begin
  readln(a, b);
  while b <> 0 do
  begin
    r := a mod b;
    a := b;
    b := r
  end;
  writeln(a)
end.
"""
SIGNS = {
    "sum": "+", "step": ">0", "zero": "=0", "other": "<>0", "product": "*", "quotient": "div",
    "remainder": "mod", "select": "if",
}  # fmt: skip


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, help="a file with a Pascal program; default: gcd")
    parser.add_argument("--numbers", type=int, nargs="*", default=[1071, 462], help="what it reads")
    parser.add_argument("--ticks", type=int, default=10_000, help="after how many ticks to give up")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    source = args.program.read_text() if args.program else GCD
    print(source)
    code = cellular_code(parse(source))
    print(f"Its cellular code:\n\n{code}\n")

    net = neural_compiler(source)
    recording = ns.run(
        net, given(args.numbers, args.ticks) if "inputs" in net.populations else None, ticks=args.ticks,
        record=["neurons.fires", "output", "written"], until="stable", engine=args.engine,
    )  # fmt: skip
    rows = written(recording)
    fires = np.asarray(recording["neurons.fires"])  # (tick, neuron)
    print(f"{code.size} instructions develop into {net['neurons'].size} neurons.")
    print(
        f"It read {args.numbers} and ended after {recording.ticks} ticks; {fires.sum():.0f} tokens were sent."
    )
    print("\n".join("It wrote " + ", ".join(map(str, row)) for row in rows))
    draw(source, develop(code), fires, args.figure)
    return rows


def draw(source, neurons, fires, path):
    """The program, the neurons and who sends to whom, and when each sent a token; one colour a line."""
    used = sorted({neuron.registers.line for neuron in neurons} - {0})
    colors = {0: "0.8"} | {line: plt.colormaps["Set3"](k % 12) for k, line in enumerate(used)}
    figure = plt.figure(figsize=(13, 8.5), layout="constrained")
    axes = figure.subplot_mosaic("pnn;ptt", width_ratios=[1, 2, 2], height_ratios=[2.6, 1])
    axes["p"].axis("off")
    listing = source.splitlines()
    for number, text in enumerate(listing[:45], 1):
        box = {"facecolor": colors[number], "edgecolor": "none", "pad": 1.5} if number in used else None
        place = {"x": 0.0, "y": 1 - number * 0.022, "va": "center", "family": "monospace", "fontsize": 8}
        axes["p"].text(s=f"{number:2}", bbox=box, **place)
        axes["p"].text(s=text, **(place | {"x": 0.1}))
    draw_network(axes["n"], neurons, colors)
    tick, neuron = np.nonzero(fires)
    lines = [colors[neurons[k].registers.line] for k in neuron]
    axes["t"].scatter(tick, neuron, c=lines, s=9, marker="s", edgecolors="0.4", linewidths=0.2)
    axes["t"].set(xlabel="tick", ylabel="neuron", title="Tokens")
    axes["t"].invert_yaxis()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_network(axes, neurons, colors):
    """A circle for each neuron, in columns of those that can be reached in as many steps."""
    column, row = places(neurons)
    size = 420 * min(1, 9 / np.bincount(column).max()) ** 2
    for post, neuron in enumerate(neurons):
        for pre, weight, _ in neuron.links:
            back = column[pre] >= column[post]
            axes.annotate(
                "", (column[post], row[post]), (column[pre], row[pre]),
                arrowprops={
                    "arrowstyle": "-|>", "shrinkA": size**0.5 / 2, "shrinkB": size**0.5 / 2, "linewidth": 0.8,
                    "linestyle": "-" if weight else ":", "color": "firebrick" if back else "0.35",
                    "connectionstyle": f"arc3,rad={-0.28 if back else 0.06}",
                },
            )  # fmt: skip
    lines = [colors[neuron.registers.line] for neuron in neurons]
    axes.scatter(column, row, s=size, c=lines, edgecolors="0.2", linewidths=0.8, zorder=3)
    for k, neuron in enumerate(neurons) if size > 100 else ():
        text = {0: "start", len(neurons) - 1: "end"}.get(k) or sign(neuron)
        axes.text(column[k], row[k], text, ha="center", va="center", fontsize=7, zorder=4)
    axes.set(title="Neurons. Dotted: only waited for. Red: back to the beginning of a loop.")
    axes.axis("off")


def sign(neuron):
    """What a neuron does, in few letters."""
    registers = neuron.registers
    if registers.reads or registers.writes:
        return "in" if registers.reads else "out"
    if registers.dynamics == "any":
        return "any"
    if registers.dynamics == "gate":
        return "no" if registers.bias == 0 else "yes"
    if registers.function == "sum" and registers.bias and not any(weight for _, weight, _ in neuron.links):
        return f"{registers.bias}"
    return SIGNS[registers.function]


def places(neurons):
    """The column and the row of each neuron; links from a higher number to a lower one lead back."""
    column = np.zeros(len(neurons), int)
    for post, neuron in enumerate(neurons):
        before = [column[pre] for pre, _, _ in neuron.links if pre < post]
        column[post] = max(before) + 1 if before else 0
    row = np.zeros(len(neurons))
    for number in range(column.max() + 1):
        members = np.flatnonzero(column == number)
        wanted = [np.mean([row[pre] for pre, _, _ in neurons[k].links if pre < k] or [0]) for k in members]
        order = np.argsort(wanted, kind="stable")
        row[members[order]] = np.arange(len(members)) - (len(members) - 1) / 2
    return column, row


if __name__ == "__main__":
    main()

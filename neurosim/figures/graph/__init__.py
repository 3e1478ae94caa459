"""The diagram of a network as a layered drawing of a directed graph, laid out and drawn in steps.

`model` reads what is shown: boxes (populations) and connections (synapses). `closing` puts one box in place
of each closed part, and `stacks` one in place of equal parts that follow each other. `edges` and `nodes`
make a graph of them, whose nodes have their sizes and anchors. `layers` puts the nodes into layers,
`coordinates` says how far down each stands, `layout` gives them their places, and `routing` leads the edges
between them; `frames` does this once for each open part and once for all. `labels` finds room for icons,
delays and notes, and `legend` explains what occurs. `renderer` draws all of it on a `canvas` of matplotlib.
Networks with too many connections for lines are a `table` instead.

The steps are those of Sugiyama, Tagawa & Toda 1981, IEEE Trans. Syst. Man Cybern. 11, 109,
doi:10.1109/TSMC.1981.4308636. `docs/decisions/017-layouts-of-diagrams.md` says why no library does this.
Lengths are in inches, y grows downwards.
"""

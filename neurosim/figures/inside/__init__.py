"""The inside of a cell as a drawing of its data flow, made from the text of a population.

`flow` reads the text into nodes (functions, sums, products, states, inputs, output) and wires. `arrange`
places them, with the layering and the heights of the diagrams of networks, and routes the wires. `drawing`
draws all of it.
"""

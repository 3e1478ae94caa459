"""The `raise` statements that a test run cannot reach in its own process, each with the reason: (file, part
of what is raised)."""

BEYOND: dict[tuple[str, str], str] = {
    # Brian2 has no other kinds of variables than those before, but later versions may.
    (
        "neurosim/brian/values.py",
        "its text reads {name!r}",
    ): "all variables of groups are constants, arrays, functions, expressions or links",
    (
        "neurosim/brian/synapse_values.py",
        "its text reads {name!r}",
    ): "the same for those of synapses",
}

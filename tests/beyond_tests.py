"""The `raise` statements that a test run cannot reach in its own process, each with the reason: (file, part
of what is raised)."""

BEYOND: dict[tuple[str, str], str] = {}

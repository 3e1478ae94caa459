"""What the user wrote, as comments of the C++ that was made of it."""

from __future__ import annotations

from neurosim.plan.plan import Block


def commented(block: Block) -> list[str]:
    """The name of a block, and the lines of its text; none can end its comment, or reach into the next line."""
    lines = [
        "".join(c if c.isprintable() else " " for c in line).rstrip("\\ ").strip()
        for line in block.text.splitlines()
    ]
    lines = [line.replace("??/", "? ?/") for line in lines if line]  # which old C++ reads as a backslash
    if len(lines) == 1:
        return [f"// {block.name}: {lines[0]}"]
    return [f"// {block.name}", *(f"//     {line}" for line in lines)]

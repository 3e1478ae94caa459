"""What the user wrote, as comments of the C++ that was made of it."""

from __future__ import annotations

from neurosim.plan.plan import Block


def commented(block: Block) -> list[str]:
    """The name of a block, and the lines of its text."""
    lines = [line.strip().rstrip("\\") for line in block.text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1:
        return [f"// {block.name}: {lines[0]}"]
    return [f"// {block.name}", *(f"//     {line}" for line in lines)]

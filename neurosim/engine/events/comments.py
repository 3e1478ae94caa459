"""The user's text as comments of the C++ that is generated from it."""

from __future__ import annotations

from functools import lru_cache

from neurosim.plan.plan import Block


def commented(block: Block) -> list[str]:
    """The name of a block and the lines of its text, as comments.

    Characters that would end a comment early, or continue it in the next line, are replaced.
    """
    lines = _lines(block.text)
    if len(lines) == 1:
        return [f"// {block.name}: {lines[0]}"]
    return [f"// {block.name}", *(f"//     {line}" for line in lines)]


@lru_cache(maxsize=256)
def _lines(text: str) -> tuple[str, ...]:
    lines = (
        "".join(c if c.isprintable() else " " for c in line).rstrip("\\ ").strip()
        for line in text.splitlines()
    )
    # A trigraph: old C++ reads a backslash.
    return tuple(line.replace("??/", "? ?/") for line in lines if line)

"""Real text: what Python's reference manual says, which comes with Python."""

from __future__ import annotations

import re
from pydoc_data.topics import topics


def python_manual() -> str:
    """The paragraphs of Python's reference manual that are sentences, joined by spaces, each once.

    Quotation marks and asterisks are left out. About 190,000 letters, 90 different ones; how many depends on
    the version of Python.

    >>> from neurosim.tasks import python_manual
    >>> len(python_manual()) > 100_000
    True
    """
    paragraphs = {
        re.sub('["*]|[^ -~]', "", " ".join(part.split())): None
        for topic in topics.values()
        for part in topic.split("\n\n")
    }
    return " ".join(
        line
        for line in paragraphs
        if re.fullmatch("[A-Z].{60,}[.]", line) and len(re.findall("[A-Za-z ,.]", line)) > 0.9 * len(line)
    )

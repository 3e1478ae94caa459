"""What all tests share."""

import pytest

ENGINES = ("reference",)


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    """Every engine in turn; the scenario suite runs over all of them."""
    return request.param

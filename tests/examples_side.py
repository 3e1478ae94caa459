"""What the tests of examples share: loading an example, and the figure that it must write."""

import importlib.util
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
needs_training = pytest.mark.skipif(
    not (find_spec("jax") and find_spec("optax")), reason="training needs jax and optax"
)
needs_speech = pytest.mark.skipif(
    not (find_spec("sktime") or find_spec("aeon")), reason="the speech comes with sktime or aeon"
)


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def figure(tmp_path, monkeypatch):
    """The path to which an example writes its figure, which must exist and not be empty when the test
    ends."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    path = tmp_path / "figure.png"
    yield path
    picture = pyplot.imread(path)
    pyplot.close("all")
    assert min(picture.shape[:2]) > 300
    assert picture[..., :3].std() > 0.05

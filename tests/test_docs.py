"""The code in the documentation runs, and the names in it exist."""

import doctest
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

import neurosim as ns

matplotlib.use("Agg")
ROOT = Path(__file__).parents[1]
PATH = re.compile(
    r"`([\w./-]+(?:\.pyi?|\.[ch]pp|/))(?::[^`]*)?`"
)  # `plan/draw.py: recipe_of` names a path, too
MODULES = [m.name for m in pkgutil.walk_packages(ns.__path__, "neurosim.") if "__main__" not in m.name]
MODULES += [  # models/ lies outside the package's folder
    ".".join(("neurosim", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted((ROOT / "models").rglob("*.py"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_print_what_they_say(name):
    if name.startswith("neurosim.pynn"):
        pytest.importorskip("pyNN", reason="PyNN is not installed: pip install 'neurosim-networks[pynn]'")
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0


def test_the_readmes_script_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert script is not None
    names: dict = {}
    exec(compile(script[1], "README.md", "exec"), names)
    assert ns.replay(tmp_path / "liquid.h5")
    assert 1 < names["recording"].rates("liquid").mean() < 200
    plt.close("all")


def test_the_guide_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL)
    ):
        exec(compile(block, f"docs/guide.md, block {number}", "exec"), names)
    assert names["recording"].rates("cells").mean() > 1


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/guide.md", "docs/architecture.md"])
def test_files_that_the_readme_names_exist(page):
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\((?!http)([^)#\s]+)[)#]", text):
        assert ((ROOT / page).parent / link).exists(), link
    for name in re.findall(r"`(?:ns\.)(\w+(?:\.\w+)?)[`(]", text):
        found = ns
        for part in name.split("."):
            found = getattr(found, part)


FOLDERS = {
    "Files of plan/": "plan",
    "Files of recording/": "recording",
    "Files of brian/": "brian",
    "Files of pynn/": "pynn",
    "Files of engine/": "engine",
    "The event engine": "engine/events",
}


def test_the_map_names_every_file_and_no_other():
    for section in re.split(r"^## ", (ROOT / "docs/architecture.md").read_text(), flags=re.MULTILINE):
        listed = FOLDERS.get(section.split("\n")[0])
        folder = ROOT / "neurosim" / (listed or "")
        for name in PATH.findall(section):
            near = any(folder.rglob(name)) if listed else False
            assert near or (ROOT / "neurosim" / name).exists() or (ROOT / name).exists(), name
        if listed:
            rows = "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))
            files = {file.name for file in folder.glob("*.py") if file.read_text()}
            assert files - set(PATH.findall(rows)) == set()


def test_the_map_shows_code_that_is_generated(capsys):
    page = (ROOT / "docs/architecture.md").read_text()
    shown = re.findall(r"```(python|cpp)\n(.*?)```", page, re.DOTALL)
    exec(compile(shown[0][1], "docs/architecture.md", "exec"), {})
    generated = " ".join(capsys.readouterr().out.split())
    assert all(" ".join(part.split()) in generated for part in shown[1][1].split("// ...\n"))


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    present = [".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "neurosim").rglob("__init__.py")]
    present += [".".join(("neurosim", *p.parent.parts)) for p in packages_of_models()]
    assert sorted(listed) == sorted(present)


def packages_of_models():
    return [path.relative_to(ROOT) for path in (ROOT / "models").rglob("__init__.py")]


@pytest.mark.parametrize(
    "noun", ["Neurons", "Synapses", "Network", "Clock", "run", "replay", "open", "save", "load"]
)
def test_public_words_say_what_they_do(noun):
    assert len((getattr(ns, noun).__doc__ or "").strip()) > 40

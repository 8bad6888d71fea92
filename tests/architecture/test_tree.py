"""What every file of the project keeps to: it belongs to no machine, tells its idea, and has one subject."""

import ast
import re
import tomllib
import warnings
from pathlib import Path

import pytest

from tests.architecture.tree import PRODUCTION, ROOT, files, modules, name

MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:root|work|home/\w+|Users/\w+)/")
# Put together, so that this file names neither an index nor a machine's path.
INDEXES = [
    ".".join(words)
    for words in (("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("maven", "apache", "org"))
]
INDEX_HOST = re.compile("|".join(map(re.escape, INDEXES)), re.IGNORECASE)
LONG = 300  # lines; a file beyond it has probably found a second subject


def accused(pattern: re.Pattern[str]) -> list[str]:
    """`file:line: text` wherever the pattern occurs in a text file of the project; this file's own examples apart."""
    found = []
    for path in files():
        if path == Path(__file__):
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert accused(MACHINE_PATH) == []


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert accused(INDEX_HOST) == []


@pytest.mark.parametrize(
    "path",
    [
        "/".join(("", *words))
        for words in (("home", "anna", "x"), ("work", "main", "x"), ("root", ".venv", "x"), ("Users", "anna", "x"))
    ],
)
def test_a_machines_path_is_recognised(path: str) -> None:
    assert MACHINE_PATH.search(path)


@pytest.mark.parametrize("path", ["tests/work/one", "~/home/", "$HOME/work/x", "the network /workers/"])
def test_a_path_of_the_project_is_no_machines_path(path: str) -> None:
    assert not MACHINE_PATH.search(path)


@pytest.mark.parametrize("host", [f"https://files.{index}/simple" for index in INDEXES])
def test_the_host_of_an_index_is_recognised(host: str) -> None:
    assert INDEX_HOST.search(host)


@pytest.mark.parametrize("path", modules(), ids=name)
def test_a_module_begins_by_telling_its_idea(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_a_directory_of_modules_is_a_package() -> None:
    """Namespaces by decision: `services`, which holds nothing but its four packages, and all of `tests`."""
    bare = {name(path.parent) for path in modules() if not (path.parent / "__init__.py").exists()}
    assert bare == set()


def test_the_project_has_the_packages_that_its_wheel_names() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == sorted(PRODUCTION)


def test_long_files_are_listed_and_tolerated() -> None:
    for path in files():
        if path.suffix == ".py" and (length := len(path.read_text(encoding="utf-8").splitlines())) > LONG:
            warnings.warn(f"{name(path)} has {length} lines: does it still have one subject?", stacklevel=1)

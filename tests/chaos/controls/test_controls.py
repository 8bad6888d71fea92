"""Each control breaks the product, and the tests notice: each the one that it must, with the words that it must."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.home import CHECKOUT, Home
from tests import lending
from tests.chaos.checker import Fault
from tests.chaos.controls.__main__ import Came, page
from tests.chaos.controls.copies import Ended, Seen, copied, environment, run_tests, tried, unnoticed
from tests.chaos.controls.patches import Misfit, Notice, Patch, patches, read
from tests.ground import shared_by_all

PATCHES = {patch.name: patch for patch in patches()}
AT_A_TIME = 2
PURE = "tests/unit/feeds/test_sifting.py::test_contiguous_numbers_are_new"

Trying = Callable[[str], tuple[str | None, float]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lent(home: Home) -> Home:
    """Servers on which other runs may lay their grounds."""
    await shared_by_all(home)
    return home


@pytest.fixture(scope="module")
def trying(lent: Home, request: pytest.FixtureRequest) -> Iterator[Trying]:
    """What came of a patch. Those that are asked for in this run are tried in their order, some at a time."""
    asked = [item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")]
    names = [str(name) for name in asked if name in PATCHES]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        came: dict[str, Future[tuple[str | None, float]]] = {
            name: pool.submit(tried, PATCHES[name], lending.lend(lent, f"control{n}")) for n, name in enumerate(names)
        }
        yield lambda name: came[name].result()
        for future in came.values():
            future.cancel()


@pytest.mark.parametrize("name", PATCHES)
def test_what_is_broken_is_noticed_for_the_reason_that_is_named(
    name: str, trying: Trying, show: Callable[[str, Iterable[str]], None]
) -> None:
    why, seconds = trying(name)
    promises = " ".join(map(str, PATCHES[name].promises))
    show(f"control {name}", [f"promise {promises}, {seconds:.0f} s: {PATCHES[name].breaks}"])
    assert why is None, why


def test_every_promise_has_a_control() -> None:
    kept = {promise for patch in PATCHES.values() for promise in patch.promises}
    assert kept == {1, 2, 3, 4, 5, 6, 7}


def test_every_kind_of_fault_is_one_that_the_judge_must_find_in_a_system_that_is_broken() -> None:
    assert {patch.judge for patch in PATCHES.values()} - {None} == set(Fault)


@pytest.mark.parametrize("patch", PATCHES.values(), ids=list(PATCHES))
def test_every_control_fits_the_tree_of_today_and_breaks_the_product_alone(patch: Patch, tmp_path: Path) -> None:
    for line in patch.diff.splitlines():
        if line.startswith("--- a/"):
            place = tmp_path / line.removeprefix("--- a/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text((CHECKOUT / line.removeprefix("--- a/")).read_text())
    changed = patch.apply(tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in changed} <= {"agreement", "deploy", "services", "shared"}
    for path in changed:
        compile(path.read_text(), path.name, "exec")
    for notice in patch.notices:
        assert notice.test.split("::")[1].split("[")[0] in (CHECKOUT / notice.test.split("::")[0]).read_text()


def test_a_copy_runs_its_own_code_wherever_a_process_of_it_is_begun_and_nothing_fails_there() -> None:
    """That the tests pass where nothing is broken; else whatever fails in a copy would prove nothing."""
    with copied(None) as tree:
        seen = run_tests(tree, [PURE], {})
        assert [one.outcome for one in seen.tests] == ["passed"], seen.tail
        assert unnoticed(broken(PURE, "anything"), seen, tree) is not None
        said = "import services.intake, shared.feeds; print(services.intake.__file__, shared.feeds.__file__)"
        command = [sys.executable, "-c", said]
        told = subprocess.run(command, cwd="/", env=environment(tree, {}), capture_output=True, text=True, check=True)
        assert [Path(place).is_relative_to(tree) for place in told.stdout.split()] == [True, True]


# What is no catch


def broken(test: str, says: str) -> Patch:
    return Patch("some", "Something.", (1,), (Notice(test, says),), None, "")


TREE = Path("/copy")
CAUGHT = Seen(1, [Ended("t.py::test_a", "call", "failed", "assert 1 == 2")], [], ["/copy/shared/__init__.py"])


def test_a_test_that_fails_with_its_words_in_the_copy_is_a_catch() -> None:
    assert unnoticed(broken("t.py::test_a", "1 == 2"), CAUGHT, TREE) is None


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (replace(CAUGHT, tests=[Ended("t.py::test_a", "call", "passed", "")], exit=0), "did not fail as a test does"),
        (replace(CAUGHT, tests=[Ended("t.py::test_a", "setup", "failed", "assert 1 == 2")]), "did not fail as a test"),
        (replace(CAUGHT, tests=[*CAUGHT.tests, Ended("t.py::test_a", "teardown", "failed", "x")]), "did not fail as"),
        (replace(CAUGHT, tests=[Ended("t.py::test_a", "call", "failed", "no broker")]), "for another reason"),
        (replace(CAUGHT, tests=[Ended("t.py::test_b", "call", "failed", "assert 1 == 2")]), "was not run"),
        (replace(CAUGHT, tests=[Ended("t.py::test_a", "call", "skipped", "assert 1 == 2")]), "did not fail as a test"),
        (replace(CAUGHT, uncollected=["t.py: SyntaxError"]), "could not be collected"),
        (replace(CAUGHT, code=["/checkout/shared/__init__.py"]), "other code was run"),
        (replace(CAUGHT, exit=2), "pytest ended with 2"),
        (Seen(-1), "did not come to an end"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_whatever_else_goes_wrong_is_none(seen: Seen, told: str) -> None:
    assert told in (unnoticed(broken("t.py::test_a", "1 == 2"), seen, TREE) or "")


def test_the_page_names_of_each_control_the_test_that_noticed_and_what_the_judge_found() -> None:
    patch = replace(broken("tests/unit/t.py::test_a[x|y]", "1 == 2"), judge="lost")
    *_, row = page([Came(patch, None, Counter(lost=2, inverted=1))]).splitlines()
    assert row == "| some | 1 | Something. | `unit/t.py test_a[x/y]` | 1 inverted, 2 lost |"


HEAD = "Breaks: it\nPromise: 1\nNoticed by: t.py::test_a\nSays: no\n\n"
DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n"


def patch_of(text: str, where: Path) -> Patch:
    path = where / "some.patch"
    path.write_text(text)
    return read(path)


def test_a_hunk_is_found_wherever_its_lines_have_moved_to(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("# more\na = 2\na = 1\nb = 2\nc = 3\n")
    patch_of(HEAD + DIFF, tmp_path).apply(tmp_path)
    assert (tmp_path / "x.py").read_text() == "# more\na = 2\na = 1\nb = 3\nc = 3\n"


@pytest.mark.parametrize("text", ["a = 1\nb = 4\n", "a = 1\nb = 2\na = 1\nb = 2\n", ""])
def test_a_patch_whose_place_is_gone_or_is_not_one_changes_nothing_and_says_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(text)
    with pytest.raises(Misfit, match=r"in x\.py there are [02] places, not one"):
        patch_of(HEAD + DIFF, tmp_path).apply(tmp_path)
    assert (tmp_path / "x.py").read_text() == text


@pytest.mark.parametrize("head", ["", "Breaks: it\n", HEAD + "Noticed by: t.py::test_b\n", HEAD + "Whatever: x\n"])
def test_a_head_that_lacks_something_is_refused(head: str, tmp_path: Path) -> None:
    with pytest.raises(Misfit):
        patch_of(head + DIFF, tmp_path)

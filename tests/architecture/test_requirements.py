"""What is installed is what was locked: pinned, hashed, from no named place, the same for all."""

import re
import tomllib

import pytest

from tests.architecture.tree import ROOT

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def text(file: str) -> str:
    return (ROOT / "requirements" / file).read_text(encoding="utf-8")


def declared(file: str) -> set[str]:
    """The direct dependencies of an `.in` file, those of the files that it includes apart."""
    return {line for line in text(file).splitlines() if line and not line.startswith(("#", "-r"))}


def normal(requirement: str) -> str:
    """A requirement's package name as the locks write it: no extras, PEP 503."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


@pytest.mark.parametrize("lock", ["runtime.lock", "dev.lock"])
def test_a_lock_names_no_place(lock: str) -> None:
    assert "://" not in text(lock)
    assert not re.search(r"^\s*(-i|--(extra-)?index-url|--find-links|--trusted-host)\b", text(lock), re.MULTILINE)


@pytest.mark.parametrize("lock", ["runtime.lock", "dev.lock"])
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", text(lock).strip())
    assert len(entries) > 20
    assert [entry.split(" ")[0] for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry] == []


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = set(PIN.findall(text("runtime.lock"))), set(PIN.findall(text("dev.lock")))
    assert runtime <= dev


@pytest.mark.parametrize(("asked", "lock"), [("runtime.in", "runtime.lock"), ("dev.in", "dev.lock")])
def test_a_lock_holds_what_was_asked_for(asked: str, lock: str) -> None:
    locked = {package for package, _ in PIN.findall(text(lock))}
    assert {normal(requirement) for requirement in declared(asked)} - locked == set()


def test_the_project_declares_the_dependencies_of_its_runtime() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["dependencies"]) == declared("runtime.in")

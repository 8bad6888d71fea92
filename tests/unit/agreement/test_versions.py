"""Several versions of the agreement: each day has one."""

import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from deploy import provision
from shared.agreement import CURRENT, PLACE, load, load_versions
from shared.errors import Trouble
from shared.settings import ServiceSettings

TEXT = CURRENT.read_text(encoding="utf-8")
LINES = TEXT.splitlines()
READERS: tuple[tuple[Callable[..., object], str], ...] = (
    (load, "path"),
    (load_versions, "place"),
    (provision.plan, "agreement"),
    (provision.provision, "agreement"),
)


def version(directory: Path, name: str, since: str, *, file: str | None = None) -> None:
    text = TEXT.replace('version: "2017.1"', f'version: "{name}"').replace(
        "valid_from: 2017-06-07", f"valid_from: {since}"
    )
    (directory / (file or f"{name}.yml")).write_text(text, encoding="utf-8")


def test_each_day_is_decided_by_the_version_that_began_last(tmp_path: Path) -> None:
    version(tmp_path, "2027.1", "2027-01-01", file="a.yml")
    version(tmp_path, "2017.1", "2017-06-07", file="b.yml")
    versions = load_versions(tmp_path)
    days = (date(2016, 1, 1), date(2017, 6, 7), date(2026, 12, 31), date(2027, 1, 1), date(2040, 1, 1))
    assert [versions.on(day).version for day in days] == ["2017.1", "2017.1", "2017.1", "2027.1", "2027.1"]
    assert load(tmp_path).version == "2027.1"


def test_one_file_is_one_version_whatever_stands_beside_it(tmp_path: Path) -> None:
    version(tmp_path, "2017.1", "2017-06-07")
    version(tmp_path, "2027.1", "2027-01-01")
    assert [one.version for one in load_versions(tmp_path / "2017.1.yml").versions] == ["2017.1"]


def test_the_projects_own_directory_holds_whole_versions() -> None:
    assert load() in load_versions(PLACE).versions


def test_two_versions_for_the_same_days_are_refused(tmp_path: Path) -> None:
    version(tmp_path, "2017.1", "2017-06-07")
    version(tmp_path, "2017.2", "2017-06-07")
    with pytest.raises(Trouble) as told:
        load_versions(tmp_path)
    assert str(told.value) == (
        f"{tmp_path / '2017.2.yml'}, line {LINES.index('valid_from: 2017-06-07') + 1}: valid_from: "
        "2017.1 in 2017.1.yml is followed from that day too; a day has one version"
    )


def test_a_name_is_one_versions(tmp_path: Path) -> None:
    version(tmp_path, "2017.1", "2017-06-07", file="a.yml")
    version(tmp_path, "2017.1", "2027-01-01", file="b.yml")
    line = LINES.index('version: "2017.1"') + 1
    with pytest.raises(Trouble, match=rf"b\.yml, line {line}: version: '2017\.1' is the version in a\.yml already$"):
        load_versions(tmp_path)


def test_what_is_wrong_in_any_version_is_told(tmp_path: Path) -> None:
    version(tmp_path, "2017.1", "2017-06-07")
    (tmp_path / "2018.yml").write_text("- nothing\n", encoding="utf-8")
    (tmp_path / "2019.yml").write_text("", encoding="utf-8")
    with pytest.raises(Trouble) as told:
        load_versions(tmp_path)
    assert [line.split(": ")[0] for line in str(told.value).splitlines()] == [
        f"{tmp_path / '2018.yml'}, line 1",
        f"{tmp_path / '2019.yml'}",
    ]


def test_commands_provisioning_and_services_read_the_same_versions() -> None:
    """A body of a version beside the first one would else be asked on topics that nobody has made."""
    read = {inspect.signature(one).parameters[name].default for one, name in READERS}
    assert read == {PLACE} == {ServiceSettings.model_fields["agreement"].default}

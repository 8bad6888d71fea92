"""The story as a page: the same words, one file, nothing from elsewhere, nothing that runs."""

import re
import stat
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from cli.explain.journey import Journey
from cli.explain.languages import LANGUAGES
from cli.explain.page import parts, rendered, write
from cli.explain.story import tell
from cli.explain.why import REGION
from cli.main import run
from tests.unit.cli.test_explain_story import WHOLE


def page(language: str = "it", name: str = "Officine <b>di</b> Prova & Figli") -> str:
    journey = msgspec.structs.replace(WHOLE, name=name)
    return rendered(journey, REGION, LANGUAGES[language], language)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_line_of_the_story_is_on_the_page(language: str) -> None:
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page(language), flags=re.DOTALL)))
    journey = msgspec.structs.replace(WHOLE, name="Officine <b>di</b> Prova & Figli")
    lines = [line.text.strip().removeprefix("→").strip() for line in tell(journey, LANGUAGES[language])]
    assert [line for line in lines if re.sub(r"\s+", " ", line) not in text] == []


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_by_itself_and_runs_nothing() -> None:
    html = page()
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "form", "b"}
    assert not tags.attributes & {"src", "href", "onclick", "onload"}
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert '<html lang="it">' in html


def test_what_a_partner_wrote_stays_text() -> None:
    html = page(name='"><script>alert(1)</script>')
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_times_line_is_parted_into_when_and_what() -> None:
    told = parts(tell(WHOLE, LANGUAGES["en"]))
    first = told[1].entries[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first.head)
    assert first.text == "cna tells of the firm for the first time: registered."
    assert [kind for entry in told[1].entries for kind, _ in entry.under].count("chosen") == 1


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "firm.html"
    write(file, page())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_was_there_and_open_to_all_is_for_its_owner_alone_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "firm.html"
    file.touch()
    file.chmod(0o644)
    write(file, page())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_page_that_cannot_be_written_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def journey(*_: object) -> Journey:
        return WHOLE

    monkeypatch.setattr("cli.commands.explain.read_journey", journey)
    file = tmp_path / "gone" / "firm.html"
    assert run(["explain", "12345670017", "--page", str(file)]) == 1
    said = f"cannot write {file}: No such file or directory; name another file with --page\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--view", "everybody"], "--view everybody: region, partner:C or firm is wanted"),
        (["--view", "partner:nobody"], "nobody is no signatory, these are: regione, "),
        (["--view", "firm", "--json"], "--json is the Region's view, on stdout"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "12345670017", *arguments]) == 2
    assert told in capsys.readouterr().err

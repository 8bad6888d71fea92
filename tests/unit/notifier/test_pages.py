"""The firm's page: whole in both languages, without scripts and without anything from elsewhere."""

import hashlib
import re
import shutil
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from services.notifier.links import Purpose
from services.notifier.pages import Pages
from services.notifier.questions import REASONS, Answer, Question, Seen, Sight
from services.notifier.terms import TEMPLATES
from services.notifier.wording import LANGUAGES, Language
from shared.agreement import load
from shared.contracts.referral import ReportedOutcome
from shared.errors import Trouble
from tests.unit.notifier.builders import FIRM, REFERRAL

END = datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC)
QUESTION = Question(
    purpose=Purpose.OUTCOMES,
    id=REFERRAL,
    firm_id=FIRM,
    partner="cna",
    language="it",
    until=END,
    front="assistance",
    import_=True,
    market="DE",
    outcomes=(
        ReportedOutcome(code="first_order", market="DE", value_eur=12500.4, on=date(2026, 11, 20)),
        ReportedOutcome(code="mission"),
    ),
)
ANSWERED = replace(QUESTION, answer=Answer.NO, reason="other_outcomes", answered_at=END)
PAGES = Pages(load())
SHOWN = [Seen(sight, ANSWERED if sight in ("stands", "recorded", "contrary") else QUESTION) for sight in Sight] + [
    Seen(sight) for sight in Sight if sight in ("expired", "gone", "forged", "unknown", "not_found", "failed")
]


class Read(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_shows_what_was_reported_and_a_form_for_each_answer(language: Language) -> None:
    page = PAGES(Seen(Sight.ASKED, QUESTION), language, "the-link")
    read = Read(page.text)
    told = {
        "it": (
            "primo ordine dall'estero, DE, 12.500 EUR, 20 novembre 2026",
            "missione all'estero",
            "23 dicembre 2026",
            "assistenza e accompagnamento, importazione strategica",
        ),
        "en": (
            "first order from abroad, DE, 12,500 EUR, 20 November 2026",
            "mission abroad",
            "23 December 2026",
            "assistance and accompaniment, strategic import",
        ),
    }
    assert page.status == 200
    for words in (*told[language], load().signatory("cna").name, REFERRAL):
        assert words in read.text, words
    assert [form["method"] for form in read.all("form")] == ["post", "post"]
    assert [(one["name"], one["value"]) for one in read.all("button")] == [("answer", "yes"), ("answer", "no")]
    assert [one["value"] for one in read.all("input")] == ["", *REASONS]
    assert {form["action"] for form in read.all("form")} == {f"?link=the-link&lang={language}"}
    assert read.all("html") == [{"lang": language, "dir": "ltr"}]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seen", SHOWN, ids=lambda seen: f"{seen.sight}{'' if seen.question else ' alone'}")
def test_no_page_has_a_script_or_loads_anything(seen: Seen, language: Language) -> None:
    read = Read(PAGES(seen, language, "the-link").text)
    assert {tag for tag, _ in read.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "footer", "h1", "p", "a"),
        *("form", "button", "fieldset", "legend", "label", "input", "dl", "div", "dt", "dd"),
    }
    names = {name for _, attributes in read.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "srcset", "style", "formaction"}
    links = {one["href"] for one in read.all("a")} | {one["action"] for one in read.all("form")}
    assert all(link is not None and link.startswith("?link=the-link&lang=") for link in links)
    assert not {"None", "{partner}", "{until}", "{day}"} & set(read.text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_tells_who_the_firm_is(language: Language) -> None:
    for seen in SHOWN:
        assert FIRM not in PAGES(seen, language, "the-link").text


@pytest.mark.parametrize(
    ("sight", "status"),
    [
        ("asked", 200),
        ("stands", 200),
        ("recorded", 200),
        ("contrary", 409),
        ("unreadable", 400),
        ("expired", 410),
        ("gone", 410),
        ("forged", 403),
        ("unknown", 404),
        ("not_found", 404),
        ("failed", 503),
    ],
)
def test_every_sight_has_its_status(sight: str, status: int) -> None:
    (seen, *_) = (one for one in SHOWN if one.sight == sight)
    assert PAGES(seen, None, "x").status == status


def test_a_page_speaks_the_firms_language_unless_another_is_asked_for() -> None:
    english = replace(QUESTION, language="en")
    assert 'lang="en"' in PAGES(Seen(Sight.ASKED, english), None, "x").text.partition("<body>")[0]
    assert 'lang="it"' in PAGES(Seen(Sight.ASKED, english), "it", "x").text.partition("<body>")[0]
    assert 'lang="it"' in PAGES(Seen(Sight.GONE), None, "x").text.partition("<body>")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wish_is_asked_about_without_reasons_and_told_with_its_answer(language: Language) -> None:
    wish = replace(QUESTION, purpose=Purpose.PREFERENCE, front=None, market=None, outcomes=())
    page = Read(PAGES(Seen(Sight.ASKED, wish), language, "x").text)
    assert {"it": "Volete essere seguiti da", "en": "Do you want"}[language] in page.text
    assert [one["value"] for one in page.all("button")] == ["yes", "no"]
    assert page.all("input") == []
    for answer, words in ((Answer.YES, ("confermato", "confirmed")), (Answer.NO, ("non aver chiesto", "did not ask"))):
        stands = PAGES(Seen(Sight.STANDS, replace(wish, answer=answer, answered_at=END)), language, "x").text
        assert words[LANGUAGES.index(language)] in stands


def test_the_style_is_known_to_the_browser_by_its_hash() -> None:
    for seen in SHOWN:
        (style,) = re.findall(r"<style>(.*?)</style>", PAGES(seen, "it", "x").text, re.DOTALL)
        known = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert PAGES.style_hash == f"sha256-{known}"
        assert '"Segoe UI"' in style


def test_the_answer_that_stands_is_told_with_its_reason_and_without_buttons() -> None:
    read = Read(PAGES(Seen(Sight.STANDS, ANSWERED), "it", "x").text)
    assert "Avete contestato" in read.text
    assert "Il motivo: gli esiti non sono quelli indicati." in read.text
    assert "23 dicembre 2026" in read.text
    assert read.all("button") == []
    assert "Avete confermato" in PAGES(Seen(Sight.STANDS, replace(ANSWERED, answer=Answer.YES)), "it", "x").text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><form action="https://evil.example">', "{{7*7}}"])
def test_what_came_from_outside_is_never_markup(hostile: str) -> None:
    question = replace(
        QUESTION, partner=hostile, front=hostile, market=hostile, outcomes=(ReportedOutcome(code=hostile),)
    )
    honest, read = (
        Read(PAGES(Seen(Sight.ASKED, one), "it", token).text) for one, token in ((QUESTION, "x"), (question, hostile))
    )
    assert len(read.all("form")) == 2
    assert {tag for tag, _ in read.tags} == {tag for tag, _ in honest.tags}
    assert "49" not in read.text.replace(REFERRAL, "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_result_that_a_partner_may_report_and_every_reason_has_its_words(language: Language) -> None:
    terms, page = (
        yaml.safe_load((TEMPLATES / language / name).read_text(encoding="utf-8")) for name in ("terms.yml", "page.yml")
    )
    assert set(terms["outcomes"]) == set(load().codes.outcome)
    assert set(page["reasons"]) == set(REASONS)
    assert len(set(terms["months"])) == 12


def test_both_languages_know_the_same_words_of_the_page() -> None:
    def members(value: object, path: str = "") -> set[str]:
        inner = value.items() if isinstance(value, dict) else ()
        return {path}.union(*(members(one, f"{path}/{name}") for name, one in inner))

    italian, english = (yaml.safe_load((TEMPLATES / one / "page.yml").read_text(encoding="utf-8")) for one in LANGUAGES)
    assert members(italian) == members(english)
    assert sorted(re.findall(r"{\w+}", str(italian))) == sorted(re.findall(r"{\w+}", str(english)))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("page.html.j2", "{% if %}"),
        ("page.html.j2", "{{ nobody }}"),
        ("en/page.yml", "name: English"),
        ("it/page.yml", "["),
    ],
)
def test_a_broken_page_stops_the_start(tmp_path: Path, name: str, broken: str) -> None:
    directory = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    (directory / name).write_text(broken)
    with pytest.raises(Trouble, match=re.escape(name)):
        Pages(load(), directory)

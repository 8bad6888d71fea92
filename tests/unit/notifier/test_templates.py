"""The letters as they are set: complete in every language, the same in both forms, and deaf to what a name says."""

import html
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from services.notifier.rendering import Templates
from services.notifier.terms import TEMPLATES
from services.notifier.wording import LANGUAGES, LETTERS, Facts, Language, Letter, Purpose, Recipient, line
from shared.agreement import load
from shared.contracts.referral import ReportedOutcome
from shared.errors import Trouble

REFERRAL = "00000000-0000-5000-8000-000000000001"
LINK = "https://portolano.example/answer?link=outcomes.x.1.y"
SET = Templates()
EVERY = [pytest.param(language, letter, id=f"{language}/{letter.name}") for language in LANGUAGES for letter in LETTERS]
TO_FIRM, TO_PARTNER = (Letter(Purpose.REQUESTED, recipient) for recipient in (Recipient.FIRM, Recipient.PARTNER))
REASONS = [
    *(None, "unheard_of", "service_ended", "firm_withdrew", "firm_unreachable", "not_eligible"),
    *yaml.safe_load((TEMPLATES / "it" / "terms.yml").read_text(encoding="utf-8"))["reasons"]["partner"],
]
CASES = [
    *(Facts(referral_id=REFERRAL, partner="CNA Lombardia", firm_name="Rossi & Figli", reason=one) for one in REASONS),
    Facts(referral_id=REFERRAL, partner="CNA", front="assistance", import_=True, market="DE", rerouted=True),
    Facts(referral_id=REFERRAL, partner="CNA", front="information", rerouted=True, before="Aice", supporting=True),
    Facts(
        referral_id=REFERRAL,
        partner="CNA",
        link=LINK,
        until=datetime(2026, 12, 23, 22, 59, 59, tzinfo=UTC),
        outcomes=(ReportedOutcome(code="mission", market="DE", value_eur=25000), ReportedOutcome(code="informed")),
    ),
]
DUE = datetime(2026, 12, 2, 22, 59, 59, tzinfo=UTC)
CASES[1:1] = [
    Facts(referral_id=REFERRAL, partner="CNA", firm_name="Rossi", front="information", awaits=what, until=until)
    for what in ("acceptance_due", "first_contact_due", "update_due", "due_tomorrow")
    for until in (DUE, None)
]
HOSTILE = [
    "{{7*7}}{% raise %}{#",
    "<script>alert(1)</script><img src=x onerror=y>",
    "Rossi</bdi></td>&lt;b&gt;",
    "\u202eRossi\u2069\u200f",
    "Rossi\r\n\r\nBcc: all@example.org\n\nSiete pregati di pagare",
    "שלום " * 3,
    "M" * 10_000,
]


class Shown(HTMLParser):
    """What a reader sees of a page: the text of each block, white space collapsed; and the tags that make it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks = [""]
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)
        self.blocks = [" ".join(block.split()) for block in self.blocks if block.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.href = dict(attrs).get("href")
        if tag not in ("bdi", "td", "a"):
            self.blocks.append("")
        elif tag == "td":
            self.blocks[-1] = f"{self.blocks[-1].rstrip()}: "

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":  # what stands in plain text behind the words of a button
            self.blocks[-1] += f": {self.href}"

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data


def copied(directory: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, directory / "templates"))


@pytest.mark.parametrize(("language", "letter"), EVERY)
def test_plain_text_and_html_say_the_same_in_the_same_order(language: Language, letter: Letter) -> None:
    for facts in CASES:
        words = SET(letter, language, facts)
        page = Shown(words.html)
        assert page.blocks[:3] == [words.subject, "PORTOLANO", words.subject]
        assert page.blocks[3:] == [one for one in words.body.splitlines() if one]


@pytest.mark.parametrize(("language", "letter"), EVERY)
def test_every_letter_names_the_referral_and_the_body_and_leaves_the_firm_out_of_its_subject(
    language: Language, letter: Letter
) -> None:
    words = SET(letter, language, CASES[0])
    assert REFERRAL in words.body
    assert "CNA Lombardia" in words.body
    assert "Rossi & Figli" in words.body
    assert "Rossi" not in words.subject


@pytest.mark.parametrize(("language", "letter"), EVERY)
def test_a_letter_holds_no_remote_thing_no_script_and_no_open_end(language: Language, letter: Letter) -> None:
    for facts in CASES:
        words = SET(letter, language, facts)
        page = Shown(words.html)
        assert ("lang", language) in page.attributes
        assert not {"img", "script", "link", "style", "form", "iframe"} & set(page.tags)
        assert not {"src", "background"} & {name for name, _ in page.attributes}
        assert {value for name, value in page.attributes if name == "href"} <= {facts.link}
        assert "url(" not in words.html
        for text in (words.subject, words.body):
            assert not {"None", "{{", "}}", "{%"} & set(text.split())
            assert "  " not in text
            assert " ." not in text
            assert " ," not in text


def test_the_languages_differ_and_say_the_same_facts() -> None:
    for letter in LETTERS:
        italian, english = (SET(letter, language, CASES[0]) for language in LANGUAGES)
        assert italian.subject != english.subject
        assert [one.count("\n") for one in (italian.body, italian.html)] == [
            one.count("\n") for one in (english.body, english.html)
        ]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("letter", [TO_FIRM, TO_PARTNER], ids=lambda letter: letter.name)
def test_a_name_stays_a_name_whatever_it_says(letter: Letter, name: str) -> None:
    """Neither its lines nor its tags nor its templates become part of the letter."""
    honest, hostile = (
        SET(letter, "it", Facts(referral_id=REFERRAL, partner="CNA", firm_name=one, front="assistance"))
        for one in ("Rossi", name)
    )
    assert hostile.subject == honest.subject
    assert hostile.body == honest.body.replace("Rossi", line(name))
    assert hostile.html == honest.html.replace("Rossi", html.escape(line(name)).replace("&#x27;", "&#39;"))
    assert Shown(hostile.html).tags == Shown(honest.html).tags
    assert "49" not in hostile.body


@pytest.mark.parametrize(("language", "letter"), EVERY)
def test_a_remembered_letter_says_what_it_would_say_if_it_were_set_anew(language: Language, letter: Letter) -> None:
    for name in (*HOSTILE, "Rossi & Figli", "Rossi \ue000\ue001 Bianchi", "\ue001", None):
        firm = line(name or "") or None
        for n, facts in enumerate(CASES):
            mine = replace(facts, firm_name=name, referral_id=f"{REFERRAL[:-2]}{n:02}")
            assert SET(letter, language, mine) == SET.set(letter, language, mine, firm)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_fact_becomes_markup_either(name: str) -> None:
    facts = Facts(referral_id=REFERRAL, partner=name, front=name, market=name, before=name, rerouted=True, reason=name)
    for letter in LETTERS:
        hostile, honest = SET(letter, "en", facts), SET(letter, "en", replace(facts, partner="x", before="x"))
        assert Shown(hostile.html).tags == Shown(honest.html).tags
        assert not {"script", "img", "b"} & set(Shown(hostile.html).tags)
        assert hostile.subject.isprintable()


def test_a_name_in_a_sentence_stands_in_quotation_marks_that_it_cannot_close() -> None:
    words = SET(TO_PARTNER, "it", Facts(referral_id=REFERRAL, partner="CNA", firm_name="Rossi» è fallita. «Bianchi"))
    assert "l'impresa «Rossi è fallita. Bianchi» vi è stata affidata." in words.body


def test_a_firm_without_a_known_name_is_written_to_all_the_same() -> None:
    facts = Facts(referral_id=REFERRAL, partner="CNA")
    assert SET(TO_FIRM, "it", facts).body.startswith("Spettabile impresa,\n")
    assert SET(TO_FIRM, "en", facts).body.startswith("Dear Sir or Madam,\n")
    assert "«" not in SET(TO_PARTNER, "it", facts).body


def test_a_firm_reads_what_was_reported_and_where_it_confirms_it() -> None:
    letter = Letter(Purpose.COMPLETED, Recipient.FIRM)
    words = SET(letter, "en", CASES[-1])
    assert f"Confirm or dispute: {LINK}" in words.body
    assert "by 23 December 2026" in words.body
    assert "Result: mission abroad, DE, 25,000 EUR" in words.body
    assert f'<a href="{LINK}"' in words.html
    assert "http" not in SET(letter, "en", CASES[0]).body
    hostile = replace(CASES[-1], link='https://x.example/"><script>')
    assert Shown(SET(letter, "en", hostile).html).tags == Shown(words.html).tags


def test_a_firm_whose_request_was_passed_on_reads_who_takes_over_from_whom() -> None:
    facts = Facts(referral_id=REFERRAL, partner="Confapi", rerouted=True, before="CNA Lombardia")
    assert "si occupa da ora Confapi, al posto di CNA Lombardia." in SET(TO_FIRM, "it", facts).body
    assert "al posto di" not in SET(TO_FIRM, "it", replace(facts, before=None)).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_written_in_the_letters_of_its_language(language: Language) -> None:
    foreign = {"it": "“”", "en": "«»àèéìòùÈ"}[language]
    for letter in LETTERS:
        for facts in CASES:
            assert not set(foreign) & set(SET(letter, language, facts).html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_front_of_the_agreement_has_its_words(language: Language) -> None:
    terms = yaml.safe_load((TEMPLATES / language / "terms.yml").read_text(encoding="utf-8"))
    assert {front.code for front in load().fronts} == set(terms["fronts"])


def test_a_front_without_words_goes_by_its_code() -> None:
    assert (
        "Ambito: moon_travel" in SET(TO_FIRM, "it", Facts(referral_id=REFERRAL, partner="X", front="moon_travel")).body
    )


def test_both_languages_know_the_same_terms() -> None:
    def members(value: object, path: str = "") -> set[str]:
        inner = value.items() if isinstance(value, dict) else ()
        return {path}.union(*(members(one, f"{path}/{name}") for name, one in inner))

    read = [yaml.safe_load((TEMPLATES / one / "terms.yml").read_text(encoding="utf-8")) for one in LANGUAGES]
    assert members(read[0]) == members(read[1])


def test_no_template_lies_about_that_no_letter_uses() -> None:
    for language in LANGUAGES:
        assert {path.stem for path in (TEMPLATES / language).glob("*.j2")} == {letter.name for letter in LETTERS}


@pytest.mark.parametrize(("language", "letter"), EVERY)
def test_a_missing_letter_stops_the_start(tmp_path: Path, language: Language, letter: Letter) -> None:
    directory = copied(tmp_path)
    (directory / language / f"{letter.name}.j2").unlink()
    with pytest.raises(Trouble, match=f"{language}/{letter.name}.j2"):
        Templates(directory)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{% if %}", "it/accepted-firm.j2:1"),
        ("{% extends layout %}{% block subject %}{{ partnr }}{% endblock %}", "partnr"),
        ("{% extends layout %}{% block words %}{% if reason == 'rare' %}{{ typo }}{% endif %}{% endblock %}", "typo"),
        ("{% extends layout %}{% block subject %}{{ firm | upercase }}{% endblock %}", "upercase"),
        ("{% extends layout %}{% block subject %}x{% endblock %}", "words"),
        ("{% extends layout %}{% block subject %}{{ terms.footnote }}{% endblock %}", "footnote"),
        ("{% extends layout %}{% block subject %}{{ ''.__class__.__mro__ }}{% endblock %}", "__class__"),
    ],
)
def test_a_broken_letter_stops_the_start_and_says_where(tmp_path: Path, broken: str, told: str) -> None:
    directory = copied(tmp_path)
    (directory / "it" / "accepted-firm.j2").write_text(broken)
    with pytest.raises(Trouble, match=told):
        Templates(directory)


@pytest.mark.parametrize("broken", ["labels: {}", "fronts: [", None])
def test_broken_terms_stop_the_start(tmp_path: Path, broken: str | None) -> None:
    path = copied(tmp_path) / "en" / "terms.yml"
    path.write_text(broken) if broken else path.unlink()
    with pytest.raises(Trouble, match=r"en/terms\.yml"):
        Templates(path.parents[1])

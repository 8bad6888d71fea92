"""The page that a firm's link opens, in words: a template, a style and a file of words for each language.

Everything is read and tried when the service starts, as letters are. What comes from outside is only ever a value, and
is escaped.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from services.notifier.domain import name_of
from services.notifier.links import Purpose
from services.notifier.questions import REASONS, Answer, Question, Seen, Sight
from services.notifier.terms import TEMPLATES, Terms, day_in_words, outcome_of, purpose_of, read_words
from services.notifier.wording import LANGUAGES, Language, line
from shared.agreement import Agreement
from shared.errors import Trouble


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page that asks for nothing."""

    heading: str
    words: str


class Asks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one kind of question."""

    heading: str
    intro: str
    until: str
    confirm: str
    dispute: str
    confirmed: str
    disputed: str
    after: str
    why: str = ""
    """Before the reasons for a no; none are asked for where it is empty."""
    no_reason: str = ""


class PageWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All words of a page in one language (`page.yml`)."""

    name: str
    footer: str
    outcomes: Asks
    preference: Asks
    reasons: dict[str, str]
    recorded: str
    stands: str
    answered_on: str
    because: str
    contrary: str
    expired: Message
    gone: Message
    forged: Message
    unknown: Message
    unreadable: str
    failed: Message
    not_found: Message

    def of(self, purpose: Purpose) -> Asks:
        match purpose:
            case Purpose.OUTCOMES:
                return self.outcomes
            case Purpose.PREFERENCE:
                return self.preference


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser is given."""

    status: int
    text: str


_STATUS = {
    Sight.ASKED: 200,
    Sight.STANDS: 200,
    Sight.RECORDED: 200,
    Sight.CONTRARY: 409,
    Sight.UNREADABLE: 400,
    Sight.EXPIRED: 410,
    Sight.GONE: 410,
    Sight.FORGED: 403,
    Sight.UNKNOWN: 404,
    Sight.NOT_FOUND: 404,
    Sight.FAILED: 503,
}


class Pages:
    """All pages in all languages, ready to be set."""

    def __init__(self, agreement: Agreement, directory: Path = TEMPLATES) -> None:
        """Raises `Trouble` where words are missing or the template cannot be set."""
        self._agreement = agreement
        self._style = (directory / "page.css").read_text(encoding="utf-8")
        environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(directory),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._words = {language: read_words(directory, language, "page.yml", PageWords) for language in LANGUAGES}
        self._terms = {language: read_words(directory, language, "terms.yml", Terms) for language in LANGUAGES}
        try:
            self._template = environment.get_template("page.html.j2")
            for sight in Sight:
                for language in LANGUAGES:
                    self(Seen(sight, _TRIED), language, "")
        except (TemplateError, KeyError, IndexError) as error:
            raise Trouble(f"The template page.html.j2 cannot be used: {type(error).__name__}: {error}") from error

    @property
    def style_hash(self) -> str:
        """By what a browser knows our style (Content-Security-Policy, level 2): nothing else may style the page."""
        return f"sha256-{b64encode(hashlib.sha256(self._style.encode()).digest()).decode()}"

    def __call__(self, seen: Seen, language: Language | None, token: str) -> Page:
        """The page for what is seen, in that language, else in the firm's. `token` leads back to it."""
        question = seen.question
        chosen = language or (question.language if question is not None else LANGUAGES[0])
        words, terms = self._words[chosen], self._terms[chosen]
        given: dict[str, object] = {
            "language": chosen,
            "words": words,
            "style": Markup(self._style),  # ours, and by its hash the browser knows it
            "footer": words.footer,
            "others": [
                (self._words[other].name, other, "?" + urlencode({"link": token, "lang": other}))
                for other in LANGUAGES
                if other != chosen
            ],
            "action": "?" + urlencode({"link": token, "lang": chosen}),
            "notice": None,
            "asks": None,
            "rows": (),
            "reasons": (),
        }
        if question is None:
            message: Message = getattr(words, seen.sight.value)
            given |= {"heading": message.heading, "paragraphs": (message.words,)}
        else:
            given |= self._about(question, seen.sight, words, terms)
        return Page(_STATUS[seen.sight], self._template.render(given))

    def _about(self, question: Question, sight: Sight, words: PageWords, terms: Terms) -> dict[str, object]:
        """What a page about a question shows: the question with its buttons, or the answer that stands."""
        partner = line(name_of(question.partner, self._agreement))
        asks = words.of(question.purpose)
        rows = (
            (terms.labels.partner, partner),
            (terms.labels.front, purpose_of(question.front, question.import_, terms)),
            (terms.labels.market, line(question.market or "")),
            *((terms.labels.outcome, outcome_of(one, terms)) for one in question.outcomes),
            (terms.labels.reference, question.id),
        )
        shown: dict[str, object] = {"rows": [(label, value) for label, value in rows if value]}
        if question.answer is None or question.answered_at is None:
            return shown | {
                "heading": asks.heading.format(partner=partner),
                "notice": words.unreadable if sight is Sight.UNREADABLE else None,
                "paragraphs": (asks.intro.format(partner=partner),),
                "reasons": [(code, words.reasons[code]) for code in REASONS] if asks.why else (),
                "asks": {
                    "until": asks.until.format(until=day_in_words(question.until, terms)),
                    "confirm": asks.confirm,
                    "dispute": asks.dispute,
                    "why": asks.why,
                    "no_reason": asks.no_reason,
                },
            }
        said = asks.confirmed if question.answer is Answer.YES else asks.disputed
        sentence = said.format(partner=partner)
        answered_on = words.answered_on.format(day=day_in_words(question.answered_at, terms))
        because = [words.because.format(reason=words.reasons[question.reason])] if question.reason else []
        return shown | {
            "heading": words.recorded if sight is Sight.RECORDED else words.stands,
            "notice": words.contrary if sight is Sight.CONTRARY else None,
            "paragraphs": (" ".join([sentence, *because, answered_on]), asks.after.format(partner=partner)),
        }


_TRIED = Question(
    purpose=Purpose.OUTCOMES,
    id="00000000-0000-0000-0000-000000000000",
    firm_id="00000000-0000-0000-0000-000000000000",
    partner="partner",
    language="it",
    until=datetime(2026, 1, 1, tzinfo=UTC),
)

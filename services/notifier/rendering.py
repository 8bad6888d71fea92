"""Facts into words, by the templates in `templates/`.

    <language>/<purpose>-<recipient>.j2   what a letter says: a subject and paragraphs, in plain words, without markup
    <language>/terms.yml                  the words that letters share
    layout.txt.j2, layout.html.j2         the two forms; every letter is set in both, so that both say the same

Everything is read and compiled when the service starts, and every letter is set once with all facts and once with the
fewest: a template that is missing or names what it is not given stops the start and no batch. What comes from outside
is only ever a value: it is made one line, it is escaped in HTML, and no template is made of it; beyond that, templates
run in Jinja's sandbox.

Letters that tell the same differ in the firm's name and the referral alone. Such a letter is set once, with marks in
their places, and remembered; each copy has the marks replaced.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import assert_never

from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from services.notifier.terms import TEMPLATES, Terms, day_in_words, outcome_of, purpose_of, read_words
from services.notifier.wording import LANGUAGES, LETTERS, Facts, Language, Letter, Recipient, Words, line
from shared.contracts.referral import ReportedOutcome
from shared.errors import Trouble

_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>'
_BUTTON = Markup(
    '<a href="{}" style="display:inline-block;padding:10px 18px;border:2px solid #808080;border-radius:6px;'
    'font-weight:bold;text-decoration:none;color:inherit">{}</a>'
)
_NAME = Markup("<bdi>{}</bdi>")
_FIRM, _REFERRAL = "\ue000", "\ue001"
"""Marks for the firm's name and the referral. Neither can be printed, so no value holds them: `line` takes them out."""
_REMEMBERED = 512
"""Letters, of some kilobytes each: twelve bodies, five fronts, two languages, and markets that are asked for often."""


class Templates:
    """All letters in all languages, ready to be set. Made once; used by one thread."""

    def __init__(self, directory: Path = TEMPLATES) -> None:
        """Raises `Trouble` where a letter or a term is missing or cannot be set."""
        self._loader = FileSystemLoader(directory)
        self._plain = _environment(self._loader, html=False)
        self._html = _environment(self._loader, html=True)
        self._terms = {language: read_words(directory, language, "terms.yml", Terms) for language in LANGUAGES}
        self._compiled: dict[tuple[Language, Letter], tuple[Template, Template]] = {}
        self._marked = lru_cache(maxsize=_REMEMBERED)(self.set)
        for language in LANGUAGES:
            for letter in LETTERS:
                self._try(language, letter)

    def __call__(self, letter: Letter, language: Language, facts: Facts) -> Words:
        """The letter in that language."""
        firm = line(facts.firm_name or "") or None
        if facts.link is not None:
            return self.set(letter, language, facts, firm)  # made for one reader, and kept for nobody else
        marked = self._marked(
            letter, language, replace(facts, firm_name=None, referral_id=_REFERRAL), _FIRM if firm else None
        )
        name, referral = firm or "", facts.referral_id
        return Words(
            subject=_filled(marked.subject, name, referral),
            body=_filled(marked.body, name, referral),
            html=_filled(marked.html, escape(name), escape(referral)),
        )

    def set(self, letter: Letter, language: Language, facts: Facts, firm: str | None) -> Words:
        """The letter set anew, for a firm of this name, which is on one line already."""
        plain, html = self._compiled[language, letter]
        terms = self._terms[language]
        subject, _, body = plain.render(_given(letter, language, facts, terms, firm)).partition("\n")
        # A name may be written from right to left; its isolation keeps what stands beside it in its place.
        isolated = _NAME.format(firm) if firm else None
        return Words(subject=subject, body=body, html=html.render(_given(letter, language, facts, terms, isolated)))

    def _try(self, language: Language, letter: Letter) -> None:
        name = f"{language}/{letter.name}.j2"
        known = _given(letter, language, _ALL, self._terms[language], None).keys() | self._plain.globals.keys()
        try:
            source, _, _ = self._loader.get_source(self._plain, name)
            if unknown := meta.find_undeclared_variables(self._plain.parse(source)) - known:
                raise UndefinedError(f"no letter is given {', '.join(sorted(unknown))}")
            self._compiled[language, letter] = self._plain.get_template(name), self._html.get_template(name)
            for facts in (_ALL, _FEWEST):
                self(letter, language, facts)
        except TemplateError as error:
            where = f"{error.name or name}:{error.lineno}" if isinstance(error, TemplateSyntaxError) else name
            raise Trouble(f"The template {where} cannot be used: {type(error).__name__}: {error}") from error


_ALL = Facts(
    referral_id="00000000-0000-0000-0000-000000000000",
    partner="Partner",
    firm_name="Firm",
    front="information",
    import_=True,
    market="DE",
    supporting=True,
    rerouted=True,
    before="Partner",
    reason="reason",
    awaits="acceptance_due",
    link="https://portolano.example/answer?link=x",
    until=datetime(2026, 1, 1, tzinfo=UTC),
    outcomes=(ReportedOutcome(code="informed", market="DE", value_eur=1.0, on=date(2026, 1, 1)),),
)
_FEWEST = Facts(referral_id=_ALL.referral_id, partner="Partner")


def _environment(loader: FileSystemLoader, *, html: bool) -> ImmutableSandboxedEnvironment:
    """The templates in one of their two forms: a letter extends `layout` and does not know which that is."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # what was tried at the start is what is used
        cache_size=-1,
    )
    environment.globals["layout"] = "layout.html.j2" if html else "layout.txt.j2"
    environment.filters["single_line"] = _single_line
    environment.filters["leading_to"] = _leading_to_of_html if html else _leading_to
    environment.filters["paragraphs"] = _paragraphs_of_html if html else _paragraphs
    return environment


def _given(letter: Letter, language: Language, facts: Facts, terms: Terms, firm: str | None) -> dict[str, object]:
    """What a template knows; `firm` is the firm's name in the form that the template writes."""
    partner, what = line(facts.partner), purpose_of(facts.front, facts.import_, terms)
    match letter.recipient:
        case Recipient.PARTNER:
            reasons, who, reference = terms.reasons.partner, (terms.labels.firm, firm), terms.labels.referral
        case Recipient.FIRM:
            reasons, who, reference = terms.reasons.firm, (terms.labels.partner, partner), terms.labels.reference
        case _:
            assert_never(letter.recipient)
    rows = (
        who,
        (terms.labels.front, what),
        (terms.labels.market, line(facts.market or "")),
        *((terms.labels.outcome, outcome_of(one, terms)) for one in facts.outcomes),
        (reference, facts.referral_id),
    )
    return {
        "language": language,
        "terms": terms,
        "partner": partner,
        "firm": firm,
        "what": what,
        "supporting": facts.supporting,
        "rerouted": facts.rerouted,
        "before": line(facts.before or "") or None,
        "reason": facts.reason,
        "awaits": facts.awaits,
        "link": facts.link,
        "until": day_in_words(facts.until, terms) if facts.until is not None else None,
        "why": reasons.get(facts.reason or ""),
        "rows": [(label, value) for label, value in rows if value],
    }


def _filled(text: str, firm: str, referral: str) -> str:
    return text.replace(_FIRM, firm).replace(_REFERRAL, referral)


def _single_line(text: str) -> str:
    """The text with every run of white space made one space; what is HTML stays that, since no tag is touched."""
    return type(text)(" ".join(str(text).split()))


def _leading_to(words: str, link: str) -> str:
    """Words and the address that they lead to."""
    return f"{words}: {link}"


def _leading_to_of_html(words: str, link: str) -> Markup:
    return _BUTTON.format(link, words)


def _paragraphs(text: str) -> str:
    """Paragraphs are parted by empty lines; each becomes one line, which the reader's client wraps."""
    return "\n\n".join(_single_line(one) for one in text.split("\n\n") if one.strip())


def _paragraphs_of_html(text: Markup) -> Markup:
    """The same of what is HTML already."""
    return Markup("\n".join(_PARAGRAPH.format(one) for one in _paragraphs(str(text)).split("\n\n")))

"""Facts into words, by the templates in `templates/`.

    <language>/<purpose>-<recipient>.j2   what a letter says: a subject and paragraphs, in plain words, without markup
    <language>/terms.yml                  the words that letters share
    layout.txt.j2, layout.html.j2         the two forms; every letter is set in both, so that both say the same

Everything is read and compiled when the service starts, and every letter is set once with all facts and once with the
fewest: a template that is missing or names what it is not given stops the start and no batch. What comes from outside
is only ever a value: it is made one line, it is escaped in HTML, and no template is made of it; beyond that, templates
run in Jinja's sandbox.
"""

from pathlib import Path
from typing import assert_never

import msgspec
import yaml
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
from markupsafe import Markup

from services.notifier.wording import LANGUAGES, LETTERS, Facts, Language, Letter, Recipient, Words, line
from shared.errors import Trouble

TEMPLATES = Path(__file__).parent / "templates"

_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>'
_NAME = Markup("<bdi>{}</bdi>")


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the facts below a letter."""

    firm: str
    partner: str
    front: str
    market: str
    referral: str
    reference: str


class Reasons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code -> why a referral was cancelled, as the end of a sentence."""

    partner: dict[str, str]
    firm: dict[str, str]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shared words of one language (`terms.yml`)."""

    labels: Labels
    footer: str
    import_: str = msgspec.field(name="import")
    fronts: dict[str, str]
    reasons: Reasons


class Templates:
    """All letters in all languages, ready to be set. Made once; used by one thread."""

    def __init__(self, directory: Path = TEMPLATES) -> None:
        """Raises `Trouble` where a letter or a term is missing or cannot be set."""
        self._loader = FileSystemLoader(directory)
        self._plain = _environment(self._loader, html=False)
        self._html = _environment(self._loader, html=True)
        self._terms = {language: _terms(directory, language) for language in LANGUAGES}
        self._compiled: dict[tuple[Language, Letter], tuple[Template, Template]] = {}
        for language in LANGUAGES:
            for letter in LETTERS:
                self._try(language, letter)

    def __call__(self, letter: Letter, language: Language, facts: Facts) -> Words:
        """The letter in that language."""
        plain, html = self._compiled[language, letter]
        terms = self._terms[language]
        firm = line(facts.firm_name or "") or None
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
    environment.filters["paragraphs"] = _paragraphs_of_html if html else _paragraphs
    return environment


def _terms(directory: Path, language: Language) -> Terms:
    path = directory / language / "terms.yml"
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Terms)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise Trouble(f"The words in {language}/{path.name} cannot be used: {error}") from error


def _given(letter: Letter, language: Language, facts: Facts, terms: Terms, firm: str | None) -> dict[str, object]:
    """What a template knows; `firm` is the firm's name in the form that the template writes."""
    partner, what = line(facts.partner), _what(facts, terms)
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
        "why": reasons.get(facts.reason or ""),
        "rows": [(label, value) for label, value in rows if value],
    }


def _what(facts: Facts, terms: Terms) -> str | None:
    """The front in words, one that has none by its code; None where it is not known."""
    if facts.front is None:
        return None
    front = terms.fronts.get(facts.front) or line(facts.front)
    return f"{front}, {terms.import_}" if facts.import_ else front


def _single_line(text: str) -> str:
    """The text with every run of white space made one space; what is HTML stays that, since no tag is touched."""
    return type(text)(" ".join(str(text).split()))


def _paragraphs(text: str) -> str:
    """Paragraphs are parted by empty lines; each becomes one line, which the reader's client wraps."""
    return "\n\n".join(_single_line(one) for one in text.split("\n\n") if one.strip())


def _paragraphs_of_html(text: Markup) -> Markup:
    """The same of what is HTML already."""
    return Markup("\n".join(_PARAGRAPH.format(one) for one in _paragraphs(str(text)).split("\n\n")))

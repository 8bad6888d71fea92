"""The words of every message, in Italian and English. Pure: facts in, subject and body out.

What comes from outside (names) is made one line before it is set in, so that it can neither break a header nor imitate
the text around it.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

Language: TypeAlias = Literal["it", "en"]

_LONGEST_NAME = 120

_FRONTS: dict[Language, dict[str, str]] = {
    "it": {
        "institutional_support": "supporto istituzionale",
        "information": "informazione",
        "training_and_orientation": "formazione e orientamento",
        "assistance": "assistenza e accompagnamento",
        "finance_and_insurance": "strumenti finanziari e assicurativi",
    },
    "en": {
        "institutional_support": "institutional support",
        "information": "information",
        "training_and_orientation": "training and orientation",
        "assistance": "assistance and accompaniment",
        "finance_and_insurance": "financial and insurance instruments",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message tells. `partner` is the body's full name; `market` an ISO 3166 alpha-2 code."""

    referral_id: str
    partner: str
    front: str
    import_: bool
    market: str | None
    firm_name: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """A message in one language."""

    subject: str
    body: str


def to_partner(facts: Facts) -> Words:
    """A partner's desk: a firm was referred to it. In Italian, the language of all twelve; no contacts of the firm in
    it."""
    return Words(
        subject=f"Nuova segnalazione: {_front(facts, 'it')}",
        body=(
            f"Gentili colleghi di {line(facts.partner)},\n\n"
            f"{_firm(facts, 'it')} vi è stata affidata per: {_what(facts, 'it')}.\n\n"
            "I dati dell'impresa, i motivi della scelta e i recapiti sono nel vostro flusso delle segnalazioni;\n"
            "lì si attende anche la vostra risposta: accettata o respinta, con il motivo.\n\n"
            f"Segnalazione: {facts.referral_id}\n"
        ),
    )


def to_firm(facts: Facts, language: Language) -> Words:
    """The firm: which body is going to help it."""
    partner, what = line(facts.partner), _what(facts, language)
    match language:
        case "it":
            return Words(
                subject=f"La vostra richiesta è stata affidata a {partner}",
                body=(
                    f"Spettabile {_firm(facts, 'it')},\n\n"
                    f"per {what} vi seguirà {partner}.\n"
                    "Sarete contattati direttamente; non occorre fare altro.\n\n"
                    f"Riferimento: {facts.referral_id}\n"
                ),
            )
        case "en":
            return Words(
                subject=f"Your request has been handed to {partner}",
                body=(
                    f"To {_firm(facts, 'en')},\n\n"
                    f"{partner} will assist you with {what}.\n"
                    "They will get in touch with you; there is nothing else for you to do.\n\n"
                    f"Reference: {facts.referral_id}\n"
                ),
            )
    assert_never(language)


def accepted_to_firm(facts: Facts, language: Language) -> Words:
    """The firm: the body has taken its request up. The front is not told again: the reference names the request."""
    partner = line(facts.partner)
    match language:
        case "it":
            return Words(
                subject=f"{partner} ha preso in carico la vostra richiesta",
                body=(
                    f"Spettabile {_firm(facts, 'it')},\n\n"
                    f"{partner} ha preso in carico la vostra richiesta e vi contatterà.\n\n"
                    f"Riferimento: {facts.referral_id}\n"
                ),
            )
        case "en":
            return Words(
                subject=f"{partner} has taken up your request",
                body=(
                    f"To {_firm(facts, 'en')},\n\n"
                    f"{partner} has taken up your request and will get in touch with you.\n\n"
                    f"Reference: {facts.referral_id}\n"
                ),
            )
    assert_never(language)


def line(text: str) -> str:
    """The text on one line, without control characters, cut to a length that a header can bear."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(plain.split())
    return words if len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 1].rstrip() + "…"


def _firm(facts: Facts, language: Language) -> str:
    unnamed = {"it": "impresa", "en": "the firm"}[language]
    return line(facts.firm_name or "") or unnamed


def _front(facts: Facts, language: Language) -> str:
    return _FRONTS[language].get(facts.front, line(facts.front))


def _what(facts: Facts, language: Language) -> str:
    marks = [_front(facts, language)]
    if facts.import_:
        marks.append({"it": "importazione strategica", "en": "strategic import"}[language])
    if facts.market:
        marks.append({"it": f"mercato {line(facts.market)}", "en": f"market {line(facts.market)}"}[language])
    return ", ".join(marks)

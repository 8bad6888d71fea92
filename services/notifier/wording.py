"""What a letter tells, and how what comes from outside is made fit to stand in it. Pure.

The words themselves are templates (`templates/`); here is what they are given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from shared.contracts.referral import ReportedOutcome

Language: TypeAlias = Literal["it", "en"]

LANGUAGES: tuple[Language, ...] = ("it", "en")

_LONGEST_NAME = 120
_LOOKED_AT = 1_000
"""Characters of a text that are looked at; the work is bounded, whatever somebody calls a firm."""
_QUOTATION_MARKS = str.maketrans("«»“”", "    ")


class Recipient(StrEnum):
    PARTNER = "partner"
    FIRM = "firm"


class Purpose(StrEnum):
    """Why somebody is written to; part of a message's key, so each recipient is told once. What may be due more than
    once has its occasion in the key as well."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    PREFERENCE = "preference"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CANCELLATION_REQUESTED = "cancellation_requested"
    REMINDED = "reminded"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Letter:
    """A kind of letter."""

    purpose: Purpose
    recipient: Recipient

    @property
    def name(self) -> str:
        """`requested-firm`; its template is called so."""
        return f"{self.purpose}-{self.recipient}"


LETTERS: tuple[Letter, ...] = (
    Letter(Purpose.REQUESTED, Recipient.PARTNER),
    Letter(Purpose.CANCELLATION_REQUESTED, Recipient.PARTNER),
    Letter(Purpose.CANCELLED, Recipient.PARTNER),
    Letter(Purpose.REMINDED, Recipient.PARTNER),
    Letter(Purpose.ESCALATED, Recipient.PARTNER),
    Letter(Purpose.REQUESTED, Recipient.FIRM),
    Letter(Purpose.ACCEPTED, Recipient.FIRM),
    Letter(Purpose.COMPLETED, Recipient.FIRM),
    Letter(Purpose.PREFERENCE, Recipient.FIRM),
    Letter(Purpose.FAILED, Recipient.FIRM),
    Letter(Purpose.CANCELLED, Recipient.FIRM),
)
"""All that are written. A partner is not told by mail of what it has said itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter may tell; the templates decide what it does tell.

    `partner` and `before` (who had the need until now, where that is known) are bodies' full names, `front` a code,
    `market` an ISO 3166 alpha-2 code, `reason` a code. `front` is None of a referral that was opened before the
    notifier kept such things; `firm_name` where it is unknown or must not be told. `link` is where the firm answers
    what it is asked, until `until` (UTC); `outcomes` are what the partner reported. `awaits` is the code of what a
    partner is reminded of, by `until`.
    """

    referral_id: str
    partner: str
    firm_name: str | None = None
    front: str | None = None
    import_: bool = False
    market: str | None = None
    supporting: bool = False
    rerouted: bool = False
    before: str | None = None
    reason: str | None = None
    link: str | None = None
    until: datetime | None = None
    outcomes: tuple[ReportedOutcome, ...] = ()
    awaits: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in one language: a subject of one line, the plain text, and the HTML that says the same."""

    subject: str
    body: str
    html: str


Write: TypeAlias = Callable[[Letter, Language, Facts], Words]
"""Whoever turns facts into words. The same facts give the same words for as long as the process runs."""


def line(text: str) -> str:
    """The text on one line, cut to a length that a heading can bear.

    Unprintable characters become spaces: line ends, controls, and the invisible marks that turn the direction of what
    follows them. So do the quotation marks in which our sentences set names, so that a name cannot end its quotation,
    and `://`, which mail clients make links of.
    """
    seen = text[:_LOOKED_AT]
    if not seen.isprintable():
        seen = "".join(character if character.isprintable() else " " for character in seen)
    words = " ".join(seen.translate(_QUOTATION_MARKS).replace("://", " ").split())
    return words if len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 1].rstrip() + "…"

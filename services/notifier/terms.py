"""The words of one language that letters and pages share (`templates/<language>/terms.yml`), and what is said with
them: what a referral is for, what came of it, a day."""

from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from services.notifier.wording import Language, line
from shared.agreement import day_of
from shared.contracts.referral import ReportedOutcome
from shared.errors import Trouble

TEMPLATES = Path(__file__).parent / "templates"

T = TypeVar("T")


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before facts."""

    firm: str
    partner: str
    front: str
    market: str
    outcome: str
    referral: str
    reference: str


class Reasons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Code -> why a referral was cancelled, as the end of a sentence."""

    partner: dict[str, str]
    firm: dict[str, str]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shared words. `thousands` parts the digits of a sum, `months` are those of a date, from January on."""

    labels: Labels
    footer: str
    import_: str = msgspec.field(name="import")
    fronts: dict[str, str]
    outcomes: dict[str, str]
    months: tuple[str, ...]
    thousands: str
    reasons: Reasons


def read_words(directory: Path, language: Language, name: str, kind: type[T]) -> T:
    """A file of words. Raises `Trouble` where it is missing, or has other members than these."""
    path = directory / language / name
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), kind)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise Trouble(f"The words in {language}/{path.name} cannot be used: {error}") from error


def purpose_of(front: str | None, import_: bool, terms: Terms) -> str | None:
    """The front in words, one that has none by its code; None where it is not known."""
    if front is None:
        return None
    said = terms.fronts.get(front) or line(front)
    return f"{said}, {terms.import_}" if import_ else said


def outcome_of(one: ReportedOutcome, terms: Terms) -> str:
    """A result on one line: what, where, how much, when, as far as it was reported."""
    said = [terms.outcomes.get(one.code) or line(one.code)]
    if one.market:
        said.append(line(one.market))
    if one.value_eur is not None:
        said.append(f"{f'{one.value_eur:,.0f}'.replace(',', terms.thousands)} EUR")
    if one.on is not None:
        said.append(day_in_words(one.on, terms))
    return ", ".join(said)


def day_in_words(when: date | datetime, terms: Terms) -> str:
    """The day, in Rome."""
    day = day_of(when) if isinstance(when, datetime) else when
    return f"{day.day} {terms.months[day.month - 1]} {day.year}"

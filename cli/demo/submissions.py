"""The records that tell of the firms, and the receipt that each must get. Pure.

A `Role` is one firm with all that is told of it; a `Script` is all roles in the order of their turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import msgspec

from cli.demo.firms import Company, Json, Kind, Need, facts_of, invent
from cli.partner.letters import CONSENT_REVOKED, FIRM_SUBMITTED, Letter, source_of

REVOCATION = 9
"""The ordinal of what tells that a firm takes its consents back."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a record must be answered: an outcome; for `refused` the rules that it breaks, all of them."""

    outcome: str
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One record: who sends it, how many seconds after its firm's turn has come, and the receipt that it must get."""

    partner: str
    letter: Letter
    expected: Receipt
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Role:
    """One firm and what is told of it. `company` is the firm as it stands at the end, None where it is refused."""

    title: str
    company: Company | None
    submissions: tuple[Submission, ...]

    @property
    def told_once(self) -> bool:
        return len(self.submissions) == 1


@dataclass(frozen=True, slots=True)
class Script:
    """The whole evening. `roles` in the order in which their turn comes."""

    seed: int
    roles: tuple[Role, ...]

    @property
    def companies(self) -> tuple[Company, ...]:
        return tuple(role.company for role in self.roles if role.company is not None)

    @property
    def submissions(self) -> tuple[Submission, ...]:
        return tuple(submission for role in self.roles for submission in role.submissions)


def id_of(number: int, ordinal: int) -> str:
    """The event id of what is told of firm `number` for the n-th time."""
    return f"demo-{number:07d}-{ordinal}"


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: the place in the cast, and the running number."""

    place: int
    number: int


def revocation(company: Company, at: str) -> Submission:
    """The firm's publisher tells that the firm took back all its consents at `at` (RFC 3339)."""
    data = {"codice_fiscale": company.codice_fiscale, "to": "any", "purpose": "referral", "revoked_at": at}
    body, id_ = msgspec.json.encode(data), id_of(company.number, REVOCATION)
    letter = Letter(type=CONSENT_REVOKED, source=source_of(company.publisher), id=id_, data=body)
    return Submission(partner=company.publisher, letter=letter, expected=Receipt("revoked"))


class Writer:
    """Makes submissions; what chance there is comes from the seed."""

    def __init__(self, chance: Random, now: datetime) -> None:
        self.chance, self.now = chance, now

    def company(
        self, turn: Turn, kind: Kind, publisher: str, declared: Sequence[Need] = (), consents: Sequence[str] = ()
    ) -> Company:
        return invent(turn.place, turn.number, kind, publisher, self.chance, declared=declared, consents=consents)

    def data(self, company: Company, *, consents: bool = True, observed: int = 60) -> dict[str, Json]:
        """`data` of a submission by the firm's publisher; `observed`: minutes ago."""
        told: dict[str, Json] = {
            "firm": facts_of(company, self.now.year),
            "observed_at": self.time(observed),
            "reference": f"{company.publisher[:3].upper()}-{company.number % 100_000:05d}",
        }
        if company.member_since is not None:
            told["membership"] = {"active": True, "since": company.member_since.isoformat()}
        if consents and company.consents:
            told["consents"] = [
                {"to": code, "purpose": "referral", "given_at": self.time(24 * 60)} for code in company.consents
            ]
        return told

    def time(self, minutes_ago: int) -> str:
        return (self.now - timedelta(minutes=minutes_ago)).isoformat(timespec="seconds").replace("+00:00", "Z")

    def submission(
        self, partner: str, id: str, data: dict[str, Json] | bytes, expected: str, *rules: str, after: float = 0.0
    ) -> Submission:
        body = data if isinstance(data, bytes) else msgspec.json.encode(data)
        letter = Letter(type=FIRM_SUBMITTED, source=source_of(partner), id=id, data=body)
        return Submission(partner=partner, letter=letter, expected=Receipt(expected, frozenset(rules)), after=after)

    def told(self, company: Company, title: str, *more: Submission) -> Role:
        first = self.submission(company.publisher, id_of(company.number, 1), self.data(company), "registered")
        return Role(title, company, (first, *more))

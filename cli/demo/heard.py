"""What a record that a partner read says of the cast. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cli.demo.firms import Company, Need
from cli.partner.letters import Heard

STEPS = frozenset({"referral.reminded", "referral.escalated", "referral.cancellation-requested", "referral.cancelled"})
"""What the hub says of a referral by itself, because time has passed or something has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A referral as the partner's client got it. `later`: it came when the days had begun to pass."""

    referral_id: str
    partner: str
    company: Company
    need: Need
    role: str
    by: str
    """The rule that decided."""
    at: float
    asked_at: datetime
    """In the time of the house, as are all times that the record names."""
    accept_by: datetime | None
    later: bool = False

    @property
    def responsible(self) -> bool:
        """Whether there is something to do; else it is a copy."""
        return self.role == "responsible"


@dataclass(frozen=True, slots=True)
class Step:
    """What the hub said of a referral by itself: `reminded` because `acceptance_due`, at that time of the house."""

    fact: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Queried:
    """A body was asked whether a firm is its member."""

    partner: str
    at: datetime
    answer_by: datetime


def step_of(heard: Heard) -> Step:
    """One of `STEPS`."""
    return Step(heard.fact.removeprefix("referral."), str(heard.data.get("reason")), when(heard, "at"))


def queried(partner: str, heard: Heard) -> Queried:
    """A body's question about a membership; that it was asked stands in the envelope alone."""
    asked_at = datetime.fromisoformat(heard.time) if heard.time else heard.appended_at
    return Queried(partner, asked_at, when(heard, "answer_by"))


def when(heard: Heard, member: str) -> datetime:
    """A time that the record names; where it names none, the broker's."""
    named = heard.data.get(member)
    return datetime.fromisoformat(named) if isinstance(named, str) else heard.appended_at


def number_in(event_id: str) -> int:
    """The firm's running number in an event id of the demo; -1 where there is none."""
    parts = event_id.split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else -1


def company_of(heard: Heard, companies: Mapping[str, Company]) -> Company | None:
    """The firm of the cast that a referral is about."""
    firm = heard.data.get("firm")
    return companies.get(str(firm.get("codice_fiscale"))) if isinstance(firm, dict) else None


def need_of(heard: Heard) -> Need:
    """The need that a referral is for."""
    return Need(str(heard.data.get("front")), bool(heard.data.get("import")))


def rule_of(heard: Heard) -> str:
    """The rule that decided on a referral."""
    decision = heard.data.get("decision")
    return str(decision.get("rule")) if isinstance(decision, dict) else ""


def words_of(need: Need) -> str:
    """The need for people: `assistance`, `import`, `finance and insurance`."""
    return "strategic import" if need.import_ else need.front.replace("_", " ")

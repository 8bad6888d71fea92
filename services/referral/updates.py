"""What a partner says on its updates topic: the form of each type, and everything that is wrong with one. Pure.

All problems are found at once, and whatever is wrong refuses: half an answer is none. Members that the contract does
not know are ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.referral.lifecycle import FAIL_CODES, HOLD_CODES, OUTCOME_CODES, REJECT_CODES, Asked
from shared.agreement import Agreement, day_of
from shared.contracts.inbound import admit
from shared.contracts.kinds import Country, Day, Inbound, Items, Text, Time, Vocabulary
from shared.contracts.rules import Problem, problem

UPDATED = "it.portolano.referral.updated.v1"
MEMBERSHIP_ANSWERED = "it.portolano.membership.answered.v1"
INFORMATION_DECLINED = "it.portolano.information.declined.v1"

_AHEAD = timedelta(minutes=10)
"""How far a partner's clock may be ahead of the broker's."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of the work, coded; `value_eur` in euro, `market` ISO 3166 alpha-2 or XK."""

    code: str
    market: str | None = None
    value_eur: float | None = None
    on: date | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An update that was understood. `reason` is set where the status needs one, `until` (the last day, in Rome) where
    it is a hold. `note` is personal data."""

    referral_id: str
    asked: Asked
    at: datetime
    reason: str | None = None
    until: date | None = None
    outcomes: tuple[Outcome, ...] = ()
    note: str | None = None


class MembershipAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a firm is the partner's member, as it was asked."""

    query_id: str
    member: bool
    since: date | None = None


class InformationRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The partner will not find out what it was asked about a firm."""

    request_id: str
    reason: str


Said = Content | MembershipAnswer | InformationRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A record of an updates topic, understood or not: `content` is None exactly where `problems` is not empty.

    `topic`, `partition` and `offset` are its place, `partner` comes from the topic, `appended_at` is the broker's
    clock. `referral_id` is there wherever it could be read, whatever else is wrong.
    """

    partner: str
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    id: str | None
    source: str | None
    content_hash: bytes | None
    content: Said | None
    problems: tuple[Problem, ...]
    referral_id: str | None = None

    @property
    def key(self) -> tuple[str, str, str] | None:
        """What it is deduplicated by: topic (and with it the partner), source, id."""
        return (self.topic, self.source, self.id) if self.source is not None and self.id is not None else None

    @property
    def query_id(self) -> str | None:
        """The query that it answers, where it is an answer about a membership."""
        return self.content.query_id if isinstance(self.content, MembershipAnswer) else None

    @property
    def request_id(self) -> str | None:
        """The request for information that it declines, where it does."""
        return self.content.request_id if isinstance(self.content, InformationRefusal) else None


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise PydanticCustomError("wrong-value", "the UUID that you got from us is wanted") from None


def _outcome_code(value: str) -> str:
    if value not in OUTCOME_CODES:
        told = f"one of {', '.join(sorted(OUTCOME_CODES))} is wanted"
        raise PydanticCustomError("wrong-value", "{told}", {"told": told})
    return value


_Given = Annotated[str, AfterValidator(_uuid)]
"""An identifier that we gave."""
_Status = Literal[
    "received", "accepted", "rejected", "in_progress", "on_hold", "completed", "failed", "cancellation_confirmed"
]


class _Outcome(Inbound):
    code: Annotated[str, AfterValidator(_outcome_code)]
    market: Country | None = None
    value_eur: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    on: Day | None = None


class Updated(Inbound):
    """The data of `referral.updated`."""

    referral_id: _Given
    status: _Status
    at: Time
    reason: Annotated[str, Field(max_length=64)] | None = None
    until: Day | None = None
    outcomes: Items[_Outcome] | None = None
    note: Annotated[str, Field(max_length=4000)] | None = None


class MembershipAnswered(Inbound):
    """The data of `membership.answered`."""

    query_id: _Given
    member: bool
    since: Day | None = None


class InformationDeclined(Inbound):
    """The data of `information.declined`."""

    request_id: _Given
    reason: Text


DATA: Mapping[str, type[BaseModel]] = MappingProxyType(
    {UPDATED: Updated, MEMBERSHIP_ANSWERED: MembershipAnswered, INFORMATION_DECLINED: InformationDeclined}
)
"""The types that are read on an updates topic, each with the form of its data."""

CODES: Mapping[str, frozenset[str]] = MappingProxyType(
    {Asked.REJECTED: REJECT_CODES, Asked.FAILED: FAIL_CODES, Asked.ON_HOLD: HOLD_CODES}
)
"""What a partner says that needs a coded reason -> the codes."""


def understand(
    kind: str, data: Mapping[str, Any], appended_at: datetime, agreement: Agreement
) -> tuple[Said | None, tuple[Problem, ...]]:
    """The content of a record of type `kind` (one of `DATA`), or all its problems. Total. The agreement says how long a
    hold may be."""
    latest = appended_at + _AHEAD
    admitted = admit(DATA[kind], data, Vocabulary(frozenset(), frozenset(), latest), lenient=False)
    problems = [*admitted.problems, *(_of_the_status(admitted.left, appended_at, agreement) if kind == UPDATED else ())]
    said = admitted.value
    if said is None or problems:
        return None, tuple(sorted(set(problems)))
    match said:
        case Updated():
            return _content(said), ()
        case MembershipAnswered():
            return MembershipAnswer(query_id=said.query_id, member=said.member, since=said.since), ()
        case InformationDeclined():
            return InformationRefusal(request_id=said.request_id, reason=said.reason), ()
        case _:
            raise TypeError(f"{type(said).__name__} is the data of no type that is read here")


def referral_named(data: Mapping[str, Any]) -> str | None:
    """The referral that the data name, as far as that can be read."""
    named = data.get("referral_id")
    try:
        return str(UUID(named)) if isinstance(named, str) else None
    except ValueError:
        return None


def _content(said: Updated) -> Content:
    asked = Asked(said.status)
    return Content(
        referral_id=said.referral_id,
        asked=asked,
        at=said.at,
        reason=said.reason if asked in CODES else None,
        until=said.until if asked is Asked.ON_HOLD else None,
        outcomes=tuple(Outcome(**outcome.model_dump()) for outcome in said.outcomes or ()),
        note=said.note,
    )


def _of_the_status(left: Mapping[str, Any], appended_at: datetime, agreement: Agreement) -> Iterator[Problem]:
    """What the status itself asks for: its reason, its day, its outcomes. The members may still be wrong by
    themselves."""
    status, reason = left.get("status"), left.get("reason")
    if not isinstance(status, str):
        return
    codes = CODES.get(status)
    if codes is not None:
        wanted = f"one of {', '.join(sorted(codes))} is wanted"
        if reason is None:
            yield problem("reason-required", f"{status} needs a reason: {wanted}", "/reason")
        elif isinstance(reason, str) and reason not in codes:
            yield problem("wrong-value", wanted, "/reason")
    if status == Asked.ON_HOLD:
        yield from _of_the_hold(left.get("until"), day_of(appended_at), agreement)
    if status == Asked.COMPLETED and left.get("outcomes") in (None, []):
        told = f"completed needs at least one outcome: {', '.join(sorted(OUTCOME_CODES))}"
        yield problem("outcomes-required", told, "/outcomes")


def _of_the_hold(until: object, today: date, agreement: Agreement) -> Iterator[Problem]:
    if until is None:
        yield problem("until-required", "on_hold needs the last day of the hold, such as 2026-03-31", "/until")
        return
    try:
        day = date.fromisoformat(until) if isinstance(until, str) and len(until) == 10 else None
    except ValueError:
        day = None
    if day is None:
        return  # told already, as no day at all
    longest = agreement.deadlines.longest_hold
    last = agreement.working_days.after(today, longest)
    if not today <= day <= last:
        told = f"a day from {today} to {last} is wanted: a hold ends at most {longest} working days away"
        yield problem("until-out-of-range", told, "/until")

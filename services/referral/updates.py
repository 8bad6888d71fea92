"""What a partner says of a referral, as data: the shape of `referral.updated`, and everything that is wrong with one.
Pure.

All problems are found at once. Members that the contract does not know are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.referral.lifecycle import BY_PARTNER, FAIL_CODES, OUTCOME_CODES, REJECT_CODES, Status
from shared.contracts.rules import Problem, problem

UPDATED = "it.portolano.referral.updated.v1"
NOT_SERVED_YET = frozenset({"it.portolano.membership.answered.v1", "it.portolano.information.declined.v1"})
"""Types of the contract on this topic that a later version serves."""

_Status = Literal[
    "received", "accepted", "rejected", "in_progress", "on_hold", "completed", "failed", "cancellation_confirmed"
]
_AHEAD = timedelta(minutes=10)
"""How far a partner's clock may be ahead of the broker's."""


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An update that was understood. `reason` is set where the status needs one. `note` is personal data."""

    referral_id: str
    asked: Status
    at: datetime
    reason: str | None = None
    outcomes: tuple["Outcome", ...] = ()
    note: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of the work, coded; `value_eur` in euro, `market` ISO 3166 alpha-2."""

    code: str
    market: str | None = None
    value_eur: float | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A record of an updates topic, understood or not: `content` is None exactly where `problems` is not empty.

    `topic`, `partition` and `offset` are its place, `partner` comes from the topic, `appended_at` is the broker's
    clock.
    """

    partner: str
    topic: str
    partition: int
    offset: int
    appended_at: datetime
    id: str | None
    source: str | None
    content_hash: bytes | None
    content: Content | None
    problems: tuple[Problem, ...]

    @property
    def key(self) -> tuple[str, str, str] | None:
        """What it is deduplicated by: topic (and with it the partner), source, id."""
        return (self.topic, self.source, self.id) if self.source is not None and self.id is not None else None


def _text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("a string is wanted")
    return value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a date-time of RFC 3339 with its offset is wanted")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time within the years 1 to 9999 is wanted") from None


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError("the UUID that you got with the referral is wanted") from None


def _outcome_code(value: str) -> str:
    if value not in OUTCOME_CODES:
        raise ValueError(f"one of {', '.join(sorted(OUTCOME_CODES))} is wanted")
    return value


Time = Annotated[datetime, BeforeValidator(_text), AfterValidator(_utc)]
Day = Annotated[date, BeforeValidator(_text)]


class _Inbound(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Outcome(_Inbound):
    code: Annotated[str, AfterValidator(_outcome_code)]
    market: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    value_eur: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None
    on: Day | None = None


class _Updated(_Inbound):
    referral_id: Annotated[str, AfterValidator(_uuid)]
    status: _Status
    at: Time
    reason: Annotated[str, Field(max_length=64)] | None = None
    outcomes: Annotated[list[_Outcome], Field(max_length=64)] | None = None
    note: Annotated[str, Field(max_length=4000)] | None = None


def understand(data: object, appended_at: datetime) -> tuple[Content | None, tuple[Problem, ...]]:
    """The content of `referral.updated`, or all its problems. Total."""
    if not isinstance(data, Mapping):
        return None, (problem("wrong-type", "data: an object is wanted"),)
    problems = [*_of_the_status(data), *_of_the_future(data, appended_at)]
    try:
        inbound = _Updated.model_validate(data)
    except ValidationError as refused:
        problems += [_problem(error) for error in refused.errors(include_url=False, include_context=False)]
        return None, tuple(sorted(problems))
    if problems:
        return None, tuple(sorted(problems))
    asked = Status(inbound.status)
    return (
        Content(
            referral_id=inbound.referral_id,
            asked=asked,
            at=inbound.at,
            reason=inbound.reason if asked in _CODES else None,
            outcomes=tuple(Outcome(**outcome.model_dump()) for outcome in inbound.outcomes or ()),
            note=inbound.note,
        ),
        (),
    )


_TIME = TypeAdapter(Time)
_CODES: Mapping[Status, frozenset[str]] = {Status.REJECTED: REJECT_CODES, Status.FAILED: FAIL_CODES}


def _of_the_status(data: Mapping[str, object]) -> list[Problem]:
    """What the status itself asks for: to be served, and its reason."""
    status, reason = data.get("status"), data.get("reason")
    if not isinstance(status, str) or status not in get_args(_Status):
        return []
    if status not in list(BY_PARTNER):
        return [problem("wrong-value", f"{status} is part of the contract; it is not served yet", "/status")]
    codes = _CODES.get(Status(status))
    if codes is None:
        return []
    wanted = f"one of {', '.join(sorted(codes))} is wanted"
    if reason is None:
        return [problem("reason-required", f"{status} needs a reason: {wanted}", "/reason")]
    return [] if not isinstance(reason, str) or reason in codes else [problem("wrong-value", wanted, "/reason")]


def _of_the_future(data: Mapping[str, object], appended_at: datetime) -> list[Problem]:
    try:
        given = _TIME.validate_python(data.get("at"))
    except ValidationError:
        return []
    if given <= appended_at + _AHEAD:
        return []
    return [problem("time-in-future", "at: more than ten minutes after the record arrived", "/at")]


def _problem(error: ErrorDetails) -> Problem:
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"])
    name = str(error["loc"][-1]) if error["loc"] else "data"
    kind = error["type"]
    if kind == "missing" or (error["input"] is None and kind.endswith("_type")):
        return problem("missing", f"{name}: is required", pointer)
    if kind == "too_long":
        return problem("too-many-items", f"{name}: at most 64 items", pointer)
    message = error["msg"].removeprefix("Value error, ")
    return problem("wrong-type" if kind.endswith("_type") else "wrong-value", f"{name}: {message}", pointer)

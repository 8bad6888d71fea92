"""What a person at the Region has done in this service, under the lock of the firm: load, decide, save, say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, assert_never

import msgspec

from services.referral import commands, correction, manual, store, views
from services.referral.case import Case, Fact, Moment, Referral
from services.referral.correction import Correction
from services.referral.lifecycle import Status
from services.referral.manual import Assignment, Cancellation
from services.referral.timepiece import outages_of
from shared.agreement import Versions
from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.feeds.speech import Cause, Said, Work
from shared.feeds.subscriptions import Word

Order = Assignment | Cancellation | Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What came of an assignment. `choice` is the receipt's own sentence about it."""

    referral_id: str
    need_id: str
    firm_id: FirmId
    partner: str
    front: str
    import_: bool
    market: str | None
    choice: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What came of a cancellation or a correction. The referral `was` in one status and is in another, unless it was
    only `asked` for: then the work had begun, and the partner is to end it. The need stands as `need_state`, with its
    newest referral at `partner_now`, if one is open."""

    referral_id: str
    need_id: str
    firm_id: FirmId
    partner: str
    asked: bool
    was: str
    status: str
    need_state: str
    partner_now: str | None
    at: datetime


async def assign(
    order: Assignment, code_version: str, firm_id: FirmId, work: Work[Versions], given_at: datetime | None = None
) -> tuple[Assigned, list[Said]]:
    """Give a need to the partner that a person chose. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    moment = await _moment(order.id, day, work)
    opened = manual.assign(case, order, moment)
    said = await _kept(case, [opened, *manual.beside(case, opened, moment)], _cause(order, code_version), work)
    referral = opened.referral
    await commands.keep_assignment(work.connection, order, referral.referral_id, code_version, given_at)
    assigned = Assigned(
        referral_id=referral.referral_id,
        need_id=referral.need_id,
        firm_id=firm_id,
        partner=referral.partner,
        front=referral.front,
        import_=referral.import_,
        market=referral.market,
        choice=opened.decision.path[-1].reason,
        at=referral.requested_at,
    )
    return assigned, said


async def cancel(
    order: Cancellation, code_version: str, firm_id: FirmId, work: Work[Versions], given_at: datetime | None = None
) -> tuple[TakenBack, list[Said]]:
    """Take a referral back, or ask for it. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    before = case.referrals[order.referral_id]
    facts = manual.cancel(case, order, await _moment(order.id, day, work))
    said = await _kept(case, facts, _cause(order, code_version), work)
    await commands.keep_cancellation(work.connection, order, before.need_id, code_version, given_at)
    return _taken_back(case, before, work.now), said


async def correct(
    order: Correction, code_version: str, firm_id: FirmId, work: Work[Versions], given_at: datetime | None = None
) -> tuple[TakenBack, list[Said]]:
    """Enter a referral in error. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    before = case.referrals[order.referral_id]
    facts = correction.correct(case, order, await _moment(order.id, day, work))
    said = await _kept(case, facts, _cause(order, code_version), work)
    await commands.keep_correction(work.connection, order, before.need_id, code_version, given_at)
    return _taken_back(case, before, work.now), said


async def recall(word: Word, work: Work[Versions]) -> list[Said]:
    """Carry out an order again that was given before the store was restored, as it was."""
    if word.order is None or word.firm_id is None:
        return []
    given = msgspec.json.decode(word.order, type=_Given)
    by, at = given.code_version, word.at
    try:
        match given.kind:
            case "assign":
                assignment = msgspec.json.decode(given.order, type=Assignment)
                return (await assign(assignment, by, word.firm_id, work, at))[1]
            case "cancel":
                cancellation = msgspec.json.decode(given.order, type=Cancellation)
                return (await cancel(cancellation, by, word.firm_id, work, at))[1]
            case "correct":
                correction_ = msgspec.json.decode(given.order, type=Correction)
                return (await correct(correction_, by, word.firm_id, work, at))[1]
            case _:
                assert_never(given.kind)
    except LookupError:
        raise Trouble(f"what the order to {given.kind} was about is not there") from None


class _Given(msgspec.Struct, frozen=True):
    """An order as it travels with what it caused."""

    kind: Literal["assign", "cancel", "correct"]
    code_version: str
    order: msgspec.Raw


_KINDS: Mapping[type[Order], Literal["assign", "cancel", "correct"]] = {
    Assignment: "assign",
    Cancellation: "cancel",
    Correction: "correct",
}


def _cause(order: Order, code_version: str) -> Cause:
    """A person's order is no record that could be read again: it travels with what is said."""
    given = _Given(_KINDS[type(order)], code_version, msgspec.Raw(msgspec.json.encode(order)))
    return Cause(order.id, order=msgspec.json.encode(given))


def _taken_back(case: Case, before: Referral, at: datetime) -> TakenBack:
    referral, need = case.referrals[before.referral_id], case.needs[before.need_id]
    newest = case.referrals.get(need.referral_id or "")
    return TakenBack(
        referral_id=referral.referral_id,
        need_id=referral.need_id,
        firm_id=referral.firm_id,
        partner=referral.partner,
        asked=referral.status not in (Status.CANCELLED, Status.ENTERED_IN_ERROR),
        was=before.status.value,
        status=referral.status.value,
        need_state=need.state.value,
        partner_now=newest.partner if newest is not None and newest.is_open else None,
        at=at,
    )


async def _moment(order_id: str, day: date, work: Work[Versions]) -> Moment:
    away = await outages_of(work.connection, work.clock)
    return Moment(order_id, work.now, day, work.context.on(day), away)


async def _case(firm_id: FirmId, work: Work[Versions]) -> tuple[Case, date]:
    """What is kept of the firm, and the day that it is in Rome."""
    cases = await store.load_cases(work.connection, [firm_id], assessments=True)
    return cases[firm_id], await store.day_in_rome(work.connection, work.now)


async def _kept(case: Case, facts: list[Fact], cause: Cause, work: Work[Versions]) -> list[Said]:
    """What is said of the facts, once the case is saved."""
    said = [*views.told(facts, case, cause), *views.news_of(case, cause, work.now)]
    await store.save_cases(work.connection, [case], work.now)
    return said

"""What a person at the Region has done in this service, under the lock of the firm: load, decide, save, say."""

from dataclasses import dataclass
from datetime import date, datetime

from services.referral import commands, correction, manual, store, views
from services.referral.case import Case, Fact, Moment, Referral
from services.referral.correction import Correction
from services.referral.lifecycle import Status
from services.referral.manual import Assignment, Cancellation
from services.referral.timepiece import outages_of
from shared.agreement import Versions
from shared.contracts.base import FirmId
from shared.feeds.speech import Cause, Said, Work


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
    order: Assignment, code_version: str, firm_id: FirmId, work: Work[Versions]
) -> tuple[Assigned, list[Said]]:
    """Give a need to the partner that a person chose. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    moment = await _moment(order.id, day, work)
    opened = manual.assign(case, order, moment)
    said = await _kept(case, [opened, *manual.beside(case, opened, moment)], Cause(order.id), work)
    referral = opened.referral
    await commands.keep_assignment(work.connection, order, referral.referral_id, code_version)
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
    order: Cancellation, code_version: str, firm_id: FirmId, work: Work[Versions]
) -> tuple[TakenBack, list[Said]]:
    """Take a referral back, or ask for it. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    before = case.referrals[order.referral_id]
    facts = manual.cancel(case, order, await _moment(order.id, day, work))
    said = await _kept(case, facts, Cause(order.id), work)
    await commands.keep_cancellation(work.connection, order, before.need_id, code_version)
    return _taken_back(case, before, work.now), said


async def correct(
    order: Correction, code_version: str, firm_id: FirmId, work: Work[Versions]
) -> tuple[TakenBack, list[Said]]:
    """Enter a referral in error. Raises `Trouble` where that is not possible."""
    case, day = await _case(firm_id, work)
    before = case.referrals[order.referral_id]
    facts = correction.correct(case, order, await _moment(order.id, day, work))
    said = await _kept(case, facts, Cause(order.id), work)
    await commands.keep_correction(work.connection, order, before.need_id, code_version)
    return _taken_back(case, before, work.now), said


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

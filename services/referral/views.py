"""What is said of a case: to the notifier, and to the one partner whom it concerns. Pure.

Of the receipt of a decision the partner gets its own view, made in `readings`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from services.referral.answers import Answer, Outcome
from services.referral.case import (
    Answered,
    CancellationAsked,
    Case,
    Escalated,
    Fact,
    InformationAsked,
    InformationClosed,
    MembershipAsked,
    Moved,
    Opened,
    Referral,
    Reminded,
    Wish,
    WishAsked,
)
from services.referral.clocks import Waits
from services.referral.inquiries import information_requested, membership_queried, reference
from services.referral.lifecycle import Status
from services.referral.news import news
from services.referral.readings import partners_view
from services.referral.updates import Update
from shared.contracts.classifier import FirmAssessed
from shared.contracts.receipts import Position
from shared.contracts.referral import PreferenceAsked, ReferralAwaited, ReferralMoved, ReferralOpened
from shared.contracts.referrals import (
    ReferralCancellationRequested,
    ReferralCancelled,
    ReferralClosed,
    ReferralEscalated,
    ReferralReminded,
    ReferralRequested,
    ReportedOutcome,
    UpdateHeld,
    UpdateRecorded,
    UpdateRefused,
    for_partner,
)
from shared.feeds.speech import Cause, Heard, Place, Said


def told(facts: Iterable[Fact], case: Case, cause: Cause) -> Iterator[Said]:
    """What facts about a case make us say, in their order."""
    if case.assessment is None:
        return
    for fact in facts:
        match fact:
            case Opened():
                yield cause.says(_opened(fact, case.assessment), firm_id=case.firm_id)
                yield cause.says(
                    _requested(fact, case.assessment),
                    firm_id=case.firm_id,
                    to=fact.referral.partner,
                    subject=fact.referral.referral_id,
                )
            case Moved():
                yield cause.says(_moved(fact, case.assessment), firm_id=case.firm_id)
                end = _ended(fact.referral)
                if end is not None:
                    yield cause.says(
                        end, firm_id=case.firm_id, to=fact.referral.partner, subject=fact.referral.referral_id
                    )
            case CancellationAsked():
                yield cause.says(_asked_back(fact, case.assessment), firm_id=case.firm_id)
                yield cause.says(
                    _cancellation_requested(fact),
                    firm_id=case.firm_id,
                    to=fact.referral.partner,
                    subject=fact.referral.referral_id,
                )
            case WishAsked(wish):
                yield cause.says(_wish(wish, case.assessment), firm_id=case.firm_id)
            case Answered(referral):
                yield cause.says(
                    _closed(referral, referral.answered_at or referral.changed_at),
                    firm_id=case.firm_id,
                    to=referral.partner,
                    subject=referral.referral_id,
                )
            case Reminded() | Escalated():
                yield cause.says(_awaited_of(fact, case.assessment), firm_id=case.firm_id)
                yield cause.says(
                    _awaited(fact), firm_id=case.firm_id, to=fact.referral.partner, subject=fact.referral.referral_id
                )
            case MembershipAsked(query):
                asked = membership_queried(query, case.assessment)
                yield cause.says(asked, firm_id=case.firm_id, to=query.partner, subject=case.firm_id)
            case InformationAsked(request):
                wanted = information_requested(request, case.assessment)
                yield cause.says(wanted, firm_id=case.firm_id, to=request.partner, subject=case.firm_id)
            case InformationClosed():
                pass  # where the firm stands then, those who told of it hear with its other news
            case _:
                assert_never(fact)


def news_of(case: Case, cause: Cause, at: datetime) -> Iterator[Said]:
    """What those who told us of the firm hear of how it stands now; the case remembers it, so save it afterwards."""
    for partner, status in news(case, at):
        yield cause.says(status, firm_id=case.firm_id, to=partner, subject=case.firm_id)


def answer_to(heard: Heard[Update], answer: Answer) -> Said:
    """The one final answer to an update. Who asks for a referral that is not its own gets nothing of it back."""
    update, referral = heard.event, answer.referral
    referral_id = referral.referral_id if referral else None
    status = referral.status.value if referral else None
    hold_until = referral.hold_until if referral else None
    event: UpdateRecorded | UpdateRefused
    match answer.outcome:
        case Outcome.REFUSED:
            event = UpdateRefused(
                position=_position(heard.place),
                at=heard.at,
                update_id=update.id,
                referral_id=referral_id,
                status=status,
                accept_by=_accept_by(referral),
                contact_by=_contact_by(referral),
                hold_until=hold_until,
                problems=answer.problems,
            )
        case Outcome.RECORDED | Outcome.REPEATED:
            event = UpdateRecorded(
                position=_position(heard.place),
                at=heard.at,
                update_id=update.id,
                referral_id=referral_id,
                status=status,
                accept_by=_accept_by(referral),
                contact_by=_contact_by(referral),
                hold_until=hold_until,
                flags=tuple(flag.value for flag in answer.flags),
            )
    return heard.says(event, to=heard.partner, subject=referral_id)


def held(heard: Heard[Update | None]) -> Said:
    """The provisional answer to an update that failed through our own fault; what it was about is not looked up."""
    event = UpdateHeld(position=_position(heard.place), at=heard.at, update_id=heard.event.id if heard.event else None)
    return heard.says(event, to=heard.partner)


def _wish(wish: Wish, firm: FirmAssessed) -> PreferenceAsked:
    return PreferenceAsked(
        firm_id=wish.firm_id,
        question_id=wish.question_id,
        partner=wish.partner,
        answer_by=wish.answer_by,
        firm_name=firm.profile.name,
        contacts=firm.profile.contacts,
    )


def _opened(fact: Opened, firm: FirmAssessed) -> ReferralOpened:
    referral = fact.referral
    return ReferralOpened(
        firm_id=referral.firm_id,
        referral_id=referral.referral_id,
        need_id=referral.need_id,
        partner=referral.partner,
        role=referral.role.value,
        front=referral.front,
        import_=referral.import_,
        market=referral.market,
        segment=firm.segment,
        requested_at=referral.requested_at,
        firm_name=firm.profile.name,
        contacts=firm.profile.contacts,
        replaces=referral.replaces,
    )


def _requested(fact: Opened, firm: FirmAssessed) -> ReferralRequested:
    referral, before = fact.referral, fact.replaces
    return ReferralRequested(
        referral_id=referral.referral_id,
        status=referral.status.value,
        at=referral.requested_at,
        accept_by=_accept_by(referral),
        need_id=referral.need_id,
        role=referral.role.value,
        front=referral.front,
        market=referral.market,
        import_=referral.import_,
        services=fact.services,
        firm=for_partner(firm.profile, referral.firm_id),
        segment=firm.segment,
        decision=partners_view(fact.decision, referral.partner),
        reference=reference(firm, referral.partner),
        part_of=referral.part_of,
        replaces=before.referral_id if before and before.partner == referral.partner else None,
    )


def _moved(fact: Moved, firm: FirmAssessed) -> ReferralMoved:
    referral = fact.referral
    completed = referral.status is Status.COMPLETED
    return ReferralMoved(
        firm_id=referral.firm_id,
        referral_id=referral.referral_id,
        partner=referral.partner,
        was=fact.was.value,
        status=referral.status.value,
        at=referral.changed_at,
        reason=referral.reason,
        firm_name=firm.profile.name,
        contacts=firm.profile.contacts,
        outcomes=_outcomes(referral) if completed else (),
        answer_by=referral.answer_by if completed else None,
    )


def _ended(referral: Referral) -> ReferralCancelled | ReferralClosed | None:
    """What the partner is told of an end, beside the answer to its update; not why persons entered it in error."""
    if referral.status in (Status.CANCELLED, Status.ENTERED_IN_ERROR):
        in_error = referral.status is Status.ENTERED_IN_ERROR
        return ReferralCancelled(
            referral_id=referral.referral_id,
            status=referral.status.value,
            at=referral.changed_at,
            reason=referral.status.value if in_error else referral.reason or "",
        )
    if referral.status is Status.COMPLETED:
        return _closed(referral, referral.changed_at)
    return None


def _closed(referral: Referral, at: datetime) -> ReferralClosed:
    """The completion, with what the firm says of it so far."""
    return ReferralClosed(
        referral_id=referral.referral_id,
        status=referral.status.value,
        at=at,
        outcomes=_outcomes(referral),
        confirmed_by_firm=referral.confirmed_by_firm or "unanswered",  # of a copy nobody is asked
    )


def _outcomes(referral: Referral) -> tuple[ReportedOutcome, ...]:
    return tuple(
        ReportedOutcome(code=one.code, market=one.market, value_eur=one.value_eur, on=one.on)
        for one in referral.outcomes
    )


def _asked_back(fact: CancellationAsked, firm: FirmAssessed) -> ReferralMoved:
    referral = fact.referral
    return ReferralMoved(
        firm_id=referral.firm_id,
        referral_id=referral.referral_id,
        partner=referral.partner,
        was=referral.status.value,
        status="cancellation_requested",
        at=referral.cancellation_at or referral.changed_at,
        reason=referral.cancellation,
        firm_name=firm.profile.name,
        contacts=firm.profile.contacts,
    )


def _cancellation_requested(fact: CancellationAsked) -> ReferralCancellationRequested:
    referral = fact.referral
    return ReferralCancellationRequested(
        referral_id=referral.referral_id,
        status=referral.status.value,
        at=referral.cancellation_at or referral.changed_at,
        hold_until=referral.hold_until,
        reason=referral.cancellation or "",
    )


def _awaited(fact: Reminded | Escalated) -> ReferralReminded | ReferralEscalated:
    referral = fact.referral
    kind = ReferralReminded if isinstance(fact, Reminded) else ReferralEscalated
    return kind(
        referral_id=referral.referral_id,
        status=referral.status.value,
        at=fact.at,
        accept_by=_accept_by(referral),
        contact_by=_contact_by(referral),
        reason=fact.reason,
    )


def _awaited_of(fact: Reminded | Escalated, firm: FirmAssessed) -> ReferralAwaited:
    referral, waits = fact.referral, Waits(fact.reason)
    match waits:
        case Waits.ACCEPTANCE:
            due_by = referral.accept_by
        case Waits.FIRST_CONTACT:
            due_by = referral.contact_by
        case Waits.UPDATE:
            due_by = referral.heard_by
        case _:
            assert_never(waits)
    return ReferralAwaited(
        firm_id=referral.firm_id,
        referral_id=referral.referral_id,
        partner=referral.partner,
        step="reminded" if isinstance(fact, Reminded) else "escalated",
        awaits=waits.value,
        at=fact.at,
        due_by=due_by,
        firm_name=firm.profile.name,
    )


def _accept_by(referral: Referral | None) -> datetime | None:
    """By when it is to be accepted, while it is not."""
    if referral is None or referral.status not in (Status.REQUESTED, Status.RECEIVED):
        return None
    return referral.accept_by


def _contact_by(referral: Referral | None) -> datetime | None:
    """By when the firm is to be contacted first, while it has not been; on hold that rests."""
    return referral.contact_by if referral is not None and referral.status is Status.ACCEPTED else None


def _position(place: Place) -> Position:
    return Position(topic=place.topic, partition=place.partition, offset=place.offset)

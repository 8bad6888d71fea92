"""What a person at the Region decides: whom a need goes to where the rules name nobody, and what is taken back. Pure.

A person may choose any signatory, member body or not, owner of the front or not: that is what a person is for. What a
person cannot override is what does not belong to the Region: the firm's consent, a partner's own rejection of the need
(it is out of it for good, for a person as for the rules), the term of the agreement, and a task that somebody has.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from services.referral import domain, redeclared, routing
from services.referral.beside import open_copy, open_leg
from services.referral.case import LEG_REJECTED, Case, Fact, Moment, Need, NeedState, Opened, Receipt, Role
from services.referral.handover import open_responsible, stated
from services.referral.lifecycle import Ended, Status
from services.referral.offers import offers
from services.referral.receipt import (
    Candidate,
    Change,
    Decision,
    Outcome,
    Person,
    Predicate,
    Rule,
    Step,
    Verdict,
    digest,
)
from services.referral.routing import Consented
from shared.agreement import Agreement
from shared.contracts.classifier import FirmAssessed
from shared.errors import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A need is given to a partner by a person. `id` is the command's own, and the cause of what follows."""

    id: str
    need_id: str
    partner: str
    person: Person


CANCELS = (Ended.FIRM_REQUEST, Ended.DUPLICATE, Ended.SUPERSEDED, Ended.PARTNER_LEFT)
"""For what a person may take a referral back; the other reasons are facts that the service hears of by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """A referral is taken back by a person, for one of `CANCELS`. `id` is the command's own, `by` is who gave it."""

    id: str
    referral_id: str
    why: Ended
    by: str


class NotPossible(Trouble):
    """What the person wants is not theirs to decide, or decided already; one line, which names no other partner."""


def assign(case: Case, order: Assignment, moment: Moment) -> Opened:
    """Open the referral that the person wants and keep its receipt; `beside` opens what goes with it.

    Raises `NotPossible`; LookupError where the case has no such need.
    """
    need = case.needs[order.need_id]
    assessment = _served(case)
    if need.state is NeedState.REFERRED and need.reason == LEG_REJECTED:
        return _assign_leg(case, need, order, assessment, moment)
    _open_to_all(need, case)
    _may_have(order.partner, need, assessment, moment)
    before = case.referrals.get(need.referral_id) if need.referral_id else None
    need, named = redeclared.begun_anew(need, before), stated(case, need)
    decision = _decision(order, need, assessment, moment, redeclared.newcomers(case, need, named))
    need = redeclared.remembered(need, named) if named is not None else need
    referral = open_responsible(need, order.partner, before, moment)
    case.put(referral)
    case.put(
        replace(
            need,
            state=NeedState.REFERRED,
            reason=None,
            referral_id=referral.referral_id,
            decided=digest(decision),
        )
    )
    case.receipts.append(
        Receipt(need.need_id, case.firm_id, moment.cause_id, moment.at, decision, referral.referral_id)
    )
    return Opened(referral, decision, before, offers(referral, assessment, moment))


def beside(case: Case, opened: Opened, moment: Moment) -> list[Opened]:
    """Open the copies for those that support whom the person chose, because they declared the need after others did."""
    return [open_copy(case, opened.referral, code, opened.decision, moment) for code in opened.decision.supporting]


def _assign_leg(case: Case, need: Need, order: Assignment, assessment: FirmAssessed, moment: Moment) -> Opened:
    """The leg in the market goes to another executor; the need stays with the partner that is responsible for it."""
    parent = case.referrals[need.referral_id or ""]
    if any(
        one.need_id == need.need_id and one.role is Role.EXECUTOR and one.partner == order.partner
        for one in case.referrals.values()
        if one.status is not Status.ENTERED_IN_ERROR
    ):
        raise NotPossible(f"{order.partner} had the leg in the market of need {need.need_id}: it is out of it")
    _may_have(order.partner, need, assessment, moment)
    decision = _decision(order, need, assessment, moment)
    opened = open_leg(case, parent, order.partner, decision, moment)
    case.put(replace(need, reason=None))
    referral_id = opened.referral.referral_id
    case.receipts.append(Receipt(need.need_id, case.firm_id, moment.cause_id, moment.at, decision, referral_id))
    return opened


def cancel(case: Case, order: Cancellation, moment: Moment) -> list[Fact]:
    """Take the referral back, or ask the partner to end what it has begun; what follows for the need comes with it.

    Raises `NotPossible`; LookupError where the case has no such referral.
    """
    referral = case.referrals[order.referral_id]
    if not referral.is_open:
        why = f" ({referral.reason})" if referral.reason else ""
        raise NotPossible(f"referral {referral.referral_id} is {referral.status}{why} and does not change any more")
    if referral.cancellation is not None:
        raise NotPossible(
            f"{referral.partner} was asked already to end referral {referral.referral_id} ({referral.cancellation}): "
            "it confirms, or completes its work"
        )
    facts = domain.cancel(case, referral, order.why, moment)
    if not facts:
        raise NotPossible(f"referral {referral.referral_id} is {referral.status}: {order.why} does not end it")
    return facts


def _served(case: Case) -> FirmAssessed:
    """What is known of the firm, where it can still be helped."""
    if case.assessment is None:
        raise NotPossible("the firm was erased: nothing can be handed over")
    if case.assessment.profile.status == "ceased":
        raise NotPossible("the firm has ceased: nothing can be handed over")
    return case.assessment


def _open_to_all(need: Need, case: Case) -> None:
    match need.state:
        case NeedState.WAITING_CONSENT | NeedState.WAITING_MEMBERSHIP | NeedState.MANUAL:
            pass
        case NeedState.WAITING_INFORMATION:
            raise NotPossible(f"need {need.need_id} waits for information: nobody knows yet whether the firm has it")
        case NeedState.REFERRED:
            status = case.referrals[need.referral_id].status if need.referral_id else "there"
            raise NotPossible(f"need {need.need_id} is referred already: its referral is {status}")
        case NeedState.MET | NeedState.UNMET | NeedState.WITHDRAWN:
            why = f" ({need.reason})" if need.reason else ""
            raise NotPossible(f"need {need.need_id} is {need.state}{why}: there is nothing to assign")


def _may_have(partner: str, need: Need, assessment: FirmAssessed, moment: Moment) -> None:
    if partner not in moment.agreement.partners:
        raise NotPossible(f"{partner} is no signatory; the signatories are {', '.join(moment.agreement.partners)}")
    if not moment.agreement.in_force(moment.day):
        raise NotPossible(f"the agreement is not in force on {moment.day.isoformat()}: no referral is opened")
    if partner in need.excluded:
        raise NotPossible(f"{partner} has had this need and did not keep it: it is out of it")
    match routing.consented(partner, assessment.consents, moment.at):
        case Consented.YES:
            pass
        case Consented.EXPIRED:
            raise NotPossible(f"the firm's consent for {partner} has expired: without it nothing is handed over")
        case Consented.NO:
            raise NotPossible(f"the firm has not consented to {partner}: without it nothing is handed over")


def _decision(
    order: Assignment,
    need: Need,
    assessment: FirmAssessed,
    moment: Moment,
    newcomers: Collection[str] = (),
) -> Decision:
    """The receipt: the steps that a person cannot pass over, and what kept each of the others out, if anything did.
    Of `newcomers`, who declared the need after others did, those that nothing keeps out support."""
    agreement, partner = moment.agreement, order.partner
    barred = {code: _barred(code, need, assessment, moment) for code in agreement.partners if code != partner}
    supporting = tuple(code for code, why in barred.items() if code in newcomers and why is Predicate.PERSON_DECIDED)

    def candidate(code: str) -> Candidate:
        if code == partner:
            return Candidate(code, Verdict.SELECTED, Predicate.ASSIGNED_BY_PERSON)
        if code in supporting:
            return Candidate(code, Verdict.SUPPORTING, Predicate.DECLARES_TOO)
        return Candidate(code, Verdict.NOT_SELECTED, barred[code])

    return Decision(
        agreement=agreement.version,
        outcome=Outcome.ASSIGNED,
        rule=Rule.ASSIGNED_BY_PERSON,
        path=(
            Step(Rule.AGREEMENT_IN_FORCE, f"version {agreement.version} is in force"),
            Step(Rule.CONSENT, f"the firm has consented to {partner}"),
            Step(Rule.ASSIGNED_BY_PERSON, _choice(partner, need, agreement)),
        ),
        candidates=tuple(candidate(code) for code in agreement.partners),
        would_change_it=(Change("consent_withdrawn", partner),),
        partner=partner,
        person=order.person,
        supporting=supporting,
    )


def _barred(partner: str, need: Need, assessment: FirmAssessed, moment: Moment) -> Predicate:
    if partner in need.excluded:
        return Predicate.REJECTED_EARLIER
    match routing.consented(partner, assessment.consents, moment.at):
        case Consented.EXPIRED:
            return Predicate.CONSENT_EXPIRED
        case Consented.NO:
            return Predicate.NO_CONSENT
        case Consented.YES:
            return Predicate.PERSON_DECIDED


def _choice(partner: str, need: Need, agreement: Agreement) -> str:
    if agreement.serves(partner, need.front):
        return f"a person at regione chose {partner}"
    return f"a person at regione chose {partner}, which does not serve {need.front} by the agreement"

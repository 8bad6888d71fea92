"""What follows when a referral's clock is due. Pure.

The referral decides and not the clock: whatever does not run any more, or is judged later, calls for nothing. Several
that are due together are heard in order, until one of them ends the referral.
"""

from dataclasses import replace
from typing import assert_never

from services.referral import closure, domain
from services.referral.case import Case, Escalated, Fact, Moment, Referral, Reminded
from services.referral.clocks import Kind, awaited, running
from services.referral.lifecycle import Ended, Status


def ring(case: Case, referral_id: str, moment: Moment) -> list[Fact]:
    """Everything of the referral that is due at the moment; the case is changed."""
    facts: list[Fact] = []
    for _ in Kind:  # each at most once: none may call for itself for ever
        referral = case.referrals.get(referral_id)
        if referral is None:
            break
        clock = next(iter(running(case, referral, moment.outages, moment.agreement)), None)
        if clock is None or clock.due_at > moment.at:
            break
        facts += _heard(clock.kind, case, referral, moment)
    return facts


def _heard(kind: Kind, case: Case, referral: Referral, moment: Moment) -> list[Fact]:
    match kind:
        case Kind.HOLD:
            return domain.resume(case, referral, moment)
        case Kind.CONSENT:
            return domain.cancel(case, referral, Ended.CONSENT_EXPIRED, moment)
        case Kind.REMIND:
            reminded = replace(referral, remind_at=None)
            case.put(reminded)
            return [Reminded(reminded, awaited(referral.status).value, moment.at)]
        case Kind.ESCALATE:
            escalated = replace(referral, escalate_at=None)
            case.put(escalated)
            return [Escalated(escalated, awaited(referral.status).value, moment.at)]
        case Kind.REROUTE:
            return domain.cancel(case, referral, Ended.NO_RESPONSE, moment)
        case Kind.CANCELLATION:
            return domain.move(case, referral, Status.CANCELLED, None, moment.at, moment)
        case Kind.CONFIRMATION:
            return closure.expire(case, referral)
        case _:
            assert_never(kind)

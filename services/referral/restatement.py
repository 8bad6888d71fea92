"""A case as it is said once more to whoever has lost it. Pure.

It tells what its referrals are for, and what the firm was asked and may still answer."""

from collections.abc import Collection, Iterator

from services.referral.case import Case, Referral
from services.referral.lifecycle import Status
from shared.contracts.firm import Contacts
from shared.contracts.referral import PreferenceRestated, ReferralRestated, ReportedOutcome


def restated(case: Case, erased: Collection[str]) -> Iterator[ReferralRestated | PreferenceRestated]:
    """In the order of their ids. `erased` are referrals of before an erasure, which nobody is to know of again."""
    contacts = case.assessment.profile.contacts if case.assessment is not None else None
    for referral_id in sorted(case.referrals.keys() - set(erased)):
        yield _referral(case.referrals[referral_id], contacts)
    for wish in sorted(case.wishes.values(), key=lambda wish: wish.question_id):
        if wish.confirmed is None:
            yield PreferenceRestated(
                firm_id=wish.firm_id,
                question_id=wish.question_id,
                partner=wish.partner,
                answer_by=wish.answer_by,
                contacts=contacts,
            )


def _referral(referral: Referral, contacts: Contacts | None) -> ReferralRestated:
    asked = (
        referral.status is Status.COMPLETED
        and referral.confirmed_by_firm == "pending"
        and referral.answer_by is not None
    )
    return ReferralRestated(
        firm_id=referral.firm_id,
        referral_id=referral.referral_id,
        partner=referral.partner,
        role=referral.role.value,
        front=referral.front,
        import_=referral.import_,
        market=referral.market,
        outcomes=tuple(
            ReportedOutcome(code=one.code, market=one.market, value_eur=one.value_eur, on=one.on)
            for one in referral.outcomes
        )
        if asked
        else (),
        answer_by=referral.answer_by if asked else None,
        contacts=contacts if asked else None,
    )

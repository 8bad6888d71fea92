"""What is said to a partner that is asked about a firm. Pure."""

from services.referral.request import Query, Request
from shared.contracts.classifier import FirmAssessed
from shared.contracts.referrals import InformationRequested, MembershipQueried


def membership_queried(query: Query, firm: FirmAssessed) -> MembershipQueried:
    return MembershipQueried(
        query_id=query.query_id, codice_fiscale=firm.profile.codice_fiscale, answer_by=query.answer_by
    )


def information_requested(request: Request, firm: FirmAssessed) -> InformationRequested:
    return InformationRequested(
        request_id=request.request_id,
        firm_id=request.firm_id,
        codice_fiscale=firm.profile.codice_fiscale,
        reference=reference(firm, request.partner),
        segment=firm.segment,
        missing=request.missing,
        answer_by=request.answer_by,
    )


def reference(firm: FirmAssessed, partner: str) -> str | None:
    """The partner's own name for the firm, given back to it and to nobody else."""
    return next((one.reference for one in firm.publishers if one.partner == partner), None)

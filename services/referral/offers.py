"""Which of a partner's services fit a referral: by front, segment, market, direction and day. Pure."""

from services.referral.case import Moment, Referral
from shared.contracts.classifier import FirmAssessed
from shared.contracts.referrals import OfferedService


def offers(referral: Referral, assessed: FirmAssessed, moment: Moment) -> tuple[OfferedService, ...]:
    """The services that the referral names, in the agreement's order; their titles are the Italian ones. Of a firm that
    can be in several segments, those for any of them."""
    return tuple(
        OfferedService(code=service.code, title=service.title.it, link=service.link)
        for service in moment.agreement.services_for(
            referral.partner,
            referral.front,
            assessed.segment.possible,
            referral.market,
            referral.import_,
            moment.day,
        )
    )

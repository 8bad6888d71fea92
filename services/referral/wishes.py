"""By whom a firm wants to be served, and whether that counts. Pure.

The wish comes with the profile, so somebody has written it down. Where the body that is wished for has told nothing of
the firm it counts as it stands. Where it has, it could have written the wish down itself: then it counts once the firm
has confirmed it by its link.
"""

from dataclasses import dataclass

from services.referral.case import Case
from shared.contracts.classifier import FirmAssessed


@dataclass(frozen=True, slots=True)
class Wished:
    """`choice`: the body whose wish counts; `confirmed`: because the firm said so itself; `doubted`: the body that is
    wished for where that does not count."""

    choice: str | None = None
    confirmed: bool = False
    doubted: str | None = None


def wished(case: Case, assessed: FirmAssessed) -> Wished:
    """The firm's wish as it stands."""
    wanted = assessed.profile.preferred_partner
    if wanted is None:
        return Wished()
    if all(one.partner != wanted for one in assessed.publishers):
        return Wished(wanted)
    if any(one.partner == wanted and one.confirmed for one in case.wishes.values()):
        return Wished(wanted, confirmed=True)
    return Wished(doubted=wanted)

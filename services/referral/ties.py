"""Equal chances among partners that nothing tells apart: rendezvous hash of firm and partner. Pure.

The hash depends on nothing but the firm's id and the partner's code: it is the same on every front, on every day and
under every version of the agreement, and anybody can compute it (docs/verify-ties.md). Never "who has the fewest open
referrals": that could not be computed again.
"""

import hashlib
from collections.abc import Collection, Sequence

from services.referral.receipt import Tie


def weight(firm_id: str, partner: str) -> str:
    """SHA-256 of `<firm_id>/<partner>` in hex: of tied partners the greatest wins."""
    return hashlib.sha256(f"{firm_id}/{partner}".encode()).hexdigest()


def settle(firm_id: str, members: Sequence[str], serving: Collection[str]) -> tuple[str, Tie]:
    """The one of these partners that takes the need, and the tie as the receipt keeps it.

    A member in `serving` (it has an open or a completed referral of the firm) keeps the firm; several such, or none,
    are drawn by the hash.
    """
    staying = tuple(code for code in members if code in serving)
    winner = max(staying or members, key=lambda code: weight(firm_id, code))
    return winner, Tie(tuple(members), weight(firm_id, winner), staying)

"""The table of successions: which firm stands for which. Links are ids and a partner's code; nothing is personal."""

from collections.abc import Sequence

from services.referral.succession import Link
from shared.contracts.base import Event, FirmId
from shared.contracts.classifier import AssessmentSucceeded
from shared.feeds.failures import Outdated
from shared.postgres.pool import Connection

# Which of two words about one firm holds, intake has decided: it says that one last.
_RECORD = """
INSERT INTO successions (firm_id, successor_id, kind, at, said_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (firm_id) DO UPDATE SET successor_id = excluded.successor_id, kind = excluded.kind, at = excluded.at,
    said_by = excluded.said_by
"""

_LOCK = "SELECT held FROM firms WHERE firm_id = ANY($1::uuid[]) ORDER BY firm_id FOR UPDATE NOWAIT"

_REACHED = """
WITH RECURSIVE way AS (
    SELECT firm_id, successor_id, at, said_by FROM successions WHERE firm_id = ANY($1::uuid[])
    UNION SELECT s.firm_id, s.successor_id, s.at, s.said_by FROM successions s JOIN way ON s.firm_id = way.successor_id)
SELECT * FROM way
"""


async def record(connection: Connection, said: AssessmentSucceeded) -> dict[FirmId, Link]:
    """Keep the word, and give all links that lead on from the firm, this one with them."""
    await connection.execute(_RECORD, said.firm_id, said.successor_id, said.kind, said.at, said.said_by)
    return await links(connection, [said.firm_id])


async def links(connection: Connection, firm_ids: Sequence[FirmId]) -> dict[FirmId, Link]:
    """By firm, the links that these firms and their successors have."""
    rows = await connection.fetch(_REACHED, list(firm_ids))
    return {str(row["firm_id"]): Link(**dict(row)) for row in rows}


async def touched(connection: Connection, events: Sequence[Event]) -> list[tuple[FirmId, ...]]:
    """Further firms whose cases each event may change: with a succession all that lead on from the successor."""
    named = [one.successor_id for one in events if isinstance(one, AssessmentSucceeded)]
    known = await links(connection, named) if named else {}
    return [_led_to(one.successor_id, known) if isinstance(one, AssessmentSucceeded) else () for one in events]


async def lock(connection: Connection, firm_ids: Sequence[FirmId]) -> None:
    """Lock firms to which referrals have gone since their locks were chosen, unless that was in this very transaction.

    Nobody is waited for: this is out of the order of locks. Raises `Outdated` where records of such a firm are held.
    """
    rows = await connection.fetch(_LOCK, list(firm_ids))
    if any(row["held"] for row in rows):
        raise Outdated("a referral has gone to a firm whose records are held")


def _led_to(firm_id: FirmId, known: dict[FirmId, Link]) -> tuple[FirmId, ...]:
    found = [firm_id]
    while (link := known.get(found[-1])) is not None and link.successor_id not in found:
        found.append(link.successor_id)
    return tuple(found)

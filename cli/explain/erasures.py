"""What is kept of erasures: who asked, when it was done, and when all who had got something were told."""

import msgspec

from cli.explain.journey import Erasure
from shared.postgres.pool import Connection


async def marked(connection: Connection, firm_id: str) -> Erasure | None:
    """The erasure mark that intake keeps; None where the firm was never erased."""
    row = await connection.fetchrow(
        "SELECT requested_at, partner, submission_id, erased_at FROM erasures WHERE firm_id = $1", firm_id
    )
    return None if row is None else Erasure(**dict(row))


async def ended(connection: Connection, firm_id: str, mark: Erasure | None) -> Erasure | None:
    """The mark with what referral knows of its end: when all four stores were empty and who was told."""
    row = mark and await connection.fetchrow(
        "SELECT told_at, recipients FROM erasures WHERE firm_id = $1 AND requested_at = $2 ORDER BY version DESC",
        firm_id,
        mark.requested_at,
    )
    if mark is None or not row:
        return mark
    return msgspec.structs.replace(mark, told_at=row["told_at"], told=tuple(row["recipients"]))

"""The ties of stored receipts."""

from datetime import datetime

from cli.fairness.draws import Draw
from shared.postgres.pool import Connection


async def draws(
    connection: Connection, *, memberships: bool, since: datetime | None = None, before: datetime | None = None
) -> list[Draw]:
    """Every tie between partners that take such a firm, in the order of the decisions; of a time, where one is given.
    `memberships`: those between bodies that both have the firm as their member as well, which is for nobody but the
    Region to read."""
    found = await connection.fetch(
        """SELECT firm_id, receipt FROM decisions
        WHERE receipt ? 'tie' AND (receipt ->> 'rule' = 'tie' OR $1)
              AND decided_at >= coalesce($2::timestamptz, '-infinity')
              AND decided_at < coalesce($3::timestamptz, 'infinity')
        ORDER BY decided_at, need_id""",
        memberships,
        since,
        before,
    )
    return [
        Draw(
            firm_id=row["firm_id"],
            members=tuple(row["receipt"]["tie"]["members"]),
            staying=tuple(row["receipt"]["tie"].get("staying", ())),
            partner=row["receipt"]["partner"],
            hash=row["receipt"]["tie"]["hash"],
        )
        for row in found
    ]

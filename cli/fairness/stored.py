"""The ties of stored receipts."""

from cli.fairness.draws import Draw
from shared.postgres.pool import Connection


async def draws(connection: Connection, *, memberships: bool) -> list[Draw]:
    """Every tie between partners that take such a firm, in the order of the decisions. `memberships`: those between
    bodies that both have the firm as their member as well, which is for nobody but the Region to read."""
    found = await connection.fetch(
        """SELECT firm_id, receipt FROM decisions
        WHERE receipt ? 'tie' AND (receipt ->> 'rule' = 'tie' OR $1) ORDER BY decided_at, need_id""",
        memberships,
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

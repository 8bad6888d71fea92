"""One snapshot of referral's store, which alone keeps all that figures are made of: firms, tasks, ties.

Nothing can be changed from here: the transaction is read-only, and its role may read and nothing else.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cli.explain.stores import opened
from cli.fairness.draws import Draw
from cli.fairness.stored import draws
from cli.kpi.facts import UNKNOWN, Firm, Movement, Placement, Task, consent_of
from deploy.local.home import Home
from services.referral.eligibility import province_of
from services.referral.lifecycle import Status
from shared.contracts.classifier import FirmAssessed
from shared.postgres.pool import Connection

_BATCH = 2000
"""Rows that are in memory at once."""

# Firms that another code stands for are counted under that one.
_FIRMS = """
SELECT state::text AS state, placed.segments, placed.times
FROM assessments JOIN (
    SELECT firm_id, array_agg(segment ORDER BY placed_at, version) AS segments,
           array_agg(placed_at ORDER BY placed_at, version) AS times
    FROM placements GROUP BY firm_id
) AS placed USING (firm_id)
WHERE NOT EXISTS (SELECT 1 FROM successions WHERE successions.firm_id = assessments.firm_id)
"""

# What was entered in error never was, and what came in its place was not re-routed.
_TASKS = """
SELECT r.need_id, r.firm_id, r.partner, r.front, r.import, r.outcomes, needs.state AS need_state, replaced.ended_at,
       r.confirmed_by_firm, moved.statuses, moved.reasons, moved.times
FROM referrals AS r JOIN needs USING (need_id)
JOIN (
    SELECT referral_id, array_agg(status ORDER BY id) AS statuses, array_agg(reason ORDER BY id) AS reasons,
           array_agg(at ORDER BY id) AS times
    FROM movements GROUP BY referral_id
) AS moved ON moved.referral_id = r.referral_id
LEFT JOIN (
    SELECT referral_id, max(at) AS ended_at FROM movements JOIN referrals USING (referral_id)
    WHERE referrals.status <> 'entered_in_error' GROUP BY referral_id
) AS replaced ON replaced.referral_id = r.replaces
WHERE r.role = 'responsible' AND r.status <> 'entered_in_error'
ORDER BY r.requested_at, r.referral_id
"""

_DECODER = msgspec.json.Decoder(FirmAssessed)


@dataclass(frozen=True, slots=True)
class Stored:
    """One moment of the store, `at` its clock."""

    connection: Connection
    at: datetime

    async def firms(self) -> dict[str, Firm]:
        """Every firm that stands, by id."""
        found: dict[str, Firm] = {}
        cursor = await self.connection.cursor(_FIRMS)
        while rows := await cursor.fetch(_BATCH):
            for row in rows:
                firm = self._firm(_DECODER.decode(row["state"]), row["segments"], row["times"])
                found[firm.firm_id] = firm
        return found

    def _firm(self, known: FirmAssessed, segments: list[str], times: list[datetime]) -> Firm:
        holding = [
            one.to
            for one in known.consents
            if one.purpose == "referral" and (one.expires_at is None or one.expires_at > self.at)
        ]
        return Firm(
            firm_id=known.firm_id,
            province=province_of(known.profile, None) or UNKNOWN,
            placements=tuple(map(Placement, segments, times)),
            consent=consent_of(holding, [one.partner for one in known.publishers]),
        )

    async def tasks(self, firms: Mapping[str, Firm]) -> list[Task]:
        """Every responsible referral, in the order in which they were requested."""
        found: list[Task] = []
        cursor = await self.connection.cursor(_TASKS)
        while rows := await cursor.fetch(_BATCH):
            for row in rows:
                done = row["statuses"][-1] == Status.COMPLETED
                found.append(
                    Task(
                        need_id=row["need_id"],
                        partner=row["partner"],
                        front=row["front"],
                        import_=row["import"],
                        need_state=row["need_state"],
                        movements=tuple(map(Movement, row["statuses"], row["reasons"], row["times"])),
                        outcomes=tuple(sorted({one["code"] for one in row["outcomes"]})) if done else (),
                        confirmed=row["confirmed_by_firm"],
                        firm_id=row["firm_id"],
                        firm=firms.get(row["firm_id"]),
                        replaced_at=row["ended_at"],
                    )
                )
        return found

    async def draws(self, since: datetime | None, before: datetime | None) -> list[Draw]:
        """Ties between partners that take such a firm. Those between bodies of which it is a member tell of
        memberships and are left out."""
        return await draws(self.connection, memberships=False, since=since, before=before)


@asynccontextmanager
async def stored(home: Home, prefix: str = "") -> AsyncIterator[Stored]:
    """A snapshot of the store. Raises `Unreachable` while nobody answers."""
    async with opened(home, "referral", prefix) as connection:
        # A role of the server's own that can read every table and write to none.
        await connection.execute("SET LOCAL ROLE pg_read_all_data")
        # Where the clock of demonstrations was moved ahead, what happened last is later than the server's now.
        at: datetime = await connection.fetchval("SELECT greatest(now(), (SELECT max(at) FROM movements))")
        yield Stored(connection, at)

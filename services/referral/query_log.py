"""The table of memberships that bodies were asked about: loaded and saved with the cases of their firms."""

from collections.abc import Iterable, Mapping, Sequence

from services.referral.case import Case, Query
from shared.postgres.pool import Connection


async def firms_of(connection: Connection, queries: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(partner, query id) -> firm, for those that exist and that this partner was asked; another's are not there."""
    rows = await connection.fetch(
        """SELECT asked.partner, query_id, firm_id
           FROM unnest($1::text[], $2::uuid[]) AS asked (partner, query_id)
           JOIN membership_queries USING (partner, query_id)""",
        [partner for partner, _ in queries],
        [query_id for _, query_id in queries],
    )
    return {(row["partner"], row["query_id"]): row["firm_id"] for row in rows}


async def load_queries(connection: Connection, cases: Mapping[str, Case]) -> None:
    """Put into each case what was asked of its firm."""
    for row in await connection.fetch("SELECT * FROM membership_queries WHERE firm_id = ANY($1)", list(cases)):
        cases[row["firm_id"]].queries[row["query_id"]] = Query(**dict(row))


async def save_queries(connection: Connection, cases: Iterable[Case]) -> None:
    """Write what was asked or answered."""
    queries = [one for case in cases for key, one in case.queries.items() if key in case.touched]
    if queries:
        await connection.execute(
            """INSERT INTO membership_queries (query_id, firm_id, partner, asked_at, answer_by, member, since,
                                               answered_at)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                                    $6::boolean[], $7::date[], $8::timestamptz[])
               ON CONFLICT (query_id) DO UPDATE SET
                   member = excluded.member, since = excluded.since, answered_at = excluded.answered_at""",
            [one.query_id for one in queries],
            [one.firm_id for one in queries],
            [one.partner for one in queries],
            [one.asked_at for one in queries],
            [one.answer_by for one in queries],
            [one.member for one in queries],
            [one.since for one in queries],
            [one.answered_at for one in queries],
        )

"""The table of requests for information: loaded and saved with the cases of their firms."""

from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import msgspec

from services.referral.case import Case
from services.referral.request import Closing, Request
from shared.contracts.classifier import Missing
from shared.postgres.pool import Connection


async def firms_of(connection: Connection, requests: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(partner, request id) -> firm, for those that exist and were made of this partner; another's are not there."""
    rows = await connection.fetch(
        """SELECT asked.partner, request_id, firm_id
           FROM unnest($1::text[], $2::uuid[]) AS asked (partner, request_id)
           JOIN information_requests USING (partner, request_id)""",
        [partner for partner, _ in requests],
        [request_id for _, request_id in requests],
    )
    return {(row["partner"], row["request_id"]): row["firm_id"] for row in rows}


async def load_requests(connection: Connection, cases: Mapping[str, Case]) -> None:
    """Put into each case what was asked of its firm."""
    for row in await connection.fetch("SELECT * FROM information_requests WHERE firm_id = ANY($1)", list(cases)):
        cases[row["firm_id"]].requests[row["request_id"]] = _request(row)


_SAVE = """
INSERT INTO information_requests (request_id, firm_id, number, partner, missing, asked_at, answer_by, closed, closed_at,
                                  declined, declined_at)
SELECT request_id, firm_id, number, partner, missing::jsonb, asked_at, answer_by, closed, closed_at, declined,
       declined_at
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
            $8::text[], $9::timestamptz[], $10::text[], $11::timestamptz[])
     AS changed (request_id, firm_id, number, partner, missing, asked_at, answer_by, closed, closed_at, declined,
                 declined_at)
ON CONFLICT (request_id) DO UPDATE SET
    closed = excluded.closed, closed_at = excluded.closed_at,
    declined = excluded.declined, declined_at = excluded.declined_at
"""


async def save_requests(connection: Connection, cases: Iterable[Case]) -> None:
    """Write what was asked, declined or closed. What is closed goes first: a firm never has two open requests."""
    requests = [one for case in cases for key, one in case.requests.items() if key in case.touched]
    for batch in ([one for one in requests if not one.is_open], [one for one in requests if one.is_open]):
        if batch:
            await connection.execute(
                _SAVE,
                [one.request_id for one in batch],
                [one.firm_id for one in batch],
                [one.number for one in batch],
                [one.partner for one in batch],
                [msgspec.json.encode(one.missing).decode() for one in batch],
                [one.asked_at for one in batch],
                [one.answer_by for one in batch],
                [one.closed for one in batch],
                [one.closed_at for one in batch],
                [one.declined for one in batch],
                [one.declined_at for one in batch],
            )


def _request(row: asyncpg.Record) -> Request:
    return Request(
        request_id=row["request_id"],
        firm_id=row["firm_id"],
        number=row["number"],
        partner=row["partner"],
        missing=msgspec.convert(row["missing"], tuple[Missing, ...]),
        asked_at=row["asked_at"],
        answer_by=row["answer_by"],
        closed=Closing(row["closed"]) if row["closed"] else None,
        closed_at=row["closed_at"],
        declined=row["declined"],
        declined_at=row["declined_at"],
    )

"""The table of wishes that firms were asked about: loaded and saved with the cases of their firms."""

from collections.abc import Iterable, Mapping

from services.referral.case import Case, Wish
from shared.postgres.pool import Connection


async def load_wishes(connection: Connection, cases: Mapping[str, Case]) -> None:
    """Put into each case what its firm was asked about its wishes."""
    for row in await connection.fetch("SELECT * FROM wishes WHERE firm_id = ANY($1)", list(cases)):
        cases[row["firm_id"]].wishes[row["question_id"]] = Wish(**dict(row))


async def save_wishes(connection: Connection, cases: Iterable[Case]) -> None:
    """Write what was asked or answered."""
    wishes = [one for case in cases for key, one in case.wishes.items() if key in case.touched]
    if wishes:
        await connection.execute(
            """INSERT INTO wishes (question_id, firm_id, partner, asked_at, answer_by, confirmed, answered_at)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[],
                                    $6::boolean[], $7::timestamptz[])
               ON CONFLICT (question_id) DO UPDATE SET
                   confirmed = excluded.confirmed, answered_at = excluded.answered_at""",
            [one.question_id for one in wishes],
            [one.firm_id for one in wishes],
            [one.partner for one in wishes],
            [one.asked_at for one in wishes],
            [one.answer_by for one in wishes],
            [one.confirmed for one in wishes],
            [one.answered_at for one in wishes],
        )

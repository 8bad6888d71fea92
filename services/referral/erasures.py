"""The table of erasures, and what an erasure takes out of the others.

What stays says nothing of the firm to anybody without the key of its name: ids, partners, coded states and reasons,
times, outcomes by code. Receipts of decisions go whole: their reasons tell of memberships and consents, and a person's
are free words. An update keeps its id, place and outcome, and loses what it said together with the hash of it, which is
not keyed: short words could be guessed by it. Every function takes the connection of an open transaction in which the
firms' rows are locked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.referral.case import Case
from shared.contracts.base import FirmId
from shared.contracts.classifier import AssessmentErased
from shared.contracts.notifier import NotificationsErased
from shared.feeds import aside
from shared.feeds.speech import Place
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was asked for, the referrals that the firm had until then, and whoever got anything of it or asked."""

    asked: AssessmentErased
    referral_ids: tuple[str, ...]
    recipients: tuple[str, ...]


def erasure_of(case: Case, asked: AssessmentErased) -> Erasure:
    """Taken down before the case is emptied."""
    partners = {one.partner for known in (case.referrals, case.queries, case.requests) for one in known.values()}
    return Erasure(asked, tuple(case.referrals), tuple(sorted({*partners, *case.told, asked.requested_by})))


# The same firm may ask again before the first request has been answered to the end: each is answered by itself, but for
# those with the same time, which are one; nobody who waits for its answer is left out.
_KEEP = """
INSERT INTO erasures (firm_id, version, requested_at, requested_by, submission_id, recipients, erased_at)
SELECT firm_id, version, requested_at, requested_by, submission_id, string_to_array(recipients, ' '), $7
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
     AS asked (firm_id, version, requested_at, requested_by, submission_id, recipients)
ON CONFLICT (firm_id, version, requested_at) DO UPDATE SET told_at = NULL, recipients = CASE
    WHEN erasures.told_at IS NOT NULL THEN excluded.recipients
    ELSE ARRAY(SELECT DISTINCT code FROM unnest(erasures.recipients || excluded.recipients) AS code ORDER BY code) END
"""

_MARK = "INSERT INTO erased_referrals (referral_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"

_FORGET = (
    "DELETE FROM assessments WHERE firm_id = ANY($1::uuid[])",
    "DELETE FROM firm_statuses WHERE firm_id = ANY($1::uuid[])",
    "DELETE FROM decisions WHERE firm_id = ANY($1::uuid[])",
    "DELETE FROM membership_queries WHERE firm_id = ANY($1::uuid[])",
    "DELETE FROM wishes WHERE firm_id = ANY($1::uuid[])",
    """UPDATE updates SET content_hash = NULL FROM information_requests r
    WHERE r.firm_id = ANY($1::uuid[]) AND r.request_id = updates.request_id""",
    "DELETE FROM information_requests WHERE firm_id = ANY($1::uuid[])",
    """UPDATE updates SET content = NULL, content_hash = NULL FROM referrals
    WHERE referrals.firm_id = ANY($1::uuid[]) AND referrals.referral_id = updates.referral_id""",
    """UPDATE commands SET reason = NULL FROM referrals
    WHERE referrals.firm_id = ANY($1::uuid[]) AND referrals.referral_id = commands.referral_id
          AND commands.kind <> 'cancel'""",
)


# A link that is not newer than the request holds no longer: should the firm be told of again, it stands for itself.
_UNLINK = """
DELETE FROM successions USING unnest($1::uuid[], $2::timestamptz[]) AS asked (firm_id, requested_at)
WHERE successions.firm_id = asked.firm_id AND successions.at <= asked.requested_at
"""


async def forget(connection: Connection, erased: Sequence[Erasure], at: datetime) -> None:
    """Take down what was asked, and drop what is known of these firms. What was heard of one of them afterwards is to
    be saved afterwards."""
    if not erased:
        return
    asked = [one.asked for one in erased]
    await connection.execute(
        _KEEP,
        *_columns(asked),
        [" ".join(one.recipients) for one in erased],  # codes hold no blanks, and arrays of arrays no lengths
        at,
    )
    await connection.execute(_MARK, sorted({id for one in erased for id in one.referral_ids}))
    firms = sorted({one.firm_id for one in asked})
    await connection.execute(_UNLINK, [one.firm_id for one in asked], [one.requested_at for one in asked])
    for statement in _FORGET:
        await connection.execute(statement, firms)
    await aside.forget(connection, firms)


def _columns(asked: Sequence[AssessmentErased]) -> tuple[list[object], ...]:
    return (
        [one.firm_id for one in asked],
        [one.version for one in asked],
        [one.requested_at for one in asked],
        [one.requested_by for one in asked],
        [one.submission_id for one in asked],
    )


_STRIP = """
UPDATE updates SET content = NULL, content_hash = NULL FROM erased_referrals
WHERE updates.cause_id = ANY($1::text[]) AND erased_referrals.referral_id = updates.referral_id
RETURNING topic, partition, record_offset
"""


async def strip(connection: Connection, cause_ids: Sequence[str]) -> None:
    """Take away what these updates said, where they are about referrals of before an erasure: partners may write on
    for weeks, and a note would bring back what is gone. One that was set aside loses its bytes as well."""
    if cause_ids:
        rows = await connection.fetch(_STRIP, cause_ids)
        places = [Place(row["topic"], row["partition"], row["record_offset"]) for row in rows]
        await aside.forget_at(connection, places)


async def among(connection: Connection, referral_ids: Sequence[str]) -> set[str]:
    """Those of these referrals that are of before an erasure."""
    rows = await connection.fetch(
        "SELECT referral_id FROM erased_referrals WHERE referral_id = ANY($1::uuid[])", referral_ids
    )
    return {row["referral_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Done:
    """A partner that is to hear that the firm is erased everywhere, with its own referrals of the firm."""

    partner: str
    firm_id: FirmId
    referral_ids: tuple[str, ...]


_COMPLETE = """
UPDATE erasures SET told_at = $4 WHERE firm_id = $1 AND version = $2 AND requested_at = $3 AND told_at IS NULL
RETURNING recipients
"""

# A referral that was opened after the erasure is a new beginning's, and not marked.
_REFERRALS = """
SELECT referral_id, partner FROM referrals JOIN erased_referrals USING (referral_id)
WHERE firm_id = $1 ORDER BY requested_at, referral_id
"""


async def complete(connection: Connection, answered: NotificationsErased, at: datetime) -> list[Done]:
    """The last store is empty: whom to tell. Nobody where that was told before."""
    recipients: list[str] | None = await connection.fetchval(
        _COMPLETE, answered.firm_id, answered.version, answered.requested_at, at
    )
    if recipients is None:
        return []
    mine: dict[str, list[str]] = {partner: [] for partner in recipients}
    for row in await connection.fetch(_REFERRALS, answered.firm_id):
        if row["partner"] in mine:
            mine[row["partner"]].append(row["referral_id"])
    return [Done(partner, answered.firm_id, tuple(ids)) for partner, ids in mine.items()]

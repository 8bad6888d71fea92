"""The referral service's tables: what is read before a decision and written after it.

Every function takes the connection of an open transaction in which the firms' rows are locked. Columns travel as
arrays, one statement for all firms of a batch.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import asyncpg
import msgspec

from services.referral.answers import Answer, Key, Outcome, Recorded
from services.referral.case import Case, Need, NeedState, Receipt, Referral
from services.referral.lifecycle import Status
from services.referral.updates import Update
from shared.contracts.classifier import FirmAssessed
from shared.contracts.notifier import NotificationDelivered
from shared.postgres.pool import Connection


async def load_cases(connection: Connection, firm_ids: Sequence[str], *, assessments: bool) -> dict[str, Case]:
    """The cases of these firms, an empty one for a firm that is new; with their last assessments if they will be
    needed."""
    cases = {firm_id: Case(firm_id) for firm_id in firm_ids}
    for row in await connection.fetch("SELECT * FROM needs WHERE firm_id = ANY($1)", firm_ids):
        cases[row["firm_id"]].needs[row["need_id"]] = _need(row)
    for row in await connection.fetch(
        "SELECT * FROM referrals WHERE firm_id = ANY($1) ORDER BY requested_at, referral_id", firm_ids
    ):
        cases[row["firm_id"]].referrals[row["referral_id"]] = _referral(row)
    if assessments:
        sql = "SELECT firm_id, state::text AS state FROM assessments WHERE firm_id = ANY($1)"
        for row in await connection.fetch(sql, firm_ids):
            cases[row["firm_id"]].assessment = msgspec.json.decode(row["state"], type=FirmAssessed)
    return cases


_SAVE_ASSESSMENTS = """
INSERT INTO assessments (firm_id, version, state, assessed_at)
SELECT firm_id, version, state::jsonb, $4
FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS heard (firm_id, version, state)
ON CONFLICT (firm_id) DO UPDATE SET
    version = excluded.version, state = excluded.state, assessed_at = excluded.assessed_at
"""


async def forget_assessments(connection: Connection, firm_ids: Sequence[str]) -> None:
    """Drop what is known of firms that asked for it; needs and referrals stay, without a word about the firm."""
    if firm_ids:
        await connection.execute("DELETE FROM assessments WHERE firm_id = ANY($1)", firm_ids)


_SAVE_NEEDS = """
INSERT INTO needs (need_id, firm_id, front, import, market, declared, state, reason, referral_id, excluded, rerouted,
                   closed_at, decided)
SELECT need_id, firm_id, front, import, market, declared, state, reason, referral_id,
       string_to_array(excluded, ' '), rerouted, closed_at, decided
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::boolean[], $7::text[], $8::text[],
            $9::uuid[], $10::text[], $11::integer[], $12::timestamptz[], $13::text[])
     AS changed (need_id, firm_id, front, import, market, declared, state, reason, referral_id, excluded, rerouted,
                 closed_at, decided)
ON CONFLICT (need_id) DO UPDATE SET
    declared = excluded.declared, state = excluded.state, reason = excluded.reason, referral_id = excluded.referral_id,
    excluded = excluded.excluded, rerouted = excluded.rerouted, closed_at = excluded.closed_at,
    decided = excluded.decided
"""

_SAVE_REFERRALS = """
INSERT INTO referrals (referral_id, need_id, firm_id, partner, front, import, market, status, reason, replaces,
                       requested_at, changed_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
                     $9::text[], $10::uuid[], $11::timestamptz[], $12::timestamptz[])
ON CONFLICT (referral_id) DO UPDATE SET
    status = excluded.status, reason = excluded.reason, changed_at = excluded.changed_at
"""

_SAVE_RECEIPTS = """
INSERT INTO decisions (need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt)
SELECT need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt::jsonb
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[])
     AS decided (need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt)
"""


async def save_cases(connection: Connection, cases: Iterable[Case], at: datetime) -> None:
    """Write what has changed in these cases. Referrals that ended go first: a need never has two open ones."""
    changed = list(cases)
    heard = [case.assessment for case in changed if case.assessed and case.assessment is not None]
    if heard:
        await connection.execute(
            _SAVE_ASSESSMENTS,
            [one.firm_id for one in heard],
            [one.version for one in heard],
            [msgspec.json.encode(one).decode() for one in heard],
            at,
        )
    await _save_needs(connection, [need for case in changed for key, need in case.needs.items() if key in case.touched])
    referrals = [one for case in changed for key, one in case.referrals.items() if key in case.touched]
    await _save_referrals(connection, [one for one in referrals if not one.is_open])
    await _save_referrals(connection, [one for one in referrals if one.is_open])
    await _save_receipts(connection, [receipt for case in changed for receipt in case.receipts])


async def _save_needs(connection: Connection, needs: Sequence[Need]) -> None:
    if needs:
        await connection.execute(
            _SAVE_NEEDS,
            [need.need_id for need in needs],
            [need.firm_id for need in needs],
            [need.front for need in needs],
            [need.import_ for need in needs],
            [need.market for need in needs],
            [need.declared for need in needs],
            [need.state.value for need in needs],
            [need.reason for need in needs],
            [need.referral_id for need in needs],
            [
                " ".join(sorted(need.excluded)) for need in needs
            ],  # codes hold no blanks, and arrays of arrays no lengths
            [need.rerouted for need in needs],
            [need.closed_at for need in needs],
            [need.decided for need in needs],
        )


async def _save_referrals(connection: Connection, referrals: Sequence[Referral]) -> None:
    if referrals:
        await connection.execute(
            _SAVE_REFERRALS,
            [one.referral_id for one in referrals],
            [one.need_id for one in referrals],
            [one.firm_id for one in referrals],
            [one.partner for one in referrals],
            [one.front for one in referrals],
            [one.import_ for one in referrals],
            [one.market for one in referrals],
            [one.status.value for one in referrals],
            [one.reason for one in referrals],
            [one.replaces for one in referrals],
            [one.requested_at for one in referrals],
            [one.changed_at for one in referrals],
        )


async def _save_receipts(connection: Connection, receipts: Sequence[Receipt]) -> None:
    if receipts:
        await connection.execute(
            _SAVE_RECEIPTS,
            [receipt.need_id for receipt in receipts],
            [receipt.cause_id for receipt in receipts],
            [receipt.firm_id for receipt in receipts],
            [receipt.referral_id for receipt in receipts],
            [receipt.decided_at for receipt in receipts],
            [receipt.decision.agreement for receipt in receipts],
            [msgspec.json.encode(receipt.decision).decode() for receipt in receipts],
        )


async def day_in_rome(connection: Connection, at: datetime) -> date:
    """The day that it is in Italy at `at`; asked of the database, which brings its own time zones."""
    day: date = await connection.fetchval("SELECT ($1::timestamptz AT TIME ZONE 'Europe/Rome')::date", at)
    return day


async def firms_of(connection: Connection, referrals: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(partner, referral id) -> firm, for those that exist and are that partner's; another's are not there."""
    rows = await connection.fetch(
        """SELECT asked.partner, referral_id, firm_id
           FROM unnest($1::text[], $2::uuid[]) AS asked (partner, referral_id)
           JOIN referrals USING (partner, referral_id)""",
        [partner for partner, _ in referrals],
        [referral_id for _, referral_id in referrals],
    )
    return {(row["partner"], row["referral_id"]): row["firm_id"] for row in rows}


async def recorded_updates(connection: Connection, keys: Sequence[Key]) -> dict[Key, Recorded]:
    """Which of these (topic, source, id) have been recorded already."""
    rows = await connection.fetch(
        """SELECT topic, source, id, content_hash, referral_id
           FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (topic, source, id)
           JOIN updates USING (topic, source, id) WHERE outcome = 'recorded'""",
        [topic for topic, _, _ in keys],
        [source for _, source, _ in keys],
        [id for _, _, id in keys],
    )
    return {
        (row["topic"], row["source"], row["id"]): Recorded(
            content_hash=row["content_hash"], referral_id=row["referral_id"]
        )
        for row in rows
    }


async def save_updates(connection: Connection, answered: Sequence[tuple[Update, Answer]]) -> None:
    """Keep every record of an updates topic, refused ones included."""
    await connection.executemany(
        """INSERT INTO updates (topic, partition, record_offset, partner, source, id, content_hash, outcome,
                                referral_id, flags, rules, content, appended_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13)""",
        [
            (
                update.topic,
                update.partition,
                update.offset,
                update.partner,
                update.source,
                update.id,
                update.content_hash,
                answer.outcome.value,
                answer.referral.referral_id if answer.referral else None,
                [flag.value for flag in answer.flags],
                [problem.rule for problem in answer.problems],
                _kept(update, answer),
                update.appended_at,
            )
            for update, answer in answered
        ],
    )


def _kept(update: Update, answer: Answer) -> str | None:
    """What an update said, as JSON, where it can be erased with its firm; a repeat says nothing new."""
    if update.content is None or answer.referral is None or answer.outcome is Outcome.REPEATED:
        return None
    return msgspec.json.encode(update.content).decode()


async def save_deliveries(connection: Connection, delivered: Sequence[NotificationDelivered]) -> None:
    """Keep the proof that a message was taken by the recipient's side; the first one stands."""
    await connection.execute(
        """INSERT INTO deliveries (referral_id, channel, recipient, purpose, firm_id, message_id, delivered_at)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[],
                                $7::timestamptz[])
           ON CONFLICT DO NOTHING""",
        [one.referral_id for one in delivered],
        [one.channel for one in delivered],
        [one.recipient for one in delivered],
        [one.purpose for one in delivered],
        [one.firm_id for one in delivered],
        [one.message_id for one in delivered],
        [one.at for one in delivered],
    )


def _need(row: asyncpg.Record) -> Need:
    return Need(
        need_id=row["need_id"],
        firm_id=row["firm_id"],
        front=row["front"],
        import_=row["import"],
        market=row["market"],
        declared=row["declared"],
        state=NeedState(row["state"]),
        reason=row["reason"],
        referral_id=row["referral_id"],
        excluded=frozenset(row["excluded"]),
        rerouted=row["rerouted"],
        closed_at=row["closed_at"],
        decided=row["decided"],
    )


def _referral(row: asyncpg.Record) -> Referral:
    return Referral(
        referral_id=row["referral_id"],
        need_id=row["need_id"],
        firm_id=row["firm_id"],
        partner=row["partner"],
        front=row["front"],
        import_=row["import"],
        market=row["market"],
        status=Status(row["status"]),
        requested_at=row["requested_at"],
        changed_at=row["changed_at"],
        reason=row["reason"],
        replaces=row["replaces"],
    )

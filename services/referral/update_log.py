"""What partners wrote on their updates topics, and what was delivered to whom: rows that never change."""

from collections.abc import Sequence

import msgspec

from services.referral import query_log, request_log
from services.referral.answers import Answer, Key, Outcome, Recorded
from services.referral.updates import Update
from shared.contracts.notifier import NotificationDelivered
from shared.feeds.speech import Heard
from shared.postgres.pool import Connection


async def find_firms(connection: Connection, updates: Sequence[Update]) -> list[str | None]:
    """The firms that updates are about; none for a referral, a query or a request that is not this partner's."""
    named = [(one.partner, one.referral_id) for one in updates if one.referral_id is not None]
    asked = [(one.partner, one.query_id) for one in updates if one.query_id is not None]
    requested = [(one.partner, one.request_id) for one in updates if one.request_id is not None]
    firms = await _firms_of(connection, named) if named else {}
    if asked:
        firms |= await query_log.firms_of(connection, asked)
    if requested:
        firms |= await request_log.firms_of(connection, requested)
    return [firms.get((one.partner, one.referral_id or one.query_id or one.request_id or "")) for one in updates]


async def _firms_of(connection: Connection, referrals: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
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


async def save_updates(connection: Connection, answered: Sequence[tuple[Heard[Update], Answer]]) -> None:
    """Keep every record of an updates topic, refused ones included."""
    await connection.executemany(
        """INSERT INTO updates (topic, partition, record_offset, partner, source, id, content_hash, outcome,
                                referral_id, flags, rules, content, appended_at, cause_id, request_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13, $14, $15)""",
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
                heard.cause.id,
                update.request_id if answer.outcome is not Outcome.REFUSED else None,
            )
            for heard, answer in answered
            for update in [heard.event]
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

"""The notifier's tables: messages to be sent, taken under a lease, and what became of each; what referrals are for.

A message is taken by moving its `next_at` ahead; who dies with it lets it be taken again after that. `taken` counts, so
that a sender that comes late with bad news cannot put off a message that somebody else has in hand. Good news is good
from anyone. Functions take a connection and open no transaction; a single statement is one by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier import question_log
from services.notifier.domain import Notification, Task
from shared.contracts.base import FirmId
from shared.contracts.notifier import Channel, NotificationDelivered, Recipient
from shared.feeds import aside
from shared.postgres.pool import Connection, Pool

_SAVE = """
INSERT INTO notifications (referral_id, channel, recipient, purpose, firm_id, message_id, cause_id, traceparent,
                           address, language, subject, body, html, state, bare, next_at, created_at)
SELECT *, $16, $16 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                               $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                               $14::text[], $15::boolean[])
ON CONFLICT (referral_id, channel, recipient, purpose) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """A notification and what caused it."""

    notification: Notification
    cause_id: str
    traceparent: str | None


async def save(connection: Connection, decided: Sequence[Decided], at: datetime) -> None:
    """Write what is to be sent. What was decided before stands: a recipient is told once."""
    ones = [one.notification for one in decided]
    await connection.execute(
        _SAVE,
        [one.referral_id for one in ones],
        [one.channel for one in ones],
        [one.recipient.value for one in ones],
        [one.kept_as for one in ones],
        [one.firm_id for one in ones],
        [one.message_id for one in ones],
        [one.cause_id for one in decided],
        [one.traceparent for one in decided],
        [one.address for one in ones],
        [one.language for one in ones],
        [one.words.subject for one in ones],
        [one.words.body for one in ones],
        [one.words.html for one in ones],
        [one.state.value for one in ones],
        [one.bare for one in ones],
        at,
    )


_KEEP = """
INSERT INTO referrals (referral_id, firm_id, partner, role, front, import, market)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
ON CONFLICT (referral_id) DO NOTHING
"""


async def keep(connection: Connection, tasks: Sequence[Task]) -> None:
    """Write down what referrals were opened for."""
    await connection.execute(
        _KEEP,
        [one.referral_id for one in tasks],
        [one.firm_id for one in tasks],
        [one.partner for one in tasks],
        [one.role for one in tasks],
        [one.front for one in tasks],
        [one.import_ for one in tasks],
        [one.market for one in tasks],
    )


_PUT_RIGHT = """
INSERT INTO referrals (referral_id, firm_id, partner, role, front, import, market) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (referral_id) DO UPDATE SET partner = excluded.partner, role = excluded.role, front = excluded.front,
    import = excluded.import, market = excluded.market
"""


async def put_right(connection: Connection, task: Task) -> None:
    """Write down once more what a referral was opened for. The firm stays the one of the opening, where that is
    known."""
    await connection.execute(
        _PUT_RIGHT, task.referral_id, task.firm_id, task.partner, task.role, task.front, task.import_, task.market
    )


_DELIVERED = """
SELECT firm_id, referral_id, channel, recipient, purpose, message_id, sent_at AS at FROM notifications
WHERE firm_id = ANY($1::uuid[]) AND state = 'sent' AND address IS NOT NULL ORDER BY firm_id, sent_at, message_id
"""


async def delivered(connection: Connection, firm_ids: Sequence[FirmId]) -> list[NotificationDelivered]:
    """What was said of messages to or about these firms, firm by firm; of an erased one no address is left."""
    return [NotificationDelivered(**dict(row)) for row in await connection.fetch(_DELIVERED, firm_ids)]


_KNOWN = """
SELECT referral_id, firm_id, partner, role, front, import AS import_, market FROM referrals
WHERE referral_id = ANY($1::uuid[])
"""


async def known(connection: Connection, referral_ids: Sequence[str]) -> dict[str, Task]:
    """By referral, what those of them were opened for that were written down."""
    rows = await connection.fetch(_KNOWN, referral_ids) if referral_ids else []
    return {row["referral_id"]: Task(**dict(row)) for row in rows}


_FORGET_TASKS = "DELETE FROM referrals WHERE firm_id = $1"
_FORGET_MESSAGES = """
UPDATE notifications SET address = NULL, subject = NULL, body = NULL, html = NULL,
    state = CASE WHEN state = 'pending' THEN 'erased' ELSE state END
WHERE firm_id = $1 AND NOT (bare AND state = 'pending')
"""


async def forget(connection: Connection, firm_id: FirmId) -> None:
    """Drop what is known of a firm that asked for it: of its messages stay id, purpose and state, and what waits to be
    sent is not sent. A mail that is in somebody's hand at this moment may still go, and is then told as delivered."""
    await connection.execute(_FORGET_TASKS, firm_id)
    await connection.execute(_FORGET_MESSAGES, firm_id)
    await question_log.forget(connection, firm_id)
    await aside.forget(connection, [firm_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message in hand. `taken` proves that it is still ours, `put_off` is how often the server made it wait; `html`
    is None of a message that was decided before there were two parts."""

    message_id: str
    referral_id: str
    firm_id: str
    address: str
    language: str
    subject: str
    body: str
    html: str | None
    created_at: datetime
    taken: int
    put_off: int
    traceparent: str | None = None


_TAKE = """
UPDATE notifications SET next_at = now() + $2::interval, taken = taken + 1
WHERE message_id = ANY (ARRAY(  -- an array is made once; a subquery may be planned to run again and take more
    SELECT message_id FROM notifications WHERE state = 'pending' AND next_at <= now()
    ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING message_id, referral_id, firm_id, address, language, subject, body, html, created_at, taken, put_off,
          traceparent
"""


async def take(connection: Connection, most: int, lease: timedelta) -> list[Mail]:
    """Take up to `most` messages that are due, the longest waiting first; they are nobody else's for the time of the
    lease."""
    rows = await connection.fetch(_TAKE, most, lease)
    return sorted((Mail(**dict(row)) for row in rows), key=lambda mail: mail.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message that was marked as sent by this very transaction."""

    message_id: str
    referral_id: str
    firm_id: str
    channel: Channel
    recipient: Recipient
    purpose: str
    traceparent: str | None


_MARK_SENT = """
UPDATE notifications SET state = 'sent', sent_at = $2, code = 250
WHERE message_id = ANY($1) AND state <> 'sent'
RETURNING message_id, referral_id, firm_id, channel, recipient, purpose, traceparent
"""


async def mark_sent(connection: Connection, message_ids: Sequence[str], at: datetime) -> list[Delivered]:
    """Mark messages that the server has taken; gives back those that were not marked before, sorted by Message-ID."""
    rows = await connection.fetch(_MARK_SENT, message_ids, at)
    return sorted((Delivered(**dict(row)) for row in rows), key=lambda one: one.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A message that did not go: it waits for `pause`, or it has failed for good where `pause` is None.

    `code` is the server's, 0 where it gave none. `put_off` is False where the message itself had no part in it.
    """

    message_id: str
    taken: int
    code: int
    pause: timedelta | None
    put_off: bool


_MARK_UNSENT = """
UPDATE notifications AS mine
SET state = CASE WHEN given.final THEN 'failed' ELSE 'pending' END,
    next_at = now() + given.pause,
    put_off = mine.put_off + given.put_off,
    code = given.code
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::interval[], $5::boolean[], $6::integer[])
     AS given (message_id, taken, code, pause, final, put_off)
WHERE mine.message_id = given.message_id AND mine.taken = given.taken AND mine.state = 'pending'
RETURNING mine.message_id
"""


async def mark_unsent(connection: Connection, unsent: Sequence[Unsent]) -> int:
    """Put messages back for later or mark them as failed; those that somebody else has taken meanwhile stay as they
    are. Gives how many were ours."""
    ours = await connection.fetch(
        _MARK_UNSENT,
        [one.message_id for one in unsent],
        [one.taken for one in unsent],
        [one.code for one in unsent],
        [one.pause or timedelta() for one in unsent],
        [one.pause is None for one in unsent],
        [int(one.put_off) for one in unsent],
    )
    return len(ours)


async def by_state(pool: Pool) -> dict[str, int]:
    """How many messages wait, have failed or had no address. What was sent grows for ever and is not counted here."""
    rows = await pool.fetch(
        """SELECT 'pending' AS state, count(*) AS n FROM notifications WHERE state = 'pending' UNION ALL
        SELECT state, count(*) FROM notifications WHERE state IN ('failed', 'no_address') GROUP BY state"""
    )
    return {row["state"]: row["n"] for row in rows}

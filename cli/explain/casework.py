"""What referral and notifier keep of a firm: needs, decisions, referrals, updates, messages; what any store holds."""

from collections.abc import Sequence

import asyncpg
import msgspec

from cli.explain.journey import (
    Clock,
    Command,
    Decision,
    Held,
    Need,
    Notification,
    Query,
    Question,
    Receipt,
    Referral,
    Request,
    Succession,
    Update,
)
from services.referral.case import NeedState
from services.referral.clocks import ball, ball_of_need, running
from services.referral.lifecycle import Status
from services.referral.store import load_cases
from shared.postgres.pool import Connection


async def firm_of(connection: Connection, referral_id: str) -> str | None:
    """Whose referral this is; None where there is no such referral."""
    found: str | None = await connection.fetchval("SELECT firm_id FROM referrals WHERE referral_id = $1", referral_id)
    return found


async def needs(connection: Connection, firm_id: str) -> tuple[Need, ...]:
    rows = await connection.fetch("SELECT * FROM needs WHERE firm_id = $1 ORDER BY front, import, market", firm_id)
    return tuple(
        Need(
            need_id=row["need_id"],
            what=what(row["front"], row["import"], row["market"]),
            declared=row["declared"],
            state=row["state"],
            reason=row["reason"],
            referral_id=row["referral_id"],
            ball=holder.value if (holder := ball_of_need(NeedState(row["state"]))) is not None else None,
        )
        for row in rows
    )


async def successions(connection: Connection, firm_id: str) -> tuple[Succession, ...]:
    """Which firm stands for this one, and for which ones this one stands."""
    rows = await connection.fetch(
        """SELECT firm_id::text, successor_id::text, kind, at, said_by AS partner FROM successions
        WHERE firm_id = $1 OR successor_id = $1 ORDER BY at, firm_id""",
        firm_id,
    )
    return tuple(Succession(**dict(row)) for row in rows)


async def decisions(connection: Connection, firm_id: str) -> tuple[Decision, ...]:
    """Routing decisions in the order in which they were taken, those on referrals that followed from a firm which this
    one succeeded among them; they stand under the need of today."""
    rows = await connection.fetch(
        """SELECT coalesce(r.need_id, d.need_id) AS need_id, d.decided_at, d.cause_id, d.referral_id, d.receipt
        FROM decisions d LEFT JOIN referrals r USING (referral_id) WHERE coalesce(r.firm_id, d.firm_id) = $1
        ORDER BY d.decided_at, 1""",
        firm_id,
    )
    return tuple(
        Decision(
            need_id=row["need_id"],
            at=row["decided_at"],
            cause_id=row["cause_id"],
            referral_id=row["referral_id"],
            receipt=msgspec.convert(row["receipt"], Receipt, strict=False),
        )
        for row in rows
    )


async def referrals(connection: Connection, firm_id: str) -> tuple[Referral, ...]:
    rows = await connection.fetch(
        "SELECT * FROM referrals WHERE firm_id = $1 ORDER BY requested_at, referral_id", firm_id
    )
    case = (await load_cases(connection, [firm_id], assessments=True))[firm_id]
    return tuple(
        Referral(
            referral_id=row["referral_id"],
            need_id=row["need_id"],
            partner=row["partner"],
            status=row["status"],
            requested_at=row["requested_at"],
            changed_at=row["changed_at"],
            reason=row["reason"],
            replaces=row["replaces"],
            hold_until=row["hold_until"],
            cancellation=row["cancellation"],
            cancellation_at=row["cancellation_at"],
            confirmed_by_firm=row["confirmed_by_firm"],
            answered_at=row["answered_at"],
            disputed_for=row["disputed_for"],
            ball=ball(Status(row["status"]), row["reason"], row["confirmed_by_firm"]).value,
            clocks=tuple(
                Clock(clock.kind.value, clock.due_at) for clock in running(case, case.referrals[row["referral_id"]])
            ),
        )
        for row in rows
    )


async def queries(connection: Connection, firm_id: str) -> tuple[Query, ...]:
    """What bodies were asked about the firm's memberships."""
    rows = await connection.fetch(
        """SELECT query_id, partner, asked_at, answer_by, member, answered_at FROM membership_queries
        WHERE firm_id = $1 ORDER BY asked_at, partner""",
        firm_id,
    )
    return tuple(Query(**dict(row)) for row in rows)


async def requests(connection: Connection, firm_id: str) -> tuple[Request, ...]:
    """What was asked of what is missing of the firm."""
    rows = await connection.fetch(
        "SELECT * FROM information_requests WHERE firm_id = $1 ORDER BY number",
        firm_id,
    )
    return tuple(
        Request(
            request_id=row["request_id"],
            partner=row["partner"],
            asked_at=row["asked_at"],
            answer_by=row["answer_by"],
            missing=msgspec.convert(row["missing"], tuple[Question, ...]),
            closed=row["closed"],
            closed_at=row["closed_at"],
            declined=row["declined"],
            declined_at=row["declined_at"],
        )
        for row in rows
    )


async def commands(connection: Connection, firm_id: str) -> tuple[Command, ...]:
    """What persons ordered of the firm's referrals."""
    rows = await connection.fetch(
        """SELECT c.* FROM commands c JOIN referrals r USING (referral_id) WHERE r.firm_id = $1
        ORDER BY c.given_at, c.id""",
        firm_id,
    )
    return tuple(
        Command(
            id=row["id"],
            kind=row["kind"],
            referral_id=row["referral_id"],
            by=row["given_by"],
            reason=row["reason"],
            at=row["given_at"],
            second=row["second_person"],
        )
        for row in rows
    )


async def updates(connection: Connection, firm_id: str) -> tuple[Update, ...]:
    """What partners wrote on the firm's referrals, refused updates included."""
    rows = await connection.fetch(
        """SELECT u.* FROM updates u JOIN referrals r USING (referral_id) WHERE r.firm_id = $1
        ORDER BY u.appended_at, u.topic, u.record_offset""",
        firm_id,
    )
    return tuple(_update(row) for row in rows)


def _update(row: asyncpg.Record) -> Update:
    content = row["content"] or {}
    return Update(
        referral_id=row["referral_id"],
        partner=row["partner"],
        id=row["id"],
        place=f"{row['topic']}/{row['partition']}@{row['record_offset']}",
        at=row["appended_at"],
        outcome=row["outcome"],
        asked=content.get("asked"),
        reason=content.get("reason"),
        note=content.get("note"),
        flags=tuple(row["flags"]),
        rules=tuple(row["rules"]),
    )


async def notifications(connection: Connection, firm_id: str, referral_ids: Sequence[str]) -> tuple[Notification, ...]:
    """Messages about the firm, and those about its referrals from before it succeeded another."""
    rows = await connection.fetch(
        """SELECT referral_id, channel, recipient, purpose, state, message_id, created_at, sent_at, code, taken,
        traceparent FROM notifications WHERE firm_id = $1 OR referral_id = ANY($2::uuid[])
        ORDER BY created_at, recipient, purpose""",
        firm_id,
        list(referral_ids),
    )
    return tuple(
        Notification(
            referral_id=row["referral_id"],
            channel=row["channel"],
            recipient=row["recipient"],
            purpose=row["purpose"],
            state=row["state"],
            message_id=row["message_id"],
            created_at=row["created_at"],
            sent_at=row["sent_at"],
            code=row["code"],
            tries=row["taken"],
            traceparent=row["traceparent"],
        )
        for row in rows
    )


async def held(connection: Connection, service: str, firm_id: str) -> tuple[Held, ...]:
    """What is set aside in a store because of this firm, or waits behind it."""
    rows = await connection.fetch(
        """SELECT id, state, topic, partition, record_offset, failure, held_at FROM held
        WHERE firm_id = $1 AND state IN ('held', 'queued') ORDER BY id""",
        firm_id,
    )
    return tuple(
        Held(
            service=service,
            id=row["id"],
            state=row["state"],
            place=f"{row['topic']}/{row['partition']}@{row['record_offset']}",
            failure=row["failure"],
            since=row["held_at"],
        )
        for row in rows
    )


def what(front: str, import_: bool, market: str | None) -> str:
    """A need in three words: `assistance, import, AE`."""
    return ", ".join([front.replace("_", " "), *(["import"] if import_ else []), *([market] if market else [])])

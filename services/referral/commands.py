"""The table of what persons at the Region have ordered: who, when, why, under which code. Rows are never changed.

`given_at` is now, unless the store was restored and the order is carried out again."""

from datetime import datetime

from services.referral.correction import Correction
from services.referral.manual import Assignment, Cancellation
from shared.contracts.base import FirmId
from shared.errors import Trouble
from shared.postgres.pool import Connection


async def firm_of_need(connection: Connection, need_id: str) -> FirmId:
    """Whose need it is. Raises `Trouble` where there is none such."""
    firm_id: FirmId | None = await connection.fetchval("SELECT firm_id FROM needs WHERE need_id = $1", need_id)
    if firm_id is None:
        raise Trouble(f"there is no need {need_id}: `portolano explain` shows those of a firm")
    return firm_id


async def firm_of_referral(connection: Connection, referral_id: str) -> FirmId:
    """Whose referral it is. Raises `Trouble` where there is none such."""
    firm_id: FirmId | None = await connection.fetchval(
        "SELECT firm_id FROM referrals WHERE referral_id = $1", referral_id
    )
    if firm_id is None:
        raise Trouble(f"there is no referral {referral_id}: `portolano explain` shows those of a firm")
    return firm_id


_KEEP = """
INSERT INTO commands (id, kind, need_id, referral_id, reason, given_by, given_at, code_version, second_person)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($9, now()), $7, $8)"""


async def keep_assignment(
    connection: Connection, order: Assignment, referral_id: str, code_version: str, given_at: datetime | None = None
) -> None:
    """Note the command; its id is the cause that the decision's receipt names."""
    person = order.person
    await connection.execute(
        _KEEP, order.id, "assign", order.need_id, referral_id, person.reason, person.by, code_version, None, given_at
    )


async def keep_cancellation(
    connection: Connection, order: Cancellation, need_id: str, code_version: str, given_at: datetime | None = None
) -> None:
    """Note the command; its id is the cause of what the partner was told."""
    await connection.execute(
        _KEEP, order.id, "cancel", need_id, order.referral_id, order.why.value, order.by, code_version, None, given_at
    )


async def keep_correction(
    connection: Connection, order: Correction, need_id: str, code_version: str, given_at: datetime | None = None
) -> None:
    """Note the command with both persons; its id is the cause of what the partner was told."""
    by, reason = order.person.by, order.person.reason
    await connection.execute(
        _KEEP, order.id, "correct", need_id, order.referral_id, reason, by, code_version, order.second, given_at
    )

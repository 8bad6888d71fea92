"""The table of what firms were asked by their links, and of what they answered.

A question is written with the message that carries its link, and answered once, under the lock of its firm. Functions
take a connection with an open transaction.
"""

from collections.abc import Sequence

import msgspec

from services.notifier.links import Purpose
from services.notifier.questions import Answer, Question
from shared.contracts.base import FirmId
from shared.contracts.referral import ReportedOutcome
from shared.postgres.pool import Connection

_KEEP = """
INSERT INTO questions (purpose, id, firm_id, partner, language, until, front, import, market, outcomes, traceparent)
SELECT purpose, id, firm_id, partner, language, until, front, import, market, outcomes::jsonb, traceparent
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::boolean[],
            $9::text[], $10::text[], $11::text[])
     AS asked (purpose, id, firm_id, partner, language, until, front, import, market, outcomes, traceparent)
ON CONFLICT (purpose, id) DO NOTHING
"""


async def keep(connection: Connection, questions: Sequence[Question]) -> None:
    """Write down what firms are asked; what was asked before stands."""
    await connection.execute(
        _KEEP,
        [one.purpose.value for one in questions],
        [one.id for one in questions],
        [one.firm_id for one in questions],
        [one.partner for one in questions],
        [one.language for one in questions],
        [one.until for one in questions],
        [one.front for one in questions],
        [one.import_ for one in questions],
        [one.market for one in questions],
        [msgspec.json.encode(one.outcomes).decode() for one in questions],
        [one.traceparent for one in questions],
    )


_FIND = """SELECT purpose, id, firm_id, partner, language, until, front, import AS import_, market, outcomes,
traceparent, answer, reason, answered_at FROM questions WHERE purpose = $1 AND id = $2"""


async def find(connection: Connection, purpose: Purpose, id: str) -> Question | None:
    """What the firm was asked, and what it has answered; None where that is not known, or not any more."""
    row = await connection.fetchrow(_FIND, purpose.value, id)
    if row is None:
        return None
    given = dict(row)
    given["purpose"] = Purpose(given["purpose"])
    given["outcomes"] = msgspec.convert(given["outcomes"], tuple[ReportedOutcome, ...])
    given["answer"] = Answer(given["answer"]) if given["answer"] is not None else None
    return Question(**given)


async def save_answer(connection: Connection, question: Question) -> None:
    """Write down the firm's answer."""
    await connection.execute(
        "UPDATE questions SET answer = $3, reason = $4, answered_at = $5 WHERE purpose = $1 AND id = $2",
        question.purpose.value,
        question.id,
        question.answer.value if question.answer is not None else None,
        question.reason,
        question.answered_at,
    )


async def drop(connection: Connection, purpose: Purpose, id: str) -> None:
    """Ask no longer: the link leads to nothing from now on."""
    await connection.execute("DELETE FROM questions WHERE purpose = $1 AND id = $2", purpose.value, id)


async def forget(connection: Connection, firm_id: FirmId) -> None:
    """Drop what a firm was asked that is to be forgotten; its links end."""
    await connection.execute("DELETE FROM questions WHERE firm_id = $1", firm_id)

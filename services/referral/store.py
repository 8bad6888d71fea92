"""The tables of cases: what is read before a decision and written after it.

Every function takes the connection of an open transaction in which the firms' rows are locked. Columns travel as
arrays, one statement for all firms of a batch.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from services.referral import changes
from services.referral.case import Case, Need, NeedState, Outage, Receipt, Referral, Role
from services.referral.lifecycle import Ended, Status
from services.referral.query_log import load_queries, save_queries
from services.referral.request_log import load_requests, save_requests
from services.referral.timepiece import set_clocks
from services.referral.updates import Outcome
from services.referral.wish_log import load_wishes, save_wishes
from shared.agreement import Agreement
from shared.contracts.classifier import AssessmentRestated, FirmAssessed
from shared.postgres.pool import Connection


async def load_cases(connection: Connection, firm_ids: Sequence[str], *, assessments: bool) -> dict[str, Case]:
    """The cases of these firms, an empty one for a firm that is new; with their last assessments if all will be needed,
    else with those by which a task may still be moved."""
    cases = {firm_id: Case(firm_id) for firm_id in firm_ids}
    for row in await connection.fetch("SELECT * FROM needs WHERE firm_id = ANY($1)", firm_ids):
        cases[row["firm_id"]].needs[row["need_id"]] = _need(row)
    for row in await connection.fetch(
        "SELECT * FROM referrals WHERE firm_id = ANY($1) ORDER BY requested_at, referral_id", firm_ids
    ):
        cases[row["firm_id"]].referrals[row["referral_id"]] = _referral(row)
    for row in await connection.fetch("SELECT * FROM firm_statuses WHERE firm_id = ANY($1)", firm_ids):
        cases[row["firm_id"]].told[row["partner"]] = row["digest"]
    await load_queries(connection, cases)
    await load_requests(connection, cases)
    await load_wishes(connection, cases)
    wanted = firm_ids if assessments else [one.firm_id for one in cases.values() if changes.may_move(one)]
    if wanted:
        sql = "SELECT firm_id, state::text AS state FROM assessments WHERE firm_id = ANY($1)"
        for row in await connection.fetch(sql, wanted):
            cases[row["firm_id"]].assessment = msgspec.json.decode(row["state"], type=FirmAssessed)
    return cases


_SAVE_ASSESSMENTS = """
INSERT INTO assessments (firm_id, version, state, assessed_at)
SELECT firm_id, version, state::jsonb, $4
FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS heard (firm_id, version, state)
ON CONFLICT (firm_id) DO UPDATE SET
    version = excluded.version, state = excluded.state, assessed_at = excluded.assessed_at
"""


_PUT_RIGHT = """
INSERT INTO assessments (firm_id, version, state, assessed_at) VALUES ($1, $2, $3::text::jsonb, $4)
ON CONFLICT (firm_id) DO UPDATE SET version = excluded.version, state = excluded.state,
    assessed_at = CASE WHEN assessments.version = excluded.version THEN assessments.assessed_at
                       ELSE excluded.assessed_at END
"""


async def put_right(connection: Connection, restated: AssessmentRestated) -> None:
    """Keep an assessment that was heard before, whatever stands of it."""
    state = msgspec.json.encode(restated.state).decode()
    await connection.execute(_PUT_RIGHT, restated.firm_id, restated.state.version, state, restated.assessed_at)


_SAVE_NEEDS = """
INSERT INTO needs (need_id, firm_id, front, import, market, declared, state, reason, referral_id, excluded, rerouted,
                   closed_at, decided, declared_by)
SELECT need_id, firm_id, front, import, market, declared, state, reason, referral_id,
       string_to_array(excluded, ' '), rerouted, closed_at, decided, string_to_array(declared_by, ' ')
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::boolean[], $7::text[], $8::text[],
            $9::uuid[], $10::text[], $11::integer[], $12::timestamptz[], $13::text[], $14::text[])
     AS changed (need_id, firm_id, front, import, market, declared, state, reason, referral_id, excluded, rerouted,
                 closed_at, decided, declared_by)
ON CONFLICT (need_id) DO UPDATE SET
    declared = excluded.declared, state = excluded.state, reason = excluded.reason, referral_id = excluded.referral_id,
    excluded = excluded.excluded, rerouted = excluded.rerouted, closed_at = excluded.closed_at,
    decided = excluded.decided, declared_by = excluded.declared_by
"""

_SAVE_REFERRALS = """
INSERT INTO referrals (referral_id, need_id, firm_id, partner, front, import, market, status, reason, replaces,
                       requested_at, changed_at, resumes, hold_until, cancellation, cancellation_at, outcomes,
                       accept_by, contact_by, heard_by, remind_at, escalate_at, confirm_by, role, part_of,
                       confirmed_by_firm, answer_by, answered_at, disputed_for)
SELECT referral_id, need_id, firm_id, partner, front, import, market, status, reason, replaces,
       requested_at, changed_at, resumes, hold_until, cancellation, cancellation_at, outcomes::jsonb,
       accept_by, contact_by, heard_by, remind_at, escalate_at, confirm_by, role, part_of,
       confirmed_by_firm, answer_by, answered_at, disputed_for
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[],
            $9::text[], $10::uuid[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::timestamptz[],
            $15::text[], $16::timestamptz[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[],
            $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::text[], $25::uuid[], $26::text[],
            $27::timestamptz[], $28::timestamptz[], $29::text[])
     AS changed (referral_id, need_id, firm_id, partner, front, import, market, status, reason, replaces,
                 requested_at, changed_at, resumes, hold_until, cancellation, cancellation_at, outcomes,
                 accept_by, contact_by, heard_by, remind_at, escalate_at, confirm_by, role, part_of,
                 confirmed_by_firm, answer_by, answered_at, disputed_for)
ON CONFLICT (referral_id) DO UPDATE SET
    need_id = excluded.need_id, firm_id = excluded.firm_id,
    status = excluded.status, reason = excluded.reason, changed_at = excluded.changed_at, resumes = excluded.resumes,
    hold_until = excluded.hold_until, cancellation = excluded.cancellation,
    cancellation_at = excluded.cancellation_at, outcomes = excluded.outcomes,
    accept_by = excluded.accept_by, contact_by = excluded.contact_by, heard_by = excluded.heard_by,
    remind_at = excluded.remind_at, escalate_at = excluded.escalate_at, confirm_by = excluded.confirm_by,
    confirmed_by_firm = excluded.confirmed_by_firm, answer_by = excluded.answer_by,
    answered_at = excluded.answered_at, disputed_for = excluded.disputed_for
"""

_SAVE_RECEIPTS = """
INSERT INTO decisions (need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt)
SELECT need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt::jsonb
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[])
     AS decided (need_id, cause_id, firm_id, referral_id, decided_at, agreement, receipt)
"""

_SAVE_STATUSES = """
INSERT INTO firm_statuses (firm_id, partner, digest) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
ON CONFLICT (firm_id, partner) DO UPDATE SET digest = excluded.digest
"""


async def save_cases(
    connection: Connection,
    cases: Iterable[Case],
    at: datetime,
    outages: Sequence[Outage] = (),
    agreement: Agreement | None = None,
) -> None:
    """Write what has changed in these cases, and set their clocks; with `outages` and `agreement` to when they are
    judged.

    Referrals that ended go first: a need never has two open ones.
    """
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
    await save_queries(connection, changed)
    await save_requests(connection, changed)
    await save_wishes(connection, changed)
    await _save_receipts(connection, [receipt for case in changed for receipt in case.receipts])
    told = [(case.firm_id, partner, case.told[partner]) for case in changed for partner in sorted(case.retold)]
    if told:
        await connection.execute(_SAVE_STATUSES, *map(list, zip(*told, strict=True)))
    await set_clocks(connection, changed, at, outages, agreement)


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
            # Codes hold no blanks, and arrays of arrays no lengths.
            [" ".join(sorted(need.excluded)) for need in needs],
            [need.rerouted for need in needs],
            [need.closed_at for need in needs],
            [need.decided for need in needs],
            [" ".join(sorted(need.declared_by)) for need in needs],
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
            [one.resumes for one in referrals],
            [one.hold_until for one in referrals],
            [one.cancellation for one in referrals],
            [one.cancellation_at for one in referrals],
            [msgspec.json.encode(one.outcomes).decode() for one in referrals],
            [one.accept_by for one in referrals],
            [one.contact_by for one in referrals],
            [one.heard_by for one in referrals],
            [one.remind_at for one in referrals],
            [one.escalate_at for one in referrals],
            [one.confirm_by for one in referrals],
            [one.role.value for one in referrals],
            [one.part_of for one in referrals],
            [one.confirmed_by_firm for one in referrals],
            [one.answer_by for one in referrals],
            [one.answered_at for one in referrals],
            [one.disputed_for for one in referrals],
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
        declared_by=frozenset(row["declared_by"]),
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
        resumes=Status(row["resumes"]) if row["resumes"] else None,
        hold_until=row["hold_until"],
        cancellation=Ended(row["cancellation"]) if row["cancellation"] else None,
        cancellation_at=row["cancellation_at"],
        outcomes=_outcomes(row["outcomes"]),
        accept_by=row["accept_by"],
        contact_by=row["contact_by"],
        heard_by=row["heard_by"],
        remind_at=row["remind_at"],
        escalate_at=row["escalate_at"],
        confirm_by=row["confirm_by"],
        role=Role(row["role"]),
        part_of=row["part_of"],
        confirmed_by_firm=row["confirmed_by_firm"],
        answer_by=row["answer_by"],
        answered_at=row["answered_at"],
        disputed_for=row["disputed_for"],
    )


def _outcomes(stored: list[dict[str, Any]]) -> tuple[Outcome, ...]:
    return msgspec.convert(stored, tuple[Outcome, ...]) if stored else ()

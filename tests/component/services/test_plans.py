"""Statements are planned for the store as it will be, not as it was when they were first used."""

from uuid import uuid4

from services.referral.store import load_cases
from tests.component.services.conftest import Set

FIRMS = 2_000
OFTEN = 8
"""PostgreSQL makes a statement's plan anew for the first five times, and then may keep one for ever."""

_FILL = """INSERT INTO needs (need_id, firm_id, front, import, declared, state, excluded, rerouted)
SELECT firm_id, firm_id, 'information', false, true, 'waiting_consent', '{}', 0 FROM unnest($1::uuid[]) AS firm_id"""
_READ = "SELECT coalesce(sum(seq_tup_read), 0)::int FROM pg_stat_xact_user_tables WHERE relname = 'needs'"


async def test_a_plan_that_was_made_while_a_table_was_small_does_not_read_all_of_it_later(set_stage: Set) -> None:
    firms = [str(uuid4()) for _ in range(FIRMS)]
    stage = await set_stage("referral")
    await stage.store.execute(_FILL, firms[:10])
    await stage.store.execute("ANALYZE needs")
    async with stage.run() as feeds, feeds.pool.acquire() as connection:
        for _ in range(OFTEN):
            await load_cases(connection, firms[:10], assessments=False)
        async with connection.transaction():
            await connection.execute(_FILL, firms[10:])
            before = await connection.fetchval(_READ)
            cases = await load_cases(connection, firms[:10], assessments=False)
            read = await connection.fetchval(_READ) - before
    assert sum(len(case.needs) for case in cases.values()) == 10
    assert read == 0

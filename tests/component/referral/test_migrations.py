"""A store with a past is carried over, row by row."""

from pathlib import Path

import services.referral
from tests.component.referral.desk import FIRM
from tests.component.services.conftest import Set

MIGRATIONS = Path(services.referral.__file__).parent / "migrations"


async def test_referrals_and_updates_of_the_first_version_are_kept(set_stage: Set) -> None:
    store = (await set_stage("referral")).store
    await store.execute("CREATE SCHEMA before")
    await store.execute("SET search_path TO before")
    await store.execute((MIGRATIONS / "0001_referrals.sql").read_text(encoding="utf-8"))
    await store.execute(
        """INSERT INTO needs (need_id, firm_id, front, import, declared, state, excluded, rerouted)
           VALUES ($1, $1, 'information', false, true, 'referred', '{}', 0)""",
        FIRM,
    )
    await store.execute(
        """INSERT INTO referrals (referral_id, need_id, firm_id, partner, front, import, status,
                                  requested_at, changed_at)
           VALUES ($1, $1, $1, 'cna', 'information', false, 'in_progress', now(), now())""",
        FIRM,
    )
    await store.execute(
        """INSERT INTO updates (topic, partition, record_offset, partner, outcome, flags, rules, appended_at)
           VALUES ('partners.cna.updates.v1', 0, 7, 'cna', 'refused', '{}', '{}', now())"""
    )
    await store.execute((MIGRATIONS / "0002_life.sql").read_text(encoding="utf-8"))
    row = await store.fetchrow("SELECT status, resumes, hold_until, cancellation, outcomes FROM referrals")
    assert tuple(row) == ("in_progress", None, None, None, "[]")
    assert await store.fetchval("SELECT cause_id FROM updates") == "partners.cna.updates.v1/0/7"


async def test_referrals_of_the_time_before_copies_are_responsible_ones(set_stage: Set) -> None:
    store = (await set_stage("referral")).store
    await store.execute("CREATE SCHEMA before")
    await store.execute("SET search_path TO before")
    for name in ("0001_referrals.sql", "0002_life.sql", "0003_commands.sql"):
        await store.execute((MIGRATIONS / name).read_text(encoding="utf-8"))
    await store.execute(
        """INSERT INTO needs (need_id, firm_id, front, import, declared, state, excluded, rerouted)
           VALUES ($1, $1, 'information', false, true, 'referred', '{}', 0)""",
        FIRM,
    )
    await store.execute(
        """INSERT INTO referrals (referral_id, need_id, firm_id, partner, front, import, status,
                                  requested_at, changed_at)
           VALUES ($1, $1, $1, 'cna', 'information', false, 'in_progress', now(), now())""",
        FIRM,
    )
    await store.execute((MIGRATIONS / "0004_routing.sql").read_text(encoding="utf-8"))
    assert tuple(await store.fetchrow("SELECT role, part_of FROM referrals")) == ("responsible", None)

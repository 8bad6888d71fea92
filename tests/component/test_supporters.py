"""Two partners declare one need of a firm, through all four services on the real broker and stores."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from cli.audit.evidence import read_topics
from cli.audit.run import audit
from cli.explain.english import ENGLISH
from cli.explain.reading import read_journey
from cli.explain.story import tell
from deploy.local.home import Home
from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED
from shared.testing.waiting import until
from tests.component.telemetry.whole import Whole, a_whole
from tests.e2e.firms import now, submission, tax_code

FRONT = "finance_and_insurance"


@pytest_asyncio.fixture(loop_scope="session")
async def whole(home: Home) -> AsyncIterator[Whole]:
    async with a_whole(home) as one:
        yield one


def firm() -> dict[str, Any]:
    """One firm that declares one need. Its facts give it others, on other fronts."""
    return submission(7, needs=(FRONT,))


async def heard(whole: Whole, partner: str, kind: str, **which: str) -> dict[str, Any]:
    """The one record of this kind that the partner hears, with these members; once it is there."""
    name = f"{whole.prefix}partners.{partner}.referrals.v1"

    async def one() -> list[dict[str, Any]] | None:
        logs = await read_topics(whole.home, [name])
        told = [one for one in logs[name, 0].records if one.attribute("type") == f"it.portolano.referral.{kind}.v1"]
        return [data for one in told if which.items() <= (data := one.data()).items()] or None

    [found] = await until(one, limit=60, what=f"{kind} for {partner}")
    return found


async def mails(whole: Whole, referral_id: str) -> list[tuple[str, str]]:
    """Recipient and purpose of each mail about a referral, once none of them waits."""
    async with whole.store("notifier") as store:
        sql = "SELECT recipient, purpose, state FROM notifications WHERE referral_id = $1 ORDER BY recipient"

        async def done() -> list[Any] | None:
            rows = await store.fetch(sql, referral_id)
            return rows if rows and all(row["state"] == "sent" for row in rows) else None

        return [(row["recipient"], row["purpose"]) for row in await until(done, what="the mails")]


async def test_one_has_the_need_the_other_supports_it_and_both_are_told_once(whole: Whole) -> None:
    async with whole.run():
        await whole.knock("cna", firm(), "e-1")
        request = await heard(whole, "sacesimest", "requested", front=FRONT)
        await whole.knock("aice", firm(), "e-1")
        copy = await heard(whole, "aice", "requested", front=FRONT)
        assert (request["role"], copy["role"], copy["part_of"]) == ("responsible", "supporting", request["referral_id"])
        assert copy["need_id"] == request["need_id"]
        assert copy["decision"]["rule"] == "need_redeclared"
        assert "cna" not in {value for one in copy["decision"]["path"] for value in one.values()}
        assert "declared_by" not in str(copy)
        assert "declarations" not in str(copy)
        assert "accept_by" not in copy
        assert await mails(whole, request["referral_id"]) == [("firm", "requested"), ("partner", "requested")]
        assert await mails(whole, copy["referral_id"]) == [("partner", "requested")]

        journey = await read_journey(whole.home, copy["referral_id"], whole.prefix)
        story = "\n".join(line.text for line in tell(journey, ENGLISH))
        assert "declared again: aice supports sacesimest" in story
        assert "aice supports the one chosen: it says that the firm declares this need" in story
        assert "sacesimest was chosen: it owns the front" in story

        revoked = {"codice_fiscale": tax_code(7), "to": "aice", "revoked_at": now()}
        await whole.knock("aice", revoked, "e-2", kind=REVOKED)
        ended = await heard(whole, "aice", "cancelled", referral_id=copy["referral_id"])
        assert ended["reason"] == "consent_withdrawn"

        asked = {"codice_fiscale": tax_code(7), "requested_at": now()}
        await whole.knock("cna", asked, "e-2", kind=ERASURE_REQUESTED)
        gone = await heard(whole, "aice", "firm-erased")
        assert copy["referral_id"] in gone["referral_ids"]
        async with whole.store("referral") as store:
            assert await store.fetchval("SELECT count(*) FROM needs WHERE declared_by <> '{}'") == 0
        assert (await audit(whole.home, whole.prefix)).told() == []
    async with whole.store("referral") as store:
        roles = await store.fetch("SELECT role FROM referrals WHERE front = $1", FRONT)
    assert sorted(row["role"] for row in roles) == ["responsible", "supporting"]

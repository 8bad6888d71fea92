"""What `/metrics` and `/readyz` say is what the stores and the broker hold."""

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.home import database_name
from shared import health
from shared.contracts.submitted import REVOKED
from shared.health import readiness, scrape
from shared.telemetry import names
from shared.testing.builders import revoked, tax_code
from shared.testing.waiting import until
from tests.component.telemetry.whole import Whole
from tests.e2e.firms import submission


async def told(whole: Whole, service: str) -> dict[str, float]:
    """Value by name and sorted label values, `service` left out."""
    text = await scrape(whole.feeds[service], whole.services[service].gauges)
    return {
        " ".join([one.name, *(value for label, value in sorted(one.labels.items()) if label != "service")]): one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    }


async def test_the_figures_of_a_service_are_those_of_its_store(whole: Whole) -> None:
    whole.traced = False
    async with whole.run():
        for n in range(4):
            await whole.knock("cna", submission(n, needs=("information",), exports=None), f"e-{n}")
        await whole.knock("cna", submission(3, needs=("information",), exports=None), "e-0")
        await whole.knock("cna", b"{", "e-9")
        await whole.knock("aice", revoked(codice_fiscale=tax_code(99)), "e-1", kind=REVOKED)
        async with whole.store("intake") as store:

            async def consumed() -> bool:
                return bool(await store.fetchval("SELECT sum(next_offset) FROM positions") == 7)

            await until(consumed, what="seven records consumed")
            row = await store.fetchrow("SELECT sum(applied)::int, sum(repeated)::int, sum(refused)::int FROM positions")
        figures = await told(whole, "intake")
        cna, aice = "partners.cna.firms.v1", "partners.aice.firms.v1"
        by_outcome = [
            sum(figures.get(f"portolano_records_total {outcome} {source}", 0) for source in (cna, aice))
            for outcome in ("applied", "repeated", "refused")
        ]
        assert by_outcome == list(row)
        assert figures[f"portolano_records_total applied {cna}"] == 4
        assert figures[f"portolano_lag_records {cna}"] == figures[f"portolano_lag_seconds {cna}"] == 0
        assert figures["portolano_ready"] == 1
        assert {name: n for name, n in figures.items() if name.startswith("portolano_scrape_failed") and n} == {}

        async def sent() -> bool:
            seen = await told(whole, "notifier")
            unsent = [seen[f"portolano_deliveries {state}"] for state in ("pending", "failed", "no_address")]
            return seen.get("portolano_mails_total taken") == 8 and unsent == [0, 0, 0]

        await until(sent, what="two mails for each of four firms, and none that waits")
        listed = {metric.name.removesuffix("_total") for metric in names.METRICS}
        for service in whole.feeds:
            for name in await told(whole, service):
                if name.startswith("portolano_"):
                    bare = name.split(" ")[0]
                    stems = {bare.removesuffix(end) for end in ("_total", "_bucket", "_sum", "_count", "")}
                    assert stems & listed, name


async def test_who_cannot_publish_is_not_ready_and_says_how_much_waits_and_for_how_long(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 1.0)
    whole.traced = False
    async with whole.run():
        intake = whole.feeds["intake"]
        assert await readiness(intake) == []
        outside = await asyncpg.connect(**whole.home.admin_dsn(database_name("intake", whole.prefix)))
        try:
            transaction = outside.transaction()
            await transaction.start()
            await outside.execute("SELECT FROM relayed FOR UPDATE")  # the cursor cannot move, nor the relay's turn end
            for n in range(3):
                await whole.knock("cna", submission(n, exports=None), f"e-{n}")

            async def stuck() -> bool:
                return await readiness(intake) == ["publishing"]

            await until(stuck, what="a service that says it cannot publish")
            figures = await told(whole, "intake")
            assert figures["portolano_ready"] == 0
            assert figures["portolano_relay_stuck_seconds"] > 1
            assert figures["portolano_outbox_records"] > 0
            assert figures["portolano_outbox_seconds"] > 1
            await transaction.rollback()

            async def well() -> bool:
                return not await readiness(intake) and not (await told(whole, "intake"))["portolano_outbox_records"]

            await until(well, what="readiness once the lock is gone")
        finally:
            await outside.close()


async def test_what_lies_unread_is_told_in_records_and_in_seconds(whole: Whole) -> None:
    whole.traced = False
    async with whole.run():
        referral = whole.feeds["referral"]
        async with referral.assignment.busy:  # no batch begins meanwhile
            await whole.knock("cna", submission(0, exports=None), "e-0")

            async def behind() -> bool:
                figures = await told(whole, "referral")
                source = "classifier.assessments.v1"
                return (
                    figures[f"portolano_lag_records {source}"] == 1 and figures[f"portolano_lag_seconds {source}"] > 0.2
                )

            await until(behind, what="a record that lies unread for a while")

        async def caught_up() -> bool:
            return not (await told(whole, "referral"))["portolano_lag_records classifier.assessments.v1"]

        await until(caught_up, what="nothing unread")

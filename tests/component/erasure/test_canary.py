"""A firm with a canary wherever people write asks to be forgotten: what is left of it is named here, nothing else is.

Erased at once: every store. Left until their keep is over: the journals (7 days) and the topics (7 or 21 days), each
for a day more. Logs and spans never had it.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.audit.evidence import read_topics
from cli.audit.run import audit
from cli.explain.english import ENGLISH
from cli.explain.reading import read_journey
from cli.explain.story import tell
from cli.held.parts import redriving
from services.referral import commands
from services.referral.manual import Assignment
from services.referral.receipt import Person
from shared.agreement import load
from shared.contracts.submitted import ERASURE_REQUESTED
from shared.feeds.aside import Closing
from shared.testing.builders import tax_code
from shared.testing.waiting import until
from tests.component.erasure.search import in_stores, in_topics
from tests.component.telemetry.whole import Sink, Whole
from tests.e2e.firms import now, submission

CODE, VAT = tax_code(4712), tax_code(4713)
CANARIES = ("canarino", CODE, VAT, "BG-471247", "0355504711", "7654321")
UPDATED = "it.portolano.referral.updated.v1"
REQUESTED, FORGOTTEN, STATUS, RECORDED, REFUSED = (
    f"it.portolano.referral.{kind}.v1"
    for kind in ("requested", "firm-erased", "firm-status", "update-recorded", "update-refused")
)
JOURNALS = {f"{service}.outbox.body" for service in ("intake", "classifier", "referral")}
"""What the stores keep for the journal's keep: the notifier's own sayings name nobody."""
TOPICS = {
    *("partners.cna.firms.v1", "partners.aice.firms.v1", "partners.cna.updates.v1"),
    *("partners.cna.receipts.v1", "partners.aice.receipts.v1"),
    *("partners.cna.referrals.v1", "partners.aice.referrals.v1"),
    *("intake.firms.v1", "classifier.assessments.v1", "referral.events.v1"),
}


class Moody(Sink):
    """A mail server that can put off everything."""

    busy = False

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        return "451 later" if self.busy else await super().handle_DATA(server, session, envelope)


def firm(reference: str, **data: Any) -> dict[str, Any]:
    """A canary in every member that takes words of people."""
    told = submission(
        0,
        needs=("information",),
        codice_fiscale=CODE,
        partita_iva=VAT,
        rea="BG-471247",
        name="Canarino Giallo di Canarino & C.",
        office={"province": "BG", "comune": "Canarino al Serio"},
        local_units=[{"province": "MI", "comune": "Canarino sul Naviglio"}],
        contacts={"pec": "canarino@pec.example", "email": "canarino@firm.example", "phone": "0355504711"},
        size={"year": datetime.now(UTC).year - 1, "staff": 12, "turnover_eur": 7_654_321, "balance_sheet_eur": 900_000},
        exports=None,
    )
    told["consents"][0]["text_version"] = "canarino-2026"
    return told | {"reference": reference} | data


async def held_and_redriven(whole: Whole) -> None:
    """The firm's first event at the notifier is set aside, with all that it holds, and applied after all."""
    async with whole.store("notifier") as store:
        await store.execute("ALTER TABLE notifications ADD CONSTRAINT fault CHECK (firm_id IS NULL) NOT VALID")
        await whole.knock("cna", firm("canarino-7", membership={"active": True}), "e-1")
        id = await until(lambda: store.fetchval("SELECT min(id) FROM held"), what="a held record")
        await store.execute("ALTER TABLE notifications DROP CONSTRAINT fault")
    async with redriving(whole.home, "notifier", whole.prefix) as records:
        await records.redrive(id, Closing("tester", "mended"))


async def waiting_mail(whole: Whole, server: Moody) -> dict[str, Any]:
    """The partner accepts while the mail server puts off: a mail to the firm waits. Gives the partner's request."""
    [request] = await told(whole, "cna", REQUESTED)
    async with whole.store("notifier") as store:
        sent = "SELECT count(*) = 2 FROM notifications WHERE state = 'sent'"
        await until(lambda: store.fetchval(sent), what="the first two mails")
        server.busy = True
        note = {"referral_id": request["referral_id"], "status": "accepted", "note": "canarino contento", "at": now(9)}
        await whole.knock("cna", note, "u-1", topic="updates", kind=UPDATED)
        put_off = "SELECT count(*) = 1 FROM notifications WHERE state = 'pending' AND put_off > 0"
        await until(lambda: store.fetchval(put_off), what="a mail that waits")
    return request


async def persons_word(whole: Whole, request: dict[str, Any]) -> None:
    """A person at the Region has written of the firm."""
    order = Assignment(
        id="00000000-0000-4000-8000-000000000001",
        need_id=request["need_id"],
        partner="cna",
        person=Person("anna", "canarino asked for it on the phone"),
    )
    async with whole.store("referral") as store:
        await commands.keep_assignment(store, order, request["referral_id"], "test")


async def mails_at_the_end(whole: Whole, server: Moody) -> dict[str, str]:
    """Recipient and purpose -> state, when the mail server takes again what still waits."""
    server.busy = False
    async with whole.store("notifier") as store:
        waits = "SELECT count(*) = 0 FROM notifications WHERE state = 'pending'"
        await until(lambda: store.fetchval(waits), what="the last mail")
        rows = await store.fetch("SELECT recipient || ' ' || purpose AS mail, state FROM notifications")
    return {row["mail"]: row["state"] for row in rows}


async def told(whole: Whole, partner: str, kind: str, wanted: int = 1) -> list[dict[str, Any]]:
    """What the partner hears of this kind, once it is so much; within a minute."""
    name = f"{whole.prefix}partners.{partner}.referrals.v1"

    async def enough() -> list[dict[str, Any]] | None:
        logs = await read_topics(whole.home, [name])
        found = [one.data() for one in logs[name, 0].records if one.attribute("type") == kind]
        return found if len(found) >= wanted else None

    return await until(enough, limit=60, what=f"{wanted} of {kind} for {partner}")


async def test_an_erased_firm_is_in_no_store_no_log_and_no_span_and_its_copies_are_known(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    whole.sink = server = Moody()
    async with whole.run():
        await held_and_redriven(whole)
        others_word = firm("canarino-8")
        del others_word["firm"]["needs"]  # or it would support cna
        await whole.knock("aice", others_word, "e-1")
        request = await waiting_mail(whole, server)
        await told(whole, "aice", STATUS)
        await persons_word(whole, request)
        before = await in_stores(whole, CANARIES)

        await whole.knock("cna", {"codice_fiscale": CODE, "requested_at": now()}, "e-2", kind=ERASURE_REQUESTED)
        [mine], [others] = await told(whole, "cna", FORGOTTEN), await told(whole, "aice", FORGOTTEN)

        assert await in_stores(whole, CANARIES) == JOURNALS
        assert await in_topics(whole.home, whole.prefix, CANARIES) == TOPICS
        states = await mails_at_the_end(whole, server)
        await _after_the_erasure(whole, request)
    assert {
        *("intake.assertions.assertion", "intake.profiles.state", "intake.submissions.reference"),
        *("referral.assessments.state", "referral.updates.content", "referral.commands.reason"),
        *("notifier.notifications.body", "notifier.notifications.address", "notifier.held.value"),
    } <= before, "what was never there is not proved to be gone"
    assert mine["referral_ids"] == [request["referral_id"]]
    assert others["referral_ids"] == [], "of another partner's referrals nobody hears"
    keep = load().topics.keep_days
    assert max(keep.internal, keep.partners) + 1 == 22
    ends = datetime.fromisoformat(mine["copies_until"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=22)) < timedelta(minutes=5)
    assert states == {"firm requested": "sent", "partner requested": "sent", "firm accepted": "erased"} | {
        "partner cancelled": "sent"  # its desk is told to stop, without a name
    }
    assert server.mails == 3, "what waited was not sent"
    logged = [one.getMessage() for one in caplog.records if one.name != "mail.log"]  # that is the test's mail server
    carried = "".join(logged) + "".join(span.to_json() for span in whole.finished())
    assert [word for word in CANARIES if word.casefold() in carried.casefold()] == []


async def _after_the_erasure(whole: Whole, request: dict[str, Any]) -> None:
    """What a partner still writes is answered and not kept; the story and the audit say how it is."""
    again = {"referral_id": request["referral_id"], "status": "accepted", "note": "canarino contento", "at": now(9)}
    late = again | {"status": "in_progress", "note": "canarino vola"}
    await whole.knock("cna", again, "u-1", topic="updates", kind=UPDATED)
    await whole.knock("cna", late, "u-2", topic="updates", kind=UPDATED)
    [recorded, repeated] = await told(whole, "cna", RECORDED, 2)
    [refused] = await told(whole, "cna", REFUSED)
    assert (recorded.get("flags"), repeated["flags"], refused["status"]) == (None, ["repeated"], "cancelled")
    assert await in_stores(whole, CANARIES) == JOURNALS
    journey = await read_journey(whole.home, request["referral_id"], whole.prefix)
    assert journey.erasure is not None
    assert journey.erasure.told == ("aice", "cna")
    story = "\n".join(line.text for line in tell(journey, ENGLISH))
    assert "A firm that had its data erased" in story
    assert "All four stores are empty" in story
    assert "canarino" not in story.casefold()
    report = await audit(whole.home, whole.prefix)
    assert report.told() == []
    assert report.looked_at["erasures"] == 3
    assert not report.waiting["erasures on their way"]

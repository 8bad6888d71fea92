"""Erasure in the real store of the notifier: of messages stays the proof, and the order of events decides what goes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.contracts.firm import Contacts
from shared.contracts.referral import CaseErased
from tests.component.services.conftest import set_stage as set_stage
from tests.component.services.stage import Stage
from tests.unit.notifier.builders import EARLIER, FIRM, REFERRAL, moved, opened

CONTACTS = Contacts(email="rossi@firm.example")
OTHER = "00000000-0000-8000-8000-000000000009"
ERASED = CaseErased(
    firm_id=FIRM,
    version=1,
    requested_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    requested_by="cna",
    submission_id="e-1",
)


async def test_an_erasure_takes_what_came_before_it_and_leaves_what_comes_after_also_within_one_batch(
    set_stage: Callable[[str], Awaitable[Stage]],
) -> None:
    stage = await set_stage("notifier")
    await stage.tell(
        (opened(referral_id=EARLIER, contacts=CONTACTS), FIRM),
        (moved("cancelled", referral_id=EARLIER, reason="firm_erased", firm_name=None, contacts=None), FIRM),
        (ERASED, FIRM),
        (opened(replaces=EARLIER, contacts=CONTACTS), FIRM),
        (moved("accepted", contacts=CONTACTS), FIRM),
    )
    other = (opened(referral_id="00000000-0000-5000-8000-000000000009", firm_id=OTHER, contacts=CONTACTS), OTHER)
    await stage.tell(other)
    async with stage.run():  # without its errand: nothing is sent
        assert await stage.consumed(6) == {"applied": 6}
        [(kind, said)] = await stage.said("notifier.deliveries.v1", 1)
    assert kind == "it.portolano.firm.notifications-erased.v1"
    assert (said["firm_id"], said["version"], said["requested_by"]) == (FIRM, 1, "cna")
    rows = await stage.store.fetch(
        """SELECT referral_id::text, recipient || ' ' || purpose AS mail, state, body IS NULL AND html IS NULL
           AND subject IS NULL AND address IS NULL AS bare FROM notifications WHERE firm_id = $1""",
        FIRM,
    )
    assert {(row["referral_id"], row["mail"]): (row["state"], row["bare"]) for row in rows} == {
        (EARLIER, "partner requested"): ("erased", True),
        (EARLIER, "firm requested"): ("erased", True),
        (EARLIER, "partner cancelled"): ("pending", False),
        (REFERRAL, "partner requested"): ("pending", False),
        (REFERRAL, "firm requested"): ("pending", False),
        (REFERRAL, "firm accepted"): ("pending", False),
    }
    facts = await stage.store.fetch("SELECT referral_id::text AS id FROM referrals WHERE firm_id = $1", FIRM)
    assert [row["id"] for row in facts] == [REFERRAL]
    cancelled = await stage.store.fetchval("SELECT body FROM notifications WHERE purpose = 'cancelled'")
    assert "Rossi" not in cancelled
    assert await stage.store.fetchval("SELECT count(*) FROM notifications WHERE firm_id = $1 AND body > ''", OTHER) == 2

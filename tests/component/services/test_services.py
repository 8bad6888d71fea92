"""Each service alone, and two promises that hold for every subscription: a repeat changes nothing, a failure
leaves nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.base import Event
from shared.contracts.classifier import FirmAssessed, Need, Segment
from shared.contracts.firm import Consent, Contacts, Membership, Profile, Publisher
from shared.contracts.intake import FirmRegistered
from shared.contracts.referral import ReferralOpened
from shared.contracts.submitted import SUBMITTED
from shared.testing.builders import submitted
from tests.component.services.conftest import Set
from tests.component.services.stage import Stage

FIRM = "00000000-0000-8000-8000-00000000000a"
REFERRAL = "00000000-0000-5000-8000-00000000000b"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EARLIER = "2026-11-20T08:00:00Z"
"""A moment that has passed: what lies ahead of the broker's clock is refused."""
UPDATED = "it.portolano.referral.updated.v1"

PROFILE = Profile(
    codice_fiscale="00000009999", name="Officine di Prova S.r.l.", contacts=Contacts(email="a@firm.example")
)
PUBLISHER = Publisher(partner="cna", submission_id="s-1", observed_at=NOW, reference="r-1")
CONSENT = Consent(to="any", purpose="referral", given_at=NOW)
SEGMENT = Segment(status="provisional", possible=("no_experience",), presumptions=(), warnings=(), agreement="2017.1")


def registered(version: int = 1) -> Event:
    return FirmRegistered(firm_id=FIRM, version=version, observed_at=NOW, profile=PROFILE, publishers=(PUBLISHER,))


def assessed() -> Event:
    return FirmAssessed(
        firm_id=FIRM,
        version=1,
        profile=PROFILE,
        publishers=(PUBLISHER,),
        segment=SEGMENT,
        needs=(Need(front="information", import_=False, declared=True),),
        memberships=(Membership(partner="cna"),),
        consents=(CONSENT,),
    )


def opened() -> Event:
    return ReferralOpened(
        firm_id=FIRM,
        referral_id=REFERRAL,
        need_id=REFERRAL,
        partner="cna",
        role="responsible",
        front="information",
        import_=False,
        segment=SEGMENT,
        requested_at=NOW,
        contacts=PROFILE.contacts,
    )


INPUTS: dict[str, Event] = {"classifier": registered(), "referral": assessed(), "notifier": opened()}
EFFECTS = {"classifier": ("assessments", 1), "referral": ("referrals", 1), "notifier": ("notifications", 2)}
SAID = {"classifier": ("classifier.assessments.v1", 1), "referral": ("partners.cna.referrals.v1", 2)}


async def has_its_effect_once(stage: Stage) -> None:
    table, rows = EFFECTS[stage.service]
    assert await stage.store.fetchval(f"SELECT count(*) FROM {table}") == rows
    if stage.service in SAID:
        topic, records = SAID[stage.service]
        assert len(await stage.said(topic, records)) == records


@pytest.mark.parametrize("service", INPUTS)
async def test_an_event_that_comes_again_changes_nothing(set_stage: Set, service: str) -> None:
    stage = await set_stage(service)
    async with stage.run():
        await stage.tell((INPUTS[service], FIRM), again=True)
        assert await stage.consumed(2) == {"applied": 1, "repeated": 1}
        await has_its_effect_once(stage)


@pytest.mark.parametrize("service", INPUTS)
async def test_a_batch_that_fails_after_its_work_leaves_nothing_and_is_done_again(set_stage: Set, service: str) -> None:
    stage = await set_stage(service)
    async with stage.run(failing=True):
        await stage.tell((INPUTS[service], FIRM))
        assert await stage.consumed(1) == {"applied": 1}
        await has_its_effect_once(stage)


async def test_intake_answers_each_partner_and_says_the_firm_when_it_changed(set_stage: Set) -> None:
    stage = await set_stage("intake")
    async with stage.run(failing=True):
        await stage.knock("cna", "firms", SUBMITTED, submitted({"artisan": False}, observed_at=EARLIER), "e-1")
        await stage.knock("cna", "firms", SUBMITTED, submitted({"artisan": False}, observed_at=EARLIER), "e-1")
        await stage.knock("unioncamere", "firms", SUBMITTED, submitted({"artisan": True}, observed_at=EARLIER), "e-1")
        await stage.knock("cna", "firms", SUBMITTED, {"firm": {}}, "e-2")
        assert await stage.consumed(4) == {"applied": 2, "repeated": 1, "refused": 1}
        receipts = await stage.said("partners.cna.receipts.v1", 3)
        assert [data.get("outcome", "refused") for _, data in receipts] == ["registered", "repeated", "refused"]
        assert [data["position"]["offset"] for _, data in receipts] == [0, 1, 2]
        (theirs,) = await stage.said("partners.unioncamere.receipts.v1", 1)
        assert theirs[1]["outcome"] == "registered"
        firms = [data for _, data in await stage.said("intake.firms.v1", 2)]
        assert [firm["version"] for firm in firms] == [1, 2]
        assert firms[1]["profile"]["artisan"] is True, "the register knows best who is an artisan"


async def test_referral_asks_the_partner_and_takes_its_answer_once(set_stage: Set) -> None:
    stage = await set_stage("referral")
    async with stage.run(failing=True):
        await stage.tell((assessed(), FIRM))
        (_, asked), (_, status) = await stage.said("partners.cna.referrals.v1", 2)
        assert (status["reference"], status["needs"][0]["state"]) == ("r-1", "referred")
        answer = {"referral_id": asked["referral_id"], "status": "accepted", "at": EARLIER}
        await stage.knock("cna", "updates", UPDATED, answer, "u-1")
        await stage.knock("cna", "updates", UPDATED, answer, "u-1")
        await stage.knock("aice", "updates", UPDATED, answer, "u-1")
        assert await stage.consumed(4) == {"applied": 2, "repeated": 1, "refused": 1}
        told = [
            kind.removeprefix("it.portolano.referral.") for kind, _ in await stage.said("partners.cna.referrals.v1", 4)
        ]
        assert told == ["requested.v1", "firm-status.v1", "update-recorded.v1", "update-recorded.v1"]
        ((kind, refused),) = await stage.said("partners.aice.referrals.v1", 1)
        assert (kind, refused["problems"][0]["rule"]) == ("it.portolano.referral.update-refused.v1", "referral-unknown")
        moved = [
            data["status"] for kind, data in await stage.said("referral.events.v1", 2) if kind.endswith("moved.v1")
        ]
        assert moved == ["accepted"]


async def test_the_notifier_writes_down_once_whom_to_tell(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    async with stage.run():
        await stage.tell((opened(), FIRM))
        assert await stage.consumed(1) == {"applied": 1}
        rows: list[Any] = await stage.store.fetch("SELECT recipient, state, message_id FROM notifications ORDER BY 1")
        assert [(row["recipient"], row["state"]) for row in rows] == [("firm", "pending"), ("partner", "pending")]
        assert len({row["message_id"] for row in rows}) == 2

"""A body that says itself that a firm prefers it: the firm is asked, and its yes moves what nobody has looked at."""

from datetime import UTC, date, datetime

import msgspec

from shared.contracts.firm import Contacts, Membership
from shared.contracts.notifier import PreferenceAnswered
from tests.component.referral.desk import FIRM, Desk, assessed
from tests.component.services.conftest import Set

WISHED, OLDER = "confapi", "cna"


async def test_a_firms_yes_hands_its_need_to_the_body_that_it_wants(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    told = assessed("assistance", publishers=(WISHED,))
    profile = msgspec.structs.replace(
        told.profile, preferred_partner=WISHED, contacts=Contacts(email="firm@prova.example")
    )
    members = (Membership(partner=OLDER, since=date(2010, 1, 1)), Membership(partner=WISHED, since=date(2020, 1, 1)))
    told = msgspec.structs.replace(told, profile=profile, memberships=members)
    async with desk.stage.run(failing=True):
        await desk.tell(told, msgspec.structs.replace(told, version=2))
        ((_, first),) = await desk.news(1, OLDER)
        said = await desk.stage.said("referral.events.v1", 2)
        (asked,) = (data for kind, data in said if kind == "it.portolano.firm.preference-asked.v1")
        assert (asked["partner"], asked["contacts"]["email"]) == (WISHED, "firm@prova.example")
        answer = PreferenceAnswered(
            firm_id=FIRM, question_id=asked["question_id"], partner=WISHED, confirmed=True, at=datetime.now(UTC)
        )
        await desk.stage.tell((answer, FIRM), (answer, FIRM), upstream="notifier")
        ((kind, cancelled),) = await desk.news(1, OLDER)
        assert (kind, cancelled["referral_id"], cancelled["reason"]) == (
            "cancelled",
            first["referral_id"],
            "superseded",
        )
        (_, status), (kind, second) = await desk.news(2, WISHED)
        assert (kind, status["needs"][0]["state"]) == ("requested", "referred")
        reasons = [step["reason"] for step in second["decision"]["path"]]
        assert f"{WISHED} has the firm as its member and is the one that the firm has confirmed it wants" in reasons
        assert await desk.stage.store.fetchval("SELECT confirmed FROM wishes") is True
        replaced = await desk.stage.store.fetchval("SELECT replaces FROM referrals WHERE status = 'requested'")
        assert str(replaced) == first["referral_id"]

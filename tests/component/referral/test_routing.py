"""What comes in beside a responsible partner, and what bodies are asked about memberships, on the real broker and
store."""

import hashlib

import msgspec

from cli.explain.stores import opened
from cli.fairness.stored import draws
from services.referral.updates import MEMBERSHIP_ANSWERED
from shared.contracts.classifier import AssessmentErased, FirmAssessed
from shared.contracts.firm import Activity, Membership, Place, Size
from tests.component.referral.desk import FIRM, PAST, Desk, assessed, consent
from tests.component.services.conftest import Set


def maker(*fronts: str, version: int = 1, market: str | None = None, declared: tuple[str, ...] = ()) -> FirmAssessed:
    """A small maker of metal goods in Bergamo that nobody calls a member."""
    plain = assessed(*fronts, version=version)
    profile = msgspec.structs.replace(
        plain.profile,
        artisan=False,
        office=Place(province="BG"),
        ateco=(Activity(code="25.11.00", edition="2025", main=True),),
        size=Size(year=2025, staff=400, turnover_eur=10_000_000),
        declared_memberships=declared,
    )
    needs = tuple(msgspec.structs.replace(need, market=market) for need in plain.needs)
    return msgspec.structs.replace(plain, profile=profile, needs=needs, memberships=())


async def test_an_owners_referral_is_copied_to_the_firms_association_and_closed_with_it(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(assessed("finance_and_insurance"))
        ((_, asked),) = await desk.news(1, "sacesimest")
        ((_, copy),) = await desk.news(1)
        assert (asked["role"], copy["role"], copy["part_of"]) == ("responsible", "supporting", asked["referral_id"])
        assert "part_of" not in asked
        assert [one["code"] for one in asked["services"]]
        await desk.say(asked["referral_id"], "accepted", partner="sacesimest")
        await desk.say(asked["referral_id"], "in_progress", partner="sacesimest")
        done = [{"code": "finance_granted", "value_eur": 90_000}]
        await desk.say(asked["referral_id"], "completed", partner="sacesimest", outcomes=done)
        ((kind, closed),) = await desk.news(1)
        assert (kind, closed["referral_id"], closed["outcomes"]) == ("closed", copy["referral_id"], [])
        assert await desk.needs() == {"finance_and_insurance": "met"}
        rows = await desk.stage.store.fetch("SELECT role, status FROM referrals ORDER BY role")
        assert [tuple(row) for row in rows] == [("responsible", "completed"), ("supporting", "completed")]


async def test_a_copy_that_ends_in_the_batch_that_opened_it_is_kept(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    await desk.tell(
        assessed("finance_and_insurance"),
        assessed("finance_and_insurance", version=2, consents=(consent("sacesimest"),)),
    )
    async with desk.stage.run():
        (_, copy), (kind, ended) = await desk.news(2)
        assert (kind, ended["referral_id"], ended["reason"]) == ("cancelled", copy["referral_id"], "consent_withdrawn")


async def test_a_leg_in_the_market_has_its_executor_beside_the_responsible_partner(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(maker("assistance", market="AE"))
        ((_, asked),) = await desk.news(1, "confindustria")
        ((_, leg),) = await desk.news(1, "assocamerestero")
        assert (leg["role"], leg["part_of"], leg["market"]) == ("executor", asked["referral_id"], "AE")
        await desk.say(leg["referral_id"], "rejected", partner="assocamerestero", reason="no_capacity")
        await desk.news(1, "assocamerestero")
        row = await desk.stage.store.fetchrow("SELECT state, reason, referral_id::text FROM needs")
        assert tuple(row) == ("referred", "executor_rejected", asked["referral_id"])


async def test_a_body_is_asked_whether_the_firm_is_its_member_and_its_yes_brings_it_the_need(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(maker("assistance", declared=("cna",)))
        ((kind, query),) = await desk.news(1)
        assert (kind, query["codice_fiscale"]) == ("membership-queried", "00000009999")
        assert query.keys() == {"query_id", "codice_fiscale", "answer_by"}
        assert await desk.needs() == {"assistance": "waiting_membership"}
        await desk.write(MEMBERSHIP_ANSWERED, {"query_id": query["query_id"], "member": True}, "confapi")
        ((kind, refused),) = await desk.news(1, "confapi")
        assert (kind, refused["problems"][0]["rule"]) == ("update-refused", "query-unknown")
        answer = {"query_id": query["query_id"], "member": True, "since": "2015-01-01"}
        await desk.write(MEMBERSHIP_ANSWERED, answer)
        recorded, (_, asked) = await desk.news(2)
        assert (recorded[0], asked["decision"]["rule"]) == ("update-recorded", "verified_membership")
        await desk.write(MEMBERSHIP_ANSWERED, answer)
        ((kind, again),) = await desk.news(1)
        assert (kind, again["flags"]) == ("update-recorded", ["repeated"])
        row = await desk.stage.store.fetchrow(
            "SELECT member, since::text, answered_at > asked_at FROM membership_queries"
        )
        assert tuple(row) == (True, "2015-01-01", True)


async def test_a_no_sends_the_need_on_and_an_erased_firm_leaves_no_query(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(maker("assistance", declared=("cna",)))
        ((_, query),) = await desk.news(1)
        await desk.write(MEMBERSHIP_ANSWERED, {"query_id": query["query_id"], "member": False})
        ((_, asked),) = await desk.news(1, "confindustria")
        assert asked["decision"]["rule"] == "eligibility"
        erased = AssessmentErased(firm_id=FIRM, version=1, requested_at=PAST, requested_by="cna", submission_id="e")
        await desk.tell(erased)
        await desk.news(1, "confindustria")
        assert await desk.stage.store.fetchval("SELECT count(*) FROM membership_queries") == 0
        await desk.write(MEMBERSHIP_ANSWERED, {"query_id": query["query_id"], "member": True})
        *_, (kind, refused) = await desk.news(2)
        assert (kind, refused["problems"][0]["rule"]) == ("update-refused", "query-unknown")


async def test_stored_ties_can_be_computed_again_and_those_of_memberships_are_told_on_request_alone(
    set_stage: Set,
) -> None:
    desk = Desk(await set_stage("referral"))
    tied = maker("assistance")
    small = msgspec.structs.replace(tied.profile, size=Size(year=2025, staff=12, turnover_eur=1))
    both = (Membership(partner="cna"), Membership(partner="confapi"))
    async with desk.stage.run():
        await desk.tell(
            msgspec.structs.replace(tied, profile=small),
            msgspec.structs.replace(assessed("assistance", "information", version=2), memberships=both),
        )
        await desk.stage.consumed(2)
    async with opened(desk.stage.home, "referral", desk.stage.prefix) as store:
        (drawn,) = await draws(store, memberships=False)
        every = await draws(store, memberships=True)
    hashes = {code: hashlib.sha256(f"{FIRM}/{code}".encode()).hexdigest() for code in ("confindustria", "confapi")}
    assert (drawn.firm_id, set(drawn.members), drawn.hash) == (FIRM, set(hashes), max(hashes.values()))
    assert hashes[drawn.partner] == drawn.hash
    assert [one.members for one in every] == [drawn.members, ("confapi", "cna")]

"""A partner that has nothing but its own client and `partner config` is served, and kept to its own."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest
from confluent_kafka import Consumer

from shared.testing.waiting import until
from tests.e2e.firms import now, submission, tax_code
from tests.e2e.partner import Partner
from tests.e2e.system import System

FIRST = 500_000
"""Firms of these tests are numbered from here, apart from those of other tests on the same topics."""


@pytest.fixture
def cna(system: System) -> Partner:
    return Partner(system.home, "cna")


def receipt(partner: Partner, event_id: str) -> dict[str, Any]:
    partner.read(lambda one: any(data.get("submission_id") == event_id for _, data in one.told))
    return next(data for _, data in partner.told if data.get("submission_id") == event_id)


async def test_a_firm_gets_its_receipt_its_referral_and_its_mails(system: System, cna: Partner, mail_sink: str) -> None:
    referred = Partner(system.home, "sacesimest")
    event_id = cna.submit(submission(FIRST, needs=("finance_and_insurance",)))
    cna.flush()
    answered = await asyncio.to_thread(receipt, cna, event_id)
    assert (answered["outcome"], answered["reference"]) == ("registered", f"ref-{FIRST}")

    def ours() -> list[dict[str, Any]]:
        return [one for one in referred.of("referral.requested.v1") if one["firm"]["codice_fiscale"] == tax_code(FIRST)]

    await asyncio.to_thread(referred.read, lambda _: bool(ours()))
    (asked,) = ours()
    assert (asked["front"], asked["role"], asked["status"]) == ("finance_and_insurance", "responsible", "requested")
    assert "reference" not in asked, "a partner's reference is given back to that partner alone"
    verdicts = {one["partner"]: one["verdict"] for one in asked["decision"]["candidates"]}
    assert len(verdicts) == 12
    assert set(verdicts.values()) - {verdicts["sacesimest"]} <= {"other_owner_of_front", "tie_lost", "not_selected"}

    referred.answer(str(asked["referral_id"]), "accepted", now())
    referred.flush()
    await asyncio.to_thread(referred.read, lambda one: bool(one.of("referral.update-recorded.v1")))
    (recorded,) = referred.of("referral.update-recorded.v1")
    assert (recorded["referral_id"], recorded["status"]) == (asked["referral_id"], "accepted")

    def mails() -> list[Any]:
        url = f"{mail_sink}/api/messages?limit=50&header=X-Portolano-Referral:{asked['referral_id']}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            found = json.load(answer)
        return list(found["messages"] if isinstance(found, dict) else found)

    async def three() -> bool:
        return len(await asyncio.to_thread(mails)) == 3

    await until(three, what="mails to the partner, to the firm, and on acceptance")


async def test_a_rejected_referral_goes_to_somebody_else(system: System) -> None:
    cna, chamber = Partner(system.home, "cna"), Partner(system.home, "unioncamere")
    data = submission(FIRST + 1, needs=("information",)) | {"membership": {"active": True}}
    cna.submit(data)
    cna.flush()

    def first(partner: Partner) -> list[dict[str, Any]]:
        requests = partner.of("referral.requested.v1")
        mine = [one for one in requests if one["firm"]["codice_fiscale"] == tax_code(FIRST + 1)]
        return [one for one in mine if one["front"] == "information"]

    await asyncio.to_thread(cna.read, lambda one: bool(first(one)))
    (asked,) = first(cna)
    assert asked["reference"] == f"ref-{FIRST + 1}"
    cna.answer(str(asked["referral_id"]), "rejected", now(), reason="no_capacity")
    cna.flush()
    await asyncio.to_thread(chamber.read, lambda one: bool(first(one)))
    (again,) = first(chamber)
    assert again["need_id"] == asked["need_id"]
    assert "replaces" not in again, "the chamber never had the referral that this one replaces"


async def test_a_refused_submission_is_told_all_its_problems_at_once(system: System, cna: Partner) -> None:
    data = submission(FIRST + 2, office={"province": "NA"}, codice_fiscale="12345678901")
    data["observed_at"] = now(minus=-3600)
    event_id = cna.submit(data)
    cna.flush()
    refused = await asyncio.to_thread(receipt, cna, event_id)
    pointers = {problem["pointer"] for problem in refused["problems"]}
    assert {"/firm/codice_fiscale", "/observed_at"} <= pointers
    assert all(problem["rule"] and problem["message"] for problem in refused["problems"])


async def test_what_is_no_event_at_all_is_answered_as_well(system: System, cna: Partner) -> None:
    letters: list[tuple[bytes | None, list[tuple[str, str | bytes | None]]]] = [
        (b"not json", [("ce_id", b"x"), ("content-type", b"application/json")]),
        (None, []),
        (b"{}", [("ce_id", None), ("ce_type", b"\xff\xfe")]),
    ]
    for value, headers in letters:
        cna.producer.produce("partners.cna.firms.v1", value=value, headers=headers)
    cna.flush()
    before = len(cna.of("submission.refused.v1"))
    await asyncio.to_thread(cna.read, lambda one: len(one.of("submission.refused.v1")) >= before + 3)


async def test_the_broker_refuses_a_partner_on_anothers_topic(system: System, cna: Partner) -> None:
    refusals: list[str] = []
    cna.producer.produce(
        "partners.aice.firms.v1",
        value=b"{}",
        on_delivery=lambda error, _: refusals.append(error.name() if error else ""),
    )
    cna.producer.flush(10)
    assert refusals == ["TOPIC_AUTHORIZATION_FAILED"]
    foreign = "partners.aice.referrals.v1"
    consumer = Consumer({**cna.settings, "group.id": "cna.curious"})
    answer = await asyncio.to_thread(consumer.list_topics, foreign, 10)
    consumer.close()
    assert str(answer.topics[foreign].error).startswith("KafkaError{code=TOPIC_AUTHORIZATION_FAILED"), answer.topics

"""Requests for information through the real broker and store: asked, answered, declined, overdue, forgotten."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.referral.updates import INFORMATION_DECLINED
from shared.contracts.classifier import AssessmentErased, FirmAssessed, Missing, Segment
from shared.contracts.firm import Consent, Publisher
from shared.testing.waiting import until
from tests.component.referral.desk import FIRM, PAST, Desk, assessed, consent
from tests.component.referral.moving import Time, looked
from tests.component.services.conftest import Set

OPEN = ("no_experience", "light_presence")
FRONTS = ("information", "training_and_orientation", "assistance")
"""Those that the two possible segments give."""
WAITS = {"assistance": "waiting_information"}
MISSING = Missing(
    pointer="/firm/exports/years",
    year=2025,
    question_it="Quale quota del fatturato è venuta dall'estero nel 2025?",
    question_en="Which share of the turnover came from abroad in 2025?",
)
OTHER = Missing(
    pointer="/firm/presence_abroad",
    question_it="L'impresa ha presenze proprie all'estero?",
    question_en="Does the firm have a presence of its own abroad?",
)


def told(
    *missing: Missing,
    version: int = 1,
    possible: tuple[str, ...] = OPEN,
    consents: tuple[Consent, ...] = (consent(),),
    needs: tuple[str, ...] = ("information", "training_and_orientation"),
) -> FirmAssessed:
    """A firm that is nobody's member, told of by aice and later by the register; its needs are those that every
    possible segment gives. Settled where nothing is missing."""
    plain = assessed(*needs, version=version, consents=consents)
    by = (
        Publisher(partner="aice", submission_id="s-1", observed_at=PAST, reference="crm-1"),
        Publisher(partner="unioncamere", submission_id="s-2", observed_at=PAST + timedelta(days=1)),
    )
    segment = Segment(
        status="provisional" if missing else "classified",
        value=None if missing else possible[0],
        possible=possible,
        presumptions=(),
        warnings=(),
        agreement="2017.1",
    )
    return msgspec.structs.replace(plain, segment=segment, publishers=by, memberships=(), missing=missing)


async def asked(desk: Desk, partner: str = "aice", *, beside: int = 0) -> dict[str, Any]:
    """The next request for the partner, among what else it hears of the firm."""
    news = await desk.news(1 + beside, partner)
    (found,) = [data for kind, data in news if kind == "information-requested"]
    return found


async def requests(desk: Desk) -> list[tuple[Any, ...]]:
    rows = await desk.stage.store.fetch("SELECT partner, closed, declined FROM information_requests ORDER BY number")
    return [tuple(row) for row in rows]


async def given(desk: Desk) -> dict[str, str]:
    """The needs that are not served."""
    return {front: state for front, state in (await desk.needs()).items() if state != "referred"}


async def test_a_provisional_firm_is_asked_through_its_publisher_and_not_the_register_until_it_is_settled(
    set_stage: Set,
) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(told(MISSING, OTHER))
        first, status = await desk.news(2, "aice")
        assert (first[0], status[0]) == ("information-requested", "firm-status")
        assert first[1] | {"request_id": "", "answer_by": ""} == {
            "request_id": "",
            "firm_id": FIRM,
            "codice_fiscale": "00000009999",
            "reference": "crm-1",
            "segment": msgspec.to_builtins(told(MISSING).segment)
            | {"possible": list(OPEN)}
            | {
                "presumptions": [],
                "warnings": [],
            },
            "missing": [msgspec.json.decode(msgspec.json.encode(one)) for one in (MISSING, OTHER)],
            "answer_by": "",
        }
        assert {one["front"]: one["state"] for one in status[1]["needs"]}["assistance"] == "waiting_information"
        assert await given(desk) == WAITS
        await desk.tell(told(MISSING, OTHER, version=2))
        await desk.stage.consumed(2)
        await desk.tell(told(OTHER, version=3))
        second = await asked(desk)
        assert (second["missing"], second["request_id"] != first[1]["request_id"]) == (
            [msgspec.json.decode(msgspec.json.encode(OTHER))],
            True,
        )
        await desk.tell(told(version=4, possible=("light_presence",)))
        await desk.stage.consumed(4)
        assert await requests(desk) == [("aice", "superseded", None), ("aice", "answered", None)]
        assert await given(desk) == {"assistance": "withdrawn"}
        ((kind, status_now),) = await desk.news(1, "aice")
        assert (kind, status_now["segment"]["status"]) == ("firm-status", "classified")
        assert await desk.stage.store.fetchval("SELECT count(*) FROM timers WHERE kind = 'information'") == 0


async def test_after_the_deadline_nobody_is_waited_for_and_nobody_asked_again(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    time = Time(desk)
    async with desk.stage.run(moved_clock="true") as feeds:
        await desk.tell(told(MISSING, needs=()))
        request = await asked(desk, beside=1)
        await time.go_to(datetime.fromisoformat(request["answer_by"]) - timedelta(hours=1))
        await looked(feeds)
        assert (await requests(desk), await given(desk)) == (
            [("aice", None, None)],
            dict.fromkeys(FRONTS, "waiting_information"),
        )
        await time.go_to(datetime.fromisoformat(request["answer_by"]))

        async def closed() -> bool:
            return await requests(desk) == [("aice", "no_answer", None)]

        await until(closed, what="the end of the request")
        assert await given(desk) == dict.fromkeys(FRONTS, "withdrawn")
        statuses = [data for kind, data in await desk.news(1, "aice") if kind == "firm-status"]
        assert {one["state"] for one in statuses[0]["needs"]} == {"withdrawn"}
        await desk.tell(told(MISSING, needs=(), version=2))
        await desk.stage.consumed(2)
        assert len(await requests(desk)) == 1


async def test_a_refusal_is_answered_once_closes_the_request_and_its_words_are_kept(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run(failing=True):
        await desk.tell(told(MISSING))
        request = await asked(desk, beside=1)
        refusal = {"request_id": request["request_id"], "reason": "the firm does not want to say"}
        await desk.write(INFORMATION_DECLINED, refusal, "unioncamere")
        *_, (kind, refused) = await desk.news(4, "unioncamere")
        assert (kind, refused["problems"][0]["rule"]) == ("update-refused", "request-unknown")
        await desk.write(INFORMATION_DECLINED, refusal, "aice")
        await desk.write(INFORMATION_DECLINED, refusal | {"reason": "and still does not"}, "aice")
        recorded, status, again = await desk.news(3, "aice")
        assert (recorded[0], recorded[1].get("flags"), status[0]) == ("update-recorded", None, "firm-status")
        assert (again[0], again[1]["flags"]) == ("update-recorded", ["repeated"])
        assert await requests(desk) == [("aice", "declined", "the firm does not want to say")]
        assert await given(desk) == {"assistance": "withdrawn"}
        await desk.tell(told(OTHER, version=2))
        late = (await asked(desk, beside=1))["request_id"]
        await desk.tell(told(version=3))
        await desk.write(INFORMATION_DECLINED, {"request_id": late, "reason": "too late"}, "aice")
        *_, (kind, flagged) = await desk.news(2, "aice")
        assert (kind, flagged["flags"]) == ("update-recorded", ["late"])
        assert (await requests(desk))[1] == ("aice", "answered", "too late")


async def test_the_register_is_asked_where_the_consent_covers_no_other_and_nobody_where_it_covers_none(
    set_stage: Set,
) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(told(MISSING, consents=()))
        await desk.stage.consumed(1)
        assert (await requests(desk), await given(desk)) == (
            [],
            {"information": "waiting_consent", "training_and_orientation": "waiting_consent"},
        )
        await desk.tell(told(MISSING, version=2, consents=(consent("unioncamere"),)))
        await desk.stage.consumed(2)
        assert await requests(desk) == [("unioncamere", None, None)]


async def test_an_erasure_forgets_the_request_with_the_words_of_its_refusal(set_stage: Set) -> None:
    desk = Desk(await set_stage("referral"))
    async with desk.stage.run():
        await desk.tell(told(MISSING))
        request = await asked(desk, beside=1)
        refusal = {"request_id": request["request_id"], "reason": "Mario Rossi says no"}
        await desk.write(INFORMATION_DECLINED, refusal, "aice")
        await desk.news(2, "aice")
        erased = AssessmentErased(firm_id=FIRM, version=1, requested_at=PAST, requested_by="aice", submission_id="e")
        await desk.tell(erased)
        await desk.stage.consumed(3)
        store = desk.stage.store
        assert await store.fetchval("SELECT count(*) FROM information_requests") == 0
        assert await store.fetchval("SELECT count(*) FROM timers WHERE kind = 'information'") == 0
        rows = await store.fetch("SELECT content, content_hash FROM updates")
        assert [tuple(row) for row in rows] == [(None, None)]
        assert "aice" in await store.fetchval("SELECT recipients FROM erasures")

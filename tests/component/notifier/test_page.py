"""A firm's link from the stored mail to the event that referral hears: real store, real broker, real HTTP, and two
processes' worth of the service where it matters."""

import asyncio
import http.client
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from deploy.local import ports
from services.notifier.app import service
from services.notifier.links import Link, Links, Purpose
from services.notifier.settings import NotifierSettings
from shared.contracts.firm import Contacts
from shared.contracts.referral import CaseErased, PreferenceAsked, ReportedOutcome
from shared.feeds import clock
from shared.testing.running import running, settings_from
from shared.testing.waiting import until
from tests.component.services.conftest import Set
from tests.component.services.conftest import set_stage as set_stage
from tests.component.services.stage import Stage
from tests.unit.notifier.builders import EARLIER, FIRM, REFERRAL, moved, opened

CONTACTS = Contacts(email="rossi@firm.example")
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
FORM = "application/x-www-form-urlencoded"
TABLES = ("questions", "notifications", "referrals", "feeds", "outbox")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


async def browse(method: str, link: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
    """What a browser without scripts gets."""

    def ask() -> Answer:
        address = urlsplit(link)
        line = http.client.HTTPConnection(address.netloc, timeout=10)
        try:
            body = urlencode(form) if form is not None else None
            given = ({"content-type": FORM} if form is not None else {}) | headers
            line.request(method, f"{address.path}?{address.query}", body, given)
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read().decode())
        finally:
            line.close()

    return await asyncio.to_thread(ask)


@asynccontextmanager
async def site(stage: Stage, **more: str) -> AsyncIterator[str]:
    """One more process's worth of the notifier; where its page is."""
    (port,) = ports.choose(1)
    environment = stage.home.service_environment("notifier", stage.prefix)
    environment |= {"NOTIFIER_PAGE_PORT": str(port), "NOTIFIER_MOVED_CLOCK": "true"}
    environment |= {f"NOTIFIER_{name.upper()}": value for name, value in more.items()}
    settings = settings_from(environment, NotifierSettings)
    assert isinstance(settings, NotifierSettings)
    made = service(settings)
    stopping = asyncio.Event()
    async with running(made.settings, made.name, made.subscriptions, made.context) as feeds:
        serving = asyncio.ensure_future(made.errands[-1](feeds, stopping))

        async def open_() -> bool:
            return not ports.is_free(port) or serving.done()

        await until(open_, what="the page's port")
        assert b'sight="asked"} 0.0' in feeds.metrics.text(()), "told from the start: else the first one is no increase"
        yield f"http://127.0.0.1:{port}/answer"
        stopping.set()
        await asyncio.wait_for(serving, 10)


async def asked(stage: Stage, where: str) -> str:
    """A referral is completed, and the firm has got its link: here as it leads to that process."""
    outcomes = (ReportedOutcome(code="first_order", market="DE"),)
    completed = moved("completed", contacts=CONTACTS, answer_by=UNTIL, outcomes=outcomes)
    await stage.tell((opened(contacts=CONTACTS), FIRM), (completed, FIRM))
    return await link_in_mail(stage, where, "completed")


async def link_in_mail(stage: Stage, where: str, purpose: str) -> str:
    """The link of the stored mail, as it leads to that process."""

    async def body() -> str | None:
        found: str | None = await stage.store.fetchval("SELECT body FROM notifications WHERE purpose = $1", purpose)
        return found

    (query,) = re.findall(r"/answer(\?link=\S+)", await until(body, what=f"the mail {purpose}"))
    return f"{where}{query}"


async def everything(stage: Stage) -> dict[str, list[Any]]:
    return {table: [tuple(row) for row in await stage.store.fetch(f"SELECT * FROM {table}")] for table in TABLES}


async def answers(stage: Stage, wanted: int = 1) -> list[dict[str, Any]]:
    said = await stage.said("notifier.deliveries.v1", wanted)
    return [data for kind, data in said if kind == "it.portolano.referral.outcomes-answered.v1"]


async def test_looking_changes_nothing_and_the_first_answer_stands(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    async with site(stage) as where:
        link = await asked(stage, where)
        before = await everything(stage)
        for method, address in (("GET", link), ("HEAD", link), ("GET", f"{link}&lang=en&answer=yes"), ("PUT", link)):
            looked = await browse(method, address)
            assert looked.status == (405 if method == "PUT" else 200)
            assert ("<form" in looked.text) == (method == "GET")
        assert await everything(stage) == before

        first = await browse("POST", link, {"answer": "no", "reason": "other_outcomes"})
        assert (first.status, "abbiamo registrato" in first.text) == (200, True)
        for form, status in (
            ({"answer": "no", "reason": "other_outcomes"}, 200),
            ({"answer": "no"}, 409),
            ({"answer": "yes"}, 409),
            ({"answer": "maybe"}, 200),
        ):
            again = await browse("POST", link, form)
            assert (again.status, "Avete contestato" in again.text) == (status, True), form
        stands = await browse("GET", f"{link}&lang=en")
        assert (stands.status, "You have disputed" in stands.text, "<form" in stands.text) == (200, True, False)
        (answer,) = await answers(stage)
    assert (answer["referral_id"], answer["confirmed"], answer["reason"]) == (REFERRAL, False, "other_outcomes")
    assert answer["firm_id"] == FIRM


async def test_of_answers_that_come_at_once_at_two_processes_one_is_taken_and_said(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    async with site(stage) as one, site(stage) as other:
        link = await asked(stage, one)
        links = [link, link.replace(one, other)]
        given = await asyncio.gather(
            *(browse("POST", links[n % 2], {"answer": "yes" if n % 3 else "no"}) for n in range(12))
        )
        (answer,) = await answers(stage)
        taken = [n for n, one in enumerate(given) if "abbiamo registrato" in one.text]
        assert len(taken) == 1
        said = "yes" if taken[0] % 3 else "no"
        assert answer["confirmed"] == (said == "yes")
        for n, one_given in enumerate(given):
            assert one_given.status == (200 if ("yes" if n % 3 else "no") == said else 409)
        await browse("POST", links[1], {"answer": said})
        assert len(await answers(stage)) == 1


async def test_a_firm_says_by_its_link_whether_a_wish_is_its_own(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    wish = PreferenceAsked(firm_id=FIRM, question_id=EARLIER, partner="cna", answer_by=UNTIL, contacts=CONTACTS)
    async with site(stage) as where:
        await stage.tell((wish, FIRM))
        link = await link_in_mail(stage, where, "preference")
        assert "Volete essere seguiti" in (await browse("GET", link)).text
        refused = await browse("POST", link, {"answer": "no", "reason": "not_finished"})
        assert (refused.status, "<form" in refused.text) == (400, True)
        for _ in range(2):
            assert (await browse("POST", link, {"answer": "yes"})).status == 200
        ((kind, said),) = await stage.said("notifier.deliveries.v1", 1)
    assert kind == "it.portolano.firm.preference-answered.v1"
    assert (said["question_id"], said["partner"], said["confirmed"]) == (EARLIER, "cna", True)


async def test_a_link_that_does_not_hold_is_told_as_what_it_is(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    async with site(stage) as where:
        link = await asked(stage, where)
        token = link.partition("?link=")[2]
        purpose, id, end, signature = token.split(".")
        nowhere = Link(Purpose.OUTCOMES, "00000000-0000-5000-8000-0000000000ff", UNTIL)
        key = stage.home.secret("notifier/notifier_link_key").encode()
        before = await everything(stage)
        for changed, status in (
            ("", 404),
            (token[:-1], 404),
            (f"{token}&link={token}", 404),
            (f"{purpose}.{id}.{int(end) + 1}.{signature}", 403),
            (f"{purpose}.{nowhere.id}.{end}.{signature}", 403),
            (Links("", [b"x" * 32]).to(nowhere).partition("=")[2], 403),
            (Links("", [key]).to(nowhere).partition("=")[2], 410),
            (Links("", [key]).to(Link(Purpose.OUTCOMES, id, datetime(2020, 1, 1, tzinfo=UTC))).partition("=")[2], 410),
        ):
            for method, form in (("GET", None), ("POST", {"answer": "yes"})):
                met = await browse(method, f"{where}?link={changed}", form)
                assert (met.status, "<form" in met.text) == (status, False), (method, changed)
        assert (await browse("GET", where.removesuffix("answer"))).status == 404
        assert (await browse("GET", where.replace("/answer", "/metrics"))).status == 404
        for form, content, status in (
            ({"answer": "x"}, FORM, 400),
            ({}, FORM, 400),
            ({"answer": "yes"}, "application/json", 415),
            ({"answer": "yes", "more": "x" * 3000}, FORM, 413),
        ):
            met = await browse("POST", link, form, **{"content-type": content})
            assert (met.status, "<form" in met.text) == (status, True), form
        assert await everything(stage) == before
        await clock.move(stage.store, UNTIL - datetime.now(UTC) + timedelta(seconds=2))
        for method, form in (("GET", None), ("POST", {"answer": "yes"})):
            assert (await browse(method, link, form)).status == 410
        assert await stage.store.fetchval("SELECT answer FROM questions") is None


@pytest.mark.parametrize("why", ["erased", "entered_in_error"])
async def test_a_link_ends_with_what_it_asks_for(set_stage: Set, why: str) -> None:
    stage = await set_stage("notifier")
    async with site(stage) as where:
        link = await asked(stage, where)
        end: Any = moved(why, was="completed", contacts=None)
        if why == "erased":
            end = CaseErased(firm_id=FIRM, version=1, requested_at=UNTIL, requested_by="cna", submission_id="e-1")
        await stage.tell((end, FIRM))
        assert await stage.consumed(3) == {"applied": 3}
        for method, form in (("GET", None), ("POST", {"answer": "yes"})):
            assert (await browse(method, link, form)).status == 410
        assert await stage.store.fetchval("SELECT count(*) FROM questions") == 0
    assert [kind for kind, _ in await stage.said("notifier.deliveries.v1", 1 if why == "erased" else 0)] == (
        ["it.portolano.firm.notifications-erased.v1"] if why == "erased" else []
    )


async def test_a_key_is_changed_without_a_link_being_lost(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    old = "o" * 40
    async with site(stage, link_key=old) as where:
        link = await asked(stage, where)
    async with site(stage, link_key="n" * 40, link_key_before=old) as where:
        assert (await browse("GET", f"{where}?{urlsplit(link).query}")).status == 200
    async with site(stage, link_key="n" * 40) as where:
        assert (await browse("GET", f"{where}?{urlsplit(link).query}")).status == 403


async def test_the_page_is_kept_by_nobody_and_framed_by_nobody(set_stage: Set) -> None:
    stage = await set_stage("notifier")
    async with site(stage) as where:
        link = await asked(stage, where)
        for address in (link, f"{where}?link=x", where.replace("/answer", "/other")):
            headers = (await browse("GET", address)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert policy.endswith("form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
            assert "unsafe" not in policy
            assert not {"server", "set-cookie", "location"} & headers.keys()

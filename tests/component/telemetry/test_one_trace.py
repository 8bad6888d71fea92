"""One trace from the partner's record to the mail, in which everybody who looks by an id finds the firm, and nobody a
person's words."""

import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan

from deploy.local.home import Home
from shared.telemetry import names
from shared.telemetry.context import read, trace_id_of
from shared.testing.builders import submitted, tax_code
from tests.component.telemetry.whole import Whole, a_whole, service_of
from tests.e2e.firms import submission

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARTNERS = f"00-{TRACE}-b7ad6b7169203331-01"
CODE = tax_code(4711)
CANARIES = (CODE, "canarino", "0255501234")
"""Whatever of these is found in a span or a log was carried out of the house."""
UPDATED = "it.portolano.referral.updated.v1"
AT = "2026-11-20T08:00:00Z"


def firm() -> dict[str, Any]:
    """A member of cna's that asks for information and has given its word, with a canary wherever people write."""
    contacts = {"pec": "canarino@pec.example", "email": "canarino@firm.example", "phone": "0255501234"}
    data = submission(
        0,
        needs=("information",),
        codice_fiscale=CODE,
        name="Canarino Giallo di Canarino & C.",
        contacts=contacts,
        exports=None,
    )
    return data | {"membership": {"active": True}, "reference": "canarino-7"}


def edges(spans: tuple[ReadableSpan, ...], trace: int) -> set[tuple[str, str]]:
    """Who is the parent of whom in this trace, each as `service: name`."""
    of_trace = {s.context.span_id: s for s in spans if s.context is not None and s.context.trace_id == trace}
    told = {id: f"{service_of(span)}: {span.name}" for id, span in of_trace.items()}
    return {(told.get(s.parent.span_id, "outside") if s.parent else "nobody", told[id]) for id, s in of_trace.items()}


async def asked(whole: Whole) -> Any:
    """The record by which the partner is asked to take the need, once all that it is told of the firm is there."""
    told = await whole.told("cna", 3)  # the need, what is missing of the firm, how the firm stands
    (requested,) = [one for one in told if dict(one.headers)["ce_type"].endswith(b"referral.requested.v1")]
    return requested


async def one_firm(whole: Whole) -> dict[str, Any]:
    """A firm goes all the way, its partner accepts; gives the partner's own request."""
    id = str(uuid.uuid4())
    await whole.knock("cna", firm(), id, traceparent=PARTNERS)
    requested = await asked(whole)
    await whole.seen("referral", "process notification.delivered.v1", 2)
    request: dict[str, Any] = json.loads(requested.value)
    answer = {"referral_id": request["referral_id"], "status": "accepted", "note": "canarino contento", "at": AT}
    await whole.knock("cna", answer, "canarino-1", topic="updates", kind=UPDATED)
    await whole.seen("referral", "process notification.delivered.v1", 3)
    await whole.seen("notifier", "send notification.delivered.v1", 3)
    return request | {"submission": id, "traceparent": dict(requested.headers)["traceparent"].decode()}


@dataclass(frozen=True)
class Journey:
    """What was left by a firm that went all the way: its partner's request, and every span."""

    request: dict[str, Any]
    spans: tuple[ReadableSpan, ...]
    place: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def journey(home: Home) -> Journey:
    async with a_whole(home) as whole:
        async with whole.run():
            request = await one_firm(whole)
        return Journey(request, whole.finished(), f"{whole.prefix}partners.cna.firms.v1/0@0")


async def test_the_trace_of_a_firm_is_one_from_the_partner_to_the_mail_and_back(journey: Journey) -> None:
    assert edges(journey.spans, int(TRACE, 16)) == {
        ("outside", "intake: process firm.submitted.v1"),
        ("intake: process firm.submitted.v1", "intake: send submission.accepted.v1"),
        ("intake: process firm.submitted.v1", "intake: send firm.registered.v1"),
        ("intake: process firm.submitted.v1", "classifier: process firm.registered.v1"),
        ("classifier: process firm.registered.v1", "classifier: send firm.assessed.v1"),
        ("classifier: process firm.registered.v1", "referral: process firm.assessed.v1"),
        ("referral: process firm.assessed.v1", "referral: send referral.requested.v1"),
        ("referral: process firm.assessed.v1", "referral: send referral.information-requested.v1"),
        ("referral: process firm.assessed.v1", "referral: send referral.firm-status.v1"),
        ("referral: process firm.assessed.v1", "referral: send referral.opened.v1"),
        ("referral: process firm.assessed.v1", "notifier: process referral.opened.v1"),
        ("notifier: process referral.opened.v1", "notifier: deliver mail"),
        ("notifier: deliver mail", "notifier: send notification.delivered.v1"),
        ("notifier: deliver mail", "referral: process notification.delivered.v1"),
    }


async def test_a_partners_answer_begins_a_trace_of_its_own_and_points_to_the_referrals(journey: Journey) -> None:
    (answered,) = [span for span in journey.spans if span.name == "process referral.updated.v1"]
    assert answered.parent is None
    (link,) = [one for one in answered.links if (one.attributes or {})[names.JOINS] == "referral"]
    (routed,) = [span for span in journey.spans if span.name == "process firm.assessed.v1"]
    assert routed.context is not None
    assert (link.context.trace_id, link.context.span_id) == (routed.context.trace_id, routed.context.span_id)
    assert (answered.attributes or {})[names.REFERRAL] == journey.request["referral_id"]
    assert answered.context is not None
    assert edges(journey.spans, answered.context.trace_id) == {
        ("nobody", "referral: process referral.updated.v1"),
        ("referral: process referral.updated.v1", "referral: send referral.update-recorded.v1"),
        ("referral: process referral.updated.v1", "referral: send referral.moved.v1"),
        ("referral: process referral.updated.v1", "notifier: process referral.moved.v1"),
        ("notifier: process referral.moved.v1", "notifier: deliver mail"),
        ("notifier: deliver mail", "notifier: send notification.delivered.v1"),
        ("notifier: deliver mail", "referral: process notification.delivered.v1"),
    }


async def test_a_search_by_submission_firm_need_or_referral_finds_the_trace(journey: Journey) -> None:
    request = journey.request
    wanted = {
        names.SUBMISSION: request["submission"],
        names.PLACE: journey.place,
        names.FIRM: request["firm"]["firm_id"],
        names.NEED: request["need_id"],
        names.REFERRAL: request["referral_id"],
    }
    for name, value in wanted.items():
        traces = {
            span.context.trace_id
            for span in journey.spans
            if span.context is not None and (span.attributes or {}).get(name) == value
        }
        assert int(TRACE, 16) in traces, (name, value)


async def test_no_span_and_no_log_line_holds_a_persons_words(whole: Whole, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "shared")
    caplog.set_level(logging.DEBUG, "services")
    async with whole.run():
        await one_firm(whole)
        await whole.knock("cna", firm(), f"canarino-{CODE}")
        await whole.knock("cna", b'{"firm": {"name": "Canarino"', "e-3", kind="it.portolano.canarino.v1")
        await whole.seen("intake", "send submission.refused.v1")
    spans = " ".join(span.to_json() for span in whole.finished()).lower()
    logs = " ".join(str(vars(record)) for record in caplog.records).lower()
    assert len(whole.finished()) > 25
    assert [(canary, where) for canary in CANARIES for where in (spans, logs) if canary.lower() in where] == []


async def test_every_name_in_a_span_stands_in_the_register(journey: Journey) -> None:
    for span in journey.spans:
        assert names.SPANS.fullmatch(span.name), span.name
        assert set(span.attributes or {}) <= set(names.ATTRIBUTES), span.name
        for link in span.links:
            assert set(link.attributes or {}) <= set(names.ATTRIBUTES)


async def test_a_trace_that_nobody_brought_follows_from_the_records_place(whole: Whole) -> None:
    async with whole.run():
        await whole.knock("cna", firm(), "e-1")
        (receipt,) = await whole.told("cna", 1, "receipts")
        async with whole.store("intake") as store:
            topic_id = await store.fetchval("SELECT topic_id FROM positions WHERE topic LIKE '%partners.cna.firms.v1'")
    context = read(dict(receipt.headers)["traceparent"].decode())
    assert context is not None
    assert context.trace_id == trace_id_of(f"{topic_id}/0/0")


async def test_without_tracing_what_a_partner_brought_travels_on_untouched_and_nothing_is_added(whole: Whole) -> None:
    whole.traced = False
    async with whole.run():
        await whole.knock("cna", firm(), "e-1", traceparent=PARTNERS)
        requested = await asked(whole)
        await whole.knock("aice", submitted(), "e-2")
        (receipt,) = await whole.told("aice", 1, "receipts")
        async with whole.store("referral") as store:
            assert await store.fetchval("SELECT count(*) FROM referral_traces") == 0
    assert dict(requested.headers)["traceparent"].decode() == PARTNERS
    assert "traceparent" not in dict(receipt.headers)
    assert whole.finished() == ()

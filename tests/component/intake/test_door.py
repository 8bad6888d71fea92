"""Whatever lies at the real door gets one receipt, moves the position, and holds nothing up."""

import json
from typing import Any

from shared.contracts.submitted import ERASURE_REQUESTED, REVOKED, SUCCEEDED
from shared.testing.builders import headers, revoked, tax_code
from shared.testing.waiting import until
from tests.component.intake.conftest import SEEN, Desk, Headers, seen
from tests.prove.fuzz_door import records
from tests.prove.wire import CONTROL, TRANSACTIONAL, Answer, Hand, batch
from tests.prove.wire import Record as Written

Record = tuple[bytes | None, Headers, str]
"""Value, headers, and the rule or outcome that its receipt is expected to name."""


def text(data: Any) -> bytes:
    return json.dumps(data).encode()


def member(raw: bytes) -> bytes:
    """A submission in which this text stands as the value of an unknown member."""
    return text(seen(extra="HERE")).replace(b'"HERE"', raw)


def structured(**attributes: Any) -> bytes:
    plain = {"specversion": "1.0", "type": "it.portolano.firm.submitted.v1", "source": "urn:cna:crm"}
    return text(plain | attributes)


STRUCTURED: Headers = [("content-type", b"application/cloudevents+json")]


def without(name: str, value: bytes | None) -> Headers:
    return [*(header for header in headers() if header[0] != name), (name, value)]


NASTY: list[Record] = [
    (b"not json", headers(id="n-1"), "not-json"),
    (member(b"[" * 300 + b"]" * 300), headers(id="n-2"), "json-too-deep"),
    (b'{"observed_at":1,"observed_at":2}', headers(id="n-3"), "json-duplicate-member"),
    (member(b"NaN"), headers(id="n-4"), "not-json"),
    (member(b'"\\u0000"'), headers(id="n-5"), "text-not-storable"),
    (member(b'"\\ud800"'), headers(id="n-6"), "text-not-storable"),
    (member(b"9" * 5000), headers(id="n-7"), "number-out-of-range"),
    (b"\xff\xfe", headers(id="n-8"), "not-utf8"),
    (text(seen()), without("ce_id", None), "header-not-text"),
    (text(seen()), without("ce_source", b"\xff"), "header-not-text"),
    (text(seen()), [*headers(id="n-9"), ("x", None), ("y", b"\xff")], "registered"),
    (text(seen()), [*headers(id="n-10"), ("reply_to", b"intake.firms.v1")], "unchanged"),
    (None, headers(id="n-11"), "no-value"),
    (None, [], "no-value"),
    (text(seen()), headers("it.portolano.firm.praised.v1", id="n-12"), "type-unknown"),
    (text(seen()), without("ce_specversion", b"0.3"), "specversion-not-served"),
    (structured(id="n-13", data=seen()), STRUCTURED, "unchanged"),
    (structured(id="n-14", data=seen({"name": "x" * (300 << 10)})), STRUCTURED, "record-too-large"),
    (text(seen({"needs": [{"front": "information"}] * 65})), headers(id="n-15"), "too-many-items"),
    (text(seen({"artisan": True})), headers(id="n-16"), "updated"),
    (text(seen({"artisan": True})), headers(id="n-16"), "repeated"),
    (text(seen({"artisan": False})), headers(id="n-16"), "id-used-for-other-content"),
    (text(seen({"codice_fiscale": "00743110158"})), headers(id="n-17"), "codice-fiscale-invalid"),
    (text(seen({"codice_fiscale": "RCCMNL83S18D969X"})), headers(id="n-18"), "codice-fiscale-invalid"),
    (text(seen({"office": {"province": "TO"}})), headers(id="n-19"), "outside-lombardy"),
    (text(seen(observed_at="2999-01-01T00:00:00Z")), headers(id="n-20"), "time-in-future"),
    (
        text(seen({"size": {"year": 2025, "autonomous": True, "holdings": [{"kind": "linked"}]}})),
        headers(id="n-21"),
        "autonomous-with-holdings",
    ),
    (text(seen(membership={"active": True, "partner": "aice"})), headers(id="n-22"), "unknown-member"),
    (text(revoked(codice_fiscale=tax_code(9), revoked_at=SEEN)), headers(REVOKED, id="n-23"), "firm-unknown"),
    (
        text({"codice_fiscale": tax_code(9), "requested_at": "2026-01-01T00:00:00Z"}),
        headers(ERASURE_REQUESTED, id="n-24"),
        "firm-unknown",
    ),
    (
        text({"codice_fiscale": tax_code(9), "successor": tax_code(), "kind": "merger", "at": "2026-01-01T00:00:00Z"}),
        headers(SUCCEEDED, id="n-25"),
        "firm-unknown",
    ),
    (text(seen({"codice_fiscale": tax_code(8), "name": None})), headers(id="n-26"), "name-required"),
    (text(seen({"codice_fiscale": tax_code(8), "name": None}, observed_at=5)), headers(id="n-28"), "name-required"),
    (b"[" * 200_000, headers(id="n-27"), "json-too-deep"),
    (b"", [("content-type", b"\xff"), ("content-type", b"text/plain")], "header-repeated"),
]


async def test_each_of_the_nasty_records_gets_its_one_receipt_and_nothing_is_held(desk: Desk) -> None:
    async with desk.intake():
        offsets = [await desk.send("cna", value, with_headers) for value, with_headers, _ in NASTY]
        receipts = await desk.receipts("cna", len(NASTY))
        outcomes = await desk.outcomes()
    assert [receipt["position"]["offset"] for receipt in receipts] == offsets
    for receipt, (_, _, expected) in zip(receipts, NASTY, strict=True):
        told = receipt.get("problems") or receipt["warnings"]
        assert expected in {receipt.get("outcome"), *(one["rule"] for one in told)}, receipt
        assert (receipt["answer"] == "refused") == ("problems" in receipt)
    assert outcomes["consumed"] == len(NASTY)
    assert outcomes["held"] == 0
    assert outcomes["repeated"] == 1
    memberships = [one["memberships"] for one in await desk.said() if one.get("memberships")]
    assert {member["partner"] for some in memberships for member in some} == {"cna"}


async def test_batches_that_no_client_would_write_stop_nobody_and_each_of_their_records_is_answered(desk: Desk) -> None:
    def firm(n: int, **odd: Any) -> Written:
        return Written(text(seen()), [(name.encode(), value) for name, value in headers(id=f"o-{n}")], **odd)

    odd = {
        "cna": batch([firm(1, attributes=0x80), firm(2)]),
        "aice": batch([firm(3), firm(4, delta=7)]),
        "claai": batch([firm(5, delta=0), firm(6, delta=0)]),
        "confapi": batch([Written(None, [(b"\xff", b"x")], null=-9), firm(7)]),
        "regione": batch([firm(8, delta=3), firm(9)], codec="gzip"),
        "unioncamere": batch([Written(b"{}", [(b"", None)] * 200_000), firm(10)]),
        "sacesimest": batch([Written(b'{"a":[' + b",".join([b"1e999"] * 30_000) + b"]}"), firm(11)]),
    }
    not_taken = [batch([firm(12)], attributes=TRANSACTIONAL), batch([firm(12)], attributes=CONTROL)]
    async with desk.intake(), Hand(desk.home.kafka_client("admin")) as hand:
        for code, raw in odd.items():
            topic = f"{desk.prefix}partners.{code}.firms.v1"
            assert await hand.send(topic, raw) == Answer(0, 0)
            assert [(await hand.send(topic, no)).error != 0 for no in not_taken] == [True, True]
            assert await hand.send(topic, batch([firm(13)])) == Answer(0, 2)
        for code in odd:
            answers = await desk.receipts(code, 3)
            assert [one["position"]["offset"] for one in answers] == [0, 1, 2], code
            assert answers[-1]["answer"] == "accepted"
    assert await desk.outcomes() == {"applied": 18, "repeated": 0, "refused": 3, "held": 0, "consumed": 21}


async def test_five_thousand_damaged_records_get_one_receipt_each(desk: Desk) -> None:
    sent = list(records(5000, seed=3))
    async with desk.intake():
        topic = f"{desk.prefix}partners.cna.firms.v1"
        waiting = [await desk.producer.send(topic, value, key=b"k", headers=some, partition=0) for value, some in sent]
        offsets = [(await one).offset for one in waiting]

        async def consumed() -> bool:
            return (await desk.outcomes())["consumed"] == len(sent)

        await until(consumed, limit=60.0, what="every record's end")
        receipts = await desk.receipts("cna", len(sent))
    assert [receipt["position"]["offset"] for receipt in receipts] == offsets
    outcomes = await desk.outcomes()
    assert outcomes["held"] == 0
    assert outcomes["refused"] == sum(receipt["answer"] == "refused" for receipt in receipts)
